"""Measuring: what counts as an error, which lines are read, and that Tesseract gets the line."""

import json
import shutil

import cv2
import numpy as np
import pytest

from dessurt import Page
from dessurt.evaluate import main as evaluate
from dessurt.evaluate.realpages import RealLine, lines


def test_the_rate_is_the_sum_of_distances_over_the_sum_of_lengths():
    score = evaluate.Score()
    assert score.add("abcd", "abxd") == 1
    assert score.add("ﬁve  words", "five words") == 0  # NFKC, white space folded
    assert score.percent == pytest.approx(100 / 14)


def test_lines_that_do_not_count_are_left_out_and_scans_are_marked_word_by_word(tmp_path):
    (tmp_path / "degraded").mkdir()
    words = [{"text": "ab", "box": [1, 2, 10, 12]}, {"text": "cd", "box": [12, 2, 20, 13]}]
    known = {"text": "ab cd", "box": [1, 2, 20, 13], "eval": True, "words": words}
    truth = {"image": "p.png", "lines": [known, {**known, "text": "no", "eval": False}]}
    for folder in (tmp_path, tmp_path / "degraded"):
        cv2.imwrite(str(folder / "p.png"), np.full((30, 40), 255, np.uint8))
        (folder / "p.json").write_text(json.dumps(truth))
    (tmp_path / "manifest.json").write_text("{}")
    (clean,), (scan,) = lines(tmp_path), lines(tmp_path, degraded=True)
    assert clean.text == "ab cd" and clean.highlight == ((1, 2, 20, 13),)
    assert scan.highlight == ((1, 2, 10, 12), (12, 2, 20, 13))


def test_a_crop_is_cut_at_the_edges():
    page = Page.from_array(np.arange(200, dtype=np.uint8).reshape(10, 20))
    crop = evaluate.cropped(page, (1.0, 2.0, 5.0, 6.0), 4)
    assert np.array_equal(crop, page.gray[0:11, 0:10])


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_tesseract_reads_the_line(tmp_path):
    pixels = np.full((80, 460), 255, np.uint8)
    cv2.putText(pixels, "A plain line of text", (20, 50), cv2.FONT_HERSHEY_DUPLEX, 1, 0, 2)
    line = RealLine(Page.from_array(pixels), "", (20, 20, 440, 60), ())
    read = evaluate.read_by_tesseract(shutil.which("tesseract"), line)
    assert evaluate.folded(read) == "A plain line of text"


def test_no_pages_is_said(tmp_path, capsys):
    with pytest.raises(SystemExit):
        evaluate.main(["--data", str(tmp_path)])
    assert "no pages with lines" in capsys.readouterr().err
