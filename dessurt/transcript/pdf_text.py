"""The text of a searchable PDF: found and copied, but not seen.

Each word is written in its place with a font whose glyphs are blank. The font has as many as there
are different characters in the file, all equally wide; a table tells which character each stands
for (ISO 32000-1, 9.10.3), so every character can be searched. A word is stretched to the width that
it has on the page, and the space after it to the next word.
"""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pikepdf
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from pikepdf import Array, Dictionary, Name, Page, Pdf, Stream

from dessurt.page.plane import Quad, box_round, corners_of, mapped
from dessurt.transcript.blocks import BASELINE
from dessurt.transcript.markup import clean
from dessurt.transcript.transcript import Transcript, TranscriptLine

_NAME = "/DessurtText"
_EM = 1000  # units
_WIDTH = 500  # of every character, in units
_ASCENT, _DESCENT = round(_EM * (1 - BASELINE)), -round(_EM * BASELINE)
_INVISIBLE = 3  # text rendering mode
_LITTLE = 0.12  # of its length that a word may rise
_LEAST = 0.01  # points; nothing may be of no size
_MOST_STRETCH = 100_000.0  # percent
_MOST_CHARACTERS = 65_535  # two bytes each, without 0
_ABOVE = 50  # nodes of the tree of pages above a page, at most
_ENTRIES = 100  # of a table, in one section


class TextLayer:
    """Text laid over the pages of a PDF."""

    def __init__(self, pdf: Pdf) -> None:
        self._pdf = pdf
        self._font = pdf.make_indirect(Dictionary(Type=Name.Font))
        self._codes: dict[str, int] = {}  # by character, from 1

    def lay(self, page: Page, transcript: Transcript, place: np.ndarray) -> None:
        """Lay what was read over a page.

        Args:
            page: the page.
            transcript: what was read.
            place: the map [2, 3] from the transcript's pixels to the units of the page.
        """
        lines = [line for line in transcript.lines if line.words]
        if not lines:
            return
        operators = ["BT", f"{_INVISIBLE} Tr"]
        for line in lines:
            operators += self._written(line, place)
        text = "\n".join([*operators, "ET", "Q"]).encode("ascii")
        _add_font(page, self._font)
        before, after = _balance(page)
        page.contents_add(b"q\n" * before, prepend=True)
        stream = Stream(self._pdf, zlib.compress(b"\n" + b"Q\n" * after + b"q\n" + text + b"\n"))
        stream.Filter = Name.FlateDecode
        page.contents_add(stream)

    def _written(self, line: TranscriptLine, place: np.ndarray) -> Iterator[str]:
        """The operators that write a line, word by word."""
        quads = [mapped(_levelled(word.quad), place) for word in line.words]
        for number, (word, quad) in enumerate(zip(line.words, quads, strict=True)):
            upper, _, right, left = quad
            width = max(math.dist(left, right), _LEAST)
            along = (right - left) / width if width > _LEAST else np.array((1.0, 0.0))
            up = np.array((-along[1], along[0]))
            size = max(float((upper - left) @ up), _LEAST)
            start = left + BASELINE * size * up
            matrix = " ".join(f"{each:.5f}" for each in (*along, *up))
            yield f"{_NAME} {size:.4f} Tf {matrix} {start[0]:.4f} {start[1]:.4f} Tm"
            yield self._shown(word.text, width, size)
            if number + 1 < len(quads):
                gap = float((quads[number + 1][3] - right) @ along)
                yield self._shown(" ", max(gap, _LEAST), size)

    def _shown(self, text: str, width: float, size: float) -> str:
        """The operators that write text as wide as it is wanted."""
        codes = [self._code(character) for character in clean(text)]
        stretch = 100 * width / (size * max(len(codes), 1) * _WIDTH / _EM)
        letters = "".join(f"{code:04X}" for code in codes)
        return f"{min(stretch, _MOST_STRETCH):.3f} Tz <{letters}> Tj"

    def _code(self, character: str) -> int:
        if character not in self._codes and len(self._codes) == _MOST_CHARACTERS:
            character = next(iter(self._codes))  # all scripts of a library have not so many
        return self._codes.setdefault(character, len(self._codes) + 1)

    def finish(self) -> None:
        """Make the font of the characters that were written."""
        descriptor = Dictionary(
            Type=Name.FontDescriptor, FontName=Name.DessurtGlyphless, Flags=4, ItalicAngle=0,
            FontBBox=Array([0, _DESCENT, _WIDTH, _ASCENT]), Ascent=_ASCENT, Descent=_DESCENT,
            CapHeight=_ASCENT, StemV=80, FontFile2=self._stream(_glyphless()),
        )  # fmt: skip
        glyphs = b"\0\1" * (len(self._codes) + 1)  # the same blank one for each
        descendant = Dictionary(
            Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=Name.DessurtGlyphless, DW=_WIDTH,
            CIDSystemInfo=Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0),
            FontDescriptor=self._pdf.make_indirect(descriptor), CIDToGIDMap=self._stream(glyphs),
        )  # fmt: skip
        self._font.Subtype = Name.Type0
        self._font.BaseFont = Name.DessurtGlyphless
        self._font.Encoding = Name("/Identity-H")
        self._font.DescendantFonts = Array([self._pdf.make_indirect(descendant)])
        self._font.ToUnicode = self._stream(_to_unicode(list(self._codes)))

    def _stream(self, content: bytes) -> Any:
        stream = Stream(self._pdf, zlib.compress(content))
        stream.Filter = Name.FlateDecode
        return stream


