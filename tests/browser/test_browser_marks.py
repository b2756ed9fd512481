"""Marks drawn with a real mouse reach the instrument as they were drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_instrument import FakeInstrument
from PIL import Image, ImageDraw
from screen import Screen

SQUARE = (300, 250, 900, 750)  # page pixels: black, on a white page
SIZE = (1200, 1000)


@pytest.fixture
def square_page(tmp_path: Path) -> Path:
    """A page with one large black square."""
    image = Image.new("L", SIZE, 255)
    x0, y0, x1, y1 = SQUARE
    ImageDraw.Draw(image).rectangle((x0, y0, x1 - 1, y1 - 1), fill=0)
    image.save(tmp_path / "square.png")
    return tmp_path / "square.png"


class Sight:
    """Where the page lies on the screen, measured on the picture of the black square."""

    def __init__(self, screen: Screen) -> None:
        dark = 1 - screen.canvas_pixels().mean(axis=2) / 255
        column, row = dark[:, dark.shape[1] // 2], dark[dark.shape[0] // 2]
        (self.x, self.scale_x), (self.y, self.scale_y) = (
            self._axis(row, SQUARE[0], SQUARE[2]),
            self._axis(column, SQUARE[1], SQUARE[3]),
        )

    @staticmethod
    def _axis(line: np.ndarray, start: int, end: int) -> tuple[float, float]:
        inside = np.flatnonzero(line > 0.5)
        first, last = inside[0], inside[-1]
        # The pixel at an edge is as grey as it is covered.
        left = first + (1 - line[first]) - line[first - 1]
        right = last + line[last] + line[last + 1]
        scale = (right - left) / (end - start)
        return left - start * scale, scale

    def to_page(self, x: float, y: float) -> tuple[float, float]:
        return (x - self.x) / self.scale_x, (y - self.y) / self.scale_y


def open_blank(screen: Screen, page: Path) -> None:
    screen.open_file(page)
    screen.wait_for(lambda: screen.caption.startswith("1200 × 1000"))


def marks_received(screen: Screen, fake: FakeInstrument):
    screen.run_to_end()
    return fake.asked[-1][1].marks.shapes


def test_opened_page_reaches_the_instrument(screen, fake, square_page):
    open_blank(screen, square_page)
    screen.drag((100, 100), (300, 200))
    marks_received(screen, fake)
    assert np.array_equal(fake.asked[-1][0].pixels, np.asarray(Image.open(square_page)))


@pytest.mark.parametrize("zoom", ["fit", "zoomed in", "zoomed in and moved", "full size"])
def test_box_is_received_as_drawn(screen, fake, square_page, zoom):
    fake.seconds = 0.01
    open_blank(screen, square_page)
    if zoom.startswith("zoomed in"):
        screen.press("zoom_in")
    if zoom.endswith("moved"):
        screen.drag((400, 300), (350, 240), button="middle")
        screen.drag((400, 300), (380, 330), keys="Space")
    if zoom == "full size":
        screen.press("zoom_full")
        screen.drag((300, 300), (340, 270), button="middle")
    sight = Sight(screen)
    screen.drag((150, 120), (520, 410))
    (shape,) = marks_received(screen, fake)
    assert (shape.channel, shape.kind) == ("highlight", "box")
    drawn = [sight.to_page(150, 120), sight.to_page(520, 410)]
    assert np.abs(np.array(shape.points) - drawn).max() <= 1
    if zoom == "full size":
        assert sight.scale_x == pytest.approx(1, abs=0.002)


def test_zoom_levels_differ(screen, square_page):
    open_blank(screen, square_page)
    scales = [Sight(screen).scale_x]
    screen.press("zoom_in")
    scales.append(Sight(screen).scale_x)
    canvas = screen.tab.locator("#page canvas").bounding_box()
    screen.tab.mouse.move(canvas["x"] + 300, canvas["y"] + 300)
    before = Sight(screen).to_page(300, 300)
    screen.tab.keyboard.down("Control")
    screen.tab.mouse.wheel(0, -40)
    screen.tab.keyboard.up("Control")
    scales.append(Sight(screen).scale_x)
    assert np.allclose(Sight(screen).to_page(300, 300), before, atol=1), "zooms round the mouse"
    assert scales[0] * 1.2 < scales[1] < scales[2]
    screen.press("fit")
    assert Sight(screen).scale_x == pytest.approx(scales[0], abs=0.002)


def test_brush_follows_the_mouse(screen, fake, square_page):
    fake.seconds = 0.01
    open_blank(screen, square_page)
    screen.press("brush")
    sight = Sight(screen)
    path = [(120, 100), (300, 140), (300, 300)]
    screen.drag(*path)
    (shape,) = marks_received(screen, fake)
    assert (shape.channel, shape.kind) == ("highlight", "brush")
    assert shape.radius >= 4
    points = np.array(shape.points)
    for place in path:
        assert np.hypot(*(points - sight.to_page(*place)).T).min() <= 1.5
    # The path goes straight to the corner and then straight down, in small steps.
    start, corner = (np.array(sight.to_page(*place)) for place in path[:2])
    slope = (corner - start)[1] / (corner - start)[0]
    off_first = np.abs(points[:, 1] - start[1] - slope * (points[:, 0] - start[0]))
    off_second = np.abs(points[:, 0] - corner[0])
    assert np.minimum(off_first, off_second).max() <= 1.5
    assert len(points) > 5


def test_shift_draws_into_the_other_channel(screen, fake, square_page):
    fake.seconds = 0.01
    open_blank(screen, square_page)
    screen.drag((150, 120), (300, 200), keys="Shift")
    screen.drag((150, 320), (300, 400))
    screen.press("mask")
    screen.drag((350, 120), (450, 200))
    screen.drag((350, 320), (450, 400), keys="Shift")
    channels = [shape.channel for shape in marks_received(screen, fake)]
    assert channels == ["mask", "highlight", "mask", "highlight"]


def test_undo_redo_and_clear(screen, fake, square_page):
    fake.seconds = 0.01
    open_blank(screen, square_page)
    screen.drag((150, 120), (300, 200))
    screen.drag((350, 120), (450, 200))
    both = marks_received(screen, fake)
    assert len(both) == 2
    screen.press("undo")
    assert marks_received(screen, fake) == both[:1]
    screen.press("redo")
    assert marks_received(screen, fake) == both
    screen.press("clear")
    screen.run_to_end()
    assert screen.status.startswith("This task needs a highlight")
    screen.tab.focus("#page canvas")
    screen.tab.keyboard.press("Control+z")  # clearing can be undone too
    assert marks_received(screen, fake) == both
    screen.tab.focus("#page canvas")
    screen.tab.keyboard.press("Control+z")
    assert marks_received(screen, fake) == both[:1]
    screen.tab.focus("#page canvas")
    screen.tab.keyboard.press("Control+Shift+z")
    assert marks_received(screen, fake) == both


def test_keys_choose_tool_and_channel(screen, fake, square_page):
    fake.seconds = 0.01
    open_blank(screen, square_page)
    screen.tab.focus("#page canvas")
    screen.tab.keyboard.press("b")
    screen.drag((150, 120), (300, 200))
    screen.tab.keyboard.press("r")
    screen.tab.keyboard.press("m")
    screen.drag((350, 120), (450, 200))
    screen.tab.keyboard.press("h")
    screen.drag((350, 320), (450, 400))
    got = [(shape.channel, shape.kind) for shape in marks_received(screen, fake)]
    assert got == [("highlight", "brush"), ("mask", "box"), ("highlight", "box")]


def test_escape_drops_the_box_under_the_mouse(screen, fake, square_page):
    fake.seconds = 0.01
    open_blank(screen, square_page)
    screen.drag((150, 120), (300, 200))
    box = screen.tab.locator("#page canvas").bounding_box()
    screen.tab.mouse.move(box["x"] + 200, box["y"] + 300)
    screen.tab.mouse.down()
    screen.tab.mouse.move(box["x"] + 400, box["y"] + 400)
    screen.tab.keyboard.press("Escape")
    screen.tab.mouse.up()
    assert len(marks_received(screen, fake)) == 1


def test_marks_are_seen_on_the_page(screen, square_page):
    open_blank(screen, square_page)
    empty = screen.canvas_pixels()
    sight = Sight(screen)
    x, y = int(sight.x + 50 * sight.scale_x), int(sight.y + 100 * sight.scale_y)
    assert (empty[y, x] > 240).all()
    screen.drag((x - 20, y - 20), (x + 20, y + 20))
    red, green, blue = screen.canvas_pixels()[y, x].astype(int)
    assert red > 200 and green > 180 and blue < 150, "yellow"
    screen.press("undo")
    assert np.array_equal(screen.canvas_pixels(), empty)
    screen.drag((x - 20, y - 20), (x + 20, y + 20), keys="Shift")
    patch = screen.canvas_pixels()[y - 15 : y + 15, x - 15 : x + 15].reshape(-1, 3).astype(int)
    stripes = patch[:, 0] - patch[:, 1] > 80  # red ones among pale ones
    assert 0.1 < stripes.mean() < 0.9
