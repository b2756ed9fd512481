"""A worker: a process that opens a checkpoint once, then reads a page at a time and writes it.

It is started by `crew` and talks with it in lines of JSON: settings and tasks come in, what became
of each task goes out. Whatever kills it loses no more than the page that it is at, because what it
has read lies in the folder of results before it says so.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from dessurt import tasks
from dessurt.batch import export
from dessurt.batch.folder import OF_ONE_FILE, Folder, unwritable
from dessurt.batch.listing import Question
from dessurt.batch.plan import Result, Task
from dessurt.batch.reading import Answer, Record, read, transcript_of
from dessurt.page import MarksError, Page, PageError
from dessurt.protocol import Instrument, Outcome, RequestError
from dessurt.tasks import TaskError
from dessurt.transcript import Source, TranscriptError

Opened = Page | Exception | None  # None: there is nothing to open


def main() -> None:
    """Work until the other side has nothing more, or has gone."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # whatever is half written is deleted
    answers = os.dup(1)
    os.dup2(2, 1)  # what libraries print does not come among the answers
    settings = json.loads(sys.stdin.readline())
    with Folder(settings["out"]).worker_lock(settings["number"]), suppress(BrokenPipeError):
        for result in results(settings):
            os.write(answers, json.dumps(asdict(result)).encode() + b"\n")


def results(settings: Mapping[str, Any]) -> Iterator[Result]:
    """That the instrument is ready or cannot be, then what becomes of each task."""
    try:
        instrument = opened_instrument(settings)
    except ValueError as error:  # a checkpoint or a task that there is not
        yield Result("fatal", str(error))
        return
    yield Result("ready")
    for task, opened in opened_ahead(Task.of(json.loads(line)) for line in sys.stdin):
        if os.getppid() != settings["parent"]:
            return  # nobody would hear of it
        yield result_of(instrument, settings, task, opened)


def opened_instrument(settings: Mapping[str, Any]) -> Instrument:
    """The instrument, if it can be asked what is asked of every page.

    Args:
        settings: of the run, see `dessurt.batch.read_files`.

    Raises:
        CheckpointError: it cannot be opened.
        TaskError: it knows no such task, or that lacks something.
    """
    module, _, function = settings["opener"].partition(":")
    opener: Callable[..., Instrument] = getattr(importlib.import_module(module), function)
    instrument = opener(settings["checkpoint"], settings["device"], settings["tokenizer"])
    for question in map(Question.of, settings["questions"]):
        marked = bool(question.highlight)
        tasks.check(question.task, question.text, marked, False, instrument.card.table)
    return instrument


def opened_ahead(tasks: Iterable[Task]) -> Iterator[tuple[Task, Opened]]:
    """Tasks and their pages; while one is worked on, the page of the next is opened."""
    ahead = queue.Queue[tuple[Task, Opened] | None](maxsize=1)

    def open_all() -> None:
        for task in tasks:
            ahead.put((task, opened_page(task)))
        ahead.put(None)

    threading.Thread(target=open_all, daemon=True).start()
    while (task := ahead.get()) is not None:
        yield task


def opened_page(task: Task) -> Opened:
    """The page of a task, or why it cannot be opened."""
    if task.page is None:
        return None
    try:
        return Page.open(task.path, task.page - 1)
    except Exception as error:  # said in its turn
        return error


def result_of(
    instrument: Instrument, settings: Mapping[str, Any], task: Task, opened: Opened
) -> Result:
    """Do a task.

    Args:
        instrument: what is asked.
        settings: of the run, see `dessurt.batch.read_files`.
        task: what to do.
        opened: the page, or why it cannot be opened.
    """
    folder = Folder(settings["out"])
    try:
        if task.is_stale():
            return Result("changed")
        if task.page is None:
            args = task.name, Path(task.path), task.numbers, settings["formats"]
            return _written(folder, partial(export.write_files, folder, *args))
        if task.is_done(folder):  # by somebody who could not say so any more
            return Result("done")
        if not isinstance(opened, Page):
            raise opened or PageError("There is no page.")
        record = record_of(instrument, task, opened)
        if task.is_stale():
            return Result("changed")
    except PageError as error:
        return Result("unreadable", str(error))
    except (MarksError, RequestError, TaskError, TranscriptError) as error:
        return Result("failed", str(error))
    except Exception as error:  # a fault of ours, or of a library, costs one page
        return Result("failed", f"{type(error).__name__}: {error}")
    return _written(folder, partial(record.write, folder.record(task.name, task.page)))


def _written(folder: Folder, write: Callable[[], None]) -> Result:
    """Write something into the folder of results."""
    try:
        write()
    except OSError as error:
        if error.errno in OF_ONE_FILE:
            return Result("failed", f"Its results cannot be written ({error.strerror}).")
        return Result("fatal", str(unwritable(folder.path, error)))
    return Result("done")


def record_of(instrument: Instrument, task: Task, page: Page) -> Record:
    """Read a page.

    Raises:
        RequestError: a question cannot be asked of it.
    """
    started = time.perf_counter()
    (outcomes,) = read(instrument, [(page, task.questions)])
    assert task.page is not None
    return Record(
        file=task.name,
        page=task.page,
        pages=task.pages,
        stamp=task.stamp,
        answers=tuple(map(Answer.of, task.questions, outcomes)),
        reading=_reading(instrument, task, page, outcomes),
        seconds=round(time.perf_counter() - started, 2),
    )


def _reading(
    instrument: Instrument, task: Task, page: Page, outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    """The record of a page's transcript."""
    tasks = [instrument.card.task(question.task) for question in task.questions]
    forms = (o.text for t, o in zip(tasks, outcomes, strict=True) if t.shape == "json")
    source = Source(task.name, (task.page or 1) - 1, page.digest)
    transcript = transcript_of(page, source, instrument.card.name, outcomes, next(forms, ""))
    entries: dict[str, Any] = json.loads(transcript.to_json())
    return entries


if __name__ == "__main__":
    main()
