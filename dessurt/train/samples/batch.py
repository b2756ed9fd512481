"""What the network learns from in one step, and how single samples are stacked to it.

Shapes: B batch, h, w window, N cells, Q query tokens (task token included), A answer tokens.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein
from torch import Tensor

from dessurt.data.example import Example
from dessurt.model.tokenizer import PAD, START

SLIPS = 0.03  # of an answer's characters; see `with_slips`
NOWHERE = (-1.0, -1.0)  # not printed, or nobody knows where
OUTSIDE = (-2.0, -2.0)  # not in the window

Spot = tuple[float, float]  # x, y in model pixels, or NOWHERE or OUTSIDE
Step = tuple[int, int, Spot]  # token written last, token to come, the place of its character


class Words(NamedTuple):
    """Task, query and answer as tokens, and where they stand in the window."""

    task: int  # row of the task's embedding
    query: list[int]
    query_spots: list[Spot]  # [Q]
    answer: list[int]
    steps: list[Step]  # the answer as it is written, with slips
    hidden: list[bool]  # of the answer's tokens, those that are masked on the page


class Sample(NamedTuple):
    """An example as the network gets it."""

    image: np.ndarray  # float32 [2, h, w]
    cells: np.ndarray  # uint8 [N, SLOTS]
    before: np.ndarray  # uint8 [N, BEFORE]
    known: bool  # whether the cells are a truth
    region: np.ndarray  # bool [h, w]
    supervised: bool  # whether the region is a truth
    anywhere: bool  # whether the window may begin anywhere in the position table
    words: Words
    example: Example  # for those who look at samples
    source: str = ""


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
    known: Tensor  # bool [B]: whether the cells are a truth
    hidden: Tensor  # bool [B, A]: of the tokens wanted, those that are masked on the page


def stacked(samples: Sequence[Sample], corner: tuple[int, int]) -> Batch:
    """A batch of samples whose windows begin at `corner`."""
    words = [sample.words for sample in samples]
    longest = max(len(each.steps) for each in words)
    padded = [each.steps + [(PAD, PAD, NOWHERE)] * (longest - len(each.steps)) for each in words]
    written, wanted, spots = ([[step[k] for step in steps] for steps in padded] for k in range(3))
    hidden = [each.hidden + [False] * (longest - len(each.hidden)) for each in words]

    def stack(arrays: Iterable[Any]) -> Tensor:
        return torch.from_numpy(np.stack(list(arrays)))

    return Batch(
        image=stack(sample.image for sample in samples),
        cells=stack(sample.cells for sample in samples),
        before=stack(sample.before for sample in samples),
        region=stack(sample.region for sample in samples),
        supervised=stack(sample.supervised for sample in samples),
        task=stack(each.task for each in words),
        query=stack(each.query for each in words),
        query_spots=stack(each.query_spots for each in words).float(),
        written=torch.tensor(written),
        wanted=torch.tensor(wanted),
        spots=torch.tensor(spots, dtype=torch.float32),
        corner=torch.tensor(corner),
        known=stack(sample.known for sample in samples),
        hidden=torch.tensor(hidden),
    )


def with_slips(steps: list[Step], wrong: int, rng: random.Random) -> list[Step]:
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


def without_mistakes(steps: list[Step], right: Sequence[int]) -> list[Step]:
    """The same answer, of which only those tokens are asked that the right one has there, too.

    So the original masks the loss of an answer that is written with mistaken words on purpose.

    Args:
        steps: The answer as it is written.
        right: The tokens of the right one; both are aligned so that they differ least.
    """
    wanted = [token for _, token, _ in steps]
    same: set[int] = set()
    for change in Levenshtein.opcodes(right, wanted):
        if change.tag == "equal":
            same.update(range(change.dest_start, change.dest_end))
    return [step if i in same else (step[0], PAD, NOWHERE) for i, step in enumerate(steps)]
