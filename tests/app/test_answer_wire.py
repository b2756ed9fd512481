"""What goes over the wire while an answer is written: each token once."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
from fake_instrument import FakeInstrument
from serving import serve

from dessurt_app.canvas.canvas_value import canvas_value
from dessurt_app.canvas.files import load_examples


def messages(address: str, session: str = "wire", task: str = "w0>") -> Iterator[dict]:
    """All that the server sends to a browser for one question, in order."""
    example = load_examples()[0]
    data = [canvas_value(example.page, example.marks), task, "", False, 800, "fake"]
    with httpx.Client(base_url=address, timeout=60) as client:
        events = client.get("config").json()["dependencies"]
        (question,) = [event["id"] for event in events if event["api_name"] == "answer"]
        body = {"fn_index": question, "data": data, "session_hash": session}
        client.post("gradio_api/queue/join", json=body).raise_for_status()
        with client.stream("GET", f"gradio_api/queue/data?session_hash={session}") as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    yield (message := json.loads(line[5:]))
                    if message["msg"] == "process_completed":
                        return
    raise AssertionError("the stream has ended too early")


def test_only_what_is_new_is_sent():
    words = [f"w{number}" for number in range(120)]
    with serve(model=FakeInstrument(" ".join(words), 0.005)) as address:
        sent = list(messages(address))
    moments = [m["output"]["data"][0] for m in sent if m["msg"] == "process_generating"]
    whole, *changes = moments  # the first value, then edits: [action, path, value]
    assert whole["written"] == []
    edits = [edit for change in changes for edit in change]
    tokens = [value for action, path, value in edits if path[0] == "written" and len(path) == 2]
    assert [token["text"].strip() for token in tokens] == words
    texts = [value for action, path, value in edits if path == ["text"]]
    assert "".join(texts) == " ".join(words)
    # A token gets its alternatives once, at the end; nothing else about it is sent again.
    later = [path[1:] for _, path, _ in edits if path[0] == "written" and len(path) > 2]
    last = [number for number, token in enumerate(tokens) if "alternatives" in token]
    assert later + [[number, "alternatives"] for number in last] == [
        [number, "alternatives"] for number in range(len(words))
    ]
    assert len(moments) < len(words)  # several tokens in one message


def test_each_line_is_sent_once_and_whole():
    lines = [f"line number{n}" for n in range(30)]
    fake = FakeInstrument(" \\ ".join(lines), 0.005)
    fake.quads = [((10, y), (110, y), (110, y + 20), (10, y + 20)) for y in range(0, 900, 30)]
    with serve(model=fake) as address:
        sent = list(messages(address, task="read_block>"))
    moments = [m["output"]["data"][0] for m in sent if m["msg"] == "process_generating"]
    assert moments[0]["lines"] == []
    edits = [edit for change in moments[1:] for edit in change]
    came = [(action, path, value) for action, path, value in edits if path[0] == "lines"]
    assert [path for action, path, _ in came if action == "add"] == [
        ["lines", n] for n in range(30)
    ]
    assert len(came) == 30
    assert [line["end"] for _, _, line in came] == [2 + 3 * n for n in range(30)]
    assert came[1][2]["quad"] == [10, 30, 110, 30, 110, 50, 10, 50]
    assert came[1][2]["words"] == [[0, 0.5], [0.5, 1]]


def test_request_of_continue_is_small():
    """The server remembers the answer: Run and Continue send no tokens."""
    with serve(model=FakeInstrument("a", 0)) as address:
        events = httpx.get(f"{address}config").json()
    ids = {part["id"]: part["props"].get("elem_id") for part in events["components"]}
    inputs = [[ids[i] for i in event["inputs"]] for event in events["dependencies"]]
    assert not [names for names in inputs if "answer" in names]


def test_who_goes_away_gives_the_model_to_the_next():
    fake = FakeInstrument(" ".join("w" * 2000), 0.05)
    with serve(model=fake) as address:
        leaving = messages(address, "leaving")
        while next(leaving)["msg"] != "process_generating" or not fake.computed:
            pass
        leaving.close()  # as when a tab is closed
        fake.words = ["hello"]
        *_, last = messages(address, "next")
    assert last["output"]["data"][0]["text"] == "hello"
    assert len(fake.asked) == 2
