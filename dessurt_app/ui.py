"""The whole screen: header, tabs, theme, and how it is launched."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from dessurt.protocol import Instrument
from dessurt_app import strings
from dessurt_app.api import build_api
from dessurt_app.ask_tab import build_ask_tab
from dessurt_app.asking import Ask, Asking
from dessurt_app.header import build_header
from dessurt_app.inspect_tab import build_inspect_tab
from dessurt_app.offline import never_fetch
from dessurt_app.page_canvas import ASSETS, STATIC
from dessurt_app.weights import Weights

HOUR = 3600  # seconds
LARGEST_UPLOAD = "64mb"
LONGEST_QUEUE = 100  # questions that wait; more are refused with a message


def build(
    model: Instrument | None = None,
    checkpoint: str | Path | None = None,
    lend: Callable[[Ask], Ask] | None = None,
) -> gr.Blocks:
    """The app, not launched yet.

    Args:
        model: a model to ask. Without one, a checkpoint is read in the background.
        checkpoint: path of the checkpoint; the shipped one by default.
        lend: put round the function that asks, on a machine that lends a GPU for each question.
    """
    never_fetch()
    weights = Weights(model, checkpoint)
    ask = lend(weights.ask) if lend else weights.ask
    with gr.Blocks(
        title=strings.TITLE,
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(HOUR, 24 * HOUR),
    ) as app:
        header = build_header(weights)
        ask_tab = build_ask_tab(app, Asking(weights, ask), header)
        with ask_tab.tabs, gr.Tab(strings.INSPECT_TAB, elem_id="inspect-tab"):
            build_inspect_tab(app, ask_tab, weights, header)
        build_api(weights)
    return app.queue(max_size=LONGEST_QUEUE)


def launch_options() -> dict[str, Any]:
    """How the app is launched, wherever that is: its look, its limits, and nothing recorded."""
    return {
        "theme": gr.themes.Default(
            primary_hue="blue", font=["system-ui", "sans-serif"], font_mono=["monospace"]
        ),
        # Not as css=: Gradio rewrites the rules of that one, and those inside @media wrongly.
        "head": f"<style>{(STATIC / 'app.css').read_text()}</style>"
        f"<script>{(STATIC / 'before_inspect.js').read_text()}</script>",
        "allowed_paths": [str(ASSETS)],
        "max_file_size": LARGEST_UPLOAD,
        "run_history": False,
        "footer_links": [],
        # The extra of that name: then /tasks, /answer and /preview are tools for an assistant.
        "mcp_server": importlib.util.find_spec("mcp") is not None,
    }
