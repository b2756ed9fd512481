"""Frame: the original's preprocessing, the window round the marks, and the way back."""

import json
import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from dessurt.page import Page
from dessurt.page import frame as frame_module
from dessurt.page.frame import Frame
from dessurt.page.marks import Marks, Shape

GOLDEN = Path(__file__).parent.parent / "golden" / "preprocess"
MODEL = (192, 256)  # height, width


@pytest.fixture(scope="module")
def golden():
    arrays = load_file(GOLDEN / "arrays.safetensors")
    return arrays, json.loads((GOLDEN / "manifest.json").read_text("utf-8"))


def block_page(height=300, width=400) -> Page:
    """White with a black block at rows 100-119, columns 50-249."""
    pixels = np.full((height, width), 255, np.uint8)
    pixels[100:120, 50:250] = 0
    return Page.from_array(pixels)


# As the original


@pytest.mark.parametrize("name", ["run_downscale", "run_upscale", "run_wide"])
def test_fit_is_the_originals_resize_and_pad(golden, name):
    arrays, manifest = golden
    page = Page.from_array(arrays[f"{name}_in"])
    frame = Frame.fit(page.size, manifest[name]["target"])
    x0, y0, x1, y1 = frame.placed
    assert [y1 - y0, x1 - x0] == manifest[name]["resized_shape"]
    ink = frame.channels(page, Marks())[0]
    np.testing.assert_allclose(ink, arrays[f"{name}_out"], atol=1e-6)


def test_fit_at_a_given_scale_crops_as_the_original(golden):
    arrays, _ = golden
    page = Page.from_array(arrays["run_noscale_in"])
    ink = Frame.fit(page.size, (96, 96), scale=1.0).channels(page, Marks())[0]
    np.testing.assert_array_equal(ink, arrays["run_noscale_out"])


def test_marks_are_drawn_and_masked_as_in_the_originals_data_sets(golden):
    arrays, manifest = golden
    boxes = manifest["qads"]["boxes_in_original_pixels"]
    page = Page.from_array(arrays["qads_in"])
    marks = Marks.from_boxes(highlight=boxes["in_bbs"], mask=boxes["mask_bbs"])
    frame = Frame.fit(page.size, (96, 96))
    assert frame.scale[0] == pytest.approx(manifest["qads"]["scale"])
    image = frame.channels(page, marks)
    np.testing.assert_array_equal(image[1], arrays["qads_img"][0, 1])
    np.testing.assert_allclose(image[0], arrays["qads_img"][0, 0], atol=1e-6)
    target = frame.marked(Marks.from_boxes(highlight=boxes["out_bbs"]))
    np.testing.assert_array_equal(target, arrays["qads_mask_label"][0, 0])


def test_colour_becomes_the_originals_grey(golden):
    arrays, _ = golden
    gray = Page.from_array(arrays["imread_rgb_in"]).gray
    np.testing.assert_allclose(gray, arrays["imread_rgb_gray_times255"], atol=1e-4)


def test_padding_is_black_with_the_odd_pixel_at_the_end():
    page = Page.from_array(np.full((10, 5), 255, np.uint8))
    ink = Frame.fit(page.size, (10, 10)).channels(page, Marks())[0]
    assert ink[0].tolist() == [1] * 2 + [1 - 255 / 128] * 5 + [1] * 3


# A window round the marks


def test_focus_brings_text_to_its_height():
    page = block_page()
    marks = Marks.from_boxes(highlight=[(100, 100, 150, 120)])
    frame = Frame.focus(page.size, MODEL, marks, text_height=40)
    assert frame.text_height(20) == pytest.approx(40, rel=0.01)
    centre = frame.to_model([(125, 110)])[0]
    np.testing.assert_allclose(centre, (MODEL[1] / 2, MODEL[0] / 2), atol=1.5)


