"""Lines of data sets that know boxes of words or lines, but no places of characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from dessurt.data.truth import Box, Line


def level_line(words: Sequence[tuple[str, Box]]) -> Line:
    """A level line of words with upright boxes; the characters share each box evenly.

    Args:
        words: text (not blank) and box of each, from left to right.
    """
    _, top, _, bottom = union(box for _, box in words)
    texts: list[str] = []
    stretches: list[tuple[float, float]] = []
    for text, (x0, _, x1, _) in words:
        text = " ".join(text.split())
        if stretches:  # the space between two words
            stretches.append((stretches[-1][1], x0))
        edges = np.linspace(x0, x1, len(text) + 1).tolist()
        stretches += zip(edges[:-1], edges[1:], strict=True)
        texts.append(text)
    ends = np.full((len(stretches), 2, 2), (top + bottom) / 2, np.float32)
    ends[:, :, 0] = stretches
    return Line(" ".join(texts), ends, (bottom - top) / 2, (bottom - top) / 2)


def turned_line(text: str, quad: np.ndarray) -> Line:
    """A line in a quadrangle; the characters share its length evenly.

    Args:
        text: not blank.
        quad: corners upper left, upper right, lower right, lower left: float [4, 2].
    """
    text = " ".join(text.split())
    left, right = (quad[0] + quad[3]) / 2, (quad[1] + quad[2]) / 2
    edges = np.linspace(left, right, len(text) + 1)
    tall = float(np.hypot(*(quad[3] - quad[0])) + np.hypot(*(quad[2] - quad[1]))) / 2
    ends = np.stack([edges[:-1], edges[1:]], 1).astype(np.float32)
    return Line(text, ends, tall / 2, tall / 2)


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box round all boxes, of which there must be one."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


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
