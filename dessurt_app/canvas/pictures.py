"""Files that the browser fetches: pages as pictures, thumbnails, and parts of pages.

Each is named after its content and written once.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from gradio.utils import get_upload_folder
from PIL import Image

from dessurt.page import Page, PageError
from dessurt.page.marks import Marks
from dessurt.page.plane import Box
from dessurt.whole_files import write_whole

JPEG_QUALITY = (cv2.IMWRITE_JPEG_QUALITY, 92)  # other formats ignore it
THUMBNAIL_SIDE = 160  # pixels, of the longer side
CROP_WIDTH, CROP_HEIGHT = 880, 176  # pixels at most; crops are shown at half their size
CROP_MARGIN = 0.15  # of the height of the marked place
NARROWEST_CROP = 3  # times as wide as high, so that a word is not shown larger than on its page


def page_picture(page: Page) -> Path:
    """The page as a JPEG that a browser can show."""
    return picture_file(page, "jpg")


def thumbnail(file: Path, number: int) -> Path:
    """A page of a file as a small JPEG, which is white if the page cannot be read."""
    try:
        page = Page.open(file, number, side=THUMBNAIL_SIDE)
    except PageError:
        page = Page.from_array(np.full((THUMBNAIL_SIDE, 3 * THUMBNAIL_SIDE // 4), 255, np.uint8))
    return page_picture(page)


def cut_out(page: Page, box: Box) -> Path:
    """The part of a page within a box, in whole pixels, as a lossless file."""
    x0, y0, x1, y1 = box
    left, top = max(0, math.floor(x0)), max(0, math.floor(y0))
    pixels = page.pixels[top : max(0, math.ceil(y1)), left : max(0, math.ceil(x1))]
    return picture_file(Page.from_array(pixels), "png")


def crop_file(page: Page, marks: Marks) -> Path:
    """The marked place of a page, or the page's upper part without marks, as a small JPEG."""
    x0, y0, x1, y1 = _marked_place(page, marks)
    pixels = Image.fromarray(page.pixels[y0:y1, x0:x1])
    shrink = min(1.0, CROP_WIDTH / pixels.width, CROP_HEIGHT / pixels.height)
    width, height = (max(4, round(side * shrink)) for side in pixels.size)
    small = pixels.resize((width, height), reducing_gap=2.0)
    return page_picture(Page.from_array(np.asarray(small)))


def _marked_place(page: Page, marks: Marks) -> tuple[int, int, int, int]:
    """A box round all marks, with a margin; the upper part of the page if none lies on it."""
    boxes = [box for box in map(marks.bounds, ("highlight", "mask")) if box]
    top = 0, 0, page.width, min(page.height, math.ceil(page.width * CROP_HEIGHT / CROP_WIDTH))
    if not boxes:
        return top
    left, upper, right, lower = zip(*boxes, strict=True)
    x0, y0, x1, y1 = min(left), min(upper), max(right), max(lower)
    margin = CROP_MARGIN * min(y1 - y0, 60) + 2
    wider = max(margin, (NARROWEST_CROP * (y1 - y0 + 2 * margin) - (x1 - x0)) / 2)
    place = (
        max(0, math.floor(x0 - wider)),
        max(0, math.floor(y0 - margin)),
        min(page.width, math.ceil(x1 + wider)),
        min(page.height, math.ceil(y1 + margin)),
    )
    on_page = place[0] < place[2] and place[1] < place[3]
    return place if on_page else top


def picture_file(page: Page, ending: str) -> Path:
    """The page's pixels as a file in the folder that Gradio serves."""

    def encoded() -> bytes:
        pixels = page.pixels if page.pixels.ndim == 2 else page.pixels[..., ::-1]  # OpenCV: BGR
        return cv2.imencode(f".{ending}", pixels, JPEG_QUALITY)[1].tobytes()

    return _stored(f"{page.digest}.{ending}", encoded)


def content_file(content: bytes, ending: str) -> Path:
    """A file with this content in the folder that Gradio serves."""
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    return _stored(f"{digest}.{ending}", lambda: content)


def _stored(name: str, content: Callable[[], bytes]) -> Path:
    """The file of a name; its content is asked for only if it is not there yet."""
    file = Path(get_upload_folder()) / "pages" / name
    if not file.exists():
        write_whole(file, content())
    return file
