"""The two input channels exactly as the model gets them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dessurt.frame import Frame
from dessurt.marks import Marks
from dessurt.page import Page
from dessurt.protocol import Instrument


@dataclass(frozen=True, eq=False)
class ModelInput:
    """What a question with these marks shows the model of a page."""

    channels: np.ndarray  # float32 [2, H, W], as of `Frame.tensor`: the page's ink, the marks
    frame: Frame  # how the page lies in it, and how tall the marked text is


def model_input(instrument: Instrument, page: Page, marks: Marks) -> ModelInput:
    """The input of a question about `page`, without running the model.

    Raises:
        MarksError: a mark lies outside the page or has no area.
    """
    checked = marks.checked(page.size)
    frame = instrument.frame(page, checked)
    return ModelInput(frame.tensor(page, checked).numpy(), frame)
