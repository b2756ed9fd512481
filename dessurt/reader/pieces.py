"""Pieces of a form: stretches of printed lines whose kinds are known, and how they lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from dessurt.page.ink import horizontal_rules
from dessurt.page.marks import Box
from dessurt.truth import Line

KINDS = {kind[0]: kind for kind in ("header", "question", "answer", "other")}
FRAME = 1.5  # heights of a line: rules round a label and its value are no further off
SHIFTED = 0.6  # of a line's height: pieces that are no further out are aligned


@dataclass(frozen=True)
class Piece:
    """A stretch of a printed line.

    Attributes:
        text: what is printed.
        kind: one of the values of `KINDS`.
        box: in page pixels.
        sure: how sure the model was of each character; () if nobody asked a model.
        chances: how likely each kind is; {} if that is not in doubt.
    """

    text: str
    kind: str
    box: Box
    sure: tuple[float, ...] = ()
    chances: Mapping[str, float] = field(default_factory=dict)

    def chance(self, kind: str) -> float:
        """How likely it is of a kind, 0..1."""
        return self.chances.get(kind, 0.0) if self.chances else float(kind == self.kind)

    def moved(self, x: float, y: float) -> Piece:
        """The same piece, so much further to the right and down."""
        x0, y0, x1, y1 = self.box
        return replace(self, box=(x0 + x, y0 + y, x1 + x, y1 + y))

    @property
    def height(self) -> float:
        """In page pixels."""
        return self.box[3] - self.box[1]


class Rules:
    """The horizontal rules printed on a page."""

    def __init__(self, gray: np.ndarray) -> None:
        """`gray`: the page, [H, W], 0 black to 255 white."""
        self.drawn = horizontal_rules(gray)

    def between(self, above: Box, below: Box) -> bool:
        """Whether a rule passes between the middles of two boxes, over or under the lower one."""
        top, bottom = (int(box[1] + box[3]) // 2 for box in (above, below))
        return bool(self._column(below)[max(top, 0) : bottom + 1].any())

    def frame(self, above: Box, below: Box) -> bool:
        """Whether there are rules over and under two boxes, near by, but none between."""
        column = self._column(below)
        near = FRAME * max(above[3] - above[1], below[3] - below[1])
        over = column[max(int(above[1] - near), 0) : max(int(above[1] + above[3]) // 2, 0)]
        under = column[max(int(below[1] + below[3]) // 2, 0) : max(int(below[3] + near), 0)]
        return bool(over.any() and under.any()) and not self.between(above, below)

    def _column(self, box: Box) -> np.ndarray:
        """Where rules are above, in and below the middle of a box: bool [H]."""
        x = min(max(int(box[0] + box[2]) // 2, 0), self.drawn.shape[1] - 1)
        return self.drawn[:, x]


def alike(one: Piece, other: Piece) -> bool:
    """Whether two pieces begin or end at the same place, or have the same middle."""
    (a0, _, a1, _), (b0, _, b1, _) = one.box, other.box
    apart = min(abs(a0 - b0), abs(a1 - b1), abs(a0 + a1 - b0 - b1) / 2)
    return apart < SHIFTED * min(one.height, other.height)


def over(a: Box, b: Box) -> bool:
    """Whether two boxes share a stretch of their widths worth the name."""
    shared = min(a[2], b[2]) - max(a[0], b[0])
    return shared > 0.3 * min(a[2] - a[0], b[2] - b[0])


def line_of(piece: Piece) -> Line:
    """A piece as a line of print, its characters evenly spread."""
    x0, y0, x1, y1 = piece.box
    x = np.linspace(x0, x1, len(piece.text) + 1)
    ends = np.empty((len(piece.text), 2, 2), np.float32)
    ends[..., 0] = np.stack([x[:-1], x[1:]], 1)
    ends[..., 1] = (y0 + y1) / 2
    return Line(piece.text, ends, (y1 - y0) / 2, (y1 - y0) / 2)
