"""Truth: what is known of a page's contents, from the page down to single characters.

The generator of synthetic pages knows all of it; real data sets fill what they have. All
positions are in page pixels, x to the right and y downwards. A character's place is the stretch
that it takes up of the line through the middle of the small letters: two end points. With the
line's height above and below that stretch it makes a box, and it turns with the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from dessurt.page.plane import Box, box_round, corners_of, mapped


@dataclass(frozen=True, eq=False)
class Word:
    """A stretch of a line's characters: `line.text[first : last + 1]`."""

    line: Line
    first: int
    last: int

    @property
    def text(self) -> str:
        """As printed."""
        return self.line.text[self.first : self.last + 1]

    @cached_property
    def quad(self) -> np.ndarray:
        """Corners upper left, upper right, lower right, lower left: float64 [4, 2]."""
        return self.line.quad(self.first, self.last)

    @property
    def box(self) -> Box:
        """The smallest upright box round it."""
        return box_round(self.quad)


@dataclass(frozen=True, eq=False)
class Line:
    """A printed line.

    Attributes:
        text: the text as read, with single spaces between words.
        ends: float32 [len(text), 2, 2]: left and right end (x, y) of every character.
        above, below: how far ascenders reach above `ends`, and descenders below; both positive.
    """

    text: str
    ends: np.ndarray
    above: float
    below: float

    @property
    def height(self) -> float:
        """From ascender to descender, across the line."""
        return self.above + self.below

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """What stands between spaces, from left to right."""
        found, first = [], 0
        for part in self.text.split(" "):
            if part:
                found.append(Word(self, first, first + len(part) - 1))
            first += len(part) + 1
        return tuple(found)

    def quad(self, first: int, last: int) -> np.ndarray:
        """Corners of the characters `first` to `last`: as `Word.quad`."""
        left, right = self.ends[first, 0].astype(float), self.ends[last, 1].astype(float)
        along = right - left
        length = float(np.hypot(*along))
        x, y = along / length if length else (1.0, 0.0)
        down = np.array([-y, x])
        return np.stack(
            [left - self.above * down, right - self.above * down,
             right + self.below * down, left + self.below * down]
        )  # fmt: skip

    @cached_property
    def box(self) -> Box:
        """The smallest upright box round the whole line."""
        return box_round(self.quad(0, len(self.text) - 1))


@dataclass(frozen=True, eq=False)
class Paragraph:
    """Lines that belong together, from top to bottom: the original's block."""

    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        r"""The lines, joined by the sign for a line break, `\`."""
        return "\\".join(line.text for line in self.lines)


@dataclass(frozen=True, eq=False)
class Entity:
    """A piece of a form. `kind` is "header", "question", "answer" or "other"."""

    kind: str
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        r"""The lines, joined by `\`."""
        return "\\".join(line.text for line in self.lines)


@dataclass(frozen=True)
class Table:
    """A table; every number is an index into `Truth.entities`, None is a blank.

    `cells[row][column]`; the headers are as many as the rows and the columns. Where only the
    headers are known there are no cells: ().
    """

    row_headers: tuple[int | None, ...]
    column_headers: tuple[int | None, ...]
    cells: tuple[tuple[int | None, ...], ...]
    box: Box

    def filled(self) -> Iterator[tuple[int | None, int | None, int]]:
        """Row header, column header and what is in the cell, of all cells that are not blank."""
        headers = self.row_headers if self.cells else ()
        for row_header, row in zip(headers, self.cells, strict=True):
            for column_header, cell in zip(self.column_headers, row, strict=True):
                if cell is not None:
                    yield row_header, column_header, cell


@dataclass(frozen=True, eq=False)
class Block:
    """An entity as it was annotated: its kind, and its words with their boxes; some have none."""

    kind: str
    words: tuple[tuple[str, Box], ...]


