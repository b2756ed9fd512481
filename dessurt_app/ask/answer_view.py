"""AnswerView: Run, Stop and the answer as it is written.

The screen is answer_view.js, with the words in answer_words.js and the tree and the list
in answer_shape.js.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from dessurt.protocol import Text, TextLine
from dessurt.tasks import Task
from dessurt_app import strings
from dessurt_app.ask.shaping import Shape
from dessurt_app.static_files import filled_in, on_load, static


@dataclass(frozen=True)
class Question:
    """What a person asked, as it came from outside: nothing in it is checked."""

    canvas: Any  # a value of `PageCanvas`
    task: str  # a task token
    text: str
    show_region: bool
    max_tokens: Any
    checkpoint: Any = None  # its name


@dataclass(frozen=True)
class AnswerLine:
    """A line of the page that an answer has read, and where in the answer it ends."""

    line: TextLine
    end: int  # how many tokens were written by then

    @cached_property
    def json(self) -> dict[str, Any]:
        """What the browser draws: made once, as it is compared with each token that follows.

        The corners are numbers in page pixels, x and y in turn; each word has its stretch of the
        line, from 0 at the left to 1.
        """
        corners = [round(number, 2) for point in self.line.quad for number in point]
        return {"end": self.end, "quad": corners, "words": _stretches(self.line)}


@dataclass(frozen=True)
class Answer:
    """What the view shows at one moment."""

    state: str = "ready"  # "ready", "running", "done", "stopped" or "error"
    written: tuple[Text, ...] = ()  # all tokens so far
    lines: tuple[AnswerLine, ...] = ()  # of the page, if it is read one line after another
    status: str = ""  # one line: how far it is, or what went wrong
    status_page: tuple[str, int] | None = None  # the only page beside which it is shown
    notices: tuple[str, ...] = ()
    region: str | None = None  # the file of a `region_picture`
    shape: Shape | None = None  # of an answer that has ended
    more: bool = False  # whether the model can go on from here
    lacks: str = ""  # what the task needs and has not got: "highlight", "mask" or "text"
    # These two stay on the server.
    question: Question | None = None
    task: Task | None = None  # of the question, once that is known
    # Grows from question to question. The browser drops what comes late from an older one, and
    # Gradio, which keeps equal values from the browser, passes on the same answer to a new one.
    serial: int = 0

    @property
    def text(self) -> str:
        """All that is written so far."""
        return "".join(token.delta for token in self.written)

    @property
    def tokens(self) -> int:
        """How many tokens are written."""
        return len(self.written)


def ready(status: str, canvas: dict[str, Any]) -> Answer:
    """Nothing is asked yet about the page that was opened as a canvas value."""
    return Answer(status=status, status_page=(canvas["page"], canvas["number"]))


class AnswerView(gr.HTML):
    """Shows an `Answer`.

    `submit`, `stop`, `resume`, `save`, `save_lines` and `undo` are its events.
    """

    EVENTS = [*gr.HTML.EVENTS, "resume", "save", "save_lines"]

    def __init__(self, value: Answer | None = None, saves: bool = False, **kwargs: Any) -> None:
        """Load the screen.

        Args:
            value: the answer that is shown at first.
            saves: whether answers can be saved.
            kwargs: those of `gr.HTML`.
        """
        super().__init__(
            value=value or Answer(),
            html_template=filled_in("ask/answer_view.html", strings.ANSWER),
            css_template=static("ask/answer_view.css"),
            js_on_load=on_load("ask/answer_view.js", "start", strings.ANSWER),
            apply_default_css=False,
            saves=saves,
            **kwargs,
        )

    def postprocess(self, value: Answer) -> dict[str, Any]:
        """The answer as JSON; Gradio adds the address of the region's picture.

        Gradio sends only what has changed since the last time, which it finds by comparing whole
        values. To keep this quick, alternatives come only when the answer has ended.
        """
        over = value.state != "running"
        return {
            "state": value.state,
            "text": value.text,
            "tokens": value.tokens,
            "written": [_token(token, over) for token in value.written],
            "lines": [line.json for line in value.lines],
            "status": value.status,
            "status_page": value.status_page,
            "notices": list(value.notices),
            "region": FileData(path=value.region).model_dump() if value.region else None,
            "shape": asdict(value.shape) if value.shape else None,
            "more": value.more,
            "lacks": value.lacks,
            "serial": value.serial,
        }

    def api_info(self) -> dict[str, Any]:
        """The value as JSON schema."""
        text, number = {"type": "string"}, {"type": "number"}
        token = {"text": text, "id": {"type": "integer"}, "probability": number}
        choices = {"type": "array", "items": {"type": "object", "properties": token}}
        written = {"type": "object", "properties": {**token, "alternatives": choices}}
        return {
            "type": "object",
            "properties": {
                "state": {"enum": ["ready", "running", "done", "stopped", "error"]},
                "text": text,
                "tokens": {"type": "integer"},
                "written": {"type": "array", "items": written},
                "lines": {
                    "type": "array",
                    "items": {"type": "object"},
                    "description": "of a page read line by line: the corners of each line (quad, "
                    "page pixels), the tokens written by its end, and where its words stand",
                },
                "status": text,
                "status_page": {"description": "of a status about one page, that page, or null"},
                "notices": {"type": "array", "items": text},
                "region": {"description": "a grey picture, white where the model marks, or null"},
                "shape": {"description": "a list, or JSON with its repairs, or null"},
                "more": {"type": "boolean", "description": "whether it can be continued"},
                "lacks": {"enum": ["", "highlight", "mask", "text"]},
            },
        }

    def example_payload(self) -> Any:
        """For Gradio's API page."""
        return self.postprocess(Answer())

    example_value = example_payload


def _token(token: Text, with_alternatives: bool) -> dict[str, Any]:
    shown = {"text": token.delta, "id": token.token_id, "probability": _rounded(token.probability)}
    if with_alternatives:
        shown["alternatives"] = [
            {"text": other.text, "id": other.token_id, "probability": _rounded(other.probability)}
            for other in token.alternatives
        ]
    return shown


def _stretches(line: TextLine) -> list[list[float]]:
    """From where to where on its line each word stands, 0 to 1."""
    (x, y), (right, lower) = line.quad[:2]
    dx, dy = right - x, lower - y
    length = dx * dx + dy * dy or 1.0
    return [
        [round(((a - x) * dx + (b - y) * dy) / length, 4) for a, b in word.quad[:2]]
        for word in line.words
    ]


def _rounded(probability: float) -> float:
    return round(probability, 4)
