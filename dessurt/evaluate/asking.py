"""Asking a checkpoint all questions, and counting its answers; Tesseract reads the same crops."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from typing import Any, TypeVar

import cv2
import numpy as np
from tqdm import tqdm

from dessurt import Instrument, Page
from dessurt.evaluate.pages import Answer, KnownPage
from dessurt.evaluate.predictions import Predictions
from dessurt.evaluate.table import Measure, Question, Result
from dessurt.page.plane import Box
from dessurt.tasks import task

MARGIN = 4  # pixels that Tesseract gets round a box
BAR = "{l_bar}{bar}| {n:.1f}/{total} pages [{elapsed}<{remaining}]{postfix}"

T = TypeVar("T")
Submit = Callable[..., Future[Any]]  # has another process call a function
OnAnswer = Callable[[Question, Answer], None]


def all_of(
    pages: list[KnownPage], measures: Iterable[Measure], seed: int, limit: int | None
) -> list[list[Question]]:
    """Everything that can be asked, or about `limit` questions a task; a list for each page."""
    batches: dict[str, list[Question]] = {known.name: [] for known in pages}
    for measure in measures:
        found = [question for known in pages for question in questions(measure, known, seed)]
        for question in spread(found, limit):
            batches[question.known.name].append(question)
    return list(batches.values())


def one_each(known: KnownPage, measures: Iterable[Measure], seed: int) -> list[Question]:
    """One question of each task, where the page allows it."""
    found = [questions(measure, known, seed) for measure in measures]
    rng = random.Random(f"{seed} {known.name}")
    return [rng.choice(each) for each in found if each]


def questions(measure: Measure, known: KnownPage, seed: int) -> list[Question]:
    """All questions of a task about a page; the same, whatever else is asked."""
    rng = random.Random(f"{seed} {known.name} {measure.token}")
    return [Question(measure, known, example) for example in measure.questions(known, rng)]


def spread(found: list[T], limit: int | None) -> list[T]:
    """At most so many, evenly from all."""
    if limit is None or limit >= len(found):
        return found
    return [found[i * len(found) // limit] for i in range(limit)]


def measure_all(
    model: Instrument | Predictions,
    batches: Iterable[list[Question]],
    total: int,
    results: dict[str, Result],
    program: str | None = None,
    submit: Submit | None = None,
    on_answer: OnAnswer | None = None,
    keep: int = 0,
) -> bool:
    """Ask all questions and count the answers.

    Args:
        model: who is asked, or what was answered earlier.
        batches: the questions, page by page, since a page that was seen is remembered.
        total: how many batches, for the progress bar.
        results: the results of each measure by its name; they grow.
        program: Tesseract's, to read the same.
        submit: has another process judge what takes long; see `judges`.
        on_answer: called with each answer.
        keep: worst answers of a task that is not yet in `results`.

    Returns:
        whether it came to the end; False after Ctrl-C.
    """
    with tqdm(total=total, bar_format=BAR) as bar:
        try:
            for done, batch in enumerate(batches):
                for number, question in enumerate(batch):
                    bar.update(done + number / len(batch) - bar.n)
                    measure = question.measure
                    result = results.setdefault(measure.name, Result(measure, keep))
                    answer = _measure(model, question, result, program, submit)
                    if on_answer and answer:
                        on_answer(question, answer)
                    bar.set_postfix_str(_so_far(results), refresh=False)
                bar.update(done + 1 - bar.n)
        except KeyboardInterrupt:
            return False
    return True


def _measure(
    model: Instrument | Predictions,
    question: Question,
    result: Result,
    program: str | None,
    submit: Submit | None,
) -> Answer | None:
    """The answer, which was counted; None if there is none."""
    example, began = question.example, time.perf_counter()
    if isinstance(model, Predictions):
        given = model.answer(example)
        if given is None:
            return None
        answer = given
    else:
        answer = question.measure.ask(model, example)
    seconds = time.perf_counter() - began
    mode, box = question.measure.tesseract, example.request.marks.bounds("highlight")
    if "highlight" not in task(example.request.task).needs:
        box = (0.0, 0.0, example.page.width, example.page.height)
    read = None
    if program and mode:
        read = tesseract(program, example.page, box, mode) if box else ""
    # Counted together, so that both figures are of the same questions at any time.
    result.add(question, answer, seconds, submit)
    if read is not None:
        result.add_tesseract(question, read)
    return answer


def with_beams(batch: list[Question], beams: int) -> list[Question]:
    """The same questions, answered by beam search."""
    return [
        replace(
            each,
            example=replace(each.example, request=replace(each.example.request, beams=beams)),
        )
        for each in batch
    ]


@contextmanager
def judges(processes: int | None = None) -> Iterator[Submit]:
    """Processes that judge answers while the checkpoint answers more; by default one a core."""
    pool = ProcessPoolExecutor(
        processes or os.cpu_count(), get_context("spawn"),
        signal.signal, (signal.SIGINT, signal.SIG_IGN),
    )  # fmt: skip
    try:
        yield pool.submit
    finally:
        pool.shutdown(cancel_futures=True)


def settle(results: Iterable[Result]) -> bool:
    """Wait for what other processes judge, and count it.

    Returns:
        whether all was counted; False after Ctrl-C, or if a process failed, which is told.
    """
    waiting = {future: score for result in results for score, future in result.unjudged}
    whole = True
    try:
        for future in tqdm(as_completed(waiting), "judged", len(waiting), disable=not waiting):
            if error := future.exception():
                tqdm.write(f"an answer could not be judged: {error!r}", file=sys.stderr)
                whole = False
            else:
                waiting[future].add(future.result())
    except KeyboardInterrupt:
        return False
    return whole


def _so_far(results: dict[str, Result]) -> str:
    return " ".join(
        f"{name} {result.first_score.value:.3f}"
        for name, result in results.items()
        if result.first_score.value is not None
    )


class TesseractError(RuntimeError):
    """Tesseract failed; the message says in one sentence what to do."""


def tesseract(program: str, page: Page, box: Box, mode: str) -> str:
    """Its reading of a box of a page, in one of the modes of `table.Measure`.

    Raises:
        TesseractError: it failed.
    """
    done = subprocess.run(
        [program, "stdin", "stdout", "--psm", mode, "-l", "eng", "--dpi", "150"],
        input=cv2.imencode(".png", _cropped(page, box))[1].tobytes(),
        capture_output=True,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise TesseractError(f"{program} failed ({said}): mend it, or pass --no-tesseract.")
    return done.stdout.decode("utf-8", "replace")


def _cropped(page: Page, box: Box) -> np.ndarray:
    """The box with a margin, cut at the page's edges: uint8 [h, w]."""
    x0, y0, x1, y1 = box
    top, left = max(int(y0) - MARGIN, 0), max(int(x0) - MARGIN, 0)
    crop = page.gray[top : int(y1) + MARGIN + 1, left : int(x1) + MARGIN + 1]
    return np.ascontiguousarray(np.rint(crop).astype(np.uint8))
