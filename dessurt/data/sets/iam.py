"""IAM: pages of handwriting to be read as a block (Marti and Bunke 2002)."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np

from dessurt.data.augment import DISTORTION, distort, draw_shifts
from dessurt.data.example import Example
from dessurt.data.questions.makers import PARAGRAPH_TASKS
from dessurt.data.records import DataError, Record
from dessurt.data.sets.iam_forms import listed_forms, open_block
from dessurt.page import Page
from dessurt.truth import Truth

LONGEST = 1_000_000  # characters of an answer: whatever is on the page is read
DISTORTED = 0.999  # of the pages for training, as in the original
AROUND = 5  # pixels round a line that are distorted with it


class Iam:
    """Pages with one paragraph of handwriting: `read_block>`, and the truth for other tasks.

    Get the database from https://fki.tic.heia-fr.ch/databases/iam-handwriting-database (free for
    research, after signing in). The folder:

        forms/NAME.png                  all pages, of formsA-D, formsE-H and formsI-Z
        xmls/NAME.xml (or xml/)

    and, not part of this package, lists of which pages are whose. `splits` says which:

        "splits" (or another folder)    lists of forms, lines or words, one a line: trainset.txt,
                                        validationset1.txt, validationset2.txt and testset.txt from
                                        the page of the database ("Large Writer Independent Text
                                        Line Recognition Task", 747, 220 and 232 pages), or
                                        train.uttlist, validation.uttlist and test.uttlist from
                                        https://www.openslr.org/56/ (called RWTH, Aachen or
                                        Coquenet's, 747, 116 and 336)
        "standard", "Coquenet"          the same two splits as the original of Dessurt has them in
                                        data_sets/: iam_standard_splits.json and
                                        iam_Coquenet_splits.json, {"train": [NAME, ...], "valid":
                                        ..., "test": ...}
        a path that ends with .json     another file like these
        "rwth", "custom"                the pages whose named entities are annotated; see `IamNer`

    Pages are cut to the handwriting, so that the printed text above, which is the same, cannot be
    read instead. For training each line is distorted as the original does it.
    """

    def __init__(self, folder: Path, split: str = "train", splits: str = "splits") -> None:
        """`split`: "train", "valid" or "test"; `splits`: a path inside `folder`, or a name (above).

        Raises:
            DataError: there are no forms or lists.
        """
        self.folder, self.train = folder, split == "train"
        self.forms = listed_forms(folder, splits, split)

    def __len__(self) -> int:
        return len(self.forms)

    def record(self, index: int, rng: random.Random) -> Record:
        """A page.

        Raises:
            DataError: its image or XML is damaged.
        """
        page, truth, _, path = open_block(self.folder, self.forms[index])
        if self.train and rng.random() < DISTORTED:
            page = _distorted(page, truth, rng)
        return Record(page, (read_block(page, truth, str(path), rng),), truth, str(path))


def _distorted(page: Page, truth: Truth, rng: random.Random) -> Page:
    """The page with each of its lines distorted on its own, all of them about as much."""
    pixels, deviation = page.gray.copy(), rng.uniform(*DISTORTION)
    for line in truth.lines:
        x0, y0, x1, y1 = (round(side) for side in line.box)
        part = pixels[max(y0 - AROUND, 0) : y1 + AROUND, max(x0 - AROUND, 0) : x1 + AROUND]
        if part.size:  # some of the line is on the page
            part[:] = distort(part, draw_shifts(part.shape, deviation, rng))
    return Page.from_array(np.rint(pixels).astype(np.uint8))


def read_block(
    page: Page, truth: Truth, source: str, rng: random.Random, token: str = "read_block>"
) -> Example:
    """`read_block>` or `read_block0>` of a page with one paragraph."""
    example = PARAGRAPH_TASKS[token](page, truth, rng, most_answer=LONGEST)
    if example is None:
        raise DataError("its handwriting lies outside the page.", source)
    return replace(example, source=source)
