"""The line under the page: its size, what the model will see of it, and what to do if that is bad.

`Caption` can ask the canvas to crop the page, by the event "dessurt:crop" on the document.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import gradio as gr

from dessurt.frame import Frame
from dessurt.marks import MarksError
from dessurt_app import strings
from dessurt_app.page_canvas import Drawn
from dessurt_app.weights import Loading, WeightsError

SMALL_TEXT = 8  # model pixels; below this lines often cannot be read
_CROP = f'<button type="button" data-do="crop">{strings.CROP}</button>'
_ON_LOAD = """
element.addEventListener("click", (event) => {
  if (!event.target.closest('[data-do="crop"]')) return;
  document.dispatchEvent(new CustomEvent("dessurt:crop"));
});
"""


class Caption(gr.HTML):
    """Shows what `caption` returns."""

    def __init__(self, **kwargs: Any) -> None:
        """Args: kwargs: as of gr.HTML."""
        super().__init__(js_on_load=_ON_LOAD, apply_default_css=False, **kwargs)


def caption(loading: Loading, drawn: Drawn) -> str:
    """HTML: the size of the page and, once the model is there, what the model will see of it."""
    parts = [strings.PAGE_SIZE.format(width=drawn.page.width, height=drawn.page.height)]
    crop = False
    if loading.outcome is not None:
        try:
            frame = loading.model().frame(drawn.page, drawn.marks.checked(drawn.page.size))
        except (WeightsError, MarksError):
            pass  # asking will say so
        else:
            parts += _sees(frame)
            # A window round the marks is a crop already: another would show the text no larger.
            crop = is_small(frame) and frame.mode != "focus" and drawn.marks.has("highlight")
    line = html.escape(" · ".join(parts))
    return f"{line} {_CROP}" if crop else line


def is_small(frame: Frame) -> bool:
    """Whether marked text is too small to the model."""
    tall = frame.marked_text_height
    return tall is not None and tall < SMALL_TEXT


def _sees(frame: Frame) -> Iterator[str]:
    if frame.mode == "focus":
        height, width = frame.image_size
        yield strings.SEES_WINDOW.format(width=width, height=height)
    else:
        height, width = frame.shown_size
        yield strings.SEES_PAGE.format(width=width, height=height)
    if frame.marked_text_height is not None:
        told = strings.TEXT_TOO_SMALL if is_small(frame) else strings.TEXT_HEIGHT
        yield told.format(pixels=frame.marked_text_height)
