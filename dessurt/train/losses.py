"""What is minimised: the text, where it was read, which letters lie where, and the region."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from dessurt.model.model import Dessurt
from dessurt.model.tokenizer import PAD
from dessurt.train.examples import CLASSES, SLOTS, Batch

POINTING_HEADS = 2  # of each text layer but the first


class LetterHead(nn.Module):
    """Image tokens to the letters in their cells; used in training only."""

    def __init__(self, width: int) -> None:
        """`width` C of an image token."""
        super().__init__()
        self.linear = nn.Linear(width, SLOTS * CLASSES)

    def forward(self, tokens: Tensor) -> Tensor:
        """[B, N, C] -> [B, N, SLOTS, CLASSES]."""
        return self.linear(tokens).unflatten(-1, (SLOTS, CLASSES))


def letter_loss(logits: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
    """Cross entropy of the letters, and the share of letters that are right.

    Filled and blank slots count as two separate means: blanks are so many that a plain mean
    would drown the letters.

    Args:
        logits: [B, N, SLOTS, CLASSES].
        cells: [B, SLOTS, H/8, W/8].
    """
    target = rearrange(cells, "b s r c -> b (r c) s").flatten()
    flat = logits.flatten(0, 2).float()
    losses = F.cross_entropy(flat, target, reduction="none")
    filled = target > 0
    right = (flat.argmax(-1) == target)[filled].float().mean()
    return losses[filled].mean() + losses[~filled].mean(), right


def text_loss(logits: Tensor, answer: Tensor) -> Tensor:
    """Cross entropy per token: logits [B, A, V] against answer [B, A + 1]."""
    return F.cross_entropy(
        logits.flatten(0, 1).float(), answer[:, 1:].flatten(), ignore_index=PAD, label_smoothing=0.02
    )


def region_loss(region: Tensor, target: Tensor) -> Tensor:
    """Focal loss (arXiv 1708.02002, gamma 2) of a region [B, 1, H, W], 0..1."""
    right = torch.where(target > 0.5, region, 1 - region).float().clamp_min(1e-6)
    return -((1 - right) ** 2 * right.log()).mean()


class Pointing:
    """Listens to the text layers, and tells how well some heads look at the letter to be written.

    The generator knows where each letter stands, so the decoder need not find out by itself that
    reading is looking at one letter after another.
    """

    def __init__(self, model: Dessurt) -> None:
        """Listen to `model`."""
        self.queries: dict[int, Tensor] = {}
        self.keys: dict[int, Tensor] = {}
        self.heads = model.config.decode_num_heads
        for i, layer in enumerate(model.swin_layers):
            if i == 0 or layer[2] is None:
                continue
            linears = layer[2].self_attn.linears
            linears[0].register_forward_hook(_keep(self.queries, i))
            linears[1].register_forward_hook(_keep(self.keys, i))

    def loss(self, batch: Batch) -> Tensor:
        """-log of the attention on the letter's cell and those above and below it."""
        length, columns = batch.places.shape[1], batch.cells.shape[-1]
        cells = batch.cells.shape[-2] * columns
        wanted = batch.places >= 0
        place = batch.places.clamp_min(0)
        total = torch.zeros((), device=batch.image.device)
        for i, queries in self.queries.items():
            width = queries.shape[-1] // self.heads
            used = POINTING_HEADS * width
            query = queries[:, -length:, :used].unflatten(-1, (POINTING_HEADS, width))
            key = self.keys[i][:, :cells, :used].unflatten(-1, (POINTING_HEADS, width))
            scores = torch.einsum("bthd,bnhd->bthn", query, key).float() / width**0.5
            log_p = scores.log_softmax(-1)
            near = torch.stack(
                [(place + step * columns).clamp(0, cells - 1) for step in (-1, 0, 1)], -1
            )
            near = near[:, :, None].expand(-1, -1, POINTING_HEADS, -1)
            mass = log_p.gather(-1, near).logsumexp(-1).clamp_max(0).mean(-1)
            total = total - mass[wanted].mean()
        return total / max(len(self.queries), 1)


def _keep(store: dict[int, Tensor], i: int):  # noqa: ANN202
    def hook(module: nn.Module, inputs: object, output: Tensor) -> None:
        store[i] = output

    return hook
