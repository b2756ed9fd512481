"""What the screen says about tasks, needs and the model's view, without a browser."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_instrument import FakeInstrument

from dessurt import Card, tasks
from dessurt.page.frame import Frame
from dessurt.page.line_height import marked_line_height
from dessurt.page.marks import Marks
from dessurt_app import strings
from dessurt_app.ask.ask_tab import _describe
from dessurt_app.ask.task_list import task_choices
from dessurt_app.canvas.canvas_value import canvas_value
from dessurt_app.canvas.files import load_examples
from dessurt_app.models import Weights

LETTER = load_examples()[0]


def test_every_task_for_people_is_offered_once():
    tokens = [token for _, token in task_choices(Card("any"))]
    assert sorted(tokens) == sorted(task.token for task in tasks.TASKS if not task.hidden)
    assert tokens[0] in ("w0>", ";0>")


def test_learned_tasks_come_first_and_the_others_are_flagged():
    choices = task_choices(Card("any", tasks=("natural_q~", "w0>")))
    assert [token for _, token in choices[:2]] == ["w0>", "natural_q~"]
    flagged = ["(not learned)" in label for label, _ in choices]
    assert flagged == [False] * 2 + [True] * (len(choices) - 2)
    for label, token in choices:
        assert token in label


def test_another_kind_of_model_has_groups_of_its_own():
    parrot = replace(tasks.task("w0>"), token="parrot>", name="Say your name", group="Talk")
    choices = task_choices(Card("parrot", table=(parrot, tasks.task("w0>"))))
    assert [token for _, token in choices] == ["w0>", "parrot>"]
    assert "Talk" in choices[1][0] and "Say your name" in choices[1][0]


def describe(marks: Marks, task="w0>", text=""):
    canvas = canvas_value(load_examples()[0].page, marks)
    return _describe(Weights(FakeInstrument()), canvas, task, text)


def test_text_field_is_there_only_for_tasks_that_take_text():
    assert not describe(Marks())[0]["visible"]
    assert describe(Marks(), "natural_q~")[0]["visible"]


def test_the_field_says_what_can_be_asked():
    field = describe(Marks(), "natural_q~")[0]
    assert field["placeholder"].startswith("Ask for the value of a label on this page")
    assert describe(Marks(), "0w~")[0]["placeholder"] == tasks.task("0w~").example[0]


def test_small_text_is_warned_of():
    tall = Marks.from_boxes(highlight=[(100, 100, 900, 140)])
    assert sees(tall, "w0>")[1:] == ["text 40 px tall on the page, 20 to the model"]
    lines = Marks.from_boxes(highlight=[(100, y, 900, y + 30) for y in range(100, 900, 60)])
    assert sees(lines, "w0>")[1:] == [
        "text 30 px tall on the page, 2 to the model",
        "too small to read well: mark less at once",
    ]


@pytest.mark.parametrize(("height", "small"), [(10.9, True), (11.1, False)])
def test_text_that_is_too_small_on_the_page_itself_is_warned_of(height, small):
    marks = Marks.from_boxes(highlight=[(100, 500, 500, 500 + height)])
    advice = "too small to read well: scan at 200 dpi or more, or photograph it closer up"
    told = "text 11 px tall on the page, 20 to the model"
    assert sees(marks, "w0>")[1:] == [told] + [advice] * small


def sees(marks: Marks, task: str) -> list[str]:
    """The parts of the line under the page, but for the page's size."""
    return describe(marks, task)[2].split(" · ")[1:]


def test_lines_that_are_seen_by_themselves_are_counted():
    lines = Marks.from_boxes(highlight=[(100, y, 900, y + 30) for y in range(100, 700, 120)])
    assert sees(lines, "read_block0>") == [
        "model sees 5 lines, each by itself",
        "text 30 px tall on the page, 20 to the model",
    ]
    assert sees(lines, "w0>")[0] == "model sees 1024 × 64 px round the marks"
    one = Marks(lines.shapes[:1])
    assert sees(one, "read_block0>")[0] == "model sees 1024 × 64 px round the marks"
    assert sees(Marks(), "read_block0>") == ["model sees the page at 768 × 669 px"]


