"""Checkpoints of Dessurt: official `.pth` files, and folders of our own.

Our folder: `config.json`, `model.safetensors`, `tokenizer.json`, and `CARD.md` for people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from dessurt.checkpoint.files import CheckpointError, history_of, read_official, reason, short
from dessurt.model.config import DessurtConfig
from dessurt.model.model import Dessurt
from dessurt.model.tokenizer import Tokenizer
from dessurt.whole_files import replacing, write_whole

# What a file raises that is of no model: it lacks a key, is of other types, claims too much.
_UNFIT = (
    LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RuntimeError, MemoryError,
)  # fmt: skip
# Of torch's parallel and compiled models, and of a model that is a part of a trainer's.
WRAPPINGS = ("module.", "_orig_mod.", "model.")
TASK_TABLES = (
    "query_special_token_embedder.emb.weight",
    "query_special_start_token_embedder.emb.weight",
)
AVERAGED = "n_averaged"  # how many models torch's AveragedModel is the mean of
# Rebuilt from the geometry when a model is made.
BUFFERS = ("relative_position_index", "attn_mask")
TIED = ("answer_decode.0.weight", "answer_decode.weight")  # the token embedding once more
OFFICIAL_TOKENIZER = "facebook/bart-base"
# Probability zero while writing: BART's ids of "§" and of the first bytes of "¿".
OFFICIAL_SUPPRESSED = (47847, 4056)


@dataclass(frozen=True)
class Checkpoint:
    """A model and what belongs to it."""

    model: Dessurt
    given_tokenizer: Tokenizer | None  # None: facebook/bart-base, looked for when it is needed
    config: dict[str, Any]  # the whole config; config["model"] describes the model
    history: dict[int, dict[str, float]] = field(default_factory=dict)  # logged metrics by entry
    path: Path | None = None

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The vocabulary; official files do not carry theirs.

        Raises:
            CheckpointError: it is neither beside the file nor to be had from the hub, or it has
                more pieces than the model knows.
        """
        beside = (self.path.parent if self.path else Path()) / "tokenizer"
        tokenizer = self.given_tokenizer or open_tokenizer(
            beside if beside.is_dir() else OFFICIAL_TOKENIZER
        )
        known = self.model.config.vocab_size
        if tokenizer.vocab_size > known:
            raise CheckpointError(
                f"The tokenizer has {tokenizer.vocab_size} pieces but the model knows {known}: "
                f"name the folder of the one that it was trained with by --tokenizer, or put it "
                f"into {beside}."
            )
        return tokenizer

    @property
    def suppressed(self) -> tuple[int, ...]:
        """Token ids that are never written."""
        return tuple(self.config.get("suppressed_token_ids", ()))


def load(path: str | Path, tokenizer: Tokenizer | None = None) -> Checkpoint:
    """Read an official `.pth` or our folder.

    Args:
        path: the file or the folder.
        tokenizer: the one for an official file (see `open_tokenizer`); by default that in a folder
            `tokenizer` beside the file, else facebook/bart-base, opened when it is first needed.

    Raises:
        CheckpointError: it is missing, damaged, of another architecture, or tries to run code.
    """
    path = Path(path)
    if not path.exists():
        raise CheckpointError(f"There is no checkpoint at {path}: check the path.")
    try:
        checkpoint = _load_folder(path) if path.is_dir() else _load_official(path, tokenizer)
        _check_settings(checkpoint)
        return checkpoint
    except CheckpointError:
        raise
    except _UNFIT as error:
        told = reason(error)
        raise CheckpointError(f"{path.name} is damaged ({told}): copy it again.") from error


