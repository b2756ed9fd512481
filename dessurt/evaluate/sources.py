"""Where questions come from: real pages, synthetic pages, or a data set."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from dessurt.data.records import DataError, DataSet, Record
from dessurt.data.sets import open_set
from dessurt.evaluate.asking import all_of, one_each, questions, spread
from dessurt.evaluate.forms.figures import Scoring
from dessurt.evaluate.pages import KnownPage, SetError, blocks_of, real_pages, synthetic_pages
from dessurt.evaluate.set_table import PAPER, measure_of, measures_of
from dessurt.evaluate.skew import Skew
from dessurt.evaluate.table import MEASURES, OTHERWISE_MARKED, Measure, Question

SYNTHETIC_PAGES, HARD_LINES = 500, 200  # if nobody says how many
HARD_WORDS = 1500  # beside so many lines
SPLITS = ("test", "valid", "train")  # the first that a data set has answers for is measured


@dataclass(frozen=True)
class Source:
    """Questions page by page.

    Attributes:
        kind: what they are about, for people.
        measures: those of all tasks that are known beforehand.
        total: pages.
        batches: the questions about each page, made when they are asked for.
        damaged: records that were left out; it grows.
    """

    kind: str
    measures: Sequence[Measure]
    total: int
    batches: Iterator[list[Question]]
    damaged: list[DataError] = field(default_factory=list)


def real(
    folder: Path,
    degraded: bool,
    skew: Skew,
    measures: Sequence[Measure],
    seed: int,
    limit: int | None,
) -> Source:
    """All questions about real pages, marked in all ways, or about `limit` of each way.

    Raises:
        SetError, PageError: see `real_pages`.
    """
    pages = [skew.of(known) for known in real_pages(folder, degraded)]
    measures = [way for each in measures for way in (each, *OTHERWISE_MARKED.get(each.token, ()))]
    batches = all_of(pages, measures, seed, limit)
    kind = " ".join(filter(None, ("realpages", "degraded" * degraded, str(skew))))
    return Source(kind, measures, len(pages), iter(batches))


def synthetic(count: int, measures: Sequence[Measure], seed: int) -> Source:
    """One question a page and task."""
    pages = (one_each(known, measures, seed) for known in synthetic_pages(count, seed))
    return Source("synthetic", measures, count, pages)


def hard(count: int, folder: Path | None, seed: int) -> Source:
    """So many lines of each sort that is hard to read, and words of forms if there is a folder.

    Raises:
        SetError: not all of the fonts are there.
        DataError: the folder is not FUNSD's.
    """
    from dessurt.evaluate import hard  # only here are Typst and fonts needed

    hard.check()
    sorts = {sort: list(pages(count, seed)) for sort, pages in hard.DRAWN.items()}
    if folder:
        sorts["words"] = list(hard.words(folder, HARD_WORDS * count // HARD_LINES, seed))
    measures = {sort: hard.measure(sort) for sort in sorts}
    batches = [
        questions(measures[sort], known, seed) for sort, pages in sorts.items() for known in pages
    ]
    return Source("hard lines", list(measures.values()), len(batches), iter(batches))


def data_set(
    entry: Mapping[str, Any],
    split: str | None,
    tokens: Sequence[str],
    seed: int,
    limit: int | None,
    as_original: bool = False,
    scoring: Scoring = PAPER,
) -> Source:
    """All questions about the pages of a data set, or about `limit` pages evenly from all.

    Args:
        entry: what a config says of the set; see `dessurt.data.sets.open_set`.
        split: the split of the set; None: the first of test, valid and train that has answers.
        tokens: only these tasks; none: all that the set is measured by.
        seed: the seed of what is chosen at random.
        limit: pages at most.
        as_original: take the original's measures where they differ.
        scoring: how forms are compared.

    Raises:
        DataError: there is no such set or split.
        SetError: the set is not measured by these tasks.
    """
    records, split = _opened(entry, split)
    measures = measures_of(str(entry["set"]), as_original, scoring)
    if measures and tokens:
        measures = tuple(each for each in measures if each.token in tokens)
        if not measures:
            raise SetError(f"{entry['set']} is not measured by {', '.join(tokens)}: leave it out.")
    numbers = spread(list(range(len(records))), limit)
    damaged: list[DataError] = []

    def tell(error: DataError) -> None:
        damaged.append(error)
        tqdm.write(f"left out: {error}", file=sys.stderr)

    def batches() -> Iterator[list[Question]]:
        for number in numbers:
            try:
                record = records.record(number, random.Random(f"{seed} {number}"))
            except DataError as error:
                tell(error)
                yield []
                continue
            for each in record.errors:
                tell(each)
            known = _known(record)
            used = measures or _fitting(known, tokens, as_original)
            yield [question for each in used for question in questions(each, known, seed)]

    return Source(f"{entry['set']} {split}", measures, len(numbers), batches(), damaged)


def _opened(entry: Mapping[str, Any], split: str | None) -> tuple[DataSet, str]:
    """The set and the split, which has answers unless it was named."""
    failed: DataError | None = None
    for each in (split,) if split else SPLITS:
        try:
            records = open_set(entry, each)
            if not len(records):
                raise DataError(f"there is nothing in it for {each!r}.", entry["folder"])
        except DataError as error:
            failed = error
            continue
        if split or _has_answers(records):
            return records, each
    raise failed or DataError("no split has answers: name one with --split.", entry["folder"])


def _has_answers(records: DataSet) -> bool:
    try:
        examples = records.record(0, random.Random(0)).examples
    except DataError:
        return True  # one damaged record says nothing
    return not examples or any(example.answers for example in examples)


def _known(record: Record) -> KnownPage:
    blocks = blocks_of(record.truth) if record.truth else ()
    return KnownPage(record.source, record.page, blocks, record.truth, record.examples)


def _fitting(known: KnownPage, tokens: Sequence[str], as_original: bool) -> list[Measure]:
    """The measures of a page of a set that is not in the table."""
    if known.examples:
        asked = dict.fromkeys(example.request.task for example in known.examples)
        measures = [measure_of(token, as_original) for token in asked]
    else:
        measures = list(MEASURES.values())
    return [each for each in measures if not tokens or each.token in tokens]
