"""Reading a training config; configs/README.md explains its keys."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from dessurt import tasks
from dessurt.checkpoint import load
from dessurt.data.questions.makers import TASKS
from dessurt.model import DessurtConfig
from dessurt.synth import KINDS
from dessurt.train.learner.student import WEIGHTS
from dessurt.train.original.configs import VOCABULARY, is_original, left_out, translated
from dessurt.train.original.keys import OriginalError, optimiser_arguments
from dessurt.train.original.schedules import KINDS as KINDS_OF_SCHEDULE
from dessurt.train.original.schedules import multiplier

PAIRS = ("window", "rescale", "kinds")  # lists in a config that are tuples here


@dataclass(frozen=True)
class Part:
    """Batches of some tasks about synthetic pages, or of a data set's questions."""

    batch: int  # samples in each process
    tasks: dict[str, float] = field(default_factory=dict)  # token: how often, beside the others
    window: tuple[int, int] | None = None  # h, w; None: the model's largest image
    data: dict[str, Any] | None = None  # as `open_set` takes it; None: synthetic pages
    weight: float = 1.0  # how often, beside the other parts
    most_answer: int = 110  # characters that a task made from a page's truth may answer
    lines: int = 1  # of an answer, at least: many blocks of a page have only one
    smallest: float = 10.0  # model pixels of a line's height; what gets smaller is left out
    text: bool = True  # False: only the convolutions learn
    kinds: tuple[str, ...] = ()  # of synthetic documents; none: all
    documents: int = 12  # synthetic ones, that 16 micro-batches in a row are drawn from
    vary: bool = False  # a data set's questions are asked as of new scans, and of new lines
    # How the original changes a page, where the whole page is seen (frame "fit").
    rescale: tuple[float, float] = (0.9, 1.1)  # the scale's range
    fit: bool | str = True  # the scale is relative to that at which the page fits; "width",
    # "height": at which that side does
    rotate: float = 1.0  # degrees, standard deviation
    turned: float = 0.99  # how often the page is turned, where it is turned at all
    pad: int = 0  # pixels all round in which the page may be shifted further
    centred: bool = False  # the middle of the page is seen, not a part drawn by lot
    shade: float = 0.0  # how often ink and paper are made darker or brighter
    cased: bool = True  # False: questions and answers are in small letters

    @classmethod
    def of(cls, given: dict[str, Any]) -> Part:
        """From a config's entry."""
        pairs: dict[str, Any] = {key: tuple(given[key]) for key in PAIRS if key in given}
        return cls(**{**given, **pairs})


NEEDED = ("name", "seed", "model", "card", "frame", "stages")
MORE = (
    *("start", "tokenizer", "precision", "cool_down", "warm_up", "mean", "schedule", "losses"),
    *("auxiliary", "teacher", "freeze", "slow", "validate", "remember", "optimizer", "monitor"),
    "log_every",
)
INHERITED = ("model", "frame", "card", "suppressed_token_ids")  # from the checkpoint to start with
# Keys that a config of the original has not: `--set` means the translation's.
OURS = {*NEEDED, *MORE} - {"name", "model", "optimizer"}
OPTIMIZER = {  # unless the config has another
    "type": "AdamW", "betas": [0.9, 0.98], "weight_decay": 0.01, "decay": "matrices",
    "clip": "norm",
}  # fmt: skip
FIT = {"mode": "fit"}  # the frame of checkpoints that name none
NUMBERS = (
    *("steps", "lr", "accumulate", "batch", "weight", "most_answer", "lines", "smallest"),
    *("warm_up", "documents", "every", "log_every"),
)
PART = tuple(each.name for each in fields(Part))


class ConfigError(ValueError):
    """A training config that cannot be followed; the message says in one sentence what to do."""


