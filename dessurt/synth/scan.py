"""What paper, scanner and fax do to a page."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

Affine = np.ndarray  # float [2, 3]: new (x, y) = A (x, y, 1)


def scanned(pixels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, Affine]:
    """A page as if scanned: uint8 [H, W] in and out, and the map that its points took."""
    height, width = pixels.shape
    affine = np.array([[1.0, 0, 0], [0, 1, 0]])
    page: Any = pixels  # OpenCV's own types say less than the docstring above
    if rng.random() < 0.5:
        angle = float(np.clip(rng.normal(0, 0.4), -1, 1))
        affine = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
        # warpAffine takes (0, 0) for a pixel's centre; here it is the pixel's corner.
        shift = np.array([0.5, 0.5])
        inner = affine.copy()
        inner[:, 2] += affine[:, :2] @ shift - shift
        page = cv2.warpAffine(page, inner, (width, height), flags=cv2.INTER_LINEAR, borderValue=255)
    if rng.random() < 0.3:
        factor = rng.uniform(0.6, 0.95)
        small = cv2.resize(page, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        page = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.6:
        page = cv2.GaussianBlur(page, (0, 0), rng.uniform(0.3, 1.0))
    ink, paper = rng.uniform(0, 70), rng.uniform(215, 255)
    lut = np.clip(ink + np.arange(256) / 255 * (paper - ink), 0, 255)
    page = cv2.LUT(page, lut.astype(np.uint8))
    if rng.random() < 0.7:
        # One tile of noise repeated over the page: as good to the eye, much cheaper.
        tile: Any = rng.normal(0, rng.uniform(2, 14), (256, 257)).astype(np.float32)
        tile = cv2.GaussianBlur(tile, (0, 0), 0.6) if rng.random() < 0.4 else tile
        noise = np.tile(tile, (height // 256 + 1, width // 257 + 1))[:height, :width]
        page = cv2.add(page, noise, dtype=cv2.CV_8U)
    if rng.random() < 0.6:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))]
        page = cv2.imdecode(cv2.imencode(".jpg", page, quality)[1], cv2.IMREAD_GRAYSCALE)
    return page, affine
