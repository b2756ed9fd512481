"""Pages that were made beforehand: of real documents, or by the generator."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from dessurt.data.records import DataError, Record
from dessurt.page import Page
from dessurt.synth.files import load
from dessurt.synth.page import scan

HELD_BACK = 20  # every so many-th document is for validation


class Pages:
    """One record a page: its truth, of which `dessurt.data.questions.makers` makes questions.

    The folder holds, at any depth, what `dessurt data from-pdf` or `dessurt synth` wrote: NAME.png
    beside NAME.json (see `dessurt.synth.files`). The pages of the folders that come twentieth in
    the order of their names are the split "valid", all others the split "train"; pages that all lie
    in one folder are "train". With `scans` so large a share of the pages looks scanned, each time
    in another way. A part of a config that learns to read their lines:

        {"data": {"set": "pages", "folder": "data/pages", "scans": 0.4}, "tasks": {"w0>": 1},
         "window": [64, 1024], "batch": 4}
    """

    def __init__(self, folder: Path, split: str = "train", scans: float = 0.0) -> None:
        """Looks through the names of the files.

        Raises:
            DataError: there are no pages, or there is no such split.
        """
        if split not in ("train", "valid"):
            raise DataError("pages have the splits train and valid only.", folder)
        found = sorted(folder.rglob("*.json"))
        held_back = {*sorted({path.parent for path in found})[HELD_BACK - 1 :: HELD_BACK]}
        self.pages = [path for path in found if (path.parent in held_back) == (split == "valid")]
        self.scans = scans
        if not self.pages:
            raise DataError(f"there are no pages NAME.json for {split!r}.", folder)

    def __len__(self) -> int:
        """Pages."""
        return len(self.pages)

    def record(self, index: int, rng: random.Random) -> Record:
        """A page and what is known of it; whether and how it is scanned is drawn at random.

        Raises:
            DataError: it cannot be read.
        """
        path = self.pages[index]
        try:
            drawn = load(path)
        except (OSError, ValueError) as error:
            raise DataError(f"the page cannot be read ({error}).", path) from error
        if rng.random() < self.scans:
            drawn = scan(drawn.pixels, drawn.truth, np.random.default_rng(rng.getrandbits(48)))
        return Record(Page.from_array(drawn.pixels), truth=drawn.truth, source=str(path))
