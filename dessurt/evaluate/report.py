"""The quality table: for people, as JSON, and the worst answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dessurt.evaluate.pages import folded
from dessurt.evaluate.table import RATES, Mistake, Result, Score


def table(results: Iterable[Result], missing: dict[str, str]) -> str:
    """A line for each task and figure; `missing`: why a task was not measured."""
    rows = [("task", "figure", "this", "Tesseract", "questions", "s each", "")]
    for result in results:
        each = result.seconds / max(result.questions, 1)
        for number, score in enumerate(result.scores):
            rows.append((
                "" if number else result.measure.name, score.figure.name, _shown(score),
                "-" if number else _shown(result.theirs), "" if number else str(result.questions),
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
            "tesseract": result.theirs.value,
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
