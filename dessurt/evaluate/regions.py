"""Finding words: how well the region of an answer covers them."""

from __future__ import annotations

import random
from collections.abc import Iterator

from dessurt import Marks, Request
from dessurt.data.example import Example
from dessurt.evaluate.pages import Answer, KnownLine, KnownPage, folded

FEWEST_WORDS = 5
CONTEXT = 64  # characters of a query, at most


def words(known: KnownPage, rng: random.Random) -> Iterator[Example]:
    """`0w~`: some words of every line that has five or more.

    Of the stretches that are printed once on the page and short enough for a query one is drawn.
    """
    for block in known.blocks:
        for line in block:
            stretches = list(_stretches(line)) if line.counts else []
            rng.shuffle(stretches)
            found = next((part for part in stretches if known.once(part[0])), None)
            if found is None:
                continue
            text, first, stop = found
            region = Marks.from_boxes(highlight=line.words[first:stop])
            # The answer has no text: its first token ends it, and the region is what is wanted.
            request = Request("0w~", text, max_tokens=1, want_region=True)
            yield Example(known.page, request, ("",), region, known.name)


def overlap(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Intersection over union of the region (0.5 and above) and the words' boxes; one page."""
    assert example.region is not None and answer.region is not None
    truth = example.region.rasterise(known.page.size) > 0
    both, either = (truth & answer.region).sum(), (truth | answer.region).sum()
    return float(both / either), 1.0


def _stretches(line: KnownLine) -> Iterator[tuple[str, int, int]]:
    """Text, first word and one past the last of every stretch that can be asked for."""
    texts = line.text.split(" ")
    for first in range(len(texts)):
        for stop in range(first + FEWEST_WORDS, len(texts) + 1):
            text = folded(" ".join(texts[first:stop]))
            if len(text) <= CONTEXT:
                yield text, first, stop
