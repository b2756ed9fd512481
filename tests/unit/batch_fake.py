"""An instrument for batches: as fast as can be, and it tells of every page that it begins to read.

`dessurt.batch` opens it by name, in processes of its own. What it does is in the environment:
BATCH_FAKE_LOG names a file that gets a line a page, BATCH_FAKE_SECONDS says how long a page takes.
"""

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from dessurt import Card, Done, Event, Page, Request, Text
from dessurt.batch import reading
from dessurt.protocol import TextLine, Word

OPENER = "tests.unit.batch_fake:opened"
DEADLY = 0xDEAD00  # the number of a page of which the process dies
MOST_WRITTEN = 3  # records that a full disk takes


def draw(path: Path, number: int) -> Path:
    """A page with a number, which the instrument reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(number)).save(path)
    return path


def pixels(number: int) -> np.ndarray:
    """The picture of a number: its bytes are the first three pixels."""
    page = np.full((9, 9), 255, np.uint8)
    page[0, :3] = list(number.to_bytes(3, "big"))
    return page


class Fake:
    """Reads the number of a page."""

    card = Card("fake")

    def ask(self, page: Page, request: Request) -> Iterator[Event]:
        """Two tokens or more and one line, in the time that the environment says."""
        return self._answer(page, request.checked(page))

    def _answer(self, page: Page, request: Request) -> Iterator[Event]:
        number = int.from_bytes(bytes(page.gray[0, :3].astype(np.uint8)), "big")
        if log := os.environ.get("BATCH_FAKE_LOG"):
            with Path(log).open("a", encoding="utf-8") as file:
                file.write(f"{number}\n")
        if number == DEADLY:
            os._exit(9)
        texts = f"page {number} {request.text}".split()
        for text in texts:
            time.sleep(float(os.environ.get("BATCH_FAKE_SECONDS", "0")) / len(texts))
            yield Text(f"{text} ", 7, 0.5)
        quad = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))
        yield TextLine(quad, tuple(Word(text, quad, 0.5) for text in texts))
        yield Done(0.0, 0.0, len(texts), "end")


def opened(checkpoint: str, device: str, tokenizer: str | None) -> Fake:
    """As `dessurt.open_model`."""
    return Fake()


def opened_on_a_full_disk(checkpoint: str, device: str, tokenizer: str | None) -> Fake:
    """The same in a process that can write a few records only."""
    written, write = [], reading.write_whole

    def write_whole(path: Path, content: bytes) -> None:
        if len(written) >= MOST_WRITTEN:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path)
        write(path, content)

    reading.write_whole = write_whole  # type: ignore[assignment]
    return Fake()
