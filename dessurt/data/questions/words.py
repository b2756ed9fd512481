"""Questions in words about a form's fields and a table's cells, from templates."""

from __future__ import annotations

from collections import Counter

from dessurt.data.questions.draft import Draft, lines_of
from dessurt.data.questions.passage import NOTHING, Ask
from dessurt.truth import Printed
from dessurt.truth.fields import named_values, spoken

# {0}: the label; of a table {0} is the column and {1} the row; in a section {1} is its header.
_OF_FIELD = (
    "What is the {0}?",
    "What is the {0}?",
    "What is {0}?",
    "What is the value of {0}?",
    "What does it say for {0}?",
    "What was entered for {0}?",
    "What is given as {0}?",
    "Which {0} is given?",
    "{0}?",
)
_OF_SECTION = (
    "What is the {0} under {1}?",
    "What is the {0} in {1}?",
    "What is the value of {0} under {1}?",
    "{1}: what is the {0}?",
)
_OF_CELL = (
    "What is the {0} of {1}?",
    "What is the {0} for {1}?",
    "What is the value of {0} for {1}?",
    "What is {0} for {1}?",
    "What does {1} have for {0}?",
    "{0} of {1}?",
)
_TEMPLATES = {"field": _OF_FIELD, "section": _OF_SECTION, "cell": _OF_CELL}
_LOWER = 0.3  # of the questions are typed in lower case


def question(ask: Ask) -> Draft | None:
    """natural_q~: a question with one answer that is printed on the page.

    The answer's lines are joined by spaces; labels lose their colon.
    """
    values = list(named_values(ask.truth))
    times = Counter(tuple(label.text.casefold() for label in labels) for _, labels, _ in values)
    ask.rng.shuffle(values)
    for kind, labels, answer in values:
        if times[tuple(label.text.casefold() for label in labels)] > 1:
            continue
        text = _filled(ask.rng.choice(_TEMPLATES[kind]), labels)
        if ask.rng.random() < _LOWER:
            text = _lowered(text)
        if ask.fits(text.text):
            return Draft(spoken(answer.lines), text, region=lines_of([answer]))
    return None


def _lowered(text: Printed) -> Printed:
    lower = text.text.lower()
    return Printed(lower, text.spots) if len(lower) == len(text) else text


def _filled(template: str, names: tuple[Printed, ...]) -> Printed:
    """A template with names in its places {0} and {1}."""
    text = NOTHING
    for piece in template.split("{"):
        number, _, rest = piece.rpartition("}")
        text = text + (names[int(number)] if number else NOTHING) + Printed.sign(rest)
    return text
