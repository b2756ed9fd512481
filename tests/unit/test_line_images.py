"""`dessurt data lines`: text lines cut out of pages, upright, with what they say."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from dessurt.cli import main
from dessurt.data.line_images import cut_out
from dessurt.truth.boxes import turned_line
from tests.unit.test_sets_naf import annotation, box, save

pytest.importorskip("typst")


def test_a_turned_line_is_cut_out_upright() -> None:
    page = np.full((200, 200), 255, np.uint8)
    corners = np.array([(40, 120), (139.6, 69.1), (149.3, 86.6), (49.7, 137.5)])
    cv2.fillConvexPoly(page, np.rint(corners).astype(np.int32), 60)
    left = np.rint(corners[[0, 3]].mean(0)).astype(int)
    cv2.circle(page, left + (8, -4), 3, 0, -1)
    cut = cut_out(page, turned_line("some text", corners))
    assert cut.shape == (20, 112)
    assert (cut < 200).mean() > 0.95
    assert (cut[:, :20] < 30).any() and not (cut[:, 30:] < 30).any()  # the left end is left


def test_the_lines_of_naf(tmp_path, capsys) -> None:
    boxes = [box("t0", "text", 20, 20, 90), box("f0", "field", 120, 20, 60, 22),
             box("t1", "text", 20, 60)]  # fmt: skip
    given = annotation(boxes, ["t0 f0"], t0="NAME", f0="Bob S¿ith")
    wide = annotation([box("t0", "text", 20, 20), box("t1", "text", 900, 20)], t0="one", t1="two")
    folder = save(tmp_path / "naf", given, wide, size=(1000, 400))  # lie across
    (folder / "groups" / "1" / "page0.jpg").write_bytes(b"")
    out = tmp_path / "lines"
    assert main(["data", "lines", "naf", "--data", str(folder), "--out", str(out)]) == 0
    printed, told = capsys.readouterr()
    assert printed == f"Wrote 2 lines to {out}.\n"
    assert told.startswith("Skipped: ") and "page0.jpg" in told

    save(tmp_path / "naf", given, size=(600, 800))
    assert main(["data", "lines", "naf", "--data", str(folder), "--out", str(out)]) == 0
    listed = [json.loads(line) for line in (out / "lines.jsonl").read_text().splitlines()]
    source = str(folder / "groups" / "1" / "page0.jpg")
    assert listed == [
        {"image": "page-00000-line-000.png", "text": "NAME", "kind": "question", "source": source},
        {"image": "page-00000-line-001.png", "text": "Bob S¿ith", "kind": "answer",
         "source": source},
    ]  # fmt: skip
    sizes = [cv2.imread(str(out / each["image"]), cv2.IMREAD_UNCHANGED).shape for each in listed]
    assert sizes == [(20, 90), (22, 60)]


def test_both_halves_of_a_page_that_lies_across(tmp_path, capsys) -> None:
    boxes = [box("t0", "text", 20, 20), box("t1", "text", 2800, 20)]
    folder = save(tmp_path / "naf", annotation(boxes, t0="one", t1="two"), size=(3000, 400))
    for seed in range(3):  # of twenty pages nine tenths are cut in training
        out = tmp_path / f"lines{seed}"
        assert main(["data", "lines", "naf", "--data", str(folder), "--out", str(out)]) == 0
        assert len((out / "lines.jsonl").read_text().splitlines()) == 2


def test_a_set_that_knows_no_lines_is_refused(tmp_path, capsys) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a.png").write_bytes(cv2.imencode(".png", np.zeros((9, 9)))[1].tobytes())
    questions = {"a.png": [{"question": "w0>", "answer": "x"}]}
    (tmp_path / "train" / "qa.json").write_text(json.dumps(questions))
    out = tmp_path / "out"
    words = ["data", "lines", "my_dataset", "--data", str(tmp_path), "--out", str(out)]
    assert main(words) == 2
    assert "does not know the lines of its pages" in capsys.readouterr().err
    assert list(out.iterdir()) == []


def test_an_interrupted_call_lists_what_it_has_written(tmp_path, monkeypatch, capsys) -> None:
    from dessurt.data import line_images

    folder = save(tmp_path / "naf", *[annotation([box("t0", "text", 9, 9)], t0="one")] * 3)
    real, calls = line_images.cut_out, []

    def stop(*given: object) -> np.ndarray:
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(line_images, "cut_out", stop)
    out = tmp_path / "lines"
    assert main(["data", "lines", "naf", "--data", str(folder), "--out", str(out)]) == 130
    listed = [json.loads(line) for line in (out / "lines.jsonl").read_text().splitlines()]
    assert {each["image"] for each in listed} == {path.name for path in Path(out).glob("*.png")}
    assert len(listed) == 2
