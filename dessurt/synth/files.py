"""Pages as files: NAME.png and, beside it, NAME.json with all that is known of the page.

The JSON is one object. Lines are stored once, in reading order; all else names them by number:

    size        [height, width] in pixels
    kind        of document
    lines       [{"text", "x": [[left, right] of every character], "y": [the same], "above",
                "below"}], in pixels, rounded to 0.01; see `dessurt.truth.Line`
    paragraphs  [[line, ...]]
    entities    [{"kind", "lines": [line, ...]}]
    links       [[head, tail]], numbers of entities
    tables      [{"row_headers", "column_headers", "cells", "box"}], numbers of entities or null
    figures     [[x0, y0, x1, y1]]
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dessurt.synth.page import SynthPage
from dessurt.truth import Entity, Line, Paragraph, Table, Truth
from dessurt.whole_files import replacing, write_whole


def save(page: SynthPage, path: Path) -> None:
    """Write `path` (a .json) and the .png beside it; an interrupted call leaves no broken file.

    Raises:
        OSError: it cannot be written.
    """
    with replacing(path.with_suffix(".png")) as partial:
        Image.fromarray(page.pixels).save(partial, "PNG")
    text = json.dumps(_as_json(page.truth), ensure_ascii=False, separators=(",", ":"))
    write_whole(path, text.encode())


def load(path: str | Path) -> SynthPage:
    """Read a page back: the .json file and the .png beside it.

    Raises:
        OSError: one of them cannot be read.
        ValueError: the JSON is not a page's.
    """
    path = Path(path)
    try:
        truth = _from_json(json.loads(path.read_text(encoding="utf-8-sig")))
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"{path} does not describe a page ({error!r}).") from error
    with Image.open(path.with_suffix(".png")) as picture:
        return SynthPage(np.asarray(picture.convert("L")).copy(), truth)


def _as_json(truth: Truth) -> dict[str, Any]:
    number = {id(line): i for i, line in enumerate(truth.lines)}

    def numbers(lines: Sequence[Line]) -> list[int]:
        return [number[id(line)] for line in lines]

    return {
        "size": list(truth.size),
        "kind": truth.kind,
        "lines": [
            {
                "text": line.text,
                "x": _rounded(line.ends[..., 0]),
                "y": _rounded(line.ends[..., 1]),
                "above": round(line.above, 2),
                "below": round(line.below, 2),
            }
            for line in truth.lines
        ],
        "paragraphs": [numbers(each.lines) for each in truth.paragraphs],
        "entities": [{"kind": e.kind, "lines": numbers(e.lines)} for e in truth.entities],
        "links": [list(link) for link in truth.links],
        "tables": [
            {
                "row_headers": table.row_headers,
                "column_headers": table.column_headers,
                "cells": table.cells,
                "box": _rounded(np.array(table.box)),
            }
            for table in truth.tables
        ],
        "figures": [_rounded(np.array(box)) for box in truth.figures],
    }


def _from_json(found: dict[str, Any]) -> Truth:
    lines = []
    for each in found["lines"]:
        ends = np.stack([np.array(each["x"], np.float32), np.array(each["y"], np.float32)], -1)
        lines.append(Line(each["text"], ends, each["above"], each["below"]))

    def named(numbers: list[int]) -> tuple[Line, ...]:
        return tuple(lines[i] for i in numbers)

    tables = (
        Table(
            tuple(each["row_headers"]),
            tuple(each["column_headers"]),
            tuple(map(tuple, each["cells"])),
            tuple(each["box"]),
        )
        for each in found["tables"]
    )
    height, width = found["size"]
    return Truth(
        size=(height, width),
        kind=found["kind"],
        paragraphs=tuple(Paragraph(named(each)) for each in found["paragraphs"]),
        entities=tuple(Entity(each["kind"], named(each["lines"])) for each in found["entities"]),
        links=tuple((head, tail) for head, tail in found["links"]),
        tables=tuple(tables),
        figures=tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in found["figures"]),
    )


def _rounded(numbers: np.ndarray) -> Any:
    return np.round(numbers.astype(float), 2).tolist()
