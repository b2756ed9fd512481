"""Real pages with the text and place of their lines, as folders of PNG or JPEG beside JSON.

Each `ID.json` has `image` and `lines`; a line has `text`, `box` [x0, y0, x1, y1] in page pixels,
`eval` (whether it counts) and `words` with boxes. Scanned versions lie in `degraded/`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from dessurt import Page

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class RealLine:
    """A line to be read."""

    page: Page
    text: str
    box: Box
    highlight: tuple[Box, ...]  # what a person marks: the line, or on a turned scan its words


def lines(folder: Path, degraded: bool = False) -> list[RealLine]:
    """All lines that count, page by page in the order of their names."""
    place = folder / "degraded" if degraded else folder
    found = []
    for path in sorted(place.glob("*.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        if "lines" not in truth:
            continue  # the manifest
        page = Page.open(place / truth["image"])
        for line in truth["lines"]:
            if line["eval"]:
                box = _box(line["box"])
                words = tuple(_box(word["box"]) for word in line["words"])
                found.append(RealLine(page, line["text"], box, words if degraded else (box,)))
    return found


def _box(numbers: list[float]) -> Box:
    x0, y0, x1, y1 = numbers
    return x0, y0, x1, y1
