"""The process in which files of strangers are opened: it can be killed, and holds nothing else.

It says `ready`, then reads a question as a line of JSON, {"path", "work": "count", "read" or
"unlock", "number", "side", "password"}, and writes an answer as a line of JSON, then as many bytes
as that says. It asks to be replaced once files have left much behind in its memory.
"""

from __future__ import annotations

import json
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from dessurt.page_files.limits import (
    LARGE_PIXELS,
    MEGABYTES,
    PDF_MEGABYTES,
    SECONDS,
    LockedError,
    PageError,
    damaged,
)

_HEAD = 1024  # bytes of a file in which a PDF says that it is one
_MOST_LEFT = 256 * 2**20  # bytes of addresses; libraries and their heaps may keep so many


def main() -> None:
    """Answer until the other side has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the program that started us
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    fresh = _mapped()
    sink.write(b"ready\n")
    sink.flush()
    for line in source:
        question = json.loads(line)
        be_killed_after(SECONDS + 2)  # if the other side is gone and cannot do it
        head, content = answer(question)
        be_killed_after(0)
        worn = _mapped() - fresh - len(content) > _MOST_LEFT
        sink.write(json.dumps(head | {"bytes": len(content), "worn": worn}).encode() + b"\n")
        sink.write(content)
        sink.flush()
        large = len(content) > 3 * LARGE_PIXELS  # in colour
        del content  # not held until the next question
        if large:
            give_back_memory()


def answer(question: dict[str, Any]) -> tuple[dict[str, Any], memoryview]:
    """The head of an answer, and its bytes."""
    path = Path(question["path"])
    try:
        return _answer(path, question)
    except PageError as error:
        return {"error": str(error), "locked": isinstance(error, LockedError)}, memoryview(b"")
    except MemoryError:
        return {"error": f"{path.name} takes too much memory: save it smaller."}, memoryview(b"")
    except Exception:  # whatever a reader raises for a file that was made to harm
        return {"error": str(damaged(path.name))}, memoryview(b"")


def _answer(path: Path, question: dict[str, Any]) -> tuple[dict[str, Any], memoryview]:
    from dessurt.page_files import images

    nothing = memoryview(b"")
    work, number, side = question["work"], question["number"], question["side"]
    head = head_of(path)
    notice = ""
    if images.is_image(head) or b"%PDF-" not in head:
        limit_memory(MEGABYTES)
        if work == "count":
            return {"count": images.count_pages(path)}, nothing
        pixels = images.read_image(path, number, side)
    else:
        limit_memory(PDF_MEGABYTES)
        from dessurt.page_files import pdfs

        if work == "count":
            return {"count": pdfs.count_pages(path, question["password"])}, nothing
        if work == "unlock":
            return {}, memoryview(pdfs.unlocked(path, question["password"]))
        pixels, notice = pdfs.draw_page(path, number, side, question["password"])
    import numpy as np

    content = np.ascontiguousarray(pixels)
    return {"shape": content.shape, "notice": notice}, content.data.cast("B")


def head_of(path: Path) -> bytes:
    """The first bytes of a file.

    Raises:
        PageError: it is empty or cannot be opened.
    """
    try:
        if not (path.is_file() or path.is_dir()) and path.exists():
            raise PageError(f"{path.name} is a pipe or device: save what it holds in a file first.")
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError:
        raise PageError(f"There is no file {path.name}: check the path.") from None
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise PageError(f"Could not open {path.name} ({reason}): choose a file.") from None
    if not head:
        raise PageError(f"{path.name} is empty (0 bytes): save or download it again.")
    return head


def be_killed_after(seconds: int) -> None:
    """By the system, even inside a library; 0: not any more."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


def limit_memory(megabytes: int) -> None:
    """Of this process, beyond what it has already, where the system can do so (Linux).

    Beyond that, because a file must not be refused for what the one before it has left.
    """
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = _mapped() + megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))


def give_back_memory() -> None:
    """To the system, of what was freed; glibc keeps hundreds of megabytes for another page."""
    if sys.platform == "linux":
        import ctypes

        with suppress(AttributeError):  # other libraries than glibc
            ctypes.CDLL(None).malloc_trim(0)


def _mapped() -> int:
    """How many bytes of addresses this process has; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0
    import resource

    return int(Path("/proc/self/statm").read_bytes().split()[0]) * resource.getpagesize()


if __name__ == "__main__":
    main()
