"""Entity and relation F: the original's samples, and where the corrected measure differs."""

import json
import math
from pathlib import Path

import pytest

from dessurt.evaluate.forms.alignment import Likeness, aligned, scores
from dessurt.evaluate.forms.entities import Piece, Pieces, Rules, of_answer, of_truth
from dessurt.evaluate.forms.fields import Counts
from dessurt.truth import Entity, Table, Truth
from tests.unit.test_form_json import entity

GOLDEN = Path(__file__).parents[1] / "golden"
ALIGNMENTS = json.loads((GOLDEN / "entity_alignment.json").read_text("utf-8"))
CONTENTS = json.loads((GOLDEN / "entities_from_json.json").read_text("utf-8"))
FUNSD, NAF = Likeness(), Likeness(same=math.inf)  # in NAF only the kind must be right
KINDS = {"textGeneric": "text", "fieldGeneric": "field"}
TABLE = {
    "row headers": ["r1", "r2"], "column headers": ["c1", "c2"], "cells": [["1", "2"], ["3", None]],
}  # fmt: skip


def told(pieces: Pieces) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Texts and kinds; links as texts."""
    links = [(pieces.entities[a].text, pieces.entities[b].text) for a, b in pieces.links]
    return [(piece.text, piece.kind) for piece in pieces.entities], sorted(links)


def contents():
    """Content, whether as in NAF, and what the original makes of it, where it does not raise."""
    for case in CONTENTS:
        in_naf = case.get("naf_broken_into_lines", case["naf"])
        for naf, expected in ((False, case["funsd"]), (True, in_naf)):
            if isinstance(expected, dict):
                yield pytest.param(case["doc"], naf, expected, id=json.dumps(case["doc"])[:40])


@pytest.mark.parametrize(("content", "naf", "expected"), list(contents()))
def test_the_original_takes_an_answer_apart_in_the_same_way(content, naf, expected):
    entities, links = told(of_answer(content, Rules(naf, as_original=True)))
    texts = [each[0] for each in expected["entities"]]
    # The original's lists are reversed, but for the lines of one entity.
    assert sorted(entities) == sorted(
        (text, KINDS.get(kind, kind)) for text, kind, *_ in expected["entities"]
    )
    assert links == sorted((texts[a], texts[b]) for a, b in expected["links"])
    if len(texts) != 8:
        assert [text for text, _ in entities] == texts[::-1]


def test_what_the_original_cannot_take_apart():
    table = {"row headers": ["r1"], "column headers": None, "cells": [["z"]]}
    blank = [{"T": "header", "content": table}]
    above = [{"row headers": ["<<S>> a", "<<S>> b"], "column headers": [None, "c"]}]
    assert told(of_answer(blank, Rules())) == (
        [("T", "header"), ("r1", "question"), ("z", "answer")], [("T", "r1"), ("r1", "z")],
    )  # fmt: skip
    assert told(of_answer(above, Rules())) == (
        [("c", "question"), ("S", "header"), ("a", "question"), ("b", "question")],
        [("S", "a"), ("S", "b")],
    )


def test_a_cell_is_linked_to_its_own_headers_and_as_the_original_to_the_opposite_ones():
    right = [("c1", "1"), ("c1", "3"), ("c2", "2"), ("r1", "1"), ("r1", "2"), ("r2", "3")]
    assert told(of_answer([TABLE], Rules()))[1] == right
    turned = [("c1", "2"), ("c2", "1"), ("c2", "3"), ("r1", "3"), ("r2", "1"), ("r2", "2")]
    assert told(of_answer([TABLE], Rules(as_original=True)))[1] == turned


def test_texts_are_taken_in_the_order_of_the_answer():
    prose = [{"Fill in": "question", "Bob": "answer", "on the": "question", "5th": "answer"}]
    texts = [piece.text for piece in of_answer(prose, Rules()).entities]
    assert texts == ["Fill in", "Bob", "on the", "5th"]
    assert [p.text for p in of_answer([{"Q": ["a"]}], Rules(naf=True)).entities] == ["Q", "a"]
    assert told(of_answer(["cut"], Rules())) == ([("cut", "other")], [])
    assert told(of_answer([{"x": "circle"}], Rules())) == ([("x", "other")], [])


def test_what_is_said_again_and_again_at_the_end_counts_once():
    tail = [{"Name": "question", "answers": ["Bob"]}, *[{"Note": "other"}] * 4]
    assert len(of_answer(tail, Rules()).entities) == 3
    assert len(of_answer(tail[:-2], Rules()).entities) == 4  # twice may be so
    assert len(of_answer(tail, Rules(as_original=True)).entities) == 6
    assert len(of_answer(tail[1:], Rules()).entities) == 1


def test_the_true_entities_of_a_form_and_of_its_table():
    truth = Truth(
        (400, 400),
        entities=(
            entity("question", "r1", 0, 30), entity("question", "c1", 100, 0),
            entity("answer", "1", 100, 30), entity("header", "T\\two", 0, 100),
            entity("question", "Q", 0, 150),
        ),
        links=((3, 4),),
        tables=(Table((0,), (1,), ((2,),), (0, 0, 150, 80)),),
    )  # fmt: skip
    kinds = [
        ("c1", "question"), ("r1", "question"), ("1", "answer"), ("T\\two", "header"),
        ("Q", "question"),
    ]  # fmt: skip
    found = of_truth(truth, Rules())
    assert told(found) == (kinds, [("T\\two", "Q"), ("c1", "1"), ("r1", "1")])
    box = truth.entities[1].lines[0].box
    assert found.entities[0].place == ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    # In NAF each line is a piece, what hangs from an entity hangs from its last line, and the
    # cells of a table are not asked for. Larger pages are shrunk.
    large = Truth((2304, 400), "", (), truth.entities, truth.links, truth.tables)
    in_naf = of_truth(large, Rules(naf=True))
    assert told(in_naf) == (
        [("c1", "text"), ("r1", "text"), ("T", "text"), ("two", "text"), ("Q", "text")],
        [("T", "two"), ("two", "Q")],
    )
    assert in_naf.entities[0].place == pytest.approx([side / 2 for side in found.entities[0].place])


@pytest.mark.parametrize("case", ALIGNMENTS, ids=lambda case: case["name"])
def test_the_original_aligns_and_counts_the_same(case):
    given = case["params"]
    naf = given.get("kind") == "naf"
    likeness = Likeness(given.get("Lk", 0.6), given.get("E", 0.6), given.get("BROS", False), True)
    read = of_answer(case["pred"], Rules(naf, as_original=True))
    true = Pieces(
        tuple(
            Piece(each["text"], KINDS.get(each["cls"], each["cls"]), (each["x"], each["y"]))
            for each in case["gt"]
        ),
        frozenset(map(tuple, case["gt_links"])),
    )
    numbers = list(range(len(read.entities)))[::-1]  # the original counts from the end
    if naf:  # but not the lines of an entity
        texts = [text for text, _ in case["entities"]]
        numbers = [[piece.text for piece in read.entities].index(text) for text in texts]
    chosen = aligned(read, true, NAF if naf else likeness)
    assert chosen == {int(k): numbers[i] for k, i in case["gt_to_pred"].items()}
    assert scores(read, true, NAF if naf else likeness) == (
        Counts(case["entity_true_pos"], case["n_pred_entities"], case["n_gt_entities"]),
        Counts(case["rel_true_pos"], case["n_pred_links"], case["n_gt_links"]),
    )


def test_of_two_that_are_alike_the_nearer_is_meant_and_losers_choose_again():
    true = Pieces(
        (Piece("Date", "question", (50, 100)), Piece("Date", "question", (50, 500))), frozenset()
    )
    twice = of_answer([{"Date": "question"}, {"Date": "question"}], Rules())
    assert aligned(twice, true, FUNSD) == {0: 0, 1: 1}
    assert scores(twice, true, FUNSD)[0] == Counts(2, 2, 2)
    other = of_answer([{"Date": "answer"}, {"nothing alike": "question"}], Rules())
    assert scores(other, true, FUNSD)[0] == Counts(0, 2, 2)


def test_a_relation_is_right_in_either_direction_if_both_kinds_are():
    true = Pieces(
        (Piece("Name", "question", (0, 0)), Piece("Bob", "answer", (90, 0))), frozenset({(1, 0)})
    )
    for kind, right in (("question", 1), ("other", 0)):
        read = Pieces((Piece("Name", kind), Piece("Bob", "answer")), frozenset({(0, 1)}))
        assert scores(read, true, FUNSD)[1] == Counts(right, 1, 1)


def test_an_entity_has_the_middle_of_all_its_lines():
    two = Entity("header", entity("header", "T\\two", 0, 100).lines)
    x0, top, _, _ = two.lines[0].box
    _, _, _, bottom = two.lines[1].box
    right = max(line.box[2] for line in two.lines)
    (piece,) = of_truth(Truth((400, 400), entities=(two,)), Rules()).entities
    assert piece.place == ((x0 + right) / 2, (top + bottom) / 2)
