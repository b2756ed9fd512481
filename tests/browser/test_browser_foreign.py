"""A page of another site, open in the same browser, can neither read nor change anything."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import httpx
import pytest
from fake_instrument import FakeInstrument
from PIL import Image
from serving import serve

from dessurt.data.annotations import Annotation
from dessurt.data.annotations.store import Store
from dessurt.page.marks import Marks
from dessurt_app.strings import FOREIGN

ACCOUNT = "ann", "secret"

# Sends something in every way in which a page can, and tells what it could read of the answers.
SEND = """async ([address, path, body]) => {
    const got = [];
    for (const mode of ["cors", "no-cors"]) {
        for (const type of ["text/plain", "application/json"]) {
            const headers = mode === "cors" ? { "content-type": type } : {};
            const sent = { method: "POST", mode, headers, body, credentials: "include" };
            try {
                got.push(await (await fetch(address + path, sent)).text());
            } catch {}
        }
    }
    navigator.sendBeacon(address + path, body);
    const form = document.createElement("form");
    const frame = document.createElement("iframe");
    frame.name = form.target = "f" + Math.random();
    Object.assign(form, { method: "POST", action: address + path, enctype: "text/plain" });
    const field = document.createElement("input");
    [field.name, field.value] = [body.slice(0, -1), "}"];
    form.append(field);
    document.body.append(frame, form);
    form.submit();
    return got.filter(Boolean);
}"""

READ = """async ([address, path]) => {
    try {
        return await (await fetch(address + path, { credentials: "include" })).text();
    } catch {
        return "";
    }
}"""


class Page(http.server.BaseHTTPRequestHandler):
    """The foreign page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Foreign</title>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def foreign_port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def store(tmp_path) -> Store:
    Image.effect_noise((300, 200), 60).save(tmp_path / "page.png")
    store = Store(tmp_path / "mine")
    given = Annotation("w0>", ("mine",), Marks.from_boxes([(10, 2, 200, 20)]), state="new")
    store.save(tmp_path / "page.png", 0, given)
    return store


@pytest.mark.parametrize(
    ("auth", "site"),
    [(None, "127.0.0.1"), ([ACCOUNT], "localhost")],
    ids=["another port, alone", "another name, with a password"],
)
def test_a_foreign_page_can_do_nothing(browser, foreign_port, store, auth, site):
    fake = FakeInstrument("a b", 0)
    before = (store.folder / "qa.json").read_bytes()
    with serve(model=fake, data=store.folder, auth=auth) as address:
        context = browser.new_context()
        tab = context.new_page()
        tab.goto(address)
        if auth:  # the person is logged in
            user, password = ACCOUNT
            assert tab.request.post(
                f"{address}login", form={"username": user, "password": password}
            ).ok
        config = tab.request.get(f"{address}config").json()
        assert config["components"]
        foreign = context.new_page()
        foreign.goto(f"http://{site}:{foreign_port}/")
        row = store.rows[0].id
        bodies = [
            f'{{"component_id": {component["id"]}, "fn_name": "{name}", "session_hash": "x", '
            f'"data": ["{row}", "skip", []]}}'
            for component in config["components"]
            for name in component["props"].get("server_fns") or ()
        ]
        assert len(bodies) >= 14
        wanted = [("gradio_api/component_server", body) for body in bodies]
        wanted += [
            ("gradio_api/queue/join", f'{{"data": [], "fn_index": {function["id"]}, '
             '"session_hash": "x"}')
            for function in config["dependencies"]
        ]  # fmt: skip
        wanted += [(f"gradio_api/call/{name}", '{"data": []}') for name in ("answer", "tasks")]
        wanted += [("gradio_api/upload", "{}"), ("login", "{}"), ("gradio_api/cancel", "{}")]
        for path, body in wanted:
            assert set(foreign.evaluate(SEND, [address, path, body])) <= {FOREIGN}, path
        for path in ("", "config", "gradio_api/info", "gradio_api/queue/data?session_hash=x"):
            assert foreign.evaluate(READ, [address, path]) in ("", FOREIGN), path
        foreign.wait_for_timeout(500)  # forms and beacons are on their way
        context.close()
    assert (store.folder / "qa.json").read_bytes() == before
    assert fake.asked == []


def test_a_foreign_name_is_refused(browser, foreign_port):
    """A page has its own name lead here, and then asks itself (DNS rebinding)."""
    with serve(model=FakeInstrument("a b", 0)) as address:
        port = httpx.URL(address).port
        tab = browser.new_page()
        tab.route("**/*", lambda route: route.continue_())
        answer = httpx.get(address, headers={"host": f"evil.example:{port}"})
        assert answer.status_code == 403 and "127.0.0.1 or localhost" in answer.text
        assert tab.goto(f"http://localhost:{port}/").ok
        tab.close()
