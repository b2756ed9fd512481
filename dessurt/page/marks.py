"""Marks: what a person highlights or masks on a page, kept as shapes in page pixels.

There are two channels. *highlight* points the model at something, *mask* hides something from it;
where they overlap the mask wins. A shape is a box, a clicked line (a box, too, but as tilted as the
line is), a brush path or a lasso polygon. Shapes stay vectors until the very last moment, when
`Marks.rasterise` lays them into the pixel grid that is needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dessurt.page.plane import Box, Point, turned, union
from dessurt.page.raster import box_spans, capsule_spans, fill_spans, polygon_spans
from dessurt.page_files.limits import MAX_SIDE

CHANNELS = {"highlight": 1.0, "mask": -1.0}
KINDS = ("box", "line", "brush", "lasso")
MAX_SHAPES = 10_000
MAX_POINTS = 200_000
MAX_COORDINATE = 1e6  # far outside any page that can be opened
MAX_ROWS = 10_000_000  # see `Shape.rows`; to fill so many on the largest page takes 10 seconds
NAME_SHOWN = 40  # characters of an unknown name that an error repeats


class MarksError(ValueError):
    """Marks that cannot be used; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Shape:
    """One mark.

    Raises:
        MarksError: an unknown channel or kind, the wrong number of points, or a number that is
            not finite.
    """

    channel: str  # "highlight" or "mask"
    kind: str  # "box", "line", "brush" or "lasso"
    # Of a box and a line two opposite corners, of one that is not level four in order; of a brush a
    # path, of a lasso a polygon.
    points: tuple[Point, ...]
    radius: float = 0.0  # brush only, page pixels

    def __post_init__(self) -> None:
        """Check the fields and bring them to one form."""
        if self.channel not in CHANNELS:
            name = str(self.channel)[:NAME_SHOWN]
            raise MarksError(f"A mark has the channel {name!r}: use highlight or mask.")
        if self.kind not in KINDS:
            name = str(self.kind)[:NAME_SHOWN]
            raise MarksError(f"A mark has the kind {name!r}: use one of {', '.join(KINDS)}.")
        points = _points(self.points, self.kind)
        wanted, right = {
            "box": ("two opposite corners or all four", len(points) in (2, 4)),
            "line": ("two opposite corners or all four", len(points) in (2, 4)),
            "brush": ("one point or more", len(points) >= 1),
            "lasso": ("three points or more", len(points) >= 3),
        }[self.kind]
        if not right:
            raise MarksError(f"A {self.kind} has {len(points)} points: give {wanted}.")
        radius = _number(self.radius) if self.kind == "brush" else 0.0
        if self.kind == "brush" and not 0 < radius <= MAX_COORDINATE:
            raise MarksError("A brush needs a radius: give it in page pixels, above 0.")
        if self.is_upright:
            (ax, ay), (bx, by) = points
            points = ((min(ax, bx), min(ay, by)), (max(ax, bx), max(ay, by)))
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "radius", radius)

    @property
    def is_upright(self) -> bool:
        """Whether it is a rectangle with level sides, of which two corners are kept."""
        return self.kind in ("box", "line") and len(self.points) == 2

    @property
    def rows(self) -> float:
        """The pixel rows that its edges or strokes pass, which is what it costs to fill it."""
        ys = [y for _, y in self.points]
        if self.kind in ("box", "line"):
            return min(max(ys) - min(ys), MAX_SIDE)
        ends = ys[1:] + ys[:1] if self.kind == "lasso" else ys[1:] or ys
        more = 2 * self.radius + 1
        return sum(min(abs(a - b) + more, MAX_SIDE) for a, b in zip(ys, ends, strict=False))

    def outline(self) -> tuple[Point, ...]:
        """All corners of a rectangle; of other shapes their points."""
        if not self.is_upright:
            return self.points
        (x0, y0), (x1, y1) = self.points
        return (x0, y0), (x1, y0), (x1, y1), (x0, y1)

    def bounds(self, angle: float = 0.0) -> Box:
        """The smallest box round the shape, a brush's thickness included.

        Args:
            angle: degrees; the box's sides run so in page pixels `turned` by it.
        """
        xs, ys = zip(*turned(self.outline(), angle).tolist(), strict=True)
        r = self.radius if self.kind == "brush" else 0.0
        return min(xs) - r, min(ys) - r, max(xs) + r, max(ys) + r


