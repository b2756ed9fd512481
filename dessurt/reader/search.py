"""Looking a text up in lines that were read, slips of a letter or two notwithstanding."""

from __future__ import annotations

import itertools
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

SIMILAR = 70.0  # of 100, `fuzz.partial_ratio`: less is another text
MOST_WANTED = 100_000  # letters, more than a page holds; what comes after is not looked for
# The time it takes to compare texts letter by letter grows with the square of their length. Both
# longer than this, they are compared only where some pieces are found.
LONG = 1000
PIECES, PIECE = 5, 200  # how many, and of how many letters
# Quotation marks, dashes and slashes of all kinds are typed as one; some characters are not seen.
_TYPED = str.maketrans(
    dict.fromkeys("‘’‚‛′‹›´`ʼ", "'") | dict.fromkeys("“”„‟″«»", '"')
    | dict.fromkeys("‐‑‒–—―−", "-") | dict.fromkeys("\N{FRACTION SLASH}\N{DIVISION SLASH}", "/")
    | dict.fromkeys("\N{SOFT HYPHEN}\N{ZERO WIDTH SPACE}\N{WORD JOINER}\ufeff")
)  # fmt: skip


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
        wanted: what `folded` makes the same counts as the same.
    """
    text = " ".join(lines)
    (letters, places), (wanted, _) = folded(text), folded(" ".join(wanted.split()))
    wanted = wanted[:MOST_WANTED]
    aligned = _aligned(wanted, letters)
    if aligned is None or not wanted or not letters:
        return None
    similarity, start, stop = aligned
    if len(wanted) <= len(letters):
        start, stop = places[start], places[max(stop - 1, 0)] + 1
    else:  # it was the page that was looked for in the wanted text
        start, stop = 0, len(text)
    spaces = [i for i, letter in enumerate(text) if letter == " "]
    starts, stops = [0, *(space + 1 for space in spaces)], [*spaces, len(text)]
    # The alignment may be off by some letters; of the words near its ends the best count.
    near_start = sorted(starts, key=lambda at: abs(at - start))[:3]
    near_stop = sorted(stops, key=lambda at: abs(at - stop))[:3]
    pairs = [(a, b) for a, b in itertools.product(near_start, near_stop) if a < b]
    first, last = max(pairs, key=lambda pair: fuzz.ratio(wanted, folded(text[slice(*pair)])[0]))
    spans, at = [], 0
    for number, line in enumerate(lines):
        span = Span(number, max(first - at, 0), min(last - at, len(line)))
        if span.first < span.stop:
            spans.append(span)
        at += len(line) + 1
    ends_line = not lines[spans[-1].line][spans[-1].stop :].strip()
    return Match(similarity, tuple(spans), ends_line)


def _aligned(wanted: str, letters: str) -> tuple[float, int, int] | None:
    """Where in the longer text the shorter one is most similar: how much, from and to where."""
    if min(len(wanted), len(letters)) <= LONG:
        found = fuzz.partial_ratio_alignment(wanted, letters, score_cutoff=SIMILAR)
        return (found.score, found.dest_start, found.dest_end) if found else None
    short, long = sorted((wanted, letters), key=len)
    best: tuple[float, int, int] | None = None
    for number in range(PIECES):
        at = number * (len(short) - PIECE) // (PIECES - 1)
        piece = fuzz.partial_ratio_alignment(short[at : at + PIECE], long, score_cutoff=SIMILAR)
        if piece is None:
            continue
        start = max(piece.dest_start - at, 0)
        plain = start, min(start + len(short), len(long))
        for first, stop in (plain, _ends(short, long, start)):
            similarity = fuzz.ratio(short, long[first:stop], score_cutoff=SIMILAR)
            if similarity and (best is None or (similarity, -first) > (best[0], -best[1])):
                best = similarity, first, stop
    return best


def _ends(short: str, long: str, start: int) -> tuple[int, int]:
    """Where a text that begins about there does so, and ends: letters may be missing, or more."""
    slack = len(short) // 8
    low, high = max(start - slack, 0), max(start + len(short) - slack - PIECE, 0)
    head = fuzz.partial_ratio_alignment(short[:PIECE], long[low : start + slack + PIECE])
    tail = fuzz.partial_ratio_alignment(short[-PIECE:], long[high : high + 2 * slack + PIECE])
    stop = min(start + len(short), len(long))
    return low + head.dest_start if head else start, high + tail.dest_end if tail else stop


def folded(text: str) -> tuple[str, list[int]]:
    """A text without what people do not type or see, and where in it each character stood.

    Case, ligatures, accents as characters of their own or not (Unicode NFKD), kinds of quotation
    marks, dashes and slashes, and soft hyphens make no difference.
    """
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        # Some become what is typed in another way only when they are taken apart, as ½ does.
        same = unicodedata.normalize("NFKD", letter.translate(_TYPED)).translate(_TYPED).casefold()
        letters += same
        places += [place] * len(same)
    return "".join(letters), places
