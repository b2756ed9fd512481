"""Synthetic pages in fonts that are never trained on."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from dessurt import Page
from dessurt.evaluate.pages import KnownPage, SetError, blocks_of
from dessurt.synth import NoFontsError
from dessurt.synth import page as draw


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
            name = f"synthetic {seed} page {number}"
            page, truth = Page.from_array(drawn.pixels), drawn.truth
            yield KnownPage(name, page, blocks_of(truth), truth)
