"""Gradio imported in two thirds of the time, and kept from fetching what visitors name.

Two things cost Gradio most of its time at import, and neither is of use here. For every class of a
component it writes a `.pyi` file beside the source, for editors, although those of its own
components are part of the package. And Python looks again and again for garbage among modules,
which stay.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import NoReturn

_WRITER = "gradio.component_meta"


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


class _WithoutStubs(MetaPathFinder):
    """Finds the module that writes the files, and takes the writing out of it."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path) if name == _WRITER else None
        if spec and spec.loader:
            load = spec.loader.exec_module

            def load_without(module: ModuleType) -> None:
                load(module)
                module.create_or_modify_pyi = lambda *_: None  # type: ignore[attr-defined]

            spec.loader.exec_module = load_without  # type: ignore[method-assign]
        return spec
