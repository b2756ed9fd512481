"""The learner: a Dessurt with the auxiliary heads that are dropped when training ends.

Shapes: B batch, N cells (image tokens), C image width, Q query tokens, A answer tokens, D text
width, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dessurt.checkpoint import Checkpoint, save
from dessurt.decode import greedy
from dessurt.model import Dessurt, DessurtConfig, Tokenizer
from dessurt.model.tokenizer import PAD
from dessurt.train import dense, reading
from dessurt.train.cells import BEFORE, CELL, CLASSES
from dessurt.train.vocabulary import tokenizer

POINTERS = 2  # attention heads of each text layer but the first that are told where to look
REGION_EVERY = 8  # steps


class Student(nn.Module):
    """A Dessurt and the linear heads for the dense losses."""

    def __init__(self, config: dict[str, Any]) -> None:
        """`config`: a whole training config."""
        super().__init__()
        self.config = config
        self.tokenizer = Tokenizer(tokenizer())
        self.model = Dessurt(DessurtConfig.from_dict(config["model"], self.tokenizer.vocab_size))
        width = self.model.config.im_embed_dim
        self.after_cnn = dense.DenseHead(width)
        self.after_swin = dense.DenseHead(width)
        self.context = nn.Linear(width, BEFORE * CLASSES)
        self.model.patch_embed.to(memory_format=torch.channels_last)
        self.columns = self.model.config.grid(0)[1]
        self.steps = 0
        query, _ = self.tokenizer.encode_query("", self.model.config.max_q_tokens)
        self.register_buffer("query", torch.tensor(query), persistent=False)
        _wave_positions(self.model)

    def prepare(self, stage: dict[str, Any]) -> None:
        """Set what differs between stages: `dropout` and the `window`."""
        for module in self.model.modules():
            if isinstance(module, nn.Dropout | nn.Dropout2d):
                module.p = stage.get("dropout", 0.0)
        rows, self.columns = (side // CELL for side in stage["window"])
        for swin, *_ in self.model.swin_layers:
            if swin is not None:
                swin.grid = (rows, self.columns)

    def batches(
        self, stage: dict[str, Any], seed: int, held_out: bool = False
    ) -> Iterator[tuple[Tensor, ...]]:
        """Batches of a stage, without end."""
        window = (int(stage["window"][0]), int(stage["window"][1]))
        if stage["kind"] == "dense":
            return dense.batches(seed, stage["batch"], window, held_out)
        height, most = self.config["frame"]["text_height"], self.model.config.max_a_tokens
        return reading.batches(
            seed, stage["batch"], window, height, self.tokenizer, most, held_out
        )

    def loss(
        self, stage: dict[str, Any], batch: tuple[Tensor, ...], progress: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch, and figures to report; `progress` 0..1 through the stage."""
        if stage["kind"] == "dense":
            image, cells = batch
            loss, right = self.after_cnn.loss(self.model.patch_embed(image), cells)
            return loss, {"loss": loss.detach(), "right": right}
        return self._reading_loss(stage, batch, progress)

    def _reading_loss(
        self, stage: dict[str, Any], batch: tuple[Tensor, ...], progress: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        image, cells, context, rows, answer, places = batch
        first = self.model.patch_embed(image)
        logits, last, point = self._read(first, rows, answer[:, :-1], places)
        target = answer[:, 1:]
        text = F.cross_entropy(
            logits.flatten(0, 1).float(), target.flatten(), ignore_index=PAD,
            label_smoothing=stage.get("smoothing", 0.0),
        )  # fmt: skip
        early, right = self.after_cnn.loss(first, cells)
        late, _ = self.after_swin.loss(last, cells)
        labelled = cells[..., 0] > 0
        before = F.cross_entropy(
            self.context(last[labelled]).view(-1, CLASSES).float(), context[labelled].flatten()
        )
        start, end = stage.get("pointing", (0.5, 0.5))
        pull = start + (end - start) * progress
        loss = text + pull * point + 0.15 * (early + late) + 0.15 * before
        self.steps += 1
        if self.steps % REGION_EVERY == 0:
            region = self.model.upsample_net(last, (image.shape[2] // CELL, self.columns))
            loss = loss + _focal(region, image[:, 1:] > 0)
        with torch.no_grad():
            wanted = target != PAD
            hit = (logits.argmax(-1) == target)[wanted].float().mean()
        figures = {"text": text, "hit": hit, "point": point, "before": before, "right": right}
        return loss, {name: value.detach() for name, value in figures.items()}

    def _read(
        self, first: Tensor, rows: Tensor, answer: Tensor, places: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """`Dessurt.forward` for a window of any width, and how well the text layers point.

        Returns:
            Logits [B, A, V], the last image tokens [B, N, C], the mean of -log(attention on the
            character that comes next).
        """
        model = self.model
        grid = model.absolute_2dpos_embed.unflatten(1, model.config.grid(0))
        skipped = (grid.shape[2] - self.columns) // 2
        tokens = first + grid[:, :, skipped : skipped + self.columns].flatten(1, 2)
        query = self.query.expand(len(first), -1)
        queries = query.shape[1] + 1
        x = torch.cat(
            [model.embed_query(rows, query), model.embed_answer(rows, answer, queries)], 1
        )
        bias, seen = model.query_bias(query), None
        causal = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
        causal[:, :queries] = True
        mask = torch.cat([causal.new_ones(x.shape[1], tokens.shape[1]), causal], 1)
        points = []
        for i, (_, _, text, to_text, _) in enumerate(model.swin_layers):
            tokens, changed = model.update_image(i, tokens, x[:, :queries], bias)
            seen = to_text(tokens) if changed or seen is None else seen
            if i > 0:
                points.append(_pointing(text.self_attn, x, seen, mask, places))
            x = text(x, seen, mask)
        logits = F.linear(x[:, queries:], model.text_embedding.weight)
        return logits, tokens, torch.stack(points).mean()

    @torch.no_grad()
    def check(self, stage: dict[str, Any], count: int = 24) -> dict[str, float]:
        """How well it does on fonts that it never trained on: really written, not forced."""
        self.eval()
        if stage["kind"] == "dense":
            batch = next(self.batches({**stage, "batch": 64}, 7, held_out=True))
            device = self.after_cnn.weight.device
            tokens = self.model.patch_embed(batch[0].to(device))
            return {"right on unseen fonts": float(self.after_cnn.loss(tokens, batch[1].to(device))[1])}
        from rapidfuzz.distance import Levenshtein

        wide = {**stage, "window": self.model.config.image_size, "batch": 1}
        self.prepare(wide)
        errors = letters = 0
        found = self.batches(wide, 7, held_out=True)
        for _ in range(count):
            image, _, _, rows, answer, _ = next(found)
            ids = greedy(
                self.model, image, rows, self.query, self.model.config.max_a_tokens - 1
            )
            truth = self.tokenizer.decode(answer[0].tolist())
            errors += Levenshtein.distance(truth, self.tokenizer.decode(ids))
            letters += len(truth)
        self.prepare(stage)
        return {"CER on unseen fonts": errors / letters}

    def export(self, folder: Path) -> None:
        """Write the model as a checkpoint folder."""
        about = {key: self.config[key] for key in ("name", "frame", "card")}
        save(Checkpoint(self.model, self.tokenizer, about), folder, torch.float16)


def _pointing(
    attention: nn.Module, x: Tensor, seen: Tensor, mask: Tensor, places: Tensor
) -> Tensor:
    """Mean -log of what the pointing heads give to the cell in `places` and those above and below.

    The generator knows where each character stands. Told so, the text layers need not find out
    by themselves that reading is looking at one character after another.
    """
    length, images = places.shape[1], seen.shape[1]
    width = x.shape[-1] // attention.heads
    to_query, to_key = (
        (linear.weight[: POINTERS * width], linear.bias[: POINTERS * width])
        for linear in attention.linears[:2]
    )
    query = F.linear(x[:, -length:], *to_query).unflatten(-1, (POINTERS, width))
    key = F.linear(torch.cat([seen, x], 1), *to_key).unflatten(-1, (POINTERS, width))
    scores = torch.einsum("bthd,bnhd->bthn", query, key).float() / math.sqrt(width)
    scores = scores.masked_fill(~mask[None, -length:, None], -torch.inf)
    columns = images // 8
    near = torch.stack([places + step * columns for step in (-1, 0, 1)], -1).clamp(0, images - 1)
    near = near[:, :, None].expand(-1, -1, POINTERS, -1)
    there = scores.gather(-1, near).logsumexp(-1) - scores.logsumexp(-1)
    return -there.mean(-1)[places >= 0].clamp_max(0).mean()


def _focal(region: Tensor, target: Tensor) -> Tensor:
    """Focal loss (arXiv 1708.02002, gamma 2) of a region [B, 1, H, W], 0..1."""
    right = torch.where(target, region, 1 - region).float().clamp_min(1e-6)
    return -((1 - right) ** 2 * right.log()).mean()


def _wave_positions(model: Dessurt) -> None:
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
