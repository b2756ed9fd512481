"""The folder of visitors' pages: of this process alone, and gone with it however it ends."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = "dessurt-"
_ALIVE = ".alive"  # locked for as long as the process that owns the folder lives


def use_own_folder() -> None:
    """Have Gradio keep uploads in a new folder, unless a person has named one.

    Gradio names files by their content and deletes at its end those it has used: of two apps with
    one folder, the first to end would take the other's pages away. It deletes nothing when it is
    killed: what others have left is deleted here.
    """
    if "GRADIO_TEMP_DIR" in os.environ:
        return
    _delete_left_folders()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = FileLock(folder / _ALIVE)
    lock.acquire()
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    atexit.register(_delete, folder, lock, os.getpid())


def _delete(folder: Path, lock: FileLock, owner: int) -> None:
    if os.getpid() == owner:  # and no process that was forked from it
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _delete_left_folders() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, Timeout):  # another's; in use
            if (folder / _ALIVE).is_file():
                with FileLock(folder / _ALIVE, blocking=False):
                    shutil.rmtree(folder, ignore_errors=True)
