"""Small files made to do harm: they take long to open, or claim or unpack to very much."""

from __future__ import annotations

import struct
import zlib


def hostile_files() -> dict[str, bytes]:
    """One file of each kind, by its name."""
    return {
        "nested.pdf": nested_pdf(),
        "unpacks.pdf": _pdf(b"/Filter/FlateDecode", _gigabyte(), b""),
        "scans.jpg": jpeg_of_scans(),
        "pages.tif": tiff_of_pages(20_000),
        "claims.webp": WEBP,
    }


# 34 bytes that say they are 16,383 x 3,900 pixels.
WEBP = b"RIFF\x1a\0\0\0WEBPVP8L\x0e\0\0\0" + bytes.fromhex("2ffeffce03071011fd0f4444ff03")


def nested_pdf(depth: int = 7) -> bytes:
    """A page that draws a form ten times, which draws another one ten times, and so on."""
    forms = b""
    for number in range(5, 5 + depth):
        body = b"/F Do\n" * 10 if number < 4 + depth else b"0 0 600 800 re f\n" * 10
        within = b"/Resources<</XObject<</F %d 0 R>>>>" % (number + 1)
        forms += (
            b"%d 0 obj\n<</Type/XObject/Subtype/Form/BBox[0 0 600 800]%s/Length %d>>stream\n%s\n"
            b"endstream\nendobj\n"
        ) % (number, within, len(body), body)
    return _pdf(b"", b"/F Do", forms)


def _pdf(filters: bytes, content: bytes, more: bytes) -> bytes:
    return (
        b"%%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
        b"2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
        b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R"
        b"/Resources<</XObject<</F 5 0 R>>>>>>\nendobj\n"
        b"4 0 obj\n<<%s/Length %d>>stream\n%s\nendstream\nendobj\n%strailer\n<</Root 1 0 R>>\n"
    ) % (filters, len(content), content, more)


def _gigabyte() -> bytes:
    """A gigabyte of spaces, packed into a megabyte."""
    packer = zlib.compressobj(9)
    blank = b" " * 2**20
    return b"".join(packer.compress(blank) for _ in range(2**10)) + packer.flush()


def jpeg_of_scans(side: int = 8000, scans: int = 5000) -> bytes:
    """A blank progressive JPEG that goes over all of its blocks again and again."""

    def segment(mark: int, content: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, mark, len(content) + 2) + content

    def scan(first: int, last: int, bits: int) -> bytes:
        return segment(0xDA, bytes((1, 1, 0, first, last, 0))) + bytes(bits // 8 + 1)

    def code(kind: int, symbol: int) -> bytes:  # the bit 0 stands for this symbol
        return segment(0xC4, bytes((kind, 1, *[0] * 15, symbol)))

    blocks = (side // 8) ** 2
    skip = 2**14  # blocks without another coefficient, told by 15 bits
    return (
        b"\xff\xd8"
        + segment(0xDB, bytes((0, *[1] * 64)))
        + segment(0xC2, struct.pack(">BHHBBBB", 8, side, side, 1, 1, 0x11, 0))
        + code(0x00, 0)
        + code(0x10, 0xE0)
        + scan(0, 0, blocks)
        + scan(1, 63, 15 * (blocks // skip + 1)) * scans
        + b"\xff\xd9"
    )


def tiff_of_pages(count: int) -> bytes:
    """Blank pages of 8 x 8, all with the same pixels."""
    tags = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 8, 279: 64}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    start, length = 8 + 64, 2 + len(entries) + 4
    pages = [
        struct.pack("<H", len(tags)) + entries + struct.pack("<I", start + number * length)
        for number in range(1, count)
    ]
    last = struct.pack("<H", len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", start) + b"\xc8" * 64 + b"".join([*pages, last])
