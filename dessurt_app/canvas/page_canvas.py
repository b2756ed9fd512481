"""PageCanvas: the page on which a person draws marks. The drawing is in page_canvas.js.

Its value is described in canvas_value.py. The functions that the browser calls get whatever was
sent: a page is [file, number] or [file, number, upright] there, and is checked before use.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components.base import server

from dessurt.page import LockedError
from dessurt.page.level import level_of
from dessurt.page.lines import lines_of
from dessurt.page.upright import AS_IT_IS, Upright, find_corners, quarters_of
from dessurt.page_files import unlocked_copy
from dessurt_app import strings
from dessurt_app.canvas.canvas_value import (
    REFUSED,
    canvas_value,
    laid_out_value,
    parse_box,
    parse_corners,
    parse_list,
    parse_number,
    parse_page,
)
from dessurt_app.canvas.files import CanvasError, served_file
from dessurt_app.canvas.open_pages import page_work
from dessurt_app.canvas.pictures import content_file, cut_out, thumbnail
from dessurt_app.static_files import filled_in, on_load, static

THUMBNAILS_AT_ONCE = 24
LONGEST_PASSWORD = 1000  # characters
_ACCEPTED = (
    ".png,.jpg,.jpeg,.tif,.tiff,.webp,.bmp,.gif,.heic,.heif,.avif,.jp2,.j2k,.jpf,.jpx,.pdf"
)


class PageCanvas(gr.HTML):
    """A page with tools to mark it; opens files through Gradio's upload.

    Its event `drawn` comes a moment after each change of the value, when the mark is on the screen.
    """

    EVENTS = [*gr.HTML.EVENTS, "drawn"]

    def __init__(self, value: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        """Show a value.

        Args:
            value: As `canvas_value` makes it.
            kwargs: As for gr.HTML.
        """
        super().__init__(
            value=value,
            html_template=filled_in("canvas/page_canvas.html", strings.CANVAS, accept=_ACCEPTED),
            css_template=static("canvas/page_canvas.css"),
            js_on_load=on_load("canvas/page_canvas.js", "start", strings.CANVAS),
            apply_default_css=False,
            **kwargs,
        )

    @server
    def open_page(self, page: object) -> dict[str, Any]:
        """Open a page: a value with `picture`, or an `error` and perhaps a `locked` file."""

        def value() -> dict[str, Any]:
            file, number, upright = parse_page(page)
            return _unless_locked(file, lambda: canvas_value(file, None, number, upright))

        return self._answer(value)

    @server
    def unlock(self, sent: object) -> dict[str, Any]:
        """Open [a file, its password] once and for all, as a copy without it: as `open_page`."""
        path, password = parse_list(sent, 2)

        def value() -> dict[str, Any]:
            file = served_file(path)
            if not isinstance(password, str) or not 0 < len(password) <= LONGEST_PASSWORD:
                raise CanvasError(strings.NO_PASSWORD)
            return _unless_locked(file, lambda: self._unlocked(file, password))

        return self._answer(value)

    def _unlocked(self, file: Path, password: str) -> dict[str, Any]:
        copy = content_file(unlocked_copy(file, password), "pdf")
        self.temp_files.add(str(copy))
        return canvas_value(copy)

    @server
    def find_lines(self, page: object) -> dict[str, Any]:
        """The corners of the text lines on a page, in reading order.

        Unless the page was turned or straightened already, also how many `quarters` to the right
        would set its text upright, and whether it is a `photo` of a sheet.
        """

        def lines() -> dict[str, Any]:
            ref = parse_page(page)
            seen = ref.open()
            answer: dict[str, Any] = {"lines": [line.points for line in lines_of(seen)]}
            if ref.upright == AS_IT_IS:
                answer |= {"quarters": quarters_of(seen), "photo": bool(find_corners(seen))}
            return answer

        return {"lines": []} | self._answer(lines)

    @server
    def straightening(self, page: object) -> dict[str, Any]:
        """How a page could be straightened.

        The `corners` of a photographed sheet, or of the whole page if none is `seen`; the `angle`,
        in degrees, by which its lines run down to the right.
        """

        def proposal() -> dict[str, Any]:
            ref = parse_page(page)
            seen = ref.open()
            width, height = seen.width, seen.height
            corners = () if ref.upright.corners else find_corners(seen)
            whole = ((0, 0), (width, 0), (width, height), (0, height))
            # Once the corners of a sheet are a rectangle, its lines are level.
            angle = 0.0 if corners else round(level_of(seen).angle_at((width / 2, height / 2)), 1)
            return {"corners": corners or whole, "seen": bool(corners), "angle": angle}

        return self._answer(proposal)

    @server
    def turn(self, sent: object) -> dict[str, Any]:
        """Turn [a page, its shapes, quarters to the right]: its value, or an `error`."""
        page, shapes, quarters = parse_list(sent, 3)

        def turned(upright: Upright, size: tuple[int, int]) -> Upright:
            return upright.turned_right(parse_number(quarters, whole=True))

        return self._answer(lambda: laid_out_value(page, shapes, turned))

    @server
    def straighten(self, sent: object) -> dict[str, Any]:
        """Straighten [a page, its shapes, four corners or null, degrees]: its value, or an `error`.

        Corners are of the page as seen.
        """
        page, shapes, corners, angle = parse_list(sent, 4)

        def straight(upright: Upright, size: tuple[int, int]) -> Upright:
            cut = upright if corners is None else upright.cut_to(parse_corners(corners), size)
            return replace(cut, angle=cut.angle + parse_number(angle))

        return self._answer(lambda: laid_out_value(page, shapes, straight))

    @server
    def thumbnails(self, pages: object) -> dict[str, Any]:
        """Small pictures of some pages, each [a file, its number there]."""

        def pictures() -> dict[str, Any]:
            refs = map(parse_page, pages[:THUMBNAILS_AT_ONCE] if isinstance(pages, list) else ())
            paths = [str(thumbnail(ref.file, ref.number)) for ref in refs]
            self.temp_files.update(paths)
            return {"pictures": paths}

        return {"pictures": []} | self._answer(pictures)

    @server
    def crop(self, sent: object) -> dict[str, Any]:
        """Cut [a page, x0, y0, x1, y1 in its pixels] out: its value, or an `error`."""

        def value() -> dict[str, Any]:
            page, *numbers = sent if isinstance(sent, list) and sent else [None]
            box = parse_box(numbers)
            file = cut_out(parse_page(page).open(), box)
            self.temp_files.add(str(file))
            return canvas_value(file)

        return self._answer(value)

    def _answer(self, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What work on a page gives, or an `error`; Gradio deletes a `picture` some day."""
        try:
            with page_work():
                answer = work()
        except REFUSED as error:
            return {"error": str(error)}
        if "picture" in answer:
            self.temp_files.add(answer["picture"])
        return answer

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


def _unless_locked(file: Path, value: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The value of a page of a file; if that needs a password, an `error` and which is `locked`."""
    try:
        return value()
    except LockedError as error:
        return {"error": str(error), "locked": str(file)}
