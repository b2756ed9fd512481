"""The samples of a page: of any depth and kind, they become the right greys, or are refused."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiffs import samples

from dessurt.page import Page, PageError


def opened(tmp_path: Path, content: bytes, name: str = "page.tif") -> np.ndarray:
    (tmp_path / name).write_bytes(content)
    return Page.open(tmp_path / name).pixels


RAMP = np.linspace(0, 1, 8)[None].repeat(6, 0)  # black on the left
SHOWN = np.rint(255 * RAMP)


@pytest.mark.parametrize(
    ("white", "kind"),
    [(65535, np.uint16), (4095, np.uint16), (1023, np.uint16), (2**32 - 1, np.uint32),
     (65535, np.uint32), (2**31 - 1, np.int32)],
)  # fmt: skip
def test_deep_grey_uses_its_range(white, kind, tmp_path):
    pixels = opened(tmp_path, samples((RAMP * white).astype(kind)))
    np.testing.assert_allclose(pixels, SHOWN, atol=1)


def test_deep_grey_whose_white_is_zero(tmp_path):
    values = ((1 - RAMP) * 65535).astype(np.uint16)
    np.testing.assert_allclose(opened(tmp_path, samples(values, photometric=[0])), SHOWN, atol=1)


def test_the_largest_sample_that_a_file_tells_is_white(tmp_path):
    values = (RAMP * 500).astype(np.uint16)
    pixels = opened(tmp_path, samples(values, largest=[1000]))
    np.testing.assert_allclose(pixels, SHOWN / 2, atol=1)


def test_grey_with_a_channel_of_no_meaning(tmp_path):
    values = np.stack([SHOWN, np.full_like(SHOWN, 7)], -1).astype(np.uint8)
    pixels = opened(tmp_path, samples(values, extra=[0]))
    np.testing.assert_allclose(Page.from_array(pixels).gray, SHOWN, atol=1)


def test_signed_samples_of_16_bits_reach_white(tmp_path):
    values = (RAMP * (2**15 - 1)).astype(np.int16)
    np.testing.assert_allclose(opened(tmp_path, samples(values)), SHOWN, atol=1)


@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [np.uint16, np.int16, np.uint32, np.int32, np.float32])
def test_samples_in_the_order_of_bytes_of_another_machine(kind, order, compression, tmp_path):
    white = 1 if kind is np.float32 else np.iinfo(kind).max
    content = samples((RAMP * white).astype(kind), order=order, compression=compression)
    np.testing.assert_allclose(opened(tmp_path, content), SHOWN, atol=1)


@pytest.mark.parametrize("kind", [np.uint16, np.int16, np.uint32, np.int32])
@pytest.mark.parametrize("order", ["<", ">"])
def test_deep_grey_of_both_orders_whose_white_is_zero(kind, order, tmp_path):
    white = np.iinfo(kind).max
    content = samples(((1 - RAMP) * white).astype(kind), order=order, photometric=[0])
    np.testing.assert_allclose(opened(tmp_path, content), SHOWN, atol=1)


@pytest.mark.parametrize("white", [1, 255, 65535])
def test_floats_that_overshoot(white, tmp_path):
    values = (RAMP * white).astype(np.float32)
    values[0, -1] *= 1.02
    np.testing.assert_allclose(opened(tmp_path, samples(values)), SHOWN, atol=1)


def test_floats_that_are_no_numbers(tmp_path):
    values = RAMP.astype(np.float32)
    values[0, :3] = np.inf, -np.inf, np.nan
    right = SHOWN.copy()
    right[0, :3] = 255, 0, 0
    np.testing.assert_allclose(opened(tmp_path, samples(values)), right, atol=1)


# Grey with one more sample a pixel

MORE = np.where(np.arange(8) < 4, 255, 51)[None].repeat(6, 0)  # a fifth on the right


@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("scale", [1, 257])
@pytest.mark.parametrize(
    ("extra", "grey", "shown"),
    [(0, SHOWN, SHOWN),
     (1, SHOWN * MORE / 255, SHOWN * MORE / 255 + 255 - MORE),
     (2, SHOWN, SHOWN * MORE / 255 + 255 - MORE)],
)  # fmt: skip
def test_grey_with_one_more_sample(extra, grey, shown, scale, order, compression, tmp_path):
    """Which may have no meaning, or tell how clear a pixel is."""
    values = (np.stack([grey, MORE], -1).astype(int) * scale).astype(f"u{1 if scale == 1 else 2}")
    content = samples(values, extra=[extra], order=order, compression=compression)
    pixels = opened(tmp_path, content)
    np.testing.assert_allclose(Page.from_array(pixels).gray, shown, atol=2)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("tile", [None, 16])
def test_grey_with_one_more_sample_is_turned_as_it_says(orientation, tile, tmp_path):
    """Whose width is no multiple of its tile's, and whose pixels are not square."""
    right = np.random.default_rng(0).integers(0, 256, (30, 21, 2), dtype=np.uint8)
    stored = {
        1: right, 2: right[:, ::-1], 3: right[::-1, ::-1], 4: right[::-1],
        5: right.swapaxes(0, 1), 6: np.rot90(right), 7: right[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(right, -1),
    }[orientation]  # fmt: skip
    options = {"extra": [0], "orientation": [orientation], "tile": tile}
    pixels = opened(tmp_path, samples(stored, **options))
    np.testing.assert_array_equal(pixels, right[..., 0])
    content = samples(stored, dpi=(204, 1, 98, 1), **options)
    long = (60, 21) if orientation < 5 else (30, 42)
    assert opened(tmp_path, content).shape == long


def test_pages_of_grey_with_one_more_sample_are_counted(tmp_path):
    pages = [np.full((6, 8, 2), tone, np.uint8) for tone in (10, 90, 200)]
    (tmp_path / "a.tif").write_bytes(samples(*pages, extra=[0]))
    assert Page.count(tmp_path / "a.tif") == 3
    assert [Page.open(tmp_path / "a.tif", n).pixels.mean() for n in range(3)] == [10, 90, 200]


def test_a_page_of_another_kind_than_the_first(tmp_path):
    pages = [np.full((6, 8), 10, np.uint8), np.full((6, 8, 2), 90, np.uint8)]
    (tmp_path / "a.tif").write_bytes(samples(*pages, extra=[0]))
    assert Page.open(tmp_path / "a.tif", 1).pixels.mean() == 90


# Colour


def short(tag: int, value: int) -> bytes:
    """How a tag with one number stands in a directory."""
    return struct.pack("<HHIHH", tag, 3, 1, value, 0)


COLOURS = np.random.default_rng(0).integers(0, 256, (24, 20, 3))


@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("planes", [False, True])
@pytest.mark.parametrize("scale", [1, 257])
def test_colour_in_planes(scale, planes, order, compression, tmp_path):
    values = (COLOURS * scale).astype(f"u{1 if scale == 1 else 2}")
    options = {"photometric": [2], "planes": planes, "order": order, "compression": compression}
    np.testing.assert_array_equal(opened(tmp_path, samples(values, **options)), COLOURS)
    more = np.concatenate([values, values[..., :1]], -1)
    pixels = opened(tmp_path, samples(more, extra=[0], **options))
    np.testing.assert_array_equal(pixels, COLOURS)


@pytest.mark.parametrize("compression", [1, 8])
def test_ycbcr_that_is_no_jpeg(compression, tmp_path):
    """On a later page, too, whose first is of another kind."""
    values = np.asarray(Image.fromarray(COLOURS.astype(np.uint8)).convert("YCbCr"))
    content = samples(values, values, photometric=[6], subsampling=[1, 1], compression=compression)
    content = content.replace(short(262, 6), short(262, 2), 1)
    np.testing.assert_array_equal(opened(tmp_path, content), values)
    page = Page.open(tmp_path / "page.tif", 1)
    np.testing.assert_allclose(page.pixels, COLOURS, atol=3)


# PNG: the one colour that stands for what is clear


def png(values: np.ndarray, bits: int, clear: list[int]) -> bytes:
    """Grey [H, W] or colour [H, W, 3] of so many bits; the width fills its last byte."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    height, width = values.shape[:2]
    each = values.reshape(height, -1, 1).astype(int) >> np.arange(bits)[::-1] & 1
    rows = np.packbits(each.reshape(height, -1).astype(np.uint8), axis=1)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    kind = 2 if values.ndim == 3 else 0
    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    told = struct.pack(f">{len(clear)}H", *clear)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"tRNS", told)
    return content + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def test_deep_grey_with_transparent_paper(tmp_path):
    values = np.full((4, 4), 300)
    values[:, 2:] = 0
    pixels = opened(tmp_path, png(values, 16, [0]), "page.png")
    assert (pixels[:, 2:] == 255).all() and (pixels[:, :2] < 255).all()


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("ignored", [0, 0x300])
def test_shallow_grey_with_transparent_paper(bits, ignored, tmp_path):
    most = 2**bits - 1
    values = np.zeros((8, 8), int)
    values[:, 4:6], values[:, 6:] = 1, most - 1
    right = values * 255 // most
    right[:, 4:6] = 255
    pixels = opened(tmp_path, png(values, bits, [1 + ignored]), "page.png")
    np.testing.assert_array_equal(pixels, right)


@pytest.mark.parametrize("bits", [8, 16])
def test_colour_with_transparent_paper(bits, tmp_path):
    """A colour that differs in the last bit only is another."""
    scale = 2 ** (bits - 8)
    paper = np.array([18, 52, 86]) * scale + scale // 3
    values = np.broadcast_to(paper, (8, 8, 3)).copy()
    values[:, 4:, 2] += 1
    right = values // scale
    right[:, :4] = 255
    pixels = opened(tmp_path, png(values, bits, paper.tolist()), "page.png")
    np.testing.assert_array_equal(pixels, right)


# What is refused


@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("extra", [0, 1, 2])
def test_a_plane_beside_grey_is_passed_over_or_refused(extra, compression, tmp_path):
    values = np.stack([SHOWN, MORE], -1).astype(np.uint8)
    content = samples(values, extra=[extra], compression=compression, planes=True)
    if extra == 0:
        np.testing.assert_array_equal(opened(tmp_path, content), SHOWN)
    else:
        with pytest.raises(PageError, match="a TIFF with transparency in a plane of its own"):
            opened(tmp_path, content)


@pytest.mark.parametrize(
    ("compression", "name"),
    [(34712, "JPEG 2000"), (50002, "JPEG XL"), (22610, "JPEG XR"), (34933, "PNG"), (50001, "WebP"),
     (0, "number 0"), (9, "number 9"), (99, "number 99"), (65000, "number 65000")],
)  # fmt: skip
@pytest.mark.parametrize("shape", [(40, 30), (40, 30, 3)])
def test_a_compression_that_nobody_decodes_is_named(compression, name, shape, tmp_path):
    colour = {"photometric": [2]} if len(shape) == 3 else {}
    content = samples(np.full(shape, 200, np.uint8), compression=compression, **colour)
    with pytest.raises(PageError, match=f"a TIFF with the compression {name}, which is not read"):
        opened(tmp_path, content)


def test_signed_samples_of_8_bits_are_named(tmp_path):
    with pytest.raises(PageError, match="a TIFF with signed samples of 8 bits, which is not read"):
        opened(tmp_path, samples((RAMP * 127).astype(np.int8)))


@pytest.mark.parametrize("kind", [np.float64, np.float16])
def test_samples_that_are_not_read_are_no_black_page(kind, tmp_path):
    with pytest.raises(PageError, match="or of a kind that is not read: save it anew, or as PNG"):
        opened(tmp_path, samples(RAMP.astype(kind)))


def test_a_later_page_that_is_not_read(tmp_path):
    content = samples(RAMP.astype(np.float32), RAMP.astype(np.float32))
    before, tag, after = content.rpartition(short(259, 1))
    path = tmp_path / "a.tif"
    path.write_bytes(before + short(259, 34712) + after)
    assert tag and Page.count(path) == 2
    np.testing.assert_allclose(Page.open(path).pixels, SHOWN, atol=1)
    with pytest.raises(PageError, match="a TIFF with the compression JPEG 2000"):
        Page.open(path, 1)


def test_a_mask_before_the_page_is_passed_over(tmp_path):
    content = samples(SHOWN.astype(np.uint8), 255 - SHOWN.astype(np.uint8), kind=[0])
    for tag, value, of_mask in ((254, 0, 4), (258, 8, 1), (262, 1, 4)):
        content = content.replace(short(tag, value), short(tag, of_mask), 1)
    np.testing.assert_array_equal(opened(tmp_path, content), 255 - SHOWN)
    assert Page.count(tmp_path / "page.tif") == 1


def test_a_big_endian_bigtiff_is_named(tmp_path):
    """Of which Pillow does not find the pages."""
    header = b"MM" + struct.pack(">HHHQ", 43, 8, 0, 16)
    directory = struct.pack(">QHHQHxxxxxx", 1, 256, 3, 1, 30) + bytes(8)
    with pytest.raises(PageError, match="is a big-endian BigTIFF, which is not read"):
        opened(tmp_path, header + directory)
