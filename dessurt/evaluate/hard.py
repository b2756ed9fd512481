"""Lines that are hard to read, each sort in a row of its own: `dessurt evaluate --set hard`.

- `strings`: sequences, hashes and serial numbers. Nothing can be guessed, each character has to be
  looked at. They are not made by what makes such strings for training.
- `small`: lines of 9 to 12 pixels, from ascender to descender.
- `hand`: fonts that look like handwriting, each word a little askew.
- `words`: single words of scanned forms, of a folder of FUNSD if one is given. They are for
  research only, and nothing may be trained on them.

The first three are drawn cleanly in families that are never trained on. The same seed gives the
same lines and words.
"""

from __future__ import annotations

import itertools
import random
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dessurt import Page
from dessurt.data.sets.files import open_page
from dessurt.data.sets.funsd import Funsd, read_annotation
from dessurt.evaluate.pages import KnownLine, KnownPage, SetError, blocks_of
from dessurt.evaluate.table import MEASURES, TESSERACT_LINE, TESSERACT_WORD, Measure
from dessurt.synth import fonts
from dessurt.synth import page as draw
from dessurt.synth.page import SynthPage, drawn
from dessurt.synth.sheet import Look, Sheet
from dessurt.truth.boxes import within

STRING_FONTS = (*fonts.HELD_OUT_PRINT, *fonts.HELD_OUT_MONO, "Linux Libertine Mono O",
                "Latin Modern Mono Prop", "Latin Modern Roman Dunhill")  # fmt: skip
SMALL = (9.0, 12.0)  # pixels of a line's height, at least and at most
SMALL_SIZES = (4.4, 6.2)  # points of the fonts that such lines are set in
A4, MARGIN = (595, 842), (40.0, 40.0)  # points
ROWS = 40  # lines set on a page of small print


def strings(count: int, seed: int) -> Iterator[KnownPage]:
    """So many strings without sense: a page for each of the twelve families."""
    names = STRING_FONTS
    for number, name in enumerate(names):
        rng = random.Random(f"strings {seed} {name}")
        rows = (number + 1) * count // len(names) - number * count // len(names)
        texts = [rng.choice((_sequence, _hash, _serial))(rng) for _ in range(rows)]
        yield _known(f"strings in {name}", _set(texts, name, (8, 12), rng))


def small(count: int, seed: int) -> Iterator[KnownPage]:
    """So many lines of small print."""
    left = count
    for number in itertools.count():
        rng = random.Random(f"small {seed} {number}")
        name = fonts.HELD_OUT_PRINT[number % len(fonts.HELD_OUT_PRINT)]
        write = Sheet(rng).write
        texts = [write.prose(rng.randint(3, 14)) for _ in range(ROWS)]
        known = _known(f"small print {number}", _set(texts, name, SMALL_SIZES, rng))
        known = _counting(known, left, lambda line: SMALL[0] <= _height(line) <= SMALL[1])
        yield known
        left -= _count(known)
        if not left:
            return


def hand(count: int, seed: int) -> Iterator[KnownPage]:
    """So many lines in fonts that look like handwriting."""
    rng, left = random.Random(f"hand {seed}"), count
    while left:
        for drawing in draw(rng.getrandbits(48), held_out=True, kinds=["note"], scans=0):
            known = _counting(_known(f"notes, {left} lines to go", drawing), left)
            yield known
            left -= _count(known)


def words(folder: Path, count: int, seed: int) -> Iterator[KnownPage]:
    """So many words of the forms in a folder of FUNSD, drawn at random, each with its box there.

    Raises:
        DataError: there are no forms, or one is damaged.
    """
    forms = Funsd(folder).annotations
    found = [
        (number, text, box)
        for number, form in enumerate(forms)
        for block in read_annotation(form)[0].blocks
        for text, box in block.words
        if text.strip()
    ]
    drawn_words = random.Random(f"words {seed}").sample(found, min(count, len(found)))
    for number, form in enumerate(forms):
        page = open_page(form.parent.parent / "images" / f"{form.stem}.png")
        boxes = [(text, within(box, page.size)) for at, text, box in drawn_words if at == number]
        blocks = tuple((KnownLine(text, box, (box,), (box,)),) for text, box in boxes)
        yield KnownPage(form.stem, page, blocks)


