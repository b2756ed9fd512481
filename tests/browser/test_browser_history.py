"""Undo and redo through everything, and what survives a reload or a server that is gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import pages_file, text_page
from screen import Screen

from dessurt_app import strings
from dessurt_app.canvas.files import load_examples

# Presses Undo or Redo as often as it goes; the state after each, as JSON.
WALK = """(name) => {
    const button = document.querySelector(`#page [data-do="${name}"]`);
    const seen = [];
    while (!button.disabled) {
        button.click();
        dispatchEvent(new Event("pagehide"));
        seen.push(sessionStorage.getItem("dessurt:canvas"));
    }
    return seen;
}"""
# Adds a mark, n-th of a hundred; every tenth step clears the page instead.
STEP = """(n) => {
    const box = {channel: n % 3 ? "highlight" : "mask", kind: "box",
        points: [[n, 2 * n], [n + 50.25, 2 * n + 20]]};
    const stroke = {channel: "highlight", kind: "brush", radius: 7.5,
        points: [[n, n], [n + 30.5, n + 9], [n + 60, n]]};
    if (n % 10 == 9) document.querySelector('#page [data-do="clear"]').click();
    else document.dispatchEvent(new CustomEvent("dessurt:add-marks",
        {detail: {shapes: n % 2 ? [box] : [stroke, box]}}));
    dispatchEvent(new Event("pagehide"));
    return sessionStorage.getItem("dessurt:canvas");
}"""


def test_a_hundred_steps_undone_and_redone_are_the_same(screen, fake, tmp_path):
    fake.seconds = 0.01
    start = screen.state()
    states = [screen.tab.evaluate(STEP, n) for n in range(45)]
    screen.open_file(pages_file(tmp_path / "two.pdf", 2))
    screen.wait_for(lambda: screen.tab.is_visible('[data-part="pages"]'))
    opened = screen.state()
    states += [screen.tab.evaluate(STEP, n) for n in range(30)]
    screen.press("page_on")
    screen.wait_for(lambda: screen.state()["page"]["number"] == 1)
    states += [screen.tab.evaluate(STEP, n) for n in range(25)]
    undone = screen.tab.evaluate(WALK, "undo")
    assert len(undone) == 102  # a hundred changes of marks, an opened file, a turned page
    assert screen.state() == start
    assert screen.tab.is_disabled('[data-do="undo"]')
    redone = screen.tab.evaluate(WALK, "redo")
    assert undone[:-1] == redone[-2::-1]
    del redone[76], redone[45]
    assert redone == states
    assert opened["page"]["path"].endswith("two.pdf")
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))
    screen.run_to_end()
    asked = fake.asked[-1][1].marks.to_json()["shapes"]
    assert [shape["kind"] for shape in asked] == [mark["kind"] for mark in screen.marks()]
    assert len(asked) > 0


def test_example_can_be_undone(screen, tmp_path):
    text_page().save(tmp_path / "page.png")
    screen.open_file(tmp_path / "page.png")
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))
    screen.drag((200, 120), (300, 200))
    mine = screen.marks()
    screen.tab.click(f'#examples button:has-text("{load_examples()[1].title}")')
    screen.wait_for(lambda: screen.marks() != mine)
    screen.press("undo")
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))
    assert screen.marks() == mine


def test_reload_brings_page_and_marks_back(screen, fake, tmp_path):
    fake.seconds = 0.01
    screen.open_file(pages_file(tmp_path / "three.pdf", 3))
    screen.press("page_on")
    screen.wait_for(lambda: screen.state()["page"]["number"] == 1)
    screen.drag((200, 120), (300, 200))
    before = screen.state()
    screen.tab.reload()
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))
    assert screen.state() == before
    assert screen.message == ""
    screen.wait_for(lambda: screen.needs == "Needs: ✓ highlight")
    screen.run_to_end()
    (shape,) = fake.asked[-1][1].marks.shapes
    assert [list(point) for point in shape.points] == screen.marks()[0]["points"]
    screen.press("page_back")
    screen.wait_for(lambda: screen.state()["page"]["number"] == 0)


def test_tabs_remember_their_own_page(screen, app, tmp_path):
    text_page().save(tmp_path / "page.png")
    screen.open_file(tmp_path / "page.png")
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))
    other = Screen(screen.tab.context.new_page(), app)
    other.wait_for(lambda: other.caption.startswith("1240 × 1080"))


def test_marks_come_back_with_a_page_that_was_gone(screen, tmp_path):
    file = tmp_path / "page.png"
    text_page(str(tmp_path)).save(file)  # of no other test, as the server keeps equal files once
    screen.open_file(file)
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))
    screen.drag((200, 120), (300, 200))
    marks = screen.marks()
    Path(screen.state()["page"]["path"]).unlink()
    screen.tab.reload()
    screen.wait_for(lambda: screen.message == strings.CANVAS["not_restored"])
    screen.wait_for(lambda: screen.caption.startswith("1240 × 1080"))
    screen.open_file(file)
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))
    assert screen.marks() == marks


@pytest.mark.parametrize("doing", ["open", "turn"])
def test_server_out_of_reach_loses_nothing(screen, tmp_path, doing):
    screen.open_file(pages_file(tmp_path / "two.pdf", 2))
    screen.wait_for(lambda: screen.tab.is_visible('[data-part="pages"]'))
    screen.drag((200, 120), (300, 200))
    marks = screen.marks()
    screen.tab.context.set_offline(True)
    if doing == "open":
        text_page().save(tmp_path / "page.png")
        screen.open_file(tmp_path / "page.png")
        screen.wait_for(lambda: screen.message.startswith("Could not send page.png to the app"))
    else:
        screen.press("page_on")
        screen.wait_for(lambda: screen.message == strings.CANVAS["server_lost"])
    screen.drag((200, 320), (300, 400))
    assert screen.marks()[:1] == marks and len(screen.marks()) == 2
    screen.tab.context.set_offline(False)
    screen.press("page_on")
    screen.wait_for(lambda: screen.state()["page"]["number"] == 1)
    screen.wait_for(lambda: screen.message == "")
    screen.complaints.clear()  # the browser's own, on the network
