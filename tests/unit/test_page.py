"""Page: every kind of file that a person may drop, good and bad."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from dessurt.page import Page, PageError
from dessurt.page.pixels import MAX_PIXELS


@pytest.fixture
def text_image() -> Image.Image:
    """A grey gradient with a black bar: 60 wide, 40 high, different in every corner."""
    pixels = np.linspace(40, 250, 60 * 40).reshape(40, 60).astype(np.uint8)
    pixels[5:10, 5:40] = 0
    return Image.fromarray(pixels)


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises a size and has next to no pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 9))


def pdf(encrypted: bool = False, box: str = "0 0 72 144") -> bytes:
    """A one-page PDF with a black square in its upper left corner, 36 points each way."""
    drawing = b"0 g 0 108 36 36 re f"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R >>" % box.encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
    ]
    secret = b"<%s>" % (b"ab" * 32)
    if encrypted:
        objects.append(b"<< /Filter /Standard /V 1 /R 2 /P -4 /O %s /U %s >>" % (secret, secret))
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    extra = b"/Encrypt 5 0 R /ID [<00> <00>] " if encrypted else b""
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R %s>>\nstartxref\n%d\n"
        b"%%%%EOF\n" % (len(objects) + 1, table, len(objects) + 1, extra, len(out))
    )


def write(path, content):
    path.write_bytes(content)
    return path


# What cannot be a page


def truncated(name: str):
    def make(folder, image):
        path = folder / name
        noise = np.random.default_rng(0).integers(0, 256, (200, 200), dtype=np.uint8)
        Image.fromarray(noise).save(path)
        return write(path, path.read_bytes()[: path.stat().st_size // 2])

    return make


BAD = {
    "missing": (
        lambda folder, image: folder / "none.png",
        "There is no file none.png: check the path.",
    ),
    "folder": (lambda folder, image: folder, "choose a file."),
    "empty": (
        lambda folder, image: write(folder / "a.png", b""),
        "a.png is empty (0 bytes): save or download it again.",
    ),
    "not an image": (
        lambda folder, image: write(folder / "a.png", b"Dear Sir, this is text." * 99),
        "a.png is not a page that can be read: use PNG, JPEG, TIFF, WebP, BMP, GIF, HEIC, "
        "AVIF, JPEG 2000 or PDF.",
    ),
    "PostScript, which Pillow would run": (
        lambda folder, image: write(folder / "a.png", b"%!PS-Adobe-3.0 EPSF-3.0\n"),
        "a.png is not a page that can be read: use PNG, JPEG, TIFF, WebP, BMP, GIF, HEIC, "
        "AVIF, JPEG 2000 or PDF.",
    ),
    "truncated PNG": (
        truncated("a.png"),
        "a.png is cut off or damaged: save or download it again.",
    ),
    "truncated JPEG": (
        truncated("a.jpg"),
        "a.jpg is cut off or damaged: save or download it again.",
    ),
    "truncated TIFF": (
        truncated("a.tiff"),
        "a.tiff is cut off or damaged: save or download it again.",
    ),
    "truncated WebP": (
        truncated("a.webp"),
        "a.webp is cut off or damaged: save or download it again.",
    ),
    "truncated PDF": (
        lambda folder, image: write(folder / "a.pdf", pdf()[:60]),
        "a.pdf is cut off or damaged: save or download it again.",
    ),
    "100 megapixels": (
        lambda folder, image: write(folder / "a.png", png_header(10_000, 10_000)),
        "a.png is 10000 x 10000 pixels, which is too large: save it with at most "
        "64 megapixels and 30,000 pixels a side.",
    ),
    "decompression bomb": (
        lambda folder, image: write(folder / "a.png", png_header(60_000, 60_000)),
        "a.png is too large: save it with at most 64 megapixels and 30,000 pixels a side.",
    ),
    "too long": (
        lambda folder, image: write(folder / "a.png", png_header(10, 40_000)),
        "a.png is 10 x 40000 pixels, which is too large: save it with at most "
        "64 megapixels and 30,000 pixels a side.",
    ),
    "1x1": (
        lambda folder, image: write(folder / "a.png", png_header(1, 1)),
        "a.png is 1 x 1 pixels, too small to hold text: open a scan or picture of a page.",
    ),
    "encrypted PDF": (
        lambda folder, image: write(folder / "a.pdf", pdf(encrypted=True)),
        "a.pdf is protected by a password: give it, or save a copy without.",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_file_gives_one_sentence(case, tmp_path, text_image, recwarn):
    make, sentence = BAD[case]
    path = make(tmp_path, text_image)
    with pytest.raises(PageError) as caught:
        Page.open(path)
    message = str(caught.value)
    assert message.endswith(sentence)
    assert "\n" not in message
    assert not recwarn.list, "a person would see the warning"


def test_the_limit_itself_is_allowed():
    width = MAX_PIXELS // 10_000
    assert Page.from_array(np.zeros((10_000, width), np.uint8)).size == (10_000, width)
    with pytest.raises(PageError, match="too large"):
        Page.from_array(np.zeros((10_000, width + 1), np.uint8))


@pytest.mark.parametrize(
    "array",
    [np.zeros((9, 9), np.float32), np.zeros((9, 9, 4), np.uint8), np.zeros(9, np.uint8)],
    ids=["float", "four channels", "flat"],
)
def test_arrays_of_another_kind_are_refused(array):
    with pytest.raises(PageError, match="uint8"):
        Page.from_array(array)


# What can


@pytest.mark.parametrize("ending", ["png", "tiff", "bmp", "gif"])
def test_grey_files_keep_their_bytes(ending, tmp_path, text_image):
    path = tmp_path / f"page.{ending}"
    text_image.save(path)
    page = Page.open(path)
    assert (page.width, page.height) == (60, 40)
    np.testing.assert_allclose(page.gray, np.asarray(text_image), atol=1e-4)
    assert page.gray.dtype == (np.float32 if ending == "gif" else np.uint8)  # GIF has a palette


@pytest.mark.parametrize("ending", ["jpg", "webp"])
def test_lossy_files_come_close(ending, tmp_path, text_image):
    path = tmp_path / f"page.{ending}"
    text_image.save(path, quality=95)
    difference = np.abs(Page.open(path).gray.astype(float) - np.asarray(text_image))
    assert difference.mean() < 3


def test_cmyk(tmp_path):
    image = Image.new("CMYK", (20, 10), (0, 255, 255, 0))  # pure red
    image.save(tmp_path / "a.tiff")
    assert Page.open(tmp_path / "a.tiff").pixels[5, 5].tolist() == [255, 0, 0]
    image.save(tmp_path / "a.jpg")
    red, green, blue = Page.open(tmp_path / "a.jpg").pixels[5, 5].tolist()
    assert red > 245 and green < 10 and blue < 10


@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_16_bit(ending, tmp_path):
    levels = np.array([[0, 257, 128 * 257, 65535]] * 4, np.uint16)
    Image.fromarray(levels).save(tmp_path / f"a.{ending}")
    assert Page.open(tmp_path / f"a.{ending}").pixels[0].tolist() == [0, 1, 128, 255]


def test_32_bit_and_floating_point(tmp_path):
    Image.fromarray(np.array([[0, 128 * 257, 65535, 0]] * 4, np.int32)).save(tmp_path / "i.tiff")
    assert Page.open(tmp_path / "i.tiff").pixels[0].tolist() == [0, 128, 255, 0]
    Image.fromarray(np.array([[0, 0.2, 1, np.nan]] * 4, np.float32)).save(tmp_path / "f.tiff")
    assert Page.open(tmp_path / "f.tiff").pixels[0].tolist() == [0, 51, 255, 0]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_lies_over_white(mode, tmp_path):
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 4, 8))
    image.convert(mode).save(tmp_path / "a.png")
    gray = Page.open(tmp_path / "a.png").gray
    assert gray[:, :4].max() < 1 and gray[:, 4:].min() > 254


def test_black_and_white(tmp_path):
    image = Image.new("1", (8, 8), 1)
    image.paste(0, (0, 0, 4, 8))
    image.save(tmp_path / "a.tiff", compression="group4")
    assert Page.open(tmp_path / "a.tiff").gray[0].tolist() == [0] * 4 + [255] * 4


def test_exif_turns_the_page(tmp_path, text_image):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that the picture must be turned right
    text_image.save(tmp_path / "a.png", exif=exif)
    page = Page.open(tmp_path / "a.png")
    np.testing.assert_array_equal(page.gray, np.rot90(np.asarray(text_image), -1))


def test_multi_page_tiff(tmp_path, text_image):
    pages = [text_image.point(lambda v, k=k: v // k) for k in (1, 2, 3)]
    pages[0].save(tmp_path / "a.tiff", save_all=True, append_images=pages[1:])
    assert Page.count(tmp_path / "a.tiff") == 3
    for number, image in enumerate(pages):
        page = Page.open(tmp_path / "a.tiff", number)
        np.testing.assert_array_equal(page.gray, np.asarray(image))
    for number in (3, -1):
        with pytest.raises(PageError, match=f"no page {number + 1}: choose one from 1 to 3"):
            Page.open(tmp_path / "a.tiff", number)


def test_an_animation_is_one_page(tmp_path, text_image):
    text_image.save(tmp_path / "a.gif", save_all=True, append_images=[text_image.rotate(180)])
    assert Page.count(tmp_path / "a.gif") == 1


def test_pdf_is_drawn_at_150_dpi(tmp_path):
    path = write(tmp_path / "a.pdf", pdf())
    assert Page.count(path) == 1
    page = Page.open(path)
    assert (page.width, page.height) == (150, 300)
    assert page.gray[:74, :74].max() < 1 and page.gray[77:].min() > 254
    with pytest.raises(PageError, match="a.pdf has 1 page, so there is no page 2"):
        Page.open(path, 1)


def test_a_poster_pdf_is_drawn_smaller(tmp_path):
    page = Page.open(write(tmp_path / "a.pdf", pdf(box="0 0 9000 9000")))
    assert page.width == page.height and 0.9 * MAX_PIXELS < page.width**2 <= MAX_PIXELS


def test_pdf_of_several_pages(tmp_path, text_image):
    text_image.save(tmp_path / "a.pdf", save_all=True, append_images=[text_image.rotate(180)])
    assert Page.count(tmp_path / "a.pdf") == 2
    first, second = (Page.open(tmp_path / "a.pdf", number).gray for number in (0, 1))
    assert np.abs(first - second[::-1, ::-1]).mean() < 2  # Pillow writes JPEG into the PDF
    assert np.abs(first - second).mean() > 50


# What a page offers


def test_digest_tells_pixels_apart():
    pixels = np.zeros((8, 6), np.uint8)
    same, other = Page.from_array(pixels.copy()), pixels.copy()
    other[3, 3] = 1
    assert Page.from_array(pixels).digest == same.digest
    assert Page.from_array(other).digest != same.digest
    assert Page.from_array(pixels.reshape(6, 8)).digest != same.digest


def test_pixels_cannot_change_behind_the_digest():
    source = np.zeros((8, 6), np.uint8)
    page = Page.from_array(source)
    source[:] = 9
    assert page.pixels.max() == 0
    with pytest.raises(ValueError, match="read-only"):
        page.pixels[0, 0] = 1


def test_rgb_for_showing():
    gray = np.arange(16, dtype=np.uint8).reshape(4, 4)
    assert Page.from_array(gray).rgb.tolist() == np.stack([gray] * 3, axis=2).tolist()


@pytest.mark.parametrize("name", ["page.png", "page.pdf"])
def test_a_small_picture_of_a_page(name, tmp_path):
    image = Image.new("RGB", (600, 1200), "white")
    image.paste((200, 0, 0), (0, 0, 600, 600))
    image.save(tmp_path / name)
    page = Page.open(tmp_path / name, side=160)
    assert abs(page.height - 160) <= 2 and abs(page.width - 80) <= 2
    upper, lower = page.pixels[20:60, 20:60], page.pixels[100:140, 20:60]
    assert np.abs(upper - np.array([200.0, 0, 0])).max() <= 3 and (lower == 255).all()
    assert Page.open(tmp_path / name, side=99_999).width == Page.open(tmp_path / name).width
