"""How tall the text is that somebody marked, and how it is tilted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from dessurt.page.ink import WORKING_PIXELS
from dessurt.page.level import level_in, level_of
from dessurt.page.marks import Marks, Shape
from dessurt.page.pixels import Page
from dessurt.page.plane import Box

MEASURED_MARKS = 32  # of more marks an even choice stands for all
LEVELLED_MARKS = 500  # more are the lines and words of a page, marked one by one by a program


@dataclass(frozen=True)
class HeightRules:
    """What rows of pixels tell about the lines of text in a mark.

    Rows through small letters form a band for every line; heights are those of a band where
    nothing else is said.
    """

    least_pixels: int = 64  # in a mark; fewer tell nothing
    dense: float = 0.3  # share of the fullest row's ink that a row of a band has at least
    empty: float = 0.1  # share of it that the emptiest row between two lines has at most
    least_band: float = 0.5  # share of the tallest band's height: lower ones are rules and slivers
    line: float = 2.4  # height of a line, from ascender to descender
    least_line: float = 9.0  # page pixels; nothing smaller could be read
    several: float = 1.8  # times the height of a line: a mark that is taller has several
    rise: float = 1.3  # how far above a band tall letters rise at most
    dot_gap: float = 0.15  # between a letter and its dot or accent
    ascent: float = 0.6  # share of a line's height that its tall letters have
    least_ascent: float = 0.25  # share of a mark's height; what is lower may be no letters


HEIGHT_RULES = HeightRules()


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
    or where nothing clear is found.

    Args:
        gray: the page, uint8 or float32 [H, W], 0 black to 255 white.
        box: x0, y0, x1, y1 in page pixels.
    """
    x0, y0, x1, y1 = box
    cut = gray[max(int(y0), 0) : int(np.ceil(y1)), max(int(x0), 0) : int(np.ceil(x1))]
    if cut.size < HEIGHT_RULES.least_pixels:
        return y1 - y0
    rows = _ink_of_rows(cut, (y1 - y0) / 2)
    starts, stops = _bands(rows)
    if len(starts) == 1:
        return _height_of_one(rows, int(starts[0]), int(stops[0]), y1 - y0)
    return _height_of_several(rows, starts, stops, y1 - y0)


def _ink_of_rows(gray: np.ndarray, least: float) -> np.ndarray:
    """The share of ink in each row, of its own extent: the last line of a paragraph is often short.

    Args:
        gray: the part of the page, [h, w].
        least: pixels that a row's extent counts as at least.
    """
    _, ink = cv2.threshold(gray.astype(np.uint8), 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    if ink.mean() > 0.5:  # white on black
        ink = 1 - ink
    first, last = ink.argmax(1), ink.shape[1] - 1 - ink[:, ::-1].argmax(1)
    return ink.sum(1) / np.maximum(last - first + 1, least)


def _bands(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first row of each band and the one after its last; no rules and no slivers."""
    dense = rows >= HEIGHT_RULES.dense * np.percentile(rows, 90)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], dense, [0]])))
    starts, stops = edges[::2], edges[1::2]
    tall = (stops - starts) >= HEIGHT_RULES.least_band * (stops - starts).max()
    return starts[tall], stops[tall]


def _height_of_one(rows: np.ndarray, start: int, stop: int, marked: float) -> float:
    """The height of a single line, from the letters that rise above its band.

    Args:
        rows: the ink of each row.
        start: the first row of the band.
        stop: the row after its last.
        marked: the mark's height, which is the line's where nothing clear is found.
    """
    ascent = float(stop - _top(rows > 0, start, stop - start))
    clear = ascent > HEIGHT_RULES.least_ascent * marked
    return min(ascent / HEIGHT_RULES.ascent, marked) if clear else marked


def _height_of_several(
    rows: np.ndarray, starts: np.ndarray, stops: np.ndarray, marked: float
) -> float:
    """The height of several lines, from their bands and what lies between them.

    Args:
        rows: the ink of each row.
        starts: the first row of each band.
        stops: the row after the last of each band.
        marked: the mark's height, which is the line's where nothing clear is found.
    """
    between = [rows[a:b].min() for a, b in zip(stops, starts[1:], strict=False)]
    if max(between) > HEIGHT_RULES.empty * np.percentile(rows, 90):
        return marked  # these are bars of large letters, and no lines
    pitch = float(np.median(np.diff((starts + stops) / 2)))
    height = min(HEIGHT_RULES.line * float(np.median(stops - starts)), pitch)
    several = height >= HEIGHT_RULES.least_line and marked > HEIGHT_RULES.several * height
    return height if several else marked


def _top(inked: np.ndarray, first: int, tall: int) -> int:
    """The uppermost row of a line, dots and accents included.

    Args:
        inked: whether each row has any ink.
        first: the first row of the line's band.
        tall: the height of the band.
    """
    top = first
    for row in range(first - 1, max(first - round(HEIGHT_RULES.rise * tall), 0) - 1, -1):
        if inked[row]:
            top = row
        elif top - row > max(HEIGHT_RULES.dot_gap * tall, 1):
            break
    return top
