"""Page: the pixels of one page, from an image file, a PDF or an array.

Whatever cannot become a page (empty, cut off, too large, protected, not an image) raises
`PageError`, whose message is one sentence that says what to do.
"""

from __future__ import annotations

import hashlib
import threading
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 64_000_000  # an A4 page at 800 dpi; in colour it takes up to 2 GB to prepare
MAX_SIDE = 30_000  # OpenCV's resampling stops at 32,767
MIN_SIDE = 4
PDF_DPI = 150
KINDS = "PNG, JPEG, TIFF, WebP, BMP, GIF or PDF"

# The readers used: no others, because some of Pillow's run programs (EPS) or fetch files.
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")
_LUMA = (0.2125, 0.7154, 0.0721)  # the original's grey of a colour page (scikit-image's rgb2gray)
_pdfium = threading.Lock()  # PDFium must not be called from two threads at once


class PageError(ValueError):
    """A file that cannot be used as a page; the message says in one sentence what to do."""


@dataclass(frozen=True, eq=False)
class Page:
    """One page's pixels, never written to.

    Raises:
        PageError: the array is not uint8 [height, width] or [height, width, 3], or its size is
            outside what can be read.
    """

    pixels: np.ndarray  # uint8 [height, width] grey or [height, width, 3] red, green, blue

    def __post_init__(self) -> None:
        """Check the array and keep it where nobody can write to it."""
        shape = self.pixels.shape
        if self.pixels.dtype != np.uint8 or not (len(shape) == 2 or shape[2:] == (3,)):
            raise PageError("A page is an array of uint8: [height, width] or [height, width, 3].")
        _check_size(shape[1], shape[0], "The page")
        # An array that nobody can write to is kept as it is: a large page is not held twice.
        pixels = np.array(self.pixels, order="C", copy=self.pixels.flags.writeable or None)
        pixels.setflags(write=False)
        object.__setattr__(self, "pixels", pixels)

    @classmethod
    def open(cls, path: str | Path, number: int = 0, side: int | None = None) -> Page:
        """Open page `number`, counted from 0, of an image or PDF file.

        PDF pages are drawn at 150 dpi; transparency is laid over white; a photograph is turned
        the way its EXIF data say; 16-bit samples keep their upper 8 bits.

        Args:
            path: the file.
            number: of the page, from 0.
            side: for a small picture of the page: the most pixels on its longer side.

        Raises:
            PageError: the file cannot be read as a page, or has no page of this number.
        """
        path = Path(path)
        if _is_pdf(path):
            return cls(_pdf_pixels(path, number, side or MAX_SIDE))
        pixels = _image_pixels(path, number)
        return cls(_reduced(pixels, side) if side else pixels)

    @classmethod
    def count(cls, path: str | Path) -> int:
        """How many pages a file holds (images other than TIFF hold one).

        Raises:
            PageError: the file cannot be read.
        """
        path = Path(path)
        if _is_pdf(path):
            with _pdfium:
                document = _open_pdf(path)
                try:
                    return len(document)
                finally:
                    document.close()
        with _open_image(path) as image:
            return _frames(image)

    @classmethod
    def from_array(cls, array: np.ndarray) -> Page:
        """A page from uint8 [height, width] grey or [height, width, 3] RGB.

        Raises:
            PageError: another type or shape, or a size that cannot be read.
        """
        return cls(np.asarray(array))

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.pixels.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """(height, width), in the order of an array's shape."""
        return self.height, self.width

    @cached_property
    def gray(self) -> np.ndarray:
        """The page as the model reads it: [height, width], 0 black to 255 white.

        A grey page is its own uint8 array; of a colour page it is the luma as float32, not
        rounded, as in the original.
        """
        if self.pixels.ndim == 2:
            return self.pixels
        gray = np.zeros(self.size, np.float32)
        for channel, share in enumerate(_LUMA):
            gray += self.pixels[:, :, channel] * np.float32(share)
        gray.setflags(write=False)
        return gray

    @cached_property
    def rgb(self) -> np.ndarray:
        """The page for showing: uint8 [height, width, 3]."""
        if self.pixels.ndim == 3:
            return self.pixels
        return np.repeat(self.pixels[:, :, None], 3, axis=2)

    @cached_property
    def digest(self) -> str:
        """A short text that is the same exactly for the same pixels; keys caches."""
        stamp = hashlib.blake2b(repr(self.pixels.shape).encode(), digest_size=16)
        stamp.update(self.pixels.data)
        return stamp.hexdigest()


def _check_size(width: int, height: int, name: str) -> None:
    if min(width, height) < MIN_SIDE:
        raise PageError(
            f"{name} is {width} x {height} pixels, too small to hold text: "
            "open a scan or picture of a page."
        )
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise PageError(
            f"{name} is {width} x {height} pixels, which is too large: save it with at most "
            f"{MAX_PIXELS // 1_000_000} megapixels and {MAX_SIDE:,} pixels a side."
        )


