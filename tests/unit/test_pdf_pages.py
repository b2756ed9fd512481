"""`dessurt data from-pdf`: pages with a truth from documents, and what is not to be trusted."""

import json
import random
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest

typst = pytest.importorskip("typst")

from dessurt.cli import main  # noqa: E402
from dessurt.data.pdf_pages import Pages, long_lines  # noqa: E402
from dessurt.data.records import DataError  # noqa: E402
from dessurt.data.sets import open_set  # noqa: E402
from dessurt.data.sets.pages import HELD_BACK  # noqa: E402
from dessurt.synth import SynthPage  # noqa: E402

PROSE = ("The first line of a page that is long enough", "and the second one, which follows it",
         "then the third, with 12,345.60 in it", "the fourth line ends the paragraph.")  # fmt: skip
HEAD = '#set page(width: 400pt, height: 300pt, margin: 30pt)\n#set text(font: "Libertinus Serif")\n'


def lines(*texts: str) -> str:
    return " \\\n".join(texts)


def document(path: Path, body: str = lines(*PROSE)) -> Path:
    """A PDF of Typst source; without one, a page with four lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fonts = typst.Fonts(include_system_fonts=False)
    path.write_bytes(typst.compile((HEAD + body).encode(), font_paths=fonts))
    return path


def changed(path: Path, change) -> Path:
    """The document after `change` of its first page."""
    with pdfium.PdfDocument(path.read_bytes()) as pdf:
        change(pdf[0], pdf)
        pdf.save(path)
    return path


def pages(path: Path, known: frozenset[str] = frozenset()) -> list[SynthPage]:
    return [page for _, page in Pages(known).of(path, 9)]


def texts(page: SynthPage) -> list[str]:
    return [line.text for line in page.truth.lines]


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return document(tmp_path / "in" / "plain.pdf")


def test_lines_stand_where_their_ink_is_and_make_a_paragraph(plain):
    (page,) = pages(plain)
    assert texts(page) == list(PROSE)
    assert [len(each.lines) for each in page.truth.paragraphs] == [4]
    for line in page.truth.lines:
        for word in line.words:
            x0, y0, x1, y1 = map(round, word.box)
            assert page.pixels[y0:y1, x0:x1].min() < 100
    outside = page.pixels.copy()
    for line in page.truth.lines:
        x0, y0, x1, y1 = map(round, line.box)
        outside[y0 - 2 : y1 + 2, x0 - 2 : x1 + 2] = 255
    assert outside.min() > 200


def test_paragraphs_end_where_there_is_a_gap_or_other_letters(tmp_path):
    body = lines(*PROSE[:2]) + "\n#v(3em)\n" + lines(*PROSE[2:]) + "\n\n#text(2em)[A large title]"
    (page,) = pages(document(tmp_path / "gaps.pdf", body))
    assert [len(each.lines) for each in page.truth.paragraphs] == [2, 2, 1]


@pytest.mark.parametrize(
    "doubtful",
    [
        "#box(rotate(90deg, reflow: true)[turned])",
        "$sum_(i = 1)^n x_i in RR$",  # signs that the generator does not print
        "#text(fill: white)[white on white]",
        "#box[covered by a patch#place(top + left, rect(width: 9em, height: 1em, fill: black))]",
    ],
)
def test_a_line_that_cannot_be_trusted_is_left_out(tmp_path, doubtful):
    (page,) = pages(document(tmp_path / "some.pdf", lines(*PROSE) + f"\n\n#v(2em){doubtful}"))
    assert texts(page) == list(PROSE)


def test_coloured_words_are_part_of_their_line(tmp_path):
    body = lines("a line with a #text(fill: blue)[blue link] in it", *PROSE)
    (page,) = pages(document(tmp_path / "blue.pdf", body))
    assert texts(page)[0] == "a line with a blue link in it"


def _turn(page, pdf) -> None:
    page.set_rotation(90)


def _crop(page, pdf) -> None:
    page.set_cropbox(40, 40, 360, 260)


def _picture_over_it(page, pdf) -> None:
    image = pdfium.PdfImage.new(pdf)
    image.set_bitmap(pdfium.PdfBitmap.from_pil(_grey(40, 30)))
    image.set_matrix(pdfium.PdfMatrix().scale(400, 300))
    page.insert_obj(image)
    page.gen_content()


def _grey(width: int, height: int):
    from PIL import Image

    return Image.new("RGB", (width, height), "gray")


@pytest.mark.parametrize("change", [_turn, _crop, _picture_over_it])
def test_pages_that_are_turned_cropped_or_pictures_are_left_out(plain, change):
    assert pages(changed(plain, change)) == []


def test_a_page_is_left_out_if_it_is_nearly_empty_or_was_there_before(tmp_path, plain):
    assert pages(document(tmp_path / "short.pdf", lines(*PROSE[:2]))) == []
    twice = document(tmp_path / "twice.pdf", lines(*PROSE) + "\n#pagebreak()\n" + lines(*PROSE))
    assert len(pages(twice)) == 1
    maker = Pages()
    assert [len(list(maker.of(path, 9))) for path in (plain, twice)] == [1, 0]


def test_pages_that_are_measured_on_are_left_out(plain):
    assert pages(plain, long_lines(PROSE[:3])) == []
    assert len(pages(plain, long_lines(PROSE[:2]))) == 1  # two lines may be alike by chance


def test_of_a_long_document_pages_are_taken_evenly(tmp_path):
    body = "\n#pagebreak()\n".join(lines(f"Number {i}", *PROSE) for i in range(9))
    found = list(Pages().of(document(tmp_path / "long.pdf", body), 3))
    assert [number for number, _ in found] == [1, 4, 7]


def test_a_damaged_document_is_an_error(tmp_path):
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4 and nothing more")
    with pytest.raises(DataError, match="bad.pdf"):
        list(Pages().of(tmp_path / "bad.pdf", 9))


def test_the_verb_writes_pages_that_can_be_learned_from(plain, tmp_path, capsys):
    (plain.parent / "bad.pdf").write_bytes(b"nothing")
    document(plain.parent / "more" / "other.pdf", lines("Another page", *PROSE[1:]))
    document(plain.parent / "z" / "again.pdf")
    words = ["data", "from-pdf", str(plain.parent), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    told = capsys.readouterr()
    assert "There are 2 pages" in told.out and "bad.pdf" in told.err
    names = sorted(path.name for path in (tmp_path / "out").rglob("*.png"))
    assert names == ["other-p0001.png", "plain-p0001.png"]
    records = open_set({"set": "pages", "folder": str(tmp_path / "out")})
    found = [records.record(i, random.Random(0)) for i in range(len(records))]
    assert [line.text for line in found[1].truth.lines] == list(PROSE)
    assert np.asarray(found[1].page.pixels).min() < 100
    # Again: nothing is made a second time, and nothing forgotten.
    stamps = [path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")]
    document(plain.parent / "later.pdf")
    assert main(words) == 0 and "There are 2 pages" in capsys.readouterr().out
    assert stamps == [path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")]


def test_the_verb_leaves_out_what_is_measured_on(plain, tmp_path, capsys):
    measured = tmp_path / "measured"
    measured.mkdir()
    page = {"image": "p.png", "lines": [{"text": text} for text in PROSE]}
    (measured / "p.json").write_text(json.dumps(page))
    words = ["data", "from-pdf", str(plain.parent), "--out", str(tmp_path / "out")]
    assert main([*words, "--without", str(measured)]) == 0
    assert "There are 0 pages" in capsys.readouterr().out


def test_a_folder_without_documents_is_told(tmp_path, capsys):
    assert main(["data", "from-pdf", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "no documents" in capsys.readouterr().err


def test_every_twentieth_folder_is_for_validation_and_pages_can_look_scanned(tmp_path, plain):
    (page,) = pages(plain)
    from dessurt.synth.files import save

    for i in range(HELD_BACK):
        (tmp_path / "set" / f"{i:02}").mkdir(parents=True)
        save(page, tmp_path / "set" / f"{i:02}" / "p.json")
    train, valid = (
        open_set({"set": "pages", "folder": str(tmp_path / "set"), "scans": 1.0}, split)
        for split in ("train", "valid")
    )
    assert (len(train), len(valid)) == (HELD_BACK - 1, 1)
    assert f"{HELD_BACK - 1:02}" in valid.record(0, random.Random(0)).source
    first, again, other = (
        train.record(0, random.Random(seed)).page.pixels for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    with pytest.raises(DataError, match="splits train and valid"):
        open_set({"set": "pages", "folder": str(tmp_path / "set")}, "test")
