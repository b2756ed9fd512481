"""The whole screen: header, tabs, theme, and how it is launched."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from dessurt.data.annotations.store import Store
from dessurt.page_files import warm_up
from dessurt.protocol import Instrument
from dessurt_app import strings
from dessurt_app.api import build_api
from dessurt_app.ask_tab import build_ask_tab
from dessurt_app.asking import Ask, Asking
from dessurt_app.dataset_tab import build_dataset_tab
from dessurt_app.doors import Doors
from dessurt_app.header import build_header
from dessurt_app.inspect_tab import build_inspect_tab
from dessurt_app.listeners import listeners
from dessurt_app.offline import never_fetch
from dessurt_app.page_canvas import ASSETS, STATIC
from dessurt_app.saving import wire_saving
from dessurt_app.train_tab import build_train_tab
from dessurt_app.training import Training
from dessurt_app.weights import Weights

DATA = Path(__file__).parent.parent / "data" / "mine"
ALONE = ("127.0.0.1", "localhost", "::1")  # addresses that only this machine reaches
HOUR = 3600  # seconds
LARGEST_UPLOAD = "64mb"
LONGEST_QUEUE = 100  # questions that wait; more are refused with a message


def build(
    model: Instrument | None = None,
    checkpoint: str | Path | None = None,
    lend: Callable[[Ask], Ask] | None = None,
    data: Path | None = None,
    training: Training | None = None,
    tokenizer: str | Path | None = None,
) -> gr.Blocks:
    """The app, not launched yet.

    Args:
        model: a model to ask. Without one, a checkpoint is read in the background.
        checkpoint: path of the checkpoint; the shipped one by default.
        lend: put round the function that asks, on a machine that lends a GPU for each question.
        data: the folder in which answers are saved, which all visitors see; None: nothing is.
        training: what learns from them; None: nothing does.
        tokenizer: of official files, the folder with their vocabulary.
    """
    never_fetch()
    warm_up()  # while the rest is put together
    weights = Weights(model, checkpoint, tokenizer=tokenizer)
    weights.read_soon()
    asking = Asking(weights, lend(weights.ask) if lend else weights.ask, listeners)
    store = Store(data) if data else None
    if store:
        store.delete_leftovers()
    with gr.Blocks(
        title=strings.TITLE,
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(HOUR, 24 * HOUR),
    ) as app:
        header = build_header(weights)
        ask_tab, events = build_ask_tab(app, asking, header, saves=store is not None)
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


def data_folder(given: str | None, host: str, share: bool, shared: bool) -> Path | None:
    """Where answers are saved; None: nowhere, for whoever reaches the app sees them all.

    Args:
        given: the folder that a person has named, if any.
        host: the address on which the app listens.
        share: whether it has a public link.
        shared: whether a person has allowed that visitors share the data.

    Raises:
        ValueError: a folder is named although others reach the app, and that is not allowed.
    """
    on_space = "SPACE_ID" in os.environ
    if not on_space and (shared or (host in ALONE and not share)):
        return Path(given) if given else DATA
    if given:
        raise ValueError(strings.DATA_NOT_SHARED)
    return None


def training_on(data: Path | None, host: str, share: bool) -> Training | None:
    """What learns from the answers saved in a folder; None where others reach the app.

    Args: as of `data_folder`, and what that gave.
    """
    return Training(Store(data)) if data and host in ALONE and not share else None


def _static(name: str) -> str:
    return (STATIC / name).read_text("utf-8")


def launch_options(
    host: str = ALONE[0], share: bool = False, framed_by: Sequence[str] = ()
) -> dict[str, Any]:
    """How the app is launched: its look, its limits, and nothing recorded.

    Args:
        host: the address on which it listens.
        share: whether it has a public link.
        framed_by: sites whose pages may show it in a frame.
    """
    on_space = "SPACE_ID" in os.environ
    hosts = None if share or on_space or host not in ALONE else ALONE
    ancestors = [*framed_by, *(["https://huggingface.co"] if on_space else [])]
    return {
        "app_kwargs": {"middleware": [Middleware(Doors, hosts=hosts, ancestors=ancestors)]},
        "theme": gr.themes.Default(
            primary_hue="blue", font=["system-ui", "sans-serif"], font_mono=["monospace"]
        ),
        # Not as css=: Gradio rewrites the rules of that one, and those inside @media wrongly.
        "head": f"<style>{_static('app.css')}{_static('train.css')}</style>"
        f"<script>{_static('before_inspect.js')}</script>",
        "allowed_paths": [str(ASSETS)],
        "max_file_size": LARGEST_UPLOAD,
        "run_history": False,
        "footer_links": [],
        # The extra of that name: then /tasks, /answer and /preview are tools for an assistant.
        "mcp_server": importlib.util.find_spec("mcp") is not None,
    }
