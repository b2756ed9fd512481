"""Which characters lie in which cell of the image grid: the target of the dense loss.

A cell is an image token's 8 x 8 pixels. A character belongs to the cell that holds its middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dessurt.synth.text import ALPHABET
from dessurt.truth import Truth

SLOTS = 3  # thin letters share a cell: so many are told apart, from left to right
BEFORE = 4  # so many characters before a cell's first are its context
CLASSES = len(ALPHABET) + 1  # 0 is nothing
CELL = 8
_CLASS = {letter: i + 1 for i, letter in enumerate(ALPHABET)}


@dataclass(frozen=True, eq=False)
class Glyphs:
    """All characters of a page but the spaces.

    Attributes:
        middles: Float32 [n, 2], x and y.
        classes: Int64 [n].
        before: Int64 [n, BEFORE], the classes of the characters before it in its line, the
            nearest first; 0 for a space and where the line begins.
    """

    middles: np.ndarray
    classes: np.ndarray
    before: np.ndarray

    @classmethod
    def of(cls, truth: Truth) -> Glyphs:
        """Collect them from the page's lines."""
        gap = " " * BEFORE
        letters = gap + gap.join(line.text for line in truth.lines)
        empty = np.zeros((BEFORE, 2, 2), np.float32)
        ends = np.concatenate([part for line in truth.lines for part in (empty, line.ends)])
        classes = np.array([_CLASS.get(letter, 0) for letter in letters], np.int64)
        at = np.flatnonzero(classes)
        before = np.stack([classes[at - k] for k in range(1, BEFORE + 1)], 1)
        return cls(ends.mean(1)[at], classes[at], before)

    def cells(
        self, scale: tuple[float, float], offset: tuple[float, float], grid: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Classes in each cell of a window, uint8 [rows, columns, SLOTS], and what comes before
        its first, uint8 [rows, columns, BEFORE].

        Args:
            scale: Window pixels per page pixel, x and y.
            offset: Where the page's corner lies in the window.
            grid: Rows and columns.
        """
        spots = self.middles * scale + offset
        at = np.floor(spots / CELL).astype(np.int64)
        inside = ((at >= 0) & (at < grid[::-1])).all(1)
        x, at = spots[inside, 0], at[inside]
        cell = at[:, 1] * grid[1] + at[:, 0]
        order = np.lexsort((x, cell))
        cell, glyph = cell[order], np.flatnonzero(inside)[order]
        slot = np.arange(len(cell)) - np.searchsorted(cell, cell)  # from where its cell begins
        target = np.zeros((grid[0] * grid[1], SLOTS), np.uint8)
        context = np.zeros((grid[0] * grid[1], BEFORE), np.uint8)
        kept = slot < SLOTS
        target[cell[kept], slot[kept]] = self.classes[glyph[kept]]
        context[cell[slot == 0]] = self.before[glyph[slot == 0]]
        return target.reshape(*grid, SLOTS), context.reshape(*grid, BEFORE)
