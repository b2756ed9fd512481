"""A picture of wrong answers, to look at: a piece of the page, what is right and what came."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dessurt.evaluate import report
from dessurt.evaluate.measures import Mistake

COLUMNS, WIDTH, TALLEST, GAP = 2, 720, 360, 12  # pixels
LETTERS, LEADING, ROOM = 13, 17, 96  # text size, line to line, characters in a line
AROUND = 10  # pixels of the page round a highlight
ABOVE = 110  # pixels of the page above and below a region
BLACK, RIGHT, WRONG = (0, 0, 0), (0, 120, 0), (190, 0, 0)


def write(mistakes: list[Mistake], path: Path) -> None:
    """Draw all as a PNG, two in a row.

    Raises:
        OSError: the file cannot be written.
    """
    tiles = [_tile(mistake) for mistake in mistakes]
    rows = [tiles[i : i + COLUMNS] for i in range(0, len(tiles), COLUMNS)]
    heights = [max(tile.height for tile in row) + GAP for row in rows]
    sheet = Image.new("RGB", (COLUMNS * (WIDTH + GAP) + GAP, sum(heights) + GAP), "lightgrey")
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        for column, tile in enumerate(row):
            sheet.paste(tile, (GAP + column * (WIDTH + GAP), top))
        top += height
    sheet.save(path, "PNG")


def _tile(mistake: Mistake) -> Image.Image:
    crop = _crop(mistake)
    scale = min(WIDTH / crop.width, TALLEST / crop.height, 1.0)
    crop = crop.resize((max(round(crop.width * scale), 1), max(round(crop.height * scale), 1)))
    right, given = report.right_and_given(mistake)
    texts = [
        (line, colour)
        for text, colour in (
            (report.headline(mistake), BLACK), (right, RIGHT), (given or "(nothing)", WRONG),
        )
        for line in textwrap.wrap(text, ROOM)
    ]  # fmt: skip
    tile = Image.new("RGB", (WIDTH, crop.height + LEADING * len(texts) + 8), "white")
    tile.paste(crop, (0, 0))
    draw, font = ImageDraw.Draw(tile), ImageFont.load_default(LETTERS)
    for number, (text, colour) in enumerate(texts):
        draw.text((4, crop.height + 4 + LEADING * number), text, fill=colour, font=font)
    return tile


def _crop(mistake: Mistake) -> Image.Image:
    """The page round the highlight; or round the true region, outlined, the given one tinted."""
    example, region = mistake.question.example, mistake.answer.region
    height, width = example.page.size
    pixels = example.page.rgb.copy()
    if region is not None:
        pixels[region] = pixels[region] // 2 + np.array([127, 0, 0], np.uint8)
    image = Image.fromarray(pixels)
    x0, y0, x1, y1 = example.request.marks.bounds("highlight") or (0, 0, width, height)
    if example.region is not None and example.region.shapes:
        for shape in example.region.shapes:
            ImageDraw.Draw(image).rectangle(shape.bounds(), outline=RIGHT)
        _, y0, _, y1 = example.region.bounds("highlight") or (0, 0, width, height)
        y0, y1 = y0 - ABOVE, y1 + ABOVE
    return image.crop((
        max(int(x0) - AROUND, 0), max(int(y0) - AROUND, 0),
        min(int(x1) + AROUND, width), min(int(y1) + AROUND, height),
    ))  # fmt: skip
