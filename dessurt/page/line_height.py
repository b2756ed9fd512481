"""How tall the text is that somebody marked, and how it is tilted."""

from __future__ import annotations

import math

import cv2
import numpy as np

from dessurt.page.ink import WORKING_PIXELS
from dessurt.page.level import level_in, level_of
from dessurt.page.marks import Marks, Shape
from dessurt.page.pixels import Page
from dessurt.page.plane import Box

DENSE = 0.3  # of the fullest row's ink: rows through the small letters have at least as much
EMPTY = 0.1  # of it have at most the emptiest rows between two lines
BANDS = 2.4  # a line, ascender to descender, is so many times as tall as its small letters
SMALLEST = 9.0  # page pixels; nothing smaller could be read
SEVERAL = 1.8  # a mark that is taller by this than the line found has several lines
RISE = 1.3  # heights of the small letters; tall ones rise no further above them
DOT = 0.15  # the same, between a letter and its dot or accent
ASCENT = 0.6  # of a line's height, that tall letters and capitals have at least as a rule
LEAST_ASCENT = 0.25  # of a mark's height; something smaller may be no letters
MEASURED_MARKS = 32  # of very many marks only so many are measured
LEVELLED_MARKS = 500  # lines and words of a page that somebody marked one by one


def marked_line_height(page: Page, marks: Marks) -> float | None:
    """The median `line_height` of what is highlighted (masked, if nothing is); None without marks.

    Of very many marks an even choice stands for all.
    """
    shapes = _chosen(marks)
    return float(np.median([height_of(page, shape) for shape in shapes])) if shapes else None


def _chosen(marks: Marks) -> tuple[Shape, ...]:
    shapes = marks.of("highlight") or marks.of("mask")
    return shapes[:: -(-len(shapes) // MEASURED_MARKS) or 1]


def marked_angle(page: Page, marks: Marks) -> float:
    """Degrees by which the text that is highlighted (or masked) runs down to the right.

    It is the median of what is marked; of very many marks an even choice stands for all.
    """
    shapes = _chosen(marks)
    return float(np.median([_angle_of(page, shape) for shape in shapes])) if shapes else 0.0


def _angle_of(page: Page, shape: Shape) -> float:
    x0, y0, x1, y1 = shape.bounds()
    return level_in(page, shape).angle_at(((x0 + x1) / 2, (y0 + y1) / 2))


def levelled(page: Page, marks: Marks) -> Marks:
    """Marks whose highlighted boxes follow the text that they were drawn round; see `Level`.

    Very many boxes are not measured one by one: they lie as the page does.
    """
    many = len(marks.shapes) > LEVELLED_MARKS
    shapes = []
    for shape in marks.shapes:
        if shape.channel == "highlight" and shape.is_upright:
            level = level_of(page) if many else level_in(page, shape)
            if not level.is_straight:
                shape = level.shape("highlight", level.bounds(shape))
        shapes.append(shape)
    return Marks(tuple(shapes))


def height_of(page: Page, shape: Shape) -> float:
    """The `line_height` of what a shape marks."""
    level = level_in(page, shape)
    if level.is_straight:
        return line_height(page.gray, shape.bounds())
    box = np.array(level.bounds(shape))
    scale = min(1.0, (WORKING_PIXELS / max(np.prod(box[2:] - box[:2]), 1)) ** 0.5)
    x0, y0, x1, y1 = (box * scale).tolist()
    left, top = math.floor(x0), math.floor(y0)
    part = level.picture(page.gray, (left, top, math.ceil(x1), math.ceil(y1)), scale)
    return line_height(part, (x0 - left, y0 - top, x1 - left, y1 - top)) / scale


def line_height(gray: np.ndarray, box: Box) -> float:
    """The height, ascender to descender, of a line of text in a box, which may be drawn loosely.

    Rows of pixels through the small letters hold much more ink than those between them, so they
    form a band for every line. Of a single one, the letters that rise above the band tell the
    height: not every line has letters that reach below it. It is the box's where that is smaller,
    or nothing clear is found.

    Args:
        gray: the page, uint8 or float32 [H, W], 0 black to 255 white.
        box: x0, y0, x1, y1 in page pixels.
    """
    x0, y0, x1, y1 = box
    whole = y1 - y0
    cut = gray[max(int(y0), 0) : int(np.ceil(y1)), max(int(x0), 0) : int(np.ceil(x1))]
    if cut.size < 64:
        return whole
    _, ink = cv2.threshold(cut.astype(np.uint8), 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    if ink.mean() > 0.5:  # white on black
        ink = 1 - ink
    # Of each row's own extent: the last line of a paragraph is often short.
    first, last = ink.argmax(1), ink.shape[1] - 1 - ink[:, ::-1].argmax(1)
    rows = ink.sum(1) / np.maximum(last - first + 1, whole / 2)
    full = np.percentile(rows, 90)
    dense = rows >= DENSE * full
    edges = np.flatnonzero(np.diff(np.concatenate([[0], dense, [0]])))
    starts, stops = edges[::2], edges[1::2]
    tall = (stops - starts) >= 0.5 * (stops - starts).max()  # no rules, no slivers
    starts, stops = starts[tall], stops[tall]
    if len(starts) == 1:
        ascent = float(stops[0] - _top(rows > 0, starts[0], stops[0] - starts[0]))
        return min(ascent / ASCENT, whole) if ascent > LEAST_ASCENT * whole else whole
    between = [rows[a:b].min() for a, b in zip(stops, starts[1:], strict=False)]
    if max(between) > EMPTY * full:  # bars of large letters are no lines
        return whole
    pitch = float(np.median(np.diff((starts + stops) / 2)))
    found = min(BANDS * float(np.median(stops - starts)), pitch)
    several = found >= SMALLEST and whole > SEVERAL * found
    return found if several else whole


def _top(inked: np.ndarray, first: int, tall: int) -> int:
    """The uppermost row of a line; `first`, `tall`: of its small letters, `inked`: rows, bool."""
    top = first
    for row in range(first - 1, max(first - round(RISE * tall), 0) - 1, -1):
        if inked[row]:
            top = row
        elif top - row > max(DOT * tall, 1):
            break
    return top
