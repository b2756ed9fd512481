"""Gradio imported in two thirds of the time.

Two things cost Gradio most of its time, and neither is of use here. For every class of a component
it writes a `.pyi` file beside the source, for editors, although those of its own components are
part of the package. And Python looks again and again for garbage among modules, which stay.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

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
