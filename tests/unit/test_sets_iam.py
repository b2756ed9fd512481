"""IAM: drawn pages of handwriting, with named entities, and mixed."""

import collections
import json
import random
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dessurt.data.augment import draw_shifts
from dessurt.data.records import DataError, readable
from dessurt.data.sets import iam_ner, open_set
from dessurt.data.sets.iam import AROUND, Iam
from dessurt.data.sets.iam_forms import MARGIN, form_of, open_block
from dessurt.data.sets.iam_mixed import IamMixed
from dessurt.data.sets.iam_ner import TASKS, IamNer

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
    folder = save(tmp_path, "a01-000u", testset="a01-000u-00\na01-000u-01\n")
    record = Iam(folder, "test").record(0, RNG)
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
    (folder / "lists").mkdir()
    (folder / "lists" / "test.uttlist").write_text("a01-003x\n")
    found = open_set({"set": "iam", "folder": folder, "splits": "lists"}, "test")
    assert found.forms == ["a01-003x"]
    with pytest.raises(DataError, match="splits: put a list there: test.uttlist"):
        Iam(folder, "test")
    with pytest.raises(DataError, match="there is no split 'dev'"):
        Iam(folder, "dev")
    assert form_of("a01-000u-00-03") == form_of("a01-000u") == "a01-000u"


def test_the_splits_of_the_originals_files(tmp_path):
    """The layout of its data_sets/iam_Coquenet_splits.json."""
    names = ("a01-000u", "a01-003x", "b02-000")
    folder = save(tmp_path, *names)
    for name, order in {"iam_Coquenet_splits": names, "iam_standard_splits": names[::-1]}.items():
        splits = {"train": order[:1], "valid": order[1:2], "test": order[2:]}
        (folder / f"{name}.json").write_text(json.dumps(splits))
    (folder / "splits" / "mine.json").write_text('{"train": ["b02-000", "b02-000", "a01-000u"]}')
    forms = {
        (splits, part): Iam(folder, part, splits).forms
        for splits in ("Coquenet", "standard") for part in ("train", "valid", "test")
    }  # fmt: skip
    assert forms == {
        ("Coquenet", "train"): ["a01-000u"], ("Coquenet", "valid"): ["a01-003x"],
        ("Coquenet", "test"): ["b02-000"], ("standard", "train"): ["b02-000"],
        ("standard", "valid"): ["a01-003x"], ("standard", "test"): ["a01-000u"],
    }  # fmt: skip
    given = {"set": "iam_mixed", "folder": folder, "splits": "splits/mine.json"}
    assert open_set(given, "train").forms == ["b02-000", "a01-000u"]
    with pytest.raises(DataError, match="mine.json, valid: this record is damaged"):
        open_set(given, "valid")
    (folder / "iam_standard_splits.json").unlink()
    with pytest.raises(DataError, match="have iam_standard_splits.json, as the original has it in"):
        Iam(folder, "train", "standard")


@pytest.mark.parametrize(
    ("name", "counts"), [("Coquenet", (747, 116, 336)), ("standard", (747, 220, 232))]
)
def test_the_original_s_own_files_are_read(tmp_path, shared, name, counts):
    file = shared / "data" / "original" / "data_sets" / f"iam_{name}_splits.json"
    if not file.is_file():
        pytest.skip("the original's data files are not beside this checkout")
    folder = save(tmp_path)
    (folder / file.name).write_text(file.read_text())
    found = [Iam(folder, part, name).forms for part in ("train", "valid", "test")]
    assert tuple(map(len, found)) == counts
    assert found[0][0] == {"Coquenet": "a01-000u", "standard": "c06-138"}[name]


def test_the_pages_whose_entities_are_annotated(tmp_path):
    folder = entities(save(tmp_path), "b02-000-00-00 O\na01-000u-00-01 NE:LOC\nb02-000-00-01 O\n")
    assert Iam(folder, "train", "rwth").forms == ["b02-000", "a01-000u"]
    with pytest.raises(DataError, match="iam_train_custom_6_all.txt: it is not there"):
        Iam(folder, "train", "custom")


