"""Training from the app: runs of `dessurt train` in processes of their own.

All that is known of a run lies in its folder, so a reload of the page, or of the app, loses
nothing: `config.json` and `status.json` are written here, `log.jsonl` and `checkpoint/` by the
run, whose output goes to `output.txt`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dessurt.data.annotations import STATES
from dessurt.data.annotations.splits import SPLITS, split_pages
from dessurt.data.annotations.store import Row, Store
from dessurt.data.records import DataError
from dessurt.data.sets.annotations import BLOCKS
from dessurt.tasks import split_query
from dessurt_app import strings
from dessurt_app.static_files import ROOT

CONFIG = ROOT / "configs" / "my_pages.json"
RUNS, CHECKPOINTS = ROOT / "runs", ROOT / "checkpoints"
NAME = "my-pages"  # of runs, with a number
STATUS = "status.json"
STOPPED = "stopped"  # as `dessurt.checkpoint.runs.STOPPED`, which would bring torch
_STATUS_KEYS = {"command", "pid", "minutes", "spent", "began", "stopping", "kept"}
PROGRAM = (sys.executable, "-m", "dessurt.cli")
SILENT = 300.0  # seconds without a sign of life, after which a process of this number is another
ENOUGH = 5  # lines to learn from; with fewer hardly anything is learned


class TrainingError(RuntimeError):
    """What was wanted cannot be done now; the message says in one sentence what to do."""


@dataclass(frozen=True)
class DataCheck:
    """What there is to learn from.

    Attributes:
        rows, pages: of the data set.
        states: how many rows there are of each state.
        learned, validated, tested: answers (and their pages) to learn from, to validate on, and
            left aside for a test.
        unseen: corrections that the newest run, if there is one, began without.
        problems: what is wrong, or would make training better, in sentences.
        ready: whether training can begin.
    """

    rows: int
    pages: int
    states: dict[str, int]
    learned: tuple[int, int]
    validated: tuple[int, int]
    tested: tuple[int, int]
    unseen: int
    problems: tuple[str, ...]
    ready: bool


@dataclass(frozen=True)
class Progress:
    """A run as it stands.

    Attributes:
        name: of the run.
        state: "running", "stopping", "stopped", "done", "failed" or "kept".
        command: with which it was started.
        minutes, spent: of its budget, and how many of them are over.
        log: its records, oldest first.
        has_checkpoint: whether there is something to keep.
        told: the last line of its output, for one that failed; the name of a kept checkpoint.
    """

    name: str
    state: str
    command: str
    minutes: float
    spent: float
    log: tuple[dict[str, Any], ...] = field(repr=False)
    has_checkpoint: bool
    told: str = ""

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Those of one kind."""
        return [each for each in self.log if each.get("kind") == kind]


