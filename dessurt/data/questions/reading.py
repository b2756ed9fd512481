"""Tasks of reading, finding and looking around, made from a page's truth.

Each function makes one example, or none where its random choices do not do: a text that is typed
without a highlight, for one, must stand on the page once. Answers, signs and regions are the
original's.
"""

from __future__ import annotations

import math
import random

import numpy as np

from dessurt.data.example import Example
from dessurt.data.questions import drawing
from dessurt.data.questions.passage import (
    END,
    NONE,
    NOTHING,
    Ask,
    any_lines,
    any_paragraph,
    any_words,
    length,
    paragraph_tasks,
    printed,
    shortened,
    stretched,
    text_of,
    whole_line,
)
from dessurt.truth import Line, Truth, Word

LONG = 110  # characters of a line that are still highlighted and read as one


def read_highlighted(ask: Ask) -> Example | None:
    """`w0>`: read the highlighted words; `;0>`: read the highlighted line to its end, then ‡."""
    line = _any_line(ask.truth, ask.rng)
    if ask.token == ";0>":
        marked = whole_line(line)
        answer = (printed([marked]) + END)[: ask.most_answer]
    else:
        marked = _selection(line, ask.rng)
        answer = printed([marked])
    return ask.example(answer, drawing.exact(drawing.split(marked)), marks=ask.highlight([marked]))


def find_text(ask: Ask) -> Example | None:
    """`0w~`: find the words of a text; `0;~`: find the whole line that it is a part of."""
    rng = ask.rng
    line = _any_line(ask.truth, rng)
    # The original always asks for five words or more, people for fewer too.
    fewest = min(5 if rng.random() < 0.7 else 1, len(line.words))
    count = rng.randint(fewest, len(line.words))
    first = rng.randint(0, len(line.words) - count)
    words = shortened(line.words[first : first + count], ask.most_text, rng, ask.size)
    text = printed(words)
    if not ask.names_its_place(text.text):
        return None
    region = words if ask.token == "0w~" else [whole_line(line)]
    return ask.example(NOTHING, drawing.exact(region), text)


def find_block(ask: Ask) -> Example | None:
    """`0p~`: find the block that a text is part of; `00~`: the text is highlighted too."""
    lines = any_paragraph(ask.truth, ask.rng).lines
    words = ask.rng.choice(lines).words
    first = ask.rng.randrange(len(words))
    stop = ask.rng.randint(first + 1, len(words))
    words = tuple(shortened(words[first:stop], ask.most_text, ask.rng, ask.size))
    text = printed(words)
    if not ask.names_its_place(text.text):
        return None
    block = drawing.outline([whole_line(line) for line in lines])
    return ask.example(NOTHING, (block,), text, ask.highlight(stretched(words)))


def read_on(ask: Ask) -> Example | None:
    """`re~`: read on after a text to the end of its block, then ‡; `r0~`: it is highlighted too.

    The text has any length. Of one word that is too long the end is kept, since reading goes on
    from there.
    """
    words = any_words(ask.truth, ask.rng)
    stop = ask.rng.randint(1, len(words))
    before, after = _typed_before(ask, words[:stop]), words[stop:]
    text = ask.end(printed(before))
    if not ask.names_its_place(text.text):
        return None
    while after and length(after) > ask.most_answer:
        after = after[:-1]
    answer = printed(after)
    if stop + len(after) == len(words):
        answer = answer + END
    return ask.example(answer, drawing.exact(after), text, ask.highlight(stretched(before)))


def _typed_before(ask: Ask, words: list[Word]) -> list[Word]:
    """The last of some words: as many as are wanted, and more until they name their place."""
    wanted = ask.rng.randint(1 if ask.highlighted else 5, ask.most_text)
    first = len(words) - 1
    while first > 0 and ask.size(words[first - 1 :]) <= ask.most_text:
        if ask.size(words[first:]) >= wanted and ask.names_its_place(text_of(words[first:])):
            break
        first -= 1
    return words[first:]


