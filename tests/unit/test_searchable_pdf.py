"""Searchable PDFs: pages as they were, every word where it stands, and nothing that can hang us."""

from __future__ import annotations

import ctypes
import errno
import html
import io
import os
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
import pytest
from PIL import Image
from transcripts import LETTER_LINES, line

from dessurt.page import LockedError, Page, PageError
from dessurt.protocol import TextLine
from dessurt.transcript import Original, Source, Transcript, TranscriptLine, write
from dessurt.transcript import pdf as pdf_module
from dessurt.transcript.pdf_text import _glyphless

NEAR = 2.0  # pixels of the page
TEXT = [line(60, 80, "Dear Ann, Ωμέγα", height=24), line(60, 110, "Привет € ﬁn 𝒜", height=20)]
SLANTED = [line(60, 200 + 60 * n, "a straightforwardly slanted", 24, angle)
           for n, angle in enumerate((0.5, 1.5, -3))]  # fmt: skip
DRAWING = b"0.5 g 20 20 30 40 re f"
rng = np.random.default_rng(0)
NOISE = rng.integers(0, 256, (700, 500, 3), np.uint8)


def read(path: Path, number: int = 0, lines: list[TextLine] | None = None, **more) -> Transcript:
    """A transcript of a page, in the pixels in which it is opened."""
    size = Page.open(path, number, password=more.pop("password", None)).size
    return Transcript.of(TEXT if lines is None else lines, size, Source(path.name, number, **more))


def written(folder: Path, *originals: Original, lines=None, **more) -> Path:
    out = folder / "out.pdf"
    pages = [read(o.file, o.number, lines, password=o.password, **more) for o in originals]
    write(out, "pdf", pages, originals)
    return out


def words_of(path: Path, number: int, size: tuple[int, int]) -> list[tuple[str, np.ndarray]]:
    """Words that PDFium finds, with their boxes in pixels of the page."""
    document = pdfium.PdfDocument(path)
    page = document[number]
    text = page.get_textpage()
    words, letters, boxes = [], "", []
    for i in range(text.count_chars() + 1):
        code = pdfium_c.FPDFText_GetUnicode(text.raw, i) if i < text.count_chars() else 32
        if chr(code).isspace():
            if letters:
                corners = np.concatenate(boxes)
                words.append((letters, np.concatenate([corners.min(0), corners.max(0)])))
            letters, boxes = "", []
            continue
        letters += chr(code)
        left, bottom, right, top = text.get_charbox(i, loose=True)
        boxes.append(np.array([_pixel(page, size, x, y) for x in (left, right)
                               for y in (bottom, top)]))  # fmt: skip
    return words


def _pixel(page: pdfium.PdfPage, size: tuple[int, int], x: float, y: float) -> tuple[float, float]:
    fine = 64  # whole pixels are too coarse
    a, b = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDF_PageToDevice(page.raw, 0, 0, size[1] * fine, size[0] * fine, 0, x, y, a, b)
    return a.value / fine, b.value / fine


def words_of_pdftotext(path: Path, number: int, size: tuple[int, int]):
    """The same as another program finds them, where it is installed."""
    command = ["pdftotext", "-bbox", "-cropbox", "-f", f"{number + 1}", "-l", f"{number + 1}"]
    shown = subprocess.run([*command, path, "-"], capture_output=True, check=True).stdout.decode()
    width, height = pdfium.PdfDocument(path)[number].get_size()  # those it gives are not turned
    scale = np.array([size[1] / width, size[0] / height] * 2)
    pattern = r'xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)<'
    found = re.findall(pattern, shown)
    return [(html.unescape(text), np.array(list(map(float, box))) * scale) for *box, text in found]


READERS = [words_of, words_of_pdftotext] if shutil.which("pdftotext") else [words_of]


def check(path: Path, transcripts: list[Transcript]) -> None:
    """Every word is found once, within two pixels of where it stands."""
    assert len(pdfium.PdfDocument(path)) == len(transcripts)
    for number, transcript in enumerate(transcripts):
        for reader in READERS:
            found = reader(path, number, transcript.size)
            for word in (word for each in transcript.lines for word in each.words):
                corners = np.array(word.quad)
                box = np.concatenate([corners.min(0), corners.max(0)])
                near = [i for i, (text, there) in enumerate(found)
                        if _same(text, word.text) and abs(there - box).max() <= NEAR]  # fmt: skip
                assert near, (reader.__name__, word.text, box, found)
                del found[near[0]]
            assert not found


def _same(found: str, text: str) -> bool:
    """PDFium takes ligatures apart, and gives a rare character as two halves."""
    plain = found.replace("fi", "ﬁ").encode("utf-16", "surrogatepass").decode("utf-16")
    return text in (found, plain)


