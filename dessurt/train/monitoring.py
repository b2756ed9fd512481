"""Validation as the original does it: every so many micro-batches, over a whole data set.

Answers are not written freely: at each place the model sees the right ones up to there, and its
most probable tokens are compared with the right text (teacher forcing). That is quick, and kinder
than `dessurt evaluate`. Figures have the original's names, `val_E_ANLS` for one; the weights with
which the monitored one was best are kept as `best/`.

Two things differ on purpose: tokens after the place of an answer's last are not looked at, where
the original goes on until its model writes an end; and where a set has all questions of a page,
all are asked, not one by lot.
"""

from __future__ import annotations

import math
import random
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any, NamedTuple

import torch
from accelerate.utils import gather_object, send_to_device
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info
from tqdm import tqdm

from dessurt.data.example import Example
from dessurt.data.records import DataError, Record
from dessurt.data.sets import open_set
from dessurt.evaluate.trainer_log import logged, summed_up
from dessurt.model.tokenizer import END, PAD
from dessurt.protocol import Request
from dessurt.tasks import END_SIGN
from dessurt.train.config import Part
from dessurt.train.learner.student import Student
from dessurt.train.samples.batch import Batch, stacked
from dessurt.train.samples.loading import loader
from dessurt.train.samples.pages import Source
from dessurt.train.samples.sampler import Sampler
from dessurt.truth.form_text import to_json

TRIES = 8  # for a question about a page, where it is drawn by lot
RANKS = (10, 50, 100)  # among so many of the most probable tokens is a masked word's first one?


class Asked(NamedTuple):
    """A question: its task, the right answers, and the one that is to be written."""

    task: str
    answers: tuple[str, ...]
    right: str


class Drawn(NamedTuple):
    """A batch and its questions; or why a record was left out."""

    batch: Batch | None
    asked: tuple[Asked, ...]
    told: str = ""


@dataclass(frozen=True, eq=False)
class Questions(IterableDataset):
    """A share of all questions about the pages to validate on, in batches and always the same.

    Attributes:
        sampler: lays questions into images.
        parts: what is asked, and how pages are shown.
        seed: what is drawn by lot follows from it and the page's number.
        rank, ranks: the share.
    """

    sampler: Sampler
    parts: Mapping[str, Part]
    seed: int
    rank: int = 0
    ranks: int = 1

    def __iter__(self) -> Iterator[Drawn]:
        """The batches of all parts, one after another."""
        worker = get_worker_info()
        if worker:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the trainer ends its workers
        own, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        for name, part in self.parts.items():
            assert part.data is not None
            records = open_set(part.data)
            samples: list[tuple[dict[str, Any], Asked]] = []
            first, step = self.rank * workers + own, self.ranks * workers
            for number in range(first, len(records), step):
                rng = random.Random(f"{self.seed} validation {name} {number}")
                try:
                    record = records.record(number, rng)
                    samples += self._samples(record, part, rng)
                except (DataError, LookupError, ValueError) as error:
                    yield Drawn(None, (), str(error))
                while len(samples) >= part.batch:
                    yield self._stacked(samples[: part.batch])
                    del samples[: part.batch]
            if samples:
                yield self._stacked(samples)

    def _stacked(self, samples: list[tuple[dict[str, Any], Asked]]) -> Drawn:
        corner = self.sampler.corner(None, None)
        batch = stacked([sample for sample, _ in samples], corner)
        return Drawn(batch, tuple(asked for _, asked in samples))

    def _samples(
        self, record: Record, part: Part, rng: random.Random
    ) -> Iterator[tuple[dict[str, Any], Asked]]:
        """The questions about a page; what is not in its image any more is not asked."""
        for example in self._examples(record, part, rng):
            if not example.answers:
                continue
            answers = example.answers
            if not part.cased:
                answers = tuple(answer.lower() for answer in answers)
            right = rng.choice(answers)
            one = replace(example, answers=(right,), printed_answer=None)
            source = Source(record.page, None, examples=(one,))
            sample = self.sampler.question(replace(part, tasks={}), source, rng)
            if sample is not None:
                yield sample, Asked(example.request.task, answers, right)

    def _examples(self, record: Record, part: Part, rng: random.Random) -> Iterator[Example]:
        """All own questions; of the tasks that a part names one, but of forms the whole form."""
        if not part.tasks:
            yield from record.examples
        elif "json>" in part.tasks:
            if record.truth is not None and record.truth.entities:
                yield self._form(record, to_json(record.truth) + END_SIGN)
        else:
            tokens = rng.choices(list(part.tasks), list(part.tasks.values()), k=TRIES)
            found = (self._made(record, token, part, rng) for token in tokens)
            yield from [each for each in found if each is not None][:1]

    def _made(
        self, record: Record, token: str, part: Part, rng: random.Random
    ) -> Example | None:
        own = [each for each in record.examples if each.request.task == token]
        if own:
            return rng.choice(own)
        return self.sampler.example(part, token, Source.of(record), rng) if record.truth else None

    def _form(self, record: Record, text: str) -> Example:
        """A form as JSON; of one that is too long for an answer the end, after what stands before.

        The original counts the signs for beginning and end of a text with its tokens.
        """
        ids, most = self.sampler.tokenizer.encode(text), self.sampler.most_a
        if len(ids) + 3 <= most:
            return Example(record.page, Request("json>"), (text,), source=record.source)
        first = max(len(ids) + 2 - most - self.sampler.most_q, 0)
        stop = first + self.sampler.most_q
        asked, rest = (
            self.sampler.tokenizer.decode(each)
            for each in (ids[max(first - 1, 0) : stop - 1], ids[stop - 1 :])
        )
        return Example(record.page, Request("json~", asked), (rest,), source=record.source)


