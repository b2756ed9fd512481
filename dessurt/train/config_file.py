"""Reading a training config from a file: ours, or one of the original."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from dessurt import tasks
from dessurt.checkpoint import load
from dessurt.data.questions.makers import TASKS
from dessurt.model import DessurtConfig
from dessurt.synth import KINDS
from dessurt.train.config import Config, FrameConfig, MonitorConfig, Part
from dessurt.train.original.configs import VOCABULARY, is_original, left_out, translated
from dessurt.train.original.keys import OriginalError
from dessurt.train.original.schedules import KINDS as KINDS_OF_SCHEDULE
from dessurt.train.original.schedules import multiplier
from dessurt.train.section import ConfigError, missing, refuse_unknown

INHERITED = ("model", "frame", "card", "suppressed_token_ids")  # from the checkpoint to start with
# Keys that a config of the original also has: `--set` then means the original's.
SHARED = ("name", "model", "optimizer")


def read(path: Path, settings: Sequence[tuple[str, Any]] = (), data: str | None = None) -> Config:
    """A training config that can be followed.

    What it leaves open of `model`, `frame` and `card` comes from the checkpoint to start with.

    Args:
        path: A config of ours or of the original.
        settings: Other values for keys, which may lie deeper, such as `stages.0.lr`. In a config
            of the original they are its own keys (`trainer.iterations`) or ours (`precision`).
        data: The folder of all its data sets, in place of those that it names.

    Raises:
        CheckpointError: The checkpoint to start with cannot be read.
        ConfigError: The file cannot be read, a key is missing or unknown, or a value is wrong.
    """
    raw = _with_start(_in_our_keys(_parsed(path), settings))
    config = Config.of(raw)
    _check(config)
    return config if data is None else config.with_data(data)


def _parsed(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read ({error}): give a training config.") from error


def _in_our_keys(raw: Any, settings: Sequence[tuple[str, Any]]) -> Any:
    """The config with other values for some keys; one of the original is translated."""
    if not is_original(raw):
        return _changed(raw, settings)
    known = {each.name for each in fields(Config)} - {*SHARED}
    ours = [each for each in settings if each[0].partition(".")[0] in known]
    raw = _changed(raw, [each for each in settings if each not in ours])
    raw = _changed(_of_original(raw), ours)
    return raw if "start" in raw else {"tokenizer": VOCABULARY, **raw}


def _changed(raw: Any, settings: Sequence[tuple[str, Any]]) -> Any:
    for key, value in settings:
        _set(raw, key, value)
    return raw


def _set(raw: Any, key: str, value: Any) -> None:
    """Give a key another value; `a.0.b` is `b` in the first entry of the list `a`."""
    *way, last = key.split(".")
    try:
        place = raw
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        place[int(last) if isinstance(place, list) else last] = value
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise ConfigError(f"there is no {key} in the config to be set.") from error


def _of_original(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A config of the original in our keys; names on stderr what is not taken over."""
    try:
        config = translated(raw)
    except OriginalError as error:
        raise ConfigError(str(error)) from error
    except (AttributeError, KeyError, TypeError) as error:
        raise ConfigError(f"the original's config lacks something ({error}).") from error
    if ignored := left_out(raw):
        print(f"Not taken over from the original's config: {', '.join(ignored)}", file=sys.stderr)
    return config


def _with_start(raw: Any) -> Any:
    """The config with what it leaves open of the checkpoint to start with."""
    if not isinstance(raw, dict) or raw.get("start") is None:
        return raw
    start = load(raw["start"]).config
    inherited = {key: start[key] for key in INHERITED if key in start}
    model = {**start["model"], **raw.get("model", {})}
    return {"frame": {"mode": "fit"}, "card": {}, **inherited, **raw, "model": model}