def picture_of(path: Path, number: int = 0) -> tuple[bytes, Image.Image]:
    """The picture of a page: its bytes in the file, and what it shows."""
    with pikepdf.open(path) as document:
        (image,) = document.pages[number].resources.XObject.as_dict().values()
        return image.read_raw_bytes(), pikepdf.PdfImage(image).as_pil_image()


@pytest.mark.parametrize("orientation", (1, 3, 5, 6, 8))
def test_a_photograph_stays_as_it_is_and_is_turned_as_it_was(orientation, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "photo.jpg"
    Image.fromarray(NOISE).save(path, exif=exif, dpi=(200, 200))
    out = written(tmp_path, Original(path))
    check(out, [read(path)])
    mirrored = orientation in (2, 4, 5, 7)
    assert (picture_of(out)[0] == path.read_bytes()) == (not mirrored)
    shown, page = pdfium.PdfDocument(out)[0], Page.open(path)
    assert shown.get_size() == pytest.approx((page.width * 0.36, page.height * 0.36), abs=0.01)
    pixels = shown.render(scale=200 / 72).to_numpy()[:, :, ::-1].astype(int)
    assert abs(pixels - page.pixels).mean() < 3


def test_a_png_keeps_its_pixels(tmp_path):
    path = tmp_path / "page.png"
    Image.fromarray(NOISE).save(path)
    out = written(tmp_path, Original(path), dpi=300.0)
    check(out, [read(path)])
    assert np.array_equal(np.asarray(picture_of(out)[1]), NOISE)
    assert pdfium.PdfDocument(out)[0].get_size() == pytest.approx((120, 168))


@pytest.mark.parametrize("name", ["a.webp", "a.bmp", "a.gif", "alpha.png", "palette.png", "16.png"])
def test_pictures_of_other_kinds_keep_the_pixels_that_were_read(name, tmp_path):
    path = tmp_path / name
    image = Image.fromarray(NOISE[:, :, 0])
    if name == "alpha.png":
        image.putalpha(Image.fromarray(NOISE[:, :, 1]))
    elif name == "16.png":
        image = Image.fromarray(NOISE[:, :, 0].astype(np.uint16) * 257)
    elif name == "palette.png":
        image = Image.fromarray(NOISE).quantize(16)
    image.save(path, **({"lossless": True} if name == "a.webp" else {}))
    out = written(tmp_path, Original(path))
    check(out, [read(path)])
    shown = pdfium.PdfDocument(out)[0].render(scale=149.99 / 72).to_numpy()
    page = Page.open(path).rgb.astype(int)
    assert abs(shown[:, :, ::-1] - page).max() <= 1


def test_the_pages_of_a_fax(tmp_path):
    """Black and white, with pixels twice as high as wide; they are not drawn anew."""
    path = tmp_path / "fax.tif"
    sheets = [Image.fromarray(NOISE[:350, :, n] > 200) for n in range(2)]
    how = {"compression": "group4", "dpi": (204, 98)}
    sheets[0].save(path, save_all=True, append_images=sheets[1:], **how)
    assert Page.open(path).size == (700, 500)
    out = written(tmp_path, Original(path, 0), Original(path, 1))
    check(out, [read(path, 0), read(path, 1)])
    for number, sheet in enumerate(sheets):
        content, image = picture_of(out, number)
        assert np.array_equal(image.convert("1"), sheet)
        assert len(content) < 2 * path.stat().st_size  # they are compressed as faxes are
    assert pdfium.PdfDocument(out)[0].get_size() == pytest.approx((500 * 72 / 204, 700 * 72 / 204))


def test_a_page_of_grey_tiff_has_its_pixels(tmp_path):
    path = tmp_path / "page.tif"
    Image.fromarray(NOISE[:, :, 0]).save(path, tiffinfo={0x0112: 6}, compression="tiff_lzw")
    out = written(tmp_path, Original(path))
    check(out, [read(path)])
    assert np.array_equal(picture_of(out)[1], Page.open(path).pixels)


def sheet(tmp_path: Path, content: bytes = DRAWING, pages: int = 1, **entries) -> Path:
    """A PDF that shows a photograph and a word, with an outline of its pages."""
    document = pikepdf.new()
    photo = io.BytesIO()
    Image.fromarray(NOISE).save(photo, "JPEG")
    height, width, _ = NOISE.shape
    image = document.make_stream(
        photo.getvalue(), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=width,
        Height=height, ColorSpace=pikepdf.Name.DeviceRGB, BitsPerComponent=8,
        Filter=pikepdf.Name.DCTDecode,
    )  # fmt: skip
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1,
                              BaseFont=pikepdf.Name.Helvetica)  # fmt: skip
    resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=image),
                                   Font=pikepdf.Dictionary(F=font))  # fmt: skip
    shared = document.make_indirect(resources)
    for _ in range(pages):
        page = document.add_blank_page(page_size=(400, 600))
        page.obj.Resources = shared
        page.Contents = document.make_stream(b"q 100 0 0 140 90 90 cm /I Do Q " + content)
        for key, value in entries.items():
            page.obj[f"/{key}"] = value
    with document.open_outline() as outline:
        outline.root += [pikepdf.OutlineItem(f"Page {n}", n) for n in range(pages)]
    document.save(tmp_path / "sheet.pdf")
    return tmp_path / "sheet.pdf"


