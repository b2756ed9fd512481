"""Text with the place of each of its characters on the page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dessurt.truth.truth import Line


@dataclass(frozen=True, eq=False)
class Printed:
    """A text and where it is printed.

    Attributes:
        text: the characters.
        spots: float32 [len(text), 2]: the middle (x, y) of every character in page pixels; NaN
            for one that is not printed, such as the sign for a line break.
    """

    text: str
    spots: np.ndarray

    @classmethod
    def of(cls, line: Line, first: int = 0, last: int | None = None) -> Printed:
        """The characters `first` to `last` of a line (to its end: None)."""
        stop = len(line.text) if last is None else last + 1
        return cls(line.text[first:stop], line.ends[first:stop].mean(1))

    @classmethod
    def sign(cls, text: str) -> Printed:
        """Characters that are written in an answer but printed nowhere."""
        return cls(text, np.full((len(text), 2), np.nan, np.float32))

    @property
    def places(self) -> np.ndarray:
        """The spots of the characters that are printed: float32 [n, 2]."""
        return self.spots[~np.isnan(self.spots[:, 0])]

    def __len__(self) -> int:
        return len(self.text)

    def __getitem__(self, part: slice) -> Printed:
        return Printed(self.text[part], self.spots[part])

    def __add__(self, other: Printed) -> Printed:
        return Printed(self.text + other.text, np.concatenate([self.spots, other.spots]))

    @classmethod
    def join(cls, sign: str, parts: Iterable[Printed]) -> Printed:
        """The parts with a sign between each two, as `str.join`."""
        joined = cls.sign("")
        for i, part in enumerate(parts):
            joined = joined + cls.sign(sign) + part if i else part
        return joined
