"""Gradio as this app needs it: quick to import, with files of its own, fetching nothing.

Two things cost Gradio a third of its time at import, and neither is of use here. For every class of
a component it writes a `.pyi` file beside the source, for editors, although those of its own
components are part of the package. And Python looks again and again for garbage among modules,
which stay.
"""

from __future__ import annotations

import atexit
import gc
import html
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from filelock import FileLock, Timeout

# For events that are over at once, must not wait behind a question, and are not for programs.
QUICK: dict[str, Any] = dict(queue=False, show_progress="hidden", api_visibility="private")
FOLDER_PREFIX = "dessurt-"
_ALIVE = ".alive"  # locked for as long as the process that owns the folder lives
_STUB_WRITER = "gradio.component_meta"


def import_gradio() -> None:
    """Import Gradio, unless it is there already; from then on it writes no `.pyi` files."""
    finder = _WithoutStubs()
    sys.meta_path.insert(0, finder)
    gc.disable()
    try:
        importlib.import_module("gradio")
    finally:
        gc.enable()
        sys.meta_path.remove(finder)


def use_own_folder() -> None:
    """Have Gradio keep uploads in a new folder of this process, unless a person has named one.

    Gradio names files after their content and deletes at its end those it has used: of two apps
    with one folder, the first to end would take the other's pages away. It deletes nothing when it
    is killed: what others have left behind is deleted here.
    """
    if "GRADIO_TEMP_DIR" in os.environ:
        return
    _delete_abandoned_folders()
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
    lock = FileLock(folder / _ALIVE)
    lock.acquire()
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    atexit.register(_delete, folder, lock, os.getpid())


def never_fetch() -> None:
    """Make Gradio refuse an address where a file is expected: the app calls no other host.

    It would fetch one in any input of any endpoint, before our own functions see the value.
    """
    from gradio import processing_utils

    processing_utils.async_ssrf_protected_get = _refuse


async def _refuse(url: str) -> NoReturn:
    from gradio import Error

    from dessurt_app import strings

    raise Error(strings.NO_ADDRESS, print_exception=False)


def warn(error: Exception) -> None:
    """Show the message of an error in the corner of the screen until it is closed."""
    import gradio as gr

    gr.Warning(html.escape(str(error), quote=False), duration=None)  # Gradio takes HTML


def _delete(folder: Path, lock: FileLock, owner: int) -> None:
    if os.getpid() == owner:  # and no process that was forked from it
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _delete_abandoned_folders() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        with suppress(OSError, Timeout):  # another user's; in use
            if (folder / _ALIVE).is_file():
                with FileLock(folder / _ALIVE, blocking=False):
                    shutil.rmtree(folder, ignore_errors=True)


class _WithoutStubs(MetaPathFinder):
    """Finds the module that writes the files, and takes the writing out of it."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path) if name == _STUB_WRITER else None
        if spec and spec.loader:
            load = spec.loader.exec_module

            def load_without(module: ModuleType) -> None:
                load(module)
                module.create_or_modify_pyi = lambda *_: None  # type: ignore[attr-defined]

            spec.loader.exec_module = load_without  # type: ignore[method-assign]
        return spec
