"""SQuAD as pages: each context is printed, and its questions are asked about the picture.

Needs the package's extra "train" (Typst and faker), and fonts.
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dessurt.data.example import Example
from dessurt.data.records import DataError, Record
from dessurt.data.sets.files import damaged, questions_in, read_json, sound_examples, there
from dessurt.page import Page
from dessurt.protocol import Request
from dessurt.synth.page import SynthPage, drawn
from dessurt.synth.sheet import Sheet
from dessurt.synth.text import ALPHABET, clean
from dessurt.tasks import NO_SUCH
from dessurt.truth import Printed, Truth

SMALLEST = 4.0  # points; a context that does not fit on its paper is set smaller, down to this
PAPERS = ((595, 842), (612, 792), (420, 595), (500, 500), (794, 595))  # width, height in points


class SQuAD:
    """One record a context, with all its questions (`natural_q~`) and all right answers to each.

    Get SQuAD 2.0 from https://rajpurkar.github.io/SQuAD-explorer/. The folder:

        train-v2.0.json    the split "train"
        dev-v2.0.json      the split "valid"

    A question that the context does not answer has the answer №. Letters that no font here has are
    printed without their accents or left out, and so they are in the answers; a question all of
    whose answers vanish so is left out. Truth and the place of each character are exact. For
    training a page looks different each time; for validation it is always the same.
    """

    def __init__(self, folder: Path, split: str = "train") -> None:
        """The contexts of a split.

        Raises:
            DataError: the split's file is not there or is not SQuAD 2.0.
        """
        files = {"train": "train-v2.0.json", "valid": "dev-v2.0.json"}
        if split not in files:
            raise DataError(f"SQuAD has no split {split!r}: take train or valid.", folder)
        self.file, self.fixed = folder / files[split], split != "train"
        there(self.file, "train-v2.0.json and dev-v2.0.json")
        self.contexts: list[tuple[str, Any]] = []
        with damaged(self.file, "data"):
            for i, article in enumerate(read_json(self.file)["data"]):
                for j, context in enumerate(article["paragraphs"]):
                    self.contexts.append((f"data[{i}].paragraphs[{j}]", context))
        self.question_counts = [questions_in(context) for _, context in self.contexts]

    def __len__(self) -> int:
        """Contexts."""
        return len(self.contexts)

    def record(self, index: int, rng: random.Random) -> Record:
        """A context as a page, and its questions."""
        where, entry = self.contexts[index]
        with damaged(self.file, where):
            context = _printable(entry["context"])
            look = random.Random(index) if self.fixed else rng
            page = _page(context, look)
            if page is None:
                raise DataError("it is too long for a page, or empty.", self.file, where)
            picture, text = Page.from_array(page.pixels), _Text(page.truth)
            example = partial(_example, picture, text, entry["context"], self.file.name)
            asked, errors = sound_examples(
                self.file,
                ((f"{where}.qas[{n}]", partial(example, qa)) for n, qa in enumerate(entry["qas"])),
            )
        source = f"{self.file.name} {where}"
        return Record(picture, asked, page.truth, source=source, errors=errors)


def _example(
    page: Page, text: _Text, context: str, file: str, qa: dict[str, Any]
) -> Example | None:
    texts = [Printed.sign(NO_SUCH)]
    if not qa.get("is_impossible", False):
        texts = []
        for answer in qa["answers"]:
            words = _printable(answer["text"])
            start = len(_letters(_printable(context[: answer["answer_start"]])))
            if words:
                texts.append(text.find(words, start))
    if not texts:
        return None
    request = Request("natural_q~", str(qa["question"]))
    answers = tuple(dict.fromkeys(each.text for each in texts))
    return Example(page, request, answers, source=f"{file} {qa['id']}", printed_answer=texts[0])


class _Text:
    """The characters of a page in reading order, to be found whatever breaks the lines."""

    def __init__(self, truth: Truth) -> None:
        whole = Printed.join(" ", (Printed.of(line) for line in truth.lines))
        solid = [i for i, letter in enumerate(whole.text) if letter != " "]
        self.letters = "".join(whole.text[i] for i in solid)
        self.spots = whole.spots[solid]

    def find(self, words: str, start: int) -> Printed:
        """The words, printed at the place nearest to so many letters from the start."""
        wanted = _letters(words)
        places = [i for i in range(len(self.letters)) if self.letters.startswith(wanted, i)]
        if not places:
            return Printed.sign(words)
        first = min(places, key=lambda i: abs(i - start))
        spots = np.full((len(words), 2), np.nan, np.float32)
        solid = [i for i, letter in enumerate(words) if letter != " "]
        spots[solid] = self.spots[first : first + len(wanted)]
        return Printed(words, spots)


def _letters(words: str) -> str:
    return words.replace(" ", "")


def _printable(words: str) -> str:
    """What can be printed of a text: accents that no font has are dropped, then other letters."""
    plain = (
        letter if letter in ALPHABET else unicodedata.normalize("NFKD", letter) for letter in words
    )
    return clean("".join(c for part in plain for c in part if not unicodedata.combining(c)))


def _page(context: str, rng: random.Random) -> SynthPage | None:
    """The context as one paragraph somewhere on a page; None if it does not fit even when small."""
    size = rng.choice(PAPERS)
    wide = rng.uniform(0.45, 0.9) * size[0]
    left, high = rng.uniform(10, size[0] - wide - 10), rng.uniform(20, 0.4 * size[1])
    points, seed = rng.uniform(8, 15), rng.getrandbits(32)
    while points >= SMALLEST:
        sheet = Sheet(random.Random(seed))
        look = replace(sheet.look(), size=points, justified=False)  # else words are hyphenated
        margin = f"(left: {left:.0f}pt, right: 0pt, top: {high:.0f}pt, bottom: 10pt)"
        source = (
            f"#set page(width: {size[0]}pt, height: {size[1]}pt, margin: {margin})\n{look.rules}"
            f"#block(width: {wide:.0f}pt, {sheet.put(context, ink=look.ink)})"
        )
        pages = drawn(source, sheet, "paragraph")
        # `drawn` drops pages of few lines: what is on the first must be everything.
        if len(pages) == 1 and _Text(pages[0].truth).letters == _letters(context):
            return pages[0] if context else None
        points, high, wide = 0.85 * points, 0.7 * high, min(1.1 * wide, size[0] - left - 10)
    return None
