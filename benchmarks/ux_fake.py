"""What `benchmarks.ux` measures with: pages, crowded examples, a fake that records its times."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from gradio.utils import get_upload_folder
from PIL import Image

from dessurt.page import Page
from dessurt.page.marks import Marks, Shape
from dessurt.protocol import Event, Request, Text
from dessurt_app.canvas.files import Example, load_examples
from tests.app.fake_instrument import FakeInstrument

WRITTEN_BOXES, WRITTEN_STROKES = "1000 boxes", "300 strokes"
STROKE_POINTS = 40


class TimedFake(FakeInstrument):
    """Records in `times` when it made each token of the last answer (seconds since 1970)."""

    def _answer(self, page: Page, request: Request) -> Iterator[Event]:
        self.times: list[float] = []
        for event in super()._answer(page, request):
            if isinstance(event, Text):
                self.times.append(time.time())
            yield event


def paper(size: tuple[int, int]) -> Image.Image:
    """A grey page (width, height) with rows of dark blocks for words."""
    width, height = size
    dice = np.random.default_rng(0)
    words = dice.random((height // 40, width // 60)) < 0.8
    block = np.zeros((40, 60), np.uint8)
    block[8:30, 4:56] = 200
    return Image.fromarray(255 - np.kron(words, block).astype(np.uint8)).resize(size)


@cache
def crowded_examples() -> list[Example]:
    """The usual examples, and two with more marks than anybody would draw."""
    dice = np.random.default_rng(0)
    corners = dice.uniform((0, 0), (1600, 2150), (1000, 2))
    boxes = Marks.from_boxes(highlight=[(x, y, x + 60, y + 24) for x, y in corners])
    steps = dice.normal(0, 12, (300, STROKE_POINTS, 2)).cumsum(1)
    starts = dice.uniform((300, 300), (1400, 1900), (300, 1, 2))
    paths = (starts + steps).clip(0, 1700).round(2)  # as the canvas rounds what is drawn
    strokes = [Shape("highlight", "brush", path.tolist(), 12.0) for path in paths]
    page = Path(get_upload_folder()) / "ux" / "page.png"  # from elsewhere none is read
    page.parent.mkdir(parents=True, exist_ok=True)
    paper((1700, 2200)).save(page)
    usual = load_examples()
    crowded = {WRITTEN_BOXES: boxes, WRITTEN_STROKES: Marks(tuple(strokes))}
    return usual + [
        replace(usual[0], title=title, page=page, marks=marks) for title, marks in crowded.items()
    ]
