"""Hard lines: strings without sense for learning, and the rows that each sort is measured in."""

import itertools
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.unit.test_evaluate import FakeInstrument

pytest.importorskip("typst")

from dessurt.evaluate import hard, main, sources  # noqa: E402
from dessurt.synth import fonts, page  # noqa: E402
from dessurt.synth.strings import STRINGS  # noqa: E402
from dessurt.synth.text import clean  # noqa: E402
from dessurt.truth import Line  # noqa: E402

FONT = "New Computer Modern"  # Typst brings it


@pytest.fixture
def few_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All lines in the one family that is there."""
    for name in ("HELD_OUT_PRINT", "HELD_OUT_MONO", "HELD_OUT_HAND"):
        monkeypatch.setattr(fonts, name, (FONT,))
    monkeypatch.setattr(hard, "STRING_FONTS", (FONT, FONT))
    fonts._families.cache_clear()
    yield
    fonts._families.cache_clear()


@pytest.fixture
def forms(tmp_path: Path) -> Path:
    """A folder of FUNSD with two forms of three words each, one of them blank."""
    for name in ("images", "annotations"):
        (tmp_path / name).mkdir()
    words = [{"text": text, "box": [10 * i, 5, 10 * i + 8, 15]}
             for i, text in enumerate(("ab", " ", "cd"))]  # fmt: skip
    form = {"form": [{"id": 0, "label": "other", "words": words, "linking": []}]}
    for name in ("one", "two"):
        (tmp_path / "annotations" / f"{name}.json").write_text(json.dumps(form))
        cv2.imwrite(str(tmp_path / "images" / f"{name}.png"), np.full((40, 60), 255, np.uint8))
    return tmp_path


def texts(pages) -> list[str]:
    return [line.text for known in pages for block in known.blocks for line in block if line.counts]


@pytest.mark.parametrize("make", STRINGS)
def test_strings_follow_from_the_seed_and_are_printed_as_they_are(make):
    found = [make(random.Random(seed)) for seed in range(200)]
    assert found == [make(random.Random(seed)) for seed in range(200)]
    assert all(clean(text) == " ".join(text.split()) != "" for text in found)
    assert len(set(found)) > 190


RARE = ["strings", "headings", "small"]


def test_hard_pages_are_drawn_only_when_they_are_asked_for():
    assert {each.truth.kind for seed in range(40) for each in page(seed)}.isdisjoint(RARE)
    found = {each.truth.kind for seed in range(20) for each in page(seed, kinds=RARE)}
    assert found == set(RARE)


def drawn_lines(kind: str) -> list[Line]:
    pages = (each for seed in range(4) for each in page(seed, kinds=[kind], scans=0))
    return [line for each in pages for line in each.truth.lines]


def test_most_small_print_is_9_to_13_pixels_tall():
    heights = [line.height for line in drawn_lines("small")]
    assert np.mean([9 <= height <= 13 for height in heights]) > 0.8


def test_some_headings_are_squeezed_and_some_are_white():
    pages = [each for seed in range(4) for each in page(seed, kinds=["headings"], scans=0)]
    shapes, white = [], []
    for each in pages:
        for line in each.truth.lines:
            x0, y0, x1, y1 = (round(at) for at in line.box)
            part = each.pixels[y0:y1, x0:x1]
            white.append(np.median(part) < part.mean())
            if len(line.text) > 10:
                shapes.append((x1 - x0) / len(line.text) / line.height)
    assert 0.2 < np.mean(white) < 0.8
    assert min(shapes) < 0.35 and max(shapes) > 0.6


def test_a_string_of_a_page_holds_no_sense():
    lines = [line.text for line in drawn_lines("strings")]
    assert len(lines) > 40
    assert sum(bool(re.search(r"\b(the|of|and)\b", line)) for line in lines) <= 1


@pytest.mark.parametrize("sort", hard.DRAWN)
def test_so_many_lines_of_each_sort_the_same_for_the_same_seed(few_fonts, sort):
    pages = hard.DRAWN[sort]
    found = texts(pages(30, 5))
    assert len(found) == 30
    assert found == texts(pages(30, 5)) != texts(pages(30, 6))


def test_small_print_is_as_low_as_it_is_said_to_be(few_fonts):
    heights = [
        line.box[3] - line.box[1]
        for known in hard.small(30, 0) for block in known.blocks for line in block if line.counts
    ]  # fmt: skip
    assert 9 <= min(heights) < 10 and 11 < max(heights) <= 12


def test_words_of_forms_are_drawn_by_lot_over_all_forms(forms):
    pages = list(hard.words(forms, 3, 1))
    assert [known.name for known in pages] == ["one", "two"]
    lines = [line for known in pages for (line,) in known.blocks]
    assert len(lines) == 3 and {line.text for line in lines} == {"ab", "cd"}
    assert all(line.highlight == (line.box,) for line in lines)
    assert {line.box for line in lines} == {(0, 5, 8, 15), (20, 5, 28, 15)}
    assert len(texts(hard.words(forms, 99, 1))) == 4  # no more than there are


def test_each_sort_has_a_row(few_fonts, forms, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(main, "open_model", lambda checkpoint, **_: FakeInstrument(("w0>",)))
    monkeypatch.setattr(sources, "HARD_LINES", 4)
    monkeypatch.setattr(sources, "HARD_WORDS", 3)
    figures = tmp_path / "figures.json"
    words = ["--set", "hard", "--data", str(forms), "--json", str(figures), "--no-tesseract"]
    assert main.main(words) == 0
    rows = json.loads(figures.read_text())["tasks"]
    assert {name: row["questions"] for name, row in rows.items()} == {
        "w0> strings": 4, "w0> small": 4, "w0> hand": 4, "w0> words": 3,
    }  # fmt: skip
    assert "strings without sense" in capsys.readouterr().out


def test_fonts_that_are_missing_are_named(monkeypatch):
    monkeypatch.setattr(hard, "STRING_FONTS", (FONT, "No Such Font"))
    with pytest.raises(hard.SetError, match="no font No Such Font, .*scripts/fetch_fonts.sh"):
        hard.check()


@pytest.mark.parametrize("more", (["--tasks", "re~"], ["--degraded"], ["--limit", "3"]))
def test_what_hard_lines_have_not_is_refused(more, capsys):
    with pytest.raises(SystemExit):
        main.main(["--set", "hard", *more])
    assert "hard" in capsys.readouterr().err


def test_the_fonts_to_measure_in_are_never_trained_on():
    learned = itertools.chain(fonts.PRINT, fonts.MONO, fonts.HAND)
    assert not {*hard.STRING_FONTS, *fonts.HELD_OUT_HAND} & {*learned}
    assert len(set(hard.STRING_FONTS)) == 12
