"""Synthetic pages in fonts that are never trained on."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from dessurt import Page
from dessurt.data.truth import Line
from dessurt.evaluate.known import KnownLine, KnownPage, SetError
from dessurt.synth import NoFontsError
from dessurt.synth import page as draw

TURNED = 0.25  # a line that rises by this part of its height is highlighted word by word


def pages(count: int, seed: int) -> Iterator[KnownPage]:
    """So many held-out pages, drawn when they are asked for; the same seed, the same pages.

    Raises:
        SetError: there are no fonts to draw with.
    """
    return itertools.islice(_pages(random.Random(f"held out {seed}")), count)


def _pages(rng: random.Random) -> Iterator[KnownPage]:
    while True:
        seed = rng.getrandbits(48)
        try:
            document = draw(seed, held_out=True)
        except NoFontsError as error:
            raise SetError(str(error)) from error
        for number, drawn in enumerate(document, 1):
            blocks = tuple(
                tuple(_line(line) for line in paragraph.lines)
                for paragraph in drawn.truth.paragraphs
            )
            name = f"synthetic {seed} page {number}"
            yield KnownPage(name, Page.from_array(drawn.pixels), blocks, drawn.truth)


def _line(line: Line) -> KnownLine:
    words = tuple(word.box for word in line.words)
    rise = abs(float(line.ends[-1, 1, 1] - line.ends[0, 0, 1]))
    highlight = words if rise > TURNED * line.height else (line.box,)
    return KnownLine(line.text, line.box, words, highlight)
