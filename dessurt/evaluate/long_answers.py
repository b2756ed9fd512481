r"""Answers that are longer than a checkpoint writes at once: it is asked to go on.

A form as JSON goes on with `json~`, given 18 of the last tokens of what is written. The original
takes 21, up to three before the end, of which the model sees the first 18; it trains that task with
a prompt of 20 tokens of which the model sees 18, so its answers begin 2 tokens further on than what
it was given, where others begin at once. The answer is joined where it says a part of the end
again. A block of handwriting
that went round in circles goes on with `re~` behind what is left of it.
"""

from __future__ import annotations

from dataclasses import replace

from dessurt import Instrument, Request
from dessurt.data.example import Example
from dessurt.evaluate.pages import Answer
from dessurt.evaluate.text import text_distance
from dessurt.tasks import BLANK, END_SIGN
from dessurt.truth.form_reading import without_repeats

TIMES = 5  # a form is gone on with, at most
PROMPT, SEEN, END_OF_TEXT = slice(-24, -3), 18, slice(-25, None)  # tokens
LIKE = 0.3  # texts that differ by less are said again
LEAST = 0.25  # of an answer that is no circle
WORDS = 48  # characters that reading goes on from
NOTHING = f"[question]{BLANK}"  # what the original's checkpoints may write instead of a form


def answer_once(model: Instrument, example: Example) -> Answer:
    """The answer to a question."""
    return Answer.of(model.ask(example.page, example.request))


def whole_json(model: Instrument, example: Example) -> Answer:
    """The answer to `json>`, gone on with until it ends, at most five times."""
    part = answer_once(model, example)
    text = without_repeats(part.text)
    if not _learned(model, "json~"):
        return replace(part, text=text)
    for _ in range(TIMES):
        tokens = part.tokens[: -1 if part.stopped_by == "end" else None]  # the last one is the end
        prompt, said = "".join(tokens[PROMPT][:SEEN]), "".join(tokens[END_OF_TEXT])
        if text.startswith(NOTHING):
            text = prompt = said = '[{"'
        if END_SIGN in text or not prompt or part.stopped_by == "loop":
            break
        part = answer_once(model, _about(example, "json~", prompt))
        more = without_repeats(part.text)
        text = joined(text, said, more)
        if len(more) < LEAST * len(part.text):
            break
    return replace(part, text=without_repeats(text))


def whole_reading(model: Instrument, example: Example) -> Answer:
    """The answer to a reading task; if it went round in circles, it goes on once behind them."""
    answer = answer_once(model, example)
    text = without_repeats(answer.text)
    if text != answer.text and text and _learned(model, "re~"):
        prompt = text[-WORDS:].partition(" ")[2] or text[-WORDS:]
        text += without_repeats(answer_once(model, _about(example, "re~", prompt)).text)
    return replace(answer, text=text.removesuffix(END_SIGN))


def joined(text: str, end: str, more: str) -> str:
    """A text and what follows, which may first say a part of the text's end again."""
    for k in range(len(end)):
        if more.startswith(end[k:]):
            return text + more[len(end) - k :]
    alike = [(text_distance(end[k:], more[: len(end) - k]), k) for k in range(len(end))]
    distance, k = min(alike, default=(1.0, 0))
    return text + (more[len(end) - k :] if distance < LIKE else more)


def _about(example: Example, task: str, text: str) -> Example:
    request = example.request
    asked = Request(task, text, request.marks, request.max_tokens, request.beams)
    return replace(example, request=asked)


def _learned(model: Instrument, task: str) -> bool:
    """Whether a checkpoint has learned a task, as far as it says."""
    return not model.card.tasks or task in model.card.tasks
