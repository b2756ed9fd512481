"""Looking a text up in lines that were read, slips of a letter or two notwithstanding."""

from __future__ import annotations

import itertools
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz

from dessurt.page.plane import Box
from dessurt.tasks import Task

SIMILAR = 70.0  # of 100, `fuzz.partial_ratio`: below it the text is another one
MOST_LETTERS = 100_000  # of a query, more than a page holds; what comes after is ignored
# The time it takes to compare texts letter by letter grows with the square of their length. When
# both are longer than this many letters, they are compared only where some pieces are found.
LONG = 1000
PIECES, PIECE = 5, 200  # how many pieces, and of how many letters
# Quotation marks, dashes and slashes of all kinds are typed as one; some characters are not seen.
_TYPED = str.maketrans(
    dict.fromkeys("‘’‚‛′‹›´`ʼ", "'") | dict.fromkeys("“”„‟″«»", '"')
    | dict.fromkeys("‐‑‒–—―−", "-") | dict.fromkeys("\N{FRACTION SLASH}\N{DIVISION SLASH}", "/")
    | dict.fromkeys("\N{SOFT HYPHEN}\N{ZERO WIDTH SPACE}\N{WORD JOINER}\ufeff")
)  # fmt: skip


@dataclass(frozen=True)
class BlockRules:
    """When a line belongs to the same block as the line before it; in heights of a line."""

    gap: float = 0.33  # the most that may lie between them
    usual_gap: float = 0.75  # the same, where their distance is the usual one of the page
    uneven: float = 0.15  # of the usual distance: by how much it may differ and still count as such
    taller: float = 1.6  # how many times as tall one may be as the other
    aside: float = 5.0  # how far aside one may stand: a line may be indented below a short one
    next_gap: float = 2.5  # after the end of a line the next one is wanted, block or not


BLOCK = BlockRules()


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


def find(lines: Sequence[str], query: str) -> Match | None:
    """The first of the most similar places of a text, as whole words; None if nothing is similar.

    Args:
        lines: what was read, in order; the text may run on from one line to the next.
        query: the text; differences that `folded` removes do not count.
    """
    text = " ".join(lines)
    (letters, places), (query, _) = folded(text), folded(" ".join(query.split()))
    query = query[:MOST_LETTERS]
    aligned = _aligned(query, letters)
    if aligned is None or not query or not letters:
        return None
    similarity, start, stop = aligned
    if len(query) <= len(letters):
        start, stop = places[start], places[max(stop - 1, 0)] + 1
    else:  # it was the page that was looked for in the query
        start, stop = 0, len(text)
    spaces = [i for i, letter in enumerate(text) if letter == " "]
    starts, stops = [0, *(space + 1 for space in spaces)], [*spaces, len(text)]
    # The alignment may be off by some letters: the best of the words near its ends are taken.
    near_start = sorted(starts, key=lambda at: abs(at - start))[:3]
    near_stop = sorted(stops, key=lambda at: abs(at - stop))[:3]
    pairs = [(a, b) for a, b in itertools.product(near_start, near_stop) if a < b]
    first, last = max(pairs, key=lambda pair: fuzz.ratio(query, folded(text[slice(*pair)])[0]))
    spans, at = [], 0
    for number, line in enumerate(lines):
        span = Span(number, max(first - at, 0), min(last - at, len(line)))
        if span.first < span.stop:
            spans.append(span)
        at += len(line) + 1
    ends_line = not lines[spans[-1].line][spans[-1].stop :].strip()
    return Match(similarity, tuple(spans), ends_line)


def answer_spans(task: Task, boxes: Sequence[Box], match: Match | None) -> list[Span]:
    """The lines and parts of lines that the answer to a task says or shows.

    Args:
        task: the task.
        boxes: the level boxes of all lines.
        match: where the text in question was read; None: nowhere, or the task takes none.
    """
    if "text" not in task.needs:
        return [Span(number) for number in range(len(boxes))]
    if match is None:
        return []
    if "text" in task.returns:  # it is read on from there
        last = match.spans[-1]
        rest = _rest_of_block(boxes, last.line, match.ends_line)
        return [Span(last.line, last.stop), *map(Span, rest)]
    if task.token == "0;~":
        return [Span(span.line) for span in match.spans]
    return list(match.spans)


def _rest_of_block(boxes: Sequence[Box], number: int, at_least_one: bool) -> Iterator[int]:
    """The lines after a line, to the end of its block, or the next one below it in any case."""
    lines = np.array(boxes)
    middles = (lines[:, 1] + lines[:, 3]) / 2
    pitches = np.diff(middles)
    usual = float(np.median(pitches[pitches > 0])) if (pitches > 0).any() else 0.0
    for following in range(number + 1, len(lines)):
        above, below, pitch = lines[following - 1], lines[following], pitches[following - 1]
        low, high = sorted((above[3] - above[1], below[3] - below[1]))
        gap = (below[1] - above[3]) / low
        aside = (max(above[0], below[0]) - min(above[2], below[2])) / low
        regular = abs(pitch - usual) < BLOCK.uneven * usual
        most = BLOCK.usual_gap if regular else BLOCK.gap
        near = -1 < gap < most and high <= BLOCK.taller * low
        if at_least_one and following == number + 1:
            near = pitch > 0 and gap < BLOCK.next_gap
        in_the_same_row = abs(pitch) < low / 2  # as the text after a bullet
        if aside > BLOCK.aside or not (near or in_the_same_row):
            return
        yield following


def _aligned(query: str, letters: str) -> tuple[float, int, int] | None:
    """Where in the longer text the shorter one is most similar: how much, from and to where."""
    if min(len(query), len(letters)) <= LONG:
        place = fuzz.partial_ratio_alignment(query, letters, score_cutoff=SIMILAR)
        return (place.score, place.dest_start, place.dest_end) if place else None
    short, long = sorted((query, letters), key=len)
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
    """Where exactly a text begins and ends; letters may be missing in it, or there may be more."""
    slack = len(short) // 8
    low, high = max(start - slack, 0), max(start + len(short) - slack - PIECE, 0)
    head = fuzz.partial_ratio_alignment(short[:PIECE], long[low : start + slack + PIECE])
    tail = fuzz.partial_ratio_alignment(short[-PIECE:], long[high : high + 2 * slack + PIECE])
    stop = min(start + len(short), len(long))
    return low + head.dest_start if head else start, high + tail.dest_end if tail else stop


def folded(text: str) -> tuple[str, list[int]]:
    """A text without differences that people do not type or see, and where each letter stood.

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
