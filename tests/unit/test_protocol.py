"""The events of an answer and what they come to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dessurt import (
    Card,
    Done,
    Marks,
    Notice,
    Outcome,
    Page,
    Progress,
    Region,
    Request,
    RequestError,
    Text,
    View,
)
from dessurt.page.frame import Frame
from dessurt.tasks import TASKS, TaskError, task

EVENTS = (
    Notice("The model saw each of the 2 lines by itself."),
    Progress(1, 2),
    Text("one ", 7, 0.9),
    Text("two", 8, 0.5),
    Region(np.ones((4, 6), np.float32), Frame.fit((4, 6), (8, 8))),
    Done(0.1, 0.2, 2, "end"),
)


def test_the_outcome_is_the_sum_of_the_events():
    outcome = Outcome.of(EVENTS)
    assert outcome.text == "one two"
    assert [token.token_id for token in outcome.tokens] == [7, 8]
    assert outcome.notices == ("The model saw each of the 2 lines by itself.",)
    assert outcome.region is EVENTS[4] and outcome.done is EVENTS[5]


def test_an_answer_that_was_left_has_no_end():
    outcome = Outcome.of(EVENTS[:3])
    assert outcome.text == "one " and outcome.done is None and outcome.region is None
    assert Outcome().after(EVENTS[2]) == Outcome(tokens=(EVENTS[2],))


def test_what_is_no_event_is_a_mistake_of_ours():
    with pytest.raises(AssertionError):
        Outcome().after("text")


def test_a_card_may_bring_a_table_of_its_own():
    kind = replace(task("classify>"), token="kind>", row=0)
    card = Card("classifier", tasks=("kind>",), table=(kind,))
    assert card.task("kind>") is kind and not card.lacks("kind>") and card.lacks("w0>")
    page = Page.from_array(np.zeros((40, 60), np.uint8))
    assert Request("kind>").checked(page, card.table) == Request("kind>")
    for request in (Request("kind>"), Request("w0>")):
        with pytest.raises(RequestError):
            request.checked(page, TASKS if request.task == "kind>" else card.table)
    with pytest.raises(TaskError):
        card.task("w0>")
    assert Card("any").table == TASKS and not Card("any").lacks("w0>")


def test_a_view_has_the_channels_of_its_frame():
    page = Page.from_array(np.full((40, 60), 255, np.uint8))
    marks = Marks.from_boxes(highlight=[(5, 5, 25, 15)])
    view = View(Request("w0>", marks=marks), Frame.fit(page.size, (80, 120)))
    assert np.array_equal(view.channels(page), view.frame.channels(page, marks))
    assert view.channels(page)[1].max() == 1
