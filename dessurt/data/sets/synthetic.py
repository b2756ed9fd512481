"""Pages of our own generator as a data set: paragraphs, forms, tables and all else it makes.

Needs the package's extra "train" (Typst and faker), and fonts.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from dessurt.data.records import DataError, Record
from dessurt.page import Page
from dessurt.synth import KINDS, NoFontsError
from dessurt.synth import page as draw
from dessurt.synth.fields import Group, groups


class Synthetic:
    """One record a page: its truth, of which `dessurt.data` makes questions.

    There is no folder to get: page N is drawn when it is asked for, and is the same each time. The
    split "train" has the fonts to train on, every other split those that are never trained on and
    pages of its own.
    """

    def __init__(
        self,
        folder: Path = Path(),
        split: str = "train",
        *,
        kinds: Sequence[str] = (),
        count: int = 100_000,
        seed: int = 0,
        scans: float = 0.4,
        vocabulary: str = "",
    ) -> None:
        """What is drawn.

        Args:
            folder: where `vocabulary` lies; not needed otherwise.
            split: see above.
            kinds: kinds of document, from `dessurt.synth.KINDS`; none: all, as often as that says.
            count: pages of the split.
            seed: another one gives other pages.
            scans: the share of pages that look scanned.
            vocabulary: file of labels and values for forms, such as the original's
                gpt2_form_generation.json; see `dessurt.synth.fields.groups`.

        Raises:
            DataError: there is no such kind, or the vocabulary cannot be used.
        """
        if unknown := [kind for kind in kinds if kind not in KINDS]:
            raise DataError(f"there is no kind {unknown[0]!r}: choose from {', '.join(KINDS)}.")
        self.split, self.kinds, self.count = split, tuple(kinds), count
        self.seed, self.scans = seed, scans
        self.groups: tuple[Group, ...] = ()
        if vocabulary:
            try:
                self.groups = groups(folder / vocabulary)
            except (OSError, ValueError) as error:
                raise DataError(f"it cannot be used ({error}).", folder / vocabulary) from error

    def __len__(self) -> int:
        """Pages."""
        return self.count

    def record(self, index: int, rng: random.Random) -> Record:
        """A page and all that is known of it; of a document of several pages, one of them."""
        chosen = random.Random(f"{self.split} {self.seed} {index}")
        held_out = self.split != "train"
        try:
            pages = draw(chosen.getrandbits(48), held_out, self.kinds, self.scans, self.groups)
        except NoFontsError as error:
            raise DataError(str(error)) from error
        drawn = chosen.choice(pages)
        source = f"synthetic {self.split} {self.seed} page {index}"
        return Record(Page.from_array(drawn.pixels), truth=drawn.truth, source=source)
