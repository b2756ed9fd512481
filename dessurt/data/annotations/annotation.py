"""Annotations: answers about pages that people gave or checked, as records of a file.

The format is that of the original's MyDataset, which reads two keys of a record: `question` (task
token and text) and `answer` (a text, or a list of right ones). All other keys are ours and may be
missing; keys that nobody knows are kept.

`highlight`, `mask` and `output` are lists of boxes (4 numbers) or polygons (6 or more) in page
pixels: what was marked for the question, and what the model is to mark in its answer. Where these
cannot say exactly what was drawn, `marks` does: the shapes of `Marks.to_json`. `size` is [width,
height]. `upright` tells how the page was laid out when it was asked about (see `Upright.to_json`);
everything else is about the page as the file has it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dessurt.data.records import DataError
from dessurt.page import PageError
from dessurt.page.marks import Marks, MarksError, Shape
from dessurt.page.plane import Point
from dessurt.page.upright import AS_IT_IS, Upright
from dessurt.protocol import Request
from dessurt.tasks import TaskError, split_query

Outline = Sequence[float]


def outlines_of(marks: Marks, channel: str) -> list[list[float]]:
    """The shapes of one channel; only of a brush's path the outline is not exactly what is seen."""
    return [_outline(shape) for shape in marks.of(channel)]


def marks_of(highlight: Sequence[Outline], mask: Sequence[Outline] = ()) -> Marks:
    """The marks that outlines describe.

    Raises:
        MarksError: an outline is not numbers, or not as many as a box or a polygon has.
    """
    shapes = [_shape("highlight", each) for each in highlight]
    return Marks((*shapes, *(_shape("mask", each) for each in mask)))


def tidy(number: float) -> float:
    """The same number, as an int where it is whole: files are shorter, and 150.0 is 150 again."""
    return int(number) if float(number).is_integer() else float(number)


def _shape(channel: str, outline: Outline) -> Shape:
    numbers = list(outline) if isinstance(outline, list | tuple) else []
    right = len(numbers) == 4 or (len(numbers) >= 6 and len(numbers) % 2 == 0)
    if not right or any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
        raise MarksError(
            f"A {channel} is a box of four numbers, x0, y0, x1, y1, or a polygon of six or more."
        )
    points = tuple(zip(numbers[::2], numbers[1::2], strict=True))
    return Shape(channel, "box" if len(points) == 2 else "lasso", points)


def _outline(shape: Shape) -> list[float]:
    points = _along(shape.points, shape.radius) if shape.kind == "brush" else shape.points
    return [tidy(number) for point in points for number in point]


def _along(path: Sequence[Point], radius: float) -> list[Point]:
    """Round a brush's path with square ends: down its one side and up the other."""
    steps = [(bx - ax, by - ay) for (ax, ay), (bx, by) in zip(path, path[1:], strict=False)]
    ways = [(x / math.hypot(x, y), y / math.hypot(x, y)) for x, y in steps if x or y] or [(1, 0)]
    corners = [path[0]] + [b for a, b in zip(path, path[1:], strict=False) if a != b]
    if len(corners) == 1:
        corners *= 2
    down, up = [], []
    for number, (x, y) in enumerate(corners):
        before, after = ways[max(number - 1, 0)], ways[min(number, len(ways) - 1)]
        along = before[0] + after[0], before[1] + after[1]
        length = math.hypot(*along) or 1.0  # it turns back: both ways together are nothing
        dx, dy = radius * along[0] / length, radius * along[1] / length
        end = (number == len(corners) - 1) - (number == 0)
        x, y = x + end * dx, y + end * dy
        down.append((round(x - dy, 1), round(y + dx, 1)))
        up.append((round(x + dy, 1), round(y - dx, 1)))
    return down + up[::-1]


# new: written by a model, seen by nobody; skipped: of no use. For the other two a person stands,
# and for records without a state, as the original's are.
STATES = ("new", "corrected", "accepted", "skipped")


