"""Passages: runs of words of a page and their text, and what a task makes an example from."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from dessurt import tasks
from dessurt.data.example import Example
from dessurt.data.questions import drawing
from dessurt.page import Page
from dessurt.page.marks import Marks, MarksError, Shape
from dessurt.protocol import Request
from dessurt.tasks import END_SIGN, NEW_LINE, NO_SUCH
from dessurt.truth import Line, Paragraph, Printed, Truth, Word

Pieces = Callable[[str], Sequence[int]]  # where in a text each of its pieces ends
Size = Callable[[Sequence[Word]], int]  # of words in a row, in characters or pieces

END, NONE = Printed.sign(END_SIGN), Printed.sign(NO_SUCH + END_SIGN)
NOTHING = Printed.sign("")
TRIES = 8  # random choices on a page may not do, e.g. because a text stands there twice


def characters(text: str) -> Sequence[int]:
    """The pieces of a text that is counted in characters."""
    return range(1, len(text) + 1)


@dataclass(frozen=True, eq=False)
class Ask:
    """What an example is made from: the page, the task, and how long its texts may be.

    Attributes:
        most_text: the longest typed text, in pieces.
        most_answer: the longest answer, in characters.
        pieces: what a typed text is counted in: tokens of the vocabulary in use, since the model
            sees so many of them (`Tokenizer.pieces`), or characters.
    """

    token: str
    page: Page
    truth: Truth
    rng: random.Random
    most_text: int
    most_answer: int
    pieces: Pieces = characters

    @property
    def highlighted(self) -> bool:
        """Whether the task needs a highlight."""
        return "highlight" in tasks.task(self.token).needs

    def names_its_place(self, text: str) -> bool:
        """Whether a text may be typed: short enough, and on the page once if not highlighted."""
        return self.fits(text) and (self.highlighted or occurs_once(self.truth, text))

    def fits(self, text: str) -> bool:
        """Whether a text is short enough to be typed."""
        # No piece is less than a byte, and bytes are quickly counted.
        return len(text.encode()) <= self.most_text or len(self.pieces(text)) <= self.most_text

    def size(self, words: Sequence[Word]) -> int:
        """The pieces of the text of words or stretches in a row."""
        return len(self.pieces(text_of(words)))

    # A part may have more pieces than it had in the whole: it is counted anew.

    def start(self, text: Printed) -> Printed:
        """As much of a text's beginning as may be typed."""
        while not self.fits(text.text):
            stop = (0, *self.pieces(text.text))[self.most_text]
            text = text[: min(stop, len(text) - 1)]
        return text

    def end(self, text: Printed) -> Printed:
        """As much of a text's end as may be typed."""
        while not self.fits(text.text):
            first = self.pieces(text.text)[-self.most_text - 1]
            text = text[max(first, 1) :]
        return text

    def highlight(self, stretches: Sequence[Word]) -> tuple[Shape, ...]:
        """The stretches as somebody marks them, if the task needs a highlight."""
        return drawing.highlight(stretches, self.rng) if self.highlighted else ()

    def highlight_block(self, lines: Sequence[Word]) -> tuple[Shape, ...]:
        """The same of lines that belong together."""
        return drawing.highlight_block(lines, self.rng) if self.highlighted else ()

    def example(
        self,
        answer: Printed,
        region: Iterable[Shape] = (),
        text: Printed = NOTHING,
        marks: Iterable[Shape] = (),
    ) -> Example | None:
        """The example; None if a mark or a part of the region lies outside the page."""
        try:
            drawn = Marks(tuple(marks)).checked(self.page.size)
            found = Marks(tuple(region)).checked(self.page.size)
        except MarksError:
            return None
        return Example(
            self.page,
            Request(self.token, text.text, drawn),
            (answer.text,),
            found,
            printed_answer=answer,
            printed_text=text,
        )


@dataclass(frozen=True)
class Task:
    """Makes examples of one task.

    Attributes:
        token: a token of the task table.
        make: makes an example, or none where its random choices do not do.
        tries: how often it may choose again.
    """

    token: str
    make: Callable[[Ask], Example | None]
    tries: int = 1

    def __call__(
        self,
        page: Page,
        truth: Truth,
        rng: random.Random,
        *,
        most_text: int = 64,
        most_answer: int = 2000,
        pieces: Pieces = characters,
    ) -> Example | None:
        """An example, or none where the page does not allow it; for the last three see `Ask`."""
        ask = Ask(self.token, page, truth, rng, most_text, most_answer, pieces)
        examples = filter(None, (self.make(ask) for _ in range(self.tries)))
        return next((each for each in examples if ask.fits(each.request.text)), None)


