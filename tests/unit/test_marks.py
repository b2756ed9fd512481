"""Marks: shapes, their limits, and which pixels they cover."""

import json
import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dessurt.page.marks import Marks, MarksError, Shape

PAGE = (100, 200)  # height, width


def covered(shape: Shape, size=(12, 12), centre=0.5) -> np.ndarray:
    return Marks((shape,)).rasterise(size, pixel_centre=centre) != 0


def centres(size):
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    return x, y


# Which pixels


def test_a_box_covers_the_pixels_whose_centre_it_holds():
    drawn = covered(Shape("highlight", "box", ((2, 3), (5, 7))))
    expected = np.zeros((12, 12), bool)
    expected[3:7, 2:5] = True
    np.testing.assert_array_equal(drawn, expected)
    # 2.4 ... 5.6 holds the centres 2.5 to 5.5; 2.6 ... 5.4 only 3.5 and 4.5.
    assert covered(Shape("highlight", "box", ((2.4, 0), (5.6, 1))))[0].nonzero()[0].tolist() == [
        *(2, 3, 4, 5)
    ]
    assert covered(Shape("highlight", "box", ((2.6, 0), (5.4, 1))))[0].nonzero()[0].tolist() == [
        *(3, 4)
    ]


def test_the_originals_centres_take_coordinates_for_indices():
    drawn = covered(Shape("highlight", "box", ((2, 3), (5, 7))), centre=0.0)
    expected = np.zeros((12, 12), bool)
    expected[3:8, 2:6] = True  # both edges are on pixel centres, and belong to the box
    np.testing.assert_array_equal(drawn, expected)


def test_corners_may_come_in_any_order():
    one = Shape("highlight", "box", ((2, 3), (5, 7)))
    assert one == Shape("highlight", "box", ((5, 3), (2, 7)))
    assert one == Shape("highlight", "box", ((5, 7), (2, 3)))


def test_a_triangle():
    drawn = covered(Shape("mask", "lasso", ((0, 0), (4, 0), (0, 4))), size=(5, 5))
    assert drawn.astype(int).tolist() == [
        [1, 1, 1, 1, 0],  # centres on the slanted edge belong to it
        [1, 1, 1, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]


def test_a_lasso_with_a_hole_follows_the_even_odd_rule():
    outer = [(0, 0), (8, 0), (8, 8), (0, 8), (0, 0)]
    inner = [(2, 2), (6, 2), (6, 6), (2, 6), (2, 2)]
    drawn = covered(Shape("highlight", "lasso", (*outer, *inner)), size=(9, 9))
    expected = np.zeros((9, 9), bool)
    expected[:8, :8] = True
    expected[2:6, 2:6] = False
    np.testing.assert_array_equal(drawn, expected)


def test_a_brush_dot_is_a_disc():
    x, y = centres((12, 12))
    drawn = covered(Shape("highlight", "brush", ((6, 5),), radius=3.3))
    np.testing.assert_array_equal(drawn, np.hypot(x - 6, y - 5) <= 3.3)


point = st.tuples(st.floats(-20, 60), st.floats(-20, 60))


@given(st.lists(point, min_size=1, max_size=6), st.floats(0.5, 20))
def test_a_brush_covers_what_is_near_its_path(path, radius):
    size = (40, 40)
    x, y = centres(size)
    nearest = np.full(size, np.inf)
    for (ax, ay), (bx, by) in zip(path, path[1:] or path, strict=False):
        length = (bx - ax) ** 2 + (by - ay) ** 2
        share = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / (length or 1)
        share = np.clip(share, 0, 1)
        away = np.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay))
        nearest = np.minimum(nearest, away)
    drawn = covered(Shape("highlight", "brush", tuple(path), radius), size)
    sure = np.abs(nearest - radius) > 1e-6
    np.testing.assert_array_equal(drawn[sure], (nearest <= radius)[sure])


@given(st.lists(point, min_size=3, max_size=8))
def test_a_lasso_holds_the_centres_with_an_odd_number_of_edges_to_the_left(corners):
    size = (40, 40)
    x, y = centres(size)
    odd, near = np.zeros(size, bool), np.zeros(size, bool)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        near |= (np.abs(y - ay) < 1e-6) | (np.abs(y - by) < 1e-6)
        if ay == by:
            continue
        crossing = ax + (y - ay) / (by - ay) * (bx - ax)
        odd ^= ((ay <= y) != (by <= y)) & (crossing < x)
        near |= np.abs(crossing - x) < 1e-6
    drawn = covered(Shape("highlight", "lasso", tuple(corners)), size)
    np.testing.assert_array_equal(drawn[~near], odd[~near])


