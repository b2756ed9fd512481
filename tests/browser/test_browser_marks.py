"""Marks drawn with a real mouse reach the instrument as they were drawn."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from fake_instrument import FakeInstrument
from PIL import Image, ImageDraw
from screen import Screen

from dessurt.page.marks import Marks

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


@pytest.mark.parametrize("ratio", [1, 2, 3])
@pytest.mark.parametrize("zoom", [0.2, 1, 4])
def test_rasterised_marks_are_where_they_were_drawn(app, fake, open_screen, tmp_path, zoom, ratio):
    fake.reset()
    fake.seconds = 0.01
    corner = 830, 1080  # of a black square, page pixels
    page = Image.new("L", (1700, 2200), 255)
    ImageDraw.Draw(page).rectangle((*corner, corner[0] + 39, corner[1] + 39), fill=0)
    page.save(tmp_path / "corner.png")
    screen = open_screen(app, device_scale_factor=ratio)
    screen.open_file(tmp_path / "corner.png")
    screen.wait_for(lambda: screen.caption.startswith("1700 × 2200"))
    middle = zoom_to(screen, zoom)
    left, top = upper_left(screen)
    start, end = (middle[0] - 31.5, middle[1] - 20), (middle[0] + 37, middle[1] + 29.25)
    ideal = [
        corner[axis] + (point[axis] - (left, top)[axis]) / zoom
        for point in (start, end)
        for axis in (0, 1)
    ]
    screen.drag(start, end)
    screen.press("brush")
    screen.drag(start, end, keys="Shift")
    screen.run_to_end()
    marks = fake.asked[-1][1].marks
    assert [shape.kind for shape in marks.shapes] == ["box", "brush"]
    for channel, thickness in (("highlight", 0), ("mask", marks.shapes[1].radius)):
        grid = Marks(marks.of(channel)).rasterise((2200, 1700))
        rows, columns = grid.any(axis=1).nonzero()[0], grid.any(axis=0).nonzero()[0]
        drawn = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        wide = np.array([-thickness, -thickness, thickness, thickness])
        assert np.abs(drawn - (ideal + wide)).max() <= 1


def zoom_to(screen: Screen, zoom: float) -> tuple[float, float]:
    """Zoom round the middle of the canvas, which is returned, in CSS pixels."""
    screen.press("zoom_full")
    canvas = screen.tab.locator("#page canvas").bounding_box()
    middle = canvas["width"] / 2, canvas["height"] / 2
    at = canvas["x"] + middle[0], canvas["y"] + middle[1]
    # Not the mouse of the test, whose wheel turns by other amounts where pixels are dense.
    screen.tab.evaluate(
        """([x, y, by]) => document.querySelector("#page canvas").dispatchEvent(
            new WheelEvent("wheel", {clientX: x, clientY: y, deltaY: by, ctrlKey: true}))""",
        [*at, -400 * np.log(zoom)],
    )
    shown = f"{round(100 * zoom)}%"
    screen.wait_for(lambda: screen.tab.text_content('[data-do="zoom_full"]') == shown)
    return middle


def upper_left(screen: Screen) -> list[float]:
    """x and y of the corner of the black square on the canvas, in CSS pixels and parts of them."""
    # The canvas's own pixels: on the screen it may lie a part of a pixel beside its place.
    picture, width = screen.tab.evaluate(
        """async () => {
            for (let n = 0; n < 2; n++) await new Promise(requestAnimationFrame);
            const canvas = document.querySelector("#page canvas");
            return [canvas.toDataURL().split(",")[1], canvas.getBoundingClientRect().width];
        }"""
    )
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGBA"))
    dark = (1 - seen[:, :, 0] / 255) * (seen[:, :, 3] / 255)
    row, column = np.median(np.argwhere(dark > 0.9), axis=0).astype(int)
    edges = []
    for line in (dark[row, : column + 1], dark[: row + 1, column]):
        start = len(line) - 1 - np.argmax(line[::-1] < 0.05)  # the last white one before it
        edges.append((len(line) - line[start:].sum()) * width / seen.shape[1])
    return edges


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


STROKES = [
    {"channel": "highlight", "kind": "brush", "radius": 8, "points": [
        [60 + 40 * (n % 25) + 2 * step, 60 + 70 * (n // 25) + step % 2] for step in range(40)
    ]}
    for n in range(300)
]  # fmt: skip
COUNT_STROKES = """() => {
    const { prototype } = CanvasRenderingContext2D;
    const draw = prototype.stroke;
    window.strokes = 0;
    prototype.stroke = function (...given) {
        strokes++;
        return draw.apply(this, given);
    };
}"""


@pytest.fixture
def crowded(screen: Screen, square_page: Path) -> Screen:
    """A page with 300 long brush strokes on it; `strokes` counts those drawn from now on."""
    open_blank(screen, square_page)
    screen.announce("add-marks", {"shapes": STROKES})
    screen.canvas_pixels()
    screen.tab.evaluate(COUNT_STROKES)
    return screen


def strokes_drawn(screen: Screen) -> int:
    """Since this was asked last."""
    return screen.tab.evaluate("[strokes, (strokes = 0)][0]")


def test_a_new_mark_is_drawn_alone(crowded):
    before = crowded.canvas_pixels()
    crowded.drag((150, 20), (300, 60))
    assert (crowded.canvas_pixels() != before).any()
    assert strokes_drawn(crowded) == 0
    crowded.press("undo")
    assert np.array_equal(crowded.canvas_pixels(), before)
    assert strokes_drawn(crowded) == 300


def test_many_marks_are_drawn_again_only_when_the_view_rests(crowded):
    canvas = crowded.tab.locator("#page canvas").bounding_box()
    crowded.tab.clock.install(time=0)
    crowded.tab.clock.pause_at(1000)
    crowded.tab.mouse.move(canvas["x"] + 300, canvas["y"] + 200)
    crowded.tab.mouse.down(button="middle")
    for step in range(1, 11):
        crowded.tab.mouse.move(canvas["x"] + 300 + 2 * step, canvas["y"] + 200 + step)
        crowded.tab.clock.run_for(20)
    crowded.tab.mouse.up(button="middle")
    assert strokes_drawn(crowded) == 0
    shifted = crowded.canvas_pixels()
    crowded.tab.clock.run_for(200)
    assert strokes_drawn(crowded) == 300
    # Moved by whole pixels, so that only what has come into sight may differ.
    apart = np.abs(crowded.canvas_pixels() - shifted.astype(int))[20:-20, 30:-30]
    assert apart.mean() < 0.1  # one pixel beside: 2
    crowded.press("zoom_in")
    crowded.tab.clock.run_for(20)
    assert strokes_drawn(crowded) == 0
    stretched = crowded.canvas_pixels().astype(int)
    crowded.tab.clock.run_for(200)
    assert strokes_drawn(crowded) == 300
    redrawn = crowded.canvas_pixels().astype(int)
    assert 0 < np.abs(redrawn - stretched).mean() < 1.5
    crowded.tab.clock.resume()


def test_marks_are_sent_as_text(screen, fake, square_page):
    """As an object Gradio's front end would wrap every number of them, for seconds if many."""
    open_blank(screen, square_page)
    screen.drag((150, 120), (300, 200))
    before = len(screen.requests)
    screen.run_to_end()
    bodies = (r.post_data_json for r in screen.requests[before:] if "/join" in r.url)
    (canvas,) = (body["data"][0] for body in bodies if len(body["data"]) == 6)
    (shape,) = fake.asked[-1][1].marks.to_json()["shapes"]
    assert json.loads(canvas["marks"]) == {"shapes": [shape]}


def test_a_mark_is_on_the_screen_before_anybody_is_told(screen):
    """Gradio collects the whole value and sends it: that must not delay the frame with the mark."""
    screen.tab.evaluate(
        """() => {
            window.order = [];
            const fetched = window.fetch;
            window.fetch = (...given) => {
                if (String(given[0]).endsWith("/predict")) order.push("told");
                return fetched(...given);
            };
            addEventListener("pointerup", () => {
                order.length = 0;
                requestAnimationFrame(() => order.push("painted"));
            });
        }"""
    )
    screen.press("brush")
    screen.drag((200, 100), (400, 160))
    screen.wait_for(lambda: "told" in screen.tab.evaluate("order"))
    assert screen.tab.evaluate("order")[:2] == ["painted", "told"]
