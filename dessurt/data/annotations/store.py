"""The store: a folder of annotated pages that the app adds to, reviews and exports.

Layout: qa.json and images/, as in `dessurt.data.annotations.files`, so that it is a data set as it
stands. Every change writes qa.json whole and at once; several processes may use one store.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock

from dessurt.data.annotations.annotation import Annotation
from dessurt.data.annotations.files import (
    QA_FILE,
    Pages,
    read_pages,
    write_qa,
)
from dessurt.data.annotations.page_files import PageFile, page_file
from dessurt.data.records import DataError
from dessurt.whole_files import write_partial, write_whole

IMAGES = "images"
LOCK = ".lock"
MOST_UNDONE = 100  # changes that can be taken back
_Stamp = tuple[int, int, int]  # of a file that is always written anew: another one, another time


@dataclass(frozen=True)
class Row:
    """An annotation with its place in the store."""

    id: str  # stays the same while page, question and marks do
    image: str  # path of the page's image in the store
    annotation: Annotation

    @property
    def version(self) -> str:
        """Another one after every change of the annotation."""
        return hashlib.blake2b(_content(self.annotation).encode(), digest_size=8).hexdigest()


class ChangedError(DataError):
    """Somebody changed a row since it was seen."""

    def __init__(self) -> None:
        super().__init__("this answer was changed meanwhile: look at it again.")


@dataclass(frozen=True)
class Change:
    """What was done to the store.

    Attributes:
        number: the number by which it can be undone; 0: nothing was done.
        kept: there was an answer that a person stands for, and it was left as it is.
        added: how many annotations are new.
        there: how many of those to be added were there already, just the same.
        replaced: another answer that a person stood for and that is there no more.
    """

    number: int
    kept: bool = False
    added: int = 0
    there: int = 0
    replaced: str | None = None


@dataclass(frozen=True)
class _Edit:
    image: str
    before: Annotation | None  # None: there was none
    after: Annotation


@dataclass
class _Arrival:
    """A page from elsewhere that is to be added."""

    image: str  # its path in the store
    partial: Path  # where its image is until then
    annotations: dict[str, Annotation] = field(default_factory=dict)  # by their contents
    count: int = 0  # of annotations, those that come twice counted twice


class Store:
    """The annotations in one folder, which need not be there yet.

    Whatever reads or writes raises DataError if qa.json is damaged, until somebody mends that.
    """

    def __init__(self, folder: Path) -> None:
        """Nothing is read or written yet."""
        self.folder, self.name = folder, folder.name
        self._pages: Pages = {}
        self._rows: dict[str, Row] = {}
        self._images: dict[str | None, str] = {}  # by the sha256 of what is in them
        self._stamp: _Stamp | None = None  # of the qa.json that was read
        self._lock = threading.RLock()
        self._changes: dict[int, list[_Edit]] = {}
        # Of the last change; begun so that no number of a process that has ended counts again.
        self._last = time.time_ns() // 1_000_000

    @property
    def pages(self) -> Pages:
        """All annotations by the paths of their images."""
        with self._lock:
            self._refresh()
            return dict(self._pages)

    @property
    def rows(self) -> list[Row]:
        """All annotations, page by page."""
        with self._lock:
            self._refresh()
            return list(self._rows.values())

    def row(self, wanted: str) -> Row:
        """The row of this id.

        Raises:
            DataError: there is none any more.
        """
        with self._lock:
            self._refresh()
            if wanted not in self._rows:
                raise DataError("this answer is not there any more: look at the list again.")
            return self._rows[wanted]

    def save(self, file: Path, number: int, annotation: Annotation) -> Change:
        """Keep an answer with its page; for a question that is there, in place of its answer.

        Of an answer that a person stands for, only what the model says about it is renewed, unless
        a person stands for the new one, too.

        Args:
            file: the page's image or PDF, which is copied once however often it is asked about.
            number: the number of the page in the file.
            annotation: the annotation; page, size and sha256 are filled in here.

        Raises:
            PageError: the file is no page.
        """
        picture = page_file(file, number)
        with self._changing() as pages:
            image, new = self._keep(picture), _filled(annotation, picture)
            same = [each for each in pages.get(image, ()) if _key(each) == _key(new)]
            if not same:
                return replace(self._commit(pages, [_Edit(image, None, new)]), added=1)
            before, kept = same[-1], same[-1].trusted and not new.trusted
            model = {key: getattr(new, key) for key in ("model_answer", "confidence", "checkpoint")}
            after = replace(before, **model) if kept else replace(new, extra=before.extra)
            lost = before.trusted and before.answers != after.answers
            return replace(
                self._commit(pages, [_Edit(image, before, after)]),
                kept=kept,
                replaced=before.answers[0] if lost else None,
            )

    def accept(self, wanted: str, by: str, at: str, seen: str | None = None) -> Change:
        """Stand for the answer of a row as it is.

        Args:
            wanted: the id of the row.
            by: name of the person.
            at: when.
            seen: the version that the person saw; None: whichever is there.

        Raises:
            ChangedError: another version is there.
            DataError: the row is not there any more.
        """

        def accepted(old: Annotation) -> Annotation:
            changed = old.model_answer not in (None, old.answers[0])
            return replace(old, state="corrected" if changed else "accepted", by=by, at=at)

        return self._review(wanted, accepted, seen)

    def skip(self, wanted: str, by: str, at: str, seen: str | None = None) -> Change:
        """Leave a row out of training; as `accept`."""
        return self._review(wanted, lambda old: replace(old, state="skipped", by=by, at=at), seen)

    def correct(
        self, wanted: str, answers: tuple[str, ...], by: str, at: str, seen: str | None = None
    ) -> Change:
        """Give a row another answer, or several right ones; as `accept`."""

        def corrected(old: Annotation) -> Annotation:
            state = "accepted" if answers == (old.model_answer,) else "corrected"
            return replace(old, answers=answers, state=state, by=by, at=at)

        return self._review(wanted, corrected, seen)

    def add(self, arriving: Iterable[tuple[PageFile, Iterable[Annotation]]]) -> Change:
        """Add annotations from elsewhere, those of one page at a time; what is there stays.

        Nothing is added if `arriving` raises an error.
        """
        arrivals: dict[str, _Arrival] = {}  # by the sha256 of their images
        try:
            for picture, annotations in arriving:  # may take long; others save and review
                if picture.sha256 not in arrivals:
                    image = f"{IMAGES}/{picture.name}"
                    # Also if it is there already: it may be gone by the end.
                    partial = write_partial(self.folder / image, picture.content)
                    arrivals[picture.sha256] = _Arrival(image, partial)
                arrival = arrivals[picture.sha256]
                for each in annotations:
                    filled = _filled(each, picture)
                    arrival.annotations.setdefault(_content(filled), filled)
                    arrival.count += 1
            with self._changing() as pages:
                edits, there = [], 0
                for sha256, arrival in arrivals.items():
                    image = self._images.get(sha256, arrival.image)
                    known = {_content(each) for each in pages.get(image, ())}
                    new = [each for key, each in arrival.annotations.items() if key not in known]
                    edits += [_Edit(image, None, each) for each in new]
                    there += arrival.count - len(new)
                    if arrival.annotations and not (self.folder / image).exists():
                        arrival.partial.replace(self.folder / image)
                return replace(self._commit(pages, edits), added=len(edits), there=there)
        finally:
            for arrival in arrivals.values():
                arrival.partial.unlink(missing_ok=True)

    def undo(self, number: int) -> bool:
        """Take a change back, where nothing was changed since; False: there was nothing to do.

        An image that nobody asks about any more goes with it.
        """
        with self._changing() as pages:
            edits, done = self._changes.pop(number, []), False
            changed: dict[str, list[Annotation | None]] = {
                edit.image: [*pages.get(edit.image, ())] for edit in edits
            }
            places = {image: _places(pages.get(image, ())) for image in changed}
            for edit in reversed(edits):
                found = changed[edit.image]
                for place in reversed(places[edit.image][_sign(edit.after)]):  # the latest first
                    if found[place] == edit.after:
                        found[place], done = edit.before, True
                        break
            for image, found in changed.items():
                pages[image] = tuple(each for each in found if each is not None)
            if done:
                self._write({image: rest for image, rest in pages.items() if rest})
            for image in pages.keys() - self._pages.keys():
                (self.folder / image).unlink(missing_ok=True)
            return done

    # ---- within -------------------------------------------------------------------------------

    def _review(
        self, wanted: str, changed: Callable[[Annotation], Annotation], seen: str | None
    ) -> Change:
        with self._changing() as pages:
            row = self.row(wanted)
            if seen not in (None, row.version):
                raise ChangedError
            return self._commit(
                pages, [_Edit(row.image, row.annotation, changed(row.annotation))]
            )

    @contextmanager
    def _changing(self) -> Iterator[Pages]:
        """The annotations, which nobody else changes meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock, FileLock(self.folder / LOCK):
            self._refresh()
            yield dict(self._pages)

    def _refresh(self) -> None:
        """Read qa.json again if it was written since."""
        if self._written() == self._stamp:
            return
        stamp = self._written()
        pages, damaged = read_pages(self.folder) if stamp else ({}, [])
        if damaged:
            raise DataError(f"{damaged[0]} Mend this, or move the file away, to go on.")
        self._take(pages, stamp)

    def _written(self) -> _Stamp | None:
        try:
            found = (self.folder / QA_FILE).stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _take(self, pages: Pages, stamp: _Stamp | None) -> None:
        self._pages, self._stamp = pages, stamp
        self._rows = {row.id: row for image in sorted(pages) for row in _rows(image, pages[image])}
        self._images = {rest[0].sha256: image for image, rest in pages.items() if rest}

    def _commit(self, pages: Pages, edits: list[_Edit]) -> Change:
        if not edits:
            return Change(0)
        changed = {edit.image: list(pages.get(edit.image, ())) for edit in edits}
        for edit in edits:
            found = changed[edit.image]
            place = None if edit.before is None else _last_place(found, edit.before)
            place = len(found) if place is None else place
            found[place : place + 1] = [edit.after]
        self._write(pages | {image: tuple(found) for image, found in changed.items()})
        self._last += 1
        self._changes[self._last] = edits
        self._changes.pop(self._last - MOST_UNDONE, None)
        return Change(self._last)

    def _write(self, pages: Pages) -> None:
        write_qa(self.folder, pages)
        self._take(pages, self._written())

    def _keep(self, picture: PageFile) -> str:
        """The path of a page's image in the store, where it is from now on."""
        image = self._images.get(picture.sha256, f"{IMAGES}/{picture.name}")
        if not (self.folder / image).exists():
            write_whole(self.folder / image, picture.content)
        return image


