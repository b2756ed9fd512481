"""Asking: from a canvas value and a task to a stream of `Answer`s.

The Run button, Ctrl+Enter and the API all go through `Asking.answer_stream`. One question at a time
gets the model.
"""

from __future__ import annotations

import itertools
import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace

import gradio as gr

from dessurt.page import Page
from dessurt.protocol import Events, Instrument, Request, RequestError
from dessurt.tasks import Task, TaskError
from dessurt_app import strings
from dessurt_app.ask.answer_view import Answer, Question
from dessurt_app.ask.following import Answers, Pause, follow, stopped
from dessurt_app.ask.listeners import Listeners
from dessurt_app.canvas.canvas_value import REFUSED, Drawn, read_value
from dessurt_app.canvas.open_pages import first_in_line
from dessurt_app.models import Loading, Weights, WeightsError

_log = logging.getLogger(__name__)
SECONDS_BETWEEN_UPDATES = 0.05
SECONDS_BETWEEN_LOOKS = 0.2  # at the line of waiting questions
MOST_QUESTIONS = 4  # of one session at once: one that is answered, and three that wait
MOST_REMEMBERED = 1000  # sessions whose last answers are kept, at about 65 kB each
MOST_REMEMBERED_BYTES = 128 * 2**20  # of all of them; who sends junk may send much of it
TOKEN_BYTES = 500  # about, with its alternatives

# What a person can set right; the message says how.
EXPECTED = (*REFUSED, RequestError, TaskError, WeightsError)

# The name of a checkpoint, a page and a question to the events of an answer.
Ask = Callable[[str, Page, Request], Events]


class Turns:
    """A line of questions that wait for the model, in the order in which they came.

    One that takes long gives its turn away now and then, so that short ones need not wait for all
    of it. Those that nobody sits and waits for, patient ones, let all others go first.
    """

    def __init__(self) -> None:
        """Start with an empty line."""
        self._line: list[Place] = []
        self._moved = threading.Condition()

    @contextmanager
    def join(self, patient: bool = False) -> Iterator[Place]:
        """Stand at the end of the line; leaving the context leaves the line."""
        place = Place(self._line, self._moved, patient)
        with self._moved:
            place.stand(behind=1)  # whose turn it is stays
        try:
            yield place
        finally:
            with self._moved:
                self._line.remove(place)
                self._moved.notify_all()


class Place:
    """A place in the line."""

    def __init__(
        self, line: list[Place], moved: threading.Condition, patient: bool = False
    ) -> None:
        """Belong to a whole line, which `moved` notifies when somebody leaves it."""
        self._line, self._moved, self._patient = line, moved, patient

    def stand(self, behind: int = 0) -> None:
        """Stand at the end of the line, or in front of the patient ones, behind some at least."""
        ends = (at for at, other in enumerate(self._line) if at >= behind and other._patient)
        end = len(self._line) if self._patient else next(ends, len(self._line))
        self._line.insert(end, self)

    def wait(self, seconds: float) -> int:
        """How many are ahead, as soon as it is this one's turn, or at the end of the time."""
        with self._moved:
            self._moved.wait_for(lambda: self._line[0] is self, seconds)
            return self._line.index(self)

    def give_way(self) -> None:
        """Go to the end of the line."""
        with self._moved:
            self._line.remove(self)
            self.stand()
            self._moved.notify_all()


@dataclass
class _Running:
    """A question that is being answered."""

    answer: Answer  # as far as it is written
    stop: threading.Event = field(default_factory=threading.Event)


