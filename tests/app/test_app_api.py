"""The endpoint /answer, as a program uses it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from fake_instrument import FakeInstrument
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from serving import serve

from dessurt import tasks

BOX = {"channel": "highlight", "kind": "box", "points": [[10, 20], [300, 50]]}


@pytest.fixture(scope="module")
def fake() -> FakeInstrument:
    return FakeInstrument("one two three four", 0.08)


@pytest.fixture(scope="module")
def client(fake) -> Iterator[Client]:
    with serve(model=fake) as address:
        yield Client(address, verbose=False)


@pytest.fixture(autouse=True)
def fresh(fake) -> None:
    fake.reset()


@pytest.fixture
def page(tmp_path):
    Image.effect_noise((400, 300), 60).save(tmp_path / "page.png")
    return tmp_path / "page.png"


def question(file, **changed):
    canvas = {"page": handle_file(file), "marks": {"shapes": [BOX]}, **changed}
    return (canvas, "w0>", "", False)


def test_what_is_public_is_documented(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert set(endpoints) == {"/answer", "/preview", "/tasks"}
    names = [parameter["parameter_name"] for parameter in endpoints["/answer"]["parameters"]]
    assert names == ["canvas", "task", "text", "show_region", "limit", "checkpoint"]
    assert all(endpoint["description"] for endpoint in endpoints.values())


def test_example_of_the_docs(client, fake, monkeypatch, capsys):
    root = Path(__file__).parents[2]
    page = (root / "docs" / "ask.md").read_text("utf-8")
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (code,) = (each for each in examples if "gradio_client" in each)
    monkeypatch.chdir(root)
    fake.seconds = 0
    exec(compile(code.replace("http://127.0.0.1:7860", client.src), "ask.md", "exec"), {})
    assert capsys.readouterr().out.splitlines()[-1] == "one two three four"
    assert fake.asked[-1][1].marks.bounds("highlight") == (102, 481, 869, 520)


def test_tasks_are_listed(client):
    listed = {task["task"]: task for task in client.predict(api_name="/tasks")}
    assert len(listed) == sum(not task.hidden for task in tasks.TASKS)
    assert listed["w0>"] == {
        "task": "w0>",
        "name": "Read the highlighted text",
        "group": "Read",
        "needs": ["highlight"],
        "returns": "text and region",
        "example": ["", "a sunny day in May"],
        "learned": True,
    }
    assert listed["rm>"]["needs"] == ["highlight", "mask"]
    assert not listed["rm>"]["learned"]


def test_answer_is_streamed(client, fake, page):
    job = client.submit(*question(page), api_name="/answer")
    assert job.result()["text"] == "one two three four"
    texts = [answer["text"] for answer in job.outputs()]
    assert len(set(texts)) >= 4
    asked, request = fake.asked[-1]
    assert np.array_equal(asked.pixels, np.asarray(Image.open(page)))
    assert request.marks.to_json()["shapes"] == [BOX]


def test_region_is_a_file(client, page):
    canvas, *rest = question(page)
    answer = client.predict(canvas, *rest[:2], True, api_name="/answer")
    picture = Image.open(answer["region"])
    assert (picture.size, picture.mode) == ((400, 300), "L")


def test_cancelling_stops_the_model(client, fake, page):
    fake.words = ["word"] * 500
    job = client.submit(*question(page), api_name="/answer")
    for answer in job:
        if answer["tokens"] >= 3:
            break
    job.cancel()
    end = time.monotonic() + 60
    while not fake.closed and time.monotonic() < end:
        time.sleep(0.02)
    assert fake.closed
    assert fake.computed < 500  # how soon it ends, test_asking.py checks


@pytest.mark.parametrize(
    "changed",
    [
        {"page": "/etc/passwd"},
        {"width": 7, "height": 7},
        {"marks": {"shapes": [{**BOX, "points": [[0, 0], [1e9, 5]]}]}},
        {"marks": "all"},
    ],
)
def test_bad_values_get_one_sentence(client, fake, page, changed):
    asked = len(fake.asked)
    answer = client.predict(*question(page, **changed), api_name="/answer")
    assert answer["state"] == "error"
    assert answer["status"].count("\n") == 0 and 10 < len(answer["status"]) < 200
    assert len(fake.asked) == asked


def test_a_call_that_fails_says_why(client, page):
    with pytest.raises(AppError, match="a `number` component"):
        client.predict(*question(page), "many", api_name="/answer")
    called = httpx.post(f"{client.src}gradio_api/call/answer", json={"data": []}).json()
    told = httpx.get(f"{client.src}gradio_api/call/answer/{called['event_id']}", timeout=60).text
    assert "event: error" in told and "didn't receive enough input values" in told
