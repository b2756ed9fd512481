"""The whole screen: header, tabs, theme, and how it is launched."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import gradio as gr

from dessurt.protocol import Instrument
from dessurt_app import strings
from dessurt_app.ask_tab import build_ask_tab
from dessurt_app.inspect_tab import build_inspect_tab
from dessurt_app.offline import never_fetch
from dessurt_app.page_canvas import ASSETS, STATIC
from dessurt_app.weights import Weights

HOUR = 3600  # seconds


def build(model: Instrument | None = None, checkpoint: str | Path | None = None) -> gr.Blocks:
    """The app, not launched yet.

    Args:
        model: a model to ask. Without one, a checkpoint is read in the background.
        checkpoint: path of the checkpoint; the shipped one by default.
    """
    never_fetch()
    weights = Weights(model, checkpoint)
    with gr.Blocks(
        title=strings.TITLE,
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(HOUR, 24 * HOUR),
    ) as app:
        with gr.Row(elem_id="header"):
            gr.HTML(
                f"<h1>{strings.TITLE}</h1><p>{strings.TAGLINE}</p>",
                elem_id="title",
                apply_default_css=False,
            )
            label = gr.HTML(html.escape(weights.label()), elem_id="model", apply_default_css=False)
        canvas, tabs = build_ask_tab(app, weights, label)
        with tabs, gr.Tab(strings.INSPECT_TAB, elem_id="inspect-tab"):
            build_inspect_tab(app, canvas, weights, label)
    return app


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
        "max_file_size": "64mb",
        "run_history": False,
        "footer_links": [],
    }
