"""Inspect: beside the page, live, with exact values; the region cut at any threshold."""

from __future__ import annotations

import io
import math
from collections.abc import Callable

import numpy as np
import pytest
from fake_instrument import FakeInstrument
from inspecting import Inspect, open_paragraph
from PIL import Image
from screen import Fingers, Screen
from serving import serve

from dessurt import Page
from dessurt.protocol import Region
from dessurt_app import strings
from dessurt_app.canvas.files import load_examples
from dessurt_app.models import SHIPPED

LETTER = load_examples()[0]  # 1240 x 1080
# What the fake marks, of a page of this size: box -> how sure it is.
SPOTS = {(124, 108, 372, 216): 0.9, (620, 540, 868, 702): 0.6, (868, 702, 930, 810): 0.3}


class Spots(FakeInstrument):
    """Marks `SPOTS`; the second and the third touch at a corner."""

    def _answer(self, page, request):
        for event in super()._answer(page, request):
            if isinstance(event, Region):
                region = np.zeros(page.size, np.float32)
                for (x0, y0, x1, y1), sure in SPOTS.items():
                    region[y0:y1, x0:x1] = sure
                event = Region(region, event.frame)
            yield event


@pytest.fixture(scope="module")
def fake() -> FakeInstrument:
    return Spots(seconds=0.01)


@pytest.fixture
def inspect(screen: Screen) -> Inspect:
    return Inspect(screen)


def run_with_region(screen: Screen) -> None:
    screen.tab.check("#region input")
    screen.run_to_end()
    screen.wait_for(lambda: screen.tab.is_visible('[data-do="region"]'))


def test_going_there_and_back_keeps_everything(screen, inspect, fake):
    run_with_region(screen)
    before, answer, status = screen.canvas_pixels(), screen.answer, screen.status
    inspect.open()
    assert not screen.tab.is_visible("#answer")
    inspect.back()
    assert (screen.answer, screen.status) == (answer, status)
    assert np.array_equal(screen.canvas_pixels(), before), "page, marks, region, size"
    fake.reset()
    screen.run_to_end()
    assert fake.asked[-1][1].marks == LETTER.marks


def test_the_key_i_goes_there_and_back(screen, inspect):
    screen.tab.focus("#page canvas")
    screen.tab.keyboard.press("i")
    screen.wait_for(lambda: inspect.facts)
    assert screen.tab.evaluate("document.activeElement === document.querySelector('#page canvas')")
    screen.tab.keyboard.press("i")
    screen.wait_for(lambda: screen.tab.is_visible("#answer"))
    screen.choose_task("natural_q~")
    screen.tab.locator("#text textarea, #text input").first.press("i")
    assert screen.tab.is_visible("#answer"), "typing is no command"


def test_it_follows_each_mark_without_asking_the_model(screen, inspect, fake):
    inspect.open()
    screen.wait_for(lambda: inspect.facts["Tensor"] == "2 × 64 × 1024, float32")
    first = len(inspect.arrays)
    screen.press("clear")
    screen.wait_for(lambda: inspect.facts["Marked text"] == "nothing is marked")
    assert inspect.facts["Tensor"] == "2 × 1152 × 768, float32"
    assert inspect.facts["Padding"] == "left 0, top 241, right 0, bottom 242, black"
    screen.drag((150, 120), (300, 160))
    screen.wait_for(lambda: inspect.facts["Tensor"] == "2 × 64 × 1024, float32")
    assert len(inspect.arrays) == first + 2, "one preview a mark"
    assert fake.asked == []


def test_nothing_is_computed_while_it_is_not_in_sight(screen, inspect):
    screen.press("clear")
    screen.drag((150, 120), (300, 160))
    screen.wait_for(lambda: screen.needs == "Needs: ✓ highlight")
    screen.tab.wait_for_timeout(300)
    assert inspect.arrays == []
    inspect.open()
    screen.wait_for(lambda: len(inspect.arrays) == 1)


