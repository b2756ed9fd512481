"""The original's changes to a training page: rotation, crop, brightness and grid distortion.

All are pure functions of their arguments; whoever calls them draws the angle, the corner and the
shifts (those of a grid with `draw_shifts`). Boxes are rows of 16 numbers: the corners upper left,
upper right, lower right, lower left as (x, y), then the mid-points of the left, right, upper and
lower side.
"""

from __future__ import annotations

import random

import cv2
import numpy as np
from scipy import ndimage

MESH = 12  # pixels between two points of the grid that handwriting is distorted by, about
DISTORTION = (1.5, 3.0)  # pixels, the range of the standard deviation of their shifts


def rotate(gray: np.ndarray, boxes: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Turn a page and its boxes about its centre, counterclockwise as seen.

    Args:
        gray: [height, width], 0 ... 255.
        boxes: [n, 16] in page pixels.
        degrees: the angle.

    Returns:
        float32 [height, width], bilinear, 0 where nothing was; float64 [n, 16].
    """
    height, width = gray.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)  # [2, 3], x before y
    back = cv2.invertAffineTransform(turn)
    turned = ndimage.affine_transform(
        gray.astype(np.float32), back[::-1, 1::-1], back[::-1, 2], order=1, cval=0.0
    )
    points = boxes.astype(np.float64).reshape(-1, 2)
    return turned, (points @ turn[:, :2].T + turn[:, 2]).reshape(boxes.shape)


def crop(
    gray: np.ndarray, boxes: np.ndarray, corner: tuple[int, int], size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut a rectangle out of a page and keep the boxes that it shows enough of.

    A box stays if the mid-point of its left or of its right side is inside, or both those of its
    upper and lower side. Its left and right side then move along the box's own direction until
    their mid-points are inside; upper and lower side stay where they are. As in the original only
    the corners are given in the crop's pixels: the mid-points stay as they came.

    Args:
        gray: [height, width].
        boxes: [n, 16] in page pixels.
        corner: (x, y) of the crop's upper left pixel; the crop must lie on the page.
        size: (height, width) of the crop.

    Returns:
        the crop; the boxes kept, float64 [m, 16]; their indices, int [m].
    """
    x, y = corner
    height, width = size
    boxes = boxes.astype(np.float64)
    middles = boxes[:, 8:].reshape(-1, 4, 2)  # left, right, upper, lower
    shifted = middles - (x, y)
    seen = (shifted >= 0) & (shifted < (width, height))  # [n, 4, 2]
    left_in, right_in, upper_in, lower_in = np.all(seen, axis=2).T
    kept = np.flatnonzero(left_in | right_in | (upper_in & lower_in))
    boxes, middles = boxes[kept], middles[kept]
    left, right = middles[:, 0], middles[:, 1]
    along = right - left
    direction = along / np.where(along[:, :1] == 0, np.inf, along[:, :1])  # per step in x
    inwards_left = np.maximum(x - left[:, :1], 0) * direction
    inwards_right = np.minimum(x + width - right[:, :1], 0) * direction
    corners = boxes[:, :8].reshape(-1, 4, 2) - (x, y)
    corners[:, [0, 3]] += inwards_left[:, None]
    corners[:, [1, 2]] += inwards_right[:, None]
    boxes[:, :8] = corners.reshape(-1, 8)
    return gray[y : y + height, x : x + width], boxes, kept


def shift_brightness(gray: np.ndarray, ink: float, paper: float) -> np.ndarray:
    """Make ink and paper darker or brighter on their own, told apart by Otsu's threshold.

    Args:
        gray: uint8 [height, width].
        ink: added to the dark pixels.
        paper: added to the bright ones.

    Returns:
        uint8 [height, width], cut off at 0 and 255.
    """
    threshold, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    shifted = gray + np.where(gray > threshold, paper, ink)
    return np.clip(shifted, 0, 255).astype(np.uint8)


def distort(gray: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Distort a picture of handwriting by a grid (Wigington et al., ICDAR 2017, 3.2).

    The points of the grid lie evenly from corner to corner; between them shifts are interpolated.

    Args:
        gray: [height, width], 0 ... 255.
        shifts: [rows, columns, 2], how far each point moves along x and y in pixels.

    Returns:
        uint8 [height, width], bilinear; what moves in from outside has the mean grey of the edges.
    """
    height, width = gray.shape
    gray = gray.astype(np.float32)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    down, along = (shifts.shape[0] - 1) / height, (shifts.shape[1] - 1) / width  # per pixel
    moved = cv2.remap(shifts.astype(np.float32), x * along, y * down, cv2.INTER_LINEAR)
    edges = np.mean([side.mean() for side in (gray[0], gray[-1], gray[:, 0], gray[:, -1])])
    distorted = cv2.remap(
        gray, x - moved[..., 0], y - moved[..., 1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=float(edges),
    )  # fmt: skip
    return np.rint(distorted).astype(np.uint8)


def draw_shifts(size: tuple[int, int], deviation: float, rng: random.Random) -> np.ndarray:
    """Shifts for `distort`, of a grid with a point about every 12 pixels.

    Args:
        size: (height, width) of the picture.
        deviation: pixels, the standard deviation of the shifts.
        rng: draws them.

    Returns:
        float64 [rows, columns, 2].
    """
    rows, columns = (max(round(side / MESH), 1) + 1 for side in size)
    drawn = np.random.default_rng(rng.getrandbits(64))
    return drawn.normal(0.0, deviation, (rows, columns, 2))
