"""RVL-CDIP: what kind of document a page is (Harley et al., ICDAR 2015)."""

from __future__ import annotations

import random
from pathlib import Path

from dessurt.data.example import Example
from dessurt.data.records import Record
from dessurt.data.sets.files import damaged, open_page, read_lines, there
from dessurt.protocol import Request

KINDS = (
    "letter", "form", "email", "handwritten", "advertisement", "scientific_report",
    "scientific_publication", "specification", "file_folder", "news_article", "budget", "invoice",
    "presentation", "questionnaire", "resume", "memo",
)  # fmt: skip
EVERY = 5  # of 40,000 pages the original validates on each fifth


class RVLCDIP:
    """One record a page: `classify>`, answered by `C:` and one of 16 names.

    Get it from https://www.cs.cmu.edu/~aharley/rvl-cdip/ and unpack it so:

        images/PATH.tif
        labels/SPLIT.txt    train, val and test; lines `PATH.tif NUMBER`, from 0 letter to 15 memo

    The split "valid" is val.
    """

    def __init__(self, folder: Path, split: str = "train", every: int | None = None) -> None:
        """`every`: take each so-manieth page; by default 5 for validation, otherwise 1.

        Raises:
            DataError: the list of the split or the folder of images is not there.
        """
        split = "val" if split == "valid" else split
        layout = "labels/train.txt and so on, and images/"
        self.images = there(folder / "images", layout)
        self.file = there(folder / "labels" / f"{split}.txt", layout)
        lines = enumerate(read_lines(self.file), 1)
        step = every or (EVERY if split == "val" else 1)
        self.lines = [(number, line) for number, line in lines if line.strip()][::step]

    def __len__(self) -> int:
        """Pages."""
        return len(self.lines)

    def record(self, index: int, rng: random.Random) -> Record:
        """A page and its kind."""
        number, line = self.lines[index]
        with damaged(self.file, number):
            path, kind = line.rsplit(maxsplit=1)
            if not 0 <= int(kind) < len(KINDS):
                raise ValueError(f"there is no kind {kind}")
            page, answer = open_page(self.images / path), f"C:{KINDS[int(kind)]}"
        return Record(page, (Example(page, Request("classify>"), (answer,), source=path),),
                      source=path)  # fmt: skip