def test_two_fingers_zoom_the_picture_and_a_touch_reads_its_values(app, open_screen):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    screen = open_screen(app, **phone)
    inspect = Inspect(screen).open()
    screen.tab.locator("#inspect canvas").scroll_into_view_if_needed()
    zoom = screen.tab.locator('#inspect [data-do="zoom_full"]')
    fingers = Fingers(screen, "#inspect canvas")
    middle = screen.tab.locator("#inspect canvas").bounding_box()["height"] / 2
    fitted = int(zoom.text_content().rstrip("%"))
    fingers.move("touchStart", (180, middle))
    fingers.move("touchStart", (180, middle), (200, middle))
    for spread in range(10, 90, 10):
        fingers.move("touchMove", (180 - spread, middle), (200 + spread, middle))
    fingers.move("touchEnd")
    # From 20 to 180 pixels apart.
    screen.wait_for(lambda: 8 < int(zoom.text_content().rstrip("%")) / fitted < 10)
    fingers.move("touchStart", (190, middle))
    fingers.move("touchEnd")
    screen.wait_for(lambda: inspect.text("probe").startswith("x 5"))


def test_values_under_the_cursor_are_exact(screen, inspect, fake):
    inspect.open()
    array = inspect.array()
    stage = screen.tab.locator("#inspect canvas").bounding_box()
    screen.tab.mouse.move(stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2)
    told = inspect.text("probe")
    x, y = (int(word.rstrip(",")) for word in (told.split()[1], told.split()[3]))
    assert (abs(x - 512) <= 2) and (abs(y - 32) <= 2), told
    frame = fake.frame(Page.open(LETTER.page), LETTER.marks)
    (px, py) = frame.to_page((x + 0.5, y + 0.5))
    assert f"(page {px:.1f}, {py:.1f})" in told
    ink, mark = told.split("input ")[1].split(", marks ")
    assert np.float32(ink) == array[0, y, x] and np.float32(mark) == array[1, y, x] == 1
    screen.tab.focus("#inspect canvas")
    screen.tab.keyboard.press("ArrowRight")
    screen.tab.keyboard.press("Shift+ArrowUp")
    assert inspect.text("probe").startswith(f"x {x + 1}, y {y - 10} ")


def test_floats_are_written_so_that_they_read_back(inspect):
    inspect.open()
    values = np.random.default_rng(3).normal(size=200).astype(np.float32)
    values = [*values.tolist(), 0.0, -1.0, 1.0, -0.9921875, float(np.float32(0.1))]
    written = inspect.call(
        "(scripts, values) => values.map(scripts['inspect/input_pictures.js'].exactly)", values
    )
    assert [np.float32(text) for text in written] == [np.float32(value) for value in values]
    assert written[-5:] == ["0", "-1", "1", "-0.9921875", "0.1"]


def test_pictures_show_the_channels_and_where_the_page_ends(screen, inspect):
    screen.press("clear")
    screen.drag((150, 120), (300, 160), keys="Shift")  # a mask: the whole page, as the fake has it
    screen.wait_for(lambda: screen.needs == "Needs: ○ highlight")
    inspect.open()
    height, width = inspect.pixels().shape[:2]
    scale = 0.97 * min(height / 1152, width / 768)
    left, top = (width - 768 * scale) / 2, (height - 1152 * scale) / 2

    def at(x: float, y: float) -> list[int]:
        """The colour at a pixel of the model's image."""
        row, column = round(top + (y + 0.5) * scale), round(left + (x + 0.5) * scale)
        return inspect.pixels()[row, column].tolist()

    rows, columns = np.nonzero(inspect.array()[1] == -1)
    masked = columns.mean(), rows.mean()
    assert at(20, 300)[0] > 240, "paper"
    assert at(20, 100) == [0, 0, 0], "padding"
    assert at(*masked) == [128, 128, 128], "masked"
    inspect.show("Marks")
    assert at(20, 300) == [0, 0, 0] and at(*masked) == [224, 27, 36]
    inspect.show("Overlay")
    assert at(*masked) == [176, 77, 77]
    # A line of dashes where the page's upper edge is.
    inspect.show("Marks")
    columns = slice(round(left) + 2, round(left + 768 * scale) - 2)
    edge = inspect.pixels()[round(top + 241 * scale), columns]
    lit = edge.max(axis=1) > 80
    assert 0.3 < lit.mean() < 0.9


def test_enlarged_pixels_stay_crisp(screen, inspect):
    inspect.open()
    inspect.show("Marks")
    for _ in range(8):
        screen.tab.click('#inspect [data-do="zoom_in"]')
    assert screen.tab.text_content('#inspect [data-do="zoom_full"]') == "800%"
    screen.tab.mouse.move(0, 0)
    colours = {tuple(colour) for colour in inspect.pixels()[40:-40].reshape(-1, 3)}
    assert colours <= {(0, 0, 0), (255, 212, 0)}, "no shade between them"


