"""Checkpoints: how they are read, written, converted, looked into and looked after."""

from dessurt.checkpoint.dessurt import (
    BUFFERS,
    OFFICIAL_TOKENIZER,
    TIED,
    Checkpoint,
    convert,
    load,
    model_from_state_dict,
    open_tokenizer,
    save,
)
from dessurt.checkpoint.files import CheckpointError, InertLogger, read_official

__all__ = [
    "BUFFERS",
    "OFFICIAL_TOKENIZER",
    "TIED",
    "Checkpoint",
    "CheckpointError",
    "InertLogger",
    "convert",
    "load",
    "model_from_state_dict",
    "open_tokenizer",
    "read_official",
    "save",
]
