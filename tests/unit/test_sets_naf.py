"""NAF: drawn annotations become forms and lines to read; what nobody could read is not asked."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dessurt.data.questions.forms import FORM_TASKS
from dessurt.data.records import DataError, readable
from dessurt.data.sets import open_set
from dessurt.data.sets.naf import MARGIN, Naf, halves
from dessurt.data.sets.naf_lines import NafLines, is_asked
from dessurt.truth.form_text import to_json

RNG = random.Random(0)


def box(name: str, kind: str, x: int, y: int, wide: int = 100, tall: int = 20) -> dict:
    quad = [[x, y], [x + wide, y], [x + wide, y + tall], [x, y + tall]]
    return {"id": name, "type": kind, "poly_points": quad}


def annotation(boxes: list[dict], pairs=(), same=(), **texts: str) -> dict:
    return {
        "textBBs": [each for each in boxes if each["id"][0] == "t"],
        "fieldBBs": [each for each in boxes if each["id"][0] == "f"],
        "pairs": [pair.split() for pair in pairs],
        "samePairs": [pair.split() for pair in same],
        "transcriptions": texts,
    }


def save(folder: Path, *given: dict, size: tuple[int, int] = (600, 800)) -> Path:
    """A folder in NAF's layout, all pages in group 1 of the split train: white, 600 by 800."""
    (folder / "groups" / "1").mkdir(parents=True, exist_ok=True)
    names = [f"page{i}" for i in range(len(given))]
    for name, each in zip(names, given, strict=True):
        Image.new("L", size, 255).save(folder / "groups" / "1" / f"{name}.jpg")
        (folder / "groups" / "1" / f"{name}.json").write_text(json.dumps(each))
    listed = {"1": [f"{name}.jpg" for name in names], "174": ["none.jpg"]}
    splits = {"train": listed, "valid": {"174": ["none.jpg"]}}
    (folder / "train_valid_test_split.json").write_text(json.dumps(splits))
    return folder


def form(tmp_path: Path, *args, **texts: str) -> list:
    """An annotation as the JSON that is asked for."""
    return json.loads(to_json(Naf(save(tmp_path, annotation(*args, **texts))).record(0, RNG).truth))


def test_labels_fields_and_a_header_over_several(tmp_path):
    boxes = [
        box("t0", "text", 50, 20),
        box("t1", "text", 50, 60),
        box("t2", "textInst", 50, 80),
        box("t3", "text", 50, 120),
        box("f3", "fieldCheckBox", 170, 120, 20),
        box("t4", "text", 50, 150),
        box("f4", "fieldCheckBox", 170, 150, 20),
        box("t5", "text", 50, 200),
        box("f5", "field", 170, 200),
        box("f6", "field", 170, 220),
        box("f7", "comment", 170, 300),
        box("f8", "fieldRegion", 0, 0, 500, 500),
    ]
    pairs = ["t1 f3", "t1 f4", "t3 f3", "f4 t4", "t5 f5", "t5 f9", "t5 f6"]
    assert form(
        tmp_path, boxes, pairs, ["t2 t1", "f5 f6"],
        t0="Title", t1="Emblem", t2="(check one)", t3="Cross", t4="Star", f4="x",
        t5="Name", f5="Bob", f6="Smith", f7="seen ¿§",
    ) == [
        {"Title": "other"},
        {
            "Emblem\\(check one)": "header",
            "content": [{"Cross": "question"}, {"Star": "question", "answers": ["x"]}],
        },
        {"Name": "question", "answers": ["Bob\\Smith"]},
        {"seen ¿§": "other"},
    ]  # fmt: skip


def test_a_blank_of_a_sentence_belongs_to_the_text_before_it(tmp_path):
    boxes = [
        box("t0", "textP", 20, 20, 40),
        box("f0", "fieldP", 80, 20, 40),
        box("t1", "textP", 140, 20, 40),
        box("f1", "fieldP", 200, 20, 40),
        box("t2", "textP", 260, 20, 40),
    ]
    pairs = ["t0 f0", "t1 f0", "t1 f1", "t2 f1"]
    texts = {"t0": "I,", "f0": "Bob", "t1": "of", "f1": "Provo", "t2": "swear"}
    assert form(tmp_path, boxes, pairs, **texts) == [
        {"I,": "question", "answers": ["Bob"]},
        {"of": "question", "answers": ["Provo"]},
        {"swear": "question"},
    ]
    truth = Naf(tmp_path).record(0, RNG).truth
    texts = [entity.text for entity in truth.entities]
    assert {(texts[a], texts[b]) for a, b in truth.links} == {
        ("I,", "Bob"), ("of", "Bob"), ("of", "Provo"), ("swear", "Provo"),
    }  # fmt: skip


