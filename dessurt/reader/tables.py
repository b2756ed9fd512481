"""Tables among the pieces of a form: rows and columns, and which of them are headers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from dessurt.page.plane import union
from dessurt.reader.pieces import Piece, Rules, are_aligned, share_column

ROLES = ("question", "answer")


@dataclass(frozen=True)
class TableLimits:
    """What a table looks like; shares are of 1, heights are those of a line."""

    row_overlap: float = 0.5  # of the lower one's height, which pieces of one row share
    first_gap: float = 1.5  # heights between rows at most, where less than two gaps are known
    gap_growth: float = 2.0  # times the median gap may lie between rows, and
    gap_slack: float = 0.3  # heights more than that
    least_gap: float = 0.8  # heights may lie between rows in any case
    filled: float = 0.5  # share of a row's pieces that are labels or values, in a table
    header: float = 0.6  # share of labels in a row, above which another table begins
    rows_above: int = 3  # with which a row is compared, since cells may be blank
    aligned: float = 0.6  # share of a row's pieces that are aligned with one above
    stray: float = 0.25  # share of a row's pieces that may reach into a second column
    # Share of what lies above and below a piece that is not above each other; a piece with more
    # reaches into several columns.
    bridge: float = 0.2
    ruled: float = 0.3  # share of rows with a rule above in a ruled table: cells may have 3 lines
    kind_change: float = 0.2  # least difference in probability between a label and its value


@dataclass(frozen=True)
class GridCosts:
    """By how much a grid is less likely to be what it seems; natural logarithms."""

    oddity: float = 3.0  # for each unusual thing about it
    single: float = 0.6  # for each piece, where all are what they look like by themselves
    uneven: float = 1.0  # for each piece that is e times as tall as is usual for its role
    least_chance: float = 0.03  # probability: the model may be as wrong as that where it is sure


LIMITS, COSTS = TableLimits(), GridCosts()

Row = list[int]  # numbers of pieces, from left to right


def _neighbours(pieces: Sequence[Piece]) -> list[tuple[int, int]]:
    """Each piece that has others on its right, and the nearest of them."""
    if not pieces:
        return []
    x0, y0, x1, y1 = np.array([piece.box for piece in pieces]).T
    height = y1 - y0
    shared = np.minimum.outer(y1, y1) - np.maximum.outer(y0, y0)
    beside = shared >= LIMITS.row_overlap * np.minimum.outer(height, height)
    beside &= (x0 + x1)[None] / 2 > x1[:, None]
    gap = np.where(beside, x0[None] - x1[:, None], np.inf)  # [left, right]
    return [(i, int(gap[i].argmin())) for i in np.flatnonzero(beside.any(1)).tolist()]


def rows_of(pieces: Sequence[Piece]) -> list[Row]:
    """Pieces beside each other, from left to right; the rows from the top down."""
    count = len(pieces)
    beside = np.zeros((count, count), bool)
    beside[tuple(np.array(_neighbours(pieces), int).reshape(-1, 2).T)] = True
    _, group = connected_components(beside, directed=False)
    rows: dict[int, Row] = {}
    for i in sorted(range(count), key=lambda i: pieces[i].box[0]):
        rows.setdefault(group[i], []).append(i)
    return sorted(
        rows.values(), key=lambda row: sum(sum(pieces[i].box[1::2]) for i in row) / len(row)
    )


def aligned_rows(rows: list[Row], pieces: Sequence[Piece]) -> list[list[Row]]:
    """Runs of rows whose pieces stand in columns."""
    runs: list[list[Row]] = []
    run: list[Row] = []
    for row in rows:
        labels, values = (sum(pieces[i].chance(kind) for i in row) / len(row) for kind in ROLES)
        filled = labels + values >= LIMITS.filled
        is_header = len(row) > 1 and labels > LIMITS.header and not _all_labels(run, pieces)
        if is_header or not (run and filled and _continues(run, row, pieces)):
            runs.append(run)
            run = []
        if filled:
            run.append(row)
    return [run for run in (*runs, run) if len(run) > 1 and max(map(len, run)) > 1]


def _all_labels(run: list[Row], pieces: Sequence[Piece]) -> bool:
    """Whether all pieces of a run look like labels: more may follow in a header's second line."""
    return all(pieces[i].kind == "question" for row in run for i in row)