def test_focus_shows_the_page_where_it_says():
    page = block_page()
    marks = Marks.from_boxes(highlight=[(50, 100, 250, 120)])
    frame = Frame.focus(page.size, MODEL, marks, text_height=20)
    image = frame.channels(page, marks)
    (x0, y0), (x1, y1) = np.rint(frame.to_model([(50, 100), (250, 120)])).astype(int)
    assert (image[0, y0 + 1 : y1 - 1, x0 + 1 : x1 - 1] == 1).all()
    assert (image[0, : y0 - 1] == 1 - 255 / 128).all()
    expected = np.zeros(MODEL)
    expected[y0:y1, x0:x1] = 1
    np.testing.assert_array_equal(image[1], expected)


def test_focus_is_white_outside_the_page_and_marks_nothing_there():
    page = Page.from_array(np.zeros((300, 400), np.uint8))
    marks = Marks((Shape("highlight", "brush", ((2, 10), (60, 10)), radius=15),))
    frame = Frame.focus(page.size, MODEL, marks, text_height=60)
    ink, marked = frame.channels(page, marks)
    x, y = np.rint(frame.to_model([(0, 0)])[0]).astype(int)
    assert x > 10 and y > 10
    soft = 5  # enlarging twice, the cubic kernel reaches two page pixels
    for outside in (np.s_[: y - soft], np.s_[:, : x - soft]):
        np.testing.assert_allclose(ink[outside], 1 - 255 / 128, atol=1e-6)
    assert not marked[:y].any() and not marked[:, :x].any()
    assert marked[y + 5, x + 5] == 1


def test_a_wide_highlight_fits_with_its_margin():
    marks = Marks.from_boxes(highlight=[(10, 100, 1900, 110)])
    frame = Frame.focus((3000, 2000), MODEL, marks, text_height=32)
    (x0, _), (x1, _) = frame.to_model([(10, 100), (1900, 110)])
    assert 15 <= x0 <= x1 <= MODEL[1] - 15


def test_a_tiny_highlight_is_enlarged_four_times_at_most():
    marks = Marks.from_boxes(highlight=[(10, 100, 12, 101)])
    frame = Frame.focus((3000, 2000), MODEL, marks, text_height=32)
    assert frame.scale == (4.0, 4.0)


def test_a_tall_highlight_shows_no_less_than_fit_would():
    marks = Marks.from_boxes(highlight=[(10, 0, 500, 900)])
    frame = Frame.focus((1000, 600), MODEL, marks, text_height=20)
    assert frame.scale[1] == pytest.approx(MODEL[0] / 1000, rel=0.01)


def test_of_several_lines_the_median_height_counts():
    lines = [(100, 100 + 30 * k, 180, 120 + 30 * k) for k in range(4)] + [(100, 220, 180, 260)]
    frame = Frame.focus((3000, 2000), (400, 400), Marks.from_boxes(highlight=lines), 30)
    assert frame.scale[1] == pytest.approx(1.5, rel=0.01)


def test_without_a_highlight_the_mask_is_looked_at():
    mask = Marks.from_boxes(mask=[(100, 100, 150, 120)])
    highlight = Marks.from_boxes(highlight=[(100, 100, 150, 120)])
    size = (300, 400)
    assert Frame.focus(size, MODEL, mask, 32) == Frame.focus(size, MODEL, highlight, 32)
    with pytest.raises(ValueError, match="needs marks"):
        Frame.focus(size, MODEL, Marks(), 32)


def test_masked_pixels_are_blank():
    page = block_page()
    marks = Marks.from_boxes(highlight=[(50, 100, 250, 120)], mask=[(100, 90, 150, 130)])
    for frame in (Frame.fit(page.size, MODEL), Frame.focus(page.size, MODEL, marks, 20)):
        ink, marked = frame.channels(page, marks)
        assert (marked == -1).sum() > 100
        assert (ink[marked == -1] == 0).all()
        assert (ink[marked == 1] != 0).all()


# There and back

side = st.integers(4, 8000)
place = st.floats(-20_000, 20_000)


