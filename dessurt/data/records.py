"""Records: what a data set consists of, and how it says that one of them is damaged."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Protocol

from dessurt.data.example import Example
from dessurt.page import Page
from dessurt.truth import Truth


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
        errors: what is wrong with those of its questions that are left out.
    """

    page: Page
    examples: tuple[Example, ...] = ()
    truth: Truth | None = None
    source: str = ""
    errors: tuple[DataError, ...] = ()


class DataSet(Protocol):
    """Records of one split, read one by one when they are asked for.

    A set may have `question_counts`, how many questions each record has: then training draws
    its questions equally often, and not its pages (see `by_question`).
    """

    def __len__(self) -> int:
        """How many records."""
        ...

    def record(self, index: int, rng: random.Random) -> Record:
        """Record `index`; what a set chooses at random (noise, mixtures) comes from `rng`.

        Raises:
            DataError: the record is damaged; others can still be read.
        """
        ...


class ByQuestion:
    """A set's questions one by one: each record is a page with one of the questions about it.

    So a page is as likely as it has questions.
    """

    def __init__(self, records: DataSet, counts: Sequence[int]) -> None:
        """`counts`: how many questions each record has."""
        self.records, self.ends = records, list(accumulate(counts))

    def __len__(self) -> int:
        """Questions."""
        return self.ends[-1] if self.ends else 0

    def record(self, index: int, rng: random.Random) -> Record:
        """A page with one question; with all if it has fewer than was said.

        Raises:
            DataError: the record is damaged; others can still be read.
        """
        page = bisect_right(self.ends, index)
        record = self.records.record(page, rng)
        number = index - (self.ends[page - 1] if page else 0)
        return replace(record, examples=record.examples[number : number + 1] or record.examples)


def by_question(records: DataSet) -> DataSet:
    """The same set; one that has `question_counts`, question by question."""
    counts = getattr(records, "question_counts", None)
    return records if counts is None else ByQuestion(records, counts)


def readable(records: DataSet, rng: random.Random) -> Iterator[Record | DataError]:
    """All records in order, and in place of what is damaged its error."""
    for index in range(len(records)):
        try:
            record = records.record(index, rng)
        except DataError as error:
            yield error
        else:
            yield record
            yield from record.errors