def _continues(run: list[Row], row: Row, pieces: Sequence[Piece]) -> bool:
    """Whether a row may be the next one of a table."""
    gaps = [_gap(a, b, pieces) for a, b in itertools.pairwise(run)]
    most = LIMITS.first_gap
    if len(gaps) >= 2:
        usual = LIMITS.gap_growth * float(np.median(gaps)) + LIMITS.gap_slack
        most = max(usual, LIMITS.least_gap)
    return _gap(run[-1], row, pieces) < most and _in_columns(run, row, pieces)


def _gap(upper: Row, lower: Row, pieces: Sequence[Piece]) -> float:
    """The distance between two rows, in heights of a line."""
    height = float(np.median([pieces[i].height for i in (*upper, *lower)]))
    top = min(pieces[i].box[1] for i in lower)
    return (top - max(pieces[i].box[3] for i in upper)) / height


def _in_columns(run: list[Row], row: Row, pieces: Sequence[Piece]) -> bool:
    """Whether the pieces of a row stand below those of the rows above it, one below one.

    Most of them begin, end or are centred like one above, and hardly one reaches below two.
    """
    below = aligned = 0
    for i in row:
        above = [pieces[k] for other in run[-LIMITS.rows_above :] for k in other]
        above = [piece for piece in above if share_column(pieces[i].box, piece.box)]
        below += bool(above)
        aligned += any(are_aligned(pieces[i], piece) for piece in above)
    for other in run[-LIMITS.rows_above :]:
        for a, b in ((row, other), (other, row)):
            stray = [sum(share_column(pieces[i].box, pieces[k].box) for k in b) > 1 for i in a]
            if sum(stray) > LIMITS.stray * len(stray):
                return False
    return below > 0 and aligned >= LIMITS.aligned * below


@dataclass(frozen=True)
class TableParts:
    """A table's entities, each as its pieces in reading order; () is a blank."""

    columns: tuple[tuple[int, ...], ...]  # their headers
    rows: tuple[tuple[int, ...], ...]  # their headers
    cells: tuple[tuple[tuple[int, ...], ...], ...]

    @property
    def pieces(self) -> set[int]:
        """The numbers of all its pieces."""
        places = [*self.columns, *self.rows, *(cell for row in self.cells for cell in row)]
        return {i for place in places for i in place}


@dataclass(frozen=True, eq=False)
class Reading:
    """One of the things that a grid may be.

    Attributes:
        labels: bool [rows, columns], where labels are.
        oddities: how many things about it are unusual.
        headers: whether it is a table with headers above and on the left; None: it is no table.
    """

    labels: np.ndarray
    oddities: int = 0
    headers: tuple[bool, bool] | None = None


@dataclass(frozen=True)
class Grid:
    """Pieces in rows and columns: `places[row][column]` are those of one cell."""

    places: tuple[tuple[tuple[int, ...], ...], ...]

    @classmethod
    def of(cls, run: list[Row], pieces: Sequence[Piece], rules: Rules) -> Grid | None:
        """A run of rows; None if they have fewer than two columns."""
        columns = _columns([i for row in run for i in row], pieces)
        column_of = {i: c for c, column in enumerate(columns) for i in column}
        places = tuple(
            tuple(tuple(i for i in row if column_of[i] == c) for c in range(len(columns)))
            for row in _unwrapped(run, pieces, rules)
        )
        return cls(places) if len(places) > 1 and len(columns) > 1 else None

    def kinds(self, pieces: Sequence[Piece]) -> tuple[dict[int, str], TableParts | None]:
        """What each piece is, and the table that they make, if it is one and not single fields."""
        reading = self._best(pieces)
        if reading is None:
            return {}, None
        kinds = {i: ROLES[0 if reading.labels[r, c] else 1] for r, c, i in self._numbered()}
        wide = len(self.places[0])
        if reading.headers is None or (wide == 2 and reading.headers == (False, True)):
            return kinds, None
        above, left = reading.headers
        body = self.places[above:]
        return kinds, TableParts(
            self.places[0][left:] if above else ((),) * (wide - left),
            tuple(row[0] if left else () for row in body),
            tuple(row[left:] for row in body),
        )

    def _best(self, pieces: Sequence[Piece]) -> Reading | None:
        """What suits the kinds of all pieces best; None: each is what it looks like by itself."""
        readings = self._readings()
        chances = np.zeros((*readings[0].labels.shape, 2))  # logarithms, of each role
        heights = np.full(readings[0].labels.shape, np.nan)  # logarithms
        for r, c, i in self._numbered():
            heights[r, c] = np.log(pieces[i].height)
            chances[r, c] += np.log([pieces[i].chance(role) + COSTS.least_chance for role in ROLES])
        single = chances.max(-1).sum() - COSTS.single * (chances[..., 0] != 0).sum()

        def likelihood(reading: Reading) -> float:
            suits = np.where(reading.labels, chances[..., 0], chances[..., 1])
            uneven = sum(_unevenness(heights[mask]) for mask in (reading.labels, ~reading.labels))
            return float(suits.sum()) - COSTS.oddity * reading.oddities - COSTS.uneven * uneven

        best = max(readings, key=likelihood)
        return best if likelihood(best) >= single else None

    def _readings(self) -> list[Reading]:
        """All that a grid may be: a table, or labels with values beside, below or above them."""
        high, wide = len(self.places), len(self.places[0])
        rows, columns = np.indices((high, wide))
        corner = bool(self.places[0][0])
        readings = []
        for above, left in ((True, False), (False, True), (True, True)):
            labels = (above & (rows == 0)) | (left & (columns == 0))
            odd = corner == (above and left)  # a corner is blank if both sides have headers
            single = above and not left and high == 2  # looks like labels above their values
            readings.append(Reading(labels, odd + single, (above, left)))
        if wide > 2:
            readings.append(Reading(columns % 2 == 0, wide % 2))
        return [*readings, Reading(rows % 2 == 0, high % 2), Reading(rows % 2 == 1, high % 2)]

    def _numbered(self) -> Iterator[tuple[int, int, int]]:
        """Row, column and number of each piece."""
        for r, row in enumerate(self.places):
            for c, place in enumerate(row):
                yield from ((r, c, i) for i in place)


