"""Questions about a page, answered by reading it line by line and looking the text up in that.

A small checkpoint reads a line well long before it can find one on a page. Reading tells where each
character stands (see `dessurt.model.pointing`), so what was read can be searched and shown.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Protocol

import numpy as np

from dessurt import tasks
from dessurt.model.tokenizer import END, Tokenizer
from dessurt.page import Page
from dessurt.page.level import Level, level_of
from dessurt.page.marks import Box, Marks
from dessurt.protocol import (
    Done,
    Event,
    Events,
    Instrument,
    Notice,
    Progress,
    Region,
    Request,
    Text,
)
from dessurt.reader.forms import Form, pieces_of
from dessurt.reader.pieces import Piece
from dessurt.reader.search import Match, Span, find

READ = "w0>"  # what reads a line
OF_FORMS = ("json>", "natural_q~")  # asked of a form that was read
SURE = 95.0  # of 100, `fuzz.partial_ratio`: the rest of the page is not read for a better match
TRIM = 0.02  # of a line's height above and below: lines are marked with a little margin
REMEMBERED_LINES = 4000  # more than are found on a page (lines.MOST_WORDS): none is lost meanwhile
# Lines of one block, in heights of a line: no further apart than this, or than that where their
# distance is the usual one of the page (but for so much), and of about the same height.
NEAR, FAR, EVEN, ALIKE = 0.33, 0.75, 0.15, 1.6
ASIDE = 5.0  # heights: no further aside; a line may be indented below a short one
NEXT = 2.5  # heights: who reads on from the end of a line wants the next one, block or not

# Mean probability of the tokens read. Below it were 24 of 28 marks round blank paper or figures,
# and 3 of 92 lines of text, of which two thirds of the characters or more were misread.
UNSURE = 0.5
NO_LINES = Notice("No lines of text were found on this page: highlight what to read.")
NOTHING_WRITTEN = Notice("The model wrote nothing: perhaps what it saw has no text.")
VERY_UNSURE = Notice(
    "The model was very unsure of this: perhaps what it saw has no text, or none that it can read."
)


def doubt(tokens: Sequence[Text]) -> Notice | None:
    """What to tell of what was read from beginning to end, if it may not be text at all."""
    if not "".join(token.delta for token in tokens).strip():
        return NOTHING_WRITTEN
    mean = float(np.mean([token.probability for token in tokens]))
    return VERY_UNSURE if mean < UNSURE else None


@dataclass(frozen=True, eq=False)
class ReadLine:
    """A line of the page and what the model wrote about it, without the end."""

    asked: Request
    tokens: tuple[Text, ...]
    bounds: Box  # of its highlight, level (see `dessurt.page.level`)

    @cached_property
    def text(self) -> str:
        """What was read."""
        return "".join(token.delta for token in self.tokens)

    @cached_property
    def token_of_letter(self) -> np.ndarray:
        """Which token ends each letter: int [letters]."""
        return np.repeat(np.arange(len(self.tokens)), [len(token.delta) for token in self.tokens])

    def tokens_from(self, letter: int) -> tuple[Text, ...]:
        """Of a letter and those after it, without spaces at the beginning."""
        blank = len(self.text) - len(self.text[letter:].lstrip())
        return self.tokens[self.token_of_letter[blank] :] if blank < len(self.text) else ()


class LineReader(Instrument, Protocol):
    """What can be asked to read a line, and then where each token of it stands."""

    tokenizer: Tokenizer

    def places(self, page: Page, request: Request, ids: Sequence[int]) -> np.ndarray:
        """Float32 [len(ids), 2], x and y in page pixels."""
        ...


class PageReader:
    """Answers questions line by line from what a checkpoint reads, and remembers what it read.

    It reads paragraphs and pages (`read_block0>`, `read_block>`), finds words or their lines
    (`0w~`, `0;~`), reads on after them (`re~`), reads forms
    (`json>`) and answers questions about them (`natural_q~`).
    """

    def __init__(self, instrument: LineReader) -> None:
        """`instrument`: reads lines."""
        self.instrument = instrument
        self._read: OrderedDict[tuple[str, Request], ReadLine] = OrderedDict()

    def answer(self, page: Page, request: Request, parts: Sequence[Request]) -> Events:
        """The events of a question; `parts`: how each line is read, in order."""
        started, first, written, stopped_by = time.perf_counter(), 0.0, 0, "end"
        match: Match | None = None
        # Where the answer stands, level, and how sure that is.
        boxes: Iterable[tuple[Box, float]]
        texts: Iterator[Event]
        if not parts:
            yield NO_LINES
            # What programs take for no entries.
            signs = f"[]{tasks.END_SIGN}" if request.task == "json>" else ""
            texts, boxes = (text for sign in signs for text in self._sign(sign)), ()
        elif request.task in OF_FORMS:
            form = yield from self._form(page, parts)
            texts, boxes = self._of_form(form, request)
        else:
            if request.text:
                match = yield from self._look_up(page, request.text, parts)
            elif len(parts) != 1:
                yield Notice(f"The model saw each of the {len(parts)} lines by itself.")
            lines = [_bounds(level_of(page), part) for part in parts]
            spans = _spans(request.task, lines, match)
            texts = self._texts(page, request.task, parts, spans)
            boxes = self._boxes(page, parts, spans, match)
        before = len(request.written)
        for event in texts:
            written += isinstance(event, Text)
            if written > before + request.max_tokens:
                written, stopped_by = written - 1, "length"
                break
            if written > before or not isinstance(event, Text):
                first = first or time.perf_counter() - started
                yield event
        whole = stopped_by == "end" and not request.text
        if whole and (doubted := self._doubt(page, parts)):
            yield doubted
        if request.want_region:
            yield self._region(page, boxes)
        seconds = time.perf_counter() - started
        yield Done(first, seconds, max(written - before, 0), stopped_by)

    def _look_up(
        self, page: Page, wanted: str, parts: Sequence[Request]
    ) -> Generator[Notice | Progress, None, Match | None]:
        """Read until the text is found for sure, or to the end; an event after each token."""
        yield Notice(
            "The model read the page line by line; the text was looked up in what it had read."
        )
        lines: list[str] = []
        match: Match | None = None
        for part in parts:
            for _ in self._line(page, part):
                yield Progress(len(lines) + 1, len(parts))
            lines.append(self._read[page.digest, part].text)
            match = find(lines, wanted)
            if match is not None and match.similarity >= SURE:
                break
        if match is None:
            count = "only line" if len(parts) == 1 else f"{len(parts)} lines"
            yield Notice(f"It read nothing like that in the {count} that it saw.")
        return match

    def _doubt(self, page: Page, parts: Sequence[Request]) -> Notice | None:
        """`doubt` of all lines, which were read; None if there are none."""
        lines = [self._read[page.digest, part] for part in parts]
        return doubt([token for line in lines for token in line.tokens]) if lines else None

    def _form(
        self, page: Page, parts: Sequence[Request]
    ) -> Generator[Notice | Progress, None, Form]:
        """Read a form; an event after each token."""
        yield Notice(
            "The model read the page line by line and told labels from values; what belongs "
            "together was concluded from where they stand."
        )
        pieces: list[Piece] = []
        for number, part in enumerate(parts, 1):
            for _ in self._line(page, part):
                yield Progress(number, len(parts))
            line = self._read[page.digest, part]
            pieces += pieces_of(line.tokens, partial(self._letters, page, line), line.bounds)
        return Form(page, pieces)

    def _of_form(
        self, form: Form, request: Request
    ) -> tuple[Iterator[Event], Iterable[tuple[Box, float]]]:
        """The answer to a question about a form, and where it stands."""
        if request.task == "json>":
            letters, lines = form.as_json(), form.truth.lines
        else:
            letters, lines = form.answer(request.text)
        texts: Iterator[Event] = (t for letter, sure in letters for t in self._sign(letter, sure))
        if request.task != "json>" and not lines:
            texts = iter((Notice("The question names no label that was read on the page."),))
        return texts, ((form.box(line), 1.0) for line in lines)

    def _letters(self, page: Page, line: ReadLine) -> np.ndarray:
        """Where each letter of a line stands: x, level, float32 [letters]."""
        places = self.instrument.places(page, line.asked, [t.token_id for t in line.tokens])
        return level_of(page).to_level(places)[:, 0][line.token_of_letter]

    def _line(self, page: Page, part: Request) -> Iterator[Event]:
        """The tokens of a line but its end, as they are read, or remembered; what else is told."""
        key = page.digest, part
        if key in self._read:
            self._read.move_to_end(key)
            yield from self._read[key].tokens
            return
        tokens: list[Text] = []
        for event in self.instrument.ask(page, part):
            match event:
                case Text(token_id=id_):
                    if id_ != END:
                        tokens.append(event)
                        yield event
                case Notice() if event in (NOTHING_WRITTEN, VERY_UNSURE):
                    pass  # of one line; `answer` tells it of all
                case Notice() | Progress():
                    yield event
        self._read[key] = ReadLine(part, tuple(tokens), _bounds(level_of(page), part))
        while len(self._read) > REMEMBERED_LINES:
            self._read.popitem(last=False)

    def _texts(
        self, page: Page, task: str, parts: Sequence[Request], spans: Sequence[Span]
    ) -> Iterator[Event]:
        """The text of an answer, in the signs of `dessurt.tasks`."""
        if "text" not in tasks.task(task).returns:
            return
        begun = False
        for span in spans:
            texts = self._line(page, parts[span.line])
            if span.first:  # then it was read before
                texts = iter(self._read[page.digest, parts[span.line]].tokens_from(span.first))
            elif begun:
                yield from self._sign(tasks.NEW_LINE)
            for event in texts:
                begun = begun or isinstance(event, Text)
                yield event
        if spans and task == "re~":
            yield from self._sign(tasks.END_SIGN)

    def _sign(self, sign: str, sure: float = 1.0) -> Iterator[Text]:
        """The tokens of a sign that the model did not write itself."""
        *incomplete, last = self.instrument.tokenizer.encode(sign)
        yield from (Text("", id_, sure) for id_ in incomplete)
        yield Text(sign, last, sure)

    def _region(self, page: Page, boxes: Iterable[tuple[Box, float]]) -> Region:
        """Where the answer stands, as sure as it was read (and found)."""
        found = np.zeros(page.size, np.float32)
        marks = Marks()
        level = level_of(page)
        for box, sure in boxes:
            shape = level.shape("highlight", box)
            x0, y0, x1, y1 = shape.bounds()
            left, top = max(int(x0), 0), max(int(y0), 0)
            part = found[top : math.ceil(y1), left : math.ceil(x1)]
            if shape.is_upright:
                part[:] = sure
            else:
                part[Marks((shape,)).rasterise(part.shape, offset=(-left, -top)) > 0] = sure
            if not marks.shapes:
                marks = Marks((shape,))
        return Region(found, self.instrument.frame(page, marks))

    def _boxes(
        self, page: Page, parts: Sequence[Request], spans: Sequence[Span], match: Match | None
    ) -> Iterator[tuple[Box, float]]:
        """The place of each part of a line, and how sure it is, 0..1."""
        for span in spans:
            line = self._read.get((page.digest, parts[span.line]))
            if line is None or not line.text[span.first :].strip():
                continue  # the answer was stopped before, or the text in question ends the line
            sure = float(np.mean([token.probability for token in line.tokens]))
            yield self._box(page, line, span), sure * (match.similarity / 100 if match else 1.0)

    def _box(self, page: Page, line: ReadLine, span: Span) -> Box:
        """Round a part of a line, level: it ends half-way to the letters next to it."""
        x0, y0, x1, y1 = line.bounds
        y0, y1 = y0 + TRIM * (y1 - y0), y1 - TRIM * (y1 - y0)
        first, stop = span.first, min(span.stop, len(line.text))
        if first > 0 or stop < len(line.text):
            letters = self._letters(page, line)
            printed = np.array([not letter.isspace() for letter in line.text])
            before, after = letters[:first][printed[:first]], letters[stop:][printed[stop:]]
            if len(before) and first < stop:
                x0 = float(before[-1] + letters[first]) / 2
            if len(after):
                x1 = max(float(after[0] + letters[stop - 1]) / 2, x0 + 1)
        return x0, y0, x1, y1


def _spans(task: str, lines: Sequence[Box], match: Match | None) -> list[Span]:
    """The lines and parts of lines that the answer says or shows."""
    if task.startswith("read_block") or task in (READ, *OF_FORMS):
        return [Span(number) for number in range(len(lines))]
    if match is None:
        return []
    if task == "0w~":
        return list(match.spans)
    if task == "0;~":
        return [Span(span.line) for span in match.spans]
    last = match.spans[-1]
    return [Span(last.line, last.stop), *map(Span, _following(lines, last.line, match.ends_line))]


def _following(lines: Sequence[Box], number: int, at_least_one: bool) -> Iterator[int]:
    """The lines after a line, to the end of its block, or the next one below it in any case."""
    boxes = np.array(lines)
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    pitches = np.diff(middles)
    usual = float(np.median(pitches[pitches > 0])) if (pitches > 0).any() else 0.0
    for following in range(number + 1, len(lines)):
        above, below, pitch = boxes[following - 1], boxes[following], pitches[following - 1]
        low, high = sorted((above[3] - above[1], below[3] - below[1]))
        gap = (below[1] - above[3]) / low
        aside = (max(above[0], below[0]) - min(above[2], below[2])) / low
        regular = abs(pitch - usual) < EVEN * usual
        near = -1 < gap < (FAR if regular else NEAR) and high <= ALIKE * low
        if at_least_one and following == number + 1:
            near = pitch > 0 and gap < NEXT
        in_the_same_row = abs(pitch) < low / 2  # as the text after a bullet
        if aside > ASIDE or not (near or in_the_same_row):
            return
        yield following


def _bounds(level: Level, part: Request) -> Box:
    """The level box round the line by whose highlight a part is asked."""
    x0, y0, x1, y1 = zip(*map(level.bounds, part.marks.of("highlight")), strict=True)
    return min(x0), min(y0), max(x1), max(y1)
