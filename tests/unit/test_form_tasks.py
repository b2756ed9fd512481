"""Questions about a small form with a table: what is asked and every answer, written out.

The form is that of the original's samples (tests/golden/form_tasks.json):

    APPLICATION FORM
    Full Name:    Bob Smith
    Home Address: 12 Elm St
                  Provo, UT
                col A    col B
    row one     cell 1A
    row two              2B
    page 1 of 2
"""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from dessurt import Page, tasks
from dessurt.data.questions.draft import shortened
from dessurt.data.questions.forms import FORM_TASKS
from dessurt.data.questions.passage import Ask
from dessurt.truth import Entity, Line, Paragraph, Printed, Table, Truth

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "form_tasks.json").read_text("utf-8"))
PAGE = Page.from_array(np.full((300, 500), 255, np.uint8))


def entity(kind: str, text: str, x: float, y: float) -> Entity:
    """Lines below each other, every character 10 wide and 20 high."""
    lines = []
    for k, part in enumerate(text.split("\\")):
        xs = x + 10.0 * np.arange(len(part) + 1)
        ends = np.stack([np.stack([xs[:-1], xs[1:]], 1), np.full((len(part), 2), y + 10)], 2)
        lines.append(Line(part, (ends + (0, 25 * k)).astype(np.float32), 10, 10))
    return Entity(kind, tuple(lines))


ENTITIES = (
    entity("header", "APPLICATION FORM", 100, 0),  # 0
    entity("question", "Full Name:", 0, 40),
    entity("answer", "Bob Smith", 150, 40),
    entity("question", "Home Address:", 0, 80),
    entity("answer", "12 Elm St\\Provo, UT", 150, 80),
    entity("question", "col A", 100, 150),  # 5
    entity("question", "col B", 200, 150),
    entity("question", "row one", 0, 180),
    entity("answer", "cell 1A", 100, 180),
    entity("question", "row two", 0, 210),
    entity("answer", "2B", 200, 210),  # 10
    entity("other", "page 1 of 2", 100, 270),
)
TRUTH = Truth(
    (300, 500),
    "form",
    tuple(Paragraph(e.lines) for e in ENTITIES),
    ENTITIES,
    ((0, 1), (0, 3), (1, 2), (3, 4)),
    (Table((7, 9), (5, 6), ((8, None), (None, 10)), (0, 150, 250, 230)),),
)
BOXES = {e.text: [line.box for line in e.lines] for e in ENTITIES}
EMPTY = Truth((300, 500))


def examples(token: str, truth: Truth = TRUTH, times: int = 300, **limits: int) -> list:
    """All but the questions about what is not there."""
    made = [FORM_TASKS[token](PAGE, truth, random.Random(seed), **limits) for seed in range(times)]
    return [example for example in made if example and example.answers != ("№",)]


def asked(token: str, truth: Truth = TRUTH, **limits: int) -> dict[str, tuple[str, list]]:
    """Every text that is asked with its answer and the boxes of the region."""
    found = {}
    for example in examples(token, truth, **limits):
        assert example.request.task == token
        assert example.printed_text.text == example.request.text
        assert example.printed_answer.text == example.answers[0]
        region = None if example.region is None else boxes_of(example.region)
        answer = example.answers[0], region
        assert found.setdefault(example.request.text, answer) == answer
    return found


def boxes_of(region) -> list[tuple[float, float, float, float]]:
    assert all(shape.kind == "box" and shape.channel == "highlight" for shape in region.shapes)
    return [shape.bounds() for shape in region.shapes]


def answers(token: str, truth: Truth = TRUTH) -> dict[str, str]:
    return {text: answer for text, (answer, _) in asked(token, truth).items()}


def lit(example, *texts: str) -> None:
    """Check that the highlight covers the first letter of each line of these and of no others."""
    grid = example.request.marks.rasterise(PAGE.size)
    for text, boxes in BOXES.items():
        for x0, y0, _, _ in boxes:
            assert grid[int(y0 + 10), int(x0 + 5)] == (text in texts), text


def test_tasks_are_those_of_the_table():
    for token, ask in FORM_TASKS.items():
        needs = tasks.task(token).needs
        for seed in range(30):
            example = ask(PAGE, TRUTH, random.Random(seed))
            if example is not None:
                assert bool(example.request.text) == ("text" in needs)
                assert example.request.marks.has("highlight") == ("highlight" in needs)
                assert not example.request.marks.has("mask")


