"""Asking: one click, tokens one after another, Stop, and what is said when something is wrong."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PIL import Image

from dessurt_app import strings
from dessurt_app.canvas.files import load_examples


def test_first_launch_answers_after_one_click(screen, fake):
    example = load_examples()[0]
    screen.wait_for(lambda: screen.status == strings.EXAMPLE_LOADED)
    screen.wait_for(lambda: screen.needs == "Needs: ✓ highlight")
    fake.seconds = 0.3
    seen = screen.texts_of_one_run()
    assert len(seen) >= 3
    assert all(after.startswith(before) for before, after in zip(seen, seen[1:], strict=False))
    assert seen[-1] == screen.answer == "one two three four five six"
    assert screen.status.startswith("6 tokens · ")
    page, request = fake.asked[-1]
    assert (page.width, page.height) == Image.open(example.page).size
    assert request.task == example.task
    assert request.marks == example.marks


def test_run_and_stop_are_in_one_place(screen, fake):
    fake.words = ["word"] * 300
    run = screen.tab.locator('[data-part="run"]').bounding_box()
    screen.run()
    screen.wait_for(lambda: screen.running)
    assert not screen.tab.is_visible('[data-part="run"]')
    assert screen.tab.locator('[data-part="stop"]').bounding_box() == run


def test_stop_ends_decoding_and_keeps_the_text(screen, fake):
    fake.words = ["word"] * 1000
    screen.run()
    screen.wait_for(lambda: screen.answer.count("word") >= 4)
    screen.stop()
    screen.wait_for(lambda: fake.closed)
    stopped = fake.computed
    assert stopped < 1000  # that it is within one token of the request, test_asking.py checks
    screen.wait_for(lambda: screen.status.startswith("Stopped after"))
    time.sleep(0.4)
    assert fake.computed == stopped
    words = screen.answer.count("word")
    assert screen.status == f"Stopped after {words} tokens · confidence 0.90"
    assert 4 <= words <= stopped
    screen.wait_for(lambda: not screen.running)


def test_can_run_again_after_stop(screen, fake):
    fake.words = ["word"] * 300
    screen.run()
    screen.wait_for(lambda: screen.answer.count("word") >= 2)
    screen.tab.keyboard.press("Escape")
    screen.wait_for(lambda: fake.closed and not screen.running)
    fake.reset()
    screen.run_to_end()
    assert screen.answer == "one two three four five six"


def test_stop_and_run_again_and_again(screen, fake):
    fake.words = ["word"] * 300
    for _ in range(4):
        screen.run()
        screen.wait_for(lambda: screen.answer.count("word") >= 2)
        screen.stop()
        screen.wait_for(lambda: not screen.running)
        assert "word" in screen.answer
    assert len(fake.asked) == 4


def test_example_while_running_stops_the_question(screen, fake):
    fake.words = ["word"] * 300
    screen.run()
    screen.wait_for(lambda: screen.answer.count("word") >= 2)
    screen.tab.click(f'#examples button:has-text("{load_examples()[1].title}")')
    screen.wait_for(lambda: fake.closed and not screen.running)
    screen.wait_for(lambda: screen.status == strings.EXAMPLE_LOADED)
    screen.wait_for(lambda: screen.answer == "")


def test_what_is_said_of_an_example_is_not_said_beside_another_page(screen, tmp_path):
    screen.wait_for(lambda: screen.status == strings.EXAMPLE_LOADED)
    Image.new("L", (300, 200), 250).save(tmp_path / "other.png")
    screen.open_file(tmp_path / "other.png")
    screen.wait_for(lambda: screen.status == "")
    screen.tab.reload()
    screen.wait_for(lambda: screen.caption.startswith("300 × 200"))
    screen.wait_for(lambda: screen.status == "")
    screen.tab.click(f'#examples button:has-text("{load_examples()[1].title}")')
    screen.wait_for(lambda: screen.status == strings.EXAMPLE_LOADED)


def test_control_enter_runs_from_the_text_field(screen, fake):
    screen.choose_task("natural_q~")
    screen.wait_for(lambda: screen.needs == "Needs: ○ text")
    field = screen.tab.locator("#text textarea, #text input").first
    field.fill("Who wrote this?")
    screen.wait_for(lambda: screen.needs == "Needs: ✓ text")
    field.press("Control+Enter")
    screen.wait_for(lambda: screen.answer == "one two three four five six")
    assert fake.asked[-1][1].text == "Who wrote this?"
    assert fake.asked[-1][1].task == "natural_q~"
    assert len(fake.asked) == 1


def test_a_question_in_words_is_offered_and_asked(screen, fake):
    screen.tab.click('#needs button:has-text("Ask about a field instead: “What is the total?”")')
    field = screen.tab.locator("#text textarea, #text input").first
    screen.wait_for(lambda: field.evaluate("field => field === document.activeElement"))
    screen.tab.keyboard.type("Who wrote this?")
    screen.wait_for(lambda: screen.needs == "Needs: ✓ text")
    screen.wait_for(lambda: not screen.tab.query_selector("#needs button"))
    screen.run_by_key()
    assert (fake.asked[-1][1].task, fake.asked[-1][1].text) == ("natural_q~", "Who wrote this?")


def test_needs_follow_the_marks_and_the_task(screen):
    screen.press("clear")
    screen.wait_for(lambda: screen.needs == "Needs: ○ highlight")
    screen.wait_for(lambda: not screen.tab.is_visible("#text"))
    screen.choose_task("rm>")
    screen.wait_for(lambda: screen.needs == "Needs: ○ highlight ○ mask")
    screen.drag((150, 120), (300, 200), keys="Shift")
    screen.wait_for(lambda: screen.needs == "Needs: ○ highlight ✓ mask")


def test_missing_highlight_is_said_and_nothing_is_lost(screen, fake):
    screen.press("clear")
    screen.drag((150, 120), (300, 200), keys="Shift")
    screen.run_to_end()
    assert screen.status == "This task needs a highlight. Click a line, or draw a box round it."
    screen.run_to_end()  # the same once more
    assert screen.status == "This task needs a highlight. Click a line, or draw a box round it."
    assert fake.asked == []
    screen.drag((150, 300), (300, 360))
    screen.run_to_end()
    assert [shape.channel for shape in fake.asked[-1][1].marks.shapes] == ["mask", "highlight"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("notes.txt", b"no page at all", "notes.txt is not a page that can be read"),
        ("empty.png", b"", "empty.png is empty"),
        ("cut.jpg", None, "cut.jpg is cut off"),
    ],
)
def test_bad_file_keeps_page_marks_and_text(screen, fake, tmp_path, name, content, told):
    if content is None:
        Image.effect_noise((400, 300), 80).save(tmp_path / name)
        content = (tmp_path / name).read_bytes()[:9000]
    (tmp_path / name).write_bytes(content)
    screen.choose_task("natural_q~")
    field = screen.tab.locator("#text textarea, #text input").first
    field.fill("still here")
    before = screen.canvas_pixels()
    screen.open_file(tmp_path / name)
    screen.wait_for(lambda: screen.message.startswith(told))
    screen.press("dismiss")
    assert screen.message == ""
    assert (screen.canvas_pixels() == before).all()
    assert field.input_value() == "still here"
    screen.run_to_end()
    page, request = fake.asked[-1]
    assert request.marks == load_examples()[0].marks
    assert request.text == "still here"
    assert (page.width, page.height) == Image.open(load_examples()[0].page).size


def test_page_is_uploaded_once_and_never_with_a_question(screen, fake, tmp_path):
    Image.new("L", (900, 700), 240).save(tmp_path / "page.png")
    screen.open_file(tmp_path / "page.png")
    screen.wait_for(lambda: screen.caption.startswith("900 × 700"))
    boxes = [[[20 + 40 * n, 50 + 20 * n], [50 + 40 * n, 80 + 20 * n]] for n in range(20)]
    shapes = [{"channel": "highlight", "kind": "box", "points": box} for box in boxes]
    screen.announce("add-marks", {"shapes": shapes})
    screen.wait_for(lambda: screen.needs == "Needs: ✓ highlight")
    screen.run_to_end()
    screen.run_to_end()
    assert [len(request.marks.shapes) for _, request in fake.asked] == [20, 20]
    sent = [request for request in screen.requests if request.method == "POST"]
    assert len([request for request in sent if "/upload" in request.url]) == 1
    questions = [request for request in sent if "/queue/join" in request.url]
    # The other one each visitor sends at first: which checkpoint is there?
    asked = [request for request in questions if "page.png" in (request.post_data or "")]
    assert len(asked) == 2
    assert all(len(request.post_data_buffer) <= 20_000 for request in questions)


def test_pdf_and_tiff_are_opened_on_the_server(screen, fake, tmp_path):
    pages = [Image.new("RGB", (600, 800), colour) for colour in ("white", "grey")]
    pages[0].save(tmp_path / "two.pdf", save_all=True, append_images=pages[1:], resolution=72)
    screen.open_file(tmp_path / "two.pdf")
    screen.wait_for(lambda: screen.caption.startswith("1250 × 1667"))  # 150 dpi
    assert screen.message == ""
    pages[0].save(tmp_path / "one.tiff")
    screen.open_file(tmp_path / "one.tiff")
    screen.wait_for(lambda: screen.caption.startswith("600 × 800"))
    assert screen.message == ""


def test_region_is_laid_over_the_page_and_can_be_hidden(screen, fake):
    fake.seconds = 0.01
    before = screen.canvas_pixels().astype(int)
    screen.tab.check("#region input")
    screen.run_to_end()
    assert fake.asked[-1][1].want_region
    screen.wait_for(lambda: screen.tab.is_visible('[data-do="region"]'))
    # The fake marks the upper half of the page; compare away from the buttons at the edges.
    after = screen.canvas_pixels().astype(int)
    height, width = before.shape[:2]
    middle = slice(width // 3, 2 * width // 3)
    change = np.abs(after - before)[:, middle].sum(axis=2) > 20
    assert change[height // 20 : height * 9 // 20].mean() > 0.9
    assert change[height * 11 // 20 : height * 17 // 20].mean() == 0
    screen.press("region")
    hidden = np.abs(screen.canvas_pixels().astype(int) - before)[:, middle]
    assert hidden[: height * 17 // 20].sum() == 0
    assert "marked 50.0 % of the page" in screen.tab.text_content('[data-part="notices"]')


def test_notices_are_shown(screen, fake):
    fake.notices = ["The model reads only the first 18 tokens."]
    screen.run_to_end()
    shown = screen.tab.text_content('[data-part="notices"]')
    assert shown == "The model reads only the first 18 tokens."


def test_example_brings_its_page_marks_and_task(screen, fake):
    fake.seconds = 0.01
    screen.choose_task("natural_q~")
    example = load_examples()[2]
    screen.tab.click(f'#examples button:has-text("{example.title}")')
    size = "{} × {}".format(*Image.open(example.page).size)
    screen.wait_for(lambda: screen.caption.startswith(size))
    screen.run_to_end()
    page, request = fake.asked[-1]
    assert (request.task, request.marks) == (example.task, example.marks)


def test_caption_tells_what_the_model_sees(screen):
    screen.wait_for(lambda: "model sees 1024 × 64 px round the marks" in screen.caption)
    assert "text 39 px tall on the page, 20 to the model" in screen.caption
    screen.press("clear")
    screen.wait_for(lambda: "model sees the page at 768 ×" in screen.caption)


def test_two_browsers_do_not_mix(app, fake, screen, open_screen):
    fake.seconds = 0.02
    other = open_screen(app)
    other.press("clear")
    other.drag((200, 200), (300, 260))
    screen.run_to_end()
    assert fake.asked[-1][1].marks == load_examples()[0].marks
    assert other.answer == ""
    other.run_to_end()
    assert fake.asked[-1][1].marks != load_examples()[0].marks


@pytest.mark.parametrize("size", [(1280, 800), (1440, 900)])
def test_desktop_fits_without_scrolling(app, open_screen, size):
    screen = open_screen(app, viewport={"width": size[0], "height": size[1]})
    for task in ("w0>", "0w~"):
        screen.choose_task(task)
        if task == "0w~":
            screen.tab.fill("#text textarea, #text input", "one two")
        screen.run_to_end()
        assert screen.tab.evaluate("document.documentElement.scrollHeight") <= size[1]
        assert screen.tab.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_phone_shows_run_and_does_not_scroll_sideways(app, fake, open_screen):
    fake.reset()
    fake.seconds = 0.01
    options = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    screen = open_screen(app, **options)
    assert screen.tab.evaluate("document.documentElement.scrollWidth") <= 390
    box = screen.tab.locator('[data-part="run"]').bounding_box()
    assert box["y"] + box["height"] <= 844 and box["height"] >= 44
    small = screen.tab.evaluate(
        """[...document.querySelectorAll('#page .toolbar button')]
           .filter(b => b.offsetParent).map(b => b.getBoundingClientRect())
           .filter(r => r.width < 44 || r.height < 44).length"""
    )
    assert small == 0
    screen.tab.tap('[data-part="run"]')
    screen.wait_for(lambda: screen.status.startswith("6 tokens"))
    answer = screen.tab.locator('[data-part="written"]').bounding_box()
    assert answer["y"] >= 0 and answer["y"] < box["y"], "the answer has come into sight"


def test_a_server_that_is_gone_is_told_of_and_run_comes_back(screen):
    screen.tab.context.set_offline(True)
    screen.run()
    screen.wait_for(lambda: screen.status == strings.ANSWER["server_gone"])
    assert not screen.running
    screen.complaints.clear()  # the browser's own, of requests that failed
