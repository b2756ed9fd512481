"""What the browser may call on the canvas: pages of a file, lines, thumbnails, cutting out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from dessurt.page import Page, PageError
from dessurt_app import strings
from dessurt_app.canvas import open_pages
from dessurt_app.canvas.canvas_value import read_value
from dessurt_app.canvas.files import CanvasError, load_examples
from dessurt_app.canvas.page_canvas import PageCanvas

LETTER = str(load_examples()[0].page)
FUNCTIONS = (
    "open_page", "find_lines", "thumbnails", "crop", "turn", "straightening", "straighten",
    "unlock",
)  # fmt: skip
BOX = {"channel": "highlight", "kind": "box", "points": [[150.0, 473.0], [1293.0, 502.0]]}


@pytest.fixture
def uploaded(tmp_path, monkeypatch) -> Path:
    """A folder that counts as Gradio's upload folder."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def canvas() -> PageCanvas:
    return PageCanvas()


@pytest.fixture(params=["pdf", "tiff"])
def three_pages(request, uploaded) -> str:
    """A file of three pages; as a PDF it is drawn at 150 dpi, here that is 2 pixels for 1."""
    shades = [Image.new("L", (100 + 10 * n, 200), 60 * n) for n in range(3)]
    file = uploaded / f"three.{request.param}"
    shades[0].save(file, save_all=True, append_images=shades[1:], resolution=75)
    return str(file)


def shade(picture: str) -> int:
    return round(float(np.asarray(Image.open(picture).convert("L")).mean()))


def test_any_page_of_a_file_is_opened(canvas, three_pages):
    times = 2 if three_pages.endswith("pdf") else 1
    for number in range(3):
        value = canvas.open_page([three_pages, number])
        assert (value["page"], value["number"], value["pages"]) == (three_pages, number, 3)
        width = (100 + 10 * number) * times
        assert abs(value["width"] - width) <= 1 and abs(value["height"] - 200 * times) <= 1
        assert abs(shade(value["picture"]) - 60 * number) <= 2
        assert read_value(value).page.width == value["width"]


def test_the_first_page_needs_no_number(canvas, three_pages):
    assert canvas.open_page(three_pages) == canvas.open_page([three_pages, 0])
    value = canvas.open_page([three_pages, 0])
    del value["number"]
    assert read_value(value).page.pixels.mean() < 2


@pytest.mark.parametrize("number", [3, -1, 10**6])
def test_a_page_that_is_not_there(canvas, three_pages, number):
    told = canvas.open_page([three_pages, number])["error"]
    assert "has 3 pages" in told and told.endswith("choose one from 1 to 3.")


@pytest.mark.parametrize("number", [None, "1", 0.5, True, [0], {}, 10**30])
def test_a_number_that_is_none(canvas, number):
    assert canvas.open_page([LETTER, number]) == {"error": strings.NO_NUMBER}
    with pytest.raises(CanvasError, match="whole number"):
        read_value({"page": LETTER, "number": number})


def test_lines_of_one_page_of_several(canvas, uploaded):
    pages = [Image.new("RGB", (600, 200), "white") for _ in range(2)]
    face = ImageFont.load_default(24)
    for y in (40, 100):
        ImageDraw.Draw(pages[1]).text((50, y), "A line of words on the second page", "navy", face)
    pages[0].save(uploaded / "two.tiff", save_all=True, append_images=pages[1:])
    assert canvas.find_lines([str(uploaded / "two.tiff"), 0])["lines"] == []
    upper, lower = canvas.find_lines([str(uploaded / "two.tiff"), 1])["lines"]
    (x0, y0), (x1, y1) = upper
    assert 44 < x0 < 52 and 430 < x1 < 460
    assert 40 < y0 < 50 and 66 < y1 < 80
    assert np.subtract(lower, upper).tolist() == [[0, 60], [0, 60]]


def test_thumbnails_show_every_page_small(canvas, three_pages):
    pictures = canvas.thumbnails([[three_pages, n] for n in range(3)])["pictures"]
    assert [abs(shade(picture) - 60 * n) <= 2 for n, picture in enumerate(pictures)] == [True] * 3
    assert all(max(Image.open(picture).size) <= 200 for picture in pictures)
    assert Image.open(pictures[0]).height in (158, 159, 160)
    assert canvas.thumbnails([[three_pages, 2]])["pictures"] == pictures[2:]