def read(
    path: Path, settings: Sequence[tuple[str, Any]] = (), data: str | None = None
) -> dict[str, Any]:
    """A training config with all its keys known, and windows that its model takes.

    What it leaves open of `model`, `frame` and `card` comes from the checkpoint to start with.

    Args:
        path: our config.
        settings: other values for keys, which may lie deeper: `stages.0.lr`. Of a config of the
            original for its own keys (`trainer.iterations`) and for ours (`precision`).
        data: the folder of all its data sets, in place of those that it names.

    Raises:
        CheckpointError: that checkpoint cannot be read.
        ConfigError: it cannot be read, or a key or a name in it is missing or unknown.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read ({error}): give a training config.") from error
    ours = [each for each in settings if is_original(config) and _root(each[0]) in OURS]
    for key, value in settings:
        if (key, value) not in ours:
            _set(config, key, value)
    if is_original(config):
        config = _of_original(config)
        for key, value in ours:
            _set(config, key, value)
        if "start" not in config:
            config.setdefault("tokenizer", VOCABULARY)
    if isinstance(config, dict) and "start" in config:
        start = load(config["start"]).config
        known = {key: start[key] for key in INHERITED if key in start}
        known["model"] = {**start["model"], **config.get("model", {})}
        config = {"frame": FIT, "card": {}, **known, **config, "model": known["model"]}
    _keys(config, "the config", NEEDED, (*MORE, *INHERITED))
    _frame(config["frame"])
    _numbers(config, "the config")
    _names((config.get("precision", "bf16"),), "its precision", ("bf16", "no"))
    _mean(config.get("mean", 0))
    _losses(config)
    _optimizer(config)
    _schedule(config)
    if "validate" in config:
        _data(config["validate"], "validate")
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
            _part(part, f"part {name!r} of stage {number}", config["frame"], model)
    if "monitor" in config:
        _monitor(config, model)
    if data is not None:
        for given in (config.get("validate"), *_data_of(config)):
            if given is not None:
                given["folder"] = data
    return config


def _data_of(config: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries `data` of all parts, those to be monitored too."""
    mixtures = [*config["stages"], *([config["monitor"]] if "monitor" in config else [])]
    parts = (part for mixture in mixtures for part in mixture["parts"].values())
    return [part["data"] for part in parts if "data" in part]


def _root(key: str) -> str:
    return key.partition(".")[0]


def _of_original(given: dict[str, Any]) -> dict[str, Any]:
    """A config of the original in our keys; says what is not taken over."""
    try:
        config = translated(given)
    except OriginalError as error:
        raise ConfigError(str(error)) from error
    except (AttributeError, KeyError, TypeError) as error:
        raise ConfigError(f"the original's config lacks something ({error}).") from error
    if ignored := left_out(given):
        print(f"Not taken over from the original's config: {', '.join(ignored)}", file=sys.stderr)
    return config


def _set(config: Any, key: str, value: Any) -> None:
    """Give a key another value; `a.0.b` is `b` in the first entry of the list `a`."""
    *way, last = key.split(".")
    try:
        place = config
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        place[int(last) if isinstance(place, list) else last] = value
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise ConfigError(f"there is no {key} in the config to be set.") from error


def draws_pages(config: dict[str, Any]) -> bool:
    """Whether some part is about synthetic pages, for which fonts are needed."""
    return any("data" not in p for stage in config["stages"] for p in stage["parts"].values())


def _frame(frame: Any) -> None:
    """Refuse a frame that cannot be used."""
    if isinstance(frame, dict) and frame.get("mode") == "fit":
        return _keys(frame, "its frame", ("mode",), ())
    _keys(frame, "its frame", ("mode", "text_height"), ("least", "step", "by_line"))
    return _names((frame["mode"],), "the mode of its frame", ("focus", "fit"))


