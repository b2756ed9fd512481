"""What is to be read: files, folders and lists become sources, each with the questions about it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dessurt.page.marks import Marks
from dessurt.page.plane import Box
from dessurt.protocol import Request
from dessurt.tasks import split

# What is read of a folder; a file that is named is opened whatever it is called.
ENDINGS = frozenset(
    ".png .jpg .jpeg .tif .tiff .webp .bmp .gif .heic .heif .avif "
    ".jp2 .j2k .jpf .jpx .pdf".split()
)  # fmt: skip
READ_ALL = "read_block>"
COLUMNS = ("file", "page", "task", "text", "highlight")


class BatchError(ValueError):
    """A batch that cannot be read, or not go on; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Question:
    """What is asked of a page."""

    task: str = READ_ALL
    text: str = ""
    highlight: tuple[Box, ...] = ()  # page pixels
    name: str = ""  # what the answer is called in what is written

    @classmethod
    def of(cls, entry: Any) -> Question:
        """A question from an object of JSON with the keys above, of which only `task` must be.

        Raises:
            BatchError: it is not such an object.
        """
        try:
            task, rest = split(entry["task"])
            boxes = tuple(_box(box) for box in entry.get("highlight", ()))
            text, name = entry.get("text", "") or rest, entry.get("name", "")
            unknown = entry.keys() - {"task", "text", "highlight", "name"}
            if unknown or not isinstance(text, str) or not isinstance(name, str):
                raise ValueError(f"unknown: {', '.join(unknown)}" if unknown else "not a text")
            return cls(task, text, boxes, name)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BatchError(
                f"{json.dumps(entry)[:80]} is no question ({error}): give task and, as needed, "
                "text, highlight (a list of boxes) and name."
            ) from error

    def to_json(self) -> dict[str, Any]:
        """What `of` reads."""
        return asdict(self)

    @property
    def request(self) -> Request:
        """The question as an instrument takes it."""
        return Request(self.task, self.text, Marks.from_boxes(self.highlight))


@dataclass(frozen=True)
class Source:
    """A file that is read, and what is asked of its pages.

    Attributes:
        path: where it is, absolute.
        questions: those of each page, by its number from 1; those under None are asked of all.
    """

    path: Path
    questions: Mapping[int | None, tuple[Question, ...]]

    def pages(self, count: int) -> Iterator[tuple[int, tuple[Question, ...]]]:
        """The pages to be read of so many, and the questions about each.

        A page that is listed is there even if the file ends before it: opening it says so.
        """
        of_all = self.questions.get(None, ())
        listed = {number for number in self.questions if number is not None}
        for number in sorted({*range(1, count + 1), *listed} if of_all else listed):
            yield number, of_all + self.questions.get(number, ())

    @property
    def stamp(self) -> tuple[int, int]:
        """Size in bytes and time of the last change in nanoseconds; zeros where there is no file.

        What has another stamp than before has another content.
        """
        try:
            status = self.path.stat()
        except OSError:
            return 0, 0
        return status.st_size, status.st_mtime_ns


@dataclass
class Listing:
    """All that is to be read.

    Attributes:
        base: the folder below which all of it lies: names of results are as files lie in it.
        sources: the files, in the order in which they are read.
        skipped: what was passed over in folders: how many files of each foreign ending, and so on.
    """

    base: Path
    sources: list[Source] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    def name(self, source: Source) -> str:
        """What a source is called in reports, and below the folder of results."""
        return source.path.relative_to(self.base).as_posix()


