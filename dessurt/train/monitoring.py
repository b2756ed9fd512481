"""Validation as the original does it: every so many micro-batches, over a whole data set.

Answers are not written freely: at each place the model sees the right ones up to there, and its
most probable tokens are compared with the right text (teacher forcing). That is quick, and kinder
than `dessurt evaluate`. Figures have the original's names, `val_E_ANLS` for one; the weights with
which the monitored one was best are kept as `best/`.

Two things differ on purpose: tokens after the place of an answer's last are not looked at, where
the original goes on until its model writes an end; and where a set has all questions of a page,
all are asked, not one at random.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any, NamedTuple

import torch
from accelerate.utils import gather_object, send_to_device
from torch import Tensor
from torch.utils.data import IterableDataset
from tqdm import tqdm

from dessurt.data.example import Example
from dessurt.data.records import DataError, Record
from dessurt.data.sets import open_set
from dessurt.evaluate.trainer_log import Values, logged, summed_up
from dessurt.model.tokenizer import END, PAD, Tokenizer
from dessurt.protocol import Request
from dessurt.tasks import END_SIGN
from dessurt.train.config import MonitorConfig, Part
from dessurt.train.learner.student import Student
from dessurt.train.samples.batch import Batch, Sample, stacked
from dessurt.train.samples.pages import Source
from dessurt.train.samples.sampler import Sampler, loader, worker_share
from dessurt.truth.form_text import to_json

TRIES = 8  # for a question about a page, where it is drawn at random
RANKS = (10, 50, 100)  # among so many of the most probable tokens is a masked word's first one?


class Question(NamedTuple):
    """A question: its task, the right answers, and the one that is to be written."""

    task: str
    answers: tuple[str, ...]
    right: str


class QuestionBatch(NamedTuple):
    """A batch and its questions; or why a record was left out."""

    batch: Batch | None
    questions: tuple[Question, ...]
    problem: str = ""


class Measured(NamedTuple):
    """What a process has measured."""

    values: Values
    problems: list[str]  # records that were left out, and why
    complete: bool  # False if it was stopped


@dataclass(frozen=True, eq=False)
class Questions(IterableDataset):
    """A share of all questions about the pages to validate on, in batches and always the same.

    Attributes:
        sampler: Lays questions into images.
        parts: What is asked, and how pages are shown.
        seed: Everything random follows from it and the number of the page.
        rank, ranks: The number of this process, and how many share the questions.
    """

    sampler: Sampler
    parts: Mapping[str, Part]
    seed: int
    rank: int = 0
    ranks: int = 1

    def __iter__(self) -> Iterator[QuestionBatch]:
        """The batches of all parts, one after another."""
        own, workers = worker_share()
        for name, part in self.parts.items():
            assert part.data is not None
            records = open_set(part.data)
            samples: list[tuple[Sample, Question]] = []
            first, step = self.rank * workers + own, self.ranks * workers
            for number in range(first, len(records), step):
                rng = random.Random(f"{self.seed} validation {name} {number}")
                try:
                    record = records.record(number, rng)
                    samples += self._samples(record, part, rng)
                except (DataError, LookupError, ValueError) as error:
                    yield QuestionBatch(None, (), str(error))
                while len(samples) >= part.batch:
                    yield self._stacked(samples[: part.batch])
                    del samples[: part.batch]
            if samples:
                yield self._stacked(samples)

    def _stacked(self, samples: list[tuple[Sample, Question]]) -> QuestionBatch:
        corner = self.sampler.preprocessor.corner(None, None)
        batch = stacked([sample for sample, _ in samples], corner)
        return QuestionBatch(batch, tuple(question for _, question in samples))

    def _samples(
        self, record: Record, part: Part, rng: random.Random
    ) -> Iterator[tuple[Sample, Question]]:
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
                yield sample, Question(example.request.task, answers, right)

    def _examples(self, record: Record, part: Part, rng: random.Random) -> Iterator[Example]:
        """All own questions; of the tasks that a part names one, but of forms the whole form."""
        if not part.tasks:
            yield from record.examples
        elif "json>" in part.tasks:
            if record.truth is not None and record.truth.entities:
                yield self._form(record, to_json(record.truth) + END_SIGN)
        else:
            tokens = rng.choices(list(part.tasks), list(part.tasks.values()), k=TRIES)
            drawn = (self._made(record, token, part, rng) for token in tokens)
            yield from [each for each in drawn if each is not None][:1]

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
        model = self.sampler.preprocessor
        ids = model.tokenizer.encode(text)
        if len(ids) + 3 <= model.most_a:
            return Example(record.page, Request("json>"), (text,), source=record.source)
        first = max(len(ids) + 2 - model.most_a - model.most_q, 0)
        stop = first + model.most_q
        before, rest = (
            model.tokenizer.decode(each)
            for each in (ids[max(first - 1, 0) : stop - 1], ids[stop - 1 :])
        )
        return Example(record.page, Request("json~", before), (rest,), source=record.source)


class Monitor:
    """Validates a run, and knows which weights were best."""

    def __init__(
        self, config: MonitorConfig, sampler: Sampler, seed: int, rank: int, ranks: int
    ) -> None:
        """Open the pages to validate on.

        Args:
            config: When and on what to validate.
            sampler, seed, rank, ranks: As `Questions` takes them.

        Raises:
            DataError: The pages to validate on cannot be opened.
        """
        self.every, self.figure, self.mode = config.every, config.figure, config.best
        self.best = math.inf if self.mode == "min" else -math.inf
        self.pages = 0
        for part in config.parts.values():
            assert part.data is not None
            self.pages += len(open_set(part.data))
        if not self.pages:
            raise DataError("there are no pages to validate on: check the folder of the data set.")
        self.questions = Questions(sampler, config.parts, seed, rank, ranks)

    def validate(
        self,
        student: Student,
        autocast: Callable[[], AbstractContextManager[Any]],
        is_over: Callable[[], bool],
        workers: int = 0,
    ) -> tuple[dict[str, float], list[str]] | None:
        """Measure the whole of the pages.

        Args:
            student: The learner with the weights to measure.
            autocast: The precision in which the run computes.
            is_over: Whether the run is to end, and this with it.
            workers: Processes that open pages.

        Returns:
            The figures by name, and what was wrong with records; None if it was stopped.
        """
        student.eval()
        share = self._share(student, autocast, is_over, workers)
        shares = gather_object([share]) if self.questions.ranks > 1 else [share]
        if not all(each.complete for each in shares):
            return None
        values = joined(each.values for each in shares)
        problems = [problem for each in shares for problem in each.problems]
        return {f"val_{name}": each for name, each in summed_up(values).items()}, problems

    def _share(
        self,
        student: Student,
        autocast: Callable[[], AbstractContextManager[Any]],
        is_over: Callable[[], bool],
        workers: int,
    ) -> Measured:
        """What this process measures."""
        found: list[Values] = []
        problems: list[str] = []
        complete = True
        bar = tqdm(
            desc=f"validation, {self.pages} pages", unit="question", leave=False,
            disable=self.questions.rank > 0,
        )  # fmt: skip
        for drawn in loader(self.questions, workers):
            if is_over():
                complete = False
                break
            if drawn.batch is None:
                problems.append(drawn.problem)
                continue
            with torch.no_grad(), autocast():
                found.append(_measured(student, drawn))
            bar.update(len(drawn.questions))
        bar.close()
        return Measured(joined(found), problems, complete)

    def is_best(self, figures: Mapping[str, float]) -> bool:
        """Whether the monitored figure is better than ever before, which is then remembered."""
        value = figures.get(self.figure)
        if value is None or self.mode == "none":
            return False
        better = value < self.best if self.mode == "min" else value > self.best
        if better:
            self.best = value
        return better


def joined(shares: Iterable[Values]) -> Values:
    """The values of each figure, in one list."""
    values: Values = {}
    for share in shares:
        for name, each in share.items():
            values.setdefault(name, []).extend(each)
    return values


def _measured(student: Student, drawn: QuestionBatch) -> Values:
    """What is logged of a batch; as in the original edit distances and loss are its mean."""
    assert drawn.batch is not None
    batch = send_to_device(drawn.batch, next(student.parameters()).device)
    logits = student.targets(batch).logits
    values = joined(
        _figures(student.tokenizer, question, scores, wanted)
        for question, scores, wanted in zip(drawn.questions, logits, batch.wanted, strict=True)
    )
    means = {name: [fmean(each)] for name, each in values.items()
             if name == "score_ed" or name.endswith("_ED")}  # fmt: skip
    loss = float(student.answer_loss(logits, batch.wanted))
    return {**values, **means, "answerLoss": [loss]}


def _figures(tokenizer: Tokenizer, question: Question, scores: Tensor, wanted: Tensor) -> Values:
    """What is logged of an answer, whose logits are `scores` [A, V]."""
    written = tokenizer.decode(_written(scores, wanted))
    figures = logged(question.task, question.answers, written, question.right)
    if question.task == "mk>":
        rank = int((scores[0] > scores[0, wanted[0]]).sum())
        figures |= {f"mk_firsttoken_top{most}": [float(rank < most)] for most in RANKS}
    return figures


def _written(scores: Tensor, wanted: Tensor) -> list[int]:
    """The most probable token [A] at each place of an answer, up to the first end."""
    ids: list[int] = scores.argmax(-1)[wanted != PAD].tolist()
    return ids[: ids.index(END)] if END in ids else ids
