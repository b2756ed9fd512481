"""See which files the interpreter opens, and which hosts it looks up, while a test looks."""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Watch:
    """Files that were opened, links followed; hosts looked up."""

    thread: int | None  # the only one that is watched; None: all are
    files: set[Path] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)

    def outside(self, *roots: Path) -> set[Path]:
        """The files that lie neither under `roots` nor where Python and its packages live."""
        code = [sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), "/dev/null"]
        allowed = [Path(root).resolve() for root in (*roots, *code)]
        return {file for file in self.files if not any(map(file.is_relative_to, allowed))}


_watches: list[Watch] = []
_hooked: list[bool] = []


def _hook(event: str, arguments: tuple) -> None:
    here = threading.get_ident()
    watches = [watch for watch in _watches if watch.thread in (None, here)]
    if not watches:
        return
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        file = Path(os.path.realpath(os.fsdecode(arguments[0])))
        for watch in watches:
            watch.files.add(file)
    elif event == "socket.getaddrinfo":
        for watch in watches:
            watch.hosts.add(str(arguments[0]))


@contextmanager
def watching(everywhere: bool = False) -> Iterator[Watch]:
    """Watch this thread, or all threads, until the end of the block."""
    if not _hooked:
        sys.addaudithook(_hook)  # for good: Python lets nobody take one away
        _hooked.append(True)
    watch = Watch(None if everywhere else threading.get_ident())
    _watches.append(watch)
    try:
        yield watch
    finally:
        _watches.remove(watch)
