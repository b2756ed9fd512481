"""Lasso, selecting, boxes by keys, fingers, the toolbar and the list of keys."""

from __future__ import annotations

import numpy as np
import pytest
from pages import text_page
from screen import Fingers, Screen

BOX = {"channel": "highlight", "kind": "box", "points": [[100, 100], [300, 200]]}
OTHER = {"channel": "mask", "kind": "box", "points": [[400, 100], [600, 200]]}
STROKE = {"channel": "mask", "kind": "brush", "radius": 20, "points": [[100, 400], [500, 400]]}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def marked(screen: Screen, tmp_path) -> Screen:
    """A page of 800 x 600 with three marks, and the tool that selects."""
    open_page(screen, tmp_path)
    screen.announce("add-marks", {"shapes": [BOX, OTHER, STROKE]})
    screen.key("e")
    return screen


def open_page(screen: Screen, folder) -> None:
    text_page().save(folder / "page.png")
    screen.open_file(folder / "page.png")
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))


def test_lasso_marks_what_it_goes_round(screen, fake, tmp_path):
    fake.seconds = 0.01
    open_page(screen, tmp_path)
    screen.key("l")
    corners = [(100, 100), (500, 120), (480, 420), (300, 260), (120, 400)]
    screen.drag(*(screen.place(*corner) for corner in corners))
    screen.drag(screen.place(50, 50))  # a click goes round nothing
    screen.run_to_end()
    (shape,) = fake.asked[-1][1].marks.shapes
    assert (shape.channel, shape.kind) == ("highlight", "lasso")
    points = np.array(shape.points)
    for corner in corners:
        assert np.hypot(*(points - corner).T).min() <= 1.5
    filled = fake.asked[-1][1].marks.rasterise((600, 800), (1, 1), (0, 0))
    assert filled[150, 300] == 1 and filled[380, 130] == 1 and filled[350, 300] == 0


def test_selected_mark_is_shown_and_deleted(marked):
    before = marked.canvas_pixels()
    marked.click_at(500, 150)
    assert marked.said == "Mask Box, mark 2 of 3, selected"
    assert (marked.canvas_pixels() != before).any(axis=2).sum() > 500
    marked.key("Delete")
    assert marked.marks() == [BOX, STROKE]
    marked.click_at(300, 415)  # within the stroke's thickness
    marked.press("delete")
    assert marked.marks() == [BOX]
    assert marked.tab.is_hidden('[data-do="delete"]')
    marked.click_at(500, 150)
    marked.key("Delete")  # nothing is selected
    assert marked.marks() == [BOX]
    for _ in range(2):
        marked.press("undo")
    assert marked.marks() == [BOX, OTHER, STROKE]


def test_selected_mark_is_moved_but_not_off_the_page(marked):
    marked.drag(marked.place(200, 150), marked.place(240, 180))
    (first, *others) = marked.marks()
    assert others == [OTHER, STROKE]
    assert np.allclose(first["points"], [[140, 130], [340, 230]], atol=1)
    marked.drag(marked.place(240, 180), marked.place(240, -900))
    assert np.allclose(marked.marks()[0]["points"], [[140, 0], [340, 100]], atol=1)
    marked.press("undo")
    marked.press("undo")
    assert marked.marks() == [BOX, OTHER, STROKE]


def test_marks_are_selected_and_deleted_by_keys(marked):
    marked.key("ArrowDown", "ArrowDown", "ArrowDown")
    assert marked.said == "Mask Brush, mark 3 of 3, selected"
    marked.key("ArrowUp", "Delete")
    assert marked.marks() == [BOX, STROKE]


def test_escape_drops_the_selection_first(marked, fake):
    fake.words = ["word"] * 300
    marked.run()
    marked.wait_for(lambda: marked.answer.count("word") >= 1)
    marked.click_at(200, 150)
    marked.tab.keyboard.press("Escape")
    assert marked.tab.is_hidden('[data-do="delete"]')
    assert marked.running
    marked.tab.keyboard.press("Escape")
    marked.wait_for(lambda: not marked.running)


