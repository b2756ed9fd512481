"""Many visitors at once, some of them hostile: does each get its own answer, and how soon?

    python -m benchmarks.soak [--minutes 2] [--clients 32] [--seed 0]

The app runs in a process of its own, with an instrument that spells out the page and the marks it
was asked about. Each client has a page of its own, draws new marks for each question, and now and
then stops an answer, leaves in the middle of one, or comes back as a new visitor. One client in
eight is hostile: it sends bodies and files that are too large or made to do harm, leaves answers
unread, and asks about pages of 59 megapixels. All clients warm the app up together; then the
ordinary ones are alone; then the hostile ones come back. The exit code is 1 if an answer was not
the client's own or was lost, if an ordinary client waited more than three times as long with the
hostile ones as without, or if memory grew.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import multiprocessing
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from gradio_client import Client, handle_file
from PIL import Image

from benchmarks.hostile_files import hostile_files
from benchmarks.speller import Speller, spelling
from dessurt.page import Page
from dessurt.page.marks import Marks
from dessurt_app import strings
from dessurt_app.ask.listeners import PATIENCE
from dessurt_app.canvas.open_pages import MOST_KEPT

SECONDS_PER_TOKEN = 0.01
MOST_GROWTH = 0.10
MOST_LONGER = 3.0  # times that an ordinary client waits, at the 95th percentile
HOSTILE = 8  # one client in so many
SETTLE = PATIENCE + 3  # seconds of quiet before memory is read
TIMEOUT = 90.0  # seconds for one answer; longer counts as none
MEGA = 2**20
LARGE_SIDE = 7700  # pixels of a page of 59 megapixels


def _serve(pipe: Connection) -> None:
    """The server process: sends its address and serves until it is ended."""
    from dessurt_app.launch import launch_options
    from dessurt_app.ui import build

    app = build(model=Speller(SECONDS_PER_TOKEN))
    options = {"server_name": "127.0.0.1", "quiet": True, "prevent_thread_lock": True}
    _, address, _ = app.launch(**options, **launch_options())
    pipe.send(address)
    pipe.recv()


@contextmanager
def served() -> Iterator[tuple[str, psutil.Process]]:
    """Yield the address of an app, and its process."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv(), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.join()


@dataclass
class Visitor:
    """One client with its page; `run` asks until the time is up."""

    address: str
    file: Path
    dice: random.Random
    seen: Counter[str] = field(default_factory=Counter)  # how questions went
    wrong: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)  # seconds until a whole answer was there

    def __post_init__(self) -> None:
        """Open the page and connect."""
        self.page = Page.open(self.file)
        self.client = self._come()

    def _come(self) -> Client:
        return Client(self.address, verbose=False, download_files=False, analytics_enabled=False)

    def run(self, end: float) -> None:
        """Ask one question after another until `end` (monotonic)."""
        ways = {self.listen: 60, self.stop: 20, self.leave: 15, self.come_back: 5}
        while time.monotonic() < end:
            (way,) = self.dice.choices(list(ways), list(ways.values()))
            try:
                way()
            except Exception as error:  # whatever it is, it counts as one and is shown
                self.seen["failed"] += 1
                self.wrong.append(f"{way.__name__}: {type(error).__name__}: {error}"[:300])

    def question(self) -> tuple[list[Any], str]:
        """New marks on the page, as the endpoint takes them, and the right answer to them."""
        boxes = []
        for _ in range(self.dice.randint(1, 6)):
            x, y = self.dice.randrange(self.page.width - 9), self.dice.randrange(100)
            boxes.append((x, y, x + self.dice.randint(3, 9), y + self.dice.randint(3, 40)))
        marks = Marks.from_boxes(highlight=boxes)
        canvas = {"page": handle_file(self.file), "marks": marks.to_json()}
        return [canvas, "w0>", "", False], spelling(self.page, marks)

    def listen(self) -> None:
        """Wait for the whole answer, and ask again if sent away."""
        arguments, right = self.question()
        began = time.monotonic()
        while True:
            answer = self.client.submit(*arguments, api_name="/answer").result(TIMEOUT)
            if answer["status"] != strings.BUSY:
                break
            self.seen["sent away"] += 1
            time.sleep(1)
        self.waits.append(time.monotonic() - began)
        self.seen["answered"] += 1
        if answer["text"] != right or answer["state"] != "done":
            self.wrong.append(f"{answer['state']}: {answer['text'][:60]!r}, not {right[:60]!r}")

    def stop(self) -> None:
        """Cancel once part of the answer has come."""
        arguments, right = self.question()
        job, enough = self.client.submit(*arguments, api_name="/answer"), self.dice.randrange(12)
        for answer in job:
            self._check_part(answer["text"], right)
            if answer["tokens"] >= enough:
                job.cancel()
                break
        self.seen["stopped"] += 1

    def leave(self) -> None:
        """Close the connection in the middle of an answer, as a closed tab does."""
        arguments, right = self.question()
        arguments[0]["page"] = self._upload()
        arguments += self._usual()[len(arguments) :]
        url = f"{self.address}gradio_api/call/answer"
        event = httpx.post(url, json={"data": arguments}, timeout=TIMEOUT).json()["event_id"]
        lines_wanted = 3 * self.dice.randrange(6)
        with httpx.stream("GET", f"{url}/{event}", timeout=TIMEOUT) as stream:
            for line in itertools.islice(stream.iter_lines(), lines_wanted):
                if line.startswith("data: ["):
                    self._check_part(json.loads(line.removeprefix("data: "))[0]["text"], right)
        self.seen["left"] += 1

    def come_back(self) -> None:
        """Reload: a new session, and a screen full of settings to fetch."""
        self.client.close()
        httpx.get(self.address, timeout=TIMEOUT).raise_for_status()
        self.client = self._come()
        self.seen["came back"] += 1

    def _usual(self) -> list[Any]:
        """The default values of the arguments of the endpoint."""
        info = self.client.view_api(return_format="dict", print_info=False)
        parameters = info["named_endpoints"]["/answer"]["parameters"]
        return [parameter.get("parameter_default") for parameter in parameters]

    def _upload(self) -> dict[str, Any]:
        with self.file.open("rb") as file:
            url = f"{self.address}gradio_api/upload"
            sent = httpx.post(url, files={"files": file}, timeout=TIMEOUT).json()
        return {"path": sent[0], "meta": {"_type": "gradio.FileData"}}

    def _check_part(self, text: str, right: str) -> None:
        if not right.startswith(text):
            self.wrong.append(f"part {text[:60]!r} of another answer than {right[:60]!r}")


