"""Values of the canvas come from outside: nothing in them is trusted."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from gradio.utils import get_upload_folder
from PIL import Image

from dessurt.page.marks import Marks, MarksError
from dessurt_app.canvas.canvas_value import canvas_value, read_value
from dessurt_app.canvas.files import CanvasError, load_examples
from dessurt_app.canvas.page_canvas import PageCanvas

LETTER = load_examples()[0].page
WIDTH, HEIGHT = Image.open(LETTER).size
BOX = {"channel": "highlight", "kind": "box", "points": [[10, 20], [300, 50]]}


def value(**changed):
    shapes = {"shapes": [BOX]}
    return {"page": str(LETTER), "width": WIDTH, "height": HEIGHT, "marks": shapes, **changed}


def marked(**changed):
    return value(marks={"shapes": [{**BOX, **changed}]})


@pytest.fixture
def uploaded(tmp_path, monkeypatch) -> Path:
    """A folder that counts as Gradio's upload folder."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


def test_a_good_value_is_read():
    drawn = read_value(value())
    assert (drawn.page.width, drawn.page.height) == (WIDTH, HEIGHT)
    assert drawn.marks == Marks.from_boxes(highlight=[(10, 20, 300, 50)])


def test_size_and_marks_may_be_left_out():
    drawn = read_value({"page": {"path": str(LETTER), "meta": {"_type": "gradio.FileData"}}})
    assert drawn.marks == Marks()


def test_value_for_the_browser_is_read_back_the_same():
    marks = Marks.from_boxes(mask=[(1.5, 2, 30, 40)])
    shown = json.loads(json.dumps(canvas_value(LETTER, marks)))
    assert read_value(shown).marks == marks
    assert Path(shown["picture"]).is_relative_to(get_upload_folder())
    assert Image.open(shown["picture"]).size == (WIDTH, HEIGHT)


def test_marks_go_to_the_browser_and_come_back_as_text():
    marks = Marks.from_boxes(highlight=[(1.5, 2, 30, 40)])
    sent = PageCanvas(elem_id="page").postprocess(canvas_value(LETTER, marks))
    box = '{"channel": "highlight", "kind": "box", "points": [[1.5, 2.0], [30.0, 40.0]]}'
    assert sent["marks"] == f'{{"shapes": [{box}]}}'
    assert read_value(sent).marks == marks


@pytest.mark.parametrize("text", ["", "all", "3", '"{}"', "[" * 100_000, '{"shapes": [3]}', "NaN"])
def test_text_that_holds_no_marks(text):
    with pytest.raises(MarksError, match="object"):
        read_value(value(marks=text))


@pytest.mark.parametrize("wrong", [None, "", 3, [], {}, {"page": ""}, {"page": None}, "x" * 10**6])
def test_no_page(wrong):
    with pytest.raises(CanvasError, match="open one or pick an example"):
        read_value(wrong)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        str(LETTER) + "/../../README.md",
        str(LETTER.parent),
        str(LETTER.parent / "gone.png"),
        "relative.png",
        "http://localhost/page.png",
        "\0",
        "a" * 100_000,
        ["/etc/passwd"],
        {"path": "/etc/passwd"},
        {"path": {"path": "/etc/passwd"}},
        7,
    ],
)
def test_pages_outside_are_refused(path):
    with pytest.raises(CanvasError, match="open it again"):
        read_value(value(page=path))


def test_link_out_of_the_upload_folder_is_refused(uploaded, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "page.png"
    Image.new("L", (50, 40)).save(outside)
    os.symlink(outside, uploaded / "page.png")
    with pytest.raises(CanvasError, match="open it again"):
        read_value({"page": str(uploaded / "page.png")})


def test_uploaded_page_is_read(uploaded):
    Image.new("L", (50, 40), 200).save(uploaded / "page.png")
    page = read_value({"page": str(uploaded / "page.png"), "width": 50, "height": 40}).page
    assert (page.pixels == 200).all()


@pytest.mark.parametrize(
    "size",
    [
        {"width": WIDTH - 1},
        {"height": 0},
        {"width": float("nan")},
        {"width": 10**30},
        {"height": str(HEIGHT)},
        {"width": [WIDTH]},
        {"width": None},
    ],
)
def test_marks_for_another_size_are_refused(size):
    with pytest.raises(CanvasError, match="another size"):
        read_value(value(**size))


@pytest.mark.parametrize(
    "wrong",
    [
        marked(points=[[float("nan"), 0], [10, 10]]),
        marked(points=[[0, 0], [float("inf"), 10]]),
        marked(points=[[0, 0], [1e300, 10]]),
        marked(points=[[0, 0], [10**400, 10]]),
        marked(points=[[0, 0]]),
        marked(points="everywhere"),
        marked(points=[["0", {}], [1, 1]]),
        marked(points=None),
        marked(channel="erase"),
        marked(channel=["highlight"]),
        marked(kind="polygon"),
        marked(kind="brush", radius=float("nan")),
        marked(kind="brush", radius=-1),
        marked(kind="brush", radius="wide"),
        value(marks=None),
        value(marks=[BOX]),
        value(marks={"shapes": {"0": BOX}}),
        value(marks={"shapes": [None]}),
        value(marks={"shapes": [BOX] * 1_000_000}),
        marked(kind="brush", radius=3, points=[[1, 1]] * 1_000_000),
    ],
)
def test_bad_marks_are_refused_in_one_sentence(wrong):
    with pytest.raises(MarksError) as told:
        read_value(wrong)
    assert len(str(told.value)) < 200
    assert "\n" not in str(told.value)


def test_opening_a_file_gives_a_value_or_one_sentence(uploaded):
    canvas = PageCanvas()
    Image.new("RGB", (60, 40), "red").save(uploaded / "page.webp")
    opened = canvas.open_page(str(uploaded / "page.webp"))
    assert (opened["width"], opened["height"], opened["marks"]) == (60, 40, {"shapes": []})
    red = Image.open(opened["picture"]).convert("RGB").getpixel((30, 20))
    assert red[0] > 240 and max(red[1:]) < 20
    (uploaded / "bad.png").write_bytes(b"\x89PNG but no more")
    for path in (str(uploaded / "bad.png"), "/etc/passwd", None, {"a": 1}):
        answer = canvas.open_page(path)
        assert set(answer) == {"error"}
        assert "\n" not in answer["error"] and len(answer["error"]) < 200


def test_replaced_file_is_read_again(uploaded):
    file = uploaded / "page.png"
    Image.new("L", (50, 40), 200).save(file)
    read_value({"page": str(file)})
    Image.new("L", (70, 40), 100).save(file)
    os.utime(file, ns=(1, 1))
    assert read_value({"page": str(file)}).page.width == 70


def strings_in(value: object) -> int:
    if isinstance(value, dict | list):
        return sum(map(strings_in, value.values() if isinstance(value, dict) else value))
    return isinstance(value, str)


def test_little_is_copied_with_each_change_of_the_value():
    """Gradio copies every string of every property several times, so there must not be many."""
    assert strings_in(PageCanvas().get_config()) < 20
