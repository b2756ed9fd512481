"""The files that visitors may use: those they have uploaded, and the examples of assets/."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from gradio.utils import get_upload_folder

from dessurt.page.marks import Marks
from dessurt.shipped import ROOT
from dessurt_app import strings

ASSETS = ROOT / "assets"


class CanvasError(ValueError):
    """Something from outside that cannot be used; the message says in one sentence what to do."""


def served_file(path: object) -> Path:
    """Find a file that visitors may use.

    Args:
        path: where it lies; an example may be named relative to the repository.

    Raises:
        CanvasError: the file is gone, or it is none of those.
    """
    try:
        file = (ASSETS.parent / str(path)).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):  # gone; a null byte; a loop of links
        raise CanvasError(strings.PAGE_GONE) from None
    roots = Path(get_upload_folder()).resolve(), ASSETS.resolve()
    if not file.is_file() or not any(file.is_relative_to(root) for root in roots):
        raise CanvasError(strings.PAGE_GONE)
    return file


@dataclass(frozen=True)
class Example:
    """A page with something to ask about it: a JSON file in assets/, with the page beside it."""

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
    fields = json.loads(file.read_text("utf-8-sig"))
    page, marks = file.with_name(fields["page"]), Marks.from_json(fields["marks"])
    return Example(
        fields["title"], page, marks, fields["task"], fields["text"], fields["expected"]
    )
