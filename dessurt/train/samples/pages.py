"""Where the pages come from: the generator of synthetic ones, or a data set's records."""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dessurt.data.example import Example
from dessurt.data.records import DataError, Record, by_question
from dessurt.data.sets import open_set
from dessurt.page import Page
from dessurt.synth import page as synthetic
from dessurt.train.samples.cells import Glyphs
from dessurt.train.samples.recombination import Word, recombined, words_of
from dessurt.truth import Truth

FEWEST = 4  # lines of a synthetic page to ask about
MIXED = 7  # records whose words go into a new line
CACHED = 256  # records whose words are remembered


@dataclass(frozen=True, eq=False)
class Source:
    """A page to ask about, and what is known of it.

    Attributes:
        page: The page.
        truth: What stands on it; None: nothing is known.
        glyphs: Its characters and their places, if they are known.
        examples: Questions that come with it.
        name: Where it comes from, for messages.
    """

    page: Page
    truth: Truth | None
    glyphs: Glyphs | None = None
    examples: tuple[Example, ...] = ()
    name: str = ""

    @classmethod
    def of(cls, record: Record) -> Source:
        """Of a data set's record."""
        truth = record.truth
        glyphs = Glyphs.of(truth) if truth and truth.lines else None
        return cls(record.page, truth, glyphs, record.examples, record.source)


def synthetic_pages(
    rng: random.Random, count: int, kinds: Sequence[str] = ()
) -> list[Source]:
    """The pages of synthetic documents.

    Args:
        rng: Draws them.
        count: The number of pages at least; a document has one or a few.
        kinds: Kinds of documents; without any, all kinds.
    """
    sources: list[Source] = []
    while len(sources) < count:
        for drawn in synthetic(rng.getrandbits(48), kinds=kinds or None):
            if len(drawn.truth.lines) >= FEWEST:
                page = Page.from_array(drawn.pixels)
                sources.append(Source(page, drawn.truth, Glyphs.of(drawn.truth)))
    return sources


class Records:
    """A data set's records in an order drawn anew for each time through; damaged ones are noted.

    A set that counts its questions is gone through question by question (see `by_question`).

    Attributes:
        problems: What was wrong with records since somebody last emptied the list, each once.
    """

    def __init__(self, data: Mapping[str, Any], seed: str) -> None:
        """Open a data set.

        Args:
            data: The entry `data` of a part.
            seed: What the order of the records follows from.

        Raises:
            DataError: There is no such set, or it is empty.
        """
        self.name = " ".join(str(data[key]) for key in ("set", "folder", "split") if key in data)
        self.records = by_question(open_set(data))
        self.seed = seed
        self.problems: list[str] = []
        self._known: set[str] = set()
        self._order = functools.lru_cache(2)(self._order_of)  # of this time, and for replacements
        self._words = functools.lru_cache(CACHED)(self._words_of)
        if not len(self.records):
            raise DataError(f"the data set {self.name} has no records: check its folder and split.")

    def find_one(self) -> None:
        """Make sure that there is a record that can be read.

        Raises:
            DataError: There is none; the message says why the first cannot be read.
        """
        for index in range(len(self.records)):
            if self._read(index, random.Random(self.seed)):
                return
        raise DataError(
            f"none of the {len(self.records)} records of the data set {self.name} can be read; "
            f"the first: {self.problems[0]}"
        )

    def source(self, number: int, rng: random.Random) -> Source | None:
        """The page of draw `number`; None if its record is damaged."""
        through, place = divmod(number, len(self.records))
        record = self._read(self._order(through)[place], rng)
        return Source.of(record) if record else None

    def _order_of(self, through: int) -> list[int]:
        """The order of the records when they are gone through once more."""
        order = list(range(len(self.records)))
        random.Random(f"{self.seed} {through}").shuffle(order)
        return order

    def recombined(self, rng: random.Random) -> Source | None:
        """A new line out of the words of some records; None where these cannot be told apart."""
        chosen = rng.choices(range(len(self.records)), k=MIXED)
        words = [word for index in chosen for word in self._words(index)]
        if not words:
            return None
        example = recombined(words, rng)
        return Source(example.page, None, None, (example,), self.name)

    def _words_of(self, index: int) -> tuple[Word, ...]:
        record = self._read(index, random.Random(f"{self.seed} words {index}"))
        examples = record.examples if record else ()
        return tuple(word for example in examples for word in words_of(example))

    def _read(self, index: int, rng: random.Random) -> Record | None:
        try:
            record = self.records.record(index, rng)
            for error in record.errors:
                self.report(str(error))
            return record
        except DataError as error:
            self.report(str(error))
        except Exception as error:  # a set may be anybody's code; the run goes on all the same
            self.report(f"record {index} of {self.name}: {error!r}")
        return None

    def report(self, message: str) -> None:
        """Note what is wrong with a record, unless it was noted before."""
        if message not in self._known:
            self._known.add(message)
            self.problems.append(message)
