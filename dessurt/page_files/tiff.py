"""The pages of a TIFF file, counted without reading what is on them.

A file is a chain of directories, each of one image (TIFF revision 6.0, Adobe 1992, section 2;
BigTIFF has wider numbers). Pillow goes through a chain of n in a time that grows as n * n, and
takes thumbnails for pages.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

MOST_PAGES = 50_000
# NewSubfileType: bit 0 is set for a smaller copy, bit 2 for a mask; SubfileType: 2, a smaller copy
_KIND, _OLD_KIND = 254, 255
_SMALLER, _MASK, _OLD_SMALLER = 1, 4, 2
_ENTRIES_AT_MOST = 4096  # in a directory; they are in the order of their tags
_SHORT = 3  # the type of a value of 16 bits
_ANY = 65_535


def page_numbers(file: BinaryIO) -> list[int]:
    """Which images of a TIFF file are pages, not thumbnails or masks; the first, if none is one.

    Raises:
        ValueError: the chain is cut off or endless.
    """
    pages = [
        number
        for number, tags in enumerate(_directories(file, _OLD_KIND))
        if not (tags.get(_KIND, 0) & (_SMALLER | _MASK) or tags.get(_OLD_KIND) == _OLD_SMALLER)
    ]
    return pages or [0]


def tags(file: BinaryIO, number: int) -> dict[int, int]:
    """The tags of an image of a TIFF file, each with its first value, or where its values stand.

    Raises:
        ValueError: the chain is cut off or endless, or there is no such image.
    """
    for each, found in enumerate(_directories(file, _ANY)):
        if each == number:
            return found
    raise ValueError("no such image")


def _directories(file: BinaryIO, last: int) -> Iterator[dict[int, int]]:
    """The directories of a file, each with its tags up to `last`."""
    file.seek(0)
    order = {b"II": "<", b"MM": ">"}[file.read(2)]
    big = struct.unpack(order + "H", file.read(2))[0] == 43
    file.seek(8 if big else 4)
    pointer, number = (order + "Q", order + "Q") if big else (order + "I", order + "H")
    entry = order + ("HHQQ" if big else "HHII")
    small = order + ("HHQH6x" if big else "HHIH2x")  # a value of 16 bits stands first in its field
    room = 8 if big else 4
    seen: set[int] = set()
    offset = _read(file, pointer)
    while offset:
        if offset in seen or len(seen) >= MOST_PAGES:
            raise ValueError("a chain of directories that does not end")
        seen.add(offset)
        try:
            file.seek(offset)
            count = _read(file, number)
            if count > _ENTRIES_AT_MOST:
                raise ValueError("no directory")
            size = struct.calcsize(entry)
            table = file.read(count * size)
            found = {}
            for start in range(0, count * size, size):
                tag, kind, values, value = struct.unpack_from(entry, table, start)
                if tag > last:
                    break
                if kind == _SHORT and 2 * values <= room:
                    value = struct.unpack_from(small, table, start)[3]
                found[tag] = value
            following = _read(file, pointer)
        except (struct.error, OverflowError, OSError):  # to open what is whole would hide the rest
            raise ValueError("a chain of directories that is cut off") from None
        yield found
        offset = following


def _read(file: BinaryIO, layout: str) -> int:
    number: int = struct.unpack(layout, file.read(struct.calcsize(layout)))[0]
    return number