SAMPLES = [
    (token, sample)
    for group in GOLDEN["examples"].values()
    for token, sample in group.items()
    if token in FORM_TASKS and sample["answer"] != "№" and token != "json~"  # from a random place
]


@pytest.mark.parametrize(("token", "sample"), SAMPLES, ids=[token for token, _ in SAMPLES])
def test_the_originals_samples_are_among_ours(token, sample):
    ours = [
        (
            token + example.request.text,
            example.answers[0],
            None if example.region is None else len(example.region.shapes),
        )
        for example in examples(token)
    ]
    assert (sample["question"], sample["answer"], sample["n_out"]) in ours


def test_the_whole_form_as_json():
    (answer,) = {example.answers[0] for example in examples("json>", times=3)}
    assert answer == (
        '[{"APPLICATION FORM": "header", "content": [{"Full Name:": "question", "answers": '
        '["Bob Smith"]}, {"Home Address:": "question", "answers": ["12 Elm St\\\\Provo, UT"]}]}, '
        '{"row headers": ["row one", "row two"], "column headers": ["col A", "col B"], '
        '"cells": [["cell 1A", null], [null, "2B"]]}, {"page 1 of 2": "other"}]‡'
    )
    (example,) = examples("json>", times=1)
    places = example.printed_answer.spots
    assert np.allclose(places[answer.index("Bob Smith")], (155, 50))
    assert np.isnan(places[answer.index('"header"')]).all()
    assert np.isnan(places[-1]).all()


def test_a_piece_of_the_json_and_the_rest():
    (whole,) = {example.answers[0] for example in examples("json>", times=1)}
    for example in examples("json~", most_text=30, times=50):
        text, answer = example.request.text, example.answers[0]
        assert len(text) == 30
        assert whole.endswith(text + answer)
        assert answer.endswith("‡")
        assert np.array_equal(
            example.printed_answer.spots[:-1],
            examples("json>", times=1)[0].printed_answer.spots[-len(answer) : -1],
            equal_nan=True,
        )


def test_a_long_answer_is_cut_without_a_sign_for_the_end():
    (example,) = examples("json>", times=1, most_answer=20)
    assert example.answers[0] == '[{"APPLICATION FORM"'
    assert len(example.printed_answer) == 20


LINKED = {
    "APPLICATION FORM": "[header]Full Name:|Home Address:",
    "Full Name:": "[question]APPLICATION FORM|Bob Smith",
    "Bob Smith": "[answer]Full Name:",
    "Home Address:": "[question]APPLICATION FORM|12 Elm St\\Provo, UT",
    "12 Elm St\\Provo, UT": "[answer]Home Address:",
    "col A": "[question]cell 1A",
    "col B": "[question]2B",
    "row one": "[question]cell 1A",
    "cell 1A": "[answer]col A|row one",
    "row two": "[question]2B",
    "2B": "[answer]col B|row two",
    "page 1 of 2": "[other]ø",
}
DOWN = {
    **{e.text: f"[{e.kind}]ø" for e in ENTITIES},
    "APPLICATION FORM": "[header]Full Name:|Home Address:",
    "Full Name:": "[question]Bob Smith",
    "Home Address:": "[question]12 Elm St\\Provo, UT",
}
UP = {
    **{e.text: f"[{e.kind}]ø" for e in ENTITIES},
    "Full Name:": "[question]APPLICATION FORM",
    "Home Address:": "[question]APPLICATION FORM",
    "Bob Smith": "[answer]Full Name:",
    "12 Elm St\\Provo, UT": "[answer]Home Address:",
}


@pytest.mark.parametrize(
    ("way", "expected"), [("link", LINKED), ("linkdown", DOWN), ("linkup", UP)]
)
def test_links(way, expected):
    assert answers(f"{way}-text~") == expected
    assert answers(f"{way}-both~") == expected
    assert {e.request.text for e in examples(f"{way}-box~", times=20)} == {""}
    assert {e.answers[0] for e in examples(f"{way}-box~")} == set(expected.values())
    for example in examples(f"{way}-both~", times=50):
        lit(example, example.request.text)
    assert asked(f"{way}-text~")["page 1 of 2"][1] == []