def test_for_training_each_line_is_distorted(tmp_path, monkeypatch):
    """As in the original: nearly all pages, each line with the 5 pixels round it on its own, by
    shifts with a standard deviation of 1.5 to 3 pixels, the same for all lines of a page.
    """
    told = []

    def drawn_shifts(size, deviation, rng):
        told.append(deviation)
        return draw_shifts(size, deviation, rng)

    monkeypatch.setattr("dessurt.data.sets.iam.draw_shifts", drawn_shifts)
    both = save(tmp_path, "a", train="a\n", valid="a\n")
    plain = Iam(both, "valid").record(0, random.Random(0))
    drawn = [Iam(both).record(0, random.Random(seed)) for seed in range(12)]
    near = np.zeros(plain.page.size, bool)
    for line in plain.truth.lines:
        x0, y0, x1, y1 = (round(side) for side in line.box)
        near[y0 - AROUND : y1 + AROUND, x0 - AROUND : x1 + AROUND] = True
    changed = [record.page.gray != plain.page.gray for record in drawn]
    assert all(each.any() and not each[~near].any() for each in changed)
    assert all(each[: MARGIN + 45].any() and each[MARGIN + 95 :].any() for each in changed)
    assert len({record.page.digest for record in drawn}) == len(set(told)) == 12
    assert told[::2] == told[1::2] and 1.5 <= min(told) < 2 and 2.5 < max(told) <= 3
    assert {record.examples[0].answers for record in drawn} == {plain.examples[0].answers}
    again = Iam(both).record(0, random.Random(3))
    assert again.page.digest == drawn[3].page.digest


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


def entities(folder: Path, text: str, split: str = "train") -> Path:
    place = folder / "ne_annotations" / "iam" / "rwth"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"iam_{split}_rwth_6_all.txt").write_text(text)
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
    record = IamNer(folder, tasks=task, short=short).record(0, RNG)
    assert tuple(example.answers[0] for example in record.examples) == answers
    assert {example.request.task for example in record.examples} == {task}
    assert {example.miswritten for example in record.examples} == {None}
    for i, example in enumerate(record.examples):
        x0, y0, x1, y1 = example.request.marks.bounds("highlight")
        middle = 60 + 100 * i + (50 if "full" in task else 0)
        assert abs((y0 + y1) / 2 - middle) < 15


def test_a_damaged_line_of_entities_is_named(tmp_path):
    folder = entities(save(tmp_path, "a-b", "c-d"), CLASSES + "c-d-00-00\nc-d-00-01 O\n")
    good, rest, bad = readable(IamNer(folder, tasks=["ner_full>"]), RNG)
    assert len(good.examples) == len(rest.examples) == 1
    assert bad.where == "line 6"
    assert bad.path == folder / "ne_annotations" / "iam" / "rwth" / "iam_train_rwth_6_all.txt"
    with pytest.raises(DataError, match="it is not there: the folder must have ne_annotations"):
        IamNer(folder, classes=18)
    with pytest.raises(DataError, match="there is no task 'ner>'"):
        IamNer(folder, tasks=["ner_full>", "ner>"])


@pytest.fixture
def read_once(monkeypatch):
    """Pages are opened once, so that many draws of them are quick."""
    monkeypatch.setattr(iam_ner, "open_block", lru_cache(open_block))


def test_training_asks_the_four_tasks_equally_often_as_the_original(tmp_path, read_once):
    folder = entities(save(tmp_path, "a-b"), CLASSES)
    for split in ("valid", "test"):
        entities(folder, CLASSES, split)
    rng = random.Random(4)

    def asked(count: int, **options) -> collections.Counter:
        drawn = IamNer(folder, **options)
        records = [drawn.record(0, rng) for _ in range(count)]
        return collections.Counter(record.examples[0].request.task for record in records)

    found = asked(400)
    assert found.keys() == set(TASKS) and all(65 <= n <= 135 for n in found.values())
    assert asked(20, split="valid") == {"ner_full>": 20}
    assert asked(20, split="test") == {"ner_line>": 20}


def test_half_of_the_lines_without_an_entity_are_left_out_of_training(tmp_path, read_once):
    folder = entities(save(tmp_path, "a-b"), "a-b-00-00 NE:PERSON\na-b-01-00 O\na-b-01-01 NE:O\n")
    entities(folder, "a-b-00-00 O\n", "test")
    rng = random.Random(4)
    train = IamNer(folder, tasks=["ner_line>"])
    found = [train.record(0, rng).examples for _ in range(300)]
    assert all(each[0].answers[0].startswith("She[PERSON]") for each in found)
    assert 0.4 <= np.mean([len(each) == 2 for each in found]) <= 0.6
    test = IamNer(folder, "test")
    assert all(len(test.record(0, rng).examples) == 2 for _ in range(20))
    whole = IamNer(folder, tasks=["ner_full>"])
    assert all("left[O]" in whole.record(0, rng).examples[0].answers[0] for _ in range(20))


