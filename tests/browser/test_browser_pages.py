"""Files of several pages, the canvas without a page, and crops."""

from __future__ import annotations

import numpy as np
import pypdf
import pytest
from pages import pages_file, text_page
from PIL import Image

from dessurt_app.strings.canvas import CANVAS


def number_shown(screen) -> str:
    return screen.tab.text_content('[data-part="page_number"]')


def turned(screen, number: str) -> None:
    screen.wait_for(lambda: number_shown(screen) == number)
    screen.wait_for(lambda: screen.tab.is_hidden('[data-part="busy"]'))


@pytest.mark.parametrize("name", ["three.pdf", "three.tiff"])
def test_pages_are_turned_and_keep_their_marks(screen, fake, tmp_path, name):
    fake.seconds = 0.01
    file = pages_file(tmp_path / name, 3)
    assert screen.tab.is_hidden('[data-part="pages"]')
    screen.open_file(file)
    turned(screen, "1 / 3")
    assert screen.tab.is_disabled('[data-do="page_back"]')
    screen.drag((200, 120), (300, 200))
    screen.key("PageDown", "PageDown", "PageDown")  # there is no fourth
    turned(screen, "3 / 3")
    assert screen.tab.is_disabled('[data-do="page_on"]')
    assert screen.marks() == []
    screen.drag((200, 220), (300, 300), keys="Shift")
    screen.drag((200, 320), (300, 400))
    screen.run_to_end()
    page, request = fake.asked[-1]
    assert [shape.channel for shape in request.marks.shapes] == ["mask", "highlight"]
    expected = np.asarray(text_page("This is page 3"))
    assert page.gray.shape == expected.shape
    assert np.abs(page.gray.astype(float) - expected).mean() < 1
    screen.tab.click('[data-part="thumbnails"] button:nth-child(1)')
    turned(screen, "1 / 3")
    assert [mark["channel"] for mark in screen.marks()] == ["highlight"]
    screen.press("page_on")
    turned(screen, "2 / 3")
    assert screen.marks() == []


def test_undo_goes_through_pages(screen, tmp_path):
    screen.open_file(pages_file(tmp_path / "two.pdf", 2))
    turned(screen, "1 / 2")
    screen.drag((200, 120), (300, 200))
    screen.press("page_on")
    turned(screen, "2 / 2")
    screen.drag((200, 220), (300, 300), keys="Shift")
    screen.press("undo")
    assert screen.state()["page"]["number"] == 1 and screen.marks() == []
    screen.press("undo")
    assert screen.state()["page"]["number"] == 0
    assert [mark["channel"] for mark in screen.marks()] == ["highlight"]
    for _ in range(2):
        screen.press("redo")
    assert screen.state()["page"]["number"] == 1
    assert [mark["channel"] for mark in screen.marks()] == ["mask"]
    for _ in range(4):
        screen.press("undo")
    assert screen.state()["page"]["path"].endswith("1_letter.png")
    screen.wait_for(lambda: screen.caption.startswith("1240 × 1080"))


def test_small_pictures_come_for_the_pages_in_sight(screen, tmp_path):
    screen.open_file(pages_file(tmp_path / "many.pdf", 60))
    pictures = screen.tab.locator('[data-part="thumbnails"] img')
    screen.wait_for(lambda: pictures.count() == 24)
    screen.wait_for(lambda: pictures.first.evaluate("(image) => image.naturalHeight > 0"))
    assert screen.tab.locator('[data-part="thumbnails"] button').count() == 60
    screen.tab.click('[data-part="thumbnails"] button:nth-child(60)')
    turned(screen, "60 / 60")
    screen.wait_for(lambda: pictures.count() == 36)
    seen = screen.tab.evaluate(
        """() => {
            const list = document.querySelector('[data-part="thumbnails"]');
            const [outer, item] = [list, list.lastChild].map((e) => e.getBoundingClientRect());
            return outer.left <= item.left && item.right <= outer.right + 1;
        }"""
    )
    assert seen
    assert screen.tab.evaluate("document.documentElement.scrollHeight") <= 800


def test_without_a_page_the_canvas_asks_for_one(screen, fake, tmp_path):
    marks = screen.marks()
    screen.press("close")
    screen.wait_for(lambda: screen.caption == "There is no page: open one or pick an example.")
    assert screen.tab.is_visible("text=drop an image or a PDF here")
    screen.run_to_end()
    assert screen.status == "There is no page: open one or pick an example."
    assert fake.asked == []
    screen.drag((200, 120), (300, 200))  # nothing to draw on
    screen.press("undo")
    screen.wait_for(lambda: screen.caption.startswith("1240 × 1080"))
    assert screen.marks() == marks
    screen.press("close")
    text_page().save(tmp_path / "page.png")
    with screen.tab.expect_file_chooser() as chooser:
        screen.tab.click('[data-part="empty"] button')
    chooser.value.set_files(tmp_path / "page.png")
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))
    screen.wait_for(lambda: screen.tab.is_hidden('[data-part="empty"]'))


