"""Ink: what differs from the paper round it; printed rules; what may be letters."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

WORKING_PIXELS = 2_200_000  # an A4 page at 150 dpi; larger ones are looked at in reduced size
STEP = 4  # the paper's colour is looked for in every fourth pixel
CONTRAST = 40  # grey levels; less is the paper's own texture


@dataclass(frozen=True)
class RuledLines:
    """What a printed rule looks like; lengths are in page pixels."""

    run: int = 34  # in one row, at least
    gap: int = 45  # parts that are less far apart are one rule
    length: int = 36  # a dash is shorter
    thickness: int = 6  # a rule is no taller, but for its climb
    slope: float = 0.05  # of its length, that it may climb
    contrast: int = 12  # grey levels above that of what lies round it


RULED = RuledLines()


def working_copy(gray: np.ndarray) -> tuple[np.ndarray, float]:
    """A page in the size in which it is looked at: uint8 [h, w], and its pixels a page pixel."""
    gray = gray.astype(np.uint8, copy=False)
    shrink = min(1.0, (WORKING_PIXELS / gray.size) ** 0.5)
    if shrink < 1:
        gray = cv2.resize(gray, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return gray, shrink


def ink_of(gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where pixels differ from the paper round them, without rules; and where rules run down.

    Returns:
        Two arrays, uint8 [H, W], 1 where it is so.
    """
    contrast = contrast_of(gray)
    ink, faint = strong_in(contrast), _faint_in(contrast)
    height, width = gray.shape
    across = _rules(faint, max(40, width // 20))
    down = cv2.transpose(_rules(cv2.transpose(faint), max(80, height // 16)).view(np.uint8))
    rules = cv2.dilate(cv2.bitwise_or(across.view(np.uint8), down), np.ones((3, 3), np.uint8))
    ink[rules > 0] = 0
    return ink, down


def strong_in(contrast: np.ndarray) -> np.ndarray:
    """1 where the contrast is that of ink, rules included; uint8 [H, W]."""
    strong = float(np.percentile(contrast[::STEP, ::STEP], 98))
    return (contrast > max(CONTRAST, strong / 2)).view(np.uint8)


def contrast_of(gray: np.ndarray) -> np.ndarray:
    """How much each pixel differs from the paper round it: uint8 [H, W]."""
    # The median over some millimetres is the paper's colour, also inside a dark bar.
    paper = cv2.medianBlur(np.ascontiguousarray(gray[::STEP, ::STEP]), 7)
    paper = cv2.resize(paper, gray.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return cv2.absdiff(gray, paper)


def horizontal_rules(gray: np.ndarray) -> np.ndarray:
    """Where rules run across the page, turned by a degree or two at most: bool [H, W].

    Args:
        gray: the page, uint8 or float32 [H, W], 0 black to 255 white.
    """
    return _rules(_faint_in(contrast_of(gray.astype(np.uint8, copy=False))), RULED.length)


def _faint_in(contrast: np.ndarray) -> np.ndarray:
    """1 where contrast is above that of its surroundings, as on faint rules too: uint8 [H, W]."""
    mean, binary = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY
    return cv2.adaptiveThreshold(contrast, 1, mean, binary, 31, -RULED.contrast)


def _rules(faint: np.ndarray, length: float) -> np.ndarray:
    """Rules across that are at least so long: bool [H, W]."""
    # A rule that is turned is a staircase of short runs, and one that faded has gaps.
    runs = cv2.morphologyEx(faint, cv2.MORPH_OPEN, np.ones((1, RULED.run), np.uint8))
    runs = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, np.ones((1, RULED.gap), np.uint8))
    rules = np.zeros(runs.shape, bool)
    x, y, width, height = cv2.boundingRect(runs)
    if width < length:
        return rules
    part = np.s_[y : y + height, x : x + width]
    _, labels, stats, _ = cv2.connectedComponentsWithStats(runs[part], connectivity=8)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    kept = (wide >= length) & (high <= RULED.thickness + wide * RULED.slope)
    kept[0] = False
    rules[part] = kept[labels]
    return rules


def connected(ink: np.ndarray, connectivity: int) -> np.ndarray:
    """What is connected: int32 [n, 5] of x, y, width, height and pixels."""
    x, y, wide, high = cv2.boundingRect(ink)  # margins would take as long as the text
    part = ink[y : y + high, x : x + wide]
    if not part.size:
        return np.zeros((0, 5), np.int32)
    _, _, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=connectivity)
    return stats[1:] + np.array([x, y, 0, 0, 0], np.int32)


def letters_in(gray: np.ndarray) -> np.ndarray:
    """What may be letters on a page, printed rules not left out: as `letters_of`."""
    return letters_of(strong_in(contrast_of(gray)))


def letters_of(ink: np.ndarray) -> np.ndarray:
    """What may be letters: float64 [n, 4] of x, y, width and height."""
    found = connected(ink, 8)
    _, _, width, height, area = found.T
    letters = (height >= 4) & (width <= 8 * height) & (height <= 8 * width) & (area >= 6)
    return found[letters, :4].astype(float)
