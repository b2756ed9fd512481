"""The plan of a run: which pages are still to be read, and which files then to be exported."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from dessurt.batch import export
from dessurt.batch.folder import Folder
from dessurt.batch.listing import Listing, Question, Source
from dessurt.batch.reading import Record
from dessurt.page import Page, PageError

FRESH = 10.0  # seconds; what cannot be read and was changed so lately may not be complete yet
UNSTEADY = "It was changed while it was read: give the same command again once it is complete."


@dataclass(frozen=True)
class Task:
    """What a worker does at once: read a page, or export a file.

    Attributes:
        name: what the file is called in results.
        path: where it is.
        stamp: of the file when this was planned, see `Source.stamp`.
        pages: how many the file has; 0 if a list names the pages to be read.
        page: the number of the page to read, from 1; None: export the file.
        questions: what is asked of the page.
        numbers: the pages that go into an export.
    """

    name: str
    path: str
    stamp: tuple[int, int]
    pages: int
    page: int | None = None
    questions: tuple[Question, ...] = ()
    numbers: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What `of` reads."""
        return asdict(self)

    @classmethod
    def of(cls, entries: Mapping[str, Any]) -> Task:
        """A task from what `to_json` has made."""
        changed = {
            "stamp": tuple(entries["stamp"]),
            "questions": tuple(map(Question.of, entries["questions"])),
            "numbers": tuple(entries["numbers"]),
        }
        return cls(**{**entries, **changed})

    def is_done(self, folder: Folder) -> bool:
        """Whether its page has been read."""
        record = Record.stored(folder.record(self.name, self.page)) if self.page else None
        return bool(record and record.answers_to(self.stamp, self.questions))

    def is_stale(self) -> bool:
        """Whether the file has been changed since this was planned."""
        return Source(Path(self.path), {}).stamp != self.stamp


@dataclass(frozen=True)
class Result:
    """What became of a task.

    Attributes:
        state: "done", "failed", "unreadable" (the file cannot be read), "changed" (it is not what
            it was when the task was planned) or "fatal" (there is no sense in doing others).
        why: a sentence, if it is not done.
    """

    state: str
    why: str = ""


@dataclass
class _File:
    """A file of which pages are being read."""

    source: Source
    pages: int = 0
    read: list[int] = field(default_factory=list)  # the numbers of the pages that have a record
    left: int = 0  # pages that somebody is to read
    planned: bool = False  # whether all its pages were counted in


class Plan:
    """What is left to do; at most a few files are remembered at a time."""

    def __init__(self, listing: Listing, folder: Folder, formats: Sequence[str]) -> None:
        """Plan nothing yet.

        Args:
            listing: what is to be read.
            folder: where records lie.
            formats: names of `export.FORMATS`, as which each file is exported once it is read.
        """
        self.listing, self.folder, self.formats = listing, folder, formats
        self.put_off: dict[str, Source] = {}  # files that somebody is still writing, for later
        self.planned_files = self.planned_pages = 0
        self._files: dict[str, _File] = {}
        self._last_round = False

    def rounds(self) -> Iterator[Sequence[Source]]:
        """What to make `items` of: all files; and once these are done with, those put off."""
        yield self.listing.sources
        later, self.put_off, self._last_round = self.put_off, {}, True
        yield list(later.values())

    def items(self, sources: Iterable[Source]) -> Iterator[Task | Record]:
        """Tasks, and records of pages that need none: read before, or of a file without pages."""
        for source in sources:
            name = self.listing.name(source)
            self._files[name] = _File(source)
            yield from self._pages(name, self._files[name])
            self._files[name].planned = True
            self.planned_files += not self._last_round
            yield from self._export(name)

    def settle(self, task: Task, result: Result) -> Iterator[Task | Record]:
        """What follows from the result of a task: a record, and an export once a file is read."""
        file = self._files.get(task.name)
        if task.page is None or file is None:  # an export
            if result.state in ("failed", "unreadable"):
                yield Record(task.name, None, error=result.why)
            return
        file.left -= 1
        if result.state == "done":
            file.read.append(task.page)
            record = Record.stored(self.folder.record(task.name, task.page))
            lost = Record(task.name, task.page, error=UNSTEADY)
            yield replace(record, before=False) if record else lost
        elif not self._is_put_off(task.name, file.source, result.state):
            yield Record(task.name, task.page, task.pages, error=result.why or UNSTEADY)
        yield from self._export(task.name)

    def _pages(self, name: str, file: _File) -> Iterator[Task | Record]:
        source, stamp = file.source, file.source.stamp
        try:
            count = self._count(name, source, stamp)
        except PageError as error:
            state = "unreadable" if source.stamp == stamp else "changed"
            if not self._is_put_off(name, source, state):
                yield Record(name, None, stamp=stamp, error=str(error))
            return
        file.pages = count
        for number, questions in source.pages(count):
            self.planned_pages += not self._last_round
            record = Record.stored(self.folder.record(name, number))
            if record and record.answers_to(stamp, questions):
                file.read.append(number)
                if not self._last_round:  # then it was seen in the first
                    yield record
            else:
                file.left += 1
                yield Task(name, str(source.path), stamp, count, number, questions)

    def _count(self, name: str, source: Source, stamp: tuple[int, int]) -> int:
        """How many pages a file has; 0 if it does not matter.

        Raises:
            PageError: it cannot be read.
        """
        if None not in source.questions:
            return 0
        first = Record.stored(self.folder.record(name, 1))
        return first.pages if first and first.stamp == stamp else Page.count(source.path)

    def _is_put_off(self, name: str, source: Source, state: str) -> bool:
        """Put a file off until the others are read, if somebody may still be writing it."""
        fresh = state == "unreadable" and time.time() - source.stamp[1] / 1e9 < FRESH
        if self._last_round or not (fresh or state == "changed"):
            return False
        self.put_off[name] = source
        return True

    def _export(self, name: str) -> Iterator[Task]:
        """The export of a file of which the last page was read, unless it has been written."""
        file = self._files[name]
        if not file.planned or file.left:
            return
        del self._files[name]
        numbers, put_off = tuple(sorted(file.read)), name in self.put_off
        if numbers and not put_off and export.lacks(
            self.folder, name, file.pages, numbers, self.formats
        ):
            path, stamp = str(file.source.path), file.source.stamp
            yield Task(name, path, stamp, file.pages, numbers=numbers)
