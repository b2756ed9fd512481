"""How a page is laid into the model's image while training.

A checkpoint for windows (frame "focus") sees a window round the marks, as at use, or a part of
the page at about the scale at which the whole page is seen. One for whole pages (frame "fit", the
original's) sees the page a little larger or smaller, turned and shifted, as the original did it.
"""

from __future__ import annotations

import math
import random

import numpy as np

from dessurt.data import augment
from dessurt.data.example import Example
from dessurt.page.frame import Frame
from dessurt.page.line_height import marked_line_height
from dessurt.page.marks import Marks, Shape
from dessurt.page.plane import Box, Point
from dessurt.train.config import Part
from dessurt.truth import Truth

STEP = 64  # sides of a whole page's image, as at use
SHADE = 20.0  # grey levels, standard deviation of the change of ink and of paper

Size = tuple[int, int]  # height, width


def round_marks(
    example: Example, tall: float, window: Size, text_height: float, rng: random.Random
) -> Frame:
    """A window round the marks, at about the scale at use.

    Args:
        example: A question with a highlight or a mask.
        tall: Page pixels of the height of a line.
        window: Height and width.
        text_height: Model pixels of the height of a highlighted line.
        rng: Draws the scale.
    """
    return Frame.focus(
        example.page.size, window, example.request.marks, text_height * rng.uniform(0.85, 1.2),
        line_height=tall,
    )  # fmt: skip


def round_text(
    example: Example, tall: float, window: Size, least: float, largest: Size, rng: random.Random
) -> Frame | None:
    """A window round the text in question at about the scale of the whole page; None if that shows
    it too small, or nobody knows where it stands.

    Args:
        example: A question without marks.
        tall, window: As `round_marks` takes them.
        least: Model pixels of the height of a line, at least.
        largest: The largest image of the model.
        rng: Draws the scale and the place.
    """
    page = example.page
    scale = Frame.whole(page.size, largest, STEP).scale[0] * rng.uniform(0.85, 1.15)
    scale = max(scale, 1.1 * least / tall)
    texts = (example.printed_text, example.printed_answer)
    first = next((each.places for each in texts if each is not None and len(each.places)), None)
    if first is None:
        return None
    (x0, y0), (x1, y1) = first.min(0), first.max(0)
    fitting = min(window[1] / (x1 - x0 + 3 * tall), window[0] / (y1 - y0 + 3 * tall))
    if fitting * tall < least:
        return None
    scale = min(scale, fitting)
    room = (window[1] / scale - 3 * tall, window[0] / scale - 3 * tall)
    x = rng.uniform(x1 - room[0] / 2, x0 + room[0] / 2)
    y = rng.uniform(y1 - room[1] / 2, y0 + room[1] / 2)
    height, width = page.size
    inside = [min(max(at, side / 2 - slack), side / 2 + slack) for at, side, slack in (
        (x, width, max(width - window[1] / scale, 0) / 2 + tall),
        (y, height, max(height - window[0] / scale, 0) / 2 + tall))]
    return Frame.window_round("whole", page.size, window, (inside[0], inside[1]), scale)


def whole_page(example: Example, window: Size, rng: random.Random) -> Frame:
    """The whole page, as at use but for a small change of the scale."""
    height, width = example.page.size
    scale = Frame.whole(example.page.size, window, STEP).scale[0] * rng.uniform(0.9, 1.0)
    return Frame.window_round("whole", (height, width), window, (width / 2, height / 2), scale)


