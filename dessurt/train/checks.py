"""What a run is measured on: a data set's validation pages, and synthetic ones in unseen fonts."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rapidfuzz.distance import Levenshtein

from dessurt import tasks
from dessurt.checkpoint import Checkpoint
from dessurt.data.example import Example
from dessurt.data.records import DataError, readable
from dessurt.data.sets import open_set
from dessurt.evaluate.asking import all_of, measure_all
from dessurt.evaluate.pages import Answer, folded, synthetic_pages
from dessurt.evaluate.table import MEASURES, Result
from dessurt.instrument import DessurtInstrument
from dessurt.opening import with_reader
from dessurt.protocol import Instrument

# Training waits meanwhile: so few are asked.
VALIDATION_QUESTIONS = 24  # spread evenly over the data set
PAGES, QUESTIONS = 6, 12  # synthetic pages, and questions of each task about them


def validation_questions(
    data: Mapping[str, Any], tokens: Sequence[str] = ()
) -> tuple[Example, ...]:
    """Questions of a data set's split `valid` that are answered in words.

    Args:
        data: A config's entry `validate`, as `open_set` takes it.
        tokens: The tasks to ask; without any, all tasks.

    Raises:
        DataError: There is no such set.
    """
    records = readable(open_set(data, data.get("split", "valid")), random.Random(0))
    examples = [
        example
        for record in records
        if not isinstance(record, DataError)
        for example in record.examples
        if "text" in tasks.task(example.request.task).returns
        and (not tokens or example.request.task in tokens)
    ]
    count = min(len(examples), VALIDATION_QUESTIONS)
    return tuple(examples[i * len(examples) // count] for i in range(count))


def answered(model: Instrument, example: Example) -> tuple[str, str]:
    """The model's answer, and the right answer that is nearest to it."""
    # What gets much longer than it should is wrong in any case.
    most = 2 * max(map(len, example.answers)) + 20
    events = model.ask(example.page, replace(example.request, max_tokens=most))
    written = Answer.of(events).text
    return written, min(example.answers, key=lambda right: _wrong(right, written))


def character_errors(model: Instrument, examples: Sequence[Example]) -> dict[str, float]:
    """The share of characters that are wrong (CER), for each task, such as `w0> CER`.

    Texts are compared as in `dessurt.evaluate.pages.folded`; of several right answers the nearest
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


def instrument_of(checkpoint: Checkpoint) -> Instrument:
    """A checkpoint that is in memory, to be asked as `open_model` would have it asked."""
    return with_reader(DessurtInstrument(checkpoint), checkpoint.config)


def check(checkpoint: Checkpoint, seed: int) -> dict[str, float]:
    """The figure of every measured task that the checkpoint's card names, e.g. `w0> CER`.

    Args:
        checkpoint: The checkpoint to ask.
        seed: What pages and questions follow from.

    Raises:
        SetError: None of the fonts kept for validation is installed.
    """
    model = instrument_of(checkpoint)
    measures = [MEASURES[token] for token in model.card.tasks if token in MEASURES]
    results = {measure.name: Result(measure) for measure in measures}
    pages = list(synthetic_pages(PAGES, seed))
    measure_all(model, all_of(pages, measures, seed, QUESTIONS), PAGES, results)
    return {
        f"{name} {result.first_score.figure.name}": result.first_score.value
        for name, result in results.items()
        if result.first_score.value is not None
    }
