r"""The tasks that are measured on pages: what is asked about a page, and how right an answer is.

Reading has error rates: the sum of edit distances over the sum of lengths, after Unicode NFKC and
with white space folded; `\`, the sign for a line break, is white space too where an answer has
several lines. What is read is marked as people mark it: with boxes, or by clicks. Finding is
measured by how well the region of an answer covers the words. Guessing a masked word, `mk>`, is
measured as in the original: whether the first token of the word is one of the 10, 50 or 100 that
the model holds to be the most probable ones, and whether the word is written to the letter.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from rapidfuzz.distance import Levenshtein

from dessurt import Instrument, Marks, Page, Request, Text
from dessurt.data.example import Example
from dessurt.data.questions.guessing import LONGEST
from dessurt.evaluate.long_answers import answer_once
from dessurt.evaluate.pages import Answer, KnownLine, KnownPage, folded
from dessurt.page.lines import lines_of
from dessurt.page.marks import Shape
from dessurt.page.plane import Point, turned, union
from dessurt.tasks import END_SIGN, NEW_LINE

MOST_TOKENS = 4096  # more than any checkpoint writes: it stops at its own most
LINE_TOKENS = 200
WORD_TOKENS = 40
CONTEXT = 64  # characters of a query, at most
READ_ON = 40  # characters of reading on that are compared
FEWEST_WORDS = 5  # to be found
MASK_MARGIN = 2  # pixels round a word's box that are masked, too
MOST_LIKELY = 100  # tokens that are looked at where a word is guessed

# A click of the app may miss a line by 6 pixels of the screen, which are 8 or more of a page at
# 150 dpi that is shown whole (`NEAR` in dessurt_app/canvas/page_lines.js).
NEAR = 8.0


# How people mark lines of text to have them read.

Marking = Callable[[Page, Sequence[KnownLine]], Marks]


def line_by_line(page: Page, lines: Sequence[KnownLine]) -> Marks:
    """The highlight of each line."""
    return Marks.from_boxes(highlight=[box for line in lines for box in line.highlight])


def one_box(page: Page, lines: Sequence[KnownLine]) -> Marks:
    """A box round all lines."""
    return Marks.from_boxes(highlight=[union(line.box for line in lines)])


def clicked(page: Page, lines: Sequence[KnownLine]) -> Marks:
    """What clicks on the middles of the lines mark in the app; nothing where no line is found."""
    found = (
        line_at(page, ((line.box[0] + line.box[2]) / 2, (line.box[1] + line.box[3]) / 2))
        for line in lines
    )
    # A second click would take the mark away, so nobody clicks on what is marked already.
    return Marks(tuple(dict.fromkeys(shape for shape in found if shape)))


def line_at(page: Page, point: Point) -> Shape | None:
    """The line of text that a click at a point of the page marks: `lines.at` of page_lines.js."""
    lines = lines_of(page)
    distances = [_distance(point, line) for line in lines]
    nearest = int(np.argmin(distances)) if distances else -1
    return lines[nearest] if distances and distances[nearest] < NEAR else None


def _distance(point: Point, line: Shape) -> float:
    """From a point to a line's rectangle, in page pixels; 0 inside it."""
    (ax, ay), (bx, by) = line.outline()[:2]
    angle = math.degrees(math.atan2(by - ay, bx - ax))
    x0, y0, x1, y1 = line.bounds(angle)
    x, y = turned(point, angle).tolist()
    return math.hypot(max(x0 - x, 0, x - x1), max(y0 - y, 0, y - y1))


# Reading: highlighted lines, highlighted paragraphs, reading on.


def lines(
    known: KnownPage, rng: random.Random, marking: Marking = line_by_line
) -> Iterator[Example]:
    """`w0>`: every line that counts, marked."""
    for block in known.blocks:
        for line in block:
            if line.counts:
                marks = marking(known.page, [line])
                request = Request("w0>", marks=marks, max_tokens=LINE_TOKENS)
                yield Example(known.page, request, (line.text,), source=known.name)


def paragraphs(
    known: KnownPage, rng: random.Random, marking: Marking = line_by_line
) -> Iterator[Example]:
    """`read_block0>`: every block of two lines or more, marked."""
    for block in _whole_blocks(known):
        marks = marking(known.page, block)
        request = Request("read_block0>", marks=marks, max_tokens=MOST_TOKENS)
        truth = NEW_LINE.join(line.text for line in block)
        yield Example(known.page, request, (truth,), source=known.name)


def whole_page(known: KnownPage, rng: random.Random) -> Iterator[Example]:
    """`read_block>`: all that is printed on a page, nothing marked."""
    truth = NEW_LINE.join(line.text for block in known.blocks for line in block)
    if truth:
        yield Example(known.page, Request("read_block>"), (truth,), source=known.name)


def reading_on(known: KnownPage, rng: random.Random) -> Iterator[Example]:
    """`re~`: from the last words of every line that has a next one in its block.

    The query is as long as it may be; one that is printed twice on the page is left out.
    """
    for block in _whole_blocks(known):
        for number, line in enumerate(block[:-1], 1):
            query = _last_words(folded(line.text))
            if not query or not known.has_once(query):
                continue
            after = block[number:]
            # A token is a character at least, but for a few that need several.
            request = Request("re~", query, max_tokens=READ_ON + 24)
            truth = NEW_LINE.join(next_line.text for next_line in after) + END_SIGN
            region = Marks.from_boxes(highlight=[box for one in after for box in one.words])
            yield Example(known.page, request, (truth,), region, known.name)


