"""Annotations: pages with answers that people gave or checked, as the app keeps and exports them.

Layout of the folder: that of `dessurt.data.annotations.files`, once in each of train/, valid/ and
test/ (an export of the app), or once in the folder itself (where the app keeps what is saved,
data/mine by default); then pages are split at random, with a seed.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from dessurt.data.annotations import Annotation
from dessurt.data.annotations.files import QA_FILE, SPLITS, Pages, read_pages, split_pages
from dessurt.data.example import Example
from dessurt.data.records import DataError, Record
from dessurt.data.sets.files import sound_examples
from dessurt.page import Page, PageError
from dessurt.page.lines import highlighted_lines, page_lines
from dessurt.page.marks import MarksError
from dessurt.tasks import NEW_LINE


class AnnotatedPages:
    """Pages of a folder, each with all its questions; what is damaged is reported in its place."""

    def __init__(
        self,
        folder: Path,
        pages: Pages,
        damaged: Sequence[DataError] = (),
        by_line: bool = False,
    ) -> None:
        """Nothing is opened yet.

        Args:
            folder: the folder of the pages' images.
            pages: the questions about each.
            damaged: what could not be read.
            by_line: paragraphs that were read are asked for line by line.
        """
        self._folder, self._damaged, self._by_line = folder, list(damaged), by_line
        self._pages: list[tuple[str, int, list[Annotation]]] = []
        for name, entries in sorted(pages.items()):
            for number in sorted({each.page for each in entries}):
                on_page = [each for each in entries if each.page == number]
                self._pages.append((name, number, on_page))

    def __len__(self) -> int:
        """Pages, and then one for everything that is damaged."""
        return len(self._pages) + len(self._damaged)

    def record(self, index: int, rng: random.Random) -> Record:
        """As `DataSet.record`; nothing is chosen at random."""
        if index >= len(self._pages):
            raise self._damaged[index - len(self._pages)]
        name, number, entries = self._pages[index]
        file = self._folder / name
        try:
            page = Page.open(file, number)
        except PageError as error:
            raise DataError(str(error), file) from error
        source = f"{file}#{number}" if number else str(file)
        shown = {upright: upright.page(page) for upright in {each.upright for each in entries}}
        made = (partial(_example, page, shown[each.upright], each, source) for each in entries)
        examples, errors = sound_examples(file, (("", make) for make in made))
        if self._by_line:
            examples = tuple(line for each in examples for line in lines_of(each))
        return Record(page, examples, source=source, errors=errors)


def annotated_pages(
    folder: Path, split: str, seed: int = 0, by_line: bool = False
) -> AnnotatedPages:
    """The data set `annotations`: answers that a person stands for.

    Args:
        folder: see above.
        split: train, valid or test.
        seed: the seed of the split, where the folder has none.
        by_line: paragraphs that were read are asked for line by line.

    Raises:
        DataError: there are no annotations in the folder, or no such split.
    """
    if any((folder / name).is_dir() for name in SPLITS):
        return AnnotatedPages(*_trusted(folder, split), by_line)
    if split not in SPLITS:
        raise DataError(f"there is no split {split!r}: take train, valid or test.", folder)
    folder, pages, damaged = _trusted(folder)
    mine = split_pages(pages, seed)[split]
    # What is damaged is reported once, with the training pages.
    wrong = damaged if split == "train" else ()
    return AnnotatedPages(folder, {name: pages[name] for name in mine}, wrong, by_line)


def read_split(folder: Path, split: str = "") -> tuple[Path, Pages, list[DataError]]:
    """The folder of a split, its annotations, and what is damaged.

    Raises:
        DataError: there is no such folder, or nothing in it.
    """
    part = folder / split
    if not part.is_dir():
        raise DataError("there is no such folder: check the path, and the split.", part)
    pages, damaged = read_pages(part)
    if not pages and not damaged:
        told = f"there are no annotations: put a {QA_FILE} there, or NAME.json beside NAME.png."
        raise DataError(told, part)
    return part, pages, damaged


def _trusted(folder: Path, split: str = "") -> tuple[Path, Pages, list[DataError]]:
    part, pages, damaged = read_split(folder, split)
    kept = {name: tuple(each for each in pages[name] if each.trusted) for name in pages}
    return part, {name: kept[name] for name in kept if kept[name]}, damaged


def _example(page: Page, shown: Page, annotation: Annotation, source: str) -> Example:
    """A question about a page in a file, which is shown as it was laid out for the question."""
    if annotation.size is not None and annotation.size != (page.width, page.height):
        width, height = annotation.size
        raise DataError(
            f"its marks are for a page of {width} x {height} pixels, and this one has "
            f"{page.width} x {page.height}: annotate it anew.", source
        )  # fmt: skip
    try:
        annotation.marks.checked(page.size)
    except MarksError as error:
        raise DataError(str(error), source, annotation.question) from error
    output = annotation.output and annotation.upright.marks(annotation.output, page.size)
    return Example(shown, annotation.request(page.size), annotation.answers, output, source)


BLOCKS = ("read_block0>", "read_block>")


def lines_of(example: Example) -> tuple[Example, ...]:
    """A `w0>` for each line of a block; anything else, or a block of whose lines it is not clear
    which text is whose, as it is.
    """
    request = example.request
    if request.task not in BLOCKS:
        return (example,)
    split = highlighted_lines if request.marks.has("highlight") else page_lines
    marked = split(example.page, request.marks)
    texts = [answer.split(NEW_LINE) for answer in example.answers]
    if any(len(each) != len(marked) for each in texts):
        return (example,)
    return tuple(
        replace(example, request=replace(request, task="w0>", marks=marks), answers=right)
        for marks, right in zip(marked, zip(*texts, strict=True), strict=True)
        if all(right)
    )
