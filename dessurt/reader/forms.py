"""A form read line by line: from lines with tagged pieces to JSON, and to answers to questions.

`ner_line>` writes a line's pieces with the first letter of their kind: `Date:[q] 4 May[a]`.
`dessurt.reader.layout` finds out what belongs together.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from rapidfuzz import fuzz

from dessurt.page import Page
from dessurt.page.level import level_of
from dessurt.page.plane import Box
from dessurt.protocol import Text
from dessurt.reader.layout import put_together
from dessurt.reader.pieces import KINDS, Piece
from dessurt.reader.search import find
from dessurt.tasks import END_SIGN
from dessurt.truth import Entity, Line, Printed, Truth
from dessurt.truth.fields import named_values
from dessurt.truth.form_text import with_places

NAMED = 80.0  # of 100, `fuzz.ratio`: how similar words of a question must be to a label

TAG = re.compile(rf"(.*?)(?:\[([{''.join(KINDS)}])\]|$)", re.DOTALL)


def pieces_of(
    tokens: Sequence[Text], letters: Callable[[], np.ndarray], bounds: Box
) -> Iterator[Piece]:
    """The pieces of a line, from left to right.

    Args:
        tokens: the tokens of the line with its tags, one for each letter.
        letters: gives float32 [n], x of each letter in page pixels; it is only called for a line
            of several pieces.
        bounds: the box of the line, page pixels.
    """
    x0, y0, x1, y1 = bounds
    token_of = [token for token in tokens for _ in token.delta]
    text = "".join(token.delta for token in tokens)
    tagged = [(match, *_stripped(match)) for match in TAG.finditer(text) if match[1].strip()]
    ends = [(left, right) for (_, _, left), (_, right, _) in itertools.pairwise(tagged)]
    x = letters() if ends else np.zeros(0)
    edges = [x0, *((x[left - 1] + x[right]) / 2 for left, right in ends), x1]
    edges = np.clip(np.maximum.accumulate(edges), x0, x1).tolist()
    for (match, start, stop), (left, right) in zip(tagged, itertools.pairwise(edges), strict=False):
        sure = tuple(token.probability for token in token_of[start:stop])
        chances = _chances(token_of[match.start(2)]) if match[2] else {}
        kind = KINDS.get(match[2], "other")
        yield Piece(text[start:stop], kind, (left, y0, right, y1), sure, chances)


def _chances(tag: Text) -> dict[str, float]:
    """The probability of each kind, from the alternatives to a tag's letter; their sum is 1."""
    kinds = {KINDS[other.text]: other.probability
             for other in tag.alternatives if other.text in KINDS}  # fmt: skip
    return {kind: chance / sum(kinds.values()) for kind, chance in kinds.items()}


def _stripped(match: re.Match[str]) -> tuple[int, int]:
    """Where the text of a piece starts and stops, without the spaces at its ends."""
    return (
        match.end(1) - len(match[1].lstrip()),
        match.start(1) + len(match[1].rstrip()),
    )


def _names(question: str, label: str) -> bool:
    """Whether some words of a question are a label, slips and little words aside."""
    match = find([question], label)
    if match is None:
        return False
    (span,) = match.spans
    return fuzz.ratio(label.lower(), question[span.first : span.stop].lower()) >= NAMED


def _named_by(question: str, truth: Truth) -> Entity | None:
    """The value whose labels are words of a question; of several that with most of its words."""
    value, most = None, 0
    for _, labels, entity in named_values(truth):
        if all(_names(question, label.text) for label in labels):
            letters = sum(len(label) for label in labels)
            value, most = (entity, letters) if letters > most else (value, most)
    return value


Letter = tuple[str, float]  # with the model's probability


class Form:
    """A form that was read, put together from its pieces."""

    def __init__(self, page: Page, pieces: Sequence[Piece]) -> None:
        """Put together all that is printed on a page.

        Args:
            page: the page.
            pieces: what is printed, with level boxes (see `dessurt.page.level`).
        """
        self.gray, self.corner = level_of(page).whole_picture(page.gray)
        self.pieces = [piece.moved(-self.corner[0], -self.corner[1]) for piece in pieces]
        self.truth = put_together(self.pieces, self.gray)
        self._sure: dict[tuple[float, ...], float] = {}  # by the place of a letter
        for piece in self.pieces:
            spots = piece.line.ends.mean(1).tolist()
            self._sure.update(zip(map(tuple, spots), piece.sure, strict=True))

    def as_json(self) -> Iterator[Letter]:
        """The form as JSON, with the sign for the end."""
        return self._letters(with_places(self.truth) + Printed.sign(END_SIGN))

    def answer(self, question: str) -> tuple[Iterator[Letter], tuple[Line, ...]]:
        """The value whose labels are words of a question.

        If there are several, it is the one whose labels have most of the words: "What is the date
        of birth?" does not mean the label "Date". If the question names no label, text that was
        taken for another kind may be the label.

        Returns:
            The letters and the lines of the value; none, if the question names nothing on the page.
        """
        value = _named_by(question, self.truth)
        if value is None:
            pieces = (
                replace(piece, kind="question", chances={})
                if _names(question, piece.text)
                else piece
                for piece in self.pieces
            )
            value = _named_by(question, put_together(list(pieces), self.gray))
        if value is None:
            return iter(()), ()
        text = Printed.join(" ", map(Printed.of, value.lines))
        return self._letters(text), value.lines

    def box(self, line: Line) -> Box:
        """The level box of one of its lines."""
        (x0, y0, x1, y1), (left, top) = line.box, self.corner
        return x0 + left, y0 + top, x1 + left, y1 + top

    def _letters(self, text: Printed) -> Iterator[Letter]:
        for letter, spot in zip(text.text, text.spots.tolist(), strict=True):
            yield letter, self._sure.get(tuple(spot), 1.0)
