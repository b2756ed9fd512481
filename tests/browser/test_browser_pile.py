"""Many files at once: dropped, read, turned over, corrected, taken home; on a phone too."""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import ZipFile

import pypdfium2 as pdfium
import pytest
from pages import pages_file, text_page

from dessurt_app.strings.pile import PILE

LINES = "first line \\ the second"
QUADS = [((60, y), (560, y), (560, y + 40), (60, y + 40)) for y in (80, 170)]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def reader(fake):
    """Reads two lines on every page."""
    fake.reset()
    fake.words, fake.seconds, fake.quads = LINES.split(" "), 0.01, QUADS
    return fake


@pytest.fixture
def scans(tmp_path) -> list[Path]:
    """Three files and a folder, in which are a page, a PDF, a broken file, and none of these."""
    folder = tmp_path / "more"
    (folder / "sub").mkdir(parents=True)
    files = [tmp_path / f"scan{n}.png" for n in (10, 9, 8)]
    for number, file in enumerate([*files, folder / "sub" / "scan8.png"]):
        text_page(f"Scan {number}").save(file)
    pages_file(folder / "two.pdf", 2)
    (folder / "broken.png").write_bytes(files[0].read_bytes()[:600])
    (folder / "notes.txt").write_text("not a page")
    (folder / ".hidden.png").write_bytes(files[0].read_bytes())
    return [*files, folder]


def drop(screen, paths: list[Path]) -> None:
    """Drop files and folders of this computer, as a person does."""
    session = screen.tab.context.new_cdp_session(screen.tab)
    box = screen.tab.locator("#page canvas").bounding_box()
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})


def titles(screen) -> list[str]:
    """The pages in the strip, and what became of each."""
    return screen.tab.evaluate(
        """() => [...document.querySelectorAll('[data-part="thumbnails"] button')]
            .map((button) => button.title)"""
    )


def said(screen) -> str:
    return screen.tab.text_content('#pile [data-part="progress"]')


def number_shown(screen) -> str:
    return screen.tab.text_content('[data-part="page_number"]')


def read_all(screen, said_at_last: str) -> None:
    screen.tab.click('#pile [data-do="read"]')
    screen.wait_for(lambda: said(screen) == said_at_last)


def exported(screen, scope: str, kind: str) -> tuple[str, bytes]:
    """The name and the content of a file that is downloaded."""
    screen.tab.click('#pile [data-do="export"]')
    screen.tab.select_option('#pile [data-part="scope"]', scope)
    screen.tab.select_option('#pile [data-part="format"]', kind)
    with screen.tab.expect_download() as download:
        screen.tab.click('#pile [data-part="download"]')
    screen.wait_for(lambda: "Done" in screen.tab.text_content('[data-part="export_status"]'))
    screen.tab.click('#pile [data-do="export_close"]')
    return download.value.suggested_filename, download.value.path().read_bytes()


ALL = ["more/broken.png", "more/sub/scan8.png", "more/two.pdf, page 1", "more/two.pdf, page 2",
       "scan8.png", "scan9.png", "scan10.png"]  # fmt: skip


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_a_pile_is_read_turned_over_and_taken_home(app, reader, open_screen, scans, options):
    screen = open_screen(app, accept_downloads=True, **options)
    drop(screen, scans)
    screen.wait_for(lambda: len(titles(screen)) == 7)
    assert [title.partition(" · ")[0] for title in titles(screen)] == ALL
    screen.wait_for(lambda: number_shown(screen) == "2 / 7")  # the first that can be opened
    read_all(screen, "6 of 7 pages are read")
    assert ["✓ read" in title for title in titles(screen)] == [False] + [True] * 6
    assert "cut off or damaged" in titles(screen)[0]
    screen.tab.click('#pile [data-do="problems"]')
    problems = screen.tab.inner_text('#pile [data-part="problems"] ul')
    assert PILE["not_a_page"] in problems and "broken.png is cut off" in problems
    screen.tab.click('#pile [data-do="problems_close"]')
    for number in range(3, 8):  # over the ends of files
        screen.key("PageDown")
        screen.wait_for(lambda number=number: number_shown(screen) == f"{number} / 7")
        screen.wait_for(lambda: "first line" in screen.answer and "the second" in screen.answer)
    screen.key("PageDown", "PageUp")
    screen.wait_for(lambda: number_shown(screen) == "6 / 7")
    name, content = exported(screen, "all", "pdf")
    assert name == "pages.zip"
    with ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["more/sub/scan8.pdf", "more/two.pdf", "scan8.pdf",
                                      "scan9.pdf", "scan10.pdf"]  # fmt: skip
        two = pdfium.PdfDocument(archive.read("more/two.pdf"))
        text = [page.get_textpage().get_text_range() for page in two]
    assert len(text) == 2 and all("line" in page and "second" in page for page in text)
    name, content = exported(screen, "page", "txt")
    assert (name, content) == ("scan9.txt", b"first line\n\nthe second\n")


