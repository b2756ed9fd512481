"""FUNSD: scanned forms with their entities and links (Jaume et al. 2019, arXiv 1905.13538)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from dessurt.data.boxed import within, words_in
from dessurt.data.form_json import reading_order
from dessurt.data.form_links import Link, sound_links
from dessurt.data.inferred_tables import find_tables
from dessurt.data.records import DataError, Record
from dessurt.data.sets.boxes import line_of
from dessurt.data.sets.files import damaged, open_page, read_json
from dessurt.data.truth import Box, Entity, Line, Paragraph, Truth

KINDS = ("header", "question", "answer", "other")
_FOLDERS = {"train": "training_data", "valid": "training_data", "test": "testing_data"}
_HELD_BACK = 10  # every tenth training form is for validation, where no file says another

_Word = tuple[str, Box]


class Funsd:
    """Forms with a truth: entities, links and tables; `dessurt.data.form_tasks` asks about them.

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
        """A form; nothing is drawn by lot.

        Raises:
            DataError: its image or annotation is damaged.
        """
        path = self.annotations[index]
        page = open_page(path.parent.parent / "images" / f"{path.stem}.png")
        return Record(page, truth=read_form(path, page.size), source=str(path))


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


def read_form(path: Path, size: tuple[int, int]) -> Truth:
    """The truth of a form from its annotation.

    Args:
        path: the JSON file.
        size: (height, width) of the page; boxes are cut to it.

    Raises:
        DataError: the annotation is damaged; the entity is named.
    """
    return form_truth(*read_annotation(path, size), size)


def read_annotation(path: Path, size: tuple[int, int]) -> tuple[list[Entity], list[Link]]:
    """The entities of a form in reading order and its links, as they are annotated.

    Raises:
        DataError: the annotation is damaged; the entity is named.
    """
    with damaged(path):
        form = list(read_json(path)["form"])
    found: dict[Any, Entity] = {}
    pairs: list[tuple[Any, Any]] = []
    for number, each in enumerate(form):
        with damaged(path, f"form[{number}]"):
            entity = _entity(each, size)
            if each["id"] in found:
                raise ValueError(f"the id {each['id']} is there twice")
            if entity is not None:
                found[each["id"]] = entity
            pairs += [(head, tail) for head, tail in each["linking"]]
    order = reading_order([entity.lines[0].box for entity in found.values()])
    ids = [list(found)[i] for i in order]
    numbers = {each: i for i, each in enumerate(ids)}
    with damaged(path, "linking"):
        links = [(numbers[a], numbers[b]) for a, b in pairs if a in numbers and b in numbers]
    return [found[each] for each in ids], sorted(links)


def form_truth(entities: Sequence[Entity], links: Sequence[Link], size: tuple[int, int]) -> Truth:
    """The truth of a form from entities in reading order and links as annotated."""
    sound = sound_links(entities, links)
    entities = _with_headers(entities, sound)
    tables, rest = find_tables(entities, sound_links(entities, sound))
    return Truth(
        size,
        "form",
        tuple(Paragraph(entity.lines) for entity in entities),
        tuple(entities),
        rest,
        tables,
    )


def _entity(given: dict[str, Any], size: tuple[int, int]) -> Entity | None:
    """An entity; None if it has no text."""
    if given["label"] not in KINDS:
        raise ValueError(f"label {given['label']!r} is none of {', '.join(KINDS)}")
    words = [(w["text"], within(w["box"], size)) for w in given["words"] if w["text"].strip()]
    return Entity(given["label"], _lines(words)) if words else None


def _lines(words: Sequence[_Word]) -> tuple[Line, ...]:
    """Words in lines: a new one begins to the left of the last word or below it.

    To the left is by more than a quarter of its width, below by three quarters of its height.
    """
    lines: list[list[_Word]] = [[words[0]]]
    for last, word in pairwise(words):
        (x0, y0, x1, y1), (left, top, _, bottom) = last[1], word[1]
        is_left = left < x0 - 0.25 * (x1 - x0)
        is_below = (top + bottom - y0 - y1) / 2 > 0.75 * (y1 - y0)
        if is_left or is_below:
            lines.append([])
        lines[-1].append(word)
    return tuple(line_of([part for text, box in line for part in words_in(text, box)])
                 for line in lines)  # fmt: skip


def _with_headers(entities: Sequence[Entity], links: Sequence[Link]) -> list[Entity]:
    """The entities; a question over two questions or more that has no answer is a header."""
    kinds = [[entities[tail].kind for head, tail in links if head == i]
             for i in range(len(entities))]  # fmt: skip
    over = [found.count("question") > 1 and not {"answer", "other"} & set(found) for found in kinds]
    return [
        Entity("header", each.lines) if above and each.kind == "question" else each
        for each, above in zip(entities, over, strict=True)
    ]
