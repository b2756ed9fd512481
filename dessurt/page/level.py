"""Level: the coordinates in which the text of a page runs level.

No scan is straight, and on a photograph or near a book's spine each line has a tilt of its own.
What belongs together on a page is concluded in level coordinates, what is shown stands on the page.

Points are (x, y) in page pixels, level points (u, v) in pixels of the same size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from numpy.typing import ArrayLike

from dessurt.page.ink import letters_in, working_copy
from dessurt.page.marks import Marks, Shape
from dessurt.page.pixels import Page
from dessurt.page.plane import Box, Point, corners_of, grid_map, turned
from dessurt.page.tilt import clear_slope, feet_of, slope_of

GRID = 32  # level pixels; between them places are interpolated


@dataclass(frozen=True)
class LevelRules:
    """When letters tell how the text of a page lies, and when how it bends.

    The bend is measured in tiles of the page.
    """

    steepest: float = 15.0  # degrees; a page that is turned by more is not scanned, but laid so
    straight: float = 0.1  # degrees; a page that is turned by less is taken for straight
    least_letters: int = 20  # a page with fewer tells nothing of its tilt
    most_letters: int = 4000  # more are not looked at
    sure: float = 1.5  # times as sharp as at the median angle are rows at the right one
    surroundings: float = 32.0  # page pixels round a mark: letters are whole there
    least_height: float = 0.4  # share of a box's height that its line has, however tilted
    tiles: tuple[int, int] = (3, 4)  # across and down
    least_tiles: int = 5  # with letters enough
    least_in_tile: int = 40  # letters
    most_in_tile: int = 1500  # letters; more are not looked at
    tile_width: float = 10.0  # heights of letters that those of a tile lie apart at least
    tile_slope: float = 5.0  # degrees, by which a tile differs from the page at most
    least_bend: float = 1.2  # degrees over the whole page
    uneven: float = 0.3  # share of the bend by which tiles may lie off it


RULES = LevelRules()


@dataclass(frozen=True)
class Level:
    """A turn, and a tilt that changes along and across the lines; exactly invertible."""

    angle: float = 0.0  # degrees by which text runs down to the right, in the middle
    middle: Point = (0.0, 0.0)  # of the text, turned
    bend: tuple[float, float] = (0.0, 0.0)  # slope a pixel, along and across

    @property
    def is_straight(self) -> bool:
        """Whether level points are page points."""
        return self == Level()

    def to_level(self, points: ArrayLike) -> np.ndarray:
        """Page points as level points: float64 [..., 2] to the same shape."""
        u, v = np.moveaxis(turned(points, self.angle), -1, 0)
        along, across = self.bend
        far = u - self.middle[0]
        v = v - along * far**2 / 2 - across * far * (v - self.middle[1])
        return np.stack([u, v], -1)

    def to_page(self, points: ArrayLike) -> np.ndarray:
        """Level points as page points: float64 [..., 2] to the same shape."""
        u, v = np.moveaxis(np.asarray(points, np.float64), -1, 0)
        along, across = self.bend
        far = u - self.middle[0]
        v = (v + along * far**2 / 2 - across * far * self.middle[1]) / (1 - across * far)
        return turned(np.stack([u, v], -1), -self.angle)

    def angle_at(self, point: Point) -> float:
        """Degrees by which text runs down to the right at a point of the page."""
        if self.bend == (0.0, 0.0):
            return self.angle
        here = self.to_level(point)
        (x0, y0), (x1, y1) = self.to_page([here - (1, 0), here + (1, 0)])
        return math.degrees(math.atan2(y1 - y0, x1 - x0))

    def bounds(self, shape: Shape) -> Box:
        """The level box of what a shape on the page was drawn round.

        A box drawn round a tilted line is taller than the line: it stands above it at one end and
        below it at the other. A line that is tilted even so is as tall as it is in itself.
        """
        if self.is_straight and (shape.is_upright or shape.kind != "line"):
            return shape.bounds()
        u, v = self.to_level(shape.outline()).T
        thick = shape.radius
        u0, u1, v0, v1 = (float(end) for end in (u.min(), u.max(), v.min(), v.max()))
        if shape.is_upright:
            (x0, y0), (x1, y1) = shape.points
            _, middle = self.to_level(((x0 + x1) / 2, (y0 + y1) / 2))
            tilt = self.angle_at(((x0 + x1) / 2, (y0 + y1) / 2))
            climb = (x1 - x0) * abs(math.tan(math.radians(tilt)))
            half = max(y1 - y0 - climb, RULES.least_height * (y1 - y0)) / 2
            v0, v1 = float(middle) - half, float(middle) + half
        elif shape.kind == "line":
            middle, half = v.mean(), abs(v[2] + v[3] - v[0] - v[1]) / 4
            v0, v1 = float(middle - half), float(middle + half)
        return u0 - thick, v0 - thick, u1 + thick, v1 + thick

    def shape(self, channel: str, box: Box, slope: float = 0.0) -> Shape:
        """A level box as a shape on the page: a line, of four corners if it is not upright.

        Args:
            channel: the channel of the shape.
            box: level.
            slope: along which the line runs even so, through the middle of the box.
        """
        x0, y0, x1, y1 = box
        corners = [(x0, y0), (x1, y1)]
        if slope or not self.is_straight:
            rise = slope * (x1 - x0) / 2
            corners = [(x0, y0 - rise), (x1, y0 + rise), (x1, y1 + rise), (x0, y1 - rise)]
        return Shape(channel, "line", tuple(map(tuple, self.to_page(corners).tolist())))

    def whole_picture(
        self, gray: np.ndarray, scale: float = 1.0
    ) -> tuple[np.ndarray, tuple[int, int]]:
        """The whole page made level, and where its upper left pixel lies, (u, v) times `scale`.

        Args:
            gray: the page, [H, W], in any size.
            scale: pixels of `gray` a page pixel.
        """
        if self.is_straight:
            return gray, (0, 0)
        height, width = gray.shape
        corners = self.to_level(corners_of((0, 0, width, height)) / scale) * scale
        left, top = np.floor(corners.min(0)).astype(int).tolist()
        right, bottom = np.ceil(corners.max(0)).astype(int).tolist()
        return self.picture(gray, (left, top, right, bottom), scale), (left, top)

    def picture(
        self, gray: np.ndarray, box: tuple[int, int, int, int], scale: float = 1.0
    ) -> np.ndarray:
        """The part of a page in a level box, sampled bilinearly: [h, w].

        Args:
            gray: the page, [H, W], in any size.
            box: the box in whole pixels of that size.
            scale: pixels of `gray` a page pixel.
        """
        x0, y0, x1, y1 = box
        paper = float(np.median(gray[::GRID, ::GRID]))  # what is outside shall not look like ink
        if self.bend == (0.0, 0.0):
            there = grid_map(lambda spots: self.to_page((spots + (x0, y0)) / scale) * scale)
            how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            return cv2.warpAffine(gray, there, (x1 - x0, y1 - y0), flags=how, borderValue=paper)
        # Places are looked up on a grid, as they change slowly, and interpolated in between.
        u, v = (np.arange(0, end - start + GRID, GRID) for start, end in ((x0, x1), (y0, y1)))
        nodes = np.stack(np.meshgrid(u, v), -1) + (x0 + 0.5, y0 + 0.5)
        places = (self.to_page(nodes / scale) * scale - 0.5).astype(np.float32)
        across, down = np.arange(x1 - x0), np.arange(y1 - y0)
        places = _between(_between(places, across, 1), down, 0)
        return cv2.remap(gray, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderValue=paper)


def _between(nodes: np.ndarray, places: np.ndarray, axis: int) -> np.ndarray:
    """Linear interpolation along an axis, at places counted in pixels."""
    before, rest = places // GRID, (places % GRID / np.float32(GRID)).astype(np.float32)
    rest = rest.reshape([-1 if i == axis else 1 for i in range(nodes.ndim)])
    return nodes.take(before, axis) * (1 - rest) + nodes.take(before + 1, axis) * rest


def level_of(page: Page) -> Level:
    """How the text of a page lies, measured once for as long as the page is in use."""
    if page not in _measured:
        _measured[page] = measure_level(page.gray)
    return _measured[page]


_measured: WeakKeyDictionary[Page, Level] = WeakKeyDictionary()


def level_in(page: Page, shape: Shape) -> Level:
    """How the text in a mark lies: as that of the page, where it does not clearly lie otherwise.

    It is measured once for as long as the page is in use.
    """
    known = _measured_in.setdefault(page, {})
    if shape not in known:
        known[shape] = _level_in(page, shape)
    return known[shape]


_measured_in: WeakKeyDictionary[Page, dict[Shape, Level]] = WeakKeyDictionary()


def _level_in(page: Page, shape: Shape) -> Level:
    level = level_of(page)
    x0, y0, x1, y1 = shape.bounds()
    angle = level.angle_at(((x0 + x1) / 2, (y0 + y1) / 2))
    if shape.kind == "line" and not shape.is_upright:  # it was measured when the line was found
        a, b, c, d = turned(shape.points, angle)
        along, down = (b + c - a - d).tolist()
        more = down / along if along > 0 else 0.0
    else:
        feet, letter = feet_of(_letters_in(page.gray, shape))
        more = clear_slope(turned(feet, angle), letter, RULES.steepest)
    if not RULES.straight < abs(math.degrees(math.atan(more))) <= RULES.steepest:
        return level
    return _sloping(math.tan(math.radians(angle) + math.atan(more)))


def _letters_in(gray: np.ndarray, shape: Shape) -> np.ndarray:
    """The letters whose middle a mark covers: float64 [n, 4] of x, y, width and height."""
    x0, y0, x1, y1 = shape.bounds()
    more = min((y1 - y0) / 2, RULES.surroundings)
    height, width = gray.shape
    left, top = max(int(x0 - more), 0), max(int(y0 - more), 0)
    right, bottom = min(math.ceil(x1 + more), width), min(math.ceil(y1 + more), height)
    if left >= right or top >= bottom:
        return np.zeros((0, 4))
    part, shrink = working_copy(gray[top:bottom, left:right])
    letters = letters_in(part)
    offset = -left * shrink, -top * shrink
    covered = Marks((shape,)).rasterise(part.shape, (shrink, shrink), offset) != 0
    x, y = (letters[:, :2] + letters[:, 2:] / 2).astype(int).T
    return letters[covered[y, x]] / shrink + (left, top, 0, 0)


def measure_level(gray: np.ndarray) -> Level:
    """How the text of a page lies; straight, where nothing is clear.

    Args:
        gray: the page, uint8 or float32 [H, W], 0 black to 255 white.
    """
    gray, shrink = working_copy(gray)
    feet, letter = feet_of(letters_in(gray) / shrink)
    few = feet[:: -(-len(feet) // RULES.most_letters) or 1]
    slope, sharp = 0.0, 0.0
    if len(few) >= RULES.least_letters:
        slope, sharp = slope_of(few, letter, RULES.steepest)
    if sharp < RULES.sure:
        return _sloping(clear_slope(few, letter, RULES.steepest))
    angle = math.degrees(math.atan(slope))
    feet = turned(feet, angle)
    middle = (feet.min(0) + feet.max(0)) / 2
    tilt, bend = _bend(feet - middle, letter)
    if bend == (0.0, 0.0):
        return _sloping(slope)
    more = math.degrees(math.atan(tilt))
    u, v = turned(middle, more).tolist()
    return Level(angle + more, (u, v), bend)


def _sloping(slope: float) -> Level:
    angle = math.degrees(math.atan(slope))
    return Level(angle) if abs(angle) > RULES.straight else Level()


def _bend(feet: np.ndarray, letter: float) -> tuple[float, tuple[float, float]]:
    """The slope in the middle and how it changes along and across; zeros where nothing is clear."""
    (left, top), (right, bottom) = feet.min(0), feet.max(0) + 1
    tiles = []
    for x0, x1 in _stretches(left, right, RULES.tiles[0]):
        for y0, y1 in _stretches(top, bottom, RULES.tiles[1]):
            inside = (feet >= (x0, y0)).all(1) & (feet < (x1, y1)).all(1)
            some = feet[inside][:RULES.most_in_tile]
            if len(some) >= RULES.least_in_tile and np.ptp(some[:, 0]) >= RULES.tile_width * letter:
                centre = some.mean(0)
                tiles.append((*centre, slope_of(some, letter, RULES.tile_slope)[0], len(some)))
    if len(tiles) < RULES.least_tiles:
        return 0.0, (0.0, 0.0)
    x, y, slopes, count = np.array(tiles).T
    terms = np.column_stack([np.ones(len(x)), x, y])
    count = np.sqrt(np.minimum(count, 10 * RULES.least_in_tile))
    off = np.zeros(len(x))
    for _ in range(3):  # tiles that lie far off count less
        weight = count / np.maximum(np.degrees(off) / RULES.uneven, 1)
        found = np.linalg.lstsq(terms * weight[:, None], slopes * weight, rcond=None)[0]
        off = np.abs(slopes - terms @ found)
    tilt, along, across = found.tolist()
    whole = math.degrees(max(abs(along) * (right - left), abs(across) * (bottom - top)))
    if whole < RULES.least_bend or math.degrees(float(np.median(off))) > RULES.uneven * whole:
        return 0.0, (0.0, 0.0)
    return tilt, (along, across)


def _stretches(first: float, last: float, count: int) -> list[tuple[float, float]]:
    edges = np.linspace(first, last, count + 1).tolist()
    return list(zip(edges, edges[1:], strict=False))