def _is_pdf(path: Path) -> bool:
    """Whether the file calls itself a PDF; the marker may come after some stray bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(1024)
    except FileNotFoundError:
        raise PageError(f"There is no file {path.name}: check the path.") from None
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise PageError(f"Could not open {path.name} ({reason}): choose a file.") from None
    if not head:
        raise PageError(f"{path.name} is empty (0 bytes): save or download it again.")
    return b"%PDF-" in head


def _check_number(number: int, pages: int, name: str) -> None:
    if not 0 <= number < pages:
        raise PageError(
            f"{name} has {pages} page{'s' * (pages != 1)}, so there is no page {number + 1}: "
            f"choose one from 1 to {pages}."
        )


# Images


def _open_image(path: Path) -> Image.Image:
    """The opened file; no pixels are decoded yet."""
    try:
        with warnings.catch_warnings():
            # Pillow's own warning about large images is replaced by the limit of this module.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(path, formats=_FORMATS)
    except Image.DecompressionBombError:
        raise PageError(
            f"{path.name} is too large: save it with at most "
            f"{MAX_PIXELS // 1_000_000} megapixels and {MAX_SIDE:,} pixels a side."
        ) from None
    except UnidentifiedImageError:
        raise PageError(f"{path.name} is not a page that can be read: use {KINDS}.") from None
    except Exception as error:  # Pillow's readers raise almost anything for a damaged file
        raise _damaged(path) from error


def _frames(image: Image.Image) -> int:
    """Pages in the file. The frames of other formats are animations or previews, not pages."""
    return int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1


def _image_pixels(path: Path, number: int) -> np.ndarray:
    with _open_image(path) as image:
        try:
            pages = _frames(image)
        except Exception as error:  # as in _open_image
            raise _damaged(path) from error
        _check_number(number, pages, path.name)
        try:
            if number:
                image.seek(number)
            _check_size(image.width, image.height, path.name)
            ImageOps.exif_transpose(image, in_place=True)  # else a large page is held twice
            return _as_pixels(image)
        except PageError:
            raise
        except Exception as error:  # as in _open_image
            raise _damaged(path) from error


def _as_pixels(image: Image.Image) -> np.ndarray:
    """Any of Pillow's modes as uint8, grey or RGB."""
    if image.mode.startswith(("I", "F")):
        return _deep_pixels(np.asarray(image), image.mode)
    if image.has_transparency_data:
        colour = image.convert("RGBA")
        white = Image.new("RGBA", colour.size, "white")
        flat = Image.alpha_composite(white, colour).convert("RGB")
        return np.asarray(flat.convert("L") if image.mode in ("L", "LA", "La", "1") else flat)
    mode = "L" if image.mode in ("1", "L") else "RGB"
    return np.asarray(image if image.mode == mode else image.convert(mode))


def _reduced(pixels: np.ndarray, side: int) -> np.ndarray:
    """At most `side` pixels long, and no thinner than a page may be."""
    shrink = min(1.0, side / max(pixels.shape[:2]))
    height, width = (max(MIN_SIDE, round(length * shrink)) for length in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), reducing_gap=2.0))


def _deep_pixels(values: np.ndarray, mode: str) -> np.ndarray:
    """Grey of 16 bits, 32 bits or floating point as uint8.

    Floats up to 1 are taken for 0 ... 1; 32-bit values above 255 for 16-bit samples.
    """
    values = np.nan_to_num(values.astype(np.float32))
    if mode.startswith("I;16") or values.max() > 255:
        values = values / 257  # 65535 / 255
    elif mode == "F" and values.max() <= 1:
        values = values * 255
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _damaged(path: Path) -> PageError:
    return PageError(f"{path.name} is cut off or damaged: save or download it again.")


# PDF


def _open_pdf(path: Path) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise PageError(
                f"{path.name} is protected by a password: save a copy without one."
            ) from None
        raise _damaged(path) from error


def _pdf_pixels(path: Path, number: int, side: int) -> np.ndarray:
    """One PDF page drawn at 150 dpi, or at less if it would be too large or longer than `side`."""
    with _pdfium:
        document = _open_pdf(path)
        try:
            _check_number(number, len(document), path.name)
            document.init_forms()  # so that filled-in fields are drawn
            page = document[number]
            width, height = page.get_size()  # points, 72 to the inch
            if not (width > 0 and height > 0):
                raise _damaged(path)
            scale = PDF_DPI / 72
            scale = min(scale, (0.99 * MAX_PIXELS / (width * height)) ** 0.5)
            scale = min(scale, 0.99 * side / max(width, height))
            bitmap = page.render(scale=scale, rev_byteorder=True)
            pixels = np.array(bitmap.to_numpy()[:, :, :3])  # the bitmap ends with the document
            pixels.setflags(write=False)
            return pixels
        except pypdfium2.PdfiumError as error:
            raise _damaged(path) from error
        finally:
            document.close()
