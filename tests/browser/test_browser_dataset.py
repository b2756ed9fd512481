"""Saving in Ask, and the Dataset tab: review by keys, editing, undo, import, export."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_instrument import FakeInstrument
from pages import pages_file
from PIL import Image
from serving import serve
from test_browser_access import DESKTOP, PHONE, SMALL, serious_faults

from dessurt.data.annotations import Annotation, exchange
from dessurt.data.annotations.files import write_qa
from dessurt.data.annotations.store import Store
from dessurt.page import Page
from dessurt.page.marks import Marks
from dessurt.page.upright import Upright
from dessurt_app import strings
from dessurt_app.canvas.files import load_examples

LETTER = load_examples()[0]


@pytest.fixture
def address(fake: FakeInstrument, store: Store) -> Iterator[str]:
    fake.reset()
    fake.seconds = 0.005
    with serve(model=fake, data=store.folder) as address:
        yield address


def fill(store: Store, count: int, pages: int = 1) -> None:
    """Lines of pages, the surer the later."""
    folder = store.folder.parent
    for number in range(pages):
        page = folder / f"page{number}.png"
        Image.effect_noise((300, 200), 60).save(page)
        for line in range(count // pages):
            text = f"page {number} line {line}"
            marks = Marks.from_boxes([(10, 2 * line, 200, 2 * line + 20)])
            confidence = (line + 0.5) * pages / count
            given = Annotation("w0>", (text,), marks, model_answer=text, state="new",
                               confidence=confidence)  # fmt: skip
            store.save(page, 0, given)


def saved(store: Store) -> list[tuple[str, str]]:
    return [(row.annotation.answers[0], row.annotation.state) for row in store.rows]


class Dataset:
    """The Dataset tab of a screen."""

    def __init__(self, screen) -> None:
        self.screen, self.tab = screen, screen.tab

    def open(self, rows: int) -> Dataset:
        self.tab.get_by_role("tab", name="Dataset").click()
        self.screen.wait_for(lambda: self.tab.locator("#dataset li").count() == rows)
        return self

    @property
    def current(self) -> str:
        return self.tab.locator('#dataset li[aria-current="true"] .answer').text_content()

    @property
    def status(self) -> str:
        return self.tab.text_content('#dataset [data-part="status"]')

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)

    def at(self, answer: str) -> None:
        self.screen.wait_for(lambda: self.current == answer)

    def told(self, sentence: str) -> None:
        self.screen.wait_for(lambda: self.status == sentence)


def ask(screen) -> None:
    screen.run_to_end()
    screen.wait_for(lambda: screen.tab.is_enabled('#answer [data-part="save"]'))


# ---- saving in Ask ------------------------------------------------------------------------------


def test_an_answer_about_a_turned_page_is_true_to_the_file(address, store, open_screen, tmp_path):
    letter = Page.open(LETTER.page)
    Image.fromarray(np.rot90(letter.pixels)).save(tmp_path / "side.png")
    screen = open_screen(address)
    screen.open_file(tmp_path / "side.png")
    screen.press("turn_right")
    screen.wait_for(lambda: screen.state()["page"]["upright"] == {"quarters": 1})
    screen.wait_for(lambda: screen.tab.is_enabled('[data-tool="line"]'))
    screen.key("ArrowDown", "Enter")
    (mark,) = screen.marks()
    screen.run_to_end()
    screen.wait_for(lambda: screen.tab.is_enabled('#answer [data-part="save"]'))
    screen.tab.click('#answer [data-part="save"]')
    screen.wait_for(lambda: store.rows)
    (row,) = store.rows
    assert row.annotation.upright == Upright(quarters=1)
    (kept,) = row.annotation.marks.shapes
    (x0, y0), (x1, y1) = mark["points"]
    right = [(y0, letter.width - x1), (y1, letter.width - x0)]
    np.testing.assert_allclose(kept.points, right, atol=0.01)
    assert (store.folder / row.image).read_bytes() == (tmp_path / "side.png").read_bytes()


def test_an_answer_is_saved_and_taken_back(address, store, open_screen):
    screen = open_screen(address)
    assert screen.tab.is_disabled('#answer [data-part="save"]')
    ask(screen)
    screen.tab.click('#answer [data-part="save"]')
    screen.wait_for(lambda: screen.status == "Saved to ‘mine’")
    assert saved(store) == [("one two three four five six", "new")]
    (row,) = store.rows
    assert row.annotation.marks == LETTER.marks
    assert (store.folder / row.image).read_bytes() == LETTER.page.read_bytes()
    screen.tab.click('#answer [data-part="undo"]')
    screen.wait_for(lambda: screen.status == "Undone")
    assert saved(store) == []
    screen.wait_for(lambda: not screen.tab.is_visible('#answer [data-part="undo"]'))
    screen.wait_for(lambda: screen.tab.is_enabled('#answer [data-part="save"]'))


def test_a_correction_is_saved_with_enter_and_stays(address, store, open_screen):
    screen = open_screen(address)
    ask(screen)
    screen.tab.focus('#answer [data-part="written"]')
    screen.tab.keyboard.press("e")
    screen.tab.keyboard.press("Control+a")
    screen.tab.keyboard.type("just seven")
    screen.tab.keyboard.press("Enter")
    screen.wait_for(lambda: screen.status == "Saved to ‘mine’")
    assert saved(store) == [("just seven", "corrected")]
    ask(screen)  # the model writes the same as before
    screen.tab.click('#answer [data-part="save"]')
    screen.wait_for(lambda: screen.status == "Your own answer in ‘mine’ was kept")
    assert saved(store) == [("just seven", "corrected")]


def test_an_answer_belongs_to_its_page_marks_and_question(address, store, open_screen, tmp_path):
    """Beside another page it says whose it is, and an edit of it never goes to that page."""
    Image.new("RGB", (300, 200), "white").save(tmp_path / "other.png")
    screen = open_screen(address)
    ask(screen)
    screen.tab.click('#answer [data-part="save"]')
    screen.wait_for(lambda: screen.status == "Saved to ‘mine’")
    marks = screen.marks()

    def whose(told: str) -> bool:
        """Whether this is said of the answer, and whether that dims it."""
        dimmed = screen.tab.locator("#answer [data-elsewhere]").count() == 1
        return dimmed == bool(told) and told == screen.tab.text_content("#answer .elsewhere")

    screen.open_file(tmp_path / "other.png")
    screen.wait_for(lambda: whose("This answer is about 1_letter.png."))
    screen.press("undo")
    screen.wait_for(lambda: whose(""))

    screen.press("clear")
    screen.wait_for(lambda: whose("The marks have changed since this answer."))
    screen.press("undo")
    screen.wait_for(lambda: whose("") and screen.marks() == marks)

    screen.choose_task("read_block>")
    screen.wait_for(lambda: whose("The question has changed since this answer."))
    screen.choose_task("w0>")
    screen.wait_for(lambda: whose(""))

    screen.open_file(tmp_path / "other.png")
    screen.wait_for(lambda: whose("This answer is about 1_letter.png."))
    screen.tab.dblclick('#answer [data-part="written"]')
    screen.tab.keyboard.press("Control+a")
    screen.tab.keyboard.type("typed")
    screen.tab.keyboard.press("Enter")
    screen.wait_for(lambda: saved(store) == [("typed", "corrected")])
    (row,) = store.rows
    assert row.annotation.marks == LETTER.marks
    assert (store.folder / row.image).read_bytes() == LETTER.page.read_bytes()
    assert screen.tab.text_content('#answer [data-part="edited"]') == "typed"


def test_a_correction_of_one_page_never_overwrites_that_of_another(
    address, fake, store, open_screen, tmp_path
):
    """The same question about two pages of a file, corrected in turn after both were answered."""
    screen = open_screen(address)
    screen.open_file(pages_file(tmp_path / "two.pdf", 2))
    screen.wait_for(lambda: screen.tab.is_enabled('[data-tool="line"]'))
    screen.key("ArrowDown", "Enter")
    ask(screen)
    screen.press("page_on")
    screen.wait_for(lambda: screen.state()["page"]["number"] == 1)
    screen.wait_for(lambda: screen.tab.is_enabled('[data-tool="line"]'))
    told = '#answer [data-part="elsewhere"]'
    screen.wait_for(lambda: screen.tab.text_content(told) == "This answer is about page 1.")
    screen.key("ArrowDown", "Enter")
    fake.words = ["the", "second"]
    ask(screen)
    correct(screen, "second page")
    screen.wait_for(lambda: saved(store) == [("second page", "corrected")])
    screen.press("page_back")
    screen.wait_for(lambda: screen.answer == "one two three four five six")
    assert screen.tab.text_content(told) == ""
    correct(screen, "first page")
    screen.wait_for(lambda: len(store.rows) == 2)
    by_image = {row.image: row.annotation.answers[0] for row in store.rows}
    assert sorted(by_image.values()) == ["first page", "second page"]
    screen.press("page_on")
    edited = '#answer [data-part="edited"]'
    screen.wait_for(lambda: screen.tab.text_content(edited) == "second page")
    screen.tab.click('#answer [data-part="undo"]')
    screen.wait_for(lambda: saved(store) == [("first page", "corrected")])


def correct(screen, answer: str) -> None:
    screen.tab.click('#answer [data-part="edit"]')
    screen.tab.keyboard.press("Control+a")
    screen.tab.keyboard.type(answer)
    screen.tab.keyboard.press("Enter")


def test_an_unchanged_answer_is_accepted_with_enter(address, store, open_screen):
    screen = open_screen(address)
    ask(screen)
    screen.tab.click('#answer [data-part="edit"]')
    screen.tab.keyboard.press("Enter")
    screen.wait_for(lambda: saved(store) == [("one two three four five six", "accepted")])


def test_an_example_keeps_what_was_typed(address, store, open_screen):
    screen = open_screen(address)
    ask(screen)
    screen.tab.click('#answer [data-part="edit"]')
    screen.tab.keyboard.press("Control+a")
    screen.tab.keyboard.type("typed")
    screen.tab.click(f'#examples button:has-text("{load_examples()[1].title}")')
    screen.wait_for(lambda: "1_letter.png" in screen.tab.text_content("#answer .elsewhere"))
    assert screen.tab.input_value('#answer [data-part="editor"]') == "typed"
    screen.press("undo")
    screen.wait_for(lambda: not screen.tab.text_content("#answer .elsewhere"))
    screen.tab.click('#answer [data-part="edit"]')  # Done
    screen.wait_for(lambda: saved(store) == [("typed", "corrected")])


# ---- review -------------------------------------------------------------------------------------


def test_what_another_tab_changed_is_shown_before_it_is_changed_again(
    address, store, open_screen
):
    fill(store, 1)
    view = Dataset(open_screen(address)).open(1)
    store.correct(store.rows[0].id, ("by another",), "me", "now")
    view.tab.locator("#dataset li").first.dblclick()
    view.keys("Control+a")
    view.tab.keyboard.type("typed here")
    view.keys("Enter")
    view.told(strings.DATASET["changed"].format(answer="by another"))
    assert saved(store) == [("by another", "corrected")]
    assert view.tab.text_content("#dataset li .answer") == "by another"
    assert view.tab.input_value("#dataset li textarea") == "typed here"
    view.tab.focus("#dataset li textarea")
    view.keys("Enter")
    view.told("Corrected")
    assert saved(store) == [("typed here", "corrected")]


def test_answers_are_reviewed_by_keys_alone(address, store, open_screen):
    fill(store, 4)
    view = Dataset(open_screen(address)).open(4)
    view.keys("Tab", "Tab", "Tab", "Tab", "Tab", "Tab")  # over buttons and filters
    view.at("page 0 line 0")
    view.keys("Enter")
    view.told("Accepted")
    view.at("page 0 line 1")
    view.keys("x")
    view.told("Skipped")
    view.at("page 0 line 2")
    view.keys("e", "Control+a", "j", "Enter")  # no shortcut while one writes
    view.told("Corrected")
    view.at("j")
    view.keys("j", "j", "k")
    view.at("j")
    states = ["accepted", "skipped", "corrected", "new"]
    assert [state for _, state in saved(store)] == states
    shown = view.tab.locator("#dataset li .state").all_text_contents()
    assert shown == states
    assert view.tab.locator("#dataset li .model").all_text_contents() == ["Model: page 0 line 2"]
    view.keys("u")
    view.told("Undone")
    assert saved(store)[2] == ("page 0 line 2", "new")
    view.keys("e", "End", "!", "Escape")
    view.at("page 0 line 2")
    assert saved(store)[2][1] == "new"


def test_what_was_typed_is_not_lost_by_going_on(address, store, open_screen):
    fill(store, 2)
    view = Dataset(open_screen(address)).open(2)
    view.tab.locator("#dataset li").first.dblclick()
    view.tab.keyboard.type("typed")
    view.tab.locator("#dataset li").nth(1).click()
    view.told("Corrected")
    assert saved(store)[0] == ("typed", "corrected")
    view.at("page 0 line 1")


def test_rows_are_filtered_and_come_in_parts(address, store, open_screen):
    fill(store, 120, pages=3)
    store.skip(store.rows[0].id, "me", "now")
    view = Dataset(open_screen(address)).open(50)
    summary = view.tab.text_content('#dataset [data-part="summary"]')
    assert summary == "120 answers, 3 pages"
    view.tab.locator("#dataset li").last.click()
    view.keys("j")
    view.at("page 1 line 10")
    assert view.tab.text_content('#dataset [data-part="stretch"]') == "51–100 of 120"
    view.keys("k")
    view.at("page 1 line 9")
    view.tab.select_option('#dataset [data-part="state"]', label="skipped (1)")
    view.screen.wait_for(lambda: view.tab.locator("#dataset li").count() == 1)
    view.at("page 0 line 0")
    view.tab.select_option('#dataset [data-part="state"]', label="all (120)")
    view.tab.locator('#dataset [data-part="confidence"]').fill("5")
    view.screen.wait_for(lambda: view.tab.locator("#dataset li").count() == 6)
    assert view.tab.locator("#dataset li .answer").all_text_contents() == [
        f"page {page} line {line}" for page in range(3) for line in range(2)
    ]


def test_two_thousand_answers(address, store, open_screen):
    store.save(LETTER.page, 0, Annotation("w0>", ("line 0",), LETTER.marks))
    (row,) = store.rows
    many = tuple(replace(row.annotation, answers=(f"line {number}",)) for number in range(2000))
    write_qa(store.folder, {row.image: many})
    view = Dataset(open_screen(address)).open(50)
    assert view.tab.text_content('#dataset [data-part="stretch"]') == "1–50 of 2,000"
    view.screen.wait_for(lambda: view.tab.locator("#dataset li img").count() >= 3)
    view.tab.locator("#dataset li").first.click()
    view.keys("x")
    view.told("Skipped")
    assert store.rows[0].annotation.state == "skipped" and len(store.rows) == 2000


def test_a_row_is_opened_in_ask_with_its_page_and_marks(address, store, open_screen, fake):
    fill(store, 2)
    screen = open_screen(address)
    view = Dataset(screen).open(2)
    view.tab.locator("#dataset li").nth(1).click()
    view.keys("o")
    screen.wait_for(lambda: screen.caption.startswith("300 × 200 px"))
    screen.wait_for(lambda: screen.status == strings.ROW_LOADED.format(store="mine"))
    screen.run_to_end()
    page, request = fake.asked[-1]
    assert page.size == (200, 300)
    assert request.marks == store.rows[1].annotation.marks
    screen.wait_for(lambda: screen.tab.is_enabled('#answer [data-part="save"]'))
    screen.tab.click('#answer [data-part="save"]')
    screen.wait_for(lambda: screen.status == "Saved to ‘mine’")
    assert saved(store)[1] == ("one two three four five six", "new"), "in place of the old one"
    assert len(store.pages) == 1


# ---- import and export --------------------------------------------------------------------------


def export_by_hand(view: Dataset, seed: str) -> bytes:
    view.tab.click('#dataset [data-do="export"]')
    view.tab.fill('#dataset [data-part="seed"]', seed)
    with view.tab.expect_download() as download:
        view.tab.click('#dataset [data-do="write"]')
    assert download.value.suggested_filename == f"mine-seed-{seed}.zip"
    return Path(download.value.path()).read_bytes()


def test_export_import_export_by_hand(address, store, open_screen, fake, tmp_path):
    fill(store, 8, pages=4)
    view = Dataset(open_screen(address)).open(8)
    first = export_by_hand(view, "7")
    view.told("8 answers written to mine-seed-7.zip")
    names = zipfile.ZipFile(io.BytesIO(first)).namelist()
    assert {name.split("/")[0] for name in names} == {"train", "valid"}
    (tmp_path / "first.zip").write_bytes(first)
    view.tab.close()  # the end of one app takes the pictures of all in this process away
    other = Store(tmp_path / "other" / "mine")
    with serve(model=fake, data=other.folder) as another:
        view = Dataset(open_screen(another)).open(0)
        view.tab.get_by_text("Nothing is saved yet").wait_for()
        view.tab.set_input_files('#dataset [data-part="files"]', tmp_path / "first.zip")
        view.told("8 answers imported")
        assert export_by_hand(view, "7") == first
    assert other.pages == store.pages


def test_a_folder_of_the_original_is_imported_and_errors_are_told(
    address, store, open_screen, tmp_path
):
    fill(store, 1)
    folder = tmp_path / "theirs" / "train"
    folder.mkdir(parents=True)
    Image.new("L", (50, 40), 200).save(folder / "a.png")
    pair = {"question": "natural_q~Who?", "answer": ["Ann", "Bob"]}
    asked = {"a.png": [pair, {"question": "w9>", "answer": ""}], "b.png": [pair]}
    (folder / "qa.json").write_text(json.dumps(asked))
    view = Dataset(open_screen(address)).open(1)
    view.tab.set_input_files('#dataset [data-part="files_of_folder"]', tmp_path / "theirs")
    view.screen.wait_for(lambda: view.tab.is_visible('#dataset [data-part="errors"]'))
    told = view.tab.locator('#dataset [data-part="error_list"] li').all_text_contents()
    assert len(told) == 2
    assert told[0].startswith("theirs/train/qa.json, a.png, record 2: There is no task 'w9>'")
    assert told[1] == "theirs/train/b.png: this image is not among the files: add it."
    view.tab.get_by_role("button", name="Close", exact=True).click()
    assert ("Ann", "") in saved(store)
    first = view.tab.locator("#dataset li .answer").first
    view.screen.wait_for(lambda: first.text_content() == "Ann\nBob")
    view.tab.click('#dataset [data-do="undo"]')
    view.told("Undone")
    assert saved(store) == [("page 0 line 0", "new")]


def test_an_import_can_be_undone_after_a_reload(address, store, open_screen, tmp_path):
    zipped = tmp_path / "few.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.write(LETTER.page, "letter.png")
        asked = [{"question": "w0>", "answer": f"line {number}"} for number in range(3)]
        archive.writestr("qa.json", json.dumps({"letter.png": asked}))
    fill(store, 1)
    screen = open_screen(address)
    view = Dataset(screen).open(1)
    for told in ("3 answers imported", "0 answers imported, 3 were here already"):
        view.tab.set_input_files('#dataset [data-part="files"]', zipped)
        view.told(told)
        assert view.tab.is_hidden('#dataset [data-part="working"]')
    view.tab.reload()
    screen.wait_for(lambda: "px" in screen.caption)
    view.open(4)
    view.tab.click('#dataset [data-do="undo"]')
    view.told("Undone")
    assert saved(store) == [("page 0 line 0", "new")]
    assert view.tab.is_hidden('#dataset [data-do="undo"]')


@pytest.fixture
def held(monkeypatch) -> Iterator[threading.Event]:
    """Imports wait before each page until this is set."""
    held, page_file = threading.Event(), exchange.page_file
    monkeypatch.setattr(exchange, "page_file", lambda *given: held.wait() and page_file(*given))
    yield held
    held.set()


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["1280", "390"])
def test_an_import_shows_how_far_it_is_outlives_a_reload_and_is_stopped(
    address, store, open_screen, held, tmp_path, device
):
    fill(store, 2)
    zipped = tmp_path / "many.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.write(LETTER.page, "letter.png")
        asked = [{"question": "w0>", "answer": f"line {number}"} for number in range(1200)]
        archive.writestr("qa.json", json.dumps({"letter.png": asked}))
    screen = open_screen(address, **device)
    view = Dataset(screen).open(2)
    progress = view.tab.locator('#dataset [data-part="progress"]')
    stop = view.tab.locator('#dataset [data-do="stop"]')

    def waits() -> bool:
        return progress.text_content() == "Adding 0 of 1,200…"

    view.tab.set_input_files('#dataset [data-part="files"]', zipped)
    screen.wait_for(waits)
    assert view.status == "Importing…"
    assert view.tab.is_hidden('#dataset [data-do="import"]')
    assert serious_faults(screen) == []
    width = device["viewport"]["width"]
    assert view.tab.evaluate("document.documentElement.scrollWidth") <= width
    view.tab.locator("#dataset li").first.click()  # meanwhile others are reviewed
    view.tab.click('#dataset [data-do="accept"]')
    view.told("Accepted")

    view.tab.reload()
    screen.wait_for(lambda: "px" in screen.caption)
    view.open(2)
    screen.wait_for(waits)
    stop.click()
    screen.wait_for(lambda: progress.text_content() == "Stopping…")  # the server knows
    held.set()
    view.told("Stopped: nothing was imported")
    assert view.tab.is_visible('#dataset [data-do="undo"]')  # what was accepted before
    assert stop.is_hidden() and progress.is_hidden()
    assert len(store.rows) == 2

    view.tab.set_input_files('#dataset [data-part="files"]', zipped)
    view.told("1,200 answers imported")
    view.tab.click('#dataset [data-do="undo"]')
    view.told("Undone")
    assert len(store.rows) == 2


# ---- for everybody ------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["1280", "390"])
def test_axe_and_fingers_find_nothing_wrong(address, store, open_screen, device, scheme):
    fill(store, 60)
    store.correct(store.rows[0].id, ("another",), "me", "now")
    screen = open_screen(address, color_scheme=scheme, **device)
    view = Dataset(screen).open(50)
    screen.wait_for(lambda: view.tab.locator("#dataset li img").count() >= 3)

    def check(when: str) -> None:
        assert serious_faults(screen) == [], when
        width = device["viewport"]["width"]
        assert view.tab.evaluate("document.documentElement.scrollWidth") <= width, when
        if device is PHONE:
            assert view.tab.evaluate(SMALL) == [], when

    check("the list")
    view.tab.locator("#dataset li").nth(1).click()
    view.tab.click('#dataset [data-do="accept"]')
    view.told("Accepted")
    view.tab.click('#dataset [data-do="edit"]')
    check("editing")
    view.tab.keyboard.press("Escape")
    view.tab.click('#dataset [data-do="export"]')
    check("export")
    view.tab.keyboard.press("Escape")
    if device is DESKTOP:
        assert view.tab.evaluate("document.documentElement.scrollHeight") <= 800
    else:
        view.tab.get_by_role("tab", name="Ask").tap()
        ask(screen)
        view.tab.tap('#answer [data-part="save"]')
        screen.wait_for(lambda: screen.status == "Saved to ‘mine’")
        check("saved in Ask")