def test_lines_of_different_heights_are_told_and_warned_of():
    # The fake brings text to 20 pixels, unless the line is too long for the 992 that it has.
    wide = Marks.from_boxes(highlight=[(100, 100, 900, 140), (0, 300, 1240, 320)])
    told = "text 20–40 px tall on the page, 16–20 to the model"
    assert sees(wide, "read_block0>")[1:] == [told]
    small = Marks.from_boxes(highlight=[(100, 100, 900, 140), (0, 300, 1240, 308)])
    told, warning = sees(small, "read_block0>")[1:]
    assert told == "text 8–40 px tall on the page, 6–20 to the model"
    assert warning.startswith("too small to read well: scan at 200 dpi")


def hint(task: str, learned: tuple[str, ...]) -> str:
    """What follows the needs."""
    model = FakeInstrument()
    model.card = replace(model.card, tasks=learned)
    line = _describe(Weights(model), canvas_value(LETTER.page), task, "")[1]
    return line.split("</p>")[1]


def test_a_question_in_words_is_offered_where_nothing_can_be_typed():
    offer = '<button type="button">Ask about a field instead: “What is the total?”</button>'
    assert hint("w0>", ("w0>", "natural_q~")) == hint("w0>", ()) == offer
    assert hint("natural_q~", ("w0>", "natural_q~")) == hint("natural_q~", ()) == ""
    assert hint("w0>", ("w0>",)) == "", "it has not learned to answer one"


def test_a_task_that_is_not_learned_is_said_before_it_is_asked():
    told = "<em>Not learned: expect nonsense.</em>"
    assert hint("natural_q~", ("w0>",)) == hint("mk>", ("w0>", "natural_q~")) == told


class WholePage(FakeInstrument):
    """Shows the model the whole page, as the original checkpoints do."""

    def frame(self, page, marks):
        height = marked_line_height(page, marks)
        return replace(Frame.fit(page.size, (1152, 768)), line_height=height)


def test_cropping_is_offered_where_it_would_make_small_text_larger():
    button = '<button type="button" data-do="crop">Crop to the marked area</button>'

    def told(task: str = "w0>", **boxes: list) -> str:
        canvas = canvas_value(LETTER.page, Marks.from_boxes(**boxes))
        return _describe(Weights(WholePage()), canvas, task, "")[2]

    # 12 page pixels at 768 / 1240.
    line = [(100, 500, 900, 512)]
    height = "text 12 px tall on the page, 7 to the model"
    assert told(highlight=line).endswith(f"{height} · too small to read well {button}")
    # The letters in it are smaller than the mark, and still large enough.
    tall = [(100, 500, 900, 540)]
    assert told(highlight=tall).endswith("text 27 px tall on the page, 17 to the model")
    assert told("mk>", mask=line).endswith("too small to read well")
    # What is small on the page itself stays so however it is cropped.
    assert told(highlight=[(100, 500, 900, 510)]).endswith("or photograph it closer up")
    # A window round the marks shows them as large as they fit already.
    many = Marks.from_boxes(highlight=[(100, y, 900, y + 30) for y in range(100, 900, 60)])
    assert "too small" in describe(many)[2] and "<button" not in describe(many)[2]


def test_marks_off_the_page_do_not_break_the_line_under_it():
    assert describe(Marks.from_boxes(highlight=[(5000, 5000, 6000, 6000)]))[2] == "1240 × 1080 px"


def test_wrong_value_is_told_in_the_line_under_the_page():
    weights = Weights(FakeInstrument())
    _, needs, caption = _describe(weights, {"page": "/etc/<b>"}, "w0>", "")
    assert caption == strings.PAGE_GONE
    assert "○ highlight" in needs


def test_while_text_is_typed_no_line_is_measured_again():
    measured = []

    class Counting(FakeInstrument):
        def frame(self, page, marks):
            measured.append(marks)
            return super().frame(page, marks)

    weights, canvas = Weights(Counting()), canvas_value(LETTER.page, LETTER.marks)
    lines = [_describe(weights, canvas, "0w~", text)[2] for text in ("", "t", "to", "tow")]
    assert len(measured) == 1
    _describe(weights, canvas_value(LETTER.page), "0w~", "town")
    assert len(measured) == 2, "without the mark it is another picture"
    assert len(set(lines)) == 1 and "model sees" in lines[0]
