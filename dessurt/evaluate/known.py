"""What is known of a page that is measured on, and what a checkpoint answers about it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dessurt import Event, Page, Region, Text
from dessurt.data.truth import Box, Truth


class SetError(ValueError):
    """Pages that cannot be measured on; the message says in one sentence what to do."""


@dataclass(frozen=True, eq=False)
class KnownLine:
    """A printed line.

    Attributes:
        text: as read.
        box: round the line.
        words: boxes of what stands between the spaces of `text`, as tall as the line.
        highlight: what a person marks to have it read: the box, or its words' on a turned scan.
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

    `truth`: of a synthetic page, all that is known of it.
    """

    name: str
    page: Page
    blocks: tuple[tuple[KnownLine, ...], ...]
    truth: Truth | None = None

    @cached_property
    def text(self) -> str:
        """All that is printed, folded: where to look whether a text occurs once."""
        return folded(" ".join(line.text for block in self.blocks for line in block))

    def once(self, text: str) -> bool:
        """Whether this is printed in exactly one place; a part of a word counts as a place."""
        first = self.text.find(text)
        return first >= 0 and self.text.find(text, first + 1) < 0


@dataclass(frozen=True, eq=False)
class Answer:
    """All that a checkpoint answered: text, and the region if it was wanted, bool [H, W]."""

    text: str = ""
    region: np.ndarray | None = None

    @classmethod
    def of(cls, events: Iterable[Event]) -> Answer:
        """Wait for the end of a stream of events."""
        text, region = [], None
        for event in events:
            if isinstance(event, Text):
                text.append(event.delta)
            elif isinstance(event, Region):
                region = event.map >= 0.5
        return cls("".join(text), region)


def folded(text: str) -> str:
    """NFKC, white space folded: the form in which texts are compared."""
    return " ".join(unicodedata.normalize("NFKC", text).split())
