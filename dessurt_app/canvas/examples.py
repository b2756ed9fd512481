"""The examples of assets/: a JSON file each, with a page beside it, marks and a task."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from dessurt.page.marks import Marks
from dessurt_app.canvas.page_canvas import ASSETS


@dataclass(frozen=True)
class Example:
    """A page with something to ask about it."""

    title: str
    page: Path
    marks: Marks
    task: str
    text: str
    expected: str  # the right answer


def load_examples() -> list[Example]:
    """All examples, in the order of their file names; the first one opens at first launch."""
    return [_load(file) for file in sorted(ASSETS.glob("*.json"))]


def _load(file: Path) -> Example:
    given = json.loads(file.read_text("utf-8-sig"))
    return Example(
        title=given["title"],
        page=file.with_name(given["page"]),
        marks=Marks.from_json(given["marks"]),
        task=given["task"],
        text=given["text"],
        expected=given["expected"],
    )