@dataclass(frozen=True)
class Annotation:
    """One question about one page, and its answer.

    Raises:
        DataError: a field does not hold what it must.
    """

    question: str  # task token and text, e.g. "natural_q~Who signed?"
    answers: tuple[str, ...]  # the right one, or several right ones
    marks: Marks = field(default_factory=Marks)
    output: Marks | None = None  # what the model is to mark, as highlight; None: not known
    size: tuple[int, int] | None = None  # (width, height) of the page in pixels
    sha256: str = ""  # of the image file, in hexadecimal digits
    page: int = 0  # number of the page in a file of several, from 0
    upright: Upright = AS_IT_IS  # how the page was laid out for the question
    model_answer: str | None = None
    confidence: float | None = None  # the model's in its answer, 0 to 1
    checkpoint: str = ""  # its name
    by: str = ""  # who gave or checked the answer
    at: str = ""  # when, as ISO 8601 in UTC
    state: str = ""  # of STATES, or nothing
    extra: Mapping[str, Any] = field(default_factory=dict)  # keys that are not ours

    def __post_init__(self) -> None:
        """Check the fields and bring the output to the form in which it is written."""
        try:
            split_query(self.question)
        except TaskError as error:
            raise DataError(str(error)) from None
        check_writable((*self.answers, self.question, self.model_answer))
        if not self.answers:
            raise DataError("there is no answer: give a text, or a list with at least one.")
        if self.state and self.state not in STATES:
            raise DataError(f"the state is {self.state[:40]!r}: use one of {', '.join(STATES)}.")
        if self.output is not None:
            object.__setattr__(self, "output", marks_of(outlines_of(self.output, "highlight")))

    @property
    def trusted(self) -> bool:
        """Whether a person stands for the answer, so that no model may change it."""
        return self.state not in ("new", "skipped")

    def request(self, page_size: tuple[int, int]) -> Request:
        """The question as a model takes it, about the page as it is laid out.

        Args:
            page_size: (height, width) of the page in the file.
        """
        task, text = split_query(self.question)
        return Request(task.token, text, self.upright.marks(self.marks, page_size))

    @classmethod
    def from_json(cls, record: object) -> Annotation:
        """An annotation from a record of a file.

        Raises:
            DataError: a key is missing or does not hold what it must.
        """
        if not isinstance(record, dict) or not {"question", "answer"} <= record.keys():
            raise DataError('a record is an object with "question" and "answer".')
        check_writable(record)
        for key, (right, what) in _KEYS.items():
            if key in record and not right(record[key]):
                raise DataError(f"{key} must be {what}.")
        plain = ("question", "sha256", "page", "model_answer", "confidence", *_NAMES)
        answer, size = record["answer"], record.get("size")
        try:
            upright = Upright.from_json(record.get("upright"))
            marks = marks_of(record.get("highlight", ()), record.get("mask", ()))
            if "marks" in record:  # these are exact
                marks = Marks.from_json({"shapes": record["marks"]})
            output = marks_of(record["output"]) if "output" in record else None
        except (MarksError, PageError) as error:
            raise DataError(str(error)) from None
        return cls(
            upright=upright,
            answers=(answer,) if isinstance(answer, str) else tuple(answer),
            marks=marks,
            output=output,
            size=size and tuple(size),
            extra={key: value for key, value in record.items() if key not in _KEYS},
            **{key: record[key] for key in plain if key in record},
        )

    def to_json(self) -> dict[str, Any]:
        """The record: its keys in their order, those without a value left out."""
        highlight, mask = (outlines_of(self.marks, channel) for channel in ("highlight", "mask"))
        exact = marks_of(highlight, mask) == self.marks
        record = {
            "question": self.question,
            "answer": self.answers[0] if len(self.answers) == 1 else list(self.answers),
            "highlight": highlight or None,
            "mask": mask or None,
            "output": None if self.output is None else outlines_of(self.output, "highlight"),
            "marks": None if exact else _tidied(self.marks.to_json()["shapes"]),
            "size": self.size and list(self.size),
            "sha256": self.sha256 or None,
            "page": self.page or None,
            "upright": _tidied(self.upright.to_json()) or None,
            "model_answer": self.model_answer,
            "confidence": _tidied(self.confidence),
            **{name: getattr(self, name) or None for name in _NAMES},
        }
        return {key: value for key, value in record.items() if value is not None} | {**self.extra}


# ---- what a record may hold -------------------------------------------------------------------

_NAMES = ("checkpoint", "by", "at", "state")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_size(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_whole, value))


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_answer(value: object) -> bool:
    return _is_text(value) or (isinstance(value, list) and all(map(_is_text, value)))


_OUTLINES = (_is_list, "a list of boxes or polygons")
_KEYS: dict[str, tuple[Callable[[object], bool], str]] = {
    "question": (_is_text, "a text: task token and what follows it"),
    "answer": (_is_answer, "a text, or a list of texts"),
    "highlight": _OUTLINES,
    "mask": _OUTLINES,
    "output": _OUTLINES,
    "marks": (_is_list, "a list of shapes"),
    "size": (_is_size, "a list of width and height in pixels"),
    "sha256": (_is_text, "a text"),
    "page": (_is_whole, "the number of a page, from 0"),
    "upright": (_is_object, "an object"),
    "model_answer": (_is_text, "a text"),
    "confidence": (_is_share, "a number from 0 to 1"),
    **dict.fromkeys(_NAMES, (_is_text, "a text")),
}


def check_writable(value: object) -> None:
    """What JSON can read it cannot always write: half characters, and numbers too large.

    Raises:
        DataError: it is so here.
    """
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):  # of the first, encoding errors are one kind
        raise DataError("it holds signs or numbers that cannot be written.") from None


def _tidied(value: Any) -> Any:
    """JSON with whole numbers as such."""
    if isinstance(value, dict):
        return {key: _tidied(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_tidied(each) for each in value]
    return tidy(value) if isinstance(value, float) else value
