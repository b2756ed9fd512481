"""FUNSD: drawn forms in each layout, tables from links, damaged files; and the real 149 forms."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from dessurt.data.questions.forms import FORM_TASKS
from dessurt.data.records import DataError, readable
from dessurt.data.sets import open_set
from dessurt.data.sets.funsd import Funsd
from dessurt.truth.form_text import table_entities, to_json

RNG = random.Random(0)


def entity(number: int, label: str, text: str, x: int, y: int, links=(), wide: int = 10) -> dict:
    """Lines (at `/`) 30 apart, `wide` by 20 a character."""
    words = []
    for k, line in enumerate(text.split("/")):
        at = x
        for word in line.split(" "):
            box = [at, y + 30 * k, at + wide * len(word), y + 30 * k + 20]
            words.append({"text": word, "box": box})
            at = box[2] + wide
    return {
        "id": number,
        "label": label,
        "text": text.replace("/", " "),
        "box": words[0]["box"],
        "words": words,
        "linking": [list(pair) for pair in links],
    }


def save(folder: Path, **forms: list[dict]) -> Path:
    """A folder with images/ and annotations/."""
    for part in ("images", "annotations"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for name, form in forms.items():
        Image.new("L", (400, 300), 255).save(folder / "images" / f"{name}.png")
        (folder / "annotations" / f"{name}.json").write_text(json.dumps({"form": form}))
    return folder


def truth(tmp_path: Path, form: list[dict]):
    return Funsd(save(tmp_path, a=form)).record(0, RNG).truth


def test_a_form_becomes_entities_lines_and_links(tmp_path):
    form = [
        entity(4, "answer", "12 Elm St/Provo  UT", 120, 100, [(3, 4)]),
        entity(3, "question", "Address:", 20, 100, [(3, 4), (1, 3)]),
        entity(1, "header", "Form", 20, 20, [(1, 3), (1, 3)]),
        entity(9, "other", "note", 20, 200),
    ]
    found = truth(tmp_path, form)
    assert [(e.kind, e.text) for e in found.entities] == [
        ("header", "Form"),
        ("question", "Address:"),
        ("answer", "12 Elm St\\Provo UT"),
        ("other", "note"),
    ]
    assert found.links == ((0, 1), (1, 2))
    assert found.size == (300, 400)
    first = found.entities[2].lines[0]
    assert first.box == pytest.approx((120, 100, 210, 120))
    assert [word.box for word in first.words] == [
        pytest.approx(box)
        for box in [(120, 100, 140, 120), (150, 100, 180, 120), (190, 100, 210, 120)]
    ]
    assert to_json(found) == (
        '[{"Form": "header", "content": [{"Address:": "question", '
        '"answers": ["12 Elm St\\\\Provo UT"]}]}, {"note": "other"}]'
    )


def test_links_that_mean_nothing_are_left_out_and_turned_ones_put_right(tmp_path):
    form = [
        entity(0, "header", "H", 20, 20, [(1, 0), (0, 0), (0, 4)]),
        entity(1, "question", "q", 20, 60, [(1, 0), (2, 1), (1, 5), (1, 7)]),
        entity(2, "answer", "a", 60, 60, [(2, 1), (2, 3)]),
        entity(3, "answer", "b", 100, 60, [(2, 3)]),
        entity(4, "answer", "c", 140, 60, [(0, 4)]),
        entity(5, "answer", " ", 180, 60, [(1, 5)]),
        entity(6, "header", "I", 220, 20, [(6, 0), (0, 6)]),
    ]
    found = truth(tmp_path, form)
    texts = [e.text for e in found.entities]
    assert Counter(texts) == Counter("HqabcI")
    assert {(texts[head], texts[tail]) for head, tail in found.links} == {
        ("H", "q"),
        ("q", "a"),
        ("H", "I"),
    }


def test_a_question_over_questions_is_a_header(tmp_path):
    form = [
        entity(0, "question", "Store", 20, 20, [(0, 1), (0, 2)]),
        entity(1, "question", "cold", 20, 60),
        entity(2, "question", "dark", 20, 100, [(2, 3)]),
        entity(3, "answer", "yes", 90, 100),
    ]
    assert to_json(truth(tmp_path, form)) == (
        '[{"Store": "header", "content": [{"cold": "question"}, '
        '{"dark": "question", "answers": ["yes"]}]}]'
    )


def table_of(tmp_path: Path, form: list[dict]) -> dict:
    """The only table of a form, as it is written."""
    (table,) = [e for e in json.loads(to_json(truth(tmp_path, form))) if "cells" in e]
    return table


# Two rows and two columns; the cells are 11, 12, 21; a row's header is 1 or 2, a column's 3 or 4.
GRID = [
    entity(1, "question", "one", 20, 100),
    entity(2, "question", "two", 20, 140),
    entity(3, "question", "left", 100, 60),
    entity(4, "question", "right", 200, 60),
    entity(11, "answer", "1L", 105, 102, [(3, 11), (1, 11)]),
    entity(12, "answer", "1R", 205, 98, [(1, 12), (4, 12)]),
    entity(21, "answer", "2L", 100, 141, [(2, 21), (3, 21)]),
]


def test_answers_of_two_questions_are_a_table(tmp_path):
    found = truth(tmp_path, GRID)
    assert json.loads(to_json(found)) == [
        {
            "row headers": ["one", "two"],
            "column headers": ["left", "right"],
            "cells": [["1L", "1R"], ["2L", None]],
        }
    ]
    assert found.tables[0].box == (20, 60, 250, 161)
    assert found.links == ()
    asked = FORM_TASKS["t0~"](found_page(tmp_path), found, random.Random(1))
    answers = {("one", "left"): "1L", ("one", "right"): "1R", ("two", "left"): "2L"}
    row_and_column = sorted(asked.request.text.split("~~"), key="one two left right".find)
    assert asked.answers == (answers.get(tuple(row_and_column), "ø"),)


def found_page(folder: Path):
    return Funsd(folder).record(0, RNG).page


def test_answers_of_one_header_get_rows_and_columns_without_a_header(tmp_path):
    form = [
        *GRID,
        entity(31, "answer", "3L", 100, 180, [(3, 31)]),
        entity(32, "answer", "3R", 200, 182, [(4, 32)]),
        entity(10, "answer", "10", 160, 100, [(1, 10)]),
        entity(20, "answer", "20", 165, 140, [(2, 20)]),
    ]
    assert table_of(tmp_path, form) == {
        "row headers": ["one", "two", None],
        "column headers": ["left", None, "right"],
        "cells": [["1L", "10", "1R"], ["2L", "20", None], ["3L", None, "3R"]],
    }


def test_two_answers_in_one_cell_stay_side_by_side_or_above_each_other(tmp_path):
    form = [
        *GRID,
        entity(13, "answer", "yes", 250, 100, [(1, 13), (4, 13)], wide=2),
        entity(22, "answer", "low", 100, 158, [(2, 22), (3, 22)]),
    ]
    form[3] = entity(4, "question", "right", 200, 60, wide=20)
    assert table_of(tmp_path, form) == {
        "row headers": ["one", "two", None],
        "column headers": ["left", "right", None],
        "cells": [["1L", "1R", "yes"], ["2L", None, None], ["low", None, None]],
    }


def test_a_header_of_rows_and_columns_is_what_it_is_for_more_cells(tmp_path):
    """`left` is beside x and over two cells: x is no cell."""
    form = [
        *GRID,
        entity(5, "question", "top", 300, 20),
        entity(6, "answer", "x", 300, 60, [(3, 6), (5, 6)]),
    ]
    found = truth(tmp_path, form)
    texts = [e.text for e in found.entities]
    assert [texts[i] for i in table_entities(found.tables[0])] == [
        "one", "two", "left", "right", "1L", "1R", "2L",
    ]  # fmt: skip
    assert {(texts[a], texts[b]) for a, b in found.links} == {("left", "x"), ("top", "x")}


def test_halves_of_a_label_are_no_table(tmp_path):
    """Both stand beside the answers, none above."""
    form = [
        entity(0, "question", "FAX", 20, 60),
        entity(1, "question", "No.", 60, 60),
        entity(2, "answer", "11", 120, 60, [(0, 2), (1, 2)]),
        entity(3, "answer", "22", 180, 60, [(0, 3), (1, 3)]),
    ]
    found = truth(tmp_path, form)
    assert found.tables == ()
    assert len(found.links) == 4
    assert json.loads(to_json(found)) == [
        {"FAX": "question", "answers": ["11", "22"]},
        {"No.": "question"},
    ]


def test_a_question_over_the_rows_of_a_table_does_not_hide_it(tmp_path):
    """It has an answer of its own, so it is no header."""
    form = [
        entity(7, "question", "all", 20, 20, [(7, 1), (7, 2), (7, 8)]),
        entity(8, "answer", "yes", 80, 20),
        *GRID,
    ]
    first, table = json.loads(to_json(truth(tmp_path, form)))
    assert first == {"all": "question", "answers": ["yes"]}
    assert table["row headers"] == ["one", "two"]


def test_boxes_are_cut_to_the_page(tmp_path):
    form = [
        entity(0, "question", "left", -20, 60),
        entity(1, "question", "under", 100, 290),
        entity(2, "question", "gone", 900, 900),
        {**entity(3, "question", "x", 0, 0), "words": [{"text": "x", "box": [60, 50, 50, 50]}]},
    ]
    found = {e.text: e.lines[0].box for e in truth(tmp_path, form).entities}
    assert found == {
        "left": (0, 60, 20, 80),
        "under": (100, 290, 150, 300),
        "gone": (399, 299, 400, 300),
        "x": (50, 50, 60, 51),
    }


GOOD = [entity(0, "question", "Name:", 20, 20)]


def test_a_damaged_form_is_named_and_the_others_are_read(tmp_path):
    no_box = [GOOD[0], {**GOOD[0], "words": [{"text": "x"}]}]
    wrong_label = [{**GOOD[0], "label": "title"}]
    forms = Funsd(save(tmp_path, a=GOOD, b=no_box, c=wrong_label, d=GOOD, e=GOOD, f=GOOD))
    (tmp_path / "annotations" / "d.json").write_text('{"form": [\n]')
    (tmp_path / "images" / "e.png").unlink()
    a, rest, b, c, d, e, f = readable(forms, RNG)
    assert a.truth.entities[0].text == f.truth.entities[0].text == "Name:"
    assert [entity.text for entity in rest.truth.entities] == ["Name:"]
    assert (b.path, b.where) == (tmp_path / "annotations" / "b.json", "form[1]")
    assert "'title' is none of header, question" in str(c)
    assert str(d).startswith(f"{tmp_path / 'annotations' / 'd.json'}, line 2: this is not JSON")
    assert "the picture is not there" in str(e)


def test_official_folders_with_every_tenth_form_held_back(tmp_path):
    names = [f"form{i:02}" for i in range(12)]
    save(tmp_path / "training_data", **dict.fromkeys(names, GOOD))
    save(tmp_path / "testing_data", z=GOOD)
    splits = {
        split: [path.stem for path in Funsd(tmp_path, split).annotations]
        for split in ("train", "valid", "test")
    }
    assert splits["valid"] == ["form00", "form10"]
    assert splits["train"] == [name for name in names if name not in splits["valid"]]
    assert splits["test"] == ["z"]


def test_a_split_file_says_which_forms(tmp_path):
    save(tmp_path / "data", a=GOOD, b=GOOD, c=GOOD)
    split = {"train": {"root": "data", "images": ["c", "a"]}, "valid": {"root": "data"}}
    (tmp_path / "train_valid_test_split.json").write_text(json.dumps(split))
    found = open_set({"set": "funsd", "folder": tmp_path})
    assert [Path(r.source).stem for r in readable(found, RNG)] == ["c", "a"]
    with pytest.raises(DataError, match="split.json, valid: this record is damaged"):
        Funsd(tmp_path, "valid")


def test_a_folder_without_forms_says_what_it_needs(tmp_path):
    with pytest.raises(DataError, match="give a folder with annotations/ and images/"):
        Funsd(tmp_path / "none")
    with pytest.raises(DataError, match="it is one split, train"):
        Funsd(save(tmp_path, a=GOOD), "test")


def test_the_real_forms(shared):
    """All entities with a text, all links: none twice, none lost; every text is in the JSON."""
    folder = shared / "data" / "funsd" / "train"
    if not folder.is_dir():
        pytest.skip("FUNSD is not there")
    forms = Funsd(folder)
    assert len(forms) == 149
    cells = tables = 0
    for path, record in zip(forms.annotations, readable(forms, RNG), strict=True):
        form = json.loads(path.read_text("utf-8"))["form"]
        given = {e["id"]: e for e in form if e["text"].strip()}
        found = record.truth
        texts = [entity.text for entity in found.entities]
        words = (" ".join(word["text"] for word in e["words"]) for e in given.values())
        assert Counter(map(plain, words)) == Counter(map(plain, texts))
        pairs = {frozenset(pair) for e in given.values() for pair in e["linking"]}
        pairs = {pair for pair in pairs if len(pair) == 2 and pair <= given.keys()}
        filled = [
            (row, column)
            for table in found.tables
            for row, line in zip(table.row_headers, table.cells, strict=True)
            for column, cell in zip(table.column_headers, line, strict=True)
            if cell is not None
        ]
        in_tables = sum(head is not None for pair in filled for head in pair)
        assert len(found.links) + in_tables == len(pairs), path.stem
        written = to_json(found)
        json.loads(written)
        assert all(json.dumps(text, ensure_ascii=False)[1:-1] in written for text in texts)
        tables, cells = tables + len(found.tables), cells + len(filled)
    assert (tables, cells) == (24, 342)


def plain(text: str) -> str:
    r"""With spaces for `\` and single ones."""
    return " ".join(text.replace("\\", " ").split())
