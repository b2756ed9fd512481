"""Inspect: the exact input of the model, and its region; the screen is inspect_view.js.

Nothing here runs the model, so nobody waits for a question to be answered.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.data_classes import FileData
from gradio.utils import get_upload_folder

from dessurt.page.frame import Frame
from dessurt.protocol import Request
from dessurt_app import strings
from dessurt_app.ask.ask_tab import AskTab
from dessurt_app.ask.caption import marked_height, too_small
from dessurt_app.ask.header import Header
from dessurt_app.canvas.canvas_value import REFUSED, read_value
from dessurt_app.models import Weights, WeightsError
from dessurt_app.static_files import announce, filled_in, handler, on_load, static

KEPT_FILES = 64  # of up to 12 MB each; the browser fetches its file at once, and once only


@dataclass(frozen=True)
class Preview:
    """What the model would get for the page and the marks that are there now."""

    message: str = ""  # why there is none
    channels: str | None = None  # a .npy file: float32 [2, H, W], ink and marks
    scale: tuple[float, float] = (1.0, 1.0)  # model pixels per page pixel, x and y
    offset: tuple[float, float] = (0.0, 0.0)  # model x, y of the page's upper left corner
    angle: float = 0.0  # degrees by which text runs down to the right that is level to the model
    page_size: tuple[int, int] = (0, 0)  # height, width
    text_height: float | None = None  # of marked text, model pixels
    parts: int = 0  # how many views of the page the model has to answer the question
    facts: tuple[tuple[str, str], ...] = ()  # names and values, for people


class InspectView(gr.HTML):
    """Shows a `Preview` and the model's region; its event `look` asks for a new preview."""

    EVENTS = [*gr.HTML.EVENTS, "look"]

    def __init__(self, **kwargs: Any) -> None:
        """Load the screen; `kwargs` are those of `gr.HTML`."""
        super().__init__(
            value=Preview(),
            html_template=filled_in("inspect/inspect_view.html", strings.INSPECT),
            css_template=static("inspect/inspect_view.css"),
            js_on_load=on_load("inspect/inspect_view.js", "start", strings.INSPECT),
            apply_default_css=False,
            **kwargs,
        )

    def preprocess(self, payload: Any) -> None:
        """Nothing that the browser shows here is of use to Python."""

    def postprocess(self, value: Preview) -> dict[str, Any]:
        """The preview as JSON; Gradio adds the address of the file."""
        shown = asdict(value)
        if value.channels:
            shown["channels"] = FileData(path=value.channels).model_dump()
        return shown

    def api_info(self) -> dict[str, Any]:
        """The value as JSON schema."""
        pair = {"type": "array", "items": {"type": "number"}}
        return {
            "type": "object",
            "properties": {
                "message": {"type": "string"},
                "channels": {"description": "a .npy file: float32 [2, height, width]"},
                "scale": pair,
                "offset": pair,
                "page_size": pair,
                "text_height": {"description": "of marked text in model pixels, or null"},
                "parts": {"type": "integer", "description": "of the question, see part"},
                "facts": {"type": "array", "items": {"description": "a name and a value"}},
            },
        }

    def example_payload(self) -> Any:
        """For Gradio's API page."""
        return asdict(Preview())

    example_value = example_payload


