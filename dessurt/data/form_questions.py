"""Questions in words about a form's fields and a table's cells, from templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dessurt.data.form_draft import Draft, lines_of
from dessurt.data.passage import NOTHING, Ask
from dessurt.data.printed import Printed
from dessurt.data.truth import Entity, Line, Truth

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
_LOWER = 0.3  # of the questions are typed in lower case


def question(ask: Ask) -> Draft | None:
    """natural_q~: a question with one answer that is printed on the page.

    The answer's lines are joined by spaces; labels lose their colon.
    """
    found = [*_fields(ask.truth), *_cells(ask.truth)]
    times = Counter(tuple(name.text.casefold() for name in parts) for _, parts, _ in found)
    ask.rng.shuffle(found)
    for templates, parts, answer in found:
        if times[tuple(name.text.casefold() for name in parts)] > 1:
            continue
        text = _filled(ask.rng.choice(templates), parts)
        if ask.rng.random() < _LOWER:
            text = _lowered(text)
        if ask.fits(text.text):
            return Draft(_spoken(answer.lines), text, region=lines_of([answer]))
    return None


def named_values(truth: Truth) -> Iterator[tuple[tuple[Printed, ...], Entity]]:
    """The values of fields and cells, each with the labels that a question names to ask for it."""
    for _, labels, entity in (*_fields(truth), *_cells(truth)):
        yield labels, entity


_Found = tuple[tuple[str, ...], tuple[Printed, ...], Entity]  # templates, names in it, answer


def _fields(truth: Truth) -> Iterator[_Found]:
    """Labels with one value: alone, if no other is the same, and with the header above it."""
    heads: dict[int, int] = {}
    tails: dict[int, list[int]] = {}
    for head, tail in truth.links:
        tails.setdefault(head, []).append(tail)
        heads.setdefault(tail, head)
    labels = (_label(entity) for entity in truth.entities if entity.kind == "question")
    times = Counter(label.text.casefold() for label in labels)
    for i, entity in enumerate(truth.entities):
        values = tails.get(i, [])
        if entity.kind != "question" or len(values) != 1 or not (label := _label(entity)):
            continue
        answer = truth.entities[values[0]]
        if times[label.text.casefold()] == 1:
            yield _OF_FIELD, (label,), answer
        if i in heads and (title := _label(truth.entities[heads[i]])):
            yield _OF_SECTION, (label, title), answer


def _cells(truth: Truth) -> Iterator[_Found]:
    """Cells that are not blank, by their column and row."""
    for table in truth.tables:
        for above, over, cell in table.filled():
            if above is None or over is None:
                continue
            row_label, label = _label(truth.entities[above]), _label(truth.entities[over])
            if row_label and label:
                yield _OF_CELL, (label, row_label), truth.entities[cell]


def _label(entity: Entity) -> Printed:
    """A label as it is said: on one line, without the signs at its end."""
    text = _spoken(entity.lines)
    return text[: len(text.text.rstrip(" :;.,*_-–—?"))]


def _spoken(lines: tuple[Line, ...]) -> Printed:
    return Printed.join(" ", map(Printed.of, lines))


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
