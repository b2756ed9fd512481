"""The log of a training run, `log.jsonl` in its folder: an object a line.

Whoever watches a run reads it here, without the libraries that training needs.
"""

from __future__ import annotations

import json
import time
from enum import StrEnum
from pathlib import Path
from typing import Any

LOG = "log.jsonl"


class Kind(StrEnum):
    """What a line is about, its `kind`."""

    PHASE = "phase"  # what the run does from now on, and since when: a `Phase` and seconds (Unix)
    TRAIN = "train"  # mean figures of the steps since the line before
    CHECK = "check"  # errors on synthetic pages in fonts that are never trained on
    VALIDATION = "validation"  # figures as the original's, with `monitor`
    BEFORE = "before"  # errors on validation pages before anything is learned, with `validate`
    LOOK = "look"  # the losses on these pages, and whether the state was kept
    AFTER = "after"  # errors of the state that was kept: the run is done
    SKIPPED = "skipped"  # a record that cannot be used
    STOPPED = "stopped"  # the last line, if somebody ended the run before it was done


class Phase(StrEnum):
    """What a run does, one after the other."""

    OPENING = "opening"  # the checkpoint and the pages; this is not logged, as a run begins with it
    BEFORE = "before"  # measuring the checkpoint as it is, with `validate`
    TRAINING = "training"  # from the first step on; a budget counts from here
    AFTER = "after"  # measuring what was learned


def entered(phase: Phase) -> dict[str, Any]:
    """The figures of the line that a phase begins with."""
    return {"phase": phase, "at": int(time.time())}


def append_log(folder: Path, figures: dict[str, Any]) -> str:
    """Add a line of figures, rounded to four digits, to the log of a run, and return it."""
    rounded = {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in figures.items()}
    line = json.dumps(rounded, ensure_ascii=False)
    with (folder / LOG).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    return line


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a log; one that is cut off in the middle is left out.

    Args:
        path: The file; where there is none, no line was written yet.
    """
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue
    return lines
