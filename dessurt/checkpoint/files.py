"""Checkpoint files, read without running anything that is in them.

An official file is a pickled dictionary that carries the training logger as an object. It is read
with torch's weights-only unpickler, to which an inert class stands in for that logger; anything
else that a file asks to import is refused.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError

LONGEST_NAME = 80  # letters of what a file calls something, in a sentence


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message says in one sentence what to do."""


def read_official(path: Path) -> dict[str, Any]:
    """All that an official `.pth` holds; the training logger is an object without use.

    Raises:
        CheckpointError: it is damaged, tries to run code, or lacks config or weights.
    """
    file = _unpickle(path)
    if not isinstance(file, dict) or not isinstance(file.get("config"), dict):
        raise CheckpointError(f"{path.name} is not a Dessurt checkpoint: it carries no config.")
    if "state_dict" not in file or not isinstance(file["config"].get("model"), dict):
        raise CheckpointError(f"{path.name} is not a Dessurt checkpoint: it carries no weights.")
    return file


class InertLogger:
    """Stands in for the original's logger: keeps the pickled attributes, does nothing."""

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __getstate__(self) -> Any:
        return self.state


def _unpickle(path: Path) -> Any:
    scalar = np._core.multiarray.scalar  # type: ignore[attr-defined]
    allowed: list[Any] = [
        (InertLogger, "logger.logger.Logger"),
        (InertLogger, "logger.Logger"),
        (scalar, "numpy.core.multiarray.scalar"),
        (scalar, "numpy._core.multiarray.scalar"),
        np.dtype,
        *{type(np.dtype(kind)) for kind in ("float64", "float32", "int64", "int32", "bool")},
    ]
    try:
        with torch.serialization.safe_globals(allowed):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # After advice of its own, torch says what it met: something to run, or no pickle at all.
        met = str(error).rpartition("WeightsUnpickler error: ")[2]
        if any(sign in met for sign in ("GLOBAL", "allowlist", "Trying to call")):
            raise CheckpointError(
                f"{path.name} was refused: it holds more than weights and could run code on this "
                "computer. Use it only if you trust its source, and have them send plain weights."
            ) from error
        raise CheckpointError(
            f"{path.name} is no checkpoint, or a damaged one: download it again."
        ) from error
    except Exception as error:  # torch's reader raises almost anything for a damaged file
        raise CheckpointError(
            f"{path.name} is damaged ({reason(error)}): download it again."
        ) from error


def history_of(logger: Any) -> dict[int, dict[str, float]]:
    """The figures that the original's logger holds, by entry; none without a logger."""
    entries = getattr(logger, "state", {}).get("entries", {}) if logger is not None else {}
    return {
        int(number): {
            name: float(value)
            for name, value in entry.items()
            if isinstance(value, int | float | np.number)
        }
        for number, entry in entries.items()
        if isinstance(entry, dict)
    }


def reason(error: BaseException) -> str:
    """What is wrong with a file, in a few words."""
    if isinstance(error, KeyError):
        return f"it has no {short(error.args[0])}"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, SafetensorError | ValueError | OSError | RuntimeError):
        return short(error, 200)
    # All others speak of the program, not of the file.
    return "a value in it is of another kind than it should be"


def short(text: object, most: int = LONGEST_NAME) -> str:
    """The first line of it, cut."""
    return (str(text).splitlines() or [""])[0][:most].rstrip(".")
