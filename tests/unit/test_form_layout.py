"""Pieces of a form put together: fields, tables, sections, and what rules tell."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from dessurt.page import Page
from dessurt.page.ink import horizontal_rules
from dessurt.protocol import Alternative, Text
from dessurt.reader.forms import Form, pieces_of
from dessurt.reader.layout import put_together
from dessurt.reader.pieces import Piece
from dessurt.truth.form_text import to_json

SIZE = (400, 600)
PAPER = np.full(SIZE, 255, np.uint8)
KINDS = {"h": "header", "q": "question", "a": "answer", "o": "other"}


def piece(text: str, kind: str, x: float, y: float, tall: float = 20) -> Piece:
    """A piece whose letters are ten pixels wide."""
    return Piece(text, KINDS[kind], (x, y, x + 10 * len(text), y + tall))


def form(*pieces: Piece, rules: tuple[tuple[int, int, int], ...] = ()) -> list[object]:
    """What the pieces are as JSON; `rules`: y, x0 and x1 of each."""
    paper = PAPER.copy()
    for y, x0, x1 in rules:
        cv2.line(paper, (x0, y), (x1, y), 0, 2)
    return json.loads(to_json(put_together(pieces, paper)))


def test_a_value_beside_its_label() -> None:
    assert form(
        piece("Name:", "q", 20, 20), piece("Ann", "a", 90, 22),
        piece("Age:", "q", 300, 20), piece("41", "a", 360, 21),
        piece("Town:", "q", 20, 60),
    ) == [
        {"Name:": "question", "answers": ["Ann"]},
        {"Age:": "question", "answers": ["41"]},
        {"Town:": "question"},
    ]  # fmt: skip


def test_a_row_that_climbs_is_one_row() -> None:
    climbing = [piece("Name:", "q", 20, 60), piece("Ann", "a", 280, 52), piece("Al", "o", 540, 44)]
    assert {"Name:": "question", "answers": ["Ann"]} in form(*climbing)


def test_a_value_of_several_lines() -> None:
    assert form(
        piece("Address:", "q", 20, 20), piece("1 Mill Lane", "a", 120, 20),
        piece("Oxford", "a", 120, 45), piece("Fax:", "q", 20, 80), piece("none", "a", 120, 80),
    ) == [
        {"Address:": "question", "answers": ["1 Mill Lane\\Oxford"]},
        {"Fax:": "question", "answers": ["none"]},
    ]  # fmt: skip


def test_a_value_below_its_label() -> None:
    column = [piece("Name", "q", 20, 20), piece("Ann", "a", 20, 44),
              piece("Age", "q", 20, 74), piece("41", "a", 20, 98)]  # fmt: skip
    assert form(*column) == [
        {"Name": "question", "answers": ["Ann"]},
        {"Age": "question", "answers": ["41"]},
    ]


def test_a_value_above_its_label_stands_on_a_rule() -> None:
    column = [piece("Ann", "a", 20, 20), piece("Name", "q", 20, 46),
              piece("41", "a", 20, 76), piece("Age", "q", 20, 102)]  # fmt: skip
    rules = ((43, 10, 300), (99, 10, 300))
    found = {text: each.get("answers") for each in form(*column, rules=rules) for text in each}
    assert found["Name"] == ["Ann"] and found["Age"] == ["41"]
    # Without the rules, the value below is the label's.
    assert {"Name": "question", "answers": ["41"]} in form(*column)


def table(*rows: str, x: int = 20, y: int = 20, wide: int = 120, high: int = 30) -> list[Piece]:
    """Rows like `q:Item q:Price`, `-` for a blank."""
    return [
        piece(text[2:], text[0], x + wide * c, y + high * r)
        for r, row in enumerate(rows)
        for c, text in enumerate(row.split())
        if text != "-"
    ]


def test_a_table_with_headers_of_columns_and_blanks() -> None:
    pieces = table("q:Item q:Price q:Sum", "a:Tea a:2.00 a:4.00", "a:Milk - a:1.00")
    assert form(*pieces) == [
        {
            "row headers": [None, None],
            "column headers": ["Item", "Price", "Sum"],
            "cells": [["Tea", "2.00", "4.00"], ["Milk", None, "1.00"]],
        }
    ]


def test_a_table_with_both_headers() -> None:
    pieces = table("- q:May q:June", "q:North a:10 a:20", "q:South a:30 -", "q:West - a:40")
    (found,) = form(*pieces)
    assert found == {
        "row headers": ["North", "South", "West"],
        "column headers": ["May", "June"],
        "cells": [["10", "20"], ["30", None], [None, "40"]],
    }


def test_rules_join_the_lines_of_a_cell() -> None:
    pieces = table("q:Item q:Price", "a:Tea a:2.00", "a:green -", "a:Milk a:1.00", high=24)
    ruled = form(*pieces, rules=tuple((y, 10, 300) for y in (18, 42, 90, 114)))
    assert ruled[0]["cells"] == [["Tea\\green", "2.00"], ["Milk", "1.00"]]
    assert form(*pieces)[0]["cells"] == [["Tea", "2.00"], ["green", None], ["Milk", "1.00"]]


def test_values_below_their_labels_in_ruled_boxes() -> None:
    pieces = table("q:Name q:Born", "a:Ann a:1984", "q:Town q:Fax", "a:Oxford a:none", high=30)
    assert form(*pieces, rules=((10, 10, 300), (75, 10, 300), (135, 10, 300))) == [
        {"Name": "question", "answers": ["Ann"]},
        {"Born": "question", "answers": ["1984"]},
        {"Town": "question", "answers": ["Oxford"]},
        {"Fax": "question", "answers": ["none"]},
    ]


def test_small_labels_over_tall_values_are_no_table_though_the_model_doubts_them() -> None:
    doubt = {"question": 0.4, "answer": 0.6}

    def drawn(label: float, value: float) -> list[object]:
        pieces = []
        texts = [("Born", "1984"), ("Town", "Lund"), ("Paid", "12.5")]
        for row, (above, below) in enumerate(texts):
            for x in (20, 300):
                named = piece(above, "q", x, 20 + 80 * row, label)
                pieces += [
                    named if row == 0 else replace(named, chances=doubt),
                    piece(below, "a", x, 20 + 40 + 80 * row, value),
                ]
        return form(*pieces)

    assert [list(each.values()) for each in drawn(16, 27)] == [
        ["question", ["1984"]], ["question", ["1984"]], ["question", ["Lund"]],
        ["question", ["Lund"]], ["question", ["12.5"]], ["question", ["12.5"]],
    ]  # fmt: skip
    assert "cells" in drawn(20, 20)[0]


def test_sums_below_a_table_are_no_row_of_it() -> None:
    pieces = table("q:Item q:Price", "a:Tea a:2.00", "a:Milk a:1.00")
    found = form(*pieces, piece("Sum", "q", 90, 135), piece("3.00", "a", 150, 135))
    assert {"Sum": "question", "answers": ["3.00"]} in found
    assert any("cells" in each and len(each["cells"]) == 2 for each in found)


def test_questions_belong_to_the_header_above_them() -> None:
    assert form(
        piece("Part I", "h", 20, 20), piece("Name:", "q", 20, 60), piece("Ann", "a", 90, 60)
    ) == [
        {"Part I": "header", "content": [{"Name:": "question", "answers": ["Ann"]}]}
    ]  # fmt: skip


def test_nothing_printed_is_an_empty_form() -> None:
    assert form() == []


def test_rules_round_two_pieces_outweigh_a_doubt_about_their_kinds() -> None:
    def doubtful(text: str, x: float, y: float, tall: float, question: float) -> Piece:
        kind = "question" if question > 0.5 else "answer"
        chances = {"question": question, "answer": 1 - question}
        box = (x, y, x + 10 * len(text), y + tall)
        return Piece(text, kind, box, chances=chances)

    pieces = (
        doubtful("1 Family name", 20, 14, 16, 0.8), doubtful("2 Given name", 200, 14, 16, 0.7),
        doubtful("Ann", 33, 44, 26, 0.7),
    )  # fmt: skip
    framed = form(*pieces, rules=((10, 10, 390), (80, 10, 390)))
    assert framed == [
        {"1 Family name": "question", "answers": ["Ann"]},
        {"2 Given name": "question"},
    ]
    assert form(*pieces) == [
        {"1 Family name": "question", "answers": ["2 Given name"]}, {"Ann": "question"},
    ]  # fmt: skip


def test_rules_are_found_if_they_are_turned_and_letters_are_none() -> None:
    paper = PAPER.copy()
    cv2.line(paper, (50, 100), (550, 110), 0, 2)
    cv2.putText(paper, "Hello E-F", (50, 200), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 0, 1)
    drawn = horizontal_rules(paper)
    assert drawn[100:112, 60:540].any(0).mean() > 0.95
    assert not drawn[150:].any()


def tokens(text: str, tag: tuple[Alternative, ...] = ()) -> list[Text]:
    """A letter each; `tag`: what the letters of tags might have been."""
    alternatives = [tag if text[i - 1 : i] == "[" else () for i in range(len(text))]
    return [Text(letter, 0, i / 100, alternatives[i]) for i, letter in enumerate(text)]


def test_pieces_of_a_tagged_line() -> None:
    text = "Date:[q] 4 May[a] end"
    found = list(pieces_of(tokens(text), lambda: np.arange(len(text)) * 10.0, (0, 5, 210, 25)))
    assert [(each.text, each.kind) for each in found] == [
        ("Date:", "question"), ("4 May", "answer"), ("end", "other"),
    ]  # fmt: skip
    assert found[0].box == (0, 5, 65, 25)  # between the `:` at 40 and the `4` at 90
    assert found[1].box == (65, 5, (130 + 180) / 2, 25)
    assert found[1].sure == tuple(i / 100 for i in range(9, 14))


def test_a_kind_is_as_likely_as_its_letter_was() -> None:
    tag = (Alternative("q", 1, 0.6), Alternative("z", 2, 0.3), Alternative("a", 3, 0.2))
    (found,) = pieces_of(tokens("Date[q]", tag), lambda: np.zeros(0), (0, 5, 40, 25))
    assert found.chance("question") == pytest.approx(0.75)
    assert found.chance("answer") == pytest.approx(0.25)
    assert found.chance("header") == 0


@pytest.mark.parametrize("text", ["", "  ", "[q]", "[a][q]"])
def test_a_line_without_text_has_no_pieces(text: str) -> None:
    assert list(pieces_of(tokens(text), lambda: np.zeros(len(text)), (0, 0, 9, 9))) == []


def test_each_letter_of_the_json_keeps_how_sure_it_was() -> None:
    pieces = [Piece("No", "question", (20, 20, 40, 40), (0.5, 0.25)),
              Piece('"7', "answer", (60, 20, 80, 40), (0.75, 0.125))]  # fmt: skip
    letters = list(Form(Page.from_array(PAPER), pieces).as_json())
    assert "".join(letter for letter, _ in letters) == (
        '[{"No": "question", "answers": ["\\"7"]}]‡'
    )
    assert [(letter, sure) for letter, sure in letters if sure < 1] == [
        ("N", 0.5), ("o", 0.25), ('"', 0.75), ("7", 0.125),
    ]  # fmt: skip
