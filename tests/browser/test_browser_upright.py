"""A page is turned, straightened and cut to its corners; what is marked and saved moves along."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from screen import Fingers, Screen
from test_browser_access import DESKTOP, PHONE, serious_faults

from dessurt.page import Page
from dessurt.page.marks import Marks
from dessurt.page.upright import Upright
from dessurt_app import strings
from dessurt_app.canvas.files import load_examples

LETTER = Page.open(load_examples()[0].page)
CORNERS = np.array([(150, 130), (1010, 90), (1080, 1290), (90, 1340)], np.float32)


@pytest.fixture
def side(tmp_path: Path) -> Path:
    """The letter, lying on its left side."""
    Image.fromarray(np.rot90(LETTER.pixels)).save(tmp_path / "side.png")
    return tmp_path / "side.png"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """The letter on a dark table, seen a little from the side."""
    height, width = LETTER.size
    square = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(square, CORNERS)
    pixels = cv2.warpPerspective(
        np.asarray(LETTER.gray, np.uint8), matrix, (1200, 1500), borderValue=60
    )
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def upright(screen: Screen) -> dict:
    """How the page that is shown is laid out."""
    return screen.state()["page"]["upright"]


def open_(screen: Screen, file: Path) -> None:
    """Open a file, and wait until its lines are known."""
    screen.open_file(file)
    screen.wait_for(lambda: screen.tab.is_enabled('[data-tool="line"]'))


def size(screen: Screen) -> tuple[int, int]:
    page = screen.state()["page"]
    return page["width"], page["height"]


def test_a_page_on_its_side_is_noticed_turned_and_laid_back(screen, fake, side):
    fake.seconds = 0.01
    open_(screen, side)
    screen.wait_for(lambda: screen.message == strings.CANVAS["not_upright"])
    assert size(screen) == (LETTER.height, LETTER.width)
    screen.tab.click('[data-do="accept"]')
    screen.wait_for(lambda: upright(screen) == {"quarters": 1})
    assert size(screen) == (LETTER.width, LETTER.height) and screen.message == ""
    screen.wait_for(lambda: screen.tab.is_enabled('[data-tool="line"]'))
    screen.key("ArrowDown", "Enter")
    screen.run_to_end()
    page, request = fake.asked[-1]
    assert np.array_equal(page.pixels, LETTER.pixels)
    (mark,) = request.marks.shapes
    screen.press("undo")
    screen.press("undo")
    assert upright(screen) == {} and not screen.marks()
    screen.press("redo")
    screen.press("redo")
    assert upright(screen) == {"quarters": 1}
    screen.press("turn_left")
    screen.wait_for(lambda: upright(screen) == {})
    (moved,) = screen.marks()
    (right,) = Upright(quarters=1).marks_to_page(Marks((mark,)), LETTER.size[::-1]).shapes
    assert moved["points"] == [list(point) for point in right.points]


def test_a_turned_page_survives_a_reload_and_other_pages(screen, tmp_path):
    first, second = (Image.new("L", (300, 200), shade) for shade in (255, 200))
    first.save(tmp_path / "two.tiff", save_all=True, append_images=[second])
    screen.open_file(tmp_path / "two.tiff")
    screen.wait_for(lambda: size(screen) == (300, 200))
    screen.press("box")
    screen.drag(screen.place(30, 20), screen.place(90, 50))
    screen.press("turn_right")
    screen.wait_for(lambda: size(screen) == (200, 300))
    marks = screen.marks()
    assert np.allclose(marks[0]["points"], [[150, 30], [180, 90]], atol=1)
    screen.key("PageDown")
    screen.wait_for(lambda: screen.state()["page"]["number"] == 1)
    assert size(screen) == (300, 200)
    screen.key("PageUp")
    screen.wait_for(lambda: size(screen) == (200, 300))
    screen.tab.reload()
    screen.wait_for(lambda: "200 × 300" in screen.caption)
    assert screen.marks() == marks and upright(screen) == {"quarters": 1}


def test_a_photograph_is_cut_to_its_corners(screen, fake, photo):
    fake.seconds = 0.01
    open_(screen, photo)
    screen.wait_for(lambda: screen.message == strings.CANVAS["is_photo"])
    screen.tab.click('[data-do="accept"]')
    screen.wait_for(lambda: screen.tab.is_visible('[data-part="straightener"]'))
    screen.tab.click('[data-do="apply"]')
    screen.wait_for(lambda: "corners" in upright(screen))
    assert np.abs(np.subtract(upright(screen)["corners"], CORNERS)).max() < 10
    screen.wait_for(lambda: screen.tab.is_enabled('[data-tool="line"]'))
    screen.key("ArrowDown", "Enter")
    screen.run_to_end()
    page, request = fake.asked[-1]
    assert page.size == size(screen)[::-1]
    (mark,) = request.marks.shapes
    (x0, y0), (x1, y1), *_ = mark.outline()
    assert x1 - x0 > 300 and abs(y1 - y0) < 3, "level, but for what the corners are off"
    assert not screen.message, "it is offered no more"


def test_corners_are_dragged_and_moved_by_keys(screen, photo):
    open_(screen, photo)
    screen.press("straighten")
    screen.wait_for(lambda: screen.tab.is_visible('[data-part="straightener"]'))
    screen.next_frame()
    x, y = CORNERS[2].tolist()
    screen.drag(screen.place(x, y), screen.place(1000, 1200))
    screen.key("1", "Shift+ArrowRight", "ArrowDown", "Enter")
    screen.wait_for(lambda: "corners" in upright(screen))
    corners = np.array(upright(screen)["corners"])
    assert np.abs(corners[2] - (1000, 1200)).max() < 10
    right, down = corners[0] - CORNERS[0]
    assert right > 8 and -8 < down < 12
    assert np.abs(corners[[1, 3]] - CORNERS[[1, 3]]).max() < 10


def test_lines_are_made_level_by_an_angle(screen, tmp_path):
    letter = Image.fromarray(LETTER.pixels).convert("L")
    letter.rotate(-5, Image.Resampling.BICUBIC, expand=True, fillcolor=250).save(
        tmp_path / "tilted.png"
    )
    open_(screen, tmp_path / "tilted.png")
    screen.press("straighten")
    field = '[data-part="straightener"] input'
    screen.wait_for(lambda: screen.tab.is_visible(field))
    measured = float(screen.tab.input_value(field))
    assert measured == pytest.approx(5, abs=0.11)
    before = screen.canvas_pixels()
    screen.tab.fill(field, "3")
    assert (screen.canvas_pixels() != before).any(), "lines show the angle"
    screen.tab.press(field, "Escape")
    assert upright(screen) == {} and screen.tab.is_hidden(field)
    screen.press("straighten")
    screen.wait_for(lambda: screen.tab.is_visible(field))
    screen.tab.press(field, "Enter")
    screen.wait_for(lambda: upright(screen) == {"angle": measured})


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_straightening_is_reached_by_everybody(app, open_screen, photo, device):
    screen = open_screen(app, **device)
    open_(screen, photo)
    screen.wait_for(lambda: screen.message)
    assert serious_faults(screen) == []
    screen.tab.click('[data-do="accept"]')
    screen.wait_for(lambda: screen.tab.is_visible('[data-part="straightener"]'))
    assert serious_faults(screen) == []
    if device.get("has_touch"):
        x, y = screen.place(*CORNERS[1].tolist())
        finger = Fingers(screen)
        finger.move("touchStart", (x, y))
        finger.move("touchMove", (x - 20, y + 20))
        finger.move("touchEnd")
    screen.tab.click('[data-do="apply"]')
    screen.wait_for(lambda: "corners" in upright(screen))
    moved = upright(screen)["corners"][1][0] < CORNERS[1][0] - 20
    assert moved == bool(device.get("has_touch"))
