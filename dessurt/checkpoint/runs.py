"""What of a run lies on the disk, so that it survives whatever ends the program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from dessurt.run_log import LOG, Kind, read_log
from dessurt.whole_files import delete_leftovers, replacing, write_whole

STATE = "state.pt"


def write_state(folder: Path, state: dict[str, Any]) -> None:
    """Keep a run's weights, optimiser and counters; whole or not at all."""
    delete_leftovers(folder)
    with replacing(folder / STATE) as partial:
        torch.save(state, partial)


def read_state(folder: Path) -> dict[str, Any] | None:
    """What `write_state` kept; None if nothing was kept yet."""
    path = folder / STATE
    if not path.exists():
        return None
    return torch.load(path, map_location="cpu", weights_only=True)


def forget_log_after(folder: Path, step: int) -> None:
    """Drop the lines of steps that were lost with the program and will be done again, and that it
    was stopped: it goes on.
    """
    path = folder / LOG
    if not path.exists():
        return
    kept = [
        each
        for each in read_log(path)
        if each.get("step", 0) <= step and each.get("kind") != Kind.STOPPED
    ]
    lines = [json.dumps(each, ensure_ascii=False) + "\n" for each in kept]
    write_whole(path, "".join(lines).encode())
