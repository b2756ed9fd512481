"""Several data sets as one, each as often as is wished."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from dessurt.data.records import DataError, Record, by_question
from dessurt.data.sets import open_set

CYCLE = 1000  # records in a row over which the frequencies hold, or one or two more


class Mixture:
    """The records of several sets.

    For training they are interleaved by frequency: of each 1000 records or so in a row every set
    has its share (one at least), spread evenly. A set gives its records in random order, each once
    before any comes again. One pass over the mixture has each record of every set at least once.
    Which record has which number is fixed by `seed`, so that training can be stopped and resumed.

    For any other split, which each set must have, all records follow each other in order, each
    once.

    In a config:

        {"set": "mixture", "sets": [
            {"set": "synthetic", "kinds": ["article"], "frequency": 0.3},
            {"set": "cdip", "folder": "data/cdip", "frequency": 0.45}]}

    A set's folder is relative to the mixture's, if that has one. Frequencies need not sum to 1.
    """

    def __init__(
        self,
        folder: Path,
        split: str = "train",
        *,
        sets: Sequence[Mapping[str, Any]],
        seed: int = 0,
    ) -> None:
        """`sets`: entries as a config has them for a set alone, and "frequency" (1.0).

        Raises:
            DataError: there are no sets, one is empty or cannot be opened, or a frequency is not
                above 0.
        """
        entries = [dict(each) for each in sets]
        shares = [each.pop("frequency", 1.0) for each in entries]
        if not all(isinstance(share, int | float) and share > 0 for share in shares) or not shares:
            raise DataError(f"a mixture needs sets with frequencies above 0, not {shares}.")
        for each in entries:
            each["folder"] = folder / each.get("folder", "")
        opened = [open_set(each, split) for each in entries]
        self.sets = list(map(by_question, opened)) if split == "train" else opened
        self.counts = [len(each) for each in self.sets]
        if 0 in self.counts:
            name = entries[self.counts.index(0)].get("set")
            raise DataError(f"the set {name!r} of a mixture has no records: leave it out.", folder)
        self.seed, self.train = seed, split == "train"
        self.slots = _interleaved([share / sum(shares) for share in shares])
        self.in_cycle = [self.slots.count(number) for number in range(len(shares))]

    def __len__(self) -> int:
        """Records in one pass."""
        if not self.train:
            return sum(self.counts)
        cycles = (-(-count // per) for count, per in zip(self.counts, self.in_cycle, strict=True))
        return len(self.slots) * max(cycles)

    def record(self, index: int, rng: random.Random) -> Record:
        """A record of one of the sets."""
        number, place = self._in_training(index) if self.train else self._in_order(index)
        return self.sets[number].record(place, rng)

    def _in_training(self, index: int) -> tuple[int, int]:
        """The number of a set, and that of its record."""
        cycle, slot = divmod(index, len(self.slots))
        number = self.slots[slot]
        drawn = cycle * self.in_cycle[number] + self.slots[:slot].count(number)
        times, place = divmod(drawn, self.counts[number])
        return number, int(_shuffled(self.counts[number], self.seed, number, times)[place])

    def _in_order(self, index: int) -> tuple[int, int]:
        for number, count in enumerate(self.counts):
            if index < count:
                return number, index
            index -= count
        raise IndexError("a mixture has no such record")


def _interleaved(shares: Sequence[float]) -> list[int]:
    """The numbers of the sets in a cycle, each as often as its share says and spread evenly."""
    counts = [max(round(share * CYCLE), 1) for share in shares]
    turns = [
        ((k + 0.5) / count, number) for number, count in enumerate(counts) for k in range(count)
    ]
    return [number for _, number in sorted(turns)]


@lru_cache(maxsize=16)
def _shuffled(count: int, seed: int, number: int, times: int) -> np.ndarray:
    """The order in which a set gives its records when it is gone through again."""
    return np.random.default_rng((seed, number, times)).permutation(count).astype(np.int32)
