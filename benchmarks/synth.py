"""How many pages one core draws in a second, and how long each part takes.

    python -m benchmarks.synth [DOCUMENTS]

Times are CPU times, so other work on the machine does not count.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import pypdfium2 as pdfium

from dessurt.synth import KINDS, page
from dessurt.synth.page import OFTEN, SCALE, scan, truth_of
from dessurt.synth.sheet import Sheet, compiled


def main(documents: int) -> None:
    """Draw as many documents as asked for, part by part, and print a table."""
    cv2.setNumThreads(1)
    for seed in range(5):  # fonts and texts are read from disk only once
        page(seed)
    spent: Counter[str] = Counter()
    pages = letters = 0

    @contextmanager
    def part(name: str) -> Iterator[None]:
        start = time.process_time()
        yield
        spent[name] += time.process_time() - start

    for seed in range(documents):
        rng, noise = random.Random(seed), np.random.default_rng(seed)
        kind = rng.choices(list(KINDS), [OFTEN[name] for name in KINDS])[0]
        with part("text and layout"):
            sheet = Sheet(rng)
            source = KINDS[kind](sheet)
        with part("Typst"):
            pdf = compiled(source)
        with pdfium.PdfDocument(pdf) as opened:
            for each in opened:
                with part("pixels"):
                    pixels = each.render(scale=SCALE, grayscale=True).to_numpy()
                    pixels = pixels.reshape(pixels.shape[:2]).copy()
                with part("truth"):
                    truth = truth_of(each, sheet, kind, pixels.shape)
                if rng.random() < 0.4:
                    with part("scan effects"):
                        scan(pixels, truth, noise)
                pages += 1
                letters += sum(len(line.text) for line in truth.lines)
    print(f"{documents} documents, {pages} pages, {letters / pages:.0f} characters a page")
    for name, seconds in spent.most_common():
        print(f"{name:16} {seconds / pages * 1000:6.1f} ms a page")
    print(f"{'all':16} {spent.total() / pages * 1000:6.1f} ms a page, "
          f"{pages / spent.total():.1f} pages a second of one core")  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
