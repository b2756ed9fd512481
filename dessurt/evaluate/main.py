"""Character error rate of reading highlighted lines of real pages, Tesseract's beside it.

    python -m dessurt.evaluate --set realpages --data DIR [--degraded] [--checkpoint DIR]

The line's box is the highlight (on turned scans: its words' boxes). Texts are compared after
Unicode NFKC with white space folded; the rate is the sum of edit distances over the sum of
lengths. Tesseract gets the line's box with a margin of 4 pixels and is told that it is one line.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

from dessurt import Marks, Page, Request, Text, open_model
from dessurt.evaluate.realpages import RealLine, lines
from dessurt.instrument import DessurtInstrument

TESSERACT_MARGIN = 4
CHECKPOINT = Path("checkpoints/dessurt-small")


@dataclass
class Score:
    """Sums of edit distances and lengths."""

    errors: int = 0
    letters: int = 0

    def add(self, truth: str, answer: str) -> int:
        """Count one line; its edit distance."""
        truth, answer = folded(truth), folded(answer)
        distance = Levenshtein.distance(truth, answer)
        self.errors, self.letters = self.errors + distance, self.letters + len(truth)
        return distance

    @property
    def percent(self) -> float:
        """The character error rate."""
        return 100 * self.errors / max(self.letters, 1)


def folded(text: str) -> str:
    """NFKC, white space folded."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def main(argv: Sequence[str] | None = None) -> int:
    """Measure a checkpoint's reading of highlighted lines."""
    parser = argparse.ArgumentParser(prog="dessurt evaluate", description=main.__doc__)
    parser.add_argument("--set", choices=["realpages"], default="realpages", dest="which")
    parser.add_argument("--data", type=Path, required=True, help="folder of pages and truths")
    parser.add_argument("--degraded", action="store_true", help="its scanned versions instead")
    parser.add_argument("--checkpoint", default=str(CHECKPOINT))
    parser.add_argument("--limit", type=int, help="about so many lines, spread evenly")
    parser.add_argument("--worst", type=int, default=0, help="show so many of the worst lines")
    parser.add_argument("--no-tesseract", action="store_true")
    args = parser.parse_args(argv)
    found = lines(args.data, args.degraded)
    if not found:
        parser.error(f"no pages with lines to measure in {args.data}: give the folder of the set.")
    if args.limit and args.limit < len(found):
        found = [found[i * len(found) // args.limit] for i in range(args.limit)]
    model = open_model(args.checkpoint)
    tesseract = None if args.no_tesseract else shutil.which("tesseract")
    ours, theirs, mistakes = Score(), Score(), []
    began = time.perf_counter()
    for line in found:
        answer = read(model, line)
        distance = ours.add(line.text, answer)
        mistakes.append((distance, folded(line.text), folded(answer)))
        if tesseract:
            theirs.add(line.text, read_by_tesseract(tesseract, line))
    seconds = time.perf_counter() - began
    for distance, truth, answer in sorted(mistakes, reverse=True)[: args.worst]:
        print(f"{distance:4d}  {truth}\n      {answer}")
    kind = "degraded" if args.degraded else "clean"
    print(f"{args.which} {kind}: {len(found)} lines, {ours.letters} characters, {seconds:.0f} s")
    print(f"  {'w0> of ' + model.card.name:32s} CER {ours.percent:6.2f} %")
    if tesseract:
        print(f"  {'Tesseract --psm 7':32s} CER {theirs.percent:6.2f} %")
    else:
        print("  Tesseract is not installed" if not args.no_tesseract else "  Tesseract left out")
    return 0


def read(model: DessurtInstrument, line: RealLine) -> str:
    """The checkpoint's answer to `w0>` with the line highlighted."""
    request = Request("w0>", marks=Marks.from_boxes(highlight=list(line.highlight)), max_tokens=160)
    events = model.ask(line.page, request)
    return "".join(event.delta for event in events if isinstance(event, Text))


def read_by_tesseract(program: str, line: RealLine) -> str:
    """Tesseract's reading of the line's box."""
    crop = cropped(line.page, line.box, TESSERACT_MARGIN)
    done = subprocess.run(
        [program, "stdin", "stdout", "--psm", "7", "-l", "eng", "--dpi", "150"],
        input=cv2.imencode(".png", crop)[1].tobytes(),
        capture_output=True,
        check=True,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )
    return done.stdout.decode("utf-8", "replace")


def cropped(page: Page, box: tuple[float, float, float, float], margin: int) -> np.ndarray:
    """The box with a margin, cut at the page's edges: uint8 [h, w]."""
    x0, y0, x1, y1 = box
    top, left = max(int(y0) - margin, 0), max(int(x0) - margin, 0)
    return np.ascontiguousarray(page.gray[top : int(y1) + margin + 1, left : int(x1) + margin + 1])
