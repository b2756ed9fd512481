"""A corrected paragraph taken apart into its lines."""

import numpy as np

from dessurt.data.example import Example
from dessurt.data.sets.annotations import lines_of
from dessurt.page import Page
from dessurt.page.marks import Marks
from dessurt.protocol import Request

BOXES = [(20, 20, 200, 40), (20, 60, 200, 80), (20, 100, 200, 120)]
PAGE = Page.from_array(np.full((160, 240), 255, np.uint8))


def block(*answers: str, task: str = "read_block0>") -> Example:
    return Example(PAGE, Request(task, marks=Marks.from_boxes(highlight=BOXES)), answers)


def test_each_line_gets_its_text() -> None:
    found = lines_of(block("one\\two\\three", "1\\2\\3"))
    assert [each.answers for each in found] == [("one", "1"), ("two", "2"), ("three", "3")]
    assert [each.request.task for each in found] == ["w0>"] * 3
    assert [each.request.marks.bounds("highlight") for each in found] == BOXES


def test_a_line_without_text_is_left_out() -> None:
    assert [each.answers for each in lines_of(block("one\\\\three"))] == [("one",), ("three",)]


def test_what_does_not_fit_stays_whole() -> None:
    short, other = block("one\\two"), block("one\\two\\three", task="w0>")
    assert lines_of(short) == (short,)
    assert lines_of(other) == (other,)
