"""Heads and position tables that only training uses.

Shapes: B batch, N = r c cells (image tokens), C image width.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dessurt.model import Dessurt
from dessurt.train.samples.cells import CLASSES, SLOTS

BLANK_SHARE = 0.25  # of the blank cells that enter the dense loss


class DenseHead(nn.Linear):
    """Characters of a cell from its image token."""

    def __init__(self, width: int) -> None:
        """`width` C of an image token."""
        super().__init__(width, SLOTS * CLASSES)

    def loss(self, tokens: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy of the characters in each cell, and the share of characters found.

        Labelled and blank cells count as two separate means: in one mean the few labelled ones
        would drown.

        Args:
            tokens: [B, r, c, C].
            cells: [B, N, SLOTS].
        """
        tokens = tokens.flatten(1, 2)
        labelled = cells[..., 0] > 0
        logits = self(tokens[labelled]).view(-1, SLOTS, CLASSES)
        target = cells[labelled]
        written = F.cross_entropy(logits.flatten(0, 1).float(), target.flatten())
        blank = tokens[~labelled]
        blank = blank[torch.rand(len(blank), device=blank.device) < BLANK_SHARE]
        first = F.linear(blank, self.weight[:CLASSES], self.bias[:CLASSES]).float()
        empty = F.cross_entropy(first, torch.zeros_like(first[:, 0], dtype=torch.long))
        with torch.no_grad():
            right = (logits.argmax(-1) == target)[target > 0].float().mean()
        return SLOTS * written + empty, right


class RowsAndColumns(nn.Module):
    """A position table [1, N, C] that is the sum of a vector for each row and each column."""

    def __init__(self, rows: int, columns: int) -> None:
        """The grid."""
        super().__init__()
        self.rows, self.columns = rows, columns

    def forward(self, vectors: Tensor) -> Tensor:
        """[rows + columns, C] -> [1, N, C]."""
        down, along = vectors.split([self.rows, self.columns])
        return (down[:, None] + along).flatten(0, 1)[None]

    def right_inverse(self, table: Tensor) -> Tensor:
        """The nearest such vectors of a table."""
        grid = table[0].unflatten(0, (self.rows, self.columns))
        along = grid.mean(0)
        return torch.cat([(grid - along).mean(1), along])


def wave_positions(model: Dessurt) -> None:
    """Start positions as sines (arXiv 1706.03762): then 'one further' is a turn, easily learnt."""
    width, (rows, columns) = model.config.decode_dim, model.config.grid(0)
    with torch.no_grad():
        nn.init.normal_(model.text_embedding.weight, std=width**-0.5)
        table = model.pos_1d_enc.weight
        table.copy_(_waves(len(table), table.shape[1]) * width**-0.5)
        half = model.config.im_embed_dim // 2
        y, x = _waves(rows, half), _waves(columns, half)
        both = torch.cat(
            [y[:, None].expand(-1, columns, -1), x[None].expand(rows, -1, -1)], -1
        )
        model.absolute_2dpos_embed.copy_(0.5 * both.flatten(0, 1)[None])


def _waves(length: int, width: int) -> Tensor:
    """[length, width]: sines and cosines of wave lengths from 4 to 2000 positions."""
    lengths = 4 * (500.0 ** torch.linspace(0, 1, width // 2))
    turns = 2 * math.pi * torch.arange(length)[:, None] / lengths
    return torch.cat([turns.sin(), turns.cos()], 1)
