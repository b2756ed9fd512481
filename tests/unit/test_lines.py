"""How tall marked lines of text are."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from dessurt.lines import line_height, marked_line_height
from dessurt.marks import Marks
from dessurt.page import Page

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


def test_one_line_is_as_tall_as_its_mark():
    page = drawn(TEXT[:1], 22, 30)
    assert line_height(page, (20, 26, 680, 60)) == 34
    assert line_height(page, (20, 20, 680, 70)) == 50


def test_nothing_to_see():
    blank = np.full((100, 100), 255, np.uint8)
    assert line_height(blank, (10, 10, 90, 90)) == 80
    assert line_height(blank, (10, 10, 12, 14)) == 4
    assert line_height(blank, (200, 200, 300, 260)) == 60


@pytest.mark.parametrize("text", ["INSIGHTS", "SELF-CLASSIFICATION", "EFEE ZEES", "www.e-c.com"])
def test_large_letters_are_one_line(text):
    image = Image.new("L", (2400, 240), 255)
    ImageDraw.Draw(image).text((30, 30), text, 0, ImageFont.load_default(150))
    assert line_height(np.asarray(image), (20, 20, 2380, 220)) == 200


def test_a_page_in_colour_is_measured_as_a_grey_one():
    grey = drawn(TEXT, 22, 30)
    colour = Page.from_array(np.repeat(grey[:, :, None], 3, axis=2)).gray
    assert colour.dtype == np.float32
    assert line_height(colour, marked(TEXT, 30)) == line_height(grey, marked(TEXT, 30)) < 40


def test_marks_are_as_tall_as_their_median_and_highlights_go_first():
    blank = np.full((1000, 1000), 255, np.uint8)
    heights = [10, 20, 60]
    boxes = [(10, 100 * i, 500, 100 * i + tall) for i, tall in enumerate(heights)]
    mask = [(600, 0, 900, 90)]
    assert marked_line_height(blank, Marks.from_boxes(boxes, mask)) == 20
    assert marked_line_height(blank, Marks.from_boxes(mask=mask)) == 90
    assert marked_line_height(blank, Marks()) is None


def test_of_very_many_marks_only_some_are_measured(monkeypatch):
    measured = []
    monkeypatch.setattr("dessurt.lines.line_height", lambda gray, box: measured.append(box) or 12)
    blank = np.full((1000, 1000), 255, np.uint8)
    boxes = [(10, i, 500, i + 12) for i in range(900)]
    assert marked_line_height(blank, Marks.from_boxes(boxes)) == 12
    assert len(measured) <= 32
    assert measured[0] == boxes[0] and measured[-1][1] > 850, "from the whole page"
