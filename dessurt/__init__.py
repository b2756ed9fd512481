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

if TYPE_CHECKING:
    from dessurt.checkpoint import CheckpointError
    from dessurt.opening import open_model
    from dessurt.page import LockedError, Marks, MarksError, Page, PageError
    from dessurt.protocol import (
        Alternative,
        Card,
        Done,
        Event,
        Instrument,
        Notice,
        Outcome,
        Progress,
        Region,
        Request,
        RequestError,
        Text,
        TextLine,
        View,
        Word,
    )

__all__ = [
    "Alternative",
    "Card",
    "CheckpointError",
    "Done",
    "Event",
    "Instrument",
    "LockedError",
    "Marks",
    "MarksError",
    "Notice",
    "Outcome",
    "Page",
    "PageError",
    "Progress",
    "Region",
    "Request",
    "RequestError",
    "Text",
    "TextLine",
    "View",
    "Word",
    "open_model",
]

# Imported when they are first used: the model brings torch, and the app opens its page before that;
# the processes that open files need neither.
_MODULES = {
    "CheckpointError": "checkpoint",
    "open_model": "opening",
    **dict.fromkeys(("LockedError", "Marks", "MarksError", "Page", "PageError"), "page"),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"dessurt.{_MODULES.get(name, 'protocol')}")
    return getattr(module, name)