def test_many_thumbnails_come_in_batches(canvas, uploaded):
    shades = [Image.new("L", (20, 30), n) for n in range(50)]
    file = str(uploaded / "many.tiff")
    shades[0].save(file, save_all=True, append_images=shades[1:])
    places = [[file, n] for n in range(50)]
    batches = [canvas.thumbnails(places[first:])["pictures"] for first in (0, 24, 48, 50)]
    assert [len(batch) for batch in batches] == [24, 24, 2, 0]
    assert [shade(picture) for batch in batches for picture in batch] == list(range(50))


def test_thumbnails_are_of_several_files(canvas, three_pages, uploaded):
    Image.new("L", (20, 30), 90).save(uploaded / "grey.png")
    places = [[str(uploaded / "grey.png"), 0], [three_pages, 1]]
    assert [abs(shade(p) - s) <= 2 for p, s in zip(
        canvas.thumbnails(places)["pictures"], (90, 60), strict=True)] == [True, True]  # fmt: skip


def test_a_damaged_page_among_others_has_a_white_thumbnail(canvas, three_pages, monkeypatch):
    opened = Page.open

    def fail(path, number, side):
        if number == 1:
            raise PageError("Cut off.")
        return opened(path, number, side)

    monkeypatch.setattr(Page, "open", fail)
    pictures = canvas.thumbnails([[three_pages, n] for n in range(3)])["pictures"]
    assert [shade(picture) for picture in pictures[1:]] == [255, 120]


def test_what_is_cut_out_is_a_page_with_the_same_pixels(canvas, uploaded):
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(uploaded / "page.png")
    value = canvas.crop([[str(uploaded / "page.png"), 0], 10.2, 20, 60, 49.5])
    assert (value["width"], value["height"], value["marks"]) == (50, 30, {"shapes": []})
    assert (value["number"], value["pages"]) == (0, 1)
    assert np.array_equal(read_value(value).page.pixels, pixels[20:50, 10:60])
    over = canvas.crop([[str(uploaded / "page.png"), 0], -50, 80, 500, 500])
    assert np.array_equal(read_value(over).page.pixels, pixels[80:])


@pytest.mark.parametrize(
    "box",
    [[], [1, 2, 3], [0, 0, 9, "9"], [0, 0, float("nan"), 9], [0, 0, 1e300, 9], [0, 0, True, 9]],
)
def test_what_is_no_box_is_not_cut_out(canvas, box):
    assert canvas.crop([[LETTER, 0], *box]) == {"error": strings.NO_BOX}


@pytest.mark.parametrize("box", [[50, 50, 50, 50], [90, 9, 10, 50], [9e5, 9e5, 9.1e5, 9.1e5]])
def test_nothing_is_too_small_to_be_cut_out(canvas, box):
    assert "too small" in canvas.crop([[LETTER, 0], *box])["error"]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    "wanted",
    [
        "/etc/passwd",
        ["/etc/passwd", 0],
        [LETTER + "/../../README.md", 0],
        ["file:///etc/passwd", 0],
        ["\0", 0],
        [["/etc/passwd"], 0],
        [{"path": "/etc/passwd"}, 0],
        [],
        None,
        7,
        {},
        [LETTER],
        [LETTER, 0, {}, 1],
    ],
)
def test_no_function_opens_what_is_not_ours(canvas, function, wanted, monkeypatch):
    more = {
        "crop": [0, 0, 9, 9], "turn": [[], 1], "straighten": [[], None, 0], "unlock": ["secret"],
        "thumbnails": [],
    }  # fmt: skip
    if function in more:
        wanted = [wanted, *more[function]]
    monkeypatch.setattr(Page, "open", lambda *_: pytest.fail("opened"))
    monkeypatch.setattr(Page, "count", lambda *_: pytest.fail("opened"))
    monkeypatch.setattr(open_pages, "_pages", open_pages._Pages())
    told = getattr(canvas, function)(wanted)
    assert told["error"] in (strings.PAGE_GONE, strings.NO_NUMBER, strings.NO_BOX)


def test_a_page_is_turned_with_its_marks_and_back(canvas, uploaded):
    page = canvas.open_page(LETTER)
    value = canvas.turn([[LETTER, 0, {}], [BOX], 1])
    assert value["upright"] == {"quarters": 1}
    assert (value["width"], value["height"]) == (page["height"], page["width"])
    (shape,) = value["marks"]["shapes"]
    height = page["height"]
    assert shape["points"] == [[height - 502, 150], [height - 473, 1293]]
    assert np.array_equal(read_value(value).page.pixels, np.rot90(read_value(page).page.pixels, -1))
    back = canvas.turn([[LETTER, 0, value["upright"]], value["marks"]["shapes"], -1])
    assert back["upright"] == {} and back["marks"] == {"shapes": [BOX]}
    assert canvas.open_page([LETTER, 0, {"quarters": 1}])["picture"] == value["picture"]