def _levelled(quad: Quad) -> np.ndarray:
    """The corners of a word, those of the box round it if it rises or falls only a little.

    Programs that search a PDF would take what falls by half a point for a part of another word.
    """
    corners = np.array(quad)
    run, rise = corners[2] - corners[3]
    return corners_of(box_round(corners)) if abs(rise) < _LITTLE * run else corners


def inherited(page: Page, name: str) -> Any:
    """An entry of a page, or of the nodes above it that it has it from; None if there is none."""
    node: Any = page.obj
    for _ in range(_ABOVE):
        if not isinstance(node, Dictionary):
            return None
        if name in node:
            return node[name]
        node = node.get("/Parent")
    return None


def _add_font(page: Page, font: Dictionary) -> None:
    """Give a page the font; resources that it shares with others stay as they are."""
    resources = _copy(inherited(page, "/Resources"))
    fonts = _copy(resources.get("/Font"))
    fonts[_NAME] = font
    resources.Font = fonts
    page.obj.Resources = resources


def _copy(entries: object) -> Dictionary:
    return Dictionary(dict(entries.items())) if isinstance(entries, Dictionary) else Dictionary()


def _balance(page: Page) -> tuple[int, int]:
    """How many `q` before what a page draws, and `Q` after it, bring back the state it began with.

    Some pages save the state and never restore it, or restore it more often than they saved it.
    """
    depth = lowest = 0
    try:
        for instruction in pikepdf.parse_content_stream(page, "q Q"):
            depth += 1 if str(instruction.operator) == "q" else -1
            lowest = min(lowest, depth)
    except pikepdf.PdfError:
        depth = lowest = 0  # it is damaged: what others make of it is not known
    before = 1 - lowest
    return before, before + depth


def _glyphless() -> bytes:
    """A TrueType font with a blank glyph besides the one that every font has.

    The glyph is a line, which has a size but no area: PDFium drops text without a size.
    """
    names = [".notdef", "blank"]
    pen = TTGlyphPen(None)
    pen.moveTo((0, _DESCENT))
    pen.lineTo((_WIDTH, _ASCENT))
    pen.closePath()
    builder = FontBuilder(_EM, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({})
    builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics({name: (_WIDTH, 0) for name in names})
    builder.setupHorizontalHeader(ascent=_ASCENT, descent=_DESCENT)
    builder.setupNameTable({"familyName": "Dessurt Glyphless", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.font["head"].created = builder.font["head"].modified = 0  # the same file every time
    builder.font.recalcTimestamp = False
    file = io.BytesIO()
    builder.save(file)
    return file.getvalue()


def _to_unicode(characters: Sequence[str]) -> bytes:
    """The table of which character each code from 1 stands for."""
    entries = [
        f"<{code:04X}> <{character.encode('utf-16-be').hex().upper()}>"
        for code, character in enumerate(characters, 1)
    ]
    lines = [
        "/CIDInit /ProcSet findresource begin", "12 dict begin", "begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def", "/CMapType 2 def",
        "1 begincodespacerange", "<0000> <FFFF>", "endcodespacerange",
    ]  # fmt: skip
    for first in range(0, len(entries), _ENTRIES):
        part = entries[first : first + _ENTRIES]
        lines += [f"{len(part)} beginbfchar", *part, "endbfchar"]
    lines += ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
    return "\n".join(lines).encode("ascii")
