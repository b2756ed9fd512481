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
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from dessurt.page.plane import union
from dessurt.truth import Entity, Line, Truth
from dessurt.truth.form_text import reading_order

Point = tuple[float, float]

KINDS = ("header", "question", "answer", "other")
SEEN = 1152, 768  # of the original's image: larger pages of NAF are shrunk to it
PARTS = ("answers", "content", "subprompt")  # keys that are no texts
AGAIN = 3  # times in a row
NAF_KINDS = {kind: "text" for kind in (*KINDS, "circle")} | {"answer": "field"}


@dataclass(frozen=True)
class Rules:
    """How forms of a data set are taken apart.

    Attributes:
        naf: whether it is done as with NAF, and not as with FUNSD.
        as_original: whether the original's peculiarities are kept.
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

    entities: tuple[Piece, ...]
    links: frozenset[tuple[int, int]]

    @property
    def pairs(self) -> set[frozenset[int]]:
        """The links without direction."""
        return {frozenset(link) for link in self.links}


def of_truth(truth: Truth, rules: Rules) -> Pieces:
    """The entities of a known form; the cells of a table are linked to their headers."""
    cells = {cell for table in truth.tables for _, _, cell in table.filled()}
    links = {*truth.links}
    for table in truth.tables:
        for *headers, cell in table.filled():
            links |= {(head, cell) for head in headers if head is not None}
    left_out = cells if rules.naf else set()
    return of_entities(truth.entities, links, truth.size, rules, left_out)


def of_entities(
    entities: Sequence[Entity],
    links: Iterable[tuple[int, int]],
    size: tuple[int, int],
    rules: Rules,
    left_out: Collection[int] = (),
) -> Pieces:
    """The entities of a form, as annotated, and their links.

    Args:
        entities: the entities of the form.
        links: between their numbers.
        size: (height, width) of the page.
        rules: the rules of the data set.
        left_out: numbers of entities that are not asked for.
    """
    height, width = size
    shrunk = min(1.0, SEEN[0] / height, SEEN[1] / width) if rules.naf else 1.0
    gathered = _Gathered(rules, shrunk)
    spans = {
        i: gathered.add(entities[i].text, entities[i].kind, entities[i])
        for i in reading_order([entity.lines[0].box for entity in entities])
        if i not in left_out
    }
    for head, tail in links:
        if head in spans and tail in spans:
            gathered.link(spans[head], spans[tail])
    return gathered.pieces()


def of_answer(content: object, rules: Rules) -> Pieces:
    """The entities of the parsed JSON of an answer.

    What is said at the end three times or more in a row counts once. (The original looks for it at
    the wrong end, so that it finds nothing.)
    """
    gathered = _Gathered(rules)
    gathered.walk(content)
    found = gathered.entities
    again = next((n for n, piece in enumerate(reversed(found)) if piece != found[-1]), len(found))
    if rules.as_original or again < AGAIN:
        return gathered.pieces()
    last = len(found) - again  # the first of these, which stays
    links = frozenset(link for link in gathered.links if max(link) <= last)
    return Pieces(tuple(found[: last + 1]), links)


Span = tuple[int, int]  # the first and last number of an entity's lines


class _Gathered:
    """Entities and links while they are gathered."""

    def __init__(self, rules: Rules, shrunk: float = 1.0) -> None:
        self.rules, self.shrunk = rules, shrunk
        self.entities: list[Piece] = []
        self.links: set[tuple[int, int]] = set()

    def pieces(self) -> Pieces:
        return Pieces(tuple(self.entities), frozenset(self.links))

    def add(self, text: str, kind: str, entity: Entity | None = None) -> Span:
        """Add an entity, in NAF line by line."""
        as_it_is = self.rules.as_original and not self.rules.naf
        if not as_it_is and kind not in (NAF_KINDS if self.rules.naf else KINDS):
            kind = "other"
        lines = entity.lines if entity else ()
        texts = [line.text for line in lines] or text.split("\\") if self.rules.naf else [text]
        first = len(self.entities)
        name = NAF_KINDS[kind] if self.rules.naf else kind
        for number, line in enumerate(texts):
            here = lines[number : number + 1] if self.rules.naf else lines
            self.entities.append(Piece(line, name, self.middle(here) if here else (0.0, 0.0)))
            if number:
                self.links.add((first + number - 1, first + number))
        return first, len(self.entities) - 1

    def middle(self, lines: Sequence[Line]) -> Point:
        x0, y0, x1, y1 = union(line.box for line in lines)
        return (x0 + x1) / 2 * self.shrunk, (y0 + y1) / 2 * self.shrunk

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
            return self.entity(content)
        return []

    def entity(self, content: dict[str, object]) -> list[Span]:
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
                rows = [header for header in reversed(rows) if header]
                columns = [header for header in reversed(columns) if header]
            for r, row in enumerate(cells):
                for c, text in enumerate(row if isinstance(row, list) else []):
                    if isinstance(text, str) and (text or self.rules.as_original):
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
            if not isinstance(text, str) or not (text or self.rules.as_original):
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
