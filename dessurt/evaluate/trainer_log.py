"""What the original logs of an answer while it validates, under its own names.

    score_ed, TOKEN_ED                   edit distance over the mean length
    E_ANLS, E_acc@NL0.5                  questions in words; the second where one answer is right
    E_class_acc                          kinds of documents
    E_line_based_CER, E_line_based_WER   lines and paragraphs
    E_json_CE, E_doc_CE                  forms and records: edit distance over the right length
    E_true_CER, E_approx_CER, E_NER_acc  named entities, and
    F_recall_CLASS, F_prec_CLASS         1 or 0 for each word of a class

Texts are compared without regard to case, and not as `dessurt evaluate` compares them: these are
for a look at a run, and to choose its best weights as the original would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np
from rapidfuzz.distance import Levenshtein

from dessurt import Page, Request
from dessurt.data.example import Example
from dessurt.evaluate import names, text
from dessurt.evaluate.pages import Answer, KnownPage
from dessurt.evaluate.text import UNREADABLE, UNREADABLE_LETTER

_KNOWN = KnownPage("", Page.from_array(np.zeros((32, 32), np.uint8)))  # which nobody looks at

Values = dict[str, list[float]]


def logged(token: str, answers: Sequence[str], written: str, right: str | None = None) -> Values:
    """What is logged of one answer.

    Args:
        token: the task.
        answers: the right ones.
        written: the model's answer.
        right: the right answer that it was to write; the first, unless said otherwise.

    Returns:
        of each figure its values, which are to be averaged.
    """
    right = answers[0] if right is None else right
    example = Example(_KNOWN.page, Request(token), (right.lower(),))
    several = Example(_KNOWN.page, Request(token), tuple(each.lower() for each in answers))
    answer = Answer(written.lower())
    apart = text.distance(_KNOWN, example, answer)[0]
    values: Values = {"score_ed": [apart]}
    if right:
        values[f"{token}_ED"] = [apart]
    if token == "natural_q~":
        similar = text.anls(_KNOWN, several, answer)[0]
        values["E_ANLS"] = [similar]
        if len(answers) == 1:
            values["E_acc@NL0.5"] = [float(similar > 0)]
    elif token == "classify>":
        values["E_class_acc"] = [text.accuracy(_KNOWN, example, answer)[0]]
    elif token == "read_block0>":
        values["E_line_based_CER"] = [_rate(right.lower(), answer.text)]
    elif token == "w0>" and UNREADABLE not in right and UNREADABLE_LETTER not in right:
        values["E_line_based_CER"] = [_rate(right.lower(), answer.text)]
        values["E_line_based_WER"] = [_rate(right.lower().split(" "), answer.text.split(" "))]
    elif token in ("json>", "json~", "record~"):
        name = "E_doc_CE" if token == "record~" else "E_json_CE"
        values[name] = [_rate(right.lower(), answer.text)]
    elif token.startswith("ne"):
        values |= _entities(example, answer)
    return values


def _rate(right: Sequence[str], written: Sequence[str]) -> float:
    return Levenshtein.distance(right, written) / max(len(right), 1)


def _entities(example: Example, answer: Answer) -> Values:
    token = example.request.task
    values: Values = {}
    for name, (hits, of) in names.original_classes(_KNOWN, example, answer).items():
        side, kind = name.split(" ")
        key = f"F_{side.replace('precision', 'prec')}_{kind}"
        values[key] = [1.0] * int(hits) + [0.0] * int(of - hits)
    text = [names.original_text_errors(_KNOWN, example, answer)[0]]
    true, read = (
        names.original_tagged(each, token) for each in (example.answers[0], answer.text)
    )
    if token == "ne>":
        kinds = ([kind for _, kind in words[:1]] for words in (true, read))
        return {**values, "E_CER": text, "E_NER_acc": [float(next(kinds) == next(kinds))]}
    apart = sum(
        Levenshtein.distance(true[i][0], read[k][0])
        for i, k in names.aligned_as_original(true, read)
        if i is not None and k is not None
    )
    # The original takes the letters once for each word that it reads.
    letters = sum(len(word) for word, _ in true) * len(read)
    approximate = apart / letters if letters else float(bool(true))
    return {**values, "E_true_CER": text, "E_approx_CER": [approximate]}


def summed_up(values: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The means of all that was logged, and of named entities F1 of each class and their mean.

    As in the original, a class that was never true or never given has a recall or precision of 1.
    """
    means = {name: fmean(each) for name, each in values.items() if each}
    sides = [
        {name.removeprefix(side): mean for name, mean in means.items() if name.startswith(side)}
        for side in ("F_prec_", "F_recall_")
    ]
    scores = {}
    for kind in dict.fromkeys([*sides[0], *sides[1]]):
        precision, recall = (side.get(kind, 1.0) for side in sides)
        both = precision + recall
        scores[f"F_Measure_{kind}"] = 2 * precision * recall / both if both else 0.0
    if scores:
        scores["F_Measure_MACRO"] = fmean(scores.values())
    return {**means, **scores}
