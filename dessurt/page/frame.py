"""Frame: how a page lies in the model's image, and the way back.

The map is a turn, one scale and one offset per axis, so it inverts exactly. There are three ways to
lay a page: `Frame.fit`, the original's (whole page, centred, black round it), `Frame.focus`, a
window round the marks, turned as their text is, at a scale that brings text to the height that the
model knows, and `Frame.whole`, the whole page in an image that is not larger than the page needs.

Sizes are (height, width), as array shapes; points are (x, y). Pixel (0, 0) covers the square
[0, 1) x [0, 1) in the page as in the model image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from dessurt.page.marks import Marks, Shape
from dessurt.page.pixels import Page
from dessurt.page.plane import Box, corners_of, grid_map, turned

# Model pixels kept free round the marks, where possible: above and below, left and right.
FOCUS_MARGIN = (8, 16)
FOCUS_MAX_ENLARGING = 4.0
WHOLE_MAX_ENLARGING = 2.0

Size = tuple[int, int]  # height, width
Rectangle = tuple[int, int, int, int]  # x0, y0, x1, y1 in whole pixels


@dataclass(frozen=True)
class Frame:
    """A placement of a page in the model image; hashable, so that it can key a cache."""

    mode: str  # "fit", "focus" or "whole"
    page_size: Size
    image_size: Size
    scale: tuple[float, float]  # model pixels per page pixel, x and y
    offset: tuple[float, float]  # model x, y of the page's upper left corner
    window: Rectangle  # the part of the page plane that is resampled; may reach outside the page
    placed: Rectangle  # where that part comes to lie in the model image; may reach outside it
    angle: float = 0.0  # degrees by which text runs down to the right that is level to the model
    # Of the marked text, ascender to descender, page pixels; None: not measured. It is no part of
    # the placement.
    line_height: float | None = field(default=None, compare=False)

    @classmethod
    def fit(
        cls, page_size: Sequence[int], image_size: Sequence[int], scale: float | None = None
    ) -> Frame:
        """The original's way: the page as large as fits, centred, black (+1) all round.

        Args:
            page_size: (height, width) of the page.
            image_size: (height, width) of the model image.
            scale: another scale; what does not fit is then cut off evenly on both sides.
        """
        page, image = _size(page_size), _size(image_size)
        factor = min(image[0] / page[0], image[1] / page[1]) if scale is None else scale
        # Python's and NumPy's round agree: half to even.
        height, width = (max(round(side * factor), 1) for side in page)
        top, left = _centred(image[0], height), _centred(image[1], width)
        return cls(
            mode="fit",
            page_size=page,
            image_size=image,
            # The original scales boxes by the factor itself, though rounding the size makes the
            # picture's own scale differ by at most half a pixel over the whole page.
            scale=(factor, factor),
            offset=(float(left), float(top)),
            window=(0, 0, page[1], page[0]),
            placed=(left, top, left + width, top + height),
        )

    @classmethod
    def focus(
        cls,
        page_size: Sequence[int],
        image_size: Sequence[int],
        marks: Marks,
        text_height: float,
        least: Sequence[int] | None = None,
        line_height: float | None = None,
        angle: float = 0.0,
    ) -> Frame:
        """A window round the highlight (the mask, if there is none), white outside the page.

        Args:
            page_size: (height, width) of the page.
            image_size: (height, width) of the model image.
            marks: what to look at.
            text_height: the height in model pixels that a highlighted line shall get. The scale
                is smaller where the marks would not fit otherwise, never above 4, and never so
                small that the page takes up less of the (least) image than by `fit` (unless it
                is a small page).
            least: (height, width) of a smaller image for marks that fit into it, e.g. a line;
                its sides grow in steps of themselves, up to `image_size`, for those that do not.
            line_height: the height of a highlighted line in page pixels; by default the median of
                the shapes' heights.
            angle: degrees by which the highlighted text runs down to the right.

        Raises:
            ValueError: there are no marks.
        """
        page, most = _size(page_size), _size(image_size)
        height, width = _size(least or most)
        widest = most[1] // width * width
        channel = "highlight" if marks.has("highlight") else "mask"
        plane = Shape("highlight", "box", ((0, 0), (page[1], page[0]))).bounds(angle)
        boxes = [_clipped(shape.bounds(angle), plane) for shape in marks.of(channel)]
        if not boxes:
            raise ValueError("Frame.focus needs marks: use Frame.fit for a page without any.")
        x0, y0 = min(box[0] for box in boxes), min(box[1] for box in boxes)
        x1, y1 = max(box[2] for box in boxes), max(box[3] for box in boxes)
        line = line_height or float(np.median([box[3] - box[1] for box in boxes]))
        free = (most[0] - 2 * FOCUS_MARGIN[0], widest - 2 * FOCUS_MARGIN[1])
        scale = min(
            text_height / max(line, 1.0),
            free[1] / max(x1 - x0, 1.0),
            free[0] / max(y1 - y0, 1.0),
            FOCUS_MAX_ENLARGING,
        )
        scale = max(scale, min(height / page[0], widest / page[1], 1.0))
        sides = ((y1 - y0, height, most[0]), (x1 - x0, width, widest))
        rows, columns = (
            min(step * max(math.ceil((side * scale + 2 * margin) / step - 1e-6), 1), largest)
            for (side, step, largest), margin in zip(sides, FOCUS_MARGIN, strict=True)
        )
        image = (rows, columns)
        centre = turned(((x0 + x1) / 2, (y0 + y1) / 2), -angle)
        frame = cls.window_round("focus", page, image, tuple(centre.tolist()), scale, angle)
        return replace(frame, line_height=line)

    @classmethod
    def whole(cls, page_size: Sequence[int], image_size: Sequence[int], step: int) -> Frame:
        """The whole page, white round it, in an image only as large as it needs.

        Args:
            page_size: (height, width) of the page.
            image_size: (height, width) of the largest image.
            step: the image's sides are multiples of it.
        """
        page, most = _size(page_size), _size(image_size)
        scale = min(most[0] / page[0], most[1] / page[1], WHOLE_MAX_ENLARGING)
        height, width = (math.ceil(side * scale / step - 1e-6) * step for side in page)
        return cls.window_round("whole", page, (height, width), (page[1] / 2, page[0] / 2), scale)

    @classmethod
    def window_round(
        cls,
        mode: str,
        page: Size,
        image: Size,
        centre: tuple[float, float],
        scale: float,
        angle: float = 0.0,
    ) -> Frame:
        """A window round a point (x, y) of the page, about at a scale, turned by degrees."""
        if angle:
            offset = np.array([image[1] / 2, image[0] / 2]) - turned(centre, angle) * scale
            frame = cls(
                mode=mode,
                page_size=page,
                image_size=image,
                scale=(scale, scale),
                offset=tuple(offset.tolist()),
                window=(0, 0, 0, 0),
                placed=(0, 0, image[1], image[0]),
                angle=angle,
            )
            return replace(frame, window=frame._reached())
        # A window of whole page pixels, so that resampling and geometry agree exactly.
        width, height = max(round(image[1] / scale), 1), max(round(image[0] / scale), 1)
        left, top = round(centre[0] - width / 2), round(centre[1] - height / 2)
        sx, sy = image[1] / width, image[0] / height
        return cls(
            mode=mode,
            page_size=page,
            image_size=image,
            scale=(sx, sy),
            offset=(-left * sx, -top * sy),
            window=(left, top, left + width, top + height),
            placed=(0, 0, image[1], image[0]),
        )

    def to_model(self, points: ArrayLike) -> np.ndarray:
        """Page points as model points: float64 [..., 2] (x, y) to the same shape."""
        return turned(points, self.angle) * self.scale + self.offset

    def to_page(self, points: ArrayLike) -> np.ndarray:
        """Model points as page points: float64 [..., 2] (x, y) to the same shape."""
        return turned((np.asarray(points, np.float64) - self.offset) / self.scale, -self.angle)

    @property
    def corners(self) -> np.ndarray:
        """The corners of the model image on the page plane, in order round it: float64 [4, 2]."""
        height, width = self.image_size
        return self.to_page(corners_of((0, 0, width, height)))

    @property
    def seen(self) -> Rectangle:
        """The box round what the model sees of the page: x0, y0, x1, y1 in whole page pixels."""
        x0, y0, x1, y1 = self._reached()
        rows, columns = self.page_size
        return max(x0, 0), max(y0, 0), min(x1, columns), min(y1, rows)

    def _reached(self) -> Rectangle:
        """The box of whole pixels round the model image, on the page plane."""
        (x0, y0), (x1, y1) = self.corners.min(0) + 1e-6, self.corners.max(0) - 1e-6
        return int(np.floor(x0)), int(np.floor(y0)), int(np.ceil(x1)), int(np.ceil(y1))

    @property
    def shown_size(self) -> Size:
        """(height, width) in model pixels that the whole page has at this scale."""
        return (
            round(self.page_size[0] * self.scale[1]),
            round(self.page_size[1] * self.scale[0]),
        )

    def text_height(self, page_pixels: float) -> float:
        """How tall, in model pixels, something of this height on the page is to the model."""
        return page_pixels * self.scale[1]

    @property
    def marked_text_height(self) -> float | None:
        """`line_height` to the model, in model pixels; None: not measured."""
        return None if self.line_height is None else self.text_height(self.line_height)

    def picture(self, page: Page) -> np.ndarray:
        """The page as laid into the model image: float32 [H, W], 0 black to 255 white."""
        if self.mode != "fit":
            return self._window(page.gray)
        frame, picture = _last_fitted.get(page, (None, None))
        if picture is None or frame != self:
            picture = self._fitted(page.gray)
            picture.setflags(write=False)
            _last_fitted[page] = self, picture
        return picture

    def marked(self, marks: Marks) -> np.ndarray:
        """The marks in the model image: float32 [H, W], +1 highlight, -1 mask, 0 nothing."""
        # The original takes a coordinate for a pixel's index, which is half a pixel off.
        centre = 0.0 if self.mode == "fit" else 0.5
        height, width = self.page_size
        page = Marks.from_boxes(highlight=[(0, 0, width, height)])
        drawn, whole = (
            shapes.rasterise(self.image_size, self.scale, self.offset, centre, self.angle)
            for shapes in (marks, page)
        )
        return drawn * whole  # nothing is marked outside the page

    def channels(self, page: Page, marks: Marks) -> np.ndarray:
        """What the model gets: float32 [2, H, W].

        Channel 0 is 1 - grey/128 (white about -1, black +1) and 0 where masked; channel 1 is +1
        highlighted, -1 masked, 0 elsewhere.
        """
        marked = self.marked(marks)
        ink = 1 - self.picture(page) / 128
        ink[marked < 0] = 0
        return np.stack((ink, marked)).astype(np.float32, copy=False)

    def region_to_page(self, region: np.ndarray) -> np.ndarray:
        """A map over the model image, float [H, W], as float32 [page height, page width].

        It is 0 wherever the model saw nothing of the page.
        """
        if self.angle:
            return self._turned_back(np.asarray(region, np.float32))
        height, width = self.image_size
        a0, b0, a1, b1 = self.placed
        # Where the placed part reaches outside the image, its edge goes on: zeros would blend in.
        rows = np.clip(np.arange(b0, b1), 0, height - 1)
        columns = np.clip(np.arange(a0, a1), 0, width - 1)
        part = np.asarray(region, np.float32)[np.ix_(rows, columns)]
        x0, y0, x1, y1 = self.window
        large = cv2.resize(part, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
        page = np.zeros(self.page_size, np.float32)
        x0, y0, x1, y1 = self.seen
        left, top = self.window[:2]
        page[y0:y1, x0:x1] = large[y0 - top : y1 - top, x0 - left : x1 - left]
        return page

    def _fitted(self, gray: np.ndarray) -> np.ndarray:
        x0, y0, x1, y1 = self.placed
        resized = _resize_spline(gray, (y1 - y0, x1 - x0))
        height, width = self.image_size
        return _cut(resized, (-x0, -y0, width - x0, height - y0), 0.0)

    def _window(self, gray: np.ndarray) -> np.ndarray:
        if self.angle:
            return self._turned(gray)
        cut = _cut(gray, self.window, 255.0)
        height, width = self.image_size
        shrinking = self.scale[0] < 1 or self.scale[1] < 1
        how = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
        resized = cv2.resize(cut, (width, height), interpolation=how)
        return np.clip(resized, 0, 255)  # cubic interpolation overshoots at sharp edges

    def _turned(self, gray: np.ndarray) -> np.ndarray:
        """The window of a turned frame."""
        x0, y0, x1, y1 = self.window
        # Text that shrinks is averaged over whole pixels of the page before it is turned, and over
        # four samples a pixel after: no detail is lost, no memory spent on a large page.
        coarse, fine = max(int(1 / self.scale[0]), 1), 1 if self.scale[0] >= 1 else 2
        x0, y0 = x0 - 2 * coarse, y0 - 2 * coarse  # as far as the cubic kernel reaches
        columns, rows = (-(-side // coarse) + 3 for side in (x1 - x0, y1 - y0))
        cut = _cut(gray, (x0, y0, x0 + columns * coarse, y0 + rows * coarse), 255.0)
        cut = cv2.resize(cut, (columns, rows), interpolation=cv2.INTER_AREA)
        height, width = self.image_size
        there = grid_map(lambda places: (self.to_page(places / fine) - (x0, y0)) / coarse)
        sampled = cv2.warpAffine(
            cut,
            there,
            (width * fine, height * fine),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderValue=255.0,
        )
        turned_page = cv2.resize(sampled, (width, height), interpolation=cv2.INTER_AREA)
        return np.clip(turned_page, 0, 255)

    def _turned_back(self, region: np.ndarray) -> np.ndarray:
        """`region_to_page` of a turned frame."""
        x0, y0, x1, y1 = self.seen
        page = np.zeros(self.page_size, np.float32)
        size = (max(y1 - y0, 0), max(x1 - x0, 0))
        if not all(size):
            return page
        there = cv2.invertAffineTransform(grid_map(lambda places: self.to_page(places) - (x0, y0)))
        page[y0:y1, x0:x1] = cv2.warpAffine(
            region,
            there,
            size[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        window = Marks((Shape("highlight", "lasso", tuple(map(tuple, self.corners.tolist()))),))
        page[y0:y1, x0:x1][window.rasterise(size, offset=(-x0, -y0)) == 0] = 0
        return page


# The spline is slow and the same for all marks on a page, so each page's last picture is kept.
_last_fitted: WeakKeyDictionary[Page, tuple[Frame, np.ndarray]] = WeakKeyDictionary()


def _resize_spline(gray: np.ndarray, size: Size) -> np.ndarray:
    """Resize as the original did (scikit-image's `resize` with a cubic spline).

    A Gaussian smooths first if both sides shrink; the result keeps the range of the input and is
    not rounded: float32 [size].
    """
    values = gray.astype(np.float32)
    if size == values.shape:
        return values
    factors = np.divide(values.shape, size)
    smooth = values
    if (factors > 1).all():
        smooth = ndimage.gaussian_filter(values, (factors - 1) / 2, mode="mirror")
    resized = ndimage.zoom(smooth, 1 / factors, order=3, mode="mirror", grid_mode=True)
    return np.clip(resized, values.min(), values.max())


def _cut(array: np.ndarray, rectangle: Rectangle, fill: float) -> np.ndarray:
    """A rectangle of the plane that `array` lies in, as float32; `fill` where it reaches out."""
    x0, y0, x1, y1 = rectangle
    rows, columns = array.shape
    out = np.full((y1 - y0, x1 - x0), fill, np.float32)
    top, left, bottom, right = max(y0, 0), max(x0, 0), min(y1, rows), min(x1, columns)
    if top < bottom and left < right:
        out[top - y0 : bottom - y0, left - x0 : right - x0] = array[top:bottom, left:right]
    return out


def _centred(outer: int, inner: int) -> int:
    """Where `inner` starts in `outer`: padding's odd pixel goes to the end."""
    return (outer - inner) // 2 if outer >= inner else -((inner - outer) // 2)


def _clipped(box: Box, plane: Box) -> Box:
    (x0, y0, x1, y1), (left, top, right, bottom) = box, plane
    return max(x0, left), max(y0, top), min(x1, right), min(y1, bottom)


def _size(size: Sequence[int]) -> Size:
    height, width = (int(side) for side in size)
    return height, width
