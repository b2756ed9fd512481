"""Framing: how pages are laid into a model's images, as a checkpoint's settings say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dessurt.page.frame import Frame
from dessurt.page.line_height import levelled, marked_angle, marked_line_height
from dessurt.page.marks import Marks
from dessurt.page.pixels import Page


@dataclass(frozen=True)
class Framing:
    """The settings; they choose one of the three ways of `Frame`.

    Official checkpoints were trained on whole pages, which are made to fit. Others were trained on
    windows round the marks.
    """

    image_size: Sequence[int]  # (height, width) of the largest model image
    mode: str = "fit"  # or "focus": a window round the marks; without marks the whole page
    text_height: float = 0.0  # model pixels that a highlighted line gets in a window
    least: Sequence[int] | None = None  # (height, width) of the smallest window; None: the largest
    step: int = 64  # the sides of the image of a whole page are multiples of it, model pixels

    @classmethod
    def of(cls, settings: Mapping[str, Any], image_size: Sequence[int]) -> Framing:
        """As the section `"frame"` of a checkpoint's config says."""
        names = ("mode", "text_height", "least", "step")
        return cls(image_size, **{name: settings[name] for name in names if name in settings})

    def marks(self, page: Page, marks: Marks) -> Marks:
        """The marks as the model gets them: in a window they follow the text."""
        return levelled(page, marks) if self.mode == "focus" else marks

    def frame(self, page: Page, marks: Marks) -> Frame:
        """How a page is laid into the model image for a question with these marks."""
        line_height = marked_line_height(page, marks)
        if self.mode != "focus":
            return replace(Frame.fit(page.size, self.image_size), line_height=line_height)
        if line_height is None:
            return Frame.whole(page.size, self.image_size, self.step)
        angle = marked_angle(page, marks)
        return Frame.focus(
            page.size, self.image_size, marks, self.text_height, self.least, line_height, angle
        )
