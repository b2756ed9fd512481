"""What there is to learn from in the saved answers, and what is wrong with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from dessurt.data.annotations import STATES
from dessurt.data.annotations.files import SPLITS, split_pages
from dessurt.data.annotations.store import Row, Store
from dessurt.data.records import DataError
from dessurt.data.sets.annotations import BLOCKS
from dessurt.shipped import ROOT
from dessurt.tasks import NEW_LINE, split_query
from dessurt_app import strings

CONFIG = ROOT / "configs" / "my_pages.json"
ENOUGH = 5  # lines to learn from; with fewer hardly anything is learned


class Counted(NamedTuple):
    """How many answers there are, on how many pages, and how many lines of text they are."""

    rows: int = 0
    pages: int = 0
    lines: int = 0

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Counted:
        """Count rows of the data set."""
        lines = lines_by_page(rows)
        return cls(len(rows), len(lines), sum(lines.values()))


def lines_by_page(rows: Sequence[Row]) -> Counter[str]:
    """How many lines of text there are on each page; a block is learned line by line."""
    lines: Counter[str] = Counter()
    for row in rows:
        is_block = split_query(row.annotation.question)[0].token in BLOCKS
        lines[row.image] += row.annotation.answers[0].count(NEW_LINE) + 1 if is_block else 1
    return lines


@dataclass(frozen=True)
class DataCheck:
    """What there is to learn from.

    Attributes:
        problems: What is wrong, or would make training better, in sentences.
        ready: Whether training can begin.
        saved: All answers of the data set.
        states: How many answers there are in each state.
        learned, validated, tested: Answers to learn from, to validate on, and set aside for a test.
        unseen: Corrections that the newest run, if there is one, began without.
    """

    problems: tuple[str, ...]
    ready: bool = False
    saved: Counted = Counted()
    states: dict[str, int] = field(default_factory=dict)
    learned: Counted = Counted()
    validated: Counted = Counted()
    tested: Counted = Counted()
    unseen: int = 0


def check_data(store: Store, checkpoint: Path, unseen: Callable[[], int]) -> DataCheck:
    """Look at the data, and whether a checkpoint can learn from it.

    Args:
        store: The data set.
        checkpoint: The checkpoint to start from.
        unseen: Counts the corrections that the newest run began without.
    """
    unfit = _unfit(checkpoint)
    try:
        rows = store.rows
    except DataError as error:
        return DataCheck((str(error),))
    tokens = _tokens()
    trusted = [row for row in rows if row.annotation.trusted]
    fit = [row for row in trusted if split_query(row.annotation.question)[0].token in tokens]
    # As the data set `annotations` shares its pages out.
    parts = split_pages({row.image for row in trusted})
    learned, validated, tested = (
        Counted.of([row for row in fit if row.image in parts[name]]) for name in SPLITS
    )
    states = Counter(row.annotation.state or "accepted" for row in rows)
    problems = _on_one_page(fit)
    problems += _shortcomings(states["new"], len(trusted) - len(fit), learned, validated, tokens)
    return DataCheck(
        problems=(*unfit, *problems),
        ready=not unfit and bool(learned.rows),
        saved=Counted.of(rows),
        states={each: states[each] for each in STATES},
        learned=learned,
        validated=validated,
        tested=tested,
        unseen=unseen(),
    )


def _unfit(checkpoint: Path) -> list[str]:
    """Why this checkpoint, or this computer, cannot learn here."""
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


def _shortcomings(
    new: int, others: int, learned: Counted, validated: Counted, tokens: Sequence[str]
) -> list[str]:
    """What would make training better: `new` answers are looked at by nobody yet, `others` are to
    tasks other than `tokens`.
    """
    counts = {
        strings.TRAIN_NEW: new,
        strings.TRAIN_OTHER_TASKS: others,
        strings.TRAIN_FEW: learned.lines if learned.lines < ENOUGH else 0,
    }
    problems = [
        text.format(n=n, tasks=" ".join(tokens)) for text, n in counts.items() if n
    ]
    if not learned.rows:
        problems.append(strings.TRAIN_NOTHING.format(tasks=tokens[0]))
    elif not validated.rows:
        problems.append(strings.TRAIN_NO_VALIDATION)
    return problems


def _on_one_page(rows: Sequence[Row]) -> list[str]:
    """That most lines are on one of several pages: pages are shared out, and not their lines."""
    lines = lines_by_page(rows)
    most, total = max(lines.values(), default=0), sum(lines.values())
    if len(lines) < 2 or most <= total / 2:
        return []
    return [strings.TRAIN_ONE_PAGE.format(n=most, lines=total)]


def own_and_other_part() -> tuple[str, str]:
    """The names that the config gives to its first part of one's own pages, and of other ones."""
    parts = _parts()
    own = next(name for name, part in parts if "data" in part)
    return own, next(name for name, part in parts if "data" not in part)


def _parts() -> list[tuple[str, dict[str, Any]]]:
    """The parts of the config, with their names."""
    config = json.loads(CONFIG.read_text(encoding="utf-8-sig"))
    return [each for stage in config["stages"] for each in stage["parts"].items()]


def _tokens() -> list[str]:
    """The tasks that the config learns from one's own pages; blocks it takes line by line."""
    return [*next(part["tasks"] for _, part in _parts() if "data" in part), *BLOCKS]
