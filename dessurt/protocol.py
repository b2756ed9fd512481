"""The "ask a page" protocol: one question in, a stream of events out.

The browser, the command line, the evaluation and the tests all consume the event stream of the
same call, `Instrument.ask`. All geometry is in page pixels (x right, y down).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, assert_never

import numpy as np

from dessurt.page import Page
from dessurt.page.frame import Frame
from dessurt.page.marks import Marks


class RequestError(ValueError):
    """A question that cannot be asked as it stands; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Request:
    """One question about one page."""

    task: str  # a task token, e.g. "w0>"
    text: str = ""  # what follows the token
    marks: Marks = field(default_factory=Marks)  # highlight and mask shapes, page pixels
    max_tokens: int = 800
    beams: int = 1  # 1 = greedy, streamed; > 1 = beam search, the best beam at the end
    want_region: bool = False  # also run the mask head
    written: tuple[int, ...] = ()  # token ids of an answer that was stopped, to go on from
    alternatives: int = 5  # so many of the most probable tokens are told at each step of one beam


@dataclass(frozen=True)
class Alternative:
    """One of the most probable tokens at a step."""

    text: str
    token_id: int
    probability: float


@dataclass(frozen=True)
class Notice:
    """Something the person should know about how the question was read, e.g. text that was cut."""

    message: str


@dataclass(frozen=True)
class Text:
    """One written token. The concatenated deltas are the answer."""

    delta: str  # may be empty while a multi-byte character is still incomplete
    token_id: int
    probability: float
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True)
class Progress:
    """Work goes on before there is text: tokens written to every beam, or lines of a page read."""

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


Event = Notice | Progress | Text | Region | Done
Events = Generator[Event, None, None]  # closing it stops whoever makes them


@dataclass(frozen=True)
class Outcome:
    """What the events of an answer come to: their sum, so far or in the end."""

    tokens: tuple[Text, ...] = ()
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
        """With one event more."""
        match event:
            case Text():
                return replace(self, tokens=(*self.tokens, event))
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


@dataclass(frozen=True)
class Card:
    """What a checkpoint is and what it has learned."""

    name: str
    description: str = ""
    tasks: tuple[str, ...] = ()  # task tokens it was trained on; empty = not known
    quality: str = ""  # measured, in one line
    licence: str = ""


def card_of(config: Mapping[str, Any], name: str) -> Card:
    """What a checkpoint's config says about it; `name`: for one that does not give its own."""
    given = config.get("card", {})
    return Card(
        name=str(config.get("name") or name),
        description=str(given.get("description", "")),
        tasks=tuple(given.get("tasks", ())),
        quality=str(given.get("quality", "")),
        licence=str(given.get("licence", "")),
    )


class Instrument(Protocol):
    """Anything that can be asked about a page."""

    card: Card

    def frame(self, page: Page, marks: Marks) -> Frame:
        """How the page would be laid into the model image for a question with these marks."""
        ...

    def parts(self, page: Page, request: Request) -> list[Request]:
        """What is asked one after another to answer `request`: often that alone, or its lines.

        The model sees each part through `frame(page, part.marks)`; what text is asked for makes no
        difference to that. There may be none, as on a page without lines.
        """
        ...

    def token_ids(self, text: str) -> list[int]:
        """The tokens in which an answer of this text would be written."""
        ...

    def ask(self, page: Page, request: Request) -> Events:
        """Answer `request` about `page`.

        Closing the iterator stops the model within one token.

        Raises:
            RequestError: the task is unknown, or lacks the marks or text it needs.
        """
        ...
