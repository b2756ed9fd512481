"""Drawing the batches of a stage, in one fixed order, and in worker processes."""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from dessurt.data.example import Example
from dessurt.data.questions.makers import TASKS
from dessurt.data.records import DataError
from dessurt.tasks import NEW_LINE
from dessurt.train.config import Part
from dessurt.train.samples import recombination
from dessurt.train.samples.batch import Batch, Sample, stacked
from dessurt.train.samples.pages import Records, Source, synthetic_pages
from dessurt.train.samples.preprocessor import Preprocessor

BATCHES = 16  # of a chunk, about the same synthetic pages
TRIES = 400  # for a sample: a page may not allow a task, or not in such a window
TRIES_A_PAGE = 4  # for a data set's page, before the next one is opened
RECOMBINED = 0.6  # share of new lines, where a data set is varied; see `recombination`

Samples = tuple[list[Sample], tuple[int, int]]  # as `stacked` takes them


class PartBatch(NamedTuple):
    """A batch of a part, and what was wrong with the records that were skipped for it."""

    part: str
    text: bool
    batch: Batch
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Sampler:
    """Draws batches; each follows from the seed, its rank and number, and the step between two.

    Attributes:
        preprocessor: Lays questions into the model's image.
        sets: The data sets opened so far.
    """

    preprocessor: Preprocessor
    sets: dict[str, Records] = field(default_factory=dict)

    def batches(
        self, parts: dict[str, Part], seed: int, rank: int = 0, first: int = 0, step: int = 1
    ) -> Iterator[PartBatch]:
        """Batches `first`, `first + step`, ... without end.

        Raises:
            ValueError: Hardly any page suits a part.
            DataError: A data set cannot be opened, or hardly any of its records can be used.
        """
        pools: dict[tuple[str, ...], tuple[int, list[Source]]] = {}
        for t in range(first, 1 << 62, step):
            # All ranks do the same kind of batch at a time: none waits for another.
            weights = [part.weight for part in parts.values()]
            (name,) = random.Random(f"{seed} {t}").choices(list(parts), weights)
            part = parts[name]
            rng = random.Random(f"{seed} {rank} {t} batch")
            if part.data is not None:
                records = self.opened(part, f"{seed} {rank}")
                batch = self.batch_of(part, records, t, rng)
                problems, records.problems = tuple(records.problems), []
                yield PartBatch(name, part.text, batch, problems)
                continue
            chunk = t // (BATCHES * step)
            if pools.get(part.kinds, (-1, []))[0] != chunk:
                drawn = random.Random(f"{seed} {rank} {first % step} {chunk} {part.kinds}")
                pools[part.kinds] = chunk, synthetic_pages(drawn, part.documents, part.kinds)
            yield PartBatch(name, part.text, self.batch(part, pools[part.kinds][1], rng), ())

    def opened(self, part: Part, seed: str) -> Records:
        """The data set of a part.

        Raises:
            DataError: The data set cannot be opened.
        """
        assert part.data is not None
        key = json.dumps(part.data, sort_keys=True)
        if key not in self.sets:
            self.sets[key] = Records(part.data, seed)
        return self.sets[key]

    def batch(self, part: Part, pool: Sequence[Source], rng: random.Random) -> Batch:
        """One batch of a part's tasks about some pages."""
        return stacked(*self.samples(part, pool, rng))

    def samples(self, part: Part, pool: Sequence[Source], rng: random.Random) -> Samples:
        """The samples of such a batch, and where their windows begin.

        Raises:
            ValueError: Hardly any page suits.
        """

        def drawn() -> Iterator[Sample | None]:
            while True:
                (token,) = rng.choices(list(part.tasks), list(part.tasks.values()))
                yield self.sample(part, token, rng.choice(pool), rng)

        samples = self._filled(part, drawn(), rng)
        if samples is None:
            raise ValueError(f"hardly any page suits {part}: give a larger window or other kinds.")
        return samples

    def batch_of(self, part: Part, records: Records, number: int, rng: random.Random) -> Batch:
        """Batch `number` of a data set's questions."""
        return stacked(*self.samples_of(part, records, number, rng))

    def samples_of(
        self, part: Part, records: Records, number: int, rng: random.Random
    ) -> Samples:
        """The samples of such a batch, and where their windows begin.

        Raises:
            DataError: Hardly any record gives a sample.
        """
        samples = self._filled(part, self._questions(part, records, number, rng), rng)
        if samples is None:
            wrong = f"; {records.problems[-1]}" if records.problems else ""
            raise DataError(
                f"hardly any record of the data set {records.name} gives a sample: check its "
                f"questions, or the part's tasks and window{wrong}"
            )
        return samples

    def _questions(
        self, part: Part, records: Records, number: int, rng: random.Random
    ) -> Iterator[Sample | None]:
        """The questions of batch `number` in the set's order, then, in place of those that give no
        sample, others drawn at random.
        """
        first = number * part.batch
        recombines = part.vary and (not part.tasks or recombination.TASK in part.tasks)
        for draw in range(first, 1 << 62):
            replaces = draw >= first + part.batch
            index = rng.randrange(len(records.records)) if replaces else draw
            source = records.recombined(rng) if recombines and rng.random() < RECOMBINED else None
            source = source or records.source(index, rng)
            try:
                yield self.question(part, source, rng) if source else None
            except (LookupError, ValueError) as error:  # such as a task that there is not
                records.report(f"{source.name if source else records.name}: {error}")
                yield None

    def _filled(
        self, part: Part, drawn: Iterator[Sample | None], rng: random.Random
    ) -> Samples | None:
        samples: list[Sample] = []
        corner: tuple[int, int] | None = None
        for sample, _ in zip(drawn, range(TRIES * part.batch), strict=False):
            if sample is None:
                continue
            samples.append(sample)
            at = rng if sample.anywhere else None
            corner = corner or self.preprocessor.corner(part.window, at)
            if len(samples) == part.batch:
                return samples, corner
        return None

    def question(self, part: Part, source: Source, rng: random.Random) -> Sample | None:
        """A question about a data set's page: one of its own, or a task made from its truth.

        With `tasks` in the part, these are asked, by their frequencies.
        """
        for _ in range(TRIES_A_PAGE):
            if not part.tasks:
                own = source.examples
                token = ""
            else:
                (token,) = rng.choices(list(part.tasks), list(part.tasks.values()))
                own = tuple(each for each in source.examples if each.request.task == token)
            if own:
                example = rng.choice(own)
                sample = self.preprocessor.sample(example, source, part, rng, own=True)
            elif source.truth is not None and token in TASKS:
                sample = self.sample(part, token, source, rng)
            else:
                return None
            if sample is not None:
                return sample
        return None

    def sample(
        self, part: Part, token: str, source: Source, rng: random.Random
    ) -> Sample | None:
        """One example of a task made from a page's truth, as the model sees it; None where it does
        not go.
        """
        example = self.example(part, token, source, rng)
        if example is None or example.answers[0].count(NEW_LINE) + 1 < part.lines:
            return None
        return self.preprocessor.sample(example, source, part, rng)

    def example(
        self, part: Part, token: str, source: Source, rng: random.Random
    ) -> Example | None:
        """One example of a task made from a page's truth, whose text the model sees whole."""
        assert source.truth is not None
        return TASKS[token](
            source.page, source.truth, rng, most_text=self.preprocessor.most_q - 2,
            most_answer=part.most_answer, pieces=self.preprocessor.tokenizer.pieces,
        )  # fmt: skip


