"""The lines of a drawn PDF page, with the place of every character and the number in its ink."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import NamedTuple

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from dessurt.page.plane import Box
from dessurt.synth.sheet import number_of
from dessurt.synth.text import clean
from dessurt.truth import Line

GAP = 0.9  # a gap of so many times the font size ends a line; with a space in it, three times so
SPACE = 0.3  # so wide a gap is a space
MIDDLE = 0.25  # of the font size above the baseline lies the middle of the small letters
# Of the font size, above and below the baseline, at least and at most: hardly a font's tall letters
# rise less, or its long ones hang less. What pdfium gives of a character reaches no further than
# the ink that the page has of its font, or only as far as its own, so that dashes and digits alone
# would make low lines. A flourish that goes further than the letters' stems makes no line taller.
ASCENDER, DESCENDER = (0.65, 1.2), (0.18, 0.6)


def lines_of(
    pdf_page: pdfium.PdfPage, size: tuple[int, int], coloured: bool = True
) -> list[tuple[int, Line]]:
    """The printed lines in the order of drawing, each with the number of its piece.

    Args:
        pdf_page: the page.
        size: height and width that it is drawn with, in pixels.
        coloured: whether the ink carries numbers; otherwise all are 0, as of pages of others.
    """
    letters, spaced, boxes, runs, run = _characters(pdf_page, size)
    if not letters:
        return []
    em, baseline, slant, number = (np.array(column)[run] for column in zip(*runs, strict=True))
    number = number if coloured else np.zeros_like(number)
    left, right = _shared(boxes, slant, run)
    middle = baseline - MIDDLE * em

    # Where lines begin and where a space comes before a character.
    wider = np.maximum(em[1:], em[:-1])
    gap = (left[1:] - right[:-1]) / wider
    begins = np.ones(len(left), bool)
    begins[1:] = (
        (number[1:] != number[:-1])
        | (np.abs(np.diff(baseline)) > 0.5 * wider)
        | (gap > np.where(spaced[1:], 3 * GAP, GAP))
        | (gap < -0.7)
    )
    space = np.zeros_like(begins)
    space[1:] = ~begins[1:] & (spaced[1:] | (gap > SPACE))

    # All characters in one row, spaces included; lines are slices of it.
    at = np.arange(len(left)) + np.cumsum(space)
    row = np.full(at[-1] + 1, " ")
    row[at] = letters
    ends = np.empty((len(row), 2, 2), np.float32)
    ends[at, 0], ends[at, 1] = np.stack([left, middle], 1), np.stack([right, middle], 1)
    ends[at[space] - 1, 0] = ends[at[space] - 2, 1]
    ends[at[space] - 1, 1] = ends[at[space], 0]
    ends[at[space] - 1, 1, 0] = np.maximum(ends[at[space], 0, 0], ends[at[space] - 2, 1, 0])
    text = "".join(row)
    first = np.flatnonzero(begins)
    up = np.clip(middle - boxes[:, 2], *((rise - MIDDLE) * em for rise in ASCENDER))
    down = np.clip(boxes[:, 3] - middle, *((depth + MIDDLE) * em for depth in DESCENDER))
    above, below = np.maximum.reduceat(up, first), np.maximum.reduceat(down, first)
    starts = [*at[first], len(row)]
    return [
        (int(number[k]), Line(text[a:b], ends[a:b], float(rise), float(depth)))
        for k, a, b, rise, depth in zip(first, starts, starts[1:], above, below, strict=False)
    ]


class _Run(NamedTuple):
    """What the characters drawn in one go have in common; lengths in pixels."""

    em: float  # font size
    baseline: float
    slant: float  # to the right, for one up
    number: int


def _characters(
    pdf_page: pdfium.PdfPage, size: tuple[int, int]
) -> tuple[list[str], np.ndarray, np.ndarray, list[_Run], list[int]]:
    """Letters, whether a space comes before each, boxes [n, 4] (left, right, top, bottom), the
    runs and the run of each letter.
    """
    text_page = pdf_page.get_textpage()
    raw = text_page.raw
    box = pdfium_c.FS_RECTF()
    at_box = ctypes.byref(box)
    letters: list[str] = []
    spaced, boxes, runs, run = [], [], [], []
    before, space = 0, False
    for i in range(pdfium_c.FPDFText_CountChars(raw)):
        found = _cleaned(pdfium_c.FPDFText_GetUnicode(raw, i))
        if not found:
            space = True
            continue
        thing = ctypes.addressof(pdfium_c.FPDFText_GetTextObject(raw, i).contents)
        if thing != before:
            before = thing
            runs.append(_run(raw, i))
        pdfium_c.FPDFText_GetLooseCharBox(raw, i, at_box)
        for letter in found:  # mostly one
            letters.append(letter)
            spaced.append(space)
            boxes.append((box.left, box.right, box.top, box.bottom))
            run.append(len(runs) - 1)
            space = False
    across, down = _scale(pdf_page, size)
    places = np.array(boxes).reshape(-1, 4) * (across, across, -down, -down) + (
        0, 0, size[0], size[0]
    )  # fmt: skip
    scaled = [_Run(a * down, size[0] - b * down, c, d) for a, b, c, d in runs]
    return letters, np.array(spaced, bool), places, scaled, run


def _run(raw: pdfium_c.FPDF_TEXTPAGE, i: int) -> _Run:
    """That of the character `i`, in points."""
    x, y = ctypes.c_double(), ctypes.c_double()
    colour = [ctypes.c_uint() for _ in range(4)]
    matrix = pdfium_c.FS_MATRIX()
    pdfium_c.FPDFText_GetCharOrigin(raw, i, x, y)
    pdfium_c.FPDFText_GetFillColor(raw, i, *colour)
    pdfium_c.FPDFText_GetMatrix(raw, i, matrix)
    slant = abs(matrix.c / matrix.d) if matrix.d else 0.0
    number = number_of(*(each.value for each in colour[:3]))
    return _Run(pdfium_c.FPDFText_GetFontSize(raw, i), y.value, slant, number)


@cache
def _cleaned(code: int) -> str:
    """What a character of the page is read as; "" for a space."""
    return "-" if code in (0x02, 0xAD, 0xFFFE) else clean(chr(code))


def _shared(
    boxes: np.ndarray, slant: np.ndarray, run: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Left and right of each character: letters of a ligature have one box and share it evenly,
    and a slanted letter's box is wider than the letter.
    """
    inset = slant * (boxes[:, 3] - boxes[:, 2]) / 2
    left, right = boxes[:, 0] + inset, boxes[:, 1] - inset
    new = np.ones(len(boxes), bool)
    new[1:] = (boxes[1:] != boxes[:-1]).any(1) | (np.diff(run) != 0)
    group, first = np.cumsum(new) - 1, np.flatnonzero(new)
    place = np.arange(len(boxes)) - first[group]
    step = (right - left) / np.bincount(group)[group]
    return left + place * step, left + (place + 1) * step


def boxes_of(
    pdf_page: pdfium.PdfPage, size: tuple[int, int], numbers: set[int]
) -> tuple[Box, ...]:
    """Where areas are filled with colours that carry one of these numbers: pictures."""
    (across, down), height = _scale(pdf_page, size), size[0]
    found = []
    colour = [ctypes.c_uint() for _ in range(4)]
    for thing in pdf_page.get_objects([pdfium_c.FPDF_PAGEOBJ_PATH]):
        pdfium_c.FPDFPageObj_GetFillColor(thing.raw, *colour)
        if number_of(*(each.value for each in colour[:3])) in numbers:
            left, bottom, right, top = thing.get_bounds()
            found.append((left * across, height - top * down, right * across,
                          height - bottom * down))  # fmt: skip
    return tuple(found)


def _scale(pdf_page: pdfium.PdfPage, size: tuple[int, int]) -> tuple[float, float]:
    """Pixels a point, across and down: the page is drawn to fill whole pixels."""
    width, height = pdf_page.get_size()
    return size[1] / width, size[0] / height
