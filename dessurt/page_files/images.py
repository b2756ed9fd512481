"""Images: the pixels of a page in an image file, whatever its samples are, read with Pillow."""

from __future__ import annotations

import math
import struct
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from dessurt.page_files import tiff_kinds
from dessurt.page_files.limits import (
    KINDS,
    MAX_PIXELS,
    MAX_SIDE,
    MIN_SIDE,
    PageError,
    check_number,
    check_size,
    damaged,
)
from dessurt.page_files.tiff import page_numbers, tags

# The readers used: no others, because some of Pillow's run programs (EPS) or fetch files.
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "AVIF", "JPEG2000")
_TIFFS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SIGNATURES = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP", *_TIFFS
)
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # bytes
_PICTURES = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")  # what else has `ftyp` is a film
_LONGEST_PIXEL = 4.0  # times as long as wide; beyond that the resolutions told are taken for wrong
_NEARLY = 0.06  # off a whole number is a pixel that counts as so long: a fax's 204 x 98 dpi
_FULL_SCALES = (2**8 - 1, 2**10 - 1, 2**12 - 1, 2**14 - 1, 2**16 - 1, 2**31 - 1, 2**32 - 1)
# Pixels that are converted at once: a large page is not held three times, and what is small is
# converted in memory that the process has already.
_STRIP = 250_000
_ORIENTATION, _PHOTOMETRIC, _LARGEST_SAMPLE = 0x0112, 0x0106, 0x0119  # tags of TIFF and EXIF
_ACROSS, _DOWN = 0x011A, 0x011B  # resolutions
_BITS, _SAMPLE_FORMAT, _UNSIGNED, _WHITE_IS_ZERO = 0x0102, 0x0153, 1, 0
_HIGHEST_OF_ONE = 2.0  # floats up to there have 1 for white: what sharpens a page overshoots
_PNG_DEPTH = 24  # the byte of a PNG that tells the bits of a sample: the first chunk is IHDR
_ROWS = 512  # of a PNG, compared at once
_OVERSHOOT = 1.25  # times white, of floats that have a larger one


def is_image(head: bytes) -> bool:
    """Whether a file that starts so is an image, whatever stands in it later on."""
    bmp = head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS
    riff = head[:4] + head[8:12] == b"RIFFWEBP"
    return bmp or riff or head[4:8] == b"ftyp" or head.startswith(_SIGNATURES)


def count_pages(path: Path) -> int:
    """How many pages an image file holds; only TIFF holds several.

    Raises:
        PageError: it cannot be read.
    """
    with path.open("rb") as file, _opened(file, path.name) as image:
        return len(_page_numbers(image, file, path.name))


def read_image(
    path: Path, number: int, side: int | None = None, square: bool = True
) -> np.ndarray:
    """The pixels of a page, uint8 [H, W] grey or [H, W, 3] RGB, as it is looked at.

    Turned as its orientation says, with square pixels, transparency over white; of deep greys the
    upper 8 bits that are in use.

    Args:
        path: the file.
        number: the number of the page, from 0.
        side: pixels that the longer side has at most.
        square: whether pixels that are not square are made so.

    Raises:
        PageError: it cannot be read, or there is no such page.
    """
    # Of a file that Pillow opens itself, raw pixels of a turned TIFF come out garbled.
    with path.open("rb") as file, _opened(file, path.name) as image:
        try:
            pages = _page_numbers(image, file, path.name)
            check_number(number, len(pages), path.name)
            if isinstance(image, TiffImageFile):
                _check_kind(file, pages[number], path.name)
                image.seek(pages[number])
                tiff_kinds.mend_order(image)
            # Before anything else is asked: some of it is decoded for.
            check_size(image.width, image.height, path.name, path.stat().st_size)
            across, down = _pixel_shape(image)
            if int(image.getexif().get(_ORIENTATION, 1)) >= 5:  # to be turned by a quarter
                across, down = down, across
            check_size(round(image.width * across), round(image.height * down), path.name)
            if isinstance(image, PngImageFile):
                _mend_clear(image, file)
            ImageOps.exif_transpose(image, in_place=True)
            pixels = _pixels(image)
        except SyntaxError:  # as Pillow says of a page of a kind that it does not know
            raise _not_read(path.name) from None
        except PageError:
            raise
        except MemoryError:
            raise PageError(
                f"{path.name} takes too much memory to open: save it smaller, or as PNG or JPEG."
            ) from None
        except Exception as error:  # Pillow's readers raise almost anything for a damaged file
            raise damaged(path.name) from error
    height, width = pixels.shape[:2]
    size = (round(width * across), round(height * down)) if square else (width, height)
    if side:
        shrink = min(1.0, side / max(size))
        size = max(MIN_SIDE, round(size[0] * shrink)), max(MIN_SIDE, round(size[1] * shrink))
    if size != (width, height):
        pixels = np.asarray(Image.fromarray(pixels).resize(size, reducing_gap=2.0))
    return pixels