class Asking:
    """Asks the model and knows which questions are running, so that they can be stopped."""

    def __init__(
        self, weights: Weights, ask: Ask | None = None, listeners: Listeners | None = None
    ) -> None:
        """Ask the models of some checkpoints.

        Args:
            weights: the checkpoints.
            ask: what asks them, if not `weights.ask`.
            listeners: knows whether anybody still listens; None: somebody always does.
        """
        self.weights, self._listeners = weights, listeners
        self._ask = ask or weights.ask
        self._turns = Turns()
        self._running: dict[str | None, _Running] = {}  # by browser session
        self._unfinished: Counter[str | None] = Counter()  # number of questions of each session
        self._last: dict[str | None, Answer] = {}  # by session; the latest at the end
        self._sizes: dict[str | None, int] = {}  # bytes, of each in `_last`
        self._remembering = threading.Lock()
        self._serials = itertools.count(time.time_ns() // 1_000_000)  # grows over restarts too

    def answer_stream(
        self,
        canvas: dict,
        task: str,
        text: str,
        show_region: bool,
        max_tokens: float | None,
        checkpoint: str | None,
        request: gr.Request,
    ) -> Iterator[Answer]:
        """Ask one question; every item is the whole answer so far.

        Closing the iterator, or `stop` from the same session, ends it within one token.
        """
        question = Question(canvas, task, text or "", show_region, max_tokens, checkpoint)
        yield from self._stream(Answer("running", question=question), request)

    def resume_stream(self, request: gr.Request) -> Iterator[Answer]:
        """Go on with this session's last answer, if it was stopped or came to its limit."""
        last = self._last.get(request.session_hash)
        if last is None or not last.more:
            yield self.newest(Answer("error", status=strings.NOTHING_TO_CONTINUE))
            return
        begun = Answer("running", last.written, last.lines, question=last.question, task=last.task)
        yield from self._stream(begun, request)

    def _stream(self, answer: Answer, request: gr.Request) -> Iterator[Answer]:
        """Answer `answer.question`, beginning after what is already written."""
        if self._unfinished[request.session_hash] >= MOST_QUESTIONS:
            yield self.newest(replace(answer, state="error", status=strings.TOO_MANY_QUESTIONS))
            return
        self._unfinished[request.session_hash] += 1
        answer, shown, since = self.newest(answer), 0.0, time.monotonic()
        running = self._running[request.session_hash] = _Running(answer)
        self._remember(answer, request)
        try:
            with closing(self.answers(answer, running.stop)) as answers:
                for answer in answers:
                    if self._listeners and self._listeners.has_gone(request.session_hash, since):
                        answer = stopped(answer)
                        return
                    only_more = (
                        answer.written is not running.answer.written
                        or answer.lines is not running.answer.lines
                    )
                    running.answer, now = answer, time.perf_counter()
                    due = now - shown >= SECONDS_BETWEEN_UPDATES
                    if due or not only_more or answer.state != "running":
                        shown = now
                        yield answer
        except EXPECTED as error:
            yield replace(answer, state="error", status=str(error))
        except Exception:  # whatever it is, the person gets a sentence and keeps the page
            _log.exception("A question failed")
            yield replace(answer, state="error", status=strings.FAILED)
        finally:
            if self._running.get(request.session_hash) is running:
                # Else it was closed, or `stop` keeps what it showed.
                if answer.state != "running" and not running.stop.is_set():
                    self._remember(answer, request)
                del self._running[request.session_hash]
            self._unfinished[request.session_hash] -= 1
            if not self._unfinished[request.session_hash]:
                del self._unfinished[request.session_hash]

    def stop(self, request: gr.Request) -> Answer | None:
        """End this session's question after the token it is at; what is written stays.

        None: there is nothing to stop; the question is over, or it has not begun.
        """
        if not (running := self._running.get(request.session_hash)):
            return None
        running.stop.set()
        answer = self.newest(stopped(running.answer))
        self._remember(answer, request)
        return answer

    def last(self, request: gr.Request) -> Answer | None:
        """This session's last answer, as far as it is written."""
        return self._last.get(request.session_hash)

    def show(self, answer: Answer, request: gr.Request) -> Answer:
        """Make an answer that was found before this session's last one, and the newest."""
        answer = self.newest(answer)
        self._remember(answer, request)
        return answer

    def newest(self, answer: Answer) -> Answer:
        """The answer with a serial that makes the browser show it in place of all before."""
        return replace(answer, serial=next(self._serials))

    def _remember(self, answer: Answer, request: gr.Request) -> None:
        """Keep the session's last answer, to go on from, and forget the oldest of others.

        Not in a gr.State: Gradio cannot call a tool that has one beside its answer.
        """
        if request.session_hash is None:
            return  # a single call over the API: the next without a session is another person's
        size = _size(answer)
        with self._remembering:
            self._last.pop(request.session_hash, None)
            self._sizes.pop(request.session_hash, None)
            if size > MOST_REMEMBERED_BYTES // 8:
                return  # it would drive the others out
            self._last[request.session_hash] = answer
            self._sizes[request.session_hash] = size
            while (
                len(self._last) > MOST_REMEMBERED
                or sum(self._sizes.values()) > MOST_REMEMBERED_BYTES
            ):
                oldest = next(iter(self._last))
                del self._last[oldest], self._sizes[oldest]

    def answers(self, answer: Answer, stop: threading.Event, patient: bool = False) -> Answers:
        """Answer `answer.question` when it is its turn; every item is the whole answer so far.

        Args:
            answer: what is written already; nothing, if the question is new.
            stop: set when the model shall stop.
            patient: whether all other questions go first.

        Raises:
            one of `EXPECTED`: the question cannot be answered; the message says what to do.
        """
        question = answer.question
        assert question is not None  # it is what is answered
        drawn = read_value(question.canvas)
        loading = self.weights.of(question.checkpoint)
        task = loading.card.task(question.task)
        answer = replace(answer, task=task)
        if missing := missing_needs(task, drawn, question.text):
            sentence = strings.MISSING[missing[0]].format(example=task.example[0])
            yield replace(answer, state="error", status=sentence, lacks=missing[0])
            return
        query = Request(
            task.token,
            question.text if "text" in task.needs else "",
            drawn.marks,
            max_tokens=_limit(question.max_tokens),
            want_region=question.show_region or "text" not in task.returns,
            written=tuple(token.token_id for token in answer.written),
        )
        del drawn  # a question that waits holds no page
        with self._turns.join(patient) as place:

            def wait(answer: Answer) -> Iterator[Answer]:
                while (ahead := place.wait(SECONDS_BETWEEN_LOOKS)) and not stop.is_set():
                    yield replace(answer, status=_waiting(ahead))

            def between_lines(answer: Answer) -> Iterator[Answer]:
                place.give_way()
                yield from wait(answer)

            yield from wait(answer)
            if loading.outcome is None:
                yield replace(answer, status=strings.LOADING_WEIGHTS)
            if _wait_for_model(loading, stop) is None:
                yield stopped(answer)
                return
            yield (answer := replace(answer, status=strings.READING_PAGE))
            with first_in_line():
                page = read_value(question.canvas).page
            yield from self._ask_with_memory(loading, page, query, answer, stop, between_lines)

    def _ask_with_memory(
        self,
        loading: Loading,
        page: Page,
        query: Request,
        answer: Answer,
        stop: threading.Event,
        between_lines: Pause,
    ) -> Iterator[Answer]:
        """Ask; if the GPU's memory is too small, go on from what is written without the GPU."""
        last = answer
        try:
            events = self._ask(loading.name, page, query)
            with closing(follow(events, answer, stop, between_lines)) as answers:
                for last in answers:
                    yield last
            return
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
            if not loading.on_gpu:
                raise RequestError(strings.OUT_OF_MEMORY) from error
        yield (last := replace(last, status=strings.RETRY_ON_CPU))
        rest = replace(query, written=tuple(token.token_id for token in last.written))
        try:
            yield from follow(loading.on_cpu().ask(page, rest), last, stop, between_lines)
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
            raise RequestError(strings.OUT_OF_MEMORY) from error


def _size(answer: Answer) -> int:
    """About how many bytes an answer takes, with what a visitor sent."""
    question, sent = answer.question, ""
    try:
        if question:
            sent = json.dumps([question.canvas, question.task, question.text], default=str)
    except (ValueError, RecursionError):  # nothing that a canvas would send
        return MOST_REMEMBERED_BYTES
    return len(sent) + TOKEN_BYTES * answer.tokens


def _wait_for_model(loading: Loading, stop: threading.Event) -> Instrument | None:
    """The model, or None if the wait was stopped."""
    while not stop.is_set():
        try:
            return loading.model(timeout=0.1)
        except TimeoutError:
            continue
    return None


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Whether it says that there is no more memory, on the GPU or, as torch says it, elsewhere."""
    import torch  # here, as the page comes before it; a model that fails has imported it

    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)


def missing_needs(task: Task, drawn: Drawn, text: str) -> list[str]:
    """What a task needs and does not get: of "highlight", "mask" and "text"."""
    met = needs_met(drawn, text)
    return [need for need in strings.MISSING if need in task.needs and not met[need]]


def needs_met(drawn: Drawn, text: str) -> dict[str, bool]:
    """Which of the needs that a task can have are met."""
    marks = drawn.marks
    return {
        "highlight": marks.has("highlight"),
        "mask": marks.has("mask"),
        "text": bool(text.strip()),
    }


def _limit(tokens: object) -> int | None:
    """A number of tokens from outside; Gradio has checked its range, but not that there is one."""
    return tokens if isinstance(tokens, int) and tokens > 0 else None


def _waiting(ahead: int) -> str:
    return strings.AHEAD_ONE if ahead == 1 else strings.AHEAD.format(people=ahead)
