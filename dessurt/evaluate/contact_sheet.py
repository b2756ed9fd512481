"""A picture of wrong answers, to look at: a piece of the page, what is right and what came."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from dessurt.evaluate import report
from dessurt.evaluate.table import Mistake
from dessurt.page.contact_sheet import joined, sheet, written

COLUMNS, WIDTH, TALLEST = 2, 720, 360  # pixels
AROUND = 10  # pixels of the page round a highlight
ABOVE = 110  # pixels of the page above and below a region
BLACK, RIGHT, WRONG = (0, 0, 0), (0, 120, 0), (190, 0, 0)


def write(mistakes: list[Mistake], path: Path) -> None:
    """Draw all as a PNG, two in a row.

    Raises:
        OSError: the file cannot be written.
    """
    sheet([_tile(mistake) for mistake in mistakes], COLUMNS).save(path, "PNG")


def _tile(mistake: Mistake) -> Image.Image:
    crop = _crop(mistake)
    scale = min(WIDTH / crop.width, TALLEST / crop.height, 1.0)
    crop = crop.resize((max(round(crop.width * scale), 1), max(round(crop.height * scale), 1)))
    right, given = report.right_and_given(mistake)
    texts = [(report.headline(mistake), BLACK), (right, RIGHT), (given or "(nothing)", WRONG)]
    return joined(crop, written(texts, WIDTH), below=True)


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