OFFSET = pikepdf.Array([-30, 50, 370, 650])
CROP = pikepdf.Array([10, 120, 300, 400])


@pytest.mark.parametrize("turn, boxes", [
    (0, {}), (-90, {}), (450, {}), (0, {"CropBox": OFFSET}),
    *((turn, {"MediaBox": OFFSET, "CropBox": CROP}) for turn in (0, 90, 180, 270)),
])  # fmt: skip
def test_turned_and_cropped_pages(turn, boxes, tmp_path):
    path = sheet(tmp_path, Rotate=turn, **boxes)
    before = pdfium.PdfDocument(path)[0].render(scale=1).to_numpy()
    lines = TEXT + SLANTED[:2] if turn % 360 == 0 else TEXT
    out = written(tmp_path, Original(path), lines=lines)
    check(out, [read(path, lines=lines)])
    assert np.array_equal(pdfium.PdfDocument(out)[0].render(scale=1).to_numpy(), before)


def test_a_page_in_other_units_and_a_page_that_was_shrunk(tmp_path):
    path = sheet(tmp_path, UserUnit=72, MediaBox=pikepdf.Array([0, 0, 8.5, 11]))
    out = written(tmp_path, Original(path))
    check(out, [read(path)])
    small = Transcript.of(TEXT, Page.open(path, side=600).size, Source("sheet.pdf"))
    write(out, "pdf", [small], [Original(path)])
    check(out, [small])


def test_a_page_of_a_pdf_is_not_touched(tmp_path):
    path = sheet(tmp_path, pages=3)
    out = written(tmp_path, *(Original(path, number) for number in range(3)))
    check(out, [read(path, number) for number in range(3)])
    for number in range(3):
        assert picture_of(out, number)[0] == picture_of(path, number)[0]
    with pikepdf.open(out) as document, document.open_outline() as outline:
        assert [item.title for item in outline.root] == ["Page 0", "Page 1", "Page 2"]
        assert "/DessurtText" in document.pages[0].Resources.Font


def test_one_page_of_a_pdf_does_not_bring_the_others(tmp_path):
    path = sheet(tmp_path, pages=3)
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        document.pages[2].Contents = document.make_stream(b"% the secret of page three")
        document.save(compress_streams=False)
    out = written(tmp_path, Original(path, 1))
    check(out, [read(path, 1)])
    assert b"the secret" in path.read_bytes() and b"the secret" not in out.read_bytes()


def test_pages_of_several_files_in_one(tmp_path):
    path, picture = sheet(tmp_path, pages=2), tmp_path / "a.png"
    Image.fromarray(NOISE).save(picture)
    originals = [Original(path, 1), Original(picture), Original(path, 0)]
    out = written(tmp_path, *originals)
    check(out, [read(each.file, each.number) for each in originals])


@pytest.mark.parametrize("content", [
    b"q 2 0 0 2 9 9 cm q", b"Q Q 3 0 0 3 0 0 cm", b"Q q 3 0 0 3 0 0 cm Q Q 2 0 0 2 0 0 cm q",
])  # fmt: skip
def test_pages_that_do_not_restore_what_they_saved(content, tmp_path):
    path = sheet(tmp_path, content)
    before = pdfium.PdfDocument(path)[0].render(scale=1).to_numpy()
    out = written(tmp_path, Original(path))
    check(out, [read(path)])
    assert np.array_equal(pdfium.PdfDocument(out)[0].render(scale=1).to_numpy(), before)


def test_slanted_lines(tmp_path):
    path = tmp_path / "page.png"
    Image.new("L", (800, 1000), 255).save(path)
    out = written(tmp_path, Original(path), lines=SLANTED)
    check(out, [read(path, lines=SLANTED)])


def test_steep_lines_are_found(tmp_path):
    path = tmp_path / "page.png"
    Image.new("L", (1000, 1400), 255).save(path)
    out = written(tmp_path, Original(path), lines=LETTER_LINES)
    assert "upwards" in pdfium.PdfDocument(out)[0].get_textpage().get_text_bounded()


def test_text_is_searched_and_copied_with_its_spaces(tmp_path):
    path = sheet(tmp_path)
    text = pdfium.PdfDocument(written(tmp_path, Original(path)))[0].get_textpage()
    assert text.search("привет €").get_next() is not None
    assert text.get_text_bounded().split("\r\n")[0] == "Dear Ann, Ωμέγα"


