"""Lines of NAF forms to read, each highlighted on a part of its page."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np

from dessurt.data.questions import drawing
from dessurt.data.questions.passage import Ask, printed, whole_line
from dessurt.data.records import DataError, Record
from dessurt.data.sets.files import open_page, read_json
from dessurt.data.sets.naf import images
from dessurt.data.sets.naf_forms import Part, read_parts
from dessurt.page.plane import Box
from dessurt.truth import Line, Paragraph, Truth
from dessurt.truth.boxes import turned_line
from dessurt.truth.crop import cropped

TALL = 60  # heights of the line that a part of a page is tall, so that the line can be read
ASPECT = 2 / 3  # width of the part to its height
DOUBTFUL = 0.1  # of a line's characters: a line with so many `¿` is not asked
_ANYWHERE = (1_000_000, 1_000_000)  # of a page that is not opened yet no box is cut


class NafLines:
    """`w0>` of every line that somebody could read, on a part of its page chosen at random.

    The folder is that of `Naf`. A line with `§`, or with `¿` for a tenth of its characters or more,
    is not asked, nor one in a box that is marked as blank. The part is 60 lines tall, so that the
    line can be read when the part is scaled to the model's page; a longer line makes it wider.
    Unlike the original, no line is asked more often for being long.
    """

    def __init__(self, folder: Path, split: str = "train") -> None:
        """`split`: one of the split file. Reads all its annotations, but no images.

        Raises:
            DataError: no line can be read.
        """
        self.found = [
            (image, part) for image in images(folder, split) for part in _readable(image)
        ]
        if not self.found:
            raise DataError("there is no line with a transcription: take NAF from v3 on.", folder)

    def __len__(self) -> int:
        """Lines, and a record for each annotation that is damaged."""
        return len(self.found)

    def record(self, index: int, rng: random.Random) -> Record:
        """A line on a part of its page.

        Raises:
            DataError: its image or annotation is damaged.
        """
        image, part = self.found[index]
        if isinstance(part, DataError):
            raise part
        page = open_page(image)
        line = turned_line(part.text, np.clip(part.quad, 0, (page.width, page.height)))
        truth = Truth(page.size, "form", (Paragraph((line,)),))
        page, truth = cropped(page, truth, _window(line, page.size, rng))
        words = [whole_line(each) for each in truth.lines]
        ask = Ask("w0>", page, truth, rng, most_text=0, most_answer=len(line.text))
        example = ask.example(printed(words), drawing.exact(words), marks=ask.highlight(words))
        if example is None:
            raise DataError(f"the line {line.text!r} lies outside the page.", image)
        source = f"{image}: {line.text}"
        # How the characters share the line is not known.
        example = replace(example, source=source, printed_answer=None, printed_text=None)
        return Record(page, (example,), source=source)


def _readable(image: Path) -> list[Part] | list[DataError]:
    """The lines of a page that can be asked, or why its annotation cannot be read."""
    path = image.with_suffix(".json")
    try:
        parts = read_parts(read_json(path), path, _ANYWHERE)
    except DataError as error:
        return [error]
    return [part for part in parts.values() if not part.blank and is_asked(part.text)]


def is_asked(text: str) -> bool:
    """Whether a transcription can be an answer."""
    return bool(text) and "§" not in text and text.count("¿") / len(text) < DOUBTFUL


def _window(line: Line, size: tuple[int, int], rng: random.Random) -> Box:
    """A part of the page with all of a line, at a place chosen at random."""
    x0, y0, x1, y1 = line.box
    tall = max(TALL * line.height, y1 - y0, (x1 - x0 + 2 * line.height) / ASPECT)
    left, right = _stretch(x0, x1, tall * ASPECT, size[1], rng)
    top, bottom = _stretch(y0, y1, tall, size[0], rng)
    return left, top, right, bottom


def _stretch(
    start: float, stop: float, length: float, most: int, rng: random.Random
) -> tuple[float, float]:
    """A stretch of a side of the page that holds another."""
    if length >= most:
        return 0, most
    low, high = max(stop - length, 0), min(start, most - length)
    first = rng.uniform(min(low, high), high)
    return first, first + length