def line_height(example: Example, truth: Truth | None) -> float | None:
    """About how tall the text is that the example is about, page pixels; None: nobody knows."""
    if truth is None or not truth.lines:
        return marked_line_height(example.page, example.request.marks)
    printed = example.printed_text if example.request.text else example.printed_answer
    spots = () if printed is None else printed.places
    if not len(spots):
        return float(np.median([line.height for line in truth.lines]))
    middle = spots[len(spots) // 2]
    near = min(truth.lines, key=lambda line: _distance(line.box, middle))
    return near.height


def _distance(box: Box, point: np.ndarray) -> float:
    """From a point aside to a line's box, and up or down to its middle."""
    x, y = point
    aside = max(box[0] - x, 0, x - box[2])
    return aside + abs((box[1] + box[3]) / 2 - y)


def shifted(
    example: Example, image_size: Size, part: Part, rng: random.Random
) -> tuple[np.ndarray, np.ndarray] | None:
    """The page changed as the original changes it: rescaled, turned, shifted, shaded.

    Args:
        example: A question; its marks and region are changed along.
        image_size: Height and width of the model's image.
        part: How much the page is changed.
        rng: Draws the changes.

    Returns:
        What the model sees, float32 [2, H, W], and the region, bool [H, W]; None if a mark or a
        part of the region is no longer in the image.
    """
    page, marks = example.page, example.request.marks
    (height, width), (rows, columns) = page.size, image_size
    scale = rng.uniform(*part.rescale)
    sides = {"height": rows / height, "width": columns / width}
    scale *= (sides.get(str(part.fit)) or min(sides.values())) if part.fit else 1.0
    size = (max(round(height * scale), 1), max(round(width * scale), 1))
    gray = Frame.fit(page.size, size, scale).picture(page)
    shapes = [*marks.shapes, *(example.region.shapes if example.region else ())]
    rows_of = [[*_sides(shape.bounds()), *shape.outline()] for shape in shapes]
    points = scale * np.array([xy for each in rows_of for xy in each]).reshape(-1, 2)
    if part.rotate and rng.random() < part.turned:
        gray, points = augment.rotate(gray, points, rng.gauss(0, part.rotate))
    (top, down), (left, across) = (
        _placed(size[axis], image_size[axis], part, points[:, 1 - axis], rng)
        for axis in (0, 1)
    )
    wide = np.zeros((max(top + size[0], down + rows), max(left + size[1], across + columns)))
    wide[top : top + size[0], left : left + size[1]] = gray
    points = points + (left, top)
    parts = np.split(points, np.cumsum([len(each) for each in rows_of])[:-1]) if shapes else []
    boxes = np.array([each[:8] for each in parts]).reshape(-1, 16)
    gray, _, kept = augment.crop(wide, boxes, (across, down), image_size)
    if len(kept) < len(shapes):
        return None
    if rng.random() < part.shade:
        ink, paper = rng.gauss(0, SHADE), rng.gauss(0, SHADE)
        gray = augment.shift_brightness(np.rint(gray).astype(np.uint8), ink, paper)
    moved = [
        _moved(shape, each[8:] - (across, down), scale)
        for shape, each in zip(shapes, parts, strict=True)
    ]
    return _seen(gray, moved[: len(marks.shapes)]), _drawn(moved[len(marks.shapes) :], gray) > 0


def _seen(gray: np.ndarray, marks: list[Shape]) -> np.ndarray:
    """Both channels of what the model sees, as `Frame.tensor`."""
    ink, marked = 1 - gray / 128, _drawn(marks, gray)
    ink[marked < 0] = 0
    return np.stack((ink, marked)).astype(np.float32)


def _drawn(shapes: list[Shape], gray: np.ndarray) -> np.ndarray:
    """Shapes in a picture's pixels; the original takes a coordinate for a pixel's index."""
    return Marks(tuple(shapes)).rasterise(gray.shape, pixel_centre=0.0)


def _sides(bounds: Box) -> list[Point]:
    """A box as `augment` takes it: its corners and the middles of its sides."""
    x0, y0, x1, y1 = bounds
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y), (x1, y), (x, y0), (x, y1)]


def _placed(
    side: int, crop: int, part: Part, marked: np.ndarray, rng: random.Random
) -> tuple[int, int]:
    """Along one axis: where the page begins in the padded plane, and where the crop begins.

    The crop holds all that is marked, if it can: the original draws crops until one does. A centred
    one is where it is; as in the original, a page that is smaller still is placed at random.
    """
    before, whole = part.pad, side + 2 * part.pad
    if whole < crop + 1:
        before += rng.randint(0, crop + 1 - whole)
        whole = crop + 1
    if part.centred:
        return before, (whole - crop) // 2
    least, most = 0, whole - crop
    if len(marked):
        first = math.floor(before + marked.max()) + 1 - crop
        last = math.floor(before + marked.min())
        if max(first, least) <= min(last, most):
            least, most = max(first, least), min(last, most)
    return before, rng.randint(least, most)


def _moved(shape: Shape, points: np.ndarray, scale: float) -> Shape:
    """The shape at other points; a box that was turned is a polygon."""
    kind, corners = shape.kind, points.tolist()
    if kind in ("box", "line"):
        straight = corners[0][1] == corners[1][1]
        kind, corners = ("box", corners[::2]) if straight else ("lasso", corners)
    return Shape(shape.channel, kind, tuple(map(tuple, corners)), shape.radius * scale)
