"""The "ask a page" protocol: one question in, a stream of events out.

The browser, the command line, the evaluation and the tests all consume the event stream of the
same call, `Instrument.ask`. All geometry is in page pixels (x right, y down).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any, Protocol, assert_never

import numpy as np

from dessurt import tasks
from dessurt.page import Page
from dessurt.page.frame import Frame
from dessurt.page.marks import Marks, MarksError
from dessurt.page.plane import Point, Quad
from dessurt.tasks import TASKS, Task, TaskError


class RequestError(ValueError):
    """A question that cannot be asked as it stands; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Request:
    """One question about one page."""

    task: str  # a task token, e.g. "w0>"
    text: str = ""  # what follows the token
    marks: Marks = field(default_factory=Marks)  # highlight and mask shapes, page pixels
    max_tokens: int | None = None  # None: as many as the model can write
    beams: int = 1  # 1 = greedy, streamed; > 1 = beam search, the best beam at the end
    want_region: bool = False  # also run the mask head
    written: tuple[int, ...] = ()  # token ids of an answer that was stopped, to go on from
    alternatives: int = 5  # how many of the most probable tokens each `Text` has, with one beam

    def checked(self, page: Page, table: Sequence[Task] = TASKS) -> Request:
        """The request with its marks as they lie on a page, if nothing is wrong with it.

        Args:
            page: the page that it is about.
            table: all tasks that there are.

        Raises:
            RequestError: the task is unknown or lacks something, or a number is out of range.
        """
        try:
            marks = self.marks.checked(page.size)
            highlight, mask = marks.has("highlight"), marks.has("mask")
            tasks.check(self.task, self.text, highlight, mask, table)
        except (TaskError, MarksError) as error:
            raise RequestError(str(error)) from error
        if (self.max_tokens is not None and self.max_tokens < 1) or self.beams < 1:
            raise RequestError("max_tokens and beams must be at least 1.")
        if self.written and self.beams > 1:
            raise RequestError("Only an answer of one beam can be continued: ask with beams=1.")
        return replace(self, marks=marks)


@dataclass(frozen=True)
class View:
    """What a model sees at once. Most questions take one look at the page, some take many."""

    request: Request  # its marks are as the model gets them
    frame: Frame  # how the page lies in the model image

    def channels(self, page: Page) -> np.ndarray:
        """The model image, exactly as the model gets it: float32 [2, H, W], ink and marks."""
        return self.frame.channels(page, self.request.marks)


@dataclass(frozen=True)
class Alternative:
    """One of the most probable tokens at a step."""

    text: str
    token_id: int
    probability: float


@dataclass(frozen=True)
class Notice:
    """Something the person should know about the answer, e.g. that the question was cut."""

    message: str


@dataclass(frozen=True)
class Text:
    """One written token. The concatenated deltas are the answer."""

    delta: str  # may be empty while a multi-byte character is still incomplete
    token_id: int
    probability: float
    alternatives: tuple[Alternative, ...] = ()
    place: Point | None = None  # where on the page the model looked when it wrote it, if known


@dataclass(frozen=True)
class Word:
    """A word that was read, and where it stands."""

    text: str
    quad: Quad  # page pixels
    confidence: float  # 0..1, of its least sure token


@dataclass(frozen=True)
class TextLine:
    """A line of the page was read to its end; its `Text` events came before."""

    quad: Quad  # page pixels
    words: tuple[Word, ...]  # from left to right; none, if nothing was read in it

    @property
    def text(self) -> str:
        """Its words with single spaces between them."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True)
class Progress:
    """How far the work is before there is text: tokens of every beam, or lines of a page."""

    done: int
    total: int | None = None  # None: it is not known how many there will be


@dataclass(frozen=True)
class Region:
    """The model's output mask over the page."""

    map: np.ndarray  # float32 [page height, page width], 0..1; 0 outside what the model saw
    frame: Frame  # how the page was laid into the model image


@dataclass(frozen=True)
class Done:
    """The end of an answer."""

    seconds_to_first_token: float
    seconds: float
    tokens: int  # new ones; those of `Request.written` do not count
    stopped_by: str  # "end", "length", "loop" (it only repeated itself) or "user"


