"""Second stage: the whole model reads what is highlighted in a window of a page.

The window is what `Frame.focus` gives at use, and the highlight is drawn as people draw it.

Shapes: B batch, H, W image, N cells, A answer tokens.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from dessurt import tasks
from dessurt.frame import FOCUS_MARGIN, Frame
from dessurt.marks import Marks, MarksError, Shape
from dessurt.model.tokenizer import END, PAD, START, Tokenizer
from dessurt.page import Page
from dessurt.synth import Line
from dessurt.train.cells import CELL, SLOTS, Glyphs
from dessurt.train.dense import shuffled

LOOKS_A_PAGE = 10
SMALLEST = 11.0  # model pixels of a line's height; smaller text cannot be read
READ, READ_TO_END = tasks.task("w0>").row, tasks.task(";0>").row

# image [2, H, W], cells [N, SLOTS], context [N, 2], task row, answer ids [A + 1], places [A]
Look = tuple[np.ndarray, np.ndarray, np.ndarray, int, list[int], list[int]]


def batches(
    seed: int,
    size: int,
    window: tuple[int, int],
    text_height: float,
    tokenizer: Tokenizer,
    most: int,
    held_out: bool = False,
) -> Iterator[tuple[Tensor, ...]]:
    """Images [B, 2, H, W], cells [B, N, SLOTS], context [B, N, 2], tasks [B], answers [B, A + 1]
    and places [B, A], without end; the same seed, the same batches.

    `places` is the cell of the character that follows each answer token, -1 for none.

    Args:
        seed: pages and highlights follow from it.
        size: B.
        window: H, W.
        text_height: what `Frame.focus` aims at, in pixels.
        tokenizer: of the answers.
        most: tokens that an answer may have, `<s>` and `</s>` included.
        held_out: fonts never trained on.
    """
    rng = random.Random(seed)
    found = looks(rng, window, text_height, tokenizer, most, held_out)
    while True:
        images, cells, context, rows, answers, places = zip(
            *(next(found) for _ in range(size)), strict=True
        )
        longest = max(map(len, answers))
        yield (
            torch.from_numpy(np.stack(images)),
            torch.from_numpy(np.stack(cells)),
            torch.from_numpy(np.stack(context)),
            torch.tensor(rows),
            torch.tensor([[*ids, *[PAD] * (longest - len(ids))] for ids in answers]),
            torch.tensor([[*at, *[-1] * (longest - 1 - len(at))] for at in places]),
        )


def looks(
    rng: random.Random,
    window: tuple[int, int],
    text_height: float,
    tokenizer: Tokenizer,
    most: int,
    held_out: bool = False,
) -> Iterator[Look]:
    """Single samples; arguments as `batches`."""
    for drawn, glyphs in shuffled(rng, held_out, LOOKS_A_PAGE):
        weights = [min(len(line.text), 60) + 10 for line in drawn.lines]
        line = rng.choices(drawn.lines, weights)[0]
        found = look(drawn.pixels, glyphs, line, window, text_height, tokenizer, rng)
        if found is not None and len(found[4]) <= most:
            yield found


def look(
    pixels: np.ndarray,
    glyphs: Glyphs,
    line: Line,
    window: tuple[int, int],
    text_height: float,
    tokenizer: Tokenizer,
    rng: random.Random,
) -> Look | None:
    """Highlight a line or some of its words and look at it as at use; None if it gets too small."""
    tall = _height(line)
    room = (window[1] - 2 * FOCUS_MARGIN) / text_height * tall
    first, last = _selection(line, room, rng)
    page = Page.from_array(pixels)
    try:
        marks = Marks(_shapes(line, first, last, rng)).checked(page.size)
    except MarksError:
        return None
    frame = Frame.focus(page.size, window, marks, text_height * rng.uniform(0.85, 1.2))
    if frame.scale[1] * tall < SMALLEST:
        return None
    grid = (window[0] // CELL, window[1] // CELL)
    cells, context = glyphs.cells(frame.scale, frame.offset, grid)
    row = READ if rng.random() < 0.93 else READ_TO_END
    ids, places = [START], []
    middles = frame.to_model(line.ends[first : last + 1].mean(1))
    for letter, (x, y) in zip(line.text[first : last + 1], middles, strict=True):
        tokens = tokenizer.encode(letter)
        ids += tokens
        r, c = int(y // CELL), int(x // CELL)
        inside = 0 <= r < grid[0] and 0 <= c < grid[1]
        places += [r * grid[1] + c if inside else -1] * len(tokens)
    ids += tokenizer.encode("‡") if row == READ_TO_END else []
    places += [-1] * (len(ids) - len(places))
    image = frame.tensor(page, marks).numpy()
    return image, cells.reshape(-1, SLOTS), context.reshape(-1, 2), row, [*ids, END], places


def _selection(line: Line, room: float, rng: random.Random) -> tuple[int, int]:
    """First and last selected character: whole words, mostly as many as there is room for."""
    starts = [0, *(i + 1 for i, letter in enumerate(line.text) if letter == " ")]
    stops = [*(start - 2 for start in starts[1:]), len(line.text) - 1]
    # A line may be a little too long (it is then shown smaller), as real ones are.
    room *= rng.uniform(1.0, 1.25)

    def width(first: int, last: int) -> float:
        return float(line.ends[stops[last], 1, 0] - line.ends[starts[first], 0, 0])

    first, last = 0, len(starts) - 1
    if rng.random() < 0.2:  # a few words only
        first = rng.randint(0, last)
        last = min(first + rng.randint(0, 5), last)
    elif width(first, last) > room and rng.random() < 0.5:
        while width(first, last) > room and first < last:
            first += 1
    while width(first, last) > room and last > first:
        last -= 1
    return starts[first], stops[last]


def _height(line: Line) -> float:
    """From ascender to descender, whatever the line's slope adds to its box."""
    return line.box[3] - line.box[1] - abs(float(line.ends[-1, 1, 1] - line.ends[0, 0, 1]))


