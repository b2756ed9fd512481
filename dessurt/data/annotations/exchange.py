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
from dessurt.data.annotations.files import IMAGES, QA_FILE, Pages, parse, to_bytes
from dessurt.data.annotations.page_files import PageFile, page_file
from dessurt.data.annotations.splits import split_pages
from dessurt.data.annotations.store import Change, Store
from dessurt.data.records import DataError
from dessurt.page import PageError
from dessurt.page.marks import MarksError

LARGEST_FILE = 256 * 1024**2  # bytes, unpacked
MOST_FILES = 100_000
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
        seed: of the split by pages.
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

    def step(self) -> None:
        """Tell that one more annotation is done; as `begin`."""
        self._check()
        self.done += 1

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


def import_files(
    store: Store, files: Files, progress: ImportProgress | None = None
) -> Imported:
    """Add what is in some files: each qa.json, and each NAME.json beside an image.

    Nothing that is in the store is changed.

    Args:
        store: to which it is added.
        files: what there is.
        progress: is kept up to date.

    Raises:
        StoppedError: it was stopped, and nothing is added.
    """
    errors: list[DataError] = []
    files = {name.replace("\\", "/"): read for name, read in files.items()}  # from Windows
    found = _found(files, errors, progress or ImportProgress())
    return Imported(store.add(found), tuple(errors))


def _found(
    files: Files, errors: list[DataError], progress: ImportProgress
) -> Iterator[tuple[PageFile, Iterator[Annotation]]]:
    """The pages in files and what is asked about each; what is wrong is put to `errors`."""
    pages: Pages = {}
    progress.begin("reading")
    for read, wrong in _annotations(files, progress):
        errors += wrong
        for image, given in read.items():
            pages[image] = (*pages.get(image, ()), *given)
    if files and not pages and not errors:
        errors.append(DataError(NO_ANSWERS))
    progress.begin("adding", sum(map(len, pages.values())))
    alike: dict[str, list[str]] = {}
    for name in files:
        alike.setdefault(_key(name), []).append(name)
    for image, given in sorted(pages.items()):
        if image not in files and len(alike.get(_key(image), ())) == 1:
            (image,) = alike[_key(image)]
        for number, asked in groupby(sorted(given, key=_number), _number):
            try:
                picture = _page(files, image, number)
            except (DataError, PageError) as error:
                errors.append(DataError(str(error), image))
                for _ in asked:
                    progress.step()
                continue
            yield picture, _fitting(asked, picture, image, errors, progress)
    progress.begin("writing")


def _fitting(
    asked: Iterable[Annotation],
    picture: PageFile,
    image: str,
    errors: list[DataError],
    progress: ImportProgress,
) -> Iterator[Annotation]:
    """Those annotations that are about such a page."""
    for each in asked:
        progress.step()
        try:
            _check_fits(each, picture)
        except (DataError, MarksError) as error:
            errors.append(DataError(str(error), image, each.question))
        else:
            yield each


def _annotations(
    files: Files, progress: ImportProgress
) -> Iterator[tuple[Pages, list[DataError]]]:
    """The annotations of each file, images named by their paths among the files."""
    images = {
        str(PurePosixPath(name).with_suffix("")): name
        for name in files
        if PurePosixPath(name).suffix.lower() in IMAGES
    }
    folders = {str(PurePosixPath(name).parent) for name in files if _name(name) == QA_FILE}
    for name in sorted(files):
        path = PurePosixPath(name)
        if path.suffix.lower() != ".json" or path.name.startswith(".") or "__MACOSX" in path.parts:
            continue
        if path.name == QA_FILE:
            read, wrong = parse(_content(files, name), name, step=progress.step)
            yield {str(path.parent / image): given for image, given in read.items()}, wrong
        elif folders.isdisjoint(map(str, path.parents)):
            if image := images.get(str(path.with_suffix(""))):
                yield parse(_content(files, name), name, image, progress.step)
            else:
                told = "there is no image beside it, NAME.png for NAME.json."
                yield {}, [DataError(told, name)]


def _key(name: str) -> str:
    """What is the same for names that differ as systems write them: accents, case, slashes."""
    return unicodedata.normalize("NFC", name.replace("\\", "/")).casefold()


def _number(given: Annotation) -> int:
    return given.page


def _name(name: str) -> str:
    return PurePosixPath(name).name


def _page(files: Files, image: str, number: int) -> PageFile:
    if image not in files:
        raise DataError("this image is not among the files: add it.")
    content = _content(files, image)
    if isinstance(content, DataError):
        raise content
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "page" + PurePosixPath(image).suffix)
        file.write_bytes(content)
        return page_file(file, number, _name(image))


def _content(files: Files, name: str) -> bytes | DataError:
    try:
        with files[name]() as file:
            content = file.read(LARGEST_FILE + 1)
    except (OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        return DataError(f"it cannot be read ({error}).", name)  # damaged; behind a password
    if len(content) > LARGEST_FILE:
        return DataError(f"it is larger than {LARGEST_FILE // 1024**2} MB.", name)
    return content


def _check_fits(given: Annotation, picture: PageFile) -> None:
    if given.size not in (None, picture.size):
        raise DataError(
            f"its marks are for a page of another size than this one of {picture.size[0]} x "
            f"{picture.size[1]} pixels: annotate it anew."
        )
    given.marks.checked((picture.size[1], picture.size[0]))