def _filled(annotation: Annotation, picture: PageFile) -> Annotation:
    return replace(annotation, page=0, size=picture.size, sha256=picture.sha256)


def _key(annotation: Annotation) -> str:
    """The same for the same question about the same place of a page."""
    return json.dumps([annotation.question, annotation.marks.to_json()])


def _rows(image: str, annotations: Iterable[Annotation]) -> Iterator[Row]:
    seen: Counter[str] = Counter()  # nothing forbids the same question twice
    for annotation in annotations:
        key = f"{image} {_key(annotation)}"
        seen[key] += 1
        stamp = hashlib.blake2b(f"{seen[key]} {key}".encode(), digest_size=8)
        yield Row(stamp.hexdigest(), image, annotation)


def _content(annotation: Annotation) -> str:
    """The same for two annotations that are."""
    return json.dumps(annotation.to_json(), sort_keys=True)


def _sign(annotation: Annotation) -> tuple[Hashable, ...]:
    """What tells most annotations apart."""
    return annotation.question, annotation.answers, annotation.marks


def _places(annotations: Iterable[Annotation]) -> dict[tuple[Hashable, ...], list[int]]:
    """Where the annotations are, by their signs: to look for many of them."""
    places = defaultdict(list)
    for place, each in enumerate(annotations):
        places[_sign(each)].append(place)
    return places


def _last_place(found: list[Annotation], wanted: Annotation) -> int | None:
    """Where it is, looked for from the end, where the latest are; None if it is gone."""
    places = reversed(range(len(found)))
    return next((place for place in places if found[place] == wanted), None)
