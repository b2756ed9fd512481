"""IIT-CDIP: scanned pages with what a recogniser read on them, for pre-training."""

from __future__ import annotations

import json
import random
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from dessurt.data.records import DataError, Record
from dessurt.data.sets.files import damaged, open_page
from dessurt.page import Page
from dessurt.page.plane import Box
from dessurt.truth import Line, Paragraph, Truth
from dessurt.truth.boxes import line_of

LAYOUT = ".layout.json"
PICTURES = (".png", ".tif", ".tiff", ".jpg", ".jpeg")
TRUSTED = 0.73  # score above which the blocks of a page are believed, as in the original


@dataclass(frozen=True, slots=True)
class _Part:
    """A file: all of `path`, or the stretch of a tar where it lies."""

    path: Path
    start: int = 0
    size: int | None = None
    name: str = ""

    def read(self) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read(-1 if self.size is None else self.size)


class CDIP:
    """One record a page: its truth, of which `dessurt.data.questions.makers` makes questions.

    Get the pictures from https://data.nist.gov/od/id/mds2-2531 and the layouts from
    https://zenodo.org/record/6540454. The folder holds any number of shards, at any depth; nothing
    is downloaded, unpacked or deleted:

        SHARD.tar, or folders    uncompressed tars are read where they lie
          STEM.png               or .tif, .tiff, .jpg, .jpeg
          STEM.layout.json       {"height", "width", "blocks": [{"box", "paragraphs": [{"box",
                                 "lines": [{"box", "text", "words": [{"box", "text"}]}]}]}]};
                                 a box is left, top, right, bottom, in pixels of a page of that
                                 width and height

    A layout without a picture is left out, and so is a picture without a layout; a tar's pictures
    and layouts must be in the same tar. There is only the split "train". The names take about half
    a gigabyte of memory for a million pages.

    On pages whose blocks are to be believed each block is a paragraph, otherwise each line is one:
    then no question goes beyond a line. See `trust`.
    """

    def __init__(self, folder: Path, split: str = "train") -> None:
        """Looks through the names of all files, and reads none but the heads of tars.

        Raises:
            DataError: another split is asked for, there are no pages, or a tar is damaged.
        """
        if split != "train":
            raise DataError("IIT-CDIP only has a split train: validate on another set.", folder)
        self.pages = list(_pages(folder))
        if not self.pages:
            raise DataError(f"there are no pictures with a STEM{LAYOUT}.", folder)

    def __len__(self) -> int:
        """Pages."""
        return len(self.pages)

    def record(self, index: int, rng: random.Random) -> Record:
        """A page and what is known of it."""
        picture, layout = self.pages[index]
        page = _opened(picture)
        with damaged(layout.path, layout.name):
            given = json.loads(layout.read())
            truth = truth_of(given, page.size)
        return Record(page, truth=truth, source=f"{picture.path.name} {picture.name}".strip())


def truth_of(given: dict[str, Any], size: tuple[int, int]) -> Truth:
    """The truth that a layout tells of a page of `size` (height, width) pixels.

    Words without letters are left out, and lines that have none or do not run to the right.
    """
    x, y = size[1] / given["width"], size[0] / given["height"]
    blocks = [
        [line for part in block["paragraphs"] for line in _lines(part["lines"], (x, y, x, y))]
        for block in given["blocks"]
    ]
    if trust(given["blocks"]) <= TRUSTED:
        blocks = [[line] for lines in blocks for line in lines]
    return Truth(size, paragraphs=tuple(Paragraph(tuple(lines)) for lines in blocks if lines))


def trust(blocks: list[dict[str, Any]]) -> float:
    """How far the blocks of a page look like running text, from 0 to 1.4.

    A block scores the share of its area that its words cover (0 if it has one line), and its height
    over its width, at most 0.4; a page scores the mean, each block counting once a line. The
    original took width over height, so that nearly every block got the whole 0.4.
    """
    total, count = 0.0, 0
    for block in blocks:
        lines = [line for part in block["paragraphs"] for line in part["lines"]]
        width, height = _sides(block["box"])
        if not width > 0 or not height > 0:
            continue
        sides = (_sides(word["box"]) for line in lines for word in line["words"])
        covered = sum(a * b for a, b in sides) / (width * height) if len(lines) > 1 else 0.0
        total += len(lines) * (covered + min(0.4, height / width))
        count += len(lines)
    return total / count if count else 0.0


def _sides(box: list[float]) -> tuple[float, float]:
    left, top, right, bottom = box
    return right - left, bottom - top


def _lines(given: list[dict[str, Any]], scale: Box) -> Iterator[Line]:
    for line in given:
        words: list[tuple[str, Box]] = []
        for word in line["words"]:
            left, top, right, bottom = (a * b for a, b in zip(word["box"], scale, strict=True))
            if text := "".join(word["text"].split()):
                words.append((text, (left, top, right, bottom)))
        starts = [box[0] for _, box in words]
        if words and starts == sorted(set(starts)):
            yield line_of(words)


def _pages(folder: Path) -> Iterator[tuple[_Part, _Part]]:
    """Picture and layout of each page, in the order of their names."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    yield from _pairs({str(path): _Part(path) for path in files})
    tars = [path for path in files if path.suffix == ".tar"]
    for path in tqdm(tars, "looking into tars", leave=False, disable=None):
        try:
            with tarfile.open(path, "r:") as tar:
                parts = {
                    member.name: _Part(path, member.offset_data, member.size, member.name)
                    for member in tar
                    if member.isfile() and not member.issparse()
                }
        except (OSError, tarfile.TarError) as error:
            raise DataError(f"this tar is damaged ({error}): remove it.", path) from error
        yield from _pairs(dict(sorted(parts.items())))


def _pairs(files: dict[str, _Part]) -> Iterator[tuple[_Part, _Part]]:
    for name, layout in files.items():
        if name.endswith(LAYOUT):
            stem = name.removesuffix(LAYOUT)
            picture = next((files[stem + end] for end in PICTURES if stem + end in files), None)
            if picture is not None:
                yield picture, layout


def _opened(picture: _Part) -> Page:
    if not picture.name:
        return open_page(picture.path)
    where = damaged(picture.path, picture.name)
    with where, tempfile.TemporaryDirectory() as folder:  # a page is opened from a file
        path = Path(folder) / Path(picture.name).name
        path.write_bytes(picture.read())
        try:
            return open_page(path)
        except DataError as error:
            raise DataError(str(error.__cause__), picture.path, picture.name) from error
