"""Inspect shows what the model really gets, and tells what it does to the page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fake_instrument import FakeInstrument
from gradio_client import Client, handle_file
from PIL import Image
from serving import serve

from dessurt import Marks, Page, Request, open_model
from dessurt.page.framing import Framing
from dessurt.reader.reader import LineByLine
from dessurt_app import strings
from dessurt_app.canvas.canvas_value import canvas_value
from dessurt_app.canvas.files import load_examples
from dessurt_app.inspect import inspect_tab
from dessurt_app.inspect.inspect_tab import preview
from dessurt_app.models import SHIPPED, Weights

LETTER, _, _, PARAGRAPH, *_ = load_examples()  # both 1240 x 1080
HIGHLIGHT = Marks.from_boxes([(30, 40, 250, 66)])
BOTH = Marks.from_boxes([(30, 40, 250, 66)], mask=[(100, 50, 300, 200)])


class ModelGivenInput(Exception):  # noqa: N818
    """Raised in place of running the model."""


@pytest.fixture(scope="module")
def instrument() -> LineByLine:
    if not (SHIPPED / "model.safetensors").exists():
        pytest.skip("no shipped checkpoint")
    return open_model(SHIPPED, "cpu")


@pytest.fixture(scope="module")
def client(instrument) -> Iterator[Client]:
    with serve(model=instrument) as address:
        yield Client(address, verbose=False)


@pytest.fixture(params=["L", "RGB"])
def page_file(request, tmp_path) -> Path:
    """A noisy page, grey or in colour."""
    shape = (420, 330) if request.param == "L" else (420, 330, 3)
    pixels = np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "page.png")
    return tmp_path / "page.png"


def given_to_the_model(instrument, monkeypatch, page: Page, request: Request, part: int = 1):
    """The tensor that a part of a question hands to the network: float32 [2, H, W]."""
    images, see = [], instrument.decoder.see

    def see_until_then(image):
        images.append(image)
        if len(images) == part:
            raise ModelGivenInput
        return see(image)

    monkeypatch.setattr(instrument.decoder, "see", see_until_then)
    with pytest.raises(ModelGivenInput):
        list(instrument.ask(page, request))
    return images[-1][0].cpu().numpy()


@pytest.mark.parametrize("marks", [HIGHLIGHT, BOTH, Marks()], ids=["highlight", "both", "none"])
@pytest.mark.parametrize("way", ["round the marks", "whole page, as the original"])
def test_preview_is_bit_for_bit_what_the_model_gets(
    client, instrument, monkeypatch, page_file, way, marks
):
    if way == "whole page, as the original":
        framing = Framing(instrument.config.image_size)
        monkeypatch.setattr(instrument.inner, "framing", framing)
    canvas = {"page": handle_file(page_file), "marks": marks.to_json()}
    shown = client.predict(canvas, api_name="/preview")
    assert shown["message"] == ""
    previewed = np.load(shown["channels"])
    asked = Request("classify>", marks=marks)
    given = given_to_the_model(instrument, monkeypatch, Page.open(page_file), asked)
    assert previewed.dtype == np.float32 and previewed.shape == given.shape
    assert previewed.tobytes() == given.tobytes()
    drawn = {value for value, name in ((1, "highlight"), (-1, "mask")) if marks.has(name)}
    assert set(np.unique(previewed[1])) == {0} | drawn


@pytest.mark.parametrize("whole", [False, True], ids=["line by line", "one box over all lines"])
def test_preview_of_one_line_is_bit_for_bit_what_the_model_gets(
    client, instrument, monkeypatch, whole
):
    marks = PARAGRAPH.marks
    if whole:
        marks = Marks.from_boxes([marks.bounds("highlight")])
    canvas = {"page": handle_file(PARAGRAPH.page), "marks": marks.to_json()}
    looks = [
        client.predict(canvas, task="read_block0>", part=part, api_name="/preview")
        for part in (1, 2, 3)
    ]
    assert [(shown["message"], shown["parts"]) for shown in looks] == [("", 3)] * 3
    previews = [np.load(shown["channels"]) for shown in looks]
    asked = Request("read_block0>", marks=marks)
    given = given_to_the_model(instrument, monkeypatch, Page.open(PARAGRAPH.page), asked, part=2)
    assert previews[1].shape == given.shape and previews[1].tobytes() == given.tobytes()
    assert given.tobytes() not in (previews[0].tobytes(), previews[2].tobytes())


def test_a_page_that_is_read_to_find_a_text_is_seen_line_by_line(instrument, tmp_path):
    weights = Weights(instrument)
    letter = canvas_value(LETTER.page)
    looks = [preview(weights, letter, None, "0w~", part) for part in (1, 13)]
    assert [(shown.message, shown.parts) for shown in looks] == [("", 13)] * 2
    assert not np.array_equal(*(np.load(shown.channels)[0] for shown in looks))
    Image.new("L", (300, 200), 255).save(tmp_path / "blank.png")
    canvas = {"page": str(tmp_path / "blank.png")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dessurt_app.canvas.canvas_value.served_file", Path)
        blank = preview(weights, canvas, None, "0w~")
    assert (blank.message, blank.parts) == ("", 1)


def look(marks: Marks = LETTER.marks, model=None, task="w0>", part=1):
    weights = Weights(model or FakeInstrument())
    return preview(weights, canvas_value(LETTER.page, marks), None, task, part)


def test_preview_is_documented(client):
    given = client.view_api(return_format="dict")["named_endpoints"]["/preview"]["parameters"]
    assert [each["parameter_name"] for each in given] == ["canvas", "checkpoint", "task", "part"]
    part = given[3]
    assert (part["parameter_default"], part["python_type"]["type"]) == (1, "int")


LINES = Marks.from_boxes([(100, y, 900, y + 40) for y in (500, 600, 700)], mask=[(0, 0, 50, 9)])


@pytest.mark.parametrize(("part", "window"), [(1, "456 to 584"), (3, "656 to 784"), (None, "456")])
def test_each_line_that_is_seen_by_itself_can_be_looked_at(part, window):
    shown = look(LINES, task="read_block0>", part=part)
    assert shown.parts == 3
    assert f"y {window}" in dict(shown.facts)["Window"]
    assert dict(shown.facts)["Marked text"] == (
        "about 40 px tall on the page, 20 to the model (ascender to descender)"
    )


@pytest.mark.parametrize("part", [0, 4, -1])
def test_a_line_that_there_is_not_is_told(part):
    shown = look(LINES, task="read_block0>", part=part)
    assert shown.message == f"There is no line {part}: choose one from 1 to 3."
    assert (shown.parts, shown.channels) == (3, None)


@pytest.mark.parametrize(
    ("task", "marks"),
    [
        ("w0>", LINES),
        ("read_block0>", Marks()),
        ("read_block0>", Marks(LINES.of("mask"))),
        ("no such task", LINES),
        ("", LINES),
    ],
)
def test_a_question_that_is_not_asked_line_by_line_is_seen_at_once(task, marks):
    shown = look(marks, task=task)
    assert (shown.message, shown.parts) == ("", 1)
    marked = np.load(shown.channels)[1]
    assert (marked == 1).any() == marks.has("highlight")


@pytest.mark.parametrize(
    ("task", "marks"),
    [
        ("read_block0>", Marks()),
        ("read_block0>", Marks(LINES.of("mask"))),
        ("no such task", LINES),
        ("", LINES),
    ],
)
def test_a_question_that_lacks_its_marks_or_its_task_is_seen_at_once(instrument, task, marks):
    shown = look(marks, instrument, task)
    assert (shown.message, shown.parts) == ("", 1)
    marked = np.load(shown.channels)[1]
    assert (marked == 1).any() == marks.has("highlight")


def test_facts_of_a_window():
    shown = look(Marks.from_boxes([(400, 500, 800, 540)]))
    # The fake brings a line to 20 pixels of its 64, so that the window is 128 page pixels high.
    assert dict(shown.facts) == {
        "Tensor": "2 × 64 × 1024, float32",
        "Scale": "0.5 model pixels to a page pixel",
        "Window": "page x -424 to 1624, y 456 to 584; white outside the page",
        "Marked text": "about 40 px tall on the page, 20 to the model (ascender to descender)",
    }
    assert shown.text_height == pytest.approx(20)
    assert (shown.scale, shown.offset, shown.page_size) == ((0.5, 0.5), (212, -228), (1080, 1240))


def test_text_that_is_too_small_on_the_page_is_warned_of_here_too():
    told = dict(look(Marks.from_boxes([(400, 500, 800, 509)])).facts)["Marked text"]
    assert told == (
        "about 9 px tall on the page, 20 to the model (ascender to descender), too small to "
        "read well: scan at 200 dpi or more, or photograph it closer up"
    )


def test_facts_of_a_whole_page():
    shown = look(Marks())
    # 1240 x 1080 at 768 / 1240 is 768 x 669, in an image of 768 x 1152.
    assert dict(shown.facts) == {
        "Tensor": "2 × 1152 × 768, float32",
        "Scale": "0.619 model pixels to a page pixel",
        "Padding": "left 0, top 241, right 0, bottom 242, black",
        "Marked text": "nothing is marked",
    }
    assert shown.text_height is None
    array = np.load(shown.channels)
    assert (array[0, :241] == 1).all() and (array[0, -242:] == 1).all()


@pytest.mark.parametrize(
    ("canvas", "told"),
    [
        ({}, strings.NO_PAGE),
        ({"page": "/etc/passwd"}, strings.PAGE_GONE),
        ({"marks": Marks.from_boxes([(9000, 9000, 9100, 9100)]).to_json()}, "outside the page"),
        ({"marks": 3}, "Marks are an object"),
    ],
)
def test_what_cannot_be_shown_is_told(canvas, told):
    if "marks" in canvas:
        canvas = {**canvas_value(LETTER.page), **canvas}
    shown = preview(Weights(FakeInstrument()), canvas)
    assert shown.channels is None
    assert told in shown.message and "\n" not in shown.message


def test_before_the_weights_are_there_it_says_so(monkeypatch, tmp_path):
    there = threading.Event()
    monkeypatch.setattr("dessurt_app.models.open_model", lambda path, **_: there.wait())
    shown = preview(Weights(path=tmp_path), canvas_value(LETTER.page))
    there.set()
    assert (shown.message, shown.channels) == (strings.INSPECT_LOADING, None)


def test_old_files_are_forgotten(monkeypatch, tmp_path):
    monkeypatch.setattr(inspect_tab, "get_upload_folder", lambda: str(tmp_path))
    monkeypatch.setattr(inspect_tab, "KEPT_FILES", 3)
    written = [look().channels for _ in range(5)]
    assert {str(path) for path in (tmp_path / "inputs").iterdir()} == set(written[-3:])
