"""Tilt: the slope along which the letters of a line stand.

Their feet lie in a row. Counted along the right slope, rows are full or empty (Bloomberg, Kopec and
Dasari: Measuring document image skew and orientation, 1995).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TiltRules:
    """When the feet of letters tell a slope.

    Lengths are in heights of letters where nothing else is said.
    """

    coarse_row: float = 1 / 6  # how tall a row is that feet are counted in, at first
    fine_row: float = 1 / 10  # and at last
    least_letters: int = 8  # fewer tell nothing
    most_letters: int = 1500  # more are not looked at
    least_width: float = 3.0  # letters that lie closer together tell nothing either
    row_gap: float = 0.15  # feet that are further apart are in two rows
    row: int = 3  # letters that a row has at least
    in_rows: float = 0.7  # share of all letters that stand in rows
    rough: float = 0.13  # feet that lie further from their rows lie in none
    exactness: float = 0.3  # pixels; no foot is known better
    errors: float = 4.0  # standard errors of a slope: a smaller one may be 0 by chance
    least_angle: float = 0.25  # degrees; a smaller slope is none
    sharper: float = 1.3  # times as sharp as level rows are those along a slope


RULES = TiltRules()


def quantile(values: np.ndarray, share: float) -> float:
    """As `np.quantile` of float [n], n > 0, whose own checks take a page's lines 10 ms."""
    values = np.sort(values)
    place = share * (len(values) - 1)
    below, above = values[int(place)], values[math.ceil(place)]
    return float(below + (place % 1) * (above - below))


def feet_of(letters: np.ndarray) -> tuple[np.ndarray, float]:
    """The middle of each usual letter's foot, float64 [n, 2], and the median letter's height.

    Args:
        letters: float [n, 4] of x, y, width and height.
    """
    if not len(letters):
        return np.zeros((0, 2)), 0.0
    x, y, wide, tall = letters.T
    letter = quantile(tall, 0.5)
    usual = (tall >= 0.5 * letter) & (tall <= 2.5 * letter) & (wide <= 6 * letter)
    return np.stack([x + wide / 2, y + tall], 1)[usual], letter


def slope_of(feet: np.ndarray, letter: float, steepest: float) -> tuple[float, float]:
    """The slope along which feet lie in rows, and how much sharper these are than at others.

    Args:
        feet: float [n, 2], x and y; at least one.
        letter: a letter's height.
        steepest: degrees.
    """
    feet = feet - feet.mean(0)
    slopes = _slopes(feet, letter, steepest)
    sharp = _sharpness(feet, slopes, RULES.coarse_row * letter)
    best = int(sharp.argmax())
    fine = slopes[best] + np.linspace(-1, 1, 17) * (slopes[1] - slopes[0])
    slope = float(fine[_sharpness(feet, fine, RULES.fine_row * letter).argmax()])
    return slope, float(sharp[best] / np.median(sharp))


def rows_of_feet(feet: np.ndarray, letter: float, steepest: float) -> float:
    """How sharply feet lie in rows at the best slope; a number a foot. Arguments as `slope_of`."""
    feet = feet - feet.mean(0)
    slopes = _slopes(feet, letter, steepest)
    return float(_sharpness(feet, slopes, RULES.coarse_row * letter).max() / len(feet))


def clear_slope(feet: np.ndarray, letter: float, steepest: float) -> float:
    """The slope of a few rows of feet, if they are clearly not level; else 0.

    Args:
        feet: float [n, 2], x and y in page pixels.
        letter: a letter's height.
        steepest: degrees.
    """
    if len(feet) < RULES.least_letters or np.ptp(feet[:, 0]) < RULES.least_width * letter:
        return 0.0
    feet = feet[:: -(-len(feet) // RULES.most_letters)] - feet.mean(0)
    level = _fitted(feet, letter, 0.0)
    if level is not None and level.fits and level.is_one_row and not level.is_tilted:
        return 0.0  # most lines, and much sooner than by trying all slopes
    tilted = _fitted(feet, letter, slope_of(feet, letter, steepest)[0])
    if tilted is None or not tilted.fits or not tilted.is_tilted:
        return 0.0
    along, across = _sharpness(feet, np.array([tilted.slope, 0.0]), RULES.fine_row * letter)
    return tilted.slope if along > RULES.sharper * across else 0.0


@dataclass(frozen=True)
class _Fit:
    """Rows of feet along a slope."""

    slope: float
    error: float  # standard error of the slope
    fits: bool  # most feet lie in such rows, and near them
    is_one_row: bool  # most feet lie in one

    @property
    def is_tilted(self) -> bool:
        """Whether the slope is not 0 by chance."""
        least = math.tan(math.radians(RULES.least_angle))
        return abs(self.slope) > max(RULES.errors * self.error, least)


def _fitted(feet: np.ndarray, letter: float, slope: float) -> _Fit | None:
    """The slope of the rows that feet form along about that slope; None if they have no width."""
    x, y = feet.T
    for _ in range(2):
        row = _rows(y - slope * x, RULES.row_gap * letter)
        count = np.bincount(row)
        along, down = (each - (np.bincount(row, each) / count)[row] for each in (x, y))
        spread = float((along**2).sum())
        if not spread:
            return None
        slope = float((along * down).sum()) / spread
    free = len(x) - len(count) - 1
    off = math.sqrt(float(((down - slope * along) ** 2).sum()) / free) if free > 0 else math.inf
    in_rows = bool(count[count >= RULES.row].sum() >= RULES.in_rows * len(x))
    fits = in_rows and off < RULES.rough * letter
    one = bool(count.max() >= RULES.in_rows * len(x))
    return _Fit(slope, max(off, RULES.exactness) / math.sqrt(spread), fits, one)


def _slopes(feet: np.ndarray, letter: float, steepest: float) -> np.ndarray:
    """Slopes so close that a row is not missed."""
    step = letter / 2 / max(float(np.ptp(feet[:, 0])), letter)
    most = math.tan(math.radians(steepest))
    return np.arange(-most, most + step, step)


def _rows(places: np.ndarray, apart: float) -> np.ndarray:
    """The number of the row that each place is in: int [n]."""
    order = np.argsort(places)
    rows = np.zeros(len(places), int)
    rows[order[1:]] = np.cumsum(np.diff(places[order]) > apart)
    return rows


def _sharpness(feet: np.ndarray, slopes: np.ndarray, row: float) -> np.ndarray:
    """The sum of the squared counts of feet in rows of a height, for each slope."""
    x, y = feet.T
    places = (y - slopes[:, None] * x) / row
    places -= places.min(1, keepdims=True)
    lower = np.floor(places).astype(np.int64)
    share = places - lower  # a foot counts for the two rows next to it
    rows = int(lower.max()) + 2
    lower += np.arange(len(slopes))[:, None] * rows
    counts = np.bincount(lower.ravel(), 1 - share.ravel(), rows * len(slopes))
    counts += np.bincount(lower.ravel() + 1, share.ravel(), rows * len(slopes))
    return (counts.reshape(len(slopes), rows) ** 2).sum(1)
