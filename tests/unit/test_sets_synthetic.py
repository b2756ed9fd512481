"""Sets that draw their pages: stacked handwriting, and our own generator."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dessurt.data.augment import draw_shifts
from dessurt.data.records import DataError, readable
from dessurt.data.sets import open_set

# Handwriting

SIZE = [300, 400]


def handwriting(folder: Path, count: int = 30) -> None:
    """Line N is as grey as N, 60 wide and 30 high."""
    text = "".join(f"{i}: line  number {i}\n" for i in range(count))
    (folder / "OUT.txt").write_text(text)
    for i in range(count):
        Image.new("L", (60, 30), i).save(folder / f"sample_{i}.png")


def opened(folder: Path, **options: object):
    return open_set({"set": "synth_handwriting", "folder": folder, "size": SIZE, **options})


def test_lines_that_follow_each_other_are_stacked_and_read_as_a_block(tmp_path):
    handwriting(tmp_path)
    lines = opened(tmp_path)
    assert len(lines) == 30
    counts, tokens = set(), set()
    for seed in range(20):
        (example,) = lines.record(3, random.Random(seed)).examples
        answer = example.answers[0].split("\\")
        assert answer == [f"line number {3 + i}" for i in range(len(answer))]
        grey = example.page.gray
        assert example.page.size == tuple(SIZE)
        shown = [int(v) for v in dict.fromkeys(grey.min(1)) if v < 253]
        assert shown == [3 + i for i in range(len(answer))]  # from top to bottom
        counts.add(len(answer))
        tokens.add(example.request.task)
        assert example.printed_answer is None  # where its characters stand is not known
        assert example.region is not None and not example.region.shapes
        if example.request.task == "read_block0>":
            marked = example.request.marks.rasterise(grey.shape) > 0
            assert marked[grey < 253].mean() > 0.6  # a brush leaves the edges free
    assert len(counts) > 3 and tokens == {"read_block>", "read_block0>"}


def test_the_same_lot_gives_the_same_page_and_the_last_line_stands_alone(tmp_path):
    handwriting(tmp_path)
    lines = opened(tmp_path)
    first, again = (lines.record(0, random.Random(5)) for _ in range(2))
    assert first.page.digest == again.page.digest
    assert lines.record(29, random.Random(5)).examples[0].answers == ("line number 29",)


def test_each_line_is_distorted_on_its_own(tmp_path, monkeypatch):
    """As in the original, by shifts with a standard deviation of 1.5 to 3 pixels."""
    told = []

    def drawn_shifts(size, deviation, rng):
        told.append(deviation)
        return draw_shifts(size, deviation, rng)

    monkeypatch.setattr("dessurt.data.sets.handwriting.draw_shifts", drawn_shifts)
    handwriting(tmp_path)
    stripes = np.full((30, 60), 253, np.uint8)
    stripes[:, ::6] = 0
    Image.fromarray(stripes).save(tmp_path / "sample_29.png")
    lines = opened(tmp_path)
    texts = [lines.record(20, random.Random(seed)).examples[0].answers[0] for seed in range(20)]
    assert len(told) == len(set(told)) == sum(text.count("\\") + 1 for text in texts)
    assert 1.5 <= min(told) < 1.8 and 2.7 < max(told) <= 3
    grey = lines.record(29, random.Random(0)).page.gray
    shown = grey[np.ix_((grey < 200).any(1), (grey < 200).any(0))]
    assert (shown != np.sort(shown, axis=0)).any(), "the stripes are straight"


def test_a_line_longer_than_the_page_is_wide_makes_all_lines_smaller(tmp_path):
    handwriting(tmp_path, 1)
    Image.new("L", (1000, 30), 0).save(tmp_path / "sample_0.png")
    ink = opened(tmp_path).record(0, random.Random(0)).page.gray < 128
    assert ink.any(0).sum() in range(350, 401) and ink.any(1).sum() in range(10, 14)


def test_a_damaged_line_is_named_when_asked_for_and_left_out_of_other_pages(tmp_path):
    handwriting(tmp_path, 4)
    (tmp_path / "sample_1.png").unlink()
    with (tmp_path / "OUT.txt").open("a") as file:
        file.write("no number: text\n5:\n")
    lines = opened(tmp_path)
    found = list(readable(lines, random.Random(0)))
    assert [i for i, each in enumerate(found) if isinstance(each, DataError)] == [1, 4, 5]
    assert found[1].path == tmp_path / "sample_1.png"
    assert (found[4].path, found[4].where) == (tmp_path / "OUT.txt", "line 5")
    assert found[5].where == "line 6"
    for seed in range(20):
        answer = lines.record(0, random.Random(seed)).examples[0].answers[0]
        assert "number 0" in answer and "number 1" not in answer


def test_handwriting_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"OUT\.txt: it is not there"):
        opened(tmp_path)
    (tmp_path / "OUT.txt").write_text("\n")
    with pytest.raises(DataError, match="it has no lines"):
        opened(tmp_path)
    with pytest.raises(DataError, match="only has a split train"):
        opened(tmp_path, split="valid")


# Our generator


def drawn(index: int = 0, split: str = "train", **options: object):
    pytest.importorskip("typst")
    return open_set({"set": "synthetic", **options}, split).record(index, random.Random())


def test_a_synthetic_page_is_the_same_each_time_and_other_than_the_next(held_out_fonts):
    first, again = drawn(4), drawn(4)
    others = [drawn(5), drawn(4, seed=1), drawn(4, "valid")]
    assert first.page.digest == again.page.digest
    assert first.truth.lines[0].text == again.truth.lines[0].text
    assert first.truth.size == first.page.size
    assert len({first.page.digest, *(each.page.digest for each in others)}) == 4


def test_kinds_count_and_scans_are_chosen():
    pytest.importorskip("typst")
    for index in range(4):
        assert drawn(index, kinds=["receipt", "letter"]).truth.kind in ("receipt", "letter")
    assert len(open_set({"set": "synthetic", "count": 7})) == 7
    clean, scan = (drawn(kinds=["letter"], scans=share) for share in (0, 1))
    assert clean.page.digest != scan.page.digest
    with pytest.raises(DataError, match="there is no kind 'poem'"):
        drawn(kinds=["poem"])


VOCABULARY = [
    ["Ballooning licence", [["Gas bag:", "blue"], ["Crew", ["Ann Orr", "Bo Lee"]], ["", "x"]]],
    [None, [["Landing spot", ""]]],
]


def test_forms_ask_for_what_the_vocabulary_has(tmp_path):
    pytest.importorskip("typst")
    (tmp_path / "forms.json").write_text(json.dumps(VOCABULARY))
    given = {"folder": tmp_path, "vocabulary": "forms.json", "kinds": ["form"], "scans": 0}
    texts, linked = [], set()
    for index in range(4):
        truth = drawn(index, **given).truth
        texts += [entity.text.strip(": .") for entity in truth.entities]
        for head, tail in truth.links:
            pair = (truth.entities[head], truth.entities[tail])
            if pair[0].kind == "question":
                linked.add(tuple(each.text.strip(": .") for each in pair))
    assert {"Ballooning licence", "Gas bag", "Crew", "Landing spot"} <= set(texts)
    assert {("Gas bag", "blue"), ("Crew", "Ann Orr\\Bo Lee")} <= linked
    made_up = [pair for pair in linked if pair[1] not in ("blue", "Ann Orr\\Bo Lee", "x", "X")]
    assert not made_up  # x is the tick of a check box


@pytest.mark.parametrize("content", ["{", "[]", "[[1]]", '[["T", [["a"]]]]', '[["T", [[1, 2]]]]'])
def test_a_vocabulary_of_another_form_is_refused(content, tmp_path):
    pytest.importorskip("typst")
    (tmp_path / "forms.json").write_text(content)
    with pytest.raises(DataError, match=r"forms\.json: it cannot be used"):
        open_set({"set": "synthetic", "folder": tmp_path, "vocabulary": "forms.json"})
