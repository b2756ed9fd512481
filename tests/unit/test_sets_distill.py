"""Pages for distillation: the example says which words are masked, the page stays the same."""

import random

import numpy as np
import pytest

from dessurt.data.records import DataError
from dessurt.data.sets import open_set
from dessurt.data.sets.distill import Distill
from dessurt.synth.fonts import NoFontsError


@pytest.fixture(scope="module")
def pages() -> Distill:
    pytest.importorskip("typst")
    made = Distill(kinds=("article",), count=3)
    try:
        made.record(0, random.Random(0))
    except DataError as error:
        if isinstance(error.__cause__, NoFontsError):
            pytest.skip("no fonts")
        raise
    return made


def test_the_answer_is_the_block_and_the_masks_cover_some_of_its_words(pages):
    record = pages.record(1, random.Random(3))
    (example,) = record.examples
    assert example.request.task == "mlm>"
    answer = example.printed_answer
    assert example.answers == (answer.text,) and example.region is None
    assert "\\" not in answer.text
    block = next(
        each for each in record.truth.paragraphs
        if answer.text in " ".join(line.text for line in each.lines)
    )  # fmt: skip
    assert block.lines
    masks = example.request.marks.rasterise(record.page.size)
    spots = np.nan_to_num(answer.spots, nan=0.0).round().astype(int)
    hidden = masks[spots[:, 1], spots[:, 0]] < 0
    covered = [all(hidden[i : i + len(word)]) for i, word in _words(answer.text)]
    assert 0 < sum(covered) < len(covered)


def _words(text: str):
    place = 0
    for word in text.split(" "):
        yield place, word
        place += len(word) + 1


def test_a_page_is_the_same_each_time_and_its_masks_are_drawn_by_lot(pages):
    first, again, other = (pages.record(2, random.Random(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first.page.pixels, other.page.pixels)
    assert first.examples[0].request == again.examples[0].request
    assert first.examples[0].request.marks != other.examples[0].request.marks


def test_the_truth_turns_with_the_page(pages):
    """Lines of an article are level; here they rise, and ink is where they say."""
    record = pages.record(0, random.Random(0))
    lines = [line for line in record.truth.lines if len(line.text) > 30]
    slopes = [
        (line.ends[-1, 1, 1] - line.ends[0, 0, 1]) / (line.ends[-1, 1, 0] - line.ends[0, 0, 0])
        for line in lines
    ]
    # A line's middle is that of its letters' boxes: other sizes in it shift its slope a little.
    assert np.ptp(slopes) < 3e-3
    assert 0.001 < abs(np.mean(slopes)) < 0.08
    gray = record.page.gray.astype(float)
    spots = np.concatenate([line.ends.mean(1) for line in lines]).round().astype(int)
    inside = (spots >= 0).all(1) & (spots < (record.page.width, record.page.height)).all(1)
    x, y = spots[inside].T
    band = np.mean([gray[np.clip(y + d, 0, gray.shape[0] - 1), x] for d in (-2, 0, 2)])
    assert band < np.median(gray) - 20


def test_an_unknown_kind_is_told():
    with pytest.raises(DataError, match="there is no kind 'novel'"):
        open_set({"set": "distill", "kinds": ["novel"]})
