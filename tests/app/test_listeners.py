"""A question that nobody listens to any more is dropped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace

import httpx
import pytest
from fake_instrument import FakeInstrument
from serving import serve

from dessurt_app.ask import listeners
from dessurt_app.ask.asking import Asking
from dessurt_app.ask.listeners import Listeners
from dessurt_app.canvas.canvas_value import canvas_value
from dessurt_app.canvas.files import load_examples
from dessurt_app.models import Weights

LETTER = load_examples()[0]
BOX = {"channel": "highlight", "kind": "box", "points": [[9, 9], [90, 40]]}
QUESTION = [{"page": str(LETTER.page), "marks": {"shapes": [BOX]}}, "w0>", "", False, 4000, "fake"]


def heard(path: str, query: str = "", method: str = "GET"):
    return {"path": path, "query_string": query.encode(), "method": method}


@pytest.mark.parametrize(
    ("request_", "session"),
    [
        (heard("/gradio_api/heartbeat/me"), "me"),
        (heard("/gradio_api/queue/data", "session_hash=me&more=1"), "me"),
        (heard("/gradio_api/queue/data"), None),
        (heard("/gradio_api/queue/join", "session_hash=me", "POST"), None),
        (heard("/gradio_api/call/answer/me", method="POST"), None),
        (heard("/config"), None),
    ],
)
def test_who_listens_is_seen_by_the_request(request_, session, monkeypatch):
    monkeypatch.setattr(listeners, "PATIENCE", 0.05)
    ears, before = Listeners(), time.monotonic() - 1
    with ears.listening(request_):
        assert ears.has_gone("me", before) == (session is None)
        with ears.listening(request_):
            pass
        assert ears.has_gone("me", before) == (session is None)
    assert ears.has_gone("me", before) == (session is None), "it has only just left"
    time.sleep(0.06)
    assert ears.has_gone("me", before)
    assert not ears.has_gone("me", time.monotonic())
    assert not ears.has_gone(None, before)


def test_a_question_ends_when_its_visitor_has_gone(monkeypatch):
    monkeypatch.setattr(listeners, "PATIENCE", 0.2)
    fake = FakeInstrument(" ".join("w" * 10_000), 0.01)
    desk = Asking(Weights(fake), None, Listeners())
    canvas = canvas_value(LETTER.page, LETTER.marks)
    me = SimpleNamespace(session_hash="me")
    answers = list(desk.answer_stream(canvas, "w0>", "", False, 10_000, None, me))
    assert 1 <= answers[-1].tokens < 1000 and fake.closed
    assert desk.last(me).state == "stopped", "who comes back may go on"


@pytest.fixture
def slow(monkeypatch) -> Iterator[tuple[str, FakeInstrument]]:
    monkeypatch.setattr(listeners, "PATIENCE", 1.0)
    fake = FakeInstrument(" ".join("w" * 200), 0.02)
    with serve(model=fake) as address:
        yield address, fake


def test_the_server_drops_it_too(slow):
    address, fake = slow
    httpx.post(f"{address}gradio_api/call/answer", json={"data": QUESTION}).raise_for_status()
    deadline = time.monotonic() + 60
    while not fake.closed and time.monotonic() < deadline:
        time.sleep(0.05)
    assert fake.closed and fake.computed < 200


@pytest.mark.parametrize("session", [None, "mine"])
def test_whoever_listens_gets_the_whole_answer(slow, session):
    address, _ = slow
    named = {"session_hash": session} if session else {}
    joined = httpx.post(f"{address}gradio_api/call/answer", json={"data": QUESTION, **named})
    told = httpx.get(
        f"{address}gradio_api/call/answer/{joined.json()['event_id']}", timeout=120
    ).text
    assert "event: complete" in told
    assert told.rsplit("data: ", 1)[1].count("w") >= 200
