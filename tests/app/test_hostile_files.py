"""Files that are made to harm, sent to the app as it is started: nobody else suffers."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pypdf
import pytest
from serving import address_of

from benchmarks.hostile_files import hostile_files

ROOT = Path(__file__).parents[2]
HOSTILE = hostile_files()
MOST_MEMORY = 2.5e9  # bytes, of the app and all that it has started


class App:
    """The app in a process of its own, and what a visitor's browser asks it."""

    def __init__(self, process: subprocess.Popen, address: str) -> None:
        self.process, self.visitor = process, httpx.Client(base_url=address, timeout=120)
        components = self.visitor.get("/config").json()["components"]
        (self.canvas,) = (
            each["id"]
            for each in components
            if "open_page" in (each["props"].get("server_fns") or ())
        )

    def open(self, file: Path) -> dict:
        (path,) = self.visitor.post(
            "/gradio_api/upload", files={"files": (file.name, file.read_bytes())}
        ).json()
        return self.visitor.post("/gradio_api/component_server", json={
            "component_id": self.canvas, "fn_name": "open_page", "session_hash": "me",
            "data": [path, 0],
        }).json()  # fmt: skip

    @property
    def memory(self) -> int:
        """Bytes of the process and its children."""
        total = 0
        for process in (own := psutil.Process(self.process.pid), *own.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total


@pytest.fixture(scope="module")
def app(tmp_path_factory) -> Iterator[App]:
    data = tmp_path_factory.mktemp("data")
    with subprocess.Popen(
        [sys.executable, "-u", "app.py", "--no-browser", "--data-dir", str(data)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield App(process, address_of(process))
        finally:
            process.terminate()
            process.stdout.close()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_harms_nobody(app, name, tmp_path):
    told: dict = {}
    (tmp_path / name).write_bytes(HOSTILE[name])
    plain = pypdf.PdfWriter()
    plain.add_blank_page(300, 120)
    plain.write(tmp_path / "plain.pdf")
    most = app.memory

    def attack() -> None:
        told.update(app.open(tmp_path / name))

    attacker = threading.Thread(target=attack)
    attacker.start()
    # Others go on meanwhile; how fast is measured by `make soak`.
    opened = app.open(tmp_path / "plain.pdf")
    assert (opened["width"], opened["height"]) == (625, 250)
    assert app.visitor.get("/config").is_success
    while attacker.is_alive():
        most = max(most, app.memory)
        time.sleep(0.05)
    assert most < MOST_MEMORY
    if name == "pages.tif":
        assert told["pages"] == 20_000
    else:
        assert name in told["error"] and "\n" not in told["error"]
    # Whatever worked on it is gone, or waits.
    deadline = time.monotonic() + 60
    busy = True
    while busy and time.monotonic() < deadline:
        readers = psutil.Process(app.process.pid).children(recursive=True)
        for reader in readers:
            reader.cpu_percent()
        time.sleep(0.5)
        busy = any(reader.cpu_percent() > 50 for reader in readers if reader.is_running())
    assert not busy
