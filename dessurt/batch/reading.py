"""Reading: a page is opened, asked, and what came of it is written as its record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dessurt.batch.listing import Question
from dessurt.page import Page
from dessurt.protocol import Instrument, Outcome, confidence
from dessurt.transcript import Creator, Source, Transcript
from dessurt.whole_files import write_whole


@dataclass(frozen=True)
class Answer:
    """An answer about a page."""

    question: Question
    text: str
    confidence: float | None  # the mean probability of its tokens; None: there are none
    stopped_by: str  # see `dessurt.Done`
    notices: tuple[str, ...]  # what a person should know of it

    @classmethod
    def of(cls, question: Question, outcome: Outcome) -> Answer:
        """The answer of a model."""
        sure = round(confidence(outcome.tokens), 4) if outcome.tokens else None
        stopped_by = outcome.done.stopped_by if outcome.done else "end"
        return cls(question, outcome.text, sure, stopped_by, outcome.notices)


@dataclass(frozen=True)
class Record:
    """What is known of a page that was read, or why it could not be.

    Attributes:
        file: the name of its file, below the folder that all files lie in.
        page: its number in it, from 1; None if not even the pages could be counted.
        pages: how many the file has; 0 if a list names the pages to be read.
        stamp: size and time of the file when it was read, see `Source.stamp`.
        answers: what was answered, in the order of the questions.
        reading: the record of its transcript.
        seconds: how long the model took.
        error: why it could not be read; "" if it was.
        before: whether an earlier run has read it.
    """

    file: str
    page: int | None
    pages: int = 0
    stamp: tuple[int, int] = (0, 0)
    answers: tuple[Answer, ...] = ()
    reading: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    before: bool = False

    @property
    def text(self) -> str:
        """The answer to the first question."""
        return self.answers[0].text if self.answers else ""

    def answers_to(self, stamp: tuple[int, int], questions: Sequence[Question]) -> bool:
        """Whether it is of a file with this stamp, and has the answers to these questions."""
        return stamp == self.stamp and [*questions] == [answer.question for answer in self.answers]

    @property
    def transcript(self) -> Transcript:
        """The lines of the page; none if no question had them read.

        Raises:
            TranscriptError: the page was not read, or by a later version.
        """
        return Transcript.from_json(json.dumps(self.reading))

    def to_json(self) -> dict[str, Any]:
        """All of it but what only this run is concerned with."""
        return {key: value for key, value in asdict(self).items() if key not in ("error", "before")}

    def write(self, path: Path) -> None:
        """Write it whole, or not at all."""
        write_whole(path, json.dumps(self.to_json()).encode())

    @classmethod
    def stored(cls, path: Path) -> Record | None:
        """A record that an earlier run has written; None if there is none that can be read."""
        try:
            entries = json.loads(path.read_bytes())
            entries["answers"] = tuple(map(_answer, entries["answers"]))
            entries["stamp"] = tuple(entries["stamp"])
            return cls(**entries, before=True)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None


def _answer(entries: Mapping[str, Any]) -> Answer:
    question = Question.of(entries["question"])
    return Answer(**{**entries, "question": question, "notices": tuple(entries["notices"])})


def read(
    instrument: Instrument, pages: Sequence[tuple[Page, Sequence[Question]]]
) -> Iterator[list[Outcome]]:
    """Ask about some pages: the one place where a model is asked.

    A model that reads line by line reads the lines of all of them together.

    Args:
        instrument: what is asked.
        pages: pages and the questions about each.

    Yields:
        The answers about a page, one a question, for each.

    Raises:
        RequestError: a question cannot be asked of its page.
    """
    read_ahead = getattr(instrument, "read_ahead", None)  # of `dessurt.reader.reader.LineByLine`
    most = max(len(questions) for _, questions in pages) if read_ahead else 0
    for number in range(most):  # lines that the question before has had read are remembered
        asked = ((page, all_[number].request) for page, all_ in pages if number < len(all_))
        for _ in read_ahead(asked):  # type: ignore[misc]
            pass
    for page, questions in pages:
        yield [Outcome.of(instrument.ask(page, question.request)) for question in questions]


def transcript_of(
    page: Page, source: Source, model: str, outcomes: Sequence[Outcome], form: str
) -> Transcript:
    """What was read of a page, line by line.

    Args:
        page: the page.
        source: where it comes from.
        model: the name of what read it.
        outcomes: the answers about it, of which the first with lines counts.
        form: the answer to a question that reads the page as a form, "" if there was none.
    """
    lines = next((outcome.lines for outcome in outcomes if outcome.lines), ())
    return Transcript.of(lines, page.size, source, Creator(model), form=form)
