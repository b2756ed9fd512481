"""Page: the pixels of one page, from an image file, a PDF or an array.

Whatever cannot become a page (empty, cut off, too large, protected, not an image) raises
`PageError`, whose message is one sentence that says what to do.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from dessurt import page_files
from dessurt.page_files.limits import (
    MAX_PIXELS,
    MAX_SIDE,
    MIN_SIDE,
    LockedError,
    PageError,
    check_size,
)

__all__ = ["MAX_PIXELS", "MAX_SIDE", "MIN_SIDE", "LockedError", "Page", "PageError"]

_LUMA = (0.2125, 0.7154, 0.0721)  # the original's grey of a colour page (scikit-image's rgb2gray)


@dataclass(frozen=True, eq=False)
class Page:
    """One page's pixels, never written to.

    Raises:
        PageError: the array is not uint8 [height, width] or [height, width, 3], or its size is
            outside what can be read.
    """

    pixels: np.ndarray  # uint8 [height, width] grey or [height, width, 3] red, green, blue
    notice: str = ""  # what a person should know of it: that a part is not drawn

    def __post_init__(self) -> None:
        """Check the array and keep it where nobody can write to it."""
        shape = self.pixels.shape
        if self.pixels.dtype != np.uint8 or not (len(shape) == 2 or shape[2:] == (3,)):
            raise PageError("A page is an array of uint8: [height, width] or [height, width, 3].")
        check_size(shape[1], shape[0], "The page")
        # An array that nobody can write to is kept as it is: a large page is not held twice.
        pixels = np.array(self.pixels, order="C", copy=self.pixels.flags.writeable or None)
        pixels.setflags(write=False)
        object.__setattr__(self, "pixels", pixels)

    @classmethod
    def open(
        cls,
        path: str | Path,
        number: int = 0,
        side: int | None = None,
        password: str | None = None,
    ) -> Page:
        """Open page `number`, counted from 0, of an image or PDF file, in a process with limits.

        PDF pages are drawn at 150 dpi; transparency is laid over white; a photograph is turned
        the way its EXIF data say; pixels that are not square, as a fax has them, become so; of
        deeper samples the upper 8 bits in use are kept.

        Args:
            path: the file.
            number: the number of the page, from 0.
            side: for a small picture of the page, the most pixels on its longer side.
            password: the password of a PDF.

        Raises:
            LockedError: the file needs a password, or another one.
            PageError: the file cannot be read as a page, has no page of this number, or takes too
                much time or memory.
        """
        return cls(*page_files.read_page(Path(path), number, side, password))

    @classmethod
    def count(cls, path: str | Path, password: str | None = None) -> int:
        """How many pages a file holds (images other than TIFF hold one).

        Raises:
            LockedError: the file needs a password, or another one.
            PageError: the file cannot be read.
        """
        return page_files.count_pages(Path(path), password)

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
