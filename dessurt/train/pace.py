"""When a run saves, measures and reports, and the time that it has for it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from tqdm import tqdm


@dataclass(frozen=True)
class Pace:
    """How often a run is saved, measured and reported."""

    save: float = 180.0  # seconds; so much a run loses at most that is killed
    check: float = 900.0  # seconds; training waits while synthetic pages are read
    looks: int = 5  # in a budget, at validation pages
    report: int = 50  # steps
    report_with_looks: int = 5  # steps; such runs take minutes, and somebody watches
    checking: float = 0.06  # share of a budget, for measuring at the end
    looking: float = 0.12  # the same where validation pages are read, too


PACE = Pace()


@dataclass
class Figures:
    """What was seen since the last report; it is kept with the state, so that none is lost."""

    values: dict[str, list[float]] = field(default_factory=dict)  # of each figure
    samples: int = 0
    seconds: float = 0.0


class Clock:
    """How long the run may go on in this process, and when it last saved and measured; seconds."""

    def __init__(self, limit: float) -> None:
        """Nothing is counted yet; `limit` may be infinite."""
        self.limit = limit
        self.began = self.counted = self.saved = self.checked = math.inf

    def begin_stage(self) -> None:
        """A first step is next: count from here on, and with the first stage the whole time."""
        self.counted = self.saved = self.checked = time.monotonic()
        self.began = min(self.began, self.counted)

    @property
    def elapsed(self) -> float:
        """The seconds since the first step began; 0 before."""
        return max(time.monotonic() - self.began, 0.0)

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self.elapsed >= self.limit

    def lap(self) -> float:
        """The seconds of the step that ends now."""
        before, self.counted = self.counted, time.monotonic()
        return self.counted - before

    def skip(self) -> None:
        """Leave the time since the last step out, which was spent on measuring."""
        self.counted = time.monotonic()


def steps_bar(step: int, end: int | None, silent: bool) -> tqdm:
    """The bar in the terminal that shows how far a run is.

    Args:
        step: Where the run stands.
        end: Its last step, if it does not end by the clock.
        silent: Whether nothing is shown, as by all processes but the first.
    """
    return tqdm(total=end, initial=step, unit="step", dynamic_ncols=True, disable=silent)
