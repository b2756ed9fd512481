"""How the weights move: the optimiser and its groups, the learning rate, the running mean."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from dessurt.train.config import Config
from dessurt.train.learner.student import Student
from dessurt.train.original.schedules import multiplier
from dessurt.train.section import ConfigError

LOWEST_RATE = 0.02  # of the stage's learning rate, at the end of the run


def optimiser_of(student: Student, config: Config) -> torch.optim.Optimizer:
    """The optimiser that a config asks for; the loop sets its learning rate at each step.

    Raises:
        ConfigError: A name in `freeze` or `slow` is of no parameter.
    """
    kind = getattr(torch.optim, config.optimizer.type)
    arguments = config.optimizer.arguments
    if "fused" in inspect.signature(kind).parameters:
        arguments = {"fused": True, **arguments}
    optimiser: torch.optim.Optimizer = kind(parameter_groups(student, config), **arguments)
    return optimiser


def parameter_groups(student: Student, config: Config) -> list[dict[str, Any]]:
    """The optimiser's groups: those that decay and those that do not, slow ones by themselves.

    Raises:
        ConfigError: A name in `freeze` or `slow` is of no parameter.
    """
    _check_names(student, (*config.freeze, *config.slow))
    slow, every = config.slow, config.optimizer.decay == "all"
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {(1.0, True): []}
    if not every:
        groups[1.0, False] = []
    for name, parameter in student.named_parameters():
        if any(part in name for part in config.freeze):
            parameter.requires_grad_(False)
            continue
        factor = next((slow[part] for part in slow if part in name), 1.0)
        groups.setdefault((factor, every or parameter.ndim > 1), []).append(parameter)
    return [
        {"params": parameters, "factor": factor, **({} if decays else {"weight_decay": 0.0})}
        for (factor, decays), parameters in groups.items()
    ]


def _check_names(student: Student, parts: Sequence[str]) -> None:
    names = [name for name, _ in student.named_parameters()]
    for part in parts:
        if not any(part in name for name in names):
            raise ConfigError(f"no parameter has {part!r} in its name: see `dessurt checkpoint "
                              "show --weights`.")  # fmt: skip


def moments(
    student: Student, groups: list[dict[str, Any]], known: Mapping[str, Mapping[str, Tensor]]
) -> dict[int, dict[str, Tensor]]:
    """An optimiser's state from moments by parameter name; those of other shapes begin anew.

    Args:
        student: The learner.
        groups: The `param_groups` of its optimiser.
        known: Adam's `exp_avg`, `exp_avg_sq` and `step` of parameters of the model.

    Returns:
        The state, as in `state_dict()["state"]` of the optimiser.
    """
    name_of = {parameter: name for name, parameter in student.model.named_parameters()}
    parameters = [parameter for group in groups for parameter in group["params"]]
    states = {}
    for number, parameter in enumerate(parameters):
        state = known.get(name_of.get(parameter, ""))
        if state is not None and state["exp_avg"].shape == parameter.shape:
            states[number] = {key: torch.as_tensor(value) for key, value in state.items()}
    return states


def rate_factor(config: Config, step: int, accumulate: int, fresh: int, progress: float) -> float:
    """The learning rate of the next step as a share of the stage's.

    It rises, stays and falls, or is as the config's schedule has it, which counts micro-batches.

    Args:
        config: The config of the run.
        step: The steps done.
        accumulate: The micro-batches of a step.
        fresh: The step at which the optimiser was new; from there on the rate rises.
        progress: How much of the run is over, from 0 to 1.
    """
    if config.schedule is not None:
        return multiplier(config.schedule, (step + 1) * accumulate)
    rise = min((step - fresh + 1) / config.warm_up, 1.0)
    return rise * max(min((1 - progress) / config.cool_down, 1.0), LOWEST_RATE)


def mean_of(student: Student, share: float) -> AveragedModel | None:
    """The running mean of the weights, which begins with them; None where `share` is 0.

    Args:
        student: The learner.
        share: Of the mean, what each step keeps at most.
    """
    return AveragedModel(student, multi_avg_fn=partial(average, share)) if share else None


def average(share: float, mean: list[Tensor], weights: list[Tensor], steps: Tensor | int) -> None:
    """Move mean weights towards the present ones, so that they are of the last part of a run.

    The share that is kept grows with the steps done, in the manner of TensorFlow's
    `ExponentialMovingAverage`: the mean reaches back over about a third of them, and the first
    weights weigh 24 / steps^3, however short the run will be. From some 3 / (1 - share) steps on it
    is `share`.

    Args:
        share: Of the mean, what a step keeps at most.
        mean, weights: The tensors of all parameters.
        steps: The steps that are in the mean already.
    """
    done = int(steps)
    get_ema_multi_avg_fn(min(share, (1 + done) / (4 + done)))(mean, weights, steps)
