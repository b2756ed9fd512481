"""The table of measures, and the scores that they add up to."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dessurt.data.example import Example
from dessurt.evaluate import finding, form_reading, reading, tesseract
from dessurt.evaluate.known import Answer, KnownPage


@dataclass(frozen=True)
class Measure:
    """How a task is measured.

    Attributes:
        token: the task.
        figure: "CER" (less is better), "IoU" or "F" (more is better).
        what: of what, for people.
        questions: all that can be asked about a page; what is drawn by lot comes from the
            generator given.
        judge: an answer's share of the figure, as numerator and denominator: the figure of a
            whole set is the sum of the ones over the sum of the others.
        tesseract: the mode in which Tesseract reads the same highlight; None: it cannot.
    """

    token: str
    figure: str
    what: str
    questions: Callable[[KnownPage, random.Random], Iterator[Example]]
    judge: Callable[[KnownPage, Example, Answer], tuple[float, float]]
    tesseract: str | None = None


MEASURES = {
    measure.token: measure
    for measure in (
        Measure(
            "w0>", "CER", "highlighted lines",
            reading.lines, reading.line_errors, tesseract.LINE,
        ),
        Measure(
            "read_block0>", "CER", "highlighted paragraphs",
            reading.paragraphs, reading.paragraph_errors, tesseract.BLOCK,
        ),
        Measure("0w~", "IoU", "region of given words", finding.words, finding.overlap),
        Measure(
            "re~", "CER", "reading on, 40 characters",
            reading.reading_on, reading.reading_on_errors,
        ),
        Measure("json>", "F", "fields of forms", form_reading.forms, form_reading.fields),
    )
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Question:
    """Something to ask about a page."""

    measure: Measure
    known: KnownPage
    example: Example


@dataclass
class Score:
    """A sum over a sum."""

    top: float = 0.0
    bottom: float = 0.0

    def add(self, top: float, bottom: float) -> None:
        """Count one answer."""
        self.top, self.bottom = self.top + top, self.bottom + bottom

    @property
    def value(self) -> float | None:
        """The figure; None before anything was counted."""
        return self.top / self.bottom if self.bottom else None


@dataclass(frozen=True, eq=False)
class Mistake:
    """An answer that is not wholly right."""

    question: Question
    answer: Answer
    score: Score

    @property
    def badness(self) -> float:
        """Wrong characters, or how much is missing to 1."""
        if self.question.measure.figure == "CER":
            return self.score.top
        return 0.0 if self.score.value is None else 1 - self.score.value


@dataclass
class Result:
    """What was measured of a task, Tesseract's beside it.

    `worst`: the worst answers, the worst first; at most `keep`.
    """

    measure: Measure
    keep: int = 0
    ours: Score = field(default_factory=Score)
    theirs: Score = field(default_factory=Score)
    questions: int = 0
    seconds: float = 0.0
    worst: list[Mistake] = field(default_factory=list)

    def add(self, question: Question, answer: Answer, seconds: float) -> None:
        """Count one answer of the checkpoint."""
        top, bottom = self.measure.judge(question.known, question.example, answer)
        self.ours.add(top, bottom)
        self.questions, self.seconds = self.questions + 1, self.seconds + seconds
        mistake = Mistake(question, answer, Score(top, bottom))
        if self.keep and mistake.badness > 0:
            self.worst.append(mistake)
            self.worst.sort(key=lambda mistake: -mistake.badness)
            del self.worst[self.keep :]

    def add_tesseract(self, question: Question, text: str) -> None:
        """Count what Tesseract read."""
        self.theirs.add(*self.measure.judge(question.known, question.example, Answer(text)))
