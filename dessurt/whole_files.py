"""Whole files: whoever opens one finds its old content or its new one, never a part of it.

A file is written beside its place, brought to the disk, and only then given its name. So it does
not matter what ends the program or the computer meanwhile, nor that others write the same file.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LEFT_OVER = 24 * 3600  # seconds; until then somebody may still be writing it


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to, beside `path`, whose name it takes if the writing succeeds.

    Nothing is left of it if the writing fails.
    """
    partial = _beside(path)
    try:
        yield partial
        _bring_to_disk(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file; the folders that it lies in are made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        partial.write_bytes(content)


def write_partial(path: Path, content: bytes) -> Path:
    """Write the content of a file beside its place, to where the caller moves it later.

    The caller deletes it if it is not wanted after all.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _beside(path)
    try:
        partial.write_bytes(content)
        _bring_to_disk(partial)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return partial


def delete_leftovers(folder: Path) -> None:
    """Delete what processes that were killed a day ago or earlier had begun to write."""
    for partial in folder.rglob(".*.partial"):
        with suppress(OSError):  # another one was quicker
            if time.time() - partial.stat().st_mtime > LEFT_OVER:
                partial.unlink()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.partial")


def _bring_to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
