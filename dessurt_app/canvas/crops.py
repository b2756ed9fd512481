"""Crops: small pictures of what a question is about."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image

from dessurt.page import Page
from dessurt.page.marks import Marks
from dessurt_app.canvas.page_canvas import written

WIDTH, HEIGHT = 880, 176  # most pixels; they are shown at half the size
MARGIN = 0.15  # of the marked place's height
NARROWEST = 3  # times as wide as high, so that a word is not shown larger than its page


def crop_file(page: Page, marks: Marks) -> Path:
    """The marked place of a page, or without marks the page's upper part, as a small JPEG."""
    x0, y0, x1, y1 = _place(page, marks)
    pixels = Image.fromarray(page.pixels[y0:y1, x0:x1])
    shrink = min(1.0, WIDTH / pixels.width, HEIGHT / pixels.height)
    width, height = (max(4, round(side * shrink)) for side in pixels.size)
    small = pixels.resize((width, height), reducing_gap=2.0)
    return written(Page.from_array(np.asarray(small)), "jpg")


def _place(page: Page, marks: Marks) -> tuple[int, int, int, int]:
    boxes = [box for box in map(marks.bounds, ("highlight", "mask")) if box]
    top = 0, 0, page.width, min(page.height, math.ceil(page.width * HEIGHT / WIDTH))
    if not boxes:
        return top
    picks = min, min, max, max
    x0, y0, x1, y1 = (
        pick(sides) for pick, sides in zip(picks, zip(*boxes, strict=True), strict=True)
    )
    margin = MARGIN * min(y1 - y0, 60) + 2
    wider = max(margin, (NARROWEST * (y1 - y0 + 2 * margin) - (x1 - x0)) / 2)
    place = (
        max(0, math.floor(x0 - wider)),
        max(0, math.floor(y0 - margin)),
        min(page.width, math.ceil(x1 + wider)),
        min(page.height, math.ceil(y1 + margin)),
    )
    on_page = place[0] < place[2] and place[1] < place[3]
    return place if on_page else top
