"""A page as lines: in step with the page, corrected in place, saved one by one, kept by the tab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_instrument import FakeInstrument
from serving import serve
from test_browser_access import DESKTOP, PHONE, serious_faults

from dessurt.data.annotations.store import Store
from dessurt_app.canvas.files import load_examples

LETTER = load_examples()[0]
READ = ["Harbour Street", "Dear Mrs. Abott", "the two oldset maps", "With kind regards"]
QUADS = [((100, y), (700, y), (700, y + 40), (100, y + 40)) for y in (80, 240, 400, 560)]
TEXTS = "[...document.querySelectorAll('.line > [role=button]')].map(l => l.textContent.trim())"
STATES = "[...document.querySelectorAll('.line')].map(line => line.dataset.state)"
FIELD = ".line-editor"


@pytest.fixture
def address(fake: FakeInstrument, store: Store) -> Iterator[str]:
    fake.reset()
    fake.words, fake.seconds = " \\ ".join(READ).split(" "), 0.005
    fake.quads, fake.probabilities = QUADS, {"Abott": 0.4, "oldset": 0.5, "kind": 0.6}
    with serve(model=fake, data=store.folder) as address:
        yield address


def read(screen) -> None:
    """Read the whole page."""
    screen.choose_task("read_block>")
    screen.wait_for(lambda: "highlight" not in screen.needs)
    screen.run_to_end()
    screen.wait_for(lambda: screen.tab.is_enabled('#answer [data-part="save"]'))
    assert screen.tab.evaluate(TEXTS) == READ


def saved(store: Store) -> list[tuple[str, str]]:
    return [(row.annotation.answers[0], row.annotation.state) for row in store.rows]


def outlined(screen) -> None:
    """Collect what the answer outlines on the page."""
    screen.tab.evaluate(
        """() => {
            window.outlines = [];
            document.addEventListener("dessurt:outlined", ({detail}) => outlines.push(detail));
        }"""
    )


def last_outline(screen) -> list:
    return screen.tab.evaluate("outlines.filter(Boolean).at(-1)?.points")


def test_five_lines_are_corrected_by_keys_alone(address, store, open_screen):
    screen = open_screen(address)
    read(screen)
    outlined(screen)
    screen.tab.focus('#answer [data-part="enlarge"]')
    screen.tab.keyboard.press("Tab")
    assert "Harbour" in screen.tab.evaluate("document.activeElement.ariaLabel")
    (x0, y0), (x1, y1) = last_outline(screen)
    assert x0 < 100 and y0 < 80 and x1 > 700 and y1 > 120, "round the line, not through its letters"
    screen.tab.keyboard.press("Enter")  # opens it
    screen.tab.keyboard.press("Enter")  # it is right
    screen.wait_for(lambda: saved(store) == [("Harbour Street", "accepted")])
    assert screen.tab.input_value(FIELD) == "Dear Mrs. Abott"
    screen.tab.keyboard.press("Tab")  # the unsure word
    chosen = "(field => field.value.slice(field.selectionStart, field.selectionEnd))"
    assert screen.tab.eval_on_selector(FIELD, chosen) == "Abott"
    assert screen.tab.is_visible(".details")
    screen.tab.keyboard.type("Abbott e")  # letters do nothing but write
    screen.tab.keyboard.press("Backspace")
    screen.tab.keyboard.press("Enter")
    assert screen.tab.input_value(FIELD) == "the two oldset maps"
    screen.tab.keyboard.press("Tab")
    assert screen.tab.eval_on_selector(FIELD, chosen) == "oldset"
    screen.tab.keyboard.press("Tab")  # in the next line
    assert screen.tab.input_value(FIELD) == "With kind regards"
    screen.tab.keyboard.press("Shift+Tab")
    assert screen.tab.eval_on_selector(FIELD, chosen) == "oldset"
    screen.tab.keyboard.type("nonsense")
    screen.tab.keyboard.press("Escape")
    assert not screen.tab.query_selector(FIELD)
    assert screen.tab.evaluate(TEXTS)[2] == "the two oldset maps", "as it was"
    screen.tab.keyboard.press("ArrowDown")
    screen.tab.keyboard.press("e")
    screen.tab.keyboard.type(",")
    screen.tab.keyboard.press("Enter")
    wanted = [("Harbour Street", "accepted"), ("Dear Mrs. Abbott", "corrected"),
              ("With kind regards,", "corrected")]  # fmt: skip
    screen.wait_for(lambda: saved(store) == wanted)
    assert screen.tab.evaluate(STATES) == ["accepted", "corrected", "", "corrected"]
    row = store.rows[1]
    assert row.annotation.question == "w0>"
    assert row.annotation.model_answer == "Dear Mrs. Abott"
    (shape,) = row.annotation.marks.shapes
    assert (shape.kind, shape.points) == ("line", ((100, 240), (700, 280)))
    assert (store.folder / row.image).read_bytes() == LETTER.page.read_bytes()
    assert screen.tab.evaluate("document.activeElement.ariaLabel").endswith(", corrected")


def test_tab_leaves_the_lines_where_no_unsure_word_follows(address, store, open_screen):
    screen = open_screen(address)
    read(screen)
    screen.tab.locator(".line").last.click()
    screen.tab.keyboard.press("End")
    screen.tab.keyboard.press("Tab")
    assert screen.tab.evaluate("document.activeElement.dataset.part") == "threshold"
    assert store.rows == [], "nothing was typed"


def test_lines_and_page_point_at_each_other(address, store, open_screen):
    screen = open_screen(address)
    read(screen)
    outlined(screen)
    before = screen.canvas_pixels()
    screen.tab.locator(".line").nth(2).hover()
    screen.wait_for(lambda: last_outline(screen) is not None)
    assert 380 < last_outline(screen)[0][1] < 400
    assert (screen.canvas_pixels() != before).any()
    x, y = screen.place(400, 260)
    box = screen.tab.locator("#page canvas").bounding_box()
    screen.tab.mouse.move(box["x"] + x, box["y"] + y)
    pointed = "[...document.querySelectorAll('.line.pointed')].map(line => line.dataset.line)"
    screen.wait_for(lambda: screen.tab.evaluate(pointed) == ["1"])
    screen.tab.mouse.move(5, 5)
    screen.wait_for(lambda: screen.tab.evaluate(pointed) == [])
    screen.key("ArrowDown")  # goes over the lines that were found on the page
    screen.wait_for(lambda: screen.tab.evaluate(pointed) == ["0"])


def test_an_alternative_is_clicked_to_take_it(address, store, open_screen):
    screen = open_screen(address)
    read(screen)
    screen.tab.click(".line .word.low >> nth=0")
    screen.tab.click('.details button:has-text("ABOTT")')
    assert screen.tab.input_value(FIELD) == "Dear Mrs. ABOTT"
    screen.tab.keyboard.press("Enter")
    screen.wait_for(lambda: saved(store) == [("Dear Mrs. ABOTT", "corrected")])


def test_find_counts_places_and_goes_from_one_to_the_next(address, store, open_screen):
    screen = open_screen(address)
    read(screen)
    outlined(screen)
    screen.tab.click('#answer [data-part="find"]')
    screen.tab.keyboard.type("re")
    places = '#answer [data-part="places"]'
    screen.wait_for(lambda: screen.tab.text_content(places) == "1 of 2 places")
    assert 60 < last_outline(screen)[0][1] < 80
    screen.tab.keyboard.press("Enter")
    assert screen.tab.text_content(places) == "2 of 2 places"
    (x0, y0), (x1, _) = last_outline(screen)
    assert 540 < y0 < 560 and x0 > 480 and x1 > 700, "the word on its line"
    assert screen.tab.evaluate("[...CSS.highlights.get('answer-place')].join()") == "re"
    screen.tab.keyboard.press("F3")  # round the end
    screen.tab.keyboard.press("Shift+Enter")
    assert screen.tab.text_content(places) == "2 of 2 places"
    screen.tab.fill('#answer [data-part="wanted"]', "abott the")  # not from line to line
    assert screen.tab.text_content(places) == "no place"
    assert serious_faults(screen) == []
    screen.tab.keyboard.press("Escape")
    assert screen.tab.is_hidden('#answer [data-part="finder"]')


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["1280", "390"])
def test_the_answer_is_enlarged(address, store, open_screen, device):
    screen = open_screen(address, **device)
    read(screen)
    paper, button = screen.tab.locator("#answer .paper"), '#answer [data-part="enlarge"]'
    width, before = device["viewport"]["width"], paper.bounding_box()
    screen.tab.click(button)
    if device is DESKTOP:
        assert width * 0.45 < paper.bounding_box()["width"] < width * 0.5
        screen.tab.click(button)
    box = paper.bounding_box()
    assert box["width"] >= width - 20 and box["height"] >= device["viewport"]["height"] - 20
    screen.tab.locator(".line").first.click()  # and can be worked in
    screen.tab.keyboard.press("Enter")
    screen.wait_for(lambda: len(store.rows) == 1)
    screen.tab.click(button)
    assert paper.bounding_box()["height"] == before["height"]


def test_a_correction_is_taken_back(address, store, open_screen):
    screen = open_screen(address)
    read(screen)
    screen.tab.locator(".line").first.click()
    screen.tab.keyboard.press("End")
    screen.tab.keyboard.type(" Library")
    screen.tab.keyboard.press("Enter")
    screen.tab.keyboard.press("Escape")
    screen.wait_for(lambda: saved(store) == [("Harbour Street Library", "corrected")])
    screen.tab.click('#answer [data-part="undo"]')
    screen.wait_for(lambda: saved(store) == [] and screen.status == "Undone")
    assert screen.tab.evaluate(TEXTS) == READ
    screen.tab.locator(".line").first.click()
    screen.tab.keyboard.press("Enter")
    screen.wait_for(lambda: saved(store) == [("Harbour Street", "accepted")])
    screen.tab.keyboard.press("Escape")
    screen.tab.keyboard.press("Control+z")
    screen.wait_for(lambda: saved(store) == [])
    screen.wait_for(lambda: screen.tab.evaluate(STATES) == [""] * 4)


def test_lines_and_their_corrections_survive_a_reload(address, store, open_screen):
    screen = open_screen(address)
    read(screen)
    screen.tab.evaluate(
        """() => document.addEventListener("dessurt:line-corrected",
            ({detail}) => { window.heard = detail; })"""
    )
    screen.tab.locator(".line").nth(1).click()
    screen.tab.keyboard.press("Control+a")
    screen.tab.keyboard.type("Dear Mrs. Abbott")
    screen.tab.keyboard.press("Enter")
    heard = screen.tab.evaluate("window.heard")
    assert (heard["line"], heard["text"]) == (1, "Dear Mrs. Abbott")
    assert heard["quad"] == [100, 240, 700, 240, 700, 280, 100, 280]
    assert heard["page"][0].endswith("1_letter.png") and heard["page"][1] == 0
    screen.wait_for(lambda: len(store.rows) == 1)
    screen.tab.reload()
    wanted = [READ[0], "Dear Mrs. Abbott", *READ[2:]]
    screen.wait_for(lambda: screen.tab.evaluate(TEXTS) == wanted)
    screen.wait_for(lambda: screen.tab.is_hidden('#answer [data-part="elsewhere"]'))
    assert screen.tab.evaluate(STATES) == ["", "corrected", "", ""]
    screen.tab.locator(".line").nth(2).click()  # and go on
    screen.tab.keyboard.press("Enter")
    screen.wait_for(lambda: len(store.rows) == 2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["1280", "390"])
def test_axe_finds_nothing_serious_in_lines(address, store, open_screen, device, scheme):
    screen = open_screen(address, color_scheme=scheme, **device)
    read(screen)
    assert serious_faults(screen) == [], "lines"
    screen.tab.click(".line .word.low >> nth=0")
    assert serious_faults(screen) == [], "an unsure word"
    screen.tab.fill(FIELD, "other")
    screen.tab.press(FIELD, "Enter")
    screen.wait_for(lambda: len(store.rows) == 1)
    assert serious_faults(screen) == [], "the next line, one corrected"
    if device is PHONE:
        wide = "document.documentElement.scrollWidth"
        assert screen.tab.evaluate(wide) <= 390
