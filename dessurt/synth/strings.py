"""Text without sense: sequences, hashes, serial numbers, figures and signs, and pages of them.

A model that leans on language reads such strings as words that it knows. Here nothing can be
guessed: of a string only its shape is usual, and each character has to be looked at.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from dataclasses import replace

from dessurt.synth.blocks import PAPERS, ruled
from dessurt.synth.sheet import Sheet

ROOM = 0.62  # of the font size: the width of a character, on the safe side
LONGEST = 100  # characters of a line
RESIDUES = ("ACGT", "ACGT", "acgt", "ACGU", "acgtn", "ACDEFGHIKLMNPQRSTVWY")
HEX, CAPITALS = string.hexdigits[:16], string.ascii_uppercase + string.digits
ALIKE = ("O0Q", "Il1|", "S5", "B8", "Z2", "g9q", "rnm", "vvw", "cl", "uv", ".,", ":;", "'`", "-_~")
OPERATORS = (
    "+ - * / = == != <= >= -> => :: && || << += | & ^ % := .. ... -- // $ # @ ~ ?".split()
)
BRACKETS = ("()", "[]", "{}", "<>", '""', "''", "``", "$$", "||", "**")


def sequence(rng: random.Random) -> str:
    """Residues of DNA, RNA or a protein, perhaps in groups and numbered."""
    letters, group = rng.choice(RESIDUES), rng.choice((3, 5, 6, 10, 10, LONGEST))
    residues = _some(rng, letters, rng.randint(8, 70))
    text = _grouped(residues, group, rng.choice((" ", " ", "-")))
    before, after = rng.random(), rng.random()
    if before < 0.25:
        text = f"{rng.randrange(1, 9999)} {text}"
    elif before < 0.35:
        text = rng.choice(("5'-", ">", "> ")) + text
    return f"{text} {rng.randrange(60, 9999)}" if after < 0.2 else text


def digest(rng: random.Random) -> str:
    """A hash or a key in base 16, 32 or 64, perhaps grouped, named, or beside a file's name."""
    length = rng.choice((8, 12, 16, 20, 32, 32, 40, 40, 56, 64, 64))
    kind = rng.random()
    if kind < 0.6:
        text = _some(rng, HEX, length)
    elif kind < 0.85:
        text = _some(rng, string.ascii_letters + string.digits + "+/", length)
        text += rng.choice(("", "=", "=="))
    else:
        text = _some(rng, string.ascii_uppercase + "234567", length)
    if kind < 0.2:
        text = _grouped(text[:40], rng.choice((2, 4, 8)), rng.choice((":", " ", "-")))
    text = text.upper() if rng.random() < 0.15 else text
    shown = rng.random()
    if shown < 0.15:
        return f"{text} {rng.choice(('', '*'))}{_name(rng)}.{rng.choice(('iso', 'gz', 'deb'))}"
    if shown < 0.3:
        return f"{rng.choice(('SHA256:', 'md5 ', 'sha1:', 'Key ', '0x', 'id='))}{text}"
    return text


def serial(rng: random.Random) -> str:
    """A serial number, part number, licence key or identifier, perhaps with its label."""
    kind = rng.random()
    if kind < 0.5:  # a pattern: letters and digits in turn
        parts = (_some(rng, rng.choice((string.digits, string.digits, string.ascii_uppercase,
                                        CAPITALS)), rng.randint(1, 7))
                 for _ in range(rng.randint(1, 5)))  # fmt: skip
        text = rng.choice(("-", "-", "", "/", ".", " ", "_")).join(parts)
    elif kind < 0.7:
        group = rng.choice((4, 5, 5, 6))
        text = "-".join(_some(rng, CAPITALS, group) for _ in range(rng.randint(3, 5)))
    elif kind < 0.85:
        sizes = rng.choice(((8, 4, 4, 4, 12), (8, 4), (4, 4, 4), (6, 6)))
        text = "-".join(_some(rng, HEX, size) for size in sizes)
    else:
        text = "".join(rng.choice(rng.choice(ALIKE)) for _ in range(rng.randint(4, 16)))
    label = rng.choice(("S/N ", "S/N: ", "No. ", "Serial ", "ID ", "P/N: ", "Ref. ", "#", "Lot "))
    return label + text if rng.random() < 0.25 else text


def figures(rng: random.Random) -> str:
    """Long numbers, or a row of numbers."""
    if rng.random() < 0.4:
        digits = _some(rng, string.digits, rng.randint(6, 40))
        return _grouped(digits, rng.choice((2, 3, 4, LONGEST)), rng.choice((" ", ".", ",", "-")))
    number = rng.choice((
        lambda: f"{rng.uniform(-1, 1) * 10 ** rng.randint(0, 6):.{rng.randint(0, 6)}f}",
        lambda: f"{rng.uniform(-1, 1) * 10.0 ** rng.randint(-9, 12):.{rng.randint(1, 6)}e}",
        lambda: f"{rng.randrange(10 ** rng.randint(1, 9)):,}",
        lambda: f"{rng.randrange(256):0{rng.choice((2, 3))}x}",
        lambda: f"{rng.randrange(100):02}",
        lambda: f"{rng.randrange(1 << 16):016b}"[-rng.choice((4, 8, 16)) :],
    ))  # fmt: skip
    return " ".join(number() for _ in range(rng.randint(1, 12)))