def paragraph_tasks(makers: Mapping[Callable[[Ask], Example | None], str]) -> dict[str, Task]:
    """The tasks that ask about paragraphs, by their tokens; there are none without a line.

    Args:
        makers: to each function that makes examples, the tokens of its tasks.
    """
    return {
        token: Task(token, _if_printed(make), TRIES)
        for make, tokens in makers.items()
        for token in tokens.split()
    }


def _if_printed(make: Callable[[Ask], Example | None]) -> Callable[[Ask], Example | None]:
    """Nothing can be asked about a page without a line."""
    return lambda ask: make(ask) if ask.truth.lines else None


def whole_line(line: Line) -> Word:
    """A line as one stretch."""
    return Word(line, 0, len(line.text) - 1)


def words_of(paragraph: Paragraph) -> list[Word]:
    """All words of a paragraph, in reading order."""
    return [word for line in paragraph.lines for word in line.words]


def any_words(truth: Truth, rng: random.Random) -> list[Word]:
    """All words of a paragraph; one with many more likely."""
    each = [words_of(paragraph) for paragraph in truth.paragraphs]
    return rng.choices(each, [len(words) for words in each])[0]


def any_paragraph(truth: Truth, rng: random.Random) -> Paragraph:
    """A paragraph; one with many lines more likely."""
    return rng.choices(truth.paragraphs, [len(each.lines) for each in truth.paragraphs])[0]


def length(words: Sequence[Word]) -> int:
    """Characters of the text of words in a row: between two there is one, a space or a sign."""
    return sum(word.last - word.first + 2 for word in words) - 1


def any_lines(truth: Truth, most: int, rng: random.Random, size: Size = length) -> list[Word]:
    """The lines of a paragraph; of one whose size is above `most`, some that fit, or none."""
    lines = [whole_line(line) for line in any_paragraph(truth, rng).lines]
    if size(lines) <= most:
        return lines
    first = stop = rng.randrange(len(lines))
    while stop < len(lines) and size(lines[first : stop + 1]) <= most:
        stop += 1
    return lines[first:stop]


def stretched(words: Sequence[Word]) -> list[Word]:
    """Words in a row as stretches, one a line."""
    found: list[Word] = []
    for word in words:
        if found and found[-1].line is word.line:
            found[-1] = Word(word.line, found[-1].first, word.last)
        else:
            found.append(word)
    return found


def printed(words: Sequence[Word], sign: str = NEW_LINE) -> Printed:
    """The text of words or stretches in a row, with a sign between two lines."""
    parts = stretched(words)
    return Printed.join(sign, (Printed.of(part.line, part.first, part.last) for part in parts))


def text_of(words: Sequence[Word]) -> str:
    """The same without places."""
    return NEW_LINE.join(part.text for part in stretched(words))


def grown(
    words: Sequence[Word], k: int, most: int, rng: random.Random, size: Size = length
) -> tuple[int, int]:
    """Grow a run round word `k` to both sides while its size is at most `most`.

    Returns:
        The first word and one past the last.
    """
    first, stop = k, k + 1
    left = right = True
    while left or right:
        if left and (not right or rng.random() < 0.5):
            left = first > 0 and size(words[first - 1 : stop]) <= most
            first -= left
        else:
            right = stop < len(words) and size(words[first : stop + 1]) <= most
            stop += right
    return first, stop


def shortened(
    words: Sequence[Word], most: int, rng: random.Random, size: Size = length
) -> Sequence[Word]:
    """The first or the last of words in a row: of at most the size `most`, or one word."""
    from_start = rng.random() < 0.5
    while size(words) > most and len(words) > 1:
        words = words[:-1] if from_start else words[1:]
    return words


def occurs_once(truth: Truth, text: str) -> bool:
    """Whether a text stands on the page exactly once."""
    return _text(truth).count(text) == 1


@lru_cache(maxsize=4)  # several tasks are made from a page
def _text(truth: Truth) -> str:
    return "\n".join(paragraph.text for paragraph in truth.paragraphs)
