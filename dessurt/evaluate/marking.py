"""How people mark lines of text to have them read: with boxes, or by clicks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from dessurt import Marks, Page
from dessurt.evaluate.pages import KnownLine
from dessurt.page.lines import lines_of
from dessurt.page.marks import Shape
from dessurt.page.plane import Point, turned, union

Marking = Callable[[Page, Sequence[KnownLine]], Marks]

# A click of the app may miss a line by 6 pixels of the screen, which are 8 or more of a page at
# 150 dpi that is shown whole (`NEAR` in dessurt_app/canvas/page_lines.js).
NEAR = 8.0


def line_by_line(page: Page, lines: Sequence[KnownLine]) -> Marks:
    """The highlight of each line."""
    return Marks.from_boxes(highlight=[box for line in lines for box in line.highlight])


def one_box(page: Page, lines: Sequence[KnownLine]) -> Marks:
    """A box round all lines."""
    return Marks.from_boxes(highlight=[union(line.box for line in lines)])


def clicked(page: Page, lines: Sequence[KnownLine]) -> Marks:
    """What clicks on the middles of the lines mark in the app; nothing where none is found."""
    found = (
        line_at(page, ((line.box[0] + line.box[2]) / 2, (line.box[1] + line.box[3]) / 2))
        for line in lines
    )
    # A second click would take the mark away, so nobody clicks on what is marked already.
    return Marks(tuple(dict.fromkeys(shape for shape in found if shape)))


def line_at(page: Page, point: Point) -> Shape | None:
    """The line of text that a click at a point of the page marks: `lines.at` of page_lines.js."""
    lines = lines_of(page)
    away = [_distance(point, line) for line in lines]
    nearest = int(np.argmin(away)) if away else -1
    return lines[nearest] if away and away[nearest] < NEAR else None


def _distance(point: Point, line: Shape) -> float:
    """From a point to a line's rectangle, in page pixels; 0 inside it."""
    (ax, ay), (bx, by) = line.outline()[:2]
    angle = math.degrees(math.atan2(by - ay, bx - ax))
    x0, y0, x1, y1 = line.bounds(angle)
    x, y = turned(point, angle).tolist()
    return math.hypot(max(x0 - x, 0, x - x1), max(y0 - y, 0, y - y1))