def test_the_region_of_a_link_is_the_linked_lines():
    found = asked("linkdown-text~")
    assert found["Home Address:"][1] == [(150, 80, 240, 100), (150, 105, 240, 125)]
    assert found["APPLICATION FORM"][1] == [(0, 40, 100, 60), (0, 80, 130, 100)]


def test_a_text_that_two_entities_have_is_asked_only_with_a_highlight():
    pair = (entity("question", "Date", 0, 40), entity("answer", "1 May", 100, 40))
    other = (entity("question", "Date", 0, 90), entity("answer", "2 May", 100, 90))
    truth = Truth((300, 500), entities=(*pair, *other), links=((0, 1), (2, 3)))
    assert set(answers("linkdown-text~", truth)) == {"1 May", "2 May"}
    both = {(e.request.text, e.answers[0]) for e in examples("linkdown-both~", truth)}
    assert {("Date", "[question]1 May"), ("Date", "[question]2 May")} <= both
    assert not examples("natural_q~", truth, times=20)


def test_the_rest_of_a_field():
    found = asked("fi~")
    assert found["Bob"] == ("Smith‡", [(190, 40, 240, 60)])
    assert found["12 Elm"] == ("St\\Provo, UT‡", [(220, 80, 240, 100), (150, 105, 240, 125)])
    assert found["12 Elm St"][0] == "Provo, UT‡"
    assert found["12 Elm St\\Provo,"][0] == "UT‡"
    assert "row" not in found  # it stands on the page twice
    (row,) = {e.answers[0] for e in examples("f0~") if e.request.text == "row"} - {"two‡"}
    assert row == "one‡"


def test_of_a_long_field_its_last_words_are_typed():
    found = {e.request.text: e.answers[0] for e in examples("f0~", most_text=9)}
    assert all(len(text) <= 9 for text in found)
    assert found["St\\Provo,"] == "UT‡"


CELLS = {
    "row one~~col A": "cell 1A",
    "row one~~col B": "ø",
    "row two~~col A": "ø",
    "row two~~col B": "2B",
}


@pytest.mark.parametrize("token", ["t~", "t0~"])
def test_the_cell_of_two_headers(token):
    swapped = {"~~".join(reversed(text.split("~~"))): cell for text, cell in CELLS.items()}
    assert answers(token) == {**CELLS, **swapped}
    assert asked(token)["row two~~col B"][1] == BOXES["2B"]
    assert asked(token)["col A~~row two"][1] == []
    if token == "t0~":
        for example in examples(token, times=20):
            lit(example, *example.request.text.split("~~"))


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("ri~", {"cell 1A": "row one‡", "2B": "row two‡"}),
        ("r*~", {"cell 1A": "row one‡", "2B": "row two‡"}),
        ("ci~", {"cell 1A": "col A‡", "2B": "col B‡"}),
        ("c*~", {"cell 1A": "col A‡", "2B": "col B‡"}),
        ("full_row~", {"row one": "cell 1A|ø‡", "row two": "ø|2B‡"}),
        ("full_row0~", {"row one": "cell 1A|ø‡", "row two": "ø|2B‡"}),
        ("full_col~", {"col A": "cell 1A|ø‡", "col B": "ø|2B‡"}),
        ("full_col0~", {"col A": "cell 1A|ø‡", "col B": "ø|2B‡"}),
        ("list_row_headers~", {"0": "row one|row two‡"}),
        ("list_column_headers~", {"0": "col A|col B‡"}),
        ("t#>", {"": "1"}),
        ("0t~", {"0": ""}),
    ],
)
def test_tables(token, expected):
    assert answers(token) == expected
    for text, (answer, region) in asked(token).items():
        texts = [part for part in answer.strip("‡").split("|") if part not in ("", "ø", "1")]
        if token in ("t#>", "0t~"):
            texts = ["row one", "row two", "col A", "col B", "cell 1A", "2B"]
        assert region == [box for part in texts for box in BOXES[part]], text
    if "highlight" in tasks.task(token).needs:
        for example in examples(token, times=20):
            lit(example, example.request.text)


def test_a_table_without_row_headers():
    whole = (entity("answer", "Sales", 0, 0), entity("answer", "12", 0, 30))
    truth = Truth((300, 500), entities=whole, tables=(Table((None,), (0,), ((1,),), (0,) * 4),))
    assert answers("ri~", truth) == {"12": "ø"}
    assert answers("ci~", truth) == {"12": "Sales‡"}
    assert answers("list_row_headers~", truth) == {"0": "ø‡"}
    assert answers("t~", truth) == {}
    assert answers("full_row~", truth) == {}
    assert answers("link-text~", truth) == {"12": "[answer]Sales", "Sales": "[answer]12"}


