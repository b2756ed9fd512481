"""From the pieces of a form to what belongs together: by where they stand and what kind they are.

A checkpoint that tells labels from values line by line (`ner_line>`) cannot see a whole form. Here
its pieces are put together as people read forms: a value stands right of its label, below it or
above it; a table is rows of values in columns. The result is a `Truth`, as a generator or a data
set knows it, so that one piece of code writes the JSON of all (`dessurt.truth.form_text`).

Lengths are in heights of a line.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dessurt.page.marks import Box, union
from dessurt.reader.pieces import Piece, Rules, alike, line_of, over
from dessurt.reader.tables import ROLES, Grid, Parts, aligned_rows, rows_of
from dessurt.truth import Entity, Line, Paragraph, Table, Truth

CLOSE = 0.55  # lines of one piece are no further apart
BELOW = 1.6  # a value is no further below or above its label
ASIDE = 1.0  # and begins no further aside
LEAST = 0.1  # how likely two pieces must be a label and its value
FRAMED = 4.0  # so much likelier are two that rules set apart from all others
TICKED = 2.0  # a single letter before words is more likely a tick than a label


def put_together(pieces: Sequence[Piece], gray: np.ndarray) -> Truth:
    """The entities, links and tables of a form.

    Args:
        pieces: all that is printed; lines of text are level.
        gray: the page, uint8 or float32 [H, W], 0 black to 255 white.
    """
    rules = Rules(gray)
    known = list(pieces)
    rows = rows_of(known)
    tables = []
    for run in aligned_rows(rows, known):
        grid = Grid.of(run, known, rules)
        kinds, table = grid.kinds(known) if grid else ({}, None)
        for i, kind in kinds.items():
            known[i] = replace(known[i], kind=kind, chances={})
        if table:
            tables.append(table)
    used = {i for table in tables for i in table.pieces}
    form = _Form(known, [[i for i in row if i not in used] for row in rows], rules)
    height, width = gray.shape
    return form.truth([line_of(piece) for piece in pieces], tables, (height, width))


class _Form:
    """What is no table: entities of one or more lines, and the links between them."""

    def __init__(self, pieces: Sequence[Piece], rows: list[list[int]], rules: Rules) -> None:
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
                if self._goes_on(entity, i):
                    entity.append(i)
                    break
            else:
                entities.append([i])
        return entities

    def _goes_on(self, entity: list[int], i: int) -> bool:
        above, below = self.pieces[entity[-1]], self.pieces[i]
        if above.kind != below.kind:
            return False
        height = min(above.height, below.height)
        gap = (below.box[1] - above.box[3]) / height
        if not -0.5 < gap < CLOSE or max(above.height, below.height) > 1.4 * height:
            return False
        if below.kind == "question":
            labelled = self._kind_right(entity[0]) == "answer"
            if not labelled or self._kind_right(i) == "answer" or above.text.endswith(":"):
                return False
        if below.kind == "answer" and self._kind_left(i) == "question":
            return False
        if any(_between(above.box, below.box, other.box) for other in self.pieces):
            return False
        return alike(above, below)

    def _kind_right(self, i: int) -> str:
        return self.pieces[self.right[i]].kind if i in self.right else ""

    def _kind_left(self, i: int) -> str:
        return self.pieces[self.left[i]].kind if i in self.left else ""

    def _fields(self) -> list[tuple[int, int]]:
        """(question, answer) by number of entity: the likeliest first, each of them once."""
        number = {i: n for n, entity in enumerate(self.entities) for i in entity}
        pairs: list[tuple[float, int, int]] = []
        for left, right in self.right.items():
            pairs.append((self._chance(left, right), number[left], number[right]))
            if self._is_tick(left):
                pairs.append((TICKED * self._chance(right, left), number[right], number[left]))
        boxes = [union(self.pieces[i].box for i in entity) for entity in self.entities]
        for q, a in itertools.permutations(range(len(boxes)), 2):
            height = self.pieces[self.entities[q][0]].height
            near = max(boxes[a][1] - boxes[q][3], boxes[q][1] - boxes[a][3]) / height
            aside = abs(boxes[a][0] - boxes[q][0]) / height
            if near < BELOW and aside < ASIDE and self._led(boxes[q], boxes[a]):
                chance = self._chance(self.entities[q][0], self.entities[a][0])
                if self.rules.frame(boxes[q], boxes[a]):
                    chance *= FRAMED
                pairs.append((chance * math.exp(-max(near, 0) - aside / 2), q, a))
        links, taken = [], set()
        for chance, q, a in sorted(pairs, reverse=True):
            if chance > LEAST and q not in taken and a not in taken:
                links.append((q, a))
                taken |= {q, a}
        return links

    def _chance(self, question: int, answer: int) -> float:
        """That two pieces are a label and a value."""
        return self.pieces[question].chance("question") * self.pieces[answer].chance("answer")

    def _led(self, question: Box, answer: Box) -> bool:
        """Whether a value above a label stands on a rule, or one below it is not cut off by one."""
        if answer[1] < question[1]:
            return self.rules.between(answer, question)
        return not self.rules.between(question, answer)

    def _is_tick(self, i: int) -> bool:
        return len(self.pieces[i].text) <= 1

    def truth(self, lines: list[Line], parts: list[Parts], size: tuple[int, int]) -> Truth:
        """All together, the tables' entities after the others; `lines`: the pieces as printed."""
        entities, links = list(self.entities), self._fields()
        roles = {n: role for link in links for n, role in zip(link, ROLES, strict=True)}
        tables = []

        def number(place: tuple[int, ...]) -> int | None:
            if not place:
                return None
            entities.append(list(place))
            return len(entities) - 1

        for grid in parts:
            box = union(lines[i].box for i in grid.pieces)
            tables.append(Table(
                tuple(map(number, grid.rows)), tuple(map(number, grid.columns)),
                tuple(tuple(map(number, row)) for row in grid.cells), box,
            ))  # fmt: skip
        roles.update(dict.fromkeys(range(len(self.entities), len(entities)), "answer"))
        made = tuple(
            Entity(roles.get(n, self.pieces[entity[0]].kind),
                   tuple(lines[i] for i in entity))
            for n, entity in enumerate(entities)
        )  # fmt: skip
        paragraphs = tuple(Paragraph(entity.lines) for entity in made)
        links += self._sections()
        return Truth(size, "form", paragraphs, made, tuple(links), tuple(tables))

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


def _between(above: Box, below: Box, other: Box) -> bool:
    """Whether the third box lies between the others, of which one is above the other."""
    inside = above[1] + above[3] < other[1] + other[3] < below[1] + below[3]
    return inside and over(above, other) and other not in (above, below)
