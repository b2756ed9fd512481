"""Turns: one question at a time gets the model, in the order in which they came.

Who works long gives its turn away now and then, so that short questions need not wait for all of it
and the long ones come on in turn.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A line of people who wait for one thing."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._line: list[Place] = []
        self._moved = threading.Condition()

    @contextmanager
    def join(self) -> Iterator[Place]:
        """Stand at the end of the line; leaving the context leaves the line."""
        place = Place(self._line, self._moved)
        with self._moved:
            self._line.append(place)
        try:
            yield place
        finally:
            with self._moved:
                self._line.remove(place)
                self._moved.notify_all()


class Place:
    """A place in the line."""

    def __init__(self, line: list[Place], moved: threading.Condition) -> None:
        """Args: line: the whole line; moved: told when somebody leaves it."""
        self._line, self._moved = line, moved

    def wait(self, seconds: float) -> int:
        """How many are ahead, as soon as it is this one's turn, or at the end of the time."""
        with self._moved:
            self._moved.wait_for(lambda: self._line[0] is self, seconds)
            return self._line.index(self)

    def give_way(self) -> None:
        """Go to the end of the line."""
        with self._moved:
            self._line.remove(self)
            self._line.append(self)
            self._moved.notify_all()
