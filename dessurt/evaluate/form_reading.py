"""Reading a whole form as JSON: F of its fields (see `forms`)."""

from __future__ import annotations

import random
from collections.abc import Iterator

from dessurt import Request
from dessurt.data.example import Example
from dessurt.evaluate.forms import score
from dessurt.evaluate.known import Answer, KnownPage
from dessurt.evaluate.reading import MOST_TOKENS
from dessurt.tasks import END_SIGN
from dessurt.truth.form_text import to_json


def forms(known: KnownPage, rng: random.Random) -> Iterator[Example]:
    """`json>`: of a page with fields or a table, if its truth is known."""
    truth = known.truth
    if truth and (truth.links or truth.tables):
        request = Request("json>", max_tokens=MOST_TOKENS)
        yield Example(known.page, request, (to_json(truth) + END_SIGN,), source=known.name)


def fields(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Twice the right fields, and the predicted and the true ones: F of the counts of all forms."""
    assert known.truth is not None  # or there is no question
    counts = score(answer.text, known.truth).fields
    return 2.0 * counts.right, float(counts.predicted + counts.true)
