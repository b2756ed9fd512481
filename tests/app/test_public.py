"""The app in public: who gets in, which files it serves, how much it takes."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx
import pytest
from fake_instrument import FakeInstrument
from PIL import Image
from serving import serve, started

from dessurt_app import doors, launch, strings, ui
from dessurt_app.doors import UPLOADS_OF_ONE, Doors, Uploads
from dessurt_app.launch import launch_options
from dessurt_app.ui import build

ROOT = Path(ui.__file__).parent.parent


@pytest.fixture(scope="module")
def address():
    with serve(model=FakeInstrument("a b", 0)) as address:
        yield address


def upload(address: str, name: str, content: bytes) -> httpx.Response:
    files = {"files": (name, content)}
    return httpx.post(f"{address}gradio_api/upload", files=files, timeout=60)


def test_only_uploads_and_examples_are_served(address, tmp_path):
    Image.new("L", (30, 20), 9).save(tmp_path / "page.png")
    content = (tmp_path / "page.png").read_bytes()
    (mine,) = upload(address, "page.png", content).json()
    served = f"{address}gradio_api/file="
    assert httpx.get(served + mine).content == content
    assert httpx.get(f"{served}{ROOT}/assets/1_letter.png").status_code == 200
    for path in (
        f"{ROOT}/README.md",
        f"{ROOT}/checkpoints/dessurt-small/config.json",
        f"{ROOT}/assets/../README.md",
        "/etc/passwd",
        str(tmp_path / "page.png"),
        str(Path(mine).parent),
        str(Path(mine).parent.parent),
        "https://example.com/page.png",
    ):
        assert httpx.get(served + path).status_code in (403, 404), path


def test_uploads_lie_where_nobody_else_can_guess(address):
    (first,) = upload(address, "page.png", b"one").json()
    (second,) = upload(address, "page.png", b"two").json()
    assert len({Path(path).parent.name for path in (first, second)}) == 2
    assert all(len(Path(path).parent.name) == 64 for path in (first, second))


def test_large_uploads_are_refused(address, monkeypatch):
    assert upload(address, "large.png", b"0" * (64 * 1024**2 + 1)).status_code == 413


def test_nothing_is_recorded(address):
    config = httpx.get(f"{address}config").json()
    assert not config["analytics_enabled"]
    assert not config["run_history"]


def test_only_known_people_get_in():
    built = build(model=FakeInstrument())
    accounts = [("ann", "a:b"), ("ben", "c")]
    _, address, _ = built.launch(
        prevent_thread_lock=True, quiet=True, auth=accounts, **launch_options()
    )
    try:
        file = f"{address}gradio_api/file={ROOT}/assets/1_letter.png"
        assert httpx.get(file).status_code == 401
        assert upload(address, "page.png", b"one").status_code == 401
        wrong = {"username": "ann", "password": "c"}
        assert httpx.post(f"{address}login", data=wrong).status_code == 400
        for user, password in accounts:
            with httpx.Client() as visitor:
                visitor.post(f"{address}login", data={"username": user, "password": password})
                assert visitor.get(file).status_code == 200
    finally:
        built.close(verbose=False)


def test_a_full_queue_refuses_with_a_message(monkeypatch):
    monkeypatch.setattr(ui, "LONGEST_QUEUE", 2)
    monkeypatch.setattr("dessurt_app.ask.ask_tab.WAITING", 1)
    with serve(model=FakeInstrument("w " * 500, 0.05)) as address:
        functions = httpx.get(f"{address}config").json()["dependencies"]
        (number,) = (each["id"] for each in functions if each["api_name"] == "answer")
        example = launch.ASSETS / "1_letter.png"
        box = {"channel": "highlight", "kind": "box", "points": [[9, 9], [90, 40]]}
        canvas = {"page": str(example), "marks": {"shapes": [box]}}
        body = {"data": [canvas, "w0>", "", False, 800, "fake"], "fn_index": number}

        def join(visitor: int) -> httpx.Response:
            sent = {**body, "session_hash": f"visitor{visitor}"}
            return httpx.post(f"{address}gradio_api/queue/join", json=sent, timeout=60)

        with ThreadPoolExecutor(8) as many:
            answers = list(many.map(join, range(8)))
        refused = [answer for answer in answers if answer.status_code == 503]
        assert 4 <= len(refused) <= 6
        assert all("full" in answer.json()["detail"].lower() for answer in refused)


# The command line of app.py


def parsed(monkeypatch, *words: str):
    monkeypatch.setattr(sys, "argv", ["app.py", *words])
    return launch.parse_arguments()


def test_people_are_given_on_the_command_line(monkeypatch, capsys):
    given = parsed(monkeypatch, "--auth", "ann:a:b", "ben:c", "--host", "0.0.0.0", "--port", "80")
    assert given.auth == [("ann", "a:b"), ("ben", "c")]
    assert (given.host, given.port, given.share) == ("0.0.0.0", 80, False)
    assert parsed(monkeypatch).auth is None
    for wrong in ("ann", "ann:", ":secret"):
        with pytest.raises(SystemExit):
            parsed(monkeypatch, "--auth", wrong)
        assert "user:password" in capsys.readouterr().err


def test_a_checkpoint_that_is_not_there_is_told_in_the_terminal(monkeypatch, capsys, tmp_path):
    missing = str(tmp_path / "missing")
    with pytest.raises(SystemExit) as end:
        parsed(monkeypatch, "--checkpoint", missing)
    assert end.value.code == 2
    assert strings.NO_SUCH_CHECKPOINT.format(path=missing) in capsys.readouterr().err
    for there in (str(tmp_path), "owner/name"):  # the second may be on the hub
        assert parsed(monkeypatch, "--checkpoint", there).checkpoint == there


LENDING = """
import sys
assert "torch" not in sys.modules, "torch came first"
def GPU(function):
    def lent(*given):
        print("lent for", given[0], flush=True)
        yield from function(*given)
    return lent