@st.composite
def frames(draw):
    page = draw(st.tuples(side, side))
    model = draw(st.tuples(st.integers(16, 1200), st.integers(64, 1200)))
    if draw(st.booleans()):
        return Frame.fit(page, model, draw(st.none() | st.floats(0.05, 3)))
    x0, x1 = sorted(draw(st.tuples(st.floats(0, page[1]), st.floats(0, page[1]))))
    y0, y1 = sorted(draw(st.tuples(st.floats(0, page[0]), st.floats(0, page[0]))))
    marks = Marks.from_boxes(highlight=[(x0, y0, x1, y1)])
    return Frame.focus(page, model, marks, draw(st.floats(4, 100)))


@given(frames(), st.lists(st.tuples(place, place), min_size=1, max_size=20))
def test_to_page_inverts_to_model(frame, points):
    np.testing.assert_allclose(frame.to_page(frame.to_model(points)), points, rtol=0, atol=1e-9)


@given(frames())
def test_the_window_lands_where_it_is_placed(frame):
    x0, y0, x1, y1 = frame.window
    landed = frame.to_model([(x0, y0), (x1, y1)])
    x0, y0, x1, y1 = frame.placed
    # Exactly for a window; by fit the picture is rounded to whole pixels, its boxes are not.
    slack = 1e-6 if frame.mode == "focus" else 1.0
    np.testing.assert_allclose(landed, [(x0, y0), (x1, y1)], atol=slack)


def test_frames_key_a_cache():
    one, two = Frame.fit((300, 400), MODEL), Frame.fit([300, 400], list(MODEL))
    assert one == two and hash(one) == hash(two)
    assert Frame.fit((300, 401), MODEL) != one


def test_what_the_model_sees():
    whole = Frame.fit((300, 400), MODEL)
    assert whole.seen == (0, 0, 400, 300)
    assert whole.shown_size == (192, 256)
    assert whole.text_height(25) == pytest.approx(16)
    marks = Marks.from_boxes(highlight=[(100, 100, 150, 120)])
    part = Frame.focus((300, 400), MODEL, marks, text_height=40)
    assert part.window == (61, 62, 189, 158)
    assert part.seen == (61, 62, 189, 158)
    assert part.shown_size == (600, 800)
    corner = Marks.from_boxes(highlight=[(0, 0, 50, 20)])
    assert Frame.focus((300, 400), MODEL, corner, text_height=40).seen == (0, 0, 89, 58)


@pytest.mark.parametrize("highlight", [(100, 100, 150, 120), (0, 0, 50, 20), (380, 290, 400, 300)])
@pytest.mark.parametrize("how", ["fit", "cropped", "focus"])
def test_a_region_comes_back_to_the_page(how, highlight):
    marks = Marks.from_boxes(highlight=[highlight])
    frame = {
        "fit": lambda: Frame.fit((300, 400), MODEL),
        "cropped": lambda: Frame.fit((300, 400), MODEL, scale=0.9),
        "focus": lambda: Frame.focus((300, 400), MODEL, marks, 20),
    }[how]()
    region = frame.region_to_page((frame.marked(marks) > 0).astype(np.float32))
    assert region.shape == (300, 400) and region.dtype == np.float32
    wanted = marks.rasterise((300, 400)) > 0
    x0, y0, x1, y1 = frame.seen
    seen = np.zeros((300, 400), bool)
    seen[y0:y1, x0:x1] = True
    assert not region[~seen].any()
    found, wanted = region > 0.5, wanted & seen
    # Each side is off by a page pixel or two at most: the model's pixels are larger.
    height, width = highlight[3] - highlight[1], highlight[2] - highlight[0]
    assert (found ^ wanted).sum() <= 2 * 2 * (height + width)


def test_a_full_map_covers_exactly_what_was_seen():
    for frame in (
        Frame.fit((300, 400), MODEL),
        Frame.fit((300, 400), MODEL, scale=2.0),
        Frame.focus((300, 400), MODEL, Marks.from_boxes(highlight=[(380, 280, 400, 300)]), 40),
    ):
        x0, y0, x1, y1 = frame.seen
        expected = np.zeros((300, 400), np.float32)
        expected[y0:y1, x0:x1] = 1
        np.testing.assert_allclose(frame.region_to_page(np.ones(MODEL)), expected, atol=1e-6)


