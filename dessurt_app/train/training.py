"""Training from the app: runs of `dessurt train` in processes of their own.

All that is known of a run lies in its folder, so a reload of the page, or of the app, loses
nothing: `config.json` and `status.json` are written here, the log (`dessurt.run_log`) and
`checkpoint/` by the run, whose output goes to `output.txt`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dessurt.data.annotations.store import Store
from dessurt.run_log import LOG, Kind, Phase, read_log
from dessurt.shipped import CHECKPOINTS, ROOT
from dessurt.whole_files import replacing, write_whole
from dessurt_app import strings
from dessurt_app.train.data_check import CONFIG, DataCheck, check_data

RUNS = ROOT / "runs"
NAME = "my-pages"  # of runs, with a number
STATUS = "status.json"
_STATUS_KEYS = {"command", "pid", "minutes", "spent", "began", "stopping", "kept"}
PROGRAM = (sys.executable, "-m", "dessurt.cli")
SILENT = 300.0  # seconds without a sign of life, after which a process of this number is another


class TrainingError(RuntimeError):
    """What was wanted cannot be done now; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Progress:
    """A run as it stands.

    Attributes:
        name: The name of the run.
        state: "running", "stopping", "stopped", "done", "failed" or "kept".
        command: The command with which it was started.
        phase: What it does, or did last.
        step: The last step that is in its log; 0 where it has made none.
        minutes, spent: The minutes of its budget, and how many of them are over, from the first
            step on.
        log: The lines of its log, oldest first.
        has_checkpoint: Whether there is something to keep.
        detail: The last line of its output, if it failed; the name of a kept checkpoint.
    """

    name: str
    state: str
    phase: Phase
    step: int
    command: str
    minutes: float
    spent: float
    log: tuple[dict[str, Any], ...] = field(repr=False)
    has_checkpoint: bool
    detail: str = ""

    def records(self, kind: str) -> list[dict[str, Any]]:
        """The lines of one kind."""
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
        """No run is begun yet.

        Args:
            store: The data set to learn from.
            runs, checkpoints: The folders of runs and checkpoints.
            program: The command to which `train CONFIG ...` is added.
        """
        self.store, self.runs, self.checkpoints, self.program = store, runs, checkpoints, program
        self._process: subprocess.Popen[bytes] | None = None

    def check(self, checkpoint: Path) -> DataCheck:
        """Look at the data, and whether this checkpoint can learn from it."""
        return check_data(self.store, checkpoint, self.unseen)

    def unseen(self) -> int:
        """How many corrections there are that the newest run, if there is one, began without."""
        try:
            seconds = self._newest()[1]["began"]
            began = datetime.fromtimestamp(seconds, UTC).isoformat()
        except TrainingError:
            began = ""
        annotations = [row.annotation for row in self.store.rows]
        return sum(each.state == "corrected" and each.at >= began for each in annotations)

    def start(self, checkpoint: Path, minutes: float) -> None:
        """Begin a run that starts from a checkpoint.

        Raises:
            TrainingError: There is nothing to learn from, or a run goes on already.
        """
        check = self.check(checkpoint)
        if not check.ready:
            raise TrainingError(check.problems[-1])
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
            TrainingError: There is none, or it goes on already.
        """
        folder, status = self._newest()
        self._refuse_second()
        self._launch(folder, status["minutes"], min(status["spent"], status["minutes"] - 0.5))

    def stop(self) -> None:
        """End the run after its present step; it saves, and can go on later."""
        folder, status = self._newest()
        if self._is_alive(folder, status):
            spent = _spent(status, read_log(folder / LOG))
            _write(folder / STATUS, {**status, "stopping": True, "spent": spent})
            # Not SIGINT, which is ignored for good by what a shell runs in the background.
            os.kill(status["pid"], signal.SIGTERM)

    def keep(self) -> str:
        """Put what the newest run has learned among the checkpoints; its name there.

        Raises:
            TrainingError: There is nothing to keep.
        """
        folder, status = self._newest()
        self._refuse_second()
        if not _has_learned(folder, read_log(folder / LOG)):
            raise TrainingError(strings.TRAIN_NOTHING_KEPT)
        name, number = folder.name, 1
        while (self.checkpoints / name).exists():
            number += 1
            name = f"{folder.name}-{number}"
        partial = self.checkpoints / f".{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(folder / "checkpoint", partial, copy_function=_copy)
        config = json.loads((partial / "config.json").read_text(encoding="utf-8-sig"))
        _write(partial / "config.json", {**config, "name": name})
        partial.rename(self.checkpoints / name)
        _write(folder / STATUS, {**status, "kept": name})
        return name

    def drop(self) -> None:
        """Throw the newest run away, with all its files.

        Raises:
            TrainingError: The run goes on.
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
        log = tuple(read_log(folder / LOG))
        state, detail = self._state(folder, status, log)
        spent = status["spent"]
        if state == "running":
            spent = _spent(status, log)
        elif not status["stopping"] and log:
            spent = max(spent, log[-1].get("minutes", 0.0))
        return Progress(
            name=folder.name,
            state=state,
            phase=_phase(status, log),
            step=_step(log),
            command=status["command"],
            minutes=status["minutes"],
            spent=min(spent, status["minutes"]),
            log=log,
            has_checkpoint=_has_learned(folder, log),
            detail=detail,
        )

    def _state(
        self, folder: Path, status: dict[str, Any], log: Sequence[dict[str, Any]]
    ) -> tuple[str, str]:
        """How a run stands, and what is to be said of it; see `Progress`."""
        if self._is_alive(folder, status):
            return ("stopping" if status["stopping"] else "running"), ""
        if status["kept"]:
            return "kept", status["kept"]
        if any(line.get("kind") == Kind.AFTER for line in log):
            return "done", ""
        # Ctrl-C in the app's terminal reaches the run, too.
        if status["stopping"] or (log and log[-1].get("kind") == Kind.STOPPED):
            return "stopped", ""
        return "failed", _last_line(folder / "output.txt")

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
        words = ["train", _shown(folder / "config.json"), "--budget", left]
        if self.runs != RUNS:
            words += ["--runs", str(self.runs)]
        with (folder / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                [*self.program, *words],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        status = {
            "command": " ".join(["dessurt", *words]), "pid": self._process.pid,
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
        signs = [folder / name for name in ("output.txt", LOG, STATUS)]
        last = max(path.stat().st_mtime for path in signs if path.exists())
        return time.time() - last < SILENT


def _phases(status: dict[str, Any], log: Sequence[dict[str, Any]]) -> dict[Phase, int]:
    """The phases that a run came to since it was last launched, and when: seconds (Unix)."""
    launched = int(status["began"])
    lines = [line for line in log if line.get("kind") == Kind.PHASE and line["at"] >= launched]
    return {Phase(line["phase"]): line["at"] for line in lines}


def _phase(status: dict[str, Any], log: Sequence[dict[str, Any]]) -> Phase:
    return next(reversed(_phases(status, log)), Phase.OPENING)


def _spent(status: dict[str, Any], log: Sequence[dict[str, Any]]) -> float:
    """The minutes since the first step of a run that goes on, and those before it was stopped."""
    now = time.time()
    return status["spent"] + (now - _phases(status, log).get(Phase.TRAINING, now)) / 60


def _step(log: Sequence[dict[str, Any]]) -> int:
    return max((line.get("step", 0) for line in log), default=0)


def _has_learned(folder: Path, log: Sequence[dict[str, Any]]) -> bool:
    """Whether there is a checkpoint of it that differs from the one that it began with."""
    return _step(log) > 0 and (folder / "checkpoint").is_dir()


def _shown(path: Path) -> str:
    """A path as a person would write it in the repository's folder."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _write(path: Path, value: object) -> None:
    write_whole(path, (json.dumps(value, indent=1) + "\n").encode())


def _copy(source: str, path: str) -> None:
    with replacing(Path(path)) as partial:
        shutil.copyfile(source, partial)


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
