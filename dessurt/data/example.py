"""Example: what every data set and every task yields, and training and evaluation take."""

from __future__ import annotations

from dataclasses import dataclass

from dessurt.page import Page
from dessurt.page.marks import Marks
from dessurt.protocol import Request
from dessurt.truth import Printed


@dataclass(frozen=True, eq=False)
class Example:
    """A question about a page with its answer.

    Attributes:
        page: the page.
        request: task, text and marks.
        answers: the right answer, or several right ones.
        region: truth of the output mask, drawn as highlight; empty marks are a truth too (nothing
            is to be found); None: no truth.
        source: where it comes from (file and record, or generator and seed), for messages.
        printed_answer, printed_text: `answers[0]` and `request.text` with the place of each
            character on the page, where they are known; training tells the model where to look.
        miswritten: `answers[0]` with some words mistaken, for training: it is what the model sees
            as written so far, and what is wrong in it is not learnt.
    """

    page: Page
    request: Request
    answers: tuple[str, ...]
    region: Marks | None = None
    source: str = ""
    printed_answer: Printed | None = None
    printed_text: Printed | None = None
    miswritten: str | None = None
