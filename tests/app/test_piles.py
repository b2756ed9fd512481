"""Many files at once: what a pile takes in, how its pages are read, and who may see that."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

import pypdfium2 as pdfium
import pytest
from fake_instrument import FakeInstrument
from PIL import Image

from dessurt_app import strings
from dessurt_app.ask import listeners as listeners_module
from dessurt_app.ask.asking import Asking, Turns
from dessurt_app.ask.listeners import Listeners
from dessurt_app.models import Weights
from dessurt_app.pile import exporting
from dessurt_app.pile import piles as piles_module
from dessurt_app.pile import reading as reading_module
from dessurt_app.pile.pile_view import PileView
from dessurt_app.pile.piles import Limits, PileError, Piles, fit_name
from dessurt_app.pile.reading import Reading, keep_answer
from dessurt_app.pile.record import Record

ME = SimpleNamespace(session_hash="me")
LINES = "first line \\ the second"
QUADS = [((10, y), (90, y), (90, y + 20), (10, y + 20)) for y in (10, 40)]


@pytest.fixture(autouse=True)
def uploads(tmp_path, monkeypatch):
    """The folder in which visitors' files lie."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def fake() -> FakeInstrument:
    """Reads two lines on every page."""
    fake = FakeInstrument(LINES, 0)
    fake.quads = QUADS
    return fake


@pytest.fixture
def view() -> PileView:
    """A bar with piles of at most five files."""
    return PileView(Piles(Limits(files=5, pages=20, upload=10**6)))


@pytest.fixture
def page(uploads):
    """Makes files of one page or several, each of another grey."""

    def make(name: str, shade: int = 200, pages: int = 1) -> str:
        file = uploads / name
        file.parent.mkdir(parents=True, exist_ok=True)
        images = [Image.new("L", (100, 80), shade + n) for n in range(pages)]
        images[0].save(file, save_all=pages > 1, append_images=images[1:])
        return str(file)

    return make


def begun(view: PileView, *files: tuple[str, str], more: bool = False) -> str:
    """The id of a pile with these files."""
    name = view.begin(None)["pile"]
    assert "error" not in view.add([name, [list(file) for file in files], more])
    return name


def reading(view: PileView, fake: FakeInstrument, listeners: Listeners | None = None) -> Reading:
    return Reading(Asking(Weights(fake)), view._piles, listeners)


def states(view: PileView, name: str) -> dict[tuple[int, int], str]:
    changes = view.look([name, 0, 0])["changes"]
    return {(file, number): state for file, number, state, _ in changes}


# ---- what is taken in -------------------------------------------------------------------------


def test_each_file_is_told_with_its_pages(view, page):
    name = view.begin(None)["pile"]
    seen = view.add([name, [["a/one.png", page("one.png")], ["two.tiff", page("t.tiff", 9, 3)]], 0])
    assert [file[0::2] for file in seen["files"]] == [["a/one.png", 1], ["two.tiff", 3]]
    assert [file[3] for file in seen["files"]] == ["", ""]
    assert not seen["more"] and not seen["expects"]


def test_two_files_of_the_same_name_are_two(view, page, fake):
    name = begun(view, ("1.png", page("x/1.png", 1)), ("1.png", page("y/1.png", 2)))
    list(reading(view, fake).read_all(name, None, ME))
    assert states(view, name) == {(0, 0): "read", (1, 0): "read"}
    assert [page.gray[0, 0] for page, _ in fake.asked] == [1, 2]


def test_the_same_file_twice_is_two(view, page, fake):
    name = begun(view, ("1.png", page("1.png")), ("1.png", page("1.png")))
    list(reading(view, fake).read_all(name, None, ME))
    assert states(view, name) == {(0, 0): "read", (1, 0): "read"}


def test_what_cannot_be_opened_is_told_and_stops_nothing(view, page, uploads, fake):
    cut = uploads / "cut.png"
    noise = Image.effect_noise((100, 80), 90)
    noise.save(cut)
    cut.write_bytes(cut.read_bytes()[:-2000])
    (uploads / "text.png").write_text("no picture")
    wanted = [("text.png", str(uploads / "text.png")), ("gone.png", str(uploads / "gone.png")),
              ("cut.png", str(cut)), ("good.png", page("good.png"))]  # fmt: skip
    name = begun(view, *wanted)
    text, gone, _, good = view.look([name, 0, 0])["files"]
    assert text[2] == gone[2] == 0 and good[2] == 1
    assert "text.png" in text[3] and gone[3] == strings.PAGE_GONE
    *_, last = reading(view, fake).read_all(name, None, ME)
    assert last.state == "done"
    assert states(view, name) == {(2, 0): "failed", (3, 0): "read"}
    (_, _, _, sentence) = view.look([name, 0, 0])["changes"][0]
    assert sentence == "cut.png is cut off or damaged: save or download it again."