def test_a_minor_label_has_the_answer_where_there_is_no_other(tmp_path):
    boxes = [
        box("t0", "text", 20, 20),
        box("f0", "field", 140, 20),
        box("t1", "textMinor", 140, 0),
        box("t2", "textMinor", 20, 90),
        box("f2", "field", 140, 90),
    ]
    texts = {"t0": "NAME", "f0": "Bob", "t1": "(first)", "t2": "(date)", "f2": "4 May"}
    assert form(tmp_path, boxes, ["t1 f0", "t0 f0", "t2 f2"], **texts) == [
        {"(first)": "question"},
        {"NAME": "question", "answers": ["Bob"]},
        {"(date)": "question", "answers": ["4 May"]},
    ]


TABLE = [
    box("t0", "text", 120, 20, 160),
    box("t1", "text", 100, 50, 90),
    box("t2", "text", 200, 50, 90),
    box("t3", "text", 20, 80, 70),
    box("f1", "fieldCol", 100, 80, 98, 60),
    box("f2", "fieldCol", 200, 80, 98, 60),
    box("f3", "fieldRow", 100, 80, 200, 30),
    box("f4", "fieldRow", 100, 110, 200, 30),
]
TABLE_PAIRS = ["t0 f1", "t0 f2", "t1 f1", "t2 f2", "t3 f3"]


def test_columns_and_rows_are_a_table_of_headers(tmp_path):
    texts = {"t0": "Dates", "t1": "from", "t2": "to", "t3": "first"}
    given = annotation(TABLE, TABLE_PAIRS, **texts)
    record = Naf(save(tmp_path, given)).record(0, RNG)
    table = {"row headers": ["first", None], "column headers": ["from", "to"]}
    assert json.loads(to_json(record.truth)) == [{"Dates": "header", "content": table}]
    asked = {
        token: FORM_TASKS[token](record.page, record.truth, random.Random(1))
        for token in ("t#>", "list_column_headers~", "t0~", "full_row0~", "ri~")
    }
    assert asked["t#>"].answers == ("1",)
    assert asked["list_column_headers~"].answers == ("from|to‡",)
    assert asked["t0~"] is asked["full_row0~"] is asked["ri~"] is None  # cells are not known


def test_a_page_is_cut_to_what_is_annotated_and_a_wide_one_in_two(tmp_path):
    places = {"t0": (400, 300), "t1": (2900, 300), "t2": (1600, 700)}
    boxes = [box(name, "text", *place) for name, place in places.items()]
    given = annotation(boxes, t0="left", t1="right", t2="low")
    forms = Naf(save(tmp_path, given, size=(3400, 1000)))
    found = [forms.record(0, random.Random(seed)) for seed in range(40)]
    whole = [record for record in found if len(record.truth.entities) == 3]
    assert forms.record(0, random.Random(2)).page.height == 420 + 2 * MARGIN
    assert {" ".join(sorted(e.text for e in r.truth.entities)) for r in found} == {
        "left low right", "left low", "right",
    }  # fmt: skip
    assert 0 < len(whole) < 12
    assert whole[0].page.size == (500, 2680)
    assert whole[0].truth.entities[0].lines[0].box == pytest.approx((40, 40, 140, 60))


def test_halves_part_where_nothing_is_cut(tmp_path):
    boxes = [box("t0", "text", 20, 20, 290), box("t1", "text", 330, 20, 250)]
    given = annotation(boxes, t0="a long line", t1="another")
    truth = Naf(save(tmp_path, given)).record(0, RNG).truth  # 600 pixels wide, less the margins
    (_, _, cut, _), (start, _, _, _) = halves(truth)
    left, right = (line.box for line in truth.lines)
    assert left[2] <= cut == start <= right[0]


def test_lines_are_read_if_somebody_could_read_them():
    assert is_asked("¿2345678901")
    assert not is_asked("¿234567890")  # a tenth
    assert not is_asked("¿" * 3 + "x" * 27)
    assert not is_asked("seen § by")
    assert not is_asked("")


