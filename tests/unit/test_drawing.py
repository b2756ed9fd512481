"""Highlights and masks: where they lie, on level and on turned lines."""

import math
import random

import numpy as np
import pytest

from dessurt.data.questions import drawing
from dessurt.page.marks import Marks, Shape
from dessurt.truth import Line, Truth, Word, mapped_truth
from dessurt.truth import Paragraph as Block

SIZE = (170, 230)  # height, width


def line(text: str, x: float, y: float) -> Line:
    """Characters 8 pixels wide round height `y`, reaching 10 up and 4 down."""
    lefts = x + 8 * np.arange(len(text))
    ends = np.stack([np.stack([lefts, lefts + 8], 1), np.full((len(text), 2), y)], 2)
    return Line(text, ends.astype(np.float32), above=10, below=4)


LINES = (line("once there was a", 40, 60), line("cat", 40, 80), line("and it slept", 40, 100))


def turned(degrees: float) -> tuple[Line, ...]:
    a = math.radians(degrees)
    turn = np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0]])
    return mapped_truth(Truth(SIZE, paragraphs=(Block(LINES),)), turn).lines


def whole(each: Line) -> Word:
    return Word(each, 0, len(each.text) - 1)


def drawn(*shapes: Shape) -> np.ndarray:
    return Marks(shapes).rasterise(SIZE) != 0


def box(shape: Shape) -> list[float]:
    assert shape.kind == "box"
    return [*shape.points[0], *shape.points[1]]


def test_a_part_is_split_into_its_whole_words():
    first = LINES[0]
    assert [word.text for word in drawing.split(whole(first))] == ["once", "there", "was", "a"]
    assert [word.text for word in drawing.split(Word(first, 5, 13))] == ["there", "was"]
    assert [word.text for word in drawing.split(Word(first, 1, 13))] == ["there", "was"]


def test_the_truth_of_level_text_is_boxes():
    there, was = LINES[0].words[1:3]
    assert [box(shape) for shape in drawing.exact([there, was])] == [
        [80, 50, 120, 64],
        [128, 50, 152, 64],
    ]
    assert box(drawing.outline([whole(each) for each in LINES])) == [40, 50, 168, 104]


def test_the_truth_of_turned_text_turns_with_it():
    lines = turned(20)
    (shape,) = drawing.exact([whole(lines[0])])
    assert shape.kind == "lasso"
    np.testing.assert_allclose(shape.points, lines[0].quad(0, 15))
    block = drawing.outline([whole(each) for each in lines])
    a = math.radians(20)
    corners = np.array([(40, 50), (168, 50), (168, 104), (40, 104)])
    back = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    np.testing.assert_allclose(block.points, corners @ back.T, atol=1e-3)


def test_a_line_is_highlighted_as_people_do():
    there_was = Word(LINES[0], 5, 13)  # 80 ... 152
    kinds: dict[str, list[tuple[Shape, ...]]] = {"words": [], "box": [], "brush": []}
    for seed in range(600):
        shapes = drawing.highlight([there_was], random.Random(seed))
        kinds["words" if len(shapes) == 2 else shapes[0].kind].append(shapes)
    assert 0.08 < len(kinds["brush"]) / 600 < 0.16
    assert 0.08 < len(kinds["words"]) / 600 < 0.16
    boxes = [box(shape) for (shape,) in kinds["box"]]
    assert 0.3 < boxes.count([80, 50, 152, 64]) / 600 < 0.42
    x0, y0, x1, y1 = np.transpose(boxes)
    assert 80 - 0.35 * 14 <= x0.min() < 78 and 80 < x0.max() <= 80 + 0.06 * 14
    assert 50 - 0.25 * 14 <= y0.min() < 49 and 50 < y0.max() <= 50 + 0.12 * 14
    assert 152 - 0.06 * 14 <= x1.min() < 152 and 154 < x1.max() <= 152 + 0.35 * 14
    assert 64 - 0.12 * 14 <= y1.min() < 64 and 65 < y1.max() <= 64 + 0.25 * 14
    for first, second in kinds["words"]:
        assert box(first)[::2] == [80, 120] and box(second)[::2] == [128, 152]
    for (stroke,) in kinds["brush"]:
        xs, ys = np.transpose(stroke.points)
        assert 0.35 * 14 <= stroke.radius <= 0.55 * 14
        np.testing.assert_allclose([xs[0], xs[-1]], [80 + 0.35 * 14, 152 - 0.35 * 14])
        assert abs(ys - 57).max() < 5  # the middle between 50 and 64


