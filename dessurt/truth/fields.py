"""The values of forms and tables, with the labels by which people ask for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from dessurt.truth.truth import Entity, Line, Printed, Truth


class NamedValue(NamedTuple):
    """A value and the labels that name it."""

    kind: str  # "field", "section" (a field and the header above it), or "cell"
    labels: tuple[Printed, ...]  # of a section the field's and the header's, of a cell column, row
    value: Entity


def named_values(truth: Truth) -> Iterator[NamedValue]:
    """Labels with one value, by themselves if no other is the same; then the cells of tables."""
    headers: dict[int, int] = {}
    values: dict[int, list[int]] = {}
    for head, tail in truth.links:
        values.setdefault(head, []).append(tail)
        headers.setdefault(tail, head)
    labels = (_label(entity) for entity in truth.entities if entity.kind == "question")
    times = Counter(label.text.casefold() for label in labels)
    for i, entity in enumerate(truth.entities):
        own = values.get(i, [])
        if entity.kind != "question" or len(own) != 1 or not (label := _label(entity)):
            continue
        value = truth.entities[own[0]]
        if times[label.text.casefold()] == 1:
            yield NamedValue("field", (label,), value)
        if i in headers and (header := _label(truth.entities[headers[i]])):
            yield NamedValue("section", (label, header), value)
    yield from _cells(truth)


def _cells(truth: Truth) -> Iterator[NamedValue]:
    """Cells that are not blank, by their column and row."""
    for table in truth.tables:
        for row, column, cell in table.filled():
            if row is None or column is None:
                continue
            of_row, of_column = _label(truth.entities[row]), _label(truth.entities[column])
            if of_row and of_column:
                yield NamedValue("cell", (of_column, of_row), truth.entities[cell])


def spoken(lines: tuple[Line, ...]) -> Printed:
    """Lines as one, as they are said."""
    return Printed.join(" ", map(Printed.of, lines))


def _label(entity: Entity) -> Printed:
    """A label as it is said: on one line, without the signs at its end."""
    text = spoken(entity.lines)
    return text[: len(text.text.rstrip(" :;.,*_-–—?"))]
