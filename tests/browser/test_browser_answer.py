"""The answer: unsure words, one word's alternatives, Continue, correcting, trees and lists."""

from __future__ import annotations

import json

import pytest

from dessurt_app import strings

LOW = "[...document.querySelectorAll('.word.low')].map(word => word.textContent)"


def shown_face(screen) -> str:
    (name,) = screen.tab.evaluate(
        "[...document.querySelectorAll('.face:not([hidden])')].map(face => face.dataset.part)"
    )
    return name


def answer_of(screen, fake, text: str, token: str = "w0>") -> None:
    """Ask, and be answered `text`."""
    fake.words, fake.seconds = text.split(" "), 0.005
    if token != "w0>":
        screen.choose_task(token)
        screen.wait_for(lambda: "highlight" not in screen.needs)
    screen.run_to_end()
    screen.wait_for(lambda: screen.tab.is_enabled('[data-part="edit"]'))


def copied(screen) -> str:
    """What Copy puts into the clipboard."""
    screen.tab.evaluate(
        """() => { navigator.clipboard.writeText = async (text) => { window.copied = text; } }"""
    )
    screen.tab.click('[data-part="copy"]')
    screen.wait_for(lambda: screen.tab.text_content('[data-part="copy"]') == "Copied")
    return screen.tab.evaluate("window.copied")


# ---- words of which the model is unsure ---------------------------------------------------------


def test_unsure_words_are_underlined_below_the_threshold(screen, fake):
    fake.probabilities = {"Wilkinson": 0.43, "14th": 0.61}
    answer_of(screen, fake, "Thomas Wilkinson on the 14th")
    assert screen.answer == "Thomas Wilkinson on the 14th"
    assert screen.tab.evaluate(LOW) == ["Wilkinson", "14th"]
    assert screen.tab.text_content('[data-part="unsure"]') == "words to check: 2"
    line = "getComputedStyle(document.querySelector('.word.low')).textDecorationStyle"
    assert screen.tab.evaluate(line) == "dotted"
    requests = len(screen.requests)
    screen.tab.locator('[data-part="threshold"]').fill("50")
    assert screen.tab.evaluate(LOW) == ["Wilkinson"]
    screen.tab.locator('[data-part="threshold"]').fill("95")
    assert len(screen.tab.evaluate(LOW)) == 5
    assert len(screen.requests) == requests  # the browser alone does it


def test_word_is_as_sure_as_its_least_sure_token(screen, fake):
    fake.probabilities = {"kin": 0.2}
    fake.glued = ("Wil", "kin")
    answer_of(screen, fake, "Thomas Wil kin son wrote")
    assert screen.answer == "Thomas Wilkinson wrote"
    assert screen.tab.evaluate(LOW) == ["Wilkinson"]
    screen.tab.click(".word.low")
    heads = screen.tab.locator(".details h3").all_text_contents()
    assert heads == ["␣Wil", "kin", "son"]


def test_word_opens_to_its_alternatives(screen, fake):
    fake.probabilities = {"Wilkinson": 0.43}
    answer_of(screen, fake, "Thomas Wilkinson wrote")
    screen.tab.click(".word.low")
    details = screen.tab.locator(".details")
    assert details.locator("li").all_text_contents() == ["␣WILKINSON57 %", "␣Wilkinson43 %"]
    assert details.locator("li.chosen").all_text_contents() == ["␣Wilkinson43 %"]
    assert details.locator("p").text_content() == "Model confidence, not accuracy"
    box = details.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1280
    screen.tab.keyboard.press("Escape")
    assert not details.is_visible()


def test_what_comes_to_no_percent_is_no_alternative(screen, fake):
    fake.probabilities = {"Bob": 0.996}
    answer_of(screen, fake, "Bob")
    screen.tab.click("#answer .word")
    assert screen.tab.locator(".details li").all_text_contents() == ["Bob99 %"]