def _opened(file: BinaryIO, name: str) -> ImageFile:
    """The opened image; no pixels are decoded yet."""
    head = file.read(18)
    file.seek(0)
    if head.startswith(b"AT&TFORM"):
        raise PageError(f"{name} is a DjVu file, which is not read: convert it to PDF.")
    if head.startswith(_TIFFS):
        with suppress(ValueError, struct.error):  # it is damaged, as will be told
            tiff_kinds.choose_decoder(tags(file, 0))
        file.seek(0)
    formats: tuple[str, ...] = _FORMATS
    if head[4:8] == b"ftyp" and head[8:12] != b"avif":
        import pillow_heif

        pillow_heif.register_heif_opener()
        formats = ("HEIF", *_FORMATS)
    try:
        with warnings.catch_warnings():
            # Pillow's own warning about large images is replaced by the limit of `check_size`.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(file, formats=formats)
    except Image.DecompressionBombError:
        raise PageError(
            f"{name} is too large: save it with at most "
            f"{MAX_PIXELS // 1_000_000} megapixels and {MAX_SIDE:,} pixels a side."
        ) from None
    except UnidentifiedImageError:
        if head.startswith(b"MM\0+"):
            raise PageError(
                f"{name} is a big-endian BigTIFF, which is not read: save it anew as an ordinary "
                "TIFF, or as PNG."
            ) from None
        if head.startswith(_TIFFS):
            _check_kind(file, 0, name)
        if is_image(head) and (head[4:8] != b"ftyp" or head[8:12] in _PICTURES):
            raise _not_read(name) from None
        raise _no_page(name) from None
    except MemoryError:
        raise PageError(f"{name} takes too much memory to open: save it smaller.") from None
    except Exception as error:  # as in `read_image`
        raise (damaged(name) if is_image(head) else _no_page(name)) from error


def _no_page(name: str) -> PageError:
    return PageError(f"{name} is not a page that can be read: use {KINDS}.")


def _not_read(name: str) -> PageError:
    return PageError(
        f"{name} is cut off or damaged, or of a kind that is not read: save it anew, or as PNG."
    )


def _check_kind(file: BinaryIO, number: int, name: str) -> None:
    """Refuse an image of a TIFF file that is whole, but not read; prepare for it otherwise.

    Raises:
        PageError: it is.
    """
    try:
        found = tags(file, number)
    except (ValueError, struct.error):
        raise _not_read(name) from None
    tiff_kinds.choose_decoder(found)
    reason = tiff_kinds.unread(found)
    if reason:
        raise PageError(
            f"{name} is a TIFF {reason}, which is not read: save it anew as PNG."
        ) from None


def _page_numbers(image: Image.Image, file: BinaryIO, name: str) -> list[int]:
    """The numbers of those of its frames that are pages: of others than TIFF the first, as the
    rest is an animation or a preview.
    """
    if image.format != "TIFF":
        return [0]
    try:
        return page_numbers(file)
    except ValueError as error:
        raise damaged(name) from error


def _pixel_shape(image: ImageFile) -> tuple[float, float]:
    """By how much pixels are to be stretched across and down, so that they become square."""
    info: dict[Any, Any] = image.info
    density = info.get("dpi") or info.get("aspect") or info.get("resolution")
    if info.get("jfif_unit") == 0:
        density = info.get("jfif_density")
    if isinstance(image, JpegImageFile) and "jfif_density" not in info:
        exif = image.getexif()  # Pillow takes only the one across
        density = exif.get(_ACROSS, 1), exif.get(_DOWN, exif.get(_ACROSS, 1))
    try:
        across, down = (float(each) for each in density or (1, 1))
        ratio = max(across, down) / min(across, down)
    except (TypeError, ValueError, ZeroDivisionError):
        return 1.0, 1.0
    if not math.isfinite(ratio):  # 0/0 or 1/0 dpi
        return 1.0, 1.0
    if abs(ratio / round(ratio) - 1) <= _NEARLY:
        ratio = float(round(ratio))
    if not 1 < ratio <= _LONGEST_PIXEL:
        return 1.0, 1.0
    return (ratio, 1.0) if across < down else (1.0, ratio)


