"""A pile of pages read by `dessurt batch`, against asking for one page after another.

    python -m benchmarks.batch                     # 100 synthetic pages, as many workers as cores
    python -m benchmarks.batch --pages 20 --workers 1 --folder SCANS

Both open the same files, find their lines and read them with the shipped checkpoint. One by one, a
line is read after the other with all cores; the batch reads the lines of a page together, in a
process on each core, and writes its records. What both have read is compared. Other work on the
machine counts: leave it alone meanwhile.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import cv2

from dessurt import Outcome, Page, Request, open_model
from dessurt.batch import read_files
from dessurt.batch.listing import READ_ALL
from dessurt.shipped import SHIPPED
from dessurt.synth import page


def main() -> None:
    """Read the pages both ways, in turns of ten, and print pages a minute."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--folder", type=Path, help="of images to read; default: drawn pages")
    parser.add_argument("--turns", type=int, default=2, help="in which both ways take turns")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        files = sorted(args.folder.iterdir()) if args.folder else drawn(args.pages, Path(scratch))
        files = files[: args.pages]
        seconds, same = {"one by one": 0.0, "batch": 0.0}, 0
        for turn in range(args.turns):
            some = files[turn :: args.turns]
            began = time.perf_counter()
            model = open_model(SHIPPED)
            texts = [Outcome.of(model.ask(Page.open(f), Request(READ_ALL))).text for f in some]
            seconds["one by one"] += time.perf_counter() - began
            began = time.perf_counter()
            out = Path(scratch, f"out {turn}")
            records = {record.file: record for record in read_files(
                some, out, workers=args.workers)}  # fmt: skip
            seconds["batch"] += time.perf_counter() - began
            same += sum(
                records[file.name].text == text for file, text in zip(some, texts, strict=True)
            )
    print(f"{len(files)} pages, {args.workers} workers; the same text of {same}")
    for way, spent in seconds.items():
        print(f"{way:12} {60 * len(files) / spent:6.1f} pages a minute")
    print(f"ratio        {seconds['one by one'] / seconds['batch']:6.2f}")


def drawn(count: int, folder: Path) -> list[Path]:
    """So many synthetic pages, in fonts that are never trained on where these are installed."""
    pages, files = (one for seed in range(count) for one in page(seed)), []
    for number, one in zip(range(count), pages, strict=False):
        files.append(folder / f"{number:04}.png")
        cv2.imwrite(str(files[-1]), one.pixels)
    return files


if __name__ == "__main__":
    main()
