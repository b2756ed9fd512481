"""Synthetic pages: the same seed, the same bytes; every character stands where it is said to."""

import random
import string

import numpy as np
import pytest

pytest.importorskip("typst")

from dessurt.synth import Writer, layout, page  # noqa: E402
from dessurt.synth import text as words  # noqa: E402
from dessurt.synth.page import _drawn  # noqa: E402
from dessurt.synth.scan import scanned  # noqa: E402


def printed(source: str):
    """The page of a Typst source, as drawn."""
    import pypdfium2 as pdfium

    with pdfium.PdfDocument(layout.compiled(source)) as pdf:
        return _drawn(pdf[0])


def test_same_seed_same_bytes_other_seed_other_page():
    first, again, other = page(11), page(11), page(12)
    assert [p.pixels.tobytes() for p in first] == [p.pixels.tobytes() for p in again]
    assert [[line.text for line in p.lines] for p in first] == [
        [line.text for line in p.lines] for p in again
    ]
    assert first[0].pixels.tobytes() != other[0].pixels.tobytes()


def test_a_known_line_is_found_with_its_text():
    drawn = printed('#set page(width: 300pt, height: 100pt)\n#"Total: 12.50 kg"\\ #"second"')
    assert [line.text for line in drawn.lines] == ["Total: 12.50 kg", "second"]


def test_ink_stands_at_every_character_and_nowhere_between_the_lines():
    drawn = printed('#set page(width: 300pt, height: 100pt)\n#"HIMNUE 0123"\\ \\ #"XYZ"')
    for line in drawn.lines:
        for letter, ((x0, y), (x1, _)) in zip(line.text, line.ends, strict=True):
            column = drawn.pixels[int(y) - 4 : int(y) + 5, int(x0) : int(x1) + 1]
            assert (column.min() < 128) == (letter != " "), letter
    first, second = (line.box for line in drawn.lines)
    assert drawn.pixels[int(first[3]) + 2 : int(second[1]) - 2].min() > 250


def test_cells_of_a_table_are_lines_of_their_own():
    drawn = printed(
        '#set page(width: 400pt, height: 100pt)\n#table(columns: (1fr, 1fr), "ab", "cd")'
    )
    assert [line.text for line in drawn.lines] == ["ab", "cd"]


def test_a_scan_moves_the_points_with_the_ink():
    pixels = np.full((400, 600), 255, np.uint8)
    pixels[100:110, 500:510] = 0
    turned = 0
    for seed in range(12):
        scan, affine = scanned(pixels, np.random.default_rng(seed))
        dark = np.argwhere(scan < int(scan.min()) + 40)
        y, x = dark.mean(0) + 0.5
        expected = affine @ (505.0, 105.0, 1.0)
        turned += abs(expected[0] - 505) + abs(expected[1] - 105) > 0.5
        assert np.allclose((x, y), expected, atol=1.0)
    assert turned >= 3


def test_the_writer_repeats_itself_for_a_seed_and_keeps_to_its_alphabet():
    def texts(seed: int) -> list[str]:
        write = Writer(random.Random(seed))
        kinds = (write.heading, write.code, write.value, write.item, write.field, write.scramble)
        return [kind() for _ in range(30) for kind in kinds] + [write.prose(20)]

    assert texts(5) == texts(5)
    assert texts(5) != texts(6)
    assert set(string.ascii_letters + string.digits) <= set(words.ALPHABET)


def test_clean_resolves_ligatures_and_drops_what_is_not_printed():
    assert words.clean("ﬁnd …  x\u4e2dy") == "find ... x y"
