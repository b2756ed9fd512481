"""FUNSD: scanned forms with their entities and links (Jaume et al. 2019, arXiv 1905.13538)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from dessurt.data.records import DataError, Record
from dessurt.data.sets.files import damaged, open_page, read_json
from dessurt.data.sets.linked_forms import Link, find_tables, sound_links
from dessurt.page.plane import Box
from dessurt.truth import Annotated, Block, Entity, Line, Paragraph, Truth
from dessurt.truth.boxes import line_of, within, words_in
from dessurt.truth.form_text import reading_order

KINDS = ("header", "question", "answer", "other")
_FOLDERS = {"train": "training_data", "valid": "training_data", "test": "testing_data"}
_HELD_BACK = 10  # every tenth training form is for validation, where no file says another

_Word = tuple[str, Box]


class Funsd:
    """Forms with a truth: entities, links and tables.

    `dessurt.data.questions.forms` asks about them.

    The data are at https://guillaumejaume.github.io/FUNSD/ (research use only) as
    `dataset/training_data` and `dataset/testing_data`, each with `images/NAME.png` and
    `annotations/NAME.json`. `folder` is one of these:

    - the folder of both, with or without `train_valid_test_split.json` as the original has it:
      `{"train": {"root": "training_data", "images": ["NAME", ...]}, "valid": ...}`. Without that
      file every tenth training form is for validation;
    - the folder of `train/`, `valid/` and `test/`, or of some of these;
    - one folder with `images/` and `annotations/`: all of it is the split "train".

    What is linked to two questions, one beside and one above it, is a table's cell. An entity
    without text is left out. The original's corrections to eight forms are not made.
    """

    def __init__(self, folder: Path, split: str = "train") -> None:
        """`split`: "train", "valid" or "test"."""
        self.annotations = _annotations(folder, split)
        if not self.annotations:
            raise DataError(f"there are no annotations/*.json for {split!r}: check it.", folder)

    def __len__(self) -> int:
        return len(self.annotations)

    def record(self, index: int, rng: random.Random) -> Record:
        """A form; nothing is chosen at random.

        Raises:
            DataError: its image or annotation is damaged.
        """
        path = self.annotations[index]
        page = open_page(path.parent.parent / "images" / f"{path.stem}.png")
        truth, errors = read_form(path, page.size)
        return Record(page, truth=truth, source=str(path), errors=errors)


def _annotations(folder: Path, split: str) -> list[Path]:
    """The annotation files of a split."""
    if (folder / split / "annotations").is_dir():
        return sorted((folder / split / "annotations").glob("*.json"))
    if (folder / "annotations").is_dir():
        if split != "train":
            raise DataError(f"it is one split, train: for {split!r} give the folder above.", folder)
        return sorted((folder / "annotations").glob("*.json"))
    listed = folder / "train_valid_test_split.json"
    if listed.is_file():
        with damaged(listed, split):
            part = read_json(listed)[split]
            root = folder / part["root"] / "annotations"
            names = [Path(name).name.removesuffix(".png") for name in part["images"]]
            return [root / f"{name}.json" for name in names]
    if split not in _FOLDERS or not (folder / _FOLDERS[split]).is_dir():
        raise DataError(
            f"there is nothing for {split!r}: give a folder with annotations/ and images/, or with "
            "training_data/ and testing_data/.",
            folder,
        )
    paths = sorted((folder / _FOLDERS[split] / "annotations").glob("*.json"))
    if split == "test":
        return paths
    held_back = paths[::_HELD_BACK]
    return held_back if split == "valid" else [path for path in paths if path not in held_back]


def read_form(path: Path, size: tuple[int, int]) -> tuple[Truth, tuple[DataError, ...]]:
    """The truth of a form from its annotation, and what is wrong with entities that are left out.

    Args:
        path: the JSON file.
        size: (height, width) of the page; boxes are cut to it.

    Raises:
        DataError: the annotation is damaged; the entity is named.
    """
    annotated, errors = read_annotation(path)
    entities, links = entities_with_text(annotated, size, path)
    sound = sound_links(entities, links)
    entities = _with_headers(entities, sound)
    tables, rest = find_tables(entities, sound_links(entities, sound))
    paragraphs = tuple(Paragraph(entity.lines) for entity in entities)
    truth = Truth(size, "form", paragraphs, tuple(entities), rest, tables, annotated=annotated)
    return truth, errors


def read_annotation(path: Path) -> tuple[Annotated, tuple[DataError, ...]]:
    """A form as it was annotated, and what is wrong with entities that are left out.

    Raises:
        DataError: the annotation is damaged as a whole, or every entity is.
    """
    with damaged(path):
        form = list(read_json(path)["form"])
    blocks: dict[Any, Block] = {}
    pairs: list[tuple[Any, Any]] = []
    errors: list[DataError] = []
    for number, each in enumerate(form):
        try:
            with damaged(path, f"form[{number}]"):
                if each["id"] in blocks:
                    raise ValueError(f"the id {each['id']} is there twice")
                block, links = _block(each), [(head, tail) for head, tail in each["linking"]]
                blocks[each["id"]] = block
                pairs += links
        except DataError as error:
            errors.append(error)
    if errors and not blocks:
        raise errors[0]
    numbers = {each: i for i, each in enumerate(blocks)}
    with damaged(path, "linking"):
        known = {(numbers[a], numbers[b]) for a, b in pairs if a in numbers and b in numbers}
    linked = tuple(sorted((a, b) for a, b in known if a != b))
    return Annotated(tuple(blocks.values()), linked), tuple(errors)


def entities_with_text(
    annotated: Annotated, size: tuple[int, int], path: Path
) -> tuple[list[Entity], list[Link]]:
    """The entities of a form that have text, in reading order, and the links as annotated.

    Args:
        annotated: the form.
        size: (height, width) of the page; boxes are cut to it.
        path: the file, for messages.

    Raises:
        DataError: the box of a word is damaged; the entity is named.
    """
    found: dict[int, Entity] = {}
    for number, block in enumerate(annotated.blocks):
        with damaged(path, f"form[{number}]"):
            words = [(text, within(box, size)) for text, box in block.words if text.strip()]
            if words:
                found[number] = Entity(block.kind, _lines(words))
    order = reading_order([entity.lines[0].box for entity in found.values()])
    numbers = [list(found)[i] for i in order]
    place = {number: i for i, number in enumerate(numbers)}
    linked = [(place[a], place[b]) for a, b in annotated.links if a in place and b in place]
    return [found[number] for number in numbers], sorted(linked)


def original_lines(block: Block) -> list[list[_Word]]:
    """Its words line by line, as the original has them: words that overlap are parted, too."""
    return _split(block.words, edge=2)


def _block(given: dict[str, Any]) -> Block:
    if given["label"] not in KINDS:
        raise ValueError(f"label {given['label']!r} is none of {', '.join(KINDS)}")
    words = []
    for word in given["words"]:
        x0, y0, x1, y1 = map(float, word["box"])
        words.append((str(word["text"]), (x0, y0, x1, y1)))
    return Block(given["label"], tuple(words))


def _lines(words: Sequence[_Word]) -> tuple[Line, ...]:
    return tuple(
        line_of([part for text, box in line for part in words_in(text, box)])
        for line in _split(words)
    )


def _split(words: Sequence[_Word], edge: int = 0) -> list[list[_Word]]:
    """Words in lines: a new one begins to the left of the last word or below it.

    To the left is by more than a quarter of its width, below by three quarters of its height.

    Args:
        words: the words in reading order.
        edge: the edge of the last word that is meant: its left (0) or its right one (2).
    """
    lines: list[list[_Word]] = [[word] for word in words[:1]]
    for last, word in pairwise(words):
        (x0, y0, x1, y1), (left, top, _, bottom) = last[1], word[1]
        is_left = left < last[1][edge] - 0.25 * (x1 - x0)
        is_below = (top + bottom - y0 - y1) / 2 > 0.75 * (y1 - y0)
        if is_left or is_below:
            lines.append([])
        lines[-1].append(word)
    return lines


def _with_headers(entities: Sequence[Entity], links: Sequence[Link]) -> list[Entity]:
    """The entities; a question over two questions or more that has no answer is a header."""
    kinds = [[entities[tail].kind for head, tail in links if head == i]
             for i in range(len(entities))]  # fmt: skip
    over = [found.count("question") > 1 and not {"answer", "other"} & set(found) for found in kinds]
    return [
        Entity("header", each.lines) if above and each.kind == "question" else each
        for each, above in zip(entities, over, strict=True)
    ]
