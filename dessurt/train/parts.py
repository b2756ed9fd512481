"""A part of a stage's mixture: batches of one kind of question in images of one size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dessurt.data.questions.entities import ENTITY_TASKS
from dessurt.data.questions.forms import FORM_TASKS
from dessurt.data.questions.makers import PARAGRAPH_TASKS

# token: the function that makes questions of a page
TASKS = {**PARAGRAPH_TASKS, **FORM_TASKS, **ENTITY_TASKS}
PAIRS = ("window", "rescale", "kinds")  # lists in a config that are tuples here


@dataclass(frozen=True)
class Part:
    """Batches of some tasks about synthetic pages, or of a data set's questions."""

    batch: int  # samples in each process
    tasks: dict[str, float] = field(default_factory=dict)  # token: how often, beside the others
    window: tuple[int, int] | None = None  # h, w; None: the model's largest image
    data: dict[str, Any] | None = None  # as `open_set` takes it; None: synthetic pages
    weight: float = 1.0  # how often, beside the other parts
    most_answer: int = 110  # characters that a task made from a page's truth may answer
    lines: int = 1  # of an answer, at least: many blocks of a page have only one
    smallest: float = 10.0  # model pixels of a line's height; what gets smaller is left out
    text: bool = True  # False: only the convolutions learn
    kinds: tuple[str, ...] = ()  # of synthetic documents; none: all
    documents: int = 12  # synthetic ones, that 16 micro-batches in a row are drawn from
    vary: bool = False  # a data set's questions are asked as of new scans, and of new lines
    # How the original changes a page, where the whole page is seen (frame "fit").
    rescale: tuple[float, float] = (0.9, 1.1)  # the scale's range
    fit: bool | str = True  # the scale is relative to that at which the page fits; "width",
    # "height": at which that side does
    rotate: float = 1.0  # degrees, standard deviation
    turned: float = 0.99  # how often the page is turned, where it is turned at all
    pad: int = 0  # pixels all round in which the page may be shifted further
    centred: bool = False  # the middle of the page is seen, not a part drawn by lot
    shade: float = 0.0  # how often ink and paper are made darker or brighter
    cased: bool = True  # False: questions and answers are in small letters

    @classmethod
    def of(cls, given: dict[str, Any]) -> Part:
        """From a config's entry."""
        pairs: dict[str, Any] = {key: tuple(given[key]) for key in PAIRS if key in given}
        return cls(**{**given, **pairs})
