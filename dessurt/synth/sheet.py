"""A sheet to write on: Typst source in the making, and what each piece of its text is.

Every piece (a paragraph, a label, a cell) has a number, and the number is written into the colour
of its ink: the low four bits of red, green and blue. The eye does not see it, and the reader of
the finished page gets it back exactly with every character.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import typst

from dessurt.synth import fonts
from dessurt.synth.fields import Group
from dessurt.synth.text import Writer

LAST = 0xFFF  # the highest number of a piece
GREY = 0x111  # its multiples have the same low bits in all three colours, as rules and shades do


@dataclass(frozen=True)
class Piece:
    """Text to be printed: its number, and the Typst code that prints it, to follow a `#`."""

    number: int
    code: str

    def __str__(self) -> str:
        return self.code


@dataclass(frozen=True)
class Look:
    """How a block of text is set.

    Attributes:
        font: family.
        size: points.
        bold, italic: how its letters are.
        tracking, leading: em added between letters, em between lines.
        ink: luminance, 0 black to 15 white.
        justified: even right edge.
    """

    font: str
    size: float
    bold: bool = False
    italic: bool = False
    tracking: float = 0.0
    leading: float = 0.6
    ink: int = 0
    justified: bool = False

    @property
    def rules(self) -> str:
        """Typst's set rules for all that follows in the same block."""
        hyphens = "true" if self.justified else "false"
        return (
            f'#set text(font: "{self.font}", size: {self.size:.2f}pt, {self.face}, '
            f"tracking: {self.tracking:.3f}em, hyphenate: {hyphens})\n"
            f"#set par(leading: {self.leading:.2f}em, justify: {str(self.justified).lower()})\n"
        )

    @property
    def face(self) -> str:
        """Weight and style as arguments of `text`."""
        weight, style = 700 if self.bold else 400, "italic" if self.italic else "normal"
        return f'weight: {weight}, style: "{style}"'


class Sheet:
    """Collects what a document prints; the builders of documents write on it.

    Attributes:
        rng: where all choices come from.
        write: makes up texts.
        kinds: the number of a piece that is an entity, and of which kind.
        links: pairs of numbers, head and tail.
        tables: row headers, column headers and cells as numbers; None is a blank.
        figures: the numbers of pictures.
        groups: fields that forms ask for; none: they are made up.
        letters: how many were written, to tell how full a page gets.
    """

    def __init__(
        self, rng: random.Random, held_out: bool = False, groups: Sequence[Group] = ()
    ) -> None:
        """`held_out`: set in fonts that are never trained on."""
        self.rng = rng
        self.groups = groups
        self.write = Writer(rng)
        self.held_out = held_out
        self.kinds: dict[int, str] = {}
        self.links: list[tuple[int, int]] = []
        self.tables: list[Grid] = []
        self.figures: set[int] = set()
        self.letters = 0
        self._last = 0

    def look(self, style: str = "print", size: tuple[float, float] = (10, 1.2)) -> Look:
        """A look by chance: `style` of font, mean and spread of the size in points."""
        rng = self.rng
        return Look(
            font=self.font(style),
            size=min(max(rng.gauss(*size), 6.5), 36),
            bold=rng.random() < 0.03,
            italic=rng.random() < 0.03,
            tracking=rng.gauss(0, 0.008) + (0.08 if rng.random() < 0.02 else 0),
            leading=rng.uniform(0.4, 0.85),
            ink=rng.choice((0, 0, 0, 0, 0, 1, 2, 3, 5)),
            justified=rng.random() < 0.4,
        )

    def font(self, style: str = "print") -> str:
        """A family by chance."""
        found = fonts.families(style, self.held_out)
        return self.rng.choices(list(found), list(found.values()))[0]

    def put(self, words: str, kind: str = "", ink: int = 0, face: str = "") -> Piece:
        """A piece that prints `words`.

        Args:
            words: plain text.
            kind: the kind of entity, e.g. "question"; none: it is not part of a form.
            ink: luminance, 0 black to 15 white.
            face: further arguments of Typst's `text`, e.g. "weight: 700, size: 2em".
        """
        return self.lines([words], kind, ink, face)

    def mixed(self, parts: list[tuple[str, str]], ink: int = 0) -> Piece:
        """A piece of several parts: each plain text and further arguments of `text`, or "".

        The parts stand with a space between them.
        """
        number = self.number()
        self.letters += sum(len(words) for words, _ in parts)
        body = " ".join(f"#text({more}, {quoted(s)})" if more else f"#{quoted(s)}"
                        for s, more in parts)  # fmt: skip
        return Piece(number, f"text(fill: {colour(number, ink)})[{body}]")

    def lines(
        self, lines: Sequence[str], kind: str = "", ink: int = 0, face: str = ""
    ) -> Piece:
        """A piece of several lines, each ended by hand; arguments as `put`."""
        number = self.number(kind)
        self.letters += sum(map(len, lines)) + 40 * (len(lines) - 1)
        body = " + linebreak() + ".join(map(quoted, lines))
        more = f", {face}" if face else ""
        return Piece(number, f"text(fill: {colour(number, ink)}{more}, {body})")

    def number(self, kind: str = "") -> int:
        """The next number; for code that makes its text itself."""
        self._last += 2 if (self._last + 1) % GREY == 0 else 1
        if self._last > LAST:
            raise ValueError(f"a document of more than {LAST} pieces")
        if kind:
            self.kinds[self._last] = kind
        return self._last

    def link(self, head: Piece, *tails: Piece) -> None:
        """Remember that `tails` belong to `head`."""
        self.links += [(head.number, tail.number) for tail in tails]

    def page(
        self, size: tuple[int, int], margin: tuple[float, float], columns: int = 1, more: str = ""
    ) -> str:
        """The rule for pages: width and height, left and top margin in points."""
        x, y = margin
        return (
            f"#set page(width: {size[0]}pt, height: {size[1]}pt, columns: {columns}, "
            f"margin: (x: {x:.0f}pt, y: {y:.0f}pt){more})\n"
        )


@dataclass(frozen=True)
class Grid:
    """A table by the numbers of its pieces; None is a blank."""

    row_headers: tuple[int | None, ...]
    column_headers: tuple[int | None, ...]
    cells: tuple[tuple[int | None, ...], ...]


def colour(number: int, ink: int = 0) -> str:
    """The ink of luminance 0 ... 15 that carries a piece's number."""
    red, green, blue = number >> 8, number >> 4 & 15, number & 15
    return f"rgb({ink * 16 + red}, {ink * 16 + green}, {ink * 16 + blue})"


def number_of(red: int, green: int, blue: int) -> int:
    """The number that a colour carries; 0 where it carries none, as plain greys."""
    number = (red & 15) << 8 | (green & 15) << 4 | blue & 15
    return 0 if number % GREY == 0 else number


def quoted(words: str) -> str:
    """A Typst string literal."""
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def compiled(source: str) -> bytes:
    """The PDF of a Typst source."""
    pdf = _compiler(fonts.folder()).compile(
        input=source.encode(), format="pdf", timestamp=0, pdf_tags=False
    )
    assert isinstance(pdf, bytes)  # one document in, one out
    return pdf


@cache
def _compiler(folder: str | None) -> typst.Compiler:
    return typst.Compiler(font_paths=fonts.library(folder))
