"""Pieces of a form: stretches of printed lines whose kinds are known, and how they lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from dessurt.page.ink import horizontal_rules
from dessurt.page.plane import Box
from dessurt.truth import Line

KINDS = {kind[0]: kind for kind in ("header", "question", "answer", "other")}


@dataclass(frozen=True)
class PieceLimits:
    """How pieces must lie to belong together."""

    frame_distance: float = 1.5  # heights of a line, from a label and its value to rules round them
    shift: float = 0.6  # of the lower one's height; edges that are further apart are not aligned
    shared_width: float = 0.3  # of the narrower one's width, which two in one column share


LIMITS = PieceLimits()


@dataclass(frozen=True)
class Piece:
    """A stretch of a printed line.

    Attributes:
        text: what is printed.
        kind: one of the values of `KINDS`.
        box: its box in page pixels.
        sure: the model's probability of each character; () if no model was asked.
        chances: the probability of each kind; {} if that is not in doubt.
    """

    text: str
    kind: str
    box: Box
    sure: tuple[float, ...] = ()
    chances: Mapping[str, float] = field(default_factory=dict)

    def chance(self, kind: str) -> float:
        """The probability that it is of a kind."""
        return self.chances.get(kind, 0.0) if self.chances else float(kind == self.kind)

    def moved(self, x: float, y: float) -> Piece:
        """The same piece, so many pixels further to the right and down."""
        x0, y0, x1, y1 = self.box
        return replace(self, box=(x0 + x, y0 + y, x1 + x, y1 + y))

    @property
    def height(self) -> float:
        """Its height in page pixels."""
        return self.box[3] - self.box[1]

    @property
    def line(self) -> Line:
        """The piece as a line of print, its characters evenly spread."""
        x0, y0, x1, y1 = self.box
        x = np.linspace(x0, x1, len(self.text) + 1)
        ends = np.empty((len(self.text), 2, 2), np.float32)
        ends[..., 0] = np.stack([x[:-1], x[1:]], 1)
        ends[..., 1] = (y0 + y1) / 2
        return Line(self.text, ends, (y1 - y0) / 2, (y1 - y0) / 2)


class Rules:
    """The horizontal rules printed on a page."""

    def __init__(self, gray: np.ndarray) -> None:
        """Find them; `gray` is the page, [H, W], 0 black to 255 white."""
        self.drawn = horizontal_rules(gray)

    def between(self, upper: Box, lower: Box) -> bool:
        """Whether a rule passes between the middles of two boxes, where the lower one is."""
        top, bottom = (int(box[1] + box[3]) // 2 for box in (upper, lower))
        return bool(self._column(lower)[max(top, 0) : bottom + 1].any())

    def frame(self, upper: Box, lower: Box) -> bool:
        """Whether there are rules close above and below two boxes, but none between them."""
        column = self._column(lower)
        near = LIMITS.frame_distance * max(upper[3] - upper[1], lower[3] - lower[1])
        above = column[max(int(upper[1] - near), 0) : max(int(upper[1] + upper[3]) // 2, 0)]
        below = column[max(int(lower[1] + lower[3]) // 2, 0) : max(int(lower[3] + near), 0)]
        return bool(above.any() and below.any()) and not self.between(upper, lower)

    def _column(self, box: Box) -> np.ndarray:
        """Where rules are above, in and below the middle of a box: bool [H]."""
        x = min(max(int(box[0] + box[2]) // 2, 0), self.drawn.shape[1] - 1)
        return self.drawn[:, x]


def are_aligned(one: Piece, other: Piece) -> bool:
    """Whether two pieces begin or end at the same place, or have the same middle."""
    (a0, _, a1, _), (b0, _, b1, _) = one.box, other.box
    distance = min(abs(a0 - b0), abs(a1 - b1), abs(a0 + a1 - b0 - b1) / 2)
    return distance < LIMITS.shift * min(one.height, other.height)


def share_column(one: Box, other: Box) -> bool:
    """Whether two boxes share so much of their widths that one may stand above the other."""
    shared = min(one[2], other[2]) - max(one[0], other[0])
    return shared > LIMITS.shared_width * min(one[2] - one[0], other[2] - other[0])
