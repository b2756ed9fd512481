"""Pages for distillation: blocks of synthetic pages with parts masked, to be read all the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from dessurt.data.questions.makers import PARAGRAPH_TASKS
from dessurt.data.records import DataError, Record
from dessurt.page import Page
from dessurt.synth import KINDS, NoFontsError, SynthPage
from dessurt.synth import page as draw
from dessurt.truth import Truth, mapped_truth

PROSE = ("article", "manual", "mixed", "letter", "typewriter")  # kinds with running text
LONGEST = 2000  # characters of an answer; of a longer block some lines are asked
_TURN = 1.0  # degrees, standard deviation
_SCALE = 0.05  # standard deviation of the scale about 1
_TRIES = 8  # pages may have no block that is long enough


class Distill:
    """`mlm>` about synthetic pages: what a teacher of text alone can answer as well.

    There is no folder to get. The example has all that a teacher needs: `printed_answer` is the
    block's words, as one line, with the place of each character, and the masks among its marks
    cover those characters that the teacher gets as `<mask>`. (`dessurt.train` compares the two; in
    the original the words with masks are a text of their own.)

    A page is turned and scaled a little, as in the original. Page N is the same each time but for
    what is masked, which is chosen at random. The split "train" has the fonts to train on, any
    other those that are never trained on. Needs the package's extra "train", and fonts.
    """

    def __init__(
        self,
        folder: Path = Path(),
        split: str = "train",
        *,
        kinds: Sequence[str] = PROSE,
        count: int = 100_000,
        seed: int = 0,
    ) -> None:
        """What is drawn.

        Args:
            folder: not needed.
            split: see above.
            kinds: kinds of document, from `dessurt.synth.KINDS`.
            count: pages of the split.
            seed: another one gives other pages.

        Raises:
            DataError: there is no such kind.
        """
        if unknown := [kind for kind in kinds if kind not in KINDS]:
            raise DataError(f"there is no kind {unknown[0]!r}: choose from {', '.join(KINDS)}.")
        self.split, self.kinds, self.count, self.seed = split, tuple(kinds), count, seed

    def __len__(self) -> int:
        return self.count

    def record(self, index: int, rng: random.Random) -> Record:
        """A page with a masked block.

        Raises:
            DataError: there are no fonts.
        """
        source = f"distillation {self.split} {self.seed} page {index}"
        chosen = random.Random(source)
        for _ in range(_TRIES):
            try:
                pages = draw(chosen.getrandbits(48), self.split != "train", self.kinds)
            except NoFontsError as error:
                raise DataError(str(error)) from error
            page, truth = _turned(chosen.choice(pages), chosen)
            example = PARAGRAPH_TASKS["mlm>"](page, truth, rng, most_answer=LONGEST)
            if example is not None:  # of its region nothing is learnt, as in the original
                return Record(page, (replace(example, region=None, source=source),), truth, source)
        raise DataError("no page drawn for it has a block that is long enough.", source)


def _turned(drawn: SynthPage, rng: random.Random) -> tuple[Page, Truth]:
    """A page turned and scaled a little about its middle; it keeps its size."""
    height, width = drawn.pixels.shape
    angle, scale = rng.gauss(0, _TURN), max(1 + rng.gauss(0, _SCALE), 0.5)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, scale)
    paper = int(np.median(drawn.pixels))
    pixels = cv2.warpAffine(
        drawn.pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=paper
    )
    return Page.from_array(np.asarray(pixels, np.uint8)), mapped_truth(drawn.truth, matrix)
