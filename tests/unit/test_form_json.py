"""Forms as JSON text: the original's samples, the place of each character, turned pages."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from dessurt.truth import Entity, Line, Table, Truth
from dessurt.truth.form_text import reading_order, table_entities, to_json, with_places

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "form_json.json").read_text("utf-8"))


def line(text: str, box: tuple[float, float, float, float]) -> Line:
    """A level line whose characters share its box."""
    x0, y0, x1, y1 = box
    xs = np.linspace(x0, x1, len(text) + 1)
    ends = np.stack([np.stack([xs[:-1], xs[1:]], 1), np.full((len(text), 2), (y0 + y1) / 2)], 2)
    return Line(text, ends, (y1 - y0) / 2, (y1 - y0) / 2)


def entity(kind: str, text: str, x: float, y: float) -> Entity:
    """Lines below each other, every character 10 wide and 20 high."""
    parts = text.split("\\")
    return Entity(
        kind,
        tuple(
            line(part, (x, y + 25 * k, x + 10 * len(part), y + 25 * k + 20))
            for k, part in enumerate(parts)
        ),
    )


def truth_of(sample: dict) -> Truth:
    entities = [
        Entity(e["cls"], tuple(line(part["text"], tuple(part["box"])) for part in e["lines"]))
        for e in sample["entities"]
    ]
    links = []
    for head, tails in sample["links"]:
        tails = [] if tails is None else tails if isinstance(tails, list) else [tails]
        links += [(head, tail) for tail in tails]
    tables = tuple(
        Table(tuple(t["rows"]), tuple(t["cols"]), tuple(map(tuple, t["cells"])), (0, 0, 1, 1))
        for t in sample["tables"]
    )
    return Truth((1000, 800), "form", entities=tuple(entities), links=tuple(links), tables=tables)


@pytest.mark.parametrize("sample", GOLDEN["makeJsonText"], ids=lambda sample: sample["name"])
def test_the_original_writes_the_same(sample):
    assert to_json(truth_of(sample)) + "‡" == sample["json_text"]


@pytest.mark.parametrize("sample", GOLDEN["sortReadOrder"], ids=lambda s: str(s["order"]))
def test_the_original_reads_in_the_same_order(sample):
    assert reading_order(sample["boxes"]) == sample["order"]


def test_labels_and_values_have_places_and_signs_have_none():
    form = (entity("question", 'A"', 100, 50), entity("answer", "b\\c", 200, 50))
    found = with_places(Truth((400, 400), entities=form, links=((0, 1),)))
    assert found.text == r'[{"A\"": "question", "answers": ["b\\c"]}]'
    places = {i: tuple(map(float, s)) for i, s in enumerate(found.spots) if not np.isnan(s[0])}
    assert places == {
        found.text.index("A"): (105, 60),
        found.text.index("A") + 2: (115, 60),  # the quotation mark, after its backslash
        found.text.index("b"): (205, 60),
        found.text.index("c"): (205, 85),
    }  # fmt: skip


def test_a_header_with_questions_and_a_table_has_both():
    form = (
        entity("header", "H", 0, 0),
        entity("question", "q", 0, 40),
        entity("answer", "row", 0, 80),
        entity("answer", "cell", 100, 80),
        entity("header", "under", 0, 120),
        entity("answer", "loose", 0, 160),
    )
    table = Table((2,), (None,), ((3,),), (0, 80, 140, 100))
    links = ((0, 1), (0, 2), (0, 4), (4, 5))
    assert json.loads(to_json(Truth((200, 200), "", (), form, links, (table,)))) == [
        {
            "H": "header",
            "content": [
                {"q": "question"},
                {"under": "header", "content": [{"loose": "answer"}]},
                {"row headers": ["row"], "column headers": [None], "cells": [["cell"]]},
            ],
        }
    ]
    assert table_entities(table) == [2, 3]


def test_an_answer_of_two_heads_is_written_once_under_its_question():
    form = (
        entity("header", "H", 0, 0),
        entity("answer", "b", 100, 40),
        entity("question", "q", 0, 40),
        entity("question", "after", 0, 80),
    )
    text = to_json(Truth((200, 200), entities=form, links=((0, 1), (2, 1), (2, 3))))
    assert json.loads(text) == [
        {"H": "header"},
        {"q": "question", "answers": ["b"]},
        {"after": "question"},
    ]


def test_a_turned_page_is_read_in_the_same_order():
    texts = [(f"{row}{side}", 20 + 900 * k, 30.0 * row) for row in range(1, 9)
             for k, side in enumerate("lr")]  # fmt: skip
    level = tuple(entity("other", *text) for text in texts)
    angle = math.radians(2)  # the right column ends up a whole row lower
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    turned = tuple(
        Entity("other", tuple(Line(x.text, x.ends @ turn, 10, 10) for x in e.lines)) for e in level
    )
    wanted = [{text: "other"} for text, _, _ in texts]
    assert json.loads(to_json(Truth((300, 1000), entities=turned[::-1]))) == wanted


def test_a_page_without_a_form_is_an_empty_list():
    assert to_json(Truth((10, 10))) == "[]"
