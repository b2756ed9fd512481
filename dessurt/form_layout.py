"""From the pieces of a form to what belongs together: by where they stand and what kind they are.

A checkpoint that tells labels from values line by line (`ner_line>`) cannot see a whole form. Here
its pieces are put together as people read forms: a value stands right of its label, below it or
above it; a table is rows of values in columns. The result is a `Truth`, as a generator or a data
set knows it, so that one piece of code writes the JSON of all (`dessurt.data.form_json`).

Lengths are in heights of a line.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from dessurt.data.truth import Box, Entity, Line, Paragraph, Table, Truth
from dessurt.lines import horizontal_rules

KINDS = {kind[0]: kind for kind in ("header", "question", "answer", "other")}
BESIDE = 0.5  # of the lower one's height is shared by pieces of one row
ROWS_APART = 1.5  # rows of one table are no further apart
CLOSE = 0.55  # lines of one piece are no further apart
BELOW = 1.6  # a value is no further below or above its label
ASIDE = 1.0  # and begins no further aside
STRAY = 0.25  # of the pieces of a table's row may reach into a second column


@dataclass(frozen=True)
class Piece:
    """A stretch of a printed line.

    Attributes:
        text: what is printed.
        kind: one of the values of `KINDS`.
        box: in page pixels.
        sure: how sure the model was of each character; () if nobody asked a model.
    """

    text: str
    kind: str
    box: Box
    sure: tuple[float, ...] = ()

    @property
    def height(self) -> float:
        """In page pixels."""
        return self.box[3] - self.box[1]


class Rules:
    """The horizontal rules printed on a page."""

    def __init__(self, gray: np.ndarray) -> None:
        """`gray`: the page, uint8 or float32 [H, W], 0 black to 255 white."""
        self.drawn = horizontal_rules(gray)

    def between(self, above: Box, below: Box) -> bool:
        """Whether a rule passes between the middles of two boxes, over or under the lower one."""
        height, width = self.drawn.shape
        x = min(max(int(below[0] + below[2]) // 2, 0), width - 1)
        top, bottom = (int(box[1] + box[3]) // 2 for box in (above, below))
        return bool(self.drawn[max(top, 0) : bottom + 1, x].any())


def put_together(pieces: Sequence[Piece], size: tuple[int, int], rules: Rules) -> Truth:
    """The entities, links and tables of a form.

    Args:
        pieces: all that is printed.
        size: (height, width) of the page.
        rules: of the page.
    """
    rows = _rows(pieces)
    grids = [grid for group in _table_rows(rows, pieces) if (grid := _grid(group, pieces, rules))]
    used = {i for grid in grids for i in grid.pieces}
    form = _Form(pieces, [[i for i in row if i not in used] for row in rows], rules)
    return form.truth(grids, size)


def _rows(pieces: Sequence[Piece]) -> list[list[int]]:
    """Pieces beside each other, from left to right; the rows from the top down.

    Each is joined to its nearest on the right, so that a row may climb as on a turned page.
    """
    if not pieces:
        return []
    boxes = np.array([piece.box for piece in pieces])
    x0, y0, x1, y1 = boxes.T
    height = y1 - y0
    shared = np.minimum.outer(y1, y1) - np.maximum.outer(y0, y0)
    gap = x0[None] - x1[:, None]  # [left, right]
    right = (shared >= BESIDE * np.minimum.outer(height, height)) & (
        (x0 + x1)[None] / 2 > x1[:, None]
    )
    gap = np.where(right, gap, np.inf)
    nearest = gap.argmin(1)
    left = np.flatnonzero(np.isfinite(gap.min(1)))
    edges = coo_matrix((np.ones(len(left)), (left, nearest[left])), shape=(len(pieces),) * 2)
    count, group = connected_components(edges, directed=False)
    rows = [sorted(np.flatnonzero(group == k).tolist(), key=lambda i: x0[i]) for k in range(count)]
    return sorted(rows, key=lambda row: float(np.mean((y0 + y1)[row])))


# Tables


@dataclass(frozen=True)
class Grid:
    """A table of pieces; each place holds those of one entity, in reading order."""

    columns: tuple[tuple[int, ...], ...]
    rows: tuple[tuple[int, ...], ...]
    cells: tuple[tuple[tuple[int, ...], ...], ...]

    @property
    def pieces(self) -> set[int]:
        """All of them."""
        places = [*self.columns, *self.rows, *(cell for row in self.cells for cell in row)]
        return {i for place in places for i in place}


def _table_rows(rows: list[list[int]], pieces: Sequence[Piece]) -> list[list[list[int]]]:
    """Runs of rows that look like one table."""
    runs: list[list[list[int]]] = []
    run: list[list[int]] = []
    for row in rows:
        kinds = "".join(pieces[i].kind[0] for i in row)
        body = "aa" in kinds and "aq" not in kinds
        head = len(row) > 1 and set(kinds) == {"q"}
        begun = [pieces[r[0]].kind for r in run if any(pieces[i].kind == "answer" for i in r)]
        fits = run and _gap(run[-1], row, pieces) < ROWS_APART and _in_columns(run, row, pieces)
        if set(kinds) == {"q"}:  # column headers, or the second line of a row header
            fits = fits and (not begun or (kinds == "q" and "question" in begun))
        elif kinds[0] == "q":
            fits = fits and (not begun or "question" in begun)
        if fits and set(kinds) <= {"q", "a"} and "aq" not in kinds:
            run.append(row)
        else:
            runs.append(run)
            run = [row] if body or head else []
    runs.append(run)
    return [run for run in runs if any(pieces[i].kind == "answer" for row in run for i in row)]


def _gap(above: list[int], below: list[int], pieces: Sequence[Piece]) -> float:
    """Between two rows, in heights of a line."""
    height = float(np.median([pieces[i].height for i in (*above, *below)]))
    top = min(pieces[i].box[1] for i in below)
    return (top - max(pieces[i].box[3] for i in above)) / height


def _in_columns(run: list[list[int]], row: list[int], pieces: Sequence[Piece]) -> bool:
    """Whether hardly a piece of a row stands below (or above) two of another row."""
    for other in run[-3:]:
        for a, b in ((row, other), (other, row)):
            several = [sum(_over(pieces[i].box, pieces[k].box) for k in b) > 1 for i in a]
            if sum(several) > STRAY * len(several):
                return False
    return any(_over(pieces[i].box, pieces[k].box) for i in row for o in run for k in o)


def _over(a: Box, b: Box) -> bool:
    """Whether two boxes share a stretch of their widths worth the name."""
    shared = min(a[2], b[2]) - max(a[0], b[0])
    return shared > 0.3 * min(a[2] - a[0], b[2] - b[0])


def _grid(run: list[list[int]], pieces: Sequence[Piece], rules: Rules) -> Grid | None:
    """A run of rows as a table; None if it has fewer than two columns."""
    numbers = [i for row in run for i in row]
    columns = _columns(numbers, pieces)
    column_of = {i: c for c, column in enumerate(columns) for i in column}
    run = _unwrapped(run, pieces, rules)
    table = [[tuple(i for i in row if column_of[i] == c) for c in range(len(columns))]
             for row in run]  # fmt: skip
    heads = 0
    while heads < len(table) and all(pieces[i].kind == "question" for i in run[heads]):
        heads += 1
    if heads == len(table) or len(columns) < 2:
        return None
    above = [tuple(i for row in table[:heads] for i in row[c]) for c in range(len(columns))]
    body = table[heads:]
    first = [pieces[i].kind == "question" for row in body for i in row[0]]
    with_left = sum(first) > len(first) / 2 if not above[0] or not heads else all(first)
    if len(body) == 1 and not with_left:
        return None  # labels with a value each, below or above
    left = [row[0] if with_left else () for row in body]
    return Grid(
        tuple(above[with_left:]), tuple(left), tuple(tuple(row[with_left:]) for row in body)
    )


def _unwrapped(
    run: list[list[int]], pieces: Sequence[Piece], rules: Rules
) -> list[list[int]]:
    """The rows of a ruled table; what no rule parts from the row above is a part of that row."""
    parted = [_parted(a, b, pieces, rules) for a, b in itertools.pairwise(run)]
    if not any(parted):
        return run
    rows = run[:1]
    for row, apart in zip(run[1:], parted, strict=True):
        if apart:
            rows.append(row)
        else:
            rows[-1] = rows[-1] + row
    return rows


def _parted(above: list[int], below: list[int], pieces: Sequence[Piece], rules: Rules) -> bool:
    """Whether there is a rule between two rows."""
    upper = _bounds(pieces[i].box for i in above)
    return any(rules.between(upper, pieces[i].box) for i in below)


def _columns(numbers: list[int], pieces: Sequence[Piece]) -> list[list[int]]:
    """Pieces one above the other, from left to right."""
    boxes = [pieces[i].box for i in numbers]
    pairs = [(a, b) for a in range(len(boxes)) for b in range(a) if _over(boxes[a], boxes[b])]
    rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
    edges = coo_matrix((np.ones(len(pairs)), (rows, columns)), shape=(len(boxes),) * 2)
    count, group = connected_components(edges, directed=False)
    found = [[numbers[k] for k in np.flatnonzero(group == c)] for c in range(count)]
    return sorted(found, key=lambda column: min(pieces[i].box[0] for i in column))


# Fields


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
        (a0, _, a1, _), (b0, _, b1, _) = above.box, below.box
        return min(abs(a0 - b0), abs(a1 - b1), abs(a0 + a1 - b0 - b1) / 2) < height

    def _kind_right(self, i: int) -> str:
        return self.pieces[self.right[i]].kind if i in self.right else ""

    def _kind_left(self, i: int) -> str:
        return self.pieces[self.left[i]].kind if i in self.left else ""

    def _fields(self) -> list[tuple[int, int]]:
        """(question, answer) by number of entity: the nearest first, each answer once."""
        number = {i: n for n, entity in enumerate(self.entities) for i in entity}
        kinds = [self.pieces[entity[0]].kind for entity in self.entities]
        boxes = [_bounds(self.pieces[i].box for i in entity) for entity in self.entities]
        pairs: list[tuple[float, int, int]] = []
        for left, right in self.right.items():
            q, a = number[left], number[right]
            if kinds[q] == "question" and kinds[a] == "answer":
                pairs.append((0.0, q, a))
            elif kinds[q] == "answer" and kinds[a] == "question" and self._is_tick(left):
                pairs.append((-1.0, a, q))
        for q in (n for n, kind in enumerate(kinds) if kind == "question"):
            height = self.pieces[self.entities[q][0]].height
            for a in (n for n, kind in enumerate(kinds) if kind == "answer"):
                below = (boxes[a][1] - boxes[q][3]) / height
                above = (boxes[q][1] - boxes[a][3]) / height
                near = max(below, above)
                aside = abs(boxes[a][0] - boxes[q][0]) / height
                if near < BELOW and aside < ASIDE and self._led(boxes[q], boxes[a]):
                    pairs.append((0.5 + max(near, 0) + aside / 2, q, a))
        links, taken = [], set()
        for _, q, a in sorted(pairs):
            if q not in taken and a not in taken:
                links.append((q, a))
                taken |= {q, a}
        return links

    def _led(self, question: Box, answer: Box) -> bool:
        """Whether a value above a label stands on a rule, or one below it is not cut off by one."""
        if answer[1] < question[1]:
            return self.rules.between(answer, question)
        return not self.rules.between(question, answer)

    def _is_tick(self, i: int) -> bool:
        return len(self.pieces[i].text) <= 1

    def truth(self, grids: list[Grid], size: tuple[int, int]) -> Truth:
        """All together, the tables' entities after the others."""
        entities, links = list(self.entities), self._fields()
        tables = []

        def number(place: tuple[int, ...]) -> int | None:
            if not place:
                return None
            entities.append(list(place))
            return len(entities) - 1

        for grid in grids:
            box = _bounds(self.pieces[i].box for i in grid.pieces)
            tables.append(Table(
                tuple(map(number, grid.rows)), tuple(map(number, grid.columns)),
                tuple(tuple(map(number, row)) for row in grid.cells), box,
            ))  # fmt: skip
        in_tables = range(len(self.entities), len(entities))
        made = tuple(
            Entity("answer" if n in in_tables else self.pieces[entity[0]].kind,
                   tuple(line_of(self.pieces[i]) for i in entity))
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
    return inside and _over(above, other) and other not in (above, below)


def _bounds(boxes: Iterable[Box]) -> Box:
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def line_of(piece: Piece) -> Line:
    """A piece as a line of print, its characters evenly spread."""
    x0, y0, x1, y1 = piece.box
    x = np.linspace(x0, x1, len(piece.text) + 1)
    ends = np.empty((len(piece.text), 2, 2), np.float32)
    ends[..., 0] = np.stack([x[:-1], x[1:]], 1)
    ends[..., 1] = (y0 + y1) / 2
    return Line(piece.text, ends, (y1 - y0) / 2, (y1 - y0) / 2)
