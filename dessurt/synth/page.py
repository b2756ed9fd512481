"""A synthetic page: set by Typst, drawn by pdfium, with the place and the part of every character.

Positions are as in `dessurt.truth`. Which paragraph, field or cell a character belongs to is
read from the colour of its ink (see `dessurt.synth.sheet`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pypdfium2 as pdfium

from dessurt.page.plane import Box
from dessurt.synth import extremes, forms, prose
from dessurt.synth.fields import Group
from dessurt.synth.pdftext import boxes_of, lines_of
from dessurt.synth.scan import scanned
from dessurt.synth.sheet import Sheet, compiled
from dessurt.synth.strings import strings
from dessurt.truth import Entity, Line, Paragraph, Table, Truth, mapped_truth

DPI = 150
SCALE = DPI / 72
FEWEST = 4  # lines; emptier pages after the first of a document are left out

# The kinds of documents, and how often each is made: about half is running text in usual fonts. A
# kind that is made 0 times is made only where somebody names it.
KINDS: dict[str, Callable[[Sheet], str]] = {
    "article": prose.article,
    "manual": prose.manual,
    "mixed": prose.mixed,
    "letter": prose.letter,
    "memo": prose.memo,
    "fax": prose.fax,
    "title": prose.title,
    "slides": prose.slides,
    "list": prose.lists,
    "contents": prose.contents,
    "typewriter": prose.typewriter,
    "code": prose.listing,
    "note": prose.note,
    "form": forms.form,
    "invoice": forms.invoice,
    "receipt": forms.receipt,
    "statement": forms.statement,
    "table": forms.table,
    "strings": strings,
    "headings": extremes.headings,
    "small": extremes.small,
}
OFTEN = {
    "article": 16, "manual": 18, "mixed": 14, "letter": 7, "memo": 2, "fax": 2, "title": 1,
    "slides": 4, "list": 3, "contents": 2, "typewriter": 3, "code": 4, "note": 3, "form": 12,
    "invoice": 3, "receipt": 2, "statement": 3, "table": 4, "strings": 0,
    "headings": 0, "small": 0,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class SynthPage:
    """A drawn page: uint8 [H, W], 0 black to 255 white, and what is known of it."""

    pixels: np.ndarray
    truth: Truth


def page(
    seed: int,
    held_out: bool = False,
    kinds: Sequence[str] | None = None,
    scans: float = 0.4,
    groups: Sequence[Group] = (),
) -> list[SynthPage]:
    """Draw the pages of one document; the same seed and fonts give the same bytes.

    Args:
        seed: where all choices come from.
        held_out: set in the fonts that are never trained on.
        kinds: the kinds to choose from; by default all of `KINDS`, as often as they say.
        scans: the share of pages that look scanned.
        groups: fields that forms ask for, as `dessurt.synth.fields.groups` reads them; none: they
            are made up.

    Raises:
        NoFontsError: no known font is installed.
        KeyError: there is no such kind.
    """
    rng = random.Random(seed)
    names = list(kinds or KINDS)
    kind = rng.choices(names, [OFTEN[name] or bool(kinds) for name in names])[0]
    sheet = Sheet(rng, held_out, groups)
    source = KINDS[kind](sheet)
    pages = drawn(source, sheet, kind)
    noise = np.random.default_rng(seed)
    return [
        scan(each.pixels, each.truth, noise) if rng.random() < scans else each for each in pages
    ]


def drawn(source: str, sheet: Sheet, kind: str) -> list[SynthPage]:
    """The clean pages of a Typst source whose pieces `sheet` knows."""
    pages = []
    with pdfium.PdfDocument(compiled(source)) as pdf:
        for each in pdf:
            pixels = each.render(scale=SCALE, grayscale=True).to_numpy()
            pixels = pixels.reshape(pixels.shape[:2]).copy()
            pages.append(SynthPage(pixels, truth_of(each, sheet, kind, pixels.shape)))
    return pages[:1] + [each for each in pages[1:] if len(each.truth.lines) >= FEWEST]


def scan(pixels: np.ndarray, truth: Truth, rng: np.random.Generator) -> SynthPage:
    """The page as if scanned."""
    pixels, matrix = scanned(pixels, rng)
    return SynthPage(pixels, mapped_truth(truth, matrix))


def truth_of(
    pdf_page: pdfium.PdfPage, sheet: Sheet, kind: str, size: tuple[int, int]
) -> Truth:
    """What is known of a page of `size` (height, width) pixels; lines that it cuts are left out."""
    lines: dict[int, list[Line]] = {}
    for number, line in lines_of(pdf_page, size):
        x0, y0, x1, y1 = line.box
        if min(x0, y0) >= 0 and x1 <= size[1] and y1 <= size[0]:
            lines.setdefault(number, []).append(line)
    figures = boxes_of(pdf_page, size, sheet.figures) if sheet.figures else ()
    return _truth(lines, sheet, size, kind, figures)


def _truth(
    lines: dict[int, list[Line]],
    sheet: Sheet,
    size: tuple[int, int],
    kind: str,
    figures: tuple[Box, ...],
) -> Truth:
    """Pieces in the order in which they were written, which is that of reading."""
    numbers = sorted(lines)
    paragraphs = [Paragraph(part) for n in numbers for part in _columns(lines[n])]
    forms = [n for n in numbers if n in sheet.kinds]
    entities = tuple(Entity(sheet.kinds[n], tuple(lines[n])) for n in forms)
    index = {n: i for i, n in enumerate(forms)}

    def found(numbers: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return tuple(None if n is None else index.get(n) for n in numbers)

    tables = []
    for grid in sheet.tables:
        rows, columns = found(grid.row_headers), found(grid.column_headers)
        cells = tuple(found(row) for row in grid.cells)
        here = [i for part in (rows, columns, *cells) for i in part if i is not None]
        if here:
            boxes = np.array([line.box for i in here for line in entities[i].lines])
            (x0, y0), (x1, y1) = boxes[:, :2].min(0), boxes[:, 2:].max(0)
            box = (float(x0), float(y0), float(x1), float(y1))
            tables.append(Table(rows, columns, cells, box))
    return Truth(
        size=size,
        kind=kind,
        paragraphs=tuple(paragraphs),
        entities=entities,
        links=tuple((index[a], index[b]) for a, b in sheet.links if a in index and b in index),
        tables=tuple(tables),
        figures=figures,
    )


def _columns(lines: list[Line]) -> Iterator[tuple[Line, ...]]:
    """The parts of a piece that flowed from one column to the next."""
    column = 0
    marked = []
    for before, line in zip([lines[0], *lines], lines, strict=False):
        column += line.ends[0, 0, 1] < before.ends[0, 0, 1] - before.height
        marked.append((column, line))
    for _, part in groupby(marked, key=lambda each: each[0]):
        yield tuple(line for _, line in part)
