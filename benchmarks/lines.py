"""How well lines and their tilt are found, on pages that lie as in scans and photographs.

    python -m benchmarks.lines [PAGES] [FOLDER]

Synthetic pages are turned by up to 5 degrees; those of FOLDER (by default the pages beside the
repository, if they are there), each an image and a JSON file with "lines", are laid down in every
way of `WAYS`. A true line counts as found if a found one shares half of its area; a second figure
also counts cells and labels whose row was found as one line. Two angles are compared with the
true one: that of the line found, and that measured in a box drawn round the line. Times are CPU
times, so other work on the machine does not count.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from dessurt.page import Page, plane
from dessurt.page.line_height import marked_angle
from dessurt.page.lines import lines_of
from dessurt.page.marks import Marks
from dessurt.page.plane import corners_of, mapped, warped
from dessurt.synth import page as drawn

STEEPEST = 5.0  # degrees
OVERLAP = 0.5  # of the area of both
INSIDE = 0.6  # of the area of a cell lies in its row
FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "realpages_dev"

Placing = Callable[[np.ndarray], np.ndarray]  # points, float [..., 2], to the same shape


@dataclass
class Figures:
    """What was measured on pages that lie in one way."""

    found: list[bool] = field(default_factory=list)
    in_rows: list[bool] = field(default_factory=list)  # or a part of a row that was found
    off: list[float] = field(default_factory=list)  # degrees: the lines found
    marked: list[float] = field(default_factory=list)  # degrees: boxes round the true ones
    seconds: list[float] = field(default_factory=list)  # of each page

    def add(self, gray: np.ndarray, quads: np.ndarray) -> None:
        """Measure a page whose lines have these corners in reading order, [n, 4, 2]."""
        page = Page.from_array(gray)
        started = time.process_time()
        lines = lines_of(page)
        self.seconds.append(time.process_time() - started)
        outlines = np.array([line.outline() for line in lines]).reshape(-1, 4, 2)
        for quad in quads:
            angle = angle_of(quad)
            shared, best = max(
                ((overlap(quad, each), angle_of(each)) for each in near(quad, outlines)),
                default=(0.0, 0.0),
            )
            self.found.append(shared >= OVERLAP)
            if self.found[-1]:
                self.off.append(abs(best - angle))
            self.in_rows.append(self.found[-1] or any(
                overlap(row_in(each, quads), each) >= OVERLAP
                for each in near(quad, outlines)
                if covered(quad, each) >= INSIDE
            ))  # fmt: skip
            box = Marks.from_boxes(highlight=[(*quad.min(0), *quad.max(0))])
            self.marked.append(abs(marked_angle(page, box) - angle))

    def row(self) -> str:
        """The figures as a row of the table."""
        cells = [f"{len(self.found):6d}"]
        cells += [f"{np.mean(found):7.3f}" for found in (self.found, self.in_rows)]
        for off in (self.off, self.marked):
            cells += [f"{np.percentile(off, share):6.2f}" for share in (50, 95, 100)]
        return " ".join((*cells, f"{np.mean(self.seconds):7.3f}"))


def angle_of(quad: np.ndarray) -> float:
    """Degrees by which the upper and the lower side run down to the right."""
    (x, y) = quad[1] + quad[2] - quad[0] - quad[3]
    return float(np.degrees(np.arctan2(y, x)))


def near(quad: np.ndarray, outlines: np.ndarray) -> np.ndarray:
    """The outlines whose bounds meet those of a quad."""
    low, high = outlines.min(1), outlines.max(1)
    return outlines[((low < quad.max(0)) & (high > quad.min(0))).all(1)]


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """The intersection of two convex shapes over their union."""
    shared = shared_area(one, other)
    return shared / (area(one) + area(other) - shared)


def covered(quad: np.ndarray, by: np.ndarray) -> float:
    """The share of a quad's area that lies in another."""
    return shared_area(quad, by) / area(quad)


