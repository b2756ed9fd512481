"""IAM: drawn pages of handwriting, with named entities, and mixed."""

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dessurt.data.records import DataError, readable
from dessurt.data.sets import open_set
from dessurt.data.sets.iam import Iam
from dessurt.data.sets.iam_forms import MARGIN, form_of
from dessurt.data.sets.iam_mixed import EDGE, SIZE, IamMixed
from dessurt.data.sets.iam_ner import IamNer

RNG = random.Random(0)

# The lines of a form: its text, and its words with the left side and the width of each.
LINES = (
    ("She said &amp;quot;no&amp;quot;.", (
        ("She", 400, 60), ("said", 480, 80), ("&amp;quot;", 580, 10), ("no", 590, 40),
        ("&amp;quot;", 630, 10), (".", 640, 10),
    )),
    ("He left", (("He", 410, 50), ("left", 480, 90))),
)  # fmt: skip


def xml(name: str, lines=LINES, gone: str = "") -> str:
    """A form as IAM describes it; `gone` has no box. Lines are 100 apart from 800 on, 40 tall."""
    parts = []
    for i, (text, words) in enumerate(lines):
        parts.append(f'<line id="{name}-{i:02}" text="{text}">')
        for k, (word, x, wide) in enumerate(words):
            half = wide // 2
            boxes = "".join(
                f'<cmp x="{left}" y="{800 + 100 * i}" width="{half}" height="40"/>'
                for left in (x, x + half)
            )
            boxes = "" if word == gone else boxes
            parts.append(f'<word id="{name}-{i:02}-{k:02}" text="{word}">{boxes}</word>')
        parts.append("</line>")
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?><form><machine-printed-part>'
        '<machine-print-line text="printed"/></machine-printed-part><handwritten-part>'
        f"{''.join(parts)}</handwritten-part></form>"
    )