def test_dropped_file_is_opened(screen, tmp_path):
    text_page().save(tmp_path / "page.png")
    screen.tab.evaluate(
        """(bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "page.png", {type: "image/png"}));
            document.querySelector("#page canvas").dispatchEvent(
                new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        list((tmp_path / "page.png").read_bytes()),
    )
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))


def test_picture_in_the_clipboard_is_pasted(app, fake, open_screen, tmp_path):
    fake.reset()
    screen = open_screen(app, permissions=["clipboard-read", "clipboard-write"])
    text_page().save(tmp_path / "page.png")
    screen.tab.evaluate(
        """(bytes) => navigator.clipboard.write([new ClipboardItem(
            {"image/png": new Blob([new Uint8Array(bytes)], {type: "image/png"})})])""",
        list((tmp_path / "page.png").read_bytes()),
    )
    screen.key("Control+v")
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))
    screen.run_to_end()
    assert screen.marks() == []
    assert screen.state()["page"]["pages"] == 1


TRANSFER = """([kind, selector, text, names, bytes]) => {
    const data = new DataTransfer();
    if (text) data.setData("text/plain", text);
    for (const name of names) {
        data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
    }
    const target = document.querySelector(selector);
    const options = { bubbles: true, cancelable: true };
    const event = kind === "paste"
        ? new ClipboardEvent("paste", { clipboardData: data, ...options })
        : new DragEvent("drop", { dataTransfer: data, ...options });
    target.dispatchEvent(event);
    return event.defaultPrevented;
}"""


def test_text_with_a_picture_is_pasted_as_text_into_a_field(screen, tmp_path):
    """As Excel and Word copy it."""
    text_page().save(tmp_path / "page.png")
    content = list((tmp_path / "page.png").read_bytes())
    screen.choose_task("natural_q~")
    field = "#text :is(textarea, input)"
    screen.tab.wait_for_selector(field)
    copied = ["paste", field, "12.50", ["image.png"], content]
    assert not screen.tab.evaluate(TRANSFER, copied), "the browser pastes the text"
    screen.tab.wait_for_timeout(500)
    assert screen.caption.startswith("1240 × 1080")
    screen.tab.evaluate(TRANSFER, ["paste", "#page canvas", "12.50", ["image.png"], content])
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))


def test_what_is_dropped_and_not_opened_is_told(screen, tmp_path):
    text_page().save(tmp_path / "page.png")
    content = list((tmp_path / "page.png").read_bytes())
    screen.tab.evaluate(TRANSFER, ["drop", "#page canvas", "https://example.org", [], content])
    screen.wait_for(lambda: screen.message == CANVAS["no_file"])
    names = ["one.png", "two.png", "three.png"]
    screen.tab.evaluate(TRANSFER, ["drop", "#page canvas", "", names, content])
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))
    screen.wait_for(lambda: screen.tab.text_content('[data-part="page_number"]') == "1 / 3")


def test_crop_keeps_pixels_and_marks_in_place(screen, fake, tmp_path):
    fake.seconds = 0.01
    size = (900, 700)
    noise = np.random.default_rng(1).integers(0, 256, size[::-1], np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    screen.open_file(tmp_path / "noise.png")
    screen.wait_for(lambda: screen.caption.startswith("900 × 700"))
    screen.announce("crop", None)
    screen.wait_for(lambda: screen.message.startswith("Nothing is highlighted"))
    box = {"channel": "highlight", "kind": "box", "points": [[300, 200], [500, 240]]}
    near = {"channel": "mask", "kind": "box", "points": [[310, 200], [350, 240]]}
    far = {"channel": "mask", "kind": "box", "points": [[20, 600], [60, 640]]}
    screen.announce("add-marks", {"shapes": [box, near, far]})
    assert screen.marks() == [box, near, far]
    screen.announce("crop", None)
    # The margin: 20 pixels and a tenth of the longer side, 200.
    screen.wait_for(lambda: screen.caption.startswith("280 × 120"))
    screen.run_to_end()
    page, request = fake.asked[-1]
    assert np.array_equal(page.pixels, noise[160:280, 260:540])
    assert [shape.points for shape in request.marks.shapes] == [
        ((40, 40), (240, 80)),
        ((50, 40), (90, 80)),
    ]
    screen.press("undo")
    screen.wait_for(lambda: screen.caption.startswith("900 × 700"))
    assert screen.marks() == [box, near, far]
    screen.press("undo")  # added marks are one step
    assert screen.marks() == []


def test_a_password_is_asked_for_until_it_is_right(screen, tmp_path):
    writer = pypdf.PdfWriter(pages_file(tmp_path / "two.pdf", 2))
    writer.encrypt("open sesame", algorithm="RC4-128")
    writer.write(tmp_path / "locked.pdf")
    dialog = screen.tab.locator('[data-part="unlock"]')
    screen.open_file(tmp_path / "locked.pdf")
    dialog.wait_for()
    assert "locked.pdf is protected by a password: give it" in dialog.inner_text()
    dialog.locator("input").fill("sesame")
    screen.tab.keyboard.press("Enter")
    screen.wait_for(lambda: "this one does not open it" in dialog.inner_text())
    assert dialog.locator("input").input_value() == ""
    dialog.locator("input").fill("open sesame")
    dialog.locator("button[value=open]").click()
    turned(screen, "1 / 2")
    assert dialog.is_hidden()
    screen.press("page_on")
    turned(screen, "2 / 2")
    # Who has none leaves everything as it was.
    screen.open_file(tmp_path / "locked.pdf")
    dialog.wait_for()
    dialog.locator("button[value='']").click()
    dialog.wait_for(state="hidden")
    assert number_shown(screen) == "2 / 2" and "protected by a password" in screen.message
