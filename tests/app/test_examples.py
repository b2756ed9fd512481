"""The examples can be asked as they are, and the shipped checkpoint reads them right."""

from __future__ import annotations

import pytest

from dessurt import Page, Request, Text, open_model, tasks
from dessurt.instrument import DessurtInstrument
from dessurt_app.examples import Example, load_examples
from dessurt_app.weights import SHIPPED

EXAMPLES = {example.title: example for example in load_examples()}


@pytest.fixture(scope="module")
def shipped() -> DessurtInstrument:
    if not (SHIPPED / "model.safetensors").exists():
        pytest.skip("no shipped checkpoint")
    return open_model(SHIPPED, "cpu")


def test_there_is_one_of_a_line_first_and_one_of_a_paragraph():
    assert list(EXAMPLES) == ["Letter", "Form", "Receipt", "Paragraph"]
    asked = [(example.task, len(example.marks.shapes)) for example in EXAMPLES.values()]
    assert asked == [("w0>", 1)] * 3 + [("read_block0>", 3)]


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_nothing_is_missing_and_the_marks_lie_on_the_page(example: Example):
    page, marks = Page.open(example.page), example.marks
    assert marks.checked(page.size) == marks
    tasks.check(example.task, example.text, marks.has("highlight"), marks.has("mask"))


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_shipped_checkpoint_has_learned_it_and_reads_it(shipped, example: Example):
    assert example.task in shipped.card.tasks
    asked = Request(example.task, example.text, example.marks)
    events = shipped.ask(Page.open(example.page), asked)
    answer = "".join(event.delta for event in events if isinstance(event, Text))
    assert answer == example.expected
