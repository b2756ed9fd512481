"""Open pages: the pages that visitors look at, kept for the next question within bounds.

A page of 64 megapixels takes half a gigabyte while it is worked on: few pages are kept, and few
people at once have theirs opened, turned or searched for lines.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dessurt.page import Page, PageError
from dessurt.page.upright import AS_IT_IS, Upright
from dessurt.page_files.limits import LARGE_PIXELS
from dessurt.page_files.worker import give_back_memory
from dessurt_app import strings

AT_ONCE = 2
MOST_WAITING = 20  # of the 40 threads that Gradio has
MOST_KEPT, MOST_KEPT_PIXELS = 4, 80_000_000  # of pages


class BusyError(PageError):
    """Too many people are waiting; the message says so."""


def open_page(path: Path, number: int = 0, upright: Upright = AS_IT_IS) -> Page:
    """A page of a file, laid out; another question about it does not read the file again.

    Args:
        path: The file.
        number: The number of the page in it, from 0.
        upright: How the page is laid out.

    Raises:
        PageError: the file cannot be opened as a page.
        BusyError: too many people wait for theirs.
    """
    key = path, number, upright, path.stat().st_mtime_ns
    if page := _pages.get(key):
        return page
    with page_work():
        if upright == AS_IT_IS:
            page = Page.open(path, number)
        else:
            page = upright.page(open_page(path, number))
    _pages.keep(key, page)
    return page


@contextmanager
def page_work() -> Iterator[None]:
    """Wait to be one of the few who work on a whole page, and be one within the context.

    Raises:
        BusyError: too many people wait already.
    """
    if getattr(_here, "works", False):  # this thread is one of them
        yield
        return
    with _waiting_line.enter():
        _here.works = True
        try:
            yield
        finally:
            _here.works = False


@contextmanager
def first_in_line() -> Iterator[None]:
    """Work on pages without waiting: for the one whose turn it is, everybody else waits anyway."""
    _here.works = True
    try:
        yield
    finally:
        _here.works = False


class _Pages:
    """The pages that were looked at last."""

    def __init__(self) -> None:
        self._pages: OrderedDict[tuple, Page] = OrderedDict()  # the youngest last
        self._lock = threading.Lock()

    def get(self, key: tuple) -> Page | None:
        with self._lock:
            if key in self._pages:
                self._pages.move_to_end(key)
            return self._pages.get(key)

    def keep(self, key: tuple, page: Page) -> None:
        with self._lock:
            self._pages[key] = page
            self._pages.move_to_end(key)
            largest = 0
            while len(self._pages) > 1 and (
                len(self._pages) > MOST_KEPT
                or sum(page.width * page.height for page in self._pages.values()) > MOST_KEPT_PIXELS
            ):
                _, dropped = self._pages.popitem(last=False)
                largest = max(largest, dropped.width * dropped.height)
        if largest > LARGE_PIXELS:
            give_back_memory()


class _WaitingLine:
    """The line of those who wait to be one of the few."""

    def __init__(self) -> None:
        self._few = threading.BoundedSemaphore(AT_ONCE)
        self._waiting = 0
        self._lock = threading.Lock()

    @contextmanager
    def enter(self) -> Iterator[None]:
        with self._lock:
            if self._waiting >= MOST_WAITING:
                raise BusyError(strings.BUSY)
            self._waiting += 1
        try:
            self._few.acquire()
        finally:
            with self._lock:
                self._waiting -= 1
        try:
            yield
        finally:
            self._few.release()


_pages, _waiting_line, _here = _Pages(), _WaitingLine(), threading.local()
