"""Lines that a model has read, remembered for whatever else is asked about their page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, assert_never

import numpy as np

from dessurt.model.tokenizer import END
from dessurt.page import Page
from dessurt.page.level import level_of
from dessurt.page.plane import Box, union
from dessurt.protocol import (
    NOTHING_WRITTEN,
    VERY_UNSURE,
    Done,
    Event,
    Instrument,
    Notice,
    Progress,
    Region,
    Request,
    Text,
    TextLine,
    View,
    confidence,
)
from dessurt.reader.words import words_of

REMEMBERED_LINES = 4000  # more than are found on any page (`lines.MOST_WORDS`)


class LineReader(Instrument, Protocol):
    """What reads lines, and says where it looked for each token."""

    def write_together(
        self, views: Sequence[tuple[Page, View]]
    ) -> Iterator[tuple[int, list[Text]]]:
        """See `dessurt.instrument.DessurtInstrument.write_together`."""
        ...


@dataclass(frozen=True, eq=False)
class ReadLine:
    """A line of the page and what the model wrote about it, without the end."""

    request: Request
    tokens: tuple[Text, ...]
    box: Box  # of its highlight, level (see `dessurt.page.level`)

    @cached_property
    def text(self) -> str:
        """What was read."""
        return "".join(token.delta for token in self.tokens)

    @cached_property
    def token_of_letter(self) -> np.ndarray:
        """Which token ends each letter: int [letters]."""
        return np.repeat(np.arange(len(self.tokens)), [len(token.delta) for token in self.tokens])

    @cached_property
    def probability(self) -> float:
        """The mean of its tokens."""
        return confidence(self.tokens)

    def tokens_from(self, letter: int) -> tuple[Text, ...]:
        """The tokens of a letter and those after it, without spaces at the beginning."""
        blank = len(self.text) - len(self.text[letter:].lstrip())
        return self.tokens[self.token_of_letter[blank] :] if blank < len(self.text) else ()

    def event(self, page: Page) -> TextLine:
        """The line with the places of its words."""
        shape, *more = self.request.marks.of("highlight")
        if more or shape.kind != "line":  # a line that was found may slope otherwise than the page
            shape = level_of(page).shape("highlight", self.box)
        a, b, c, d = shape.outline()
        return TextLine((a, b, c, d), words_of(page, (a, b, c, d), self.tokens))


class LineMemory:
    """Reads lines, one by one or many together, and remembers them by their page and marks."""

    def __init__(self, model: LineReader) -> None:
        """Remember what a model reads."""
        self._model = model
        self._read: OrderedDict[tuple[str, Request], ReadLine] = OrderedDict()

    def get(self, page: Page, request: Request) -> ReadLine | None:
        """A line that was read; None if it was not, or is forgotten."""
        return self._read.get((page.digest, request))

    def __getitem__(self, line: tuple[Page, Request]) -> ReadLine:
        """A line that was read just now.

        Raises:
            KeyError: it was not.
        """
        page, request = line
        return self._read[page.digest, request]

    def read(self, page: Page, request: Request) -> Iterator[Event]:
        """The tokens of a line but its end, as they are read or remembered, and notices."""
        key = page.digest, request
        if key in self._read:
            self._read.move_to_end(key)
            yield from self._read[key].tokens
            return
        tokens: list[Text] = []
        for event in self._model.ask(page, request):
            match event:
                case Text(token_id=id_):
                    if id_ != END:
                        tokens.append(event)
                        yield event
                case Notice():
                    # These doubt one line; the reader doubts all of them together.
                    if event not in (NOTHING_WRITTEN, VERY_UNSURE):
                        yield event
                case Progress():
                    yield event
                case TextLine() | Region() | Done():
                    pass
                case _:
                    assert_never(event)
        self._remember(page, request, tokens)

    def read_together(self, lines: Iterable[tuple[Page, View]]) -> Iterator[None]:
        """Read lines many at a time, but those that are remembered; a pause after each line."""
        all_lines = {(page.digest, view.request): (page, view) for page, view in lines}
        new = [line for key, line in all_lines.items() if key not in self._read]
        boxes = [level_box(page, view.request) for page, view in new]
        shapes = [(x1 - x0) / (y1 - y0) for x0, y0, x1, y1 in boxes]
        # Lines of like shape have about as many letters, so that their rows end together.
        order = sorted(range(len(new)), key=shapes.__getitem__)
        for number, texts in self._model.write_together([new[number] for number in order]):
            page, view = new[order[number]]
            self._remember(page, view.request, [t for t in texts if t.token_id != END])
            yield

    def _remember(self, page: Page, request: Request, tokens: Sequence[Text]) -> None:
        """Keep a line that was read, and forget the one that was used longest ago."""
        line = ReadLine(request, tuple(tokens), level_box(page, request))
        self._read[page.digest, request] = line
        while len(self._read) > REMEMBERED_LINES:
            self._read.popitem(last=False)


def level_box(page: Page, line: Request) -> Box:
    """The level box round the highlight of a line."""
    return union(map(level_of(page).bounds, line.marks.of("highlight")))
