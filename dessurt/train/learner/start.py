"""Beginning a run: the learner's first weights, and which of them learn how fast.

A checkpoint may be of another image size, window, depth or vocabulary. Tables over the plane (the
positions of image tokens, the relative positions in a window) are then resampled as pictures, of
all others the part is kept that both models have. The original cuts and pastes the rows of every
table as they come, which mixes up places; `as_original` does that too.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dessurt.checkpoint import OFFICIAL_TOKENIZER, CheckpointError, load, open_tokenizer
from dessurt.model import Tokenizer
from dessurt.train.config import OPTIMIZER, ConfigError
from dessurt.train.learner.pretrained import begin_as_bart
from dessurt.train.learner.student import Student
from dessurt.train.learner.vocabulary import tokenizer

POSITIONS, RELATIVE = "absolute_2dpos_embed", "relative_position_bias_table"

Grid = tuple[int, int]  # rows, columns


def student_of(config: Mapping[str, Any], as_original: bool = False) -> tuple[Student, list[str]]:
    """The learner, with random weights or those of the checkpoint to start with.

    Args:
        config: a whole training config.
        as_original: tensors of another shape are cut and pasted as the original does it.

    Returns:
        the learner, and what is not as it was to be: of the checkpoint what did not fit, a line
        each.

    Raises:
        CheckpointError: the checkpoint to start with, or its tokenizer, cannot be read.
    """
    if "start" not in config:
        return _from_nothing(config)
    folder = config.get("tokenizer", OFFICIAL_TOKENIZER)
    start = load(config["start"], None if folder == OFFICIAL_TOKENIZER else open_tokenizer(folder))
    student = Student(dict(config), start.tokenizer, start.model.config.vocab_size)
    expected = student.checkpoint().model
    weights, changed = fitted(
        start.model.state_dict(), expected.state_dict(), start.model.config.grid(0),
        expected.config.grid(0), as_original,
    )  # fmt: skip
    student.start(weights)
    return student, changed


def first_vocabulary(config: Mapping[str, Any]) -> Tokenizer:
    """The vocabulary of a run that starts with random weights: the config's, or the small one.

    Raises:
        CheckpointError: it cannot be read.
    """
    source = config.get("tokenizer")
    return open_tokenizer(source) if source else Tokenizer(tokenizer())


def _from_nothing(config: Mapping[str, Any]) -> tuple[Student, list[str]]:
    """A learner with random weights, and BART's token embedding if the config's model wants it."""
    pieces = first_vocabulary(config)
    student = Student(dict(config), pieces, pieces.vocab_size)
    if config["model"].get("init_from_pretrained"):
        try:
            begin_as_bart(student.model, config.get("tokenizer", OFFICIAL_TOKENIZER))
        except CheckpointError as error:
            return student, [f"the text embedding begins at random, not as BART's: {error}"]
    return student, []


def fitted(
    weights: Mapping[str, Tensor],
    expected: Mapping[str, Tensor],
    before: Grid,
    after: Grid,
    as_original: bool = False,
) -> tuple[dict[str, Tensor], list[str]]:
    """Weights of one model for another.

    Args:
        weights: of the old model.
        expected: of the new one; they stay where the old one has nothing.
        before, after: rows and columns of image tokens of the old and the new model.
        as_original: nothing is resampled.

    Returns:
        the weights, and a line for everything that was changed, left out or added.
    """
    result, changed = {}, [f"left out {name}" for name in weights if name not in expected]
    for name, new in expected.items():
        if name not in weights:
            changed.append(f"added {name}")
            result[name] = new
            continue
        old = weights[name]
        if old.shape != new.shape:
            changed.append(f"changed {name}: {list(old.shape)} -> {list(new.shape)}")
            old = old if as_original else _resampled(name, old, new, before, after)
            old = _pasted(old, new)
        result[name] = old
    return result, changed


def _resampled(name: str, old: Tensor, new: Tensor, before: Grid, after: Grid) -> Tensor:
    """A table over the plane in the new plane's rows and columns; any other tensor as it is."""
    if name == POSITIONS:
        plane = old[0].unflatten(0, before)
        return _picture(plane, after).flatten(0, 1)[None]
    if name.endswith(RELATIVE):
        sides = [math.isqrt(len(table)) for table in (old, new)]
        return _picture(old.unflatten(0, (sides[0], sides[0])), (sides[1],) * 2).flatten(0, 1)
    return old


