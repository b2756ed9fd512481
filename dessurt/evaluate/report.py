"""The quality table: for people, as JSON, and the worst answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dessurt.evaluate.known import folded
from dessurt.evaluate.measures import Mistake, Result, Score


def table(results: Iterable[Result], missing: dict[str, str]) -> str:
    """A line for each task; `missing`: why a task was not measured."""
    rows = [("task", "figure", "this", "Tesseract", "questions", "s each", "")]
    for result in results:
        measure, each = result.measure, result.seconds / max(result.questions, 1)
        rows.append((
            measure.token, measure.figure, _shown(result, result.ours),
            _shown(result, result.theirs), str(result.questions), f"{each:.2f}", measure.what,
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
    """The figures of each task as plain numbers, rates from 0 to 1; None for one not measured."""
    found: dict[str, Any] = dict.fromkeys(missing)
    for result in results:
        found[result.measure.token] = {
            "figure": result.measure.figure,
            "value": result.ours.value,
            "tesseract": result.theirs.value,
            "questions": result.questions,
            "of": result.ours.bottom,
            "seconds": round(result.seconds, 3),
        }
    return found


def described(mistake: Mistake) -> str:
    """A wrong answer in three lines: how wrong and where, what is right, what came."""
    return "\n    ".join([headline(mistake), *right_and_given(mistake)])


def headline(mistake: Mistake) -> str:
    """How wrong, on which page, and what was asked for if it was a text."""
    measure = mistake.question.measure
    if measure.figure == "CER":
        wrong = f"{mistake.badness:.0f} wrong"
    else:
        wrong = f"{measure.figure} {1 - mistake.badness:.2f}"
    example = mistake.question.example
    asked = f"  “{example.request.text}”" if example.request.text else ""
    return f"{measure.token}  {wrong}  {example.source}{asked}"


def right_and_given(mistake: Mistake) -> tuple[str, str]:
    """The right answer and the given one, each in a line; of a region its size."""
    example, answer = mistake.question.example, mistake.answer
    if example.region is not None and answer.region is not None:
        true_size = (example.region.rasterise(answer.region.shape) > 0).sum()
        return f"{true_size:,} pixels", f"{answer.region.sum():,} pixels"
    return folded(example.answers[0]), folded(answer.text)


def _shown(result: Result, score: Score) -> str:
    if score.value is None:
        return "-"
    return f"{100 * score.value:.2f} %" if result.measure.figure == "CER" else f"{score.value:.3f}"
