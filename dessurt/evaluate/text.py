r"""Answers that are one text: ANLS, accuracy, edit distances, and error rates as in the paper.

An error rate, of characters or words, is the sum of edit distances over the sum of lengths. Nothing
is folded: capital letters, and `\`, the sign for a line break, are characters. (`reading` folds
white space, since its pages have lines from other sources.) A word error rate counts words, with
`\` taken for a space and every punctuation mark for a word, as is usual for IAM (arXiv 2012.03868).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from rapidfuzz.distance import Levenshtein

from dessurt.data.example import Example
from dessurt.evaluate.pages import Answer, KnownPage
from dessurt.tasks import END_SIGN, NEW_LINE

LEAST = 0.5  # a similarity up to this counts as nothing


def anls(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Average normalised Levenshtein similarity (arXiv 1905.13648, 4), without regard to case.

    Of several right answers the one that is most like the given one counts.
    """
    similar = [1 - text_distance(right, answer.text) for right in example.answers]
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


def text_distance(a: str, b: str) -> float:
    """Edit distance over the length of the longer text, without regard to case: from 0 to 1."""
    return Levenshtein.normalized_distance(a.lower(), b.lower())


_MARKS = re.compile(r"([^\w\s])")
UNREADABLE, UNREADABLE_LETTER = "§¿"  # stand for letters, and for one, that nobody could read


def characters(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Edit distance and length, without the sign for the end."""
    right = _whole(example.answers[0])
    return Levenshtein.distance(right, _whole(answer.text)), len(right)


def words(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Edit distance and number of words."""
    right, read = spaced(_whole(example.answers[0])), spaced(_whole(answer.text))
    return Levenshtein.distance(right.split(), read.split()), len(right.split())


def line_characters(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """The error rate of one line, to be averaged over lines; unreadable ones count nothing."""
    return _mean(characters(known, example, answer), example)


def line_words(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """The word error rate of one line, to be averaged over lines."""
    return _mean(words(known, example, answer), example)


def original_line_characters(
    known: KnownPage, example: Example, answer: Answer
) -> tuple[float, float]:
    """As `line_characters`, as the original has it: without case, and of no line with `¿`."""
    right, read = example.answers[0].lower(), answer.text.lower()
    return _readable(right, Levenshtein.distance(right, read), len(right))


def original_line_words(
    known: KnownPage, example: Example, answer: Answer
) -> tuple[float, float]:
    """As `original_line_characters`, of words: what stands between blanks."""
    right, read = example.answers[0].lower(), answer.text.lower()
    words = right.split(" ")
    return _readable(right, Levenshtein.distance(words, read.split(" ")), len(words))


def with_sign(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """The error rate of one answer with its sign for the end, to be averaged over answers."""
    right = example.answers[0]
    return Levenshtein.distance(right, answer.text) / max(len(right), 1), 1.0


def spaced(text: str) -> str:
    r"""The text with `\` for a space, punctuation marks set apart and blanks folded."""
    return " ".join(_MARKS.sub(r" \1 ", text.replace(NEW_LINE, " ")).split())


def _whole(text: str) -> str:
    return text.removesuffix(END_SIGN)


def _mean(errors: tuple[float, float], example: Example) -> tuple[float, float]:
    wrong, of = errors
    if not of or UNREADABLE in example.answers[0]:
        return 0.0, 0.0
    return wrong / of, 1.0


def _readable(line: str, wrong: int, of: int) -> tuple[float, float]:
    if UNREADABLE in line or UNREADABLE_LETTER in line:
        return 0.0, 0.0
    return wrong / max(of, 1), 1.0
