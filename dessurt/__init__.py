"""Ask a page: the document transformer Dessurt as a library.

model = open_model("checkpoints/dessurt-small")
page = Page.open("letter.png")
marks = Marks.from_boxes(highlight=[(120, 300, 900, 340)])
for event in model.ask(page, Request("w0>", marks=marks)):
    if isinstance(event, Text):
        print(event.delta, end="", flush=True)
"""

from dessurt.checkpoint import CheckpointError
from dessurt.instrument import open_model
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
