"""Pictures as pages of a PDF: JPEG and PNG as they are, others with the same pixels."""

from __future__ import annotations

import io
from pathlib import Path

import img2pdf
import pikepdf
from PIL import Image

from dessurt.page_files import images
from dessurt.page_files.limits import PDF_DPI, check_number, check_size
from dessurt.transcript.transcript import Transcript

_ORIENTATION = 0x0112  # of TIFF and EXIF
_TURNS = {1: 0, 3: 180, 6: 90, 8: 270}  # degrees to the right; the others are mirrored
_POINTS = 72.0  # an inch
_LEAST_DPI, _MOST_DPI = 100, 4800  # what is less stands for a screen, or for nothing
_SHORTEST, _LONGEST = 3.0, 14_400.0  # units that a page's sides may have (ISO 32000-1, annex C)


def picture_page(path: Path, number: int, transcript: Transcript) -> bytes:
    """A PDF of one page, which a picture fills.

    Args:
        path: an image file.
        number: the number of the page in it, from 0.
        transcript: what was read on the page; it says how large the page is.

    Raises:
        PageError: it cannot be read, or there is no such page.
    """
    height, width = transcript.size
    dpi = transcript.source.dpi or _dpi_of(path) or PDF_DPI
    dpi = min(max(dpi, max(transcript.size) * _POINTS / _LONGEST),
              min(transcript.size) * _POINTS / _SHORTEST)  # fmt: skip
    size = width * _POINTS / dpi, height * _POINTS / dpi
    try:
        turn = _turn_of(path, number)
        if turn is not None:
            return _page(path.read_bytes(), size, turn)
    except Exception:  # there is always the other way
        pass
    return _page(_pixels_as_file(path, number), size, 0)


def _dpi_of(path: Path) -> float | None:
    """The pixels an inch that a file tells; of the shorter side of pixels that are not square."""
    try:
        with Image.open(path, formats=("JPEG", "PNG", "TIFF")) as image:
            dpi = max(map(float, image.info["dpi"]))
    except Exception:  # it tells none, or is of another kind
        return None
    return dpi if _LEAST_DPI <= dpi <= _MOST_DPI else None


def _turn_of(path: Path, number: int) -> int | None:
    """By how much a picture is turned when it is looked at; None if it must be drawn anew."""
    with Image.open(path, formats=("JPEG", "PNG")) as image:
        check_number(number, 1, path.name)
        check_size(image.width, image.height, path.name, path.stat().st_size)
        if image.has_transparency_data:
            return None
        return _TURNS.get(int(image.getexif().get(_ORIENTATION, 1)))


def _pixels_as_file(path: Path, number: int) -> bytes:
    """The pixels of a page in a file that a PDF takes as it is."""
    pixels = images.read_image(path, number, square=False)
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    if pixels.ndim == 2 and not ((pixels > 0) & (pixels < 255)).any():
        image.point(lambda value: value, "1").save(file, "TIFF", compression="group4")
    else:
        image.save(file, "PNG", compress_level=6)
    return file.getvalue()


def _page(picture: bytes, size: tuple[float, float], turn: int) -> bytes:
    """A page of a size in points when it is looked at."""
    width, height = size[::-1] if turn % 180 else size
    page = img2pdf.convert(
        picture,
        layout_fun=lambda *picture_size: (width, height, width, height),
        rotation=img2pdf.Rotation.none,
        first_frame_only=True,
        engine=img2pdf.Engine.pikepdf,
        nodate=True,
    )
    if not turn:
        return bytes(page)
    with pikepdf.open(io.BytesIO(page)) as pdf:
        turned = io.BytesIO()
        pdf.pages[0].Rotate = turn
        pdf.save(turned, compress_streams=False,
                 stream_decode_level=pikepdf.StreamDecodeLevel.none)  # fmt: skip
        return turned.getvalue()
