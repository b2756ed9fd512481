"""Inspect, of a question whose lines the model sees one by one."""

from __future__ import annotations

import numpy as np
import pytest
from inspecting import PARAGRAPH, Inspect, open_paragraph
from screen import Screen

from dessurt import Marks, Page
from dessurt_app import strings
from dessurt_app.canvas.files import load_examples

LETTER = load_examples()[0]


@pytest.fixture
def inspect(screen: Screen) -> Inspect:
    return Inspect(screen)


def test_lines_that_are_seen_by_themselves_are_looked_at_one_by_one(screen, inspect, fake):
    open_paragraph(inspect)
    assert screen.tab.is_disabled(f'#inspect [aria-label="{strings.INSPECT["line_back"]}"]')
    inspect.choose_line("Next line")
    assert inspect.line == "Line 2 of 3"
    page, line = Page.open(PARAGRAPH.page), Marks(PARAGRAPH.marks.shapes[1:2])
    expected = fake.frame(page, line).channels(page, line)
    screen.wait_for(lambda: np.array_equal(inspect.array(), expected))
    screen.wait_for(lambda: f"y {fake.frame(page, line).window[1]} to" in inspect.facts["Window"])
    screen.tab.focus("#inspect canvas")
    screen.tab.keyboard.press("ArrowUp")  # from the middle of the picture
    ink, mark = (f"{value:.7g}" for value in expected[:, 31, 512])
    assert f"input {ink}, marks {mark}" in inspect.text("probe")
    assert inspect.line == "Line 2 of 3", "arrows on the picture move over its pixels"
    assert fake.asked == []


def test_arrow_keys_go_from_line_to_line(screen, inspect):
    open_paragraph(inspect)
    screen.tab.focus('#inspect [aria-label="Next line"]')
    lines = []
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "Enter"):
        screen.tab.keyboard.press(key)
        lines.append(inspect.line)
    # At the last line its button is disabled, and the other one takes over.
    assert lines == [f"Line {number} of 3" for number in (2, 3, 3, 2, 1)]


def test_the_chosen_line_stays_when_marks_change_and_goes_with_the_page(screen, inspect):
    open_paragraph(inspect)
    inspect.choose_line("Next line")
    inspect.choose_line("Next line")
    screen.drag((150, 400), (300, 430))
    screen.wait_for(lambda: inspect.line == "Line 3 of 4")
    inspect.choose_line("Next line")
    screen.press("undo")
    screen.wait_for(lambda: inspect.line == "Line 3 of 3")
    screen.wait_for(lambda: not inspect.message)
    screen.press("clear")
    screen.wait_for(lambda: inspect.facts["Marked text"] == "nothing is marked")
    assert inspect.line == ""
    screen.press("undo")
    screen.wait_for(lambda: inspect.line == "Line 1 of 3")
    inspect.choose_line("Next line")
    screen.tab.click(f'#examples button:has-text("{LETTER.title}")')
    screen.wait_for(lambda: inspect.line == "")
    screen.tab.click(f'#examples button:has-text("{PARAGRAPH.title}")')
    screen.wait_for(lambda: inspect.line == "Line 1 of 3")


def test_another_task_shows_what_it_makes_the_model_see(screen, inspect):
    open_paragraph(inspect)
    screen.wait_for(lambda: "model sees 3 lines, each by itself" in screen.caption)
    assert screen.caption.endswith(" px tall on the page, 20 to the model")
    inspect.back()
    screen.choose_task("w0>")
    screen.wait_for(lambda: "model sees 1024 × 64 px round the marks" in screen.caption)
    inspect.open()
    screen.wait_for(lambda: inspect.line == "")
    inspect.back()
    screen.choose_task("read_block0>")
    inspect.open()
    screen.wait_for(lambda: inspect.line == "Line 1 of 3")