@dataclass(frozen=True, eq=False)
class Annotated:
    """A form as it was annotated, before its links were made sound and its tables found.

    Attributes:
        blocks: the entities in the order of the annotation.
        links: (head, tail) pairs of blocks.
    """

    blocks: tuple[Block, ...]
    links: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Truth:
    """Everything known of a page.

    Attributes:
        size: (height, width) of the page in pixels.
        kind: the kind of document, e.g. "letter".
        paragraphs: all text, in reading order; a form's fields and a table's cells too, each a
            paragraph of its own.
        entities: the pieces of a form in reading order; their lines are lines of `paragraphs`.
        links: (head, tail) pairs of entities: header to question, question to answer.
        tables: the tables on the page.
        figures: boxes of pictures and drawings.
        annotated: the form as it was annotated, where `entities` and `links` are not that.
    """

    size: tuple[int, int]
    kind: str = ""
    paragraphs: tuple[Paragraph, ...] = ()
    entities: tuple[Entity, ...] = ()
    links: tuple[tuple[int, int], ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Box, ...] = ()
    annotated: Annotated | None = None

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines of all paragraphs, in reading order."""
        return tuple(line for paragraph in self.paragraphs for line in paragraph.lines)


@dataclass(frozen=True, eq=False)
class Printed:
    """A text and where it is printed.

    Attributes:
        text: the characters.
        spots: float32 [len(text), 2]: the middle (x, y) of every character in page pixels; NaN
            for one that is not printed, such as the sign for a line break.
    """

    text: str
    spots: np.ndarray

    @classmethod
    def of(cls, line: Line, first: int = 0, last: int | None = None) -> Printed:
        """The characters `first` to `last` of a line (to its end: None)."""
        stop = len(line.text) if last is None else last + 1
        return cls(line.text[first:stop], line.ends[first:stop].mean(1))

    @classmethod
    def sign(cls, text: str) -> Printed:
        """Characters that are written in an answer but printed nowhere."""
        return cls(text, np.full((len(text), 2), np.nan, np.float32))

    @property
    def places(self) -> np.ndarray:
        """The spots of the characters that are printed: float32 [n, 2]."""
        return self.spots[~np.isnan(self.spots[:, 0])]

    def __len__(self) -> int:
        return len(self.text)

    def __getitem__(self, part: slice) -> Printed:
        return Printed(self.text[part], self.spots[part])

    def __add__(self, other: Printed) -> Printed:
        return Printed(self.text + other.text, np.concatenate([self.spots, other.spots]))

    @classmethod
    def join(cls, sign: str, parts: Iterable[Printed]) -> Printed:
        """The parts with a sign between each two, as `str.join`."""
        joined = cls.sign("")
        for i, part in enumerate(parts):
            joined = joined + cls.sign(sign) + part if i else part
        return joined


def mapped_truth(truth: Truth, matrix: np.ndarray, size: tuple[int, int] | None = None) -> Truth:
    """The same page after its points took a map of the plane; what was annotated is dropped.

    Args:
        truth: what is known of the page.
        matrix: float [2, 3] (affine) or [3, 3] (perspective): new (x, y) from (x, y, 1).
        size: the size of the new page; by default that of the old.
    """
    lines = {id(line): _moved_line(line, matrix) for line in truth.lines}

    def same(found: tuple[Line, ...]) -> tuple[Line, ...]:
        return tuple(lines[id(line)] for line in found)

    def box(old: Box) -> Box:
        return box_round(mapped(corners_of(old), matrix))

    return replace(
        truth,
        size=size or truth.size,
        paragraphs=tuple(Paragraph(same(each.lines)) for each in truth.paragraphs),
        entities=tuple(Entity(each.kind, same(each.lines)) for each in truth.entities),
        tables=tuple(replace(each, box=box(each.box)) for each in truth.tables),
        figures=tuple(box(each) for each in truth.figures),
        annotated=None,
    )


def _moved_line(line: Line, matrix: np.ndarray) -> Line:
    """Its height follows the map at its middle."""
    left, right = line.ends[0, 0].astype(float), line.ends[-1, 1].astype(float)
    upper, lower = line.quad(0, len(line.text) - 1)[[0, 3]] + (right - left) / 2
    a, b, up, down = mapped(np.stack([left, right, upper, lower]), matrix)
    along = (b - a) / max(float(np.hypot(*(b - a))), 1e-6)
    above, below = (abs(along[0] * (y - a[1]) - along[1] * (x - a[0])) for x, y in (up, down))
    ends = mapped(line.ends.astype(float), matrix).astype(np.float32)
    return Line(line.text, ends, float(above), float(below))
