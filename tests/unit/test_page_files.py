"""Page files: a stranger's file is opened as what it is."""

from __future__ import annotations

import struct
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pypdf
import pytest
from PIL import Image
from tiffs import LONG, SHORT, samples, tiff

from dessurt import page_files
from dessurt.page import LockedError, Page, PageError
from dessurt.page_files import limits
from dessurt.page_files.tiff import page_numbers

CASES = Path(__file__).parents[3] / "shared" / "cases"
cases = pytest.mark.skipif(
    not CASES.is_dir(), reason="reference material is not beside this checkout (../shared)"
)


def opened(tmp_path: Path, content: bytes, name: str = "page.tif") -> np.ndarray:
    (tmp_path / name).write_bytes(content)
    return Page.open(tmp_path / name).pixels


# How a page lies, and how long its pixels are


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_raw_tiff_is_turned_as_it_says(orientation, tmp_path):
    right = np.random.default_rng(0).integers(0, 256, (30, 12), dtype=np.uint8)
    stored = {
        1: right, 2: right[:, ::-1], 3: right[::-1, ::-1], 4: right[::-1], 5: right.T,
        6: np.rot90(right), 7: right[::-1, ::-1].T, 8: np.rot90(right, -1),
    }[orientation]  # fmt: skip
    content = samples(np.ascontiguousarray(stored), orientation=[orientation])
    np.testing.assert_array_equal(opened(tmp_path, content), right)


@pytest.mark.parametrize(
    ("dpi", "size"),
    [((204, 98), (100, 120)), ((98, 204), (200, 60)), ((204, 196), (100, 60)),
     ((300, 200), (100, 90)), ((300, 1), (100, 60)), ((0, 0), (100, 60))],
)  # fmt: skip
@pytest.mark.parametrize("ending", ["tif", "png", "jpg"])
def test_pixels_that_are_not_square_become_so(dpi, size, ending, tmp_path):
    Image.effect_noise((100, 60), 40).save(tmp_path / f"fax.{ending}", dpi=dpi)
    page = Page.open(tmp_path / f"fax.{ending}")
    assert abs(page.width - size[0]) <= 1 and abs(page.height - size[1]) <= 1


@pytest.mark.parametrize(("orientation", "size"), [(1, (100, 120)), (6, (120, 100))])
def test_a_photograph_that_has_its_resolution_in_exif_only(orientation, size, tmp_path):
    exif = Image.Exif()
    exif[274], exif[282], exif[283], exif[296] = orientation, 204.0, 98.0, 2
    path = tmp_path / "fax.jpg"
    Image.effect_noise((100, 60), 40).save(path, exif=exif.tobytes())
    content = path.read_bytes()
    start = content.index(b"\xff\xe0")  # the segment of JFIF
    end = start + 2 + int.from_bytes(content[start + 2 : start + 4], "big")
    path.write_bytes(content[:start] + content[end:])
    page = Page.open(path)
    assert (page.width, page.height) == size


@pytest.mark.parametrize("dpi", [(0, 0, 0, 0), (1, 0, 1, 0), (300, 1, 1, 0), (0, 1, 98, 1)])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_resolution_that_is_no_number_is_ignored(dpi, orientation, tmp_path):
    page = np.full((6, 8), 200, np.uint8)
    content = samples(page, dpi=dpi, orientation=[orientation])
    assert sorted(opened(tmp_path, content).shape) == [6, 8]


# Files of several pages


def picture(**tags: int) -> dict[int, tuple[int, list[int]]]:
    kinds = {"kind": 254, "old_kind": 255}
    return {256: (SHORT, [4])} | {kinds[name]: (LONG, [value]) for name, value in tags.items()}


@pytest.mark.parametrize("order", ["<", ">"])
def test_thumbnails_and_masks_are_no_pages(order, tmp_path):
    images = [picture(), picture(kind=1), picture(kind=2), picture(old_kind=2), picture(kind=0),
              picture(kind=4), picture(kind=6)]  # fmt: skip
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(*images, order=order))
    with path.open("rb") as file:
        assert page_numbers(file) == [0, 2, 4]


