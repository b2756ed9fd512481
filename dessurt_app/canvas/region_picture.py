"""The model's region as a picture, which region_map.js cuts at a threshold, and as marks."""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np
from gradio.utils import get_upload_folder

from dessurt.page.marks import Marks, Shape

MAX_SIDE = 1600  # pixels; the model's map is far coarser than the page
HALF = 127  # the value of a picture above which the model is more sure than not


def region_picture(region: np.ndarray) -> str:
    """Write a region as an 8-bit grey picture with the page's proportions.

    Args:
        region: float [height, width], from 0 to 1, which becomes 255.

    Returns:
        The path of the file.
    """
    height, width = region.shape
    shrink = min(1.0, MAX_SIDE / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    small = cv2.resize(region, size, interpolation=cv2.INTER_AREA)
    grey = np.rint(small.clip(0, 1) * 255).astype(np.uint8)
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".png", delete=False) as file:
        file.write(cv2.imencode(".png", grey)[1].tobytes())
    return file.name


def region_marks(file: str, size: tuple[int, int]) -> Marks:
    """Highlight what lies above one half in a picture of `region_picture`.

    A part that fills nine tenths of its box becomes that box; others are outlined, with their holes
    filled.

    Args:
        file: The path of the picture.
        size: The height and width of its page in pixels.
    """
    picture = cv2.imread(file, cv2.IMREAD_GRAYSCALE)
    assert picture is not None  # a file of our own
    marked = np.greater(picture, HALF).astype(np.uint8)
    scale = np.divide(size[::-1], marked.shape[::-1])
    # Twice as large, as outlines go through the middles of pixels.
    large = marked.repeat(2, axis=0).repeat(2, axis=1)
    outlines, _ = cv2.findContours(large, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    shapes = []
    for outline in outlines:
        x, y, width, height = cv2.boundingRect(outline)
        if large[y : y + height, x : x + width].mean() >= 0.9:
            kind, corners = "box", np.array([(x, y), (x + width, y + height)])
        else:
            kind, corners = "lasso", cv2.approxPolyDP(outline, 1, True)[:, 0] + 0.5
        points = (corners / 2 * scale).round(1).tolist()
        if kind == "box" or len(points) > 2:
            shapes.append(Shape("highlight", kind, tuple(map(tuple, points))))
    return Marks(tuple(sorted(shapes, key=lambda shape: shape.bounds()[1::-1])))