def _pixels(image: Image.Image) -> np.ndarray:
    """Any of Pillow's modes as uint8, grey or RGB."""
    image.load()
    if isinstance(image, TiffImageFile):
        image = tiff_kinds.without_extra(image)
    convert = _shallow
    if image.mode.startswith(("I", "F")):
        convert = _depth(image)
    width, height = image.size
    rows = max(1, _STRIP // width)
    strips = range(0, height, rows)
    first = convert(image.crop((0, 0, width, min(rows, height))))
    pixels = np.empty((height, *first.shape[1:]), np.uint8)
    pixels[: len(first)] = first
    for top in strips[1:]:
        pixels[top : top + rows] = convert(image.crop((0, top, width, min(top + rows, height))))
    return pixels


def _shallow(image: Image.Image) -> np.ndarray:
    """Samples of up to 8 bits."""
    gray = image.mode in ("L", "LA", "La", "1")
    if image.has_transparency_data:
        colour = image.convert("RGBA")
        white = Image.new("RGBA", colour.size, "white")
        image = Image.alpha_composite(white, colour)
    mode = "L" if gray else "RGB"
    return np.asarray(image if image.mode == mode else image.convert(mode))


def _depth(image: Image.Image) -> Any:
    """How grey of 16 bits, 32 bits or floating point becomes uint8.

    White is the largest number that so many bits hold as are in use, of floats 1 or the same.
    """
    tags = getattr(image, "tag_v2", {})
    signed = _first(tags.get(_SAMPLE_FORMAT, _UNSIGNED)) != _UNSIGNED
    unsigned = image.mode == "I" and bool(tags) and not signed

    def values_of(strip: Image.Image) -> np.ndarray:
        values = np.asarray(strip)
        return values.view(np.uint32) if unsigned else values

    highest = 0.0
    for top in range(0, image.height, 1024):
        values = values_of(image.crop((0, top, image.width, min(top + 1024, image.height))))
        highest = max(highest, float(np.max(values, initial=0, where=np.isfinite(values))))
    if image.mode == "F":
        scales = (scale for scale in _FULL_SCALES if scale * _OVERSHOOT >= highest)
        white = 1.0 if highest <= _HIGHEST_OF_ONE else float(next(scales, highest))
    else:
        told = float(_first(tags.get(_LARGEST_SAMPLE, 0)))
        used = float(next(scale for scale in _FULL_SCALES if scale >= highest))
        if signed and _first(tags.get(_BITS, 0)) == 16:
            used = min(used, 2.0**15 - 1)
        white = told if told >= max(highest, 1) else used
    inverted = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    clear = image.info.get("transparency")

    def convert(strip: Image.Image) -> np.ndarray:
        values = values_of(strip)
        shown = np.nan_to_num(values.astype(np.float64), posinf=white, neginf=0) * (255 / white)
        if inverted:
            shown = 255 - shown
        if isinstance(clear, int):
            shown[values == clear] = 255
        return np.clip(np.rint(shown), 0, 255).astype(np.uint8)

    return convert


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and value else value


def _mend_clear(image: PngImageFile, file: BinaryIO) -> None:
    """Make what Pillow says of what is clear true for the pixels that Pillow gives.

    One grey or colour of a PNG can stand for it (chunk tRNS). Pillow gives pixels as 8 bits, and
    that colour as the file does: in the bits of the file, of which those that a sample does not
    have are to be ignored (PNG, third edition, 11.3.1.1).
    """
    clear = image.info.get("transparency")
    if clear is None or image.mode not in ("L", "RGB"):
        return
    file.seek(_PNG_DEPTH)
    bits = file.read(1)[0]
    if bits == 16:
        _whiten(image, file, clear)
    elif isinstance(clear, int):
        most = 2**bits - 1
        image.info["transparency"] = (clear & most) * 255 // most
    else:
        image.info["transparency"] = tuple(each & 255 for each in clear)


def _whiten(image: PngImageFile, file: BinaryIO, clear: tuple[int, ...]) -> None:
    """Paint white what is of this colour in all 16 bits, of which Pillow gives the upper 8."""
    image.load()
    file.seek(0)
    with Image.open(file, formats=("PNG",)) as lower:
        assert isinstance(lower, PngImageFile)
        # Taken for little-endian, the samples give their lower 8 bits.
        lower.tile = [tile._replace(args="RGB;16L") for tile in lower.tile]
        high, low = (np.array(clear) >> 8), (np.array(clear) & 255)
        for top in range(0, image.height, _ROWS):
            box = (0, top, image.width, min(top + _ROWS, image.height))
            same = np.asarray(image.crop(box)) == high
            same &= np.asarray(lower.crop(box)) == low
            image.paste("white", box, Image.fromarray(same.all(-1).astype(np.uint8) * 255))
    del image.info["transparency"]
