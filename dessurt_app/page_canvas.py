"""PageCanvas: the page on which a person draws marks. The drawing is in static/page_canvas.js.

Its value is JSON, never pixels: {"page": a file on the server, "width", "height" of the page in
pixels, "marks": as `Marks.to_json`}. It comes from a browser or an API client, so everything in it
is checked here before use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Template
from typing import Any

import cv2
import gradio as gr
from gradio.components.base import server
from gradio.utils import get_upload_folder

from dessurt.marks import Marks
from dessurt.page import Page, PageError
from dessurt_app import strings

STATIC = Path(__file__).parent / "static"
ASSETS = Path(__file__).parent.parent / "assets"
_SCRIPTS = (  # put together in this order
    "page_view.js",
    "page_shapes.js",
    "page_painter.js",
    "page_history.js",
    "page_lines.js",
    "page_tools.js",
    "page_pointer.js",
    "page_keys.js",
    "page_toolbar.js",
    "page_strip.js",
    "page_opener.js",
    "page_canvas.js",
)
_ACCEPTED = ".png,.jpg,.jpeg,.tif,.tiff,.webp,.bmp,.gif,.pdf"


class CanvasError(ValueError):
    """A canvas value that cannot be used; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Drawn:
    """A checked canvas value."""

    page: Page
    marks: Marks


class PageCanvas(gr.HTML):
    """A page with tools to mark it; opens files through Gradio's upload."""

    def __init__(self, value: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        """Args: value: as made by `canvas_value`."""
        template = Template((STATIC / "page_canvas.html").read_text())
        super().__init__(
            value=value,
            html_template=template.substitute(strings.CANVAS, accept=_ACCEPTED),
            css_template=(STATIC / "page_canvas.css").read_text(),
            js_on_load="".join((STATIC / name).read_text() for name in _SCRIPTS),
            apply_default_css=False,
            text=strings.CANVAS,
            **kwargs,
        )

    @server
    def open_page(self, path: object) -> dict[str, Any]:
        """Open a file that the browser has uploaded: a value with `picture`, or an `error`."""
        try:
            file = _served_file(path)
            value = canvas_value(file)
            self.temp_files.add(value["picture"])  # so that Gradio clears it away one day
            if (pages := Page.count(file)) > 1:
                value["notice"] = strings.MORE_PAGES.format(name=file.name, pages=pages)
            return value
        except (CanvasError, PageError) as error:
            return {"error": str(error)}

    def preprocess(self, payload: Any) -> Any:
        """The value as it came; `read_value` checks it where the errors can be shown."""
        return payload

    def postprocess(self, value: Any) -> Any:
        """A value of `canvas_value`, as it is."""
        return value

    def api_info(self) -> dict[str, Any]:
        """The value as JSON schema."""
        number = {"type": "number"}
        return {
            "type": "object",
            "properties": {
                "page": {"description": "a file, or the path of an uploaded one"},
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


def canvas_value(path: Path, marks: Marks | None = None) -> dict[str, Any]:
    """The value that shows the file at `path` on the canvas.

    Raises:
        PageError: the file cannot be opened as a page.
    """
    page = _open(path, path.stat().st_mtime_ns)
    return {
        "page": str(path),
        "picture": str(_picture(page)),
        "width": page.width,
        "height": page.height,
        "marks": (marks or Marks()).to_json(),
    }


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
    path = _served_file(path.get("path") if isinstance(path, dict) else path)
    page = _open(path, path.stat().st_mtime_ns)
    drawn_on = value.get("width", page.width), value.get("height", page.height)
    if drawn_on != (page.width, page.height):
        raise CanvasError(strings.PAGE_CHANGED)
    return Drawn(page, Marks.from_json(value.get("marks", {"shapes": []})))


def _served_file(path: object) -> Path:
    """The file, if it is one of those that people may use: uploaded, or one of our examples."""
    try:
        file = Path(str(path)).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):  # gone; a null byte; a loop of links
        raise CanvasError(strings.PAGE_GONE) from None
    roots = Path(get_upload_folder()).resolve(), ASSETS.resolve()
    if not file.is_file() or not any(file.is_relative_to(root) for root in roots):
        raise CanvasError(strings.PAGE_GONE)
    return file


@lru_cache(maxsize=4)  # a question more on the same page needs no second reading of its file
def _open(path: Path, changed: int) -> Page:
    return Page.open(path)


def _picture(page: Page) -> Path:
    """The page as a JPEG that a browser can show; written once."""
    file = Path(get_upload_folder()) / "pages" / f"{page.digest}.jpg"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = page.pixels if page.pixels.ndim == 2 else page.pixels[..., ::-1]  # OpenCV: BGR
        cv2.imwrite(str(file), pixels, [cv2.IMWRITE_JPEG_QUALITY, 92])
    return file
