"""The one grey or colour of a PNG that stands for what is clear (its chunk tRNS)."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

_DEPTH_AT = 24  # the byte of a file that tells the bits of a sample: the first chunk is IHDR
_ROWS = 512  # compared at once


def mend(image: PngImageFile, file: BinaryIO) -> None:
    """Make what Pillow says of it true for the pixels that Pillow gives.

    Pillow gives them as 8 bits and tells the colour as the file does, in the bits of the file, of
    which those that a sample does not have are to be ignored (PNG, third edition, 11.3.1.1).
    """
    clear = image.info.get("transparency")
    if clear is None or image.mode not in ("L", "RGB"):
        return
    file.seek(_DEPTH_AT)
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
