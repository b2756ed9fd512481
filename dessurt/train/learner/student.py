"""The learner: a Dessurt with the auxiliary heads that are dropped when training ends.

The heads are for models that see windows (frame "focus"), which are told where characters stand.
A model of whole pages (frame "fit") learns as in the original, from answers and output masks.

Shapes: B batch, N = r c cells (image tokens), C image width, Q query tokens, A answer tokens,
T = Q + A, D text width, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from dessurt.checkpoint import Checkpoint, save
from dessurt.model import Dessurt, DessurtConfig, Tokenizer
from dessurt.model.pointing import POINTERS
from dessurt.model.tokenizer import PAD
from dessurt.train.config import Config
from dessurt.train.learner import losses
from dessurt.train.learner.heads import DenseHead, RowsAndColumns, wave_positions
from dessurt.train.samples.batch import Batch
from dessurt.train.samples.cells import BEFORE, CELL, CLASSES

WHERE_GAIN = 8.0  # lets the heads that tell places learn faster than the rest
FINER = 2  # columns are told in halves of a cell: two thin letters may share one

Figures = dict[str, Tensor]
Watched = list[tuple[Tensor, Tensor]]  # text tokens and attention shares of every text layer


@dataclass(frozen=True)
class Auxiliary:
    """Factors of the auxiliary losses, beside answers that count 1; found by trial."""

    pointing: float = 0.5  # some heads look at the character that is written
    place: float = 0.3  # a linear layer tells its row and column
    characters: float = 0.15  # of a cell, before and after Swin
    before: float = 0.4  # characters before a cell's first
    inside: float = 0.5  # which cells are in the region, beside the mask head


AUXILIARY = Auxiliary()


class SoftTargets(NamedTuple):
    """What a teacher would answer to a batch.

    Attributes:
        logits: [B, A, V], for the tokens that are hidden on the page.
        image_tokens: [B, r, c, D], as the convolutions should make them; with them, the learner is
            only to stay as it was. None: it learns the right answers, too.
    """

    logits: Tensor
    image_tokens: Tensor | None = None


class Student(nn.Module):
    """A Dessurt and the linear heads for the dense losses."""

    def __init__(self, config: Config, tokenizer: Tokenizer, vocab_size: int) -> None:
        """Make a learner with random weights.

        Args:
            config: The config of the run.
            tokenizer: The vocabulary.
            vocab_size: Rows of the token embedding.
        """
        super().__init__()
        self.config = config
        self.factors = config.losses
        self.tokenizer = tokenizer
        self.model = Dessurt(DessurtConfig.from_dict(config.model, vocab_size))
        # Where tokens are merged, a token's cell is no longer the one that it began with.
        self.dense = not config.whole_pages and self.model.config.levels == 1
        if self.dense:
            self._add_heads()
        wave_positions(self.model)
        if self.dense:
            self._tie_positions()

    def _add_heads(self) -> None:
        width, text = self.model.config.im_embed_dim, self.model.config.decode_dim
        rows, columns = self.model.config.grid(0)
        self.after_cnn = DenseHead(width)
        self.after_swin = DenseHead(width)
        self.context = nn.Linear(width, BEFORE * CLASSES)
        self.inside = nn.Linear(width, 1)
        self.column = nn.Linear(text, FINER * columns)
        self.row = nn.Linear(text, rows)

    def _tie_positions(self) -> None:
        rows, columns = self.model.config.grid(0)
        # Every window trains every row and column that it covers, not only single positions.
        parametrize.register_parametrization(
            self.model, "absolute_2dpos_embed", RowsAndColumns(rows, columns), unsafe=True
        )
        for module in self.model.modules():
            if isinstance(module, nn.Dropout | nn.Dropout2d):
                module.p = 0.0  # synthetic pages never run out, there is nothing to overfit to

    def forward(
        self, batch: Batch, text: bool = True, targets: SoftTargets | None = None
    ) -> tuple[Tensor, Figures]:
        """The loss of a batch, and figures to report.

        Args:
            batch: What to learn.
            text: False if only the convolutions learn.
            targets: What a teacher would answer.
        """
        early = self.model.patch_embed(batch.image)
        if targets is not None and targets.image_tokens is not None:
            return self._distance(batch, early, targets)
        figures: Figures = {}
        labelled = self.dense and (self.config.auxiliary or not text) and bool(batch.known.any())
        if labelled:
            dense, figures["right"] = self.after_cnn.loss(
                *_known(batch, early, batch.cells.long())
            )
        if not text:
            return dense, {"dense": dense.detach(), **figures}
        spots = torch.cat([batch.query_spots, batch.spots], 1)
        watched: Watched | None = [] if self.dense and bool((spots[..., 0] >= 0).any()) else None
        last, logits = self._read(batch, early, watched)
        terms = [self._answer(logits, batch.wanted)]
        figures["text"] = terms[0].detach()
        if targets is not None:
            terms += self._distilled(logits, targets, batch, figures)
        if watched is not None:
            terms += self._located(watched, spots, batch, early, figures)
        if batch.supervised.any() and self.model.upsample_net is not None:
            terms += self._drawn(last, batch, figures)
        hits = logits.detach().argmax(-1) == batch.wanted
        figures["hit"] = hits[batch.wanted != PAD].float().mean()
        if labelled:
            terms += self._labelled(batch, last, dense, figures)
        return reduce(add, terms), figures

    def targets(self, batch: Batch) -> SoftTargets:
        """What the learner itself would answer, and how its convolutions see the batch."""
        early = self.model.patch_embed(batch.image)
        return SoftTargets(self._read(batch, early, None)[1], early)

    def _distance(
        self, batch: Batch, early: Tensor, targets: SoftTargets
    ) -> tuple[Tensor, Figures]:
        """The distance to what the first weights answered.

        Nothing else counts: the right answers would go on teaching the learner what it is only to
        keep, and each step that they take it aside changes what it reads elsewhere.
        """
        assert targets.image_tokens is not None
        logits = self._read(batch, early, None)[1]
        distilled = losses.distillation(logits, targets.logits, batch.hidden)
        moved = losses.feature_distance(early, targets.image_tokens)
        loss = self.factors.distillation * distilled + self.factors.features * moved
        text = self._answer(logits, batch.wanted)
        figures = {"text": text, "distilled": distilled, "moved": moved}
        return loss, {name: each.detach() for name, each in figures.items()}

    # Each of these adds figures to `figures` and returns the terms of the loss.

    def _distilled(
        self, logits: Tensor, targets: SoftTargets, batch: Batch, figures: Figures
    ) -> list[Tensor]:
        distilled = losses.distillation(logits, targets.logits, batch.hidden)
        figures["distilled"] = distilled.detach()
        return [self.factors.distillation * distilled]

    def _located(
        self, watched: Watched, spots: Tensor, batch: Batch, early: Tensor, figures: Figures
    ) -> list[Tensor]:
        grid, corner = (early.shape[1], early.shape[2]), tuple(batch.corner.tolist())
        point, place = self._places(watched, spots, grid, corner)
        figures.update(point=point.detach(), place=place.detach())
        return [AUXILIARY.pointing * point, AUXILIARY.place * self.config.auxiliary * place]

    def _drawn(self, last: Tensor, batch: Batch, figures: Figures) -> list[Tensor]:
        region, overlap = self._region(last, batch)
        figures.update(region=region.detach(), overlap=overlap)
        return [self.factors.mask * region]

    def _labelled(
        self, batch: Batch, last: Tensor, dense: Tensor, figures: Figures
    ) -> list[Tensor]:
        late, before = self._characters(batch, last)
        figures["before"] = before.detach()
        return [AUXILIARY.characters * (dense + late), AUXILIARY.before * before]

    def _read(
        self, batch: Batch, early: Tensor, watched: Watched | None
    ) -> tuple[Tensor, Tensor]:
        """The last image tokens, and the logits [B, A, V].

        Args:
            batch: What to read.
            early: [B, r, c, D], the image tokens of the convolutions.
            watched: Takes what `Dessurt.read` gives to those who watch.
        """
        table = self.model.absolute_2dpos_embed.unflatten(1, self.model.config.grid(0))
        (r, c), (top, left) = early.shape[1:3], batch.corner.tolist()
        last, x = self.model.read(
            early + table[:, top : top + r, left : left + c],
            batch.task, batch.query, batch.written, watched,
        )  # fmt: skip
        queries = batch.query.shape[1] + 1
        return last, F.linear(x[:, queries:], self.model.text_embedding.weight)

    def _answer(self, logits: Tensor, wanted: Tensor) -> Tensor:
        return self.factors.answer * self.answer_loss(logits, wanted)

    def answer_loss(self, logits: Tensor, wanted: Tensor) -> Tensor:
        """Loss of the answers: the mean over their tokens, or as the original over the answers.

        Args:
            logits: [B, A, V].
            wanted: [B, A], PAD where nothing is asked.
        """
        smoothing, per = self.factors.smoothing, self.factors.per
        if not smoothing and per == "token":
            return F.cross_entropy(
                logits.flatten(0, 1).float(), wanted.flatten(), ignore_index=PAD
            )
        whole = losses.label_smoothing(logits.float().log_softmax(-1), wanted, smoothing, PAD)
        return whole / (len(wanted) if per == "answer" else (wanted != PAD).sum())

    def _characters(self, batch: Batch, last: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of the characters in each cell and of those before its first, after Swin."""
        last, cells, context = _known(batch, last, batch.cells.long(), batch.before.long())
        late, _ = self.after_swin.loss(last, cells)
        written = cells[..., 0] > 0
        before = F.cross_entropy(
            self.context(last.flatten(1, 2)[written]).view(-1, CLASSES).float(),
            context[written].flatten(),
        )
        return late, before

    def _places(
        self,
        watched: Watched,
        spots: Tensor,
        grid: tuple[int, int],
        corner: tuple[int, int],
    ) -> tuple[Tensor, Tensor]:
        """How well the text layers point at characters, and how well they tell their places.

        The generator knows where each character stands. Told so, the text layers need not find
        out by themselves that reading is looking at one character after another.

        Args:
            watched: Text tokens and attention shares of every text layer.
            spots: [B, T, 2], the character that each text token is about; negative for none.
            grid: Rows and columns of image tokens.
            corner: Where the window begins in the position table.

        Returns:
            The mean of -log(share of some heads on the character's cell and those above and
            below it), and the cross-entropy of telling its row and column.
        """
        sample, token = torch.nonzero(spots[..., 0] >= 0, as_tuple=True)
        x, y = spots[sample, token].unbind(-1)
        row, column = (y // CELL).long(), (x // CELL).long()
        near = torch.stack([(row + up).clamp(0, grid[0] - 1) for up in (-1, 0, 1)], -1)
        near = near * grid[1] + column[:, None]
        heads = torch.arange(POINTERS, device=spots.device)[:, None]
        finer = (x * FINER // CELL).long() + FINER * corner[1]
        points, places = [], []
        for text, shares in watched[1:]:  # in the first layer a token knows only itself
            there = shares[sample[:, None, None], heads, token[:, None, None], near[:, None]]
            there = there.float().sum(-1)  # [n, h]
            points.append(-there.clamp(1e-6, 1).log().mean())
            tokens = text[sample, token]
            places.append(
                F.cross_entropy(WHERE_GAIN * self.column(tokens).float(), finer)
                + F.cross_entropy(WHERE_GAIN * self.row(tokens).float(), row + corner[0])
            )
        return torch.stack(points).mean(), torch.stack(places).mean()

    def _region(self, last: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Loss of the output mask, and its overlap (intersection over union) with the truth.

        The mask head learns by the focal loss (arXiv 1708.02002, gamma 2); with a linear layer that
        tells which cells are inside, the image tokens learn it sooner.
        """
        assert self.model.upsample_net is not None
        known = batch.supervised
        truth = batch.region[known]
        region = self.model.upsample_net(last[known])[:, 0].float()
        right = torch.where(truth, region, 1 - region).clamp_min(1e-6)
        focal = -((1 - right) ** 2 * right.log())
        with torch.no_grad():
            drawn = region > 0.5
            both = (drawn & truth).sum((1, 2))
            overlap = ((both + 1) / ((drawn | truth).sum((1, 2)) + 1)).mean()
        if not self.dense:
            return losses.focal(region, truth), overlap
        share = F.max_pool2d(truth[:, None].float(), CELL)[:, 0]
        inside = self.inside(last[known])[..., 0].float()
        cells = F.binary_cross_entropy_with_logits(inside, share, reduction="none")
        return _balanced(focal, truth) + AUXILIARY.inside * _balanced(cells, share > 0), overlap

    def start(self, weights: dict[str, Tensor]) -> None:
        """Begin with a checkpoint's weights instead of random ones.

        Raises:
            RuntimeError: They are of a model of other sizes.
        """
        rest = dict(weights)
        if self.dense:
            tied = self.model.parametrizations["absolute_2dpos_embed"]
            tied.right_inverse(rest.pop("absolute_2dpos_embed"))
        whole = self.model.state_dict()
        self.model.load_state_dict({name: rest.get(name, whole[name]) for name in whole})

    def checkpoint(self) -> Checkpoint:
        """The model alone, as a checkpoint; a copy."""
        weights = {
            name: tensor.detach().float().cpu().clone()
            for name, tensor in self.model.state_dict().items()
            if not name.startswith("parametrizations.")
        }
        table = self.model.absolute_2dpos_embed.detach().float().cpu()
        model = Dessurt(self.model.config).eval()
        model.load_state_dict({**weights, "absolute_2dpos_embed": table})
        suppressed = self.config.suppressed_token_ids
        return Checkpoint(model, self.tokenizer, {
            "name": self.config.name,
            "frame": self.config.frame.to_json(),
            "card": self.config.card,
            **({} if suppressed is None else {"suppressed_token_ids": list(suppressed)}),
            "model": self.config.model,
        })  # fmt: skip

    def export(self, folder: Path) -> None:
        """Write the model as a checkpoint folder."""
        save(self.checkpoint(), folder, torch.float16)


def _known(batch: Batch, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Tensors [B, ...] of those samples whose characters are known."""
    return tensors if batch.known.all() else tuple(each[batch.known] for each in tensors)


def _balanced(loss: Tensor, inside: Tensor) -> Tensor:
    """The mean where `inside` plus the mean elsewhere: a few words on a page do not drown."""
    outside = ~inside
    return (loss * inside).sum() / inside.sum().clamp_min(1) + (
        loss * outside
    ).sum() / outside.sum().clamp_min(1)
