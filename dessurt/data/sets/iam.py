"""IAM: pages of handwriting to be read as a block (Marti and Bunke 2002)."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from dessurt.data.example import Example
from dessurt.data.paragraph_tasks import PARAGRAPH_TASKS
from dessurt.data.records import DataError, Record
from dessurt.data.sets.iam_forms import listed_forms, open_block
from dessurt.data.truth import Truth
from dessurt.page import Page

LONGEST = 1_000_000  # characters of an answer: whatever is on the page is read


class Iam:
    """Pages with one paragraph of handwriting: `read_block>`, and the truth for other tasks.

    Get the database from https://fki.tic.heia-fr.ch/databases/iam-handwriting-database (free for
    research, after signing in). The folder:

        forms/NAME.png                  all pages, of formsA-D, formsE-H and formsI-Z
        xmls/NAME.xml (or xml/)
        splits/                         lists of forms, lines or words, one a line

    The lists are not part of this package. The split of the "Large Writer Independent Text Line
    Recognition Task" (747, 220 and 232 pages) is on the page of the database: trainset.txt,
    validationset1.txt, validationset2.txt, testset.txt. The other one in use, called RWTH, Aachen
    or Coquenet's (747, 116 and 336), is at https://www.openslr.org/56/: train.uttlist,
    validation.uttlist, test.uttlist. Keep both in folders of their own, and name one in `lists`.

    Pages are cut to the handwriting, so that the printed text above, which is the same, cannot be
    read instead.
    """

    def __init__(self, folder: Path, split: str = "train", lists: str = "splits") -> None:
        """`split`: "train", "valid" or "test"; `lists`: the folder of the lists, inside `folder`.

        Raises:
            DataError: there are no forms or lists.
        """
        self.folder, self.forms = folder, listed_forms(folder, lists, split)

    def __len__(self) -> int:
        return len(self.forms)

    def record(self, index: int, rng: random.Random) -> Record:
        """A page.

        Raises:
            DataError: its image or XML is damaged.
        """
        page, truth, _, path = open_block(self.folder, self.forms[index])
        return Record(page, (read_block(page, truth, str(path), rng),), truth, str(path))


def read_block(page: Page, truth: Truth, source: str, rng: random.Random) -> Example:
    """`read_block>` of a page with one paragraph."""
    example = PARAGRAPH_TASKS["read_block>"](page, truth, rng, most_answer=LONGEST)
    if example is None:
        raise DataError("its handwriting lies outside the page.", source)
    return replace(example, source=source)
