"""Receipts read as JSON (SROIE, task 3): the facts that are right to the letter."""

from __future__ import annotations

import re

from dessurt.data.example import Example
from dessurt.evaluate.json_text import parsed
from dessurt.evaluate.known import Answer, KnownPage


def facts(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """F of the pairs of key and text, of the counts of all receipts, as the competition counts."""
    given, true = read(answer.text), read(example.answers[0])
    return 2.0 * len(given.items() & true.items()), float(len(given) + len(true))


def read(text: str) -> dict[str, str]:
    """The keys and texts of an answer to `sroie>`, mended where it is damaged."""
    objects = [part for part in parsed(text) if isinstance(part, dict)]
    pairs = objects[0] if objects else {}
    return {
        key: _unescaped(value) for key, value in pairs.items() if isinstance(value, str) and value
    }


def _unescaped(text: str) -> str:
    r"""A text with letters in place of escapes like `\u00e9`, as which they are learnt."""
    letters = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    # Two escapes may be one letter; half of one is none.
    return letters.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