class Monitor:
    """Validates a run, and knows which weights were best."""

    def __init__(
        self, given: Mapping[str, Any], sampler: Sampler, seed: int, rank: int, ranks: int
    ) -> None:
        """Args: `given`: a config's entry `monitor`; the rest as in `Questions`.

        Raises:
            DataError: the pages to validate on cannot be opened.
        """
        self.every, self.figure, self.mode = given["every"], given["figure"], given["best"]
        self.best = math.inf if self.mode == "min" else -math.inf
        parts = {name: Part.of(part) for name, part in given["parts"].items()}
        self.pages = 0
        for part in parts.values():
            assert part.data is not None
            self.pages += len(open_set(part.data))
        if not self.pages:
            raise DataError("there are no pages to validate on: check the folder of the data set.")
        self.questions = Questions(sampler, parts, seed, rank, ranks)

    def validate(
        self,
        student: Student,
        autocast: Callable[[], AbstractContextManager[Any]],
        over: Callable[[], bool],
        workers: int = 0,
    ) -> tuple[dict[str, float], list[str]] | None:
        """Measure the whole of the pages.

        Args:
            student: with the weights to measure.
            autocast: the precision in which the run computes.
            over: whether the run is to end, and this with it.
            workers: processes that open pages.

        Returns:
            the figures by name, and what was wrong with records; None if it was stopped.
        """
        values: dict[str, list[float]] = {}
        told: list[str] = []
        whole = True
        student.eval()
        shown = tqdm(
            desc=f"validation, {self.pages} pages", unit="question", leave=False,
            disable=self.questions.rank > 0,
        )  # fmt: skip
        for drawn in loader(self.questions, workers):
            if over():
                whole = False
                break
            if drawn.batch is None:
                told.append(drawn.told)
                continue
            with torch.no_grad(), autocast():
                found = _measured(student, drawn)
            for name, each in found.items():
                values.setdefault(name, []).extend(each)
            shown.update(len(drawn.asked))
        shown.close()
        if self.questions.ranks > 1:
            shares = gather_object([(values, told, whole)])
            values = {}
            for share, _, _ in shares:
                for name, each in share.items():
                    values.setdefault(name, []).extend(each)
            told = [message for _, messages, _ in shares for message in messages]
            whole = all(done for _, _, done in shares)
        if not whole:
            return None
        return {f"val_{name}": each for name, each in summed_up(values).items()}, told

    def is_best(self, figures: Mapping[str, float]) -> bool:
        """Whether the monitored figure is better than ever before, which is then remembered."""
        value = figures.get(self.figure)
        if value is None or self.mode == "none":
            return False
        better = value < self.best if self.mode == "min" else value > self.best
        if better:
            self.best = value
        return better


def _measured(student: Student, drawn: Drawn) -> dict[str, list[float]]:
    """What is logged of a batch; as in the original edit distances and loss are its mean."""
    assert drawn.batch is not None
    batch = send_to_device(drawn.batch, next(student.parameters()).device)
    logits = student.taught(batch).logits
    values: dict[str, list[float]] = {}
    for asked, scores, wanted in zip(drawn.asked, logits, batch.wanted, strict=True):
        given = student.tokenizer.decode(_written(scores, wanted))
        found = logged(asked.task, asked.answers, given, asked.right)
        if asked.task == "mk>":
            rank = int((scores[0] > scores[0, wanted[0]]).sum())
            found |= {f"mk_firsttoken_top{most}": [float(rank < most)] for most in RANKS}
        for name, each in found.items():
            values.setdefault(name, []).extend(each)
    means = {name: [fmean(each)] for name, each in values.items()
             if name == "score_ed" or name.endswith("_ED")}  # fmt: skip
    loss = float(student.answer_loss(logits, batch.wanted))
    return {**values, **means, "answerLoss": [loss]}


def _written(scores: Tensor, wanted: Tensor) -> list[int]:
    """The most probable token [A] at each place of an answer, up to the first end."""
    ids: list[int] = scores.argmax(-1)[wanted != PAD].tolist()
    return ids[: ids.index(END)] if END in ids else ids