def answer_if_marked(model: Instrument, example: Example) -> Answer:
    """The answer; nothing is read where a click found no line."""
    return answer_once(model, example) if example.request.marks.shapes else Answer()


def missed(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Whether a click found no line; one click."""
    return float(not example.request.marks.shapes), 1.0


def line_errors(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Edit distance and length of a line."""
    return _errors(folded(example.answers[0]), folded(answer.text))


def paragraph_errors(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Edit distance and length of a paragraph."""
    return _errors(_one_line(example.answers[0]), _one_line(answer.text))


def page_errors(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Edit distance and length of a page in words, as they follow each other."""
    truth, read = _one_line(example.answers[0]).split(), _one_line(answer.text).split()
    return Levenshtein.distance(truth, read), len(truth)


def reading_on_errors(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Edit distance and length of the first 40 characters."""
    truth, read = _one_line(example.answers[0]), _one_line(answer.text)
    return _errors(truth[:READ_ON].strip(), read[:READ_ON].strip())


def _errors(truth: str, read: str) -> tuple[float, float]:
    return Levenshtein.distance(truth, read), len(truth)


def _one_line(text: str) -> str:
    return folded(text.replace(NEW_LINE, " ")).removesuffix(END_SIGN).rstrip()


def _whole_blocks(known: KnownPage) -> Iterator[tuple[KnownLine, ...]]:
    for block in known.blocks:
        if len(block) > 1 and all(line.counts for line in block):
            yield block


def _last_words(text: str) -> str:
    """As many whole words from the end as a query may have; none if the last is too long."""
    words = text.split(" ")
    while words and len(" ".join(words)) > CONTEXT:
        words.pop(0)
    return " ".join(words)


# Finding words.


def words_to_find(known: KnownPage, rng: random.Random) -> Iterator[Example]:
    """`0w~`: some words of every line that has five or more.

    One stretch is chosen at random of those that are printed once on the page and are short enough
    for a query.
    """
    for block in known.blocks:
        for line in block:
            stretches = list(_stretches(line)) if line.counts else []
            rng.shuffle(stretches)
            chosen = next((part for part in stretches if known.has_once(part[0])), None)
            if chosen is None:
                continue
            text, first, stop = chosen
            region = Marks.from_boxes(highlight=line.words[first:stop])
            # The answer has no text: its first token ends it, and the region is what is wanted.
            request = Request("0w~", text, max_tokens=1, want_region=True)
            yield Example(known.page, request, ("",), region, known.name)


def overlap(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Intersection over union of the region (0.5 and above) and the words' boxes; one page."""
    assert example.region is not None and answer.region is not None
    truth = example.region.rasterise(known.page.size) > 0
    both, either = (truth & answer.region).sum(), (truth | answer.region).sum()
    return float(both / either), 1.0


def _stretches(line: KnownLine) -> Iterator[tuple[str, int, int]]:
    """Text, first word and one past the last of every stretch that can be asked for."""
    texts = line.text.split(" ")
    for first in range(len(texts)):
        for stop in range(first + FEWEST_WORDS, len(texts) + 1):
            text = folded(" ".join(texts[first:stop]))
            if len(text) <= CONTEXT:
                yield text, first, stop


# Guessing a masked word.


def words_to_guess(known: KnownPage, rng: random.Random) -> Iterator[Example]:
    """`mk>`: a word of every line that counts, chosen at random, is masked."""
    for block in known.blocks:
        for line in block:
            texts = line.text.split(" ") if line.counts else []
            words = [
                (text, box)
                for text, box in zip(texts, line.words, strict=False)
                if len(text) <= LONGEST and any(letter.isalnum() for letter in text)
            ]
            if words:
                text, (x0, y0, x1, y1) = rng.choice(words)
                box = x0 - MASK_MARGIN, y0 - MASK_MARGIN, x1 + MASK_MARGIN, y1 + MASK_MARGIN
                request = Request("mk>", marks=Marks.from_boxes(mask=[box]), max_tokens=WORD_TOKENS)
                yield Example(known.page, request, (text,), source=known.name)


def answer_with_rank(model: Instrument, example: Example) -> Answer:
    """The answer with the rank of the right first token; always greedy."""
    request = replace(example.request, beams=1, alternatives=MOST_LIKELY)
    events = list(model.ask(example.page, request))
    first = next((event for event in events if isinstance(event, Text)), None)
    likely = [token.token_id for token in first.alternatives] if first else []
    right = model.token_ids(example.answers[0])[0] if example.answers else None
    rank = likely.index(right) + 1 if right in likely else None
    return replace(Answer.of(events), rank=rank)


def first_token(
    known: KnownPage, example: Example, answer: Answer, most: int
) -> tuple[float, float]:
    """1 where the right first token is among the `most` most probable ones."""
    return float(answer.rank is not None and answer.rank <= most), 1.0