def test_a_reload_loses_nothing(app, reader, open_screen, scans):
    screen = open_screen(app)
    drop(screen, scans)
    screen.wait_for(lambda: len(titles(screen)) == 7)
    reader.seconds = 0.1
    screen.tab.click('#pile [data-do="read"]')
    screen.wait_for(lambda: sum("✓" in title for title in titles(screen)) == 2)
    screen.tab.reload()
    screen.complaints.clear()  # Gradio's stream, which that cuts off
    reader.seconds = 0.01
    screen.wait_for(lambda: said(screen) == "6 of 7 pages are read")  # it goes on by itself
    pages = [page for page, _ in reader.asked]
    assert len(pages) <= 7  # of what was being read, one page is read again
    screen.tab.reload()
    screen.wait_for(lambda: said(screen) == "6 of 7 pages are read")
    assert len(reader.asked) == len(pages)


def test_reading_is_stopped_and_goes_on(app, reader, open_screen, scans):
    screen = open_screen(app)
    drop(screen, scans)
    screen.wait_for(lambda: len(titles(screen)) == 7)
    reader.seconds = 0.1
    screen.tab.click('#pile [data-do="read"]')
    screen.wait_for(lambda: screen.tab.text_content('#pile [data-part="now"]') != "")
    screen.tab.click('#pile [data-do="stop"]')
    screen.wait_for(lambda: said(screen).startswith("Stopped: "))
    asked = len(reader.asked)
    screen.tab.wait_for_timeout(500)
    assert len(reader.asked) == asked
    reader.seconds = 0.01
    assert screen.tab.text_content('#pile [data-do="read"]') == PILE["go_on"]
    read_all(screen, "6 of 7 pages are read")


def test_a_question_in_between_is_answered(app, reader, open_screen, scans):
    screen = open_screen(app)
    drop(screen, scans)
    screen.wait_for(lambda: len(titles(screen)) == 7)
    reader.seconds = 0.1
    screen.tab.click('#pile [data-do="read"]')
    screen.wait_for(lambda: screen.tab.text_content('#pile [data-part="now"]') != "")
    screen.run_to_end()
    assert "first line" in screen.answer
    assert screen.tab.is_visible('#pile [data-do="stop"]')  # the reading goes on


def test_a_second_pile_is_added_and_both_are_put_away(app, reader, open_screen, scans, tmp_path):
    screen = open_screen(app)
    screen.tab.set_input_files('#page [data-part="file"]', scans[:2])
    screen.wait_for(lambda: len(titles(screen)) == 2)
    assert number_shown(screen) == "1 / 2"
    screen.tab.set_input_files('#page [data-part="file"]', scans[2])
    screen.wait_for(lambda: number_shown(screen) == "3 / 3")
    read_all(screen, "All 3 pages are read")
    screen.tab.click('#pile [data-do="close"]')
    screen.tab.click('#pile [data-part="sure"] button[value=""]')
    assert screen.tab.is_visible('#pile [data-do="close"]')
    screen.tab.click('#pile [data-do="close"]')
    screen.tab.click('#pile [data-part="sure"] button[value="yes"]')
    screen.wait_for(lambda: screen.tab.is_hidden('#pile [data-part="bar"]'))
    assert screen.tab.is_hidden('[data-part="pages"]')


def test_a_folder_is_opened_by_its_button(app, reader, open_screen, scans):
    screen = open_screen(app)
    with screen.tab.expect_file_chooser() as chooser:
        screen.press("open_folder")
    chooser.value.set_files(scans[3])
    screen.wait_for(lambda: len(titles(screen)) == 4)
    assert titles(screen)[1] == "more/sub/scan8.png"


def test_too_many_files_are_refused_with_a_sentence(app, reader, open_screen, tmp_path):
    screen = open_screen(app)
    text_page().save(tmp_path / "page.png")
    content = (tmp_path / "page.png").read_bytes()
    screen.tab.evaluate(
        """([bytes, count]) => {
            const data = new DataTransfer();
            for (let n = 0; n < count; n++) {
                data.items.add(new File([new Uint8Array(bytes)], `${n}.png`, {type: "image/png"}));
            }
            document.querySelector("#page canvas").dispatchEvent(
                new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        [list(content), 301],
    )
    sentence = PILE["too_many"].format(most=300, n=301)
    screen.wait_for(lambda: said(screen) == sentence)
    screen.wait_for(lambda: screen.caption.startswith("800 × 600"))
    assert screen.tab.is_hidden('[data-part="pages"]')
