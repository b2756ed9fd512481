"""A form as JSON text: what `json>` is to answer.

A list of objects in reading order. A question is `{TEXT: "question", "answers": [...]}`, a header
`{TEXT: "header", "content": [...]}`, anything else `{TEXT: KIND}`; a table is `{"row headers":
[...], "column headers": [...], "cells": [[...]]}` with null where nothing is printed; the cells are
left out where they are not known. A header over all row headers or all column headers of a table
has the table as its content; one over some of them is written before each of these:
`<<HEADER>> TEXT`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from dessurt.page.plane import Box
from dessurt.truth.truth import Line, Printed, Table, Truth

_BAND = 0.4  # of a line's height: what begins and ends so far above and below it is beside it


def to_json(truth: Truth) -> str:
    """The form as JSON text, without the sign for the end."""
    return with_places(truth).text


def with_places(truth: Truth) -> Printed:
    """The text of `to_json` with the place of each label and value."""
    pieces = list(_written(_Form(truth).content()))
    text = "".join(p if isinstance(p, str) else p.text for p in pieces)
    spots, at = np.full((len(text), 2), np.nan, np.float32), 0
    for piece in pieces:
        if isinstance(piece, Printed):
            spots[at : at + len(piece)] = piece.spots
        at += len(piece)
    return Printed(text, spots)


def printed(lines: Iterable[Line]) -> Printed:
    r"""Lines joined by the sign for a line break, `\`."""
    return Printed.join("\\", map(Printed.of, lines))


def reading_order(boxes: Sequence[Box]) -> list[int]:
    """The numbers of boxes in reading order: bands from the top down, each from left to right.

    The uppermost box that is left, made higher by 0.4 of its height on either side, is a band;
    to it belong the boxes that lie wholly inside.
    """
    left = sorted(range(len(boxes)), key=lambda i: boxes[i][1])
    order: list[int] = []
    while left:
        _, top, _, bottom = boxes[left[0]]
        room = _BAND * (bottom - top)
        band = [i for i in left if boxes[i][1] >= top - room and boxes[i][3] <= bottom + room]
        order += sorted(band, key=lambda i: boxes[i][0])
        left = [i for i in left if i not in band]
    return order


class _Form:
    """The tree of a form's entities and tables; every entity is written once."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.places = _places(truth)
        self.in_tables = {i for table in truth.tables for i in table_entities(table)}
        self.title_of: dict[int, int] = {}  # header -> the table that is its content
        self.over: dict[int, int] = {}  # row or column header -> the header written before it
        self.merged: set[int] = set()  # headers that are written nowhere else
        for number, table in enumerate(truth.tables):
            self._find_headers_of(number, table)
        self.parts: dict[int, list[int]] = {}  # header or question -> what hangs from it
        for tail, heads in self._heads().items():  # it is written under the first
            self.parts.setdefault(heads[0], []).append(tail)

    def _find_headers_of(self, number: int, table: Table) -> None:
        """Tell the header over a whole side of a table from those over some of its headers."""
        sides = [{i for i in side if i is not None}
                 for side in (table.row_headers, table.column_headers)]  # fmt: skip
        for head, entity in enumerate(self.truth.entities):
            tails = {tail for start, tail in self.truth.links if start == head}
            below = tails & (sides[0] | sides[1])
            if entity.kind != "header" or head in self.in_tables or not below:
                continue
            whole = any(side and side <= tails for side in sides)
            if whole and head not in self.title_of and number not in self.title_of.values():
                self.title_of[head] = number
                continue
            self.over.update(dict.fromkeys(below, head))
            if below == tails:
                self.merged.add(head)

    def _heads(self) -> dict[int, list[int]]:
        """What each entity hangs from: its questions, or else its headers, in the links' order."""
        heads: dict[int, list[int]] = {}
        titles: dict[int, list[int]] = {}
        for head, tail in self.truth.links:
            kinds = self.truth.entities[head].kind, self.truth.entities[tail].kind
            if not {head, tail} & (self.in_tables | self.merged):
                if kinds[0] == "header":
                    titles.setdefault(tail, []).append(head)
                elif kinds[0] == "question" and kinds[1] not in ("question", "header"):
                    heads.setdefault(tail, []).append(head)
        return {**titles, **heads}

    def content(self) -> list[object]:
        """The whole form."""
        elsewhere = self.in_tables | self.merged
        elsewhere.update(i for found in self.parts.values() for i in found)
        roots = [i for i in range(len(self.places)) if i not in elsewhere]
        tables = [n for n in range(len(self.truth.tables)) if n not in self.title_of.values()]
        boxes = [self.places[i] for i in roots]
        boxes += [self._place_of(self.truth.tables[n]) for n in tables]
        things = [*map(self._entity, roots), *(self._table(self.truth.tables[n]) for n in tables)]
        return [things[k] for k in reading_order(boxes)]

    def _entity(self, i: int) -> dict[object, object]:
        """An entity and what hangs from it."""
        entity = self.truth.entities[i]
        written: dict[object, object] = {printed(entity.lines): entity.kind}
        parts = self.parts.get(i, [])
        parts = [parts[k] for k in reading_order([self.places[part] for part in parts])]
        if entity.kind == "question" and parts:
            written["answers"] = [printed(self.truth.entities[part].lines) for part in parts]
            return written
        content = [self._entity(part) for part in parts]
        if i in self.title_of:
            table = self._table(self.truth.tables[self.title_of[i]])
            written["content"] = [*content, table] if content else table
        elif content:
            written["content"] = content
        return written

    def _table(self, table: Table) -> dict[object, object]:
        def text(i: int | None) -> Printed | None:
            if i is None:
                return None
            own = printed(self.truth.entities[i].lines)
            if i not in self.over:
                return own
            header = printed(self.truth.entities[self.over[i]].lines)
            return Printed.sign("<<") + header + Printed.sign(">> ") + own

        written: dict[object, object] = {
            "row headers": [text(i) for i in table.row_headers],
            "column headers": [text(i) for i in table.column_headers],
        }
        if table.cells:
            written["cells"] = [[text(i) for i in row] for row in table.cells]
        return written

    def _place_of(self, table: Table) -> Box:
        """A table stands where its first line begins."""
        boxes = [self.places[i] for i in table_entities(table)]
        _, top, right, bottom = min(boxes, key=lambda box: box[1])
        return min(box[0] for box in boxes), top, right, bottom


def table_entities(table: Table) -> list[int]:
    """The numbers of a table's entities: row headers, column headers, cells row by row."""
    sides = (table.row_headers, table.column_headers, *table.cells)
    return [i for side in sides for i in side if i is not None]


def _places(truth: Truth) -> list[Box]:
    """The box of each entity's first line, the page turned so that most lines run level."""
    quads = [entity.lines[0].quad(0, len(entity.lines[0].text) - 1) for entity in truth.entities]
    along = np.array([quad[1] - quad[0] for quad in quads]).reshape(-1, 2)
    along = along[along[:, 0] > np.abs(along[:, 1])]  # without text that runs upwards
    x, y = along.sum(0) if len(along) else (1.0, 0.0)
    turn = np.array([[x, -y], [y, x]]) / np.hypot(x, y)
    level = [quad @ turn for quad in quads]
    return [(*quad.min(0).tolist(), *quad.max(0).tolist()) for quad in level]


def _written(value: object) -> Iterator[str | Printed]:
    """A value as JSON with the separators of `json.dumps`, in pieces."""
    if isinstance(value, Printed):
        yield '"'
        yield _escaped(value)
        yield '"'
    elif isinstance(value, dict):
        for k, (key, part) in enumerate(value.items()):
            yield ", " if k else "{"
            yield from _written(key)
            yield ": "
            yield from _written(part)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for k, part in enumerate(value):
            if k:
                yield ", "
            yield from _written(part)
        yield "]"
    else:
        yield json.dumps(value)


def _escaped(text: Printed) -> Printed:
    """The inside of a JSON string: of an escaped character the last sign has its place."""
    if len(json.dumps(text.text, ensure_ascii=False)) == len(text) + 2:
        return text  # nothing is escaped
    codes = [json.dumps(letter, ensure_ascii=False)[1:-1] for letter in text.text]
    ends = np.cumsum([len(code) for code in codes])
    spots = np.full((ends[-1], 2), np.nan, np.float32)
    spots[ends - 1] = text.spots
    return Printed("".join(codes), spots)
