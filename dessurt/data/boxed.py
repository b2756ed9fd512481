"""Boxes and quadrangles of data sets: cut to the page, put together, and made lines of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from dessurt.data.truth import Box, Line


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
