"""The events of an answer and what they come to."""

from __future__ import annotations

import numpy as np
import pytest

from dessurt import Done, Notice, Outcome, Progress, Region, Text
from dessurt.page.frame import Frame

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
