"""The pages of a TIFF file, counted without reading what is on them.

A file is a chain of directories, each of one image (TIFF revision 6.0, Adobe 1992, section 2;
BigTIFF has wider numbers). Pillow goes through a chain of n in a time that grows as n * n, and
takes thumbnails for pages.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

MOST_PAGES = 50_000
_KIND, _OLD_KIND = 254, 255  # NewSubfileType: bit 0 is set for a smaller copy; SubfileType: 2
_SMALLER, _OLD_SMALLER = 1, 2
_ENTRIES_AT_MOST = 4096  # in a directory; they are in the order of their tags


def page_numbers(file: BinaryIO) -> list[int]:
    """Which images of a TIFF file are pages and no thumbnails; the first, if all are these.

    Raises:
        ValueError: the chain is cut off or endless.
    """
    file.seek(0)
    order = {b"II": "<", b"MM": ">"}[file.read(2)]
    big = struct.unpack(order + "H", file.read(2))[0] == 43
    file.seek(8 if big else 4)
    pointer, number = (order + "Q", order + "Q") if big else (order + "I", order + "H")
    entry = order + ("HHQQ" if big else "HHII")
    small = order + ("HHQH6x" if big else "HHIH2x")  # a value of 16 bits stands first in its field
    pages, seen, image = [], set(), 0
    offset = _read(file, pointer)
    while offset:
        if offset in seen or image >= MOST_PAGES:
            raise ValueError("a chain of directories that does not end")
        seen.add(offset)
        try:
            file.seek(offset)
            count = _read(file, number)
            if count > _ENTRIES_AT_MOST:
                raise ValueError("no directory")
            size = struct.calcsize(entry)
            table = file.read(count * size)
            kinds = {}
            for start in range(0, count * size, size):
                tag, kind, *_ = struct.unpack_from(entry, table, start)
                if tag > _OLD_KIND:
                    break
                layout = small if kind == 3 else entry
                kinds[tag] = struct.unpack_from(layout, table, start)[3]
            following = _read(file, pointer)
        except (struct.error, OverflowError, OSError):  # to open what is whole would hide the rest
            raise ValueError("a chain of directories that is cut off") from None
        if not (kinds.get(_KIND, 0) & _SMALLER or kinds.get(_OLD_KIND) == _OLD_SMALLER):
            pages.append(image)
        image, offset = image + 1, following
    return pages or [0]


def _read(file: BinaryIO, layout: str) -> int:
    number: int = struct.unpack(layout, file.read(struct.calcsize(layout)))[0]
    return number
