"""Boxes and quadrangles of data sets: cut to the page, and made lines of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dessurt.page.plane import Box
from dessurt.truth.truth import Line

FEWEST = 3  # words that tell how a line slopes
STEEPEST = 0.2  # no scan lies more askew: then the boxes are not of a line


def words_in(text: str, box: Box) -> list[tuple[str, Box]]:
    """The words of a text in an upright box, whose characters share it evenly."""
    words, place = [], 0
    text = " ".join(text.split())
    edges = np.linspace(box[0], box[2], len(text) + 1).tolist()
    for word in text.split(" "):
        words.append((word, (edges[place], box[1], edges[place + len(word)], box[3])))
        place += len(word) + 1
    return words


def turned_line(text: str, quad: np.ndarray) -> Line:
    """A line in a quadrangle; the characters share its length evenly.

    Args:
        text: the text, which is not blank.
        quad: corners upper left, upper right, lower right, lower left: float [4, 2].
    """
    text = " ".join(text.split())
    left, right = (quad[0] + quad[3]) / 2, (quad[1] + quad[2]) / 2
    edges = np.linspace(left, right, len(text) + 1)
    tall = float(np.hypot(*(quad[3] - quad[0])) + np.hypot(*(quad[2] - quad[1]))) / 2
    ends = np.stack([edges[:-1], edges[1:]], 1).astype(np.float32)
    return Line(text, ends, tall / 2, tall / 2)


def within(box: Sequence[float], size: tuple[int, int]) -> Box:
    """A box cut to the page; one that has no area, or lies outside, keeps a pixel at the edge.

    Args:
        box: four numbers; the corners may be given in any order.
        size: (height, width) of the page.

    Raises:
        ValueError: it is not four finite numbers.
    """
    x0, y0, x1, y1 = map(float, box)
    if not np.isfinite((x0, y0, x1, y1)).all():
        raise ValueError(f"the box {list(box)} is not four numbers")
    (left, right), (top, bottom) = _cut(x0, x1, size[1]), _cut(y0, y1, size[0])
    return left, top, right, bottom


def _cut(a: float, b: float, most: int) -> tuple[float, float]:
    low = min(max(min(a, b), 0.0), most - 1.0)
    return low, min(max(a, b, low + 1.0), float(most))


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