def save(folder: Path, *names: str, **lists: str) -> Path:
    """Pages of 900 by 1200 pixels on which each word is a dark box; lists are files in splits/."""
    for part in ("forms", "xmls", "splits"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    pixels = np.full((1200, 900), 230, np.uint8)
    for i, (_, words) in enumerate(LINES):
        for _, x, wide in words:
            pixels[800 + 100 * i : 840 + 100 * i, x : x + wide] = 40
    for name in names:
        Image.fromarray(pixels).save(folder / "forms" / f"{name}.png")
        (folder / "xmls" / f"{name}.xml").write_text(xml(name), encoding="latin-1")
    for name, text in lists.items():
        (folder / "splits" / f"{name}.txt").write_text(text)
    return folder


def test_the_block_is_read_on_the_page_cut_to_it(tmp_path):
    record = Iam(save(tmp_path, "a01-000u", trainset="a01-000u-00\na01-000u-01\n")).record(0, RNG)
    (example,) = record.examples
    assert (example.request.task, example.request.text) == ("read_block>", "")
    assert example.answers == ('She said "no".\\He left',)
    assert record.page.size == (140 + 2 * MARGIN, 250 + 2 * MARGIN)
    she, said, no = record.truth.lines[0].words
    assert [word.text for word in record.truth.lines[0].words] == ["She", "said", '"no".']
    assert no.box == pytest.approx((180 + MARGIN, MARGIN, 250 + MARGIN, 40 + MARGIN))
    assert she.box[0] == MARGIN
    dark = record.page.gray < 128
    assert dark[MARGIN : 40 + MARGIN, MARGIN : 60 + MARGIN].all()
    assert dark.sum() == 40 * (60 + 80 + 70 + 50 + 90)
    place = example.printed_answer.spots[example.answers[0].index("H")]
    assert tuple(place) == pytest.approx((MARGIN + 10 + 12.5, MARGIN + 120))


def test_a_word_without_a_box_gets_a_place_from_its_line(tmp_path):
    folder = save(tmp_path, "a01-000u", trainset="a01-000u")
    path = folder / "xmls" / "a01-000u.xml"
    path.write_text(xml("a01-000u", gone="said"))
    line = Iam(folder).record(0, RNG).truth.lines[0]
    assert line.text == 'She said "no".'
    assert line.words[1].box[0] == pytest.approx(MARGIN + 250 * 4 / 14)  # as the letters share it
    for word in ("He", "left"):
        path.write_text(xml("a01-000u", lines=(LINES[0], ("He", ((word, 1, 2),))), gone="He"))
        if word == "He":
            with pytest.raises(DataError, match="no word of the line 'He' has a box"):
                Iam(folder).record(0, RNG)
        else:  # the words are others than the text
            assert Iam(folder).record(0, RNG).truth.lines[1].text == "He"


def test_the_lists_of_either_split(tmp_path):
    names = ("a01-000u", "a01-003x", "b02-000")
    folder = save(
        tmp_path, *names, trainset="b02-000\na01-000u\nb02-000-01\n\n",
        validationset1="a01-003x-00\n", validationset2="a01-000u-07\n",
    )  # fmt: skip
    assert Iam(folder).forms == ["b02-000", "a01-000u"]
    assert Iam(folder, "valid").forms == ["a01-003x", "a01-000u"]
    (folder / "rwth").mkdir()
    (folder / "rwth" / "test.uttlist").write_text("a01-003x\n")
    found = open_set({"set": "iam", "folder": folder, "lists": "rwth"}, "test")
    assert found.forms == ["a01-003x"]
    with pytest.raises(DataError, match="splits: put a list there: test.uttlist"):
        Iam(folder, "test")
    with pytest.raises(DataError, match="there is no split 'dev'"):
        Iam(folder, "dev")
    assert form_of("a01-000u-00-03") == form_of("a01-000u") == "a01-000u"


def test_damaged_forms_are_named_and_others_read(tmp_path):
    folder = save(tmp_path, "a", "b", "c", "d", "e", train="a\nb\nc\nd\ne\nf\n")
    (folder / "xmls" / "b.xml").write_text("<form><handwritten-part>")
    (folder / "xmls" / "c.xml").write_text(xml("c").replace("width", "wide"))
    (folder / "forms" / "d.png").write_bytes(b"no picture")
    (folder / "xmls" / "e.xml").unlink()
    first, *errors = readable(Iam(folder), RNG)
    assert first.examples[0].answers == ('She said "no".\\He left',)
    told = [str(error) for error in errors]
    paths = [folder / "xmls" / "b.xml", folder / "xmls" / "c.xml", folder / "forms" / "d.png",
             folder / "xmls" / "e.xml", folder / "forms" / "f.png"]  # fmt: skip
    assert [error.path for error in errors] == paths
    assert "this is not XML" in told[0]
    assert "KeyError('width')" in told[1]
    with pytest.raises(DataError, match="the folder must have forms/NAME.png"):
        Iam(tmp_path / "none")


def entities(folder: Path, text: str) -> Path:
    place = folder / "ne_annotations" / "iam" / "rwth"
    place.mkdir(parents=True, exist_ok=True)
    (place / "iam_train_rwth_6_all.txt").write_text(text)
    return folder


CLASSES = "a-b-00-00 NE:PERSON\na-b-00-01 O\n\na-b-01-00 NE:PERSON\na-b-01-01 NE:O\n"


@pytest.mark.parametrize(
    ("task", "short", "answers"),
    [
        ("ner_full>", True, (
            'She[PERSON] said[O] "[O] no[O] "[O] .[O] He[PERSON] left[O]',
        )),
        ("ner_line>", False, (
            'She[NE:PERSON] said[O] "[O] no[O] "[O] .[O]', "He[NE:PERSON] left[NE:O]",
        )),
        ("ner_full_c1>", True, (
            '{PERSON}She {O}said {O}" {O}no {O}" {O}. {PERSON}He {O}left',
        )),
        ("ner_line_c1>", True, (
            '{PERSON}She {O}said {O}" {O}no {O}" {O}.', "{PERSON}He {O}left",
        )),
    ],
)  # fmt: skip
def test_named_entities_in_both_orders(tmp_path, task, short, answers):
    folder = entities(save(tmp_path, "a-b"), CLASSES)
    record = IamNer(folder, task=task, short=short).record(0, RNG)
    assert tuple(example.answers[0] for example in record.examples) == answers
    assert {example.request.task for example in record.examples} == {task}
    for i, example in enumerate(record.examples):
        x0, y0, x1, y1 = example.request.marks.bounds("highlight")
        middle = 60 + 100 * i + (50 if "full" in task else 0)
        assert abs((y0 + y1) / 2 - middle) < 15


def test_a_damaged_line_of_entities_is_named(tmp_path):
    folder = entities(save(tmp_path, "a-b", "c-d"), CLASSES + "c-d-00-00\nc-d-00-01 O\n")
    good, bad = readable(IamNer(folder), RNG)
    assert len(good.examples) == 1
    assert bad.where == "line 6"
    assert bad.path == folder / "ne_annotations" / "iam" / "rwth" / "iam_train_rwth_6_all.txt"
    with pytest.raises(DataError, match="it is not there: the folder must have ne_annotations"):
        IamNer(folder, classes=18)
    with pytest.raises(DataError, match="there is no task 'ner>'"):
        IamNer(folder, task="ner>")


def test_words_of_three_pages_are_mixed(tmp_path):
    folder = save(tmp_path, "a", "b", "c", "d", train="a\nb\nc\nd\n")
    mixed = IamMixed(folder)
    record = mixed.record(1, random.Random(5))
    again, other = mixed.record(1, random.Random(5)), mixed.record(1, random.Random(6))
    answer = record.examples[0].answers[0]
    assert answer == again.examples[0].answers[0] != other.examples[0].answers[0]
    assert np.array_equal(record.page.pixels, again.page.pixels)
    words = answer.replace("\\", " ").split()
    assert sorted(words) == sorted(3 * ["She", "said", '"', "no", '"', ".", "He", "left"])
    dark = record.page.gray < 128
    assert record.page.size == SIZE
    assert dark.sum() == pytest.approx(3 * 40 * 350, rel=0.01)
    for word in (word for line in record.truth.lines for word in line.words):
        x0, y0, x1, y1 = (round(v) for v in word.box)
        assert dark[y0:y1, x0:x1].mean() > 0.95, word.text
        assert EDGE <= x0 and x1 <= SIZE[1] - EDGE


def test_the_left_column_is_read_first(tmp_path, monkeypatch):
    """On a low page the words fill both columns, and some are left out."""
    monkeypatch.setattr("dessurt.data.sets.iam_mixed.SIZE", (300, 1000))
    folder = save(tmp_path, "a", "b", "c", train="a\nb\nc\n")
    lines = IamMixed(folder).record(0, random.Random(1)).truth.lines
    places = [(line.box[0] > 500, line.box[1]) for line in lines]
    assert places == sorted(places)
    assert {right for right, _ in places} == {False, True}
    assert sum(len(line.words) for line in lines) < 24
