"""Train: learn from the saved answers, watch, compare, keep or drop.

It exists only where answers are saved, which is on one's own machine. Whoever reaches the app sees
the same run, and after a reload sees it again.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from dessurt_app import strings
from dessurt_app.ask.ask_tab import AskTab
from dessurt_app.ask.header import Header
from dessurt_app.models import Weights
from dessurt_app.train.train_view import command_html, data_html, run_html
from dessurt_app.train.training import Progress, Training, TrainingError

SECONDS = 2.0  # between two looks at a run that goes on
_QUICK: dict[str, Any] = dict(queue=False, show_progress="hidden", api_visibility="private")
# In which states of a run (None: there is none) a button can be used.
_SHOWN: dict[str, tuple[str | None, ...]] = {
    "start": (None, "kept"),  # what was learned is kept or dropped first
    "stop": ("running",),
    "resume": ("stopped", "failed"),
    "keep": ("done", "stopped"),
    "drop": ("done", "stopped", "failed"),
}


def build_train_tab(
    app: gr.Blocks, training: Training, weights: Weights, ask: AskTab, header: Header
) -> None:
    """Fill the tab that is being built.

    Args:
        app: the app that is being built.
        training: what does the work.
        weights: the checkpoints, to start from and to add to.
        ask: with the tabs.
        header: in which a checkpoint is chosen.
    """
    data = gr.HTML(elem_id="train-data", apply_default_css=False)
    minutes = gr.Radio(
        list(strings.TRAIN_PRESETS.items()), value=5.0, label=strings.TRAIN_HOW_LONG,
        elem_id="train-minutes",
    )  # fmt: skip
    with gr.Row(elem_id="train-buttons"):
        buttons = {
            "start": gr.Button(strings.TRAIN_START, variant="primary"),
            "stop": gr.Button(strings.TRAIN_STOP, variant="stop", visible=False),
            "resume": gr.Button(strings.TRAIN_RESUME, visible=False),
            "keep": gr.Button(strings.TRAIN_KEEP, variant="primary", visible=False),
            "drop": gr.Button(strings.TRAIN_DROP, visible=False),
        }
    shown = gr.HTML(elem_id="train", apply_default_css=False)
    command = gr.HTML(elem_id="train-command", apply_default_css=False)
    timer = gr.Timer(SECONDS, active=False)
    outputs = [data, minutes, command, timer, shown, *buttons.values()]

    def show(checkpoint: str | None) -> list[Any]:
        """Everything anew."""
        loading, run = weights.of(checkpoint), training.progress()
        check = training.check(Path(loading.path))
        begins = run is None or run.state in _SHOWN["start"]
        return [
            data_html(check, loading.name) if begins else "",
            gr.Radio(visible=begins),
            command_html(run),
            gr.Timer(active=run is not None and run.state in ("running", "stopping")),
            *_run(run, check.ready),
        ]

    def tick(checkpoint: str | None) -> list[Any]:
        """The run alone while it goes on."""
        run = training.progress()
        if run is not None and run.state in ("running", "stopping"):
            return [gr.skip()] * 4 + _run(run, False)
        return show(checkpoint)

    def does(work: Callable[..., Any]) -> Callable[..., list[Any]]:
        """Do what a button says, and show what came of it."""

        def done(checkpoint: str | None, minutes: float) -> list[Any]:
            try:
                work(Path(weights.of(checkpoint).path), minutes)
            except (TrainingError, OSError) as error:
                gr.Warning(html.escape(str(error), quote=False), duration=None)
            return show(checkpoint)

        return done

    def keep(path: Path, minutes: float) -> None:
        name = training.keep()
        weights.add(training.checkpoints / name)
        gr.Info(strings.TRAIN_KEPT_TOAST.format(name=name))

    actions: dict[str, Callable[..., Any]] = {
        "start": training.start,
        "stop": lambda path, minutes: training.stop(),
        "resume": lambda path, minutes: training.resume(),
        "keep": keep,
        "drop": lambda path, minutes: training.drop(),
    }
    asked = [header.checkpoint, minutes]
    for name, button in buttons.items():
        clicked = button.click(does(actions[name]), asked, outputs, **_QUICK)
        if name == "keep":
            clicked.then(lambda: _choices(weights), None, header.checkpoint, **_QUICK)
    timer.tick(tick, header.checkpoint, outputs, **_QUICK)
    changes = [app.load, ask.tabs.select, header.label.change]
    gr.on(changes, show, header.checkpoint, outputs, **_QUICK)
    # Checkpoints that were kept since the app was started.
    app.load(lambda: _choices(weights), None, header.checkpoint, **_QUICK)


def _run(run: Progress | None, ready: bool) -> list[Any]:
    state = run.state if run else None
    updates = {name: gr.Button(visible=state in states) for name, states in _SHOWN.items()}
    updates["start"] = gr.Button(visible=state in _SHOWN["start"], interactive=ready)
    if run is not None and not run.has_checkpoint:
        updates["keep"] = gr.Button(visible=False)
    return [run_html(run), *updates.values()]


def _choices(weights: Weights) -> Any:
    return gr.Dropdown(choices=weights.names, visible=len(weights.names) > 1)

