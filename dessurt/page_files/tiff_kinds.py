"""The kinds of TIFF: which are read, and how Pillow reads some that it does not know by itself.

Pillow looks up in a table how samples become pixels; the table is extended here. A page of another
kind is refused, because a reader that guesses shows a wrong page.
"""

from __future__ import annotations

import sys

from PIL import Image, ImageChops, TiffImagePlugin

_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES = 258, 259, 262, 277
_PLANES, _EXTRA, _FORMAT = 284, 338, 339
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _MASK, _YCBCR = 0, 1, 4, 6
_UNCOMPRESSED, _SEPARATE = 1, 2
_NO_MEANING, _ASSOCIATED, _UNASSOCIATED = 0, 1, 2  # of an extra sample; the last two are alpha
_UNSIGNED, _SIGNED = (1,), (2,)
_WEBP = 50001
_READ = TiffImagePlugin.COMPRESSION_INFO.keys() - {_WEBP}  # its libtiff is built without WebP
_NAMES = {
    33003: "JPEG 2000", 33005: "JPEG 2000", 34712: "JPEG 2000", 22610: "JPEG XR",
    34934: "JPEG XR", 34933: "PNG", 50002: "JPEG XL", 52546: "JPEG XL", _WEBP: "WebP",
    34661: "JBIG", 34887: "LERC", 34892: "lossy JPEG",
}  # fmt: skip
# libtiff gives samples in the order of bytes of this machine, whatever that of the file is.
_NATIVE = {
    "I;16S": "I;16NS", "I;16BS": "I;16NS", "I;32S": "I;32NS", "I;32BS": "I;32NS",
    "I;32B": "I;32N", "F;32F": "F;32NF", "F;32BF": "F;32NF",
}  # fmt: skip


def _extend_table() -> None:
    info = TiffImagePlugin.OPEN_INFO
    for order, big in ((b"II", ""), (b"MM", "B")):
        for white in (_WHITE_IS_ZERO, _BLACK_IS_ZERO):
            for key, modes in {
                (_UNSIGNED, (12,)): ("I;16", "I;12"),
                (_UNSIGNED, (16,)): (f"I;16{big}", f"I;16{big}"),
                (_SIGNED, (16,)): ("I", f"I;16{big}S"),
                (_UNSIGNED, (32,)): ("I", f"I;32{big or 'N'}"),
                (_SIGNED, (32,)): ("I", f"I;32{big}S"),
            }.items():
                info.setdefault((order, white, key[0], 1, key[1], ()), modes)
            for extra in (_NO_MEANING, _ASSOCIATED, _UNASSOCIATED):
                if (white, extra) == (_WHITE_IS_ZERO, _ASSOCIATED):
                    continue
                # Four bytes a pixel, of which `without_extra` takes the higher ones.
                for bits, mode in ((8, "LA"), (16, "RGBA")):
                    key_of_two = (order, white, _UNSIGNED, 1, (bits, bits), (extra,))
                    info.setdefault(key_of_two, (mode, mode))
        # No page, but Pillow opens a file only if it knows the first image.
        info.setdefault((order, _MASK, _UNSIGNED, 1, (1,), ()), ("1", "1"))


_extend_table()


def unread(tags: dict[int, int]) -> str:
    """Why an image with these tags is not read, to follow "is a TIFF", or "" if it may be read."""
    compression = tags.get(_COMPRESSION, _UNCOMPRESSED)
    if compression not in _READ:
        return f"with the compression {_NAMES.get(compression, f'number {compression}')}"
    if tags.get(_FORMAT) == _SIGNED[0] and tags.get(_BITS) == 8:
        return "with signed samples of 8 bits"
    clear = tags.get(_SAMPLES) == 2 and tags.get(_EXTRA, _NO_MEANING) != _NO_MEANING
    if clear and tags.get(_PLANES) == _SEPARATE:
        return "with transparency in a plane of its own beside grey"  # Pillow loses it
    return ""


def choose_decoder(tags: dict[int, int]) -> None:
    """Let libtiff decode what Pillow's own decoder garbles, before an image with them is opened.

    Pillow's own, which is for what is not compressed, is the more lenient one.
    """
    planes = tags.get(_PLANES) == _SEPARATE and tags.get(_SAMPLES, 1) > 1
    TiffImagePlugin.READ_LIBTIFF = planes or tags.get(_PHOTOMETRIC) == _YCBCR


def mend_order(image: TiffImagePlugin.TiffImageFile) -> None:
    """Let Pillow take samples that libtiff gives it as they are, before they are decoded."""
    for number, tile in enumerate(image.tile):
        if tile.codec_name == "libtiff" and isinstance(tile.args, tuple):
            rawmode, *more = tile.args
            image.tile[number] = tile._replace(args=(_NATIVE.get(rawmode, rawmode), *more))


def without_extra(image: TiffImagePlugin.TiffImageFile) -> Image.Image:
    """Grey that has one more sample a pixel as L, or as LA if that tells how clear it is."""
    tags = image.tag_v2
    white = tags.get(_PHOTOMETRIC, _WHITE_IS_ZERO)
    extra = tags.get(_EXTRA, ())
    if white not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO) or image.mode not in ("LA", "RGBA"):
        return image
    bands = image.split()
    if len(bands) == 4:
        order = {b"II": "little", b"MM": "big"}[tags.prefix]
        if image.use_load_libtiff:
            order = sys.byteorder
        bands = bands[order == "little" :: 2]
    grey, other = bands
    if white == _WHITE_IS_ZERO:
        grey = ImageChops.invert(grey)
    if extra[0] == _NO_MEANING:
        return grey
    if extra[0] == _ASSOCIATED:
        return ImageChops.add(grey, ImageChops.invert(other))
    return Image.merge("LA", (grey, other))
