"""What is known of a page that is measured on, and what a checkpoint answers about it."""

from __future__ import annotations

import itertools
import json
import random
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from dessurt import Event, Outcome, Page
from dessurt.data.example import Example
from dessurt.page.plane import Box
from dessurt.truth import Line, Truth

TURNED = 0.25  # a line that rises by this part of its height is highlighted word by word


class SetError(ValueError):
    """Pages that cannot be measured on; the message says in one sentence what to do."""


@dataclass(frozen=True, eq=False)
class KnownLine:
    """A printed line.

    Attributes:
        text: the text as read.
        box: round the line.
        words: boxes of what stands between the spaces of `text`, as tall as the line.
        highlight: what is marked to have it read: the box, or its words' on a synthetic scan.
        counts: whether it is measured; others only make a text occur twice.
    """

    text: str
    box: Box
    words: tuple[Box, ...]
    highlight: tuple[Box, ...]
    counts: bool = True


@dataclass(frozen=True, eq=False)
class KnownPage:
    """A page with its blocks (paragraphs) of lines, in reading order.

    Attributes:
        name: what messages call it.
        page: its pixels.
        blocks: the text that is known.
        truth: what else is known, of pages that have a truth.
        examples: questions that a data set brings with it.
    """

    name: str
    page: Page
    blocks: tuple[tuple[KnownLine, ...], ...] = ()
    truth: Truth | None = None
    examples: tuple[Example, ...] = ()

    @cached_property
    def text(self) -> str:
        """All that is printed, folded: where to look whether a text occurs once."""
        return folded(" ".join(line.text for block in self.blocks for line in block))

    def has_once(self, text: str) -> bool:
        """Whether this is printed in exactly one place; a part of a word counts as a place."""
        first = self.text.find(text)
        return first >= 0 and self.text.find(text, first + 1) < 0


def blocks_of(truth: Truth) -> tuple[tuple[KnownLine, ...], ...]:
    """The lines of all paragraphs."""
    return tuple(tuple(map(_line, paragraph.lines)) for paragraph in truth.paragraphs)


def _line(line: Line) -> KnownLine:
    words = tuple(word.box for word in line.words)
    rise = abs(float(line.ends[-1, 1, 1] - line.ends[0, 0, 1]))
    highlight = words if rise > TURNED * line.height else (line.box,)
    return KnownLine(line.text, line.box, words, highlight)


def real_pages(folder: Path, degraded: bool = False) -> list[KnownPage]:
    """Real pages with the text and place of their lines, in the order of their names.

    They lie in a folder as PNG or JPEG beside JSON. Each `ID.json` has `image` and `lines` in
    reading order; a line has `text`, `box` [x0, y0, x1, y1] in page pixels, the number of its
    `block`, `eval` (whether it counts) and `words` with boxes. Scanned versions lie in `degraded/`;
    a line that runs askew there has the upright box round it.

    Raises:
        SetError: there are none, or a file is not as described above.
        PageError: an image cannot be read.
    """
    place = folder / "degraded" if degraded else folder
    found = []
    for path in sorted(place.glob("*.json")):
        try:
            truth = json.loads(path.read_text(encoding="utf-8-sig"))
            if "lines" not in truth:
                continue  # the manifest
            blocks = tuple(
                tuple(_real_line(line, degraded) for line in lines)
                for _, lines in itertools.groupby(truth["lines"], lambda line: line["block"])
            )
            image = place / truth["image"]
        except (ValueError, KeyError, TypeError) as error:
            raise SetError(f"{path} does not describe a page ({error!r}): mend it.") from error
        found.append(KnownPage(path.stem, Page.open(image), blocks))
    if not found:
        raise SetError(f"no pages with lines to measure in {place}: give the folder of the set.")
    return found


def _real_line(given: dict[str, Any], degraded: bool) -> KnownLine:
    box = _box(given["box"])
    words = tuple(_box(word["box"]) for word in given["words"])
    if not degraded:  # on a scan the line's box may be much taller than the line
        words = tuple((x0, box[1], x1, box[3]) for x0, _, x1, _ in words)
    return KnownLine(given["text"], box, words, (box,), given["eval"])


def _box(numbers: list[float]) -> Box:
    x0, y0, x1, y1 = numbers
    return x0, y0, x1, y1


def synthetic_pages(count: int, seed: int) -> Iterator[KnownPage]:
    """So many pages in fonts that are never trained on, drawn when they are asked for.

    The same seed gives the same pages.

    Raises:
        SetError: there are no fonts to draw with.
    """
    return itertools.islice(_synthetic_pages(random.Random(f"held out {seed}")), count)


def _synthetic_pages(rng: random.Random) -> Iterator[KnownPage]:
    from dessurt.synth import NoFontsError, page  # only here are Typst and fonts needed

    while True:
        seed = rng.getrandbits(48)
        try:
            document = page(seed, held_out=True)
        except NoFontsError as error:
            raise SetError(str(error)) from error
        for number, drawn in enumerate(document, 1):
            name, truth = f"synthetic {seed} page {number}", drawn.truth
            yield KnownPage(name, Page.from_array(drawn.pixels), blocks_of(truth), truth)


@dataclass(frozen=True, eq=False)
class Answer:
    """All that a checkpoint answered.

    Attributes:
        text: the answer.
        region: if it was wanted, bool [H, W].
        tokens: the text, token by token.
        stopped_by: see `Done`.
        rank: the rank of the right first token by probability, from 1; None: it is not one
            of these, or was not looked for (see `page_tasks`).
    """

    text: str = ""
    region: np.ndarray | None = None
    tokens: tuple[str, ...] = ()
    stopped_by: str = "end"
    rank: int | None = None

    @classmethod
    def of(cls, events: Iterable[Event]) -> Answer:
        """Wait for the end of a stream of events."""
        outcome = Outcome.of(events)
        region = outcome.region.map >= 0.5 if outcome.region else None
        stopped_by = outcome.done.stopped_by if outcome.done else "end"
        tokens = tuple(token.delta for token in outcome.tokens)
        return cls(outcome.text, region, tokens, stopped_by)


def folded(text: str) -> str:
    """NFKC, white space folded: the form in which texts are compared."""
    return " ".join(unicodedata.normalize("NFKC", text).split())
