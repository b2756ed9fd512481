"""Files that are made to harm, sent to the app as it is started: nobody else suffers."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pypdf
import pytest
from serving import started

from benchmarks.hostile_files import hostile_files
from benchmarks.soak import CanvasClient, memory_of

HOSTILE = hostile_files()
MOST_MEMORY = 2.5e9  # bytes, of the app and all that it has started


class App:
    """The app in a process of its own, and what a visitor's browser asks it."""

    def __init__(self, process: subprocess.Popen, address: str) -> None:
        self.process, self.canvas = psutil.Process(process.pid), CanvasClient(address, 120)

    def open(self, file: Path) -> dict:
        return self.canvas.call("open_page", self.canvas.upload(file.name, file.read_bytes()))


@pytest.fixture(scope="module")
def app(tmp_path_factory) -> Iterator[App]:
    data = tmp_path_factory.mktemp("data")
    with started("--data-dir", str(data)) as (process, address):
        yield App(process, address)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_harms_nobody(app, name, tmp_path):
    told: dict = {}
    (tmp_path / name).write_bytes(HOSTILE[name])
    plain = pypdf.PdfWriter()
    plain.add_blank_page(300, 120)
    plain.write(tmp_path / "plain.pdf")
    most = memory_of(app.process)

    def attack() -> None:
        told.update(app.open(tmp_path / name))

    attacker = threading.Thread(target=attack)
    attacker.start()
    # Others go on meanwhile; how fast is measured by `make soak`.
    opened = app.open(tmp_path / "plain.pdf")
    assert (opened["width"], opened["height"]) == (625, 250)
    assert app.canvas.web.get("config").is_success
    while attacker.is_alive():
        most = max(most, memory_of(app.process))
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
        readers = app.process.children(recursive=True)
        for reader in readers:
            reader.cpu_percent()
        time.sleep(0.5)
        busy = any(reader.cpu_percent() > 50 for reader in readers if reader.is_running())
    assert not busy