def read_line(ask: Ask) -> Example | None:
    """Read the line above or below a text, then ‡; №‡ where there is none.

    `^^~ vv~` stay inside the block, `up~ dn~` go on to the nearest line outside; for `u0~ d0~
    ^0~ v0~` the line of the text is highlighted too.
    """
    truth, kind = ask.truth, ask.token[0]
    pairs = _neighbours(truth, kind in "u^")
    between = [pair for pair in pairs if pair[1]]
    if kind in "^v" and between and ask.rng.random() < 0.9:
        pairs = between  # where most blocks have one line, №‡ would nearly always be right
    line, other = ask.rng.choice(pairs)
    if other is None and kind in "ud":
        other = _nearest(line, truth, kind == "u")
    text = printed(shortened(line.words, ask.most_text, ask.rng, ask.size))
    if not ask.names_its_place(text.text):
        return None
    marks = ask.highlight([whole_line(line)])
    if other is None:
        return ask.example(NONE, (), text, marks)
    return ask.example(printed([whole_line(other)]) + END, drawing.exact(other.words), text, marks)


def read_block(ask: Ask) -> Example | None:
    r"""Read a block, `\` between its lines: `read_block0>` the highlighted, `read_block>` the only.

    Of a block that is too long only some lines are highlighted.
    """
    lines = any_lines(ask.truth, ask.most_answer, ask.rng)
    alone = len(ask.truth.lines) == len(lines)
    if not lines or not (ask.highlighted or alone and len(ask.truth.paragraphs) == 1):
        return None
    return ask.example(printed(lines), marks=ask.highlight_block(lines))


def _neighbours(truth: Truth, above: bool) -> list[tuple[Line, Line | None]]:
    """Each line with the one above it in its block, or else with the one below."""
    pairs: list[tuple[Line, Line | None]] = []
    for block in truth.paragraphs:
        others = (None, *block.lines[:-1]) if above else (*block.lines[1:], None)
        pairs += zip(block.lines, others, strict=True)
    return pairs


def _nearest(line: Line, truth: Truth, up: bool) -> Line | None:
    """The nearest of the lines that stand straight above or below, as a turned page is read."""
    ends = np.array([(each.ends[0, 0], each.ends[-1, 1]) for each in truth.lines], float)
    start, stop = line.ends[0, 0].astype(float), line.ends[-1, 1].astype(float)
    length = math.dist(start, stop) or 1.0
    along = (stop - start) / length
    across = np.array((along[1], -along[0])) if up else np.array((-along[1], along[0]))
    left, right = ((ends - start) @ along).T
    away = ((ends - start) @ across).mean(1)
    # A line on the same height, or nearly, stands beside it.
    there = (away > line.height / 2) & (left < length) & (right > 0)
    if not there.any():
        return None
    return truth.lines[int(np.where(there, away, np.inf).argmin())]


def _any_line(truth: Truth, rng: random.Random) -> Line:
    """A line; one with much text more likely."""
    return rng.choices(truth.lines, [min(len(line.text), LONG) + 4 for line in truth.lines])[0]


def _selection(line: Line, rng: random.Random) -> Word:
    """What to highlight of a line: mostly all of it, otherwise up to six of its words."""
    words = line.words
    if rng.random() < 0.2:
        first = rng.randrange(len(words))
        words = words[first : first + rng.randint(1, 6)]
    (part,) = stretched(shortened(words, LONG, rng))
    return part


READING_TASKS = paragraph_tasks(
    {
        read_highlighted: "w0> ;0>",
        find_text: "0w~ 0;~",
        find_block: "0p~ 00~",
        read_on: "re~ r0~",
        read_line: "up~ dn~ u0~ d0~ ^^~ vv~ ^0~ v0~",
        read_block: "read_block> read_block0>",
    }
)