def test_drawing_at_another_scale():
    marks = Marks(
        (
            Shape("highlight", "box", ((1, 1), (3, 2))),
            Shape("mask", "brush", ((4, 4),), radius=1),
        )
    )
    drawn = marks.rasterise((30, 30), scale=(4, 4), offset=(-2, 3))
    expected = np.zeros((30, 30))
    expected[7:11, 2:10] = 1
    x, y = centres((30, 30))
    expected[np.hypot(x - 14, y - 19) <= 4] = -1
    np.testing.assert_array_equal(drawn, expected)


def test_where_both_lie_the_mask_wins():
    mask = Shape("mask", "box", ((3, 0), (6, 2)))
    highlight = Shape("highlight", "box", ((0, 0), (4, 2)))
    for shapes in ((mask, highlight), (highlight, mask)):
        drawn = Marks(shapes).rasterise((1, 7))
        assert drawn.dtype == np.float32
        assert drawn[0].tolist() == [1, 1, 1, -1, -1, -1, 0]


def test_nothing_drawn_is_zero():
    assert not Marks().rasterise((3, 4)).any()


def test_a_thousand_marks_on_a_large_page_are_all_drawn():
    rng = np.random.default_rng(0)
    shapes = []
    for kind in ("box", "brush", "lasso", "line") * 250:
        x, y = rng.uniform((0, 0), (4000, 6900))
        count = 2 if kind in ("box", "line") else 40
        path = np.sort(rng.uniform((x, y), (x + 1000, y + 60), (count, 2)), axis=0)
        shapes.append(Shape("highlight", kind, tuple(map(tuple, path)), radius=20))
    drawn = Marks(tuple(shapes)).rasterise((7000, 5000))
    assert 0.05 < drawn.mean() < 1
    for shape in shapes[:4] + shapes[-4:]:
        alone = Marks((shape,)).rasterise((7000, 5000)) > 0
        assert alone.any() and (drawn[alone] == 1).all()


# What is refused


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (("page", "box", ((0, 0), (1, 1))), "A mark has the channel 'page': use highlight or mask"),
        (("mask", "star", ((0, 0), (1, 1))), "A mark has the kind 'star': use one of box, line"),
        (("mask", "box", ((0, 0),)), "A box has 1 points: give two opposite corners or all four."),
        (("mask", "lasso", ((0, 0), (1, 1))), "A lasso has 2 points: give three points or more."),
        (("mask", "brush", (), 3.0), "The points of a brush are pairs of numbers"),
        (("mask", "brush", ((0, 0),)), "A brush needs a radius: give it in page pixels, above 0."),
        (("mask", "brush", ((0, 0),), -1), "A brush needs a radius"),
        (("mask", "brush", ((0, 0),), math.nan), "The radius of a brush is a number"),
        (("mask", "box", ((math.nan, 0), (1, 1))), "A box has a point that is not on any page"),
        (("mask", "box", ((0, 0), (math.inf, 1))), "A box has a point that is not on any page"),
        (("mask", "box", ((0, 0), (1e300, 1))), "A box has a point that is not on any page"),
        (("mask", "box", ((0, 0), (10**400, 1))), "The points of a box are pairs of numbers"),
        (("mask", "box", ((0, 0), (1, "x"))), "The points of a box are pairs of numbers"),
        (("mask", "box", ((0, 0, 0), (1, 1, 1))), "The points of a box are pairs of numbers"),
        (("mask", "box", None), "The points of a box are pairs of numbers"),
    ],
)
def test_bad_shapes(fields, sentence):
    with pytest.raises(MarksError) as caught:
        Shape(*fields)
    assert str(caught.value).startswith(sentence)


def test_a_million_marks():
    sentence = r"Too many marks \(1,000,000 with [0-9,]+ points\): use at most 10,000 marks"
    with pytest.raises(MarksError, match=sentence):
        Marks.from_boxes(highlight=[(0, 0, 1, 1)] * 1_000_000)
    entry = {"channel": "mask", "kind": "box", "points": [[0, 0], [1, 1]]}
    with pytest.raises(MarksError, match=sentence):
        Marks.from_json({"shapes": [entry] * 1_000_000})
    with pytest.raises(MarksError, match=sentence):
        Marks((Shape("mask", "box", ((0, 0), (1, 1))),) * 1_000_000)


def test_marks_that_would_take_minutes():
    """A brush of 100,000 points, or as thick as no page: 180 s on a large page, told in no time."""
    dice = random.Random(0)
    path = [(dice.uniform(0, 7680), dice.uniform(0, 7680)) for _ in range(100_000)]
    for mark in (
        Shape("mask", "brush", path, 12),
        Shape("mask", "brush", path[:1000], 1e6),
        Shape("mask", "lasso", path),
    ):
        with pytest.raises(MarksError, match="take too long to draw: use fewer or shorter"):
            Marks((mark,))
    with pytest.raises(MarksError, match="take too long"):
        Marks.from_boxes(highlight=[(0, 0, 9, 7680)] * 2000)
    scribble = [(500 + x % 200, 300 + x % 7) for x in range(20_000)]
    Marks((Shape("mask", "brush", scribble, 60),))
    Marks((Shape("mask", "brush", [(5, 5)], 1e6),))


