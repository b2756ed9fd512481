"""Reading a training config; configs/README.md explains its keys."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from dessurt.model import DessurtConfig
from dessurt.synth import KINDS
from dessurt.train.samples import TASKS, Part

NEEDED = ("name", "seed", "model", "card", "frame", "stages")
NUMBERS = ("steps", "lr", "accumulate", "batch", "weight", "most_answer", "lines", "smallest")
PART = {each.name: each.default is MISSING for each in fields(Part)}  # key: whether it is needed


class ConfigError(ValueError):
    """A training config that cannot be followed; the message says in one sentence what to do."""


def read(path: Path) -> dict[str, Any]:
    """A training config with all its keys known, and windows that its model takes.

    Raises:
        ConfigError: it cannot be read, or a key or a name in it is missing or unknown.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read ({error}): give a training config.") from error
    _keys(config, "the config", NEEDED, ("start", "precision", "cool_down", "auxiliary"))
    _keys(config["frame"], "its frame", ("mode", "text_height"), ("least", "step", "by_line"))
    _names((config.get("precision", "bf16"),), "its precision", ("bf16", "no"))
    try:
        model = DessurtConfig.from_dict(config["model"], vocab_size=1)  # any: no size checked
    except (TypeError, ValueError) as error:
        raise ConfigError(f"the config's model cannot be built ({error}): mend it.") from error
    if not config["stages"]:
        raise ConfigError("the config has no stages: give one at least.")
    for number, stage in enumerate(config["stages"], 1):
        _keys(stage, f"stage {number}", ("steps", "lr", "parts"), ("accumulate",))
        _numbers(stage, f"stage {number}")
        if not stage["parts"]:
            raise ConfigError(f"stage {number} has no parts: give one at least.")
        for name, part in stage["parts"].items():
            where = f"part {name!r} of stage {number}"
            _keys(part, where, [key for key in PART if PART[key]], PART)
            _numbers(part, where)
            _names(part["tasks"], f"tasks of {where}", TASKS)
            _names(part.get("kinds", ()), f"kinds of {where}", KINDS)
            if not model.takes(part["window"]):
                raise ConfigError(
                    f"the model does not take the window {part['window']} of {where}: give sides "
                    f"in whole windows of its attention, at most {list(model.image_size)}."
                )
    return config


def _keys(given: Any, where: str, needed: Iterable[str], more: Iterable[str]) -> None:
    """Refuse what is no object, lacks a key or has one that means nothing."""
    if not isinstance(given, dict):
        raise ConfigError(f"{where} is not an object with keys: see configs/README.md.")
    for key in needed:
        if key not in given:
            raise ConfigError(f"{where} lacks the key {key!r}: see configs/README.md.")
    _names(given, f"keys of {where}", (*needed, *more))


def _numbers(given: dict[str, Any], where: str) -> None:
    """Refuse a number that is none, or not above 0."""
    for key in NUMBERS:
        value = given.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise ConfigError(f"{key} of {where} is {value!r}: give a number above 0.")


def _names(given: Iterable[str], where: str, known: Iterable[str]) -> None:
    """Refuse a name that there is not."""
    names = list(known)
    for name in given:
        if name not in names:
            choice = ", ".join(dict.fromkeys(names))
            raise ConfigError(f"{where}: there is no {name!r}, choose from {choice}.")