def test_questions_in_words():
    found = asked("natural_q~")
    assert found["What is the Full Name?"] == ("Bob Smith", BOXES["Bob Smith"])
    assert found["what is the full name?"][0] == "Bob Smith"
    address = "12 Elm St Provo, UT", BOXES["12 Elm St\\Provo, UT"]
    assert found["What is the Home Address?"] == address
    assert found["APPLICATION FORM: what is the Full Name?"][0] == "Bob Smith"
    assert found["What is the value of col A for row one?"][0] == "cell 1A"
    assert {answer for answer, _ in found.values()} == {
        "Bob Smith", "12 Elm St Provo, UT", "cell 1A", "2B",
    }  # fmt: skip
    for example in examples("natural_q~", times=100):
        if example.request.text == "What is the Full Name?":
            assert np.allclose(example.printed_text.spots[12], (5, 50))
            assert np.isnan(example.printed_text.spots[0]).all()


def test_a_label_that_stands_twice_is_asked_with_its_header():
    sections = [
        (entity("header", name, 0, y), entity("question", "Name:", 0, y + 30),
         entity("answer", value, 100, y + 30))
        for name, value, y in (("Buyer", "Ann", 0), ("Seller", "Bob", 100))
    ]  # fmt: skip
    truth = Truth(
        (300, 500),
        entities=tuple(e for section in sections for e in section),
        links=((0, 1), (1, 2), (3, 4), (4, 5)),
    )
    found = answers("natural_q~", truth)
    assert found["What is the Name under Buyer?"] == "Ann"
    assert found["What is the Name under Seller?"] == "Bob"
    assert not any("uyer" not in text and "eller" not in text for text in found)


def test_a_label_that_is_also_left_blank_is_not_asked():
    both = (
        entity("question", "Name:", 0, 0),
        entity("answer", "Ann", 100, 0),
        entity("question", "NAME", 0, 40),
    )
    assert not examples("natural_q~", Truth((300, 500), entities=both, links=((0, 1),)), times=20)


def test_the_kind_of_document():
    assert asked("classify>") == {"": ("C:form", None)}


@pytest.mark.parametrize("token", sorted(FORM_TASKS))
def test_what_is_not_there(token):
    made = [FORM_TASKS[token](PAGE, TRUTH, random.Random(seed)) for seed in range(400)]
    made = [example for example in made if example and example.answers == ("№",)]
    if token not in {
        "link-text~", "linkdown-text~", "linkup-text~", "fi~", "t~", "ri~", "ci~",
        "full_row~", "full_col~", "list_row_headers~", "list_column_headers~",
    }:  # fmt: skip
        assert not made
        return
    assert 6 <= len(made) <= 36  # one in twenty
    printed = "\n".join(BOXES).casefold()
    for example in made:
        assert example.region.shapes == example.request.marks.shapes == ()
        text = example.request.text
        if token.startswith("list_"):
            assert text == "1"
        elif token == "t~":
            known = [part in ("row one", "row two", "col A", "col B") for part in text.split("~~")]
            assert sorted(known) == [False, True]
        else:
            assert text.casefold() not in printed


@pytest.mark.parametrize("token", sorted(FORM_TASKS))
def test_a_page_without_a_form_or_table_is_left_out(token):
    example = FORM_TASKS[token](PAGE, EMPTY, random.Random(0))
    if token == "t#>":
        assert example.answers == ("0",)
    else:
        assert example is None


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("one two three", 13, "one two three"),
        ("one two three four five six seven", 32, "one two three four five"),
        ("one two\\three four five six", 26, "one two\\three four five"),
        ("a\\b\\c\\d\\e\\f", 10, "a\\b\\c\\d\\e"),
        ("one two three four five six", 10, "one two"),
        ("incomprehensible", 5, "incom"),
    ],
)
def test_a_long_text_is_typed_in_part(text, most, expected):
    ask = Ask("link-text~", PAGE, TRUTH, random.Random(0), most_text=most, most_answer=100)
    assert shortened(ask, Printed.sign(text)).text == expected
