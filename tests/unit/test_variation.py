"""Varied examples: what is marked stays marked, and places move with their ink."""

import random
from dataclasses import replace

import numpy as np

from dessurt.data.example import Example
from dessurt.page import Page
from dessurt.page.marks import Marks, Shape
from dessurt.protocol import Request
from dessurt.train.samples import variation
from dessurt.train.samples.variation import varied
from dessurt.truth import Printed


def page_with_line() -> Page:
    """White, with four black letters (squares) 20 pixels high in a row, and noise far below."""
    gray = np.full((400, 600), 255, np.uint8)
    for x in (200, 240, 280, 320):
        gray[100:120, x : x + 20] = 0
    gray[300:340, :] = 0
    return Page.from_array(gray)


def example(marks: Marks | None = None) -> Example:
    spots = np.array([(x + 10, 110) for x in (200, 240, 280, 320)], np.float32)
    marks = marks or Marks.from_boxes(highlight=[(195, 95, 345, 125)])
    return Example(
        page_with_line(), Request("w0>", marks=marks), ("abcd",),
        printed_answer=Printed("abcd", spots),
    )  # fmt: skip


def test_the_letters_stay_under_the_mark_and_under_their_places() -> None:
    for seed in range(30):
        found = varied(example(), random.Random(seed))
        gray = found.page.gray
        x0, y0, x1, y1 = found.request.marks.shapes[0].bounds()
        dark = np.argwhere(gray < 120)
        inside = (
            (dark[:, 1] >= x0 - 3) & (dark[:, 1] <= x1 + 3)
            & (dark[:, 0] >= y0 - 3) & (dark[:, 0] <= y1 + 3)
        )  # fmt: skip
        assert inside.all()  # what is printed elsewhere is not in the picture any more
        places = found.printed_answer.spots
        middles = [gray[round(float(y)), round(float(x))] for x, y in places]
        assert max(middles) < 130
        assert (np.diff(places[:, 0]) > 25).all()


def test_the_same_dice_give_the_same_picture_and_others_another() -> None:
    one, again, other = (varied(example(), random.Random(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one.page.gray, again.page.gray)
    assert one.request.marks == again.request.marks
    assert one.request.marks != other.request.marks


def test_a_brush_and_a_lasso_move_with_the_page() -> None:
    shapes = (
        Shape("highlight", "brush", ((200, 110), (340, 110)), 12.0),
        Shape("mask", "lasso", ((200, 95), (225, 95), (225, 125), (200, 125))),
    )
    found = varied(example(Marks(shapes)), random.Random(3))
    brush, lasso = found.request.marks.shapes
    a, d = found.printed_answer.spots[[0, 3]]
    # The brush begins 10 pixels before the first letter's middle and ends 10 after the last's.
    step = (d - a) / 12
    assert np.allclose(brush.points[0], a - step, atol=0.6)
    assert 8 < brush.radius < 16
    assert np.allclose(np.mean(lasso.points, 0), a + 0.25 * step, atol=0.8)


def test_without_marks_the_whole_page_is_kept() -> None:
    whole = replace(example(), request=Request("read_block>"))
    found = varied(whole, random.Random(4))
    assert found.page.height > 400 * 0.85
    # The far line is still there: its share of the picture hardly changes.
    share = (found.page.gray < 120).mean()
    assert 0.05 < share < 0.16


def test_a_tilted_line_is_moved_with_all_its_corners() -> None:
    corners = ((10.0, 10.0), (110.0, 14.0), (109.0, 34.0), (9.0, 30.0))
    line = Shape("highlight", "line", corners)
    matrix = np.array([[2.0, 0.0, 5.0], [0.0, 2.0, -3.0]])
    (moved,) = variation._moved(Marks((line,)), matrix, random.Random(0)).shapes
    np.testing.assert_allclose(moved.points, np.array(corners) * 2 + (5, -3))
