"""`ner_line>`: the pieces of a line with their kinds, on a drawn page."""

import random

import cv2
import numpy as np

from dessurt.data.example import Example
from dessurt.data.questions.entities import ENTITY_TASKS
from dessurt.page import Page
from dessurt.truth import Entity, Line, Paragraph, Table, Truth

PRINTED = {  # text: kind, x, y of its base line
    "Application": ("header", 40, 60),
    "Name:": ("question", 40, 140),
    "Ann Bell": ("answer", 105, 140),
    "Please write": ("other", 420, 140),
    "Item": ("answer", 40, 260),
    "Price": ("answer", 300, 260),
    "Tea": ("answer", 40, 320),
    "2.00": ("answer", 300, 320),
}


def drawn() -> tuple[Page, Truth]:
    pixels = np.full((400, 640), 255, np.uint8)
    lines = {}
    for text, (_, x, y) in PRINTED.items():
        cv2.putText(pixels, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 0, 1, cv2.LINE_AA)
        (wide, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.6, 1)
        edges = np.linspace(x, x + wide, len(text) + 1)
        ends = np.full((len(text), 2, 2), y - 6, np.float32)
        ends[:, 0, 0], ends[:, 1, 0] = edges[:-1], edges[1:]
        lines[text] = Line(text, ends, 10, 8)
    entities = tuple(Entity(kind, (lines[text],)) for text, (kind, _, _) in PRINTED.items())
    table = Table((None,), (4, 5), ((6, 7),), (40, 240, 360, 330))
    paragraphs = tuple(Paragraph((line,)) for line in lines.values())
    return Page.from_array(pixels), Truth(
        (400, 640), "form", paragraphs, entities, ((1, 2),), (table,)
    )


def asked(count: int = 60) -> list[Example]:
    page, truth = drawn()
    task = ENTITY_TASKS["ner_line>"]
    found = [task(page, truth, random.Random(seed)) for seed in range(count)]
    return [example for example in found if example is not None]


def test_each_line_is_told_with_the_kinds_of_its_pieces() -> None:
    assert {example.answers[0] for example in asked()} == {
        "Application[h]",
        "Name:[q] Ann Bell[a]",  # so close that they are found as one line
        "Please write[o]",
        "Item[q]", "Price[q]",  # a table's headers ask, its cells answer
        "Tea[a]", "2.00[a]",
    }  # fmt: skip


def test_the_highlight_is_a_box_round_the_line() -> None:
    for example in asked():
        (shape,) = example.request.marks.shapes
        assert shape.kind == "box" and shape.channel == "highlight"
        x0, y0, x1, y1 = shape.bounds()
        first = example.answers[0].split("[")[0]
        _, x, y = PRINTED[first]
        assert abs(x0 - x) < 12 and y0 < y - 6 < y1
        assert x1 - x0 < 240 and example.region is None


def test_only_what_is_printed_has_a_place() -> None:
    for example in asked():
        printed = example.printed_answer
        assert printed is not None and printed.text == example.answers[0]
        tags = [i for i, sign in enumerate(printed.text) if sign in "[]"]
        assert np.isnan(printed.spots[tags]).all()
        assert not np.isnan(printed.spots[0]).any()


def test_the_same_seed_asks_the_same() -> None:
    def told() -> list[tuple[object, ...]]:
        return [(example.answers, example.request) for example in asked(12)]

    assert told() == told()


def test_long_answers_and_empty_pages_are_left_out() -> None:
    page, truth = drawn()
    task = ENTITY_TASKS["ner_line>"]
    short = [task(page, truth, random.Random(s), most_answer=10) for s in range(20)]
    assert {e.answers[0] for e in short if e} <= {"Item[q]", "Price[q]", "Tea[a]", "2.00[a]"}
    blank = Page.from_array(np.full((200, 200), 255, np.uint8))
    assert task(blank, Truth((200, 200)), random.Random(0)) is None


def test_a_line_that_is_found_in_part_is_not_asked() -> None:
    cut = "Ann Bell"
    page, truth = drawn()
    pixels = page.gray.copy().astype(np.uint8)
    _, x, y = PRINTED[cut]
    pixels[y - 20 : y + 10, x + 40 : x + 90] = 255  # only its beginning is still printed
    task = ENTITY_TASKS["ner_line>"]
    found = [task(Page.from_array(pixels), truth, random.Random(s)) for s in range(40)]
    assert all(cut not in example.answers[0] for example in found if example)
