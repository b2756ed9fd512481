"""Words of a line that was read: where each one stands."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch

from dessurt import Marks, Outcome, Page, Request, Text, open_model
from dessurt.model import Dessurt
from dessurt.model.latent import Answer, Decoder
from dessurt.model.pointing import POINTERS, peaks
from dessurt.page.plane import Quad, turned
from dessurt.reader.words import words_of
from dessurt.shipped import ROOT, SHIPPED

LINE = ((10, 20), (190, 20), (190, 40), (10, 40))
INK = [(30, 36), (38, 50), (60, 75), (77, 90), (100, 120)]  # columns of the letters of "ab cd e"


def page(ink: Sequence[tuple[int, int]] = INK, rows: slice = slice(24, 35)) -> Page:
    gray = np.full((60, 200), 250, np.uint8)
    for x0, x1 in ink:
        gray[rows, x0:x1] = 10
    return Page.from_array(gray)


def tokens(text: str, xs: Sequence[float], sure: Sequence[float] = ()) -> list[Text]:
    spread = sure or [0.9] * len(text)
    return [
        Text(letter, 0, probability, place=(x, 30.0))
        for letter, x, probability in zip(text, xs, spread, strict=True)
    ]


def across(quad: Quad) -> tuple[float, float]:
    (x0, _), (x1, _), *_ = quad
    return round(x0, 6), round(x1, 6)


def test_words_end_where_their_ink_does() -> None:
    read = tokens("ab cd e", [33, 44, 55, 68, 84, 95, 110], [0.9, 0.4, 0.9, 0.8, 0.7, 0.9, 0.6])
    words = words_of(page(), LINE, read)
    assert [word.text for word in words] == ["ab", "cd", "e"]
    assert [across(word.quad) for word in words] == [(30, 50), (60, 90), (100, 120)]
    assert [word.confidence for word in words] == [0.4, 0.7, 0.6]  # of the least sure letter
    assert {y for word in words for _, y in word.quad} == {20, 40}


def test_a_model_may_look_beside_its_letters() -> None:
    read = tokens("ab cd e", [36, 51, 58, 75, 97, 97, 121])
    words = words_of(page(), LINE, read)
    assert [across(word.quad) for word in words] == [(30, 50), (60, 90), (100, 120)]


def test_a_line_ends_before_what_stands_far_off() -> None:
    far = page([*INK, (128, 131), (180, 188)])
    words = words_of(far, LINE, tokens("ab cd e", [33, 44, 55, 68, 84, 95, 110]))
    assert across(words[0].quad) == (30, 50) and across(words[-1].quad) == (100, 120)


def test_underlines_part_no_words_and_join_none() -> None:
    gray = page().gray.copy()
    gray[37:39, 10:190] = 10
    words = words_of(Page.from_array(gray), LINE, tokens("ab cd e", [33, 44, 55, 68, 84, 95, 110]))
    assert [across(word.quad) for word in words] == [(30, 50), (60, 90), (100, 120)]


def test_words_of_a_line_that_slopes_slope_with_it() -> None:
    a, b, c, d = map(tuple, turned([(x, y + 40) for x, y in LINE], -20).tolist())
    gray = np.full((200, 300), 250, np.uint8)
    level = turned(np.stack(np.meshgrid(np.arange(300), np.arange(200)), -1) + 0.5, 20)
    for x0, x1 in INK:
        gray[((level >= (x0, 64)) & (level < (x1, 75))).all(-1)] = 10
    spots = turned([(x, 70) for x in (33, 44, 55, 68, 84, 95, 110)], -20).tolist()
    read = [Text(s, 0, 1.0, place=tuple(spot)) for s, spot in zip("ab cd e", spots, strict=True)]
    words = words_of(Page.from_array(gray), (a, b, c, d), read)
    level_quads = [turned(word.quad, 20) for word in words]
    for quad, (x0, x1) in zip(level_quads, [(30, 50), (60, 90), (100, 120)], strict=True):
        assert np.allclose(quad, [(x0, 60), (x1, 60), (x1, 80), (x0, 80)], atol=1.5)


@pytest.mark.parametrize("text", ["", "  "])
def test_nothing_read_has_no_words(text: str) -> None:
    assert words_of(page(), LINE, tokens(text, [50] * len(text))) == ()


def test_without_ink_or_places_words_are_spread_over_the_line() -> None:
    blank = Page.from_array(np.full((60, 200), 250, np.uint8))
    one, other = words_of(blank, LINE, [Text(letter, 0, 1.0) for letter in "ab cd"])
    assert 10 <= across(one.quad)[0] < across(one.quad)[1] <= across(other.quad)[0]
    assert across(other.quad)[1] <= 190


def test_where_a_model_looks_while_it_writes_is_what_one_pass_over_the_answer_says() -> None:
    config = open_model(SHIPPED, "cpu").config
    torch.manual_seed(1)
    model = Dessurt(config).eval()
    image, task = torch.randn(1, 2, *config.image_size), torch.tensor([0])
    query, ids = torch.tensor([[0, 2]]), [5, 9, 11]
    decoder = Decoder(model)
    answer = Answer(decoder, decoder.see(image), task, query, 8)
    places = [answer.places()]
    for id_ in ids:
        answer.append(torch.tensor([id_]))
        places.append(answer.places())
    watched: list = []
    seen = model.embed_image(image)
    with torch.no_grad():
        model.read(seen, task, query, torch.tensor([[0, *ids]]), watched)
    shares = torch.stack([s[0, :POINTERS, 3:] for _, s in watched[1:]]).mean((0, 1))
    rows, columns = seen.shape[1:3]
    cells = peaks(shares[:, : rows * columns].unflatten(1, (rows, columns)))
    height, width = config.image_size
    expected = cells * torch.tensor([width / columns, height / rows])
    torch.testing.assert_close(torch.cat(places), expected, atol=0.05, rtol=0)


def test_a_page_that_is_read_line_by_line_says_where_its_words_stand() -> None:
    model = open_model(SHIPPED, "cpu")
    letter = Page.open(ROOT / "assets/1_letter.png")
    marks = Marks.from_boxes(highlight=[(102, 430, 869, 520)])
    outcome = Outcome.of(model.ask(letter, Request("read_block0>", marks=marks)))
    assert "\\".join(line.text for line in outcome.lines) == outcome.text.removesuffix("‡")
    for line in outcome.lines:
        ends = [across(word.quad) for word in line.words]
        assert len(ends) > 5 and ends == sorted(ends)
        assert all(stop <= start for (_, stop), (start, _) in pairwise(ends))
        for word in line.words:  # an empty column on either side, ink inside
            (x0, y0), _, (x1, y1), _ = word.quad
            rows = letter.gray[round(y0) + 2 : round(y1) - 4]
            assert rows[:, round(x0) : round(x1)].min() < 128
            assert rows[:, [round(x0) - 2, round(x1) + 1]].min() > 128
