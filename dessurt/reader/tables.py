"""Tables among the pieces of a form: rows and columns, and which of them are headers.

Lengths are in heights of a line.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from dessurt.page.marks import union
from dessurt.reader.pieces import Piece, Rules, alike, over

ROLES = ("question", "answer")
BESIDE = 0.5  # of the lower one's height is shared by pieces of one row
ROWS_APART = 1.5  # rows of one table are no further apart
RULED = 0.3  # of the lines of a ruled table a rule parts from the one above: cells may have three
CHANGED = 0.2  # of a chance to be a label: so much it differs between a label and its value
FILLED = 0.5  # of a row's pieces are labels or values, or it is no row of a table
HEADED = 0.6  # of them are labels: a table begins
REACH = 3  # rows above are looked at
ALIGNED = 0.6  # of the pieces of a table's row are aligned with one above
STRAY = 0.25  # of them may reach into a second column
MANY = 0.2  # of what lies above and below a piece is not above each other: it is in two columns
ODD = 3.0  # how much less likely an odd table is, and
FREE = 0.6  # for each of its pieces, a grid in which every one is what it looks like; logarithms
UNEVEN = 1.0  # the same, where text is e times as tall as is usual for its role
UNLIKELY = 0.03  # the model may be as wrong as that where it is sure


def _neighbours(pieces: Sequence[Piece]) -> list[tuple[int, int]]:
    """Each piece that has others on its right, and the nearest of them."""
    if not pieces:
        return []
    x0, y0, x1, y1 = np.array([piece.box for piece in pieces]).T
    height = y1 - y0
    shared = np.minimum.outer(y1, y1) - np.maximum.outer(y0, y0)
    beside = shared >= BESIDE * np.minimum.outer(height, height)
    beside &= (x0 + x1)[None] / 2 > x1[:, None]
    gap = np.where(beside, x0[None] - x1[:, None], np.inf)  # [left, right]
    return [(i, int(gap[i].argmin())) for i in np.flatnonzero(beside.any(1)).tolist()]


def rows_of(pieces: Sequence[Piece]) -> list[list[int]]:
    """Pieces beside each other, from left to right; the rows from the top down."""
    count = len(pieces)
    beside = np.zeros((count, count), bool)
    beside[tuple(np.array(_neighbours(pieces), int).reshape(-1, 2).T)] = True
    _, group = connected_components(beside, directed=False)
    rows: dict[int, list[int]] = {}
    for i in sorted(range(count), key=lambda i: pieces[i].box[0]):
        rows.setdefault(group[i], []).append(i)
    return sorted(
        rows.values(), key=lambda row: sum(sum(pieces[i].box[1::2]) for i in row) / len(row)
    )


def aligned_rows(rows: list[list[int]], pieces: Sequence[Piece]) -> list[list[list[int]]]:
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
        above = [piece for piece in above if over(pieces[i].box, piece.box)]
        under += bool(above)
        aligned += any(alike(pieces[i], piece) for piece in above)
    for other in run[-REACH:]:
        for a, b in ((row, other), (other, row)):
            several = [sum(over(pieces[i].box, pieces[k].box) for k in b) > 1 for i in a]
            if sum(several) > STRAY * len(several):
                return False
    return under > 0 and aligned >= ALIGNED * under


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


@dataclass(frozen=True, eq=False)
class Reading:
    """What a grid may be.

    Attributes:
        asks: bool [rows, columns], where labels are.
        odd: how many things about it are unusual.
        headers: whether it is a table with headers above and on the left; None: it is no table.
    """

    asks: np.ndarray
    odd: int = 0
    headers: tuple[bool, bool] | None = None


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
        """What each piece is, and the table that they make, if it is one and not single fields."""
        reading = self._best(pieces)
        if reading is None:
            return {}, None
        kinds = {i: ROLES[0 if reading.asks[r, c] else 1] for r, c, i in self._numbered()}
        wide = len(self.places[0])
        if reading.headers is None or (wide == 2 and reading.headers == (False, True)):
            return kinds, None
        above, left = reading.headers
        body = self.places[above:]
        return kinds, Parts(
            self.places[0][left:] if above else ((),) * (wide - left),
            tuple(row[0] if left else () for row in body),
            tuple(row[left:] for row in body),
        )

    def _best(self, pieces: Sequence[Piece]) -> Reading | None:
        """What suits the kinds of all pieces best; None: each is what it looks like by itself."""
        readings = self._readings()
        chances = np.zeros((*readings[0].asks.shape, 2))  # logarithms: of each role
        heights = np.full(readings[0].asks.shape, np.nan)  # logarithms
        for r, c, i in self._numbered():
            heights[r, c] = np.log(pieces[i].height)
            chances[r, c] += np.log([pieces[i].chance(role) + UNLIKELY for role in ROLES])
        free = chances.max(-1).sum() - FREE * (chances[..., 0] != 0).sum()

        def likely(reading: Reading) -> float:
            suits = np.where(reading.asks, chances[..., 0], chances[..., 1])
            uneven = sum(_unevenness(heights[mask]) for mask in (reading.asks, ~reading.asks))
            return float(suits.sum()) - ODD * reading.odd - UNEVEN * uneven

        best = max(readings, key=likely)
        return best if likely(best) >= free else None

    def _readings(self) -> list[Reading]:
        """All that a grid may be: a table, or labels with values beside, below or above them."""
        high, wide = len(self.places), len(self.places[0])
        rows, columns = np.indices((high, wide))
        corner = bool(self.places[0][0])
        found = []
        for above, left in ((True, False), (False, True), (True, True)):
            asks = (above & (rows == 0)) | (left & (columns == 0))
            odd = corner == (above and left)  # a corner is blank if both sides have headers
            single = above and not left and high == 2  # looks like labels above their values
            found.append(Reading(asks, odd + single, (above, left)))
        if wide > 2:
            found.append(Reading(columns % 2 == 0, wide % 2))
        return [*found, Reading(rows % 2 == 0, high % 2), Reading(rows % 2 == 1, high % 2)]

    def _numbered(self) -> Iterator[tuple[int, int, int]]:
        """Row, column and number of each piece."""
        for r, row in enumerate(self.places):
            for c, place in enumerate(row):
                yield from ((r, c, i) for i in place)


def _unevenness(heights: np.ndarray) -> float:
    """How far from usual the heights of text in one role are in all; logarithms, NaN: blank."""
    heights = heights[~np.isnan(heights)]
    return float(np.abs(heights - np.median(heights)).sum()) if len(heights) else 0.0


def _unwrapped(
    run: list[list[int]], pieces: Sequence[Piece], rules: Rules
) -> list[list[int]]:
    """The rows of a ruled table; what no rule parts from the row above is a part of that row.

    But a value below its label is no second line of it.
    """
    parted = [_parted(a, b, pieces, rules) for a, b in itertools.pairwise(run)]
    if sum(parted) < RULED * len(parted):
        return run
    rows = run[:1]
    for above, row, apart in zip(run, run[1:], parted, strict=False):
        if apart or _unlike(above, row, pieces):
            rows.append(row)
        else:
            rows[-1] = rows[-1] + row
    return rows


def _unlike(above: list[int], below: list[int], pieces: Sequence[Piece]) -> bool:
    """Whether of pieces below each other one is a label and the other is not."""
    pairs = [(pieces[i], pieces[k]) for i in above for k in below]
    changes = [one.chance("question") - other.chance("question")
               for one, other in pairs if over(one.box, other.box)]  # fmt: skip
    return bool(changes) and abs(float(np.mean(changes))) > CHANGED


def _parted(above: list[int], below: list[int], pieces: Sequence[Piece], rules: Rules) -> bool:
    """Whether there is a rule between two rows."""
    upper = union(pieces[i].box for i in above)
    return any(rules.between(upper, pieces[i].box) for i in below)


def _columns(numbers: list[int], pieces: Sequence[Piece]) -> list[list[int]]:
    """Pieces one above the other, from left to right.

    One that reaches into several columns makes none of them one; it is a part of the nearest.
    """
    boxes = [pieces[i].box for i in numbers]
    above = np.array([[over(a, b) for b in boxes] for a in boxes])
    together = [above[np.ix_(near, near)].mean() for near in map(np.flatnonzero, above)]
    bridges = np.array(together) < 1 - MANY
    kept = np.flatnonzero(~bridges)
    _, group = connected_components(above[np.ix_(kept, kept)], directed=False)
    found = [[numbers[k] for k in kept[group == c]] for c in range(group.max(initial=-1) + 1)]
    for k in np.flatnonzero(bridges):
        if not found:
            return [numbers]
        x0, _, x1, _ = boxes[k]
        spans = [union(pieces[i].box for i in column) for column in found]
        shared = [min(x1, span[2]) - max(x0, span[0]) for span in spans]
        found[int(np.argmax(shared))].append(numbers[k])
    return sorted(found, key=lambda column: min(pieces[i].box[0] for i in column))
