"""Looking a text up in lines that were read, slips of a letter or two notwithstanding."""

from __future__ import annotations

import itertools
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

SIMILAR = 70.0  # of 100, `fuzz.partial_ratio`: less is another text
# Quotation marks and dashes of all kinds are typed as one; a soft hyphen is not seen.
_TYPED = str.maketrans(
    dict.fromkeys("‘’‚‛′", "'") | dict.fromkeys("“”„‟″«»", '"') | dict.fromkeys("‐‑‒–—―−", "-")
    | {"\N{SOFT HYPHEN}": None}
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
    aligned = fuzz.partial_ratio_alignment(wanted, letters, score_cutoff=SIMILAR)
    if aligned is None or not wanted or not letters:
        return None
    start, stop = 0, len(text)
    if len(wanted) <= len(letters):  # else it was the page that was looked for in the wanted text
        start, stop = places[aligned.dest_start], places[max(aligned.dest_end - 1, 0)] + 1
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
    return Match(aligned.score, tuple(spans), ends_line)


def folded(text: str) -> tuple[str, list[int]]:
    """A text without what people do not type or see, and where in it each character stood.

    Case, ligatures, accents as characters of their own or not (Unicode NFKD), kinds of quotation
    marks and dashes, and soft hyphens make no difference.
    """
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        same = unicodedata.normalize("NFKD", letter.translate(_TYPED)).casefold()
        letters += same
        places += [place] * len(same)
    return "".join(letters), places