def test_box_by_arrow_keys(screen, tmp_path):
    open_page(screen, tmp_path)
    screen.key("r", "ArrowDown")
    screen.key("ArrowRight", "ArrowRight", "ArrowUp", "Enter")
    screen.key("ArrowDown", "Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowDown", "Enter")
    screen.key("ArrowDown", "Escape", "Enter")
    screen.key("m", "ArrowDown", "Enter")
    (x0, y0), (x1, _) = (screen.place(*corner) for corner in ((0, 0), (0, 0)))
    scale = screen.place(100, 0)[0] / 100 - x0 / 100
    step, wide, tall = 8 / scale, 80 / scale, 16 / scale
    start = np.array([[400 - wide, 300 - tall], [400 + wide, 300 + tall]])
    first, second, third = screen.marks()
    assert np.allclose(first["points"], start + [2 * step, -step], atol=0.1)
    assert np.allclose(second["points"], start + [[0, 0], [step, 2 * step]], atol=0.1)
    assert np.allclose(third["points"], start, atol=0.1)
    assert [mark["channel"] for mark in (first, second, third)] == ["highlight"] * 2 + ["mask"]


def test_where_one_points_with_fingers_the_help_lists_what_they_do(app, open_screen):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    screen = open_screen(app, **phone)
    screen.press("more")
    screen.press("help")
    sheet = screen.tab.locator('[data-part="help"]')
    listed = sheet.inner_text()
    assert sheet.get_attribute("aria-label") == "Help"
    for gesture in ("Tap a line", "Drag with two fingers", "Pinch"):
        assert gesture in listed
    for key in ("Ctrl", "Shift", "Esc", "PgUp", "Letter keys", "wheel"):
        assert key not in listed


def test_list_of_keys(screen):
    screen.key("?")
    rows = screen.tab.locator('[data-part="help"] tr')
    screen.wait_for(lambda: rows.first.is_visible())
    listed = " ".join(rows.all_text_contents())
    for key in ("C, R, B, L", "H, M", "Ctrl+Z", "PgUp", "Esc", "Ctrl+Enter", "Shift + click"):
        assert key in listed
    screen.tab.keyboard.press("Escape")
    assert rows.first.is_hidden()
    assert screen.tab.evaluate("document.activeElement.matches('#page canvas')")
    screen.press("help")
    screen.tab.click('[data-part="help_close"]')
    assert rows.first.is_hidden()


def test_toolbar_is_one_stop_of_the_tab_key(screen):
    def focused() -> str:
        return screen.tab.evaluate(
            "(({dataset: d}) => d.do ?? d.channel ?? d.tool ?? '')(document.activeElement)"
        )

    screen.tab.focus('[data-do="open"]')
    screen.tab.keyboard.press("ArrowRight")
    assert focused() == "open_folder"
    screen.tab.keyboard.press("ArrowRight")
    assert focused() == "highlight"
    screen.tab.keyboard.press("End")
    assert focused() == "help"
    screen.tab.keyboard.press("ArrowRight")
    assert focused() == "open"
    screen.tab.keyboard.press("Tab")
    assert screen.tab.evaluate("document.activeElement.matches('#page canvas')")
    screen.tab.keyboard.press("Shift+Tab")
    assert focused() == "open"


def test_one_finger_draws_and_two_zoom(app, fake, open_screen):
    fake.reset()
    screen = open_screen(app, **PHONE)
    before = screen.marks()
    zoom = screen.tab.locator('[data-do="zoom_full"]')
    fingers = Fingers(screen)
    fingers.move("touchStart", (100, 300))
    fingers.move("touchMove", (150, 330))
    fingers.move("touchMove", (200, 350))
    fingers.move("touchEnd")
    screen.wait_for(lambda: len(screen.marks()) == len(before) + 1)
    assert screen.marks()[-1]["kind"] == "box"
    scale = int(zoom.text_content().rstrip("%"))
    fingers.move("touchStart", (180, 200))
    fingers.move("touchStart", (180, 200), (200, 220))
    for spread in range(10, 100, 10):
        fingers.move("touchMove", (180 - spread, 200), (200 + spread, 220))
    fingers.move("touchEnd", (90, 200))
    fingers.move("touchMove", (60, 300))  # the finger that is left does not draw
    fingers.move("touchEnd")
    screen.wait_for(lambda: int(zoom.text_content().rstrip("%")) > 3 * scale)
    assert len(screen.marks()) == len(before) + 1


