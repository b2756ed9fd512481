"""New lines out of the words of read ones: cut where words end, and set in one row."""

import random

import numpy as np
import pytest

from dessurt.data.example import Example
from dessurt.page import Page
from dessurt.page.marks import Marks
from dessurt.protocol import Request
from dessurt.train.samples.recombination import recombined, words_of

LETTER, APART, SPACE = 12, 4, 14  # columns of a letter, between two, and between words
TOP, TALL = 60, 24  # of the line


def line(text: str, shades: str = "", space: int = SPACE, above: int = 0) -> Example:
    """A page with a bar for each character of a text; the bars of a word are of one grey."""
    gray = np.full((160, 700), 255, np.uint8)
    x = 40
    for number, word in enumerate(text.split()):
        for _ in word:
            gray[TOP + 4 + above : TOP + TALL - 2, x : x + LETTER] = 10 * number
            x += LETTER + APART
        x += space - APART
    gray[: TOP - 30] = 0  # other things on the page
    box = (36, TOP, x - space + 4, TOP + TALL)
    return Example(Page.from_array(gray), Request("w0>", marks=Marks.from_boxes([box])), (text,))


def shade(picture: np.ndarray) -> set[int]:
    """The greys that are neither paper nor a neighbouring line's."""
    return {int(each) for each in np.unique(picture[20:52]) if each < 200}


def test_each_word_is_cut_out_with_nothing_of_the_next() -> None:
    words = words_of(line("We read what nobody wrote"))
    assert [word.text for word in words] == ["We", "read", "what", "nobody", "wrote"]
    for number, word in enumerate(words):
        assert shade(word.picture) == {10 * number}
        count = len(word.text)
        assert (word.picture[30] < 200).sum() == LETTER * count  # all of its letters
        assert word.picture.shape[1] == pytest.approx(
            LETTER * count + APART * (count - 1) + SPACE, abs=1
        )


def test_a_gap_within_a_word_as_wide_as_a_space_does_not_mislead() -> None:
    asked = line("a::::::b cd")
    gray = asked.page.gray.copy()
    gray[TOP : TOP + TALL, 40 + 2 * 16 : 40 + 3 * 16] = 255  # a sign that left no trace
    found = words_of(Example(Page.from_array(gray), asked.request, asked.answers))
    assert found == () or [shade(word.picture) for word in found] == [{0}, {10}]


@pytest.mark.parametrize("answer", ["ab cd ef gh ij kl mn", "a bcdefghijkl"])
def test_a_line_of_other_words_than_the_answer_gives_none(answer: str) -> None:
    asked = line("abcd efgh ijkl")
    assert words_of(Example(asked.page, asked.request, (answer,))) == ()


def test_words_that_are_hardly_apart_give_none() -> None:
    assert words_of(line("abcd efgh ijkl", space=2)) == ()


def test_only_one_marked_line_with_one_answer_is_cut() -> None:
    asked = line("abcd efgh")
    two = Marks.from_boxes([(36, 60, 100, 84), (110, 60, 200, 84)])
    assert words_of(asked)
    assert not words_of(Example(asked.page, Request("w0>", marks=two), asked.answers))
    assert not words_of(Example(asked.page, asked.request, ("abcd efgh", "abcd")))
    assert not words_of(Example(asked.page, Request("w0>"), asked.answers))
    assert not words_of(
        Example(asked.page, Request("read_block>", marks=asked.request.marks), asked.answers)
    )


def test_a_blank_page_and_a_mark_beyond_it_give_none() -> None:
    blank = Page.from_array(np.full((90, 300), 255, np.uint8))
    for box in ((10, 20, 200, 50), (250, 70, 900, 300), (400, 10, 500, 30), (5, 5, 6, 6)):
        request = Request("w0>", marks=Marks.from_boxes([box]))
        assert words_of(Example(blank, request, ("two words",))) == ()


def test_a_new_line_reads_as_its_words_stand() -> None:
    words = words_of(line("We read what nobody wrote"))
    greys = {word.text: 10 * number for number, word in enumerate(words)}
    seen = set()
    for seed in range(40):
        made = recombined(words, random.Random(seed))
        gray = made.page.gray
        (x0, y0, x1, y1) = made.request.marks.shapes[0].bounds()
        assert made.request.task == "w0>"
        columns = gray[int(y0) + 10, int(x0) : int(x1)]
        inked = columns[columns < 200]
        changes = np.flatnonzero(np.diff(inked.astype(int))) + 1
        shown = [int(part[0]) for part in np.split(inked, changes)]
        assert shown == [greys[word] for word in made.answers[0].split()]
        assert (gray[int(y0) + 10, : int(x0)] > 200).all()
        assert (gray[int(y0) + 10, int(x1) :] > 200).all()
        seen.add(made.answers[0])
    assert len(seen) > 20


def test_words_of_other_sizes_are_set_as_tall_as_the_rest() -> None:
    (word,) = words_of(line("word"))
    large = word._replace(
        picture=np.kron(word.picture, np.ones((3, 3), np.uint8)), top=3 * word.top,
        height=3 * word.height,
    )  # fmt: skip
    made = recombined([large], random.Random(0))
    again = recombined([large, large, word, word, word], random.Random(3))
    for example in (made, again):
        _, y0, _, y1 = example.request.marks.shapes[0].bounds()
        rows = np.flatnonzero((example.page.gray[20:] < 100).any(1)) + 20
        rows = rows[rows > y0 - 0.3 * (y1 - y0)]
        assert (rows[0] - y0) / (y1 - y0) == pytest.approx(4 / 24, abs=0.06)
        assert (y1 - 1 - rows[-1]) / (y1 - y0) == pytest.approx(2 / 24, abs=0.06)


def test_the_same_dice_give_the_same_line() -> None:
    words = words_of(line("We read what nobody wrote"))
    one, again = (recombined(words, random.Random(5)) for _ in range(2))
    assert one.answers == again.answers
    assert np.array_equal(one.page.gray, again.page.gray)
