"""What of a run lies on the disk, so that it survives whatever ends the program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from dessurt.checkpoint.files import replacing

STATE = "state.pt"
STOPPED = "stopped"  # kind of the log's last line, if somebody ended the run before it was done
LOG = "log.jsonl"


def write_state(folder: Path, state: dict[str, Any]) -> None:
    """Keep a run's weights, optimiser and counters; whole or not at all."""
    with replacing(folder / STATE) as partial:
        torch.save(state, partial)


def read_state(folder: Path) -> dict[str, Any] | None:
    """What `write_state` kept; None if nothing was kept yet."""
    path = folder / STATE
    if not path.exists():
        return None
    return torch.load(path, map_location="cpu", weights_only=True)


def append_log(folder: Path, figures: dict[str, Any]) -> str:
    """Add a line of figures, rounded to four digits, to the log, and return it."""
    rounded = {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in figures.items()}
    line = json.dumps(rounded, ensure_ascii=False)
    with (folder / LOG).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    return line


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a log; one that was cut off in the middle is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


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
        if each.get("step", 0) <= step and each.get("kind") != STOPPED
    ]
    with replacing(path) as partial:
        lines = [json.dumps(each, ensure_ascii=False) + "\n" for each in kept]
        partial.write_text("".join(lines), encoding="utf-8")
