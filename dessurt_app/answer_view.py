"""AnswerView: Run, Stop and the answer as it is written. The screen is static/answer_view.js."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from dessurt_app import strings

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True)
class Answer:
    """What the view shows at one moment."""

    state: str = "ready"  # "ready", "running", "done", "stopped" or "error"
    text: str = ""  # all that is written so far
    tokens: int = 0
    status: str = ""  # one line on how it goes, or what went wrong
    notices: tuple[str, ...] = ()
    region: str | None = None  # the file of a `region_picture`
    # Grows from question to question. The browser drops what comes late from an older one, and
    # Gradio, which keeps equal values from the browser, passes on the same answer to a new one.
    serial: int = 0


class AnswerView(gr.HTML):
    """Shows an `Answer`; `submit` and `stop` are its events."""

    def __init__(self, value: Answer | None = None, **kwargs: Any) -> None:
        """Args: value: what to show at first."""
        template = Template((STATIC / "answer_view.html").read_text())
        super().__init__(
            value=value or Answer(),
            html_template=template.substitute(strings.ANSWER),
            css_template=(STATIC / "answer_view.css").read_text(),
            js_on_load=(STATIC / "answer_view.js").read_text(),
            apply_default_css=False,
            text=strings.ANSWER,
            **kwargs,
        )

    def preprocess(self, payload: Any) -> Answer:
        """What the browser shows, as far as it is of use: text and its count."""
        shown = payload if isinstance(payload, dict) else {}
        text, tokens = shown.get("text"), shown.get("tokens")
        return Answer(
            text=text if isinstance(text, str) else "",
            tokens=tokens if isinstance(tokens, int) else 0,
        )

    def postprocess(self, value: Answer) -> dict[str, Any]:
        """The answer as JSON; Gradio adds the address of the region's picture."""
        shown = asdict(value)
        if value.region:
            shown["region"] = FileData(path=value.region).model_dump()
        return shown

    def api_info(self) -> dict[str, Any]:
        """The value as JSON schema."""
        text = {"type": "string"}
        return {
            "type": "object",
            "properties": {
                "state": {"enum": ["ready", "running", "done", "stopped", "error"]},
                "text": text,
                "tokens": {"type": "integer"},
                "status": text,
                "notices": {"type": "array", "items": text},
                "region": {"description": "a grey picture, white where the model marks, or null"},
            },
        }

    def example_payload(self) -> Any:
        """For Gradio's API page."""
        return asdict(Answer())

    example_value = example_payload
