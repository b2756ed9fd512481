"""DocVQA: questions about scanned documents of industry (Mathew et al., WACV 2021)."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from typing import Any

from dessurt.data.example import Example
from dessurt.data.records import DataError, Record
from dessurt.data.sets.files import damaged, open_page, read_json, sound_examples, there
from dessurt.page import Page
from dessurt.protocol import Request


class DocVQA:
    """One record a page, with all its questions (`natural_q~`) and all right answers to each.

    Get task 1 (single page) from https://rrc.cvc.uab.es/?ch=17, free after registration, and lay
    it out so, SPLIT being train, val and test:

        SPLIT/SPLIT_v1.0.json       or SPLIT_v1.0_withQT.json; {"data": [{"questionId", "question",
                                    "image", "answers"}, ...]}
        SPLIT/documents/NAME.png    what "image" names, relative to SPLIT/

    The split "valid" is val. The questions of the test split have no answers; an example's
    `source` ends with the questionId, under which its answer is handed in.
    """

    def __init__(self, folder: Path, split: str = "train", half: bool = False) -> None:
        """`half`: every second question only, for a quicker validation.

        Raises:
            DataError: the questions of the split are not there, or are no list.
        """
        split = "val" if split == "valid" else split
        self.folder = folder / split
        names = [self.folder / f"{split}_v1.0{more}.json" for more in ("", "_withQT")]
        self.file = next((path for path in names if path.is_file()), names[0])
        there(self.file, "train/train_v1.0.json and so on, as DocVQA's docstring says")
        with damaged(self.file, "data"):
            self.asked: list[Any] = list(read_json(self.file)["data"])
        self.answered = split != "test"
        self.pages = _by_page(self.asked, 2 if half else 1)
        self.question_counts = [len(numbers) for numbers in self.pages]

    def __len__(self) -> int:
        """Pages."""
        return len(self.pages)

    def record(self, index: int, rng: random.Random) -> Record:
        """A page and its questions."""
        numbers = self.pages[index]
        with damaged(self.file, f"data[{numbers[0]}]"):
            name = str(self.asked[numbers[0]]["image"])
        page = open_page(self.folder / name)
        examples, errors = sound_examples(
            self.file, ((f"data[{i}]", partial(self._example, page, i)) for i in numbers)
        )
        return Record(page, examples, source=name, errors=errors)

    def _example(self, page: Page, number: int) -> Example:
        given = self.asked[number]
        answers = tuple(str(each) for each in given["answers"]) if self.answered else ()
        if self.answered and not answers:
            raise DataError("it has no answers.", self.file, f"data[{number}]")
        source = f"{self.file.name} questionId {given['questionId']}"
        return Example(page, Request("natural_q~", str(given["question"])), answers, source=source)


def _by_page(asked: list[Any], step: int) -> list[list[int]]:
    """The numbers of the questions about each page; what names no page stands alone."""
    pages: dict[Any, list[int]] = {}
    for number in range(0, len(asked), step):
        given = asked[number]
        image = given.get("image") if isinstance(given, dict) else None
        pages.setdefault(image if isinstance(image, str) else number, []).append(number)
    return list(pages.values())
