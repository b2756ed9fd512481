"""What a file must be to become a page, and the sentences that say why it cannot.

Both sides know them: the program, and the process that opens files for it (`worker`).
"""

from __future__ import annotations

MAX_PIXELS = 64_000_000  # an A4 page at 800 dpi; in colour it takes up to 2 GB to prepare
LARGE_PIXELS = 16_000_000  # after such a page memory is given back to the system
MAX_SIDE = 30_000  # OpenCV's resampling stops at 32,767
MIN_SIDE = 4
MOST_PIXELS_A_BYTE = 100_000  # of a file; blank fax pages have 20,000, all else has far fewer
PDF_DPI = 150
SECONDS = 10  # to open a page, or to count those of a file
MEGABYTES = 1000  # of addresses for that: a page of MAX_PIXELS in colour takes 800
PDF_MEGABYTES = 520  # PDFium never needs more; what unpacks to more is made to harm
KINDS = "PNG, JPEG, TIFF, WebP, BMP, GIF, HEIC, AVIF, JPEG 2000 or PDF"


class PageError(ValueError):
    """A file that cannot be used as a page; the message says in one sentence what to do."""


class LockedError(PageError):
    """A file that can be read with its password only."""


def check_size(width: int, height: int, name: str, file_size: int | None = None) -> None:
    """Refuse what is too small or too large.

    Args:
        width: the width in pixels.
        height: the height in pixels.
        name: what the sentence calls the thing that has this size.
        file_size: the bytes of the image file, which must be able to hold so many pixels.

    Raises:
        PageError: it cannot be a page.
    """
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
    if file_size is not None and width * height > MOST_PIXELS_A_BYTE * file_size:
        raise PageError(
            f"{name} claims {width} x {height} pixels, but its {file_size} bytes hold next to "
            "nothing: save or download it again."
        )


def check_number(number: int, pages: int, name: str) -> None:
    """Refuse a page number that a file does not have, counted from 0.

    Raises:
        PageError: it has no such page.
    """
    if not 0 <= number < pages:
        raise PageError(
            f"{name} has {pages} page{'s' * (pages != 1)}, so there is no page {number + 1}: "
            f"choose one from 1 to {pages}."
        )


def damaged(name: str) -> PageError:
    """The sentence for a file that no reader understands."""
    return PageError(f"{name} is cut off or damaged: save or download it again.")
