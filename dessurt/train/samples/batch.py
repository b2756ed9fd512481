"""What the network learns from in one step, and how single samples are stacked to it.

Shapes: B batch, h, w window, N cells, Q query tokens (task token included), A answer tokens.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein
from torch import Tensor

from dessurt.model.tokenizer import PAD, START

SLIPS = 0.03  # of an answer's characters; see `with_slips`
NOWHERE = (-1.0, -1.0)  # not printed, or nobody knows where
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
    known: Tensor  # bool [B]: whether the cells are a truth
    hidden: Tensor  # bool [B, A]: of the tokens wanted, those that are masked on the page


def stacked(samples: Sequence[dict[str, Any]], corner: tuple[int, int]) -> Batch:
    """A batch of samples (see `Sampler.laid`) whose windows begin at `corner`."""
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
        known=stack("known"),
        hidden=torch.tensor([each["hidden"] + [False] * (longest - len(each["hidden"]))
                             for each in samples]),
    )  # fmt: skip


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
    """The same answer, but of its tokens only those are asked that the right one has there, too.

    So the original masks the loss of an answer that is written with mistaken words on purpose.

    Args:
        steps: of an answer as it is written.
        right: the tokens of the right one; both are aligned so that they differ least.
    """
    wanted = [token for _, token, _ in steps]
    kept: set[int] = set()
    for change in Levenshtein.opcodes(right, wanted):
        if change.tag == "equal":
            kept.update(range(change.dest_start, change.dest_end))
    return [step if i in kept else (step[0], PAD, NOWHERE) for i, step in enumerate(steps)]