def test_region_is_cut_in_the_browser(screen, inspect, fake):
    run_with_region(screen)
    inspect.open()
    requests = len(screen.requests)
    # 248 x 108 and 248 x 162 of 1240 x 1080 pixels; 62 x 108 more at 0.3.
    screen.wait_for(lambda: inspect.text("found") == "2 parts, 5.0 % of the page")
    inspect.listen("dessurt:threshold")
    inspect.cut(0.25)
    assert inspect.text("found") == "2 parts, 5.5 % of the page", "touching at a corner is one part"
    inspect.cut(0.7)
    assert inspect.text("found") == "1 part, 2.0 % of the page"
    inspect.cut(0.95)
    none = strings.INSPECT["found_none"].format(threshold="0.95", most="0.90")
    assert inspect.text("found") == none
    assert screen.tab.is_disabled('#inspect [data-do="highlight"]')
    assert [detail["value"] for detail in inspect.heard()] == [0.25, 0.7, 0.95]
    assert len(screen.requests) == requests
    assert len(fake.asked) == 1


def test_a_question_can_be_asked_from_there(screen, inspect):
    screen.tab.check("#region input")
    inspect.open()
    screen.tab.keyboard.press("Control+Enter")
    screen.wait_for(lambda: inspect.text("found") == "2 parts, 5.0 % of the page")
    inspect.show("Region")
    assert not inspect.message
    inspect.back()
    assert screen.answer == "one two three four five six"


def test_the_page_shows_the_region_cut_at_the_same_threshold(screen, inspect):
    plain = screen.canvas_pixels().astype(int)
    run_with_region(screen)
    inspect.open()

    def covered(box: tuple[int, int, int, int]) -> float:
        """How much of a box on the page looks other than without a region."""
        height, width = plain.shape[:2]
        scale = 0.97 * min(height / 1080, width / 1240)
        left, top = (width - 1240 * scale) / 2, (height - 1080 * scale) / 2
        x0, x1 = (round(left + x * scale) for x in (box[0] + 10, box[2] - 10))
        y0, y1 = (round(top + y * scale) for y in (box[1] + 10, box[3] - 10))
        change = np.abs(screen.canvas_pixels().astype(int) - plain).sum(axis=2) > 20
        return float(change[y0:y1, x0:x1].mean())

    sure, half_sure, unsure = SPOTS
    assert (covered(sure), covered(half_sure), covered(unsure)) == (1, 1, 0)
    inspect.cut(0.7)
    assert (covered(sure), covered(half_sure), covered(unsure)) == (1, 0, 0)


def test_region_becomes_a_highlight_in_one_step(screen, inspect, fake):
    run_with_region(screen)
    inspect.open()
    screen.tab.click('#inspect [data-do="highlight"]')
    screen.run_by_key()
    marks = fake.asked[-1][1].marks
    assert marks.shapes[:1] == LETTER.marks.shapes and len(marks.of("highlight")) == 3
    added = sorted(shape.bounds() for shape in marks.shapes[1:])
    assert np.abs(np.array(added) - list(SPOTS)[:2]).max() <= 1
    screen.press("undo")
    screen.run_by_key()
    assert fake.asked[-1][1].marks == LETTER.marks


def test_mask_is_saved_in_the_size_of_the_page(screen, inspect, tmp_path):
    run_with_region(screen)
    inspect.open()
    with screen.tab.expect_download() as download:
        screen.tab.click('#inspect [data-do="save"]')
    download.value.save_as(tmp_path / "mask.png")
    saved = Image.open(tmp_path / "mask.png").convert("L")
    expected = np.zeros((1080, 1240), np.uint8)
    for x0, y0, x1, y1 in list(SPOTS)[:2]:
        expected[y0:y1, x0:x1] = 255
    assert download.value.suggested_filename == "region.png"
    assert np.array_equal(np.asarray(saved), expected)


def test_region_goes_with_its_page_and_with_the_next_question(screen, inspect):
    run_with_region(screen)
    inspect.open()
    screen.wait_for(lambda: inspect.text("found").startswith("2 parts"))
    screen.tab.click(f'#examples button:has-text("{load_examples()[1].title}")')
    screen.wait_for(lambda: inspect.text("found").startswith("No region yet"))
    inspect.back()
    run_with_region(screen)
    screen.tab.uncheck("#region input")
    screen.run_to_end()
    inspect.open()
    screen.wait_for(lambda: inspect.text("found").startswith("No region yet"))


