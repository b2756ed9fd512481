"""The learner: a Dessurt with the auxiliary heads that are dropped when training ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dessurt.checkpoint import Checkpoint, save
from dessurt.model import Dessurt, DessurtConfig, Tokenizer
from dessurt.train import dense
from dessurt.train.vocabulary import tokenizer


class Student(nn.Module):
    """A Dessurt and the linear heads for the dense losses."""

    def __init__(self, config: dict[str, Any]) -> None:
        """`config`: a whole training config."""
        super().__init__()
        self.tokenizer = Tokenizer(tokenizer())
        self.model = Dessurt(DessurtConfig.from_dict(config["model"], self.tokenizer.vocab_size))
        self.after_cnn = dense.DenseHead(self.model.config.im_embed_dim)
        self.after_swin = dense.DenseHead(self.model.config.im_embed_dim)
        self.model.patch_embed.to(memory_format=torch.channels_last)

    def prepare(self, stage: dict[str, Any]) -> None:
        """Set what differs between stages: `dropout`, the window's size."""
        for module in self.model.modules():
            if isinstance(module, nn.Dropout | nn.Dropout2d):
                module.p = stage.get("dropout", 0.0)

    def batches(self, stage: dict[str, Any], seed: int) -> Iterator[tuple[Tensor, ...]]:
        """Batches of a stage, without end."""
        return dense.batches(seed, stage["batch"], tuple(stage["window"]))

    def loss(
        self, stage: dict[str, Any], batch: tuple[Tensor, ...], progress: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch and figures to report."""
        image, cells = batch
        loss, right = self.after_cnn.loss(self.model.patch_embed(image), cells)
        return loss, {"loss": loss.detach(), "right": right}

    def export(self, folder: Path, config: dict[str, Any]) -> None:
        """Write the model as a checkpoint folder."""
        about = {"frame": config["frame"], "name": config["name"]}
        save(Checkpoint(self.model, self.tokenizer, about), folder, torch.float16)
