"""Guessing a masked word: `mk>`, as the original measures what a model knows of language.

A hit is counted where the first token of the word is one of the 10, 50 or 100 that the model holds
to be the most probable ones, and where the word is written to the letter.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from dessurt import Instrument, Marks, Request, Text
from dessurt.data.example import Example
from dessurt.data.questions.guessing import LONGEST
from dessurt.evaluate.pages import Answer, KnownPage

MARGIN = 2  # pixels round a word's box that are masked, too
MOST = 100  # tokens that are looked at
MOST_TOKENS = 40  # of a word


def words(known: KnownPage, rng: random.Random) -> Iterator[Example]:
    """`mk>`: a word of every line that counts, masked; which one is drawn by lot."""
    for block in known.blocks:
        for line in block:
            texts = line.text.split(" ") if line.counts else []
            found = [
                (text, box)
                for text, box in zip(texts, line.words, strict=False)
                if len(text) <= LONGEST and any(letter.isalnum() for letter in text)
            ]
            if found:
                text, (x0, y0, x1, y1) = rng.choice(found)
                box = x0 - MARGIN, y0 - MARGIN, x1 + MARGIN, y1 + MARGIN
                request = Request("mk>", marks=Marks.from_boxes(mask=[box]), max_tokens=MOST_TOKENS)
                yield Example(known.page, request, (text,), source=known.name)


def guess(model: Instrument, example: Example) -> Answer:
    """The answer with the rank of the right first token; always greedy."""
    request = replace(example.request, beams=1, alternatives=MOST)
    events = list(model.ask(example.page, request))
    first = next((event for event in events if isinstance(event, Text)), None)
    likely = [each.token_id for each in first.alternatives] if first else []
    right = model.token_ids(example.answers[0])[0] if example.answers else None
    rank = likely.index(right) + 1 if right in likely else None
    return replace(Answer.of(events), rank=rank)


def first_token(
    known: KnownPage, example: Example, answer: Answer, most: int
) -> tuple[float, float]:
    """1 where the right first token is among the `most` most probable ones."""
    return float(answer.rank is not None and answer.rank <= most), 1.0
