"""Where the words of a corrected line stand.

A person corrects the text of a line, not the places of its words. Words that are as they were read
keep their places. What stands between them is shared out among the new words by their lengths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

import numpy as np

from dessurt.page.plane import Quad
from dessurt.protocol import TextLine

Placed = tuple[str, Quad, float | None]  # text, place, confidence: None of a word of the person
Stretch = tuple[float, float]  # of a line, 0 at its left end and 1 at its right one


def rewritten(line: TextLine, text: str) -> Iterator[Placed]:
    """The words of a line after a person has corrected it, from left to right.

    Args:
        line: the line as it was read.
        text: what the person has made of its text.
    """
    read, new = [word.text for word in line.words], text.split()
    stretches = [_stretch(line.quad, word.quad) for word in line.words]
    matcher = SequenceMatcher(None, read, new, autojunk=False)
    for operation, i, j, k, m in matcher.get_opcodes():
        if operation == "equal":
            yield from ((word.text, word.quad, word.confidence) for word in line.words[i:j])
        elif j - i == m - k:  # word for word
            yield from ((word, line.words[i + n].quad, None) for n, word in enumerate(new[k:m]))
        else:
            free = _between(stretches, i, j)
            for word, (x0, x1) in zip(new[k:m], _shares(new[k:m], free), strict=True):
                yield word, part(line.quad, x0, x1), None


def part(quad: Quad, x0: float, x1: float) -> Quad:
    """The corners of a stretch of a line, from the share x0 of its length to x1."""
    a, b, c, d = np.array(quad, np.float64)
    corners = (a + x0 * (b - a), a + x1 * (b - a), d + x1 * (c - d), d + x0 * (c - d))
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = (corner.tolist() for corner in corners)
    return (ax, ay), (bx, by), (cx, cy), (dx, dy)


def _stretch(line: Quad, word: Quad) -> Stretch:
    """What a word takes of the length of its line."""
    a, b, c, d = np.array(line, np.float64)
    start, along = (a + d) / 2, (b + c - a - d) / 2
    corners = np.array(word, np.float64)
    ends = corners[[0, 3]].mean(0), corners[[1, 2]].mean(0)
    x0, x1 = (float((end - start) @ along / max(float(along @ along), 1.0)) for end in ends)
    return min(max(x0, 0.0), 1.0), min(max(x1, 0.0), 1.0)


def _between(stretches: Sequence[Stretch], i: int, j: int) -> Stretch:
    """The stretch of words i to j - 1, or if these are none, of the gap before i."""
    if i < j:
        return stretches[i][0], stretches[j - 1][1]
    left = stretches[i - 1][1] if i else 0.0
    right = stretches[i][0] if i < len(stretches) else 1.0
    return left, max(left, right)


def _shares(words: Sequence[str], free: Stretch) -> Iterator[Stretch]:
    """What each of some words takes of a stretch, with the width of a letter between two."""
    letter = (free[1] - free[0]) / max(sum(map(len, words)) + len(words) - 1, 1)
    x = free[0]
    for word in words:
        yield x, x + letter * len(word)
        x += letter * (len(word) + 1)
