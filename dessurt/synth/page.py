"""A synthetic page: set by Typst, drawn by pdfium, with the place of every character.

Positions are in page pixels, x to the right and y downwards. A character's place is the stretch of
the line through the middle of the small letters that it takes up: two end points. That is all that
is needed to find its column and its row, and it turns with the page.
"""

from __future__ import annotations

import ctypes
import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from dessurt.synth import layout
from dessurt.synth.scan import Affine, scanned
from dessurt.synth.text import Writer, clean

DPI = 150
GAP = 0.9  # a gap of so many times the font size ends a line (columns of a table)


@dataclass(frozen=True, eq=False)
class Line:
    """A printed line.

    Attributes:
        text: as read; single spaces between words.
        ends: float32 [len(text), 2, 2]: left and right end (x, y) of every character.
        box: x0, y0, x1, y1, from ascender to descender.
    """

    text: str
    ends: np.ndarray
    box: tuple[float, float, float, float]

    def moved(self, affine: Affine) -> Line:
        """The same line after a map of the page, float [2, 3]."""
        turn, shift = affine[:, :2], affine[:, 2]
        x0, y0, x1, y1 = self.box
        corners = np.array([(x0, y0), (x1, y0), (x0, y1), (x1, y1)]) @ turn.T + shift
        (x0, y0), (x1, y1) = corners.min(0), corners.max(0)
        ends = (self.ends @ turn.T + shift).astype(np.float32)
        return Line(self.text, ends, (float(x0), float(y0), float(x1), float(y1)))


@dataclass(frozen=True, eq=False)
class SynthPage:
    """A drawn page: uint8 [H, W], 0 black to 255 white, and its lines in the order of drawing."""

    pixels: np.ndarray
    lines: tuple[Line, ...]


def page(seed: int, held_out: bool = False, scans: float = 0.4) -> list[SynthPage]:
    """Draw the pages of one document; the same seed gives the same bytes.

    Args:
        seed: where all choices come from.
        held_out: set in the fonts that are never trained on.
        scans: the share of pages that look scanned (blur, noise, JPEG, a slight turn).
    """
    rng = random.Random(seed)
    source = layout.document(Writer(rng), rng, held_out)
    with pdfium.PdfDocument(layout.compiled(source)) as pdf:
        drawn = [_drawn(pdf[i]) for i in range(len(pdf))]
    noise = np.random.default_rng(seed)
    return [_scan(found, noise) if rng.random() < scans else found for found in drawn]


def _scan(clean_page: SynthPage, rng: np.random.Generator) -> SynthPage:
    pixels, affine = scanned(clean_page.pixels, rng)
    return SynthPage(pixels, tuple(line.moved(affine) for line in clean_page.lines))


def _drawn(pdf_page: pdfium.PdfPage) -> SynthPage:
    pixels = pdf_page.render(scale=DPI / 72, grayscale=True).to_numpy()
    pixels = pixels.reshape(pixels.shape[:2]).copy()
    lines = tuple(_lines(_characters(pdf_page, pixels.shape[0])))
    return SynthPage(pixels, lines)


# letter, left, right, top, bottom, baseline, font size; all in pixels
Character = tuple[str, float, float, float, float, float, float]


def _characters(pdf_page: pdfium.PdfPage, height: int) -> Iterator[Character]:
    """The drawn characters, in the order of drawing; spaces are left out."""
    text_page = pdf_page.get_textpage()
    raw, scale = text_page.raw, DPI / 72
    box = pdfium_c.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    at_box, at_x, at_y = ctypes.byref(box), ctypes.byref(x), ctypes.byref(y)
    for i in range(pdfium_c.FPDFText_CountChars(raw)):
        code = pdfium_c.FPDFText_GetUnicode(raw, i)
        letter = "-" if code in (0x02, 0xAD, 0xFFFE) else chr(code)
        letter = clean(letter)
        if not letter:
            continue
        pdfium_c.FPDFText_GetLooseCharBox(raw, i, at_box)
        pdfium_c.FPDFText_GetCharOrigin(raw, i, at_x, at_y)
        size = pdfium_c.FPDFText_GetFontSize(raw, i) * scale
        left, right = box.left * scale, box.right * scale
        top, bottom = height - box.top * scale, height - box.bottom * scale
        for k, part in enumerate(letter):  # a ligature's letters share its box evenly
            step = (right - left) / len(letter)
            yield (
                part, left + k * step, left + (k + 1) * step, top, bottom,
                height - y.value * scale, size,
            )  # fmt: skip


def _lines(characters: Iterator[Character]) -> Iterator[Line]:
    run: list[Character] = []
    for character in characters:
        if run and _breaks(run[-1], character):
            yield _line(run)
            run = []
        run.append(character)
    if run:
        yield _line(run)


def _breaks(before: Character, after: Character) -> bool:
    size = max(before[6], 1.0)
    gap = (after[1] - before[2]) / size
    return abs(after[5] - before[5]) > 0.3 * size or gap > GAP or gap < -0.7


def _line(run: list[Character]) -> Line:
    """A line from its characters; a gap wider than a fifth of the font size is a space."""
    text: list[str] = []
    ends: list[tuple[float, float, float]] = []  # left, right, y
    for character in run:
        letter, left, right, _, _, baseline, size = character
        middle = baseline - 0.25 * size
        if text and left - ends[-1][1] > 0.12 * size:
            ends.append((ends[-1][1], left, middle))
            text.append(" ")
        text.append(letter)
        ends.append((left, right, middle))
    spots = np.array([[(a, y), (b, y)] for a, b, y in ends], np.float32)
    box = (run[0][1], min(c[3] for c in run), run[-1][2], max(c[4] for c in run))
    return Line("".join(text), spots, box)