def test_mistaken_words_are_the_nearest_of_the_pages_in_letters_of_the_same_case(
    tmp_path, read_once
):
    folder = entities(save(tmp_path, "a-b"), CLASSES)
    drawn = IamNer(folder, tasks=["ner_full>"], noise=1.0).record(0, RNG)
    (example,) = drawn.examples
    assert example.answers == ('She[PERSON] said[O] "[O] no[O] "[O] .[O] He[PERSON] left[O]',)
    assert example.miswritten == 'He[PERSON] she[O] "[O] he[O] "[O] .[O] She[PERSON] he[O]'
    drawn = IamNer(folder, tasks=["ner_line_c1>"], noise=1.0).record(0, RNG)
    assert [each.miswritten for each in drawn.examples] == [
        '{PERSON}He {O}she {O}" {O}he {O}" {O}.', "{PERSON}She {O}he"]  # fmt: skip
    lines = (("SHE 1961", (("SHE", 400, 60), ("1961", 480, 80))), LINES[1])
    (folder / "xmls" / "a-b.xml").write_text(xml("a-b", lines))
    iam_ner.open_block.cache_clear()
    found = {
        IamNer(folder, tasks=["ner_line>"], noise=1.0).record(0, random.Random(i)).examples[0]
        .miswritten for i in range(20)
    }  # fmt: skip
    assert found == {f"HE[PERSON] {word}[O]" for word in ("He", "Left", "She")}  # all 4 away


def test_words_are_mistaken_as_often_as_asked_and_only_for_training(tmp_path, read_once):
    folder = entities(save(tmp_path, "a-b"), CLASSES)
    entities(folder, CLASSES, "valid")
    noisy, rng = IamNer(folder, tasks=["ner_full>"], noise=0.09), random.Random(7)
    wrong = 0
    for _ in range(400):
        (example,) = noisy.record(0, rng).examples
        pairs = zip(example.answers[0].split(), example.miswritten.split(), strict=True)
        wrong += sum(true != given for true, given in pairs)
    assert 0.06 <= wrong / (400 * 5) <= 0.12  # She, said, no, He, left
    (example,) = IamNer(folder, "valid", noise=1.0).record(0, rng).examples
    assert example.miswritten is None


def test_words_of_three_pages_are_mixed_for_training(tmp_path):
    """One a line, 18 to 48 pixels tall, without signs, each distorted; as in the original."""
    folder = save(tmp_path, "a", "b", "c", "d", train="a\nb\nc\nd\n")
    mixed = IamMixed(folder)
    records = [mixed.record(1, random.Random(seed)) for seed in range(20)]
    answers = [record.examples[0].answers[0] for record in records]
    assert mixed.record(1, random.Random(5)).page.digest == records[5].page.digest
    assert len(set(answers)) == 20
    for record, answer in zip(records, answers, strict=True):
        assert sorted(answer.split("\\")) == sorted(3 * ["She", "said", "no", "He", "left"])
        assert record.page.size == (1152, 768)
        for line in record.truth.lines:
            x0, y0, x1, y1 = (round(v) for v in line.box)
            assert 18 <= y1 - y0 <= 48 and 0 <= x0 and x1 <= 768
            dark = record.page.gray[y0:y1, x0:x1] < 150
            assert 0.5 < dark.mean() < 0.95, line.text  # with 4 pixels of paper all round
    heights = [line.height for record in records for line in record.truth.lines]
    assert np.mean(heights) == pytest.approx(33, abs=2)
    tokens = collections.Counter(record.examples[0].request.task for record in records)
    assert tokens.keys() == {"read_block>", "read_block0>"} and min(tokens.values()) >= 4


def test_for_measuring_the_words_of_one_page_are_always_laid_out_alike(tmp_path):
    mixed = IamMixed(save(tmp_path, "a", "b", test="a\nb\n"), "test")
    record, again = (mixed.record(1, random.Random(seed)) for seed in range(2))
    assert record.page.digest == again.page.digest
    (example,) = record.examples
    assert example.request.task == "read_block0>"
    assert example.answers == ("She\\He\\said\\left\\no",)  # each third word, three times
    boxes = [tuple(round(v) for v in line.box) for line in record.truth.lines]
    assert [box[:2] for box in boxes] == [(50, 50 + 45 * i) for i in range(5)]
    assert {box[3] - box[1] for box in boxes} == {33}


def test_the_left_column_is_read_first(tmp_path):
    """On a low page the words fill both columns, and some are left out."""
    folder = save(tmp_path, "a", "b", "c", train="a\nb\nc\n", test="a\n")
    size = (190, 800)
    for seed in range(8):
        lines = IamMixed(folder, size=size).record(0, random.Random(seed)).truth.lines
        places = [(line.box[0] > 300, line.box[1]) for line in lines]
        assert places == sorted(places) and len(lines) < 15
    lines = IamMixed(folder, "test", size=size).record(0, RNG).truth.lines
    assert [round(line.box[0]) for line in lines] == [50, 50, 50, 450, 450]
    with pytest.raises(DataError, match="no word has room on a page of this size"):
        IamMixed(folder, "test", size=(60, 60)).record(0, RNG)
