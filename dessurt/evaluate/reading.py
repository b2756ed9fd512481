r"""Character error rates: highlighted lines, highlighted paragraphs, reading on.

A rate is the sum of edit distances over the sum of lengths, after Unicode NFKC and with white space
folded; `\`, the sign for a line break, is white space too where an answer has several lines.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from rapidfuzz.distance import Levenshtein

from dessurt import Instrument, Marks, Request
from dessurt.data.example import Example
from dessurt.evaluate.long_answers import once
from dessurt.evaluate.marking import Marking, line_by_line
from dessurt.evaluate.pages import Answer, KnownLine, KnownPage, folded
from dessurt.tasks import END_SIGN, NEW_LINE

MOST_TOKENS = 4096  # more than any checkpoint writes: it stops at its own most
LINE_TOKENS = 200
CONTEXT = 64  # characters of a query, at most
READ_ON = 40  # characters of reading on that are compared


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


def reading_on(known: KnownPage, rng: random.Random) -> Iterator[Example]:
    """`re~`: from the last words of every line that has a next one in its block.

    The query is as long as it may be; one that is printed twice on the page is left out.
    """
    for block in _whole_blocks(known):
        for number, line in enumerate(block[:-1], 1):
            query = _last_words(folded(line.text))
            if not query or not known.once(query):
                continue
            after = block[number:]
            # A token is a character at least, but for a few that need several.
            request = Request("re~", query, max_tokens=READ_ON + 24)
            truth = NEW_LINE.join(next_line.text for next_line in after) + END_SIGN
            region = Marks.from_boxes(highlight=[box for one in after for box in one.words])
            yield Example(known.page, request, (truth,), region, known.name)


def if_marked(model: Instrument, example: Example) -> Answer:
    """The answer; nothing is read where a click found no line."""
    return once(model, example) if example.request.marks.shapes else Answer()


def missed(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Whether a click found no line; one click."""
    return float(not example.request.marks.shapes), 1.0


def line_errors(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Edit distance and length of a line."""
    return _errors(folded(example.answers[0]), folded(answer.text))


def paragraph_errors(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Edit distance and length of a paragraph."""
    return _errors(_one_line(example.answers[0]), _one_line(answer.text))


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
