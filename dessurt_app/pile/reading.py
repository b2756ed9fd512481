"""Reading all pages of a pile, one after the other, for as long as somebody is there to wait.

It is a question like others, in which a browser hears what becomes of it: so it ends when the tab
is closed, and goes on when that is opened again and asks. Each page waits for its turn in the line
of all questions, behind those that somebody sits and waits for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import gradio as gr

from dessurt.page.upright import AS_IT_IS
from dessurt_app import strings
from dessurt_app.ask.answer_view import Answer, Question
from dessurt_app.ask.asking import EXPECTED, Asking
from dessurt_app.ask.listeners import Listeners
from dessurt_app.canvas.canvas_value import read_value
from dessurt_app.canvas.open_pages import BusyError
from dessurt_app.models import WeightsError
from dessurt_app.pile.piles import Pile, PileError, Piles, Place
from dessurt_app.pile.record import Record

_log = logging.getLogger(__name__)
READ_ALL, FORM = "read_block>", "json>"  # tasks
SECONDS_BETWEEN_UPDATES = 0.25
SECONDS_BETWEEN_LOOKS = 0.2  # for a page that is still being sent


@dataclass(frozen=True)
class Progress:
    """How far the reading of a pile is."""

    pile: str
    state: str = "reading"  # or "done", "stopped", "error"
    done: int = 0  # pages of which it is known what became of them
    pages: int = 0
    seconds: float | None = None  # until the end, about; None while that is not known
    place: Place | None = None  # the page that is being read
    text: str = ""  # of that page, the newest line
    message: str = ""  # a sentence, if something is wrong
    changes: int = 0  # how many `Pile.changes` there are


class Reading:
    """Reads piles."""

    def __init__(
        self, asking: Asking, piles: Piles, listeners: Listeners | None = None
    ) -> None:
        """Read with the models of `asking`.

        Args:
            asking: asks them.
            piles: all piles that there are.
            listeners: knows whether anybody still listens; None: somebody always does.
        """
        self._asking, self._piles, self._listeners = asking, piles, listeners

    def read_all(
        self, name: object, checkpoint: str | None, request: gr.Request
    ) -> Iterator[Progress]:
        """Read what is not read yet of a pile; every item says how far that is.

        Whoever read it before stops. Closing the iterator stops within one token.

        Args:
            name: the id of the pile.
            checkpoint: the name of what reads it.
            request: says who listens.
        """
        try:
            pile = self._piles.of(name)
        except PileError as error:
            yield Progress(str(name), "error", message=str(error))
            return
        stop = pile.take_over()
        since, shown, progress = time.monotonic(), 0.0, Progress(pile.id)
        try:
            with closing(self._pages(pile, checkpoint, stop)) as steps:
                for progress in steps:
                    if self._listeners and self._listeners.has_gone(request.session_hash, since):
                        return
                    now = time.monotonic()
                    if now - shown >= SECONDS_BETWEEN_UPDATES or progress.state != "reading":
                        shown = now
                        yield progress
        finally:
            pile.leave(stop)

    def _pages(
        self, pile: Pile, checkpoint: str | None, stop: threading.Event
    ) -> Generator[Progress]:
        pace = _Pace()
        while not stop.is_set():
            place = pile.next_unread()
            progress = _progress(pile, pace, place)
            yield progress
            if place is None and not pile.expects:
                yield replace(progress, state="done")
                return
            if place is None:
                stop.wait(SECONDS_BETWEEN_LOOKS)
                continue
            with pace.of_a_page():
                try:
                    yield from self._page(pile, place, checkpoint, stop, progress)
                except (WeightsError, OSError) as error:  # no page would be better off
                    yield replace(progress, state="error", message=_sentence(error))
                    return
        yield _progress(pile, pace, None, "stopped")

    def _page(
        self,
        pile: Pile,
        place: Place,
        checkpoint: str | None,
        stop: threading.Event,
        progress: Progress,
    ) -> Iterator[Progress]:
        """Read one page, whatever comes of it.

        Raises:
            WeightsError: there is no model.
            OSError: what was read cannot be written down.
        """
        canvas = {"page": str(pile.file_of(place).path), "number": place[1]}
        answer = Answer("running", question=Question(canvas, READ_ALL, "", False, None, checkpoint))
        try:
            page = read_value(canvas).page
            size, digest = page.size, page.digest
            del page  # it is kept for a while, but who waits holds none
            with closing(self._asking.answers(answer, stop, patient=True)) as answers:
                for answer in answers:
                    yield replace(progress, text=answer.lines[-1].line.text if answer.lines else "")
        except BusyError:
            stop.wait(SECONDS_BETWEEN_LOOKS)  # the page comes again
        except WeightsError:
            raise
        except EXPECTED as error:
            pile.fail(place, str(error))
        except Exception:  # whatever it is, the other pages are read
            _log.exception("A page could not be read")
            pile.fail(place, strings.FAILED)
        else:
            if answer.state == "done" or not stop.is_set():  # one that went in circles has stopped
                name = self._asking.weights.of(checkpoint).name
                record = Record.of(size, digest, answer, name)
                form = (pile.record(place) or {}).get("form", "")
                pile.keep(place, replace(record, form=form).to_json())


def keep_answer(pile: Pile, place: Place, answer: Answer, checkpoint: str) -> None:
    """Keep what somebody has asked about a page, if that was to read it whole, or as a form.

    Args:
        pile: the pile that has the page.
        place: the page.
        answer: what was answered.
        checkpoint: the name of what has answered.

    Raises:
        one of `EXPECTED`: the page cannot be opened any more.
        OSError: there is no room for it.
    """
    question = answer.question
    if question is None or answer.state != "done" or question.task not in (READ_ALL, FORM):
        return
    drawn = read_value(question.canvas)
    asked_about = drawn.ref.file, drawn.ref.number, drawn.ref.upright, drawn.marks.has("highlight")
    if asked_about != (pile.file_of(place).path, place[1], AS_IT_IS, False):
        return
    read = Record.of(drawn.page.size, drawn.page.digest, answer, checkpoint)
    entries = pile.record(place)
    before = Record.from_json(entries) if entries else replace(read, lines=(), written=())
    if question.task == FORM:
        pile.keep(place, replace(before, form=answer.text).to_json(), pile.state(place))
    else:
        again = [each.line for each in read.lines] == [each.line for each in before.lines]
        right = before.corrections if again else {}
        record = replace(read, form=before.form, corrections=right)
        pile.keep(place, record.to_json(), "corrected" if right else "read")


class _Pace:
    """How long a page takes."""

    def __init__(self) -> None:
        self._pages, self._seconds, self._began = 0, 0.0, 0.0

    def of_a_page(self) -> _Pace:
        """A context in which a page is read."""
        return self

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._pages += 1
        self._seconds += time.monotonic() - self._began

    def left(self, pages: int) -> float | None:
        """About how many seconds so many pages take, if any has been read."""
        return self._seconds / self._pages * pages if self._pages else None


def _progress(
    pile: Pile, pace: _Pace, place: Place | None, state: str = "reading"
) -> Progress:
    pages, done = pile.count, pile.settled
    left = pace.left(pages - done)
    return Progress(pile.id, state, done, pages, left, place, changes=len(pile.changes))


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, WeightsError) else strings.PILE_NO_ROOM
