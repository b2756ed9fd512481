"""Looking a text up in lines that were read, slips of a letter or two notwithstanding."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

SIMILAR = 70.0  # of 100, `fuzz.partial_ratio`: less is another text


@dataclass(frozen=True)
class Span:
    """Characters `first` to `stop` (not included) of a line; by default all of it."""

    line: int
    first: int = 0
    stop: int = sys.maxsize


@dataclass(frozen=True)
class Match:
    """The place of a text in what was read; `spans` go from line to line."""

    similarity: float  # 0..100
    spans: tuple[Span, ...]
    ends_line: bool  # nothing comes after it in its last line


def find(lines: Sequence[str], wanted: str) -> Match | None:
    """The first of the most similar places of a text, as whole words; None if nothing is similar.

    Args:
        lines: what was read, in order; the text may go on from one to the next.
        wanted: upper and lower case count as the same.
    """
    text, wanted = " ".join(lines), " ".join(wanted.lower().split())
    aligned = fuzz.partial_ratio_alignment(wanted, text.lower(), score_cutoff=SIMILAR)
    if aligned is None or not wanted or not text:
        return None
    longer = len(wanted) > len(text)  # then it was the page that was looked for in the wanted text
    start, stop = (0, len(text)) if longer else (aligned.dest_start, aligned.dest_end)
    spaces = [i for i, letter in enumerate(text) if letter == " "]
    starts, stops = [0, *(space + 1 for space in spaces)], [*spaces, len(text)]
    # The alignment may be off by some letters; of the words near its ends the best count.
    near_start = sorted(starts, key=lambda at: abs(at - start))[:3]
    near_stop = sorted(stops, key=lambda at: abs(at - stop))[:3]
    pairs = [(a, b) for a, b in itertools.product(near_start, near_stop) if a < b]
    first, last = max(pairs, key=lambda pair: fuzz.ratio(wanted, text[slice(*pair)].lower()))
    spans, at = [], 0
    for number, line in enumerate(lines):
        span = Span(number, max(first - at, 0), min(last - at, len(line)))
        if span.first < span.stop:
            spans.append(span)
        at += len(line) + 1
    ends_line = not lines[spans[-1].line][spans[-1].stop :].strip()
    return Match(aligned.score, tuple(spans), ends_line)
