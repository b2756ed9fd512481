"""Tables among the pieces of a form: rows and columns, and which of them are headers.

Lengths are in heights of a line.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from dessurt.form_pieces import Piece, Rules, alike, bounds, over

ROLES = ("question", "answer")
BESIDE = 0.5  # of the lower one's height is shared by pieces of one row
ROWS_APART = 1.5  # rows of one table are no further apart
FILLED = 0.5  # of a row's pieces are labels or values, or it is no row of a table
HEADED = 0.6  # of them are labels: a table begins
REACH = 3  # rows above are looked at
ALIGNED = 0.6  # of the pieces of a table's row are aligned with one above
STRAY = 0.25  # of them may reach into a second column
ODD = 2.0  # how much less likely an odd table is, and
FREE = 0.6  # for each of its pieces, a grid in which every one is what it looks like; logarithms
UNLIKELY = 0.03  # the model may be as wrong as that where it is sure


def rows_of(pieces: Sequence[Piece]) -> list[list[int]]:
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
    upper = bounds(pieces[i].box for i in above)
    return any(rules.between(upper, pieces[i].box) for i in below)


def _columns(numbers: list[int], pieces: Sequence[Piece]) -> list[list[int]]:
    """Pieces one above the other, from left to right."""
    boxes = [pieces[i].box for i in numbers]
    pairs = [(a, b) for a in range(len(boxes)) for b in range(a) if over(boxes[a], boxes[b])]
    rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
    edges = coo_matrix((np.ones(len(pairs)), (rows, columns)), shape=(len(boxes),) * 2)
    count, group = connected_components(edges, directed=False)
    found = [[numbers[k] for k in np.flatnonzero(group == c)] for c in range(count)]
    return sorted(found, key=lambda column: min(pieces[i].box[0] for i in column))
