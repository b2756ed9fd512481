"""Following: from the events of a model to what the view shows after each of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import assert_never

import numpy as np

from dessurt.protocol import (
    Done,
    Events,
    Notice,
    Outcome,
    Progress,
    Region,
    Text,
    TextLine,
    confidence,
)
from dessurt_app import strings
from dessurt_app.ask.answer_view import Answer, AnswerLine
from dessurt_app.ask.shaping import shape
from dessurt_app.canvas.region_picture import region_picture

FASTEST = 1000  # tokens a second; no model writes faster

Answers = Generator[Answer, None, None]
Pause = Callable[[Answer], Iterator[Answer]]  # what is shown meanwhile


def follow(events: Events, answer: Answer, stop: threading.Event, between_lines: Pause) -> Answers:
    """The answer after each event, until its end or until it is stopped.

    Args:
        events: what the model makes of the question.
        answer: the answer so far; it may have been begun before.
        stop: set when the model shall stop.
        between_lines: called when a line of the page was read, or a part of it.
    """
    outcome = Outcome(answer.written, notices=answer.notices)
    before, began = answer.tokens, 0.0
    known = len(answer.lines)  # who goes on with an answer hears of its lines again
    with closing(events):
        for event in events:
            outcome, last = outcome.after(event), answer
            match event:
                case Text():
                    began = began or time.perf_counter()
                    later, seconds = answer.tokens - before, time.perf_counter() - began
                    status = _progress(len(outcome.tokens), later, seconds)
                    answer = replace(answer, written=outcome.tokens, status=status)
                case Notice():
                    answer = replace(answer, notices=outcome.notices)
                case Progress(line, lines):
                    status = strings.READING_LINE.format(line=line, lines=lines)
                    if lines is not None and not answer.written and answer.status != status:
                        answer = replace(answer, status=status)
                    if lines is not None:
                        yield from between_lines(answer)
                case Region():
                    outcome = outcome.after(Notice(_extent(event.map)))
                    picture = region_picture(event.map)
                    answer = replace(answer, region=picture, notices=outcome.notices)
                case Done():
                    yield _finished(answer, event)
                    return
                case TextLine():
                    if len(outcome.lines) > known:
                        read = AnswerLine(event, len(outcome.tokens))
                        answer = replace(answer, lines=(*answer.lines, read))
                case _:
                    assert_never(event)
            if stop.is_set():
                break
            if answer is not last:
                yield answer
    yield stopped(answer)


def stopped(answer: Answer) -> Answer:
    """An answer that a person stopped; the model can go on from it."""
    status = strings.STOPPED.format(count=_count(answer.tokens))
    return _over(answer, "stopped", status, more=answer.tokens > 0)


def _finished(answer: Answer, done: Done) -> Answer:
    if done.stopped_by == "loop":
        return replace(stopped(answer), more=False)
    if done.stopped_by == "length":
        status = strings.STOPPED_AT_LIMIT.format(count=_count(answer.tokens))
        return _over(answer, "done", status, more=done.tokens > 0)
    writing = done.seconds - done.seconds_to_first_token
    status = _progress(answer.tokens, done.tokens - 1, writing)
    return _over(answer, "done", strings.TOOK.format(progress=status, seconds=done.seconds))


def _over(answer: Answer, state: str, status: str, more: bool = False) -> Answer:
    """An answer that has ended, with its confidence and its shape."""
    if answer.written:
        mean = confidence(answer.written)
        status = strings.CONFIDENCE.format(progress=status, mean=mean)
    shaped = None
    if answer.question and answer.task:
        shaped = shape(answer.task, answer.question.text, answer.text)
    return replace(answer, state=state, status=status, more=more, shape=shaped)


def _progress(tokens: int, later: int, seconds: float) -> str:
    """So many tokens, and how fast: those `later` than the first, which waited for the page.

    What was remembered, or put together from what was read before, has no speed.
    """
    if later < 1 or later >= FASTEST * seconds:
        return _count(tokens)
    return strings.SPEED.format(count=_count(tokens), speed=later / seconds)


def _count(tokens: int) -> str:
    return strings.COUNT_ONE if tokens == 1 else strings.COUNT.format(tokens=tokens)


def _extent(region: np.ndarray) -> str:
    """One sentence on how much of the page the model marked."""
    most = float(region.max())
    if most > 0.5:
        sentence = strings.REGION_FOUND.format(percent=100 * float((region > 0.5).mean()))
    else:
        sentence = strings.REGION_EMPTY.format(most=most)
    return sentence[0].upper() + sentence[1:] + "."
