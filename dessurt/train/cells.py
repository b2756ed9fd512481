"""Which characters lie in which cell of the image grid: the target of the dense loss.

A cell is an image token's 8 x 8 pixels. A character belongs to the cell that holds its middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dessurt.synth.page import SynthPage
from dessurt.synth.text import ALPHABET

SLOTS = 3  # thin letters share a cell: so many are told apart, from left to right
CLASSES = len(ALPHABET) + 1  # 0 is nothing
CELL = 8
_CLASS = {letter: i + 1 for i, letter in enumerate(ALPHABET)}


@dataclass(frozen=True, eq=False)
class Glyphs:
    """All characters of a page but the spaces: middles float32 [n, 2] (x, y) and classes [n]."""

    middles: np.ndarray
    classes: np.ndarray

    @classmethod
    def of(cls, page: SynthPage) -> Glyphs:
        """Collect them from the page's lines."""
        letters = "".join(line.text for line in page.lines)
        ends = np.concatenate([line.ends for line in page.lines])
        classes = np.array([_CLASS.get(letter, 0) for letter in letters], np.int64)
        return cls(ends.mean(1)[classes > 0], classes[classes > 0])

    def cells(
        self, scale: tuple[float, float], offset: tuple[float, float], grid: tuple[int, int]
    ) -> np.ndarray:
        """Classes in each cell of a window: int64 [rows, columns, SLOTS].

        Args:
            scale: window pixels per page pixel, x and y.
            offset: where the page's corner lies in the window.
            grid: rows and columns.
        """
        spots = self.middles * scale + offset
        at = np.floor(spots / CELL).astype(np.int64)
        inside = ((at >= 0) & (at < grid[::-1])).all(1)
        x, at, classes = spots[inside, 0], at[inside], self.classes[inside]
        cell = at[:, 1] * grid[1] + at[:, 0]
        order = np.lexsort((x, cell))
        cell, classes = cell[order], classes[order]
        first = np.searchsorted(cell, cell)  # where this cell's run begins
        slot = np.arange(len(cell)) - first
        target = np.zeros((grid[0] * grid[1], SLOTS), np.int64)
        kept = slot < SLOTS
        target[cell[kept], slot[kept]] = classes[kept]
        return target.reshape(*grid, SLOTS)
