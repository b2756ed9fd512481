"""How lines lie: what their quads say of angle, height and baseline, and which form a paragraph.

A quad has its corners in the order in which its text is read, so all of this holds for text that
runs in any direction.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol, TypeVar

import numpy as np

from dessurt.page.plane import Box, Point, Quad, box_round, turned


@dataclass(frozen=True)
class BlockRules:
    """Which lines are of one paragraph; lengths are in heights of the upper line.

    The quad of a line that was found on a page reaches a little beyond its letters, so between the
    lines of most paragraphs there is hardly a gap.
    """

    least_gap: float = -0.6  # what overlaps more stands beside it
    most_gap: float = 0.9
    wider: float = 0.35  # by how much a gap may be wider than the one before
    alike: float = 1.4  # times as high
    askew: float = 5.0  # degrees between the two
    shared: float = 0.5  # of the shorter one's length that lies above or below the other
    heading: float = 1.3  # times as high as most lines of the page
    title: float = 1.7  # the same, of the most important headings
    longest_heading: int = 3  # lines
    level: float = 1.0  # pixels by which the corners of a line that is not slanted may differ


RULES = BlockRules()
BASELINE = 0.25  # of a line's height, from its lower border: the line finder leaves room for a p


class Placed(Protocol):
    """What has a place."""

    @property
    def quad(self) -> Quad:
        """Corners in page pixels."""
        ...


Line = TypeVar("Line", bound=Placed)


def angle_of(quad: Quad) -> float:
    """By how many degrees text falls to the right: 0 level, 90 it runs down, -90 up."""
    a, b, c, d = np.array(quad)
    x, y = b + c - a - d
    return math.degrees(math.atan2(y, x))


def height_of(quad: Quad) -> float:
    """How high a line is, in pixels."""
    _, top, _, bottom = box_round(turned(quad, angle_of(quad)))
    return bottom - top


def baseline_of(quad: Quad) -> tuple[Point, Point]:
    """Where the letters stand, from the left end to the right one."""
    a, b, c, d = np.array(quad)
    (x0, y0), (x1, y1) = (d + BASELINE * (a - d)).tolist(), (c + BASELINE * (b - c)).tolist()
    return (x0, y0), (x1, y1)


def is_slanted(quad: Quad) -> bool:
    """Whether the box round a line says less of it than its corners."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad
    sides = abs(ay - by), abs(cy - dy), abs(ax - dx), abs(bx - cx)
    return max(sides) > RULES.level


def bounds(places: Iterable[Placed]) -> Box:
    """The smallest box round one thing or more."""
    return box_round(np.concatenate([np.array(each.quad) for each in places]))


def grouped(lines: Iterable[Line]) -> list[list[Line]]:
    """Lines in reading order as paragraphs: those that follow each other closely in a column."""
    blocks: list[list[Line]] = []
    gap = math.inf  # the one before
    for line in lines:
        last = blocks[-1][-1] if blocks else None
        here = _gap(last.quad, line.quad) if last else None
        if here is None or here > gap + RULES.wider:
            blocks.append([line])
            gap = math.inf
        else:
            blocks[-1].append(line)
            gap = here
    return blocks


def _gap(upper: Quad, lower: Quad) -> float | None:
    """How far below a line the next one of its paragraph begins; None if it is of another."""
    angle = angle_of(upper)
    askew = (angle_of(lower) - angle + 180) % 360 - 180
    left, top, right, bottom = box_round(turned(upper, angle))
    x0, y0, x1, y1 = box_round(turned(lower, angle))
    tall = max(bottom - top, 1.0)
    alike = 1 / RULES.alike < max(y1 - y0, 1.0) / tall < RULES.alike
    shared = min(right, x1) - max(left, x0) > RULES.shared * min(right - left, x1 - x0)
    gap = (y0 - bottom) / tall
    fits = alike and shared and abs(askew) < RULES.askew
    return gap if fits and RULES.least_gap < gap < RULES.most_gap else None


def heading_levels(blocks: Sequence[Sequence[Placed]]) -> list[int]:
    """Of each paragraph, whether it is a heading: 0 none, 1 a title, 2 another heading.

    Headings are clearly higher than most lines of the page, and short.
    """
    heights = [[height_of(line.quad) for line in block] for block in blocks]
    usual = median([each for block in heights for each in block] or [1.0])
    levels = []
    for block in heights:
        larger = median(block) / max(usual, 1.0) if len(block) <= RULES.longest_heading else 1.0
        levels.append(1 if larger >= RULES.title else 2 if larger >= RULES.heading else 0)
    return levels
