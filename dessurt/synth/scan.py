"""What paper, pens, copiers, scanners and faxes do to a page.

Every effect takes and gives pixels, uint8 [H, W], 0 black to 255 white. Noise and fading are tiles
repeated over the page: as good to the eye as the whole, and much cheaper.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from dessurt.page.plane import corners_of, perspective, warped

Pixels = Any  # np.ndarray; OpenCV's own types say less than the docstring above
Random = np.random.Generator


def scanned(pixels: np.ndarray, rng: Random) -> tuple[np.ndarray, np.ndarray]:
    """A page as if scanned, and the map that its points took: float64 [3, 3].

    The map is for points whose origin is the corner of the first pixel, not its middle.
    """
    page: Pixels = pixels
    fax = rng.random() < 0.08
    for effect, often in ((pen, 0.05), (stamp, 0.05), (bleed, 0.1), (worn, 0.06)):
        if rng.random() < often:
            page = effect(page, rng)
    page, matrix = turned(page, rng) if rng.random() < 0.65 else (page, np.eye(3))
    if rng.random() < (0.8 if fax else 0.3):
        page = coarse(page, rng)
    if rng.random() < 0.6:
        page = cv2.GaussianBlur(page, (0, 0), rng.uniform(0.3, 1.1))
    if not fax:
        page = toned(page, rng)
    for effect, often in ((uneven, 0.15), (noisy, 0.7), (speckled, 0.12)):
        if rng.random() < often:
            page = effect(page, rng)
    if fax or rng.random() < 0.04:
        page = thresholded(page, rng)
    if rng.random() < 0.6:
        page = jpeg(page, rng)
    if rng.random() < 0.02:
        page = 255 - page
    return page, matrix


def turned(page: Pixels, rng: Random) -> tuple[Pixels, np.ndarray]:
    """Turned by up to two degrees, mostly less than one; some seen a little from the side."""
    height, width = page.shape
    spread = 0.35 if rng.random() < 0.85 else 1.0
    angle = float(np.clip(rng.normal(0, spread), -2, 2))
    matrix = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0), (0, 0, 1)])
    if tilted := rng.random() < 0.25:
        corners = corners_of((0, 0, width, height)).astype(np.float32)
        shift = rng.uniform(0, 0.015, (4, 2)) * (width, height) * [(1, 1), (-1, 1), (-1, -1),
                                                                    (1, -1)]  # fmt: skip
        matrix = perspective(corners, corners + shift) @ matrix
    paper = 255 if rng.random() < 0.8 else int(rng.integers(0, 255))
    return warped(page, matrix if tilted else matrix[:2], (height, width), border=paper), matrix


def coarse(page: Pixels, rng: Random) -> Pixels:
    """Scanned at fewer dots an inch, or sent so."""
    height, width = page.shape
    factor = rng.uniform(0.6, 0.95)
    small = cv2.resize(page, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    how = cv2.INTER_LINEAR if rng.random() < 0.6 else cv2.INTER_CUBIC
    return cv2.resize(small, (width, height), interpolation=how)


def toned(page: Pixels, rng: Random) -> Pixels:
    """Grey ink on grey paper; sometimes the ink is very pale."""
    pale = rng.random() < 0.06
    ink, paper = rng.uniform(110, 165) if pale else rng.uniform(0, 70), rng.uniform(205, 255)
    curve = (np.arange(256) / 255) ** rng.uniform(0.7, 1.4)
    return cv2.LUT(page, np.clip(ink + curve * (paper - ink), 0, 255).astype(np.uint8))


def uneven(page: Pixels, rng: Random) -> Pixels:
    """Lit from one side, or shaded in the fold of a book."""
    height, width = page.shape
    light = rng.uniform(185, 255, (3, 3)).astype(np.uint8)
    if rng.random() < 0.3:
        light = np.full((3, int(rng.integers(12, 30))), 255, np.uint8)
        light[:, 0 if rng.random() < 0.5 else -1] = rng.integers(60, 190)
    whole = cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.multiply(page, whole, scale=1 / 255)


def noisy(page: Pixels, rng: Random) -> Pixels:
    """Grain, fine or soft."""
    tile: Pixels = rng.normal(0, rng.uniform(2, 14), (256, 257)).astype(np.int16)
    if rng.random() < 0.4:
        tile = cv2.GaussianBlur(tile, (0, 0), 0.6)
    return cv2.add(page, _tiled(tile, page.shape), dtype=cv2.CV_8U)


def speckled(page: Pixels, rng: Random) -> Pixels:
    """Specks of dust, dark and white."""
    height, width = page.shape
    page = page.copy()
    for tone in (int(rng.integers(0, 120)), 255):
        count = rng.integers(20, 1500)
        y, x = rng.integers(0, height - 2, count), rng.integers(0, width - 2, count)
        page[y, x] = tone
        big = slice(0, int(count * rng.uniform(0, 0.4)))
        page[y[big] + 1, x[big]] = page[y[big], x[big] + 1] = tone
    return page


def worn(page: Pixels, rng: Random) -> Pixels:
    """Too little ink: strokes break in patches."""
    tile: Pixels = rng.normal(0, 1, (255, 256)).astype(np.float32)
    tile = cv2.GaussianBlur(tile, (0, 0), rng.uniform(0.7, 1.6))
    gone = np.where(tile > np.quantile(tile, rng.uniform(0.75, 0.95)), 255, 0).astype(np.uint8)
    patches: Pixels = cv2.convertScaleAbs(_tiled(gone, page.shape), alpha=rng.uniform(0.4, 1.0))
    return cv2.max(page, patches)


def bleed(page: Pixels, rng: Random) -> Pixels:
    """The back of the sheet shines through."""
    back = cv2.flip(page, 1)
    if rng.random() < 0.5:
        back = cv2.flip(back, 0)
    back = cv2.blur(back, (5, 5))
    low = 255 - rng.uniform(15, 60)
    tones = np.clip(low + np.arange(256) / 255 * (255 - low), 0, 255).astype(np.uint8)
    return cv2.min(page, cv2.LUT(back, tones))


def thresholded(page: Pixels, rng: Random) -> Pixels:
    """Black and white only, cut somewhere between the ink and the paper, however pale they are."""
    some = page[::4, ::4]
    paper = float(np.median(some))
    ink = max(float(some.min()), float(some.max()), key=lambda tone: abs(tone - paper))
    cut = ink + rng.uniform(0.5, 0.75) * (paper - ink)
    return cv2.threshold(page, cut, 255, cv2.THRESH_BINARY)[1]


def jpeg(page: Pixels, rng: Random) -> Pixels:
    """Compressed, well or badly."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 92))]
    return cv2.imdecode(cv2.imencode(".jpg", page, quality)[1], cv2.IMREAD_GRAYSCALE)


