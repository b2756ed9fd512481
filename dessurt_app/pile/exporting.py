"""Taking home what was read: a file in a format of `dessurt.transcript`, or a ZIP of many.

An export lies in the folder of its pile until the next one is made; it is whole or not there.
"""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zipfile import ZIP_DEFLATED, ZipFile

from dessurt.page import PageError
from dessurt.transcript import FORMATS, Format, Original, Transcript, TranscriptError, write
from dessurt.whole_files import replacing
from dessurt_app import strings
from dessurt_app.pile.piles import Pile, PileError, Place
from dessurt_app.pile.record import Record

AT_ONCE = 2  # exports of all visitors; more are sent away
PROBLEMS = "not exported.txt"
_few = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Part:
    """A file to be written."""

    name: str  # in a ZIP
    places: tuple[Place, ...]


def export(pile: Pile, places: Sequence[Place], kind: str) -> Path:
    """Write what was read of some pages.

    Args:
        pile: the pile that they are in.
        places: the pages; those that are not read are left out.
        kind: the name of a format.

    Returns:
        A file in that format, or a ZIP if it takes several.

    Raises:
        PileError: nothing of it is read, it is too much, or too many do this now.
        OSError: there is no room for it.
    """
    if kind not in FORMATS:
        raise PileError(strings.EXPORT_NO_FORMAT)
    form = FORMATS[kind]
    read = [place for place in places if pile.state(place) in ("read", "corrected")]
    if not read:
        raise PileError(strings.EXPORT_NOTHING)
    parts = parts_of(pile, read, form)
    with _alone(pile), _fresh_folder(pile) as folder:
        if len(parts) == 1:
            path = folder / PurePosixPath(parts[0].name).name
            _write_part(pile, parts[0], form, path)
        else:
            path = folder / f"{_title(parts)}.zip"
            _write_zip(pile, parts, form, path)
        return path


def parts_of(pile: Pile, places: Sequence[Place], form: Format) -> list[Part]:
    """The files that it takes: one for each file of the pile, or one for each page."""
    groups: dict[object, list[Place]] = {}
    for place in places:
        groups.setdefault(place if form.one_page else place[0], []).append(place)
    names, parts = set[str](), []
    for group in groups.values():
        name = _free(_stem(pile, group, form), form.ending, names)
        names.add(name.casefold())
        parts.append(Part(name, tuple(group)))
    return parts


def _stem(pile: Pile, places: Sequence[Place], form: Format) -> str:
    """The name of a file without its ending; with the number of its page, if it is one of many."""
    file = pile.file_of(places[0])
    stem = str(PurePosixPath(file.name).with_suffix(""))
    alone = file.pages > 1 and len(places) == 1
    return f"{stem} p{places[0][1] + 1:0{len(str(file.pages))}}" if alone else stem


def _free(stem: str, ending: str, taken: set[str]) -> str:
    name, number = f"{stem}{ending}", 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem} ({number}){ending}"
    return name


def _title(parts: Sequence[Part]) -> str:
    """What a ZIP is called: as the folder that all was in, if there is one."""
    tops = {part.name.partition("/")[0] for part in parts}
    in_folders = all("/" in part.name for part in parts)
    return tops.pop() if in_folders and len(tops) == 1 else strings.EXPORT_TITLE


def _transcripts(pile: Pile, places: Sequence[Place]) -> Iterator[Transcript]:
    for place in places:
        entries = pile.record(place)
        assert entries  # its state says so
        name = PurePosixPath(pile.file_of(place).name).name
        yield Record.from_json(entries).transcript(name, place[1])


def _write_part(pile: Pile, part: Part, form: Format, path: Path) -> None:
    transcripts = list(_transcripts(pile, part.places))
    if form.name == "csv" and not any(transcript.fields for transcript in transcripts):
        raise PileError(strings.EXPORT_NO_FIELDS)
    originals = [Original(pile.file_of(place).path, place[1]) for place in part.places]
    try:
        write(path, form.name, transcripts, originals)
    except (TranscriptError, PageError) as error:
        raise PileError(str(error)) from error


def _write_zip(pile: Pile, parts: Sequence[Part], form: Format, path: Path) -> None:
    """Write all files into a ZIP; one that cannot be made is named in it, and stops nothing."""
    problems, room = [], 2 * pile.limits.upload
    with replacing(path) as partial:
        with ZipFile(partial, "w", ZIP_DEFLATED, compresslevel=1) as archive:
            for number, part in enumerate(parts):
                pile.exported = number, len(parts)
                single = path.with_name(f"part{form.ending}")
                try:
                    _write_part(pile, part, form, single)
                except PileError as error:
                    problems.append(f"{part.name}: {error}")
                    continue
                if (room := room - single.stat().st_size) < 0:
                    raise PileError(strings.EXPORT_TOO_MUCH)
                archive.write(single, part.name)
                single.unlink()
            if problems:
                archive.writestr(PROBLEMS, "\n".join([*problems, ""]))
        if len(problems) == len(parts):
            raise PileError(problems[0].partition(": ")[2])


@contextmanager
def _alone(pile: Pile) -> Iterator[None]:
    """Be one of the few who export, and the only one of this pile."""
    if pile.exported is not None:
        raise PileError(strings.EXPORT_GOES_ON)
    if not _few.acquire(blocking=False):
        raise PileError(strings.EXPORT_BUSY)
    pile.exported = 0, 1
    try:
        yield
    finally:
        pile.exported = None
        _few.release()


@contextmanager
def _fresh_folder(pile: Pile) -> Iterator[Path]:
    """A folder for the new export; the last one is downloaded, or of no use."""
    everything = pile.folder / "exports"
    shutil.rmtree(everything, ignore_errors=True)
    folder = everything / secrets.token_hex(8)
    folder.mkdir(parents=True)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        size = sum(file.stat().st_size for file in folder.glob("*"))
        pile.note_export(size)
