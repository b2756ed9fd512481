"""The plane of a page: points and boxes on it, and maps that points and pictures take.

Coordinates: x right, y down, pixel (0, 0) covers the square [0, 1) x [0, 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import cv2
import numpy as np
from numpy.typing import ArrayLike

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # x0, y0, x1, y1
# Corners upper left, upper right, lower right, lower left, as the text in it is read.
Quad = tuple[Point, Point, Point, Point]

# OpenCV counts from the middle of the first pixel: this takes its coordinates to ours.
_FROM_OPENCV = np.array([(1, 0, 0.5), (0, 1, 0.5), (0, 0, 1)])
_TO_OPENCV = np.array([(1, 0, -0.5), (0, 1, -0.5), (0, 0, 1)])


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box round all boxes, of which there must be one."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def box_round(points: np.ndarray) -> Box:
    """The smallest box round points, float [n, 2], of which there must be one."""
    (x0, y0), (x1, y1) = points.min(0).tolist(), points.max(0).tolist()
    return x0, y0, x1, y1


def corners_of(box: Box) -> np.ndarray:
    """The corners of a box, clockwise from the upper left one on: float64 [4, 2]."""
    x0, y0, x1, y1 = box
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)


def turned(points: ArrayLike, angle: float) -> np.ndarray:
    """Points (x, y) in axes that lie turned by `angle` degrees, clockwise as it looks: [..., 2].

    What runs down to the right by the angle becomes level. Turning by -angle undoes it.
    """
    points = np.asarray(points, np.float64)
    if angle == 0:
        return points
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return points @ np.array([[cos, -sin], [sin, cos]])


def mapped(points: ArrayLike, matrix: np.ndarray) -> np.ndarray:
    """Points [..., 2] after an affine map [2, 3] or a perspective one [3, 3]."""
    flat = np.asarray(points) @ matrix[:, :2].T + matrix[:, 2]
    return flat if len(matrix) == 2 else flat[..., :2] / flat[..., 2:]


def perspective(corners: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The map [3, 3] that takes four corners, float [4, 2], to where they are wanted."""
    return cv2.getPerspectiveTransform(corners.astype(np.float32), wanted.astype(np.float32))


def warped(
    pixels: np.ndarray,
    matrix: np.ndarray,
    size: tuple[int, int],
    flags: int = cv2.INTER_LINEAR,
    border: float | list[float] = 255,
) -> np.ndarray:
    """A picture after a map of the plane.

    Args:
        pixels: the picture, [H, W] or [H, W, 3].
        matrix: the map, as `mapped` takes it.
        size: (height, width) of the new picture.
        flags: how OpenCV samples the old one.
        border: the colour of what lies outside the old one.
    """
    square = matrix if len(matrix) == 3 else np.vstack([matrix, (0, 0, 1)])
    inner = _TO_OPENCV @ square @ _FROM_OPENCV
    if len(matrix) == 2:
        return cv2.warpAffine(pixels, inner[:2], size[::-1], flags=flags, borderValue=border)
    return cv2.warpPerspective(pixels, inner, size[::-1], flags=flags, borderValue=border)


def grid_map(place: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The matrix [2, 3] from the pixel indices of one grid to those of another.

    Args:
        place: an affine map of the plane of the one grid to that of the other.
    """
    zero, right, down = place(np.array([(0.5, 0.5), (1.5, 0.5), (0.5, 1.5)])) - 0.5
    return np.column_stack((right - zero, down - zero, zero))