def pen(page: Pixels, rng: Random) -> Pixels:
    """Pen strokes over the text: underlining, rings, scrawls."""
    height, width = page.shape
    layer: Pixels = np.full_like(page, 255)
    for _ in range(rng.integers(1, 6)):
        at = np.array([rng.uniform(0, width), rng.uniform(0, height)])
        long, tall = rng.uniform(30, 350), rng.uniform(2, 60)
        t = np.linspace(0, rng.uniform(1, 3) * np.pi, 40)
        flat = rng.random() < 0.5
        x, y = (t / t[-1] * long, np.sin(t) * 2) if flat else (np.cos(t) * long, np.sin(t) * tall)
        points = np.stack([x + at[0], y + at[1]], 1).astype(np.int32)
        tone = int(rng.integers(0, 140))
        cv2.polylines(layer, [points], False, tone, int(rng.integers(1, 4)), cv2.LINE_AA)
    return cv2.min(page, layer)


def stamp(page: Pixels, rng: Random) -> Pixels:
    """A rubber stamp: a ring or a frame with a word, turned, in grey."""
    height, width = page.shape
    side = 260
    block: Pixels = np.full((side, side), 255, np.uint8)
    tone, middle = int(rng.integers(60, 170)), (side // 2, side // 2)
    word = str(rng.choice(["RECEIVED", "PAID", "COPY", "DRAFT", "VOID", "APPROVED", "FILED"]))
    if rng.random() < 0.5:
        cv2.circle(block, middle, 100, tone, 4, cv2.LINE_AA)
        cv2.circle(block, middle, 80, tone, 2, cv2.LINE_AA)
    else:
        cv2.rectangle(block, (20, 85), (240, 175), tone, 5, cv2.LINE_AA)
    cv2.putText(block, word, (middle[0] - 11 * len(word), 140), cv2.FONT_HERSHEY_DUPLEX, 1.1, tone,
                2, cv2.LINE_AA)  # fmt: skip
    turn = cv2.getRotationMatrix2D(middle, rng.uniform(-35, 35), rng.uniform(0.6, 1.0))
    block = cv2.warpAffine(block, turn, (side, side), borderValue=255)
    x, y = (int(rng.integers(0, max(edge - side, 1))) for edge in (width, height))
    page = page.copy()
    part = page[y : y + side, x : x + side]
    part[:] = cv2.min(part, block[: part.shape[0], : part.shape[1]])
    return page


def _tiled(tile: Pixels, size: tuple[int, ...]) -> Pixels:
    across, down = size[1] // tile.shape[1] + 1, size[0] // tile.shape[0] + 1
    return np.ascontiguousarray(np.tile(tile, (down, across))[: size[0], : size[1]])