def _shapes(line: Line, first: int, last: int, rng: random.Random) -> tuple[Shape, ...]:
    """A highlight as people draw it: a box that misses or spills a little, a thick stroke, or a
    box for every word.
    """
    tall, ends = _height(line), line.ends[first : last + 1].astype(float)
    x0, x1 = ends[0, 0, 0], ends[-1, 1, 0]
    _, y0, _, y1 = line.box
    # The line's middle lies above that of the small letters.
    lift = (y0 + y1) / 2 - (line.ends[0, 0, 1] + line.ends[-1, 1, 1]) / 2
    kind = rng.random()
    if kind < 0.12 and x1 - x0 > tall:
        inset, along = 0.35 * tall, ends[:, 0, 0]
        xs = np.arange(x0 + inset, x1 - inset, 1.5 * tall).tolist() + [x1 - inset]
        ys = np.interp(xs, along, ends[:, 0, 1]) + lift
        points = tuple((x, y + rng.gauss(0, 0.06) * tall) for x, y in zip(xs, ys, strict=True))
        return (Shape("highlight", "brush", points, rng.uniform(0.35, 0.55) * tall),)
    if kind < 0.24:
        spaces = [i for i in range(first, last + 1) if line.text[i] == " "]
        starts = [first, *(i + 1 for i in spaces)]
        words = zip(starts, [*(i - 1 for i in spaces), last], strict=True)
        return tuple(_box(line.ends[a : b + 1].astype(float), lift, tall, rng) for a, b in words)
    if kind < 0.6:  # exactly the line's box
        return (Shape("highlight", "box", ((x0, y0), (x1, y1))),)
    before, after = (rng.triangular(-0.06, 0.35, 0.03) * tall for _ in range(2))
    above, below = (rng.triangular(-0.12, 0.25, 0.02) * tall for _ in range(2))
    return (Shape("highlight", "box", ((x0 - before, y0 - above), (x1 + after, y1 + below))),)


def _box(ends: np.ndarray, lift: float, tall: float, rng: random.Random) -> Shape:
    middle = ends[:, :, 1].mean() + lift
    half = tall * rng.uniform(0.47, 0.53)
    corners = ((ends[0, 0, 0], middle - half), (ends[-1, 1, 0], middle + half))
    return Shape("highlight", "box", corners)
