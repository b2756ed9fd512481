"""Answers that are one text: ANLS, accuracy, and the edit distance of anything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rapidfuzz.distance import Levenshtein

from dessurt.data.example import Example
from dessurt.evaluate.known import Answer, KnownPage

LEAST = 0.5  # a similarity up to this counts as nothing


def anls(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Average normalised Levenshtein similarity (arXiv 1905.13648, 4), without regard to case.

    Of several right answers the one that is most like the given one counts.
    """
    similar = [1 - apart(right, answer.text) for right in example.answers]
    return max((s for s in similar if s > LEAST), default=0.0), 1.0


def anls_of_letters(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """As the original logs it for MyDataset, where it takes each letter for an answer."""
    return anls(known, replace(example, answers=tuple(example.answers[0])), answer)


def accuracy(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """1 where the answer is one of the right ones to the letter."""
    return float(answer.text in example.answers), 1.0


def without_case(
    judge: Callable[[KnownPage, Example, Answer], tuple[float, float]],
    known: KnownPage,
    example: Example,
    answer: Answer,
) -> tuple[float, float]:
    """What a measure makes of small letters, in which the original compares."""
    small = replace(example, answers=tuple(right.lower() for right in example.answers))
    return judge(known, small, replace(answer, text=answer.text.lower()))


def distance(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """The edit distance over the mean length, without regard to case: from 0 to 2."""
    right, given = example.answers[0].lower(), answer.text.lower()
    mean = (len(right) + len(given)) / 2
    return (Levenshtein.distance(right, given) / mean if mean else 0.0), 1.0


def apart(a: str, b: str) -> float:
    """Edit distance over the length of the longer text, without regard to case: from 0 to 1."""
    return Levenshtein.normalized_distance(a.lower(), b.lower())
