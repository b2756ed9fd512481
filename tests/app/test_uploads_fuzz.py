"""Whatever is uploaded as a page: it opens, or one sentence says what is wrong with it."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from dessurt.page.pixels import MAX_PIXELS
from dessurt_app.canvas.page_canvas import PageCanvas

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # of damaged files
CANVAS = PageCanvas()
SUFFIXES = ("png", "jpg", "tif", "webp", "bmp", "gif", "pdf", "txt", "svg", "eps", "")
fuzz = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def upload(tmp_path, monkeypatch) -> Callable[..., dict]:
    """Opens some bytes as an uploaded file; gives what the browser gets."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))

    def opened(content: bytes, name: str) -> dict:
        (tmp_path / name).write_bytes(content)
        answer = CANVAS.open_page(str(tmp_path / name))
        json.dumps(answer, allow_nan=False)
        if "error" in answer:
            assert 10 < len(answer["error"]) < 300 and "\n" not in answer["error"]
            assert str(tmp_path) not in answer["error"], "no path of the server"
        else:
            assert Image.open(answer["picture"]).size == (answer["width"], answer["height"])
            assert Path(answer["picture"]).is_relative_to(tmp_path)
        return answer

    return opened


def picture(kind: str) -> bytes:
    """A small page as a file of a kind; the TIFF has three pages."""
    shades = [Image.fromarray(np.full((30, 50), shade, np.uint8)) for shade in (250, 128, 9)]
    if kind == "pdf":
        document, file = pypdfium2.PdfDocument.new(), io.BytesIO()
        document.new_page(50, 30)
        document.save(file)
        return file.getvalue()
    file = io.BytesIO()
    more = {"save_all": True, "append_images": shades[1:]} if kind == "tiff" else {}
    shades[0].save(file, kind, **more)
    return file.getvalue()


KINDS = ("png", "jpeg", "tiff", "webp", "bmp", "gif", "pdf")
GOOD = {kind: picture(kind) for kind in KINDS}


@fuzz
@given(content=st.binary(max_size=300), suffix=st.sampled_from(SUFFIXES))
def test_noise_is_no_page(upload, content, suffix):
    assert "error" in upload(content, f"noise.{suffix}")


@pytest.mark.parametrize("kind", KINDS)
@fuzz
@given(data=st.data())
def test_cut_and_changed_files_never_raise(upload, kind, data):
    good = GOOD[kind]
    content = bytearray(good[: data.draw(st.integers(0, len(good)))])
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(good)), st.integers(0, 255)), max_size=6)
    ):
        content[place : place + 1] = bytes([value])
    upload(bytes(content), "changed." + data.draw(st.sampled_from(SUFFIXES)))


@pytest.mark.parametrize("kind", ["png", "jpeg", "tiff", "webp", "bmp", "gif"])
def test_half_a_file_is_said_to_be_damaged_or_unreadable(upload, kind):
    told = upload(GOOD[kind][: len(GOOD[kind]) // 2], f"half.{kind}")["error"]
    assert "is cut off or damaged" in told or "is not a page that can be read" in told


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", ["png", "pdf", "txt"])
def test_the_content_counts_and_not_the_suffix(upload, kind, suffix):
    assert "error" not in upload(GOOD[kind], f"page.{suffix}")


def png(width: int, height: int, rows: bytes) -> bytes:
    """A PNG that says it is so large, with some compressed rows in it."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def bmp(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head


def gif(width: int, height: int) -> bytes:
    frame = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02D\x01\x00;"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + frame


@pytest.mark.parametrize(
    "content",
    [
        png(60_000, 60_000, b"\0" * 1000),
        png(2**31 - 1, 2**31 - 1, b""),
        png(8_001, MAX_PIXELS // 8_000, bytes(10**8)),  # 100 MB of zeros in 100 kB
        png(40_000, 100, b""),  # few pixels, but too wide
        bmp(50_000, 50_000),
        gif(65_535, 65_535),
    ],
    ids=["3.6 Gpx", "4e18 px", "100 MB of zeros", "wide", "bmp", "gif"],
)
def test_bombs_are_refused_for_their_size(upload, content):
    assert len(content) < 200_000
    assert "too large" in upload(content, "bomb.png")["error"]


def test_a_pdf_of_any_size_is_drawn_within_the_limit(upload):
    document, file = pypdfium2.PdfDocument.new(), io.BytesIO()
    document.new_page(200_000, 100_000)  # points: 70 m x 35 m
    document.save(file)
    opened = upload(file.getvalue(), "poster.pdf")
    assert "error" in opened or opened["width"] * opened["height"] <= MAX_PIXELS