def row_in(line: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """The convex hull of all quads that lie in a line: [n, 2]."""
    inside = [quad for quad in near(line, quads) if covered(quad, line) >= INSIDE]
    return cv2.convexHull(np.float32(inside).reshape(-1, 2))[:, 0]


def shared_area(one: np.ndarray, other: np.ndarray) -> float:
    """The area that two convex shapes share."""
    return cv2.intersectConvexConvex(np.float32(one), np.float32(other))[0]


def area(shape: np.ndarray) -> float:
    """The area of a polygon, in page pixels."""
    return cv2.contourArea(np.float32(shape))


def turn(angle: float) -> Callable[[np.ndarray], tuple[np.ndarray, Placing]]:
    """Turn a page round its middle, clockwise as it looks."""

    def lay(gray: np.ndarray) -> tuple[np.ndarray, Placing]:
        height, width = gray.shape
        if not angle:
            return gray, lambda points: points
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 1.0)
        paper = float(np.median(gray))
        laid = warped(gray, matrix, (height, width), border=paper)
        return laid, lambda points: mapped(points, matrix)

    return lay


def perspective(gray: np.ndarray) -> tuple[np.ndarray, Placing]:
    """Show a page from the side: one corner lies a twentieth of the page further in."""
    height, width = gray.shape
    sides = corners_of((0, 0, width, height))
    seen = sides + np.array([[0.05, 0.02], [-0.03, 0], [0, 0], [0, -0.05]]) * (width, height)
    matrix = plane.perspective(sides, seen)
    return warped(gray, matrix, gray.shape), lambda points: mapped(points, matrix)


def spine(gray: np.ndarray) -> tuple[np.ndarray, Placing]:
    """Show a page of an open book: near the spine, on the left, lines run down to it."""
    height, width = gray.shape

    def fall(x: np.ndarray) -> np.ndarray:
        return 30 * np.exp(-x / (0.15 * width))

    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    rows = (y - fall(x)).astype(np.float32)
    laid = cv2.remap(gray, x, rows, cv2.INTER_LINEAR, borderValue=255)
    return laid, lambda points: points + np.stack([0 * points[..., 0], fall(points[..., 0])], -1)


WAYS = {
    **{f"turned by {angle:g}": turn(angle) for angle in (0, 0.5, 1, 2, 5, 10)},
    "perspective": perspective,
    "spine": spine,
}


def synthetic(pages: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield so many pages, each turned by an angle of its own, with the corners of their lines."""
    rng = np.random.default_rng(0)
    for seed in range(pages):
        shown = drawn(seed, scans=0)[0]
        laid, place = turn(float(rng.uniform(-STEEPEST, STEEPEST)))(shown.pixels)
        quads = np.array([line.quad(0, len(line.text) - 1) for line in shown.truth.lines])
        yield laid, place(quads)


def real(folder: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the pages of a folder with the corners of their lines."""
    for file in sorted(folder.glob("*.json")):
        told = json.loads(file.read_text("utf-8"))
        boxes = np.array([line["box"] for line in told.get("lines", ()) if line["eval"]])
        if len(boxes):
            gray = Page.open(folder / told["image"]).gray.astype(np.uint8)
            yield gray, boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]


def main(pages: int, folder: Path) -> None:
    """Print the table."""
    cv2.setNumThreads(1)
    print(" " * 24 + "lines  recall in rows    p50    p95    max  m-p50  m-p95  m-max  CPU s")
    figures = Figures()
    for gray, quads in synthetic(pages):
        figures.add(gray, quads)
    print(f"{'synthetic':22} {figures.row()}")
    for name, lay in WAYS.items() if folder.is_dir() else ():
        figures = Figures()
        for gray, quads in real(folder):
            laid, place = lay(gray)
            figures.add(laid, place(quads))
        print(f"{name:22} {figures.row()}", flush=True)


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    main(int(given.get(1, 200)), Path(given.get(2, FOLDER)))