def questions_of(path: Path) -> tuple[Question, ...]:
    """The questions in a JSON file, a list of objects.

    Raises:
        BatchError: it cannot be read, or is not such a list.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise BatchError(f"Cannot read the tasks in {path} ({error}).") from error
    if not isinstance(entries, list) or not entries:
        raise BatchError(f"{path} must hold a list of questions, each an object with a task.")
    return tuple(map(Question.of, entries))


def listing(
    paths: Iterable[str | Path], questions: Sequence[Question], out: Path
) -> Listing:
    """What files, folders and lists (`.csv`) hold.

    Args:
        paths: the files, folders and lists.
        questions: what is asked of every page, unless a list has a task for it.
        out: the folder of results, which is never read.

    Raises:
        BatchError: there is no such file, a list is faulty, or there is nothing to read.
    """
    asked: dict[Path, dict[int | None, tuple[Question, ...]]] = {}
    skipped: Counter[str] = Counter()
    roots = set[Path]()
    for path in (Path(os.path.abspath(each)) for each in paths):
        if path.is_dir():
            roots.add(path)
            for file in _files(path, Path(os.path.abspath(out)), skipped):
                asked.setdefault(file, {None: tuple(questions)})
        elif path.suffix.lower() == ".csv":
            for file, page, row in _rows(path):
                roots.add(file.parent)
                of_file = asked.setdefault(file, {})
                of_file[page] = of_file.get(page, ()) + (row or tuple(questions))
        elif path.exists():
            roots.add(path.parent)
            asked.setdefault(path, {None: tuple(questions)})
        else:
            raise BatchError(f"There is no file or folder {path}: check the path.")
    if not asked:
        raise BatchError(f"There is nothing to read here{_passed_over(skipped)}: name other files.")
    found = [Source(path, of_file) for path, of_file in asked.items()]
    return Listing(_common(roots), found, skipped)


def _passed_over(skipped: Mapping[str, int]) -> str:
    return f" but {', '.join(f'{n} {kind}' for kind, n in skipped.items())}" if skipped else ""


def _common(folders: Iterable[Path]) -> Path:
    try:
        return Path(os.path.commonpath(list(folders)))
    except ValueError:
        raise BatchError("These files lie on several drives: read those of each alone.") from None


def _files(folder: Path, out: Path, skipped: Counter[str]) -> Iterator[Path]:
    """The pages below a folder as a person would sort them: 2.png comes before 10.png."""

    def unreadable(_: OSError) -> None:
        skipped["folders that cannot be opened"] += 1

    for place, folders, files in os.walk(folder, onerror=unreadable):
        visible = [name for name in folders if not name.startswith(".")]
        if hidden := len(folders) - len(visible):
            skipped["hidden"] += hidden
        folders[:] = sorted((n for n in visible if Path(place, n) != out), key=_natural)
        for name in sorted(files, key=_natural):
            ending = Path(name).suffix.lower()
            if name.startswith("."):
                skipped["hidden"] += 1
            elif ending not in ENDINGS:
                skipped[ending or "without an ending"] += 1
            else:
                yield Path(place, name)


def _natural(name: str) -> list[str | int]:
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name.lower())]


def _rows(path: Path) -> Iterator[tuple[Path, int | None, tuple[Question, ...]]]:
    """The rows of a list: a file, the number of a page or None for all, and its question if any.

    Raises:
        BatchError: it cannot be read, has no column `file`, or a row is faulty.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise BatchError(f"Cannot read the list {path} ({error}).") from error
    mark = max(",;\t", key=text.partition("\n")[0].count)  # as other countries' programs save it
    table = csv.DictReader(io.StringIO(text), delimiter=mark)
    columns = table.fieldnames or ()
    if "file" not in columns or (unknown := set(columns) - set(COLUMNS)):
        wrong = f"the column {unknown.pop()}" if "file" in columns else "no column file"
        raise BatchError(f"{path.name} has {wrong}: name its columns {', '.join(COLUMNS)}.")
    for row in table:
        yield _row(path, {key: value or "" for key, value in row.items()}, table.line_num)


def _row(
    path: Path, row: Mapping[str, str], number: int
) -> tuple[Path, int | None, tuple[Question, ...]]:
    try:
        page = int(row["page"]) if row.get("page") else None
        boxes = [box.split(",") for box in row.get("highlight", "").split(";") if box.strip()]
        if not row["file"] or (page is not None and page < 1):
            raise ValueError("a row has a file, and pages count from 1")
        entry = {"task": row.get("task"), "text": row.get("text", ""), "highlight": boxes}
        question = (Question.of(entry),) if entry["task"] else ()
    except ValueError as error:
        raise BatchError(f"{path.name}, line {number}: {error}") from error
    return Path(os.path.abspath(path.parent / row["file"])), page, question


def _box(numbers: Sequence[Any]) -> Box:
    x0, y0, x1, y1 = (float(number) for number in numbers)
    return x0, y0, x1, y1
