"""Many visitors at once: does each get its own answer, and does the app stay as it was?

    python -m benchmarks.soak [--minutes 3] [--clients 8] [--seed 0]

The app runs in a process of its own, with an instrument that spells out the page and the marks it
was asked about. Each client has a page of its own, draws other marks for each question, and now
and then stops an answer, leaves in the middle of one, or comes back as a new visitor. Exit code 1
if an answer was not the client's own, if memory grew, or if the app does not answer at the end.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from gradio_client import Client, handle_file
from PIL import Image

from benchmarks.speller import Speller, spelling
from dessurt.marks import Marks
from dessurt.page import Page

SECONDS_PER_TOKEN = 0.01
MOST_GROWTH = 0.10
SETTLE = 3.0  # seconds of quiet before memory is read
TIMEOUT = 90.0  # seconds for one answer; longer counts as none


def _serve(pipe: Connection) -> None:
    """The server process: tells its address and goes on until it is ended."""
    from dessurt_app.ui import build, launch_options

    app = build(model=Speller(SECONDS_PER_TOKEN))
    options = {"server_name": "127.0.0.1", "quiet": True, "prevent_thread_lock": True}
    _, address, _ = app.launch(**options, **launch_options())
    pipe.send(address)
    pipe.recv()


@contextmanager
def served() -> Iterator[tuple[str, psutil.Process]]:
    """The address of an app and its process."""
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
    """One client with its page; `run` asks until the time is over."""

    address: str
    file: Path
    dice: random.Random
    seen: Counter[str] = field(default_factory=Counter)  # how questions went
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Come in."""
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
        """New marks on the page, as the endpoint takes them, and the right answer."""
        boxes = []
        for _ in range(self.dice.randint(1, 6)):
            x, y = self.dice.randrange(self.page.width - 9), self.dice.randrange(100)
            boxes.append((x, y, x + self.dice.randint(3, 9), y + self.dice.randint(3, 40)))
        marks = Marks.from_boxes(highlight=boxes)
        canvas = {"page": handle_file(self.file), "marks": marks.to_json()}
        return [canvas, "w0>", "", False], spelling(self.page, marks)

    def listen(self) -> None:
        """Wait for the whole answer."""
        arguments, right = self.question()
        answer = self.client.submit(*arguments, api_name="/answer").result(TIMEOUT)
        self.seen["answered"] += 1
        if answer["text"] != right or answer["state"] != "done":
            self.wrong.append(f"{answer['state']}: {answer['text'][:60]!r}, not {right[:60]!r}")

    def stop(self) -> None:
        """Cancel after some of the answer has come."""
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
        """What the endpoint takes for arguments that are not given."""
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


def _pages(folder: Path, count: int, seed: int) -> list[Path]:
    """So many different pages, all with the same file name."""
    dice = np.random.default_rng(seed)
    files = []
    for number in range(count):
        file = folder / str(number) / "page.png"
        file.parent.mkdir()
        noise = dice.integers(0, 255, (1100 // 20, 850 // 20), np.uint8)
        Image.fromarray(noise).resize((850, 1100)).save(file)
        files.append(file)
    return files


def _ask_all(visitors: list[Visitor], seconds: float) -> None:
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=visitor.run, args=(end,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def soak(minutes: float, clients: int, seed: int) -> dict[str, Any]:
    """Let the visitors in; what came of it."""
    with tempfile.TemporaryDirectory() as folder, served() as (address, server):
        files = _pages(Path(folder), clients, seed)
        visitors = [
            Visitor(address, file, random.Random(seed * 1000 + number))
            for number, file in enumerate(files)
        ]
        memory = []
        for share in (1 / 3, 2 / 3):  # the first third warms up
            _ask_all(visitors, 60 * minutes * share)
            time.sleep(SETTLE)
            memory.append(server.memory_info().rss / 2**20)
        before = visitors[0].seen["answered"]
        visitors[0].run(time.monotonic())
        visitors[0].listen()
        seen: Counter[str] = sum((visitor.seen for visitor in visitors), Counter())
        return {
            **{name: seen[name] for name in ("answered", "stopped", "left", "came back", "failed")},
            "wrong": [wrong for visitor in visitors for wrong in visitor.wrong],
            "memory": memory,
            "answers at the end": visitors[0].seen["answered"] - before == 1,
        }


def main() -> int:
    """Soak and print; 0 if all holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    result = soak(options.minutes, options.clients, options.seed)
    wrong, (warm, after) = result.pop("wrong"), result.pop("memory")
    growth = after / warm - 1
    rows = [
        ("answers mixed, wrong or missing", "0", str(len(wrong)), not wrong),
        ("memory after, of that after warm-up", f"<= +{MOST_GROWTH:.0%}", f"{growth:+.1%}",
         growth <= MOST_GROWTH),
        ("answers at the end", "yes", "yes" if result["answers at the end"] else "no",
         result["answers at the end"]),
    ]  # fmt: skip
    print(f"{options.clients} clients, {options.minutes:g} minutes, seed {options.seed}: ", end="")
    print(", ".join(f"{value} {name}" for name, value in list(result.items())[:5]))
    print(f"memory {warm:.0f} MB after warm-up, {after:.0f} MB at the end")
    for name, bound, measured, holds in rows:
        told = "holds" if holds else "DOES NOT HOLD"
        print(f"{name:36} {bound:>8} {measured:>8}   {told}")
    for told in wrong[:10]:
        print("  " + told)
    return 0 if all(row[3] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
