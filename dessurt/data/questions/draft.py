r"""What all questions about forms and tables are made of.

A task drafts a question: the answer, the text that names what is asked for, the entities that show
it, and the region. `form_task` makes the `Example` of it. Texts of several lines are joined by `\`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from dessurt import tasks
from dessurt.data.example import Example
from dessurt.data.questions import drawing
from dessurt.data.questions.passage import NOTHING, Ask, Task, whole_line
from dessurt.truth import Entity, Printed, Truth, Word
from dessurt.truth.form_text import printed

BLANK = Printed.sign(tasks.BLANK)
FILLED = 0.8  # of the questions have an answer that is not blank, where the page has both
WORDS = 5  # of a text too long to be typed whole: the original keeps so many

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Draft:
    """A question with its answer.

    Attributes:
        answer, text: what is written, with the places of the characters.
        marked: what a person would highlight: the stretches of lines of each entity.
        region: truth of the output mask, as stretches of lines; None: no truth.
    """

    answer: Printed
    text: Printed = NOTHING
    marked: tuple[Sequence[Word], ...] = ()
    region: Sequence[Word] | None = None


def form_task(token: str, drafter: Callable[[Ask], Draft | None]) -> Task:
    """The task of a token: text and highlight are given as the task table says.

    A longer answer than asked for is cut, and its sign for the end with it.
    """

    def make(ask: Ask) -> Example | None:
        draft = drafter(ask)
        if draft is None:
            return None
        text = draft.text if "text" in tasks.task(token).needs else NOTHING
        marks = [
            shape
            for lines in draft.marked
            for shape in (ask.highlight(lines) if len(lines) == 1 else ask.highlight_block(lines))
        ]
        region = drawing.exact(draft.region or ())
        example = ask.example(draft.answer[: ask.most_answer], region, text, marks)
        return replace(example, region=None) if example and draft.region is None else example

    return Task(token, make)


def names(ask: Ask) -> dict[int, Printed]:
    """What is typed to name each entity, by its number.

    Without a highlight only what names no other entity too.
    """
    texts = [shortened(ask, printed(entity.lines)) for entity in ask.truth.entities]
    times = Counter(text.text for text in texts)
    return {i: text for i, text in enumerate(texts) if ask.highlighted or times[text.text] == 1}


def shortened(ask: Ask, text: Printed) -> Printed:
    """A text that is too long to be typed cut to five words, or to fewer that fit."""
    if ask.fits(text.text):
        return text
    gaps = [i for i, sign in enumerate(text.text) if sign in " \\"]
    fitting = (text[:gap] for gap in reversed(gaps[:WORDS]) if ask.fits(text.text[:gap]))
    return next(fitting, None) or ask.start(text)


def halved(ask: Ask) -> Ask:
    """For one of two texts that are typed with `~~` between them."""
    return replace(ask, most_text=max(ask.most_text - len(ask.pieces("~~")), 0) // 2)


def choice(filled: Sequence[T], others: Sequence[T], rng: random.Random) -> T | None:
    """One of both lists, mostly of the first; None if both are empty."""
    if not filled and not others:
        return None
    return rng.choice(filled if filled and (not others or rng.random() < FILLED) else others)


def numbered(truth: Truth, numbers: Iterable[int | None]) -> list[Entity | None]:
    """Entities by their numbers."""
    return [None if i is None else truth.entities[i] for i in numbers]


def listed(entities: Iterable[Entity | None]) -> Printed:
    """The texts with `|` between them, ø for each blank."""
    return Printed.join("|", (BLANK if e is None else printed(e.lines) for e in entities))


def lines_of(entities: Iterable[Entity | None]) -> list[Word]:
    """All lines of entities as stretches."""
    return [whole_line(line) for e in entities if e is not None for line in e.lines]