def _check(config: Config) -> None:
    """Refuse what the types of the keys cannot say.

    Raises:
        ConfigError: Keys contradict each other, or name what there is not.
    """
    _check_frame(config.frame)
    _check_schedule(config.schedule)
    if config.teacher is not None and not config.whole_pages:
        raise ConfigError("a teacher teaches models of whole pages only: take the frame 'fit'.")
    if config.remember and (config.start is None or config.teacher is not None):
        raise ConfigError("to remember, it needs a checkpoint to `start` with, and no `teacher`.")
    if config.validate is not None:
        _check_data(config.validate, "validate")
    try:
        model = DessurtConfig.from_dict(config.model, vocab_size=1)  # any: no size checked
    except (TypeError, ValueError) as error:
        raise ConfigError(f"the config's model cannot be built ({error}): mend it.") from error
    _check_stages(config, model)
    if config.monitor is not None:
        _check_monitor(config, config.monitor, model)


def _check_stages(config: Config, model: DessurtConfig) -> None:
    if not config.stages:
        raise ConfigError("the config has no stages: give one at least.")
    for number, stage in enumerate(config.stages, 1):
        if not stage.parts:
            raise ConfigError(f"stage {number} has no parts: give one at least.")
        for name, part in stage.parts.items():
            _check_part(part, f"part {name!r} of stage {number}", config, model)


def _check_monitor(config: Config, monitor: MonitorConfig, model: DessurtConfig) -> None:
    if not config.whole_pages:
        raise ConfigError("a monitor is for models of whole pages: take the frame 'fit'.")
    for name, part in monitor.parts.items():
        label = f"part {name!r} of its monitor"
        _check_part(part, label, config, model)
        if part.data is None:
            raise ConfigError(f"{label} has no `data`: name a data set to validate on.")


def _check_frame(frame: FrameConfig) -> None:
    if frame.mode == "fit":
        refuse_unknown(frame.to_json(), "keys of its frame", ("mode",))
    elif frame.text_height is None:
        raise missing("text_height", "its frame")


def _check_schedule(schedule: Mapping[str, Any] | None) -> None:
    if schedule is None:
        return
    if schedule.get("kind") not in KINDS_OF_SCHEDULE:
        choice = ", ".join(KINDS_OF_SCHEDULE)
        raise ConfigError(f"its schedule needs a `kind`, one of: {choice}.")
    try:
        for iteration in (1, 1 << 40):
            multiplier(schedule, iteration)
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
        raise ConfigError(
            f"the schedule {schedule['kind']!r} lacks a key or has a wrong one ({error})."
        ) from error


def _check_part(part: Part, label: str, config: Config, model: DessurtConfig) -> None:
    """Refuse a part that cannot be drawn."""
    synthetic, whole = part.data is None, config.whole_pages
    if synthetic and not part.tasks:
        raise missing("tasks", label)
    if synthetic and not whole and part.window is None:
        raise missing("window", label)
    known = TASKS if synthetic else [task.token for task in tasks.TASKS]
    refuse_unknown(part.tasks, f"tasks of {label}", known)
    refuse_unknown(part.kinds, f"kinds of {label}", KINDS)
    if part.data is not None:
        _check_data(part.data, f"data of {label}")
    if not part.text and (not synthetic or whole or model.levels > 1):
        raise ConfigError(
            f"{label} needs text: only windows of synthetic pages go without, in a model of one "
            "level."
        )
    if part.window:
        _check_window(part.window, label, whole, model)


def _check_window(
    window: tuple[int, int], label: str, whole_pages: bool, model: DessurtConfig
) -> None:
    if whole_pages:
        raise ConfigError(f"{label} has a window, but its frame shows whole pages: leave it out.")
    if not model.takes(window):
        raise ConfigError(
            f"the model does not take the window {list(window)} of {label}: give sides "
            f"in whole windows of its attention, at most {list(model.image_size)}."
        )


def _check_data(data: Mapping[str, Any], label: str) -> None:
    if "set" not in data:
        raise ConfigError(f"{label} names no set: give an object with the key 'set'.")