def test_a_pile_has_so_many_files_and_pages(view, page):
    name = begun(view, *[(f"{n}.png", page(f"{n}.png", n)) for n in range(5)])
    more = view.add([name, [["6.png", page("6.png")]], 0])
    assert more["error"] == strings.PILE_FULL.format(files=5)
    assert len(view.look([name, 0, 0])["files"]) == 5
    long = begun(view, ("15.tiff", page("15.tiff", 1, 15)), ("6.tiff", page("6.tiff", 2, 6)))
    files = view.look([long, 0, 0])["files"]
    assert [file[2] for file in files] == [15, 0]
    assert files[1][3] == strings.PILE_TOO_LONG.format(pages=6, most=20)


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        ("scan 1.png", "scan 1.png"),
        ("a/b/c.png", "a/b/c.png"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("..\\..\\x.png", "x.png"),
        ("C:\\x.png", "C_/x.png"),
        ("a\0b\n.png", "a_b_.png"),
        ("", "page"),
        (" . ", "page"),
        ("x" * 500 + ".png", "x" * 236 + ".png"),
    ],
)
def test_names_stay_below_a_folder(name, fit):
    assert fit_name(name) == fit


def test_what_is_not_ours_is_not_taken(view):
    name = begun(view, ("passwd", "/etc/passwd"))
    assert view.look([name, 0, 0])["files"] == [["passwd", ".", 0, strings.PAGE_GONE]]


@pytest.mark.parametrize("name", ["", None, 7, "0" * 32, "../x", ["a"], {}])
def test_a_pile_is_only_for_those_who_know_its_id(view, page, name, fake):
    begun(view, ("1.png", page("1.png")))
    for function in ("add", "look", "correct"):
        told = getattr(view, function)([name, 0, 0, {}][: 4 if function == "correct" else 3])
        assert told == {"error": strings.PILE_GONE}
    assert view.stop([name]) == view.retry([name]) == {"error": strings.PILE_GONE}
    assert [p.message for p in reading(view, fake).read_all(name, None, ME)] == [strings.PILE_GONE]


@pytest.mark.parametrize("sent", [None, [], [1], {}, "x", [[]], [None] * 9])
def test_nonsense_is_answered_with_a_sentence(view, sent):
    for function in ("add", "look", "stop", "retry", "correct"):
        assert isinstance(getattr(view, function)(sent)["error"], str)


@pytest.mark.parametrize("place", [(0, 1), (1, 0), (-1, 0), (0, -1), ("0", 0), (None, None)])
def test_a_page_that_is_not_there_is_not_corrected(view, page, place):
    name = begun(view, ("1.png", page("1.png")))
    told = view.correct([name, *place, {"0": "x"}])
    assert told["error"] in (strings.PILE_NO_PAGE, strings.NO_NUMBER)


def test_piles_go_when_there_are_too_many_or_they_are_old(view, page, monkeypatch):
    first = begun(view, ("1.png", page("1.png")))
    folder = view._piles.of(first).folder
    view._piles.of(first).keep((0, 0), {})
    assert folder.is_dir()
    monkeypatch.setattr(piles_module, "MOST_PILES", 2)
    others = [view.begin(None)["pile"] for _ in range(2)]
    with pytest.raises(PileError):
        view._piles.of(first)
    assert not folder.exists()
    monkeypatch.setattr(piles_module, "LONGEST_UNUSED", -1)
    view._piles.of(others[0])
    assert list(view._piles._piles) == [others[0]]


def test_piles_go_when_too_much_was_read(view, page, monkeypatch):
    monkeypatch.setattr(piles_module, "MOST_STORED", 100)
    first, second = (begun(view, ("1.png", page("1.png"))) for _ in range(2))
    view._piles.of(first).keep((0, 0), {"x": "y" * 60})
    view._piles.of(second).keep((0, 0), {"x": "y" * 60})
    assert "error" not in view.look([second, 0, 0])
    assert view.look([first, 0, 0]) == {"error": strings.PILE_GONE}


# ---- reading ----------------------------------------------------------------------------------