def test_words_are_reached_and_opened_by_keys(screen, fake):
    answer_of(screen, fake, "one two three")
    focused = "document.activeElement.textContent"
    screen.tab.focus('[data-part="enlarge"]')
    screen.tab.keyboard.press("Tab")
    assert screen.tab.evaluate(focused) == "one"
    screen.tab.keyboard.press("ArrowRight")
    screen.tab.keyboard.press("Enter")
    details = screen.tab.locator(".details")
    assert details.locator("h3").all_text_contents() == ["␣two"]
    screen.tab.keyboard.press("ArrowRight")
    assert details.locator("h3").all_text_contents() == ["␣three"]
    screen.tab.keyboard.press("Escape")
    assert not details.is_visible()
    assert screen.tab.evaluate(focused) == "three"
    screen.tab.keyboard.press("Tab")  # one stop for all words
    assert screen.tab.evaluate("document.activeElement.dataset.part") == "threshold"


def test_escape_closes_the_alternatives_before_it_stops_the_model(screen, fake):
    fake.words, fake.seconds = ["word"] * 300, 0.2
    screen.run()
    screen.wait_for(lambda: screen.answer.count("word") >= 2)
    screen.tab.click("#answer .word >> nth=0")
    assert screen.tab.locator(".details").is_visible()
    screen.tab.keyboard.press("Escape")
    assert not screen.tab.locator(".details").is_visible()
    assert screen.running
    screen.tab.keyboard.press("Escape")
    screen.wait_for(lambda: not screen.running)


def test_words_once_written_are_never_drawn_again(screen, fake):
    fake.words, fake.seconds = [f"w{number}" for number in range(500)], 0
    screen.tab.evaluate(
        """() => {
            window.changes = {added: 0, removed: 0};
            new MutationObserver((records) => records.forEach((record) => {
                const fresh = [...record.addedNodes].filter((n) => n.className === 'word');
                changes.added += fresh.length;
                changes.removed += record.removedNodes.length;
            })).observe(document.querySelector('[data-part="written"]'),
                        {childList: true, subtree: true});
        }"""
    )
    screen.run_to_end()
    assert screen.answer == " ".join(fake.words)
    assert screen.tab.evaluate("changes") == {"added": 500, "removed": 0}


def test_the_sign_for_a_new_line_begins_one(screen, fake):
    fake.probabilities = {"Street,\\Northwick": 0.4}
    answer_of(screen, fake, "14 Harbour Street,\\Northwick")
    assert screen.answer == "14 Harbour Street,\nNorthwick"
    assert copied(screen) == "14 Harbour Street,\nNorthwick"
    assert screen.tab.evaluate(LOW) == ["Street,", "Northwick"]
    top = "(n) => document.querySelectorAll('#answer .word')[n].getBoundingClientRect().top"
    assert screen.tab.evaluate(top, 2) + 10 < screen.tab.evaluate(top, 3)
    screen.tab.click('[data-part="edit"]')
    editor = screen.tab.locator('[data-part="editor"]')
    assert editor.input_value() == "14 Harbour Street,\nNorthwick"
    editor.press("Enter")
    assert shown_face(screen) == "written", "nothing was changed"


def test_in_json_the_sign_for_a_new_line_stays(screen, fake):
    answer_of(screen, fake, '[{"a\\\\b": "c"}]', "json>")
    screen.tab.click('[data-face="text"]')
    assert screen.answer == copied(screen) == '[{"a\\\\b": "c"}]'


def test_answer_is_read_aloud_by_sentences(screen, fake):
    screen.tab.evaluate(
        """() => {
            window.sentences = [];
            const said = document.querySelector('.answer-view [data-part="said"]');
            new MutationObserver(() => sentences.push(said.textContent))
                .observe(said, {childList: true});
        }"""
    )
    fake.words, fake.seconds = "It is late. We go home. Good night".split(" "), 0.08
    screen.run_to_end()
    said = [text for text in screen.tab.evaluate("sentences") if text.strip()]
    assert [text.strip() for text in said] == ["It is late.", "We go home.", "Good night"]


# ---- Continue -----------------------------------------------------------------------------------


