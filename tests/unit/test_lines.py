"""How tall marked lines of text are."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from dessurt.lines import line_height

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