def test_reading_tells_how_far_it_is_and_keeps_what_was_read(view, page, fake):
    name = begun(view, *[(f"{n}.png", page(f"{n}.png", n)) for n in range(3)])
    steps = list(reading(view, fake).read_all(name, None, ME))
    assert (steps[0].done, steps[0].pages, steps[0].state) == (0, 3, "reading")
    assert (steps[-1].done, steps[-1].state, steps[-1].changes) == (3, "done", 3)
    entries = view._piles.of(name).record((1, 0))
    record = Record.from_json(entries)
    assert json.loads(json.dumps(record.to_json())) == entries
    assert [each.line.text for each in record.lines] == ["first line", "the second"]
    assert record.answer().text == "first line\\the second"
    assert (record.size, record.checkpoint) == ((80, 100), "fake")


def test_who_was_stopped_goes_on_where_it_was(view, page, fake, monkeypatch):
    monkeypatch.setattr(reading_module, "SECONDS_BETWEEN_UPDATES", 0)
    name = begun(view, *[(f"{n}.png", page(f"{n}.png", n)) for n in range(4)])
    desk = reading(view, fake)
    for step in desk.read_all(name, None, ME):
        if step.done == 2:
            view.stop([name])
    assert step.state == "stopped"
    assert list(states(view, name).values()) == ["read"] * step.done
    asked = len(fake.asked)
    *_, last = desk.read_all(name, None, ME)
    assert (last.state, last.done) == ("done", 4)
    assert len(fake.asked) - asked == 4 - step.done


def test_a_page_that_fails_is_noted_and_can_be_tried_again(view, page, fake):
    name = begun(view, ("1.png", page("1.png")), ("2.png", page("2.png")))
    answer, fake._answer = fake._answer, lambda *_: (_ for _ in ()).throw(KeyError("x"))
    list(reading(view, fake).read_all(name, None, ME))
    assert states(view, name) == {(0, 0): "failed", (1, 0): "failed"}
    assert view.look([name, 0, 0])["changes"][0][3] == strings.FAILED
    fake._answer = answer
    view.retry([name])
    list(reading(view, fake).read_all(name, None, ME))
    assert states(view, name) == {(0, 0): "read", (1, 0): "read"}


def test_without_a_model_reading_ends_with_a_sentence(view, page, tmp_path):
    name = begun(view, ("1.png", page("1.png")))
    desk = Reading(Asking(Weights(folder=tmp_path / "none")), view._piles)
    *_, last = desk.read_all(name, None, ME)
    assert (last.state, last.message) == ("error", strings.NO_CHECKPOINT)
    assert states(view, name) == {}


def test_without_room_reading_ends_with_a_sentence(view, page, fake, monkeypatch):
    name = begun(view, ("1.png", page("1.png")))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(piles_module, "write_whole", full)
    *_, last = reading(view, fake).read_all(name, None, ME)
    assert (last.state, last.message) == ("error", strings.PILE_NO_ROOM)
    assert states(view, name) == {}


def test_reading_waits_for_files_that_are_on_their_way(view, page, fake):
    name = begun(view, ("1.png", page("1.png")), more=True)
    ended = threading.Event()
    steps = []

    def read() -> None:
        steps.extend(reading(view, fake).read_all(name, None, ME))
        ended.set()

    thread = threading.Thread(target=read)
    thread.start()
    while not states(view, name):
        time.sleep(0.01)
    assert not ended.wait(0.3)
    view.add([name, [["2.png", page("2.png")]], False])
    thread.join(10)
    assert (steps[-1].state, steps[-1].done) == ("done", 2)


def test_reading_ends_when_nobody_listens(view, page, fake, monkeypatch):
    monkeypatch.setattr(listeners_module, "PATIENCE", 0.2)
    fake.seconds = 0.02
    name = begun(view, *[(f"{n}.png", page(f"{n}.png", n)) for n in range(5)], more=True)
    began = time.monotonic()
    list(reading(view, fake, Listeners()).read_all(name, None, ME))
    assert time.monotonic() - began < 5
    assert view._piles.of(name).reader is None


def test_a_second_tab_takes_over(view, page, fake):
    fake.seconds = 0.02
    name = begun(view, *[(f"{n}.png", page(f"{n}.png", n)) for n in range(5)])
    desk = reading(view, fake)
    first = desk.read_all(name, None, ME)
    next(first)
    *_, last = desk.read_all(name, None, SimpleNamespace(session_hash="other"))
    assert last.state == "done"
    assert [step.state for step in first][-1] == "stopped"
    assert len(states(view, name)) == 5


