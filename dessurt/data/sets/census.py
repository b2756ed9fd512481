"""Census records: the indexed lines of pages of the US census of 1930."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dessurt.data.example import Example
from dessurt.data.records import Record
from dessurt.data.sets.files import damaged, open_page, read_json, there
from dessurt.protocol import Request
from dessurt.tasks import BLANK, END_SIGN, NEW_LINE

# The fields of `record~` in their order, then those that only another task reads.
RECORD = (
    "LINE_NBR", "HOUSEHOLD_ID", "PR_NAME", "PR_RELATIONSHIP_TO_HEAD", "PR_SEX_CODE",
    "PR_RACE_OR_COLOR", "PR_AGE", "PR_BIRTH_PLACE",
)  # fmt: skip
FIELDS: dict[str, tuple[str, ...]] = {
    "record~": RECORD,
    "all-name~": ("PR_NAME",),
    "all-given name~": ("PR_NAME_GN",),
    "all-age~": ("PR_AGE",),
}
MOST = 40  # lines of a page that are asked for, as in the original


class Census:
    r"""One record a page, asked by `record~`, `all-name~`, `all-given name~` and `all-age~`.

    An answer has a page's lines from top to bottom with `\` between them, the fields of a line with
    `|` between them, `ø` for a blank, and ‡ at the end. Only the first 40 lines count.

    The pages were provided by FamilySearch for research and are not public. The folder:

        train_valid_test_split.json    {"train": [[picture, json], ...], "valid": ..., "test": ...},
                                       paths relative to the folder
        each json                      {"indexed": [line, ...]} or the list alone; a line has the
                                       fields LINE_NBR, HOUSEHOLD_ID, PR_NAME, PR_NAME_GN,
                                       PR_RELATIONSHIP_TO_HEAD, PR_SEX_CODE, PR_RACE_OR_COLOR,
                                       PR_AGE, PR_BIRTH_PLACE; none, or null: it is blank
    """

    def __init__(self, folder: Path, split: str = "train") -> None:
        """The pages of a split.

        Raises:
            DataError: there is no list of splits, or the split is not in it.
        """
        self.folder = folder
        name = "train_valid_test_split.json"
        self.file, self.split = there(folder / name, name), split
        with damaged(self.file, split):
            self.pages: list[Any] = list(read_json(self.file)[split])

    def __len__(self) -> int:
        """Pages."""
        return len(self.pages)

    def record(self, index: int, rng: random.Random) -> Record:
        """A page and the four questions about it."""
        with damaged(self.file, f"{self.split}[{index}]"):
            picture, index_file = (self.folder / part for part in self.pages[index])
        given = read_json(index_file)
        with damaged(index_file, "indexed"):
            lines = list(given["indexed"] if isinstance(given, dict) else given)[:MOST]
            answers = {task: _answer(lines, fields) for task, fields in FIELDS.items()}
        page = open_page(picture)
        examples = tuple(
            Example(page, Request(task), (answer,), source=f"{picture.name} {task}")
            for task, answer in answers.items()
        )
        return Record(page, examples, source=picture.name)


def _answer(lines: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> str:
    if not lines:
        return BLANK
    rows = (
        "|".join(BLANK if line.get(field) is None else str(line[field]) for field in fields)
        for line in lines
    )
    return NEW_LINE.join(rows) + END_SIGN
