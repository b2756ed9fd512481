"""From the pieces of a form to what belongs together: by where they stand and what kind they are.

A checkpoint that tells labels from values line by line (`ner_line>`) cannot see a whole form. Here
its pieces are put together as people read forms: a value stands right of its label, below it or
above it; a table is rows of values in columns. The result is a `Truth`, as a generator or a data
set knows it, so that one piece of code writes the JSON of all (`dessurt.truth.form_text`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dessurt.page.plane import Box, union
from dessurt.reader.pieces import Piece, Rules, are_aligned, share_column
from dessurt.reader.tables import ROLES, Grid, Row, TableParts, aligned_rows, rows_of
from dessurt.truth import Entity, Line, Paragraph, Table, Truth


@dataclass(frozen=True)
class FieldLimits:
    """What fields look like that are no table; lengths are in heights of a line."""

    line_gap: float = 0.55  # between the lines of one label or value, at most
    overlap: float = 0.5  # of two lines that count as one above the other, at most
    taller: float = 1.4  # times as tall one line of a label or value may be as the next
    value_gap: float = 1.6  # between a label and a value below or above it, at most
    shift: float = 1.0  # from where a label begins to where a value below it does, at most
    least_chance: float = 0.1  # least probability that two pieces are a label and its value
    framed: float = 4.0  # times as likely are two that rules set apart from all others
    tick: float = 2.0  # times as likely a single letter before words is a tick as a label


LIMITS = FieldLimits()


def put_together(pieces: Sequence[Piece], gray: np.ndarray) -> Truth:
    """The entities, links and tables of a form.

    Args:
        pieces: all that is printed; lines of text are level.
        gray: the page, uint8 or float32 [H, W], 0 black to 255 white.
    """
    rules = Rules(gray)
    certain = list(pieces)  # once their kinds are known
    rows = rows_of(certain)
    tables = []
    for run in aligned_rows(rows, certain):
        grid = Grid.of(run, certain, rules)
        kinds, table = grid.kinds(certain) if grid else ({}, None)
        for i, kind in kinds.items():
            certain[i] = replace(certain[i], kind=kind, chances={})
        if table:
            tables.append(table)
    in_tables = {i for table in tables for i in table.pieces}
    form = _Form(certain, [[i for i in row if i not in in_tables] for row in rows], rules)
    height, width = gray.shape
    return form.truth([piece.line for piece in pieces], tables, (height, width))


class _Form:
    """All but the tables: entities of one or more lines, and the links between them."""

    def __init__(self, pieces: Sequence[Piece], rows: list[Row], rules: Rules) -> None:
        self.pieces, self.rules = pieces, rules
        self.right = {a: b for row in rows for a, b in zip(row, row[1:], strict=False)}
        self.left = {b: a for a, b in self.right.items()}
        free = sorted((i for row in rows for i in row), key=lambda i: pieces[i].box[1])
        self.entities = self._merged(free)

    def _merged(self, free: list[int]) -> list[list[int]]:
        """Pieces by entity: lines close below each other that begin, end or are centred alike."""
        entities: list[list[int]] = []
        for i in free:
            for entity in reversed(entities):
                if self._continues(entity, i):
                    entity.append(i)
                    break
            else:
                entities.append([i])
        return entities

    def _continues(self, entity: list[int], i: int) -> bool:
        """Whether a piece is the next line of an entity."""
        above, below = self.pieces[entity[-1]], self.pieces[i]
        if above.kind != below.kind:
            return False
        low, high = sorted((above.height, below.height))
        gap = (below.box[1] - above.box[3]) / low
        if not -LIMITS.overlap < gap < LIMITS.line_gap or high > LIMITS.taller * low:
            return False
        if below.kind == "question":
            labelled = self._kind_right(entity[0]) == "answer"
            if not labelled or self._kind_right(i) == "answer" or above.text.endswith(":"):
                return False
        if below.kind == "answer" and self._kind_left(i) == "question":
            return False
        if any(_is_between(above.box, below.box, other.box) for other in self.pieces):
            return False
        return are_aligned(above, below)

    def _kind_right(self, i: int) -> str:
        return self.pieces[self.right[i]].kind if i in self.right else ""

    def _kind_left(self, i: int) -> str:
        return self.pieces[self.left[i]].kind if i in self.left else ""

    def _fields(self) -> list[tuple[int, int]]:
        """(question, answer) by number of entity: the likeliest first, each of them once."""
        pairs = sorted([*self._pairs_beside(), *self._pairs_below()], reverse=True)
        links, linked = [], set()
        for chance, q, a in pairs:
            if chance > LIMITS.least_chance and q not in linked and a not in linked:
                links.append((q, a))
                linked |= {q, a}
        return links

    def _pairs_beside(self) -> Iterator[tuple[float, int, int]]:
        """Chance, question and answer of entities beside each other."""
        number = {i: n for n, entity in enumerate(self.entities) for i in entity}
        for left, right in self.right.items():
            yield self._chance(left, right), number[left], number[right]
            if self._is_tick(left):
                yield LIMITS.tick * self._chance(right, left), number[right], number[left]

    def _pairs_below(self) -> Iterator[tuple[float, int, int]]:
        """Chance, question and answer of entities below or above each other."""
        boxes = [union(self.pieces[i].box for i in entity) for entity in self.entities]
        for q, a in itertools.permutations(range(len(boxes)), 2):
            height = self.pieces[self.entities[q][0]].height
            gap = max(boxes[a][1] - boxes[q][3], boxes[q][1] - boxes[a][3]) / height
            shift = abs(boxes[a][0] - boxes[q][0]) / height
            if gap < LIMITS.value_gap and shift < LIMITS.shift and self._led(boxes[q], boxes[a]):
                chance = self._chance(self.entities[q][0], self.entities[a][0])
                if self.rules.frame(boxes[q], boxes[a]):
                    chance *= LIMITS.framed
                yield chance * math.exp(-max(gap, 0) - shift / 2), q, a

    def _chance(self, question: int, answer: int) -> float:
        """The probability that two pieces are a label and a value."""
        return self.pieces[question].chance("question") * self.pieces[answer].chance("answer")

    def _led(self, question: Box, answer: Box) -> bool:
        """Whether rules lead from a label to its value.

        A value above its label stands on a rule; none cuts off a value below it.
        """
        if answer[1] < question[1]:
            return self.rules.between(answer, question)
        return not self.rules.between(question, answer)

    def _is_tick(self, i: int) -> bool:
        return len(self.pieces[i].text) <= 1

    def truth(self, lines: list[Line], tables: list[TableParts], size: tuple[int, int]) -> Truth:
        """All together, the tables' entities after the others.

        Args:
            lines: the pieces as printed.
            tables: what stands in tables.
            size: (height, width) of the page.
        """
        entities, links = list(self.entities), self._fields()
        roles = {n: role for link in links for n, role in zip(link, ROLES, strict=True)}

        def number(place: tuple[int, ...]) -> int | None:
            if not place:
                return None
            entities.append(list(place))
            return len(entities) - 1

        grids = tuple(
            Table(
                tuple(map(number, table.rows)),
                tuple(map(number, table.columns)),
                tuple(tuple(map(number, row)) for row in table.cells),
                union(lines[i].box for i in table.pieces),
            )
            for table in tables
        )
        roles.update(dict.fromkeys(range(len(self.entities), len(entities)), "answer"))
        made = tuple(
            Entity(roles.get(n, self.pieces[entity[0]].kind), tuple(lines[i] for i in entity))
            for n, entity in enumerate(entities)
        )
        paragraphs = tuple(Paragraph(entity.lines) for entity in made)
        links += self._sections()
        return Truth(size, "form", paragraphs, made, tuple(links), grids)

    def _sections(self) -> list[tuple[int, int]]:
        """(header, question): each question belongs to the header above it, if there is one."""
        order = sorted(range(len(self.entities)),
                       key=lambda n: self.pieces[self.entities[n][0]].box[1])  # fmt: skip
        links, header = [], None
        for n in order:
            kind = self.pieces[self.entities[n][0]].kind
            if kind == "header":
                header = n
            elif kind == "other":
                header = None
            elif kind == "question" and header is not None:
                links.append((header, n))
        return links


def _is_between(above: Box, below: Box, other: Box) -> bool:
    """Whether the third box lies between the others, of which one is above the other."""
    inside = above[1] + above[3] < other[1] + other[3] < below[1] + below[3]
    return inside and share_column(above, other) and other not in (above, below)
