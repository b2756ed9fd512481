"""How tasks are measured, the table of measures of pages, and the scores that they add up to."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from dessurt import Instrument, Page
from dessurt.data.example import Example
from dessurt.evaluate import long_answers, page_tasks, text
from dessurt.evaluate.forms import fields
from dessurt.evaluate.pages import Answer, KnownPage

Share = tuple[float, float]
# Page segmentation modes.
TESSERACT_LINE, TESSERACT_BLOCK, TESSERACT_WORD, TESSERACT_PAGE = "7", "6", "8", "3"
RATES = ("CER", "WER", "missed")  # of errors: shown in per cent
NO_PAGE = Page.from_array(np.full((64, 64), 255, np.uint8))
LESS_IS_BETTER = (*RATES, "ED", "GAnTED")


def ratio(shares: dict[str, Share]) -> float | None:
    """The sum of all numerators over that of all denominators; None if that is 0."""
    top, bottom = (sum(part) for part in zip(*shares.values(), strict=True)) if shares else (0, 0)
    return top / bottom if bottom else None


@dataclass(frozen=True)
class Figure:
    """One number of the table.

    Attributes:
        name: one of `LESS_IS_BETTER`, or another (more is better).
        what: what it is of, for people.
        judge: what an answer adds to it: a numerator and a denominator, or those of several
            classes by name.
        total: the figure, from the sums of all answers; by default the one over the other.
        is_slow: whether judging takes seconds: then another process does it, without the pixels.
    """

    name: str
    what: str
    judge: Callable[[KnownPage, Example, Answer], Share | dict[str, Share]]
    total: Callable[[dict[str, Share]], float | None] = ratio
    is_slow: bool = False


def own_questions(token: str) -> Callable[[KnownPage, random.Random], Iterator[Example]]:
    """The questions with a task that a page brings with it."""
    return lambda known, rng: (each for each in known.examples if each.request.task == token)


@dataclass(frozen=True)
class Measure:
    """How a task is measured.

    Attributes:
        token: the task.
        figures: taken of each answer; the first one tells which answers are worst.
        questions: all that can be asked about a page; what is random comes from the
            generator given.
        ask: how an answer is got; by default the question is asked once.
        tesseract: the mode in which Tesseract reads the same highlight, or the page if none is
            needed, for the first figure; None: it cannot.
        marked: how people mark what is asked about, if the task is also measured in other ways.
    """

    token: str
    figures: tuple[Figure, ...]
    questions: Callable[[KnownPage, random.Random], Iterator[Example]]
    ask: Callable[[Instrument, Example], Answer] = long_answers.answer_once
    tesseract: str | None = None
    marked: str = ""

    @property
    def name(self) -> str:
        """The task, and how it is marked: of all measures of a run each has another."""
        return f"{self.token} {self.marked}".rstrip()


MEASURES = {
    measure.token: measure
    for measure in (
        Measure(
            "w0>", (Figure("CER", "highlighted lines", page_tasks.line_errors),),
            page_tasks.lines, tesseract=TESSERACT_LINE,
        ),
        Measure(
            "read_block0>", (Figure("CER", "highlighted paragraphs", page_tasks.paragraph_errors),),
            page_tasks.paragraphs, tesseract=TESSERACT_BLOCK,
        ),
        Measure(
            "read_block>", (Figure("WER", "whole pages", page_tasks.page_errors),),
            page_tasks.whole_page, tesseract=TESSERACT_PAGE,
        ),
        Measure(
            "0w~", (Figure("IoU", "region of given words", page_tasks.overlap),),
            page_tasks.words_to_find,
        ),
        Measure(
            "re~", (Figure("CER", "reading on, 40 characters", page_tasks.reading_on_errors),),
            page_tasks.reading_on,
        ),
        Measure(
            "json>", (Figure("F", "fields of forms", fields.field_f),),
            fields.questions, long_answers.whole_json,
        ),
        Measure(
            "mk>",
            (
                Figure("accuracy", "masked words, to the letter", text.accuracy),
                *(
                    Figure(
                        f"mk_firsttoken_top{most}", f"first token among the {most} likeliest",
                        partial(page_tasks.first_token, most=most),
                    )
                    for most in (10, 50, page_tasks.MOST_LIKELY)
                ),
            ),
            page_tasks.words_to_guess, page_tasks.answer_with_rank,
        ),
    )
}  # fmt: skip

# Other marks than those in `MEASURES`, by which real pages are read as well.
OTHERWISE_MARKED = {
    "w0>": (
        replace(
            MEASURES["w0>"], marked="clicked", ask=page_tasks.answer_if_marked,
            questions=partial(page_tasks.lines, marking=page_tasks.clicked),
            figures=(
                Figure("CER", "clicked lines", page_tasks.line_errors),
                Figure("missed", "clicks that found no line", page_tasks.missed),
            ),
        ),
    ),
    "read_block0>": (
        replace(
            MEASURES["read_block0>"], marked="one box",
            questions=partial(page_tasks.paragraphs, marking=page_tasks.one_box),
            figures=(Figure("CER", "paragraphs, a box round each", page_tasks.paragraph_errors),),
        ),
        replace(
            MEASURES["read_block0>"], marked="clicked", ask=page_tasks.answer_if_marked,
            questions=partial(page_tasks.paragraphs, marking=page_tasks.clicked),
            figures=(
                Figure("CER", "paragraphs, their lines clicked", page_tasks.paragraph_errors),
            ),
        ),
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Question:
    """Something to ask about a page."""

    measure: Measure
    known: KnownPage
    example: Example


@dataclass
class Score:
    """Sums over sums, of one figure."""

    figure: Figure
    sums: dict[str, Share] = field(default_factory=dict)

    def add(self, shares: Share | dict[str, Share]) -> None:
        """Count one answer."""
        for name, (top, bottom) in (shares if isinstance(shares, dict) else {"": shares}).items():
            old_top, old_bottom = self.sums.get(name, (0.0, 0.0))
            self.sums[name] = old_top + top, old_bottom + bottom

    @property
    def of(self) -> float:
        """All denominators: characters, words, answers, things to find."""
        return sum(bottom for _, bottom in self.sums.values())

    @property
    def value(self) -> float | None:
        """The figure; None before anything was counted."""
        return self.figure.total(self.sums)


@dataclass(frozen=True, eq=False)
class Mistake:
    """An answer that is not wholly right."""

    question: Question
    answer: Answer
    score: Score

    @property
    def badness(self) -> float:
        """Wrong characters or words, or how far the first figure is from its best."""
        if self.score.figure.name in RATES:
            return sum(top for top, _ in self.score.sums.values())
        value = self.score.value
        if value is None:
            return 0.0
        return value if self.score.figure.name in LESS_IS_BETTER else 1 - value


@dataclass
class Result:
    """What was measured of a task, Tesseract's beside it.

    `scores`: of each figure. `unjudged`: what another process judges, with its score.
    `worst`: the worst answers, the worst first; at most `keep`.
    """

    measure: Measure
    keep: int = 0
    questions: int = 0
    seconds: float = 0.0
    unanswered: int = 0  # questions whose right answer is not known
    unjudged: list[tuple[Score, Future[Share]]] = field(default_factory=list)
    worst: list[Mistake] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with nothing counted."""
        self.scores = [Score(figure) for figure in self.measure.figures]
        self.tesseract = Score(self.measure.figures[0])

    @property
    def first_score(self) -> Score:
        """That of the first figure."""
        return self.scores[0]

    def add(
        self,
        question: Question,
        answer: Answer,
        seconds: float,
        submit: Callable[..., Future[Share]] | None = None,
    ) -> None:
        """Count one answer of the checkpoint; `submit` has another process judge it."""
        self.questions, self.seconds = self.questions + 1, self.seconds + seconds
        if not question.example.answers:
            self.unanswered += 1
            return
        known, example = question.known, question.example
        for score in self.scores:
            if score.figure.is_slow and submit:
                seen = KnownPage(known.name, NO_PAGE), replace(example, page=NO_PAGE)
                self.unjudged.append((score, submit(score.figure.judge, *seen, answer)))
                continue
            alone = Score(score.figure)
            alone.add(score.figure.judge(known, example, answer))
            score.add(alone.sums)
            if score is self.first_score:
                self._remember(Mistake(question, answer, alone))

    def _remember(self, mistake: Mistake) -> None:
        if self.keep and mistake.badness > 0:
            self.worst.append(mistake)
            self.worst.sort(key=lambda mistake: -mistake.badness)
            del self.worst[self.keep :]

    def add_tesseract(self, question: Question, text: str) -> None:
        """Count what Tesseract read."""
        judge = self.tesseract.figure.judge
        self.tesseract.add(judge(question.known, question.example, Answer(text)))
