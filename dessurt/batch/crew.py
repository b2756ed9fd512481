"""The crew: worker processes on this computer, which are replaced if they die."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from dessurt.batch.listing import BatchError
from dessurt.batch.plan import Result, Task
from dessurt.batch.reading import Record

AHEAD = 2  # tasks of a worker: the one that it is at, and one whose page it opens meanwhile
TRIES = 2  # of a task whose worker died
STARTS = 3  # of workers in a row that end before they are ready
STOPPING = 10.0  # seconds until a worker that does not end is killed
_PACKAGES = Path(__file__).resolve().parents[2]


class _Worker:
    """A process and what it is to do; what it says goes to a queue, and None once it has ended."""

    def __init__(
        self, settings: dict[str, Any], said: queue.Queue[tuple[_Worker, str | None]]
    ) -> None:
        paths = [str(_PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.settings, self.held, self.ready = settings, deque[Task](), False
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", "dessurt.batch.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=os.environ
            | {
                "PYTHONPATH": os.pathsep.join(paths),
                "OMP_NUM_THREADS": str(settings["threads"]),  # of PyTorch
            },
            start_new_session=True,  # Ctrl+C is for us
        )
        self._send(settings)
        threading.Thread(target=self._listen, args=(said,), daemon=True).start()

    def _listen(self, said: queue.Queue[tuple[_Worker, str | None]]) -> None:
        with suppress(ValueError, OSError):  # killed in the middle of a line
            assert self.process.stdout
            for line in self.process.stdout:
                said.put((self, line))
        said.put((self, None))

    def give(self, task: Task) -> None:
        """Have a task done after those it has."""
        self.held.append(task)
        self._send(task.to_json())

    def _send(self, what: dict[str, Any]) -> None:
        with suppress(OSError):  # that it has ended is said by `_listen`
            assert self.process.stdin
            self.process.stdin.write(json.dumps(what) + "\n")
            self.process.stdin.flush()


class Crew:
    """Workers that do tasks at the same time."""

    def __init__(self, settings: dict[str, Any], workers: int) -> None:
        """Start them.

        Args:
            settings: what each is to know, see `worker.opened_instrument`.
            workers: how many there are.
        """
        self._said = queue.Queue[tuple[_Worker, str | None]]()
        self._tries, self._starts = Counter[tuple[str, int | None]](), 0
        threads = max(1, _cores() // workers)
        self._workers = [
            _Worker(settings | {"number": n, "threads": threads, "parent": os.getpid()}, self._said)
            for n in range(1, workers + 1)
        ]

    def work(self, items: Iterable[Task | Record]) -> Iterator[tuple[Task, Result] | Record]:
        """Have tasks done, in about their order; records among them are passed on.

        Raises:
            BatchError: there is no sense in going on.
        """
        for item in items:
            if isinstance(item, Record):
                yield item
                continue
            while len((free := self._least_busy()).held) >= AHEAD:
                yield from self._next()
            free.give(item)
        while any(worker.held for worker in self._workers):
            yield from self._next()

    def give(self, task: Task) -> None:
        """Have one more task done, while those of `work` are."""
        self._least_busy().give(task)

    def stop(self) -> None:
        """End the workers; what they are at is lost."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            try:
                worker.process.wait(STOPPING)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            with suppress(OSError):
                worker.process.stdin.close()  # type: ignore[union-attr]

    def _least_busy(self) -> _Worker:
        return min(self._workers, key=lambda worker: len(worker.held))

    def _next(self) -> Iterator[tuple[Task, Result]]:
        """Wait until a worker says something, and yield the result if it is one."""
        worker, line = self._said.get()
        if line is None:
            yield from self._replace(worker)
            return
        result = Result(**json.loads(line))
        if result.state == "fatal":
            raise BatchError(result.why)
        if result.state == "ready":
            worker.ready, self._starts = True, 0
        else:
            yield worker.held.popleft(), result

    def _replace(self, worker: _Worker) -> Iterator[tuple[Task, Result]]:
        """Start a worker in place of one that has ended, and have its tasks done."""
        code = worker.process.wait()
        if not worker.ready:
            self._starts += 1
            if self._starts >= STARTS:
                raise BatchError(
                    f"A worker ended before it was ready (exit code {code}): perhaps there is not "
                    "enough memory, so try fewer workers."
                )
        place = self._workers.index(worker)
        tasks, self._workers[place] = worker.held, _Worker(worker.settings, self._said)
        if tasks and worker.ready:  # it died of the first, or at least while it was at it
            key = tasks[0].name, tasks[0].page
            self._tries[key] += 1
            if self._tries[key] >= TRIES:
                why = f"The process that read it ended twice (exit code {code}): is it too large?"
                yield tasks.popleft(), Result("failed", why)
        for task in tasks:
            self._workers[place].give(task)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
