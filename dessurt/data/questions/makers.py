"""The function that makes questions of each task from what is known of a page."""

from __future__ import annotations

from collections.abc import Callable

from dessurt.data.example import Example
from dessurt.data.questions import guessing, reading
from dessurt.data.questions.entities import ENTITY_TASKS
from dessurt.data.questions.forms import FORM_TASKS
from dessurt.data.questions.passage import Ask, Task

TRIES = 8  # random choices on a page may not do, e.g. because a text stands there twice

_MAKERS = {
    reading.read_highlighted: "w0> ;0>",
    reading.find_text: "0w~ 0;~",
    reading.find_block: "0p~ 00~",
    reading.read_on: "re~ r0~",
    reading.read_line: "up~ dn~ u0~ d0~ ^^~ vv~ ^0~ v0~",
    reading.read_block: "read_block> read_block0>",
    guessing.change_word: "kb~ k0~ su~ s0~ proper_su~ proper_s0~",
    guessing.read_masked: "rm>",
    guessing.guess_word: "mk>",
    guessing.put_in_place: "mm~",
    guessing.fill_in: "infillread~ infillread0~",
    guessing.guess_block: "mlm>",
}


def _if_printed(make: Callable[[Ask], Example | None]) -> Callable[[Ask], Example | None]:
    """Nothing can be asked about a page without a line."""
    return lambda ask: make(ask) if ask.truth.lines else None


PARAGRAPH_TASKS: dict[str, Task] = {
    token: Task(token, _if_printed(make), TRIES)
    for make, tokens in _MAKERS.items()
    for token in tokens.split()
}

# token: the function that makes questions of a page
TASKS: dict[str, Task] = {**PARAGRAPH_TASKS, **FORM_TASKS, **ENTITY_TASKS}