Event = Notice | Progress | Text | TextLine | Region | Done
Events = Generator[Event, None, None]  # closing it stops whoever makes them


@dataclass(frozen=True)
class Outcome:
    """The sum of the events of an answer, so far or in the end."""

    tokens: tuple[Text, ...] = ()
    lines: tuple[TextLine, ...] = ()
    region: Region | None = None
    notices: tuple[str, ...] = ()
    done: Done | None = None  # None: the answer has not ended

    @classmethod
    def of(cls, events: Iterable[Event]) -> Outcome:
        """Wait for the end of an answer."""
        outcome = cls()
        for event in events:
            outcome = outcome.after(event)
        return outcome

    def after(self, event: Event) -> Outcome:
        """The outcome with one more event."""
        match event:
            case Text():
                return replace(self, tokens=(*self.tokens, event))
            case TextLine():
                return replace(self, lines=(*self.lines, event))
            case Region():
                return replace(self, region=event)
            case Notice():
                return replace(self, notices=(*self.notices, event.message))
            case Done():
                return replace(self, done=event)
            case Progress():
                return self
            case _:
                assert_never(event)

    @property
    def text(self) -> str:
        """The answer."""
        return "".join(token.delta for token in self.tokens)


# Mean probability of the tokens of what was read. Below it were 24 of 28 marks round blank paper or
# figures, and 3 of 92 lines of text; of each of these at least two thirds were misread.
UNSURE = 0.5
NOTHING_WRITTEN = Notice("The model wrote nothing: perhaps what it saw has no text.")
VERY_UNSURE = Notice(
    "The model was very unsure of this: perhaps what it saw has no text, or none that it can read."
)


def doubt(tokens: Sequence[Text]) -> Notice | None:
    """A warning that what was read, from beginning to end, may not be text at all."""
    if not "".join(token.delta for token in tokens).strip():
        return NOTHING_WRITTEN
    return VERY_UNSURE if confidence(tokens) < UNSURE else None


def confidence(tokens: Sequence[Text]) -> float:
    """How sure a model is of what it wrote: the mean probability of one token or more."""
    return fmean(token.probability for token in tokens)


@dataclass(frozen=True)
class Card:
    """What a checkpoint is and what it has learned."""

    name: str
    description: str = ""
    tasks: tuple[str, ...] = ()  # task tokens it was trained on; empty = not known
    quality: str = ""  # measured, in one line
    licence: str = ""
    # All tasks of this kind of model, learned or not.
    table: tuple[Task, ...] = field(default=TASKS, repr=False)

    def task(self, token: str) -> Task:
        """A row of its table.

        Raises:
            TaskError: there is none; the message names similar ones.
        """
        return tasks.task(token, self.table)

    def lacks(self, token: str) -> bool:
        """Whether it is known not to have learned a task."""
        return bool(self.tasks) and token not in self.tasks


def card_of(config: Mapping[str, Any], name: str) -> Card:
    """What a checkpoint's config says about it.

    Args:
        config: the config.
        name: the checkpoint's name, if the config gives none.
    """
    entries = config.get("card", {})
    return Card(
        name=str(config.get("name") or name),
        description=str(entries.get("description", "")),
        tasks=tuple(entries.get("tasks", ())),
        quality=str(entries.get("quality", "")),
        licence=str(entries.get("licence", "")),
    )


class Instrument(Protocol):
    """Anything that can be asked about a page."""

    card: Card

    def views(self, page: Page, request: Request) -> tuple[View, ...]:
        """What the model sees of the page to answer a request, one look after another.

        The model is not run. There is at least one view; a page that is read line by line has one
        for each line. The request need not be complete: its text makes no difference, and without
        the marks that it needs, or a known task, there is one view.

        Raises:
            MarksError: a mark lies outside the page or has no area.
        """
        ...

    def token_ids(self, text: str) -> list[int]:
        """The tokens in which an answer of this text would be written."""
        ...

    def ask(self, page: Page, request: Request) -> Events:
        """Answer a request about a page.

        The request is checked at once, before the first event is taken. Closing the iterator
        stops the model within one token.

        Raises:
            RequestError: the task is unknown, or lacks the marks or text it needs.
        """
        ...