def _unevenness(heights: np.ndarray) -> float:
    """How far text in one role is from its usual height, summed; logarithms, NaN for blanks."""
    heights = heights[~np.isnan(heights)]
    return float(np.abs(heights - np.median(heights)).sum()) if len(heights) else 0.0


def _unwrapped(run: list[Row], pieces: Sequence[Piece], rules: Rules) -> list[Row]:
    """The rows of a ruled table, in which lines without a rule between them are one row.

    But a value below its label is no second line of it.
    """
    ruled = [_has_rule_between(a, b, pieces, rules) for a, b in itertools.pairwise(run)]
    if sum(ruled) < LIMITS.ruled * len(ruled):
        return run
    rows = run[:1]
    for upper, row, has_rule in zip(run, run[1:], ruled, strict=False):
        if has_rule or _kinds_change(upper, row, pieces):
            rows.append(row)
        else:
            rows[-1] = rows[-1] + row
    return rows


def _kinds_change(upper: Row, lower: Row, pieces: Sequence[Piece]) -> bool:
    """Whether of pieces below each other one is a label and the other is not."""
    pairs = [(pieces[i], pieces[k]) for i in upper for k in lower]
    changes = [one.chance("question") - other.chance("question")
               for one, other in pairs if share_column(one.box, other.box)]  # fmt: skip
    return bool(changes) and abs(float(np.mean(changes))) > LIMITS.kind_change


def _has_rule_between(upper: Row, lower: Row, pieces: Sequence[Piece], rules: Rules) -> bool:
    """Whether there is a rule between two rows."""
    box = union(pieces[i].box for i in upper)
    return any(rules.between(box, pieces[i].box) for i in lower)


def _columns(numbers: Row, pieces: Sequence[Piece]) -> list[list[int]]:
    """Pieces one above the other, from left to right.

    One that reaches into several columns does not join them; it is a part of the nearest.
    """
    boxes = [pieces[i].box for i in numbers]
    above = np.array([[share_column(a, b) for b in boxes] for a in boxes])
    together = [above[np.ix_(near, near)].mean() for near in map(np.flatnonzero, above)]
    bridges = np.array(together) < 1 - LIMITS.bridge
    others = np.flatnonzero(~bridges)
    _, group = connected_components(above[np.ix_(others, others)], directed=False)
    columns = [[numbers[k] for k in others[group == c]] for c in range(group.max(initial=-1) + 1)]
    for k in np.flatnonzero(bridges):
        if not columns:
            return [numbers]
        x0, _, x1, _ = boxes[k]
        spans = [union(pieces[i].box for i in column) for column in columns]
        shared = [min(x1, span[2]) - max(x0, span[0]) for span in spans]
        columns[int(np.argmax(shared))].append(numbers[k])
    return sorted(columns, key=lambda column: min(pieces[i].box[0] for i in column))
