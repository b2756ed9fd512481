"""Filling shapes by the pixel-centre rule, as spans: runs of pixels in one row.

Coordinates here have the pixel centres at the integers. A span is a row of an int64 array [n, 3]:
row, first column, one past the last column. Spans keep the cost proportional to the outlines, not
the areas, so thousands of marks on a large scan cost one pass over the page.

The edges of a shape belong to it, as in the original (a box from 60.0 to 79.2 covers 60 to 79).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

_TINY = 1e-9  # forgives the rounding of products such as 0.48 * 50
_CHUNK = 2_000_000  # spans made at a time while brushing, to bound the memory


def box_spans(corners: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Spans of an upright box.

    Args:
        corners: float [2, 2], the upper left and the lower right corner (x, y).
        size: (height, width) of the grid.
    """
    (x0, y0), (x1, y1) = corners
    rows = _inside(y0, y1, size[0])
    return _spans(rows, np.full(len(rows), x0), np.full(len(rows), x1), size)


def polygon_spans(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Spans of a polygon, even-odd rule: float [n, 2] corners (x, y), closed by itself."""
    ends = np.roll(points, -1, axis=0)
    flip = points[:, 1] > ends[:, 1]
    low = np.where(flip[:, None], ends, points)  # every edge now runs downwards
    high = np.where(flip[:, None], points, ends)
    # A row meets an edge when low <= row < high: half open, so a corner counts once.
    first = np.clip(np.ceil(low[:, 1] - _TINY), 0, size[0]).astype(np.int64)
    last = np.clip(np.ceil(high[:, 1] - _TINY), 0, size[0]).astype(np.int64)
    edge, rows = _ranges(first, last)
    slope = (high - low)[edge]
    share = (rows - low[edge, 1]) / np.where(slope[:, 1] == 0, 1, slope[:, 1])
    x = low[edge, 0] + np.clip(share, 0, 1) * slope[:, 0]
    order = np.lexsort((x, rows))
    rows, x = rows[order], x[order]  # every row has an even number of crossings
    return _spans(rows[::2], x[::2], x[1::2], size)


def capsule_spans(points: np.ndarray, radius: float, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Spans of a thick path with round ends and joints, in pieces.

    Args:
        points: float [n, 2], the path (x, y); one point is a disc.
        radius: half the thickness.
        size: (height, width) of the grid.
    """
    starts, ends = (points[:-1], points[1:]) if len(points) > 1 else (points, points)
    top = np.minimum(starts[:, 1], ends[:, 1]) - radius
    bottom = np.maximum(starts[:, 1], ends[:, 1]) + radius
    first = np.clip(np.ceil(top - _TINY), 0, size[0]).astype(np.int64)
    last = np.clip(np.floor(bottom + _TINY) + 1, 0, size[0]).astype(np.int64)
    count = np.maximum(last - first, 0)
    pieces = np.cumsum(count) // _CHUNK
    for piece in range(int(pieces[-1]) + 1):
        here = pieces == piece
        segment, rows = _ranges(first[here], last[here])
        left, right = _capsule(starts[here][segment], ends[here][segment], rows, radius)
        yield _spans(rows, left, right, size)


def fill_spans(spans: Iterable[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """The union of spans as bool [height, width]."""
    height, width = size
    steps = np.zeros((height, width + 1), np.int32)  # +1 where a span starts, -1 where it ends
    flat = steps.reshape(-1)
    for rows, first, last in (part.T for part in spans):
        np.add.at(flat, rows * (width + 1) + first, 1)
        np.add.at(flat, rows * (width + 1) + last, -1)
    return np.cumsum(steps, axis=1, out=steps)[:, :width] > 0


def _capsule(
    start: np.ndarray, end: np.ndarray, rows: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """Where horizontal lines enter and leave segments thickened by `radius`.

    A capsule is convex, so a line meets it in one interval: from the leftmost to the rightmost of
    what it meets of the two end discs and of the rectangle between them.
    """
    left, right = np.full(len(rows), np.inf), np.full(len(rows), -np.inf)
    for centre in (start, end):
        square = radius**2 - (rows - centre[:, 1]) ** 2
        reach = np.where(square >= 0, np.sqrt(np.maximum(square, 0)), -np.inf)
        left = np.minimum(left, centre[:, 0] - reach)
        right = np.maximum(right, centre[:, 0] + reach)
    along = end - start
    length = np.hypot(along[:, 0], along[:, 1])
    dx, dy = (along / np.where(length == 0, 1, length)[:, None]).T
    y = rows - start[:, 1]
    # Inside the rectangle: 0 <= x*dx + y*dy <= length and -radius <= y*dx - x*dy <= radius.
    low, high = np.full(len(rows), -np.inf), np.full(len(rows), np.inf)
    for slope, shift, least, most in (
        (dx, y * dy, 0.0, length),
        (-dy, y * dx, -radius, radius),
    ):
        level = np.abs(slope) < 1e-12
        divisor = np.where(level, 1, slope)
        one, two = (least - shift) / divisor, (most - shift) / divisor
        missed = level & ((shift < least) | (shift > most))
        low = np.where(missed, np.inf, np.where(level, low, np.maximum(low, np.minimum(one, two))))
        high = np.where(level, high, np.minimum(high, np.maximum(one, two)))
    crossed = (low <= high) & (length > 0)
    left = np.where(crossed, np.minimum(left, start[:, 0] + low), left)
    right = np.where(crossed, np.maximum(right, start[:, 0] + high), right)
    return left, right


def _spans(rows: np.ndarray, x0: np.ndarray, x1: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Spans from real intervals [x0, x1] of rows, cut to the grid; empty ones are left out."""
    first = np.clip(np.ceil(x0 - _TINY), 0, size[1])
    last = np.clip(np.floor(x1 + _TINY) + 1, 0, size[1])
    keep = last > first
    return np.stack((rows[keep], first[keep], last[keep]), axis=1).astype(np.int64)


def _inside(low: float, high: float, limit: int) -> np.ndarray:
    """The integers of [low, high] that lie in 0 ... limit - 1."""
    return np.arange(max(np.ceil(low - _TINY), 0), min(np.floor(high + _TINY), limit - 1) + 1)


def _ranges(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All integers of several ranges [first, last): which range each belongs to, and itself."""
    count = np.maximum(last - first, 0)
    which = np.repeat(np.arange(len(count)), count)
    before = np.cumsum(count) - count
    return which, np.arange(len(which)) - before[which] + first[which]
