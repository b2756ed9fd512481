"""The model's region as a picture: a grey PNG, which static/region_map.js cuts at a threshold."""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np
from gradio.utils import get_upload_folder

MAX_SIDE = 1600  # pixels; the model's map is far coarser than the page


def region_picture(region: np.ndarray) -> str:
    """Write a region (float [height, width], 0 to 1) as 8-bit grey; the path of the file.

    The picture has the page's proportions; its values are those of the region times 255.
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
