"""From questions about pages to what the network learns from.

An `Example` is laid into a window as at use (`Frame.focus` round its marks), or, if it has no
marks, into a part of the page at about the scale at which the whole page is seen. The places of
all characters go with it: the network is told where to look.

Shapes: B batch, h, w window, N cells, Q query tokens (task token included), A answer tokens.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from dessurt import tasks
from dessurt.data.entity_tasks import ENTITY_TASKS
from dessurt.data.example import Example
from dessurt.data.form_tasks import FORM_TASKS
from dessurt.data.paragraph_tasks import PARAGRAPH_TASKS
from dessurt.data.passage import BREAK
from dessurt.data.printed import Printed
from dessurt.data.truth import Box, Truth
from dessurt.frame import Frame
from dessurt.model.tokenizer import END, PAD, START, Tokenizer
from dessurt.page import Page
from dessurt.synth import page as synthetic
from dessurt.synth.text import ALPHABET
from dessurt.train.cells import BEFORE, CELL, SLOTS, Glyphs

TASKS = {**PARAGRAPH_TASKS, **FORM_TASKS, **ENTITY_TASKS}
DOCUMENTS = 12  # that the batches of a chunk are drawn from
BATCHES = 16  # of a chunk
FEWEST = 4  # lines of a page to ask about
TRIES = 400  # for a sample: a page may not allow a task, or not in such a window
SLIPPED = 0.7  # of the answers are written with slips; see `_with_slips`
SLIPS = 0.03  # of their characters
REPEATED = 0.1  # of the regions that only repeat the highlight are worth the time
NOWHERE = (-1.0, -1.0)  # not printed
OUTSIDE = (-2.0, -2.0)  # not in the window

Spot = tuple[float, float]  # x, y in model pixels, or NOWHERE or OUTSIDE
Step = tuple[int, int, Spot]  # token written last, token to come, the place of its character


class Batch(NamedTuple):
    """What the network learns from in one step."""

    image: Tensor  # float32 [B, 2, h, w]
    cells: Tensor  # uint8 [B, N, SLOTS]
    before: Tensor  # uint8 [B, N, BEFORE]
    region: Tensor  # bool [B, h, w]
    supervised: Tensor  # bool [B]: whether the region is a truth
    task: Tensor  # [B]
    query: Tensor  # [B, Q-1]
    query_spots: Tensor  # float32 [B, Q, 2]
    written: Tensor  # [B, A]
    wanted: Tensor  # [B, A], PAD where nothing is asked
    spots: Tensor  # float32 [B, A, 2]: of the characters wanted
    corner: Tensor  # [2]: row and column of the position table at which the window begins


@dataclass(frozen=True)
class Part:
    """A part of a stage's mixture: batches of some tasks in windows of one size."""

    tasks: dict[str, float]  # token: how often, beside the others
    window: tuple[int, int]  # h, w
    batch: int
    weight: float = 1.0  # how often, beside the other parts
    most_answer: int = 110  # characters
    lines: int = 1  # of an answer, at least: many blocks of a page have only one
    smallest: float = 10.0  # model pixels of a line's height; what gets smaller is left out
    text: bool = True  # False: only the convolutions learn
    kinds: tuple[str, ...] = ()  # of documents; none: all

    @classmethod
    def of(cls, given: dict[str, Any]) -> Part:
        """From a config's entry."""
        pairs = {"window": tuple(given["window"]), "kinds": tuple(given.get("kinds", ()))}
        return cls(**{**given, **pairs})


@dataclass(frozen=True, eq=False)
class Source:
    """A page to ask about."""

    page: Page
    truth: Truth
    glyphs: Glyphs


