"""What was read of a page, as it is kept: the lines, the tokens they were written in, corrections.

The lines are kept as the model read them, and corrections beside them: so a line can be corrected
twice, and its words keep the places that the model has given them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from dessurt.protocol import Alternative, Text, TextLine, Word
from dessurt.transcript import Creator, Source, Transcript
from dessurt_app.ask.answer_view import Answer, AnswerLine

# Of surer tokens nobody asks what else they might be: to keep that takes most of the room.
SURE = 0.97


@dataclass(frozen=True)
class Record:
    """What was read of a page."""

    size: tuple[int, int]  # height and width of the page in pixels
    digest: str  # of its pixels
    checkpoint: str  # that read it
    lines: tuple[AnswerLine, ...] = ()
    written: tuple[Text, ...] = ()
    notices: tuple[str, ...] = ()
    status: str = ""
    corrections: Mapping[int, str] = field(default_factory=dict)  # by the number of the line
    form: str = ""  # the page as a form, if it was read as one: the answer to `json>`
    created: str = ""  # when it was read, in UTC

    @classmethod
    def of(cls, size: tuple[int, int], digest: str, answer: Answer, checkpoint: str) -> Record:
        """The record of the answer to "read the whole page"; arguments as the attributes."""
        written = tuple(map(_without_the_obvious, answer.written))
        made = cls(size, digest, checkpoint, answer.lines, written, answer.notices, answer.status)
        return replace(made, created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    def corrected(self, corrections: Mapping[int, str]) -> Record:
        """The record with these lines corrected, too, or taken for right as they are."""
        wanted = {**self.corrections, **corrections}
        known = {n: text for n, text in wanted.items() if 0 <= n < len(self.lines)}
        return replace(self, corrections=known)

    def answer(self) -> Answer:
        """What the screen shows of it."""
        return Answer("done", self.written, self.lines, self.status, notices=self.notices)

    def transcript(self, name: str, number: int) -> Transcript:
        """What is exported of it; corrections win. It has the name and number of the page."""
        made = Transcript.of(
            [each.line for each in self.lines],
            self.size,
            Source(name, number, self.digest),
            Creator(self.checkpoint),
            self.corrections,
            self.form,
        )
        return replace(made, created=self.created)

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads back."""
        return {
            "size": list(self.size),
            "digest": self.digest,
            "checkpoint": self.checkpoint,
            "lines": [[each.end, asdict(each.line)] for each in self.lines],
            "written": [_token_json(token) for token in self.written],
            "notices": list(self.notices),
            "status": self.status,
            "corrections": {str(number): text for number, text in self.corrections.items()},
            "form": self.form,
            "created": self.created,
        }

    @classmethod
    def from_json(cls, entries: Mapping[str, Any]) -> Record:
        """The record that was written."""
        height, width = entries["size"]
        return cls(
            (height, width),
            entries["digest"],
            entries["checkpoint"],
            tuple(AnswerLine(_line(line), end) for end, line in entries["lines"]),
            tuple(map(_token, entries["written"])),
            tuple(entries["notices"]),
            entries["status"],
            {int(number): text for number, text in entries["corrections"].items()},
            entries["form"],
            entries["created"],
        )


def _without_the_obvious(token: Text) -> Text:
    return token if token.probability < SURE else replace(token, alternatives=())


def _token_json(token: Text) -> list[Any]:
    others = [[each.text, each.token_id, each.probability] for each in token.alternatives]
    return [token.delta, token.token_id, token.probability, others]


def _token(entries: list[Any]) -> Text:
    delta, token_id, probability, others = entries
    return Text(delta, token_id, probability, tuple(Alternative(*each) for each in others))


def _line(entries: Mapping[str, Any]) -> TextLine:
    words = (Word(w["text"], _quad(w["quad"]), w["confidence"]) for w in entries["words"])
    return TextLine(_quad(entries["quad"]), tuple(words))


def _quad(points: list[list[float]]) -> Any:
    return tuple((x, y) for x, y in points)
