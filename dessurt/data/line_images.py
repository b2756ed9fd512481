"""Cutting the text lines out of pages, to train or to measure what reads single lines."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from dessurt.data.records import DataError, DataSet, readable
from dessurt.truth import Line
from dessurt.whole_files import write_whole

LISTED = "lines.jsonl"


def write_lines(records: DataSet, folder: Path, tell: Callable[[str], None]) -> int:
    """Write each line of a data set as an image, and list all of them.

    The folder then holds `page-00000-line-000.png` and so on, grey, turned upright, and a file
    `lines.jsonl` with an object a line: `image`, `text` as the set has it (of NAF `¿` is a
    character and `§` a stretch that nobody could read), `kind` ("question", "answer" and so on,
    null where the set does not know it) and `source`. The list is written last, or when the work
    is interrupted, and each file is whole at any moment.

    Args:
        records: a set that knows the lines of its pages.
        folder: where to write; it is made if need be, and files of the same names are overwritten.
        tell: called with what is wrong with a record that is skipped.

    Returns:
        how many lines there are.

    Raises:
        DataError: the set does not know any line.
        OSError: a file cannot be written.
    """
    listed: list[str] = []
    folder.mkdir(parents=True, exist_ok=True)
    try:
        found = readable(records, random.Random(0))
        shown = tqdm(found, total=len(records), unit="page", disable=None)  # only on a terminal
        for page, record in enumerate(shown):
            if isinstance(record, DataError):
                tell(str(record))
                continue
            entities = record.truth.entities if record.truth else ()
            kinds = {id(line): each.kind for each in entities for line in each.lines}
            for number, line in enumerate(record.truth.lines if record.truth else ()):
                name = f"page-{page:05d}-line-{number:03d}.png"
                _, png = cv2.imencode(".png", cut_out(record.page.gray, line))
                write_whole(folder / name, png.tobytes())
                told = {"image": name, "text": line.text, "kind": kinds.get(id(line)),
                        "source": record.source}  # fmt: skip
                listed.append(json.dumps(told, ensure_ascii=False) + "\n")
    finally:
        if listed:
            write_whole(folder / LISTED, "".join(listed).encode())
    if not listed:
        raise DataError(
            "the set does not know the lines of its pages: take one that does, such as funsd or "
            "naf (naf_lines cuts no lines out, it asks about them)."
        )
    return len(listed)


def cut_out(gray: np.ndarray, line: Line) -> np.ndarray:
    """A line turned upright: uint8 [h, w], as large as on the page.

    Args:
        gray: the page, uint8 [H, W].
        line: a line of the page; what of it lies outside is white.
    """
    corners = line.quad(0, len(line.text) - 1)
    width = max(round(float(np.hypot(*(corners[1] - corners[0])))), 1)
    height = max(round(line.height), 1)
    upright = np.array([(0, 0), (width, 0), (width, height), (0, height)])
    # OpenCV takes the middle of a pixel for its place.
    turned = cv2.getPerspectiveTransform(
        (corners - 0.5).astype(np.float32), (upright - 0.5).astype(np.float32)
    )
    return cv2.warpPerspective(
        gray, turned, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT,
        borderValue=255,
    )  # fmt: skip
