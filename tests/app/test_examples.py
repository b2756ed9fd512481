"""The examples can be asked as they are, and the shipped checkpoint reads them right."""

from __future__ import annotations

import numpy as np
import pytest

from dessurt import Instrument, Page, Region, Request, Text, open_model, tasks
from dessurt_app.canvas.files import Example, load_examples
from dessurt_app.models import SHIPPED

EXAMPLES = {example.title: example for example in load_examples()}


@pytest.fixture(scope="module")
def shipped() -> Instrument:
    if not (SHIPPED / "model.safetensors").exists():
        pytest.skip("no shipped checkpoint")
    return open_model(SHIPPED, "cpu")


def test_there_are_those_of_a_line_first_then_of_a_paragraph_and_of_the_whole_page():
    assert list(EXAMPLES) == [
        "Letter", "Form", "Receipt", "Paragraph", "Find words", "Ask a question",
    ]  # fmt: skip
    asked = [(example.task, len(example.marks.shapes)) for example in EXAMPLES.values()]
    assert asked == [("w0>", 1)] * 3 + [
        ("read_block0>", 3), ("0w~", 0), ("natural_q~", 0),
    ]  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_nothing_is_missing_and_the_marks_lie_on_the_page(example: Example):
    page, marks = Page.open(example.page), example.marks
    assert marks.checked(page.size) == marks
    tasks.check(example.task, example.text, marks.has("highlight"), marks.has("mask"))


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_shipped_checkpoint_has_learned_it_and_reads_it(shipped, example: Example):
    assert example.task in shipped.card.tasks
    asked = Request(example.task, example.text, example.marks)
    events = list(shipped.ask(Page.open(example.page), asked))
    answer = "".join(event.delta for event in events if isinstance(event, Text))
    assert answer == example.expected


def test_shipped_checkpoint_finds_the_words_in_their_line(shipped):
    example, line = EXAMPLES["Find words"], EXAMPLES["Letter"].marks.shapes[0].bounds()
    assert example.text in EXAMPLES["Letter"].expected
    asked = Request(example.task, example.text, want_region=True)
    events = shipped.ask(Page.open(example.page), asked)
    (region,) = (event.map for event in events if isinstance(event, Region))
    rows, columns = np.nonzero(region > 0.5)
    x0, y0, x1, y1 = line
    assert y0 - 10 < rows.min() and rows.max() < y1 + 10
    # "would like to show |the two oldest| in our reading room."
    begin, end = (x0 + (x1 - x0) * share for share in (0.36, 0.61))
    assert abs(columns.min() - begin) < 40 and abs(columns.max() - end) < 40
