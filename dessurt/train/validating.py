"""Validation pages: which state of the weights reads them best, and what it answers.

With `"validate"` in its config, a run measures the checkpoint that it starts with, then its own
running mean several times, and keeps as `checkpoint/` the state that was best on these pages.
Answers are really written, as at use; a sample of them goes into the log.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rapidfuzz.distance import Levenshtein

from dessurt import tasks
from dessurt.data.example import Example
from dessurt.data.records import DataError, readable
from dessurt.data.sets import open_set
from dessurt.evaluate.known import Answer, folded
from dessurt.instrument import DessurtInstrument

QUESTIONS = 24  # at most, spread evenly: training waits meanwhile
SHOWN = 4  # of them whose answers are logged
MOST_TOKENS = 300  # of an answer


@dataclass
class Validation:
    """Questions of validation pages, and the best figure so far.

    Attributes:
        examples: the questions.
        best: the smallest error that a state of this run had; None before the first.
    """

    examples: tuple[Example, ...]
    best: float | None = field(default=None)

    @classmethod
    def of(cls, given: Mapping[str, Any], learned: tuple[str, ...]) -> Validation:
        """The questions of a data set's split `valid` that are answered in words.

        Args:
            given: a config's entry `validate`, as `open_set` takes it.
            learned: the tasks of the checkpoint's card; none: any task.

        Raises:
            DataError: there is no such set.
        """
        records = readable(open_set(given, given.get("split", "valid")), random.Random(0))
        found = [
            example
            for record in records
            if not isinstance(record, DataError)
            for example in record.examples
            if "text" in tasks.task(example.request.task).returns
            and (not learned or example.request.task in learned)
        ]
        count = min(len(found), QUESTIONS)
        return cls(tuple(found[i * len(found) // count] for i in range(count)))

    def measure(self, model: DessurtInstrument) -> dict[str, Any]:
        """Ask everything.

        Returns:
            `error`, the characters wrong of all that is to be written (CER), the same of each task
            (`w0> CER`), and `answers`: some questions with the right answer and the model's.
        """
        sums: dict[str, tuple[int, int]] = {}
        answers = []
        for number, example in enumerate(self.examples):
            wrong, length, written, right = _asked(model, example)
            for key in ("error", f"{example.request.task} CER"):
                top, bottom = sums.get(key, (0, 0))
                sums[key] = top + wrong, bottom + length
            if number * SHOWN % len(self.examples) < SHOWN:
                answers.append(
                    {"source": example.source, "task": example.request.task,
                     "right": right, "written": written}
                )  # fmt: skip
        figures: dict[str, Any] = {key: top / max(bottom, 1) for key, (top, bottom) in sums.items()}
        return {**figures, "questions": len(self.examples), "answers": answers}

    def is_best(self, error: float) -> bool:
        """Whether no state of this run had a smaller error; it is remembered."""
        best = self.best is None or error <= self.best
        if best:
            self.best = error
        return best


def _asked(model: DessurtInstrument, example: Example) -> tuple[int, int, str, str]:
    """Characters wrong and their number, the answer, and the right answer nearest to it."""
    request = example.request
    most = min(MOST_TOKENS, 2 * max(map(len, example.answers)) + 20)  # more is wrong in any case
    written = Answer.of(model.ask(example.page, replace(request, max_tokens=most))).text
    pairs = [
        (Levenshtein.distance(folded(right), folded(written)), len(folded(right)), right)
        for right in example.answers
    ]
    wrong, length, right = min(pairs, key=lambda pair: pair[0] / max(pair[1], 1))
    return wrong, length, written, right
