"""Saving and the data set without a browser: the API, the tab's functions, who gets them at all."""

from __future__ import annotations

import shutil
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import cv2
import httpx
import numpy as np
import pytest
from fake_instrument import FakeInstrument
from gradio_client import Client, handle_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from serving import serve
from test_asking import LETTER, ME, OTHER, ask, asking

from dessurt.data.annotations import Annotation, exchange
from dessurt.data.annotations.store import Store
from dessurt.data.records import DataError
from dessurt.page import Page
from dessurt.page.marks import Marks
from dessurt.page.upright import Upright
from dessurt_app import launch, strings
from dessurt_app.canvas.canvas_value import canvas_value
from dessurt_app.canvas.files import CanvasError
from dessurt_app.canvas.pictures import crop_file
from dessurt_app.canvas.region_picture import region_marks, region_picture
from dessurt_app.dataset.dataset_tab import DatasetView
from dessurt_app.dataset.imports import MOST_AT_ONCE
from dessurt_app.dataset.saving import save_answer, shown_answer, undo_change

LINE = Marks.from_boxes([(40, 30, 200, 50)])


@pytest.fixture
def uploaded(tmp_path, monkeypatch) -> Path:
    """A folder that counts as Gradio's upload folder."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    (tmp_path / "uploads").mkdir()
    return tmp_path / "uploads"


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "mine")


@pytest.fixture
def view(store, uploaded) -> DatasetView:
    return DatasetView(store)


@pytest.fixture
def page(uploaded) -> Path:
    Image.effect_noise((300, 200), 60).save(uploaded / "page.png")
    return uploaded / "page.png"


def fill(store: Store, page: Path, count: int) -> list[str]:
    """Save answers, and return their ids."""
    for number in range(count):
        marks = Marks.from_boxes([(10, number, 150, number + 18)])
        confidence = round((number + 1) / count, 2)
        given = Annotation("w0>", (f"line {number}",), marks, model_answer=f"line {number}",
                           confidence=confidence, state="new")  # fmt: skip
        store.save(page, 0, given)
    return [row.id for row in store.rows]


# Saving


def test_an_answer_is_saved_with_all_that_is_known_of_it(store):
    desk = asking(fake := FakeInstrument("sure unsure", 0))
    fake.probabilities = {"sure": 0.98, "unsure": 0.5}
    *_, _ = ask(desk, task="natural_q~", text="Who?")
    saved = save_answer(store, desk.last(ME), None, "fake", "ann")
    assert saved.message == "Saved to ‘mine’"
    (row,) = store.rows
    given = row.annotation
    assert (given.question, given.answers) == ("natural_q~Who?", ("sure unsure",))
    assert (given.model_answer, given.confidence) == ("sure unsure", 0.74)
    assert (given.checkpoint, given.by, given.state) == ("fake", "ann", "new")
    assert given.marks == LETTER.marks and len(given.at) == 20
    undone = undo_change(store, saved.change)
    assert (undone.message, undone.change, store.rows) == (strings.UNDONE, 0, [])
    assert undo_change(store, saved.change).message == strings.NOT_UNDONE
    assert undo_change(store, "1").message == strings.NOT_UNDONE


def test_a_text_that_the_task_does_not_take_is_not_part_of_the_question(store):
    desk = asking(FakeInstrument("a", 0))
    *_, _ = ask(desk, text="left over")
    save_answer(store, desk.last(ME), "b", "fake", "ann")
    (row,) = store.rows
    assert (row.annotation.question, row.annotation.answers) == ("w0>", ("b",))
    assert row.annotation.state == "corrected"


def test_an_empty_correction_is_one(store):
    desk = asking(FakeInstrument("a", 0))
    *_, _ = ask(desk)
    save_answer(store, desk.last(ME), "", "fake", "ann")
    assert store.rows[0].annotation.answers == ("",)


def test_everyone_saves_what_they_were_answered(store):
    desk = asking(fake := FakeInstrument("mine", 0))
    *_, _ = ask(desk)
    fake.words = ["theirs"]
    *_, _ = ask(desk, who=OTHER)
    save_answer(store, desk.last(ME), None, "fake", "ann")
    assert store.rows[0].annotation.answers == ("mine",)
    assert desk.last(SimpleNamespace(session_hash=None)) is None


def test_a_region_is_saved_as_what_is_to_be_marked(store):
    desk = asking(FakeInstrument("a", 0))
    *_, last = ask(desk, task="0w~", text="due")
    assert last.text == "" and last.region
    save_answer(store, desk.last(ME), None, "fake", "ann")
    (row,) = store.rows
    height, width = Page.open(LETTER.page).size
    assert row.annotation.output == Marks.from_boxes([(0, 0, width, height // 2)])
    assert (row.annotation.question, row.annotation.answers) == ("0w~due", ("",))
    assert row.annotation.confidence is None
    shown = DatasetView(store)
    assert shown.list_rows(["", 1.0, 0])["rows"][0]["place"]
    picture = Image.open(shown.crops([row.id])["pictures"][row.id])
    assert picture.size == (396, 176), "the upper half of the letter"


def test_an_answer_about_a_turned_page_is_true_to_the_file(store, view, page):
    """Its marks are on the page in the file, and it comes back as it was asked about."""
    upright = Upright(quarters=1, angle=2.0)
    marks = Marks.from_boxes([(80, 40, 100, 160)])
    canvas = canvas_value(page, marks, upright=upright)
    desk = asking(FakeInstrument("a", 0))
    *_, _ = ask(desk, canvas=canvas)
    save_answer(store, desk.last(ME), "b", "fake", "ann")
    (row,) = store.rows
    assert (row.annotation.marks, row.annotation.upright) == (marks, upright)
    assert (store.folder / row.image).read_bytes() == page.read_bytes()
    size = Page.open(page).size
    assert desk.last(ME).question.canvas["width"] == upright.size(size)[1]
    crop = Image.open(view.crops([row.id])["pictures"][row.id])
    assert crop.width > crop.height, "upright, as it was seen"
    again = canvas_value(page, row.annotation.marks, upright=row.annotation.upright)
    assert again == canvas
    *_, _ = ask(desk, canvas=again)
    save_answer(store, desk.last(ME), "c", "fake", "ann")
    assert [each.annotation.answers for each in store.rows] == [("c",)], "the same question"


def test_a_region_beside_a_text_is_not_part_of_the_answer(store):
    desk = asking(FakeInstrument("a", 0))
    *_, last = ask(desk, show_region=True)
    assert last.region
    save_answer(store, desk.last(ME), "b", "fake", "ann")
    assert store.rows[0].annotation.output is None


def test_regions_become_boxes_and_outlines(uploaded):
    size = 600, 3200  # twice as large as the picture that is written
    region = np.zeros(size, np.float32)
    region[100:140, 200:400] = 1
    cv2.fillPoly(region, [np.array([(1000, 300), (1400, 300), (1000, 500)])], 1)
    region[110:130, 2000:2100] = 0.4  # not sure enough
    box, triangle = region_marks(region_picture(region), size).shapes
    assert box == Marks.from_boxes([(200, 100, 400, 140)]).shapes[0]
    assert triangle.kind == "lasso"
    drawn = Marks((box, triangle)).rasterise(size) > 0
    assert (drawn != (region > 0.5)).mean() < 0.0005
    assert region_marks(region_picture(np.zeros(size, np.float32)), size) == Marks()


def test_what_cannot_be_saved_is_told(store, page):
    desk = asking(FakeInstrument("a", 0))
    assert save_answer(store, None, None, "fake", "ann").message == strings.NOTHING_TO_SAVE
    *_, _ = ask(desk, canvas=canvas_value(page, LINE))
    half = save_answer(store, desk.last(ME), "\ud800", "fake", "ann")
    assert half.message == "Not saved: it holds signs or numbers that cannot be written."
    page.unlink()
    gone = save_answer(store, desk.last(ME), None, "fake", "ann")
    assert gone.message == f"Not saved: {strings.PAGE_GONE}"
    assert store.rows == [] and (gone.change, half.change) == (0, 0)


def test_saving_over_the_api(tmp_path):
    """The second visitor has asked nothing yet."""
    Image.effect_noise((300, 200), 60).save(tmp_path / "page.png")
    store = Store(tmp_path / "mine")
    with serve(model=FakeInstrument("a b", 0), data=store.folder) as address:
        mine, other = Client(address, verbose=False), Client(address, verbose=False)
        named = mine.view_api(return_format="dict")["named_endpoints"]
        assert set(named) == {"/answer", "/preview", "/save", "/tasks"}
        parameters = named["/save"]["parameters"]
        assert [each["parameter_name"] for each in parameters] == ["correction", "serial"]
        canvas = {"page": handle_file(tmp_path / "page.png"), "marks": LINE.to_json()}
        mine.predict(canvas, "w0>", "", False, api_name="/answer")
        nothing = other.predict(None, api_name="/save")
        assert nothing == {"message": strings.NOTHING_TO_SAVE, "change": 0}
        older = mine.predict(None, 1, api_name="/save")
        assert (older["message"], older["change"]) == (strings.NOT_THE_LAST, 0)
        for correction, wanted in ((None, ("a b", "new")), ("a c", ("a c", "corrected"))):
            done = mine.predict(correction, api_name="/save")
            assert (done["message"], done["change"] > 0) == ("Saved to ‘mine’", True)
            (row,) = store.rows
            assert (row.annotation.answers[0], row.annotation.state) == wanted
        assert row.annotation.marks == LINE


def shown(page: Path, **others) -> dict:
    """A line of a page as the screen sends it to be saved."""
    canvas = canvas_value(page, LINE)
    return {"canvas": canvas, "task": "w0>", "text": "", "checkpoint": None, "answer": "Total dua",
            "confidence": 0.71, "region": None, "correction": None} | others  # fmt: skip


@pytest.mark.parametrize(
    ("correction", "answer", "state"),
    [
        (None, "Total dua", "new"),
        ("Total due", "Total due", "corrected"),
        ("Total dua", "Total dua", "accepted"),
    ],
)
def test_what_the_screen_shows_is_saved_to_its_own_page(store, page, correction, answer, state):
    kept, correction = shown_answer(shown(page, correction=correction))
    assert save_answer(store, kept, correction, "fake", "ann").message == "Saved to ‘mine’"
    (row,) = store.rows
    given = row.annotation
    assert (given.question, given.answers, given.state) == ("w0>", (answer,), state)
    assert (given.model_answer, given.confidence, given.marks) == ("Total dua", 0.71, LINE)
    assert (store.folder / row.image).read_bytes() == page.read_bytes()


def test_a_line_in_which_nothing_was_read_can_be_corrected(store, page):
    kept, correction = shown_answer(shown(page, answer="", correction="Total"))
    save_answer(store, kept, correction, "fake", "ann")
    assert store.rows[0].annotation.answers == ("Total",)


@pytest.mark.parametrize(
    "wrong",
    [
        {"canvas": None},
        {"task": "no such task"},
        {"text": 5},
        {"answer": None},
        {"confidence": "sure"},
        {"correction": ["a"]},
    ],
)
def test_what_is_no_answer_is_refused(page, wrong):
    with pytest.raises(DataError, match="reload the screen"):
        shown_answer(shown(page, **wrong))


def test_no_file_but_a_picture_that_is_served_is_taken_for_a_region(page, uploaded):
    with pytest.raises(CanvasError):
        shown_answer(shown(page, region="/etc/passwd"))
    (uploaded / "text.png").write_text("no picture", "utf-8")
    with pytest.raises(DataError):
        shown_answer(shown(page, region=str(uploaded / "text.png")))


# The functions of the tab


def test_rows_are_counted_filtered_and_cut(view, store, page, monkeypatch):
    monkeypatch.setattr("dessurt_app.dataset.dataset_tab.ROWS_AT_ONCE", 4)
    ids = fill(store, page, 10)
    store.accept(ids[9], "me", "now")
    found = view.list_rows(["", 1.0, 0])
    assert [row["id"] for row in found["rows"]] == ids[:4]
    assert (found["first"], found["found"], found["pages"]) == (0, 10, 1)
    assert found["counts"] == {"": 10, "new": 9, "corrected": 0, "accepted": 1, "skipped": 0}
    assert [row["id"] for row in view.list_rows(["", 1, 5])["rows"]] == ids[4:8]
    assert [row["id"] for row in view.list_rows(["", 1, 99])["rows"]] == ids[8:]
    assert [row["id"] for row in view.list_rows(["new", 0.3, 0])["rows"]] == ids[:3]
    assert [row["id"] for row in view.list_rows(["accepted", 1, 0])["rows"]] == ids[9:]
    first = found["rows"][0]
    assert (first["task"], first["name"]) == ("w0>", "Read the highlighted text")
    assert (first["answers"], first["model"], first["confidence"]) == (["line 0"], "line 0", 0.1)


def test_a_row_shows_its_marked_place(view, store, uploaded):
    pixels = np.full((200, 300), 255, np.uint8)
    pixels[90:110, 100:200] = 0
    Image.fromarray(pixels).save(uploaded / "block.png")
    marks = Marks.from_boxes([(100, 90, 200, 110)])
    store.save(uploaded / "block.png", 0, Annotation("w0>", ("a",), marks))
    (row,) = store.rows
    path = view.crops([row.id, "gone"])["pictures"]
    picture = np.asarray(Image.open(path[row.id]))
    assert path["gone"] is None
    assert 20 <= picture.shape[0] <= 40 and 100 <= picture.shape[1] <= 120
    assert abs((picture < 128).sum() - 2000) < 60


@pytest.mark.parametrize("size", [(4, 4), (3000, 5), (5, 3000), (1700, 2200)])
def test_a_crop_of_anything_is_small(uploaded, size):
    page = Page.from_array(np.full(size[::-1], 200, np.uint8))
    for marks in (Marks(), Marks.from_boxes([(0, 0, *size)]), Marks.from_boxes([(-9, -9, 1, 1)])):
        width, height = Image.open(crop_file(page, marks)).size
        assert width <= 880 and height <= 176


def test_review_and_undo(view, store, page):
    (row,) = fill(store, page, 1)
    seen = view.list_rows(["", 1.0, 0])["rows"][0]["version"]
    accepted = view.review([row, seen, "accept", []])
    assert accepted["row"]["state"] == "accepted"
    late = view.review([row, seen, "correct", ["another"]])
    assert late == {"row": accepted["row"], "change": 0}, "it was seen before it was accepted"
    corrected = view.review([row, late["row"]["version"], "correct", ["another"]])
    assert (corrected["row"]["state"], corrected["row"]["answers"]) == ("corrected", ["another"])
    assert view.undo(corrected["change"]) == {"done": True}
    assert store.rows[0].annotation.state == "accepted"
    assert "not there any more" in view.review(["0" * 16, "", "skip", []])["error"]


def came(view: DatasetView, begun: dict) -> dict:
    """What came of an import in the end."""
    while "came" not in (told := view.import_progress(begun["key"])):
        time.sleep(0.01)
    return told["came"]


@pytest.fixture
def exported(tmp_path, uploaded, page) -> Path:
    """A zip file with six answers about a page."""
    theirs = Store(tmp_path / "theirs")
    fill(theirs, page, 6)
    exchange.export(theirs, uploaded / "six.zip")
    return uploaded / "six.zip"


@pytest.fixture
def held(monkeypatch) -> SimpleNamespace:
    """Imports wait before each page: `arrived` when one does, `go` lets one go on."""
    held = SimpleNamespace(arrived=threading.Semaphore(0), go=threading.Semaphore(0))
    page_file = exchange.page_file

    def wait(*given):
        held.arrived.release()
        assert held.go.acquire(timeout=60)
        return page_file(*given)

    monkeypatch.setattr(exchange, "page_file", wait)
    return held


def test_an_import_tells_how_far_it_is(view, store, exported, held):
    begun = view.import_uploads([["a.zip", str(exported)]])
    assert held.arrived.acquire(timeout=60)
    assert view.import_progress(begun["key"]) == {"stage": "adding", "done": 0, "of": 6}
    held.go.release()
    told = came(view, begun)
    assert (told["added"], told["there"], told["errors"], len(store.rows)) == (6, 0, [], 6)
    assert view.import_progress(begun["key"]) == {"came": told}, "also after a reload"
    assert view.undo(told["changes"][0]) == {"done": True}
    assert store.rows == []


def test_an_import_that_is_stopped_tells_so_and_adds_nothing(view, store, exported, held):
    begun = view.import_uploads([["a.zip", str(exported)]])
    assert held.arrived.acquire(timeout=60)
    view.stop_import(begun["key"])
    held.go.release(2)
    told = came(view, begun)
    assert (told["stopped"], told["added"], told["changes"]) == (True, 0, [])
    assert store.rows == [] and not list((store.folder / "images").iterdir())
    assert came(view, view.import_uploads([["a.zip", str(exported)]]))["added"] == 6


def test_what_was_added_before_a_stop_is_told_and_can_be_undone(
    view, store, exported, held, uploaded
):
    Image.new("L", (50, 40), 200).save(uploaded / "b.png")
    (uploaded / "b.json").write_text('[{"question": "w0>", "answer": "b"}]')
    files = [("a.zip", exported), ("b.png", uploaded / "b.png"), ("b.json", uploaded / "b.json")]
    begun = view.import_uploads([[name, str(path)] for name, path in files])
    held.go.release()
    for _ in range(2):
        assert held.arrived.acquire(timeout=60)
    view.stop_import(begun["key"])
    held.go.release()
    told = came(view, begun)
    assert (told["stopped"], told["added"], len(store.rows)) == (True, 6, 6)
    assert view.undo(told["changes"][0]) == {"done": True}
    assert store.rows == []


def test_two_imports_at_once_know_of_each_other_nothing(view, store, exported, held):
    stopped, other = (view.import_uploads([["a.zip", str(exported)]]) for _ in range(2))
    for _ in range(2):
        assert held.arrived.acquire(timeout=60)
    view.stop_import(stopped["key"])
    held.go.release(2)
    assert came(view, stopped)["stopped"]
    assert came(view, other)["added"] == len(store.rows) == 6
    assert view.import_progress("another") == {"error": strings.IMPORT_UNKNOWN}
    assert view.stop_import("another") == {"error": strings.IMPORT_UNKNOWN}


def test_an_import_that_fails_ends(view, store, exported, uploaded, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("dessurt.data.annotations.store.write_partial", full)
    Image.new("L", (50, 40), 200).save(uploaded / "b.png")
    (uploaded / "b.json").write_text('[{"question": "w0>", "answer": "b"}]')
    files = [[name, str(uploaded / name)] for name in ("b.png", "b.json")]
    assert came(view, view.import_uploads(files))["error"] == "No space left on device"


def test_only_so_many_import_at_once(view, exported, held):
    given = [["a.zip", str(exported)]]
    begun = [view.import_uploads(given) for _ in range(MOST_AT_ONCE)]
    assert view.import_uploads(given) == {"error": strings.TOO_MANY_IMPORTS}
    held.go.release(MOST_AT_ONCE + 1)
    assert sum(came(view, each)["added"] for each in begun) == 6
    assert came(view, view.import_uploads(given))["there"] == 6


def test_import_takes_uploads_alone(view, store, uploaded, tmp_path, page):
    fill(store, page, 2)
    path = view.export_zip([3, False])
    assert path["count"] == 2 and Path(path["path"]).name == "mine-seed-3.zip"
    with zipfile.ZipFile(path["path"]) as archive:
        assert "train/qa.json" in archive.namelist()
    outside = shutil.copy(path["path"], tmp_path / "outside.zip")
    assert view.import_uploads([["a.zip", str(outside)]]) == {"error": strings.PAGE_GONE}
    inside = shutil.copy(path["path"], uploaded / "inside.zip")
    told = came(view, view.import_uploads([["a.zip", str(inside)]]))
    assert (told["added"], told["there"], told["errors"]) == (0, 2, [])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(st.sampled_from(["list_rows", "crops", "review", "undo", "import_uploads", "import_progress",
                        "stop_import", "export_zip"]), json_values)  # fmt: skip
@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_whatever_the_browser_sends_gets_an_answer(view, store, name, sent):
    assert isinstance(getattr(view, name)(sent), dict)
    assert store.rows == []


# Who gets them


@pytest.fixture
def at_home(monkeypatch) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)


@pytest.mark.usefixtures("at_home")
def test_answers_are_saved_only_where_nobody_else_comes(monkeypatch):
    assert launch.data_folder(None, "127.0.0.1", False, False) == launch.DATA
    assert launch.DATA == launch.ASSETS.parent / "data" / "mine"
    assert launch.data_folder("here", "localhost", False, False) == Path("here")
    for host, share in (("0.0.0.0", False), ("192.168.0.7", False), ("127.0.0.1", True)):
        assert launch.data_folder(None, host, share, False) is None
        assert launch.data_folder(None, host, share, True) == launch.DATA
        with pytest.raises(ValueError, match="--shared-data"):
            launch.data_folder("here", host, share, False)
    monkeypatch.setenv("SPACE_ID", "someone/space")
    assert launch.data_folder(None, "127.0.0.1", False, True) is None


@pytest.mark.usefixtures("at_home")
def test_the_command_line_tells_where(monkeypatch, capsys):
    def data(*words: str) -> Path | None:
        monkeypatch.setattr(sys, "argv", ["app.py", *words])
        return launch.parse_arguments().data

    assert data() == launch.DATA
    assert data("--data-dir", "here") == Path("here")
    assert data("--share") is None
    assert data("--host", "0.0.0.0", "--shared-data") == launch.DATA
    with pytest.raises(SystemExit):
        data("--share", "--data-dir", "here")
    assert "--shared-data" in capsys.readouterr().err


@pytest.fixture(scope="module")
def public() -> Iterator[str]:
    with serve(model=FakeInstrument("a b", 0)) as address:
        yield address


def test_in_public_there_is_no_trace_of_it(public):
    config = httpx.get(f"{public}config").json()
    assert not [each for each in config["dependencies"] if each["api_name"] == "save"]
    labels = [each["props"].get("label") for each in config["components"]]
    assert strings.INSPECT_TAB in labels and strings.DATASET_TAB not in labels
    (answer,) = (each for each in config["components"] if each["props"].get("elem_id") == "answer")
    assert answer["props"]["props"]["saves"] is False


def test_images_of_the_data_set_are_not_served(tmp_path):
    Image.effect_noise((300, 200), 60).save(tmp_path / "page.png")
    store = Store(tmp_path / "mine")
    fill(store, tmp_path / "page.png", 1)
    with serve(model=FakeInstrument("a b", 0), data=store.folder) as address:
        image = store.folder / store.rows[0].image
        for path in (image, store.folder / "qa.json"):
            answer = httpx.get(f"{address}gradio_api/file={path}")
            assert answer.status_code in (403, 404)
