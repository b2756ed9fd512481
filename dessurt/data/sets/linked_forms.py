"""Tables of a form whose annotation knows only links: an answer linked to two questions.

One of them stands beside the answer, the header of its row, and one above it, the header of its
column. Nothing is added to what is annotated: the pairs of header and cell of all tables are links
of the form, and every link is such a pair or is left as a link.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from dessurt.page.plane import Box, union
from dessurt.truth import Entity, Table
from dessurt.truth.form_text import table_entities

Link = tuple[int, int]  # head, tail

_RANK = {"header": 0, "question": 1, "answer": 2, "other": 2}


def sound_links(entities: Sequence[Entity], links: Sequence[Link]) -> list[Link]:
    """Links in their order without doubles, each from the higher kind down, none in a circle.

    Those between two answers, or from a header to an answer, have no meaning and are left out.
    """
    tails: dict[int, list[int]] = {i: [] for i in range(len(entities))}
    sound: list[Link] = []

    def reaches(start: int, goal: int) -> bool:
        return start == goal or any(reaches(tail, goal) for tail in tails[start])

    for head, tail in links:
        if _RANK[entities[head].kind] > _RANK[entities[tail].kind]:
            head, tail = tail, head
        kinds = entities[head].kind, entities[tail].kind
        meant = _RANK[kinds[0]] < 2 and kinds != ("header", "answer")
        if meant and tail not in tails[head] and not reaches(tail, head):
            tails[head].append(tail)
            sound.append((head, tail))
    return sound


_NEAR = 0.75  # of an answer's line: what misses its height or width by so much is still in line
_FEWEST = 2  # cells of a table

_Cell = tuple[int | None, int | None, int]  # row header, column header, what is in the cell


def find_tables(
    entities: Sequence[Entity], links: Sequence[Link]
) -> tuple[tuple[Table, ...], tuple[Link, ...]]:
    """The tables of a form and the links that are not in them.

    Args:
        entities: the entities of the form.
        links: links of headers to questions and of questions to answers, by number.
    """
    boxes = [union(line.box for line in entity.lines) for entity in entities]
    heads: dict[int, list[int]] = defaultdict(list)
    for head, tail in links:
        if entities[head].kind == "question" and entities[tail].kind in ("answer", "other"):
            heads[tail].append(head)
    cells = _one_sided(_cells(entities, boxes, heads), boxes)
    tables, used = [], set()
    for part in _connected(cells):
        if len(part) >= _FEWEST:
            table = _table(_with_half_headed(part, heads), boxes)
            tables.append(table)
            used |= _pairs(table)
    tables.sort(key=lambda table: (table.box[1], table.box[0]))
    return tuple(tables), tuple(link for link in links if link not in used)


def _cells(
    entities: Sequence[Entity], boxes: Sequence[Box], heads: dict[int, list[int]]
) -> list[tuple[int, int, int]]:
    """Answers with a question beside and another above them: row header, column header, answer.

    If either could be either, such as the two halves of a label, it is no cell.
    """
    found = []
    for answer, questions in heads.items():
        near = _NEAR * entities[answer].lines[0].height
        fitting = []
        for row in questions:
            for column in questions:
                miss = _miss(boxes[row], boxes[column], boxes[answer])
                other = _miss(boxes[column], boxes[row], boxes[answer])
                if row != column and max(miss) <= near < max(other):
                    fitting.append((sum(miss), row, column))
        if fitting:
            _, row, column = min(fitting)
            found.append((row, column, answer))
    return found


def _miss(row: Box, column: Box, cell: Box) -> tuple[float, float]:
    """By how much a row header misses the height of a cell and a column header its width."""
    return _gap(row[1::2], cell[1::2]), _gap(column[::2], cell[::2])


def _gap(a: Sequence[float], b: Sequence[float]) -> float:
    """The distance of two stretches; 0 if they touch or overlap."""
    return max(0.0, max(a[0], b[0]) - min(a[1], b[1]))


def _one_sided(
    cells: Sequence[tuple[int, int, int]], boxes: Sequence[Box]
) -> list[tuple[int, int, int]]:
    """The cells whose headers are not the other kind of header for more, or nearer, cells."""
    votes: dict[int, int] = defaultdict(int)
    misses: dict[int, float] = defaultdict(float)
    for row, column, cell in cells:
        beside, over = _miss(boxes[row], boxes[column], boxes[cell])
        votes[row] += 1
        votes[column] -= 1
        misses[row] -= beside
        misses[column] += over
    is_row = {i for i in votes if (votes[i], misses[i]) >= (0, 0)}
    return [each for each in cells if each[0] in is_row and each[1] not in is_row]


def _connected(cells: Iterable[tuple[int, int, int]]) -> list[list[tuple[int, int, int]]]:
    """Cells that share headers, directly or by others, as one list for each table."""
    parts: list[list[tuple[int, int, int]]] = []
    for cell in cells:
        near = [p for p in parts if any(set(cell[:2]) & set(other[:2]) for other in p)]
        parts = [part for part in parts if part not in near]
        parts.append([each for part in near for each in part] + [cell])
    return parts


def _with_half_headed(
    cells: Sequence[tuple[int, int, int]], heads: dict[int, list[int]]
) -> list[_Cell]:
    """The cells, and those answers that are linked to headers of this table only."""
    rows, columns = {cell[0] for cell in cells}, {cell[1] for cell in cells}
    inside = {cell[2] for cell in cells}
    more: list[_Cell] = []
    for answer, questions in heads.items():
        if answer in inside or not rows | columns >= set(questions):
            continue
        row = next((head for head in questions if head in rows), None)
        more.append((row, None if row is not None else questions[0], answer))
    return [*cells, *more]


class _Grid:
    """Rows and columns that grow; those without a header have keys of their own below 0."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        self.boxes = boxes
        self.cells: dict[tuple[int, int], int] = {}  # (row, column): what is in the cell
        self.last = 0  # of the keys below 0

    def put(self, row: int | None, column: int | None, cell: int) -> None:
        """Fill a cell; what has no row or column, or one that is taken, gets one without header."""
        if row is not None and column is not None and (row, column) in self.cells:
            beside = self._overlap(cell, self.cells[row, column], 1)
            row, column = (row, None) if beside else (None, column)
        if row is None:
            row = self._bare(cell, 0, column)
        if column is None:
            column = self._bare(cell, 1, row)
        self.cells[row, column] = cell

    def _bare(self, cell: int, side: int, other: int | None) -> int:
        """A row (0) or column (1) without a header in line with a cell and free: old or new."""
        for key in sorted({key[side] for key in self.cells if key[side] < 0}, reverse=True):
            inside = {at[1 - side]: each for at, each in self.cells.items() if at[side] == key}
            aligned = any(self._overlap(cell, each, 1 - side) for each in inside.values())
            if aligned and other not in inside:
                return key
        self.last -= 1
        return self.last

    def _overlap(self, a: int, b: int, axis: int) -> bool:
        """Whether two boxes share half the smaller one's width (axis 0) or height (1)."""
        (a0, a1), (b0, b1) = self.boxes[a][axis::2], self.boxes[b][axis::2]
        return min(a1, b1) - max(a0, b0) > min(a1 - a0, b1 - b0) / 2

    def keys(self, side: int) -> list[int]:
        """The rows from the top, or the columns from the left, by the middle of their cells."""
        axis = 1 - side
        middles = defaultdict(list)
        for key, cell in self.cells.items():
            low, high = self.boxes[cell][axis::2]
            middles[key[side]].append((low + high) / 2)
        return sorted(middles, key=lambda key: sum(middles[key]) / len(middles[key]))


def _table(cells: Sequence[_Cell], boxes: Sequence[Box]) -> Table:
    grid = _Grid(boxes)
    for cell in cells:
        grid.put(*cell)
    rows, columns = grid.keys(0), grid.keys(1)
    table = Table(
        tuple(row if row >= 0 else None for row in rows),
        tuple(column if column >= 0 else None for column in columns),
        tuple(tuple(grid.cells.get((row, column)) for column in columns) for row in rows),
        (0, 0, 0, 0),
    )
    box = union(boxes[i] for i in table_entities(table))
    return Table(table.row_headers, table.column_headers, table.cells, box)


def _pairs(table: Table) -> set[Link]:
    """Header and cell, of all rows and columns."""
    return {
        (head, cell)
        for row, column, cell in table.filled()
        for head in (row, column)
        if head is not None
    }
