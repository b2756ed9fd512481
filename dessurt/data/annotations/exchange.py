"""Export and import of a store: zip files or folders, in our layout and in the original's."""

from __future__ import annotations

import tempfile
import threading
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import IO

from dessurt.data.annotations.annotation import Annotation
from dessurt.data.annotations.files import (
    IMAGES,
    QA_FILE,
    Errors,
    Pages,
    parse,
    shortened,
    split_pages,
    to_bytes,
)
from dessurt.data.annotations.page_files import PageFile, page_file
from dessurt.data.annotations.store import Change, Store
from dessurt.data.records import DataError
from dessurt.page import PageError
from dessurt.page.marks import MarksError

LARGEST_FILE = 256 * 1024**2  # bytes, unpacked
LARGEST_JSON = 64 * 1024**2  # bytes; parsed it takes up to thirty times as much memory
MOST_LISTS = 4_000_000  # and objects in a JSON file: each takes memory even if it is empty
MOST_RECORDS = 1_000_000  # of one import
MOST_ERRORS = 5_000  # that are told of one import
MOST_FILES = 100_000
NO_ANSWERS = (
    "there are no answers in these files, neither a qa.json nor a NAME.json: choose qa.json "
    "together with its images."
)
_MIDNIGHT = (1980, 1, 1, 0, 0, 0)  # a zip file that holds the same is the same


@dataclass(frozen=True)
class Imported:
    """What came of an import."""

    change: Change
    errors: tuple[DataError, ...] = ()  # what was not imported, and why


def export(store: Store, target: Path, seed: int = 0, trusted_only: bool = False) -> int:
    """Write a zip file with train/, valid/ and test/, each a qa.json and its images/.

    The same annotations and seed give the same bytes.

    Args:
        store: what to export.
        target: the zip file.
        seed: the seed of the split by pages.
        trusted_only: leave out what is new or skipped.

    Returns:
        how many annotations were written.

    Raises:
        DataError: an image is gone.
    """
    pages = {
        image: tuple(each for each in given if each.trusted or not trusted_only)
        for image, given in store.pages.items()
    }
    pages = {image: given for image, given in pages.items() if given}
    with zipfile.ZipFile(target, "w") as archive:
        for split, images in split_pages(pages, seed).items():
            if not images:
                continue
            part = to_bytes({image: pages[image] for image in images})
            archive.writestr(zipfile.ZipInfo(f"{split}/{QA_FILE}", _MIDNIGHT), part)
            for image in images:
                try:
                    content = (store.folder / image).read_bytes()
                except OSError as error:
                    raise DataError(f"it cannot be read ({error.strerror}).", image) from error
                archive.writestr(zipfile.ZipInfo(f"{split}/{image}", _MIDNIGHT), content)
    return sum(map(len, pages.values()))


Files = Mapping[str, Callable[[], IO[bytes]]]  # by their paths, with slashes


class StoppedError(Exception):
    """The import was stopped by a person."""


class ImportProgress:
    """How far an import is; another thread may look at it, and stop the import."""

    def __init__(self) -> None:
        """It has not begun."""
        # "reading": what the files say; "adding": pages and what is asked about them;
        # "writing": all at once, which is not stopped any more.
        self.stage = "reading"
        self.done, self.of = 0, 0  # annotations; of 0: nobody knows yet how many there are
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End the import, unless it is writing already."""
        self._stopping.set()

    def begin(self, stage: str, of: int = 0) -> None:
        """Tell what is done from now on.

        Raises:
            StoppedError: it is to end.
        """
        self._check()
        self.done, self.of, self.stage = 0, of, stage

    def step(self, count: int = 1) -> None:
        """Tell that so many more annotations are done, with 0 only that it goes on; as `begin`."""
        self._check()
        self.done += count

    def _check(self) -> None:
        if self._stopping.is_set():
            raise StoppedError


def import_zip(store: Store, path: Path, progress: ImportProgress | None = None) -> Imported:
    """Add what is in a zip file; as `import_files`."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [info for info in archive.infolist() if not info.is_dir()]
            if len(inside) > MOST_FILES:
                raise DataError(f"it holds more than {MOST_FILES:,} files: import parts of it.")
            files = {info.filename: lambda info=info: archive.open(info) for info in inside}
            return import_files(store, files, progress)
    except (zipfile.BadZipFile, DataError, OSError) as error:
        told = "it is not a zip file, or it is damaged: make it again."
        told = str(error) if isinstance(error, DataError) else told
        return Imported(Change(0), (DataError(told, path.name),))


def import_files(store: Store, files: Files, progress: ImportProgress | None = None) -> Imported:
    """Add what is in some files: each qa.json, and each NAME.json beside an image.

    Nothing that is in the store is changed.

    Args:
        store: the store that it is added to.
        files: what there is.
        progress: how far it is, which is kept up to date.

    Raises:
        DataError: there are too many records, and nothing is added.
        StoppedError: it was stopped, and nothing is added.
    """
    errors = Errors(MOST_ERRORS)
    files = {_tidy(name): read for name, read in files.items()}
    found = _found(files, errors, progress or ImportProgress())
    change = store.add(found)
    if errors.more:
        told = f"more than these {MOST_ERRORS:,} errors were found: correct these first."
        return Imported(change, (*errors.first, DataError(told)))
    return Imported(change, tuple(errors.first))