def model_from_state_dict(state_dict: Mapping[str, Tensor], model_config: Mapping) -> Dessurt:
    """Build a model from the original's weights.

    Sizes that the original's config leaves open are read off the tensors: the vocabulary, the
    position table (768 wide or as wide as the text), the rows of the task tables.

    Args:
        state_dict: original key names, also as trainers wrap them (`module.`, `_orig_mod.`,
            `model.`) or torch's AveragedModel does.
        model_config: the original's `config["model"]`.

    Raises:
        CheckpointError: keys or shapes are not those of the config's model.
    """
    weights = _canonical(state_dict)
    try:
        vocab_size = weights["text_embedding.weight"].shape[0]
        rows, width = weights["pos_1d_enc.weight"].shape
        config = DessurtConfig.from_dict(
            {**model_config, "position_rows": rows, "position_width": width}, vocab_size
        )
        if config.layers > len(weights):
            raise ValueError(f"{config.layers} layers, but {len(weights)} tensors")
        held = sum(tensor.numel() for tensor in weights.values())
        if config.least_parameters > held:  # a config can claim any size, and take all memory
            raise ValueError(
                f"the config is of more than {config.least_parameters:,} numbers, and {held:,} "
                "are there"
            )
        model = Dessurt(config)
    except CheckpointError:
        raise
    except _UNFIT as error:
        raise CheckpointError(f"This is not a Dessurt checkpoint ({reason(error)}).") from error
    expected = model.state_dict()
    for name in TASK_TABLES:
        if name in weights and len(weights[name]) != len(expected[name]):
            # Older files know fewer tasks; the others keep their initial vectors.
            known = min(len(weights[name]), len(expected[name]))
            weights[name] = torch.cat([weights[name][:known], expected[name][known:]])
    _compare(expected, weights)
    model.load_state_dict(weights)
    return model.eval()


def save(checkpoint: Checkpoint, folder: str | Path, dtype: torch.dtype = torch.float32) -> None:
    """Write our folder, each file whole or not at all.

    Args:
        checkpoint: what to write.
        folder: made if missing.
        dtype: the type of the stored weights; float16 halves the file.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: tensor.detach().to("cpu", dtype).contiguous()
        for name, tensor in checkpoint.model.state_dict().items()
    }
    config = {
        "kind": "dessurt",
        "arch": "Dessurt",
        **checkpoint.config,
        "model": dict(checkpoint.model.config.source),
        "history": checkpoint.history,
    }
    with replacing(folder / "model.safetensors") as partial:
        save_file(weights, partial)
    text = json.dumps(config, indent=1, ensure_ascii=False) + "\n"
    write_whole(folder / "config.json", text.encode())
    with replacing(folder / "tokenizer.json") as partial:
        checkpoint.tokenizer.backend.save(str(partial))


def convert(path: str | Path, folder: str | Path, tokenizer: Tokenizer | None = None) -> Checkpoint:
    """Write an official `.pth` as our folder, after which no network is needed.

    Raises:
        CheckpointError: see `load`.
    """
    checkpoint = load(path, tokenizer)
    save(checkpoint, folder)
    return checkpoint


def _load_folder(folder: Path) -> Checkpoint:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8-sig"))
        weights = load_file(folder / "model.safetensors")
        tokenizer = Tokenizer.open(folder)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{folder} is not a checkpoint folder: it needs config.json, model.safetensors and "
            f"tokenizer.json ({error})."
        ) from error
    except (SafetensorError, ValueError, OSError, RecursionError) as error:
        told = reason(error)
        raise CheckpointError(f"{folder} is damaged ({told}): copy it again.") from error
    if not isinstance(config, dict) or not isinstance(config.get("model"), dict):
        raise CheckpointError(f"{folder}/config.json has no section 'model': copy it again.")
    history = {int(entry): metrics for entry, metrics in config.pop("history", {}).items()}
    weights = {name: tensor.float() for name, tensor in weights.items()}
    model = model_from_state_dict(weights, config["model"])
    return Checkpoint(model, tokenizer, config, history, folder)


def _load_official(path: Path, tokenizer: Tokenizer | None) -> Checkpoint:
    file = read_official(path)
    config = file["config"]
    arch = config.get("arch", file.get("arch"))
    if arch not in ("Dessurt", "MmSwin", "DistributedDataParallel"):
        raise CheckpointError(
            f"{path.name} holds a model of architecture {short(arch)}, not Dessurt."
        )
    weights = file["state_dict"]
    swa_start = config.get("trainer", {}).get("swa_start", 0)
    if file.get("swa_state_dict") and file.get("iteration", 0) > (swa_start or 0):
        weights = {k: v for k, v in file["swa_state_dict"].items() if k.startswith("module.")}
    model = model_from_state_dict(weights, config["model"])
    # A vocabulary of another size means other ids: nothing is suppressed there.
    if model.config.vocab_size > max(OFFICIAL_SUPPRESSED):
        config = {"suppressed_token_ids": list(OFFICIAL_SUPPRESSED), **config}
    config = {"iteration": file.get("iteration"), **config}
    return Checkpoint(model, tokenizer, config, history_of(file.get("logger")), path)


def open_tokenizer(source: str | Path) -> Tokenizer:
    """A vocabulary, which official files do not carry.

    Args:
        source: a folder with `tokenizer.json`, or `vocab.json` and `merges.txt`; or
            facebook/bart-base, which is taken from the Hugging Face hub or its cache.

    Raises:
        CheckpointError: the folder has none, or a damaged one; or the hub cannot be reached.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    from_hub = str(source) == OFFICIAL_TOKENIZER and not Path(source).is_dir()
    try:
        if from_hub:
            wanted = ["vocab.json", "merges.txt", "tokenizer.json"]
            source = snapshot_download(OFFICIAL_TOKENIZER, allow_patterns=wanted)
        return Tokenizer.open(source)
    except ValueError as error:
        raise CheckpointError(f"The tokenizer in {source} is damaged ({error}).") from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = "could not be downloaded" if from_hub else f"cannot be read ({error})"
        raise CheckpointError(
            f"The tokenizer {source} {reason}: name by --tokenizer a folder with the vocab.json "
            f"and merges.txt of {OFFICIAL_TOKENIZER}, or go online once."
        ) from error