def test_continue_after_the_limit(screen, fake):
    fake.words = "one two three four five".split(" ")
    screen.tab.fill("#limit input", "2")
    screen.run_to_end()
    assert screen.answer == "one two"
    assert screen.status.startswith("Stopped at the limit of 2 tokens")
    resume = screen.tab.locator('[data-part="resume"]')
    resume.click()
    screen.wait_for(lambda: screen.answer == "one two three four" and resume.is_visible())
    resume.click()
    screen.wait_for(lambda: screen.answer == "one two three four five" and not screen.running)
    screen.wait_for(lambda: not resume.is_visible())
    assert [request.written for _, request in fake.asked] == [(), (0, 1), (0, 1, 2, 3)]


def test_continue_after_stop_asks_the_same_question(screen, fake):
    fake.words = ["word"] * 600
    screen.run()
    screen.wait_for(lambda: screen.answer.count("word") >= 3)
    screen.stop()
    screen.wait_for(lambda: not screen.running and screen.status.startswith("Stopped after"))
    screen.wait_for(lambda: fake.closed)
    before = screen.answer.count("word")
    resume = screen.tab.locator('[data-part="resume"]')
    screen.press("clear")  # marks that were changed since belong to the next question
    screen.wait_for(lambda: not resume.is_visible())
    screen.press("undo")
    fake.words = ["word"] * (before + 5)
    resume.click()
    screen.wait_for(lambda: screen.answer.count("word") == before + 5 and not screen.running)
    # One token may have been under way when Stop was pressed.
    assert before <= len(fake.asked[-1][1].written) <= before + 1
    assert fake.asked[-1][1].marks == fake.asked[-2][1].marks


def test_waiting_question_tells_who_is_ahead_and_can_be_stopped(app, fake, screen, open_screen):
    fake.words, fake.seconds = ["word"] * 300, 0.2
    other = open_screen(app)
    screen.run()
    screen.wait_for(lambda: "word" in screen.answer)
    other.run()
    other.wait_for(lambda: other.status == "1 ahead of you")
    other.stop()
    other.wait_for(lambda: not other.running)
    other.wait_for(lambda: other.status == "Stopped after 0 tokens")
    other.run()
    other.wait_for(lambda: other.status == "1 ahead of you")
    screen.stop()
    other.wait_for(lambda: "word" in other.answer)
    other.stop()
    other.wait_for(lambda: not other.running)


# ---- correcting ---------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["button", "key", "double click"])
def test_answer_is_corrected_in_place(screen, fake, way):
    answer_of(screen, fake, "Total dua")
    if way == "button":
        screen.tab.click('[data-part="edit"]')
    elif way == "key":
        screen.tab.focus("#answer .word >> nth=0")
        screen.tab.keyboard.press("e")
    else:
        screen.tab.dblclick("#answer .word >> nth=1")
    editor = screen.tab.locator('[data-part="editor"]')
    assert editor.input_value() == "Total dua"
    editor.fill("Total due")
    editor.press("Enter")
    assert shown_face(screen) == "edited"
    assert screen.tab.text_content('[data-part="edited"]') == "Total due"
    assert screen.tab.is_visible('[data-part="badge"]')
    assert copied(screen) == "Total due"
    screen.tab.click('[data-part="restore"]')
    assert shown_face(screen) == "written"
    assert not screen.tab.is_visible('[data-part="badge"]')
    assert copied(screen) == "Total dua"


def test_escape_leaves_the_answer_as_it_was(screen, fake):
    answer_of(screen, fake, "Total dua")
    screen.tab.click('[data-part="edit"]')
    editor = screen.tab.locator('[data-part="editor"]')
    editor.fill("nonsense")
    editor.press("Escape")
    assert shown_face(screen) == "written"
    assert copied(screen) == "Total dua"


def test_new_answer_takes_the_place_of_a_corrected_one(screen, fake):
    answer_of(screen, fake, "Total dua")
    screen.tab.click('[data-part="edit"]')
    screen.tab.fill('[data-part="editor"]', "Total due")
    screen.tab.click('[data-part="edit"]')  # says Save now
    answer_of(screen, fake, "Total 42")
    assert shown_face(screen) == "written"
    assert copied(screen) == "Total 42"


