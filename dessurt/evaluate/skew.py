"""Straight pages as they come out of a scanner or a camera: turned, or seen from the side."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from dessurt import Page
from dessurt.evaluate.pages import KnownLine, KnownPage
from dessurt.page.plane import Box, box_round, corners_of, mapped, perspective, turned, warped


@dataclass(frozen=True)
class Skew:
    """How a page lies.

    Attributes:
        degrees: the turn; where it is positive the text runs down to the right.
        perspective: per cent of its width and of its height, by which both right-hand corners are
            moved in before that: a photograph taken from the left.
    """

    degrees: float = 0.0
    perspective: float = 0.0

    def __bool__(self) -> bool:
        """Whether it changes a page."""
        return self != Skew()

    def __str__(self) -> str:
        """For people; nothing, if it changes nothing."""
        parts = []
        if self.degrees:
            parts.append(f"turned by {self.degrees:g} degrees")
        if self.perspective:
            parts.append(f"in a perspective of {self.perspective:g} %")
        return ", ".join(parts)

    def of(self, known: KnownPage) -> KnownPage:
        """The page so, sampled bicubically, on a sheet of its colour that nothing is cut off by.

        A box becomes the upright one round its four corners, as a person would draw it.
        """
        if not self:
            return known
        pixels = known.page.pixels
        height, width = known.page.size
        sheet = corners_of((0, 0, width, height))
        inwards = np.array([(0, 0), (-width, height), (-width, -height), (0, 0)])
        corners = turned(sheet + inwards * self.perspective / 100, -self.degrees)
        corners -= corners.min(0)
        matrix = perspective(sheet, corners)
        across, down = np.ceil(corners.max(0) - 1e-3).astype(int).tolist()
        edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        colour = np.atleast_1d(np.median(edge, 0)).tolist()
        skewed = warped(pixels, matrix, (down, across), cv2.INTER_CUBIC, colour)
        blocks = tuple(tuple(_moved(line, matrix) for line in block) for block in known.blocks)
        return KnownPage(known.name, Page.from_array(skewed), blocks)


def _moved(line: KnownLine, matrix: np.ndarray) -> KnownLine:
    def upright(box: Box) -> Box:
        return box_round(mapped(corners_of(box), matrix))

    words, highlight = (tuple(map(upright, boxes)) for boxes in (line.words, line.highlight))
    return replace(line, box=upright(line.box), words=words, highlight=highlight)
