"""Files made of what was read: of each page, of each file, and of all together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from dessurt.batch.folder import Folder
from dessurt.batch.listing import BatchError, Listing
from dessurt.batch.reading import Record
from dessurt.transcript import FORMATS, Original, write
from dessurt.whole_files import replacing, write_whole

LINES = "jsonl"  # all pages in one file, a line each
ALL_PAGES = "pages.jsonl"
TEXT = "txt"


def check_formats(names: Sequence[str]) -> None:
    """Refuse names of formats that there are not.

    Raises:
        BatchError: there is no such format.
    """
    for name in names:
        if name not in (*FORMATS, LINES):
            known = ", ".join((*FORMATS, LINES))
            raise BatchError(f"There is no format {name!r}: choose from {known}.")


def targets(
    folder: Folder, name: str, count: int, numbers: Sequence[int], form: str
) -> Iterator[tuple[Path, Sequence[int]]]:
    """Where a format of a source lies: paths, and the numbers of the pages in each.

    Args:
        folder: the folder of results.
        name: what the source is called there.
        count: how many pages it has.
        numbers: those that were read.
        form: one of `FORMATS`.
    """
    ending = FORMATS[form].ending
    if FORMATS[form].one_page and count != 1:
        yield from ((folder.export(name, ending, number), (number,)) for number in numbers)
    else:
        yield folder.export(name, ending), numbers


def lacks(
    folder: Folder, name: str, count: int, numbers: Sequence[int], formats: Sequence[str]
) -> bool:
    """Whether anything is not exported yet, or older than what was read; see `targets`."""
    return any(
        _is_older(path, [folder.record(name, number) for number in inside])
        for form in formats if form != LINES
        for path, inside in targets(folder, name, count, numbers, form)
    )  # fmt: skip


def _is_older(path: Path, records: Sequence[Path]) -> bool:
    try:
        return path.stat().st_mtime_ns < max(record.stat().st_mtime_ns for record in records)
    except OSError:
        return True


def write_files(
    folder: Folder, name: str, source: Path, numbers: Sequence[int], formats: Sequence[str]
) -> None:
    """Write the files made of a source; what `targets` says.

    Args:
        folder: the folder of results.
        name: what the source is called there.
        source: its own file.
        numbers: the pages that were read.
        formats: names of formats.

    Raises:
        TranscriptError: it cannot be written so.
        PageError: the file itself is to be written too, and cannot be read any more.
        OSError: the folder cannot be written to.
    """
    stored = (Record.stored(folder.record(name, number)) for number in numbers)
    records = {record.page: record for record in stored if record}
    count = next(iter(records.values())).pages
    for form in (form for form in formats if form != LINES):
        for path, inside in targets(folder, name, count, numbers, form):
            _write(path, form, [records[number] for number in inside], source)


def _write(path: Path, form: str, records: Sequence[Record], source: Path) -> None:
    transcripts = [record.transcript for record in records]
    if form == TEXT and not any(transcript.blocks for transcript in transcripts):
        # A model that reads pages whole does not say where lines stand, or was asked for no lines.
        write_whole(path, "\f".join(f"{record.text}\n" for record in records).encode())
        return
    originals = [Original(source, page.source.number) for page in transcripts]
    write(path, form, transcripts, originals)


def write_all_pages(folder: Folder, listing: Listing) -> None:
    """Write a line of JSON for each page that was read, in the order of the listing."""
    with (
        replacing(folder.path / ALL_PAGES) as partial,
        partial.open("w", encoding="ascii", newline="\n") as file,
    ):
        for source in listing.sources:
            name = listing.name(source)
            places = (folder.records / name).glob("*.json")
            for place in sorted(places, key=lambda path: int(path.stem)):
                record = Record.stored(place)
                if record and record.stamp == source.stamp:
                    file.write(json.dumps(record.to_json()) + "\n")
