"""The whole screen: header and tabs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gradio as gr

from dessurt.data.annotations.store import Store
from dessurt.page_files import warm_up
from dessurt.protocol import Instrument
from dessurt.whole_files import delete_leftovers
from dessurt_app import strings
from dessurt_app.ask.ask_tab import build_ask_tab
from dessurt_app.ask.asking import Ask, Asking
from dessurt_app.ask.header import build_header
from dessurt_app.ask.listeners import listeners
from dessurt_app.ask.task_list import build_api
from dessurt_app.dataset.dataset_tab import build_dataset_tab
from dessurt_app.dataset.saving import wire_saving
from dessurt_app.gradio_fixes import never_fetch
from dessurt_app.inspect.inspect_tab import build_inspect_tab
from dessurt_app.models import Weights
from dessurt_app.pile.pile_view import build_pile
from dessurt_app.pile.piles import LIMITS_SHARED, Limits, Piles
from dessurt_app.train.train_tab import build_train_tab
from dessurt_app.train.training import Training

HOUR = 3600  # seconds
LONGEST_QUEUE = 100  # questions that wait; further ones are refused with a message


def build(
    model: Instrument | None = None,
    checkpoint: str | Path | None = None,
    lend: Callable[[Ask], Ask] | None = None,
    data: Path | None = None,
    training: Training | None = None,
    tokenizer: str | Path | None = None,
    limits: Limits = LIMITS_SHARED,
) -> gr.Blocks:
    """Build the app without launching it.

    Args:
        model: A model to ask; without one, a checkpoint is read in the background.
        checkpoint: The path of the checkpoint; by default the shipped one.
        lend: Wraps the function that asks, on a machine that lends a GPU for each question.
        data: The folder where answers are saved, which all visitors see; None: they are not saved.
        training: Learns from saved answers; None: nothing does.
        tokenizer: The folder with the vocabulary of official files.
        limits: How much a visitor may have in a pile.
    """
    never_fetch()
    warm_up()  # while the rest is put together
    weights = Weights(model, checkpoint, tokenizer=tokenizer)
    weights.read_soon()
    asking = Asking(weights, lend(weights.ask) if lend else weights.ask, listeners)
    store = Store(data) if data else None
    if store:
        delete_leftovers(store.folder)
    with gr.Blocks(
        title=f"{strings.TITLE}, {strings.BY}",
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(HOUR, 24 * HOUR),
    ) as app:
        header = build_header(weights)
        ask_tab, events = build_ask_tab(app, asking, header, saves=store is not None)
        build_pile(asking, Piles(limits), ask_tab, header)
        with ask_tab.tabs, gr.Tab(strings.INSPECT_TAB, elem_id="inspect-tab"):
            build_inspect_tab(app, ask_tab, weights, header)
        if store:
            wire_saving(store, asking, ask_tab, training)
            with ask_tab.tabs, gr.Tab(strings.DATASET_TAB, elem_id="dataset-tab"):
                build_dataset_tab(store, asking, ask_tab, events)
        if training:
            with ask_tab.tabs, gr.Tab(strings.TRAIN_TAB, elem_id="train-tab"):
                build_train_tab(app, training, weights, ask_tab, header)
        build_api(weights)
    return app.queue(max_size=LONGEST_QUEUE)
