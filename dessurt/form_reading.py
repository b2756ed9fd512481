"""A form read line by line: from lines with tagged pieces to JSON, and to answers to questions.

`ner_line>` writes a line's pieces with the first letter of their kind: `Date:[q] 4 May[a]`.
`dessurt.form_layout` finds out what belongs together.
"""

from __future__ import annotations

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
    found = [(m, m.start(1) + len(m[1]) - len(m[1].lstrip()), m.start(1) + len(m[1].rstrip()))
             for m in TAG.finditer(text) if m[1].strip()]  # fmt: skip
    edges = [x0]
    for (_, _, stop), (_, start, _) in zip(found, found[1:], strict=False):
        edges.append(float(np.clip((letters[stop - 1] + letters[start]) / 2, edges[-1], x1)))
    for (match, start, stop), left, right in zip(found, edges, [*edges[1:], x1], strict=True):
        kind = KINDS.get(match[2] or "", "other")
        yield Piece(text[start:stop], kind, (left, y0, right, y1), tuple(sure[start:stop]))


def as_json(page: Page, pieces: Sequence[Piece]) -> Iterator[tuple[str, float]]:
    """The characters of the form as JSON, each with how sure the model was of it."""
    truth = put_together(pieces, page.size, Rules(page.gray))
    printed = with_places(truth)
    sure = {}  # by the place of a letter
    for piece in pieces:
        sure.update(zip(map(tuple, line_of(piece).ends.mean(1).tolist()), piece.sure, strict=True))
    for letter, spot in zip(printed.text, printed.spots.tolist(), strict=True):
        yield letter, sure.get(tuple(spot), 1.0)