def test_a_deleted_pile_is_read_no_further(view, page, fake):
    name = begun(view, *[(f"{n}.png", page(f"{n}.png", n)) for n in range(5)])
    folder = view._piles.of(name).folder
    steps = reading(view, fake).read_all(name, None, ME)
    next(steps)
    view.end([name])
    assert [step.state for step in steps][-1] == "stopped"
    assert not folder.exists()


# ---- corrections ------------------------------------------------------------------------------


def test_corrections_are_kept_beside_what_was_read(view, page, fake):
    name = begun(view, ("1.png", page("1.png")))
    assert view.correct([name, 0, 0, {"1": "x"}]) == {"error": strings.PILE_NOT_READ}
    list(reading(view, fake).read_all(name, None, ME))
    assert view.correct([name, 0, 0, {"1": "The second", "9": "none", "x": "none"}]) == {}
    assert states(view, name) == {(0, 0): "corrected"}
    record = Record.from_json(view._piles.of(name).record((0, 0)))
    assert record.corrections == {1: "The second"}
    assert record.lines[1].line.text == "the second"
    view.correct([name, 0, 0, {"0": "first line"}])  # it is right as it is
    record = Record.from_json(view._piles.of(name).record((0, 0)))
    assert record.corrections == {0: "first line", 1: "The second"}
    assert [line.corrected for line in record.transcript("1.png", 0).lines] == [True, True]


def asked(view, fake, name, task: str, marks: dict | None = None) -> None:
    """Ask about the first page of a pile, and have the answer kept as the screen does."""
    pile = view._piles.of(name)
    canvas = {"page": str(pile.files[0].path), "number": 0, "marks": marks or {"shapes": []}}
    *_, answer = Asking(Weights(fake)).answer_stream(canvas, task, "", False, None, None, ME)
    keep_answer(pile, (0, 0), answer, "fake")


def test_what_somebody_has_asked_about_a_page_is_kept_with_it(view, page, fake):
    name = begun(view, ("1.png", page("1.png")))
    fake.words = '[{"Total": "question", "answers": ["7.50"]}]'.split(" ")
    asked(view, fake, name, "json>")
    assert states(view, name) == {}  # it is still to be read
    fake.words = LINES.split(" ")
    box = {"channel": "highlight", "kind": "box", "points": [[1, 1], [50, 50]]}
    asked(view, fake, name, "read_block>", {"shapes": [box]})  # a part of it
    assert states(view, name) == {}
    asked(view, fake, name, "read_block>")
    assert states(view, name) == {(0, 0): "read"}
    view.correct([name, 0, 0, {"0": "First line"}])
    asked(view, fake, name, "read_block>")  # reads the same again
    record = Record.from_json(view._piles.of(name).record((0, 0)))
    assert record.corrections == {0: "First line"}
    made = view.export([name, [0, 0], "page", "csv"])
    assert "Total" in Path(made["path"]).read_text("utf-8-sig")


# ---- taking it home ---------------------------------------------------------------------------


@pytest.fixture
def read(view, page, fake) -> str:
    """The id of a pile of four pages in three files, all of which are read."""
    files = ("in/a.png", page("x/a.png")), ("in/a.png", page("y/a.png", 1))
    name = begun(view, *files, ("in/b/c.tiff", page("c.tiff", 9, 2)))
    list(reading(view, fake).read_all(name, None, ME))
    return name


def test_one_page_comes_as_a_file_with_its_corrections(view, read):
    view.correct([read, 0, 0, {"1": "The third"}])
    made = view.export([read, [0, 0], "page", "txt"])
    assert made["name"] == "a.txt" and Path(made["path"]).name == "a.txt"
    assert Path(made["path"]).read_text("utf-8") == "first line\nThe third\n"
    alto = view.export([read, [2, 1], "page", "alto"])
    assert alto["name"] == "c p2.alto.xml" and "<alto" in Path(alto["path"]).read_text("utf-8")
    assert not Path(made["path"]).exists()  # the last one alone is kept


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("md", ["in/a.md", "in/a (2).md", "in/b/c.md"]),
        ("page", ["in/a.page.xml", "in/a (2).page.xml", "in/b/c p1.page.xml",
                  "in/b/c p2.page.xml"]),
        ("pdf", ["in/a.pdf", "in/a (2).pdf", "in/b/c.pdf"]),
    ],
)  # fmt: skip
def test_several_files_come_as_a_zip(view, read, kind, names):
    made = view.export([read, None, "all", kind])
    assert made["name"] == "in.zip"
    with ZipFile(made["path"]) as archive:
        assert archive.namelist() == names
        assert all(archive.read(name) for name in names)
    assert {path.name for path in Path(made["path"]).parent.iterdir()} == {"in.zip"}


