"""A page that lies on its side, or was photographed, is laid out; marks go there and back."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from dessurt.page import Page, PageError
from dessurt.page.lines import find_lines
from dessurt.page.marks import Marks, Shape
from dessurt.page.pixels import MAX_PIXELS
from dessurt.page.upright import AS_IT_IS, Upright, find_corners, quarters_of

SIZE = (1000, 700)
SHEET = ((90.0, 60.0), (600.0, 110.0), (640.0, 900.0), (40.0, 930.0))
WAYS = (
    AS_IT_IS,
    *(Upright(quarters=quarters) for quarters in (1, 2, 3)),
    Upright(angle=7.5),
    Upright(SHEET),
    Upright(SHEET, 3, -20.0),
)
LETTER = Path(__file__).parents[2] / "assets" / "1_letter.png"
rng = np.random.default_rng(5)


@pytest.fixture(scope="module")
def letter() -> Page:
    return Page.open(LETTER)


def photo_of(page: Page, corners: np.ndarray, size: tuple[int, int]) -> Page:
    """The page on a dark table, lit from one side."""
    height, width = page.size
    square = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(square, corners.astype(np.float32))
    sheet = cv2.warpPerspective(page.rgb, matrix, size[::-1], flags=cv2.INTER_AREA).astype(float)
    lies = cv2.warpPerspective(np.ones(page.size, np.float32), matrix, size[::-1])[..., None]
    table = np.random.default_rng(1).normal((90, 60, 40), 8, (*size, 3))
    light = np.linspace(0.7, 1, size[1])[None, :, None]
    return Page.from_array(((sheet * lies + table * (1 - lies)) * light).clip(0, 255).astype("u1"))


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_points_go_there_and_back(way):
    points = rng.uniform(0, 700, (200, 2))
    assert np.abs(way.to_page(way.to_upright(points, SIZE), SIZE) - points).max() < 1e-6


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_is_marked_shows_the_same_pixels(way):
    """A dark spot on the page lies under its mark on the page as seen."""
    pixels = np.full(SIZE, 255, np.uint8)
    pixels[400:440, 300:380] = 0
    mark = Marks.from_boxes(highlight=[(300, 400, 380, 440)])
    seen = way.page(Page.from_array(pixels))
    assert seen.size == way.size(SIZE)
    drawn = way.marks(mark, SIZE).rasterise(seen.size) > 0
    dark = seen.gray < 128
    assert (drawn & dark).sum() > 0.93 * max(drawn.sum(), dark.sum()) > 1000
    (back,) = way.marks_to_page(way.marks(mark, SIZE), SIZE).rounded().shapes
    assert back == mark.shapes[0]


def test_a_quarter_to_the_right():
    way = Upright(quarters=1)
    assert way.size(SIZE) == (700, 1000)
    assert way.to_upright((0, 0), SIZE).tolist() == [1000, 0]
    assert way.to_upright((700, 1000), SIZE).tolist() == [0, 700]
    pixels = np.random.default_rng(0).integers(0, 255, (30, 20, 3), np.uint8)
    assert np.array_equal(way.page(Page.from_array(pixels)).pixels, np.rot90(pixels, -1))
    brush = Marks((Shape("mask", "brush", ((10, 20), (30, 20)), 5),))
    assert way.marks(brush, SIZE).shapes[0] == Shape("mask", "brush", ((980, 10), (980, 30)), 5)
    assert way.turned_right(-2) == Upright(quarters=3)
    assert AS_IT_IS.page(page := Page.from_array(pixels)) is page


def test_corners_become_those_of_the_page():
    way = Upright(SHEET)
    height, width = way.size(SIZE)
    square = [(0, 0), (width, 0), (width, height), (0, height)]
    assert np.abs(way.to_upright(SHEET, SIZE) - square).max() < 0.01
    turned = Upright(quarters=1)
    again = turned.cut_to(turned.to_upright(SHEET, SIZE), SIZE)
    assert np.abs(np.subtract(again.corners, SHEET)).max() < 1e-6 and again.quarters == 0


def test_an_angle_cuts_nothing_off_and_makes_lines_level():
    way = Upright(angle=30.0)
    height, width = way.size(SIZE)
    corners = way.to_upright([(0, 0), (700, 0), (700, 1000), (0, 1000)], SIZE)
    assert (corners > -1e-6).all() and (corners < (width + 1, height + 1)).all()
    (x0, y0), (x1, y1) = way.to_upright([(0, 0), (np.cos(np.pi / 6), np.sin(np.pi / 6))], SIZE)
    assert y1 - y0 == pytest.approx(0, abs=1e-9) and x1 - x0 == pytest.approx(1)


def test_the_largest_pages_stay_within_the_limit():
    size = (8000, 7990)
    height, width = Upright(angle=45.0).size(size)
    assert height * width <= MAX_PIXELS and height > 7000


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_json(way):
    assert Upright.from_json(way.to_json()) == way
    assert AS_IT_IS.to_json() == {} and Upright.from_json(None) == AS_IT_IS


@pytest.mark.parametrize(
    "bad",
    [
        [], "turned", {"quarter": 1}, {"quarters": "1"}, {"quarters": True}, {"angle": 46},
        {"angle": float("nan")}, {"corners": [[0, 0]]}, {"corners": [[0, 0], [1, 1], "a", None]},
        {"corners": [[0, 0], [0, 9], [9, 9], [9, 0]]},  # the other way round: a mirror
        {"corners": [[0, 0], [9, 0], [0, 9], [9, 9]]},  # crossed
        {"corners": [[0, 0], [1e300, 0], [1e300, 1e300], [0, float("inf")]]},
        {"corners": [[5, 5], [6, 5], [6, 6], [5, 6]]},  # nearly nothing
    ],
)  # fmt: skip
def test_bad_numbers_are_refused(bad):
    with pytest.raises(PageError):
        Upright.from_json(bad)


def test_corners_far_outside_are_refused():
    with pytest.raises(PageError, match="far outside"):
        Upright(((0, 0), (1e5, 0), (1e5, 500), (0, 500))).size(SIZE)


@pytest.mark.parametrize("quarters", range(4))
def test_a_page_on_its_side_or_head_is_noticed(letter, quarters):
    assert quarters_of(Upright(quarters=quarters).page(letter)) == -quarters % 4
    assert quarters_of(Upright(quarters=quarters, angle=2.5).page(letter)) == -quarters % 4


def test_nothing_is_noticed_where_nothing_is_clear():
    noise = np.random.default_rng(2).integers(0, 255, (600, 500), np.uint8)
    blank = np.full((600, 500), 255, np.uint8)
    grid = blank.copy()
    grid[::40] = grid[:, ::40] = 0
    for pixels in (noise, blank, grid):
        assert quarters_of(Page.from_array(pixels)) == 0


def test_a_photographed_sheet_is_found_and_becomes_a_page(letter):
    corners = np.array([(150.0, 130), (1010, 90), (1080, 1290), (90, 1340)])
    photo = photo_of(letter, corners, (1500, 1200))
    found = find_corners(photo)
    assert np.abs(np.subtract(found, corners)).max() < 12
    flat = Upright(found).page(photo)
    lines, true = find_lines(flat.gray), find_lines(letter.gray)
    assert len(lines) == len(true)
    scale = np.divide((letter.width, letter.height), (flat.width, flat.height))
    for line, right in zip(lines, true, strict=True):
        off = np.mean(line.outline(), 0) * scale - np.mean(right.outline(), 0)
        assert np.abs(off).max() < 15


def test_no_sheet_where_none_is_seen(letter):
    noise = np.random.default_rng(2).integers(0, 255, (600, 500), np.uint8)
    blob = cv2.circle(np.full((600, 500), 30, np.uint8), (250, 300), 200, 250, -1)
    for page in (letter, Page.from_array(noise), Page.from_array(blob)):
        assert find_corners(page) == ()
    assert find_corners(Page.from_array(np.full((4, 4), 9, np.uint8))) == ()
