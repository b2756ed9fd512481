"""Opening a checkpoint: of which kind it is, and who opens that kind."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from dessurt.checkpoint.files import CheckpointError, short
from dessurt.protocol import Instrument
from dessurt.reader.line_memory import LineReader
from dessurt.reader.reader import LineByLine

# The `"kind"` that a folder's config.json may name, and the function that opens such a folder. A
# folder that names none, and every file, is Dessurt.
KINDS = {"dessurt": "dessurt.instrument:open_checkpoint"}


def open_model(
    path: str | Path, device: str = "auto", tokenizer: str | Path | None = None
) -> Instrument:
    """Open a checkpoint for asking.

    Args:
        path: an official `.pth`, a folder, or a Hugging Face repository ("owner/name").
        device: a name that `device_of` knows.
        tokenizer: the folder with an official file's vocabulary; by default a folder `tokenizer`
            beside the file, or facebook/bart-base from the Hugging Face hub.

    Raises:
        CheckpointError: it cannot be read or fetched, or the device is not there.
    """
    local = Path(path)
    if not local.exists() and str(path).count("/") == 1 and not str(path).startswith((".", "/")):
        local = _download(str(path))
    config = _config(local)
    module, _, function = KINDS[_kind(config, local.name)].partition(":")
    opener = getattr(importlib.import_module(module), function)
    return with_reader(opener(local, device_of(device), tokenizer), config)


def _kind(config: Mapping[str, Any], name: str) -> str:
    """One of `KINDS`."""
    kind = config.get("kind", "dessurt")
    if not isinstance(kind, str) or kind not in KINDS:
        raise CheckpointError(
            f"{name} is a checkpoint of the kind {short(kind)}, which is not known here: "
            f"known is {', '.join(KINDS)}."
        )
    return kind


def with_reader(model: LineReader, config: Mapping[str, Any]) -> Instrument:
    """A model that answers line by line what its config lists: `"reader": {"tasks": [...]}`.

    The older place of the list, `"frame": {"by_line": [...]}`, is still read.

    Args:
        model: the model.
        config: the config of its checkpoint, which whoever opened the model has checked.
    """
    by_line = config.get("frame", {}).get("by_line", ())
    tasks = config.get("reader", {}).get("tasks", by_line)
    return LineByLine(model, tasks) if tasks else model


def _config(path: Path) -> dict[str, Any]:
    """The config of a folder, {} for a file; whoever opens a folder says what is wrong with it."""
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return config if isinstance(config, dict) else {}


def device_of(name: str) -> torch.device:
    """The device of a name: "auto" (a GPU if there is one), "cpu", "cuda", "cuda:1" and so on.

    Raises:
        CheckpointError: there is no such device here.
    """
    gpus = torch.cuda.device_count()
    if name == "auto":
        return torch.device("cuda" if gpus else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise CheckpointError(
            f"There is no device {name!r}: take auto, cpu, cuda or cuda:NUMBER."
        ) from None
    if device.type == "cuda" and not gpus:
        raise CheckpointError(f"PyTorch finds no GPU here for the device {name}: take cpu.")
    if device.type == "cuda" and (device.index or 0) >= gpus:
        raise CheckpointError(f"There is no GPU {name} here: the last one is cuda:{gpus - 1}.")
    return device


def _download(repository: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    files = ["config.json", "model.safetensors", "tokenizer.json", "CARD.md"]
    try:
        return Path(snapshot_download(repository, allow_patterns=files))
    except (HfHubHTTPError, LocalEntryNotFoundError, HFValidationError, OSError) as error:
        raise CheckpointError(
            f"There is no file or folder {repository}, and it could not be fetched from the "
            "Hugging Face hub: check the name, or go online."
        ) from error