class Training:
    """Starts, stops and looks after one run at a time."""

    def __init__(
        self,
        store: Store,
        runs: Path = RUNS,
        checkpoints: Path = CHECKPOINTS,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        """Nothing is begun yet.

        Args:
            store: what is learned from.
            runs, checkpoints: folders.
            program: to which `train CONFIG ...` is given.
        """
        self.store, self.runs, self.checkpoints, self.program = store, runs, checkpoints, program
        self._process: subprocess.Popen[bytes] | None = None

    def check(self, checkpoint: Path) -> DataCheck:
        """Look at the data, and whether this checkpoint can learn from it."""
        problems = list(_unfit(checkpoint))
        ready = not problems
        try:
            rows = self.store.rows
        except DataError as error:
            return DataCheck(0, 0, {}, (0, 0), (0, 0), (0, 0), 0, (str(error),), False)
        tasks = _tasks()
        states = Counter(row.annotation.state or "accepted" for row in rows)
        trusted = [row for row in rows if row.annotation.trusted]
        fit = [row for row in trusted if split_query(row.annotation.question)[0].token in tasks]
        # As the data set `annotations` shares its pages out.
        parts = split_pages({row.image for row in trusted})
        learned, validated, tested = (
            [row for row in fit if row.image in parts[name]] for name in SPLITS
        )
        counts = {
            strings.TRAIN_NEW: states["new"],
            strings.TRAIN_OTHER_TASKS: len(trusted) - len(fit),
            strings.TRAIN_FEW: len(learned) if 0 < len(learned) < ENOUGH else 0,
        }
        problems += [
            text.format(n=n, tasks=" ".join(tasks)) for text, n in counts.items() if n
        ]
        if not learned:
            problems.append(strings.TRAIN_NOTHING.format(tasks=tasks[0]))
        elif not validated:
            problems.append(strings.TRAIN_NO_VALIDATION)
        def counted(rows: Sequence[Row]) -> tuple[int, int]:
            return len(rows), len({row.image for row in rows})

        return DataCheck(
            *counted(rows),
            {each: states[each] for each in STATES},
            counted(learned),
            counted(validated),
            counted(tested),
            self.unseen(),
            tuple(problems),
            ready and bool(learned),
        )

    def unseen(self) -> int:
        """How many corrections there are that the newest run, if there is one, began without."""
        try:
            seconds = self._newest()[1]["began"]
            began = datetime.fromtimestamp(seconds, UTC).isoformat()
        except TrainingError:
            began = ""
        given = [row.annotation for row in self.store.rows]
        return sum(each.state == "corrected" and each.at >= began for each in given)

    def start(self, checkpoint: Path, minutes: float) -> None:
        """Begin a run that starts from a checkpoint.

        Raises:
            TrainingError: there is nothing to learn from, or a run goes on already.
        """
        found = self.check(checkpoint)
        if not found.ready:
            raise TrainingError(found.problems[-1])
        self._refuse_second()
        folder = self._new_folder()
        config = json.loads(CONFIG.read_text(encoding="utf-8-sig"))
        config.update(name=folder.name, start=_shown(checkpoint))
        parts = (part for stage in config["stages"] for part in stage["parts"].values())
        for data in (config["validate"], *(part["data"] for part in parts if "data" in part)):
            data["folder"] = _shown(self.store.folder)
        folder.mkdir(parents=True)
        _write(folder / "config.json", config)
        self._launch(folder, minutes, 0.0)

    def resume(self) -> None:
        """Let the newest run go on for what is left of its minutes.

        Raises:
            TrainingError: there is none, or it goes on already.
        """
        folder, status = self._newest()
        self._refuse_second()
        self._launch(folder, status["minutes"], min(status["spent"], status["minutes"] - 0.5))

    def stop(self) -> None:
        """End the run after its present step; it saves, and can go on later."""
        folder, status = self._newest()
        if self._is_alive(folder, status):
            _write(folder / STATUS, {**status, "stopping": True, "spent": _spent(status)})
            # Not SIGINT, which is ignored for good by what a shell runs in the background.
            os.kill(status["pid"], signal.SIGTERM)

    def keep(self) -> str:
        """Put what the newest run has learned among the checkpoints; its name there.

        Raises:
            TrainingError: there is nothing to keep.
        """
        folder, status = self._newest()
        self._refuse_second()
        if not (folder / "checkpoint").is_dir():
            raise TrainingError(strings.TRAIN_NOTHING_KEPT)
        name, number = folder.name, 1
        while (self.checkpoints / name).exists():
            number += 1
            name = f"{folder.name}-{number}"
        partial = self.checkpoints / f".{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(folder / "checkpoint", partial)
        config = json.loads((partial / "config.json").read_text(encoding="utf-8-sig"))
        _write(partial / "config.json", {**config, "name": name})
        partial.rename(self.checkpoints / name)
        _write(folder / STATUS, {**status, "kept": name})
        return name

    def drop(self) -> None:
        """Throw the newest run away, with all its files.

        Raises:
            TrainingError: it goes on.
        """
        folder, _ = self._newest()
        self._refuse_second()
        shutil.rmtree(folder)

    def progress(self) -> Progress | None:
        """The newest run, if there is one."""
        try:
            folder, status = self._newest()
        except TrainingError:
            return None
        log = tuple(_log(folder / "log.jsonl"))
        state, told = "stopped", ""
        if self._is_alive(folder, status):
            state = "stopping" if status["stopping"] else "running"
        elif status["kept"]:
            state, told = "kept", status["kept"]
        elif any(each.get("kind") == "after" for each in log):
            state = "done"
        elif not status["stopping"]:
            told = _last_line(folder / "output.txt")
            # Ctrl-C in the app's terminal reaches the run, too.
            stopped = bool(log) and log[-1].get("kind") == STOPPED
            state = "stopped" if stopped else "failed"
        spent = status["spent"]
        if state == "running":
            spent = _spent(status)
        elif not status["stopping"] and log:
            spent = max(spent, log[-1].get("minutes", 0.0))
        return Progress(
            folder.name, state, status["command"], status["minutes"],
            min(spent, status["minutes"]), log, (folder / "checkpoint").is_dir(), told,
        )  # fmt: skip

    # ---- within -------------------------------------------------------------------------------

    def _newest(self) -> tuple[Path, dict[str, Any]]:
        """The last run and its status; one whose status is damaged counts for nothing."""
        runs = (path.parent for path in self.runs.glob(f"{NAME}-*/{STATUS}"))
        numbers = {folder: folder.name.rpartition("-")[2] for folder in runs}
        known = [folder for folder, number in numbers.items() if number.isdecimal()]
        for folder in sorted(known, key=lambda each: int(numbers[each]), reverse=True):
            try:
                status = json.loads((folder / STATUS).read_text(encoding="utf-8-sig"))
            except (OSError, ValueError, RecursionError):
                continue
            if isinstance(status, dict) and _STATUS_KEYS <= status.keys():
                return folder, status
        raise TrainingError(strings.TRAIN_NO_RUN)

    def _new_folder(self) -> Path:
        there = [*self.runs.glob(f"{NAME}-*"), *self.checkpoints.glob(f"{NAME}-*")]
        numbers = [each.name.split("-")[2] for each in there]
        last = max((int(each) for each in numbers if each.isdecimal()), default=0)
        return self.runs / f"{NAME}-{last + 1}"

    def _refuse_second(self) -> None:
        now = self.progress()
        if now and now.state in ("running", "stopping"):
            raise TrainingError(strings.TRAIN_GOES_ON)

    def _launch(self, folder: Path, minutes: float, spent: float) -> None:
        """Run `dessurt train` on the folder's config for the minutes that are left."""
        left = f"{minutes - spent:.3g}"
        given = ["train", _shown(folder / "config.json"), "--budget", left]
        if self.runs != RUNS:
            given += ["--runs", str(self.runs)]
        with (folder / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                [*self.program, *given],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        status = {
            "command": " ".join(["dessurt", *given]), "pid": self._process.pid,
            "minutes": minutes, "spent": spent, "began": time.time(), "stopping": False,
            "kept": "",
        }  # fmt: skip
        _write(folder / STATUS, status)

    def _is_alive(self, folder: Path, status: dict[str, Any]) -> bool:
        """Whether its process runs; one that an earlier app began is known by its signs of life."""
        if self._process is not None and self._process.pid == status["pid"]:
            return self._process.poll() is None
        try:
            os.kill(status["pid"], 0)
        except OSError:
            return False
        signs = [folder / name for name in ("output.txt", "log.jsonl", STATUS)]
        last = max(path.stat().st_mtime for path in signs if path.exists())
        return time.time() - last < SILENT


def _unfit(checkpoint: Path) -> list[str]:
    """Why this checkpoint, or this computer, cannot learn here."""
    from importlib.util import find_spec

    problems = []
    if find_spec("accelerate") is None or find_spec("typst") is None:
        problems.append(strings.TRAIN_NOT_INSTALLED)
    try:
        config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8-sig"))
        frame = config.get("frame")
    except (OSError, ValueError):
        frame = None
    if not isinstance(frame, dict) or frame.get("mode") != "focus":
        problems.append(strings.TRAIN_OTHER_MODEL)
    return problems


def _tasks() -> list[str]:
    """The tasks that the config learns from one's own pages; blocks it takes line by line."""
    config = json.loads(CONFIG.read_text(encoding="utf-8-sig"))
    parts = [part for stage in config["stages"] for part in stage["parts"].values()]
    return [*next(part["tasks"] for part in parts if "data" in part), *BLOCKS]


def _spent(status: dict[str, Any]) -> float:
    return status["spent"] + (time.time() - status["began"]) / 60


def _shown(path: Path) -> str:
    """A path as a person would write it in the repository's folder."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _write(path: Path, value: object) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def _log(path: Path) -> list[dict[str, Any]]:
    """The records of a log; a last line that is still being written is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
