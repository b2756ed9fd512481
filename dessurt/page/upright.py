"""Upright: how a page that lies on its side, or was photographed, is laid out to be read.

A few numbers say how: the four corners of a sheet in a photograph, quarter turns, and an angle. The
pixels of the file stay as they are; the page that is seen, read and marked is made from them once.
Marks are kept in pixels of the file, and go from the one page to the other and back.

Points are (x, y); *page* pixels are those of the file, *upright* ones those of the page as seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike

from dessurt.page.ink import letters_in, working_copy
from dessurt.page.level import RULES as LEVEL_RULES
from dessurt.page.marks import MAX_COORDINATE, Marks, Shape
from dessurt.page.pixels import MAX_PIXELS, MAX_SIDE, MIN_SIDE, Page, PageError
from dessurt.page.plane import Point, corners_of, mapped, perspective, turned, warped
from dessurt.page.tilt import rows_of_feet

STEEPEST = 45.0  # degrees; who wants more turns the page by a quarter first
FARTHEST = 1.0  # of the page's sides, that a corner may lie outside of it
STRAIGHT = 0.02  # page pixels; sides that climb less are level


@dataclass(frozen=True)
class QuarterRules:
    """How much sharper rows of letters must be than the other way round.

    Of clean pages and of forms with up to 2.5 degrees of tilt, 98 in 100 have at least 1.7 times as
    sharp rows as columns; feet and heads are hardly told apart where all is written in capitals.
    """

    sideways: float = 1.4  # times as sharp as columns
    on_its_head: float = 1.15  # times as sharp as with heads for feet


@dataclass(frozen=True)
class SheetRules:
    """How a sheet in a photograph is found; shares are of what is named first."""

    side: int = 600  # pixels of the longer side in which the picture is looked at
    letters: float = 0.02  # of the longer side: what is narrower on the sheet is not seen
    least: float = 0.25  # of the picture, that a sheet takes up
    most: float = 0.95  # the same; then the sheet is all that is seen
    inside: float = 0.996  # of the way from the sheet's middle to its corners
    fills: float = 0.93  # of the corners' area, that the sheet's outline encloses, or the reverse
    roundings: tuple[float, ...] = (0.01, 0.02, 0.03, 0.05, 0.08)  # of the outline's length, tried
    off_side: float = 0.02  # of a side's length, that the outline may lie off it
    corner: float = 0.05  # of a side's length, that is bent or round at each end


QUARTERS, SHEET = QuarterRules(), SheetRules()


@dataclass(frozen=True)
class Upright:
    """What is done to a page, in this order; without arguments: nothing.

    Raises:
        PageError: the corners are not those of a part of a page, clockwise; or the angle is
            larger than 45 degrees.
    """

    corners: tuple[Point, ...] = ()  # of what is seen, in page pixels, from its upper left one on
    quarters: int = 0  # turns to the right, 0 to 3
    angle: float = 0.0  # degrees by which lines ran down to the right before they were made level

    def __post_init__(self) -> None:
        """Check the numbers and bring them to one form."""
        try:
            corners = np.asarray(self.corners, np.float64).reshape(-1, 2)
        except (TypeError, ValueError, OverflowError):
            corners = np.full((4, 2), np.nan)
        try:
            quarters, angle = int(self.quarters) % 4, float(self.angle)
        except (TypeError, ValueError, OverflowError):
            quarters, angle = 0, math.nan
        if len(corners) not in (0, 4) or (len(corners) and not _is_sheet(corners)):
            raise PageError(
                "The four corners enclose no part of a page: give them clockwise, from the upper "
                "left one on."
            )
        if not abs(angle) <= STEEPEST:
            raise PageError(
                f"A page is straightened by at most {STEEPEST:.0f} degrees: turn it by a quarter "
                "first."
            )
        object.__setattr__(self, "corners", tuple(map(tuple, corners.tolist())))
        object.__setattr__(self, "quarters", quarters)
        object.__setattr__(self, "angle", angle)

    @classmethod
    def from_json(cls, found: object) -> Upright:
        """From the parsed form of `to_json`, or None for nothing.

        Raises:
            PageError: it is not of that form, or holds bad numbers.
        """
        known = {"corners": list, "quarters": int, "angle": int | float}
        given = {} if found is None else found
        if not isinstance(given, dict) or not all(
            key in known and isinstance(value, known[key]) and not isinstance(value, bool)
            for key, value in given.items()
        ):
            raise PageError(
                'How a page is laid upright is told by "corners", "quarters" and "angle".'
            )
        if not -4 < given.get("quarters", 0) < 4:
            raise PageError("A page is turned to the right by 0 to 3 quarters, not by more.")
        return cls(**{**given, "corners": tuple(given.get("corners", ()))})

    def to_json(self) -> dict[str, Any]:
        """What is not as the file has it; {} if nothing is done."""
        numbers = {
            "corners": [list(corner) for corner in self.corners],
            "quarters": self.quarters,
            "angle": self.angle,
        }
        return {key: value for key, value in numbers.items() if value}

    def size(self, page_size: tuple[int, int]) -> tuple[int, int]:
        """(height, width) of the page as seen, from that of the page in the file."""
        return _placing(self, page_size)[1]

    def to_upright(self, points: ArrayLike, page_size: tuple[int, int]) -> np.ndarray:
        """Page points as upright points: float64 [..., 2] to the same shape."""
        return mapped(points, _placing(self, page_size)[0])

    def to_page(self, points: ArrayLike, page_size: tuple[int, int]) -> np.ndarray:
        """Upright points as page points: float64 [..., 2] to the same shape."""
        return mapped(points, np.linalg.inv(_placing(self, page_size)[0]))

    def marks(self, marks: Marks, page_size: tuple[int, int]) -> Marks:
        """Marks on the page in the file as marks on the page as seen."""
        matrix, _ = _placing(self, page_size)
        return Marks(tuple(_mapped_shape(shape, matrix) for shape in marks.shapes))

    def marks_to_page(self, marks: Marks, page_size: tuple[int, int]) -> Marks:
        """Marks on the page as seen as marks on the page in the file."""
        matrix = np.linalg.inv(_placing(self, page_size)[0])
        return Marks(tuple(_mapped_shape(shape, matrix) for shape in marks.shapes))

    def page(self, page: Page) -> Page:
        """The page as seen; quarter turns alone leave every pixel as it is."""
        if self == AS_IT_IS:
            return page
        if self == Upright(quarters=self.quarters):
            return Page.from_array(np.ascontiguousarray(np.rot90(page.pixels, -self.quarters)))
        matrix, size = _placing(self, page.size)
        paper = np.median(page.pixels[::16, ::16].reshape(-1, page.pixels[0, 0].size), axis=0)
        return Page.from_array(
            warped(page.pixels, matrix, size, cv2.INTER_CUBIC, paper.tolist())
        )

    def turned_right(self, quarters: int) -> Upright:
        """The page as seen, turned to the right by quarters; to the left, where negative."""
        return replace(self, quarters=self.quarters + quarters)

    def cut_to(self, corners: ArrayLike, page_size: tuple[int, int]) -> Upright:
        """What lies within four corners of the page as seen, float [4, 2], as a rectangle.

        Raises:
            PageError: they are not those of a part of it.
        """
        return Upright(tuple(map(tuple, self.to_page(corners, page_size).tolist())))


AS_IT_IS = Upright()


def _is_sheet(corners: np.ndarray) -> bool:
    """Whether four points are the corners of a convex part of a page, clockwise."""
    if not (np.abs(corners) <= MAX_COORDINATE).all():
        return False
    sides = np.roll(corners, -1, 0) - corners
    after = np.roll(sides, -1, 0)
    turns = sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0]
    return bool((turns >= MIN_SIDE**2).all())


@lru_cache(maxsize=256)
def _placing(upright: Upright, page_size: tuple[int, int]) -> tuple[np.ndarray, tuple[int, int]]:
    """The matrix [3, 3] from page to upright points, and the size of the page as seen."""
    height, width = page_size
    matrix: np.ndarray = np.eye(3)
    if upright.corners:
        corners = np.array(upright.corners)
        reach = FARTHEST * np.array([width, height])
        if (corners < -reach).any() or (corners > [width, height] + reach).any():
            raise PageError("A corner lies far outside the page: drag it back.")
        right, down, left, up = np.hypot(*(np.roll(corners, -1, 0) - corners).T).tolist()
        width, height = round(max(right, left)), round(max(down, up))
        matrix = perspective(corners, corners_of((0, 0, width, height)))
    for _ in range(upright.quarters):
        matrix = np.array([(0, -1, height), (1, 0, 0), (0, 0, 1)]) @ matrix
        height, width = width, height
    if upright.angle:
        sheet = turned(corners_of((0, 0, width, height)), upright.angle)
        low, high = sheet.min(0), sheet.max(0)
        turn = np.eye(3)
        turn[:2] = np.column_stack([turned(np.eye(2), upright.angle).T, -low])
        matrix = turn @ matrix
        width, height = (math.ceil(side - 1e-6) for side in (high - low).tolist())
    # The corners of a page that is turned take room: the largest pages get a little smaller.
    shrink = min(
        1.0, (0.99 * MAX_PIXELS / (width * height)) ** 0.5, 0.99 * MAX_SIDE / max(width, height)
    )
    if shrink < 1:
        width, height = int(width * shrink), int(height * shrink)
        matrix = np.diag([shrink, shrink, 1]) @ matrix
    return matrix, (max(height, MIN_SIDE), max(width, MIN_SIDE))


def _mapped_shape(shape: Shape, matrix: np.ndarray) -> Shape:
    outline = np.array(shape.outline())
    points = mapped(outline, matrix)
    if shape.kind in ("box", "line"):
        sides = np.abs(np.roll(points, -1, 0) - points).min(1)
        if (sides < STRAIGHT).all():  # each runs across or down
            points = points[::2]
    radius = shape.radius and shape.radius * _growth(outline.mean(0), matrix)
    return replace(shape, points=tuple(map(tuple, points.tolist())), radius=radius)


def _growth(point: np.ndarray, matrix: np.ndarray) -> float:
    """How much longer what is short becomes at a point."""
    here, right, down = mapped(point + [(0, 0), (1, 0), (0, 1)], matrix)
    return math.sqrt(abs(float(np.linalg.det([right - here, down - here]))))


def quarters_of(page: Page) -> int:
    """How many quarters a page must be turned to the right so that its text stands upright.

    The feet of the letters of a line lie in a row, sharper than their heads, of which some rise
    above the others (Caprari: Algorithm for text page up/down orientation determination, 2000);
    along the lines nothing does. 0 where nothing is clear, as on a page all in capitals.
    """
    gray, _ = working_copy(page.gray)
    letters = letters_in(gray)
    if len(letters) < LEVEL_RULES.least_letters:
        return 0
    x, y, wide, tall = letters[:: -(-len(letters) // LEVEL_RULES.most_letters)].T
    middle = np.stack([x + wide / 2, y + tall / 2], 1)
    half = np.stack([wide / 2, tall / 2], 1)
    letter = float(np.median(np.maximum(wide, tall)))
    # Where the feet are, seen from a letter's middle, in pages that need 0, 1, 2 and 3 quarters;
    # the page is turned so that they are below.
    sharp = []
    for quarters, side in enumerate([(0, 1), (1, 0), (0, -1), (-1, 0)]):
        feet = middle + half * side
        for _ in range(quarters):
            feet = feet @ np.array([(0, 1), (-1, 0)])
        sharp.append(rows_of_feet(feet, letter, LEVEL_RULES.steepest))
    up, left, down, right = sharp
    if max(left, right) >= QUARTERS.sideways * max(up, down):
        return 1 if left >= right else 3
    is_sure = max(up, down) >= QUARTERS.sideways * max(left, right)
    return 2 if is_sure and down >= QUARTERS.on_its_head * up else 0


def find_corners(page: Page) -> tuple[Point, ...]:
    """The corners of a bright sheet on a darker ground, as in a photograph, in page pixels.

    Clockwise from the upper left one on; () where no sheet with four straight sides is seen, or the
    sheet is all that is seen.
    """
    shrink = min(1.0, SHEET.side / max(page.size))
    gray = cv2.resize(
        page.gray.astype(np.uint8), None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA
    )
    wide = max(3, round(SHEET.letters * max(gray.shape)) | 1)
    paper = cv2.morphologyEx(gray, cv2.MORPH_CLOSE, np.ones((wide, wide), np.uint8))  # no letters
    paper = cv2.copyMakeBorder(paper, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    _, bright = cv2.threshold(cv2.GaussianBlur(paper, (5, 5), 0), 0, 1, cv2.THRESH_OTSU)
    outlines, _ = cv2.findContours(
        bright.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    if not outlines:
        return ()
    outline = max(outlines, key=cv2.contourArea)
    area = cv2.contourArea(outline)
    if not SHEET.least * gray.size <= area <= SHEET.most * gray.size:
        return ()
    corners = _quadrilateral(cv2.convexHull(outline))
    if corners is None or not SHEET.fills <= area / cv2.contourArea(corners) <= 1 / SHEET.fills:
        return ()
    # A strip of the margin is missed less than one of the ground is in the way.
    middle = corners.mean(0)
    corners = middle + SHEET.inside * (_clockwise(corners) - 0.5 - middle)
    return tuple(map(tuple, (corners / shrink).tolist()))


def _quadrilateral(hull: np.ndarray) -> np.ndarray | None:
    """The four corners of a convex outline, float32 [4, 2]; None if it has not four sides."""
    length = cv2.arcLength(hull, True)
    for share in SHEET.roundings:
        corners = cv2.approxPolyDP(hull, share * length, True)[:, 0]
        if len(corners) == 4:
            return _sharpened(corners.astype(np.float32), hull[:, 0].astype(np.float32))
    return None


def _sharpened(corners: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """Where the sides cross: a sheet's own corners may be round, bent or cut by the picture."""
    sides = []
    for start, stop in zip(corners, np.roll(corners, -1, 0), strict=True):
        along = (stop - start) / np.hypot(*(stop - start))
        off = outline - start
        place = off @ along / np.hypot(*(stop - start))
        near = np.abs(off @ (-along[1], along[0])) < SHEET.off_side * np.hypot(*(stop - start))
        some = outline[near & (place > SHEET.corner) & (place < 1 - SHEET.corner)]
        if len(some) < 2:
            some = np.stack([start, stop])
        x, y, x0, y0 = cv2.fitLine(some, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel().tolist()
        sides.append(((-y, x), x * y0 - y * x0))
    crossed = []
    for (one, far), (other, away) in zip([sides[-1], *sides], sides, strict=False):
        crossed.append(np.linalg.solve(np.array([one, other]), np.array([far, away])))
    return np.array(crossed, np.float32)


def _clockwise(corners: np.ndarray) -> np.ndarray:
    """The corners in order round their middle, from the upper left one on."""
    x, y = (corners - corners.mean(0)).T
    ordered = corners[np.argsort(np.arctan2(y, x))]
    return np.roll(ordered, -int(ordered.sum(1).argmin()), 0)
