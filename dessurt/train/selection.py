"""Choosing, of all states of a run, the one to keep: for runs with `validate` in their config.

A model that learns a few dozen lines soon knows them by heart, and reads other pages worse. So the
run is looked at several times, and at each look not only its mean weights are tried, but also
weights on the way to them from those it began with (weight interpolation: arXiv 2109.01903). Kept
as `checkpoint/` is what reads the validation pages best and other pages hardly worse than before.
Both are told by the loss of the right answers, which is quick to find and smoother than counting
errors; errors are counted at the beginning and at the end, for people.
"""

from __future__ import annotations

import copy
import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import send_to_device
from torch import Tensor

from dessurt.checkpoint import Checkpoint, load
from dessurt.data.example import Example
from dessurt.protocol import Instrument
from dessurt.train.checks import answered, character_errors, instrument_of, validation_questions
from dessurt.train.config import Config, Part
from dessurt.train.learner.student import Student
from dessurt.train.samples.batch import Batch, stacked
from dessurt.train.samples.pages import Source, synthetic_pages
from dessurt.train.samples.sampler import Sampler

# Shares of the way from the first weights to the present ones. All are tried at the end of a run,
# which takes a while, and some meanwhile.
SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.4, 0.2)
MEANWHILE = (1.0, 0.6)


@dataclass(frozen=True)
class OtherPages:
    """What stands for all pages that are not one's own, and how much worse they may be read."""

    documents: int = 12  # synthetic ones, from which lines are drawn
    lines: int = 48  # whose loss is looked at
    counted: int = 32  # of these, those with the least loss: what is read badly anyway is noise
    read: int = 12  # lines whose characters are counted, for people
    growth: float = 1.10  # of the loss, at most; errors grow more slowly


OTHER_PAGES = OtherPages()
ANSWERS = 4  # validation questions whose answers are shown at each look
BATCH = 8  # samples


