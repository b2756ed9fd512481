"""The value of the canvas: which page a person looks at, and the marks on it.

It is JSON, never pixels: {"page": a file on the server, "number" of the page in it from 0,
"upright": how it is laid out, as `Upright.to_json`, "width", "height" of the page as seen, "marks"
in its pixels: as `Marks.to_json`, or that as text}. It comes from a browser or an API client, so
everything in it is checked here before use, and so is everything else that the browser sends to
the canvas. There a page is [file, number] or [file, number, upright].
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dessurt.page import Page, PageError
from dessurt.page.marks import Marks, MarksError
from dessurt.page.plane import Box
from dessurt.page.upright import AS_IT_IS, Upright
from dessurt_app import strings
from dessurt_app.canvas.files import ASSETS, CanvasError, served_file
from dessurt_app.canvas.open_pages import open_page
from dessurt_app.canvas.pictures import page_picture

LARGEST_NUMBER = 1_000_000  # of pages, pixels or degrees; errors repeat the number
# What is raised for a page or for marks that cannot be used: the message is for people.
REFUSED = (CanvasError, PageError, MarksError)


class PageRef(NamedTuple):
    """Which page is meant, and how it is laid out."""

    file: Path  # on the server
    number: int  # of the page in it, from 0
    upright: Upright = AS_IT_IS

    def open(self) -> Page:
        """The page as seen."""
        return open_page(*self)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the page in the file, in pixels."""
        return open_page(self.file, self.number).size


@dataclass(frozen=True)
class Drawn:
    """A checked canvas value."""

    page: Page  # as seen
    marks: Marks
    ref: PageRef

    def on_file(self, marks: Marks) -> Marks:
        """Marks on the page as seen as marks on the page in the file, to a hundredth of a pixel."""
        if self.ref.upright == AS_IT_IS:
            return marks
        return self.ref.upright.marks_to_page(marks, self.ref.size).rounded()


def canvas_value(
    path: Path, marks: Marks | None = None, number: int = 0, upright: Upright = AS_IT_IS
) -> dict[str, Any]:
    """The value that shows a page of a file on the canvas.

    Args:
        path: The file.
        marks: Marks on the page in the file.
        number: The number of the page in the file, from 0.
        upright: How the page is laid out.

    Raises:
        PageError: the file cannot be opened as a page.
    """
    page = open_page(path, number, upright)
    in_file = open_page(path, number)
    drawn = upright.marks(marks or Marks(), in_file.size)
    notice = {"notice": in_file.notice} if in_file.notice else {}
    return notice | {
        # Where the repository lies is nobody's business.
        "page": str(path.relative_to(ASSETS.parent) if path.is_relative_to(ASSETS) else path),
        "number": number,
        "upright": upright.to_json(),
        "pages": Page.count(path),
        "picture": str(page_picture(page)),
        "width": page.width,
        "height": page.height,
        "marks": drawn.to_json(),
    }


def laid_out_value(
    page: object, shapes: object, change: Callable[[Upright, tuple[int, int]], Upright]
) -> dict[str, Any]:
    """The value of a page that is laid out in another way, with its marks moved along.

    Args:
        page: The page, from outside.
        shapes: The shapes marked on it, from outside.
        change: Gives the new layout from the old one and the size of the page in the file.
    """
    ref = parse_page(page)
    marks = ref.upright.marks_to_page(Marks.from_json({"shapes": shapes}), ref.size)
    return canvas_value(ref.file, marks, ref.number, change(ref.upright, ref.size))


# ---- what comes from outside --------------------------------------------------------------------


def read_value(value: object) -> Drawn:
    """Check a canvas value from outside and open its page.

    Raises:
        CanvasError: it has no page, one that visitors may not read, or one of another size.
        PageError: the page cannot be opened.
        MarksError: the marks are malformed or too many.
    """
    if not isinstance(value, dict) or not value.get("page"):
        raise CanvasError(strings.NO_PAGE)
    path = value["page"]
    path = path.get("path") if isinstance(path, dict) else path
    ref = parse_page([path, value.get("number", 0), value.get("upright")])
    page = ref.open()
    drawn_on = value.get("width", page.width), value.get("height", page.height)
    if drawn_on != (page.width, page.height):
        raise CanvasError(strings.PAGE_CHANGED)
    return Drawn(page, Marks.from_json(_parsed(value.get("marks", {"shapes": []}))), ref)


def _parsed(marks: object) -> object:
    """Marks that came as JSON text, or as they are."""
    if not isinstance(marks, str):
        return marks
    try:
        return json.loads(marks)
    except (ValueError, RecursionError):  # not JSON; nested too deep
        return None


def parse_page(value: object) -> PageRef:
    """The page that [path, number, upright], [path, number] or a path alone stands for."""
    parts = value if isinstance(value, list) and len(value) in (2, 3) else [value, 0]
    path, number, upright = (*parts, None)[:3]
    return PageRef(served_file(path), parse_number(number, whole=True), Upright.from_json(upright))


def parse_list(value: object, count: int) -> list[Any]:
    """The items of a list of this length; a None for each if it is anything else."""
    return value if isinstance(value, list) and len(value) == count else [None] * count


def parse_number(value: object, whole: bool = False) -> Any:
    """A number that is not too large to be repeated in a sentence; a whole one if need be."""
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not abs(value) <= LARGEST_NUMBER:
        raise CanvasError(strings.NO_NUMBER)
    return value


def parse_corners(value: object) -> np.ndarray:
    """Four points: float64 [4, 2]."""
    points = [parse_list(point, 2) for point in parse_list(value, 4)]
    return np.array([[parse_number(side) for side in point] for point in points])


def parse_box(values: list[object]) -> Box:
    """A box from its four numbers."""
    numbers = [n for n in values if isinstance(n, int | float) and not isinstance(n, bool)]
    if not len(numbers) == len(values) == 4 or not all(abs(n) < 1e6 for n in numbers):
        raise CanvasError(strings.NO_BOX)
    x0, y0, x1, y1 = numbers
    return x0, y0, x1, y1
