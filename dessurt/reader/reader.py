"""Answers line by line: an instrument round one that reads a line well, but not a whole page.

A small checkpoint loses its place in long paragraphs and on whole pages. Here each line is read by
itself, as long recordings are transcribed a window at a time (arXiv 2212.04356, 3.8). Reading tells
where each character stands (see `dessurt.model.pointing`), so what was read can be searched and
shown.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from dessurt.page import Page
from dessurt.page.level import level_of
from dessurt.page.lines import highlighted_lines, page_lines
from dessurt.page.marks import Marks
from dessurt.page.plane import Box
from dessurt.protocol import (
    Done,
    Event,
    Events,
    Notice,
    Progress,
    Region,
    Request,
    Text,
    View,
    doubt,
)
from dessurt.reader.forms import Form, pieces_of
from dessurt.reader.line_memory import LineMemory, LineReader, ReadLine, level_box
from dessurt.reader.pieces import Piece
from dessurt.reader.search import Match, Span, answer_spans, find
from dessurt.tasks import END_SIGN, NEW_LINE, Task

READ, READ_FORM = "w0>", "ner_line>"  # what is asked of a line, and of a line of a form
LINE_TOKENS = 200  # the most that are written of a line
SURE = 95.0  # of 100, `fuzz.partial_ratio`: the rest of the page is not read for a better match
TRIM = 0.02  # of a line's height, above and below: lines are marked with a little margin
NO_LINES = Notice("No lines of text were found on this page: highlight what to read.")

Places = Iterable[tuple[Box, float]]  # level boxes, and how sure it is of each that it belongs


class LineByLine:
    """Answers some tasks from the lines of the page, and leaves all others to the model inside.

    It reads paragraphs and pages (`read_block0>`, `read_block>`, and `w0>` with several lines
    marked), finds words or their lines (`0w~`, `0;~`), reads on after them (`re~`), reads forms
    (`json>`) and answers questions about them (`natural_q~`). The lines are those that are
    highlighted, or without a highlight all that are found on the page. What was read is remembered.
    """

    def __init__(self, inner: LineReader, tasks: Collection[str]) -> None:
        """Put the reader round a model.

        Args:
            inner: what reads lines.
            tasks: the tasks that are answered line by line.
        """
        self.inner, self.card, self.tasks = inner, inner.card, frozenset(tasks)
        self._lines = LineMemory(inner)

    def __getattr__(self, name: str) -> Any:
        """Whatever else the model inside has, for example its device."""
        return getattr(self.inner, name)

    def views(self, page: Page, request: Request) -> tuple[View, ...]:
        """A view for each line; see `dessurt.protocol.Instrument`."""
        request = replace(request, marks=request.marks.checked(page.size))
        lines = self._views(page, request) if self._is_by_line(page, request) else ()
        return lines or self.inner.views(page, request)

    def token_ids(self, text: str) -> list[int]:
        """The tokens in which an answer of this text would be written."""
        return self.inner.token_ids(text)

    def ask(self, page: Page, request: Request) -> Events:
        """Answer a request about a page; see `dessurt.protocol.Instrument`."""
        request = request.checked(page, self.card.table)
        if not self._is_by_line(page, request):
            return self.inner.ask(page, request)
        return self.answer(page, request, [view.request for view in self._views(page, request)])

    def read_ahead(self, questions: Iterable[tuple[Page, Request]]) -> Iterator[None]:
        """Read the lines that questions need, many at a time; `ask` then finds them read.

        It pauses after each line, and can be closed there.

        Args:
            questions: pages and requests; those that are not answered line by line, or with
                several beams, are passed over.
        """
        yield from self._lines.read_together(
            (page, view)
            for page, request in questions
            if request.beams == 1 and self._is_by_line(page, request)
            for view in self._views(page, replace(request, marks=request.marks.checked(page.size)))
        )

    def _is_by_line(self, page: Page, request: Request) -> bool:
        highlight = request.marks.has("highlight")
        if request.task in self.tasks:
            return highlight or "highlight" not in self.card.task(request.task).needs
        # Whoever marks several lines for the task that reads one wants them all.
        return (
            request.task == READ
            and highlight
            and len(highlighted_lines(page, request.marks)) > 1
        )

    def _views(self, page: Page, request: Request) -> tuple[View, ...]:
        """How the model inside sees each line that is read to answer a request."""
        find_lines = highlighted_lines if request.marks.has("highlight") else page_lines
        task = READ_FORM if _is_of_form(self.card.task(request.task)) else READ
        line = Request(task, max_tokens=LINE_TOKENS, beams=request.beams)
        return tuple(
            view
            for marks in find_lines(page, request.marks)
            for view in self.inner.views(page, replace(line, marks=marks))
        )

    def answer(self, page: Page, request: Request, lines: Sequence[Request]) -> Events:
        """The events of a question.

        Args:
            page: the page.
            request: the question.
            lines: the requests that read the lines, in order.
        """
        started, first, written, stopped_by = time.perf_counter(), 0.0, 0, "end"
        texts, places = yield from self._reply(page, request, lines)
        before = len(request.written)
        for event in texts:
            written += isinstance(event, Text)
            if request.max_tokens is not None and written > before + request.max_tokens:
                written, stopped_by = written - 1, "length"
                break
            if written > before or not isinstance(event, Text):
                first = first or time.perf_counter() - started
                yield event
        all_read = stopped_by == "end" and not request.text
        if all_read and (warning := self._doubt(page, lines)):
            yield warning
        if request.want_region:
            yield self._region(page, places)
        seconds = time.perf_counter() - started
        yield Done(first, seconds, max(written - before, 0), stopped_by)

    def _reply(
        self, page: Page, request: Request, lines: Sequence[Request]
    ) -> Generator[Event, None, tuple[Iterator[Event], Places]]:
        """Read what must be known before the answer begins.

        Returns:
            The text of the answer, for which more may be read, and where it stands, which is known
            once the text is.
        """
        task = self.card.task(request.task)
        if not lines:
            yield NO_LINES
            # What programs take for no entries.
            signs = f"[]{END_SIGN}" if task.shape == "json" else ""
            return iter([text for sign in signs for text in self._sign(sign)]), ()
        if _is_of_form(task):
            form = yield from self._form(page, lines)
            return self._of_form(form, task, request.text)
        match: Match | None = None
        if request.text:
            match = yield from self._look_up(page, request.text, lines)
        elif len(lines) != 1:
            yield Notice(f"The model saw each of the {len(lines)} lines by itself.")
        spans = answer_spans(task, [level_box(page, line) for line in lines], match)
        return self._texts(page, task, lines, spans), self._places(page, lines, spans, match)

    def _look_up(
        self, page: Page, query: str, lines: Sequence[Request]
    ) -> Generator[Notice | Progress, None, Match | None]:
        """Read until the text is found for sure, or to the end; an event after each token."""
        yield Notice(
            "The model read the page line by line; the text was looked up in what it had read."
        )
        texts: list[str] = []
        match: Match | None = None
        for line in lines:
            for _ in self._lines.read(page, line):
                yield Progress(len(texts) + 1, len(lines))
            texts.append(self._lines[page, line].text)
            match = find(texts, query)
            if match is not None and match.similarity >= SURE:
                break
        if match is None:
            count = "only line" if len(lines) == 1 else f"{len(lines)} lines"
            yield Notice(f"It read nothing like that in the {count} that it saw.")
        return match

    def _doubt(self, page: Page, lines: Sequence[Request]) -> Notice | None:
        """`doubt` of all lines, which were read; None if there are none."""
        tokens = [token for line in lines for token in self._lines[page, line].tokens]
        return doubt(tokens) if lines else None

    def _form(
        self, page: Page, lines: Sequence[Request]
    ) -> Generator[Notice | Progress, None, Form]:
        """Read a form; an event after each token."""
        yield Notice(
            "The model read the page line by line and told labels from values; what belongs "
            "together was concluded from where they stand."
        )
        pieces: list[Piece] = []
        for number, request in enumerate(lines, 1):
            for _ in self._lines.read(page, request):
                yield Progress(number, len(lines))
            line = self._lines[page, request]
            pieces += pieces_of(line.tokens, partial(self._letters, page, line), line.box)
        return Form(page, pieces)

    def _of_form(self, form: Form, task: Task, question: str) -> tuple[Iterator[Event], Places]:
        """The form itself or the answer to a question about it, and where it stands."""
        as_json = task.shape == "json"
        letters, lines = (form.as_json(), form.truth.lines) if as_json else form.answer(question)
        texts: Iterator[Event] = (t for letter, sure in letters for t in self._sign(letter, sure))
        if not as_json and not lines:
            texts = iter((Notice("The question names no label that was read on the page."),))
        return texts, ((form.box(line), 1.0) for line in lines)

    def _letters(self, page: Page, line: ReadLine) -> np.ndarray:
        """Where each letter of a line stands: x, level, float64 [letters]."""
        points = [token.place or (math.nan, math.nan) for token in line.tokens]
        return level_of(page).to_level(points)[:, 0][line.token_of_letter]

    def _texts(
        self, page: Page, task: Task, lines: Sequence[Request], spans: Sequence[Span]
    ) -> Iterator[Event]:
        """The text of an answer, in the signs of `dessurt.tasks`."""
        if "text" not in task.returns:
            return
        begun = False
        for span in spans:
            texts = self._lines.read(page, lines[span.line])
            if span.first:  # then it was read before
                texts = iter(self._lines[page, lines[span.line]].tokens_from(span.first))
            elif begun:
                yield from self._sign(NEW_LINE)
            for event in texts:
                begun = begun or isinstance(event, Text)
                yield event
            if not span.first:
                yield self._lines[page, lines[span.line]].event(page)
        if spans and "text" in task.needs:  # what is read on ends with the block
            yield from self._sign(END_SIGN)

    def _sign(self, sign: str, probability: float = 1.0) -> Iterator[Text]:
        """The tokens of a sign that the model did not write itself."""
        *incomplete, last = self.inner.token_ids(sign)
        yield from (Text("", id_, probability) for id_ in incomplete)
        yield Text(sign, last, probability)

    def _places(
        self, page: Page, lines: Sequence[Request], spans: Sequence[Span], match: Match | None
    ) -> Iterator[tuple[Box, float]]:
        """The place of each part of a line, as sure as it was read and found, 0..1."""
        for span in spans:
            line = self._lines.get(page, lines[span.line])
            if line is None or not line.text[span.first :].strip():
                continue  # the answer was stopped before, or the text in question ends the line
            similar = match.similarity / 100 if match else 1.0
            yield self._place(page, line, span), line.probability * similar

    def _place(self, page: Page, line: ReadLine, span: Span) -> Box:
        """The level box round a part of a line: it ends half-way to the letters next to it."""
        x0, y0, x1, y1 = line.box
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

    def _region(self, page: Page, places: Places) -> Region:
        """The places of an answer as a map of the page, seen as the first of them is."""
        region = np.zeros(page.size, np.float32)
        marks = Marks()
        for box, sure in places:
            shape = level_of(page).shape("highlight", box)
            x0, y0, x1, y1 = shape.bounds()
            left, top = max(int(x0), 0), max(int(y0), 0)
            part = region[top : math.ceil(y1), left : math.ceil(x1)]
            if shape.is_upright:
                part[:] = sure
            else:
                part[Marks((shape,)).rasterise(part.shape, offset=(-left, -top)) > 0] = sure
            marks = marks if marks.shapes else Marks((shape,))
        (view, *_) = self.inner.views(page, Request(READ, marks=marks))
        return Region(region, view.frame)


def _is_of_form(task: Task) -> bool:
    """Whether it is answered from a form that was read."""
    return task.shape == "json" or task.group == "Questions"
