"""What can be done to checkpoint files: the verbs of `dessurt checkpoint`.

Official `.pth` files stay files that the original can read. No file is changed half: each is
written beside its place and moved there when it is whole.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from dessurt.checkpoint.dessurt import load, model_from_state_dict
from dessurt.checkpoint.files import CheckpointError, InertLogger, history_of, read_official
from dessurt.checkpoint.official import reset
from dessurt.checkpoint.runs import STATE, read_state, write_state
from dessurt.run_log import LOG, Kind, read_log
from dessurt.whole_files import replacing, write_whole

LOGGER = "logger.logger"  # the module of the original's class
NO_FIGURES = ("step", "minutes", "kind", "iteration")

Series = dict[str, list[tuple[int, float]]]  # of each figure: step and value


def described(path: Path, weights: bool = False) -> str:
    """What a checkpoint is, for people; with `weights`, all its tensors too.

    Raises:
        CheckpointError: it cannot be read.
    """
    checkpoint = load(path)
    config, model = checkpoint.config, checkpoint.model.config
    state = checkpoint.model.state_dict()
    trainer, card = config.get("trainer", {}), config.get("card", {})
    lines = {
        "name": config.get("name", path.stem),
        "what": card.get("description", ""),
        "tasks": " ".join(card.get("tasks", ())),
        "quality": card.get("quality", ""),
        "weights": f"{sum(tensor.numel() for tensor in state.values()):,} in {len(state)} tensors",
        "image": "{} x {} pixels".format(*model.image_size),
        "layers": f"{model.layers} on {model.levels} levels, text {model.decode_dim} wide",
        "query, answer": f"{model.max_q_tokens} and {model.max_a_tokens} tokens at most",
        "vocabulary": f"{model.vocab_size:,} pieces",
        "iterations": _progress(config.get("iteration"), trainer.get("iterations")),
        "history": f"{len(checkpoint.history)} entries" if checkpoint.history else "",
    }
    if path.is_file():
        file = read_official(path)
        lines["also holds"] = ", ".join(
            key for key in ("optimizer", "swa_state_dict", "lr_schedule") if file.get(key)
        )
    told = [f"{key + ':':<15}{value}" for key, value in lines.items() if value]
    if weights:
        told += [f"{name}  {list(tensor.shape)}" for name, tensor in state.items()]
    return "\n".join(told)


def _progress(done: int | None, of: int | None) -> str:
    return "" if done is None else f"{done:,}" + (f" of {of:,}" if of else "")


def reset_training(source: Path, out: Path) -> Path:
    """Write a checkpoint, or a run of ours, as if its training had not begun.

    Args:
        source: an official `.pth`, or a folder of `runs`, whose weights are kept.
        out: a `.pth`, or a folder for `checkpoint-latest.pth`; or another folder for the run.

    Returns:
        the file written.

    Raises:
        CheckpointError: there is nothing to reset.
    """
    if source.is_dir():
        state = read_state(source)
        if state is None:
            raise CheckpointError(f"{source} is no run: it has no {STATE}.")
        out.mkdir(parents=True, exist_ok=True)
        begun = {"optimiser": None, "step": 0, "warm_from": 0, "seconds": 0.0}
        write_state(out, {"weights": state["weights"], **begun})
        (out / LOG).unlink(missing_ok=True)
        return out / STATE
    file = reset(read_official(source))
    out = out if out.suffix == ".pth" else out / "checkpoint-latest.pth"
    out.parent.mkdir(parents=True, exist_ok=True)
    write_official(file, out)
    return out


def config_of(path: Path) -> dict[str, Any]:
    """The config that a checkpoint carries, as `set_config` takes it.

    Raises:
        CheckpointError: it cannot be read.
    """
    config: dict[str, Any] = _contents(path)["config"]
    return config


def set_config(source: Path, config_file: Path, out: Path) -> None:
    """Write a checkpoint with another config.

    Raises:
        CheckpointError: the config cannot be read, or is not of the checkpoint's model.
    """
    try:
        config = json.loads(config_file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{config_file} cannot be read ({error}).") from error
    if not isinstance(config, dict) or not isinstance(config.get("model"), dict):
        raise CheckpointError(f"{config_file} has no section 'model': give a whole config.")
    contents = _contents(source)
    model_from_state_dict(contents["state_dict"], config["model"])  # does it fit?
    _write({**contents, "config": config}, source, out)


def rename_keys(source: Path, old: str, new: str, out: Path) -> int:
    """Write a checkpoint with another text in the names of its tensors.

    Returns:
        how many names changed.

    Raises:
        CheckpointError: no name holds the old text, or two would become one.
    """
    contents = _contents(source)
    changed = sum(old in name for name in contents["state_dict"])
    if not changed:
        raise CheckpointError(f"no tensor of {source} has {old!r} in its name.")
    for key in ("state_dict", "swa_state_dict"):
        weights = contents.get(key) or {}
        renamed = {name.replace(old, new): tensor for name, tensor in weights.items()}
        if len(renamed) < len(weights):
            raise CheckpointError(f"with {new!r} for {old!r} two tensors would have one name.")
        if weights:
            contents[key] = renamed
    _write(contents, source, out)
    return changed


def series(path: Path) -> Series:
    """The logged figures of a run's folder, its log, a checkpoint, or an exported table.

    Raises:
        CheckpointError: there are none.
    """
    log = path / LOG if path.is_dir() else path
    if log.suffix == ".csv" and log.is_file():
        return _read_table(log)
    if log.suffix == ".jsonl" and log.is_file():
        entries: list[tuple[int, Mapping[str, Any]]] = [
            (each["step"], {f"{each['kind']}/{key}": value for key, value in each.items()})
            for each in read_log(log)
            if "step" in each and each.get("kind") not in (Kind.SKIPPED, Kind.PHASE)
        ]
    else:
        entries = [(int(each.get("iteration", number)), each)
                   for number, each in _history(path).items()]  # fmt: skip
    found: Series = {}
    for step, figures in entries:
        for name, value in figures.items():
            if name.split("/")[-1] not in NO_FIGURES and isinstance(value, int | float):
                found.setdefault(name, []).append((step, float(value)))
    if not found:
        raise CheckpointError(f"{path} has no logged figures.")
    return found


def export_history(path: Path, out: Path) -> int:
    """Write all logged figures as a table: `figure,step,value`.

    Returns:
        how many figures there are.

    Raises:
        CheckpointError: there are none.
    """
    figures = series(path)
    with replacing(out) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("figure", "step", "value"))
        for name, points in figures.items():
            table.writerows((name, step, value) for step, value in points)
    return len(figures)


def _read_table(path: Path) -> Series:
    """What `export_history` wrote."""
    found: Series = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                point = int(row["step"]), float(row["value"])
                found.setdefault(row["figure"], []).append(point)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} is no table of figure, step and value ({error}).") from error
    if not found:
        raise CheckpointError(f"{path} has no logged figures.")
    return found


def write_official(file: Mapping[str, Any], path: Path) -> None:
    """Write an official `.pth` that the original reads too, its logger under its own name."""
    with _as_originals_logger(), replacing(path) as partial:
        torch.save(dict(file), partial)


def _contents(source: Path) -> dict[str, Any]:
    """Config and tensors of a file or a folder."""
    if not source.exists():
        raise CheckpointError(f"There is no checkpoint at {source}: check the path.")
    if source.is_file():
        return dict(read_official(source))
    load(source)  # says what is wrong with it
    config = json.loads((source / "config.json").read_text(encoding="utf-8-sig"))
    return {"config": config, "state_dict": load_file(source / "model.safetensors")}


def _write(contents: dict[str, Any], source: Path, out: Path) -> None:
    """Write contents as what `source` is, a file or a folder."""
    if source.is_file():
        out.parent.mkdir(parents=True, exist_ok=True)
        return write_official(contents, out)
    out.mkdir(parents=True, exist_ok=True)
    with replacing(out / "model.safetensors") as partial:
        save_file(contents["state_dict"], partial)
    text = json.dumps(contents["config"], indent=1, ensure_ascii=False) + "\n"
    write_whole(out / "config.json", text.encode())
    for name in ("tokenizer.json", "CARD.md"):
        if (source / name).is_file() and out.resolve() != source.resolve():
            shutil.copyfile(source / name, out / name)
    return None


def _history(path: Path) -> Mapping[Any, Mapping[str, Any]]:
    if path.is_file():
        return history_of(read_official(path).get("logger"))
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} has no logged figures: give a run's folder, a log or a checkpoint."
        ) from error
    return config.get("history", {})


@contextmanager
def _as_originals_logger() -> Iterator[None]:
    """Meanwhile the class that stands in for the original's logger is pickled as that one."""
    package, module = types.ModuleType("logger"), types.ModuleType(LOGGER)
    module.Logger = InertLogger  # type: ignore[attr-defined]
    own = InertLogger.__module__, InertLogger.__qualname__
    before = {name: sys.modules.get(name) for name in ("logger", LOGGER)}
    try:
        sys.modules.update({"logger": package, LOGGER: module})
        InertLogger.__module__, InertLogger.__qualname__ = LOGGER, "Logger"
        yield
    finally:
        InertLogger.__module__, InertLogger.__qualname__ = own
        for name, old in before.items():
            sys.modules.pop(name)
            if old is not None:
                sys.modules[name] = old
