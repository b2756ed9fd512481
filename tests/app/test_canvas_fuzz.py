"""Whatever arrives in place of a canvas value: a sentence comes back, and nothing else is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from itertools import cycle
from pathlib import Path

import httpx
import pytest
from fake_instrument import FakeInstrument
from hostile import FILE_DATA, HOSTS, Traps, canvas_values, json_value, paths
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving import serve
from watched import watching

from dessurt.page import PageError
from dessurt.page.marks import MarksError
from dessurt_app import strings
from dessurt_app.canvas.canvas_value import Drawn, read_value
from dessurt_app.canvas.files import ASSETS, CanvasError
from dessurt_app.canvas.page_canvas import PageCanvas

LONGEST_SENTENCE = 400


@pytest.fixture(scope="module")
def traps(tmp_path_factory) -> Iterator[Traps]:
    """An upload folder with traps, which is Gradio's for this module."""
    uploads, outside = tmp_path_factory.mktemp("uploads"), tmp_path_factory.mktemp("outside")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(uploads))
        yield Traps.lay(uploads, outside)


def fuzz(examples: int):
    """So many examples, the same ones each time, and none of them too slow."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def assert_sentence(told: str) -> None:
    assert 10 < len(told) < LONGEST_SENTENCE and "\n" not in told and "Traceback" not in told


def assert_kept_inside(watch, traps: Traps) -> None:
    assert watch.outside(traps.uploads, ASSETS) == set()
    assert watch.hosts == set()


@fuzz(200)
@given(data=st.data())
def test_a_value_is_read_or_refused_in_one_sentence(traps, data):
    value = data.draw(canvas_values(traps))
    with watching() as watch:
        try:
            drawn = read_value(value)
        except (CanvasError, PageError, MarksError) as error:
            assert_sentence(str(error))
        else:
            assert isinstance(drawn, Drawn)
            assert (drawn.page.pixels == 200).all(), "only the good page can be read"
    assert_kept_inside(watch, traps)


def test_every_trap_is_refused_by_name(traps):
    for path in filter(None, traps.paths()):
        for page in (path, {"path": path}):
            with watching() as watch, pytest.raises(CanvasError, match="open it again"):
                read_value({"page": page, "width": 60, "height": 40})
            assert_kept_inside(watch, traps)
    another = traps.uploads / "not_read_before.png"
    another.write_bytes(traps.good.read_bytes())
    with watching() as watch:
        assert read_value({"page": str(another)}).page.size == (40, 60)
    assert another in watch.files, "else nothing was watched"


CANVAS = PageCanvas()


@pytest.mark.parametrize("name", [function.__name__ for function in CANVAS.server_fns])
@fuzz(80)
@given(data=st.data())
def test_server_functions_answer_with_an_object(traps, name, data):
    """They are called with any JSON by anybody who can reach the app."""
    file = paths(traps) | st.just(str(traps.good))
    argument = data.draw(
        file | json_value | canvas_values(traps) | st.tuples(file, *[json_value] * 5).map(list)
    )
    with watching() as watch:
        answer = getattr(CANVAS, name)(argument)
    assert_kept_inside(watch, traps)
    assert isinstance(answer, dict)
    json.dumps(answer, allow_nan=False)
    if "error" in answer:
        assert_sentence(answer["error"])


@pytest.fixture(scope="module")
def app(traps) -> Iterator[str]:
    with serve(model=FakeInstrument("a b", 0), uploads=traps.uploads) as address:
        yield address


def post(address: str, path: str, body: object) -> httpx.Response:
    """As a program may send it: also what is no JSON to the letter."""
    content = json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    return httpx.post(address + "gradio_api/" + path, content=content, headers=headers, timeout=60)


@cache
def usual(address: str) -> list[object]:
    """The arguments of the endpoint, as they are when nobody gives them."""
    info = httpx.get(address + "gradio_api/info", timeout=60).json()
    parameters = info["named_endpoints"]["/answer"]["parameters"]
    return [parameter.get("parameter_default") for parameter in parameters]


def ask(address: str, *arguments: object) -> tuple[str, object]:
    """The last event of one question and what it carries; what is not given is as usual."""
    joined = post(address, "call/answer", {"data": [*arguments, *usual(address)[len(arguments) :]]})
    if joined.status_code != 200:
        return "refused", joined.text
    told = httpx.get(f"{address}gradio_api/call/answer/{joined.json()['event_id']}", timeout=60)
    lines = [line for line in told.text.splitlines() if line]
    return lines[-2].removeprefix("event: "), json.loads(lines[-1].removeprefix("data: "))


@fuzz(20)
@given(data=st.data())
def test_the_endpoint_answers_or_errs_as_defined(traps, app, data):
    canvas = data.draw(canvas_values(traps))
    text, box, *more = (data.draw(json_value) for _ in range(len(usual(app)) - 2))
    task = data.draw(st.sampled_from(["w0>", "natural_q~", "0w~", "mk>"]) | json_value)
    with watching(everywhere=True) as watch:
        event, carried = ask(app, canvas, task, text, box, *more)
    assert traps.secret not in watch.files
    assert watch.hosts <= {"127.0.0.1"}
    assert "Traceback" not in json.dumps(carried)
    if event == "complete":
        answer = carried[0]
        assert answer["state"] in ("done", "error")
        if answer["state"] == "error":
            assert_sentence(answer["status"])
    else:
        assert event in ("error", "refused")


def test_the_endpoint_still_works_after_all_that(traps, app):
    box = {"channel": "highlight", "kind": "box", "points": [[5, 5], [30, 20]]}
    canvas = {"page": str(traps.good), "marks": {"shapes": [box]}}
    event, (answer, *_) = ask(app, canvas, "w0>")
    assert (event, answer["state"], answer["text"]) == ("complete", "done", "a b")


def test_no_address_is_fetched_for_a_visitor(traps, app):
    """Not even by Gradio, which looks for files in every input."""
    for place, host in zip(range(len(usual(app))), cycle(HOSTS), strict=False):
        arguments = [{"page": str(traps.good)}, "w0>", *usual(app)[2:]]
        arguments[place] = {"path": f"http://{host}/page.png", "meta": FILE_DATA}
        with watching(everywhere=True) as watch:
            event, carried = ask(app, *arguments)
        assert watch.hosts <= {"127.0.0.1"}
        assert (event, carried["error"]) == ("error", strings.NO_ADDRESS)


def test_files_outside_are_not_served(traps, app):
    for path in (traps.secret, "/etc/passwd", Path(__file__), traps.uploads / "link.png"):
        assert httpx.get(f"{app}gradio_api/file={path}").status_code in (403, 404)
