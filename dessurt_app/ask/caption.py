"""The line under the page: its size, what the model will see of it, and what to do if that is bad.

`Caption` can ask the canvas to crop the page (ask_tab.js).
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import gradio as gr

from dessurt.page import Page
from dessurt.page.frame import Frame
from dessurt.page.marks import Marks, MarksError
from dessurt.protocol import Request
from dessurt_app import strings
from dessurt_app.canvas.canvas_value import Drawn
from dessurt_app.models import Loading, WeightsError
from dessurt_app.static_files import on_load

# Page pixels, ascender to descender. In 84 lines of real pages, shrunk and saved as JPEGs of
# quality 60 (or lossless), so many characters were wrong: from 11 pixels on 1.6 % (1.5 %), at 10 to
# 11 pixels 3.1 % (1.6 %), at 9 to 10 pixels 5.5 % (2.4 %), at 8 to 9 pixels 14 % (8.4 %).
SMALL_PRINT = 11
SMALL_TEXT = 8  # model pixels; below this lines often cannot be read
_CROP = f'<button type="button" data-do="crop">{strings.CROP}</button>'


class Caption(gr.HTML):
    """Shows what `caption` returns."""

    def __init__(self, **kwargs: Any) -> None:
        """Load the button; `kwargs` are those of `gr.HTML`."""
        js = on_load("ask/ask_tab.js", "startCaption")
        super().__init__(js_on_load=js, apply_default_css=False, **kwargs)


def caption(loading: Loading, drawn: Drawn, task: str) -> str:
    """HTML: the size of the page and, once the model is there, what the model will see of it."""
    facts = [strings.PAGE_SIZE.format(width=drawn.page.width, height=drawn.page.height)]
    crop = False
    if loading.outcome is not None:
        try:
            frames = _frames(loading, drawn.page, drawn.marks, task)
        except (WeightsError, MarksError):
            pass  # whoever asks is told
        else:
            facts += [_sees(frames)]
            if height := marked_height(frames):
                facts += [strings.MARKED_TEXT.format(height=height)]
            if warning := too_small(frames):
                facts += [warning]
            crop = warning == strings.TOO_SMALL and drawn.marks.has("highlight")
    line = html.escape(" · ".join(facts))
    return f"{line} {_CROP}" if crop else line


@lru_cache(maxsize=8)  # while text is typed it stays the same, and a page may have 200 lines
def _frames(loading: Loading, page: Page, marks: Marks, task: str) -> tuple[Frame, ...]:
    """How the page lies in each view that the model has of it."""
    return tuple(view.frame for view in loading.model().views(page, Request(task, marks=marks)))


def _sees(frames: Sequence[Frame]) -> str:
    if len(frames) > 1:
        return strings.SEES_LINES.format(lines=len(frames))
    if frames[0].mode == "focus":
        height, width = frames[0].image_size
        return strings.SEES_WINDOW.format(width=width, height=height)
    height, width = frames[0].shown_size
    return strings.SEES_PAGE.format(width=width, height=height)


def marked_height(frames: Sequence[Frame]) -> str:
    """How tall marked lines are on the page and to the model; "" if there are none."""
    page, model = _heights(frames)
    return strings.TEXT_HEIGHT.format(page=_range(page), model=_range(model)) if page else ""


def too_small(frames: Sequence[Frame]) -> str:
    """A warning that some marked text is too small to be read well, with what helps; "" if not."""
    page, model = _heights(frames)
    if page and min(page) < SMALL_PRINT:
        return strings.TOO_SMALL_ON_PAGE
    if model and min(model) < SMALL_TEXT:
        # A window round the marks is a crop already: another would show the text no larger.
        whole = all(frame.mode != "focus" for frame in frames)
        return strings.TOO_SMALL if whole else strings.TOO_SMALL_IN_WINDOW
    return ""


def _heights(frames: Sequence[Frame]) -> tuple[list[float], list[float]]:
    """The heights of the lines that were measured, in page pixels and in model pixels."""
    page = [frame.line_height for frame in frames if frame.line_height is not None]
    model = [frame.marked_text_height for frame in frames if frame.marked_text_height is not None]
    return page, model


def _range(heights: Sequence[float]) -> str:
    low, high = f"{min(heights):.0f}", f"{max(heights):.0f}"
    return low if low == high else strings.HEIGHTS.format(low=low, high=high)
