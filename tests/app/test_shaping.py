"""Answers as JSON with their repairs, and as lists and tables."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dessurt import tasks
from dessurt_app.ask import shaping
from dessurt_app.ask.shaping import Rows, Shape, Tree

FORM = '[{"Name:": "question", "answers": ["Bob"]}]'


def shape(token: str, text: str, answer: str) -> Shape | None:
    return shaping.shape(tasks.task(token), text, answer)


def test_every_task_with_a_shape_is_a_task():
    tokens: dict[str, set[str]] = {}
    for task in tasks.TASKS:
        tokens.setdefault(task.shape, set()).add(task.token)
    assert tokens["json"] == {"json>", "json~", "sroie>"}
    assert tokens["records"] == {"all-name~", "all-given name~", "all-age~", "record~"}
    linked = {f"link{way}-{by}~" for way in ("", "down", "up") for by in ("both", "box", "text")}
    tables = {"list_row_headers~", "list_column_headers~", "full_row~", "full_col~"}
    assert tokens["list"] == linked | tables | {"full_row0~", "full_col0~"}
    assert tokens.keys() == {"json", "records", "list", "text"}


def test_valid_json_is_kept_as_it_was_written():
    assert shape("json>", "", FORM + "‡") == Tree((("same", FORM),))
    assert shape("sroie>", "", '{"total":"9.00"}‡') == Tree((("same", '{"total":"9.00"}'),))


@pytest.mark.parametrize(
    ("written", "pieces"),
    [
        (FORM[:-3], (("same", FORM[:-3]), ("added", "]}]"))),
        (FORM[:-4], (("same", FORM[:-4]), ("added", '"]}]'))),
        (FORM[:-1] + ",", (("same", FORM[:-1]), ("removed", ","), ("added", "]"))),
        (FORM + " and so on", (("same", FORM), ("removed", " and so on"))),
        ('["a" "b"]', (("same", '["a"'), ("added", ","), ("same", ' "b"]'))),
    ],
)
def test_repairs_are_told_piece_by_piece(written, pieces):
    assert shape("json>", "", written) == Tree(pieces)


@given(st.text(alphabet='[]{}",: ab1\\\n\té', max_size=60), st.integers(0, len(FORM)))
def test_repaired_json_is_valid_and_nothing_written_is_hidden(noise, cut):
    written = FORM[:cut] + noise
    found = shape("json>", "", written)
    if found is None:
        return
    json.loads("".join(text for kind, text in found.pieces if kind != "removed"))
    assert "".join(text for kind, text in found.pieces if kind != "added") == written


@pytest.mark.parametrize(
    "written", ["", "no form here", "‡", "[" * 500, '"a text"', "[NaN]", "[1, Infinity]"]
)
def test_what_is_no_json_gets_no_tree(written):
    assert shape("json>", "", written) is None


def test_json_goes_on_from_the_text_that_was_asked():
    found = shape("json~", FORM[:20], FORM[20:] + "‡")
    assert found == Tree((("same", FORM),))


@pytest.mark.parametrize(
    ("token", "written", "title", "rows"),
    [
        ("list_row_headers~", "March|April‡", "", (("March",), ("April",))),
        ("full_row~", "1,204|ø‡", "", (("1,204",), ("",))),
        ("link-box~", "[question]Bob|Ann", "question", (("Bob",), ("Ann",))),
        ("linkup-text~", "[answer]ø", "answer", (("",),)),
        ("all-name~", "Smith, Bob\\Smith, Ann‡", "", (("Smith, Bob",), ("Smith, Ann",))),
        ("record~", "Bob|41\\Ann|39‡", "", (("Bob", "41"), ("Ann", "39"))),
    ],
)
def test_lists_and_records(token, written, title, rows):
    assert shape(token, "", written) == Rows(rows, title)


@pytest.mark.parametrize(("token", "written"), [("full_row~", "№‡"), ("w0>", "a|b"), ("w0>", FORM)])
def test_other_answers_have_no_shape(token, written):
    assert shape(token, "", written) is None
