"""Synthetic handwriting: lines stacked into pages that are read as a block."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from dessurt.data.augment import DISTORTION, distort, draw_shifts
from dessurt.data.example import Example
from dessurt.data.questions.makers import PARAGRAPH_TASKS
from dessurt.data.records import DataError, Record
from dessurt.data.sets.files import damaged, open_page, read_lines, there
from dessurt.page import Page
from dessurt.page.plane import Box
from dessurt.truth import Paragraph, Truth
from dessurt.truth.boxes import line_of

PAPER = 253  # grey of the page between the lines
TALL = (18, 48)  # pixels of a line
GAP = 4  # pixels between two lines at least; at most as tall as a line
ASIDE = 10  # pixels that a line may begin left or right of the first
LONGEST = 1_000_000  # characters of an answer: whatever is on the page is read


class SynthHandwriting:
    """One record a line: that line and some that follow it, one below the other on a page.

    Get the lines from https://zenodo.org/record/6536366. The folder:

        OUT.txt              lines `NUMBER: text`
        sample_NUMBER.png    each a picture of its line, dark on light

    Half the pages are asked `read_block>`, the others `read_block0>` with the lines highlighted.
    How many lines there are, how tall they are and where they stand is chosen at random, and
    each is distorted as the original does it.
    There is only the split "train".
    """

    def __init__(
        self, folder: Path, split: str = "train", size: tuple[int, int] = (1152, 768)
    ) -> None:
        """`size`: height and width of the pages in pixels.

        Raises:
            DataError: another split is asked for, or there is no OUT.txt, or it is empty.
        """
        if split != "train":
            raise DataError("this handwriting only has a split train: validate on another.", folder)
        self.folder, (self.height, self.width) = folder, size
        self.file = there(folder / "OUT.txt", "OUT.txt and sample_NUMBER.png")
        lines = enumerate(read_lines(self.file), 1)
        self.lines = [(number, line) for number, line in lines if line.strip()]
        if not self.lines:
            raise DataError("it has no lines.", self.file)

    def __len__(self) -> int:
        """Lines, and so pages that begin with each of them."""
        return len(self.lines)

    def record(self, index: int, rng: random.Random) -> Record:
        """A page of some lines from line `index` on, and what is asked about it."""
        tall = rng.randint(*TALL)
        gap = rng.randint(GAP, tall)
        most = min(self.height // (tall + gap), len(self.lines) - index)
        lines = [self._line(index)]
        for i in range(index + 1, index + rng.randint(1, max(most, 1))):
            with suppress(DataError):  # it is reported where its own page is asked for
                lines.append(self._line(i))
        # All lines are equally tall, and none is wider than the page.
        tall = min(tall, *(int(self.width * each.shape[0] / each.shape[1]) for _, each in lines))
        lines = [(text, distorted(scaled(grey, max(tall, 1)), rng)) for text, grey in lines]
        page, truth = self._page(lines, gap, rng)
        source = f"{self.file.name} line {self.lines[index][0]}"
        example = _example(page, truth, rng)
        if example is None:
            raise DataError("nothing can be asked of it.", self.file, self.lines[index][0])
        return Record(page, (replace(example, source=source),), source=source)

    def _line(self, index: int) -> tuple[str, np.ndarray]:
        """Its text and its picture in grey."""
        number, line = self.lines[index]
        with damaged(self.file, number):
            name, text = line.split(":", 1)
            if not text.strip():
                raise ValueError("it has no text")
            page = open_page(self.folder / f"sample_{int(name)}.png")
            return " ".join(text.split()), page.gray

    def _page(
        self, lines: list[tuple[str, np.ndarray]], gap: int, rng: random.Random
    ) -> tuple[Page, Truth]:
        """The lines somewhere on a page, roughly one below the other."""
        tall, wide = lines[0][1].shape[0], max(picture.shape[1] for _, picture in lines)
        pixels = np.full((self.height, self.width), PAPER, np.uint8)
        x = rng.randint(0, self.width - wide)
        y = rng.randint(0, self.height - len(lines) * (tall + gap) + gap)
        placed = []
        for text, picture in lines:
            room = self.width - picture.shape[1]
            left = min(max(x + rng.randint(-ASIDE, ASIDE), 0), room)
            pixels[y : y + tall, left : left + picture.shape[1]] = picture
            placed.append((text, (left, y, left + picture.shape[1], y + tall)))
            y += tall + gap
        paragraph = Paragraph(tuple(line_of(_words(text, box)) for text, box in placed))
        page = Page.from_array(pixels)
        return page, Truth(page.size, "handwriting", (paragraph,))


def scaled(grey: np.ndarray, tall: int) -> np.ndarray:
    """A picture of handwriting so many pixels tall, uint8."""
    wide = max(int(grey.shape[1] * tall / grey.shape[0]), 1)
    return np.rint(cv2.resize(grey, (wide, tall), interpolation=cv2.INTER_AREA)).astype(np.uint8)


def distorted(grey: np.ndarray, rng: random.Random) -> np.ndarray:
    """A picture of handwriting, distorted more or less as the original does it; uint8."""
    return distort(grey, draw_shifts(grey.shape, rng.uniform(*DISTORTION), rng))


def _words(text: str, box: tuple[int, int, int, int]) -> list[tuple[str, Box]]:
    """About where the words of a line stand: every character is as wide as the others."""
    (x0, y0, x1, y1), place, words = box, 0, []
    for word in text.split(" "):
        left, right = (x0 + (x1 - x0) * i / len(text) for i in (place, place + len(word)))
        words.append((word, (left, float(y0), right, float(y1))))
        place += len(word) + 1
    return words


def _example(page: Page, truth: Truth, rng: random.Random) -> Example | None:
    """The lines are known but not where their characters stand: the example says no places."""
    task = PARAGRAPH_TASKS[rng.choice(("read_block>", "read_block0>"))]
    example = task(page, truth, rng, most_answer=LONGEST)
    return example and replace(example, printed_answer=None, printed_text=None)
