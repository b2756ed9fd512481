"""Where the words of a line stand.

While a model writes it looks at its letters, and so tells roughly where each one stands (see
`dessurt.model.pointing`). Between the last letter of a word and the first one of the next lies a
stripe without ink, and a word ends where its ink does: exact to the pixel, where print is clear.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from dessurt.page import Page
from dessurt.page.ink import CONTRAST
from dessurt.page.plane import Quad, grid_map
from dessurt.protocol import Text, Word

Stretch = tuple[int, int]  # of columns of a line's picture: the first one, and the first one after


@dataclass(frozen=True)
class GapRules:
    """What counts as ink and as a gap; lengths are in heights of the line."""

    top: float = 0.1  # rows above and below are not looked at: there are neighbours and underlines
    bottom: float = 0.74  # the line's foot
    ink: float = 0.05  # of a column with a letter, at least
    gap: float = 0.2  # without ink, in which a line ends that the model has read to its end


RULES = GapRules()


def words_of(page: Page, quad: Quad, tokens: Sequence[Text]) -> tuple[Word, ...]:
    """The words of a line that was read.

    Args:
        page: the page.
        quad: the corners of the line.
        tokens: what was written about it, without the end.
    """
    text = "".join(token.delta for token in tokens)
    token_of = [token for token in tokens for _ in token.delta]
    stretches = [match.span() for match in re.finditer(r"\S+", text)]
    if not stretches:
        return ()
    line = _Line(quad)
    ink = line.ink(page.gray)
    letters = line.columns(token_of)
    columns = _placed(ink, [(letters[first], letters[last - 1]) for first, last in stretches],
                      max(round(RULES.gap * line.height), 1))  # fmt: skip
    return tuple(
        Word(text[first:last], line.part(x0, x1), min(t.probability for t in token_of[first:last]))
        for (first, last), (x0, x1) in zip(stretches, columns, strict=True)
    )


class _Line:
    """A line as a picture in which it runs level: `width` columns of `height` rows."""

    def __init__(self, quad: Quad) -> None:
        self.corners = np.array(quad, np.float64)
        self.start, self.stop = self.corners[[0, 3]].mean(0), self.corners[[1, 2]].mean(0)
        self.along = self.stop - self.start
        self.width = max(round(float(np.hypot(*self.along))), 1)
        down = self.corners[[2, 3]].mean(0) - self.corners[[0, 1]].mean(0)
        self.height = max(round(float(np.hypot(*down))), 1)

    def ink(self, gray: np.ndarray) -> np.ndarray:
        """Whether there is ink in each column: bool [width]."""
        left, right, _, lower = self.corners
        axes = np.stack([(right - left) / self.width, (lower - left) / self.height])
        there = grid_map(lambda spots: left + np.asarray(spots) @ axes)
        size, how = (self.width, self.height), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        picture = cv2.warpAffine(
            gray.astype(np.uint8, copy=False), there, size,
            flags=how, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        contrast = np.abs(picture - np.median(picture))
        dark = contrast > max(CONTRAST, float(np.percentile(contrast, 98)) / 4)
        rows = slice(int(RULES.top * self.height), round(RULES.bottom * self.height) + 1)
        return dark[rows].sum(0) >= max(RULES.ink * self.height, 1)

    def columns(self, letters: Sequence[Text]) -> list[int]:
        """The columns in which letters stand; those of unknown places are spread evenly."""
        shares = []
        for number, letter in enumerate(letters):
            share = (number + 0.5) / len(letters)
            if letter.place is not None:
                offset = np.subtract(letter.place, self.start)
                share = float(offset @ self.along) / max(float(self.along @ self.along), 1.0)
            shares.append(share)
        columns = np.maximum.accumulate(np.array(shares) * self.width)
        return columns.clip(0, self.width - 1).astype(int).tolist()

    def part(self, x0: int, x1: int) -> Quad:
        """The corners of a stretch of columns on the page."""
        a, b, c, d = self.corners
        left, right = x0 / self.width, x1 / self.width
        corners = (a + left * (b - a), a + right * (b - a), d + right * (c - d), d + left * (c - d))
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = (corner.tolist() for corner in corners)
        return (ax, ay), (bx, by), (cx, cy), (dx, dy)


def _placed(ink: np.ndarray, words: Sequence[Stretch], gap: int) -> Iterator[Stretch]:
    """The columns of each word.

    Args:
        ink: whether there is some in each column, bool [width].
        words: the columns in which the first and the last letter of each stand.
        gap: columns without ink that end a line.
    """
    first, last = words[0][0], words[-1][1]
    cuts = [len(ink) - _end(ink[::-1], len(ink) - 1 - first, gap)]
    cuts += [_gap(ink, left, right) for (_, left), (right, _) in itertools.pairwise(words)]
    cuts.append(_end(ink, last, gap))
    for (left, right), (x0, x1) in zip(itertools.pairwise(cuts), words, strict=True):
        filled = left + np.flatnonzero(ink[left:right])
        yield (int(filled[0]), int(filled[-1]) + 1) if len(filled) else (x0, max(x1, x0 + 1))


def _gap(ink: np.ndarray, left: int, right: int) -> int:
    """The middle of the widest stripe without ink between two letters, or of the stripe's lack."""
    edges = np.flatnonzero(np.diff(ink[left : right + 1], prepend=True, append=True))
    starts, stops = edges[::2], edges[1::2]
    if not len(starts):
        return (left + right + 1) // 2
    widest = int(np.argmax(stops - starts))
    return left + int(starts[widest] + stops[widest]) // 2


def _end(ink: np.ndarray, last: int, gap: int) -> int:
    """Where the ink ends that goes on from a letter to the right: the first column after it."""
    filled = np.flatnonzero(ink[last:])
    if not len(filled):
        return len(ink)
    wide = np.flatnonzero(np.diff(filled) > gap)
    return last + int(filled[wide[0]] if len(wide) else filled[-1]) + 1
