"""Pages that are measured on turned or from the side, and the marks that people draw there."""

import math

import cv2
import numpy as np
import pytest

from dessurt import Marks, Page
from dessurt.evaluate import page_tasks
from dessurt.evaluate.pages import KnownLine, KnownPage
from dessurt.evaluate.skew import Skew
from dessurt.page.lines import lines_of
from dessurt.page.marks import Shape

PAPER = 200, 210, 220
DARK = 20, 10, 120, 30  # a box on the sheet


def line(*box: float) -> KnownLine:
    return KnownLine("text", box, (box,), (box,))


def sheet(*boxes: tuple[float, ...]) -> KnownPage:
    """100 x 200 pixels with a dark box."""
    pixels = np.full((100, 200, 3), PAPER, np.uint8)
    x0, y0, x1, y1 = DARK
    pixels[y0:y1, x0:x1] = 0
    return KnownPage("p", Page.from_array(pixels), (tuple(line(*box) for box in boxes),))


def boxes_of(known: KnownPage) -> list[tuple[float, ...]]:
    for each in (each for block in known.blocks for each in block):
        assert each.words == each.highlight == (each.box,)
    return [each.box for block in known.blocks for each in block]


def test_a_page_that_is_turned_is_whole_and_its_boxes_are_upright_round_where_they_come_to_lie():
    turned = Skew(30).of(sheet(DARK, (0, 0, 200, 100)))
    cos, sin = math.cos(math.pi / 6), 0.5
    left = 100 * sin  # what the lower left corner comes to stand further left
    x0, y0, x1, y1 = DARK
    box = (x0 * cos - y1 * sin + left, x0 * sin + y0 * cos,
           x1 * cos - y0 * sin + left, x1 * sin + y1 * cos)  # fmt: skip
    whole = 0, 0, 200 * cos + 100 * sin, 200 * sin + 100 * cos
    assert boxes_of(turned) == [pytest.approx(box, abs=1e-3), pytest.approx(whole, abs=1e-3)]
    assert turned.page.size == (187, 224)
    rows, columns = np.nonzero(turned.page.gray < 100)
    found = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    assert found == pytest.approx(box, abs=1.5)
    assert (turned.page.pixels[[0, 0, -1, -1], [0, -1, 0, -1]] == PAPER).all()


def test_turned_the_other_way_text_runs_up_to_the_right():
    (box,) = boxes_of(Skew(-30).of(sheet((0, 0, 200, 0))))
    assert box == pytest.approx((0, 0, 200 * math.cos(math.pi / 6), 100), abs=1e-3)


def test_in_perspective_the_right_hand_side_is_smaller():
    known = Skew(perspective=10).of(sheet((0, 40, 100, 60), (100, 40, 200, 60), (0, 0, 200, 100)))
    assert known.page.size == (100, 180)
    # Four fifths as tall at the right-hand edge, eight ninths in the middle of the sheet.
    assert boxes_of(known) == [
        pytest.approx((0, 40, 100, 60), abs=1e-3),
        pytest.approx((100, 50 - 80 / 9, 180, 50 + 80 / 9), abs=1e-3),
        pytest.approx((0, 0, 180, 100), abs=1e-3),
    ]


def test_a_page_that_is_not_skewed_is_the_same():
    known = sheet(DARK)
    assert Skew().of(known) is known and Skew(0, 0).of(known) is known
    assert str(Skew()) == "" and str(Skew(0.5)) == "turned by 0.5 degrees"


@pytest.fixture(scope="module")
def written() -> KnownPage:
    """Ten lines of text 45 pixels apart; of the truth the box of the last lies far off."""
    pixels = np.full((600, 500), 255, np.uint8)
    for number in range(10):
        bottom = 60 + 45 * number
        cv2.putText(pixels, f"A line of text, number {number}", (80, bottom),
                    cv2.FONT_HERSHEY_DUPLEX, 1, 0, 2)  # fmt: skip
    lines = [line(80, 35 + 45 * number, 425, 70 + 45 * number) for number in range(9)]
    return KnownPage("p", Page.from_array(pixels), ((*lines, line(80, 540, 425, 580)),))


def test_a_click_marks_the_line_under_it(written):
    found = lines_of(written.page)
    assert len(found) == 10
    (block,) = written.blocks
    for truth, shape in zip(block[:9], found, strict=False):
        assert page_tasks.clicked(written.page, [truth]) == Marks((shape,))
    assert page_tasks.clicked(written.page, block[9:]) == Marks()
    # The one that is not found is left out, and what is marked is not clicked on again.
    marks = page_tasks.clicked(written.page, [*block[3:5], block[4], block[9]])
    assert marks == Marks(found[3:5])


def test_a_click_may_miss_a_line_by_a_little(written):
    first, second = lines_of(written.page)[:2]
    x0, y0, x1, y1 = first.bounds()
    assert page_tasks.line_at(written.page, (x0 - 7, y1 - 3)) == first
    assert page_tasks.line_at(written.page, (x0 - 9, y1 - 3)) is None
    assert page_tasks.line_at(written.page, (x1 + 6, y0 - 6)) is None  # 8.5 pixels to the corner
    between = (y1 + second.bounds()[1]) / 2
    assert page_tasks.line_at(written.page, (x0 + 50, between - 1)) == first
    assert page_tasks.line_at(written.page, (x0 + 50, between + 1)) == second


def test_a_clicked_line_is_marked_as_tilted_as_it_lies(written):
    turned = Skew(5).of(written)
    (block,) = turned.blocks
    for truth in block[:9]:
        (shape,) = page_tasks.clicked(turned.page, [truth]).shapes
        assert isinstance(shape, Shape) and len(shape.points) == 4
        (ax, ay), (bx, by) = shape.points[:2]
        assert math.degrees(math.atan2(by - ay, bx - ax)) == pytest.approx(5, abs=0.3)
        x0, y0, x1, y1 = truth.box
        left, top, right, bottom = shape.bounds()
        assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx(
            ((x0 + x1) / 2, (y0 + y1) / 2), abs=10
        )
        # Beside a tilted line, within the upright box round it, is nothing to click on.
        assert page_tasks.line_at(turned.page, (right - 5, top + 3)) != shape


def test_one_box_is_round_all_lines():
    lines = line(10, 20, 200, 40), line(5, 45, 150, 70)
    marks = page_tasks.one_box(sheet().page, lines)
    assert marks == Marks.from_boxes(highlight=[(5, 20, 200, 70)])