def build_inspect_tab(app: gr.Blocks, ask: AskTab, weights: Weights, header: Header) -> None:
    """Fill the tab that is being built.

    Args:
        app: the app that is being built.
        ask: the screen with the page and the task to look at.
        weights: the checkpoints that can be looked into.
        header: the header in which one of them is chosen.
    """
    view = InspectView(elem_id="inspect")
    # The view asks for a preview when something has changed and it is in sight; it hears of changes
    # on the canvas by itself.
    gr.on(
        [app.load, ask.task.change, header.label.change],
        None,
        js=announce("drawn"),
        show_progress="hidden",
        api_visibility="private",
    )
    part = gr.Number(1, precision=0, label=strings.PART, visible=False)  # filled in by the script

    def preview_input(canvas: dict, checkpoint: str, task: str, part: int) -> Preview:
        """Get the exact input of the model for a page with marks, without asking the model.

        Args:
            canvas: the page and the marks on it, as for /answer.
            checkpoint: the name of the checkpoint.
            task: a task token as in /tasks; some tasks are asked line by line.
            part: which of the question's parts to look at, from 1; "parts" says how many it has.
        """
        return preview(weights, canvas, checkpoint, task, part)

    view.look(
        preview_input,
        [ask.canvas, header.checkpoint, ask.task, part],
        view,
        js=handler("inspect/inspect_view.js", "withChosenLine"),
        api_name="preview",
        queue=False,
        show_progress="hidden",
        trigger_mode="always_last",
    )


def preview(
    weights: Weights,
    canvas: dict,
    checkpoint: str | None = None,
    task: str = "",
    part: int | None = 1,
) -> Preview:
    """What the model would get for this page with these marks; the model is not run.

    Args:
        weights: the checkpoints that can be looked into.
        canvas: a canvas value, as for /answer.
        checkpoint: the checkpoint's name, as for /answer.
        task: a task token; without a known one, everything marked is seen at once.
        part: the number of the view, from 1.
    """
    number = 1 if part is None else part
    try:
        drawn = read_value(canvas)
        model = weights.of(checkpoint).model(timeout=0)
        views = model.views(drawn.page, Request(task, marks=drawn.marks))
    except TimeoutError:
        return Preview(strings.INSPECT_LOADING)
    except (*REFUSED, WeightsError) as error:
        return Preview(str(error))
    if not 1 <= number <= len(views):
        message = strings.NO_LINE.format(number=number, lines=len(views))
        return Preview(message, parts=len(views))
    view = views[number - 1]
    frame = view.frame
    return Preview(
        channels=_write(view.channels(drawn.page)),
        scale=frame.scale,
        offset=frame.offset,
        angle=frame.angle,
        page_size=frame.page_size,
        text_height=frame.marked_text_height,
        parts=len(views),
        facts=tuple(_facts(frame)),
    )


def _facts(frame: Frame) -> Iterator[tuple[str, str]]:
    height, width = frame.image_size
    yield strings.TENSOR, strings.TENSOR_VALUE.format(width=width, height=height)
    yield strings.SCALE, strings.SCALE_VALUE.format(scale=frame.scale[1])
    if frame.mode == "fit":
        yield strings.PADDING, strings.PADDING_VALUE.format(**_padding(frame))
    else:
        x0, y0, x1, y1 = frame.window
        yield strings.WINDOW, strings.WINDOW_VALUE.format(x0=x0, y0=y0, x1=x1, y1=y1)
        if frame.angle:
            yield strings.TILT, strings.TILT_VALUE.format(angle=frame.angle)
    if text_height := marked_height([frame]):
        sizes = [strings.TEXT_SIZE_VALUE.format(height=text_height), too_small([frame])]
        yield strings.TEXT_SIZE, ", ".join(filter(None, sizes))
    else:
        yield strings.TEXT_SIZE, strings.TEXT_SIZE_UNKNOWN


def _padding(frame: Frame) -> dict[str, int]:
    height, width = frame.image_size
    left, top, right, bottom = frame.placed
    return {"left": left, "top": top, "right": width - right, "bottom": height - bottom}


def _write(channels: np.ndarray) -> str:
    """Write the array to a new file and delete the oldest ones."""
    folder = Path(get_upload_folder()) / "inputs"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".npy", delete=False) as file:
        np.save(file, channels)
    files = [path for path in folder.iterdir() if path.suffix == ".npy"]
    # Names are random; two requests at once may both delete the same file.
    for path in sorted(files, key=_age)[:-KEPT_FILES]:
        path.unlink(missing_ok=True)
    return file.name


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
