"""A form read line by line: from lines with tagged pieces to JSON, and to answers to questions.

`ner_line>` writes a line's pieces with the first letter of their kind: `Date:[q] 4 May[a]`.
`dessurt.form_layout` finds out what belongs together.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

import numpy as np

from dessurt.data.form_json import with_places
from dessurt.form_layout import KINDS, Piece, Rules, line_of, put_together
from dessurt.marks import Bounds
from dessurt.page import Page

TAG = re.compile(rf"(.*?)(?:\[([{''.join(KINDS)}])\]|$)", re.DOTALL)


def pieces_of(
    text: str, letters: np.ndarray, sure: Sequence[float], bounds: Bounds
) -> Iterator[Piece]:
    """The pieces of a line, from left to right.

    Args:
        text: of the line, with tags.
        letters: float32 [len(text)], x of each letter in page pixels.
        sure: of each letter, 0..1.
        bounds: of the line, page pixels.
    """
    x0, y0, x1, y1 = bounds
    found = [(match[2], *_stripped(match)) for match in TAG.finditer(text) if match[1].strip()]
    ends = [(left, right) for (_, _, left), (_, right, _) in itertools.pairwise(found)]
    edges = [x0, *((letters[left - 1] + letters[right]) / 2 for left, right in ends), x1]
    edges = np.clip(np.maximum.accumulate(edges), x0, x1).tolist()
    for (tag, start, stop), (left, right) in zip(found, itertools.pairwise(edges), strict=False):
        box = (left, y0, right, y1)
        yield Piece(text[start:stop], KINDS.get(tag, "other"), box, tuple(sure[start:stop]))


def _stripped(match: re.Match[str]) -> tuple[int, int]:
    """Where the text of a piece starts and stops, without the spaces at its ends."""
    return (
        match.end(1) - len(match[1].lstrip()),
        match.start(1) + len(match[1].rstrip()),
    )


def as_json(page: Page, pieces: Sequence[Piece]) -> Iterator[tuple[str, float]]:
    """The characters of the form as JSON, each with how sure the model was of it."""
    truth = put_together(pieces, page.size, Rules(page.gray))
    printed = with_places(truth)
    sure: dict[tuple[float, ...], float] = {}  # by the place of a letter
    for piece in pieces:
        sure.update(zip(map(tuple, line_of(piece).ends.mean(1).tolist()), piece.sure, strict=True))
    for letter, spot in zip(printed.text, printed.spots.tolist(), strict=True):
        yield letter, sure.get(tuple(spot), 1.0)
