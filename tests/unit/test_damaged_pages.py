"""Damaged page files of all formats: each becomes a page, or a sentence says why it cannot."""

from __future__ import annotations

import io
import random
import re
import time
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from damage import damaged
from PIL import Image

from dessurt.page import Page, PageError
from dessurt.page_files.limits import SECONDS

SAVED = {
    "png": {}, "jpg": {"quality": 80}, "progressive.jpg": {"progressive": True}, "webp": {},
    "lossless.webp": {"lossless": True}, "bmp": {}, "gif": {}, "avif": {}, "jp2": {},
    "raw.tif": {}, "lzw.tif": {"compression": "tiff_lzw"}, "jpeg.tif": {"compression": "jpeg"},
    "deflate.tif": {"compression": "tiff_adobe_deflate"}, "fax.tif": {"compression": "group4"},
    "packbits.tif": {"compression": "packbits"},
    "pages.tif": {"save_all": True, "compression": "tiff_lzw"},
}  # fmt: skip
NOT_SAID = re.compile(r"Traceback|0x[0-9a-f]{4}|Error\b|Exception|/|\n")  # / is in every path


def picture(mode: str, seed: int = 0) -> Image.Image:
    """A page of 96 x 64 with some texture."""
    noise = np.random.default_rng(seed).integers(0, 255, (8, 12, 3), np.uint8)
    return Image.fromarray(noise).resize((96, 64), Image.Resampling.BICUBIC).convert(mode)


def good_files() -> dict[str, bytes]:
    """A small page of every kind."""
    files = {}
    for name, options in SAVED.items():
        file, mode = io.BytesIO(), "1" if name == "fax.tif" else "RGB"
        more = {"append_images": [picture(mode, 1)]} if "save_all" in options else {}
        kind = {"jpg": "JPEG", "tif": "TIFF", "jp2": "JPEG2000"}.get(name.rpartition(".")[2])
        picture(mode).save(file, kind or name.rpartition(".")[2], **options, **more)
        files[name] = file.getvalue()
    import pillow_heif

    file = io.BytesIO()
    pillow_heif.from_pillow(picture("RGB")).save(file)
    files["heic"] = file.getvalue()
    file = io.BytesIO()
    picture("RGB").save(file, "PDF", save_all=True, append_images=[picture("L")])
    files["picture.pdf"] = file.getvalue()
    document, file = pypdfium2.PdfDocument.new(), io.BytesIO()
    document.new_page(300, 120)
    document.save(file)
    files["pdf"] = file.getvalue()
    return files


def told(path: Path) -> str:
    """What opening a file comes to: "" for a page, or the sentence; fails if it is none."""
    sentence = ""
    for work in (Page.count, Page.open, lambda path: Page.open(path, side=160)):
        started = time.monotonic()
        try:
            work(path)
        except PageError as error:
            sentence = str(error)
            assert path.name in sentence and 20 < len(sentence) < 250, sentence
            assert sentence.endswith((".", ")")) and not NOT_SAID.search(sentence), sentence
        assert time.monotonic() - started < SECONDS + 2
    return sentence


@pytest.mark.parametrize("name", [*SAVED, "heic", "picture.pdf", "pdf"])
def test_a_damaged_file_opens_or_a_sentence_says_why_not(name, tmp_path):
    good = good_files()[name]
    for other in ("png", "pdf"):
        (tmp_path / f"good.{other}").write_bytes(good_files()[other])
    (tmp_path / f"whole.{name}").write_bytes(good)
    assert told(tmp_path / f"whole.{name}") == ""
    dice = random.Random(name)
    for number in range(3):
        path = tmp_path / f"page{number}.{name}"
        path.write_bytes(damaged(good, dice))
        told(path)
        assert Page.open(tmp_path / "good.png").size == (64, 96)
        assert Page.open(tmp_path / "good.pdf").size == (250, 625)


@pytest.mark.parametrize("name", ["png", "jpg", "webp", "gif", "avif", "jp2", "lzw.tif", "heic"])
def test_the_start_of_a_known_format_is_no_unknown_one(name, tmp_path):
    """Who sends a PNG is not told to use PNG."""
    path = tmp_path / f"page.{name}"
    path.write_bytes(good_files()[name][:40])
    assert "is cut off or damaged" in told(path)


def test_a_film_is_no_damaged_picture(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom" + bytes(100))
    assert "is not a page that can be read" in told(path)
