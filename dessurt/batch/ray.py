"""A crew on a Ray cluster: the same tasks by Ray Data, in actors that open the checkpoint once.

Actors write what they read themselves, into a folder that all computers of the cluster see. Ray
does the tasks of an actor that dies again; those that were done are only looked up then.
"""

from __future__ import annotations

import json
import logging
import math
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dessurt.batch.crew import TRIES
from dessurt.batch.folder import Folder
from dessurt.batch.listing import BatchError
from dessurt.batch.plan import Result, Task
from dessurt.batch.reading import Record
from dessurt.batch.worker import Opened, opened_ahead, opened_instrument, result_of
from dessurt.protocol import Instrument

LOCAL = "local"
ROUND = 10_000  # tasks that are held here before they are handed out
TOGETHER = 8  # tasks at most that Ray hands out at once


class RayCrew:
    """Actors on a cluster; to be used as `dessurt.batch.crew.Crew`."""

    def __init__(self, settings: Mapping[str, Any], workers: int, address: str) -> None:
        """Connect to a cluster.

        Args:
            settings: what each actor is to know, see `dessurt.batch.read_files`.
            workers: how many actors there are.
            address: of the cluster; `LOCAL` for one that is started here.

        Raises:
            BatchError: Ray is not installed, or there is no such cluster.
        """
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nobody else is called
        try:
            import ray
            import ray.data
        except ModuleNotFoundError as error:
            raise BatchError(
                f"--ray needs the package {error.name}: pip install 'dessurt[ray]'."
            ) from None
        here = {"num_cpus": max(workers, os.cpu_count() or 1), "include_dashboard": False}
        place = here if address == LOCAL else {"address": address}
        try:
            ray.init(**place, logging_level=logging.ERROR, log_to_driver=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise BatchError(f"There is no Ray cluster at {address} ({error}).") from error
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        self._settings, self._workers = {**settings, "run": secrets.token_hex(8)}, workers
        self._later: list[Task] = []

    def work(self, items: Iterable[Task | Record]) -> Iterator[tuple[Task, Result] | Record]:
        """Have tasks done; records among them are passed on before.

        Raises:
            BatchError: there is no sense in going on.
        """
        for item in items:
            if isinstance(item, Record):
                yield item
                continue
            self._later.append(item)
            if len(self._later) >= ROUND:
                yield from self._done()
        while self._later:
            yield from self._done()

    def give(self, task: Task) -> None:
        """Have one more task done, once those of `work` are."""
        self._later.append(task)

    def stop(self) -> None:
        """End the actors, and a cluster that was started here."""
        import ray

        ray.shutdown()

    def _done(self) -> Iterator[tuple[Task, Result]]:
        """Have those done that there are by now."""
        import ray

        tasks, self._later = self._later, []
        rows = [{"task": json.dumps(task.to_json())} for task in tasks]
        actors = min(self._workers, len(rows))
        together = min(TOGETHER, math.ceil(len(rows) / actors))
        gpus = 1 if ray.cluster_resources().get("GPU") and self._settings["device"] != "cpu" else 0
        blocks = ray.data.from_items(rows, override_num_blocks=math.ceil(len(rows) / together))
        results = blocks.map_batches(  # which restarts actors, and repeats what they were at
            _Actor,
            fn_constructor_args=(self._settings,),
            batch_size=together,
            concurrency=actors,
            num_gpus=gpus,
        )
        for row in results.iter_rows():
            result = Result(**json.loads(row["result"]))
            if result.state == "fatal":
                raise BatchError(result.why)
            yield Task.of(json.loads(row["task"])), result


class _Actor:
    """Does tasks, one after the other."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings, self.folder = settings, Folder(settings["out"])
        self.instrument: Instrument | None = None

    def __call__(self, batch: Mapping[str, Iterable[str]]) -> Iterator[dict[str, list[str]]]:
        """A row for each task: the task, and its result."""
        tasks = [Task.of(json.loads(task)) for task in batch["task"]]
        for task, opened in opened_ahead(tasks):
            result = self._result(task, opened)
            entries = {"state": result.state, "why": result.why}
            yield {"task": [json.dumps(task.to_json())], "result": [json.dumps(entries)]}

    def _result(self, task: Task, opened: Opened) -> Result:
        try:
            self.instrument = self.instrument or opened_instrument(self.settings)
        except ValueError as error:
            return Result("fatal", str(error))
        note = self.folder.record(task.name, task.page or 0).with_suffix(".begun")
        if self._tries(note) >= TRIES:
            note.unlink()
            return Result("failed", "The process that read it ended twice: is it too large?")
        result = result_of(self.instrument, self.settings, task, opened)
        note.unlink(missing_ok=True)
        return result

    def _tries(self, note: Path) -> int:
        """How often this run has begun a task before; the note about it is written anew."""
        try:
            run, tries = note.read_text(encoding="utf-8").split()
            before = int(tries) if run == self.settings["run"] else 0
        except (OSError, ValueError):
            before = 0
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(f"{self.settings['run']} {before + 1}", encoding="utf-8")
        return before
