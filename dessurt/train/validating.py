"""Validation pages: questions of a data set that training never sees, and how they are answered."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rapidfuzz.distance import Levenshtein

from dessurt import tasks
from dessurt.data.example import Example
from dessurt.data.records import DataError, readable
from dessurt.data.sets import open_set
from dessurt.evaluate.known import Answer, folded
from dessurt.protocol import Instrument

QUESTIONS = 24  # at most, spread evenly: training waits meanwhile


def validation_questions(
    given: Mapping[str, Any], asked: Sequence[str] = ()
) -> tuple[Example, ...]:
    """Questions of a data set's split `valid` that are answered in words.

    Args:
        given: a config's entry `validate`, as `open_set` takes it.
        asked: the tasks to ask; none: all that there are.

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
        and (not asked or example.request.task in asked)
    ]
    count = min(len(found), QUESTIONS)
    return tuple(found[i * len(found) // count] for i in range(count))


def answered(model: Instrument, example: Example) -> tuple[str, str]:
    """The model's answer, and of the right ones that which is nearest to it."""
    # What gets much longer than it should is wrong in any case.
    most = 2 * max(map(len, example.answers)) + 20
    events = model.ask(example.page, replace(example.request, max_tokens=most))
    written = Answer.of(events).text
    return written, min(example.answers, key=lambda right: _wrong(right, written))


def character_errors(model: Instrument, examples: Sequence[Example]) -> dict[str, float]:
    """How many of the characters that are to be written are wrong (CER), of each task, `w0> CER`.

    Texts are compared as in `dessurt.evaluate.known.folded`; of several right answers the nearest
    counts.
    """
    sums: dict[str, list[int]] = {}
    for example in examples:
        written, right = answered(model, example)
        both = sums.setdefault(f"{example.request.task} CER", [0, 0])
        both[0] += _wrong(right, written)
        both[1] += len(folded(right))
    return {name: wrong / max(length, 1) for name, (wrong, length) in sums.items()}


def _wrong(right: str, written: str) -> int:
    return Levenshtein.distance(folded(right), folded(written))