def test_text_that_is_there_already_stays(tmp_path):
    path = sheet(tmp_path, b"BT /F 12 Tf 30 500 Td (printed) Tj ET")
    out = written(tmp_path, Original(path))
    text = pdfium.PdfDocument(out)[0].get_textpage().get_text_bounded()
    assert "printed" in text and "Dear Ann" in text
    out = written(tmp_path, Original(path), lines=[])
    assert pdfium.PdfDocument(out)[0].get_textpage().get_text_bounded().strip() == "printed"


def test_a_page_without_text_and_words_without_size(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(NOISE).save(path)
    point = ((5.0, 5.0),) * 4
    (only,) = Transcript.of([TextLine(point, ())], (9, 9), corrections={0: "a b"}).lines
    assert isinstance(only, TranscriptLine)
    out = written(tmp_path, Original(path), lines=[])
    assert not pdfium.PdfDocument(out)[0].get_textpage().count_chars()
    write(out, "pdf", [Transcript.of([TextLine(point, ())], (700, 500), corrections={0: "a b"})],
          [Original(path)])  # fmt: skip
    assert len(pdfium.PdfDocument(out)) == 1


def test_a_pdf_with_a_password(tmp_path):
    path = sheet(tmp_path)
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        document.save(encryption=pikepdf.Encryption(owner="o", user="secret"))
    page = read(path, password="secret")
    out = tmp_path / "out.pdf"
    for wrong in (None, "other"):
        with pytest.raises(LockedError, match="sheet.pdf is protected by a password"):
            write(out, "pdf", [page], [Original(path, 0, wrong)])
    write(out, "pdf", [page], [Original(path, 0, "secret")])
    check(out, [page])


def test_no_reader_of_pdfs_is_in_the_program_itself():
    code = "import dessurt.transcript, sys; print({'pikepdf', 'img2pdf', 'torch'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_font_is_the_same_every_time():
    assert _glyphless() == _glyphless() and len(_glyphless()) < 1500


@pytest.mark.parametrize("name, content, said", [
    ("a.pdf", b"%PDF-1.7\nnothing", "a.pdf is cut off or damaged"),
    ("a.png", b"\x89PNG\r\n\x1a\n" + b"x" * 99, "a.png is cut off or damaged"),
    ("a.txt", b"text", "a.txt is not a page that can be read"),
    ("a.png", b"", "a.png is empty"),
])  # fmt: skip
def test_a_file_that_is_no_page(name, content, said, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PageError, match=said):
        write(tmp_path / "out.pdf", "pdf", [Transcript((9, 9), ())], [Original(tmp_path / name)])
    with pytest.raises(PageError, match="There is no file b.pdf"):
        write(tmp_path / "out.pdf", "pdf", [Transcript((9, 9), ())], [Original(tmp_path / "b.pdf")])
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_page_that_is_not_there(tmp_path):
    picture = tmp_path / "a.png"
    Image.fromarray(NOISE).save(picture)
    for path in (sheet(tmp_path), picture):
        with pytest.raises(PageError, match="so there is no page 8"):
            write(tmp_path / "o.pdf", "pdf", [Transcript((9, 9), ())], [Original(path, 7)])


def test_a_page_that_unpacks_to_a_gigabyte(tmp_path):
    """It is put in as it is packed; that it cannot be looked through harms nobody."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"q " * 2**23) for _ in range(64)) + packer.flush()
    path = sheet(tmp_path)
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        document.pages[0].Contents = document.make_stream(packed)
        document.pages[0].Contents.Filter = pikepdf.Name.FlateDecode
        document.save(compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    write(tmp_path / "out.pdf", "pdf", [Transcript.of(TEXT, (1250, 833))], [Original(path)])
    assert packed in (tmp_path / "out.pdf").read_bytes()


def test_a_file_that_takes_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf_module, "SECONDS", 0.01)
    with pytest.raises(PageError, match="sheet.pdf takes longer than 0.02 seconds"):
        path = sheet(tmp_path)
        write(tmp_path / "out.pdf", "pdf", [Transcript((9, 9), ())], [Original(path)])
    assert [each.name for each in tmp_path.iterdir()] == ["sheet.pdf"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device on this system")
def test_a_disk_that_is_full(tmp_path):
    with pytest.raises(OSError) as error:
        original = Original(sheet(tmp_path))
        pdf_module.write_pdf(Path("/dev/full"), [Transcript((9, 9), ())], [original])
    assert error.value.errno == errno.ENOSPC and os.strerror(errno.ENOSPC) in str(error.value)


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"errno": "x"}', b"null", b"{" * 99_999])
def test_a_process_that_lies_is_not_believed(answer):
    with pytest.raises(PageError, match="a.pdf takes too much memory, or is damaged"):
        pdf_module._check(answer, "a.pdf")
