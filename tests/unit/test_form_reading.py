"""Questions about a form that was read line by line: as JSON, and about single values."""

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from dessurt import Done, Event, Marks, Notice, Page, Progress, Region, Request, Text
from dessurt.model.tokenizer import END
from dessurt.page.frame import Frame
from dessurt.protocol import Card, View
from dessurt.reader.forms import Form
from dessurt.reader.pieces import Piece
from dessurt.reader.reader import LineByLine

PAGE = Page.from_array(np.full((200, 600), 255, np.uint8))
LINES = {  # left upper corner: as the model writes it
    (20, 20): "Registration[h]",
    (20, 50): "Name:[q] Ann[a]",
    (300, 50): "Born:[q]",
    (400, 50): "4 May[a]",
    (20, 80): "Name of child:[q] Al[a]",
    (20, 110): "and so on[o]",
}


class FakeModel:
    """Writes the lines above; a printed letter is 10 pixels wide."""

    def __init__(self) -> None:
        self.card = Card("fake")

    def ask(self, page: Page, request: Request) -> Iterator[Event]:
        x0, y0, _, y1 = request.marks.bounds("highlight")
        text, x = LINES[x0, y0], x0 + 5
        for i, letter in enumerate(text):
            sure = 0.5 if letter == "A" else 0.9
            yield Text(letter, ord(letter), sure, place=(x, (y0 + y1) / 2))
            x += 10 * ("[" not in text[max(i - 2, 0) : i + 1])  # no tag is printed
        yield Text("", END, 1.0)
        yield Done(0.0, 0.0, 1, "end")

    def token_ids(self, text: str) -> list[int]:
        return [1000, 1001] if text == "‡" else [ord(text)]

    def views(self, page: Page, request: Request) -> tuple[View]:
        return (View(request, Frame.fit(page.size, (64, 64))),)


def parts() -> list[Request]:
    return [
        Request("ner_line>", marks=Marks.from_boxes(
            highlight=[(x, y, x + 10 * (len(text) - 3 * text.count("[")), y + 20)]))
        for (x, y), text in LINES.items()
    ]  # fmt: skip


def answered(request: Request, model: FakeModel | None = None) -> list[Event]:
    return list(LineByLine(model or FakeModel(), ()).answer(PAGE, request, parts()))


def text_of(events: list[Event]) -> str:
    return "".join(event.delta for event in events if isinstance(event, Text))


FORM = [
    {"Registration": "header", "content": [
        {"Name:": "question", "answers": ["Ann"]},
        {"Born:": "question", "answers": ["4 May"]},
        {"Name of child:": "question", "answers": ["Al"]},
    ]},
    {"and so on": "other"},
]  # fmt: skip


def test_a_form_is_read_as_json() -> None:
    model = FakeModel()
    events = answered(Request("json>"), model)
    assert text_of(events) == json.dumps(FORM) + "‡"
    progress = [event for event in events if isinstance(event, Progress)]
    assert (progress[0], progress[-1]) == (Progress(1, 6), Progress(6, 6))
    assert isinstance(events[0], Notice) and "line by line" in events[0].message
    assert isinstance(events[-1], Done) and events[-1].stopped_by == "end"


def test_letters_are_as_sure_as_they_were_read() -> None:
    texts = [event for event in answered(Request("json>")) if isinstance(event, Text)]
    sure = {text.delta: text.probability for text in texts if text.delta in list("AM{")}
    assert sure == {"A": 0.5, "M": 0.9, "{": 1.0}


def test_a_form_goes_on_where_it_was_stopped() -> None:
    model = FakeModel()
    reader = LineByLine(model, ())
    whole = list(reader.answer(PAGE, Request("json>"), parts()))
    ids = tuple(event.token_id for event in whole if isinstance(event, Text))
    first = list(reader.answer(PAGE, Request("json>", max_tokens=30), parts()))
    assert first[-1].stopped_by == "length"
    rest = list(reader.answer(PAGE, replace(Request("json>"), written=ids[:30]), parts()))
    assert text_of(first) + text_of(rest) == json.dumps(FORM) + "‡"


@pytest.mark.parametrize(
    ("question", "answer", "box"),
    [
        ("Name?", "Ann", (75, 50, 110, 70)),
        ("When was she born?", "4 May", (400, 50, 450, 70)),
        ("What is the nane of child", "Al", (165, 80, 190, 100)),
    ],
)
def test_a_question_that_names_a_label_is_answered_by_its_value(
    question: str, answer: str, box: tuple[int, ...]
) -> None:
    events = answered(Request("natural_q~", question, want_region=True))
    assert text_of(events) == answer
    (region,) = (event for event in events if isinstance(event, Region))
    ys, xs = np.nonzero(region.map)
    assert np.allclose((xs.min(), ys.min(), xs.max() + 1, ys.max() + 1), box, atol=6)


def test_what_a_question_names_is_a_label_though_it_was_taken_for_other_text() -> None:
    pieces = [
        Piece("Date of birth", "other", (20, 50, 150, 70), (0.9,) * 13),
        Piece("4 May", "answer", (170, 50, 220, 70), (0.9,) * 5),
        Piece("Signature", "question", (20, 90, 110, 110), (0.9,) * 9),
    ]
    form = Form(PAGE, pieces)
    letters, (line,) = form.answer("What is the date of birth?")
    assert "".join(letter for letter, _ in letters) == line.text == "4 May"
    assert form.answer("Who paid?")[1] == ()


def test_a_question_that_names_no_label_has_no_answer() -> None:
    events = answered(Request("natural_q~", "Who signed it?"))
    assert text_of(events) == ""
    assert [e.message for e in events if isinstance(e, Notice)][1:] == [
        "The question names no label that was read on the page."
    ]
