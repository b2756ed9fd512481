"""Questions about tables; `forms.FORM_TASKS` has them by token."""

from __future__ import annotations

from collections.abc import Iterator

from dessurt.data.questions.draft import (
    BLANK,
    Draft,
    choice,
    halved,
    lines_of,
    listed,
    names,
    numbered,
)
from dessurt.data.questions.passage import END, NOTHING, Ask
from dessurt.truth import Printed, Table
from dessurt.truth.form_text import table_entities


def cell(ask: Ask) -> Draft | None:
    """t~, t0~: the cell of a row and a column header, ø if blank."""
    texts = names(halved(ask))
    filled: list[tuple[list[int | None], int | None]] = []
    blank: list[tuple[list[int | None], int | None]] = []
    for table in ask.truth.tables:
        for r, c, number in _cells(table):
            pair = [table.row_headers[r], table.column_headers[c]]
            if all(header in texts for header in pair):
                (blank if number is None else filled).append((pair, number))
    chosen = choice(filled, blank, ask.rng)
    if chosen is None:
        return None
    pair, number = chosen
    ask.rng.shuffle(pair)
    found, asked = numbered(ask.truth, [number]), [i for i in pair if i is not None]
    return Draft(
        listed(found),
        Printed.join("~~", (texts[i] for i in asked)),
        tuple(lines_of([ask.truth.entities[i]]) for i in asked),
        lines_of(found),
    )


def header(ask: Ask, *, row: bool) -> Draft | None:
    """ri~, r*~, ci~, c*~: the row or column header of a cell, ø (with no sign after) if blank."""
    texts = names(ask)
    found = [
        (number, table.row_headers[r] if row else table.column_headers[c])
        for table in ask.truth.tables
        for r, c, number in _cells(table)
        if number in texts
    ]
    chosen = choice([pair for pair in found if pair[1] is not None], found, ask.rng)
    if chosen is None:
        return None
    number, header_number = chosen
    answer = numbered(ask.truth, [header_number])
    return Draft(
        BLANK if header_number is None else listed(answer) + END,
        texts[number],
        (lines_of([ask.truth.entities[number]]),),
        lines_of(answer),
    )


def full(ask: Ask, *, row: bool) -> Draft | None:
    """full_row*~, full_col*~: all cells of a row or column, ø for each blank."""
    texts = names(ask)
    found = []
    for table in (each for each in ask.truth.tables if each.cells):
        names_of = table.row_headers if row else table.column_headers
        series = table.cells if row else zip(*table.cells, strict=True)
        found += [(i, cells) for i, cells in zip(names_of, series, strict=True) if i in texts]
    if not found:
        return None
    number, cells = ask.rng.choice(found)
    entities, lines = numbered(ask.truth, cells), lines_of([ask.truth.entities[number]])
    return Draft(listed(entities) + END, texts[number], (lines,), lines_of(entities))


def headers(ask: Ask, *, row: bool) -> Draft | None:
    """list_row_headers~, list_column_headers~: the headers of the table with a number."""
    if not ask.truth.tables:
        return None
    number = ask.rng.randrange(len(ask.truth.tables))
    table = ask.truth.tables[number]
    found = numbered(ask.truth, table.row_headers if row else table.column_headers)
    return Draft(listed(found) + END, Printed.sign(str(number)), region=lines_of(found))


def count(ask: Ask) -> Draft | None:
    """t#>: how many tables there are; the region is all that is printed in them."""
    found = numbered(ask.truth, (i for table in ask.truth.tables for i in table_entities(table)))
    return Draft(Printed.sign(str(len(ask.truth.tables))), region=lines_of(found))


def find(ask: Ask) -> Draft | None:
    """0t~: the region of all that is printed in the table with a number."""
    if not ask.truth.tables:
        return None
    number = ask.rng.randrange(len(ask.truth.tables))
    found = numbered(ask.truth, table_entities(ask.truth.tables[number]))
    return Draft(NOTHING, Printed.sign(str(number)), region=lines_of(found))


def _cells(table: Table) -> Iterator[tuple[int, int, int | None]]:
    """Row, column and number of the entity of each cell."""
    for r, row in enumerate(table.cells):
        for c, number in enumerate(row):
            yield r, c, number