def test_a_file_of_several_pages_comes_whole(view, read):
    made = view.export([read, [2, 0], "file", "pdf"])
    assert made["name"] == "c.pdf"
    pdf = pdfium.PdfDocument(made["path"])
    texts = [page.get_textpage().get_text_range() for page in pdf]
    assert [text.split() for text in texts] == [["firstline", "thesecond"]] * 2  # words touch


def test_what_cannot_be_exported_is_named_and_stops_nothing(view, read, uploads):
    (uploads / "y/a.png").write_bytes(b"no picture any more")
    made = view.export([read, None, "all", "pdf"])
    with ZipFile(made["path"]) as archive:
        assert archive.namelist() == ["in/a.pdf", "in/b/c.pdf", "not exported.txt"]
        assert archive.read("not exported.txt").startswith(b"in/a (2).pdf: ")


@pytest.mark.parametrize(
    ("place", "scope", "kind", "sentence"),
    [
        ([0, 0], "page", "exe", strings.EXPORT_NO_FORMAT),
        ([0, 0], "page", "csv", strings.EXPORT_NO_FIELDS),
        (None, "all", "csv", strings.EXPORT_NO_FIELDS),
        ([9, 0], "page", "txt", strings.PILE_NO_PAGE),
        ([0, 9], "file", "txt", strings.PILE_NO_PAGE),
        (None, "page", "txt", strings.NO_NUMBER),
    ],
)
def test_what_there_is_not_is_not_exported(view, read, place, scope, kind, sentence):
    assert view.export([read, place, scope, kind]) == {"error": sentence}
    folder = view._piles.of(read).folder / "exports"
    assert not folder.exists() or not [path for path in folder.rglob("*") if path.is_file()]


def test_what_is_not_read_is_not_exported(view, page):
    name = begun(view, ("1.png", page("1.png")))
    assert view.export([name, None, "all", "txt"]) == {"error": strings.EXPORT_NOTHING}
    assert view.export(["0" * 32, None, "all", "txt"]) == {"error": strings.PILE_GONE}


def test_too_much_is_not_exported(view, read):
    view._piles.of(read).limits = Limits(5, 20, upload=10)
    assert view.export([read, None, "all", "pdf"]) == {"error": strings.EXPORT_TOO_MUCH}
    assert not [path for path in view._piles.of(read).folder.rglob("*.zip*")]


def test_a_disk_that_fills_is_told_and_nothing_is_left(view, read, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "write", full)
    assert view.export([read, None, "all", "txt"]) == {"error": strings.PILE_NO_ROOM}
    folder = view._piles.of(read).folder / "exports"
    assert not [path for path in folder.rglob("*") if path.is_file()]
    monkeypatch.undo()


def test_few_export_at_once(view, read, monkeypatch):
    pile = view._piles.of(read)
    pile.exported = 1, 2
    assert view.export([read, None, "all", "txt"]) == {"error": strings.EXPORT_GOES_ON}
    assert view.look([read, 9, 9])["exported"] == (1, 2)
    pile.exported = None
    monkeypatch.setattr(exporting, "_few", threading.BoundedSemaphore(1))
    with exporting._few:
        assert view.export([read, None, "all", "txt"]) == {"error": strings.EXPORT_BUSY}
    assert "path" in view.export([read, None, "all", "txt"])


# ---- in line with others ----------------------------------------------------------------------


def test_patient_ones_let_all_others_go_first():
    turns = Turns()
    with turns.join(patient=True) as job, turns.join(patient=True) as second:
        with turns.join() as question, turns.join() as later:
            line = [job, question, later, second]
            assert [place.wait(0) for place in line] == [0, 1, 2, 3]  # whose turn it is stays
            job.give_way()
            assert [place.wait(0) for place in (question, later, second, job)] == [0, 1, 2, 3]
            question.give_way()
            assert [place.wait(0) for place in (later, question, second, job)] == [0, 1, 2, 3]
        assert [place.wait(0) for place in (second, job)] == [0, 1]
