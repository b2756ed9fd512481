"""TIFF files of given samples, written tag by tag."""

from __future__ import annotations

import struct
import zlib

import numpy as np

SHORT, LONG, RATIONAL = 3, 4, 5


def tiff(*images: dict[int, tuple[int, list[int]]], data: bytes = b"", order: str = "<") -> bytes:
    """A TIFF of these directories, tag to type and values; `data` follows the header at byte 8."""
    out = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(data)) + data
    for number, tags in enumerate(images):
        start = len(out)
        end = start + 2 + 12 * len(tags) + 4
        table, more = b"", b""
        for tag in sorted(tags):
            kind, values = tags[tag]
            packed = struct.pack(order + {SHORT: "H", LONG: "I", RATIONAL: "I"}[kind] * len(values),
                                 *values)  # fmt: skip
            count = len(values) // (2 if kind == RATIONAL else 1)
            if len(packed) > 4:
                packed, more = struct.pack(order + "I", end + len(more)), more + packed
            table += struct.pack(order + "HHI", tag, kind, count) + packed.ljust(4, b"\0")
        following = end + len(more) if number + 1 < len(images) else 0
        out += struct.pack(order + "H", len(tags)) + table + struct.pack(order + "I", following)
        out += more
    return out


def samples(
    *pages: np.ndarray,
    order: str = "<",
    compression: int = 1,
    tile: int | None = None,
    planes: bool = False,
    dpi: tuple[int, int, int, int] | None = None,
    **tags: list[int],
) -> bytes:
    """A TIFF of samples of any type.

    Args:
        pages: [H, W] or [H, W, n] each.
        order: of bytes, as in `struct`.
        compression: by its number; only 1 (none) and 8 (deflate) are done in fact.
        tile: pixels that the sides of a tile have; without it, one strip.
        planes: one strip for each sample of a pixel.
        dpi: across and down, each numerator and denominator.
        tags: more of them, by the names below.
    """
    data, directories = b"", []
    named = {"kind": 254, "photometric": 262, "orientation": 274, "largest": 281, "extra": 338,
             "subsampling": 530}  # fmt: skip
    for page in pages:
        height, width, *channels = page.shape
        count = (channels or [1])[0]
        stored = page.astype(page.dtype.newbyteorder(order))
        parts = [stored[..., n] for n in range(count)] if planes else [stored]
        if tile:
            margins = [(0, -height % tile), (0, -width % tile), (0, 0)]
            stored = np.pad(stored, margins[: page.ndim])
            parts = [stored[y : y + tile, x : x + tile]
                     for y in range(0, height, tile) for x in range(0, width, tile)]  # fmt: skip
        packed = [zlib.compress(part.tobytes()) if compression == 8 else part.tobytes()
                  for part in parts]  # fmt: skip
        starts = [8 + len(data) + sum(map(len, packed[:n])) for n in range(len(packed))]
        data += b"".join(packed)
        where = [324, 325] if tile else [273, 279]
        directory = {
            256: (LONG, [width]), 257: (LONG, [height]), 259: (SHORT, [compression]),
            262: (SHORT, [1]), 258: (SHORT, [8 * page.itemsize] * count), 277: (SHORT, [count]),
            where[0]: (LONG, starts), where[1]: (LONG, list(map(len, packed))),
            284: (SHORT, [2 if planes else 1]),
            339: (SHORT, [{"u": 1, "i": 2, "f": 3}[page.dtype.kind]] * count),
        }  # fmt: skip
        directory |= {322: (LONG, [tile]), 323: (LONG, [tile])} if tile else {278: (LONG, [height])}
        if dpi:
            directory |= {282: (RATIONAL, list(dpi[:2])), 283: (RATIONAL, list(dpi[2:]))}
        for name, values in tags.items():
            if channels or name != "extra":
                directory[named[name]] = SHORT, values
        directories.append(directory)
    data += bytes(len(data) % 2)
    return tiff(*directories, data=data, order=order)
