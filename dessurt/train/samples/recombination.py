"""Recombination: new lines out of the words of answered ones.

What follows on what in twenty lines a model soon knows by heart, and writes it down unread. With
their words in ever new orders only their looks are left to learn. Where a word ends nobody has
marked: of the gaps between strokes those are taken that are wide, and stand about where the lengths
of the words let one expect them.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from dessurt.data.example import Example
from dessurt.page import Page
from dessurt.page.marks import Marks
from dessurt.protocol import Request

TASK = "w0>"
ROOM = 1.0  # heights of the line that are kept above and below it
MOST_WORDS, MOST_CHARACTERS = 8, 60  # of a new line
FAINTEST = 24  # grey levels between paper and ink
DARK = 0.35  # of the way from paper to ink, from where on a pixel is ink
WRITTEN = 0.02  # of a column's pixels, from where on something stands there
SPACE = 0.6  # of a character's width, of a space as a rule
NARROWEST = 0.2  # the same, at least
WIDTH = 2.0  # what a gap's width counts beside how well the words fit that it parts
FITTING = (0.45, 2.2)  # of the width to be expected, a word's
CHARACTERS = 1.5  # or so much more or less than that

Span = tuple[int, int]  # first column, and the one after the last


class Word(NamedTuple):
    """A word and what stands in its part of the line, with half the gaps beside it.

    Attributes:
        text: What the word says.
        picture: Uint8 [height, width], with `ROOM` above and below.
        top, height: Where the line lies in the picture, pixels.
    """

    text: str
    picture: np.ndarray
    top: float
    height: float


def words_of(example: Example) -> tuple[Word, ...]:
    """The words of a line; none where they cannot be told apart, or it is no single line."""
    shapes = example.request.marks.shapes
    if example.request.task != TASK or len(shapes) != 1 or len(example.answers) != 1:
        return ()
    texts = example.answers[0].split()
    (x0, y0, x1, y1), page = shapes[0].bounds(), example.page.gray
    tall = y1 - y0
    left, right = max(int(x0 - tall / 4), 0), max(int(x1 + tall / 4), 0)
    top, bottom = max(int(y0 - ROOM * tall), 0), max(int(y1 + ROOM * tall), 0)
    cuts = _cuts(page[max(int(y0), 0) : max(int(y1), 0), left:right], [*map(len, texts)])
    picture = page[top:bottom, left:right]
    return tuple(
        Word(text, picture[:, first:end], y0 - top, tall)
        for text, (first, end) in zip(texts, itertools.pairwise(cuts), strict=bool(cuts))
    )


def recombined(words: Sequence[Word], rng: random.Random) -> Example:
    """Some of the words, one beside the other, as a line on a page of its own.

    Args:
        words: The words to choose from, at least one.
        rng: Draws the words.
    """
    chosen = rng.sample(words, min(len(words), rng.randint(1, MOST_WORDS)))
    while len(chosen) > 1 and sum(len(word.text) + 1 for word in chosen) > MOST_CHARACTERS:
        chosen.pop()
    tall = round(float(np.median([word.height for word in chosen])))
    line = np.hstack([_set(word, tall) for word in chosen])
    paper = int(np.percentile(line, 80))
    page = np.pad(line, ((0, 0), (tall, tall)), constant_values=paper)
    above = round(ROOM * tall)
    marks = Marks.from_boxes(highlight=[(tall, above, tall + line.shape[1], above + tall)])
    text = " ".join(word.text for word in chosen)
    return Example(Page.from_array(page), Request(TASK, marks=marks), (text,))


def _set(word: Word, tall: int) -> np.ndarray:
    """A word's picture in another size, its line as far from the top as all others'."""
    scale, above = tall / word.height, round(ROOM * tall)
    size = (max(round(word.picture.shape[1] * scale), 1), tall + 2 * above)
    return cv2.warpAffine(
        word.picture, np.array([[scale, 0, 0], [0, scale, above - scale * word.top]]), size,
        flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC,
        borderValue=float(np.percentile(word.picture, 80)),
    )  # fmt: skip


def _cuts(line: np.ndarray, lengths: Sequence[int]) -> list[int]:
    """The columns at which to cut a line into words of so many characters, its two ends among
    them; none where that is not clear.
    """
    if min(line.shape) < 4 or not lengths:
        return []
    paper, ink = np.percentile(line, 80), np.percentile(line, 0.5)
    if paper - ink < FAINTEST:
        return []
    written = (line < paper - DARK * (paper - ink)).mean(0) > WRITTEN
    columns = np.flatnonzero(written).tolist()
    if not columns:
        return []
    gaps = [(a + 1, b) for a, b in itertools.pairwise(columns) if b > a + 1]
    first, end = columns[0], columns[-1] + 1
    between = _between(gaps, (first, end), lengths)
    if between is None:
        return []
    half = min((b - a for a, b in between), default=len(line) // 4) // 2
    middles = [(a + b) // 2 for a, b in between]
    return [max(first - half, 0), *middles, min(end + half, line.shape[1])]


def _between(gaps: Sequence[Span], ends: Span, lengths: Sequence[int]) -> list[Span] | None:
    """Of the gaps those between words of so many characters; None where that is not clear."""
    spaces = len(lengths) - 1
    if len(gaps) < spaces:
        return None
    one = (ends[1] - ends[0]) / (sum(lengths) + SPACE * spaces)  # a character's width
    # The best way to part the first words so that the last of them ends at a gap, word by word.
    ways: dict[int, tuple[float, list[Span]]] = {ends[0]: (0.0, [])}
    for n, length in enumerate(lengths[:-1]):
        longer: dict[int, tuple[float, list[Span]]] = {}
        for a, b in gaps[n : len(gaps) - (spaces - 1 - n)]:
            known = [
                (cost + _misfit((a - begin) / one, length), chosen)
                for begin, (cost, chosen) in ways.items()
                if begin < a
            ]
            if known:
                cost, chosen = min(known, key=lambda each: each[0])
                longer[b] = cost - WIDTH * (b - a) / one, [*chosen, (a, b)]
        ways = longer
    if not ways:
        return None
    _, chosen = min(
        ((cost + _misfit((ends[1] - begin) / one, lengths[-1]), chosen)
         for begin, (cost, chosen) in ways.items()), key=lambda each: each[0],
    )  # fmt: skip
    return chosen if _is_clear(chosen, gaps, ends, lengths, one) else None


def _misfit(wide: float, length: int) -> float:
    """How badly a word of so many characters fits where so many would go."""
    return (wide - length) ** 2 / length


def _is_clear(
    chosen: Sequence[Span], gaps: Sequence[Span], ends: Span, lengths: Sequence[int], one: float
) -> bool:
    """Whether the gaps are wide, wider than those left over, and the words of fitting widths."""
    sides = [ends[0], *itertools.chain.from_iterable(chosen), ends[1]]
    for begin, end, length in zip(sides[::2], sides[1::2], lengths, strict=True):
        wide = (end - begin) / one
        if abs(wide - length) > CHARACTERS and not (
            FITTING[0] * length < wide < FITTING[1] * length
        ):
            return False
    if not chosen:
        return True
    widths = [b - a for a, b in chosen]
    inner = max((b - a for a, b in gaps if (a, b) not in chosen), default=0)
    return min(widths) >= NARROWEST * one and inner < min(widths)