def test_a_page_on_its_side_is_told_until_it_is_turned(canvas, uploaded):
    pixels = np.rot90(read_value({"page": LETTER}).page.pixels)
    Image.fromarray(pixels).save(uploaded / "side.png")
    file = str(uploaded / "side.png")
    assert canvas.find_lines([file, 0])["quarters"] == 1
    upright = canvas.turn([[file, 0, {}], [], 1])["upright"]
    found = canvas.find_lines([file, 0, upright])
    assert "quarters" not in found
    assert found["lines"] == canvas.find_lines(LETTER)["lines"]


def test_the_angle_of_a_page_is_measured_and_straightened(canvas, uploaded):
    letter = Image.open(LETTER).convert("L")
    letter.rotate(-4, Image.Resampling.BICUBIC, expand=True, fillcolor=250).save(
        uploaded / "tilted.png"
    )
    place = [str(uploaded / "tilted.png"), 0, {}]
    told = canvas.straightening(place)
    assert told["angle"] == pytest.approx(4, abs=0.11) and not told["seen"]
    value = canvas.straighten([place, [], None, told["angle"]])
    assert value["upright"] == {"angle": told["angle"]}
    straight = canvas.find_lines([*place[:2], value["upright"]])["lines"]
    assert len(straight) == len(canvas.find_lines(LETTER)["lines"])
    assert {len(line) for line in straight} == {2}


def test_four_corners_become_the_page(canvas):
    corners = [[100, 50], [1100, 100], [1050, 900], [80, 950]]
    value = canvas.straighten([[LETTER, 0, {}], [BOX], corners, 0])
    assert value["upright"] == {"corners": corners}
    assert abs(value["width"] - 1001) <= 1 and abs(value["height"] - 900) <= 1
    assert len(value["marks"]["shapes"][0]["points"]) == 4
    told = canvas.straightening([LETTER, 0, value["upright"]])
    assert told["corners"][2] == (value["width"], value["height"]) and not told["seen"]
    crossed = [corners[0], corners[2], corners[1], corners[3]]
    assert "enclose" in canvas.straighten([[LETTER, 0, {}], [], crossed, 0])["error"]
    drawn = read_value(value)
    (back,) = drawn.on_file(drawn.marks).shapes
    assert back.points == tuple(map(tuple, BOX["points"]))


@pytest.mark.parametrize("function", ["turn", "straighten", "straightening"])
@pytest.mark.parametrize(
    "wanted",
    [
        None, [], [LETTER], [[LETTER, 0, {}]], [[LETTER, 0, {}], []],
        [[LETTER, 0, {"quarters": "1"}], [], 1], [[LETTER, 0, {"corners": [1]}], [], None, 0],
        [[LETTER, 0, {}], "", 1], [[LETTER, 0, {}], [{}], 1], [[LETTER, 0, {}], [], "1"],
        [[LETTER, 0, {}], [], 1, 2, 3], [[LETTER, 0, {}], [], [[0, 0]] * 4, 0],
        [[LETTER, 0, {}], [], [[0, 0], [9e5, 0], [9e5, 9e5], [0, 9e5]], 0],
        [[LETTER, 0, {}], [], "corner", 0], [[LETTER, 0, {}], [], None, float("nan")],
    ],
)  # fmt: skip
def test_whatever_else_is_sent_gets_an_error(canvas, function, wanted):
    assert getattr(canvas, function)(wanted)["error"]


def test_whose_turn_it_is_does_not_stand_in_line(tmp_path, monkeypatch):
    """Else all who wait for the model would wait for whoever works on large pages."""
    Image.new("L", (60, 40)).save(tmp_path / "page.png")
    monkeypatch.setattr(open_pages, "_waiting_line", open_pages._WaitingLine())
    monkeypatch.setattr(open_pages, "MOST_WAITING", 0)
    with pytest.raises(open_pages.BusyError):
        open_pages.open_page(tmp_path / "page.png")
    with open_pages.first_in_line():
        assert open_pages.open_page(tmp_path / "page.png").size == (40, 60)
    with pytest.raises(open_pages.BusyError), open_pages.page_work():
        pass
