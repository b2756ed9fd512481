"""From the pieces of a form to what belongs together: by where they stand and what kind they are.

A checkpoint that tells labels from values line by line (`ner_line>`) cannot see a whole form. Here
its pieces are put together as people read forms: a value stands right of its label, below it or
above it; a table is rows of values in columns. The result is a `Truth`, as a generator or a data
set knows it, so that one piece of code writes the JSON of all (`dessurt.data.form_json`).

Lengths are in heights of a line.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from dessurt.data.truth import Box, Entity, Line, Paragraph, Table, Truth
from dessurt.lines import horizontal_rules

KINDS = {kind[0]: kind for kind in ("header", "question", "answer", "other")}
ROLES = ("question", "answer")
BESIDE = 0.5  # of the lower one's height is shared by pieces of one row
ROWS_APART = 1.5  # rows of one table are no further apart
CLOSE = 0.55  # lines of one piece are no further apart
BELOW = 1.6  # a value is no further below or above its label
ASIDE = 1.0  # and begins no further aside
LEAST = 0.1  # how likely two pieces must be a label and its value
TICKED = 2.0  # a single letter before words is more likely a tick than a label
ODD = 2.0  # how much less likely an odd table is, and
FREE = 0.6  # for each of its pieces, a grid in which every one is what it looks like; logarithms
UNLIKELY = 0.03  # the model may be as wrong as that where it is sure
FILLED = 0.5  # of a row's pieces are labels or values, or it is no row of a table
HEADED = 0.6  # of them are labels: a table begins
REACH = 3  # rows above are looked at
ALIGNED = 0.6  # of the pieces of a table's row are aligned with one above
SHIFTED = 0.6  # but for so much
STRAY = 0.25  # of the pieces of a table's row may reach into a second column


@dataclass(frozen=True)
class Piece:
    """A stretch of a printed line.

    Attributes:
        text: what is printed.
        kind: one of the values of `KINDS`.
        box: in page pixels.
        sure: how sure the model was of each character; () if nobody asked a model.
        chances: how likely each kind is; {} if that is not in doubt.
    """

    text: str
    kind: str
    box: Box
    sure: tuple[float, ...] = ()
    chances: Mapping[str, float] = field(default_factory=dict)

    def chance(self, kind: str) -> float:
        """How likely it is of a kind, 0..1."""
        return self.chances.get(kind, 0.0) if self.chances else float(kind == self.kind)

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
    known = list(pieces)  # their kinds as the pieces about them suggest
    grids = []
    for run in _aligned(rows, pieces):
        grid = Grid.of(run, pieces, rules)
        kinds, table = grid.kinds(pieces) if grid else ({}, None)
        for i, kind in kinds.items():
            known[i] = replace(pieces[i], kind=kind, chances={})
        if table:
            grids.append(table)
    used = {i for grid in grids for i in grid.pieces}
    form = _Form(known, [[i for i in row if i not in used] for row in rows], rules)
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


def _aligned(rows: list[list[int]], pieces: Sequence[Piece]) -> list[list[list[int]]]:
    """Runs of rows whose pieces stand in columns."""
    runs: list[list[list[int]]] = []
    run: list[list[int]] = []
    for row in rows:
        asks, tells = (sum(pieces[i].chance(kind) for i in row) / len(row) for kind in ROLES)
        filled = asks + tells >= FILLED
        if not (run and filled and _goes_on(run, row, pieces)) or (
            len(row) > 1 and asks > HEADED and not _asks(run, pieces)
        ):
            runs.append(run)
            run = []
        if filled:
            run.append(row)
    return [run for run in (*runs, run) if len(run) > 1 and max(map(len, run)) > 1]


def _asks(run: list[list[int]], pieces: Sequence[Piece]) -> bool:
    """Whether all pieces of a run look like labels: others may go on in a header's second line."""
    return all(pieces[i].kind == "question" for row in run for i in row)


def _goes_on(run: list[list[int]], row: list[int], pieces: Sequence[Piece]) -> bool:
    """Whether a row may be the next one of a table."""
    gaps = [_gap(a, b, pieces) for a, b in itertools.pairwise(run)]
    far = ROWS_APART if len(gaps) < 2 else max(2 * float(np.median(gaps)) + 0.3, 0.8)
    return _gap(run[-1], row, pieces) < far and _in_columns(run, row, pieces)


def _gap(above: list[int], below: list[int], pieces: Sequence[Piece]) -> float:
    """Between two rows, in heights of a line."""
    height = float(np.median([pieces[i].height for i in (*above, *below)]))
    top = min(pieces[i].box[1] for i in below)
    return (top - max(pieces[i].box[3] for i in above)) / height


def _in_columns(run: list[list[int]], row: list[int], pieces: Sequence[Piece]) -> bool:
    """Whether the pieces of a row stand below those of the rows above it, one below one.

    Most of them begin, end or are centred like one above, and hardly one reaches below two.
    """
    under = aligned = 0
    for i in row:
        above = [pieces[k] for other in run[-REACH:] for k in other]
        above = [piece for piece in above if _over(pieces[i].box, piece.box)]
        under += bool(above)
        aligned += any(_alike(pieces[i], piece) for piece in above)
    for other in run[-REACH:]:
        for a, b in ((row, other), (other, row)):
            several = [sum(_over(pieces[i].box, pieces[k].box) for k in b) > 1 for i in a]
            if sum(several) > STRAY * len(several):
                return False
    return under > 0 and aligned >= ALIGNED * under


