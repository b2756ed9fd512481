"""Records: what a data set consists of, and how it says that one of them is damaged."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dessurt.data.example import Example
from dessurt.data.truth import Truth
from dessurt.page import Page


class DataError(ValueError):
    """A data set, or one record of it, cannot be used; the message says what to do.

    Attributes:
        path: the file it is about.
        where: the line or key in it, where one is known.
    """

    def __init__(self, message: str, path: Path | str = "", where: str | int = "") -> None:
        """The message is put behind `PATH, WHERE: `."""
        where = f"line {where}" if isinstance(where, int) else where
        place = ", ".join(str(part) for part in (path, where) if part)
        super().__init__(f"{place}: {message}" if place else message)
        self.path, self.where = path, where


@dataclass(frozen=True, eq=False)
class Record:
    """One page of a data set and what is asked about it.

    Attributes:
        page: the page.
        examples: its questions, where the set has questions of its own.
        truth: what is known of its contents, where the set knows that: `dessurt.data` makes
            questions of it.
        source: file and record, for messages.
    """

    page: Page
    examples: tuple[Example, ...] = ()
    truth: Truth | None = None
    source: str = ""


class DataSet(Protocol):
    """Records of one split, read one by one when they are asked for."""

    def __len__(self) -> int:
        """How many records."""
        ...

    def record(self, index: int, rng: random.Random) -> Record:
        """Record `index`; what a set draws by lot (noise, mixtures) comes from `rng`.

        Raises:
            DataError: the record is damaged; others can still be read.
        """
        ...


def readable(records: DataSet, rng: random.Random) -> Iterator[Record | DataError]:
    """All records in order, and in place of each damaged one its error."""
    for index in range(len(records)):
        try:
            yield records.record(index, rng)
        except DataError as error:
            yield error
