"""The header: the app's name, the list of checkpoints and the card of the one that is chosen."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from dessurt_app import strings
from dessurt_app.ask.answer_view import Answer, AnswerView
from dessurt_app.ask.task_list import task_choices
from dessurt_app.gradio_fixes import warn
from dessurt_app.models import Loading, Weights, WeightsError
from dessurt_app.static_files import handler


@dataclass(frozen=True)
class Header:
    """What the header offers to the rest of the screen."""

    checkpoint: gr.Dropdown  # the name of the chosen checkpoint, of each visitor's own
    label: gr.HTML  # changes when another model is there


def build_header(weights: Weights) -> Header:
    """Lay out the header inside the app that is being built."""
    with gr.Row(elem_id="header"):
        gr.HTML(
            f"<h1>{strings.TITLE}</h1><p>{strings.BY}</p>",
            elem_id="title",
            apply_default_css=False,
        )
        checkpoint = gr.Dropdown(
            weights.names,
            value=weights.of(None).name or None,
            label=strings.CHECKPOINT,
            container=False,
            min_width=160,
            scale=0,
            elem_id="checkpoint",
            visible=len(weights.names) > 1,
        )
        label = gr.HTML(card_html(weights.of(None)), elem_id="model", apply_default_css=False)
    return Header(checkpoint, label)


def wire_header(
    app: gr.Blocks, weights: Weights, header: Header, task: gr.Dropdown, answer: AnswerView
) -> None:
    """Follow the checkpoint, from the opening of the page on and whenever another is chosen."""
    last_good = gr.State(weights.of(None).name)

    def follow(name: str) -> Iterator[tuple[Any, Any, Any, Any, Any]]:
        failure: Any = gr.skip()
        for loading in dict.fromkeys((weights.of(name), weights.of(None))):
            yield loading.name or None, card_html(loading), gr.skip(), gr.skip(), gr.skip()
            try:
                card = loading.model().card
            except WeightsError as error:
                # If it is one that was chosen before a reload, the usual one comes next.
                failure = Answer("error", status=str(error))
            else:
                choices = gr.Dropdown(choices=task_choices(card))
                yield gr.skip(), card_html(loading), choices, gr.skip(), loading.name
                return
        yield gr.skip(), card_html(loading), gr.skip(), failure, gr.skip()

    def choose(name: str, before: str) -> Iterator[tuple[Any, Any, Any, Any]]:
        loading = weights.of(name)
        if isinstance(loading.outcome, WeightsError):
            loading.forget()  # it may have been put right since
        yield gr.skip(), card_html(loading), gr.skip(), gr.skip()
        try:
            card = loading.model().card
        except WeightsError as error:
            warn(error)
            yield before, card_html(weights.of(before)), gr.skip(), gr.skip()
        else:
            yield gr.skip(), card_html(loading), gr.Dropdown(choices=task_choices(card)), name

    # Each open browser waits here, and takes no place in the line of questions.
    options = dict(concurrency_limit=None, show_progress="hidden", api_visibility="private")
    app.load(
        follow,
        header.checkpoint,
        [header.checkpoint, header.label, task, answer, last_good],
        js=handler("ask/ask_tab.js", "recallCheckpoint", weights.names),
        **options,
    )
    header.checkpoint.change(
        None,
        header.checkpoint,
        js=handler("ask/ask_tab.js", "keepCheckpoint"),
        show_progress="hidden",
        api_visibility="private",
    )
    header.checkpoint.input(
        choose,
        [header.checkpoint, last_good],
        [header.checkpoint, header.label, task, last_good],
        trigger_mode="always_last",
        **options,
    )


def card_html(loading: Loading) -> str:
    """The state of a checkpoint; once its model is there, a click on it opens its card."""
    label = html.escape(loading.label())
    if loading.outcome is None or isinstance(loading.outcome, WeightsError):
        return label
    card = loading.card
    lines = [
        card.description,
        strings.LEARNED.format(tasks=" ".join(card.tasks)) if card.tasks else "",
        card.quality,
        strings.LICENCE.format(licence=card.licence) if card.licence else "",
    ]
    text = "".join(f"<p>{html.escape(line)}</p>" for line in lines if line)
    return f"<details><summary>{label}</summary><div>{text}</div></details>" if text else label
