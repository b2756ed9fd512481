"""Measuring while training: questions that are really answered, about fonts never trained on."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

from dessurt.checkpoint import Checkpoint
from dessurt.evaluate.known import Answer
from dessurt.evaluate.measures import MEASURES, Score
from dessurt.evaluate.synthetic import pages
from dessurt.instrument import DessurtInstrument

PAGES = 6
QUESTIONS = 2  # of each task about a page
CANDIDATES = 64  # questions about a page that these are drawn from
LONGEST = 300  # characters of an answer: training waits meanwhile


def check(checkpoint: Checkpoint, seed: int) -> dict[str, float]:
    """The figure of every measured task that the checkpoint's card names, e.g. `w0> CER`.

    Args:
        checkpoint: what is asked.
        seed: the same one, the same pages and questions.

    Raises:
        SetError: none of the fonts kept for validation is installed.
    """
    model = DessurtInstrument(checkpoint)
    scores: dict[str, Score] = {}
    rng = random.Random(seed)
    for known in pages(PAGES, seed):
        for token in model.card.tasks:
            measure = MEASURES.get(token)
            if measure is None:
                continue
            found = itertools.islice(measure.questions(known, rng), CANDIDATES)
            asked = [example for example in found if len(example.answers[0]) <= LONGEST]
            for example in rng.sample(asked, min(QUESTIONS, len(asked))):
                most = min(example.request.max_tokens, 2 * len(example.answers[0]) + 16)
                request = replace(example.request, max_tokens=most)
                answer = Answer.of(model.ask(known.page, request))
                name = f"{token} {measure.figure}"
                scores.setdefault(name, Score()).add(*measure.judge(known, example, answer))
    return {name: score.value for name, score in scores.items() if score.value is not None}
