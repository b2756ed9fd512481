"""What each data set is measured by: the measures of the paper (arXiv 2203.16618, 4).

| figure | of | where |
| --- | --- | --- |
| ANLS | answers to questions | `text` |
| accuracy | kinds of documents | `text` |
| CER, WER | blocks and lines of handwriting | `text` |
| macro F1 | named entities, over their classes | `names` |
| entity F, relation F, GAnTED | forms as JSON | `forms.figures` |
| field F | receipts as JSON | `forms.fields` |
| ED | whatever else a set of one's own asks | `text` |
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import cv2
import numpy as np

from dessurt import Page, Request
from dessurt.data.example import Example
from dessurt.evaluate import names, text
from dessurt.evaluate.forms import fields
from dessurt.evaluate.forms.entities import SEEN, Rules
from dessurt.evaluate.forms.figures import Scoring, entities, relations, tree_distance
from dessurt.evaluate.long_answers import answer_once, whole_json, whole_reading
from dessurt.evaluate.page_tasks import MOST_TOKENS
from dessurt.evaluate.pages import KnownPage
from dessurt.evaluate.table import MEASURES, Figure, Measure, own_questions
from dessurt.tasks import END_SIGN
from dessurt.truth.form_text import to_json

ANLS = Figure("ANLS", "questions", text.anls)
LETTERS = Figure("ANLS", "questions, of the answer's letters", text.anls_of_letters)
ACCURACY = Figure("accuracy", "kinds of documents", text.accuracy)
CER = Figure("CER", "characters", text.characters)
WER = Figure("WER", "words", text.words)
LINE_CER = Figure("CER", "characters, mean of lines", text.line_characters)
LINE_WER = Figure("WER", "words, mean of lines", text.line_words)
LIST_CER = Figure("CER", "characters, mean of answers", text.with_sign)
# The original's, which are without regard to case.
SMALL_LINE_CER = replace(LINE_CER, judge=text.original_line_characters)
SMALL_LINE_WER = replace(LINE_WER, judge=text.original_line_words)
SMALL_LIST_CER = replace(LIST_CER, judge=partial(text.without_case, text.with_sign))
SMALL_ACCURACY = replace(ACCURACY, judge=partial(text.without_case, text.accuracy))
FIELDS = Figure("field F", "facts of receipts, to the letter", fields.receipt_f)
ED = Figure("ED", "edit distance over mean length", text.distance)
PAPER = Scoring()
NAMES = ("ner_full>", "ner_line>", "ner_full_c1>", "ner_line_c1>")
LISTS = ("record~", "all-name~", "all-given name~", "all-age~")


def forms(known: KnownPage, rng: random.Random) -> Iterator[Example]:
    """`json>`: the whole form, if its entities are known."""
    if known.truth and known.truth.entities:
        request = Request("json>", max_tokens=MOST_TOKENS)
        yield Example(known.page, request, (to_json(known.truth) + END_SIGN,), source=known.name)


def original_forms(known: KnownPage, rng: random.Random, enlarged: bool) -> Iterator[Example]:
    """The same, of pages as the original's evaluation of forms shows them; see `on_white`."""
    for example in forms(known, rng):
        yield replace(example, page=on_white(known.page, SEEN, enlarged))


def on_white(page: Page, size: tuple[int, int], enlarged: bool) -> Page:
    """A page in the middle of a white one (elsewhere what is beside a page is black).

    Args:
        page: shrunk where it is too large.
        size: (height, width) of the white page.
        enlarged: make a small page as large as fits.
    """
    height, width = size
    scale = min(height / page.height, width / page.width)
    scale = scale if enlarged else min(scale, 1.0)
    shape = round(page.width * scale), round(page.height * scale)
    pixels = cv2.resize(page.pixels, shape, interpolation=cv2.INTER_CUBIC)
    white = np.full((height, width, *pixels.shape[2:]), 255, np.uint8)
    top, left = (height - shape[1]) // 2, (width - shape[0]) // 2
    white[top : top + shape[1], left : left + shape[0]] = pixels
    return Page.from_array(white)


def measures_of(
    name: str, as_original: bool = False, scoring: Scoring = PAPER
) -> tuple[Measure, ...]:
    """The measures of a data set by its name; none for a set that is not in the table."""
    questions = (_measure("natural_q~", ANLS),)
    accuracy, list_cer = (
        (SMALL_ACCURACY, SMALL_LIST_CER) if as_original else (ACCURACY, LIST_CER)
    )
    of_lines = (SMALL_LINE_CER, SMALL_LINE_WER) if as_original else (LINE_CER, LINE_WER)
    return {
        "docvqa": questions,
        "hw_squad": questions,
        "squad": questions,
        "bentham": questions,
        "rvl_cdip": (_measure("classify>", accuracy),),
        "sroie": (_measure("sroie>", FIELDS),),
        "census": tuple(_measure(token, list_cer) for token in LISTS),
        "iam": (_block("read_block>"),),
        "iam_mixed": (_block("read_block0>"), _block("read_block>")),
        "iam_ner": tuple(_names(token, as_original) for token in NAMES),
        "synth_handwriting": (_block("read_block>"), _block("read_block0>")),
        "naf_lines": (_measure("w0>", *of_lines),),
        "cdip": (MEASURES["w0>"], MEASURES["read_block0>"], MEASURES["0w~"], MEASURES["re~"]),
        "funsd": (_form(Rules(naf=False, as_original=as_original), scoring),),
        "naf": (_form(Rules(naf=True, as_original=as_original), scoring),),
    }.get(name, ())


def measure_of(token: str, as_original: bool = False) -> Measure:
    """How a task is measured that a set of one's own asks."""
    if token in NAMES:
        return _names(token, as_original)
    if token in ("read_block>", "read_block0>"):
        return _block(token)
    if token == "mk>":
        return replace(MEASURES[token], questions=own_questions(token))
    figures = {
        "natural_q~": (ANLS,), "classify>": (ACCURACY,), "w0>": (CER, WER), "sroie>": (FIELDS,),
        **dict.fromkeys(LISTS, (LIST_CER,)),
    }  # fmt: skip
    if as_original:
        figures |= {
            "natural_q~": (LETTERS,), "classify>": (SMALL_ACCURACY,),
            "w0>": (SMALL_LINE_CER, SMALL_LINE_WER), **dict.fromkeys(LISTS, (SMALL_LIST_CER,)),
        }  # fmt: skip
    return _measure(token, *figures.get(token, (ED,)))


def _measure(token: str, *figures: Figure) -> Measure:
    return Measure(token, figures, own_questions(token), answer_once)


def _block(token: str) -> Measure:
    return Measure(token, (CER, WER), own_questions(token), whole_reading)


def _names(token: str, as_original: bool) -> Measure:
    if as_original:
        judge, total = names.original_classes, names.original_macro_f1
        text = Figure("CER", "their text, mean of answers", names.original_text_errors)
    else:
        judge, total = names.classes, names.macro_f1
        text = Figure("CER", "their text", names.text_errors)
    return _measure(token, Figure("macro F1", "named entities", judge, total), text)


def _form(rules: Rules, scoring: Scoring) -> Measure:
    with_rules = partial(partial, rules=rules, scoring=scoring)
    scores = (
        Figure("entity F", "entities of forms", with_rules(entities)),
        Figure("relation F", "their links", with_rules(relations)),
        Figure("GAnTED", "trees of forms", with_rules(tree_distance), is_slow=True),
    )
    shown = partial(original_forms, enlarged=rules.naf) if rules.as_original else forms
    return Measure("json>", scores, shown, whole_json)
