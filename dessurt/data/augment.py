"""The original's changes to a training page: rotation, crop and brightness.

All are pure functions of their arguments; whoever calls them draws the angle, the corner and the
shifts. Boxes are rows of 16 numbers: the corners upper left, upper right, lower right, lower left
as (x, y), then the mid-points of the left, right, upper and lower side.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage


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
