"""Searchable PDFs: the pages as they are, with what was read laid over them, not to be seen.

Like all files of strangers, the pages are opened in a process of its own with limits on time and
memory (`pdf_process`). It writes the file itself, so that a book is not held in memory here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dessurt.page_files import environment
from dessurt.page_files.limits import SECONDS, LockedError, PageError
from dessurt.transcript.transcript import Transcript


@dataclass(frozen=True)
class Original:
    """Where a page is."""

    file: Path
    number: int = 0  # of the page in it, from 0
    password: str | None = None  # of a PDF


def write_pdf(
    path: Path, transcripts: Sequence[Transcript], originals: Sequence[Original]
) -> None:
    """Write pages as a PDF in which what was read can be searched and copied.

    Pages of a PDF stay as they are, but for a password, which the new file does not have; all pages
    of one PDF in their order also keep its outline and all else. JPEG and PNG pictures are put in
    as they are, other pictures with the same pixels. What was read is laid over a page even if it
    has a text layer already: whoever wants that one alone gives a transcript without blocks.

    Args:
        path: the file to write.
        transcripts: the pages, one or more.
        originals: where each of them is; its size may be another, but not its shape.

    Raises:
        LockedError: an original needs a password, or another one.
        PageError: an original cannot be read, or takes too much time or memory.
        OSError: the file cannot be written.
    """
    seconds = SECONDS * (1 + len(transcripts))
    pages = [
        {"transcript": page.to_json(), **asdict(original), "file": os.path.abspath(original.file)}
        for page, original in zip(transcripts, originals, strict=True)
    ]
    job = {"path": os.path.abspath(path), "seconds": seconds, "pages": pages}
    name = originals[0].file.name
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "dessurt.transcript.pdf_process"],
            input=json.dumps(job).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            start_new_session=True,  # Ctrl+C is for us
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise PageError(f"{name} takes longer than {seconds} seconds: save it anew.") from None
    _check(done.stdout, name)


def _check(answer: bytes, name: str) -> None:
    """Raise what the process says; it may have died, or been broken into."""
    try:
        said: dict[str, Any] = json.loads(answer)
        error, number = said.get("error"), int(said.get("errno", 0))
    except (ValueError, TypeError, AttributeError):
        raise PageError(f"{name} takes too much memory, or is damaged: save it anew.") from None
    if number:
        raise OSError(number, os.strerror(number))
    if error:
        raise (LockedError if said.get("locked") else PageError)(str(error))
