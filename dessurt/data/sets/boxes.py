"""From words with boxes, as recognisers and annotators give them, to lines and their characters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dessurt.data.truth import Box, Line

FEWEST = 3  # words that tell how a line slopes
STEEPEST = 0.2  # no scan lies more askew: then the boxes are not of a line


def line_of(words: Sequence[tuple[str, Box]]) -> Line:
    """A line of printed words, from left to right.

    The characters of a word share its box evenly, and a space fills the gap between two words. The
    line runs through the middles of the boxes, level if it has fewer than three words.

    Raises:
        ValueError: there is no word, a word is empty or has a space in it, or a box is inside out.
    """
    if not words or any(text.split() != [text] for text, _ in words):
        raise ValueError("a word is missing, empty or has a space in it")
    boxes = np.array([box for _, box in words], float)
    if boxes.shape[1:] != (4,) or not (boxes[:, 2:] >= boxes[:, :2]).all():
        raise ValueError("the box of a word is not left, top, right, bottom")
    x0, y0, x1, y1 = boxes.T
    across, middle, slope = (x0 + x1) / 2, (y0 + y1) / 2, 0.0
    if len(words) >= FEWEST and across.max() > across.min():
        slope = float(np.polyfit(across, middle, 1, w=np.sqrt(x1 - x0 + 1))[0])
        slope = slope if abs(slope) <= STEEPEST else 0.0
    start = float((middle - slope * across).mean())
    edges: list[tuple[float, float]] = []
    for number, (text, (left, _, right, _)) in enumerate(words):
        if number:
            edges.append((edges[-1][1], max(left, edges[-1][1])))
        steps = np.linspace(left, right, len(text) + 1)
        edges += zip(steps[:-1], steps[1:], strict=True)
    x = np.array(edges)
    ends = np.stack([x, start + slope * x], -1).astype(np.float32)
    fitted = start + slope * across
    above, below = float((fitted - y0).max()), float((y1 - fitted).max())
    return Line(" ".join(text for text, _ in words), ends, max(above, 0.5), max(below, 0.5))
