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
from dessurt.synth.text import ALPHABET
from dessurt.train.cells import CELL, SLOTS, Glyphs
from dessurt.train.dense import shuffled

LOOKS_A_PAGE = 10
SMALLEST = 11.0  # model pixels of a line's height; smaller text cannot be read
READ, READ_TO_END = tasks.task("w0>").row, tasks.task(";0>").row

SLIPS = 0.03  # of the written characters, in most samples; see `_with_slips`
NOWHERE = -1

Step = tuple[int, int, int]  # token written last, token to come, cell of its character or NOWHERE
# image [2, H, W], cells [N, SLOTS], context [N, 2], task row, steps
Look = tuple[np.ndarray, np.ndarray, np.ndarray, int, list[Step]]


def batches(
    seed: int,
    size: int,
    window: tuple[int, int],
    text_height: float,
    tokenizer: Tokenizer,
    most: int,
    held_out: bool = False,
) -> Iterator[tuple[Tensor, ...]]:
    """Images [B, 2, H, W], cells [B, N, SLOTS], context [B, N, 2], tasks [B] and steps [B, A, 3],
    without end; the same seed, the same batches.

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
        images, cells, context, rows, steps = zip(
            *(next(found) for _ in range(size)), strict=True
        )
        longest = max(map(len, steps))
        yield (
            torch.from_numpy(np.stack(images)),
            torch.from_numpy(np.stack(cells)),
            torch.from_numpy(np.stack(context)),
            torch.tensor(rows),
            torch.tensor([each + [(PAD, PAD, NOWHERE)] * (longest - len(each)) for each in steps]),
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
        weights = [min(len(line.text), 110) + 4 for line in drawn.lines]
        line = rng.choices(drawn.lines, weights)[0]
        found = look(drawn.pixels, glyphs, line, window, text_height, tokenizer, rng)
        if found is None or len(found[4]) >= most:
            continue
        if not held_out and rng.random() < 0.7:
            yield (*found[:4], _with_slips(found[4], tokenizer, rng))
        else:
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
    tokens, places = [], []
    middles = frame.to_model(line.ends[first : last + 1].mean(1))
    for letter, (x, y) in zip(line.text[first : last + 1], middles, strict=True):
        ids = tokenizer.encode(letter)
        r, c = int(y // CELL), int(x // CELL)
        inside = 0 <= r < grid[0] and 0 <= c < grid[1]
        tokens += ids
        places += [r * grid[1] + c if inside else NOWHERE] * len(ids)
    tokens += tokenizer.encode("‡") if row == READ_TO_END else []
    tokens.append(END)
    places += [NOWHERE] * (len(tokens) - len(places))
    steps = list(zip([START, *tokens[:-1]], tokens, places, strict=True))
    image = frame.tensor(page, marks).numpy()
    return image, cells.reshape(-1, SLOTS), context.reshape(-1, 2), row, steps


def _with_slips(steps: list[Step], tokenizer: Tokenizer, rng: random.Random) -> list[Step]:
    """The same answer as if written with slips, and going on rightly after each.

    Letters are mistaken, left out or written twice, as the model itself does when it loses its
    place; so it learns to find it again.
    """
    slipped: list[Step] = []
    written, i = START, 0
    while i < len(steps):
        _, wanted, place = steps[i]
        slipped.append((written, wanted, place))
        written, i = wanted, i + 1
        if i >= len(steps) or rng.random() > SLIPS:
            continue
        kind, length = rng.random(), rng.randint(1, 4)
        if kind < 0.35:
            written = tokenizer.encode(rng.choice(ALPHABET))[0]
        elif kind < 0.75:
            wanted, place = steps[i][1:]
            for again in steps[max(i - length, 0) : i]:
                slipped.append((written, wanted, place))
                written, wanted, place = again[1], PAD, NOWHERE
        elif i + length < len(steps):
            slipped.append((written, *steps[i][1:]))
            i += length
            written = steps[i - 1][1]
    return slipped


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