class CanvasClient:
    """What a browser asks the canvas of an app."""

    def __init__(self, address: str, timeout: float = TIMEOUT) -> None:
        """Look for the canvas."""
        self.web = httpx.Client(base_url=address, timeout=timeout)
        (self._canvas,) = (
            component["id"]
            for component in self.web.get("config").json()["components"]
            if "open_page" in (component["props"].get("server_fns") or ())
        )

    def upload(self, name: str, content: bytes) -> str:
        """Send a file; its path on the server."""
        sent = self.web.post("gradio_api/upload", files={"files": (name, content)})
        return sent.raise_for_status().json()[0]

    def call(self, function: str, path: str) -> dict[str, Any]:
        """What a function of the canvas answers about the first page of a file."""
        answer = self.web.post("gradio_api/component_server", json={
            "component_id": self._canvas, "fn_name": function, "session_hash": "canvas",
            "data": [path, 0],
        })  # fmt: skip
        return answer.raise_for_status().json()


class Attacker:
    """A hostile client, which goes on whatever the app answers."""

    def __init__(self, address: str, dice: random.Random, files: dict[str, bytes]) -> None:
        """`files` are harmful ones, by name; a large page is made besides."""
        self.dice, self.files, self.seen = dice, files, Counter()
        self.canvas = CanvasClient(address)
        self.web = self.canvas.web
        noise, file = Image.effect_noise((77, 77), 90), io.BytesIO()
        noise.resize((LARGE_SIDE, LARGE_SIDE), 0).save(file, "PNG", compress_level=1)
        self.large = file.getvalue()

    def run(self, end: float) -> None:
        """Do harm until `end` (monotonic)."""
        ways = (self.huge_body, self.huge_upload, self.dead_stream, self.large_page, self.file)
        while time.monotonic() < end:
            way = self.dice.choice(ways)
            try:
                way()
                self.seen[way.__name__] += 1
            except (httpx.HTTPError, ValueError, LookupError):  # it was refused
                self.seen[f"{way.__name__} refused"] += 1

    def huge_body(self) -> None:
        """Send JSON of 20 MB and more, half of the time without its length in the header."""
        body = json.dumps({"data": ["x" * self.dice.choice((20, 40)) * MEGA]}).encode()
        pieces = (body[start : start + MEGA] for start in range(0, len(body), MEGA))
        self.web.post(
            "gradio_api/call/answer",
            content=self.dice.choice((body, pieces)),
            headers={"content-type": "application/json"},
        ).raise_for_status()

    def huge_upload(self) -> None:
        """Upload a file larger than the limit."""
        self.canvas.upload("large.png", bytes(90 * MEGA))

    def dead_stream(self) -> None:
        """Ask, and read nothing of the answer, or leave at once."""
        with self._answer(self.canvas.upload("page.png", self.large)):
            time.sleep(self.dice.choice((0, 5)))

    def large_page(self) -> None:
        """Ask everything about a page of the largest size allowed."""
        path = self.canvas.upload("page.png", self.large)
        self.canvas.call("open_page", path)
        self.canvas.call("find_lines", path)
        with self._answer(path) as stream:
            stream.read()

    def file(self) -> None:
        """Open a file that is made to do harm."""
        name = self.dice.choice([*self.files])
        self.canvas.call("open_page", self.canvas.upload(name, self.files[name]))

    @contextmanager
    def _answer(self, path: str) -> Iterator[httpx.Response]:
        canvas = {"page": {"path": path, "meta": {"_type": "gradio.FileData"}}}
        asked = {"data": [canvas, "read_block0>", "", False, None, None]}
        url = "gradio_api/call/answer"
        event = self.web.post(url, json=asked).raise_for_status().json()["event_id"]
        with self.web.stream("GET", f"{url}/{event}") as stream:
            yield stream


