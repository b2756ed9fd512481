"""Named entities of handwriting: macro F1 of the classes of words, and the text's error rate.

An answer to `ner_full>` or `ner_line>` is `word[CLASS] word[CLASS] ...`, to their variants with
`_c1` `{CLASS}word {CLASS}word ...`. Since words may be misread, left out or made up, the words of
the answer are first aligned with the true ones, so that they differ least. Of each class but "o"
(no entity) recall is taken over the true words and precision over the predicted ones; F1 is their
harmonic mean, and the figure the unweighted mean over classes.

The original differs, and `--as-original` does as it does: a word may be aligned with several and
counts once for each, so that the sum of plain edit distances is least; of an empty answer every
true word has a recall of 0 and a precision of 1; a class outside of its list is "o" (of "[LOC]"
too, since it knows only "location"); text without a class stands for the whole answer; a class that
is never true but predicted counts in the mean, with an F1 of 0; and the text's error rate is a mean
over answers, with the blank before each word counted, but for one before a punctuation mark.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
from rapidfuzz.distance import Levenshtein

from dessurt.data.example import Example
from dessurt.evaluate.pages import Answer, KnownPage
from dessurt.evaluate.text import text_distance
from dessurt.tasks import END_SIGN, NEW_LINE

Word = tuple[str, str]  # its letters and its class, in small letters
Pair = tuple[int | None, int | None]  # the number of a true and of a predicted word
Share = tuple[float, float]

NOTHING = "o"
# What the original takes for classes: of 6 and of 18, in full and by their first letters.
CLASSES = frozenset(
    "c cardinal date event fac g gpe l language law location money n norp o ordinal org p per "
    "percent product quantity t time work_of_art".split()
)
_CLASS_LAST = re.compile(r"([^\[]*)\[([^\]]*)\]")
_CLASS_FIRST = re.compile(r"\{([^}]*)\}([^{]*)")
_JOINED = re.compile(r" ([.,?!;:()])")
_ONE = re.compile(r"\[([^\]]*)\]([^\[]*)")  # `ne>`, which the original gave up


def classes(known: KnownPage, example: Example, answer: Answer) -> dict[str, Share]:
    """Right and all words of "recall CLASS" and "precision CLASS"."""
    task = example.request.task
    true, predicted = (tagged(text, task) for text in (example.answers[0], answer.text))
    return _counted(true, predicted, aligned(true, predicted))


def original_classes(known: KnownPage, example: Example, answer: Answer) -> dict[str, Share]:
    """The same as the original counts."""
    task = example.request.task
    true, predicted = (original_tagged(text, task) for text in (example.answers[0], answer.text))
    if predicted:
        return _counted(true, predicted, aligned_as_original(true, predicted))
    words = Counter(name for _, name in true if name != NOTHING)
    recalls = {f"recall {name}": (0.0, float(of)) for name, of in words.items()}
    return recalls | {f"precision {name}": (float(of), float(of)) for name, of in words.items()}


def text_errors(known: KnownPage, example: Example, answer: Answer) -> Share:
    """Edit distance and length of the words without their classes."""
    task = example.request.task
    true, predicted = (
        " ".join(word for word, _ in tagged(text, task))
        for text in (example.answers[0], answer.text)
    )
    return Levenshtein.distance(true, predicted), len(true)


def original_text_errors(known: KnownPage, example: Example, answer: Answer) -> Share:
    """The error rate of one answer, to be averaged over answers."""
    task = example.request.task
    true, predicted = (
        _JOINED.sub(r"\1", " ".join(word for word, _ in original_tagged(text, task)))
        for text in (example.answers[0], answer.text)
    )
    return Levenshtein.distance(true, predicted) / max(len(true), 1), 1.0


def macro_f1(shares: dict[str, Share]) -> float | None:
    """The mean F1 of all classes that are true of any word; None if there are none."""
    return _macro(shares, {key.split(" ", 1)[1] for key in shares if key.startswith("recall")})


def original_macro_f1(shares: dict[str, Share]) -> float | None:
    """The mean F1 of all classes that were true or predicted."""
    return _macro(shares, {key.split(" ", 1)[1] for key in shares})


def tagged(text: str, task: str) -> list[Word]:
    """The words of an answer with their classes; without a class a word is no entity."""
    text = text.lower().removesuffix(END_SIGN).replace(NEW_LINE, " ")
    if task == "ne>" or task.endswith("_c1>"):
        pattern = _ONE if task == "ne>" else _CLASS_FIRST
        found = [(word.strip(), name) for name, word in pattern.findall(text)]
    else:
        found, end = [], 0
        for match in _CLASS_LAST.finditer(text):
            *others, word = match[1].split() or [""]
            found += [*((other, NOTHING) for other in others), (word, match[2])]
            end = match.end()
        found += [(word, NOTHING) for word in text[end:].split("[")[0].split()]
    return [(word, name.rpartition(":")[2]) for word, name in found]


def original_tagged(text: str, task: str) -> list[Word]:
    """The words as the original takes them apart: at the `]`, with the blank before them.

    Where there are more blanks than that, they are taken apart at blanks.
    """
    if task == "ne>" or task.endswith("_c1>"):
        return tagged(text, task)
    text = text.lower()
    at_blanks = text.count("]") <= text.count(" ")
    found = []
    for part in filter(None, text.split(" " if at_blanks else "]")):
        word, bracket, name = part.rpartition("[")
        end = part.rfind("]") if at_blanks else len(part)
        if name.startswith("ne:"):
            start = len(word) + 4
        else:  # a colon of the word itself counts, too
            start = (part.rfind(":") if ":" in part else len(word)) + 1
        name = part[start:end] if end >= 0 else NOTHING
        found.append((word if bracket else text, name if bracket and name in CLASSES else NOTHING))
    return found


def aligned(true: list[Word], predicted: list[Word]) -> list[Pair]:
    """Each word of both once: with one of the others, or with None."""
    costs = np.zeros((len(true) + 1, len(predicted) + 1))
    costs[:, 0], costs[0, :] = range(len(true) + 1), range(len(predicted) + 1)
    for i, (word, _) in enumerate(true):
        for k, (other, _) in enumerate(predicted):
            both = costs[i, k] + text_distance(word, other)
            costs[i + 1, k + 1] = min(both, costs[i, k + 1] + 1, costs[i + 1, k] + 1)
    pairs: list[Pair] = []
    i, k = len(true), len(predicted)
    while i or k:
        both = text_distance(true[i - 1][0], predicted[k - 1][0]) if i and k else 0.0
        if i and k and costs[i, k] == costs[i - 1, k - 1] + both:
            i, k = i - 1, k - 1
            pairs.append((i, k))
        elif i and costs[i, k] == costs[i - 1, k] + 1:
            i -= 1
            pairs.append((i, None))
        else:
            k -= 1
            pairs.append((None, k))
    return pairs[::-1]


def aligned_as_original(true: list[Word], predicted: list[Word]) -> list[Pair]:
    """Every word with at least one of the others, in order: the original's alignment."""
    costs = np.full((len(true) + 1, len(predicted) + 1), np.inf)
    costs[0, 0] = 0
    for i, (word, _) in enumerate(true):
        for k, (other, _) in enumerate(predicted):
            before = min(costs[i, k], costs[i, k + 1], costs[i + 1, k])
            costs[i + 1, k + 1] = before + Levenshtein.distance(word, other)
    i, k = len(true), len(predicted)
    pairs: list[Pair] = []
    while i and k:
        pairs.append((i - 1, k - 1))
        ways = ((i - 1, k - 1), (i, k - 1), (i - 1, k))  # the first of equals is taken
        i, k = min(ways, key=lambda way: costs[way])
    return pairs[::-1]


def _counted(true: list[Word], predicted: list[Word], pairs: list[Pair]) -> dict[str, Share]:
    shares: dict[str, Share] = {}
    for i, k in pairs:
        right = i is not None and k is not None and true[i][1] == predicted[k][1]
        sides = (("recall", true, i), ("precision", predicted, k))
        for side, words, number in sides:
            if number is not None and words[number][1] != NOTHING:
                key = f"{side} {words[number][1]}"
                top, bottom = shares.get(key, (0.0, 0.0))
                shares[key] = (top + right, bottom + 1)
    return shares


def _macro(shares: dict[str, Share], names: set[str]) -> float | None:
    """A precision or recall of nothing is 1."""
    values = []
    for name in names:
        (hit, true), (right, predicted) = (
            shares.get(f"{side} {name}", (1.0, 1.0)) for side in ("recall", "precision")
        )
        recall, precision = hit / true, right / predicted
        both = recall + precision
        values.append(2 * recall * precision / both if both else 0.0)
    return sum(values) / len(values) if values else None