@dataclass(frozen=True)
class Marks:
    """All marks on one page; immutable and hashable, so that it can key a cache.

    Raises:
        MarksError: more than 10,000 shapes or 200,000 points, or 10 million `rows` in all.
    """

    shapes: tuple[Shape, ...] = ()

    def __post_init__(self) -> None:
        """Check how many there are."""
        object.__setattr__(self, "shapes", tuple(self.shapes))
        _check_count(len(self.shapes), sum(len(shape.points) for shape in self.shapes))
        if sum(shape.rows for shape in self.shapes) > MAX_ROWS:
            raise MarksError("These marks take too long to draw: use fewer or shorter strokes.")

    @classmethod
    def from_boxes(
        cls, highlight: Iterable[Sequence[float]] = (), mask: Iterable[Sequence[float]] = ()
    ) -> Marks:
        """Marks from boxes (x0, y0, x1, y1) in page pixels.

        Raises:
            MarksError: a box that is not four finite numbers, or too many boxes.
        """
        boxes = [("highlight", box) for box in highlight] + [("mask", box) for box in mask]
        _check_count(len(boxes), 2 * len(boxes))
        shapes = []
        for channel, box in boxes:
            if np.ndim(box) != 1 or len(box) != 4:
                raise MarksError(f"A {channel} box is four numbers: x0, y0, x1, y1.")
            shapes.append(Shape(channel, "box", ((box[0], box[1]), (box[2], box[3]))))
        return cls(tuple(shapes))

    @classmethod
    def from_json(cls, obj: object) -> Marks:
        """Marks from the parsed form of `to_json`.

        Raises:
            MarksError: it is not of that form, or holds bad numbers or too many marks.
        """
        entries = obj.get("shapes") if isinstance(obj, dict) else None
        if not isinstance(entries, list):
            raise MarksError('Marks are an object with a list: {"shapes": [...]}.')
        _check_count(len(entries), 0)
        points = 0
        for entry in entries:
            if not isinstance(entry, dict) or not isinstance(entry.get("points"), list):
                raise MarksError('Each mark is an object with "channel", "kind" and "points".')
            points += len(entry["points"])
        _check_count(len(entries), points)
        return cls(
            tuple(
                Shape(
                    str(entry.get("channel")),
                    str(entry.get("kind")),
                    entry["points"],
                    entry.get("radius", 0.0),
                )
                for entry in entries
            )
        )

    def to_json(self) -> dict[str, list[dict[str, object]]]:
        """A form that `json.dumps` writes and `from_json` reads back unchanged."""
        entries: list[dict[str, object]] = []
        for shape in self.shapes:
            entry: dict[str, object] = {
                "channel": shape.channel,
                "kind": shape.kind,
                "points": [list(point) for point in shape.points],
            }
            if shape.kind == "brush":
                entry["radius"] = shape.radius
            entries.append(entry)
        return {"shapes": entries}

    def of(self, channel: str) -> tuple[Shape, ...]:
        """The shapes of one channel, in the order they were drawn."""
        return tuple(shape for shape in self.shapes if shape.channel == channel)

    def has(self, channel: str) -> bool:
        """Whether anything is drawn in this channel."""
        return any(shape.channel == channel for shape in self.shapes)

    def bounds(self, channel: str) -> Box | None:
        """The smallest box round all shapes of a channel; None without any."""
        boxes = [shape.bounds() for shape in self.of(channel)]
        return union(boxes) if boxes else None

    def rounded(self) -> Marks:
        """The same marks to a hundredth of a pixel, finer than anybody draws."""
        return Marks(
            tuple(
                replace(
                    shape,
                    points=tuple((round(x, 2), round(y, 2)) for x, y in shape.points),
                    radius=round(shape.radius, 2),
                )
                for shape in self.shapes
            )
        )

    def checked(self, page_size: tuple[int, int]) -> Marks:
        """The same marks, made fit for a page of `page_size` (height, width).

        Boxes and lines that reach over the page's edge are clipped to it; of brush and lasso the
        part outside is simply never drawn.

        Raises:
            MarksError: a mark lies wholly outside the page, or has no area.
        """
        height, width = page_size
        shapes = []
        for number, shape in enumerate(self.shapes, start=1):
            x0, y0, x1, y1 = shape.bounds()
            name = f"Mark {number} ({shape.channel} {shape.kind})"
            if x1 <= x0 or y1 <= y0:
                raise MarksError(f"{name} has no area: drag from one corner to the other.")
            if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
                raise MarksError(
                    f"{name} lies outside the page: the page is {width} x {height} pixels, "
                    "draw the mark on it."
                )
            if shape.is_upright:
                corners = (max(x0, 0.0), max(y0, 0.0)), (min(x1, width), min(y1, height))
                shape = replace(shape, points=corners)
            shapes.append(shape)
        return Marks(tuple(shapes))

    def rasterise(
        self,
        size: tuple[int, int],
        scale: Point = (1.0, 1.0),
        offset: Point = (0.0, 0.0),
        pixel_centre: float = 0.5,
        angle: float = 0.0,
    ) -> np.ndarray:
        """Draw the marks into a grid: a pixel belongs to a shape if its centre lies inside.

        Args:
            size: (height, width) of the grid.
            scale: grid pixels per page pixel, x and y. A brush stays round: its radius follows
                the geometric mean.
            offset: grid x, y of the page's upper left corner.
            pixel_centre: where the centre of pixel (0, 0) lies. 0.5 is the geometry used
                everywhere here; 0 is the original's, which takes a coordinate for a pixel index.
            angle: degrees by which points are `turned` first.

        Returns:
            float32 [height, width]: +1 highlight, -1 mask (it wins where both lie), 0 nothing.
        """
        out = np.zeros(size, np.float32)
        # To centres that are whole numbers.
        placing = angle, np.asarray(scale), np.asarray(offset) - pixel_centre
        for channel, value in CHANNELS.items():  # the mask comes last, so it wins
            if self.has(channel):
                out[fill_spans(_spans(self.of(channel), placing, size), size)] = value
        return out


