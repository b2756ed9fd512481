"""IAM mixed: words of three pages of handwriting, shuffled into two columns, to be read."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dessurt.data.records import DataError, Record
from dessurt.data.sets.handwriting import PAPER, TALL, distorted, scaled
from dessurt.data.sets.iam import Iam, read_block
from dessurt.data.sets.iam_forms import open_form
from dessurt.page import Page
from dessurt.truth import Line, Paragraph, Truth
from dessurt.truth.boxes import line_of

FORMS = 3  # pages that words are taken from
SIGNS = (".", ",", "!", "?", '"', "'", ")", "(", ";")  # that stand alone are left out
AROUND = 4  # pixels round a word in IAM that are cut out with it
EDGE = (2, 149)  # pixels left and above of a column
GAP = (4, 17)  # pixels between two words
ASIDE = 30  # pixels that a word may begin left or right of its column

_Cut = tuple[str, np.ndarray]  # a word and its pixels in grey


class IamMixed(Iam):
    """Words in an order that no language model can guess, one a line, the left column first.

    The folder is that of `Iam`, and so are the splits. For training, record N has words of form N
    and of two others, which are random like their order, places and heights; each word is
    distorted, and half the pages are asked `read_block>`, the others `read_block0>`. Otherwise a
    record has the words of its form alone, always laid out alike, and is asked `read_block0>`.
    """

    def __init__(
        self,
        folder: Path,
        split: str = "train",
        splits: str = "splits",
        size: tuple[int, int] = (1152, 768),
    ) -> None:
        """`split`, `splits`: see `Iam`; `size`: height and width of the pages in pixels.

        Raises:
            DataError: there are no forms or lists.
        """
        super().__init__(folder, split, splits)
        self.height, self.width = size

    def record(self, index: int, rng: random.Random) -> Record:
        """A page of words; those that have no place on it are left out.

        Raises:
            DataError: an image or XML of the forms is damaged, or the page too small for words.
        """
        chosen, token = [index], "read_block0>"
        if self.train:
            others = [i for i in range(len(self.forms)) if i != index]
            chosen += rng.sample(others, min(FORMS - 1, len(others)))
            token = rng.choice(("read_block>", token))
        words = [word for i in chosen for word in _words(self.folder, self.forms[i])]
        if self.train:
            rng.shuffle(words)
        else:
            words = [word for first in range(3) for word in words[first::3]]
        pixels = np.full((self.height, self.width), PAPER, np.uint8)
        lines = tuple(self._drawn(pixels, words, rng if self.train else None))
        source = "words of " + ", ".join(self.forms[i] for i in chosen)
        if not lines:
            raise DataError("no word has room on a page of this size.", source)
        page = Page.from_array(pixels)
        truth = Truth(page.size, "handwriting", (Paragraph(lines),))
        return Record(page, (read_block(page, truth, source, rng, token),), truth, source)

    def _drawn(
        self, pixels: np.ndarray, words: Sequence[_Cut], rng: random.Random | None
    ) -> list[Line]:
        """Draw as many words as there is room for; without `rng` everything has its usual place."""
        left, (top, gap), widest = _edge(rng), _column(rng), 0
        lines = []
        for text, cut in words:
            word = scaled(cut, rng.randint(*TALL) if rng else sum(TALL) // 2)
            tall, wide = word.shape
            widest = max(widest, wide)
            if top + tall > self.height:
                left += self._next_column(widest, rng)
                top, gap = _column(rng)
            if left + ASIDE >= self.width:
                break
            x = rng.randrange(max(left - ASIDE, 2), left + ASIDE) if rng else left
            if x + wide > self.width or top + tall > self.height:
                continue
            pixels[top : top + tall, x : x + wide] = distorted(word, rng) if rng else word
            lines.append(line_of([(text, (x, top, x + wide, top + tall))]))
            top += tall + gap
        return lines

    def _next_column(self, widest: int, rng: random.Random | None) -> int:
        """How far right of a column the next one begins."""
        half = self.width // 2
        if rng is None:
            return half
        return max(round(widest * rng.uniform(1.1, 2.1)), rng.randrange(half - 20, half + 150))


def _edge(rng: random.Random | None) -> int:
    return rng.randint(*EDGE) if rng else 50


def _column(rng: random.Random | None) -> tuple[int, int]:
    """Where a column begins below the upper edge, and the gap between its words."""
    return (_edge(rng), rng.randint(*GAP)) if rng else (50, 12)


def _words(folder: Path, name: str) -> list[_Cut]:
    """The words of a form that have a place on it, without signs."""
    page, lines, path = open_form(folder, name)
    found = []
    for word in (word for line in lines for word in line.words):
        text = word.text.replace(" ", "")
        if word.box is not None and text and text not in SIGNS:
            x0, y0, x1, y1 = (round(side) for side in word.box)
            rows = slice(max(y0 - AROUND, 0), y1 + AROUND)
            cut = page.gray[rows, max(x0 - AROUND, 0) : x1 + AROUND]
            found += [(text, cut)] if cut.size else []
    if not found:
        raise DataError("none of its words has a place.", path)
    return found
