"""Ask a page: the document transformer Dessurt as a library.

model = open_model("checkpoints/dessurt-small")
page = Page.open("letter.png")
marks = Marks.from_boxes(highlight=[(120, 300, 900, 340)])
for event in model.ask(page, Request("w0>", marks=marks)):
    if isinstance(event, Text):
        print(event.delta, end="", flush=True)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from dessurt.marks import Marks, MarksError
from dessurt.page import Page, PageError
from dessurt.protocol import (
    Alternative,
    Card,
    Done,
    Event,
    Instrument,
    Notice,
    Progress,
    Region,
    Request,
    RequestError,
    Text,
)

if TYPE_CHECKING:
    from dessurt.checkpoint import CheckpointError
    from dessurt.instrument import open_model

__all__ = [
    "Alternative",
    "Card",
    "CheckpointError",
    "Done",
    "Event",
    "Instrument",
    "Marks",
    "MarksError",
    "Notice",
    "Page",
    "PageError",
    "Progress",
    "Region",
    "Request",
    "RequestError",
    "Text",
    "open_model",
]

# Imported when they are first used: they bring torch, and the app opens its page before that.
_WITH_TORCH = {"CheckpointError": "dessurt.checkpoint", "open_model": "dessurt.instrument"}


def __getattr__(name: str) -> Any:
    if name not in _WITH_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_WITH_TORCH[name]), name)
