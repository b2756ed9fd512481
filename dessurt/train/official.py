"""The training state in an official `.pth`: how far it had come, and its optimiser."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from dessurt.checkpoint import BUFFERS, TIED, read_official

DROPPED = ("optimizer", "swa_state_dict", "lr_schedule")  # when training begins anew


@dataclass(frozen=True)
class TrainingState:
    """Where an original run had come to."""

    iteration: int  # micro-batches done
    moments: dict[str, dict[str, Tensor]]  # Adam's, by name of parameter


def training_state(path: Path) -> TrainingState:
    """Read it.

    Raises:
        CheckpointError: the file cannot be read.
    """
    file = read_official(path)
    return TrainingState(int(file.get("iteration") or 0), _moments(file))


def _moments(file: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
    """Adam's moments; none if the file has none, or they are not those of its weights.

    The original numbers its parameters: all that learn in the order of the weights, then the slow
    ones.
    """
    state = file.get("optimizer", {}).get("state", {})
    weights = {
        name.removeprefix("module."): tensor
        for name, tensor in file["state_dict"].items()
        if not name.endswith((*BUFFERS, *TIED))
    }
    trainer = file["config"].get("trainer", {})
    frozen = [name for name in weights if _named(name, trainer.get("freeze_param_names"))]
    slow = [name for name in weights if _named(name, trainer.get("slow_param_names"))]
    fast = [name for name in weights if name not in (*frozen, *slow)]
    names = [*fast, *(name for name in slow if name not in frozen)]
    groups = file.get("optimizer", {}).get("param_groups", ())
    counted = sum(len(group["params"]) for group in groups)
    found = {names[number]: each for number, each in state.items() if number < len(names)}
    fitting = all(each["exp_avg"].shape == weights[name].shape for name, each in found.items())
    return found if fitting and counted == len(names) else {}


def _named(name: str, parts: list[str] | None) -> bool:
    return any(part in name for part in parts or ())


def reset(file: Mapping[str, Any]) -> dict[str, Any]:
    """An official file's contents as if training had not begun: weights and config alone count.

    Unlike the original's script this forgets the schedule of the rate of learning and the best
    figure too; with them a new run would begin at the end of the old one's schedule.
    """
    kept = {key: value for key, value in file.items() if key not in DROPPED}
    least = file["config"].get("trainer", {}).get("monitor_mode") == "min"
    worst = math.inf if least else -math.inf
    return {**kept, "iteration": 0, "logger": None, "monitor_best": worst}