def test_a_million_points():
    path = {"channel": "mask", "kind": "brush", "points": [[0, 0]] * 1_000_000, "radius": 2}
    with pytest.raises(MarksError, match="Too many marks"):
        Marks.from_json({"shapes": [path]})


@pytest.mark.parametrize(
    "obj",
    [
        None,
        [],
        {},
        {"shapes": {}},
        {"shapes": ["box"]},
        {"shapes": [{"channel": "mask", "kind": "box"}]},
        {"shapes": [{"channel": "mask", "kind": "box", "points": [[0, 0], [1, None]]}]},
        {"shapes": [{"channel": "mask", "kind": "brush", "points": [[0, 0]], "radius": "wide"}]},
        {"shapes": [{"channel": 3, "kind": "box", "points": [[0, 0], [1, 1]]}]},
    ],
)
def test_bad_json(obj):
    with pytest.raises(MarksError):
        Marks.from_json(obj)


@pytest.mark.parametrize("box", [(1, 2, 3), "box", 5, (0, 0, math.nan, 1)])
def test_bad_boxes(box):
    with pytest.raises(MarksError):
        Marks.from_boxes(highlight=[box])


@pytest.mark.parametrize(
    "shape",
    [
        Shape("mask", "box", ((200, 0), (300, 50))),
        Shape("mask", "line", ((0, -30), (50, 0))),
        Shape("mask", "brush", ((-9, 5),), radius=9),
        Shape("mask", "lasso", ((0, 100), (50, 100), (20, 150))),
    ],
)
def test_marks_wholly_outside_the_page(shape):
    inside = Shape("highlight", "box", ((0, 0), (9, 9)))
    with pytest.raises(MarksError) as caught:
        Marks((inside, shape)).checked(PAGE)
    assert str(caught.value) == (
        f"Mark 2 (mask {shape.kind}) lies outside the page: the page is 200 x 100 pixels, "
        "draw the mark on it."
    )


def test_marks_without_area():
    with pytest.raises(MarksError, match=r"Mark 1 \(highlight box\) has no area: drag"):
        Marks.from_boxes(highlight=[(5, 5, 5, 50)]).checked(PAGE)


def test_marks_partly_outside_are_clipped():
    marks = Marks.from_boxes(highlight=[(-10, 20, 50, 300)]).checked(PAGE)
    assert marks == Marks.from_boxes(highlight=[(0, 20, 50, 100)])
    brush = Marks((Shape("highlight", "brush", ((-2, 50),), radius=5),))
    assert brush.checked(PAGE) == brush
    assert brush.rasterise(PAGE).sum() > 0


# To and fro

number = st.floats(-1e6, 1e6)
channel = st.sampled_from(("highlight", "mask"))


def shapes_of(kind, least, most):
    pairs = st.lists(st.tuples(number, number), min_size=least, max_size=most)
    radius = st.floats(0.01, 1e6) if kind == "brush" else st.just(0.0)
    return st.builds(Shape, channel, st.just(kind), pairs.map(tuple), radius)


shape = st.one_of(
    shapes_of("box", 2, 2),
    shapes_of("line", 2, 2),
    shapes_of("brush", 1, 9),
    shapes_of("lasso", 3, 9),
)


@given(st.lists(shape, max_size=5))
def test_json_round_trip(shapes):
    marks = Marks(tuple(shapes))
    assert Marks.from_json(json.loads(json.dumps(marks.to_json()))) == marks
    assert hash(Marks.from_json(marks.to_json())) == hash(marks)


def test_the_json_itself():
    marks = Marks(
        (
            Shape("highlight", "box", ((1, 2), (3, 4))),
            Shape("mask", "brush", ((5, 6),), 12),
        )
    )
    assert marks.to_json() == {
        "shapes": [
            {"channel": "highlight", "kind": "box", "points": [[1, 2], [3, 4]]},
            {"channel": "mask", "kind": "brush", "points": [[5, 6]], "radius": 12},
        ]
    }


def test_bounds():
    marks = Marks(
        (
            Shape("highlight", "box", ((10, 20), (30, 40))),
            Shape("highlight", "brush", ((50, 30), (60, 35)), radius=5),
            Shape("mask", "lasso", ((0, 0), (9, 1), (3, 8))),
        )
    )
    assert marks.bounds("highlight") == (10, 20, 65, 40)
    assert marks.bounds("mask") == (0, 0, 9, 8)
    assert marks.has("mask") and not Marks().has("mask")
    assert Marks().bounds("highlight") is None
