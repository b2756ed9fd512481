"""The files that keep annotations: read with all that is wrong in them, written, shared out.

A folder has either of two layouts, as in the original's MyDataset:

    qa.json                        {"images/letter.png": [record, ...], ...}
    images/letter.png

    images/letter.png              and beside each image a list of its records:
    images/letter.json             [record, ...]

What is written is canonical: the same annotations are always the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath

from dessurt.data.annotations.annotation import Annotation, check_writable
from dessurt.data.records import DataError
from dessurt.whole_files import write_whole

QA_FILE = "qa.json"
IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".pdf")
LONGEST_TOLD = 300  # characters of a name, or a reason: both may quote what a file holds
MOST_ERRORS = 500  # that are told of one file
SPLITS = ("train", "valid", "test")
SHARES = (0.8, 0.1, 0.1)
FEW = 20  # pages: of fewer, a tenth to test on would be a page or none, from which nothing follows
Pages = dict[str, tuple[Annotation, ...]]  # by the image's path in the folder, with slashes


class Errors:
    """The first errors of many, and how many more there are: a file can hold millions."""

    def __init__(self, most: int) -> None:
        """So many are kept."""
        self.first: list[DataError] = []
        self.more = 0
        self._most = most

    def add(self, error: DataError) -> None:
        """Keep it, or only count it."""
        if len(self.first) < self._most:
            self.first.append(error)
        else:
            self.more += 1


def read_pages(folder: Path) -> tuple[Pages, list[DataError]]:
    """The annotations of a folder, in either layout, and what is wrong with the others.

    Whether the images are there is not looked at.
    """
    if (folder / QA_FILE).is_file():
        return parse(_content(folder / QA_FILE), folder / QA_FILE)
    pages, errors = Pages(), []
    for image in images_in(folder):
        beside = (folder / image).with_suffix(".json")
        if beside.is_file():
            read, wrong = parse(_content(beside), beside, image)
            pages |= read
            errors += wrong
    return pages, errors


def images_in(folder: Path) -> list[str]:
    """Paths of all images in a folder and those within, with slashes, sorted."""
    files = (file for file in folder.rglob("*") if file.suffix.lower() in IMAGES)
    return sorted(file.relative_to(folder).as_posix() for file in files if file.is_file())


def parse(
    content: bytes | DataError,
    path: Path | str,
    image: str = "",
    step: Callable[[int], None] = lambda count: None,
) -> tuple[Pages, list[DataError]]:
    """The annotations in one file's content, and what is wrong with the others.

    Args:
        content: the content of the file, or why there is none.
        path: the file, for messages.
        image: whose annotations they are: then it is a list, else an object by images.
        step: called with 1 before each record is read, and with 0 before those of an image;
            what it raises ends the reading.
    """
    if isinstance(content, DataError):
        return {}, [content]
    try:
        found = json.loads(content, parse_int=_whole)
    except json.JSONDecodeError as error:
        return {}, [DataError(f"this is no JSON ({error.msg}).", path, error.lineno)]
    except UnicodeDecodeError:
        return {}, [DataError("this is no JSON in UTF-8: save it in UTF-8.", path)]
    except RecursionError:
        told = "lists and objects lie too deep in one another: take out what is not needed."
        return {}, [DataError(told, path)]
    if image:
        found = {image: found}
    if not isinstance(found, dict):
        return {}, [DataError("it must be an object: image to list of records.", path)]
    pages, errors = Pages(), Errors(MOST_ERRORS)
    for name, records in found.items():
        step(0)
        if not isinstance(records, list) or not _is_inside(name):
            told = "an image within the folder must be given a list of records."
            errors.add(DataError(told, path, ascii(shortened(name))[1:-1]))
            continue
        good = []
        for number, record in enumerate(records, 1):
            step(1)
            try:
                good.append(Annotation.from_json(record))
            except DataError as error:
                where = f"{shortened(name)}, record {number}"
                errors.add(DataError(shortened(str(error)), path, where))
        if good:
            pages[name] = tuple(good)
    if errors.more:
        told = f"{errors.more:,} more errors like these were found: correct these first."
        return pages, [*errors.first, DataError(told, path)]
    return pages, errors.first


def shortened(text: str) -> str:
    """A text, or of a long one the beginning, for messages."""
    return text if len(text) <= LONGEST_TOLD else text[:LONGEST_TOLD] + "…"


def to_bytes(pages: Mapping[str, Iterable[Annotation]]) -> bytes:
    """The content of a qa.json: images sorted by name, one record a line."""
    entries = (f"{json.dumps(name, ensure_ascii=False)}: {_list(pages[name])}" for name in pages)
    return ("{\n" + ",\n".join(sorted(entries)) + "\n}\n").encode()


def write_qa(folder: Path, pages: Mapping[str, Iterable[Annotation]]) -> None:
    """Write the folder's qa.json."""
    write_whole(folder / QA_FILE, to_bytes(pages))


def split_pages(names: Iterable[str], seed: int = 0) -> dict[str, list[str]]:
    """Share pages out: about 80 % train, 10 % valid, 10 % test; few pages without a test part.

    Where a page goes depends on its name and the seed alone, so pages that are added later do not
    move the others. There are two exceptions. Of a handful of pages one may move, so that neither
    train nor valid stays empty; and once there are no longer few, some move from valid to test,
    but none from train.

    Args:
        names: the names of the pages; all questions about a page go where it goes.
        seed: another one gives another split.

    Returns:
        the sorted names of each split. Two pages are train and valid, one is train.
    """
    place = {name: _share(name, seed) for name in names}
    order = sorted(place, key=lambda name: (place[name], name))
    train = sum(share < SHARES[0] for share in place.values())
    valid = sum(share < SHARES[0] + SHARES[1] for share in place.values())
    if len(order) < FEW:
        train, valid = max(min(train, len(order) - 1), 1), len(order)
    else:
        train = min(max(train, 1), len(order) - 2)
        valid = min(max(valid, train + 1), len(order) - 1)
    parts = order[:train], order[train:valid], order[valid:]
    return {split: sorted(part) for split, part in zip(SPLITS, parts, strict=True)}


def _share(name: str, seed: int) -> float:
    """A number from 0 to 1, as if chosen at random."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:7]) / 2**56


def _list(annotations: Iterable[Annotation]) -> str:
    records = (json.dumps(each.to_json(), ensure_ascii=False) for each in annotations)
    return "[\n" + ",\n".join(records) + "\n]"


def _content(file: Path) -> bytes | DataError:
    try:
        return file.read_bytes()
    except OSError as error:
        return DataError(f"it cannot be read ({error.strerror}).", file)


def _whole(digits: str) -> float:
    """A number without a point; Python makes no int of very many digits, and they are no use."""
    try:
        return int(digits)
    except ValueError:
        return float(digits)  # infinite: the record is refused, and not the whole file


def _is_inside(name: str) -> bool:
    """Whether a name from a file can be one of a file in its folder."""
    path = PurePosixPath(name)
    try:
        check_writable(name)
    except DataError:
        return False
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\0" not in name
