"""A page as it was read: paragraphs of lines of words, with their places, and who read them.

It is all that an export needs besides the page's file, and the record in which a page is kept: as
JSON, a transcript is read back exactly.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from dessurt.page.plane import Quad
from dessurt.protocol import TextLine
from dessurt.transcript.blocks import grouped
from dessurt.transcript.correction import rewritten
from dessurt.truth.form_reading import entities_of, parsed

VERSION = 1  # of the record; a reader refuses those of later ones
_DIGITS = 2  # of a pixel, after the point
_SURE = 4  # of a confidence


class TranscriptError(ValueError):
    """A record that cannot be read, or a transcript that cannot be written as it is asked for."""


@dataclass(frozen=True)
class TranscriptWord:
    """A word and where it stands."""

    text: str
    quad: Quad  # page pixels
    confidence: float | None  # 0..1, of its least sure token; None: a person wrote it


@dataclass(frozen=True)
class TranscriptLine:
    """A line of text."""

    quad: Quad  # page pixels
    words: tuple[TranscriptWord, ...]  # from left to right; none, if nothing was read in it
    corrected: bool = False  # by a person, who vouches for all of it

    @property
    def text(self) -> str:
        """Its words with single spaces between them."""
        return " ".join(word.text for word in self.words)

    @property
    def confidence(self) -> float | None:
        """Of its least sure word; None where a person wrote them all."""
        return min((w.confidence for w in self.words if w.confidence is not None), default=None)


@dataclass(frozen=True)
class TextBlock:
    """A paragraph."""

    lines: tuple[TranscriptLine, ...]

    @property
    def text(self) -> str:
        """Its lines, one below the other."""
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True)
class Field:
    """A label of a form and a value that stands there."""

    label: str
    value: str


@dataclass(frozen=True)
class Source:
    """Where a page comes from."""

    file: str = ""  # the name of its file
    number: int = 0  # of the page in it, from 0
    digest: str = ""  # of its pixels, as `Page.digest`
    dpi: float | None = None  # pixels of the page an inch, if known


def _own_version() -> str:
    try:
        return version("dessurt")
    except PackageNotFoundError:  # the folder is used as it is, not installed
        return ""


@dataclass(frozen=True)
class Creator:
    """What read a page."""

    checkpoint: str = ""
    software: str = "Dessurt"
    version: str = field(default_factory=_own_version)

    def __str__(self) -> str:
        name = f"{self.software} {self.version}".strip()
        return f"{name} ({self.checkpoint})" if self.checkpoint else name


@dataclass(frozen=True)
class Transcript:
    """A page as it was read."""

    size: tuple[int, int]  # height and width of the page in pixels
    blocks: tuple[TextBlock, ...]  # in reading order
    source: Source = Source()
    creator: Creator = field(default_factory=Creator)
    created: str = ""  # when it was read, in UTC, as 2026-11-30T12:00:00Z
    fields: tuple[Field, ...] = ()  # of a form, where it was read as one

    @classmethod
    def of(
        cls,
        lines: Sequence[TextLine],
        size: tuple[int, int],
        source: Source | None = None,
        creator: Creator | None = None,
        corrections: Mapping[int, str] | None = None,
        form: str = "",
    ) -> Transcript:
        """A transcript of a page that was read now.

        Args:
            lines: what was read, in reading order.
            size: height and width of the page, as `Page.size`.
            source: where the page comes from.
            creator: what read it.
            corrections: by the number of a line, what a person has made of its text.
            form: the answer to `json>`, if the page was read as a form.
        """
        corrections = corrections or {}
        written = [_line(line, corrections.get(number)) for number, line in enumerate(lines)]
        return cls(
            size=size,
            blocks=tuple(TextBlock(tuple(block)) for block in grouped(written)),
            source=source or Source(),
            creator=creator or Creator(),
            created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            fields=tuple(fields_of(form)),
        )

    @property
    def lines(self) -> Iterator[TranscriptLine]:
        """All its lines in reading order."""
        return (line for block in self.blocks for line in block.lines)

    @property
    def text(self) -> str:
        """Its paragraphs with blank lines between them."""
        texts = (block.text.strip() for block in self.blocks)
        return "\n\n".join(text for text in texts if text)

    @property
    def corrected(self) -> bool:
        """Whether a person has corrected a line of it."""
        return any(line.corrected for line in self.lines)

    def to_json(self) -> str:
        """The record of this transcript, on one line of ASCII."""
        return json.dumps({"version": VERSION, **asdict(self)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, record: str) -> Transcript:
        """The transcript of a record.

        Raises:
            TranscriptError: it is no record, or one of a later version.
        """
        try:
            entries = json.loads(record)
            if entries.pop("version") > VERSION:
                raise TranscriptError("This was written by a newer Dessurt: update this one.")
            return cls(
                size=(int(entries["size"][0]), int(entries["size"][1])),
                blocks=tuple(map(_block_of, entries["blocks"])),
                source=Source(**entries["source"]),
                creator=Creator(**entries["creator"]),
                created=entries["created"],
                fields=tuple(Field(**each) for each in entries["fields"]),
            )
        except TranscriptError:
            raise
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise TranscriptError("This is no record of a transcript, or a damaged one.") from error


def fields_of(form: str) -> Iterator[Field]:
    """The labels and values of an answer to `json>`, cut off or damaged as it may be."""
    for _, text, labels in entities_of(parsed(form)):
        if labels:  # a cell of a table has that of its row and that of its column
            yield Field(_without_signs(" / ".join(labels)), _without_signs(text))


def _without_signs(text: str) -> str:
    return text.replace("\\", "\n")  # the sign for a line break


def _line(line: TextLine, correction: str | None) -> TranscriptLine:
    """A line that was read, rewritten by a person or not."""
    words: Iterable[tuple[str, Quad, float | None]]
    words = ((word.text, word.quad, word.confidence) for word in line.words)
    if correction is not None:
        words = rewritten(line, correction)
    return TranscriptLine(
        _rounded(line.quad),
        tuple(
            TranscriptWord(text, _rounded(quad), sure if sure is None else round(sure, _SURE))
            for text, quad, sure in words
        ),
        correction is not None,
    )


def _rounded(quad: Sequence[Sequence[float]]) -> Quad:
    a, b, c, d = ((round(float(x), _DIGITS), round(float(y), _DIGITS)) for x, y in quad)
    return a, b, c, d


def _block_of(entries: dict[str, Any]) -> TextBlock:
    return TextBlock(tuple(map(_line_of, entries["lines"])))


def _line_of(entries: dict[str, Any]) -> TranscriptLine:
    words = (TranscriptWord(**{**word, "quad": _quad(word["quad"])}) for word in entries["words"])
    return TranscriptLine(_quad(entries["quad"]), tuple(words), entries["corrected"])


def _quad(points: list[list[float]]) -> Quad:
    a, b, c, d = ((x, y) for x, y in points)
    return a, b, c, d