def _spans(
    shapes: Iterable[Shape], placing: tuple[float, np.ndarray, np.ndarray], size: tuple[int, int]
) -> Iterator[np.ndarray]:
    """The runs of pixels that shapes cover: int64 [n, 3] of row, first and one past the last."""
    angle, scale, offset = placing
    for shape in shapes:
        stays_upright = angle == 0 and shape.is_upright
        corners = shape.points if stays_upright else shape.outline()
        points = turned(corners, angle) * scale + offset
        if stays_upright:
            yield box_spans(points, size)
        elif shape.kind == "brush":
            yield from capsule_spans(points, shape.radius * math.sqrt(scale.prod()), size)
        else:
            yield polygon_spans(points, size)


def _points(points: object, kind: str) -> tuple[Point, ...]:
    """The points as tuples of floats."""
    try:
        array = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        array = np.empty(0)
    if array.ndim != 2 or array.shape[1] != 2:
        raise MarksError(f"The points of a {kind} are pairs of numbers: [[x, y], ...].")
    if not np.isfinite(array).all() or (np.abs(array) > MAX_COORDINATE).any():
        raise MarksError(f"A {kind} has a point that is not on any page: give page pixels.")
    return tuple(map(tuple, array.tolist()))


def _number(value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise MarksError("The radius of a brush is a number of page pixels.")
    return number


def _check_count(shapes: int, points: int) -> None:
    if shapes > MAX_SHAPES or points > MAX_POINTS:
        raise MarksError(
            f"Too many marks ({shapes:,} with {points:,} points): use at most "
            f"{MAX_SHAPES:,} marks and {MAX_POINTS:,} points."
        )