class Batches(IterableDataset):
    """The batches of a stage for a `loader`."""

    def __init__(
        self, sampler: Sampler, parts: dict[str, Part], seed: int, rank: int, first: int
    ) -> None:
        """Nothing is drawn yet.

        Args:
            sampler: Draws the batches.
            parts, seed, rank: As `Sampler.batches` takes them.
            first: The number of the first micro-batch.
        """
        self.sampler, self.parts = sampler, parts
        self.seed, self.rank, self.first = seed, rank, first

    def __iter__(self) -> Iterator[PartBatch]:
        """This worker's share of the batches, without end."""
        own, workers = worker_share()
        return self.sampler.batches(self.parts, self.seed, self.rank, self.first + own, workers)


def worker_share() -> tuple[int, int]:
    """The number of this worker process and how many there are; it is not stopped by Ctrl-C.

    Ctrl-C reaches all processes: the trainer ends its step first, and ends its workers.
    """
    worker = get_worker_info()
    if not worker:
        return 0, 1
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return worker.id, worker.num_workers


def loader(batches: IterableDataset, workers: int) -> DataLoader:
    """The batches as they come.

    Args:
        batches: What to load.
        workers: Processes that draw them; 0: they are drawn when they are asked for.
    """
    if not workers:
        return DataLoader(batches, batch_size=None)
    # Not forked: Typst's threads would be missing in a copy of a process that has drawn pages.
    return DataLoader(
        batches, batch_size=None, num_workers=workers, prefetch_factor=4,
        multiprocessing_context="spawn",
    )  # fmt: skip