def test_the_pages_between_thumbnails_open(tmp_path):
    pages = [Image.new("L", (40, 40), tone) for tone in (10, 90, 200)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    content = bytearray((tmp_path / "a.tif").read_bytes())
    assert Page.count(tmp_path / "a.tif") == 3
    start = struct.unpack("<I", content[4:8])[0]
    end = start + 2 + 12 * struct.unpack("<H", content[start : start + 2])[0]
    second = struct.unpack("<I", content[end : end + 4])[0]
    # Its first tag becomes NewSubfileType 1; the width, which was there, comes from a later one.
    assert struct.unpack("<H", content[second + 2 : second + 4])[0] in (254, 256)
    content[second + 2 : second + 14] = struct.pack("<HHII", 254, LONG, 1, 1)
    (tmp_path / "b.tif").write_bytes(content)
    assert Page.count(tmp_path / "b.tif") == 2
    assert Page.open(tmp_path / "b.tif", 1).pixels.mean() == 200


def test_an_endless_chain_of_pages_is_refused(tmp_path):
    Image.new("L", (40, 40)).save(tmp_path / "a.tif")
    content = bytearray((tmp_path / "a.tif").read_bytes())
    start = struct.unpack("<I", content[4:8])[0]
    end = start + 2 + 12 * struct.unpack("<H", content[start : start + 2])[0]
    content[end : end + 4] = struct.pack("<I", start)  # after the first page comes the first
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(PageError, match="damaged"):
        Page.count(tmp_path / "a.tif")


# Other kinds


@pytest.mark.parametrize("ending", ["heic", "avif", "jp2"])
def test_formats_that_phones_and_archives_have(ending, tmp_path):
    image = Image.new("RGB", (64, 48), (200, 30, 30))
    if ending == "heic":
        import pillow_heif

        pillow_heif.from_pillow(image).save(tmp_path / "a.heic")
    else:
        image.save(tmp_path / f"a.{ending}")
    page = Page.open(tmp_path / f"a.{ending}")
    assert page.size == (48, 64)
    assert np.abs(page.pixels.astype(int) - (200, 30, 30)).max() < 12


def test_djvu_is_named(tmp_path):
    with pytest.raises(PageError, match="is a DjVu file, which is not read: convert it to PDF"):
        opened(tmp_path, b"AT&TFORM\0\0\0\x10DJVUINFO", "a.djvu")


def test_a_picture_that_speaks_of_pdf_is_a_picture(tmp_path):
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("Source", "%PDF-1.4")
    Image.new("L", (20, 10), 77).save(tmp_path / "a.png", pnginfo=text)
    assert Page.open(tmp_path / "a.png").pixels.mean() == 77


def test_a_bitmap_whose_pixels_spell_pdf_is_a_bitmap(tmp_path):
    pixels = np.full((40, 40, 3), 77, np.uint8)
    pixels[-1, :2] = np.frombuffer(b"%PDF-1", np.uint8).reshape(2, 3)[:, ::-1]
    Image.fromarray(pixels).save(tmp_path / "a.bmp")
    assert b"%PDF-" in (tmp_path / "a.bmp").read_bytes()[:1024]
    np.testing.assert_array_equal(Page.open(tmp_path / "a.bmp").pixels, pixels)


def test_what_starts_as_a_bitmap_is_not_always_one(tmp_path):
    with pytest.raises(PageError, match="is not a page that can be read"):
        opened(tmp_path, b"BMW is a maker of cars.", "a.txt")


# PDF


def pdf(**options) -> pypdf.PdfWriter:
    """One page of 300 x 120 points."""
    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(300, 120)
    for name, value in options.items():
        page[pypdf.generic.NameObject(f"/{name}")] = value
    return writer


@pytest.mark.parametrize(("unit", "size"), [(72, (1275, 1650)), (0.5, None), (-3, None)])
@pytest.mark.parametrize("compressed", [False, True])
def test_pdf_in_other_units(unit, size, compressed, tmp_path):
    box = pypdf.generic.ArrayObject(map(pypdf.generic.FloatObject, (0, 0, 8.5, 11)))
    if size is None:
        box = pypdf.generic.ArrayObject(map(pypdf.generic.FloatObject, (0, 0, 144, 72)))
        size = (300, 150) if unit < 0 else (150, 75)
    writer = pdf(MediaBox=box, UserUnit=pypdf.generic.FloatObject(unit))
    if compressed:
        writer.pdf_header = "%PDF-1.7"
    writer.write(tmp_path / "a.pdf")
    page = Page.open(tmp_path / "a.pdf")
    assert (page.width, page.height) == size


def test_a_crop_box_outside_the_sheet(tmp_path):
    box = pypdf.generic.ArrayObject(map(pypdf.generic.FloatObject, (900, 900, 950, 950)))
    pdf(CropBox=box).write(tmp_path / "a.pdf")
    page = Page.open(tmp_path / "a.pdf")
    assert (page.width, page.height) == (625, 250)


def test_a_pdf_without_pages(tmp_path):
    pypdf.PdfWriter().write(tmp_path / "a.pdf")
    with pytest.raises(PageError, match="a.pdf is a PDF without pages"):
        Page.open(tmp_path / "a.pdf")


def test_a_pdf_without_pages_is_told_so_after_one_with_a_password(tmp_path):
    locked = pdf()
    locked.encrypt("secret", algorithm="RC4-128")
    locked.write(tmp_path / "locked.pdf")
    pypdf.PdfWriter().write(tmp_path / "a.pdf")
    with pytest.raises(LockedError):
        Page.open(tmp_path / "locked.pdf")
    with pytest.raises(PageError, match="a.pdf is a PDF without pages"):
        Page.open(tmp_path / "a.pdf")


def test_a_password_opens_a_pdf_and_can_be_taken_off(tmp_path):
    writer = pdf()
    writer.encrypt("open sesame", algorithm="RC4-128")
    writer.write(tmp_path / "a.pdf")
    with pytest.raises(LockedError, match="give it"):
        Page.count(tmp_path / "a.pdf")
    with pytest.raises(LockedError, match="this one does not open it"):
        Page.open(tmp_path / "a.pdf", password="sesame")
    assert Page.open(tmp_path / "a.pdf", password="open sesame").size == (250, 625)
    (tmp_path / "b.pdf").write_bytes(
        page_files.unlocked_copy(tmp_path / "a.pdf", "open sesame")
    )
    assert Page.open(tmp_path / "b.pdf").size == (250, 625)


@pytest.mark.parametrize("password", ["\ud800", "x" * 5_000_000])
def test_a_password_that_none_can_be(password, tmp_path):
    writer = pdf()
    writer.encrypt("open sesame", algorithm="RC4-128")
    writer.write(tmp_path / "a.pdf")
    with pytest.raises(LockedError, match="this one does not open it"):
        Page.open(tmp_path / "a.pdf", password=password)


@pytest.mark.parametrize(("known", "unknown"), [(b"/V 2", b"/V 9"), (b"/R 3", b"/R 9")])
def test_no_password_is_asked_for_where_none_helps(known, unknown, tmp_path):
    writer = pdf()
    writer.encrypt("open sesame", algorithm="RC4-128")
    writer.write(tmp_path / "a.pdf")
    content = (tmp_path / "a.pdf").read_bytes()
    assert known in content
    (tmp_path / "a.pdf").write_bytes(content.replace(known, unknown))
    with pytest.raises(PageError, match="protected in a way that cannot be read here") as error:
        Page.open(tmp_path / "a.pdf")
    assert not isinstance(error.value, LockedError)


# The cases handed over


@cases
@pytest.mark.parametrize("name", [*(f"raw_L_o{n}" for n in range(5, 9)), "lzw_L_o6_reads_well"])
def test_case_of_a_turned_tiff(name):
    folder = CASES / "tiff_orientation"
    right = Page.open(folder / "right.png").pixels
    np.testing.assert_array_equal(Page.open(folder / f"{name}.tif").pixels, right)


@cases
@pytest.mark.parametrize("name", ["fax_204x98.tif", "square.tif"])
def test_case_of_a_fax(name):
    page = Page.open(CASES / "fax" / name)
    assert abs(page.width - 1240) <= 2 and abs(page.height - 1080) <= 2


@cases
@pytest.mark.parametrize("name", ["g16_miniswhite.tif", "g16_trns.png"])
def test_case_of_a_deep_grey(name):
    gray = Page.open(CASES / "depth" / name).gray
    assert np.median(gray) == 255 and gray.min() < 60


@cases
def test_cases_of_pdf():
    folder = CASES / "pdf"
    assert Page.open(folder / "userunit72.pdf").size == (1650, 1275)
    assert "XFA, which is not drawn" in Page.open(folder / "xfa.pdf").notice
    assert Page.open(folder / "plain.pdf").notice == ""
    with pytest.raises(PageError, match="protected in a way that cannot be read here"):
        Page.open(folder / "enc_unknown.pdf")
    with pytest.raises(LockedError, match="protected by a password: give it"):
        Page.open(folder / "enc_user.pdf")
    with pytest.raises(LockedError, match="this one does not open it"):
        Page.open(folder / "enc_user.pdf", password="wrong")


@cases
@pytest.mark.parametrize(
    "name", ["nest7.pdf", "scans1000.jpg", "full20000.tif", "flate1g.pdf", "big.webp"]
)
def test_case_of_a_hostile_file(name):
    started = time.monotonic()
    with nullcontext() if name == "full20000.tif" else pytest.raises(PageError):
        Page.open(CASES / "hostile" / name)
    assert time.monotonic() - started < limits.SECONDS + 5