def test_focus_shrinks_large_letters_into_the_least_image():
    title = Marks.from_boxes(highlight=[(100, 200, 1000, 350)])
    frame = Frame.focus((1650, 1275), (1408, 1088), title, 22, least=(64, 1024))
    assert frame.image_size == (64, 1024)
    assert frame.text_height(150) == pytest.approx(22, rel=0.02)


def test_the_least_image_grows_with_the_marks():
    lines = Marks.from_boxes(highlight=[(100, 200 + 30 * i, 1000, 222 + 30 * i) for i in range(5)])
    frame = Frame.focus((1650, 1275), (1408, 1088), lines, 22, least=(64, 1024))
    # 142 pixels of lines and 8 above and below need three times 64.
    assert frame.image_size == (192, 1024)
    assert frame.text_height(22) == pytest.approx(22, rel=0.02)


def test_a_single_tall_mark_of_several_lines_is_told_its_line_height():
    block = Marks.from_boxes(highlight=[(100, 200, 1000, 342)])
    frame = Frame.focus((1650, 1275), (1408, 1088), block, 22, (64, 1024), line_height=22)
    assert frame.image_size == (192, 1024)


@pytest.mark.parametrize(
    ("page", "image"), [((1650, 1275), (1408, 1088)), ((1275, 1650), (896, 1088)),
                        ((400, 300), (832, 640)), ((3000, 300), (1408, 192))],
)  # fmt: skip
def test_the_whole_page_takes_no_more_image_than_it_needs(page, image):
    frame = Frame.whole(page, (1408, 1088), 64)
    assert frame.image_size == image
    assert frame.seen == (0, 0, page[1], page[0])
    (x0, y0), (x1, y1) = frame.to_model([(0, 0), page[::-1]])
    assert x0 >= -1 and y0 >= -1 and x1 <= image[1] + 1 and y1 <= image[0] + 1


def test_the_frame_knows_the_height_of_the_marked_text():
    lines = Marks.from_boxes(highlight=[(100, 200, 900, 240), (100, 300, 900, 320)])
    told = Frame.focus((1650, 1275), (1408, 1088), lines, 22, (64, 1024), line_height=20)
    measured = Frame.focus((1650, 1275), (1408, 1088), lines, 22, (64, 1024))
    assert told.marked_text_height == pytest.approx(20 * told.scale[1])
    assert measured.marked_text_height == pytest.approx(30 * measured.scale[1])
    assert Frame.fit((1650, 1275), MODEL).marked_text_height is None


def test_the_height_of_text_is_no_part_of_the_placement():
    frame = Frame.fit((1650, 1275), MODEL)
    other = replace(frame, line_height=20.0)
    assert frame == other and hash(frame) == hash(other)


def test_a_page_is_fitted_once_for_all_marks(monkeypatch):
    fitted = []
    spline = frame_module._resize_spline
    monkeypatch.setattr(
        frame_module, "_resize_spline", lambda *given: fitted.append(1) or spline(*given)
    )
    page = Page.from_array(np.random.default_rng(1).integers(0, 255, (60, 40)).astype(np.uint8))
    frame, smaller = Frame.fit(page.size, MODEL), Frame.fit(page.size, (24, 24))
    plain = frame.channels(page, Marks())
    marked = frame.channels(page, Marks.from_boxes(mask=[(0, 0, 40, 30)]))
    assert len(fitted) == 1
    assert np.array_equal(frame.channels(page, Marks()), plain), "masking changes no later picture"
    assert not np.array_equal(marked[0], plain[0])
    assert smaller.channels(page, Marks()).shape == (2, 24, 24)
    assert len(fitted) == 2


