"""The line under the page: its size, what the model will see of it, and what to do if that is bad.

`Caption` can ask the canvas to crop the page, by the event "dessurt:crop" on the document.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import gradio as gr

from dessurt.frame import Frame
from dessurt.inspect.inputs import parts_of
from dessurt.marks import Marks, MarksError
from dessurt.page import Page
from dessurt.protocol import Request
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


def caption(loading: Loading, drawn: Drawn, task: str) -> str:
    """HTML: the size of the page and, once the model is there, what the model will see of it."""
    told = [strings.PAGE_SIZE.format(width=drawn.page.width, height=drawn.page.height)]
    crop = False
    if loading.outcome is not None:
        try:
            frames = _frames(loading, drawn.page, drawn.marks, task)
        except (WeightsError, MarksError):
            pass  # asking will say so
        else:
            told += _sees(frames)
            # A window round the marks is a crop already: another would show the text no larger.
            whole = all(frame.mode != "focus" for frame in frames)
            crop = whole and _is_small(frames) and drawn.marks.has("highlight")
    line = html.escape(" · ".join(told))
    return f"{line} {_CROP}" if crop else line


@lru_cache(maxsize=8)  # while text is typed it stays the same, and a page may have 200 lines
def _frames(loading: Loading, page: Page, marks: Marks, task: str) -> tuple[Frame, ...]:
    """How the model sees each part of the question."""
    model = loading.model()
    parts = parts_of(model, page, Request(task, marks=marks))
    return tuple(model.frame(page, part.marks) for part in parts)


def _sees(frames: Sequence[Frame]) -> Iterator[str]:
    if len(frames) > 1:
        yield strings.SEES_LINES.format(lines=len(frames))
    elif frames[0].mode == "focus":
        height, width = frames[0].image_size
        yield strings.SEES_WINDOW.format(width=width, height=height)
    else:
        height, width = frames[0].shown_size
        yield strings.SEES_PAGE.format(width=width, height=height)
    if heights := _text_heights(frames):
        low, high = f"{min(heights):.0f}", f"{max(heights):.0f}"
        pixels = low if low == high else strings.HEIGHTS.format(low=low, high=high)
        told = strings.TEXT_TOO_SMALL if _is_small(frames) else strings.TEXT_HEIGHT
        yield told.format(pixels=pixels)


def _is_small(frames: Sequence[Frame]) -> bool:
    """Whether marked text, or some of it, is too small to the model."""
    return any(height < SMALL_TEXT for height in _text_heights(frames))


def _text_heights(frames: Sequence[Frame]) -> list[float]:
    heights = (frame.marked_text_height for frame in frames)
    return [height for height in heights if height is not None]