def _picture(plane: Tensor, size: Grid) -> Tensor:
    """[rows, columns, C] in another size, bicubic."""
    if plane.shape[:2] == size:
        return plane
    channels = plane.float().permute(2, 0, 1)[None]
    # With `antialias` PyTorch's cubic keeps straight lines straight.
    return F.interpolate(channels, size, mode="bicubic", antialias=True)[0].permute(1, 2, 0)


def _pasted(old: Tensor, new: Tensor) -> Tensor:
    """The new tensor with the first rows, columns and so on of the old."""
    if old.ndim != new.ndim:
        return new
    both = tuple(slice(min(a, b)) for a, b in zip(old.shape, new.shape, strict=True))
    result = new.clone()
    result[both] = old[both].to(new)
    return result


def optimiser_of(student: Student, config: Mapping[str, Any]) -> torch.optim.Optimizer:
    """The optimiser that a config asks for; the loop sets its rate of learning at each step.

    Raises:
        ConfigError: see `parameter_groups`.
    """
    given = config.get("optimizer", OPTIMIZER)
    kind = getattr(torch.optim, given["type"])
    arguments = {key: each for key, each in given.items() if key not in ("type", "decay", "clip")}
    if "fused" in inspect.signature(kind).parameters:
        arguments = {"fused": True, **arguments}
    optimiser: torch.optim.Optimizer = kind(parameter_groups(student, config), **arguments)
    return optimiser


def parameter_groups(student: Student, config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The optimiser's groups: those that decay and those that do not, slow ones by themselves.

    Weights decay as the optimiser's `decay` says: matrices only, or all. `freeze` lists parts of
    names of parameters that do not learn at all; `slow` gives to parts of names a factor on the
    rate of learning.

    Raises:
        ConfigError: no parameter has such a name.
    """
    freeze, slow = config.get("freeze", []), config.get("slow", {})
    every = config.get("optimizer", OPTIMIZER).get("decay") == "all"
    names = [name for name, _ in student.named_parameters()]
    for part in (*freeze, *slow):
        if not any(part in name for name in names):
            raise ConfigError(f"no parameter has {part!r} in its name: see `dessurt checkpoint "
                              "show --weights`.")  # fmt: skip
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {(1.0, True): []}
    if not every:
        groups[1.0, False] = []
    for name, parameter in student.named_parameters():
        if any(part in name for part in freeze):
            parameter.requires_grad_(False)
            continue
        factor = next((slow[part] for part in slow if part in name), 1.0)
        groups.setdefault((factor, every or parameter.ndim > 1), []).append(parameter)
    return [
        {"params": some, "factor": factor, **({} if decays else {"weight_decay": 0.0})}
        for (factor, decays), some in groups.items()
    ]


def moments(
    student: Student, groups: list[dict[str, Any]], known: Mapping[str, Mapping[str, Tensor]]
) -> dict[int, dict[str, Tensor]]:
    """An optimiser's state from moments by parameter name; those of other shapes begin anew.

    Args:
        student: the learner.
        groups: `param_groups` of its optimiser.
        known: Adam's `exp_avg`, `exp_avg_sq` and `step` of parameters of the model.

    Returns:
        as in `state_dict()["state"]` of the optimiser.
    """
    name_of = {parameter: name for name, parameter in student.model.named_parameters()}
    parameters = [parameter for group in groups for parameter in group["params"]]
    found = {}
    for number, parameter in enumerate(parameters):
        state = known.get(name_of.get(parameter, ""))
        if state is not None and state["exp_avg"].shape == parameter.shape:
            found[number] = {key: torch.as_tensor(value) for key, value in state.items()}
    return found
