"""Contact sheets: pictures side by side, each with what is to be said of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

import matplotlib
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont

LETTERS, LEADING = 15, 20  # pixels: text size, line to line
GAP, MARGIN = 12, 6  # pixels: between tiles, round text

Colour = tuple[int, int, int]


def sheet(tiles: Sequence[Image.Image], columns: int) -> Image.Image:
    """Tiles in rows, on grey; there must be one."""
    columns = min(columns, len(tiles))
    rows = [tiles[i : i + columns] for i in range(0, len(tiles), columns)]
    wide = max(tile.width for tile in tiles) + GAP
    heights = [max(tile.height for tile in row) + GAP for row in rows]
    whole = Image.new("RGB", (columns * wide + GAP, sum(heights) + GAP), (160, 160, 160))
    for number, row in enumerate(rows):
        for column, tile in enumerate(row):
            whole.paste(tile, (GAP + column * wide, GAP + sum(heights[:number])))
    return whole


def joined(one: Image.Image, other: Image.Image, below: bool) -> Image.Image:
    """Two pictures on white, one beside or below the other."""
    at = (0, one.height) if below else (one.width, 0)
    size = (max(one.width, at[0] + other.width), max(one.height, at[1] + other.height))
    both = Image.new("RGB", size, "white")
    both.paste(one, (0, 0))
    both.paste(other, at)
    return both


def written(
    texts: Sequence[tuple[str, Colour]], width: int, tallest: int | None = None
) -> Image.Image:
    """Texts below each other, wrapped; characters that no font here has are told by their number.

    Args:
        texts: each with its colour.
        width: the width of the picture in pixels.
        tallest: the picture may be; what is left out is told in its last line. None: any height.
    """
    lines = [
        (line, colour) for text, colour in texts for line in _wrapped(text, width - 2 * MARGIN)
    ]
    if tallest is not None and len(lines) > (most := max((tallest - 2 * MARGIN) // LEADING, 1)):
        left_out = sum(len(line) for line, _ in lines[most - 1 :])
        lines[most - 1 :] = [(f"... and {left_out} characters more", lines[most - 1][1])]
    picture = Image.new("RGB", (width, len(lines) * LEADING + 2 * MARGIN), "white")
    for number, (line, colour) in enumerate(lines):
        _write(picture, line, colour, MARGIN + number * LEADING)
    return picture


def _write(picture: Image.Image, line: str, colour: Colour, y: int) -> None:
    """Write a line into a picture; its characters may need several fonts."""
    x = float(MARGIN)
    for font, characters in groupby(line, key=_font):
        run = "".join(characters)
        ImageDraw.Draw(picture).text((x, y), run, fill=colour, font=font)
        x += sum(map(_advance, run))


def _wrapped(text: str, width: int) -> Iterator[str]:
    """Lines of at most `width` pixels, broken at blanks where there are some."""
    known = {each for each in text if each == "\n" or _font(each)}
    shown = "".join(each if each in known else f"[U+{ord(each):04X}]" for each in text)
    for line in shown.split("\n"):
        while True:
            x, most = 0.0, 0
            while most < len(line) and (x := x + _advance(line[most])) <= width:
                most += 1
            if most == len(line):
                break
            most = max(line.rfind(each, 1, most + 1) for each in " /") + 1 or max(most, 1)
            yield line[:most].rstrip()
            line = line[most:]
        yield line


@cache
def _advance(letter: str) -> float:
    font = _font(letter)
    return font.getlength(letter) if font else 0.0


@cache
def _font(letter: str) -> ImageFont.FreeTypeFont | None:
    """Matplotlib's DejaVu Sans, or the first font of the system with that letter."""
    own = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    if not letter.isprintable():
        return None
    if ord(letter) in _letters(own):
        return _opened(own)
    return next((_opened(path) for path in _others() if ord(letter) in _letters(path)), None)


@cache
def _others() -> tuple[Path, ...]:
    from matplotlib.font_manager import findSystemFonts  # slow: it lists all fonts at once

    return tuple(sorted(map(Path, findSystemFonts())))


@cache
def _letters(path: Path) -> frozenset[int]:
    try:
        return frozenset(FT2Font(str(path)).get_charmap())
    except (OSError, RuntimeError):  # damaged, or of a kind that FreeType does not draw
        return frozenset()


@cache
def _opened(path: Path) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), LETTERS)
