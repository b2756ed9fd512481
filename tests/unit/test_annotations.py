"""Annotations: the format, its files, and the two data sets made of them."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dessurt.data.annotations import STATES, Annotation
from dessurt.data.annotations.files import (
    parse,
    read_pages,
    split_pages,
    to_bytes,
    write_qa,
)
from dessurt.data.records import DataError, Record, readable
from dessurt.data.sets import open_set
from dessurt.page.marks import Marks, Shape
from dessurt.page.upright import AS_IT_IS, Upright
from dessurt.whole_files import write_whole

FULL = {
    "question": "w0>",
    "answer": "Total due",
    "highlight": [[150, 473, 1293, 502]],
    "mask": [[10, 10, 20.5, 10, 20.5, 30]],
    "output": [[1, 2, 30, 2, 30, 9, 1, 9]],
    "size": [1700, 2200],
    "sha256": "ab12",
    "page": 2,
    "model_answer": "Total dua",
    "confidence": 0.71,
    "checkpoint": "docvqa@ab12",
    "by": "user",
    "at": "2026-11-21T09:30:00Z",
    "state": "corrected",
    "reviewer": {"name": "Ann", "round": 1.0},
}

# What a record may hold

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.one_of(st.integers(-50, 3000), st.floats(-50, 3000, allow_nan=False))
points = st.tuples(numbers, numbers)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@st.composite
def shapes(draw, channels=("highlight", "mask")):
    kind = draw(st.sampled_from(["box", "line", "brush", "lasso"]))
    least, most = {"brush": (1, 6), "lasso": (3, 6)}.get(kind, (2, 2))
    path = draw(st.lists(points, min_size=least, max_size=most))
    return Shape(draw(st.sampled_from(channels)), kind, path, draw(st.floats(0.5, 60)))


def all_marks(channels=("highlight", "mask")):
    return st.lists(shapes(channels), max_size=4).map(lambda found: Marks(tuple(found)))


annotations = st.builds(
    Annotation,
    question=st.sampled_from(["w0>", "natural_q~", "re~"]).flatmap(lambda q: texts.map(q.__add__)),
    answers=st.lists(texts, min_size=1, max_size=3).map(tuple),
    marks=all_marks(),
    output=st.none() | all_marks(("highlight",)),
    size=st.none() | st.tuples(st.integers(1, 9000), st.integers(1, 9000)),
    sha256=texts,
    page=st.integers(0, 99),
    upright=st.sampled_from(
        [AS_IT_IS, Upright(quarters=3), Upright(((1, 2), (30, 4), (31, 35), (0, 29.5)), 1, -2.5)]
    ),
    model_answer=st.none() | texts,
    confidence=st.none() | st.floats(0, 1),
    checkpoint=texts,
    by=texts,
    at=texts,
    state=st.sampled_from(["", *STATES]),
    extra=st.dictionaries(texts.map("x-".__add__), json_values, max_size=3),
)
folders = st.dictionaries(
    st.from_regex(r"[a-zä]{1,5}(/[a-z]{1,5})?\.png", fullmatch=True),
    st.lists(annotations, min_size=1, max_size=3).map(tuple),
    max_size=3,
)


@given(folders)
@settings(max_examples=30, deadline=None)
def test_what_is_written_is_read_back_and_written_the_same(pages):
    content = to_bytes(pages)
    read, wrong = parse(content, "qa.json")
    assert (read, wrong) == (pages, [])
    assert to_bytes(read) == content
    json.loads(content)  # plain JSON: the original reads it, too


@given(shapes(("highlight",)).filter(lambda shape: shape.kind == "brush"))
@settings(max_examples=30, deadline=None)
def test_the_outline_of_a_brush_lies_round_its_path(shape):
    marks = Marks((shape,))
    (outline,) = Annotation("w0>", ("a",), marks).to_json()["highlight"]
    x, y = outline[::2], outline[1::2]
    for px, py in shape.points:
        assert min(x) - 0.1 <= px <= max(x) + 0.1 and min(y) - 0.1 <= py <= max(y) + 0.1
    x0, y0, x1, y1 = shape.bounds()
    slack = 0.5 * shape.radius + 0.1  # the square ends stand out over the round ones
    assert x0 - slack <= min(x) and max(x) <= x1 + slack
    assert y0 - slack <= min(y) and max(y) <= y1 + slack


def test_every_key_means_what_it_says():
    given = Annotation.from_json(FULL)
    assert given.answers == ("Total due",)
    assert given.marks.bounds("highlight") == (150, 473, 1293, 502)
    assert given.marks.of("mask")[0].kind == "lasso"
    assert given.output.bounds("highlight") == (1, 2, 30, 9)
    assert (given.size, given.page, given.confidence) == ((1700, 2200), 2, 0.71)
    assert (given.model_answer, given.state, given.trusted) == ("Total dua", "corrected", True)
    assert given.extra == {"reviewer": {"name": "Ann", "round": 1.0}}
    assert given.to_json() == FULL
    assert list(given.to_json()) == list(FULL)


def test_marks_are_written_only_where_boxes_and_polygons_do_not_say_all():
    box = Annotation("w0>", ("a",), Marks.from_boxes([(1, 2, 3, 4)]))
    assert box.to_json() == {"question": "w0>", "answer": "a", "highlight": [[1, 2, 3, 4]]}
    brush = Annotation("w0>", ("a",), Marks((Shape("mask", "brush", ((5, 5), (25, 5)), 2),)))
    assert brush.to_json() == {
        "question": "w0>",
        "answer": "a",
        "mask": [[3, 7, 27, 7, 27, 3, 3, 3]],
        "marks": [{"channel": "mask", "kind": "brush", "points": [[5, 5], [25, 5]], "radius": 2}],
    }
    # And where both are there, the marks are right.
    both = {**brush.to_json(), "mask": [[0, 0, 900, 900]]}
    assert Annotation.from_json(both) == brush


def test_a_region_of_nothing_is_not_an_unknown_region():
    nothing = Annotation.from_json({"question": "0w~cat", "answer": "", "output": []})
    assert nothing.output == Marks() and nothing.to_json()["output"] == []
    assert Annotation.from_json({"question": "0w~cat", "answer": ""}).output is None


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"question": None}, "question must be a text"),
        ({"question": "w0?"}, "has no task"),
        ({"question": "w1>"}, "There is no task 'w1>'"),
        ({"answer": 7}, "answer must be a text, or a list"),
        ({"answer": []}, "there is no answer"),
        ({"answer": "\ud800"}, "cannot be written"),
        ({"anything": float("inf")}, "cannot be written"),
        ({"highlight": [[1, 2, 3]]}, "a box of four numbers"),
        ({"highlight": [[1, 2, 3, "4"]]}, "a box of four numbers"),
        ({"highlight": {"x": 1}}, "highlight must be a list"),
        ({"mask": [[1, 2, 3, 1e9]]}, "not on any page"),
        ({"marks": [{"channel": "both"}]}, "Each mark is an object"),
        ({"size": [1, 2, 3]}, "size must be"),
        ({"page": -1}, "page must be"),
        ({"confidence": 1.5}, "confidence must be a number from 0 to 1"),
        ({"state": "good"}, "the state is 'good'"),
    ],
)
def test_a_bad_record_is_named_and_the_others_are_read(changed, told):
    records = [FULL, {**FULL, **changed}, FULL]
    pages, (error,) = parse(json.dumps({"a.png": records}).encode(), "some/qa.json")
    assert str(error).startswith("some/qa.json, a.png, record 2: ")
    assert told in str(error)
    assert len(pages["a.png"]) == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"a.png": [\n{"question": }', "qa.json, line 2: this is no JSON"),
        (b"\xff\xfe\xff", "qa.json: this is no JSON in UTF-8: save it"),
        ('{"a.png": "ü"}'.encode("latin-1"), "qa.json: this is no JSON in UTF-8: save it"),
        (b"[" * 100_000, "qa.json: lists and objects lie too deep in one another"),
        (b"[" + b"1" * 5000 + b"]", "qa.json: it must be an object"),
        (b"[]", "qa.json: it must be an object"),
        (b'{"../a.png": []}', "qa.json, ../a.png: an image within the folder"),
        (b'{"\\ud800": []}', "qa.json, \\ud800: an image within the folder"),
        (b'{"a.png": {}}', "qa.json, a.png: an image within the folder"),
    ],
)
def test_a_bad_file_is_named(content, told):
    pages, (error,) = parse(content, "qa.json")
    assert not pages and str(error).startswith(told)


@pytest.mark.parametrize("digits", [4301, 100_000])
def test_a_number_that_is_too_long_costs_its_record_alone(digits):
    long = '{"question": "w0>", "answer": "", "z": ' + "1" * digits + "}"
    good = json.dumps(FULL)
    pages, (error,) = parse(f'{{"a.png": [{good}, {long}, {good}]}}'.encode(), "qa.json")
    assert str(error).startswith("qa.json, a.png, record 2: it holds signs or numbers that cannot")
    assert len(pages["a.png"]) == 2


def test_of_very_many_errors_the_first_are_told_and_the_others_counted():
    content = json.dumps({"a.png": [[]] * 1400 + [FULL], "b.png": {}})
    pages, errors = parse(content.encode(), "qa.json")
    assert len(pages["a.png"]) == 1 and len(errors) == 501
    assert str(errors[499]).startswith("qa.json, a.png, record 500: ")
    assert str(errors[500]) == (
        "qa.json: 901 more errors like these were found: correct these first."
    )


def test_a_message_does_not_repeat_all_that_a_file_holds():
    record = {"question": "x" * 100_000, "answer": ""}
    content = json.dumps({"n" * 100_000: [record], "m" * 100_000: {}})
    _, errors = parse(content.encode(), "qa.json")
    assert len(errors) == 2 and all(len(str(error)) < 1000 for error in errors)


# Files


def draw_pages(folder: Path, *names: str, size=(60, 40)) -> None:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", size, 50 + number).save(folder / name)


def test_a_crash_while_writing_leaves_the_old_file(tmp_path, monkeypatch):
    write_whole(tmp_path / "qa.json", b"old")

    def crash(handle: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="full"):
        write_whole(tmp_path / "qa.json", b"new and longer")
    assert (tmp_path / "qa.json").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["qa.json"]


def test_both_layouts_hold_the_same(tmp_path):
    pages = {"a.png": (Annotation.from_json(FULL),), "in/b.jpg": (Annotation("w0>", ("b", "c")),)}
    for layout in ("one", "many"):
        draw_pages(tmp_path / layout, *pages)
    write_qa(tmp_path / "one", pages)
    for name, annotations in pages.items():
        records = json.dumps([annotation.to_json() for annotation in annotations])
        (tmp_path / "many" / name).with_suffix(".json").write_text(records, encoding="utf-8")
    for layout in ("one", "many"):
        assert read_pages(tmp_path / layout) == (pages, [])


# Splits


def test_a_split_depends_on_names_and_seed_alone():
    names = [f"page-{number}.png" for number in range(500)]
    split = split_pages(names, 3)
    assert sorted(sum(split.values(), [])) == sorted(names)
    assert [len(split[each]) for each in ("train", "valid", "test")] == [400, 51, 49]
    assert split_pages(reversed(names), 3) == split != split_pages(names, 4)
    # Pages that come later do not move the others.
    more = split_pages([*names, *(f"late-{number}.png" for number in range(300))], 3)
    assert all(set(split[each]) <= set(more[each]) for each in split)


@pytest.mark.parametrize(
    ("pages", "sizes"), [(0, {(0, 0, 0)}), (1, {(1, 0, 0)}), (2, {(1, 1, 0)}),
                         (3, {(1, 2, 0), (2, 1, 0)})]
)  # fmt: skip
def test_of_a_few_pages_some_are_learned_some_validate_and_none_is_set_aside(pages, sizes):
    splits = [split_pages(map(str, range(pages)), seed) for seed in range(40)]
    assert {tuple(map(len, split.values())) for split in splits} == sizes


def test_a_growing_collection_gets_a_test_part_and_never_tests_on_what_it_learned():
    names = [f"page-{number}.png" for number in range(60)]
    few, many = split_pages(names[:19], 3), split_pages(names, 3)
    assert few["test"] == [] and len(few["valid"]) == 2
    assert all(map(len, split_pages(names[:20], 3).values()))
    assert set(few["train"]) <= set(many["train"])
    assert set(few["valid"]) <= {*many["valid"], *many["test"]} and many["test"]


# The data sets


def records(entry: dict, split: str = "train") -> list[Record | DataError]:
    return list(readable(open_set(entry, split), random.Random(0)))


def original(*pairs: tuple[str, object]) -> list[dict]:
    return [{"question": question, "answer": answer} for question, answer in pairs]


@pytest.mark.parametrize("layout", ["one file", "beside the images"])
def test_my_dataset_reads_both_layouts_of_the_original(tmp_path, layout):
    folder = tmp_path / "valid"
    draw_pages(folder, "a.png", "deep/b.tiff", "unasked.jpg")
    asked = {
        "a.png": original(("natural_q~Who?", ["Ann", "Ann Lee"]), ("read_block>", "one\\two")),
        "deep/b.tiff": original(("re~It was", "a dark night‡")),
    }
    if layout == "one file":
        (folder / "qa.json").write_text(json.dumps(asked))
    else:
        for name, content in asked.items():
            (folder / name).with_suffix(".json").write_text(json.dumps(content))
    first, second = records({"set": "my_dataset", "folder": tmp_path}, "valid")
    assert int(first.page.pixels[0, 0]) == 50 and int(second.page.pixels[0, 0]) == 51
    assert [example.answers for example in first.examples] == [("Ann", "Ann Lee"), ("one\\two",)]
    request = first.examples[0].request
    assert (request.task, request.text, request.marks) == ("natural_q~", "Who?", Marks())
    assert second.examples[0].request.text == "It was"
    assert second.examples[0].region is None
    assert second.source == str(folder / "deep/b.tiff")


def test_damaged_parts_of_a_data_set_are_reported_in_their_place(tmp_path):
    draw_pages(tmp_path / "train", "a.png", "c.png")
    (tmp_path / "train/d.png").write_bytes(b"no picture")
    asked = {name: original(("w0>", name)) for name in ("a.png", "b.png", "c.png", "d.png")}
    asked["a.png"].append({"question": "w0>"})
    asked["c.png"][0]["size"] = [61, 40]
    (tmp_path / "train/qa.json").write_text(json.dumps(asked))
    good, *bad = records({"set": "my_dataset", "folder": tmp_path})
    assert [example.answers for example in good.examples] == [("a.png",)]
    told = [str(error) for error in bad]
    assert "b.png: There is no file b.png" in told[0]
    assert "c.png: its marks are for a page of 61 x 40 pixels, and this one has 60 x 40" in told[1]
    assert "d.png: d.png is not a page that can be read" in told[2]
    assert "qa.json, a.png, record 2: " in told[3]


def test_a_mark_beside_the_page_leaves_the_other_questions(tmp_path, shared):
    draw_pages(tmp_path / "train", "a.png")
    outside = {"question": "w0>", "answer": "x", "highlight": [[3000, 40, 3300, 90]]}
    asked = {"a.png": [outside, *original(("w0>", "a"))]}
    (tmp_path / "train/qa.json").write_text(json.dumps(asked))
    case = shared / "cases/one_bad_record/my_dataset"
    for folder, text in ((tmp_path, "a"), (case, "Dear Ann,")):
        good, bad = records({"set": "my_dataset", "folder": folder})
        assert [example.answers for example in good.examples] == [(text,)]
        assert "a.png" in str(bad) and "w0>" in str(bad)


def test_marks_of_an_annotation_are_the_questions_and_the_regions(tmp_path):
    draw_pages(tmp_path / "train", "a.png")
    record = {**FULL, "size": [60, 40], "page": 0, "highlight": [[1, 2, 30, 9]], "mask": []}
    (tmp_path / "train/qa.json").write_text(json.dumps({"a.png": [record]}))
    (found,) = records({"set": "annotations", "folder": tmp_path})
    (example,) = found.examples
    assert example.request.marks == Marks.from_boxes([(1, 2, 30, 9)])
    drawn = example.region.rasterise((40, 60))
    assert np.array_equal(drawn, Marks.from_boxes([(1, 2, 30, 9)]).rasterise((40, 60)))


def test_a_page_is_learnt_as_it_was_laid_out_for_the_question(tmp_path):
    (tmp_path / "train").mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "train/a.png")
    record = {"question": "w0>", "answer": "one", "highlight": [[10, 5, 30, 9]]}
    side = {**record, "upright": {"quarters": 1}, "output": [[10, 5, 30, 9]]}
    (tmp_path / "train/qa.json").write_text(json.dumps({"a.png": [record, side]}))
    (found,) = records({"set": "my_dataset", "folder": tmp_path})
    plain, turned = found.examples
    assert np.array_equal(plain.page.pixels, pixels)
    assert plain.request.marks == Marks.from_boxes([(10, 5, 30, 9)])
    assert np.array_equal(turned.page.pixels, np.rot90(pixels, -1))
    assert turned.request.marks == turned.region == Marks.from_boxes([(31, 10, 35, 30)])


@pytest.mark.parametrize(
    "bad",
    [
        "left",
        {"quarters": 0.5},
        {"corners": [[0, 0]]},
        {"angle": 90},
        {"quarters": 10**400},
        {"quarters": 5},
        {"angle": 10**400},
        {"corners": [[0, 0], [9, 0], [9, 10**400], [0, 9]]},
    ],
)
def test_a_page_that_is_laid_out_in_no_way_is_told(bad):
    with pytest.raises(DataError, match=r"upright|corners|degrees|quarters"):
        Annotation.from_json({"question": "w0>", "answer": "", "upright": bad})


def test_annotations_give_what_a_person_stands_for_split_by_page(tmp_path):
    names = [f"images/{number}.png" for number in range(12)]
    draw_pages(tmp_path, *names)
    states = ["new", "skipped", "accepted", "corrected", ""]
    pages = {
        name: tuple(Annotation("w0>", (state,), state=state) for state in states) for name in names
    }
    pages[names[0]] = (Annotation("w0>", ("new",), state="new"),)
    write_qa(tmp_path, pages)
    seen = {}
    for split in ("train", "valid", "test"):
        for record in records({"set": "annotations", "folder": tmp_path, "seed": 5}, split):
            seen[Path(record.source).name] = split
            answers = [example.answers[0] for example in record.examples]
            assert answers == ["accepted", "corrected", ""]
    expected = split_pages(names[1:], 5)
    assert seen == {Path(name).name: split for split in expected for name in expected[split]}


@pytest.mark.parametrize(
    ("name", "split", "told"),
    [
        ("annotations", "train", "there are no annotations"),
        ("annotations", "training", "there is no split 'training'"),
        ("my_dataset", "train", "there is no such folder"),
    ],
)
def test_a_folder_without_annotations_is_named(tmp_path, name, split, told):
    with pytest.raises(DataError, match=told) as raised:
        open_set({"set": name, "folder": tmp_path}, split)
    assert str(raised.value).startswith(str(tmp_path))
