"""Lines of text are marked by a click, or by the arrow keys and Enter."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from pages import text_page
from PIL import Image
from screen import Screen

from dessurt.page.lines import find_lines
from dessurt_app import strings


@pytest.fixture
def boxes(screen: Screen, fake, tmp_path: Path) -> list:
    """The boxes of four lines on a page that has been opened."""
    fake.seconds = 0.01
    text_page().save(tmp_path / "text.png")
    screen.open_file(tmp_path / "text.png")
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))
    screen.wait_for(lambda: screen.tab.is_enabled('[data-tool="line"]'))
    found = find_lines(np.asarray(text_page()))
    assert len(found) == 4
    return [np.round(line.points, 2).tolist() for line in found]  # as the browser does


def middle(box: list) -> tuple[float, float]:
    (x0, y0), (x1, y1) = box
    return (x0 + x1) / 2, (y0 + y1) / 2


def drawn(screen: Screen) -> list[tuple]:
    """Channel, kind and points of the marks."""
    return [(mark["channel"], mark["kind"], mark["points"]) for mark in screen.marks()]


def test_click_marks_a_line_and_takes_it_away(screen, fake, boxes):
    screen.click_at(*middle(boxes[1]))
    screen.run_to_end()
    (shape,) = fake.asked[-1][1].marks.shapes
    assert (shape.channel, shape.kind) == ("highlight", "line")
    assert [list(point) for point in shape.points] == boxes[1]
    assert screen.said == "Highlight Line added, marks: 1"
    screen.click_at(*middle(boxes[1]))
    assert drawn(screen) == []
    screen.press("mask")
    screen.click_at(*middle(boxes[2]))
    assert drawn(screen) == [("mask", "line", boxes[2])]
    x, y = middle(boxes[3])
    screen.click_at(x, y + 60)  # where nothing is
    assert len(drawn(screen)) == 1


def test_shift_click_marks_all_lines_from_the_last_one(screen, boxes):
    screen.click_at(*middle(boxes[3]))
    screen.click_at(*middle(boxes[1]), keys="Shift")
    expected = [("highlight", "line", boxes[number]) for number in (3, 1, 2)]
    assert drawn(screen) == expected
    screen.press("undo")
    assert drawn(screen) == expected[:1]


def test_the_line_under_the_mouse_is_shown(screen, boxes):
    box = screen.tab.locator("#page canvas").bounding_box()
    before = screen.canvas_pixels()
    x, y = screen.place(*middle(boxes[2]))
    screen.tab.mouse.move(box["x"] + x, box["y"] + y)
    rows = np.flatnonzero((screen.canvas_pixels() != before).any(axis=(1, 2)))
    (_, top), (_, bottom) = (screen.place(*corner) for corner in boxes[2])
    assert top - 5 <= rows.min() <= top + 1 and bottom - 1 <= rows.max() <= bottom + 5
    screen.tab.mouse.move(box["x"] + x, 5)
    assert np.array_equal(screen.canvas_pixels(), before)


def test_from_an_own_page_to_its_line_in_three_clicks(screen, fake, tmp_path):
    fake.seconds = 0.01
    text_page().save(tmp_path / "own.png")
    line = find_lines(np.asarray(text_page()))[2]
    screen.tab.evaluate(
        """() => {
            window.clicks = 0;
            addEventListener("pointerdown", () => clicks++, true);
        }"""
    )
    with screen.tab.expect_file_chooser() as chooser:
        screen.press("open")
    chooser.value.set_files(tmp_path / "own.png")
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))
    screen.wait_for(lambda: screen.tab.is_enabled('[data-tool="line"]'))
    screen.click_at(*middle(line.points))
    screen.run_to_end()
    assert screen.answer == "one two three four five six"
    (shape,) = fake.asked[-1][1].marks.shapes
    assert (shape.kind, shape.bounds()) == ("line", line.bounds())
    assert screen.tab.evaluate("clicks") == 3


def test_dragging_draws_a_box(screen, boxes):
    screen.drag((150, 120), (300, 200))
    screen.drag((150, 320), (300, 400), keys="Shift")
    assert [mark[:2] for mark in drawn(screen)] == [("highlight", "box"), ("mask", "box")]


def test_lines_are_marked_without_a_mouse(screen, fake, boxes):
    screen.key("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp")
    assert screen.said == "Line 2 of 4"
    screen.key("Enter")
    assert drawn(screen) == [("highlight", "line", boxes[1])]
    screen.key("ArrowDown", "ArrowDown", "Shift+Enter")
    expected = [("highlight", "line", boxes[number]) for number in (1, 2, 3)]
    assert drawn(screen) == expected
    screen.key("ArrowUp")
    assert screen.said == "Line 3 of 4, marked"
    screen.key("Enter", "Control+Enter")
    screen.wait_for(lambda: screen.status.startswith("6 tokens"))
    points = [[list(p) for p in shape.points] for shape in fake.asked[-1][1].marks.shapes]
    assert points == [boxes[1], boxes[3]]
    screen.tab.focus("#page canvas")
    screen.tab.keyboard.press("Tab")
    assert not screen.tab.evaluate("document.activeElement.matches('#page canvas')")


def test_a_page_without_text_has_no_lines_but_boxes(screen, tmp_path):
    Image.new("L", (700, 500), 255).save(tmp_path / "white.png")
    screen.open_file(tmp_path / "white.png")
    screen.wait_for(lambda: screen.caption.startswith("700 × 500"))
    screen.wait_for(lambda: screen.tab.is_disabled('[data-tool="line"]'))
    assert screen.tab.get_attribute('[data-tool="box"]', "aria-pressed") == "true"
    screen.drag((200, 120), (300, 200))
    assert [mark[:2] for mark in drawn(screen)] == [("highlight", "box")]


def why_off(screen: Screen) -> str:
    """What pointing at the line tool tells, and focusing it, while it is off."""
    button = screen.tab.locator('[data-tool="line"]')
    assert button.get_attribute("aria-disabled") == "true"
    assert not button.evaluate("button => button.disabled"), "it could not be focused"
    return button.get_attribute("title")


def test_why_lines_cannot_be_marked_is_told_where_that_is(screen, tmp_path):
    told = "No lines of text were found on this page: draw a box instead."
    Image.new("L", (700, 500), 255).save(tmp_path / "white.png")
    screen.open_file(tmp_path / "white.png")
    screen.wait_for(lambda: why_off(screen) == told)
    assert screen.message == ""  # nobody has asked for lines
    screen.key("b", "c")
    assert screen.message == told
    assert screen.tab.get_attribute('[data-part="message"]', "role") == "alert"
    assert screen.tab.get_attribute('[data-tool="box"]', "aria-pressed") == "true"
    screen.press("dismiss")
    # From the toolbar, without a mouse: it is one of its stops though it is off.
    screen.tab.focus('[data-channel="mask"]')
    screen.tab.keyboard.press("ArrowRight")
    assert screen.tab.evaluate("document.activeElement.dataset.tool") == "line"
    screen.tab.keyboard.press("Enter")
    assert screen.message == told
    screen.tab.keyboard.press("ArrowRight")
    assert screen.tab.evaluate("document.activeElement.dataset.tool") == "box"
    text_page().save(tmp_path / "text.png")
    screen.open_file(tmp_path / "text.png")
    screen.wait_for(lambda: screen.tab.is_enabled('[data-tool="line"]'))
    assert screen.message == ""
    assert screen.tab.get_attribute('[data-tool="line"]', "title").startswith("Line (C): click")
    screen.press("close")
    assert why_off(screen).startswith("Open a page")


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"lines": []}, strings.CANVAS["lines_none"]),
        ({"lines": [[[60, 80], [400, 120]]]}, ""),
        ({"lines": [], "error": "This page is gone."}, "This page is gone."),
        (None, strings.CANVAS["lines_failed"]),
    ],
)
def test_who_asks_for_lines_too_early_is_told_what_came_of_it(screen, tmp_path, found, told):
    held = []  # until the test has seen what is told meanwhile

    def hold(route) -> None:
        looks = "find_lines" in route.request.post_data
        held.append(route) if looks else route.continue_()

    screen.tab.route("**/component_server/**", hold)
    text_page().save(tmp_path / "text.png")
    screen.open_file(tmp_path / "text.png")
    assert why_off(screen) == "Looking for lines…"
    screen.key("c")
    assert screen.message == "Looking for lines…"
    (route,) = held
    route.abort() if found is None else route.fulfill(json=found)
    screen.wait_for(lambda: screen.message == told)
    assert screen.tab.is_enabled('[data-tool="line"]') == (told == "")
    if told:
        assert why_off(screen) == told
    screen.complaints.clear()  # the browser's own, of an answer that did not come


def test_a_line_of_a_turned_page_is_marked_as_it_lies(screen, fake, tmp_path):
    fake.seconds = 0.01
    page = text_page().rotate(-3, Image.Resampling.BICUBIC, fillcolor="white")  # clockwise
    page.save(tmp_path / "turned.png")
    screen.open_file(tmp_path / "turned.png")
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))
    screen.wait_for(lambda: screen.tab.is_enabled('[data-tool="line"]'))
    line = find_lines(np.asarray(page.convert("L")))[2]
    (x0, y0), (x1, y1), *_ = line.points
    assert math.degrees(math.atan2(y1 - y0, x1 - x0)) == pytest.approx(3, abs=0.2)
    screen.click_at(*np.mean(line.points, 0))
    ((channel, kind, points),) = drawn(screen)
    assert (channel, kind) == ("highlight", "line")
    np.testing.assert_allclose(points, line.points, atol=0.1)
    screen.run_to_end()
    (shape,) = fake.asked[-1][1].marks.shapes
    np.testing.assert_allclose(shape.points, line.points, atol=0.1)
    screen.click_at(*np.mean(line.points, 0))
    assert not drawn(screen)
