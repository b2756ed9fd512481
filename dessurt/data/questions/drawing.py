"""Highlights and masks as people draw them, round text whose place is known.

Text is given in parts of lines: a `Word` that may stretch over several words, mostly one a line.
A part is fenced by an upright box, or, where its line is so turned that a box would reach into
its neighbours, by a quadrangle (a lasso). The same random generator gives the same shapes. All
is in page pixels; margins are how far a fence stands off: before, above, after and below.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np

from dessurt.page.marks import Shape
from dessurt.truth import Word

LEVEL = 0.4  # of a line's height: what rises less is fenced by an upright box
SPILL = 2.0  # page pixels that a mask reaches over what it hides, as in the original


def split(part: Word) -> list[Word]:
    """The words that a part of a line holds whole, from left to right."""
    return [w for w in part.line.words if part.first <= w.first and w.last <= part.last]


def exact(parts: Sequence[Word]) -> tuple[Shape, ...]:
    """The truth of a region: each part to the pixel, as highlight shapes."""
    return tuple(_fence("highlight", part.quad, 1.0) for part in parts)


def outline(parts: Sequence[Word]) -> Shape:
    """The truth of a block: one highlight shape round all parts, turned with the text."""
    return _fence("highlight", _round(parts), 1.0)


def highlight(parts: Sequence[Word], rng: random.Random) -> tuple[Shape, ...]:
    """Mark parts of lines, all in the same manner.

    A box that is exact, or misses or spills a little; a thick brush stroke along each part; or a
    box for every word, which is the usual way on a turned page.
    """
    kind = rng.random()
    turned = any(_rise(part.quad) > LEVEL * part.line.height for part in parts)
    if kind < 0.12 and all(_length(part.quad) > part.line.height for part in parts):
        radius = rng.uniform(0.35, 0.55)
        return tuple(_stroke("highlight", part, 0.35, radius, rng) for part in parts)
    if kind < (0.5 if turned else 0.24):
        return tuple(
            _box("highlight", word, (0, rng.uniform(-0.03, 0.03), 0, rng.uniform(-0.03, 0.03)))
            for part in parts
            for word in split(part) or [part]
        )
    if kind < 0.6:
        return tuple(_box("highlight", part, (0, 0, 0, 0)) for part in parts)
    margins = _sloppy(rng)
    return tuple(_box("highlight", part, margins) for part in parts)


def highlight_block(parts: Sequence[Word], rng: random.Random) -> tuple[Shape, ...]:
    """Mark lines that belong together: one box, one lasso, or each line as `highlight` does."""
    kind = rng.random()
    if kind < 0.15:
        return (outline(parts),)
    if kind < 0.4:
        tall = parts[0].line.height
        margins = [margin * tall for margin in _sloppy(rng)]
        return (_fence("highlight", _grown(_round(parts), margins), LEVEL * tall),)
    if kind < 0.6:
        return (_lasso(parts, rng),)
    return highlight(parts, rng)


def mask(part: Word, rng: random.Random) -> Shape:
    """Hide a part of a line, all of it and little else: by a box or a brush stroke."""
    kind, tall = rng.random(), part.line.height
    if kind < 0.15 and _length(part.quad) > tall:
        return _stroke("mask", part, 0.3, rng.uniform(0.58, 0.63), rng)
    if kind < 0.6:
        return _fence("mask", _grown(part.quad, (SPILL,) * 4), LEVEL * tall)
    return _box("mask", part, [rng.uniform(0.05, most) for most in (0.15, 0.25, 0.15, 0.25)])


def mask_beside(word: Word, after: bool, rng: random.Random) -> Shape:
    """Hide the paper before or after a word, where another word could have stood."""
    tall, long = word.line.height, _length(word.quad)
    near = rng.uniform(0.2, 0.4) * tall
    far = near + rng.uniform(1, 3) * tall
    margins = (-long - near, 0, far, 0) if after else (far, 0, -long - near, 0)
    return _fence("mask", _grown(word.quad, margins), LEVEL * tall)


def _sloppy(rng: random.Random) -> tuple[float, float, float, float]:
    """Margins in line heights of a box that misses or spills a little."""
    before, after = (rng.triangular(-0.06, 0.35, 0.03) for _ in range(2))
    above, below = (rng.triangular(-0.12, 0.25, 0.02) for _ in range(2))
    return before, above, after, below


def _box(channel: str, part: Word, margins: Sequence[float]) -> Shape:
    """A fence with margins in line heights."""
    tall = part.line.height
    quad = _grown(part.quad, [margin * tall for margin in margins])
    return _fence(channel, quad, LEVEL * tall)


def _fence(channel: str, quad: np.ndarray, level: float) -> Shape:
    """An upright box if the quad rises by less than `level` pixels, otherwise the quad itself."""
    if _rise(quad) < level:
        (x0, y0), (x1, y1) = quad.min(0).tolist(), quad.max(0).tolist()
        return Shape(channel, "box", ((x0, y0), (x1, y1)))
    return Shape(channel, "lasso", quad.tolist())


def _stroke(
    channel: str, part: Word, inset: float, radius: float, rng: random.Random
) -> Shape:
    """A brush stroke along the middle of a part; inset of its ends and radius in line heights."""
    tall, quad = part.line.height, part.quad
    start, stop = (quad[0] + quad[3]) / 2, (quad[1] + quad[2]) / 2
    length = _length(quad)
    steps = [*np.arange(inset * tall, length - inset * tall, 1.5 * tall), length - inset * tall]
    points = start + np.outer(steps, (stop - start) / length)
    points[:, 1] += [rng.gauss(0, 0.06 if channel == "highlight" else 0.02) * tall for _ in steps]
    return Shape(channel, "brush", points.tolist(), radius * tall)


def _lasso(parts: Sequence[Word], rng: random.Random) -> Shape:
    """A loop drawn by hand along the ragged edges of lines."""
    tall = parts[0].line.height
    quads = [_grown(part.quad, (rng.uniform(0.05, 0.4) * tall, 0, rng.uniform(0.05, 0.4) * tall, 0))
             for part in parts]  # fmt: skip
    down = [corner for quad in quads for corner in quad[1:3]]
    up = [corner for quad in reversed(quads) for corner in quad[[3, 0]]]
    points = [
        (x + rng.gauss(0, 0.05) * tall, y + rng.gauss(0, 0.05) * tall) for x, y in [*down, *up]
    ]
    return Shape("highlight", "lasso", tuple(points))


def _round(parts: Sequence[Word]) -> np.ndarray:
    """The smallest rectangle round all parts that is turned as the longest: a quad."""
    longest = max((part.quad for part in parts), key=_length)
    along = (longest[1] - longest[0]) / (_length(longest) or 1.0)
    turn = np.array([along, (-along[1], along[0])])  # page to along and across
    corners = np.concatenate([part.quad for part in parts]) @ turn.T
    (x0, y0), (x1, y1) = corners.min(0), corners.max(0)
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]) @ turn


def _grown(quad: np.ndarray, margins: Sequence[float]) -> np.ndarray:
    """A rectangle with margins in pixels."""
    before, above, after, below = margins
    along = (quad[1] - quad[0]) / (_length(quad) or 1.0)
    down = np.array((-along[1], along[0]))
    return quad + np.array(
        [-before * along - above * down, after * along - above * down,
         after * along + below * down, -before * along + below * down]
    )  # fmt: skip


def _length(quad: np.ndarray) -> float:
    return math.dist(quad[0], quad[1])


def _rise(quad: np.ndarray) -> float:
    return abs(float(quad[1, 1] - quad[0, 1]))
