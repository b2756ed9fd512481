"""An instrument that writes words it was told, slowly, and remembers what it was asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dessurt import tasks
from dessurt.page import Page
from dessurt.page.frame import Frame
from dessurt.page.marks import Marks
from dessurt.page.plane import Quad
from dessurt.protocol import (
    Alternative,
    Card,
    Done,
    Event,
    Notice,
    Region,
    Request,
    Text,
    TextLine,
    View,
    Word,
)


class FakeInstrument:
    """Writes `words`, one token each, `seconds` apart.

    `asked` holds the (page, request) of each question, `computed` counts the tokens made for the
    last one, `closed` tells whether that one was closed before its end.
    """

    def __init__(self, words: str = "one two three four five six", seconds: float = 0.1) -> None:
        self.card = Card("fake", tasks=("w0>", "natural_q~", "0w~"))
        self.usual = words.split(" "), seconds
        self.reset()

    def reset(self) -> None:
        """Forget what was asked, and write as at first."""
        self.words, self.seconds = self.usual
        self.notices: list[str] = []
        self.probabilities: dict[str, float] = {}  # of a word, if it is not 0.9
        self.glued: tuple[str, ...] = ()  # words that have no space before the next one
        self.quads: list[Quad] = []  # of the lines of `read_block>`, between which "\\" stands
        self.asked: list[tuple[Page, Request]] = []
        self.computed = 0
        self.closed = False

    def frame(self, page: Page, marks: Marks) -> Frame:
        if marks.has("highlight"):
            return Frame.focus(page.size, (64, 1024), marks, 20)
        return Frame.fit(page.size, (1152, 768))

    def views(self, page: Page, request: Request) -> tuple[View, ...]:
        """Blocks are read a shape at a time."""
        request = replace(request, marks=request.marks.checked(page.size))
        parts, shapes = [request], request.marks.of("highlight")
        if request.task == "read_block0>" and shapes:
            parts = [replace(request, marks=Marks((shape,))) for shape in shapes]
        return tuple(View(part, self.frame(page, part.marks)) for part in parts)

    def token_ids(self, text: str) -> list[int]:
        """A token for each word."""
        return list(range(len(text.split(" "))))

    def ask(self, page: Page, request: Request) -> Iterator[Event]:
        self.asked.append((page, request))
        self.computed, self.closed = 0, False
        return self._answer(page, request)

    def _answer(self, page: Page, request: Request) -> Iterator[Event]:
        begin = len(request.written)
        most = len(self.words) if request.max_tokens is None else request.max_tokens
        end = min(begin + most, len(self.words))
        try:
            yield from map(Notice, self.notices)
            if "text" in tasks.task(request.task).returns:
                for number in range(begin, end):
                    time.sleep(self.seconds)
                    self.computed += 1
                    yield self._text(number)
                    if "read_block" in request.task and (line := self._line_up_to(number)):
                        yield line
            if request.want_region:
                region = np.zeros(page.size, np.float32)
                region[: page.height // 2] = 0.9
                yield Region(region, self.frame(page, request.marks))
        except GeneratorExit:
            self.closed = True
            raise
        stopped_by = "end" if end == len(self.words) else "length"
        yield Done(self.seconds, self.seconds * self.computed, self.computed, stopped_by)

    def _text(self, number: int) -> Text:
        word = self.words[number]
        apart = number > 0 and "\\" not in self.words[number - 1 : number + 1]
        apart = apart and self.words[number - 1] not in self.glued
        delta, sure = " " * apart + word, self.probabilities.get(word, 0.9)
        other = Alternative(delta.upper(), 1000 + number, round(1 - sure, 4))
        both = Alternative(delta, number, sure), other
        return Text(delta, number, sure, both if sure >= 0.5 else both[::-1])

    def _line_up_to(self, number: int) -> TextLine | None:
        """The line that ends with a word, if one does and there is a place for it."""
        before, line = self.words[: number + 1], self.words[: number + 1].count("\\")
        ends = number + 1 == len(self.words) or self.words[number + 1] == "\\"
        if not ends or line >= len(self.quads):
            return None
        words = before[len(before) - before[::-1].index("\\") :] if line else before
        (x0, y0), (x1, _), (_, y1), _ = quad = self.quads[line]
        edges = np.linspace(x0, x1, len(words) + 1).tolist()
        parts = zip(words, edges, edges[1:], strict=False)
        return TextLine(quad, tuple(
            Word(word, ((a, y0), (b, y0), (b, y1), (a, y1)), self.probabilities.get(word, 0.9))
            for word, a, b in parts
        ))  # fmt: skip
