"""Tasks of filling in, correcting and guessing words, made from a page's truth.

Each function makes one example, or none where its random choices do not do. Answers, signs and
regions are the original's; a word that is swapped for another gets one of the same page.
"""

from __future__ import annotations

import math
import random

from dessurt.data.example import Example
from dessurt.data.questions import drawing
from dessurt.data.questions.passage import (
    END,
    NOTHING,
    Ask,
    Size,
    any_lines,
    any_words,
    grown,
    length,
    occurs_once,
    paragraph_tasks,
    printed,
    stretched,
    text_of,
)
from dessurt.tasks import BLANK
from dessurt.truth import Printed, Truth, Word

MASK = Printed.sign("<mask>")
LONGEST = 14  # characters of a word in question
SHORTEST_SPAN, LONGEST_SPAN = 20, 160  # of a text round the word in question
MASKED_WORDS = 3.0  # in a masked run, on average


def change_word(ask: Ask) -> Example | None:
    """A text with one word blanked or swapped for another; the region is the true word's.

    `kb~ k0~`: blanked, answer the word; `su~ s0~`: swapped, answer the true word; `proper_su~
    proper_s0~`: swapped, answer the whole true text. In those with 0 the text is highlighted too.
    """
    words, k = _span(ask.truth, ask.most_text, ask.rng, ask.size)
    if k is None or not (ask.highlighted or occurs_once(ask.truth, text_of(words))):
        return None
    word = words[k]
    sign = BLANK if ask.token[0] == "k" else _other(ask.truth, word, ask.rng)
    if sign is None:
        return None
    true = printed(words)
    start = length(words[:k]) + 1
    text = true[:start] + Printed.sign(sign) + true[start + len(word.text) :]
    answer = true if ask.token.startswith("proper") else printed([word])
    return ask.example(answer, drawing.exact([word]), text, ask.highlight(stretched(words)))


def read_masked(ask: Ask) -> Example | None:
    """`rm>`: read the highlighted text, the masked word included."""
    words, k = _span(ask.truth, min(LONGEST_SPAN, ask.most_answer), ask.rng, length)
    if k is None:
        return None
    marks = *ask.highlight(stretched(words)), drawing.mask(words[k], ask.rng)
    return ask.example(printed(words), drawing.exact(words), marks=marks)


def guess_word(ask: Ask) -> Example | None:
    """`mk>`: guess the masked word; the region is empty."""
    words = _guessable(ask.truth)
    if not words:
        return None
    word = ask.rng.choice(words)
    # The original highlights what it then masks, where it cannot be seen; people only mask.
    under = drawing.exact([word]) if ask.rng.random() < 0.5 else ()
    return ask.example(printed([word]), marks=(*under, drawing.mask(word, ask.rng)))


def put_in_place(ask: Ask) -> Example | None:
    """`mm~`: find a word's places among masked ones: it and up to 7 others of like length."""
    words, rng = _guessable(ask.truth), ask.rng
    if not words:
        return None
    word = rng.choice(words)
    others = [w for w in words if w is not word and abs(len(w.text) - len(word.text)) <= 1]
    if rng.random() < 0.5:
        others = [other for other in others if _near(word, other)]
    if not others:
        return None
    masked = [word, *rng.sample(others, min(rng.randint(1, 7), len(others)))]
    places = drawing.exact([place for place in masked if place.text == word.text])
    marks = [drawing.mask(place, rng) for place in masked]
    return ask.example(NOTHING, places, printed([word]), marks)


def fill_in(ask: Ask) -> Example | None:
    """`infillread~`: a block's text with parts left out; answer the whole, then ‡.

    For `infillread0~` the block is highlighted too. Of a long block only some lines are taken.
    """
    lines = any_lines(ask.truth, ask.most_text, ask.rng, ask.size)
    words = [word for line in lines for word in drawing.split(line)]
    true = printed(lines)
    if len(words) < 4 or not ask.names_its_place(true.text):
        return None
    pieces, stop = [], 0
    for first, last in masked_runs(len(words), ask.rng):
        pieces += [printed(words[stop:first]), MASK]
        stop = last
    pieces.append(printed(words[stop:]))
    text = Printed.join(" ", (piece for piece in pieces if len(piece)))
    return ask.example(true + END, (), text, ask.highlight_block(lines))


