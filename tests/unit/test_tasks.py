"""The task table against the original's rows."""

import json
from pathlib import Path

import pytest

from dessurt.tasks import TASKS, TaskError, check, split_query, task

FILE = Path(__file__).parent.parent / "golden" / "special_tokens.json"
GOLDEN = json.loads(FILE.read_text("utf-8"))


def test_all_136_rows_in_order():
    assert GOLDEN["table_rows"] == 136
    assert [entry.token for entry in TASKS[:136]] == GOLDEN["tokens_in_row_order"]
    assert [entry.row for entry in TASKS] == list(range(len(TASKS)))


def test_rows_of_our_own_come_after_the_originals_and_have_tokens_of_their_own():
    own = [entry.token for entry in TASKS[136:]]
    assert len({*own, *GOLDEN["tokens_in_row_order"]}) == len(own) + len(GOLDEN["effective_index"])


def test_of_equal_tokens_the_last_row_is_used():
    assert {entry.token for entry in TASKS[:136]} == set(GOLDEN["effective_index"])
    for token, row in GOLDEN["effective_index"].items():
        assert task(token).row == row
    assert all(TASKS[row].hidden for row in GOLDEN["unused_rows"])


@pytest.mark.parametrize("case", GOLDEN["lookups"], ids=lambda case: case["query"])
def test_queries_are_split_as_in_the_original(case):
    found, rest = split_query(case["query"])
    assert (found.token, found.row, rest) == (case["task_token"], case["index"], case["remainder"])


@pytest.mark.parametrize("query", [query for query, _ in GOLDEN["failures"]])
def test_queries_that_fail_in_the_original(query):
    with pytest.raises(TaskError):
        split_query(query)


def test_an_unknown_task_names_close_ones():
    with pytest.raises(TaskError, match=r"There is no task 'wo>': did you mean w0>"):
        task("wo>")
    with pytest.raises(TaskError, match=r"did you mean natural_q~\?"):
        task("natural_question~")
    with pytest.raises(TaskError, match=r"There is no task '!!!!': choose one, for example w0>"):
        task("!!!!")
    with pytest.raises(TaskError, match=r"begin with one, for example natural_q~What is this\?"):
        split_query("What is this?")


def test_every_row_is_complete():
    for entry in TASKS:
        text, answer = entry.example
        assert entry.name and entry.group
        assert entry.needs <= {"text", "highlight", "mask"}
        assert entry.returns and entry.returns <= {"text", "region"}
        assert bool(text) == ("text" in entry.needs), entry.token
        assert bool(answer) == ("text" in entry.returns), entry.token
        assert entry.hidden == (entry.group == "Legacy")


def test_people_can_tell_the_offered_tasks_apart():
    names = [entry.name for entry in TASKS if not entry.hidden]
    assert len(set(names)) == len(names)


# What the generators of the original drew for each task, from its own samples.
NEEDS = {
    "": "read_block> json> t#> classify> sroie> record~ all-name~",
    "text": (
        "kb~ su~ up~ dn~ ^^~ vv~ 0;~ 0w~ re~ 0p~ infillread~ proper_su~ natural_q~ json~ fi~ t~ "
        "ri~ ci~ full_row~ full_col~ list_row_headers~ list_column_headers~ 0t~ link-text~ "
        "linkdown-text~ linkup-text~ al~ cs~ l~ hd~ hd> qu~ v~"
    ),
    "highlight": "w0> ;0> read_block0> link-box~ linkdown-box~ linkup-box~ ner_line> ner_full>",
    "text highlight": (
        "k0~ s0~ u0~ d0~ ^0~ v0~ r0~ 00~ infillread0~ proper_s0~ f0~ t0~ r*~ c*~ full_row0~ "
        "full_col0~ link-both~ linkdown-both~ linkup-both~ c$~ l0~ h0~ h0> q0~"
    ),
    "mask": "mk>",
    "text mask": "mm~",
    "highlight mask": "rm> mlm>",
}


@pytest.mark.parametrize("needs", NEEDS)
def test_needs(needs):
    for token in NEEDS[needs].split():
        assert task(token).needs == set(needs.split()), token


@pytest.mark.parametrize(
    ("token", "text", "highlight", "mask", "sentence"),
    [
        ("w0>", "", False, False, "w0> needs a highlight: mark a line or a box."),
        ("w0>", "", False, True, "w0> needs a highlight: mark a line or a box."),
        ("mk>", "", True, False, "mk> needs a mask: cover the words in question."),
        ("mlm>", "", True, False, "mlm> needs a mask: cover the words in question."),
        (
            "natural_q~",
            " ",
            True,
            True,
            "natural_q~ needs text: type it, for example “Who signed?”.",
        ),
        ("u0~", "a line", False, False, "u0~ needs a highlight: mark a line or a box."),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(token, text, highlight, mask, sentence):
    with pytest.raises(TaskError) as caught:
        check(token, text, highlight, mask)
    assert str(caught.value) == sentence


def test_enough_is_enough():
    assert check("w0>", "", True, False).row == 14
    assert check("json>", "", False, False).row == 111
    assert check("mm~", "sunny", False, True).row == 18