def _pages(folder: Path, count: int, seed: int) -> list[Path]:
    """Write so many different pages, all with the same file name."""
    dice = np.random.default_rng(seed)
    files = []
    for number in range(count):
        file = folder / str(number) / "page.png"
        file.parent.mkdir()
        noise = dice.integers(0, 255, (1100 // 20, 850 // 20), np.uint8)
        Image.fromarray(noise).resize((850, 1100)).save(file)
        files.append(file)
    return files


def _let_in(visitors: Sequence[Visitor | Attacker], seconds: float) -> None:
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=visitor.run, args=(end,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def memory_of(server: psutil.Process) -> int:
    """Bytes of a process and of all that it has started."""
    total = 0
    for process in (server, *server.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


def soak(minutes: float, clients: int, seed: int) -> dict[str, Any]:
    """Let the visitors in, and return what they saw."""
    with tempfile.TemporaryDirectory() as folder, served() as (address, server):
        hostile = clients // HOSTILE
        files = _pages(Path(folder), clients - hostile, seed)
        visitors = [
            Visitor(address, file, random.Random(seed * 1000 + number))
            for number, file in enumerate(files)
        ]
        harmful = hostile_files()
        attackers = [
            Attacker(address, random.Random(seed * 1000 - 1 - number), harmful)
            for number in range(hostile)
        ]
        waits, memory = [], []
        for group, share in (
            ([*visitors, *attackers], 0.2), (visitors, 0.4), ([*visitors, *attackers], 0.4)
        ):  # fmt: skip
            for visitor in visitors:
                visitor.waits.clear()
            _let_in(group, 60 * minutes * share)
            waits.append(sorted(wait for visitor in visitors for wait in visitor.waits))
            for visitor in visitors[: MOST_KEPT + 1]:  # what is kept is of ordinary pages again
                visitor.listen()
            time.sleep(SETTLE)
            memory.append(memory_of(server) / MEGA)
        names = ("answered", "stopped", "left", "came back", "sent away", "failed")
        seen: Counter[str] = sum((visitor.seen for visitor in visitors), Counter())
        return {
            "ordinary": {name: seen[name] for name in names},
            "hostile": dict(sum((each.seen for each in attackers), Counter())),
            "wrong": [wrong for visitor in visitors for wrong in visitor.wrong],
            "waits": waits[1:],
            "memory": memory[1:],
        }


def main() -> int:
    """Soak, print, and return 0 if everything holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    result = soak(options.minutes, options.clients, options.seed)
    wrong, (before, after) = result["wrong"], result["memory"]
    print(f"{options.clients} clients, {options.minutes:g} minutes, seed {options.seed}")
    for kind in ("ordinary", "hostile"):
        print(f"{kind}: " + ", ".join(f"{count} {name}" for name, count in result[kind].items()))
    print(f"{'an ordinary client waits':34}{'without':>9}{'with':>9}{'ratio':>9}")
    for name, share in (("median", 0.5), ("95th percentile", 0.95)):
        alone, beside = (float(np.quantile(waits, share)) for waits in result["waits"])
        print(f"{name:34}{alone:7.1f} s{beside:7.1f} s{beside / alone:9.2f}")
    growth = after / before - 1
    print(f"{'memory of all processes':34}{before:6.0f} MB{after:6.0f} MB{growth:+9.1%}")
    rows = [
        ("answers mixed, wrong or lost", "0", str(len(wrong)), not wrong),
        ("95th percentile, with to without", f"<= {MOST_LONGER:g}", f"{beside / alone:.2f}",
         beside <= MOST_LONGER * alone),
        ("memory, with to without", f"<= +{MOST_GROWTH:.0%}", f"{growth:+.1%}",
         growth <= MOST_GROWTH),
    ]  # fmt: skip
    for name, bound, measured, holds in rows:
        told = "holds" if holds else "DOES NOT HOLD"
        print(f"{name:34}{bound:>9}{measured:>9}   {told}")
    for told in wrong[:10]:
        print("  " + told)
    return 0 if all(row[3] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
