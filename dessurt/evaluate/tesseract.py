"""Tesseract on the same crops, for comparison."""

from __future__ import annotations

import os
import subprocess

import cv2
import numpy as np

from dessurt import Page
from dessurt.page.marks import Box

MARGIN = 4  # pixels that it gets round a box
LINE, BLOCK, WORD = "7", "6", "8"  # page segmentation modes: what it is told to see


class TesseractError(RuntimeError):
    """Tesseract failed; the message says in one sentence what to do."""


def read(program: str, page: Page, box: Box, mode: str) -> str:
    """Its reading of a box of a page, page segmentation mode `LINE`, `BLOCK` or `WORD`.

    Raises:
        TesseractError: it failed.
    """
    done = subprocess.run(
        [program, "stdin", "stdout", "--psm", mode, "-l", "eng", "--dpi", "150"],
        input=cv2.imencode(".png", cropped(page, box, MARGIN))[1].tobytes(),
        capture_output=True,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise TesseractError(f"{program} failed ({said}): mend it, or pass --no-tesseract.")
    return done.stdout.decode("utf-8", "replace")


def cropped(page: Page, box: Box, margin: int) -> np.ndarray:
    """The box with a margin, cut at the page's edges: uint8 [h, w]."""
    x0, y0, x1, y1 = box
    top, left = max(int(y0) - margin, 0), max(int(x0) - margin, 0)
    crop = page.gray[top : int(y1) + margin + 1, left : int(x1) + margin + 1]
    return np.ascontiguousarray(np.rint(crop).astype(np.uint8))