@dataclass(frozen=True)
class Sampler:
    """Draws batches; each follows from the seed, its rank and number, and the step between two.

    Attributes:
        tokenizer: of query and answer.
        image_size: (height, width), the largest that the model takes.
        text_height: model pixels of a highlighted line.
        most_q: max_q_tokens of the model.
        most_a: tokens that an answer may have.
        known: the token ids of every character met so far.
    """

    tokenizer: Tokenizer
    image_size: tuple[int, int]
    text_height: float
    most_q: int
    most_a: int
    known: dict[str, list[int]] = field(default_factory=dict)

    def batches(
        self, parts: dict[str, Part], seed: int, rank: int = 0, first: int = 0, step: int = 1
    ) -> Iterator[tuple[str, bool, Batch]]:
        """Batches `first`, `first + step`, ... without end, with their part and its `text`.

        Raises:
            ValueError: hardly any page suits a part.
        """
        pools: dict[tuple[str, ...], tuple[int, list[Source]]] = {}
        for t in range(first, 1 << 62, step):
            # All ranks do the same kind of batch at a time: none waits for another.
            weights = [part.weight for part in parts.values()]
            (name,) = random.Random(f"{seed} {t}").choices(list(parts), weights)
            part = parts[name]
            chunk = t // (BATCHES * step)
            if pools.get(part.kinds, (-1, []))[0] != chunk:
                rng = random.Random(f"{seed} {rank} {first % step} {chunk} {part.kinds}")
                pools[part.kinds] = chunk, self.sources(rng, part.kinds)
            rng = random.Random(f"{seed} {rank} {t} batch")
            yield name, part.text, self.batch(part, pools[part.kinds][1], rng)

    def sources(self, rng: random.Random, kinds: Sequence[str] = ()) -> list[Source]:
        """The pages of some documents."""
        found: list[Source] = []
        while len(found) < DOCUMENTS:
            for drawn in synthetic(rng.getrandbits(48), kinds=kinds or None):
                if len(drawn.truth.lines) >= FEWEST:
                    page = Page.from_array(drawn.pixels)
                    found.append(Source(page, drawn.truth, Glyphs.of(drawn.truth)))
        return found

    def batch(self, part: Part, pool: Sequence[Source], rng: random.Random) -> Batch:
        """One batch of a part's tasks about some pages."""
        samples: list[dict[str, Any]] = []
        corner: tuple[int, int] | None = None
        for _ in range(TRIES * part.batch):
            if len(samples) == part.batch:
                return _stacked(samples, corner or (0, 0))
            (token,) = rng.choices(list(part.tasks), list(part.tasks.values()))
            drawn = self.sample(part, token, rng.choice(pool), rng)
            if drawn is not None:
                samples.append(drawn)
                marked = "highlight" in tasks.task(token).needs
                corner = corner or self._corner(part.window, None if marked else rng)
        raise ValueError(f"hardly any page suits {part}: give a larger window or other kinds.")

    def sample(
        self, part: Part, token: str, source: Source, rng: random.Random
    ) -> dict[str, Any] | None:
        """One example of a task, laid into the part's window; None where it does not go."""
        example = TASKS[token](
            source.page, source.truth, rng, most_text=self.most_q - 2, most_answer=part.most_answer
        )
        if example is None or example.answers[0].count(BREAK) + 1 < part.lines:
            return None
        frame = self._frame(example, source.truth, part, rng)
        return None if frame is None else self.laid(example, source.glyphs, frame, rng)

    def laid(
        self, example: Example, glyphs: Glyphs, frame: Frame, rng: random.Random
    ) -> dict[str, Any] | None:
        """An example as the model sees it; None if the answer gets too long."""
        request, size = example.request, frame.image_size
        grid = (size[0] // CELL, size[1] // CELL)
        cells, before = glyphs.cells(frame.scale, frame.offset, grid)
        query, _ = self.tokenizer.encode_query(request.text, self.most_q)
        query_spots = [NOWHERE] * self.most_q
        if example.printed_text is not None:
            ids, spots = self._spelled(example.printed_text, frame)
            query_spots[2 : 2 + len(spots)] = spots[: self.most_q - 2]
        answer = example.printed_answer or Printed.sign(example.answers[0])
        ids, spots = self._spelled(answer, frame)
        seen = next((i for i, spot in enumerate(spots) if spot == OUTSIDE), None)
        if seen is not None:  # what the window does not show is not asked
            ids, spots = ids[:seen], spots[:seen]
        elif answer.text.endswith("‡") or not tasks.task(request.task).example[1].endswith("‡"):
            ids, spots = [*ids, END], [*spots, NOWHERE]  # otherwise it was cut, and goes on
        if len(ids) > self.most_a or not ids:
            return None
        steps: list[Step] = list(zip([START, *ids[:-1]], ids, spots, strict=True))
        if rng.random() < SLIPPED:
            steps = _with_slips(steps, self._ids(rng.choice(ALPHABET))[0], rng)
        region = np.zeros(size, bool)
        if example.region:
            region = frame.marked(example.region) > 0
        return {
            "image": frame.tensor(example.page, request.marks).numpy(),
            "cells": cells.reshape(-1, SLOTS),
            "before": before.reshape(-1, BEFORE),
            "region": region,
            "supervised": example.region is not None and (
                not request.marks.has("highlight") or rng.random() < REPEATED
            ),
            "task": tasks.task(request.task).row,
            "query": query,
            "query_spots": query_spots,
            "steps": steps,
        }

    def _frame(
        self, example: Example, truth: Truth, part: Part, rng: random.Random
    ) -> Frame | None:
        """The window round the marks, or round the text in question at about the scale of the whole
        page; None if that shows the text too small.
        """
        page, marks, window = example.page, example.request.marks, part.window
        tall = _line_height(example, truth)
        if marks.has("highlight"):
            frame = Frame.focus(
                page.size, window, marks, self.text_height * rng.uniform(0.85, 1.2),
                line_height=tall,
            )  # fmt: skip
            return frame if frame.scale[1] * tall >= part.smallest else None
        scale = Frame.whole(page.size, self.image_size, 64).scale[0] * rng.uniform(0.85, 1.15)
        scale = max(scale, 1.1 * part.smallest / tall)
        texts = (example.printed_text, example.printed_answer)
        first = next((each.places for each in texts if each is not None and len(each.places)), None)
        if first is None:
            return None
        (x0, y0), (x1, y1) = first.min(0), first.max(0)
        fitting = min(window[1] / (x1 - x0 + 3 * tall), window[0] / (y1 - y0 + 3 * tall))
        if fitting * tall < part.smallest:
            return None
        scale = min(scale, fitting)
        room = (window[1] / scale - 3 * tall, window[0] / scale - 3 * tall)
        x = rng.uniform(x1 - room[0] / 2, x0 + room[0] / 2)
        y = rng.uniform(y1 - room[1] / 2, y0 + room[1] / 2)
        height, width = page.size
        inside = [min(max(at, side / 2 - slack), side / 2 + slack) for at, side, slack in (
            (x, width, max(width - window[1] / scale, 0) / 2 + tall),
            (y, height, max(height - window[0] / scale, 0) / 2 + tall))]
        return Frame.window_round("whole", page.size, window, (inside[0], inside[1]), scale)

    def _corner(self, window: tuple[int, int], rng: random.Random | None) -> tuple[int, int]:
        """Where the window lies in the position table: in the middle, as at use, or anywhere."""
        free = [(most - side) // CELL for most, side in zip(self.image_size, window, strict=True)]
        if rng is None:
            return free[0] // 2, free[1] // 2
        return rng.randint(0, free[0]), rng.randint(0, free[1])

    def _spelled(self, printed: Printed, frame: Frame) -> tuple[list[int], list[Spot]]:
        """The tokens of a text, and the place of each in the window."""
        height, width = frame.image_size
        ids: list[int] = []
        spots: list[Spot] = []
        for letter, (x, y) in zip(printed.text, frame.to_model(printed.spots), strict=True):
            known = self._ids(letter)
            ids += known
            if np.isnan(x):
                spot = NOWHERE
            else:
                inside = 0 <= x < width and 0 <= y < height
                spot = (float(x), float(y)) if inside else OUTSIDE
            spots += [spot] * len(known)
        return ids, spots

    def _ids(self, letter: str) -> list[int]:
        if letter not in self.known:
            self.known[letter] = self.tokenizer.encode(letter)
        return self.known[letter]


def _line_height(example: Example, truth: Truth) -> float:
    """About how tall the text is that the example is about."""
    printed = example.printed_text if example.request.text else example.printed_answer
    spots = () if printed is None else printed.places
    if not len(spots):
        return float(np.median([line.height for line in truth.lines]))
    middle = spots[len(spots) // 2]
    near = min(truth.lines, key=lambda line: _apart(line.box, middle))
    return near.height


def _apart(box: Box, point: np.ndarray) -> float:
    """From a point aside to a line's box, and up or down to its middle."""
    x, y = point
    aside = max(box[0] - x, 0, x - box[2])
    return aside + abs((box[1] + box[3]) / 2 - y)


def _with_slips(steps: list[Step], wrong: int, rng: random.Random) -> list[Step]:
    """The same answer as if written with slips, and going on rightly after each.

    Letters are mistaken (for `wrong`), left out or written twice, as the model itself does when it
    loses its place; so it learns to find it again.
    """
    slipped: list[Step] = []
    written, i = START, 0
    while i < len(steps):
        _, wanted, spot = steps[i]
        slipped.append((written, wanted, spot))
        written, i = wanted, i + 1
        if i >= len(steps) or rng.random() > SLIPS:
            continue
        kind, length = rng.random(), rng.randint(1, 4)
        if kind < 0.35:
            written = wrong
        elif kind < 0.75:
            wanted, spot = steps[i][1:]
            for again in steps[max(i - length, 0) : i]:
                slipped.append((written, wanted, spot))
                written, wanted, spot = again[1], PAD, NOWHERE
        elif i + length < len(steps):
            slipped.append((written, *steps[i][1:]))
            i += length
            written = steps[i - 1][1]
    return slipped


def _stacked(samples: Sequence[dict[str, Any]], corner: tuple[int, int]) -> Batch:
    longest = max(len(each["steps"]) for each in samples)
    filled = [each["steps"] + [(PAD, PAD, NOWHERE)] * (longest - len(each["steps"]))
              for each in samples]  # fmt: skip
    written, wanted, spots = ([[step[k] for step in each] for each in filled] for k in range(3))

    def stack(name: str) -> Tensor:
        return torch.from_numpy(np.stack([each[name] for each in samples]))

    return Batch(
        image=stack("image"), cells=stack("cells"), before=stack("before"),
        region=stack("region"), supervised=stack("supervised"), task=stack("task"),
        query=stack("query"), query_spots=stack("query_spots").float(),
        written=torch.tensor(written), wanted=torch.tensor(wanted),
        spots=torch.tensor(spots, dtype=torch.float32), corner=torch.tensor(corner),
    )  # fmt: skip
