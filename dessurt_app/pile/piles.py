"""Piles: the files that a person has dropped together, and what was read of their pages.

A pile has an id that nobody can guess, which the browser keeps for its tab. Which files it has is
known in memory; what was read of a page lies in the pile's folder, in a file for each page. Both go
when the pile has not been used for a day, or when there is no room for it any more.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from dessurt.page import Page, PageError
from dessurt.whole_files import write_whole
from dessurt_app import strings
from dessurt_app.canvas.files import CanvasError, served_file
from dessurt_app.doors import UPLOADS_OF_ALL, UPLOADS_OF_ONE

MOST_FILES, MOST_PAGES = 5000, 20_000  # of a pile on one's own machine
MOST_FILES_SHARED, MOST_PAGES_SHARED = 300, 1000  # of one where others reach the app
MOST_PILES = 1000  # a page that is opened alone has one, too
# Bytes of what was read and exported of all piles; then the one unused for longest goes.
MOST_STORED = 2 * 2**30
LONGEST_UNUSED = 24 * 3600  # seconds
LONGEST_NAME = 240  # characters

Place = tuple[int, int]  # the number of a file in the pile, and of a page in it, from 0
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')  # in names of files, somewhere


class PileError(CanvasError):
    """What cannot be done with a pile; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Limits:
    """How much a pile may have."""

    files: int
    pages: int
    upload: int  # bytes, of all its files


LIMITS_ALONE = Limits(MOST_FILES, MOST_PAGES, UPLOADS_OF_ALL)
LIMITS_SHARED = Limits(MOST_FILES_SHARED, MOST_PAGES_SHARED, UPLOADS_OF_ONE)


@dataclass(frozen=True)
class PileFile:
    """A file of a pile; one that cannot be opened has no pages, but a sentence that says why."""

    name: str  # with the folders in which it was dropped
    path: Path  # on the server
    pages: int = 0
    error: str = ""


@dataclass(frozen=True)
class Change:
    """What became of a page: it is "read", "failed" or "corrected"."""

    place: Place
    state: str
    error: str = ""  # a sentence, if it failed