@pytest.mark.parametrize("palm_first", [True, False])
def test_a_pen_draws_while_the_palm_rests(app, fake, open_screen, palm_first):
    fake.reset()
    screen = open_screen(app, **PHONE)
    before, zoom = screen.marks(), screen.tab.text_content('[data-do="zoom_full"]')
    fingers = Fingers(screen)
    box = fingers.picture.bounding_box()
    button = screen.tab.locator('#page [data-do="turn_right"]').bounding_box()
    on_button = (button["x"] + 5 - box["x"], button["y"] + 5 - box["y"])

    def pen(kind: str, x: float, y: float) -> None:
        place = {"x": box["x"] + x, "y": box["y"] + y, "button": "left", "clickCount": 1}
        held = 0 if kind == "mouseReleased" else 1
        fingers.session.send("Input.dispatchMouseEvent", {
            "type": kind, **place, "buttons": held, "pointerType": "pen", "force": 0.5,
        })  # fmt: skip

    if palm_first:
        fingers.move("touchStart", on_button)
    pen("mousePressed", 100, 200)
    if not palm_first:
        fingers.move("touchStart", on_button)
    pen("mouseMoved", 150, 220)
    fingers.move("touchMove", (on_button[0] + 2, on_button[1] + 2))
    pen("mouseMoved", 200, 240)
    pen("mouseReleased", 200, 240)
    fingers.move("touchEnd")
    screen.wait_for(lambda: len(screen.marks()) == len(before) + 1)
    assert screen.tab.text_content('[data-do="zoom_full"]') == zoom, "the palm is no second finger"
    fingers.move("touchStart", (100, 300))  # fingers count again
    fingers.move("touchMove", (150, 330))
    fingers.move("touchEnd")
    screen.wait_for(lambda: len(screen.marks()) == len(before) + 2)
    assert screen.marks()[: len(before)] == before, "the palm pressed a button"


def test_one_finger_of_the_hand_moves_the_page_or_scrolls_past_it(app, fake, open_screen):
    fake.reset()
    screen = open_screen(app, **{**PHONE, "viewport": {"width": 390, "height": 560}})
    marks = screen.marks()
    scrolled = "document.scrollingElement.scrollTop"
    fingers = Fingers(screen)

    def swipe_up() -> None:
        fingers.move("touchStart", (180, 200))
        for step in range(1, 9):
            fingers.move("touchMove", (180, 200 - 15 * step))
        fingers.move("touchEnd")

    screen.tab.tap('[data-do="more"]')
    screen.tab.tap('[data-tool="hand"]')
    screen.tab.tap('[data-do="zoom_in"]')
    screen.tab.tap('[data-do="zoom_in"]')
    before = screen.canvas_pixels()
    swipe_up()
    moved = screen.canvas_pixels().astype(int)[:-150, :180]  # without the buttons at the right
    apart = [np.abs(moved - before[by : by + len(moved), :180]).mean() for by in range(150)]
    assert np.argmin(apart) == pytest.approx(120, abs=2)
    assert screen.tab.evaluate(scrolled) == 0

    def scrolls() -> bool:
        screen.tab.tap('[data-do="fit"]')
        screen.tab.wait_for_timeout(200)  # the browser learns from a frame what touches may do
        swipe_up()
        screen.tab.wait_for_timeout(200)
        return screen.tab.evaluate(scrolled) > 60

    screen.wait_for(scrolls)
    assert screen.marks() == marks


def test_phone_has_one_row_of_tools_and_a_second_on_demand(app, fake, open_screen):
    fake.reset()
    screen = open_screen(app, **PHONE)

    def rows() -> list[int]:
        """How many buttons there are in each row."""
        tops = screen.tab.evaluate(
            """[...document.querySelectorAll('#page [role="toolbar"] button')]
               .filter(b => b.offsetParent).map(b => b.getBoundingClientRect().top)"""
        )
        return [tops.count(top) for top in sorted(set(tops))]

    screen.wait_for(lambda: "model sees" in screen.caption)  # which makes it longer
    caption = screen.tab.locator("#caption").bounding_box()
    assert rows() == [8]
    screen.tab.tap('[data-do="more"]')
    assert rows() == [8, 8]
    assert screen.tab.locator("#caption").bounding_box() == caption  # nothing moved
    screen.tab.tap('[data-tool="lasso"]')
    assert screen.tab.get_attribute('[data-tool="lasso"]', "aria-pressed") == "true"
    assert screen.tab.evaluate("document.documentElement.scrollWidth") <= 390
