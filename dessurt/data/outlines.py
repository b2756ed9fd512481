"""Outlines: marks as plain lists of numbers, for files that other programs read.

A box is x0, y0, x1, y1; a polygon is x, y, x, y, ... of three corners or more; all in page pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from dessurt.page.marks import Marks, MarksError, Point, Shape

Outline = Sequence[float]


def outlines_of(marks: Marks, channel: str) -> list[list[float]]:
    """The shapes of one channel; only of a brush's path the outline is not exactly what is seen."""
    return [_outline(shape) for shape in marks.of(channel)]


def marks_of(highlight: Sequence[Outline], mask: Sequence[Outline] = ()) -> Marks:
    """The marks that outlines describe.

    Raises:
        MarksError: an outline is not numbers, or not as many as a box or a polygon has.
    """
    shapes = [_shape("highlight", each) for each in highlight]
    return Marks((*shapes, *(_shape("mask", each) for each in mask)))


def tidy(number: float) -> float:
    """The same number, as an int where it is whole: files are shorter, and 150.0 is 150 again."""
    return int(number) if float(number).is_integer() else float(number)


def _shape(channel: str, outline: Outline) -> Shape:
    numbers = list(outline) if isinstance(outline, list | tuple) else []
    right = len(numbers) == 4 or (len(numbers) >= 6 and len(numbers) % 2 == 0)
    if not right or any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
        raise MarksError(
            f"A {channel} is a box of four numbers, x0, y0, x1, y1, or a polygon of six or more."
        )
    points = tuple(zip(numbers[::2], numbers[1::2], strict=True))
    return Shape(channel, "box" if len(points) == 2 else "lasso", points)


def _outline(shape: Shape) -> list[float]:
    points = _along(shape.points, shape.radius) if shape.kind == "brush" else shape.points
    return [tidy(number) for point in points for number in point]


def _along(path: Sequence[Point], radius: float) -> list[Point]:
    """Round a brush's path with square ends: down its one side and up the other."""
    steps = [(bx - ax, by - ay) for (ax, ay), (bx, by) in zip(path, path[1:], strict=False)]
    ways = [(x / math.hypot(x, y), y / math.hypot(x, y)) for x, y in steps if x or y] or [(1, 0)]
    corners = [path[0]] + [b for a, b in zip(path, path[1:], strict=False) if a != b]
    if len(corners) == 1:
        corners *= 2
    down, up = [], []
    for number, (x, y) in enumerate(corners):
        before, after = ways[max(number - 1, 0)], ways[min(number, len(ways) - 1)]
        along = before[0] + after[0], before[1] + after[1]
        length = math.hypot(*along) or 1.0  # it turns back: both ways together are nothing
        dx, dy = radius * along[0] / length, radius * along[1] / length
        end = (number == len(corners) - 1) - (number == 0)
        x, y = x + end * dx, y + end * dy
        down.append((round(x - dy, 1), round(y + dx, 1)))
        up.append((round(x + dy, 1), round(y - dx, 1)))
    return down + up[::-1]
