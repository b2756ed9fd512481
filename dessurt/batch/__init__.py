"""Batch: reads piles of pages, thousands at a time, into a folder that can be gone on with.

    for record in read_files(["scans"], "read", formats=["alto"], workers=2):
        print(record.file, record.page, record.error or record.text)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from dessurt.batch.crew import Crew
from dessurt.batch.export import FORMATS, LINES, check_formats, write_all_pages
from dessurt.batch.folder import Folder
from dessurt.batch.listing import READ_ALL, BatchError, Question, listing
from dessurt.batch.plan import Plan
from dessurt.batch.ray import RayCrew
from dessurt.batch.reading import Answer, Record
from dessurt.batch.report import Report, Totals
from dessurt.shipped import SHIPPED

__all__ = ["FORMATS", "Answer", "BatchError", "Question", "Record", "Totals", "read_files"]

ALL_READ = (Question(READ_ALL),)


def read_files(
    paths: Iterable[str | Path],
    out: str | Path,
    *,
    questions: Sequence[Question] = ALL_READ,
    formats: Sequence[str] = (),
    workers: int = 1,
    checkpoint: str | Path = SHIPPED,
    device: str = "auto",
    tokenizer: str | Path | None = None,
    ray: str | None = None,
    progress: Callable[[Totals], None] = lambda totals: None,
    opener: str = "dessurt.opening:open_model",
) -> Generator[Record, None, None]:
    """Read all pages of files into a folder, and go on where an earlier run was stopped.

    Nothing is read before the first record is taken; closing the iterator stops the workers. A page
    that cannot be read is a record with an `error`, and never stops the others.

    Args:
        paths: files, folders, and lists (`.csv`).
        out: the folder of results.
        questions: what is asked of every page.
        formats: as what the pages are exported, names of `FORMATS`.
        workers: how many processes read at the same time.
        checkpoint: what is asked, as for `open_model`.
        device: as for `open_model`.
        tokenizer: as for `open_model`.
        ray: the address of a Ray cluster to have the workers on, "local" for one that is started
            here; None: they are processes of this computer.
        progress: is called with how far it is, once a page.
        opener: what opens the checkpoint, as "module:function"; it is called like `open_model`.

    Yields:
        The record of each page, about in order; also of those that an earlier run has read.

    Raises:
        BatchError: it cannot be read, or not go on: a path or list is faulty, the folder has other
            answers or cannot be written, or the checkpoint cannot be opened.
    """
    check_formats(formats)
    folder = Folder(out)
    files = listing(paths, questions, folder.path)
    with folder.claimed(files.base, checkpoint, questions) as files.base:
        plan = Plan(files, folder, formats)
        report = Report(folder, plan)
        settings = {
            "out": str(folder.path),
            "checkpoint": _absolute(checkpoint),
            "device": device,
            "tokenizer": _absolute(tokenizer) if tokenizer else None,
            "opener": opener,
            "formats": list(formats),
            "questions": [question.to_json() for question in questions],
        }
        crew = Crew(settings, workers) if ray is None else RayCrew(settings, workers, ray)
        state = "stopped"
        try:
            for record in _records(plan, crew):
                report.take(record)
                progress(report.totals)
                yield record
            if LINES in formats:
                write_all_pages(folder, files)
            state = "done"
        finally:
            crew.stop()
            with suppress(OSError):  # a full disk was complained of already
                report.write(state)


def _absolute(path: str | Path) -> str:
    """The same path from any folder; a name on the hub stays as it is."""
    return os.path.abspath(path) if os.path.exists(path) else str(path)


def _records(plan: Plan, crew: Crew | RayCrew) -> Iterator[Record]:
    for sources in plan.rounds():
        for event in crew.work(plan.items(sources)):
            if isinstance(event, Record):
                yield event
                continue
            for consequence in plan.settle(*event):
                if isinstance(consequence, Record):
                    yield consequence
                else:
                    crew.give(consequence)
