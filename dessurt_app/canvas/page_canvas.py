"""PageCanvas: the page on which a person draws marks. The drawing is in page_canvas.js.

Its value is JSON, never pixels: {"page": a file on the server, "number" of the page in it from 0,
"upright": how it is laid out, as `Upright.to_json`, "width", "height" of the page as seen, "marks"
in its pixels: as `Marks.to_json`, or that as text}. It comes from a browser or an API client, so
everything in it is checked here before use, and so is everything that the functions called by the
browser are given. A page is named to these by [file, number] or [file, number, upright].
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np
from gradio.components.base import server
from gradio.utils import get_upload_folder

from dessurt.page import LockedError, Page, PageError
from dessurt.page.level import level_of
from dessurt.page.lines import lines_of
from dessurt.page.marks import Marks, MarksError
from dessurt.page.plane import Box
from dessurt.page.upright import AS_IT_IS, Upright, find_corners, quarters_of
from dessurt.page_files import unlocked_copy
from dessurt.whole_files import write_whole
from dessurt_app import strings
from dessurt_app.canvas.open_pages import open_page, page_work
from dessurt_app.static_files import ROOT, filled_in, script, static

ASSETS = ROOT / "assets"
JPEG_QUALITY = (cv2.IMWRITE_JPEG_QUALITY, 92)  # other formats do not look at it
THUMBNAIL_SIDE = 160  # pixels, of the longer one
THUMBNAILS_AT_ONCE = 24
MOST_PAGES = 1_000_000  # of a file; its errors repeat the number
_SCRIPTS = (  # put together in this order
    "canvas/file_url.js",
    "canvas/page_view.js",
    "canvas/page_shapes.js",
    "canvas/page_painter.js",
    "canvas/region_map.js",
    "canvas/page_history.js",
    "canvas/page_lines.js",
    "canvas/page_tools.js",
    "canvas/page_pointer.js",
    "canvas/page_keys.js",
    "canvas/page_toolbar.js",
    "canvas/page_strip.js",
    "canvas/page_opener.js",
    "canvas/page_straightener.js",
    "canvas/page_canvas.js",
)
_ACCEPTED = (
    ".png,.jpg,.jpeg,.tif,.tiff,.webp,.bmp,.gif,.heic,.heif,.avif,.jp2,.j2k,.jpf,.jpx,.pdf"
)
LONGEST_PASSWORD = 1000  # characters


class CanvasError(ValueError):
    """A canvas value that cannot be used; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Drawn:
    """A checked canvas value."""

    page: Page  # as seen
    marks: Marks
    file: Path  # on the server
    number: int  # of the page in it, from 0
    upright: Upright = AS_IT_IS

    def on_file(self, marks: Marks) -> Marks:
        """Marks on the page as seen as marks on the page in the file, to a hundredth of a pixel."""
        if self.upright == AS_IT_IS:
            return marks
        size = open_page(self.file, self.number).size
        return self.upright.marks_to_page(marks, size).rounded()


