"""Listeners: whether anybody still waits for the answers of a session.

Gradio streams an answer to whoever asks for it by the session's name or the question's, and goes on
if nobody does. Then the model need not.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

# Seconds without a listener: a browser that lost its connection comes back, and a new one takes a
# moment to connect.
PATIENCE = 10.0
MOST_REMEMBERED = 10_000  # sessions that nobody listens to any more

# The streams of a browser while its page is open, of its questions, and of a program's question.
_STREAMS = re.compile(
    r"/(?:heartbeat/(?P<page>[^/]+)|queue/data|call/(?:v2/)?[^/]+/(?P<question>[^/]+))$"
)


class Listeners:
    """Who listens to which session."""

    def __init__(self) -> None:
        """Start without any."""
        self._open: Counter[str] = Counter()
        self._left: OrderedDict[str, float] = OrderedDict()  # when the last one left
        self._lock = threading.Lock()

    @contextmanager
    def listening(self, scope: Mapping[str, Any]) -> Iterator[None]:
        """For as long as a request lasts, whether it is one that listens or another."""
        names = _names(scope)
        with self._lock:
            self._open.update(names)
        try:
            yield
        finally:
            with self._lock:
                for name in names:
                    self._open[name] -= 1
                    if not self._open[name]:
                        del self._open[name]
                        self._left[name] = time.monotonic()
                        self._left.move_to_end(name)
                while len(self._left) > MOST_REMEMBERED:
                    self._left.popitem(last=False)

    def has_gone(self, session: str | None, since: float) -> bool:
        """Whether nobody listens to a session, nor has done so of late.

        Args:
            session: the session's name; None: whoever asked is answered directly.
            since: when it asked, a time of `time.monotonic`.
        """
        with self._lock:
            if session is None or session in self._open:
                return False
            return time.monotonic() - max(since, self._left.get(session, 0.0)) > PATIENCE


def _names(scope: Mapping[str, Any]) -> list[str]:
    """The names of the sessions that a request listens to."""
    stream = _STREAMS.search(scope["path"].rstrip("/"))
    if scope["method"] != "GET" or not stream:
        return []
    if page := stream["page"]:
        return [page]
    if question := stream["question"]:
        # A program that names no session is in one with the name of its question.
        event = scope["app"].get_blocks()._queue.event_ids_to_events.get(question)
        return list({question, event.session_hash} if event else {question})
    return parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [])[:1]


listeners = Listeners()  # of all apps in this process: names of sessions are random
