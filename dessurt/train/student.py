"""The learner: a Dessurt with the auxiliary heads that are dropped when training ends.

Shapes: B batch, N cells (image tokens), C image width, Q query tokens, A answer tokens, D text
width, V vocabulary.
"""

from __future__ import annotations

import copy
import itertools
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
from dessurt.model.model import TextAttention
from dessurt.model.tokenizer import PAD
from dessurt.train import dense, reading
from dessurt.train.cells import BEFORE, CELL, CLASSES
from dessurt.train.vocabulary import tokenizer

POINTERS = 2  # attention heads of each text layer but the first that are told where to look
REGION_EVERY = 16  # steps
WHERE_GAIN = 8.0  # lets the head that tells columns learn faster than the rest


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
        self.where = nn.Linear(self.model.config.decode_dim, self.model.config.grid(0)[1])
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
        image, cells, context, rows, steps = batch
        written, target, places = steps.unbind(-1)
        first = self.model.patch_embed(image)
        logits, last, point, column = self._read(first, rows, written, places)
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
        start, end = stage.get("pointing", (1.0, 0.5))
        pull = start + (end - start) * progress
        loss = text + pull * point + 0.15 * (early + late) + 0.4 * before + 0.5 * column
        self.steps += 1
        if self.steps % REGION_EVERY == 0:
            assert self.model.upsample_net is not None
            region = self.model.upsample_net(last, (image.shape[2] // CELL, self.columns))
            loss = loss + _focal(region, image[:, 1:] > 0)
        with torch.no_grad():
            wanted = target != PAD
            hit = (logits.argmax(-1) == target)[wanted].float().mean()
        figures = {"text": text, "hit": hit, "point": point, "column": column,
                   "before": before, "right": right}  # fmt: skip
        return loss, {name: value.detach() for name, value in figures.items()}

    def _read(
        self, first: Tensor, rows: Tensor, answer: Tensor, places: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """`Dessurt.forward` for a window of any width, and how well the text layers point.

        Returns:
            Logits [B, A, V], the last image tokens [B, N, C], the mean of -log(attention on the
            character that comes next), and the loss of telling that character's column from what
            comes out of the text layers: the next token goes on from there.
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
        hidden = torch.zeros(mask.shape, device=x.device).masked_fill(~mask, -1e4)
        points, columns = [], []
        column = (places % self.columns + skipped).masked_fill(places < 0, -100)
        for i, (_, _, text, to_text, _) in enumerate(model.swin_layers):
            tokens, changed = model.update_image(i, tokens, x[:, :queries], bias)
            seen = to_text(tokens) if changed or seen is None else seen
            attended, shares = _attend(text.self_attn, x, torch.cat([seen, x], 1), hidden)
            x = text.feed_forward(text.norm1(x + text.dropout(attended)))
            if i > 0:
                points.append(_pointing(shares[:, :POINTERS, queries:], places, self.columns))
                told = WHERE_GAIN * self.where(x[:, queries:]).flatten(0, 1).float()
                columns.append(F.cross_entropy(told, column.flatten()))
        logits = F.linear(x[:, queries:], model.text_embedding.weight)
        return logits, tokens, torch.stack(points).mean(), torch.stack(columns).mean()

    @torch.no_grad()
    def check(self, stage: dict[str, Any], count: int = 16) -> dict[str, float]:
        """How well it does on fonts that it never trained on: really written, not forced."""
        self.eval()
        if stage["kind"] == "dense":
            batch = next(self.batches({**stage, "batch": 64}, 7, held_out=True))
            device = self.after_cnn.weight.device
            tokens = self.model.patch_embed(batch[0].to(device))
            right = self.after_cnn.loss(tokens, batch[1].to(device))[1]
            return {"right on unseen fonts": float(right)}
        from rapidfuzz.distance import Levenshtein

        # A copy: a Decoder lays the weights out anew, which the optimiser would not notice.
        model = copy.deepcopy(self.model).eval()
        for swin, *_ in model.swin_layers:
            if swin is not None:
                swin.grid = model.config.grid(0)
        wide = {**stage, "window": model.config.image_size, "batch": 1}
        found = self.batches(wide, 7, held_out=True)
        errors = letters = 0
        for image, _, _, rows, steps in itertools.islice(found, count):
            ids = greedy(model, image, rows, self.query, model.config.max_a_tokens - 1)
            truth = self.tokenizer.decode(steps[0, :, 1].tolist())
            errors += Levenshtein.distance(truth, self.tokenizer.decode(ids))
            letters += len(truth)
        return {"CER on unseen fonts": errors / letters}

    def export(self, folder: Path) -> None:
        """Write the model as a checkpoint folder."""
        about = {key: self.config[key] for key in ("name", "frame", "card")}
        save(Checkpoint(self.model, self.tokenizer, about), folder, torch.float16)


def _attend(
    attention: TextAttention, x: Tensor, memory: Tensor, hidden: Tensor
) -> tuple[Tensor, Tensor]:
    """`TextAttention.forward`, with the shares [B, heads, T, M] that each token gives to others.

    On a processor this is also much faster than the fused kernel, whose backward pass is slow.

    Args:
        attention: the layer.
        x: [B, T, D].
        memory: [B, M, D].
        hidden: [T, M], very negative where x must not look.
    """
    q, k, v = (
        linear(tokens).unflatten(-1, (attention.heads, -1)).transpose(1, 2).flatten(0, 1)
        for linear, tokens in zip(attention.linears, (x, memory, memory), strict=False)
    )
    q = q / math.sqrt(q.shape[-1])
    bias = hidden.to(q.dtype).expand(len(q), -1, -1)
    shares = torch.baddbmm(bias, q, k.transpose(1, 2)).softmax(-1).to(v.dtype)
    out = (shares @ v).unflatten(0, (len(x), -1)).transpose(1, 2).flatten(2)
    return attention.linears[3](out), shares.unflatten(0, (len(x), -1))


def _pointing(shares: Tensor, places: Tensor, columns: int) -> Tensor:
    """Mean -log of what some heads give to the cell in `places` and those above and below it.

    The generator knows where each character stands. Told so, the text layers need not find out
    by themselves that reading is looking at one character after another.

    Args:
        shares: [B, heads, A, M], the cells of the image first.
        places: [B, A], -1 for none.
        columns: cells in a row.
    """
    sample, step = torch.nonzero(places >= 0, as_tuple=True)
    place = places[sample, step]
    chosen = shares[sample, :, step].float()  # [n, heads, M]
    near = torch.stack([place - columns, place, place + columns], -1).clamp_min(0)
    there = chosen.gather(-1, near[:, None].expand(-1, chosen.shape[1], -1)).sum(-1)
    return -there.clamp(1e-6, 1).log().mean()


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