def _found(
    files: Files, errors: Errors, progress: ImportProgress
) -> Iterator[tuple[PageFile, Iterator[Annotation]]]:
    """The pages in files and what is asked about each; what is wrong is put to `errors`."""
    pages: Pages = {}
    progress.begin("reading")
    for read, wrong in _annotations(files, progress):
        for error in wrong:
            errors.add(error)
        for image, given in read.items():
            pages[image] = (*pages.get(image, ()), *given)
    if files and not pages and not errors.first:
        errors.add(DataError(NO_ANSWERS))
    progress.begin("adding", sum(map(len, pages.values())))
    names = _Names({name: name for name in files})
    for image, given in sorted(pages.items()):
        name = names.find(image) or image
        for number, asked in groupby(sorted(given, key=_number), _number):
            try:
                picture = _page(files, name, number)
            except (DataError, PageError) as error:
                errors.add(DataError(shortened(str(error)), shortened(name)))
                for _ in asked:
                    progress.step()
                continue
            yield picture, _fitting(asked, picture, name, errors, progress)
    progress.begin("writing")


def _fitting(
    asked: Iterable[Annotation],
    picture: PageFile,
    image: str,
    errors: Errors,
    progress: ImportProgress,
) -> Iterator[Annotation]:
    """Those annotations that are about such a page."""
    for each in asked:
        progress.step()
        try:
            _check_fits(each, picture)
        except (DataError, MarksError) as error:
            errors.add(DataError(str(error), image, shortened(each.question)))
        else:
            yield each


def _annotations(files: Files, progress: ImportProgress) -> Iterator[tuple[Pages, list[DataError]]]:
    """The annotations of each file, images named by their paths among the files."""

    steps = 0  # images without records take time, too

    def step(count: int) -> None:
        nonlocal steps
        progress.step(count)
        steps += 1
        if max(progress.done, steps // 2) > MOST_RECORDS:
            raise DataError(
                f"there are more than {MOST_RECORDS:,} records: import them in several parts."
            )

    images = _Names(
        {
            str(PurePosixPath(name).with_suffix("")): name
            for name in files
            if PurePosixPath(name).suffix.lower() in IMAGES
        }
    )
    folders = {
        _key(str(PurePosixPath(name).parent)) for name in files if _key(_name(name)) == QA_FILE
    }
    for name in sorted(files):
        path = PurePosixPath(name)
        if path.suffix.lower() != ".json" or path.name.startswith(".") or "__MACOSX" in path.parts:
            continue
        step(0)
        if _key(path.name) == QA_FILE:
            read, wrong = parse(_json(files, name), name, step=step)
            yield {str(path.parent / image): given for image, given in read.items()}, wrong
        elif folders.isdisjoint(_key(str(parent)) for parent in path.parents):
            if image := images.find(str(path.with_suffix(""))):
                yield parse(_json(files, name), name, image, step)
            else:
                told = "there is no image beside it, NAME.png for NAME.json."
                yield {}, [DataError(told, name)]


class _Names:
    """Files by their names, which systems write in their own ways."""

    def __init__(self, files: Mapping[str, str]) -> None:
        """Given the name of each file by what it is looked up with."""
        self._files = files
        self._alike: dict[str, list[str]] = {}
        for wanted, name in files.items():
            self._alike.setdefault(_key(wanted), []).append(name)

    def find(self, wanted: str) -> str | None:
        """The file of just this name, or the only one of a name like it."""
        alike = self._alike.get(_key(wanted), [])
        return self._files.get(wanted) or (alike[0] if len(alike) == 1 else None)


def _tidy(name: str) -> str:
    """A path with slashes, also if it comes from Windows, and without steps that lead nowhere."""
    return str(PurePosixPath(name.replace("\\", "/")))


def _key(name: str) -> str:
    """What is the same for names that differ as systems write them: accents, case, slashes."""
    plain = unicodedata.normalize("NFD", _tidy(name)).casefold()
    return unicodedata.normalize("NFD", plain)


def _number(given: Annotation) -> int:
    return given.page


def _name(name: str) -> str:
    return PurePosixPath(name).name


def _page(files: Files, image: str, number: int) -> PageFile:
    if image not in files:
        raise DataError("this image is not among the files: add it.")
    content = _content(files, image)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "page" + PurePosixPath(image).suffix)
        file.write_bytes(content)
        return page_file(file, number, _name(image))


def _json(files: Files, name: str) -> bytes | DataError:
    try:
        content = _content(files, name, LARGEST_JSON)
        if content.count(b"[") + content.count(b"{") > MOST_LISTS:
            raise DataError(f"it holds more than {MOST_LISTS:,} lists and objects: divide it.")
    except DataError as error:
        return DataError(str(error), name)
    return content


def _content(files: Files, name: str, most: int = LARGEST_FILE) -> bytes:
    try:
        with files[name]() as file:
            content = file.read(most + 1)
    except (OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise DataError(f"it cannot be read ({error}).") from error  # damaged; behind a password
    if len(content) > most:
        raise DataError(f"it is larger than {most // 1024**2} MB: make it smaller, or divide it.")
    return content


def _check_fits(given: Annotation, picture: PageFile) -> None:
    if given.size not in (None, picture.size):
        raise DataError(
            f"its marks are for a page of another size than this one of {picture.size[0]} x "
            f"{picture.size[1]} pixels: annotate it anew."
        )
    given.marks.checked((picture.size[1], picture.size[0]))
