"""Drawing a stage's batches in worker processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator

from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from dessurt.train.config import Part
from dessurt.train.samples.sampler import Drawn, Sampler


class Batches(IterableDataset):
    """The batches of a stage, drawn in worker processes, in one fixed order."""

    def __init__(
        self, sampler: Sampler, parts: dict[str, Part], seed: int, rank: int, first: int
    ) -> None:
        """Args as `Sampler.batches`; `first`: the number of the first micro-batch."""
        self.sampler, self.parts = sampler, parts
        self.seed, self.rank, self.first = seed, rank, first

    def __iter__(self) -> Iterator[Drawn]:
        """The batches; without end."""
        worker = get_worker_info()
        if worker:
            # Ctrl-C reaches all processes: the trainer ends its step first, and ends its workers.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        own, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        return self.sampler.batches(self.parts, self.seed, self.rank, self.first + own, workers)


def loader(batches: IterableDataset, workers: int) -> DataLoader:
    """The batches as they come; `workers`: processes, 0: they are drawn when asked for."""
    if not workers:
        return DataLoader(batches, batch_size=None)
    # Not forked: Typst's threads would be missing in a copy of a process that has drawn pages.
    return DataLoader(
        batches, batch_size=None, num_workers=workers, prefetch_factor=4,
        multiprocessing_context="spawn",
    )  # fmt: skip
