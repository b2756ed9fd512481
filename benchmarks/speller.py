"""An instrument that spells out what it was asked about, so that an answer shows whose it is."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from dessurt.page import Page
from dessurt.page.frame import Frame
from dessurt.page.marks import Marks
from dessurt.protocol import Card, Done, Event, Request, Text, View

LETTERS_PER_TOKEN = 12


def spelling(page: Page, marks: Marks) -> str:
    """The right answer to any question about this page with these marks."""
    return f"{page.digest} {json.dumps(marks.to_json(), separators=(',', ':'))}"


class Speller:
    """Writes the `spelling`, a few letters every `seconds`."""

    card = Card("speller", tasks=("w0>",))

    def __init__(self, seconds: float) -> None:
        """`seconds` is the time for one token."""
        self.seconds = seconds

    def views(self, page: Page, request: Request) -> tuple[View, ...]:
        """The whole page, made to fit."""
        return (View(request, Frame.fit(page.size, (1152, 768))),)

    def token_ids(self, text: str) -> list[int]:
        """A token for so many letters as it writes at a time."""
        return list(range(-(-len(text) // LETTERS_PER_TOKEN)))

    def ask(self, page: Page, request: Request) -> Iterator[Event]:
        """Write the spelling of the page and its marks."""
        text = spelling(page, request.marks)
        parts = [text[i : i + LETTERS_PER_TOKEN] for i in range(0, len(text), LETTERS_PER_TOKEN)]
        for number, part in enumerate(parts):
            time.sleep(self.seconds)
            yield Text(part, number, 0.9)
        yield Done(self.seconds, self.seconds * len(parts), len(parts), "end")
