"""Asking: from a canvas value and a task to a stream of `Answer`s.

The Run button, Ctrl+Enter and the API all go through `Asking.answer_stream`.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import gradio as gr
import numpy as np

from dessurt import tasks
from dessurt.marks import MarksError
from dessurt.page import PageError
from dessurt.protocol import Done, Instrument, Notice, Region, Request, RequestError, Text
from dessurt_app import strings
from dessurt_app.answer_view import Answer
from dessurt_app.page_canvas import CanvasError, Drawn, read_value
from dessurt_app.region_picture import region_picture
from dessurt_app.weights import Weights, WeightsError

_log = logging.getLogger(__name__)
SECONDS_BETWEEN_UPDATES = 0.05

_TOLD = (CanvasError, PageError, MarksError, RequestError, tasks.TaskError, WeightsError)


class Asking:
    """Asks the model and knows which questions are running, so that they can be stopped."""

    def __init__(self, weights: Weights) -> None:
        """Args: weights: where the model comes from."""
        self.weights = weights
        self._running: dict[str | None, threading.Event] = {}  # by browser session
        self._serials = itertools.count(time.time_ns() // 1_000_000)  # grows over restarts too

    def answer_stream(
        self, canvas: dict, task: str, text: str, show_region: bool, request: gr.Request
    ) -> Iterator[Answer]:
        """Ask one question; every item is the whole answer so far.

        Closing the iterator, or `stop` from the same session, ends it within one token.
        """
        stop = self._running[request.session_hash] = threading.Event()
        answer, shown = self.newest(Answer("running")), 0.0
        serial = answer.serial
        try:
            with closing(self._answers(canvas, task, text, show_region, stop)) as answers:
                for answer in answers:
                    answer = replace(answer, serial=serial)
                    now = time.perf_counter()
                    if answer.state != "running" or now - shown >= SECONDS_BETWEEN_UPDATES:
                        shown = now
                        yield answer
        except _TOLD as error:
            yield replace(answer, state="error", status=str(error))
        except Exception:  # whatever it is, the person gets a sentence and keeps the page
            _log.exception("A question failed")
            yield replace(answer, state="error", status=strings.FAILED)
        finally:
            if self._running.get(request.session_hash) is stop:
                del self._running[request.session_hash]

    def stop(self, answer: Answer, request: gr.Request) -> Answer:
        """End this session's question after the token it is at; what is written stays."""
        if running := self._running.get(request.session_hash):
            running.set()
        return self.newest(replace(answer, state="stopped", status=_stopped(answer.tokens)))

    def newest(self, answer: Answer) -> Answer:
        """The answer with a serial that makes the browser show it in place of all before."""
        return replace(answer, serial=next(self._serials))

    def _answers(
        self, canvas: object, token: str, text: str, show_region: bool, stop: threading.Event
    ) -> Iterator[Answer]:
        drawn = read_value(canvas)
        task = tasks.task(token)
        if missing := missing_needs(task, drawn, text):
            message = strings.MISSING[missing[0]].format(example=task.example[0])
            raise RequestError(message)
        if not self.weights.ready:
            yield Answer("running", status=strings.LOADING_WEIGHTS)
        if (model := self._wait_for_model(stop)) is None:
            yield Answer("stopped", status=_stopped(0))
            return
        yield (answer := Answer("running", status=strings.READING_PAGE))
        question = Request(
            token,
            text if "text" in task.needs else "",
            drawn.marks,
            want_region=show_region or task.returns == "region",
        )
        began = 0.0
        with closing(model.ask(drawn.page, question)) as events:
            for event in events:
                match event:
                    case Text():
                        began = began or time.perf_counter()
                        answer = _written(answer, event, time.perf_counter() - began)
                    case Notice():
                        answer = replace(answer, notices=(*answer.notices, event.message))
                    case Region():
                        answer = _with_region(answer, event.map)
                    case Done():
                        yield _finished(answer, event)
                        return
                if stop.is_set():
                    break
                yield answer
        yield replace(answer, state="stopped", status=_stopped(answer.tokens))

    def _wait_for_model(self, stop: threading.Event) -> Instrument | None:
        """The model, or None if the wait was stopped."""
        while not stop.is_set():
            try:
                return self.weights.model(timeout=0.1)
            except TimeoutError:
                continue
        return None


def missing_needs(task: tasks.Task, drawn: Drawn, text: str) -> list[str]:
    """What a task needs and does not get: of "highlight", "mask" and "text"."""
    given = given_needs(drawn, text)
    return [need for need in strings.MISSING if need in task.needs and not given[need]]


def given_needs(drawn: Drawn, text: str) -> dict[str, bool]:
    """Which of the needs that a task can have are met."""
    marks = drawn.marks
    return {
        "highlight": marks.has("highlight"),
        "mask": marks.has("mask"),
        "text": bool(text.strip()),
    }


def _written(answer: Answer, event: Text, seconds: float) -> Answer:
    tokens = answer.tokens + 1
    status = _count(tokens)
    if tokens > 1:  # the first one waited for the page to be read
        status = strings.SPEED.format(count=status, speed=(tokens - 1) / max(seconds, 1e-3))
    return replace(answer, text=answer.text + event.delta, tokens=tokens, status=status)


def _with_region(answer: Answer, region: np.ndarray) -> Answer:
    most = float(region.max())
    found = float((region > 0.5).mean())
    if most > 0.5:
        told = strings.REGION_FOUND.format(percent=100 * found)
    else:
        told = strings.REGION_EMPTY.format(most=most)
    told = told[0].upper() + told[1:] + "."
    return replace(answer, region=region_picture(region), notices=(*answer.notices, told))


def _finished(answer: Answer, done: Done) -> Answer:
    if done.stopped_by == "length":
        status = strings.STOPPED_AT_LIMIT.format(count=_count(done.tokens))
        return replace(answer, state="done", tokens=done.tokens, status=status)
    status = _count(done.tokens)
    if done.tokens > 1:
        writing = max(done.seconds - done.seconds_to_first_token, 1e-3)
        status = strings.SPEED.format(count=status, speed=(done.tokens - 1) / writing)
    status = strings.TOOK.format(progress=status, seconds=done.seconds)
    return replace(answer, state="done", tokens=done.tokens, status=status)


def _count(tokens: int) -> str:
    return strings.COUNT_ONE if tokens == 1 else strings.COUNT.format(tokens=tokens)


def _stopped(tokens: int) -> str:
    return strings.STOPPED.format(count=_count(tokens))