def _mean(given: Any) -> None:
    """Refuse a share that no mean can keep."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < 1:
        raise ConfigError(f"its mean is {given!r}: give a number from 0, no mean, to below 1.")


def _losses(config: dict[str, Any]) -> None:
    """Refuse losses that there are not."""
    losses = config.get("losses", {})
    _keys(losses, "its losses", (), WEIGHTS)
    _names((losses.get("per", "token"),), "per of its losses", ("token", "answer"))
    if not 0 <= losses.get("smoothing", 0) < 1:
        raise ConfigError("smoothing of its losses must be from 0 to below 1.")
    if "teacher" in config and config["frame"]["mode"] != "fit":
        raise ConfigError("a teacher teaches models of whole pages only: take the frame 'fit'.")
    if config.get("remember") and ("start" not in config or "teacher" in config):
        raise ConfigError("to remember, it needs a checkpoint to `start` with, and no `teacher`.")


def _optimizer(config: dict[str, Any]) -> None:
    """Refuse an optimiser that PyTorch has not, or arguments that it does not take."""
    given = config.get("optimizer", OPTIMIZER)
    _keys(given, "its optimizer", ("type",), given)
    try:
        arguments = optimiser_arguments(given["type"]) - {"lr"}
    except OriginalError as error:
        raise ConfigError(str(error)) from error
    _keys(given, "its optimizer", ("type",), ("decay", "clip", *sorted(arguments)))
    _names((given.get("decay", "matrices"),), "decay of its optimizer", ("matrices", "all"))
    _names((given.get("clip", "norm"),), "clip of its optimizer", ("norm", "value"))


def _monitor(config: dict[str, Any], model: DessurtConfig) -> None:
    """Refuse a validation that cannot be done."""
    given = config["monitor"]
    _keys(given, "its monitor", ("every", "figure", "best", "parts"), ())
    _numbers(given, "its monitor")
    _names((given["best"],), "best of its monitor", ("max", "min", "none"))
    if config["frame"]["mode"] != "fit":
        raise ConfigError("a monitor is for models of whole pages: take the frame 'fit'.")
    for name, part in given["parts"].items():
        where = f"part {name!r} of its monitor"
        _part(part, where, config["frame"], model)
        if "data" not in part:
            raise ConfigError(f"{where} has no `data`: name a data set to validate on.")


def _schedule(config: dict[str, Any]) -> None:
    """Refuse a schedule that cannot be followed."""
    if "schedule" not in config:
        return
    given = config["schedule"]
    if not isinstance(given, dict) or given.get("kind") not in KINDS_OF_SCHEDULE:
        choice = ", ".join(KINDS_OF_SCHEDULE)
        raise ConfigError(f"its schedule needs a `kind`, one of: {choice}.")
    try:
        for iteration in (1, 1 << 40):
            multiplier(given, iteration)
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
        raise ConfigError(
            f"the schedule {given['kind']!r} lacks a key or has a wrong one ({error})."
        ) from error


def _part(part: Any, where: str, frame: dict[str, Any], model: DessurtConfig) -> None:
    """Refuse a part that cannot be drawn."""
    own = isinstance(part, dict) and "data" in part
    fit = frame["mode"] == "fit"
    needed = ("batch",) if own else ("batch", "tasks") if fit else ("batch", "tasks", "window")
    _keys(part, where, needed, PART)
    _numbers(part, where)
    if own:
        _names(part.get("tasks", ()), f"tasks of {where}", [task.token for task in tasks.TASKS])
        _data(part["data"], f"data of {where}")
    else:
        _names(part["tasks"], f"tasks of {where}", TASKS)
    _names(part.get("kinds", ()), f"kinds of {where}", KINDS)
    if part.get("text") is False and (own or fit or model.levels > 1):
        raise ConfigError(
            f"{where} needs text: only windows of synthetic pages go without, in a model of one "
            "level."
        )
    window = part.get("window")
    if window and fit:
        raise ConfigError(f"{where} has a window, but its frame shows whole pages: leave it away.")
    if window and not model.takes(window):
        raise ConfigError(
            f"the model does not take the window {window} of {where}: give sides "
            f"in whole windows of its attention, at most {list(model.image_size)}."
        )


def _data(given: Any, where: str) -> None:
    """Refuse what does not name a data set."""
    if not isinstance(given, dict) or "set" not in given:
        raise ConfigError(f"{where} names no set: give an object with the key 'set'.")


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