def test_reading_an_array_refuses_what_it_does_not_know(inspect, tmp_path):
    inspect.open()
    file = io.BytesIO()
    np.save(file, np.zeros((2, 3), np.float64))
    told = inspect.call(
        """(scripts, bytes) => {
            const { loadArray } = scripts['inspect/input_pictures.js'];
            const url = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
            return loadArray(url).then(() => 'read', error => error.message);
        }""",
        list(file.getvalue()),
    )
    assert told.startswith("unknown array: {'descr': '<f8'")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_it_fits_the_screen(app, open_screen: Callable[..., Screen], size, dark):
    scheme = {"color_scheme": "dark" if dark else "light"}
    screen = open_screen(app, viewport={"width": size[0], "height": size[1]}, **scheme)
    open_paragraph(Inspect(screen))
    assert screen.tab.evaluate("document.documentElement.scrollWidth") <= size[0]
    if size[0] == 1280:
        assert screen.tab.evaluate("document.documentElement.scrollHeight") <= size[1]
    else:
        small = screen.tab.evaluate(
            """[...document.querySelectorAll('#inspect button, #tabs [role=tab]')]
               .map(b => b.getBoundingClientRect())
               .filter(r => r.width < 44 || r.height < 44).length"""
        )
        assert small == 0


def test_on_a_phone_the_page_and_its_picture_are_seen_together(app, fake, open_screen):
    fake.reset()
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    screen = open_screen(app, **phone)
    Inspect(screen).open()
    page, picture = (
        screen.tab.locator(f"{place} canvas").bounding_box() for place in ("#page", "#inspect")
    )
    assert page["y"] > 0 and page["height"] >= 170
    assert picture["height"] >= 250 and picture["y"] + picture["height"] <= 844


@pytest.mark.slow
@pytest.mark.skipif(not (SHIPPED / "model.safetensors").exists(), reason="no shipped checkpoint")
def test_with_the_shipped_checkpoint(open_screen):
    with serve() as address:
        screen = open_screen(address)
        screen.wait_for(lambda: "dessurt-small" in screen.model)
        inspect = Inspect(screen).open()
        screen.wait_for(lambda: inspect.facts["Tensor"] == "2 × 64 × 512, float32")
        assert " px tall on the page, 22 to the model" in inspect.facts["Marked text"]
        inspect.back()
        run_with_region(screen)
        assert screen.answer == LETTER.expected
        inspect.open()
        screen.wait_for(lambda: not inspect.text("found").startswith("No region yet"))


@pytest.mark.slow
@pytest.mark.skipif(not (SHIPPED / "model.safetensors").exists(), reason="no shipped checkpoint")
def test_a_tilted_line_is_straight_to_the_shipped_checkpoint_and_read_right(open_screen, tmp_path):
    letter = Image.open(LETTER.page).convert("L")
    turned = letter.rotate(-2, Image.Resampling.BICUBIC, fillcolor=250)  # clockwise
    turned.save(tmp_path / "turned.png")
    with serve() as address:
        screen = open_screen(address)
        screen.wait_for(lambda: "dessurt-small" in screen.model)
        screen.open_file(tmp_path / "turned.png")
        screen.wait_for(lambda: screen.tab.is_enabled('[data-tool="line"]'))
        box = LETTER.marks.bounds("highlight")
        x, y = (box[0] + box[2]) / 2 - letter.width / 2, (box[1] + box[3]) / 2 - letter.height / 2
        cos, sin = math.cos(math.radians(2)), math.sin(math.radians(2))
        screen.click_at(
            letter.width / 2 + x * cos - y * sin, letter.height / 2 + x * sin + y * cos
        )
        screen.run_to_end()
        assert screen.answer == LETTER.expected
        inspect = Inspect(screen).open()
        screen.wait_for(lambda: inspect.facts["Tensor"] == "2 × 64 × 512, float32")
        highlight = inspect.array()[1]
        rows, columns = np.nonzero(highlight)
        across, down = np.ptp(columns) + 1, np.ptp(rows) + 1
        assert across > 300 and (highlight > 0).sum() == across * down, "an upright box"
