"""Variation: the same question about a page as if it had been scanned and marked another time.

A handful of answered lines is soon known by heart. Drawn a little wider or narrower, more or less
slanted, blurred, paler, in thinner or thicker strokes and marked less exactly each time, they show
what the letters have in common instead.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace

import cv2
import numpy as np

from dessurt.data.example import Example
from dessurt.page import Page
from dessurt.page.marks import Marks, MarksError, Shape
from dessurt.page.plane import corners_of, mapped, warped
from dessurt.truth import Printed

ROOM = 1.5  # heights of the marks that are kept of the page round them
STRETCH, SLANT = 0.12, 0.12  # of width and height at most; of the height, standard deviation
TURN = 0.4  # degrees, standard deviation
INK, PAPER, NOISE = 70.0, 215.0, 8.0  # the palest ink, the darkest paper, grain (deviation), of 255


def varied(example: Example, rng: random.Random) -> Example:
    """The example with its page, marks, region and places changed alike.

    Args:
        example: A question; its marks may cover anything, and without any the whole page is
            changed.
        rng: Draws the changes.
    """
    left, top, right, bottom = _part(example)
    gray = example.page.gray[top:bottom, left:right]
    turned, matrix = _bent(gray, rng)
    matrix = matrix @ np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1.0]])
    page = Page.from_array(_copied(turned, rng))
    region = None if example.region is None else _moved(example.region, matrix)
    try:
        marks = _moved(example.request.marks, matrix, rng).checked(page.size)
    except MarksError:  # a mark that reached out of the page
        return example
    return replace(
        example,
        page=page,
        request=replace(example.request, marks=marks),
        region=region,
        printed_answer=_printed(example.printed_answer, matrix),
        printed_text=_printed(example.printed_text, matrix),
    )


def _part(example: Example) -> tuple[int, int, int, int]:
    """What to keep of the page: x0, y0, x1, y1. Round marks, more than their window will show."""
    height, width = example.page.size
    boxes = [shape.bounds() for shape in example.request.marks.shapes]
    if not boxes or example.region is not None:
        return 0, 0, width, height
    room = ROOM * max(float(np.median([y1 - y0 for _, y0, _, y1 in boxes])), 8.0)
    x0, y0 = (min(box[k] for box in boxes) - room for k in (0, 1))
    x1, y1 = (max(box[k] for box in boxes) + room for k in (2, 3))
    return max(int(x0), 0), max(int(y0), 0), min(math.ceil(x1), width), min(math.ceil(y1), height)


def _bent(gray: np.ndarray, rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """A picture stretched, slanted and turned, white round it; and the map, float [3, 3]."""
    wide, tall = (rng.uniform(1 - STRETCH, 1 + STRETCH) for _ in range(2))
    turn, slant = math.radians(rng.gauss(0, TURN)), rng.gauss(0, SLANT)
    cos, sin = math.cos(turn), math.sin(turn)
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.array([[wide, -slant * tall], [0, tall]])
    height, width = gray.shape
    corners = corners_of((0, 0, width, height)) @ linear.T
    low, high = corners.min(0), corners.max(0)
    across, down = np.ceil(high - low).astype(int).tolist()
    matrix = np.vstack([np.hstack([linear, -low[:, None]]), [0, 0, 1]])
    return warped(gray, matrix, (down, across), cv2.INTER_CUBIC), matrix


def _copied(gray: np.ndarray, rng: random.Random) -> np.ndarray:
    """Another scan of it: strokes, focus, ink, paper and grain."""
    strokes = rng.random()
    if strokes < 0.35:
        change = cv2.erode if strokes < 0.2 else cv2.dilate  # darker spreads, or brighter
        gray = change(gray, np.ones((2, 2), np.uint8))
    if rng.random() < 0.5:
        gray = cv2.GaussianBlur(gray, (0, 0), rng.uniform(0.3, 1.0))
    if rng.random() < 0.5:
        ink, paper = rng.uniform(0, INK), rng.uniform(PAPER, 255)
        grain = np.random.default_rng(rng.getrandbits(32)).normal(size=gray.shape)
        gray = ink + (paper - ink) * (gray / 255) + rng.uniform(0, NOISE) * grain
    return np.clip(gray, 0, 255).astype(np.uint8)


def _moved(marks: Marks, matrix: np.ndarray, rng: random.Random | None = None) -> Marks:
    """Marks after a map of the plane; with `rng`, drawn a little larger or smaller, too."""
    return Marks(tuple(_shape(shape, matrix, rng) for shape in marks.shapes))


def _shape(shape: Shape, matrix: np.ndarray, rng: random.Random | None) -> Shape:
    scale = math.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    points = np.array(shape.points, float)
    if not shape.is_upright:
        moved = mapped(points, matrix)
        return Shape(shape.channel, shape.kind, moved.tolist(), shape.radius * scale)
    (x0, y0), (x1, y1) = points
    if rng is not None:
        tall = y1 - y0
        x0, x1 = x0 - tall * _slip(rng, 0.3), x1 + tall * _slip(rng, 0.3)
        y0, y1 = y0 - tall * _slip(rng, 0.2), y1 + tall * _slip(rng, 0.2)
    # Upright as before. Of a line the ends' middles tell where it is: it is turned very little.
    ends = mapped(np.array([(x0, (y0 + y1) / 2), (x1, (y0 + y1) / 2)]), matrix)
    middle, half = ends.mean(0), (y1 - y0) / 2 * np.linalg.norm(matrix[:2, 1])
    box = ((ends[0, 0], middle[1] - half), (ends[1, 0], middle[1] + half))
    return Shape(shape.channel, "box", box)


def _slip(rng: random.Random, most: float) -> float:
    """By how much of its height a side of a mark stands off: mostly little."""
    return rng.triangular(-0.06, most, 0.02)


def _printed(printed: Printed | None, matrix: np.ndarray) -> Printed | None:
    if printed is None:
        return None
    return Printed(printed.text, mapped(printed.spots, matrix).astype(np.float32))
