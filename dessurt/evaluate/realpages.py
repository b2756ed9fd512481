"""Real pages with the text and place of their lines, as folders of PNG or JPEG beside JSON.

Each `ID.json` has `image` and `lines` in reading order; a line has `text`, `box` [x0, y0, x1, y1]
in page pixels, the number of its `block`, `eval` (whether it counts) and `words` with boxes.
Scanned versions lie in `degraded/`; a line that runs askew there has the upright box round it.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from dessurt import Page
from dessurt.evaluate.pages import KnownLine, KnownPage, SetError
from dessurt.page.plane import Box


def pages(folder: Path, degraded: bool = False) -> list[KnownPage]:
    """All pages in the order of their names.

    Raises:
        SetError: there are none, or a file is not as described above.
        PageError: an image cannot be read.
    """
    place = folder / "degraded" if degraded else folder
    found = []
    for path in sorted(place.glob("*.json")):
        try:
            truth = json.loads(path.read_text(encoding="utf-8-sig"))
            if "lines" not in truth:
                continue  # the manifest
            blocks = tuple(
                tuple(_line(line, degraded) for line in lines)
                for _, lines in itertools.groupby(truth["lines"], lambda line: line["block"])
            )
            image = place / truth["image"]
        except (ValueError, KeyError, TypeError) as error:
            raise SetError(f"{path} does not describe a page ({error!r}): mend it.") from error
        found.append(KnownPage(path.stem, Page.open(image), blocks))
    if not found:
        raise SetError(f"no pages with lines to measure in {place}: give the folder of the set.")
    return found


def _line(given: dict[str, Any], degraded: bool) -> KnownLine:
    box = _box(given["box"])
    words = tuple(_box(word["box"]) for word in given["words"])
    if not degraded:  # on a scan the line's box may be much taller than the line
        words = tuple((x0, box[1], x1, box[3]) for x0, _, x1, _ in words)
    return KnownLine(given["text"], box, words, (box,), given["eval"])


def _box(numbers: list[float]) -> Box:
    x0, y0, x1, y1 = numbers
    return x0, y0, x1, y1
