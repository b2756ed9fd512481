"""From questions about pages to what the network learns from.

An `Example` is laid into an image as at use (see `placing`). Where the page's truth is known, the
places of all characters go with it: the network is told where to look.

Shapes: N cells of a window, Q query tokens (task token included), A answer tokens.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from dessurt import tasks
from dessurt.data.example import Example
from dessurt.data.questions.makers import TASKS
from dessurt.data.records import DataError
from dessurt.model.tokenizer import END, START, Tokenizer
from dessurt.page.frame import Frame
from dessurt.synth.text import ALPHABET
from dessurt.tasks import END_SIGN, NEW_LINE
from dessurt.train.config import Part
from dessurt.train.samples import placing, recombination
from dessurt.train.samples.batch import (
    NOWHERE,
    OUTSIDE,
    Batch,
    Spot,
    Step,
    stacked,
    with_slips,
    without_mistakes,
)
from dessurt.train.samples.cells import BEFORE, CELL, SLOTS, Glyphs
from dessurt.train.samples.pages import Records, Source, synthetic_pages
from dessurt.train.samples.variation import varied
from dessurt.truth.printed import Printed

BATCHES = 16  # of a chunk, about the same synthetic pages
TRIES = 400  # for a sample: a page may not allow a task, or not in such a window
TRIES_A_PAGE = 4  # of a data set, before the next one is opened
SLIPPED = 0.7  # of the answers are written with slips; see `with_slips`
NEW = 0.6  # of the lines of a data set that is varied; see `dessurt.train.samples.recombination`
REPEATED = 0.1  # of the regions that only repeat the highlight are worth the time

Samples = tuple[list[dict[str, Any]], tuple[int, int]]  # as `stacked` takes them


class Drawn(NamedTuple):
    """A batch, the part of the mixture that it is of, and what was wrong with skipped records."""

    part: str
    text: bool
    batch: Batch
    told: tuple[str, ...]


@dataclass(frozen=True)
class Sampler:
    """Draws batches; each follows from the seed, its rank and number, and the step between two.

    Attributes:
        tokenizer: of query and answer.
        image_size: (height, width), the largest that the model takes.
        text_height: model pixels of a highlighted line; None: the model sees whole pages, as the
            original does.
        most_q: max_q_tokens of the model.
        most_a: tokens that an answer may have.
        sets: the data sets opened so far.
    """

    tokenizer: Tokenizer
    image_size: tuple[int, int]
    text_height: float | None
    most_q: int
    most_a: int
    sets: dict[str, Records] = field(default_factory=dict)

    def batches(
        self, parts: dict[str, Part], seed: int, rank: int = 0, first: int = 0, step: int = 1
    ) -> Iterator[Drawn]:
        """Batches `first`, `first + step`, ... without end.

        Raises:
            ValueError: hardly any page suits a part.
            DataError: a data set cannot be opened, or hardly any record of it be used.
        """
        pools: dict[tuple[str, ...], tuple[int, list[Source]]] = {}
        for t in range(first, 1 << 62, step):
            # All ranks do the same kind of batch at a time: none waits for another.
            weights = [part.weight for part in parts.values()]
            (name,) = random.Random(f"{seed} {t}").choices(list(parts), weights)
            part = parts[name]
            if part.data is not None:
                records = self.opened(part, f"{seed} {rank}")
                batch = self.batch_of(part, records, t, random.Random(f"{seed} {rank} {t} batch"))
                told, records.told = tuple(records.told), []
                yield Drawn(name, part.text, batch, told)
                continue
            chunk = t // (BATCHES * step)
            if pools.get(part.kinds, (-1, []))[0] != chunk:
                rng = random.Random(f"{seed} {rank} {first % step} {chunk} {part.kinds}")
                pools[part.kinds] = chunk, synthetic_pages(rng, part.documents, part.kinds)
            rng = random.Random(f"{seed} {rank} {t} batch")
            yield Drawn(name, part.text, self.batch(part, pools[part.kinds][1], rng), ())

    def opened(self, part: Part, seed: str) -> Records:
        """The data set of a part.

        Raises:
            DataError: it cannot be opened.
        """
        assert part.data is not None
        key = json.dumps(part.data, sort_keys=True)
        if key not in self.sets:
            self.sets[key] = Records(part.data, seed)
        return self.sets[key]

    def batch(self, part: Part, pool: Sequence[Source], rng: random.Random) -> Batch:
        """One batch of a part's tasks about some pages."""
        return stacked(*self.samples(part, pool, rng))

    def samples(self, part: Part, pool: Sequence[Source], rng: random.Random) -> Samples:
        """The samples of such a batch, and where their windows begin.

        Raises:
            ValueError: hardly any page suits.
        """

        def drawn() -> Iterator[dict[str, Any] | None]:
            while True:
                (token,) = rng.choices(list(part.tasks), list(part.tasks.values()))
                yield self.sample(part, token, rng.choice(pool), rng)

        found = self._filled(part, drawn(), rng)
        if found is None:
            raise ValueError(f"hardly any page suits {part}: give a larger window or other kinds.")
        return found

    def batch_of(self, part: Part, records: Records, number: int, rng: random.Random) -> Batch:
        """Batch `number` of a data set's questions."""
        return stacked(*self.samples_of(part, records, number, rng))

    def samples_of(
        self, part: Part, records: Records, number: int, rng: random.Random
    ) -> Samples:
        """The samples of such a batch, and where their windows begin.

        Raises:
            DataError: hardly any record gives a sample.
        """
        first = number * part.batch
        recombines = part.vary and (not part.tasks or recombination.TASK in part.tasks)

        def drawn() -> Iterator[dict[str, Any] | None]:
            for draw in range(first, 1 << 62):
                # The first ones in the set's order; those that take the place of others by lot.
                last = draw >= first + part.batch
                number = rng.randrange(len(records.records)) if last else draw
                source = records.recombined(rng) if recombines and rng.random() < NEW else None
                source = source or records.source(number, rng)
                try:
                    yield self.question(part, source, rng) if source else None
                except (LookupError, ValueError) as error:  # such as a task that there is not
                    records.tell(f"{source.name if source else records.name}: {error}")
                    yield None

        found = self._filled(part, drawn(), rng)
        if found is None:
            wrong = f"; {records.told[-1]}" if records.told else ""
            raise DataError(
                f"hardly any record of the data set {records.name} gives a sample: check its "
                f"questions, or the part's tasks and window{wrong}"
            )
        return found

    def _filled(
        self, part: Part, drawn: Iterator[dict[str, Any] | None], rng: random.Random
    ) -> Samples | None:
        samples: list[dict[str, Any]] = []
        corner: tuple[int, int] | None = None
        for sample, _ in zip(drawn, range(TRIES * part.batch), strict=False):
            if sample is None:
                continue
            samples.append(sample)
            corner = corner or self.corner(part.window, rng if sample["anywhere"] else None)
            if len(samples) == part.batch:
                return samples, corner
        return None

    def question(self, part: Part, source: Source, rng: random.Random) -> dict[str, Any] | None:
        """A question about a data set's page: one of its own, or a task made from its truth.

        With `tasks` in the part, these are asked, by their frequencies.
        """
        for _ in range(TRIES_A_PAGE):
            if not part.tasks:
                own = source.examples
                token = ""
            else:
                (token,) = rng.choices(list(part.tasks), list(part.tasks.values()))
                own = tuple(each for each in source.examples if each.request.task == token)
            if own:
                found = self._seen(rng.choice(own), source, part, rng, own=True)
            elif source.truth is not None and token in TASKS:
                found = self.sample(part, token, source, rng)
            else:
                return None
            if found is not None:
                return found
        return None

    def sample(
        self, part: Part, token: str, source: Source, rng: random.Random
    ) -> dict[str, Any] | None:
        """One example of a task made from a page's truth, as the model sees it; None where it does
        not go.
        """
        example = self.example(part, token, source, rng)
        if example is None or example.answers[0].count(NEW_LINE) + 1 < part.lines:
            return None
        return self._seen(example, source, part, rng)

    def example(
        self, part: Part, token: str, source: Source, rng: random.Random
    ) -> Example | None:
        """One example of a task made from a page's truth, whose text the model sees whole."""
        assert source.truth is not None
        return TASKS[token](
            source.page, source.truth, rng, most_text=self.most_q - 2,
            most_answer=part.most_answer, pieces=self.tokenizer.pieces,
        )  # fmt: skip

    def _seen(
        self, example: Example, source: Source, part: Part, rng: random.Random, own: bool = False
    ) -> dict[str, Any] | None:
        """An example as the model sees it; `own`: it came with the data, with a whole answer."""
        if not part.cased:
            example = _lowered(example)
        if self.text_height is None:
            seen = self._shifted(example, part, rng, own)
        else:
            if own and part.vary:
                example = varied(example, rng)
            frame = self._frame(example, source, part, rng, own)
            seen = self.laid(example, source.glyphs, frame, rng, own) if frame else None
        # For those who look at samples.
        return seen and {**seen, "example": example, "source": example.source or source.name}

    def laid(
        self,
        example: Example,
        glyphs: Glyphs | None,
        frame: Frame,
        rng: random.Random,
        own: bool = False,
    ) -> dict[str, Any] | None:
        """An example in a window, with the characters that are in it; None if it shows nothing of
        the answer.
        """
        request, size = example.request, frame.image_size
        words = self._words(example, frame, rng, own)
        if words is None:
            return None
        grid = (size[0] // CELL, size[1] // CELL)
        cells, before = _no_cells(size)
        if glyphs is not None:
            cells, before = glyphs.cells(frame.scale, frame.offset, grid)
        region = np.zeros(size, bool)
        if example.region:
            region = frame.marked(example.region) > 0
        return {
            "image": frame.channels(example.page, request.marks),
            "cells": cells.reshape(-1, SLOTS),
            "before": before.reshape(-1, BEFORE),
            "known": bool(cells.any()),
            "region": region,
            "supervised": example.region is not None and (
                not request.marks.has("highlight") or rng.random() < REPEATED
            ),
            "anywhere": not request.marks.shapes and not own,
            **words,
        }

    def _shifted(
        self, example: Example, part: Part, rng: random.Random, own: bool
    ) -> dict[str, Any] | None:
        """An example on the whole page, changed as the original changes pages."""
        seen = placing.shifted(example, self.image_size, part, rng)
        words = self._words(example, None, rng, own) if seen else None
        if seen is None or words is None:
            return None
        cells, before = _no_cells(self.image_size)
        return {
            "image": seen[0], "region": seen[1], "supervised": example.region is not None,
            "cells": cells, "before": before, "known": False, "anywhere": False, **words,
        }  # fmt: skip

    def _words(
        self, example: Example, frame: Frame | None, rng: random.Random, own: bool
    ) -> dict[str, Any] | None:
        """Task, query and answer as tokens, and where they stand in the window.

        What the window does not show is not asked, nor what is longer than the model can write.
        None if nothing is left.
        """
        task = tasks.task(example.request.task)
        query, _ = self.tokenizer.encode_query(example.request.text, self.most_q)
        query_spots = [NOWHERE] * self.most_q
        if frame and example.printed_text is not None:
            _, spots = self._spelled(example.printed_text, frame)
            query_spots[2 : 2 + len(spots)] = spots[: self.most_q - 2]
        chosen = rng.choice(example.answers) if len(example.answers) > 1 else example.answers[0]
        answer = example.printed_answer or Printed.sign(chosen)
        if example.miswritten is not None:
            answer = Printed.sign(example.miswritten)
        ids, spots = self._spelled(answer, frame)
        seen = next((i for i, spot in enumerate(spots) if spot == OUTSIDE), None)
        if seen is not None:
            ids, spots = ids[:seen], spots[:seen]
        elif own or answer.text.endswith(END_SIGN) or not task.example[1].endswith(END_SIGN):
            ids, spots = [*ids, END], [*spots, NOWHERE]  # otherwise it was cut, and goes on
        if not ids:
            return None
        ids, spots = ids[: self.most_a], spots[: self.most_a]
        steps: list[Step] = list(zip([START, *ids[:-1]], ids, spots, strict=True))
        if example.miswritten is not None:
            steps = without_mistakes(steps, [*self.tokenizer.encode(example.answers[0]), END])
        elif frame and rng.random() < SLIPPED:
            steps = with_slips(steps, self.tokenizer.encode(rng.choice(ALPHABET))[0], rng)
        return {
            "task": task.row, "query": query, "query_spots": query_spots, "answer": ids,
            "steps": steps, "hidden": [] if frame else self._hidden(example, answer, len(ids)),
        }  # fmt: skip

    def _hidden(self, example: Example, answer: Printed, count: int) -> list[bool]:
        """Which of an answer's first `count` tokens are of characters that a mask covers."""
        masks = [shape.bounds() for shape in example.request.marks.of("mask")]
        covered = [
            any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in masks)
            for x, y in answer.spots.tolist()
        ]
        encoded = self.tokenizer.backend.encode(answer.text, add_special_tokens=False)
        hidden = [any(covered[first:end]) for first, end in encoded.offsets[:count]]
        return hidden + [False] * (count - len(hidden))

    def _frame(
        self, example: Example, source: Source, part: Part, rng: random.Random, own: bool
    ) -> Frame | None:
        """The window round the marks, or round the text in question at about the scale of the whole
        page, or the whole page; None if that shows the text too small.
        """
        window = part.window or self.image_size
        tall = placing.line_height(example, source.truth)
        if example.request.marks.shapes:
            assert tall is not None and self.text_height is not None
            frame = placing.focused(example, tall, window, self.text_height, rng)
            return frame if own or frame.scale[1] * tall >= part.smallest else None
        found = None
        if tall is not None:
            found = placing.spread(example, tall, window, part.smallest, self.image_size, rng)
        if found is None and part.data is not None:
            return placing.whole(example, window, rng)
        return found

    def corner(
        self, window: tuple[int, int] | None, rng: random.Random | None
    ) -> tuple[int, int]:
        """Where the window lies in the position table: in the middle, as at use, or anywhere."""
        sides = zip(self.image_size, window or self.image_size, strict=True)
        free = [(most - side) // CELL for most, side in sides]
        if rng is None:
            return free[0] // 2, free[1] // 2
        return rng.randint(0, free[0]), rng.randint(0, free[1])

    def _spelled(self, printed: Printed, frame: Frame | None) -> tuple[list[int], list[Spot]]:
        """The tokens of a text, and the place of each one's first character in the window."""
        encoded = self.tokenizer.backend.encode(printed.text, add_special_tokens=False)
        if frame is None:
            return encoded.ids, [NOWHERE] * len(encoded.ids)
        height, width = frame.image_size
        spots: list[Spot] = []
        places = frame.to_model(printed.spots)
        for first, _ in encoded.offsets:
            x, y = places[first]
            if np.isnan(x):
                spots.append(NOWHERE)
            else:
                inside = 0 <= x < width and 0 <= y < height
                spots.append((float(x), float(y)) if inside else OUTSIDE)
        return encoded.ids, spots


def _no_cells(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The cells of a page of which no character is known."""
    count = size[0] // CELL * (size[1] // CELL)
    return np.zeros((count, SLOTS), np.uint8), np.zeros((count, BEFORE), np.uint8)


def _lowered(example: Example) -> Example:
    """Question and answers in small letters."""
    return replace(
        example,
        request=replace(example.request, text=example.request.text.lower()),
        answers=tuple(answer.lower() for answer in example.answers),
        printed_answer=_small(example.printed_answer),
        printed_text=_small(example.printed_text),
    )


def _small(printed: Printed | None) -> Printed | None:
    """The same, unless small letters are more or fewer than before and so have no places."""
    if printed is None or len(printed.text.lower()) != len(printed):
        return None
    return Printed(printed.text.lower(), printed.spots)
