"""IAM mixed: words of three pages of handwriting, shuffled into two columns, to be read."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dessurt.data.records import DataError, Record
from dessurt.data.sets.boxes import line_of
from dessurt.data.sets.iam import Iam, read_block
from dessurt.data.sets.iam_forms import open_form
from dessurt.data.truth import Box, Paragraph, Truth
from dessurt.page import Page

FORMS = 3  # pages that words are taken from
SIZE = (2400, 2400)  # height and width of a mixed page: words keep the size they have in IAM
EDGE = 60  # pixels left free round a column
SPACE = (20, 60)  # pixels between two words
GAP = (10, 60)  # pixels between two lines

_Cut = tuple[str, np.ndarray]  # a word and its pixels, the paper white


class IamMixed(Iam):
    """`read_block>` of words in an order that no language model can guess.

    The folder is that of `Iam`, and so are the options. Record N has words of form N and of two
    others, drawn by lot; their order and places are drawn too. The left column is read first.
    """

    def record(self, index: int, rng: random.Random) -> Record:
        """A page of words; those that have no place on the last line are left out.

        Raises:
            DataError: an image or XML of the three forms is damaged.
        """
        others = [i for i in range(len(self.forms)) if i != index]
        chosen = [index, *rng.sample(others, min(FORMS - 1, len(others)))]
        words = [word for i in chosen for word in _words(self.folder, self.forms[i])]
        rng.shuffle(words)
        page, truth = _laid_out(words, rng)
        source = "words of " + ", ".join(self.forms[i] for i in chosen)
        return Record(page, (read_block(page, truth, source, rng),), truth, source)


def _words(folder: Path, name: str) -> list[_Cut]:
    """The words of a form that have a place on it."""
    page, lines, path = open_form(folder, name)
    paper = max(float(np.median(page.gray)), 1)
    white = np.clip(page.gray * (255 / paper), 0, 255).astype(np.uint8)
    found = []
    for word in (word for line in lines for word in line.words):
        if word.box is not None:
            x0, y0, x1, y1 = (max(int(side), 0) for side in word.box)
            found.append((word.text.replace(" ", ""), white[y0:y1, x0:x1]))
    found = [(text, cut) for text, cut in found if text and cut.size]
    if not found:
        raise DataError("none of its words has a place.", path)
    return found


def _laid_out(words: Sequence[_Cut], rng: random.Random) -> tuple[Page, Truth]:
    """As many words as there is room for, in two columns of lines."""
    height, width = SIZE
    pixels = np.full(SIZE, 255, np.uint8)
    rest, lines = list(words), []
    for left in (EDGE, width // 2 + EDGE):
        right, top = left + width // 2 - 2 * EDGE, EDGE
        while rest:
            line = _line(rest, right - left, rng)
            tall = max(cut.shape[0] for _, cut, _ in line)
            if top + tall > height - EDGE:
                break
            rest = rest[len(line) :]
            placed: list[tuple[str, Box]] = []
            for text, cut, x in line:
                y, x = top + (tall - cut.shape[0]) // 2, left + x
                pixels[y : y + cut.shape[0], x : x + cut.shape[1]] = cut
                placed.append((text, (x, y, x + cut.shape[1], y + cut.shape[0])))
            lines.append(line_of(placed))
            top += tall + rng.randint(*GAP)
    page = Page.from_array(pixels)
    return page, Truth(page.size, "handwriting", (Paragraph(tuple(lines)),))


def _line(
    words: Sequence[_Cut], width: int, rng: random.Random
) -> list[tuple[str, np.ndarray, int]]:
    """The words that fit a line, one at least, and where each begins."""
    line: list[tuple[str, np.ndarray, int]] = []
    x = 0
    for text, cut in words:
        if line and x + cut.shape[1] > width:
            break
        line.append((text, cut[:, :width], x))
        x += cut.shape[1] + rng.randint(*SPACE)
    return line