def _canonical(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names of today's model: no wrapping, no buffers, the tied embedding once."""
    weights = {}
    for name, tensor in state_dict.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise CheckpointError(f"This is not a Dessurt checkpoint: {short(name)} is no weight.")
        if name.endswith(BUFFERS) or _unwrapped(name) == AVERAGED:
            continue
        plain = tensor.layout == torch.strided and tensor.device.type != "meta"
        if not plain or not tensor.is_floating_point():
            raise CheckpointError(
                f"The weights cannot be used: {short(name)} is not an array of floating point."
            )
        weights[_unwrapped(name)] = tensor
    for name in TIED:
        # Stored twice; where the copies differ, the original's loader lets this one win.
        if name in weights:
            weights["text_embedding.weight"] = weights.pop(name)
    return weights


def _unwrapped(name: str) -> str:
    while wrapping := next(filter(name.startswith, WRAPPINGS), ""):
        name = name.removeprefix(wrapping)
    return name


def _compare(expected: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> None:
    problems = [f"{name} is missing" for name in expected if name not in weights]
    problems += [f"{short(name)} is unknown" for name in weights if name not in expected]
    problems += [
        f"{name} is {list(weights[name].shape)}, not {list(expected[name].shape)}"
        for name in expected
        if name in weights and weights[name].shape != expected[name].shape
    ]
    if problems:
        more = f", and {len(problems) - 1} more like this" if len(problems) > 1 else ""
        raise CheckpointError(f"The weights do not fit the config: {problems[0]}{more}.")


def _check_settings(checkpoint: Checkpoint) -> None:
    """Of what a config says beside the model, all that is used must be of the right kind.

    Raises:
        CheckpointError: it is not.
    """
    config = checkpoint.config
    card, frame, reader = (config.get(name, {}) for name in ("card", "frame", "reader"))
    known = range(checkpoint.model.config.vocab_size)
    checks = {
        "card": isinstance(card, dict) and _are(str, card.get("tasks", [])),
        "frame": isinstance(frame, dict)
        and _are(str, frame.get("by_line", []))
        and _are(int, frame.get("least") or [])
        and len(frame.get("least") or (1, 1)) == 2
        and all(
            isinstance(frame.get(name, 1), int | float) and 1 <= frame.get(name, 1) <= 10_000
            for name in ("text_height", "step")
        )
        and (frame.get("mode") != "focus" or "text_height" in frame),
        "reader": isinstance(reader, dict) and _are(str, reader.get("tasks", [])),
        "suppressed_token_ids": _are(int, checkpoint.suppressed)
        and all(id_ in known for id_ in checkpoint.suppressed),
    }
    for name, right in checks.items():
        if not right:
            raise CheckpointError(
                f"The config's {name!r} is not what a Dessurt checkpoint has: copy it again."
            )


def _are(kind: type, values: Any) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(each, kind) for each in values)
