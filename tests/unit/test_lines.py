"""Where lines of text are, and how tall marked ones are."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from dessurt.page import Page
from dessurt.page.line_height import line_height, marked_line_height
from dessurt.page.lines import find_lines, highlighted_lines, lines_of
from dessurt.page.marks import Marks, Shape

TEXT = ("He went down to the old mill by the river,", "where nobody had ground any flour",
        "since the spring; the wheel hung still", "and dry.")  # fmt: skip


def drawn(texts: tuple[str, ...], size: int, pitch: int, ink: int = 0, paper: int = 255):
    image = Image.new("L", (700, 60 + pitch * len(texts)), paper)
    draw, face = ImageDraw.Draw(image), ImageFont.load_default(size)
    for i, text in enumerate(texts):
        draw.text((30, 30 + i * pitch), text, ink, face)
    return np.asarray(image)


def marked(texts: tuple[str, ...], pitch: int) -> tuple[float, float, float, float]:
    return (20.0, 28.0, 680.0, 32.0 + pitch * len(texts))


@pytest.mark.parametrize("size", [16, 22, 30])
@pytest.mark.parametrize("spacing", [1.2, 1.6])
@pytest.mark.parametrize("colours", [(0, 255), (230, 40)])
def test_the_lines_of_a_marked_paragraph(size, spacing, colours):
    pitch = round(size * spacing)
    found = line_height(drawn(TEXT, size, pitch, *colours), marked(TEXT, pitch))
    # Ascender to descender a line is about 1.15 times as tall as its font's size.
    assert 0.85 * 1.15 * size < found < 1.25 * 1.15 * size


def test_one_line_is_no_taller_than_its_mark():
    page = drawn(TEXT[:1], 22, 30)
    assert line_height(page, (20, 34, 680, 54)) == 20


@pytest.mark.parametrize("size", [16, 22, 30])
@pytest.mark.parametrize("line", range(3))
@pytest.mark.parametrize("loose", [0.0, 0.2, 0.35])
@pytest.mark.parametrize("colours", [(0, 255), (230, 40)])
def test_a_mark_drawn_loosely_round_one_line(size, line, loose, colours):
    pitch = round(1.4 * size)
    top, slack = 30 + pitch * line, loose * size
    box = (20, top - slack, 680, top + 1.15 * size + slack)  # with bits of the lines beside it
    found = line_height(drawn(TEXT, size, pitch, *colours), box)
    assert 0.9 * 1.15 * size < found < 1.2 * 1.15 * size


def test_nothing_to_see():
    blank = np.full((100, 100), 255, np.uint8)
    assert line_height(blank, (10, 10, 90, 90)) == 80
    assert line_height(blank, (10, 10, 12, 14)) == 4
    assert line_height(blank, (200, 200, 300, 260)) == 60


@pytest.mark.parametrize("text", ["INSIGHTS", "SELF-CLASSIFICATION", "EFEE ZEES", "www.e-c.com"])
def test_large_letters_are_one_line(text):
    image = Image.new("L", (2400, 240), 255)
    ImageDraw.Draw(image).text((30, 30), text, 0, ImageFont.load_default(150))
    assert 0.75 * 1.15 * 150 < line_height(np.asarray(image), (20, 20, 2380, 220)) <= 200


def test_a_page_in_colour_is_measured_as_a_grey_one():
    grey = drawn(TEXT, 22, 30)
    colour = Page.from_array(np.repeat(grey[:, :, None], 3, axis=2)).gray
    assert colour.dtype == np.float32
    assert line_height(colour, marked(TEXT, 30)) == line_height(grey, marked(TEXT, 30)) < 40


def test_marks_are_as_tall_as_their_median_and_highlights_go_first():
    blank = Page.from_array(np.full((1000, 1000), 255, np.uint8))
    heights = [10, 20, 60]
    boxes = [(10, 100 * i, 500, 100 * i + tall) for i, tall in enumerate(heights)]
    mask = [(600, 0, 900, 90)]
    assert marked_line_height(blank, Marks.from_boxes(boxes, mask)) == 20
    assert marked_line_height(blank, Marks.from_boxes(mask=mask)) == 90
    assert marked_line_height(blank, Marks()) is None


def test_of_very_many_marks_only_some_are_measured(monkeypatch):
    measured = []
    measure = "dessurt.page.line_height.line_height"
    monkeypatch.setattr(measure, lambda gray, box: measured.append(box) or 12)
    blank = Page.from_array(np.full((1000, 1000), 255, np.uint8))
    boxes = [(10, i, 500, i + 12) for i in range(900)]
    assert marked_line_height(blank, Marks.from_boxes(boxes)) == 12
    assert len(measured) <= 32
    assert measured[0] == boxes[0] and measured[-1][1] > 850, "from the whole page"


# find_lines: a page 1000 wide, 22 pixel letters; every line with the box of its ink.


def paper(ink=0, white=255):
    image = Image.new("L", (1000, 700), white)
    return image, ImageDraw.Draw(image), ImageFont.load_default(22), ink


def write(page, texts, x, y, pitch=34):
    """Draw lines of text; the boxes of their ink."""
    image, draw, face, ink = page
    boxes = []
    for i, text in enumerate(texts):
        draw.text((x, y + i * pitch), text, ink, face)
        boxes.append(draw.textbbox((x, y + i * pitch), text, face))
    return boxes


def assert_found(gray, boxes, off=9):
    """The lines are found in this order, each with its ink and at most `off` pixels round it."""
    found = np.array([line.bounds() for line in find_lines(np.ascontiguousarray(gray))])
    assert len(found) == len(boxes)
    outside = (found - np.array(boxes)) * [-1, -1, 1, 1]
    assert outside.min() >= -1.5 and outside.max() <= off


@pytest.mark.parametrize("colours", [(0, 255), (255, 0), (60, 150), (230, 40)])
def test_a_paragraph_dark_on_light_and_light_on_dark(colours):
    page = paper(*colours)
    boxes = write(page, TEXT, 60, 80)
    assert_found(page[0], boxes)


def test_two_columns_are_not_joined_and_the_left_one_is_read_first():
    page = paper()
    boxes = write(page, ["A heading that stands over both of the columns of this page"], 60, 40)
    left = write(page, TEXT, 60, 130)
    right = write(page, TEXT[::-1], left[0][2] + 40, 130)
    assert_found(page[0], boxes + left + right)


def test_an_indented_line_whose_mark_overlaps_the_next_one_stays_first():
    page = paper()
    first = write(page, TEXT[:1], 100, 80)
    rest = write(page, TEXT[1:3], 60, 114)
    wide = [(x0 - 6, y0 - 9, x1 + 6, y1 + 9) for x0, y0, x1, y1 in (*first, *rest)]
    assert wide[0][3] > wide[1][1]
    marks = Marks.from_boxes(highlight=wide[::-1])
    lines = highlighted_lines(Page.from_array(np.asarray(page[0])), marks)
    assert [line.bounds("highlight") for line in lines] == wide


def test_a_light_heading_in_a_dark_bar_across_the_page():
    page = paper()
    page[1].rectangle((0, 40, 999, 100), fill=20)
    heading = write((*page[:3], 250), ["Light letters in a dark bar"], 60, 58)
    assert_found(page[0], heading + write(page, TEXT, 60, 150))


def test_rules_and_boxes_are_no_lines():
    page = paper()
    page[1].rectangle((40, 60, 960, 400), outline=0, width=2)
    page[1].line((40, 110, 960, 110), fill=0, width=2)
    page[1].line((500, 60, 500, 400), fill=0, width=2)
    left = write(page, ["Name", "Date of birth"], 60, 74, 60)
    right = write(page, ["Address", "Place of birth"], 520, 74, 60)
    assert_found(page[0], left + right)


def test_skew_of_one_degree():
    page = paper()
    boxes = np.array(write(page, TEXT, 60, 200, 46), float)
    turn = cv2.getRotationMatrix2D((500, 350), 1, 1)
    gray = cv2.warpAffine(np.asarray(page[0]), turn, (1000, 700), borderValue=255)
    corners = boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]] @ turn[:, :2].T + turn[:, 2]
    assert_found(gray, np.hstack([corners.min(1), corners.max(1)]), off=11)


def test_a_large_page_is_measured_in_its_own_pixels():
    page = paper()
    boxes = write(page, TEXT, 60, 80)
    gray = cv2.resize(np.asarray(page[0]), None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
    assert_found(gray, np.array(boxes) * 5, off=45)


def test_a_line_is_as_tall_as_its_letters_are_whichever_it_has():
    page = paper()
    texts = ["with letters that ascend", "HIGH ONES ONLY, 1234567", "jumpy glyphs, too"]
    write(page, texts, 60, 80, 60)
    lines = find_lines(np.asarray(page[0]))
    tall = [y1 - y0 for _, y0, _, y1 in (line.bounds() for line in lines)]
    assert len(tall) == 3 and max(tall) < 1.25 * min(tall)


def test_cells_are_not_joined_across_a_rule():
    page = paper()
    cells = [write(page, ["(2050,0500)", "(2010,0140)"], x, 80)[0] for x in (60, 203)]
    gap = cells[1][0] - cells[0][2]
    assert 12 < gap < 30, "as between words"
    joined = len(find_lines(np.asarray(page[0])))
    for x in (50, (cells[0][2] + cells[1][0]) / 2):
        page[1].line((x, 60, x, 300), fill=0, width=2)
    assert (joined, len(find_lines(np.asarray(page[0])))) == (2, 4)


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (4, 3000), (700, 1000)])
@pytest.mark.parametrize("shade", [0, 128, 255])
def test_an_empty_page_has_no_lines(size, shade):
    assert find_lines(np.full(size, shade, np.uint8)) == ()


def bounds_of(lines: list[Marks]) -> list[tuple[float, ...]]:
    return [line.bounds("highlight") for line in lines]


@pytest.mark.parametrize("colours", [(0, 255), (230, 40)])
def test_a_highlighted_paragraph_is_cut_into_its_lines(colours):
    page = Page.from_array(drawn(TEXT, 22, 34, *colours))
    found = bounds_of(highlighted_lines(page, Marks.from_boxes(highlight=[marked(TEXT, 34)])))
    assert len(found) == len(TEXT)
    for i, (x0, y0, x1, y1) in enumerate(found):
        middle = 30 + 34 * i + 14  # of the small letters
        assert abs((y0 + y1) / 2 - middle) < 6 and 18 < y1 - y0 < 34
        assert 20 <= x0 <= 34 and 70 < x1 <= 680
    part = Marks.from_boxes(highlight=[(20.0, 62.0, 680.0, 132.0)])  # the second and the third
    second, third = bounds_of(highlighted_lines(page, part))
    assert second == found[1] and third == found[2]


def test_marks_of_one_line_stay_together_and_masks_belong_to_all():
    page = Page.from_array(drawn(TEXT, 22, 34))
    words = [(250, 64, 330, 90), (30, 30, 120, 56), (30, 64, 130, 90), (140, 66, 240, 92)]
    mask = (400, 0, 500, 100)
    first, second = highlighted_lines(page, Marks.from_boxes(highlight=words, mask=[mask]))
    assert [shape.bounds() for shape in first.of("highlight")] == [words[1]]
    assert {shape.bounds() for shape in second.of("highlight")} == {words[0], words[2], words[3]}
    assert first.bounds("mask") == second.bounds("mask") == mask


def test_a_highlight_without_text_is_one_line():
    blank = Page.from_array(np.full((200, 300), 255, np.uint8))
    marks = Marks.from_boxes(highlight=[(10, 10, 290, 190)])
    assert highlighted_lines(blank, marks) == [marks]
    assert highlighted_lines(blank, Marks()) == []


def test_lines_of_a_page_are_looked_for_once(monkeypatch):
    asked, line = [], Shape("highlight", "line", ((1, 2), (3, 4)))
    monkeypatch.setattr(
        "dessurt.page.lines.find_lines", lambda gray, level: asked.append(gray) or (line,)
    )
    pages = [Page.from_array(drawn(TEXT, 22, 34)) for _ in range(2)]
    for page in (pages[0], pages[1], pages[0]):
        assert lines_of(page) == (line,)
    assert [gray is page.gray for gray, page in zip(asked, pages, strict=True)] == [True, True]
