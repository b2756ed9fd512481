"""The two input channels exactly as the model gets them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dessurt import tasks
from dessurt.page import Page
from dessurt.page.frame import Frame
from dessurt.protocol import Instrument, Request


@dataclass(frozen=True, eq=False)
class ModelInput:
    """What one part of a question shows the model of a page."""

    channels: np.ndarray  # float32 [2, H, W], as of `Frame.tensor`: the page's ink, the marks
    frame: Frame  # how the page lies in it, and how tall the marked text is


def parts_of(instrument: Instrument, page: Page, request: Request) -> list[Request]:
    """The parts of a question, without running the model; see `Instrument.parts`.

    What is asked for makes no difference, so text may still be missing. A question that lacks its
    marks, has no known task, or has no part on this page, is one part as it stands.

    Raises:
        MarksError: a mark lies outside the page or has no area.
    """
    request = replace(request, marks=request.marks.checked(page.size))
    highlight, mask = request.marks.has("highlight"), request.marks.has("mask")
    try:
        tasks.check(request.task, request.text or "not typed yet", highlight, mask)
    except tasks.TaskError:
        return [request]
    return instrument.parts(page, request) or [request]


def model_input(instrument: Instrument, page: Page, part: Request) -> ModelInput:
    """The input of one of `parts_of`, without running the model."""
    frame = instrument.frame(page, part.marks)
    return ModelInput(frame.channels(page, part.marks), frame)