def test_several_lines_are_highlighted_in_one_manner():
    lines = [whole(each) for each in LINES]
    for seed in range(100):
        shapes = drawing.highlight(lines, random.Random(seed))
        assert len(shapes) in (3, 8)  # lines or words
        assert len({shape.kind for shape in shapes}) == 1


def test_a_block_is_highlighted_as_a_whole_or_line_by_line():
    lines = [whole(each) for each in LINES]
    text = drawn(*drawing.exact(lines))
    found = [drawing.highlight_block(lines, random.Random(seed)) for seed in range(300)]
    for shapes in found:
        marked = drawn(*shapes)
        assert (marked & text).sum() > 0.75 * text.sum(), shapes
        assert not marked[:40].any() and not marked[114:].any(), shapes
    assert sum(len(shapes) == 1 and shapes[0].kind == "box" for shapes in found) > 100
    assert sum(shapes[0].kind == "lasso" for shapes in found) > 30
    assert sum(len(shapes) == 3 and shapes[0].kind == "brush" for shapes in found) > 5
    assert sum(len(shapes) == 8 for shapes in found) > 5
    # A lasso follows the ragged edge: behind "cat" (40 ... 64) it leaves the paper free.
    lassos = [shapes for shapes in found if shapes[0].kind == "lasso"]
    assert not any(drawn(*shapes)[78, 80:].any() for shapes in lassos)


@pytest.mark.parametrize("degrees", [0, 1, 20])
def test_a_mask_hides_its_word_and_hardly_another(degrees):
    first = turned(degrees)[0]
    once, there, was, _ = first.words
    hidden = drawn(*drawing.exact([there]))
    others = drawn(*drawing.exact([once, was]))
    kinds = set()
    for seed in range(200):
        shape = drawing.mask(there, random.Random(seed))
        assert shape.channel == "mask"
        kinds.add(shape.kind)
        covered = drawn(shape)
        assert (covered & hidden).sum() >= 0.98 * hidden.sum(), shape
        assert (covered & others).sum() <= 0.02 * others.sum(), shape
    assert kinds == {"brush", "lasso" if degrees == 20 else "box"}


def test_the_usual_mask_spills_by_two_pixels():
    masks = [drawing.mask(LINES[0].words[1], random.Random(seed)) for seed in range(50)]
    assert [box(m) for m in masks if m.kind == "box"].count([78, 48, 122, 66]) > 10


def test_a_mask_beside_a_word_hides_only_paper():
    text = drawn(*drawing.exact([whole(LINES[0])]))
    for seed in range(50):
        before = drawing.mask_beside(LINES[0].words[0], False, random.Random(seed))
        after = drawing.mask_beside(LINES[0].words[-1], True, random.Random(seed))
        assert before.channel == after.channel == "mask"
        assert not (drawn(before, after) & text).any()
        assert box(before)[1::2] == box(after)[1::2] == [50, 64]
        near, wide = 40 - box(before)[2], box(before)[2] - box(before)[0]
        assert 0.2 * 14 <= near <= 0.4 * 14 and 14 <= wide <= 3 * 14
        assert box(after)[0] - 168 == pytest.approx(near)


def test_highlights_follow_a_turned_line():
    first, second, _ = turned(20)
    text, below = drawn(*drawing.exact([whole(first)])), drawn(*drawing.exact([whole(second)]))
    for seed in range(100):
        covered = drawn(*drawing.highlight([whole(first)], random.Random(seed)))
        assert (covered & text).sum() > 0.7 * text.sum()
        assert (covered & below).sum() < 0.1 * below.sum()
        block = drawn(*drawing.highlight_block([whole(first), whole(second)], random.Random(seed)))
        assert (block & (text | below)).sum() > 0.7 * (text | below).sum()


def test_the_same_seed_draws_the_same():
    lines = [whole(each) for each in LINES]
    for draw in (drawing.highlight, drawing.highlight_block):
        assert draw(lines, random.Random(3)) == draw(lines, random.Random(3))