# ---- trees and lists ----------------------------------------------------------------------------


def test_a_form_is_a_table_of_labels_and_values_first_and_json_second(screen, fake):
    written = '[{"Name:": "question", "answers": ["Bob", "Ann"]}, {"Paid": "other"}]‡'
    answer_of(screen, fake, written, "json>")
    assert shown_face(screen) == "shaped"
    rows = screen.tab.locator('[data-part="shaped"] tr').all()
    cells = [row.locator("th, td").all_text_contents() for row in rows]
    assert cells == [["Name:", "Bob\nAnn"], ["Paid"]]
    assert screen.tab.locator('[data-part="choice"] button').all_text_contents() == [
        "Table", "JSON",
    ]  # fmt: skip
    assert screen.tab.locator(".repairs").count() == 0
    form = [{"Name:": "question", "answers": ["Bob", "Ann"]}, {"Paid": "other"}]
    assert json.loads(copied(screen)) == form
    screen.tab.click('[data-face="text"]')
    assert shown_face(screen) == "written"
    assert copied(screen) == written.removesuffix("‡")


def test_json_that_is_no_form_is_shown_as_a_tree_with_its_repairs(screen, fake):
    written = '[{"Name:": ["question"], "answers": ["Bob", "Ann"'
    answer_of(screen, fake, written, "json>")
    assert shown_face(screen) == "written"
    screen.tab.click('[data-face="shape"]')
    assert shown_face(screen) == "shaped"
    tree = screen.tab.locator('[data-part="shaped"]')
    assert tree.locator("summary").all_text_contents() == [
        "Repaired JSON: added ]}]",
        "2 entries",
        "Name: 1 entry",
        "answers 2 entries",
    ]
    assert tree.locator(".key").all_text_contents() == ["Name:", "answers"]
    assert tree.locator("li:not(:has(li))").all_text_contents() == ["question", "Bob", "Ann"]
    assert tree.locator("ins").all_text_contents() == ["]}]"]
    assert copied(screen).startswith('[\n  {\n    "Name:": [\n      "question"\n')
    screen.tab.click('[data-face="text"]')
    assert screen.answer == written
    assert copied(screen) == written + "]}]", "valid, as it was repaired"


def test_list_is_shown_as_a_list(screen, fake):
    screen.choose_task("full_row~")
    screen.tab.locator("#text :is(textarea, input)").fill("March")
    answer_of(screen, fake, "1,204|ø|two words‡")
    assert shown_face(screen) == "shaped"
    items = screen.tab.locator('[data-part="shaped"] li').all_text_contents()
    assert items == ["1,204", "blank", "two words"]
    assert copied(screen) == "1,204\n\ntwo words"


def test_records_are_shown_as_a_table(screen, fake):
    answer_of(screen, fake, "Bob|41\\Ann|39‡", "record~")
    rows = screen.tab.locator('[data-part="shaped"] tr').all()
    cells = [row.locator("td").all_text_contents() for row in rows]
    assert cells == [["Bob", "41"], ["Ann", "39"]]


# ---- what is missing ----------------------------------------------------------------------------


def test_place_of_what_is_missing_is_outlined_until_it_is_touched(screen, fake):
    screen.press("clear")
    screen.run_to_end()
    assert screen.status == strings.MISSING["highlight"]
    outline = "getComputedStyle(document.querySelector('#page .stage')).outlineStyle"
    assert screen.tab.evaluate(outline) == "solid"
    screen.drag((150, 120), (300, 200))
    assert screen.tab.evaluate(outline) == "none"
    screen.choose_task("natural_q~")
    screen.wait_for(lambda: "text" in screen.needs)
    screen.run_to_end()
    in_text = "document.activeElement.closest('#text') !== null"
    screen.wait_for(lambda: screen.tab.evaluate(in_text))


def test_limit_out_of_range_is_told(screen, fake):
    screen.tab.fill("#limit input", "-1")
    screen.run_to_end()
    assert screen.status == strings.ANSWER["lost"]
    assert fake.asked == []
