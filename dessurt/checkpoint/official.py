"""The training state in an official `.pth`: how far it had come, and its optimiser."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from dessurt.checkpoint.dessurt import BUFFERS, TIED
from dessurt.checkpoint.files import read_official

DROPPED = ("optimizer", "swa_state_dict")  # when training begins anew
# What a LambdaLR reads as its own beginning. Rates are not in it: the optimiser has them from the
# config that training goes on with, which need not be the one in the file.
FRESH_SCHEDULE = {"last_epoch": 0, "_step_count": 1, "lr_lambdas": []}


MOMENTS = ("exp_avg", "exp_avg_sq", "step")  # that Adam keeps of a parameter


@dataclass(frozen=True)
class TrainingState:
    """Where an original run had come to."""

    iteration: int  # micro-batches done
    moments: dict[str, dict[str, Tensor]]  # Adam's, by name of parameter; of some or none
    missing: str = ""  # why there are none


def training_state(path: Path) -> TrainingState:
    """Read it.

    Raises:
        CheckpointError: the file cannot be read.
    """
    file = read_official(path)
    iteration = int(file.get("iteration") or 0)
    try:
        return TrainingState(iteration, _moments(file))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        told = f"{error}" if type(error) is ValueError else "that of the file cannot be read"
        return TrainingState(iteration, {}, told)


def _moments(file: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
    """Adam's moments.

    The original numbers its parameters: all that learn in the order of the weights, then the slow
    ones.

    Raises:
        ValueError: the file has none, or they are not those of its weights.
    """
    state = file.get("optimizer", {}).get("state", {})
    if not state:
        raise ValueError("the file has none")
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
    if counted != len(names):
        raise ValueError(f"the file's is of {counted} parameters, and {len(names)} learn")
    found = {names[number]: {key: each[key] for key in MOMENTS} for number, each in state.items()}
    for name, each in found.items():
        if not each["exp_avg"].shape == each["exp_avg_sq"].shape == weights[name].shape:
            raise ValueError(f"the file's state of {name} is of another shape")
    return found


def _named(name: str, parts: list[str] | None) -> bool:
    return any(part in name for part in parts or ())


def reset(file: Mapping[str, Any]) -> dict[str, Any]:
    """An official file's contents as if training had not begun: weights and config alone count.

    Unlike the original's script this puts the schedule of the rate of learning back to its
    beginning, where a new run would else go on at the end of the old one's, and forgets the best
    figure too. The schedule is written in any case: the original insists on it if the config has
    one that training goes on with.
    """
    kept = {key: value for key, value in file.items() if key not in DROPPED}
    least = file["config"].get("trainer", {}).get("monitor_mode") == "min"
    worst = math.inf if least else -math.inf
    return {
        **kept, "iteration": 0, "logger": None, "monitor_best": worst,
        "lr_schedule": FRESH_SCHEDULE,
    }  # fmt: skip
