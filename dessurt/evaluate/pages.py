"""What is known of a page that is measured on, and what a checkpoint answers about it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dessurt import Event, Outcome, Page
from dessurt.data.example import Example
from dessurt.page.plane import Box
from dessurt.truth import Line, Truth

TURNED = 0.25  # a line that rises by this part of its height is highlighted word by word


class SetError(ValueError):
    """Pages that cannot be measured on; the message says in one sentence what to do."""


@dataclass(frozen=True, eq=False)
class KnownLine:
    """A printed line.

    Attributes:
        text: as read.
        box: round the line.
        words: boxes of what stands between the spaces of `text`, as tall as the line.
        highlight: what is marked to have it read: the box, or its words' on a synthetic scan.
        counts: whether it is measured; others only make a text occur twice.
    """

    text: str
    box: Box
    words: tuple[Box, ...]
    highlight: tuple[Box, ...]
    counts: bool = True


@dataclass(frozen=True, eq=False)
class KnownPage:
    """A page with its blocks (paragraphs) of lines, in reading order.

    Attributes:
        name: for messages.
        page: its pixels.
        blocks: the text that is known.
        truth: what else is known, of pages that have a truth.
        examples: questions that a data set brings with it.
    """

    name: str
    page: Page
    blocks: tuple[tuple[KnownLine, ...], ...] = ()
    truth: Truth | None = None
    examples: tuple[Example, ...] = ()

    @cached_property
    def text(self) -> str:
        """All that is printed, folded: where to look whether a text occurs once."""
        return folded(" ".join(line.text for block in self.blocks for line in block))

    def once(self, text: str) -> bool:
        """Whether this is printed in exactly one place; a part of a word counts as a place."""
        first = self.text.find(text)
        return first >= 0 and self.text.find(text, first + 1) < 0


def blocks_of(truth: Truth) -> tuple[tuple[KnownLine, ...], ...]:
    """The lines of all paragraphs."""
    return tuple(tuple(map(_line, paragraph.lines)) for paragraph in truth.paragraphs)


def _line(line: Line) -> KnownLine:
    words = tuple(word.box for word in line.words)
    rise = abs(float(line.ends[-1, 1, 1] - line.ends[0, 0, 1]))
    highlight = words if rise > TURNED * line.height else (line.box,)
    return KnownLine(line.text, line.box, words, highlight)


@dataclass(frozen=True, eq=False)
class Answer:
    """All that a checkpoint answered.

    Attributes:
        text: the answer.
        region: if it was wanted, bool [H, W].
        tokens: the text, token by token.
        stopped_by: as in `Done`.
        rank: of the right first token among the most probable ones, from 1; None: it is not one
            of these, or was not looked for (see `guessing`).
    """

    text: str = ""
    region: np.ndarray | None = None
    tokens: tuple[str, ...] = ()
    stopped_by: str = "end"
    rank: int | None = None

    @classmethod
    def of(cls, events: Iterable[Event]) -> Answer:
        """Wait for the end of a stream of events."""
        outcome = Outcome.of(events)
        region = outcome.region.map >= 0.5 if outcome.region else None
        stopped_by = outcome.done.stopped_by if outcome.done else "end"
        tokens = tuple(token.delta for token in outcome.tokens)
        return cls(outcome.text, region, tokens, stopped_by)


def folded(text: str) -> str:
    """NFKC, white space folded: the form in which texts are compared."""
    return " ".join(unicodedata.normalize("NFKC", text).split())
