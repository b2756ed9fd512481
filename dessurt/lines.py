"""How tall the lines of text are that somebody marked."""

from __future__ import annotations

import cv2
import numpy as np

from dessurt.marks import Bounds, Marks

DENSE = 0.3  # of the fullest row's ink: rows through the small letters have at least as much
EMPTY = 0.1  # of it have at most the emptiest rows between two lines
BANDS = 2.4  # a line, ascender to descender, is so many times as tall as its small letters
SMALLEST = 9.0  # page pixels; nothing smaller could be read
SEVERAL = 1.8  # a mark that is taller by this than the line found has several lines
MEASURED_MARKS = 32  # of very many marks only so many are measured


def marked_line_height(gray: np.ndarray, marks: Marks) -> float | None:
    """The median `line_height` of what is highlighted (masked, if nothing is); None without marks.

    Args:
        gray: the page, [H, W].
        marks: in page pixels; of very many an even choice stands for all.
    """
    shapes = marks.of("highlight") or marks.of("mask")
    if not shapes:
        return None
    chosen = shapes[:: -(-len(shapes) // MEASURED_MARKS)]
    return float(np.median([line_height(gray, shape.bounds()) for shape in chosen]))


def line_height(gray: np.ndarray, box: Bounds) -> float:
    """The height, ascender to descender, of a line of text in a marked box; of one line, the box's.

    Rows of pixels through the small letters hold much more ink than those between them, so they
    form a band for every line.

    Args:
        gray: the page, uint8 or float32 [H, W], 0 black to 255 white.
        box: x0, y0, x1, y1 in page pixels.
    """
    x0, y0, x1, y1 = box
    cut = gray[max(int(y0), 0) : int(np.ceil(y1)), max(int(x0), 0) : int(np.ceil(x1))]
    if cut.size < 64:
        return y1 - y0
    _, ink = cv2.threshold(cut.astype(np.uint8), 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    if ink.mean() > 0.5:  # white on black
        ink = 1 - ink
    # Of each row's own extent: the last line of a paragraph is often short.
    first, last = ink.argmax(1), ink.shape[1] - 1 - ink[:, ::-1].argmax(1)
    rows = ink.sum(1) / np.maximum(last - first + 1, (y1 - y0) / 2)
    full = np.percentile(rows, 90)
    dense = rows >= DENSE * full
    edges = np.flatnonzero(np.diff(np.concatenate([[0], dense, [0]])))
    starts, stops = edges[::2], edges[1::2]
    tall = (stops - starts) >= 0.5 * (stops - starts).max()  # no rules, no slivers
    starts, stops = starts[tall], stops[tall]
    between = [rows[a:b].min() for a, b in zip(stops, starts[1:], strict=False)]
    if not between or max(between) > EMPTY * full:  # bars of large letters are no lines
        return y1 - y0
    pitch = float(np.median(np.diff((starts + stops) / 2)))
    found = min(BANDS * float(np.median(stops - starts)), pitch)
    several = found >= SMALLEST and y1 - y0 > SEVERAL * found
    return found if several else y1 - y0
