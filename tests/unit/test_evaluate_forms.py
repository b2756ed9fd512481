"""Scores of forms read as JSON: what counts as found, and answers that are cut or damaged."""

import pytest

from dessurt.evaluate.forms.fields import Counts, FormScore, parsed, score
from dessurt.truth import Table, Truth
from tests.unit.test_form_json import entity

FORM = Truth(
    (400, 400),
    entities=(
        entity("header", "FORM", 0, 0),
        entity("question", "Name:", 0, 30),
        entity("answer", "Bob Smith", 100, 30),
        entity("question", "Date:", 0, 60),
        entity("answer", "1 May 1999", 100, 60),
        entity("other", "page 1", 0, 90),
    ),
    links=((0, 1), (0, 3), (1, 2), (3, 4)),
)
RIGHT = (
    '[{"FORM": "header", "content": [{"Name:": "question", "answers": ["Bob Smith"]}, '
    '{"Date:": "question", "answers": ["1 May 1999"]}]}, {"page 1": "other"}]‡'
)
TABLE = Truth(
    (400, 400),
    entities=(
        entity("answer", "March", 0, 30),
        entity("answer", "April", 0, 60),
        entity("answer", "Sales", 100, 0),
        entity("answer", "12", 100, 30),
        entity("answer", "34", 100, 60),
    ),
    tables=(Table((0, 1), (2, None), ((3, None), (4, None)), (0, 0, 150, 80)),),
)


def test_the_right_answer_finds_everything():
    found = score(RIGHT, FORM)
    assert found == FormScore(Counts(6, 6, 6), Counts(2, 2, 2))
    assert found.fields.f == found.entities.precision == found.entities.recall == 1


def test_small_slips_and_case_are_forgiven_and_larger_ones_are_not():
    slips = RIGHT.replace("Bob Smith", "BOB SMYTH").replace("1 May 1999", "1 Mar 1998")
    # 1 of 9 letters is wrong in the first, 2 of 10 in the second: both are at most a fifth
    assert score(slips, FORM).fields == Counts(2, 2, 2)
    worse = RIGHT.replace("1 May 1999", "7 Mar 1998")  # 3 of 10
    assert score(worse, FORM) == FormScore(Counts(5, 6, 6), Counts(1, 2, 2))


def test_a_wrong_kind_is_a_wrong_entity():
    found = score(RIGHT.replace('"page 1": "other"', '"page 1": "header"'), FORM)
    assert found == FormScore(Counts(5, 6, 6), Counts(2, 2, 2))


def test_swapped_values_are_right_entities_and_wrong_fields():
    swapped = RIGHT.replace("Bob Smith", "?").replace("1 May 1999", "Bob Smith")
    swapped = swapped.replace("?", "1 May 1999")
    assert score(swapped, FORM) == FormScore(Counts(6, 6, 6), Counts(0, 2, 2))


def test_what_is_said_twice_counts_once():
    date = ', {"Date:": "question", "answers": ["1 May 1999"]}'
    found = score(RIGHT.replace("]‡", date * 3 + "]"), FORM)
    assert found == FormScore(Counts(6, 12, 6), Counts(2, 5, 2))
    assert found.fields.precision == pytest.approx(0.4)
    assert found.fields.f == pytest.approx(4 / 7)


def test_the_closest_are_matched_first():
    both = entity("other", "abcde", 0, 0), entity("other", "abcdx", 0, 30)
    truth = Truth((400, 400), entities=both)
    # the first answer is like both; matched in order it would take what the second is like
    assert score('[{"abcdx": "other"}, {"abcdy": "other"}]', truth).entities == Counts(2, 2, 2)


def test_tables():
    right = (
        '[{"row headers": ["March", "April"], "column headers": ["Sales", null], '
        '"cells": [["12", null], ["34", null]]}]'
    )
    assert score(right, TABLE) == FormScore(Counts(5, 5, 5), Counts(4, 4, 4))
    moved = right.replace('["12", null], ["34", null]', '["34", null], ["12", null]')
    assert score(moved, TABLE) == FormScore(Counts(5, 5, 5), Counts(2, 4, 4))
    cut = right[: right.index('"cells"')]
    assert score(cut, TABLE) == FormScore(Counts(3, 3, 5), Counts(0, 0, 4))


@pytest.mark.parametrize(
    ("stop", "entities", "fields"),
    [
        ('[{"FORM"', (0, 0), (0, 0)),
        (', "content"', (1, 1), (0, 0)),
        ("Smith", (2, 3), (0, 1)),
        ('{"Date:"', (3, 3), (1, 1)),
        (', {"page 1"', (5, 5), (2, 2)),
        (': "other"', (6, 6), (2, 2)),  # a text without a kind counts as other
    ],
)
def test_a_cut_answer_counts_as_far_as_it_goes(stop, entities, fields):
    found = score(RIGHT[: RIGHT.index(stop)], FORM)
    assert (found.entities.right, found.entities.predicted) == entities
    assert (found.fields.right, found.fields.predicted) == fields
    assert (found.entities.true, found.fields.true) == (6, 2)


@pytest.mark.parametrize("text", ["", "‡", "[question]ø", "nonsense", "[[[", "{}", "[1, null, {}]"])
def test_nonsense_finds_nothing(text):
    found = score(text, FORM)
    assert found.entities.right == found.fields.right == found.fields.predicted == 0


def test_a_backslash_is_a_line_break_whether_escaped_or_not():
    for line_break in ("\\", "\\\\"):
        assert parsed(f'[{{"a{line_break}b \\"c\\"": "other"}}]‡') == [{'a\\b "c"': "other"}]


def test_scores_add_up():
    total = score(RIGHT, FORM) + score("", TABLE)
    assert total == FormScore(Counts(6, 6, 11), Counts(2, 2, 6))
    assert total.fields.recall == pytest.approx(1 / 3)
    assert Counts().f == Counts().precision == 1
