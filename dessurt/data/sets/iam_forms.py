"""Forms of the IAM database: their handwriting as lines and words, and lists of them."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from dessurt.data.records import DataError
from dessurt.data.sets.files import damaged, open_page, read_json, read_lines, there
from dessurt.page import Page
from dessurt.page.plane import Box, union
from dessurt.truth import Line, Paragraph, Truth
from dessurt.truth.boxes import line_of, words_in
from dessurt.truth.crop import box_of_text, cropped

MARGIN = 40  # pixels of a page round its handwriting
LAYOUT = "forms/NAME.png and xmls/NAME.xml"
ENTITIES = "ne_annotations/iam/SPLIT_BY/iam_SPLIT_SPLIT_BY_CLASSES_all.txt"
# Names of splits: those of the original's files of lists, and of the annotations of entities.
LISTED, ANNOTATED = ("Coquenet", "standard"), ("rwth", "custom")
# Names that the lists of a split have where they are to be had.
_LISTS = {
    "train": ("train.uttlist", "train.txt", "tr.lst", "trainset.txt"),
    "valid": (
        "validation.uttlist", "valid.txt", "va.lst", "validationset1.txt", "validationset2.txt",
    ),
    "test": ("test.uttlist", "test.txt", "te.lst", "testset.txt"),
}  # fmt: skip


@dataclass(frozen=True)
class Written:
    """A word or punctuation mark as IAM counts them; `box` is None where nobody found it."""

    name: str
    text: str
    box: Box | None


@dataclass(frozen=True)
class WrittenLine:
    """A line of handwriting: its text, as a person reads it, and its words."""

    text: str
    words: tuple[Written, ...]


def listed_forms(folder: Path, splits: str, split: str) -> list[str]:
    """The names of a split's forms, each once, in the order of the lists.

    Args:
        folder: the folder of the data.
        splits: the lists to take; see `Iam`.
        split: "train", "valid" or "test".

    Raises:
        DataError: there is no such list, or it is empty.
    """
    there(folder / "forms", LAYOUT)
    if split not in _LISTS:
        raise DataError(f"there is no split {split!r}: take {', '.join(_LISTS)}.", folder)
    splits = f"iam_{splits}_splits.json" if splits in LISTED else splits
    if splits.endswith(".json"):
        path = there(folder / splits, f"{splits}, as the original has it in data_sets/")
        with damaged(path, split):
            names = [str(name) for name in read_json(path)[split]]
    elif splits in ANNOTATED:
        path = entities_file(folder, split, splits, 6)
        names = read_lines(path)
    else:
        path = folder / splits
        paths = [path / name for name in _LISTS[split] if (path / name).is_file()]
        if not paths:
            raise DataError(f"put a list there: {', '.join(_LISTS[split])}.", path)
        names = [line for each in paths for line in read_lines(each)]
    forms = list(dict.fromkeys(form_of(name.split()[0]) for name in names if name.strip()))
    if not forms:
        raise DataError(f"it names no form for {split!r}.", path)
    return forms


def entities_file(folder: Path, split: str, split_by: str, classes: int) -> Path:
    """The file with the named entities of a split.

    Raises:
        DataError: it is not there.
    """
    name = f"iam_{split}_{split_by}_{classes}_all.txt"
    return there(folder / "ne_annotations" / "iam" / split_by / name, ENTITIES)


def form_of(name: str) -> str:
    """The name of a form from its own or that of one of its lines or words: a01-000u-00-03."""
    return "-".join(name.split("-")[:2])


def open_form(folder: Path, name: str) -> tuple[Page, tuple[WrittenLine, ...], Path]:
    """The page of a form, its handwriting, and the file that tells it.

    Raises:
        DataError: a file is missing or damaged.
    """
    path = form_path(folder, name)
    return open_page(folder / "forms" / f"{name}.png"), read_form(path), path


def form_path(folder: Path, name: str) -> Path:
    """The file that tells the handwriting of a form."""
    place = "xmls" if (folder / "xmls").is_dir() else "xml"  # as the archive has it
    return folder / place / f"{name}.xml"


def open_block(folder: Path, name: str) -> tuple[Page, Truth, tuple[WrittenLine, ...], Path]:
    """A page cut to its handwriting, its truth (one paragraph), and as `open_form`.

    Raises:
        DataError: a file is missing or damaged.
    """
    page, lines, path = open_form(folder, name)
    with damaged(path):
        block = Paragraph(tuple(placed(line) for line in lines))
    truth = Truth(page.size, "handwriting", (block,))
    page, truth = cropped(page, truth, box_of_text(truth, MARGIN))
    return page, truth, lines, path


def read_form(path: Path) -> tuple[WrittenLine, ...]:
    """The lines of handwriting of a form.

    Raises:
        DataError: the file is missing or damaged.
    """
    if not path.is_file():
        raise DataError("the file is not there.", path)
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # or its encoding
        raise DataError(f"this is not XML ({error}): get it again.", path) from error
    with damaged(path):
        lines = tuple(
            WrittenLine(_text(line), tuple(_words(line)))
            for line in root.iterfind("handwritten-part/line")
        )
        if not lines:
            raise ValueError("there is no line in its handwritten-part")
        return lines


def _text(element: ElementTree.Element) -> str:
    """Its text; in these files some signs are escaped twice."""
    return " ".join(html.unescape(element.attrib["text"]).split())


def _words(line: ElementTree.Element) -> Iterator[Written]:
    for word in line.iterfind("word"):
        boxes = [_box(part) for part in word.iterfind("cmp")]
        yield Written(word.attrib["id"], _text(word), union(boxes) if boxes else None)


def _box(part: ElementTree.Element) -> Box:
    x, y, width, height = (float(part.attrib[name]) for name in ("x", "y", "width", "height"))
    if not (width > 0 and height > 0):
        raise ValueError("a cmp has no area")
    return x, y, x + width, y + height


def placed(line: WrittenLine) -> Line:
    """A line with the places of its characters, from the boxes of its words.

    Raises:
        ValueError: none of its words has a box.
    """
    boxes = [word.box for word in line.words if word.box is not None]
    if not boxes:
        raise ValueError(f"no word of the line {line.text!r} has a box")
    return line_of(_spread(line) or words_in(line.text, union(boxes)))


def _spread(line: WrittenLine) -> list[tuple[str, Box]]:
    """What stands between the spaces of a line; [] if its words are others or lack boxes.

    IAM's words are smaller: a full stop is one of its own.
    """
    rest: Sequence[Written] = line.words
    found = []
    for text in line.text.split():
        parts: list[Written] = []
        while rest and len("".join(part.text for part in parts)) < len(text):
            parts, rest = [*parts, rest[0]], rest[1:]
        boxes = [part.box for part in parts if part.box is not None]
        if "".join(part.text for part in parts) != text or not boxes:
            return []
        found.append((text, union(boxes)))
    return found
