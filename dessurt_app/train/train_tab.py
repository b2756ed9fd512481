"""The tab Train: learn from the saved answers, watch, compare, keep or drop.

It exists only where answers are saved, which is on one's own machine. Whoever reaches the app sees
the same run, and after a reload sees it again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from dessurt_app import strings
from dessurt_app.ask.ask_tab import AskTab
from dessurt_app.ask.header import Header
from dessurt_app.gradio_fixes import QUICK, warn
from dessurt_app.models import Weights
from dessurt_app.train.train_view import command_html, data_html, run_html
from dessurt_app.train.training import Progress, Training, TrainingError

Action = Callable[[Path, float], None]  # of a checkpoint and minutes

SECONDS = 2.0  # between two looks at a run that goes on
_GOES_ON = ("running", "stopping")
# In which states of a run (None: there is none) a button can be used.
_USABLE: dict[str, tuple[str | None, ...]] = {
    "start": (None, "kept"),  # what was learned is kept or dropped first
    "stop": ("running",),
    "resume": ("stopped", "failed"),
    "keep": ("done", "stopped"),
    "drop": ("done", "stopped", "failed"),
}


@dataclass
class Parts:
    """The components of the tab."""

    data: gr.HTML
    minutes: gr.Radio
    command: gr.HTML
    timer: gr.Timer
    run: gr.HTML
    buttons: dict[str, gr.Button]

    @property
    def outputs(self) -> list[Any]:
        """All of them, in the order in which `_shown` updates them."""
        return [self.data, self.minutes, self.command, self.timer, self.run, *self.buttons.values()]


def build_train_tab(
    app: gr.Blocks, training: Training, weights: Weights, ask: AskTab, header: Header
) -> None:
    """Fill the tab that is being built.

    Args:
        app: The app that is being built.
        training: Starts and stops runs.
        weights: The checkpoints, to start from and to add to.
        ask: The tab Ask, which has the tabs.
        header: The header, in which a checkpoint is chosen.
    """
    parts = _components()

    def show(checkpoint: str | None) -> list[Any]:
        """Everything anew."""
        return _shown(training, weights, checkpoint)

    def tick(checkpoint: str | None) -> list[Any]:
        """The run alone while it goes on."""
        run = training.progress()
        if run is not None and run.state in _GOES_ON:
            return [gr.skip()] * 4 + _run(run, False)
        return show(checkpoint)

    def does(work: Action) -> Callable[..., list[Any]]:
        """Do what a button says, and show what came of it."""

        def done(checkpoint: str | None, minutes: float) -> list[Any]:
            try:
                work(Path(weights.of(checkpoint).path), minutes)
            except (TrainingError, OSError) as error:
                warn(error)
            return show(checkpoint)

        return done

    asked = [header.checkpoint, parts.minutes]
    for name, work in _actions(training, weights).items():
        clicked = parts.buttons[name].click(does(work), asked, parts.outputs, **QUICK)
        if name == "keep":
            clicked.then(lambda: _choices(weights), None, header.checkpoint, **QUICK)
    parts.timer.tick(tick, header.checkpoint, parts.outputs, **QUICK)
    changes = [app.load, ask.tabs.select, header.label.change]
    gr.on(changes, show, header.checkpoint, parts.outputs, **QUICK)
    # Checkpoints that were kept since the app was started.
    app.load(lambda: _choices(weights), None, header.checkpoint, **QUICK)


def _components() -> Parts:
    """The components, in the order of the screen."""
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
    run = gr.HTML(elem_id="train", apply_default_css=False)
    command = gr.HTML(elem_id="train-command", apply_default_css=False)
    return Parts(data, minutes, command, gr.Timer(SECONDS, active=False), run, buttons)


def _actions(training: Training, weights: Weights) -> dict[str, Action]:
    """What each button does."""

    def keep(path: Path, minutes: float) -> None:
        name = training.keep()
        weights.add(training.checkpoints / name)
        gr.Info(strings.TRAIN_KEPT_TOAST.format(name=name))

    return {
        "start": training.start,
        "stop": lambda path, minutes: training.stop(),
        "resume": lambda path, minutes: training.resume(),
        "keep": keep,
        "drop": lambda path, minutes: training.drop(),
    }


def _shown(training: Training, weights: Weights, checkpoint: str | None) -> list[Any]:
    """Updates of all components."""
    loading, run = weights.of(checkpoint), training.progress()
    check = training.check(Path(loading.path))
    begins = run is None or run.state in _USABLE["start"]
    return [
        data_html(check, loading.name) if begins else "",
        gr.Radio(visible=begins),
        command_html(run),
        gr.Timer(active=run is not None and run.state in _GOES_ON),
        *_run(run, check.ready),
    ]


def _run(run: Progress | None, ready: bool) -> list[Any]:
    """Updates of what shows the run and of the buttons; `ready`: a run can start."""
    state = run.state if run else None
    updates = {name: gr.Button(visible=state in states) for name, states in _USABLE.items()}
    updates["start"] = gr.Button(visible=state in _USABLE["start"], interactive=ready)
    if run is not None and not run.has_checkpoint:
        updates["keep"] = gr.Button(visible=False)
    return [run_html(run), *updates.values()]


def _choices(weights: Weights) -> Any:
    return gr.Dropdown(choices=weights.names, visible=len(weights.names) > 1)

