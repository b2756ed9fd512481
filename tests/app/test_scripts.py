"""Scripts: how they are linked into one, and how browsers get that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import httpx
import pytest
from fake_instrument import FakeInstrument
from fastapi import FastAPI
from fastapi.testclient import TestClient
from serving import serve

from dessurt_app import static_files as scripts
from dessurt_app.launch import launch_options

FOLDER = Path(scripts.__file__).parent


@pytest.fixture(scope="module")
def app() -> Iterator[str]:
    with serve(model=FakeInstrument()) as address:
        yield address


# ---- linked into one -----------------------------------------------------------------------------


def test_a_script_comes_behind_those_that_it_imports_and_exports_what_it_did() -> None:
    sources = {
        "a/one.js": 'import { two, three as tres } from "../b/two.js";\n\n'
        "export function one() {\n  return two + tres;\n}\n",
        "b/two.js": "export const two = 2;\nexport const three = 3;\nconst own = 4;\n",
    }
    assert scripts.linked(sources) == (
        "const b_two = (() => {\nconst two = 2;\nconst three = 3;\nconst own = 4;\n"
        "return { two, three };\n})();\n"
        "const a_one = (() => {\nconst { two, three: tres } = b_two;\n\n"
        "function one() {\n  return two + tres;\n}\n"
        "return { one };\n})();\n"
        'export { a_one as "a/one.js", b_two as "b/two.js" };\n'
    )


def test_imports_over_several_lines_and_functions_of_all_kinds() -> None:
    made = scripts.linked(
        {
            "a/a.js": 'import {\n  b,\n  c,\n} from "./b.js";\n',
            "a/b.js": "export async function b() {}\nexport function* c() {}\n",
        }
    )
    assert "async function b() {}\nfunction* c() {}\nreturn { b, c };" in made
    assert "const {\n  b,\n  c,\n} = a_b;" in made


@pytest.mark.parametrize(
    "text, reason",
    [
        ('import { a } from "./nothing.js";\n', "there is no script a/nothing.js"),
        ('import { a } from "./a.js";\n', "cycle"),
        ('import * as all from "./b.js";\n', r"a/a.js cannot be linked: import \* as all"),
        ("export default 3;\n", "a/a.js cannot be linked: export default 3;"),
        ('export { a } from "./b.js";\n', "a/a.js cannot be linked: export { a }"),
    ],
)
def test_what_cannot_be_linked_is_noticed(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        scripts.linked({"a/a.js": text, "a/b.js": "export const a = 1;\n"})


def test_a_call_of_what_is_not_there_is_noticed_when_the_app_is_built() -> None:
    with pytest.raises(ValueError, match="canvas/nothing.js exports no start"):
        scripts.on_load("canvas/nothing.js", "start")
    with pytest.raises(ValueError, match="ask/ask_tab.js exports no nothing"):
        scripts.handler("ask/ask_tab.js", "nothing")


def test_calls_carry_their_arguments_as_json() -> None:
    text = {"a": 'he said "ä"'}
    started = scripts.on_load("ask/answer_view.js", "start", text, 3)
    assert started.startswith(f'import(new URL("{scripts.ADDRESS}", document.baseURI)).then(')
    assert started.endswith(r'upload, watch }, {"a": "he said \"\u00e4\""}, 3));')
    handled = scripts.handler("ask/ask_tab.js", "recallCheckpoint", ["a", "b"])
    assert handled.endswith('["ask/ask_tab.js"].recallCheckpoint(["a", "b"], ...values)')


def test_only_events_of_the_list_are_announced() -> None:
    listed = re.findall(r"^ \* @property \{.*\} ([\w-]+)  ", _text("screen/events.js"), re.M)
    assert len(listed) == 20
    python = "".join(file.read_text("utf-8") for file in FOLDER.rglob("*.py"))
    announced = re.findall(r'[=\s]announce\("([\w-]+)"', python)
    assert len(announced) >= 5 and {*announced} <= {*listed}


def _text(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


# ---- served --------------------------------------------------------------------------------------


def test_all_scripts_are_served_as_one_that_browsers_keep(app: str) -> None:
    answer = httpx.get(app + scripts.ADDRESS)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "script-src 'self' " in answer.headers["content-security-policy"]
    for file in FOLDER.rglob("*.js"):
        assert f' as "{file.relative_to(FOLDER).as_posix()}"' in answer.text
    assert scripts.PRELOAD in launch_options()["head"]


@pytest.mark.parametrize("name", ["0123456789abcdef.js", "canvas/page_canvas.js", "../ui.py", ""])
def test_nothing_else_is_served_there(app: str, name: str) -> None:
    assert httpx.get(f"{app}scripts/{name}").status_code == 404


def test_scripts_are_for_those_who_have_logged_in() -> None:
    with serve(model=FakeInstrument(), auth=[("ann", "secret")]) as address:
        assert httpx.get(address + scripts.ADDRESS).status_code == 401
        with httpx.Client(base_url=address) as client:
            client.post("login", data={"username": "ann", "password": "secret"})
            client.cookies = dict(client.cookies)  # without the domain, which has a port
            assert client.get(scripts.ADDRESS).status_code == 200


def test_another_site_gets_no_script(app: str) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert httpx.get(app + scripts.ADDRESS, headers=headers).status_code == 403


def test_they_lie_below_the_app_behind_a_proxy() -> None:
    with gr.Blocks() as blocks:
        gr.HTML("a page")
    outer = FastAPI()
    gr.mount_gradio_app(outer, blocks, "/app", app_kwargs=launch_options()["app_kwargs"])
    client = TestClient(outer, base_url="http://localhost")
    assert client.get(f"/app/{scripts.ADDRESS}").status_code == 200
    assert client.get(f"/{scripts.ADDRESS}").status_code == 404
