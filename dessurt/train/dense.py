"""First stage: the convolutions learn which characters lie in each cell, on small crops."""

from __future__ import annotations

import random
from collections.abc import Iterator

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dessurt.synth import SynthPage, page
from dessurt.train.cells import CELL, CLASSES, SLOTS, Glyphs

CROPS_A_PAGE = 24
BLANK_SHARE = 0.25  # of the blank cells that enter the loss


class DenseHead(nn.Linear):
    """Characters of a cell from its image token; dropped when training ends."""

    def __init__(self, width: int) -> None:
        """`width` C of an image token."""
        super().__init__(width, SLOTS * CLASSES)

    def loss(self, tokens: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy of the characters in each cell, and the share of characters found.

        Labelled and blank cells count as two separate means: in one mean the few labelled ones
        would drown.

        Args:
            tokens: [B, N, C].
            cells: [B, N, SLOTS].
        """
        labelled = cells[..., 0] > 0
        logits = self(tokens[labelled]).view(-1, SLOTS, CLASSES)
        target = cells[labelled]
        written = F.cross_entropy(logits.flatten(0, 1).float(), target.flatten())
        blank = tokens[~labelled]
        blank = blank[torch.rand(len(blank), device=blank.device) < BLANK_SHARE]
        first = F.linear(blank, self.weight[:CLASSES], self.bias[:CLASSES]).float()
        empty = F.cross_entropy(first, torch.zeros_like(first[:, 0], dtype=torch.long))
        with torch.no_grad():
            right = (logits.argmax(-1) == target)[target > 0].float().mean()
        return SLOTS * written + empty, right


def batches(
    seed: int, size: int, window: tuple[int, int], held_out: bool = False
) -> Iterator[tuple[Tensor, Tensor]]:
    """Images [B, 2, H, W] and cells [B, N, SLOTS], without end; the same seed, the same batches.

    Args:
        seed: pages and crops follow from it.
        size: B.
        window: H, W.
        held_out: fonts never trained on.
    """
    rng = random.Random(seed)
    pages = shuffled(rng, held_out, CROPS_A_PAGE)
    crops = (crop(drawn, glyphs, rng, window) for drawn, glyphs in pages)
    while True:
        images, cells = zip(*(next(crops) for _ in range(size)), strict=True)
        yield torch.from_numpy(np.stack(images)), torch.from_numpy(np.stack(cells))


def shuffled(
    rng: random.Random, held_out: bool, times: int
) -> Iterator[tuple[SynthPage, Glyphs]]:
    """Pages, each about so many times, mixed with others."""
    pool: list[tuple[SynthPage, Glyphs]] = []
    while True:
        while len(pool) < 8:
            drawn = page(rng.getrandbits(48), held_out)
            pool += [(each, Glyphs.of(each)) for each in drawn if len(each.lines) > 3]
        for _ in range(times):
            yield rng.choice(pool)
        pool.pop(0)


def crop(
    drawn: SynthPage, glyphs: Glyphs, rng: random.Random, window: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """A window [2, H, W] round some line, scaled so that its height is about 22 pixels."""
    height, width = window
    line = rng.choices(drawn.lines, [len(each.text) + 4 for each in drawn.lines])[0]
    x0, y0, x1, y1 = line.box
    tall = rng.triangular(14, 30, 21)
    scale = min(max(tall / max(y1 - y0, 1), 0.4), 2.5)
    x = rng.uniform(x0, x1)
    y = (y0 + y1) / 2 + rng.uniform(-24, 24) / scale
    columns, rows = round(width / scale), round(height / scale)
    left, top = round(x - columns / 2), round(y - rows / 2)
    sx, sy = width / columns, height / rows
    cut = np.full((rows, columns), 255, np.uint8)
    bottom = min(drawn.pixels.shape[0], top + rows)
    right = min(drawn.pixels.shape[1], left + columns)
    a, b, c, d = max(left, 0), max(top, 0), right, bottom
    cut[b - top : d - top, a - left : c - left] = drawn.pixels[b:d, a:c]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(cut, (width, height), interpolation=how)
    image = np.zeros((2, height, width), np.float32)
    image[0] = 1 - picture.astype(np.float32) / 128
    if rng.random() < 0.8:
        _highlight(image[1], drawn, rng, (sx, sy), (-left * sx, -top * sy))
    grid = (height // CELL, width // CELL)
    cells, _ = glyphs.cells((sx, sy), (-left * sx, -top * sy), grid)
    return image, cells.reshape(-1, SLOTS)


def _highlight(
    channel: np.ndarray,
    drawn: SynthPage,
    rng: random.Random,
    scale: tuple[float, float],
    offset: tuple[float, float],
) -> None:
    """Mark a line that is about in the middle, or any stretch of it."""
    height, width = channel.shape
    middle = np.array([(width / 2, height / 2)])
    boxes = np.array([line.box for line in drawn.lines])
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    apart = np.abs(centres * scale + offset - middle) @ (0.2, 1)
    x0, y0, x1, y1 = drawn.lines[int(apart.argmin())].box
    a, b = (x0 * scale[0] + offset[0], x1 * scale[0] + offset[0])
    c, d = (y0 * scale[1] + offset[1], y1 * scale[1] + offset[1])
    if rng.random() < 0.3:
        a, b = sorted((rng.uniform(a, b), rng.uniform(a, b)))
    spread = [rng.gauss(0, 2.5) for _ in range(4)]
    a, b, c, d = (max(round(v + s), 0) for v, s in zip((a, b, c, d), spread, strict=True))
    channel[c:d, a:b] = 1
