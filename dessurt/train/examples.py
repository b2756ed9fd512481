"""Synthetic windows as the tensors that the losses need, in an endless stream.

Shapes: B batch, H, W image, A answer tokens; an image token (cell) is 8 x 8 pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from dessurt.frame import FOCUS_MARGIN, Frame
from dessurt.marks import Marks
from dessurt.model.tokenizer import END, PAD, START, Tokenizer
from dessurt.page import Page
from dessurt.synth import Line, SynthPage, page
from dessurt.synth.text import ALPHABET

CELL = 8
SLOTS = 3  # thin letters share a cell
CLASSES = len(ALPHABET) + 2  # 0: nothing; last: a letter that is not in the alphabet
_CLASS = {letter: i + 1 for i, letter in enumerate(ALPHABET)}


@dataclass(frozen=True)
class Sample:
    """One window, encoded."""

    gray: np.ndarray  # uint8 [H, W]
    highlight: np.ndarray  # bool [H, W]
    cells: np.ndarray  # int16 [SLOTS, H/8, W/8], the letters in each cell from left to right
    answer: np.ndarray  # int64 [A + 1], <s> ... </s>
    places: np.ndarray  # int32 [A], cell of the token that follows each input token; -1: none


@dataclass(frozen=True)
class Batch:
    """Samples as the model takes them."""

    image: Tensor  # float [B, 2, H, W]
    cells: Tensor  # long [B, SLOTS, H/8, W/8]
    answer: Tensor  # long [B, A + 1]
    places: Tensor  # long [B, A]
    region: Tensor  # float [B, 1, H, W]

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        return Batch(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


def look(
    drawn: SynthPage,
    line: Line,
    size: tuple[int, int],
    text_height: float,
    tokenizer: Tokenizer,
    rng: np.random.Generator,
) -> Sample | None:
    """Highlight a line, or some of its words, as a person would, and look at it as at use.

    Args:
        drawn: the page.
        line: one of its lines.
        size: (height, width) of the model image.
        text_height: what `Frame.focus` aims at.
        tokenizer: of the answer.
        rng: of all choices.

    Returns:
        None where the text would come out too small to read.
    """
    height = line.box[3] - line.box[1]
    scale = text_height * rng.uniform(0.8, 1.25) / height
    first, last = _selection(line, (size[1] - 2 * FOCUS_MARGIN) / scale, rng)
    selected = line.text[first : last + 1]
    x0, x1 = float(line.ends[first, 0, 0]), float(line.ends[last, 1, 0])
    y0, y1 = line.box[1], line.box[3]
    # People miss or spill a little.
    dx0, dx1 = rng.uniform(-0.35, 0.06, 2) * height
    dy0, dy1 = rng.triangular(-0.25, -0.02, 0.12, 2) * height
    box = (x0 + dx0, y0 + dy0, x1 - dx1, y1 - dy1)
    found = Page.from_array(drawn.pixels)
    try:
        marks = Marks.from_boxes(highlight=[box]).checked(found.size)
    except ValueError:
        return None
    frame = Frame.focus(found.size, size, marks, scale * (box[3] - box[1]))
    if frame.scale[1] * height < 9:
        return None
    rows, columns = (side // CELL for side in size)
    cells = np.zeros((SLOTS, rows, columns), np.int16)
    filled = np.zeros((rows, columns), np.int8)
    for other in drawn.lines:
        middles = frame.to_model(other.ends.mean(1))
        if not _near(middles, size):
            continue
        order = np.argsort(middles[:, 0])
        for k in order:
            row, column = int(middles[k, 1] // CELL), int(middles[k, 0] // CELL)
            if other.text[k] == " " or not (0 <= row < rows and 0 <= column < columns):
                continue
            if filled[row, column] < SLOTS:
                cells[filled[row, column], row, column] = _CLASS.get(other.text[k], CLASSES - 1)
                filled[row, column] += 1
    ids, places = [START], []
    for letter, (x, y) in zip(
        selected, frame.to_model(line.ends[first : last + 1].mean(1)), strict=True
    ):
        tokens = tokenizer.encode(letter)
        ids += tokens
        row, column = int(y // CELL), int(x // CELL)
        inside = 0 <= row < rows and 0 <= column < columns
        places += [row * columns + column if inside else -1] * len(tokens)
    return Sample(
        np.round(frame.picture(found)).astype(np.uint8),
        frame.marked(marks) > 0,
        cells,
        np.array([*ids, END], np.int64),
        np.array([*places, -1], np.int32),
    )


def _selection(line: Line, room: float, rng: np.random.Generator) -> tuple[int, int]:
    """First and last selected character: whole words, mostly as many as there are room for."""
    starts = [0, *(i + 1 for i, letter in enumerate(line.text) if letter == " ")]
    stops = [*(start - 2 for start in starts[1:]), len(line.text) - 1]
    words = len(starts)
    first = 0 if rng.random() < 0.7 else int(rng.integers(words))
    last = words - 1 if rng.random() < 0.75 else min(first + int(rng.integers(6)), words - 1)
    # A line may be a little too long (it is then shown smaller), as real ones are.
    slack = rng.uniform(1.0, 1.25)
    width = float(line.ends[stops[last], 1, 0] - line.ends[starts[first], 0, 0])
    if width > room * slack and rng.random() < 0.5:
        first = int(rng.integers(first, last + 1))
    while (
        last > first
        and line.ends[stops[last], 1, 0] - line.ends[starts[first], 0, 0] > room * slack
    ):
        last -= 1
    return starts[first], stops[last]


def _near(middles: np.ndarray, size: tuple[int, int]) -> bool:
    x, y = middles[:, 0], middles[:, 1]
    return bool(y.max() >= 0 and y.min() < size[0] and x.max() >= 0 and x.min() < size[1])


def collate(samples: list[Sample], rng: np.random.Generator) -> Batch:
    """Samples as one batch, answers padded to the longest; contrast varies a little."""
    gray = np.stack([sample.gray for sample in samples]).astype(np.float32)
    marks = np.stack([sample.highlight for sample in samples]).astype(np.float32)
    weak = rng.uniform(0.75, 1.0, (len(samples), 1, 1)).astype(np.float32)
    weak[rng.random(len(samples)) < 0.5] = 1
    ink = 1 - (255 - (255 - gray) * weak) / 128
    longest = max(len(sample.answer) for sample in samples)
    answer = np.full((len(samples), longest), PAD, np.int64)
    places = np.full((len(samples), longest - 1), -1, np.int64)
    for i, sample in enumerate(samples):
        answer[i, : len(sample.answer)] = sample.answer
        places[i, : len(sample.places)] = sample.places
    return Batch(
        torch.from_numpy(np.stack([ink, marks], 1)),
        torch.from_numpy(np.stack([sample.cells for sample in samples]).astype(np.int64)),
        torch.from_numpy(answer),
        torch.from_numpy(places),
        torch.from_numpy(marks[:, None]),
    )


class _Looks(IterableDataset):
    """Looks at ever new pages, each worker at its own."""

    def __init__(
        self, size: tuple[int, int], text_height: float, seed: int, tokenizer: Tokenizer
    ) -> None:
        self.size, self.text_height = size, text_height
        self.seed, self.tokenizer = seed, tokenizer

    def __iter__(self) -> Iterator[Sample]:
        worker = torch.utils.data.get_worker_info()
        number, step = (worker.id, worker.num_workers) if worker else (0, 1)
        torch.set_num_threads(1)
        while True:
            seed = self.seed * 1_000_000 + number
            yield from looks(seed, self.size, self.text_height, self.tokenizer)
            number += step


def looks(
    seed: int,
    size: tuple[int, int],
    text_height: float,
    tokenizer: Tokenizer,
    held_out: bool = False,
    most: int = 40,
) -> Iterator[Sample]:
    """Samples from one synthetic document; the same seed gives the same samples."""
    rng = np.random.default_rng(seed)
    for drawn in page(seed, held_out):
        for i in rng.permutation(len(drawn.lines))[:most]:
            sample = look(drawn, drawn.lines[i], size, text_height, tokenizer, rng)
            if sample is not None:
                yield sample


def batches(
    size: tuple[int, int],
    text_height: float,
    batch: int,
    seed: int,
    tokenizer: Tokenizer,
    workers: int,
    uses: int,
    pool: int = 4000,
) -> Iterator[Batch]:
    """An endless stream of batches.

    Args:
        size: (height, width) of the windows.
        text_height: what `Frame.focus` aims at.
        batch: B.
        seed: of windows and their order.
        tokenizer: of the answers.
        workers: processes that draw.
        uses: how often each window is used; a processor that trains faster than it draws needs
            more than once. Used windows wait in a pool, so that they do not meet again at once.
        pool: size of that pool.
    """
    loader = DataLoader(
        _Looks(size, text_height, seed, tokenizer),
        batch_size=max(batch // uses, 1),
        collate_fn=list,
        num_workers=workers,
        prefetch_factor=8,
    )
    rng = np.random.default_rng(seed)
    kept: list[Sample] = []
    for drawn in loader:
        for sample in drawn:
            if len(kept) < pool:
                kept.append(sample)
            else:
                kept[rng.integers(pool)] = sample
        if len(kept) < 2 * batch:
            continue
        chosen = rng.choice(len(kept), batch, replace=False)
        yield collate([kept[i] for i in chosen], rng)