class Pile:
    """One pile; it may be used from several threads."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        """No files yet.

        Args:
            folder: where it keeps what was read; its name is the pile's id.
            limits: how much it may have.
        """
        self.id, self.folder, self.limits = folder.name, folder, limits
        self.files: list[PileFile] = []
        self.changes: list[Change] = []  # as they came about
        self.stored = 0  # bytes, of what was read and of the last export
        self.expects = False  # whether the browser is sending further files
        self.used = time.monotonic()
        self.reader: threading.Event | None = None  # that of whoever reads it; set: shall stop
        self.exported: tuple[int, int] | None = None  # files of how many, while they are written
        self._states: dict[Place, Change] = {}
        self._export = 0  # bytes, of the last export
        self._lock = threading.Lock()

    # ---- its files ----------------------------------------------------------------------------

    def add(self, name: str, path: object) -> None:
        """Take in one more uploaded file, whether it can be opened or not.

        Raises:
            PileError: there are too many already.
        """
        if len(self.files) >= self.limits.files:
            raise PileError(strings.PILE_FULL.format(files=self.limits.files))
        file = _opened(name, path)
        with self._lock:
            room = self.limits.pages - self.count
            if file.pages > room:
                error = strings.PILE_TOO_LONG.format(pages=file.pages, most=self.limits.pages)
                file = PileFile(file.name, file.path, error=error)
            self.files.append(file)

    @property
    def count(self) -> int:
        """How many pages all files have together."""
        return sum(file.pages for file in self.files)

    def places(self) -> Iterator[Place]:
        """All its pages, in order."""
        for number, file in enumerate(list(self.files)):
            yield from ((number, page) for page in range(file.pages))

    def file_of(self, place: Place) -> PileFile:
        """The file that a page is in.

        Raises:
            PileError: there is no such page.
        """
        number, page = place
        if not (0 <= number < len(self.files) and 0 <= page < self.files[number].pages):
            raise PileError(strings.PILE_NO_PAGE)
        return self.files[number]

    # ---- who reads it -------------------------------------------------------------------------

    def take_over(self) -> threading.Event:
        """Be the one who reads it: whoever did so stops. The event is set when one shall stop."""
        with self._lock:
            if self.reader:
                self.reader.set()
            self.reader = threading.Event()
            return self.reader

    def leave(self, reader: threading.Event) -> None:
        """Be it no longer."""
        with self._lock:
            if self.reader is reader:
                self.reader = None

    # ---- what was read of its pages -----------------------------------------------------------

    def next_unread(self) -> Place | None:
        """The first page of which nothing is known yet."""
        return next((place for place in self.places() if place not in self._states), None)

    @property
    def settled(self) -> int:
        """Of how many pages it is known what became of them."""
        return len(self._states)

    def state(self, place: Place) -> str:
        """What became of a page, as in `Change`; "" if nothing did yet."""
        return self._states[place].state if place in self._states else ""

    def keep(self, place: Place, record: dict[str, Any], state: str = "read") -> None:
        """Write down what was read of a page, in the place of what was there before.

        Without a state, it still counts as not read.

        Raises:
            OSError: there is no room for it.
        """
        self.file_of(place)
        path, content = self._path(place), json.dumps(record).encode()
        with self._lock:
            before = path.stat().st_size if path.exists() else 0
            write_whole(path, content)
            self.stored += len(content) - before
        if state:
            self._note(Change(place, state))

    def fail(self, place: Place, sentence: str) -> None:
        """Note that a page could not be read."""
        self._note(Change(place, "failed", sentence))

    def retry(self) -> None:
        """Forget which pages could not be read, so that they are tried again."""
        with self._lock:
            for place in [each for each, change in self._states.items() if change.error]:
                del self._states[place]
                self.changes.append(Change(place, ""))

    def record(self, place: Place) -> dict[str, Any] | None:
        """What was read of a page, if anything was."""
        self.file_of(place)
        try:
            record: dict[str, Any] = json.loads(self._path(place).read_bytes())
        except FileNotFoundError:
            return None
        return record

    def note_export(self, size: int) -> None:
        """Count the bytes of an export that has taken the place of the last one."""
        with self._lock:
            self.stored += size - self._export
            self._export = size

    def _path(self, place: Place) -> Path:
        return self.folder / "pages" / f"{place[0]}-{place[1]}.json"

    def _note(self, change: Change) -> None:
        with self._lock:
            self._states[change.place] = change
            self.changes.append(change)


def _opened(name: str, path: object) -> PileFile:
    name, file = fit_name(name), Path()
    try:
        file = served_file(path)
        return PileFile(name, file, Page.count(file))
    except (CanvasError, PageError) as error:
        return PileFile(name, file, error=str(error))


def fit_name(name: str) -> str:
    """A name that a file can have anywhere, below a folder and nowhere else."""
    parts = (_UNFIT.sub("_", part).strip(" .") for part in re.split(r"[/\\]", name))
    return "/".join(part for part in parts if part)[-LONGEST_NAME:].lstrip("/ .") or "page"


class Piles:
    """All piles of an app."""

    def __init__(self, limits: Limits = LIMITS_SHARED) -> None:
        """No pile yet; each may have so much."""
        self.limits = limits
        self._piles: OrderedDict[str, Pile] = OrderedDict()  # that used last at the end
        self._lock = threading.Lock()

    def begin(self) -> Pile:
        """A new pile without files."""
        pile = Pile(Path(get_upload_folder()) / "piles" / secrets.token_hex(16), self.limits)
        with self._lock:
            self._piles[pile.id] = pile
            self._make_room()
        return pile

    def of(self, name: object) -> Pile:
        """The pile with this id.

        Raises:
            PileError: there is none, or none any more.
        """
        with self._lock:
            pile = self._piles.get(name) if isinstance(name, str) else None
            if pile is None:
                raise PileError(strings.PILE_GONE)
            pile.used = time.monotonic()
            self._piles.move_to_end(pile.id)
            self._make_room()
            return pile

    def end(self, name: object) -> None:
        """Delete a pile, if there is one with this id, and all that was read of it."""
        with self._lock:
            if isinstance(name, str) and name in self._piles:
                self._delete(name)

    def _make_room(self) -> None:
        """Delete what is too old or too much; the pile used last always stays."""
        for pile in list(self._piles.values())[:-1]:
            stored = sum(each.stored for each in self._piles.values())
            too_old = time.monotonic() - pile.used > LONGEST_UNUSED
            if too_old or len(self._piles) > MOST_PILES or stored > MOST_STORED:
                self._delete(pile.id)

    def _delete(self, name: str) -> None:
        pile = self._piles.pop(name)
        if pile.reader:
            pile.reader.set()
        shutil.rmtree(pile.folder, ignore_errors=True)
