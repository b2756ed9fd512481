"""The Ask screen: a page to mark on the left, the question and its answer on the right."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import Dependency

from dessurt import tasks
from dessurt.protocol import Card
from dessurt_app import strings
from dessurt_app.ask.answer_view import Answer, AnswerView, ready
from dessurt_app.ask.asking import Asking, needs_met
from dessurt_app.ask.caption import Caption, caption
from dessurt_app.ask.header import Header, wire_header
from dessurt_app.ask.task_list import QUESTION, hint_of, needs_line, task_choices
from dessurt_app.canvas.canvas_value import REFUSED, canvas_value, read_value
from dessurt_app.canvas.files import Example, load_examples
from dessurt_app.canvas.page_canvas import PageCanvas
from dessurt_app.gradio_fixes import QUICK
from dessurt_app.models import Weights
from dessurt_app.static_files import announce, handler, on_load

WAITING = 16  # questions that wait for the model here; Gradio keeps further ones
LONGEST = 4000  # tokens; the model may be able to write fewer


@dataclass(frozen=True)
class AskTab:
    """The components that other tabs, or the rest of this one, refer to."""

    left: gr.Column
    canvas: PageCanvas
    caption: Caption
    tabs: gr.Tabs
    task: gr.Dropdown
    text: gr.Textbox
    needs: gr.HTML
    answer: AnswerView
    show_region: gr.Checkbox
    limit: gr.Number
    examples: list[tuple[Example, gr.Button]]


def build_ask_tab(
    app: gr.Blocks, asking: Asking, header: Header, saves: bool = False
) -> tuple[AskTab, list[Dependency]]:
    """Lay out the screen inside `app`, which is being built, and wire it up.

    Args:
        app: the app that is being built.
        asking: asks the models.
        header: the header, in which a checkpoint is chosen.
        saves: whether answers can be saved.

    Returns:
        the components, and the events that must be stopped before another page is shown.
    """
    parts = _lay_out(load_examples(), saves)
    events = _wire_asking(parts, asking, header.checkpoint)
    _wire_examples(parts, asking, events)

    describe = partial(_describe, asking.weights)
    question = [parts.canvas, parts.task, parts.text, header.checkpoint]
    description = [parts.text, parts.needs, parts.caption]
    changes = [parts.canvas.drawn, parts.task.change, parts.text.change, header.label.change]
    gr.on(changes, describe, question, description, trigger_mode="always_last", **QUICK)
    last = handler("ask/ask_tab.js", "recallQuestion")
    recall = app.load(None, question[1:3], question[1:3], js=last, **QUICK)
    recall.then(describe, question, description, **QUICK)
    present = announce("present", detail="values")
    gr.on(changes[:3], None, question[:3], js=present, show_progress="hidden")
    in_words = parts.needs.question(lambda: QUESTION, None, parts.task, **QUICK)
    in_words.then(None, js=handler("ask/ask_tab.js", "focusText"), show_progress="hidden")
    wire_header(app, asking.weights, header, parts.task, parts.answer)
    return parts, events


def _lay_out(examples: list[Example], saves: bool) -> AskTab:
    first = examples[0]
    with gr.Row(elem_id="ask", equal_height=False):
        with gr.Column(scale=60, min_width=320, elem_id="left") as left:
            page = canvas_value(first.page, first.marks)
            canvas = PageCanvas(page, elem_id="page")
            line = Caption(elem_id="caption")
        with (
            gr.Column(scale=40, min_width=320, elem_id="right"),
            gr.Tabs(elem_id="tabs") as tabs,
            gr.Tab(strings.ASK_TAB, elem_id="ask-tab"),
        ):
            choices = task_choices(Card(""))  # until the header knows what was learned
            task = gr.Dropdown(choices, value=first.task, label=strings.TASK, elem_id="task")
            text = gr.Textbox(
                first.text,
                label=strings.TEXT,
                elem_id="text",
                # Right from the start: Gradio waits for ever for one that hides while it loads.
                visible="text" in tasks.task(first.task).needs,
            )
            js = on_load("ask/ask_tab.js", "startNeeds", "question")
            needs = gr.HTML(elem_id="needs", js_on_load=js, apply_default_css=False)
            answer = AnswerView(ready(strings.EXAMPLE_LOADED, page), saves, elem_id="answer")
            with gr.Row(elem_id="options"):
                show_region = gr.Checkbox(label=strings.REGION, container=False, elem_id="region")
                limit = gr.Number(
                    0,  # none: of an empty field Gradio makes a 0
                    label=strings.LIMIT,
                    elem_id="limit",
                    precision=0,
                    minimum=0,
                    maximum=LONGEST,
                )
    with gr.Row(elem_id="examples"):
        gr.HTML(f"<h2>{strings.EXAMPLES}</h2>", elem_id="examples-title", apply_default_css=False)
        buttons = [gr.Button(e.title, icon=e.page, size="sm", min_width=90) for e in examples]
    pairs = list(zip(examples, buttons, strict=True))
    return AskTab(left, canvas, line, tabs, task, text, needs, answer, show_region, limit, pairs)


def _wire_asking(parts: AskTab, asking: Asking, checkpoint: gr.Dropdown) -> list[Dependency]:
    """Wire Run, Continue and Stop; returns the events that an example stops, too."""

    def ask(
        canvas: dict,
        task: str,
        text: str,
        show_region: bool,
        request: gr.Request,
        limit: int | None = None,
        checkpoint: str | None = None,
    ) -> Iterator[Answer]:
        """Ask one question about one page; every item is the whole answer so far.

        Args:
            canvas: the page and the marks on it, in page pixels.
            task: a task token as in /tasks, for example "w0>".
            text: what follows the token, for tasks that take text.
            show_region: whether to return a picture of what the model means, too.
            request: whose session it is.
            limit: the most tokens to write; 0: as many as the model can.
            checkpoint: the name of the checkpoint to ask.
        """
        yield from asking.answer_stream(canvas, task, text, show_region, limit, checkpoint, request)

    def resume(request: gr.Request) -> Iterator[Answer]:
        yield from asking.resume_stream(request)

    def stop(request: gr.Request) -> Any:
        return asking.stop(request) or gr.skip()

    # `Asking` lets one question at a time to the model and shows the others how many are ahead.
    options = dict(concurrency_id="asking", concurrency_limit=WAITING, show_progress="hidden")
    question = [parts.canvas, parts.task, parts.text, parts.show_region, parts.limit, checkpoint]
    events = [
        parts.answer.submit(
            ask,
            question,
            parts.answer,
            js=announce("asked", detail="values", result="values"),
            api_name="answer",
            **options,
        ),
        parts.answer.resume(resume, None, parts.answer, api_visibility="private", **options),
    ]
    for event in events:
        # Gradio takes the next question only when it is done with this one; the view waits for it.
        event.then(None, js=announce("over"), show_progress="hidden")
        event.failure(None, js=announce("failed"), show_progress="hidden")
    parts.answer.stop(stop, None, parts.answer, cancels=events, **QUICK)
    return events


def _wire_examples(parts: AskTab, asking: Asking, events: list[Dependency]) -> None:
    outputs = [parts.canvas, parts.task, parts.text, parts.answer]
    for example, button in parts.examples:
        show = partial(_show_example, asking, example)
        button.click(show, None, outputs, cancels=events, **QUICK)


def _show_example(asking: Asking, example: Example) -> tuple[dict[str, Any], str, str, Answer]:
    canvas = canvas_value(example.page, example.marks)
    answer = asking.newest(ready(strings.EXAMPLE_LOADED, canvas))
    return canvas, example.task, example.text, answer


def _describe(
    weights: Weights, canvas: object, token: str, text: str, checkpoint: str | None = None
) -> tuple[dict[str, Any], str, str]:
    """The text field, the line of needs and the line under the page, for what is there now."""
    loading = weights.of(checkpoint)
    task = loading.card.task(token)
    example = strings.QUESTION_EXAMPLE if token == QUESTION else task.example[0]
    field = gr.update(visible="text" in task.needs, placeholder=example)
    hint = hint_of(task, loading.card)
    try:
        drawn = read_value(canvas)
    except REFUSED as error:
        return field, needs_line(task, {}) + hint, html.escape(str(error))
    needs = needs_line(task, needs_met(drawn, text))
    return field, needs + hint, caption(loading, drawn, token)
