"""The quality table: for people, as JSON, and the worst answers as text or as a picture."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from dessurt.evaluate.pages import folded
from dessurt.evaluate.table import RATES, Mistake, Result, Score
from dessurt.page.contact_sheet import joined, sheet, written

# The sheet of wrong answers
COLUMNS, WIDTH, TALLEST = 2, 720, 360  # pixels
AROUND = 10  # pixels of the page round a highlight
ABOVE = 110  # pixels of the page above and below a region
BLACK, RIGHT, WRONG = (0, 0, 0), (0, 120, 0), (190, 0, 0)


def table(results: Iterable[Result], missing: dict[str, str]) -> str:
    """A line for each task and figure; `missing`: why a task was not measured."""
    rows = [("task", "figure", "this", "Tesseract", "questions", "s each", "")]
    for result in results:
        each = result.seconds / max(result.questions, 1)
        for number, score in enumerate(result.scores):
            rows.append((
                "" if number else result.measure.name, score.figure.name, _shown(score),
                "-" if number else _shown(result.tesseract),
                "" if number else str(result.questions),
                "" if number else f"{each:.2f}", score.figure.what,
            ))  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if 1 < number < 6 else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, *(f"{token}  {why}" for token, why in missing.items())])


def as_json(results: Iterable[Result], missing: dict[str, str]) -> dict[str, Any]:
    """The figures of each task as plain numbers, rates from 0 to 1; None for one not measured.

    What is measured by several figures has the others under `more`; one of several classes has
    the sums of each under `classes`.
    """
    found: dict[str, Any] = dict.fromkeys(missing)
    for result in results:
        first, *others = result.scores
        found[result.measure.name] = {
            **_plain(first),
            "tesseract": result.tesseract.value,
            "questions": result.questions,
            "seconds": round(result.seconds, 3),
        }
        if others:
            found[result.measure.name]["more"] = [_plain(score) for score in others]
    return found


def _plain(score: Score) -> dict[str, Any]:
    plain = {"figure": score.figure.name, "value": score.value, "of": score.of}
    classes = {name: list(sums) for name, sums in score.sums.items() if name}
    return {**plain, "classes": classes} if classes else plain


def described(mistake: Mistake) -> str:
    """A wrong answer in three lines: how wrong and where, what is right, what came."""
    return "\n    ".join([headline(mistake), *right_and_given(mistake)])


def headline(mistake: Mistake) -> str:
    """How wrong, on which page, and what was asked for if it was a text."""
    measure, figure = mistake.question.measure, mistake.score.figure
    if figure.name in RATES:
        wrong = f"{mistake.badness:.0f} wrong"
    else:
        wrong = f"{figure.name} {mistake.score.value or 0:.2f}"
    example = mistake.question.example
    asked = f"  “{example.request.text}”" if example.request.text else ""
    return f"{measure.name}  {wrong}  {example.source}{asked}"


def right_and_given(mistake: Mistake) -> tuple[str, str]:
    """The right answer and the given one, each in a line; of a region its size."""
    example, answer = mistake.question.example, mistake.answer
    if example.region is not None and answer.region is not None:
        true_size = (example.region.rasterise(answer.region.shape) > 0).sum()
        return f"{true_size:,} pixels", f"{answer.region.sum():,} pixels"
    return folded(example.answers[0]), folded(answer.text)


def _shown(score: Score) -> str:
    if score.value is None:
        return "-"
    return f"{100 * score.value:.2f} %" if score.figure.name in RATES else f"{score.value:.3f}"


def write_sheet(mistakes: list[Mistake], path: Path) -> None:
    """Draw wrong answers as a PNG, two in a row: a piece of the page, what is right and what came.

    Raises:
        OSError: the file cannot be written.
    """
    sheet([_tile(mistake) for mistake in mistakes], COLUMNS).save(path, "PNG")


def _tile(mistake: Mistake) -> Image.Image:
    crop = _crop(mistake)
    scale = min(WIDTH / crop.width, TALLEST / crop.height, 1.0)
    crop = crop.resize((max(round(crop.width * scale), 1), max(round(crop.height * scale), 1)))
    right, given = right_and_given(mistake)
    texts = [(headline(mistake), BLACK), (right, RIGHT), (given or "(nothing)", WRONG)]
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