"""

ASKING = """
import sys
sys.path.insert(0, "tests/app")
import app
from fake_instrument import FakeInstrument
from dessurt_app.ui import build
built = build(model=FakeInstrument("a b", 0), lend=app.spaces.GPU)
from types import SimpleNamespace
from dessurt_app.canvas.canvas_value import canvas_value
from dessurt_app.canvas.files import load_examples
from dessurt_app.ask.asking import Asking
letter = load_examples()[0]
(answer,) = (fn for fn in built.fns.values() if fn.api_name == "answer")
canvas = canvas_value(letter.page, letter.marks)
given = canvas, "w0>", "", False, SimpleNamespace(session_hash="me"), 9, "fake"
*_, last = answer.fn(*given)
print(last.text)
"""


def test_a_space_lends_its_gpu_for_each_question(tmp_path):
    (tmp_path / "spaces.py").write_text(LENDING)
    done = subprocess.run(
        [sys.executable, "-c", ASKING],
        cwd=ROOT,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.splitlines()[-2:] == ["lent for fake", "a b"], done.stderr


def test_pages_that_a_killed_app_has_left_are_deleted(tmp_path):
    code = (
        "import dessurt_app, os, sys; print(os.environ['GRADIO_TEMP_DIR'], flush=True);"
        "sys.argv[1:] and os.kill(os.getpid(), 9); sys.stdin.read()"
    )
    environment = {"TMPDIR": str(tmp_path), "PATH": ""}

    def started(*more: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-c", code, *more],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    alive = started()
    folders = [alive.stdout.readline().strip()]
    killed = started("killed")
    folders.append(killed.communicate()[0].strip())
    assert all(Path(folder).is_dir() for folder in folders)
    (tmp_path / "dessurt-of-somebody-else").mkdir()
    another = started()
    folders.append(another.stdout.readline().strip())
    assert [Path(folder).is_dir() for folder in folders] == [True, False, True]
    for process in (alive, another):
        process.communicate()
    assert [path.name for path in tmp_path.iterdir()] == ["dessurt-of-somebody-else"]


def test_pages_lie_in_a_folder_of_this_app_alone(tmp_path):
    code = (
        "import dessurt_app, os, gradio.utils as u; f = u.get_upload_folder();"
        "print(oct(os.stat(f).st_mode & 0o777)); print(f)"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"TMPDIR": str(tmp_path), "PATH": ""},
            capture_output=True,
            text=True,
        ).stdout.split()
        for _ in range(2)
    ]
    assert [mode for mode, _ in runs] == ["0o700", "0o700"]
    assert len({folder for _, folder in runs}) == 2
    assert list(tmp_path.glob("dessurt-*")) == []


def test_the_app_starts_where_little_is_as_it_should_be(tmp_path):
    """Behind a proxy for the way out, in a locale of ASCII, without a home.

    Ended as systems end it, it leaves nothing behind.
    """
    surroundings = {
        "PATH": os.environ["PATH"], "HTTP_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9", "LC_ALL": "C", "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1",
        "TMPDIR": str(tmp_path),
    }  # fmt: skip
    with started(env=surroundings) as (running, address):
        assert "components" in httpx.get(f"{address}/config", trust_env=False).json()
        assert list(tmp_path.glob("dessurt-*"))
        running.terminate()
        assert running.wait(60) == 0
    assert not list(tmp_path.glob("dessurt-*"))


# The start


def test_the_start_says_where_the_app_is_and_who_can_come_in():
    def told(*words: str, public: str | None = None) -> list[str]:
        return launch.started(launch.parse_arguments(words), 7861, public)

    alone = told()
    assert alone[0] == "Ask a page, by Dessurt: http://127.0.0.1:7861"
    assert "--host 0.0.0.0 --auth USER:PASSWORD" in alone[1] and alone[2] == "Ctrl+C ends it."
    for host in ("0.0.0.0", "::"):
        address, here, advice, _ = told("--host", host)
        assert re.fullmatch(r"Ask a page, by Dessurt: http://[\w.-]+:7861", address)
        assert not re.search(r"0\.0\.0\.0|127\.|localhost|::", address)
        assert here.endswith("http://127.0.0.1:7861") and "--auth" in advice
    named = told("--host", "::1", "--auth", "ann:secret")
    assert named[0].endswith("http://[::1]:7861")
    assert told("--share", public="https://a.live")[1] == "Public link: https://a.live"
    assert told("--share")[1] == strings.NO_PUBLIC_LINK


# The doors


def test_what_a_page_may_do_is_told_to_the_browser(address):
    told = httpx.get(address).headers
    assert "default-src 'self'" in told["content-security-policy"]
    assert "frame-ancestors 'self'" in told["content-security-policy"]
    assert told["x-content-type-options"] == "nosniff"
    assert httpx.get(f"{address}nowhere").headers["x-content-type-options"] == "nosniff"


def test_sites_that_may_frame_the_app(monkeypatch):
    def ancestors(**options) -> str:
        (doors,) = launch_options(**options)["app_kwargs"]["middleware"]
        return doors.cls(None, **doors.kwargs)._headers["content-security-policy"]

    assert ancestors(framed_by=["https://a.org"]).endswith("frame-ancestors 'self' https://a.org")
    monkeypatch.setenv("SPACE_ID", "me/app")
    assert ancestors().endswith("frame-ancestors 'self' https://huggingface.co")


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:1", 200), ("localhost", 200), ("[::1]:80", 200), ("evil.example:7860", 403),
     ("127.0.0.1.evil.example", 403), ("127.0.0.1@evil.example", 403), ("", 403)],
)  # fmt: skip
def test_an_app_for_one_person_has_one_name(address, host, status):
    assert httpx.get(f"{address}config", headers={"host": host}).status_code == status


def test_an_app_for_others_has_any_name():
    for options in ({"host": "0.0.0.0"}, {"share": True}):
        (doors,) = launch_options(**options)["app_kwargs"]["middleware"]
        assert doors.kwargs["hosts"] is None


FROM_ANOTHER_SITE = (
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"},
    {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"},  # another port
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},  # a form
    {"origin": "https://evil.example"},
    {"origin": "http://127.0.0.1:1"},
    {"origin": "null"},
)


@pytest.mark.parametrize("headers", FROM_ANOTHER_SITE)
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_another_site_can_send_nothing(address, headers, kind):
    paths = httpx.get(f"{address}gradio_api/openapi.json").json()["paths"]
    posts = [f"gradio_api{path}" for path, each in paths.items() if "post" in each]
    for path in (*posts, "gradio_api/queue/join", "gradio_api/component_server", "login",
                 "gradio_api/upload", "gradio_api/cancel", "gradio_api/reset"):  # fmt: skip
        sent = httpx.post(address + path, content=b"{}", headers={**headers, "content-type": kind})
        assert sent.status_code == 403, path


def test_a_link_from_another_site_opens_the_app(address):
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert httpx.get(address, headers=link).status_code == 200
    assert httpx.get(f"{address}config", headers={"sec-fetch-site": "same-origin"}).is_success
    embedded = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert httpx.get(f"{address}config", headers=embedded).status_code == 403


@pytest.mark.parametrize("told", [True, False], ids=["with its length", "without"])
def test_long_bodies_are_refused_before_they_are_read(address, told):
    piece = b'"' + b"x" * (2**20 - 2) + b'"'
    content = piece * 9 if told else (piece for _ in range(9))
    sent = httpx.post(
        f"{address}gradio_api/queue/join",
        content=content,
        headers={"content-type": "application/json"},
        timeout=60,
    )
    assert (sent.status_code, sent.text) == (413, "A request has at most 8 MB.")


@pytest.mark.parametrize("piece", [b"[],", b"{},", b"1,"])
def test_bodies_of_very_many_values_are_refused(address, piece):
    body = b'{"data":[' + piece * (2**21 // len(piece)) + b"1]}"
    for path in ("call/tasks", "call/answer", "queue/join", "mcp/"):
        sent = httpx.post(f"{address}gradio_api/{path}", content=body, timeout=60)
        assert sent.status_code == 413 and "too many values" in sent.text, path


def test_addresses_that_are_none_are_refused(address):
    bad = {"host": "[::1"}, {"origin": "http://[::1"}
    for headers in bad:
        assert httpx.post(f"{address}gradio_api/queue/join", headers=headers).status_code == 403
    assert httpx.get(f"{address}gradio_api/heartbeat/a%00b").status_code == 400


def test_where_the_repository_lies_is_not_told(address):
    for path in ("config", "gradio_api/info", "gradio_api/openapi.json", "gradio_api/mcp/schema"):
        assert str(ROOT) not in httpx.get(address + path).text, path


def test_wrong_passwords_have_to_wait_longer_and_longer():
    guesses = doors.Guesses()

    async def answer(status: int) -> None:
        async def send(message) -> None:
            pass

        await guesses.watching("a", send)({"type": "http.response.start", "status": status})

    waits = []
    for _ in range(12):
        anyio.run(answer, 400)
        waits.append(round(guesses.wait("a")))
    assert waits[:6] == [0, 0, 1, 2, 4, 8] and waits[-1] == doors.LONGEST_WAIT
    assert guesses.wait("b") == 0
    anyio.run(answer, 302)
    assert guesses.wait("a") == 0


def test_passwords_tried_at_once_wait_as_well():
    guesses = doors.Guesses()
    tried = 0
    for _ in range(100):
        if not guesses.wait("a"):
            guesses.watching("a", None)  # none of them is answered yet
            tried += 1
    assert tried == 3


def test_tools_are_for_those_who_are_logged_in():
    built = build(model=FakeInstrument())
    _, address, _ = built.launch(
        prevent_thread_lock=True, quiet=True, auth=[("ann", "secret")], **launch_options()
    )
    try:
        for path in ("gradio_api/mcp/", "gradio_api/mcp/schema", "gradio_api/mcp/sse"):
            assert httpx.get(address + path).status_code == 401, path
            assert httpx.post(address + path, json={}).status_code == 401, path
        for path in ("config", "openapi.json", "gradio_api/app_id", "gradio_api/heartbeat/x"):
            assert httpx.get(address + path).status_code == 401, path
        for path in ("reset", "cancel", "call/tasks", "queue/join", "upload"):
            sent = httpx.post(f"{address}gradio_api/{path}", content=b"[" * 1000)
            assert sent.status_code == 401, path
        assert httpx.get(address).status_code == 200
        wrong = {"username": "ann", "password": "guess"}
        tries = [httpx.post(f"{address}login", data=wrong) for _ in range(4)]
        assert [each.status_code for each in tries] == [400, 400, 400, 429]
        assert "try again in 1 seconds" in tries[-1].text
    finally:
        built.close(verbose=False)


def test_uploads_are_kept_within_a_quota(address, monkeypatch):
    monkeypatch.setattr(doors, "UPLOADS_OF_ALL", 2500)  # on one's own machine there is one visitor
    files = [upload(address, f"{n}.bin", bytes([n]) * 1000).json()[0] for n in range(4)]
    assert [Path(file).exists() for file in files] == [False, False, True, True]
    (again,) = upload(address, "2.bin", bytes([2]) * 1000).json()  # is the youngest now
    upload(address, "5.bin", b"5" * 1000)
    assert Path(again).exists() and not Path(files[3]).exists()


def test_each_visitor_has_a_quota_where_there_are_others(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    uploads = Uploads(of_one=2500)
    files = [tmp_path / f"{n}" / "file.bin" for n in range(5)]
    for number, file in enumerate(files):
        file.parent.mkdir()
        file.write_bytes(bytes(1000))
        uploads._add("other" if number == 1 else "me", json.dumps([str(file)]).encode())
    assert [file.exists() for file in files] == [False, True, False, True, True]
    assert Doors(lambda *_: None)._uploads._of_one == UPLOADS_OF_ONE
    assert Doors(lambda *_: None, hosts=["localhost"])._uploads._of_one == doors.UPLOADS_OF_ALL


def test_the_limits_that_are_promised_hold():
    table = (ROOT / "SECURITY.md").read_text("utf-8").split("## Limits")[1]
    rows = re.findall(r"^\| (?!what)([^|]+) \| (\d+) ?(\w*) \| `([\w.]+)` \|$", table, re.MULTILINE)
    assert len(rows) == len(table.strip().splitlines()) - 2 > 10
    for what, number, unit, named in rows:
        module, _, name = named.rpartition(".")
        limit = int(number) * {"MiB": 2**20}.get(unit, 1)
        assert getattr(importlib.import_module(module), name) == limit, what
