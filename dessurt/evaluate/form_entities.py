r"""The entities and links of a form, from its truth and from an answer to `json>`.

FUNSD has the kinds header, question, answer and other. In NAF, "text" is what is printed on a form
and "field" what was filled in, and every line is an entity of its own, linked to the next line.

The original takes some answers apart differently, and so does `as_original`: the headers of a
table are linked to its cells in reversed order; of several texts in one object the last is taken
for the first, and in FUNSD the others are reversed; in NAF a text with a list of answers in place
of its kind is left out, and of `<<HEADER>> TEXT` the blank stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dessurt.data.form_json import reading_order
from dessurt.data.truth import Entity, Table, Truth

Point = tuple[float, float]

KINDS = ("header", "question", "answer", "other")
PARTS = ("answers", "content", "subprompt")  # keys that are no texts
NAF_KINDS = {kind: "text" for kind in (*KINDS, "circle")} | {"answer": "field"}


@dataclass(frozen=True)
class Rules:
    """How forms of a data set are taken apart.

    Attributes:
        naf: as those of NAF, else as those of FUNSD.
        as_original: with the original's peculiarities.
    """

    naf: bool = False
    as_original: bool = False


@dataclass(frozen=True)
class Piece:
    """An entity: its text and kind, and on a page the middle of its box in page pixels."""

    text: str
    kind: str
    place: Point = (0.0, 0.0)


@dataclass(frozen=True)
class Pieces:
    """The entities of a form in reading order, and links between their numbers."""

    found: tuple[Piece, ...]
    links: frozenset[tuple[int, int]]

    @property
    def pairs(self) -> set[frozenset[int]]:
        """The links without direction."""
        return {frozenset(link) for link in self.links}


def of_truth(truth: Truth, rules: Rules) -> Pieces:
    """The entities of a known form; the cells of a table are linked to their headers."""
    gathered = _Gathered(rules)
    boxes = [_box(entity) for entity in truth.entities]
    spans = {
        i: gathered.add(truth.entities[i].text, truth.entities[i].kind, truth.entities[i])
        for i in reading_order(boxes)
        if not (rules.naf and any(i in _cells(table) for table in truth.tables))
    }
    links = {*truth.links, *(link for table in truth.tables for link in _table_links(table))}
    for head, tail in links:
        if head in spans and tail in spans:
            gathered.link(spans[head], spans[tail])
    return gathered.pieces()


def of_answer(content: object, rules: Rules) -> Pieces:
    """The entities of the parsed JSON of an answer."""
    gathered = _Gathered(rules)
    gathered.walk(content)
    return gathered.pieces()


Span = tuple[int, int]  # the first and last number of an entity's lines


class _Gathered:
    """Entities and links while they are gathered."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.found: list[Piece] = []
        self.links: set[tuple[int, int]] = set()

    def pieces(self) -> Pieces:
        return Pieces(tuple(self.found), frozenset(self.links))

    def add(self, text: str, kind: str, entity: Entity | None = None) -> Span:
        """Add an entity, in NAF line by line."""
        kind = kind if kind in KINDS or (self.rules.naf and kind in NAF_KINDS) else "other"
        texts = text.split("\\") if self.rules.naf else [text]
        first = len(self.found)
        for number, line in enumerate(texts):
            if entity is None:
                place = (0.0, 0.0)
            else:
                place = _middle(entity if len(texts) == 1 else _line_of(entity, number))
            name = NAF_KINDS[kind] if self.rules.naf else kind
            self.found.append(Piece(line, name, place))
            if number:
                self.links.add((first + number - 1, first + number))
        return first, len(self.found) - 1

    def link(self, head: Span, tail: Span) -> None:
        self.links.add((head[1], tail[0]))

    def walk(self, content: object) -> list[Span]:
        """Gather what is in a part of the answer; what hangs from nothing in it."""
        if isinstance(content, list):
            return [span for part in content for span in self.walk(part)]
        if isinstance(content, str) and content and not self.rules.as_original:
            return [self.add(content, "other")]  # the answer was cut off before its kind
        if isinstance(content, dict):
            if {"row headers", "column headers"} & content.keys():
                return self.table(content)
            return self.object(content)
        return []

    def object(self, content: dict[str, object]) -> list[Span]:
        """A text with its kind, and what hangs from it; or several, one after the other."""
        texts = [
            (text, kind) for text, kind in content.items()
            if isinstance(kind, str) and text not in PARTS
        ]  # fmt: skip
        answers = _strings(content.get("answers"))
        lists = [text for text in content if _strings(content[text]) and text not in PARTS]
        if not texts and lists and not (self.rules.naf and self.rules.as_original):
            texts, answers = [(lists[0], "question")], _strings(content[lists[0]])
        if self.rules.as_original and not self.rules.naf:
            texts = [*texts[-2::-1], *texts[-1:]]
        spans = [self.add(text, kind) for text, kind in texts]
        if self.rules.naf:
            for head, tail in zip(spans, spans[1:], strict=False):
                self.link(head, tail)
        below = [self.add(text, "answer") for text in answers]
        below += self.walk(content.get("content"))
        for tail in below if spans else []:
            self.link(spans[-1], tail)
        return spans or below

    def table(self, content: dict[str, object]) -> list[Span]:
        """Column headers, row headers and cells, linked."""
        columns = self.headers(content.get("column headers"))
        rows = self.headers(content.get("row headers"))
        cells = content.get("cells")
        if isinstance(cells, list) and not self.rules.naf:
            if self.rules.as_original:
                rows, columns = rows[::-1], columns[::-1]
            for r, row in enumerate(cells):
                for c, text in enumerate(row if isinstance(row, list) else []):
                    if isinstance(text, str) and text:
                        cell = self.add(text, "answer")
                        for header in (*rows[r : r + 1], *columns[c : c + 1]):
                            if header is not None:
                                self.link(header, cell)
        return [header for header in (*rows, *columns) if header is not None]

    def headers(self, texts: object) -> list[Span | None]:
        """The headers of one side; neighbours with the same `<<HEADER>>` are linked to it."""
        spans: list[Span | None] = []
        above, name = None, None
        for text in texts if isinstance(texts, list) else []:
            if not isinstance(text, str) or not text:
                spans.append(None)
                continue
            found = re.fullmatch(r"(?:<<(.*?)>>)?(.*)", text, re.DOTALL)
            assert found  # it takes any text
            if found[1] != name:
                name = found[1]
                above = self.add(name, "header") if name else None
            own = found[2] if self.rules.as_original else found[2].strip()
            span = self.add(own, "question")
            if above is not None:
                self.link(above, span)
            spans.append(span)
        return spans


def _strings(part: object) -> list[str]:
    """The texts of a list, or the only one."""
    if isinstance(part, str):
        return [part]
    return [text for text in part if isinstance(text, str)] if isinstance(part, list) else []


def _cells(table: Table) -> set[int]:
    return {i for row in table.cells for i in row if i is not None}


def _table_links(table: Table) -> list[tuple[int, int]]:
    return [
        (header, cell)
        for r, row in enumerate(table.cells)
        for c, cell in enumerate(row)
        for header in (table.row_headers[r], table.column_headers[c])
        if cell is not None and header is not None
    ]


def _line_of(entity: Entity, number: int) -> Entity:
    return Entity(entity.kind, entity.lines[number : number + 1] or entity.lines[-1:])


def _box(entity: Entity) -> tuple[float, float, float, float]:
    """The box of the first line, for the reading order."""
    return entity.lines[0].box


def _middle(entity: Entity) -> Point:
    boxes = [line.box for line in entity.lines]
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
    return (left + right) / 2, (top + bottom) / 2