class PageCanvas(gr.HTML):
    """A page with tools to mark it; opens files through Gradio's upload.

    Its event `drawn` comes a moment after each change of the value, when the mark is on the screen.
    """

    EVENTS = [*gr.HTML.EVENTS, "drawn"]

    def __init__(self, value: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        """Args: value: as made by `canvas_value`."""
        super().__init__(
            value=value,
            html_template=filled_in("canvas/page_canvas.html", strings.CANVAS, accept=_ACCEPTED),
            css_template=static("canvas/page_canvas.css"),
            js_on_load=script(_SCRIPTS, strings.CANVAS),
            apply_default_css=False,
            **kwargs,
        )

    @server
    def open_page(self, wanted: object) -> dict[str, Any]:
        """Open a page: a value with `picture`, or an `error` and perhaps a `locked` file."""

        def opened() -> dict[str, Any]:
            file, number, upright = _wanted_page(wanted)
            return _unless_locked(file, lambda: canvas_value(file, None, number, upright))

        return self._told(opened)

    @server
    def unlock(self, wanted: object) -> dict[str, Any]:
        """Open [a file, its password] once and for all, as a copy without it: as `open_page`."""
        path, password = _given(wanted, 2)

        def opened() -> dict[str, Any]:
            file = served_file(path)
            if not isinstance(password, str) or not 0 < len(password) <= LONGEST_PASSWORD:
                raise CanvasError(strings.NO_PASSWORD)

            def unlocked() -> dict[str, Any]:
                copy = _kept(unlocked_copy(file, password), "pdf")
                self.temp_files.add(str(copy))
                return canvas_value(copy)

            return _unless_locked(file, unlocked)

        return self._told(opened)

    @server
    def find_lines(self, wanted: object) -> dict[str, Any]:
        """The corners of the text lines on a page, in reading order.

        Also how many `quarters` to the right would set its text upright, and whether it is a
        `photo` of a sheet, for a page on which nothing of the kind was done.
        """

        def found() -> dict[str, Any]:
            place = _wanted_page(wanted)
            page = open_page(*place)
            told: dict[str, Any] = {"lines": [line.points for line in lines_of(page)]}
            if place[2] == AS_IT_IS:
                told |= {"quarters": quarters_of(page), "photo": bool(find_corners(page))}
            return told

        return {"lines": []} | self._told(found)

    @server
    def straightening(self, wanted: object) -> dict[str, Any]:
        """How a page could be straightened.

        The `corners` of a photographed sheet, or of the whole page if none is `seen`; the `angle`,
        in degrees, by which its lines run down to the right.
        """

        def measured() -> dict[str, Any]:
            place = _wanted_page(wanted)
            page = open_page(*place)
            width, height = page.width, page.height
            corners = () if place[2].corners else find_corners(page)
            whole = ((0, 0), (width, 0), (width, height), (0, height))
            # Once the corners of a sheet are a rectangle, its lines are level.
            angle = 0.0 if corners else round(level_of(page).angle_at((width / 2, height / 2)), 1)
            return {"corners": corners or whole, "seen": bool(corners), "angle": angle}

        return self._told(measured)

    @server
    def turn(self, wanted: object) -> dict[str, Any]:
        """Turn [a page, its shapes, quarters to the right]: its value, or an `error`."""
        page, shapes, quarters = _given(wanted, 3)

        def turned(upright: Upright, size: tuple[int, int]) -> Upright:
            return upright.turned_right(_number(quarters, whole=True))

        return self._told(lambda: _laid_out(page, shapes, turned))

    @server
    def straighten(self, wanted: object) -> dict[str, Any]:
        """Straighten [a page, its shapes, four corners or null, degrees]: its value, or an `error`.

        Corners are of the page as seen.
        """
        page, shapes, corners, angle = _given(wanted, 4)

        def straight(upright: Upright, size: tuple[int, int]) -> Upright:
            cut = upright if corners is None else upright.cut_to(_corners(corners), size)
            return replace(cut, angle=cut.angle + _number(angle))

        return self._told(lambda: _laid_out(page, shapes, straight))

    @server
    def thumbnails(self, wanted: object) -> dict[str, Any]:
        """Small pictures of the pages of a file; [a file, n]: of some pages from number n on."""

        def drawn() -> dict[str, Any]:
            file, first, _ = _wanted_page(wanted)
            last = min(Page.count(file), first + THUMBNAILS_AT_ONCE)
            pictures = [str(_thumbnail(file, number)) for number in range(first, last)]
            self.temp_files.update(pictures)
            return {"pictures": pictures}

        return {"pictures": []} | self._told(drawn)

    @server
    def crop(self, wanted: object) -> dict[str, Any]:
        """Cut [a page, x0, y0, x1, y1 in its pixels] out: its value, or an `error`."""

        def cut() -> dict[str, Any]:
            page, *numbers = wanted if isinstance(wanted, list) and wanted else [None]
            box = _box(numbers)
            file = _cut_out(open_page(*_wanted_page(page)), box)
            self.temp_files.add(str(file))
            return canvas_value(file)

        return self._told(cut)

    def _told(self, value: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What comes of work on a page, or an `error`. Gradio will clear a picture away one day."""
        try:
            with page_work():
                told = value()
        except (CanvasError, PageError, MarksError) as error:
            return {"error": str(error)}
        if "picture" in told:
            self.temp_files.add(told["picture"])
        return told

    def preprocess(self, payload: Any) -> Any:
        """The value as it came; `read_value` checks it where the errors can be shown."""
        return payload

    def postprocess(self, value: Any) -> Any:
        """A value of `canvas_value` with its marks as text, which the browser takes at once."""
        return value and {**value, "marks": json.dumps(value["marks"])}

    def api_info(self) -> dict[str, Any]:
        """The value as JSON schema."""
        number = {"type": "number"}
        return {
            "type": "object",
            "properties": {
                "page": {"description": "a file, or the path of an uploaded one"},
                "number": {"type": "integer", "description": "of the page in the file, from 0"},
                "upright": {
                    "type": "object",
                    "description": "how it is laid out before anything else: "
                    '"corners" of a sheet (four pairs of page pixels, clockwise from the upper '
                    'left one), "quarters" it is turned to the right, "angle" in degrees by which '
                    "its lines run down to the right",
                },
                "width": number,
                "height": number,
                "marks": {
                    "type": "object",
                    "description": 'page pixels, e.g. {"shapes": [{"channel": "highlight", '
                    '"kind": "box", "points": [[10, 20], [300, 50]]}]}',
                },
            },
            "required": ["page"],
        }

    def example_payload(self) -> Any:
        """For Gradio's API page."""
        return {"page": "page.png", "marks": {"shapes": []}}

    example_value = example_payload


def canvas_value(
    path: Path, marks: Marks | None = None, number: int = 0, upright: Upright = AS_IT_IS
) -> dict[str, Any]:
    """The value that shows page `number` of the file at `path` on the canvas.

    Args:
        path: of the file.
        marks: on the page in the file.
        number: of the page in it.
        upright: how it is laid out.

    Raises:
        PageError: the file cannot be opened as a page.
    """
    page = open_page(path, number, upright)
    as_it_is = open_page(path, number)
    drawn = upright.marks(marks or Marks(), as_it_is.size)
    notice = {"notice": as_it_is.notice} if as_it_is.notice else {}
    return notice | {
        # Where the repository lies is nobody's business.
        "page": str(path.relative_to(ASSETS.parent) if path.is_relative_to(ASSETS) else path),
        "number": number,
        "upright": upright.to_json(),
        "pages": Page.count(path),
        "picture": str(_picture(page)),
        "width": page.width,
        "height": page.height,
        "marks": drawn.to_json(),
    }


def _unless_locked(file: Path, value: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The value of a page of a file; if that needs a password, an `error` and which is `locked`."""
    try:
        return value()
    except LockedError as error:
        return {"error": str(error), "locked": str(file)}


def _laid_out(
    page: object, shapes: object, change: Callable[[Upright, tuple[int, int]], Upright]
) -> dict[str, Any]:
    """The value of a page with shapes, laid out otherwise; the shapes move along.

    `change` gives the new way from the old one and the size of the page in the file.
    """
    file, number, upright = _wanted_page(page)
    size = open_page(file, number).size
    marks = upright.marks_to_page(Marks.from_json({"shapes": shapes}), size)
    return canvas_value(file, marks, number, change(upright, size))


def read_value(value: object) -> Drawn:
    """Check a value from outside and open its page.

    Raises:
        CanvasError: it has no page, one that is not ours to read, or one of another size.
        PageError: the page cannot be opened.
        MarksError: the marks are malformed or too many.
    """
    if not isinstance(value, dict) or not value.get("page"):
        raise CanvasError(strings.NO_PAGE)
    path = value["page"]
    path = path.get("path") if isinstance(path, dict) else path
    file, number, upright = _wanted_page([path, value.get("number", 0), value.get("upright")])
    page = open_page(file, number, upright)
    drawn_on = value.get("width", page.width), value.get("height", page.height)
    if drawn_on != (page.width, page.height):
        raise CanvasError(strings.PAGE_CHANGED)
    marks = Marks.from_json(_parsed(value.get("marks", {"shapes": []})))
    return Drawn(page, marks, file, number, upright)


def _parsed(marks: object) -> object:
    """Marks that came as JSON text, or as they are."""
    if not isinstance(marks, str):
        return marks
    try:
        return json.loads(marks)
    except (ValueError, RecursionError):  # not JSON; nested too deep
        return None


def _wanted_page(wanted: object) -> tuple[Path, int, Upright]:
    """A file that people may use, the number of a page in it, and how that is laid out.

    From [path, number, upright], [path, number] or a path.
    """
    given = wanted if isinstance(wanted, list) and len(wanted) in (2, 3) else [wanted, 0]
    path, number, upright = (*given, None)[:3]
    return served_file(path), _number(number, whole=True), Upright.from_json(upright)


def _given(wanted: object, count: int) -> list[Any]:
    """So many things from outside; nothing at all if they are not so many."""
    return wanted if isinstance(wanted, list) and len(wanted) == count else [None] * count


def _number(value: object, whole: bool = False) -> Any:
    """A number from outside, and none that is too large to be told."""
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not abs(value) <= MOST_PAGES:
        raise CanvasError(strings.NO_NUMBER)
    return value


def _corners(value: object) -> np.ndarray:
    """Four points from outside."""
    points = value if isinstance(value, list) and len(value) == 4 else [None]
    pairs = (point if isinstance(point, list) and len(point) == 2 else [None] for point in points)
    return np.array([[_number(each) for each in pair] for pair in pairs])


def served_file(path: object) -> Path:
    """The file, if it is one of those that people may use: uploaded, or an example, which may be
    named from the repository on.
    """
    try:
        file = (ASSETS.parent / str(path)).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):  # gone; a null byte; a loop of links
        raise CanvasError(strings.PAGE_GONE) from None
    roots = Path(get_upload_folder()).resolve(), ASSETS.resolve()
    if not file.is_file() or not any(file.is_relative_to(root) for root in roots):
        raise CanvasError(strings.PAGE_GONE)
    return file


def _cut_out(page: Page, box: Box) -> Path:
    """The part of a page that lies within a box, as a lossless file."""
    x0, y0, x1, y1 = box
    left, top = max(0, math.floor(x0)), max(0, math.floor(y0))
    pixels = page.pixels[top : max(0, math.ceil(y1)), left : max(0, math.ceil(x1))]
    return written(Page.from_array(pixels), "png")


def _box(given: list[object]) -> Box:
    numbers = [n for n in given if isinstance(n, int | float) and not isinstance(n, bool)]
    if not len(numbers) == len(given) == 4 or not all(abs(n) < 1e6 for n in numbers):
        raise CanvasError(strings.NO_BOX)
    x0, y0, x1, y1 = numbers
    return x0, y0, x1, y1


def _picture(page: Page) -> Path:
    """The page as a JPEG that a browser can show."""
    return written(page, "jpg")


def _thumbnail(file: Path, number: int) -> Path:
    """A page as a small JPEG; a page that cannot be read is white."""
    try:
        page = Page.open(file, number, side=THUMBNAIL_SIDE)
    except PageError:
        page = Page.from_array(np.full((THUMBNAIL_SIDE, 3 * THUMBNAIL_SIDE // 4), 255, np.uint8))
    return _picture(page)


def written(page: Page, ending: str) -> Path:
    """The page's pixels as a file in the folder that Gradio serves; written once."""
    file = _folder() / f"{page.digest}.{ending}"
    if not file.exists():
        pixels = page.pixels if page.pixels.ndim == 2 else page.pixels[..., ::-1]  # OpenCV: BGR
        _, encoded = cv2.imencode(f".{ending}", pixels, JPEG_QUALITY)
        write_whole(file, encoded.tobytes())
    return file


def _kept(content: bytes, ending: str) -> Path:
    """A file of this content in the folder that Gradio serves."""
    file = _folder() / f"{hashlib.blake2b(content, digest_size=16).hexdigest()}.{ending}"
    if not file.exists():
        write_whole(file, content)
    return file


def _folder() -> Path:
    return Path(get_upload_folder()) / "pages"
