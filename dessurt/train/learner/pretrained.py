"""What a model without a checkpoint begins with in the original: the tables of facebook/bart-base.

The token embedding starts as BART's, whose vectors are cut to the model's width, and the positions
as those of its decoder, 768 wide; behind them stands an adapter where the model has another width
(`model.init_from_pretrained` of the original's config). Only these two tables are read, and nothing
of a file is run.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from dessurt.checkpoint import OFFICIAL_TOKENIZER, CheckpointError
from dessurt.model import Dessurt

FILES = ("model.safetensors", "pytorch_model.bin")
TABLES = ("shared.weight", "decoder.embed_positions.weight")


def begin_as_bart(model: Dessurt, source: str) -> None:
    """Give a model BART's token embedding and positions.

    Args:
        model: A model with BART's vocabulary, to which pieces may have been added.
        source: A folder with `model.safetensors` or `pytorch_model.bin`, or facebook/bart-base,
            which is taken from the Hugging Face hub or its cache.

    Raises:
        CheckpointError: The weights are missing, or of another vocabulary; the model stays.
    """
    embedding, positions = _tables(_file(source))
    table = model.text_embedding.weight
    if len(embedding) > len(table) or embedding.shape[1] < table.shape[1]:
        raise CheckpointError(
            f"BART's embedding of {list(embedding.shape)} in {source} is not of a model of "
            f"{list(table.shape)}."
        )
    with torch.no_grad():
        table[: len(embedding)] = embedding[:, : table.shape[1]]
        rows, width = (min(pair) for pair in zip(model.pos_1d_enc.weight.shape, positions.shape,
                                                 strict=True))  # fmt: skip
        model.pos_1d_enc.weight[:rows, :width] = positions[:rows, :width]


def _file(source: str) -> Path:
    """The file with the weights, fetched if need be."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    if source != OFFICIAL_TOKENIZER or Path(source).is_dir():
        found = [path for name in FILES if (path := Path(source) / name).is_file()]
        if not found:
            raise CheckpointError(f"{source} has neither {FILES[0]} nor {FILES[1]}.")
        return found[0]
    for name in FILES:
        try:
            return Path(hf_hub_download(source, name))
        except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
            reason = error
    raise CheckpointError(f"The weights of {source} could not be downloaded: go online once, or "
                          f"put {FILES[0]} into the tokenizer's folder.") from reason  # fmt: skip


def _tables(path: Path) -> tuple[Tensor, Tensor]:
    """BART's token embedding [V, 768] and its decoder's positions [1026, 768]."""
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as file:
                names = {name.removeprefix("model."): name for name in file.keys()}  # noqa: SIM118
                first, second = (file.get_tensor(names[name]) for name in TABLES)
        else:
            weights = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
            names = {name.removeprefix("model."): name for name in weights}
            first, second = (weights[names[name]] for name in TABLES)
    except KeyError as error:
        raise CheckpointError(f"{path} is not of BART: it lacks {error}.") from error
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, OSError, ValueError,
            TypeError, AttributeError) as error:  # fmt: skip
        raise CheckpointError(f"{path} is damaged: copy it again.") from error
    if first.ndim != 2 or second.ndim != 2:
        raise CheckpointError(f"{path} is not of BART: its tables have other dimensions.")
    return first, second