class Chooser:
    """Keeps the best state of a run in its folder."""

    def __init__(
        self, config: Config, sampler: Sampler, student: Student, folder: Path
    ) -> None:
        """Get the questions ready.

        Args:
            config: The config of the run; `validate` names the data.
            sampler: Lays questions into windows.
            student: The learner with the weights that the run begins with.
            folder: The folder of the run.

        Raises:
            DataError: The validation pages cannot be opened.
        """
        assert config.validate is not None
        self.folder, self.short = folder, config.precision in (None, "bf16")
        self.first = {name: each.clone() for name, each in student.state_dict().items()}
        self.tried = copy.deepcopy(student)
        parts = list(config.parts)
        own = next((part for part in parts if part.data is not None), parts[0])
        rng = random.Random(f"{config.seed} validation")
        self.mine = validation_questions(config.validate, tuple(own.tasks))
        self.batches = list(_batches(sampler, own, self.mine, rng))
        self.others: tuple[Example, ...] = ()
        self.other_batches: list[Batch] = []
        self.bound = 0.0  # of the loss on other pages
        drawn = next((part for part in parts if part.data is None), None)
        if drawn is not None:
            self._draw_others(sampler, drawn, rng)
        self.best = (math.inf, math.inf)
        if (folder / "checkpoint").is_dir():  # the run goes on
            self.tried.start(load(folder / "checkpoint").model.state_dict())
            self.best = self._rank(*self._losses(self.tried.state_dict()))

    def _draw_others(self, sampler: Sampler, part: Part, rng: random.Random) -> None:
        """Draw other pages, and look how well the first weights read them."""
        lines, self.others = _others(sampler, part, rng)
        losses = self._batch_losses(self.first, lines)
        best = sorted(range(len(lines)), key=losses.__getitem__)[: OTHER_PAGES.counted]
        self.other_batches = [lines[k] for k in best]
        self.bound = OTHER_PAGES.growth * sum(losses[k] for k in best) / len(best)

    def before(self) -> dict[str, Any]:
        """The errors of the weights that the run begins with."""
        self.tried.load_state_dict(self.first)
        return self._errors(self.tried.checkpoint())

    def look(self, mean: Student, shares: Sequence[float] = MEANWHILE) -> dict[str, Any]:
        """Try the present mean weights, and keep what is better than all before.

        Args:
            mean: The learner with these weights.
            shares: Shares of the way to them, the largest first.

        Returns:
            For the log: the loss of the best, on validation pages and on others, its `share` of the
            way, whether it was `kept`, the same of all that was `tried`, and some `answers`.
        """
        last = mean.state_dict()
        tried: dict[float, tuple[float, float]] = {}
        for share in shares:
            tried[share] = self._losses(self._between(last, share))
        share = min(shares, key=lambda each: self._rank(*tried[each]))  # of equals the first
        mine, others = tried[share]
        kept = self._rank(mine, others) <= self.best
        self.tried.load_state_dict(self._between(last, share))
        if kept:
            self.best = self._rank(mine, others)
            self.tried.export(self.folder / "checkpoint")
        model = instrument_of(self.tried.checkpoint())
        answers = [_shown(model, each) for each in self.mine[:ANSWERS]]
        return {
            "loss": mine, "other pages": others, "share": share, "kept": kept,
            "tried": {f"{each:g}": losses for each, losses in tried.items()}, "answers": answers,
        }  # fmt: skip

    def after(self) -> dict[str, Any]:
        """The errors of what was kept."""
        return self._errors(load(self.folder / "checkpoint"))

    def _errors(self, checkpoint: Checkpoint) -> dict[str, Any]:
        model = instrument_of(checkpoint)
        others = character_errors(model, self.others)
        return {
            **character_errors(model, self.mine),
            **{f"other pages, {name}": value for name, value in others.items()},
            "questions": len(self.mine),
        }

    def _between(self, last: dict[str, Tensor], share: float) -> dict[str, Tensor]:
        """Weights at a share of the way from the first to the last."""
        return {
            name: torch.lerp(each, last[name], share) if each.is_floating_point() else each
            for name, each in self.first.items()
        }

    def _losses(self, weights: dict[str, Tensor]) -> tuple[float, float]:
        """On validation pages and on others."""
        return self._loss(weights, self.batches), self._loss(weights, self.other_batches)

    def _rank(self, mine: float, others: float) -> tuple[float, float]:
        """The smaller, the better: other pages count only as far as they are read too badly."""
        return max(others, self.bound), mine

    def _loss(self, weights: dict[str, Tensor], batches: Sequence[Batch]) -> float:
        """The mean loss of answers; 0 without any."""
        return sum(self._batch_losses(weights, batches)) / max(len(batches), 1)

    @torch.no_grad()
    def _batch_losses(self, weights: dict[str, Tensor], batches: Sequence[Batch]) -> list[float]:
        """The loss of the answers in each batch."""
        self.tried.load_state_dict(weights)
        self.tried.eval()
        device = next(self.tried.parameters()).device
        here = (send_to_device(batch, device) for batch in batches)
        with torch.autocast(device.type, torch.bfloat16, self.short):
            return [float(self.tried(batch)[1]["text"]) for batch in here]


def _batches(
    sampler: Sampler, part: Part, examples: Sequence[Example], rng: random.Random
) -> Iterator[Batch]:
    """Questions as the model learns them, without variation."""
    plain = Part(BATCH, part.tasks, part.window, part.data)
    drawn = [
        sampler.question(plain, Source(each.page, None, None, (each,)), rng) for each in examples
    ]
    samples = [sample for sample in drawn if sample]
    for k in range(0, len(samples), BATCH):
        yield stacked(samples[k : k + BATCH], sampler.preprocessor.corner(part.window, None))


def _others(
    sampler: Sampler, part: Part, rng: random.Random
) -> tuple[list[Batch], tuple[Example, ...]]:
    """What stands for all other pages: synthetic ones that are not learned from."""
    sources = synthetic_pages(rng, OTHER_PAGES.documents, part.kinds)
    single = replace(part, batch=1)
    batches = [sampler.batch(single, sources, rng) for _ in range(OTHER_PAGES.lines)]
    token = max(part.tasks, key=lambda each: part.tasks[each])
    drawn = (
        sampler.example(part, token, source, rng)
        for source in sources * OTHER_PAGES.read
        if source.truth is not None
    )
    examples = (each for each in drawn if each is not None and each.answers[0])
    return batches, tuple(itertools.islice(examples, OTHER_PAGES.read))


def _shown(model: Instrument, example: Example) -> dict[str, str]:
    """A question with the right answer and the model's."""
    written, right = answered(model, example)
    return {
        "page": Path(example.source).name, "task": example.request.task,
        "right": right, "written": written,
    }  # fmt: skip
