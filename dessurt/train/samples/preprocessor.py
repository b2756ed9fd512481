"""From an example to a sample: the page in the model's image, the answer as tokens.

A page is laid into the image as when it is asked (see `placing`). Where its truth is known, the
places of all characters go with it: the network learns where to look.

Shapes: N cells of a window, Q query tokens (task token included), A answer tokens.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import numpy as np

from dessurt import tasks
from dessurt.data.example import Example
from dessurt.model import DessurtConfig
from dessurt.model.tokenizer import END, START, Tokenizer
from dessurt.page.frame import Frame
from dessurt.synth.text import ALPHABET
from dessurt.tasks import END_SIGN
from dessurt.train.config import Part
from dessurt.train.samples import placing
from dessurt.train.samples.batch import (
    NOWHERE,
    OUTSIDE,
    Sample,
    Spot,
    Step,
    Words,
    with_slips,
    without_mistakes,
)
from dessurt.train.samples.cells import BEFORE, CELL, SLOTS, Glyphs
from dessurt.train.samples.pages import Source
from dessurt.train.samples.variation import varied
from dessurt.truth import Printed

SLIPPED = 0.7  # share of the answers that are written with slips; see `with_slips`
REPEATED = 0.1  # share of the regions that only repeat the highlight which are worth the time


@dataclass(frozen=True)
class Preprocessor:
    """Lays examples into a model's image.

    Attributes:
        tokenizer: The vocabulary of query and answer.
        image_size: (height, width), the largest that the model takes.
        text_height: Model pixels of a highlighted line; None: the model sees whole pages, as the
            original does.
        most_q: The tokens of a query, task token included.
        most_a: The tokens that an answer may have.
    """

    tokenizer: Tokenizer
    image_size: tuple[int, int]
    text_height: float | None
    most_q: int
    most_a: int

    @classmethod
    def of(
        cls, tokenizer: Tokenizer, model: DessurtConfig, text_height: float | None
    ) -> Preprocessor:
        """For a model of these sizes."""
        return cls(
            tokenizer, model.image_size, text_height, model.max_q_tokens, model.max_a_tokens
        )

    def sample(
        self, example: Example, source: Source, part: Part, rng: random.Random, own: bool = False
    ) -> Sample | None:
        """An example as the model sees it; None if the image does not show enough of it.

        Args:
            example: A question about the page.
            source: The page, and what is known of it.
            part: How the page is shown.
            rng: Draws the place of the page, and slips.
            own: Whether the example came with the data, with a whole answer.
        """
        if not part.cased:
            example = _lowered(example)
        if self.text_height is None:
            sample = self._shifted(example, part, rng, own)
        else:
            if own and part.vary:
                example = varied(example, rng)
            frame = self._frame(example, source, part, rng, own)
            sample = self.windowed(example, source.glyphs, frame, rng, own) if frame else None
        return sample and sample._replace(source=example.source or source.name)

    def windowed(
        self,
        example: Example,
        glyphs: Glyphs | None,
        frame: Frame,
        rng: random.Random,
        own: bool = False,
    ) -> Sample | None:
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
        return Sample(
            image=frame.channels(example.page, request.marks),
            cells=cells.reshape(-1, SLOTS),
            before=before.reshape(-1, BEFORE),
            known=bool(cells.any()),
            region=region,
            supervised=example.region is not None and (
                not request.marks.has("highlight") or rng.random() < REPEATED
            ),
            anywhere=not request.marks.shapes and not own,
            words=words,
            example=example,
        )

    def _shifted(
        self, example: Example, part: Part, rng: random.Random, own: bool
    ) -> Sample | None:
        """An example on the whole page, changed as the original changes pages."""
        shifted = placing.shifted(example, self.image_size, part, rng)
        words = self._words(example, None, rng, own) if shifted else None
        if shifted is None or words is None:
            return None
        image, region = shifted
        cells, before = _no_cells(self.image_size)
        supervised = example.region is not None
        return Sample(image, cells, before, False, region, supervised, False, words, example)

    def _words(
        self, example: Example, frame: Frame | None, rng: random.Random, own: bool
    ) -> Words | None:
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
        answer = _answer(example, rng)
        ids, spots = self._spelled(answer, frame)
        if OUTSIDE in spots:
            shown = spots.index(OUTSIDE)
            ids, spots = ids[:shown], spots[:shown]
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
        hidden = [] if frame else self._hidden(example, answer, len(ids))
        return Words(task.row, query, query_spots, ids, steps, hidden)

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
            focused = placing.round_marks(example, tall, window, self.text_height, rng)
            return focused if own or focused.scale[1] * tall >= part.smallest else None
        frame = None
        if tall is not None:
            frame = placing.round_text(example, tall, window, part.smallest, self.image_size, rng)
        if frame is None and part.data is not None:
            return placing.whole_page(example, window, rng)
        return frame

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


def _answer(example: Example, rng: random.Random) -> Printed:
    """What is to be written: one of the right answers, or one with mistakes made on purpose."""
    right = rng.choice(example.answers) if len(example.answers) > 1 else example.answers[0]
    if example.miswritten is not None:
        return Printed.sign(example.miswritten)
    return example.printed_answer or Printed.sign(right)


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
