"""Page files: what strangers send is opened in a process of its own, with limits.

A file can be made so that its reader hangs, takes all memory or is broken into. Readers therefore
run in a small pool of processes (`worker`) that can be killed and hold nothing of anybody. They
start when they are first needed, or with `warm_up`.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from dessurt.page_files.limits import MAX_PIXELS, SECONDS, LockedError, PageError

__all__ = ["count_pages", "environment", "read_page", "unlocked_copy", "warm_up"]

AT_ONCE = 3  # processes; the app opens two pages at once, and that of whose turn it is
MOST_WAITING = 24  # of the 40 threads that Gradio has
START = 120.0  # seconds at most until a process is there, on a computer that is very busy
_LONGEST_HEAD = 100_000  # bytes
_LONGEST_PASSWORD = 1000  # characters; of longer ones, PDF looks at the first 127 bytes
_PIPE = 2**20  # bytes at a time (Linux), the most without special rights; it would have 2**16
# Of a process that died, or that a file has broken into.
_FAILURES = OSError, EOFError, ValueError, TypeError, LookupError, RecursionError
_PACKAGES = Path(__file__).resolve().parents[2]


def read_page(
    path: Path, number: int, side: int | None = None, password: str | None = None
) -> tuple[np.ndarray, str]:
    """The pixels of a page of a file, and what a person should know of it, or "".

    Args:
        path: an image or PDF.
        number: the number of the page, from 0.
        side: pixels that the longer side has at most.
        password: the password of a PDF.

    Returns:
        uint8 [H, W] or [H, W, 3], not to be written to; a sentence or "".

    Raises:
        PageError: the file cannot be read, has no such page, or takes too long or too much memory.
    """
    head, content = _ask(path, "read", number, side, password)
    pixels = content.reshape(head["shape"])
    pixels.setflags(write=False)
    return pixels, head["notice"]


def count_pages(path: Path, password: str | None = None) -> int:
    """How many pages a file has; errors as for `read_page`."""
    return int(_ask(path, "count", password=password)[0]["count"])


def unlocked_copy(path: Path, password: str) -> bytes:
    """A PDF without its password; errors as for `read_page`."""
    return _ask(path, "unlock", password=password)[1].tobytes()


def warm_up() -> None:
    """Start a process, so that the first page need not wait for it; returns at once."""
    with _pool.changed:
        if not _pool.idle and _pool.lent < AT_ONCE:
            _pool.idle.append(_Reader())


def _ask(
    path: Path, work: str, number: int = 0, side: int | None = None, password: str | None = None
) -> tuple[dict[str, Any], np.ndarray]:
    question = {
        "path": os.path.abspath(path),
        "work": work,
        "number": number,
        "side": side,
        "password": password and password[:_LONGEST_PASSWORD],
    }
    sys.audit("open", question["path"], "r", 0)  # who watches this process shall know
    with _pool.lend() as reader:
        head, content = reader.ask(question)
    if "error" in head:
        raise (LockedError if head.get("locked") else PageError)(head["error"])
    return head, content


def environment() -> dict[str, str]:
    """That of a process which opens files."""
    paths = [str(_PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "OPENBLAS_NUM_THREADS": "1",  # each of its threads takes addresses
        "PYTHONUTF8": "1",
        # Memory of one page is used again for the next; to get it anew each time takes glibc,
        # with the system behind it, as long as to decode the page.
        "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
        "MALLOC_TRIM_THRESHOLD_": str(128 * 2**20),
    }


class _Reader:
    """A process that opens files, one at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dessurt.page_files.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            start_new_session=True,  # Ctrl+C is for us
            pipesize=_PIPE,
        )
        self._started = False

    def ask(self, question: dict[str, Any]) -> tuple[dict[str, Any], np.ndarray]:
        """The answer, whatever happens to the process.

        Raises:
            PageError: it took too long, or died.
        """
        name = Path(question["path"]).name
        assert self._process.stdin and self._process.stdout
        if not self._started:
            with self._killed_after(START):
                self._started = self._process.stdout.readline().strip() == b"ready"
        if not self._started:
            self.end()
            raise PageError("The reader of files did not start: try again, or restart the program.")
        with self._killed_after(SECONDS) as late, suppress(*_FAILURES):
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline(_LONGEST_HEAD)
            head = json.loads(line)
            content = np.empty(_checked_length(head), np.uint8)  # not zeros: it is all filled
            _fill(content.data, self._process.stdout)
            if head.get("worn"):
                self.end()
            return head, content
        self.end()
        if late.is_set():
            raise PageError(
                f"{name} takes longer than {SECONDS} seconds to open: save it anew, or as PNG."
            )
        raise PageError(f"{name} takes too much memory, or is damaged: save it anew, or as PNG.")

    @contextmanager
    def _killed_after(self, seconds: float) -> Iterator[threading.Event]:
        late = threading.Event()

        def kill() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            yield late
        finally:
            timer.cancel()

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def end(self) -> None:
        """Kill it, whatever it does."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if stream:
                    stream.close()
        self._process.wait()


def _started() -> _Reader:
    try:
        return _Reader()
    except OSError as error:  # the system has no room for another process
        raise PageError(f"No process can be started to open files ({error.strerror}).") from error


def _checked_length(head: Any) -> int:
    """The number of bytes that follow; the process may have been broken into.

    Raises:
        ValueError: the head is not of the right form.
    """
    length = head["bytes"]
    if "error" in head:
        right = length == 0 and isinstance(head["error"], str)
    elif "shape" in head:
        shape = head["shape"]
        right = len(shape) in (2, 3) and length == int(np.prod(shape)) and isinstance(
            head["notice"], str
        )
    else:
        right = isinstance(head.get("count", 0), int)
    if not right or not 0 <= length <= 3 * MAX_PIXELS + 2**20:
        raise ValueError("a bad head")
    return int(length)


def _fill(rest: memoryview, source: IO[bytes]) -> None:
    while rest:
        count = source.readinto(rest)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        rest = rest[count:]


class _Pool:
    """Who may open a file next; processes that died or were killed are replaced."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.idle: list[_Reader] = []
        self.lent = 0
        self._waiting = 0

    @contextmanager
    def lend(self) -> Iterator[_Reader]:
        """A process, as soon as one is free.

        Raises:
            PageError: too many wait for one already.
        """
        with self.changed:
            if self.lent >= AT_ONCE:
                if self._waiting >= MOST_WAITING:
                    raise PageError("Too many files are being opened: try again in a moment.")
                self._waiting += 1
                self.changed.wait_for(lambda: self.lent < AT_ONCE)
                self._waiting -= 1
            self.lent += 1
            reader = self.idle.pop() if self.idle else None
        try:
            if reader is None or not reader.alive:
                reader = _started()
            yield reader
        except PageError:
            raise
        except BaseException:  # it may be in the middle of an answer
            if reader:
                reader.end()
            raise
        finally:
            with self.changed:
                self.lent -= 1
                if reader and reader.alive:
                    self.idle.append(reader)
                self.changed.notify()
            if not (reader and reader.alive):
                with suppress(OSError):  # the next one who needs it is told
                    warm_up()

    def end(self) -> None:
        """Kill those that wait."""
        with self.changed:
            for reader in self.idle:
                reader.end()
            self.idle.clear()


_pool = _Pool()
atexit.register(lambda: _pool.end())


def _forget() -> None:
    """A forked process must not share its parent's readers: their answers would be mixed."""
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