def test_lines_in_blank_boxes_are_not_read(tmp_path):
    """0 to 4 are print, handwriting, print, blank, signature; a circle is always print."""
    said = {"f0": 0, "f1": 1, "f2": 2, "f3": 3, "f4": 4, "f5": "blank", "f6": "handwriting"}
    boxes = [{**box(name, "field", 20, 20), "isBlank": blank} for name, blank in said.items()]
    boxes += [{**box("f7", "fieldCircle", 20, 20), "isBlank": 3}, box("t8", "text", 20, 20)]
    texts = {each["id"]: each["id"] for each in boxes}
    read = {part.text for _, part in NafLines(save(tmp_path, annotation(boxes, **texts))).found}
    assert read == texts.keys() - {"f3", "f5"}


def test_a_line_is_highlighted_on_a_part_of_its_page(tmp_path):
    boxes = [box("t0", "text", 900, 1400), box("f0", "field", 300, 1000), box("f1", "field", 0, 0)]
    given = annotation(boxes, t0="Name", f0="B¿b", f1="1890-¿4-12-31 ")
    lines = NafLines(save(tmp_path, given, size=(2000, 3000)))
    assert len(lines) == 2
    found = [record for seed in range(5) for record in readable(lines, random.Random(seed))]
    assert {(r.examples[0].request.task, r.examples[0].answers[0]) for r in found} == {
        ("w0>", "Name"),
        ("w0>", "1890-¿4-12-31"),
    }
    for record in found:
        page, example = record.page, record.examples[0]
        assert page.size == (1200, 800)  # 60 lines of 20 pixels
        x0, y0, x1, y1 = example.region.bounds("highlight")
        assert (x1 - x0, y1 - y0) == pytest.approx((100, 20), abs=1e-3)
        assert x0 >= 0 and y0 >= 0 and x1 <= 800 and y1 <= 1200
        assert example.request.marks.has("highlight")
    assert len({r.examples[0].region.bounds("highlight") for r in found}) > 5


def test_the_part_shows_the_pixels_round_the_line(tmp_path):
    folder = save(tmp_path, annotation([box("t0", "text", 900, 1400)], t0="x"), size=(2000, 3000))
    pixels = np.full((3000, 2000), 255, np.uint8)
    pixels[1400:1420, 900:1000] = 0
    Image.fromarray(pixels).save(folder / "groups" / "1" / "page0.jpg", quality=100)
    record = NafLines(folder).record(0, RNG)
    x0, y0, x1, y1 = (round(v) for v in record.examples[0].region.bounds("highlight"))
    dark = record.page.gray < 128
    assert dark[y0:y1, x0:x1].all()
    assert dark.sum() == 2000


def test_damaged_annotations_are_named(tmp_path):
    good = annotation([box("t0", "text", 20, 20)], t0="fine")
    three = annotation([{**box("t0", "text", 20, 20), "poly_points": [[0, 0]] * 3}], t0="x")
    old = {key: value for key, value in good.items() if key != "transcriptions"}
    pair = {**good, "pairs": [["t0"]]}
    kind = annotation([box("f0", "field", 20, 20), {**box("f1", "field", 20, 60), "type": 1}])
    folder = save(tmp_path, good, three, old, pair, kind, good)
    first, *errors, last = readable(Naf(folder), RNG)
    assert first.truth.entities[0].text == last.truth.entities[0].text == "fine"
    assert [error.where for error in errors] == ["textBBs[0]", "", "pairs", "fieldBBs[1]"]
    assert "transcriptions" in str(errors[1])
    found = list(readable(NafLines(folder), RNG))
    assert [isinstance(each, DataError) for each in found] == [0, 1, 1, 0, 1, 0]
    assert found[3].examples[0].answers == ("fine",)  # its lines are in order


def test_a_folder_without_the_split_says_what_it_needs(tmp_path):
    with pytest.raises(DataError, match="it is not there: the folder must have"):
        open_set({"set": "naf", "folder": tmp_path})
    save(tmp_path, annotation([], ()))
    with pytest.raises(DataError, match="split.json, valid: there are no images"):
        open_set({"set": "naf", "folder": tmp_path, "split": "valid"})
    with pytest.raises(DataError, match="no line with a transcription"):
        open_set({"set": "naf_lines", "folder": tmp_path})