def test_a_short_line_gets_a_narrow_image_and_a_long_one_a_wide():
    def size(x1):
        marks = Marks.from_boxes(highlight=[(100, 100, x1, 122)])
        return Frame.focus((1650, 1275), (1408, 1088), marks, 22, least=(64, 512)).image_size

    assert size(100 + 512 - 33) == (64, 512)  # 16 pixels are left on either side
    assert size(100 + 512 - 31) == (64, 1024)
    assert size(1270) == (64, 1024)  # no third step fits into 1088: what is longer gets smaller


# A window round a turned line


def bar(angle: float) -> tuple[Page, Shape]:
    """A page with a black bar of 300 x 20 round its middle, turned clockwise, and its outline."""
    along = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    down = np.array([-along[1], along[0]])
    corners = [
        np.array([400.0, 300.0]) + x * along + y * down
        for x, y in ((-150, -10), (150, -10), (150, 10), (-150, 10))
    ]
    pixels = np.full((2400, 3200), 255, np.uint8)
    cv2.fillPoly(pixels, [np.rint(np.array(corners) * 4).astype(np.int32)], 0)
    page = Page.from_array(cv2.resize(pixels, (800, 600), interpolation=cv2.INTER_AREA))
    return page, Shape("highlight", "line", tuple(map(tuple, corners)))


@pytest.mark.parametrize("angle", [-30.0, -2.0, 0.5, 7.0, 90.0])
@pytest.mark.parametrize("tall", [5, 10, 20, 60])
def test_a_turned_line_is_level_to_the_model(angle: float, tall: int) -> None:
    page, shape = bar(angle)
    marks = Marks((shape,))
    frame = Frame.focus(page.size, (384, 1024), marks, tall, (64, 512), 20.0, angle)
    assert frame.angle == angle and frame.marked_text_height == pytest.approx(tall)
    left_top, _, right_bottom, _ = frame.to_model(shape.points)
    np.testing.assert_allclose(right_bottom - left_top, (15 * tall, tall), atol=0.01)
    ink, marked = frame.channels(page, marks)
    assert ((ink > 0) != (marked > 0)).mean() < 0.01
    assert ink.min() == pytest.approx(1 - 255 / 128) and ink.max() <= 1


@pytest.mark.parametrize("angle", [-8.0, 3.0, 40.0])
def test_a_region_of_a_turned_frame_comes_back_to_its_place(angle: float) -> None:
    page, shape = bar(angle)
    marks = Marks((shape,))
    frame = Frame.focus(page.size, (384, 1024), marks, 20, (64, 512), 20.0, angle)
    region = frame.region_to_page((frame.marked(marks) > 0).astype(np.float32))
    black = page.gray < 128
    assert ((region > 0.5) & black).sum() > 0.98 * ((region > 0.5) | black).sum()
    x0, y0, x1, y1 = frame.seen
    outside = np.ones(page.size, bool)
    outside[y0:y1, x0:x1] = False
    assert not region[outside].any()


@given(st.floats(-180, 180), st.floats(0.1, 4), st.floats(0, 800), st.floats(0, 600))
def test_there_and_back_is_the_same_place(angle: float, scale: float, x: float, y: float) -> None:
    frame = Frame.window_round("focus", (600, 800), (64, 512), (x, y), scale, angle)
    points = np.array([(x, y), (0, 0), (800, 600)])
    np.testing.assert_allclose(frame.to_page(frame.to_model(points)), points, atol=1e-6)


def test_a_turned_window_reaches_no_further_than_it_says() -> None:
    page, shape = bar(10.0)
    frame = Frame.focus(page.size, (384, 1024), Marks((shape,)), 20, (64, 512), 20.0, 10.0)
    pixels = page.gray.copy()
    x0, y0, x1, y1 = frame.window
    pixels[: y0 - 3] = pixels[y1 + 3 :] = pixels[:, : x0 - 3] = pixels[:, x1 + 3 :] = 90
    same = frame.picture(Page.from_array(pixels))
    np.testing.assert_array_equal(frame.picture(page), same)