def guess_block(ask: Ask) -> Example | None:
    """`mlm>`: read the highlighted block with its masked parts, as if it were one line."""
    lines = any_lines(ask.truth, ask.most_answer, ask.rng)
    words = [word for line in lines for word in drawing.split(line)]
    if len(words) < 4:
        return None
    masks = []
    for first, stop in masked_runs(len(words), ask.rng):
        masks += [drawing.mask(part, ask.rng) for part in stretched(words[first:stop])]
        if first == stop:  # nothing is missing before the first or after the last word
            masks.append(drawing.mask_beside(words[-1 if first else 0], first > 0, ask.rng))
    return ask.example(printed(lines, " "), marks=(*ask.highlight_block(lines), *masks))


def masked_runs(n: int, rng: random.Random) -> list[tuple[int, int]]:
    """Which of `n` words to mask: runs from a first word to one past the last, in order.

    There is at least one, and at most one in eight words; a run is empty only before the first or
    after the last word; between two runs some word is left.
    """
    runs: list[tuple[int, int]] = []
    for _ in range(rng.randint(1, max(n // 8, 2) - 1)):
        size = min(_poisson(MASKED_WORDS, rng), (n + 1) // 2)
        first = rng.randint(0, n - size) if size else rng.choice((0, n))
        if all(first > stop or first + size < start for start, stop in runs):
            runs.append((first, first + size))
    return sorted(runs)


def _span(
    truth: Truth, most: int, rng: random.Random, size: Size
) -> tuple[list[Word], int | None]:
    """Three words in a row or more, of at most the size `most`, and which one is in question
    (None: there is no good one).
    """
    words = any_words(truth, rng)
    k = rng.randrange(len(words))
    first, stop = grown(words, k, rng.randint(min(SHORTEST_SPAN, most), most), rng, size)
    good = stop - first >= 3 and _is_guessable(words[k])
    return words[first:stop], k - first if good else None


def _guessable(truth: Truth) -> list[Word]:
    return [word for line in truth.lines for word in line.words if _is_guessable(word)]


def _is_guessable(word: Word) -> bool:
    """Neither a number nor a bullet, and not too long."""
    text = word.text
    return len(text) <= LONGEST and any(letter.isalpha() for letter in text)


def _other(truth: Truth, word: Word, rng: random.Random) -> str | None:
    """Another word of the page, nearly as long, that begins with a capital if the word does."""
    true = word.text
    texts = dict.fromkeys(other.text for other in _guessable(truth))  # each once, in order
    close = [t for t in texts if abs(len(t) - len(true)) <= 1 and t.lower() != true.lower()]
    if not close:
        return None
    text = rng.choice(close)
    if true[0].isupper():
        return text[0].upper() + text[1:]
    return text.lower() if text.istitle() else text


def _near(word: Word, other: Word) -> bool:
    """Whether one look at the page in reading size shows both."""
    return math.dist(word.quad[0], other.quad[0]) <= 6 * word.line.height


def _poisson(mean: float, rng: random.Random) -> int:
    """As many random numbers as can be multiplied before the product is below exp(-mean)."""
    count, product = 0, rng.random()
    while product > math.exp(-mean):
        count, product = count + 1, product * rng.random()
    return count


GUESSING_TASKS = paragraph_tasks(
    {
        change_word: "kb~ k0~ su~ s0~ proper_su~ proper_s0~",
        read_masked: "rm>",
        guess_word: "mk>",
        put_in_place: "mm~",
        fill_in: "infillread~ infillread0~",
        guess_block: "mlm>",
    }
)