def signs(rng: random.Random) -> str:
    """Operators, brackets and short names, as in formulas and programs that nobody wrote."""
    parts = []
    for _ in range(rng.randint(2, 14)):
        what = rng.random()
        if what < 0.35:
            parts.append(rng.choice(OPERATORS))
        elif what < 0.6:
            pair, inside = rng.choice(BRACKETS), _some(rng, CAPITALS.lower(), rng.randint(0, 4))
            parts.append(pair[0] + inside + pair[1])
        elif what < 0.7:
            parts.append(_some(rng, string.punctuation, rng.randint(2, 6)))
        else:
            parts.append(_name(rng))
        parts.append(rng.choice((" ", " ", "")))
    return "".join(parts).strip()


def repeats(rng: random.Random) -> str:
    """The same sign or syllable several times, alone or between others: how often is to be seen."""
    parts = []
    for _ in range(rng.randint(1, 5)):
        sign = rng.choice((rng.choice(".....:::--==__**##//\\+~'!?|>< "),
                           _some(rng, string.ascii_lowercase + string.digits, 1),
                           _some(rng, string.digits, 2), "...", "[...]", "::", "{}"))  # fmt: skip
        parts.append(rng.choice(("", "", _name(rng))) + sign * rng.choice((1, 2, 2, 3, 3, 4, 5, 9)))
    return rng.choice((" ", " ", "")).join(parts).strip() or "..."


def mixed_case(rng: random.Random) -> str:
    """Letters of both cases and digits in no order, or syllables that make no words."""
    pool = rng.choice((string.ascii_letters, string.ascii_letters + string.digits,
                       string.ascii_uppercase, CAPITALS, string.ascii_lowercase))  # fmt: skip
    if rng.random() < 0.5:
        return " ".join(_some(rng, pool, rng.randint(1, 14)) for _ in range(rng.randint(1, 9)))
    words = ("".join(rng.choice("bcdfghklmnprstvwz") + rng.choice("aeiouy")
                     for _ in range(rng.randint(1, 4)))
             for _ in range(rng.randint(1, 7)))  # fmt: skip
    change = rng.choice((str.title, str.upper, str.swapcase, str.lower))
    return rng.choice((" ", " ", "", "_", "-")).join(change(word) for word in words)


def address(rng: random.Random) -> str:
    """An address of a network or a file: numbers, or a path with a query."""
    kind = rng.randrange(4)
    if kind == 0:
        return ":".join(_some(rng, HEX, rng.choice((1, 3, 4, 4, 4))) for _ in range(8))
    if kind == 1:
        return ":".join(_some(rng, rng.choice((HEX, HEX.upper())), 2) for _ in range(6))
    path = "/".join(_name(rng) for _ in range(rng.randint(1, 4)))
    if kind == 2:
        return rng.choice(("/", "~/", "C:/", "./")) + path + rng.choice(("", "/", ".so.6", ".h"))
    query = "&".join(f"{_name(rng)}={_some(rng, CAPITALS.lower(), 6)}" for _ in range(2))
    return f"https://{_name(rng)}.{rng.choice(('io', 'org', 'net'))}/{path}?{query}"


STRINGS: dict[Callable[[random.Random], str], int] = {  # and how often each is chosen
    sequence: 4, digest: 5, serial: 5, figures: 3, signs: 4, repeats: 2, mixed_case: 3, address: 1,
}  # fmt: skip


def strings(sheet: Sheet) -> str:
    """Lists, tables and single lines of strings without sense, in all sorts of looks."""
    rng = sheet.rng
    size, margin = rng.choice(PAPERS), (rng.uniform(24, 70), rng.uniform(20, 60))
    wide, room = size[0] - 2 * margin[0], 0.85 * (size[1] - 2 * margin[1])
    parts = []
    while room > 0:
        look = sheet.look(rng.choice(("print", "print", "mono")), (10, 1.8))
        look = replace(look, justified=False)
        most = min(int(wide / (ROOM * look.size)), LONGEST)
        pitch = (0.72 + look.leading) * look.size
        make = rng.choices(list(STRINGS), list(STRINGS.values()))[0]
        rows = rng.randint(1, 8)
        if rng.random() < 0.25:
            block, ink = _table(sheet, make, rows, most), look.ink
        else:
            ink = rng.choice((13, 15)) if rng.random() < 0.06 else look.ink
            block = f"#{sheet.lines([_cut(make(rng), most) for _ in range(rows)], ink=ink)}"
        fill = f"luma({rng.randint(0, 60)}%)" if ink > 9 else "none"
        parts.append(f"#block(width: 100%, fill: {fill}, inset: 3pt)[{look.rules}{block}]")
        room -= rows * pitch + 2 * look.size
    return sheet.page(size, margin) + "\n\n".join(parts)


def _table(
    sheet: Sheet, make: Callable[[random.Random], str], rows: int, most: int
) -> str:
    """Rows of strings of one kind, numbered or beside others."""
    rng, wide = sheet.rng, sheet.rng.choice((2, 2, 3))
    cells = [str(sheet.put(_cut(make(rng), most // wide - 2))) for _ in range(rows * wide)]
    return ruled(rng, wide, cells)


def _cut(text: str, most: int) -> str:
    return text[:most].strip()


def _some(rng: random.Random, pool: str, count: int) -> str:
    return "".join(rng.choices(pool, k=count))


def _grouped(text: str, size: int, between: str) -> str:
    return between.join(text[i : i + size] for i in range(0, len(text), size))


def _name(rng: random.Random) -> str:
    return _some(rng, string.ascii_lowercase + string.digits + "_", rng.randint(1, 8))
