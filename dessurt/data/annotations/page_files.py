"""Page files: a page of any file as an image that every program reads, named by its content."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from dessurt.page import Page

# Kept as they are; the original reads these, too. MPO is the JPEG of many phones.
_ENDINGS = {"PNG": ".png", "JPEG": ".jpg", "MPO": ".jpg"}
_DIGITS = 8  # of the hash, in the name


@dataclass(frozen=True)
class PageFile:
    """An image of one page."""

    name: str  # e.g. "letter-3f9ab2c1.png"
    content: bytes
    size: tuple[int, int]  # (width, height) in pixels
    sha256: str  # of the content


def page_file(path: Path, number: int = 0, name: str = "") -> PageFile:
    """A page as a file: PNG and JPEG byte for byte, of others the page drawn as PNG.

    Also drawn is one whose pixels are not square, which other programs would not stretch.

    Args:
        path: the image or PDF.
        number: the number of the page in it.
        name: what the file is called elsewhere; by default as here.

    Raises:
        PageError: the file cannot be read as a page, or has no such page.
    """
    page = Page.open(path, number)
    stem, kind = Path(name or path.name).stem, _kind(path, page)
    if kind in _ENDINGS:
        content, ending = path.read_bytes(), _ENDINGS[kind]
    else:
        drawn = io.BytesIO()
        Image.fromarray(page.pixels).save(drawn, "PNG")
        content, ending = drawn.getvalue(), ".png"
        stem = f"{stem}-p{number + 1}"
    digest = hashlib.sha256(content).hexdigest()
    stem = re.sub(r"[^\w.-]+", "-", stem)[:60].strip("-.") or "page"
    mark = f"-{digest[:_DIGITS]}"
    named = f"{stem.removesuffix(mark)}{mark}{ending}"  # its own name once more is still its name
    return PageFile(named, content, (page.width, page.height), digest)


def _kind(path: Path, page: Page) -> str:
    """Of a file that has the page's pixels, turned or not; else ""."""
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as image:
            whole = sorted(image.size) == sorted(page.size)
            return (image.format or "") if whole else ""
    except UnidentifiedImageError:
        return ""