DRAWN: dict[str, Callable[[int, int], Iterator[KnownPage]]] = {
    "strings": strings, "small": small, "hand": hand,
}  # fmt: skip
WHAT = {
    "strings": "strings without sense", "small": "lines of 9 to 12 pixels",
    "hand": "handwriting-like fonts", "words": "words of scanned forms",
}  # fmt: skip


def measure(sort: str) -> Measure:
    """The measure of a sort of lines: that of highlighted lines under another name."""
    lines = MEASURES["w0>"]
    mode = TESSERACT_WORD if sort == "words" else TESSERACT_LINE
    figures = (replace(lines.figures[0], what=WHAT[sort]),)
    return replace(lines, marked=sort, figures=figures, tesseract=mode)


def check() -> None:
    """Make sure that all families are there, since others would give other figures.

    Raises:
        SetError: some are missing.
    """
    there = set(fonts.library(fonts.folder()).families())
    wanted = (*STRING_FONTS, *fonts.HELD_OUT_HAND)
    if missing := [name for name in wanted if name not in there]:
        raise SetError(f"there is no font {', '.join(missing)}: run scripts/fetch_fonts.sh.")


def _set(
    texts: Sequence[str], font: str, sizes: tuple[float, float], rng: random.Random
) -> SynthPage:
    """A page with each text in a line of its own, in sizes between two."""
    sheet = Sheet(rng)
    looks = [Look(font, rng.uniform(*sizes)) for _ in texts]
    lines = [
        f"#block[{look.rules}#{sheet.put(text)}]" for look, text in zip(looks, texts, strict=True)
    ]
    return drawn(sheet.page(A4, MARGIN) + "\n\n".join(lines), sheet, "strings")[0]


def _known(name: str, drawing: SynthPage) -> KnownPage:
    truth = drawing.truth
    return KnownPage(name, Page.from_array(drawing.pixels), blocks_of(truth), truth)


def _counting(
    known: KnownPage, most: int, counts: Callable[[KnownLine], bool] = lambda line: True
) -> KnownPage:
    """The page with only its first lines counting that may, at most so many."""
    left = itertools.count(most, -1)
    blocks = tuple(
        tuple(replace(line, counts=counts(line) and next(left) > 0) for line in block)
        for block in known.blocks
    )
    return replace(known, blocks=blocks)


def _count(known: KnownPage) -> int:
    return sum(line.counts for block in known.blocks for line in block)


def _height(line: KnownLine) -> float:
    return line.box[3] - line.box[1]


def _sequence(rng: random.Random) -> str:
    residues = rng.choice(("ACGT", "acgt", "ACDEFGHIKLMNPQRSTVWY"))
    groups = ["".join(rng.choices(residues, k=10)) for _ in range(rng.randint(2, 5))]
    return rng.choice(("", " ")).join(groups)


def _hash(rng: random.Random) -> str:
    digits = "".join(rng.choices("0123456789abcdef", k=rng.choice((32, 40, 64))))
    letters = "".join(rng.choices(string.ascii_letters + string.digits + "+/", k=43))
    return rng.choice((digits, digits, digits.upper(), f"SHA256:{letters}"))


def _serial(rng: random.Random) -> str:
    """Such as `C02-XK81-77JQ`: every character is a letter or a digit by a pattern."""
    pattern = rng.choice(("AD2-AA22-22AA", "2222 2222 2222 2222", "AAAAA-22222-AA2A2-2A2A2",
                          "S/N A222222222A", "22-222222-2", "AA222222222AA", "A2a2A2a2a2aA",
                          "(22)22222222222222(22)AA22A22"))  # fmt: skip
    pools = {"A": string.ascii_uppercase, "a": string.ascii_lowercase, "2": string.digits}
    return "".join(rng.choice(pools.get(sign, sign)) for sign in pattern)
