"""Whatever ends a run, and whenever: nothing breaks, and it goes on as if it had not been."""

import json
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import torch

from dessurt.checkpoint import load
from dessurt.checkpoint.runs import STATE, forget_log_after, read_state
from dessurt.run_log import LOG, Kind, read_log
from dessurt.train import loop
from dessurt.train.config import Config
from dessurt.train.pace import Pace
from tests.unit.train.test_train_data import config_of, part

STEPS = 12
DEADLINE = 300.0  # seconds; only a run that hangs comes there


def train(config: dict[str, Any], folder: Path) -> None:
    """A run that saves, and writes its checkpoint, after every step."""
    torch.set_num_threads(1)
    loop.PACE = Pace(save=0.0, check=0.0, report=1)
    loop.Run(Config.of(config), folder, "cpu").train(workers=0)


def test_a_run_that_is_killed_goes_on_bit_by_bit(tmp_path: Path) -> None:
    # Processes are forked from one that has imported everything and computed nothing.
    server = multiprocessing.get_context("forkserver")
    data = "tests.unit.train.test_train_data"
    server.set_forkserver_preload([__name__, "dessurt.train.loop", data])
    stage = {"steps": STEPS, "lr": 1e-3, "parts": {"only": part(damaged=[4]) | {"batch": 1}}}
    config = config_of(part(), stages=[stage])

    def started(folder: Path) -> Any:
        process = server.Process(target=train, args=(config, folder))
        process.start()
        return process

    whole = started(tmp_path / "whole")
    whole.join(DEADLINE)
    assert whole.exitcode == 0
    rng, killed, places = random.Random(5), tmp_path / "killed", set()
    for kill in range(5):
        process, begun = started(killed), time.monotonic()
        before = _step(killed)
        while process.is_alive() and _step(killed) < before + kill % 3:
            assert time.monotonic() - begun < DEADLINE
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.1))  # anywhere in a step, or while something is written
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
        places.add(_step(killed))
        if (killed / "checkpoint" / "config.json").exists():
            load(killed / "checkpoint")
    assert len(places) >= 3  # it did stop here and there
    last = started(killed)
    last.join(DEADLINE)
    assert last.exitcode == 0
    one, two = read_state(tmp_path / "whole"), read_state(killed)
    assert one is not None and two is not None and one["step"] == two["step"] == STEPS
    for name, tensor in one["weights"].items():
        assert torch.equal(tensor, two["weights"][name]), name
    for name, tensor in one["mean"].items():
        assert torch.equal(tensor, two["mean"][name]), name
    losses = [
        {each["step"]: each["only/text"] for each in read_log(folder / LOG) if "lr" in each}
        for folder in (tmp_path / "whole", killed)
    ]
    assert losses[0] == losses[1] and len(losses[0]) == STEPS
    steps = [each["step"] for each in read_log(killed / LOG) if "lr" in each]
    assert steps == sorted(set(steps))  # no step is told twice


_seen: dict[Path, tuple[int, int]] = {}


def _step(folder: Path) -> int:
    """The step that was saved last; the file is whole whenever it is looked at."""
    if not (folder / STATE).exists():
        return 0
    written = (folder / STATE).stat().st_mtime_ns
    if _seen.get(folder, (0, 0))[0] != written:
        state = read_state(folder)
        assert state is not None
        _seen[folder] = written, state["step"]
    return _seen[folder][1]


def test_lines_of_lost_steps_are_forgotten(tmp_path: Path) -> None:
    lines = [json.dumps({"step": step, "kind": "train"}) for step in (1, 2, 3)]
    stopped = json.dumps({"step": 2, "kind": Kind.STOPPED})  # it goes on now
    (tmp_path / LOG).write_text("\n".join([*lines, stopped, '{"step": 3, "ki']))
    forget_log_after(tmp_path, 2)
    assert [each["step"] for each in read_log(tmp_path / LOG)] == [1, 2]
    forget_log_after(tmp_path / "none", 2)  # a run without a log yet