def _alike(one: Piece, other: Piece) -> bool:
    """Whether two pieces begin or end at the same place, or have the same middle."""
    (a0, _, a1, _), (b0, _, b1, _) = one.box, other.box
    apart = min(abs(a0 - b0), abs(a1 - b1), abs(a0 + a1 - b0 - b1) / 2)
    return apart < SHIFTED * min(one.height, other.height)


def _over(a: Box, b: Box) -> bool:
    """Whether two boxes share a stretch of their widths worth the name."""
    shared = min(a[2], b[2]) - max(a[0], b[0])
    return shared > 0.3 * min(a[2] - a[0], b[2] - b[0])


@dataclass(frozen=True)
class Parts:
    """A table's entities, each as its pieces in reading order; () is a blank."""

    columns: tuple[tuple[int, ...], ...]
    rows: tuple[tuple[int, ...], ...]
    cells: tuple[tuple[tuple[int, ...], ...], ...]

    @property
    def pieces(self) -> set[int]:
        """All of them."""
        places = [*self.columns, *self.rows, *(cell for row in self.cells for cell in row)]
        return {i for place in places for i in place}


@dataclass(frozen=True)
class Grid:
    """Pieces in rows and columns: `places[row][column]` are those of one cell."""

    places: tuple[tuple[tuple[int, ...], ...], ...]

    @classmethod
    def of(cls, run: list[list[int]], pieces: Sequence[Piece], rules: Rules) -> Grid | None:
        """A run of rows; None if they have fewer than two columns."""
        columns = _columns([i for row in run for i in row], pieces)
        column_of = {i: c for c, column in enumerate(columns) for i in column}
        places = tuple(
            tuple(tuple(i for i in row if column_of[i] == c) for c in range(len(columns)))
            for row in _unwrapped(run, pieces, rules)
        )
        return cls(places) if len(places) > 1 and len(columns) > 1 else None

    def kinds(self, pieces: Sequence[Piece]) -> tuple[dict[int, str], Parts | None]:
        """What each piece is, and the table that they make, if it is one and not single fields.

        Of all that a grid may be, what suits the kinds of its pieces best, taken together: a table
        with headers above, on the left or both, or labels with their values beside, below or above
        them.
        """
        high, wide = len(self.places), len(self.places[0])
        corner = bool(self.places[0][0])
        readings: list[tuple[float, np.ndarray, tuple[bool, bool] | None]] = []
        for above, left in ((True, False), (False, True), (True, True)):
            asks = np.zeros((high, wide), bool)
            asks[0, :], asks[:, 0] = above, left or asks[:, 0]
            asks[0, 0] = above or left
            odd = above and (corner == left)  # a corner is blank if both sides have headers
            single = above and not left and high == 2  # looks like labels above their values
            readings.append((-ODD * (odd + single), asks, (above, left)))
        rows, columns = np.indices((high, wide))
        for asks in (columns % 2 == 0, rows % 2 == 0, rows % 2 == 1):
            if wide > 2 or asks[0, 0] != asks[0, 1]:
                readings.append((-ODD * (high % 2 if asks[0, 0] == asks[0, 1] else wide % 2),
                                 asks, None))  # fmt: skip
        chances = np.zeros((high, wide, 2))
        for r, row in enumerate(self.places):
            for c, place in enumerate(row):
                for i in place:
                    both = pieces[i].chance("answer"), pieces[i].chance("question")
                    chances[r, c] += np.log(np.add(both, UNLIKELY))
        free = chances.max(-1).sum() - FREE * (chances[..., 0] != 0).sum()

        def likely(reading: tuple[float, np.ndarray, tuple[bool, bool] | None]) -> float:
            prior, asks, _ = reading
            return prior + float(np.where(asks, chances[..., 1], chances[..., 0]).sum())

        best = max(readings, key=likely)
        if likely(best) < free:
            return {}, None
        _, asks, headers = best
        kinds = {i: "question" if asks[r, c] else "answer"
                 for r, row in enumerate(self.places) for c, place in enumerate(row)
                 for i in place}  # fmt: skip
        if headers is None or (wide == 2 and headers == (False, True)):
            return kinds, None
        above, left = headers
        body = self.places[above:]
        return kinds, Parts(
            self.places[0][left:] if above else ((),) * (wide - left),
            tuple(row[0] if left else () for row in body),
            tuple(row[left:] for row in body),
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
        return _alike(above, below)

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
        boxes = [_bounds(self.pieces[i].box for i in entity) for entity in self.entities]
        for q, a in itertools.permutations(range(len(boxes)), 2):
            height = self.pieces[self.entities[q][0]].height
            near = max(boxes[a][1] - boxes[q][3], boxes[q][1] - boxes[a][3]) / height
            aside = abs(boxes[a][0] - boxes[q][0]) / height
            if near < BELOW and aside < ASIDE and self._led(boxes[q], boxes[a]):
                chance = self._chance(self.entities[q][0], self.entities[a][0])
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

    def truth(self, grids: list[Parts], size: tuple[int, int]) -> Truth:
        """All together, the tables' entities after the others."""
        entities, links = list(self.entities), self._fields()
        roles = {n: role for link in links for n, role in zip(link, ROLES, strict=True)}
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
        roles.update(dict.fromkeys(range(len(self.entities), len(entities)), "answer"))
        made = tuple(
            Entity(roles.get(n, self.pieces[entity[0]].kind),
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
