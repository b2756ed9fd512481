"""A batch on a local Ray cluster of two actors, one of which is killed on the way."""

import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from dessurt.batch import read_files
from tests.unit.batch_fake import DEADLY, OPENER, draw

pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")

PAGES = 60
DEADLINE = 120.0  # seconds


def kill_an_actor(log: Path, killed: list[int]) -> None:
    """Wait until a third of the pages was begun, then kill one of those that read."""
    begun = time.monotonic()
    while time.monotonic() - begun < DEADLINE and not killed:
        time.sleep(0.05)
        if not log.exists() or len(log.read_text(encoding="utf-8").split()) < PAGES // 3:
            continue
        for process in psutil.Process().children(recursive=True):
            if "MapWorker" in "".join(process.cmdline()):
                os.kill(process.pid, signal.SIGKILL)
                killed.append(process.pid)
                break


def test_an_actor_that_is_killed_loses_no_page(tmp_path, monkeypatch) -> None:
    log, killed = tmp_path / "log", list[int]()
    monkeypatch.setenv("BATCH_FAKE_LOG", str(log))
    monkeypatch.setenv("BATCH_FAKE_SECONDS", "0.1")
    for number in range(1, PAGES + 1):
        draw(tmp_path / "in" / f"{number}.png", number)
    draw(tmp_path / "in" / "deadly.png", DEADLY)
    killer = threading.Thread(target=kill_an_actor, args=(log, killed))
    killer.start()
    options = {"opener": OPENER, "checkpoint": "fake", "formats": ["txt"], "workers": 2}
    records = list(read_files([tmp_path / "in"], tmp_path / "out", ray="local", **options))
    killer.join()
    assert killed
    read = {record.file for record in records if not record.error}
    assert read == {f"{number}.png" for number in range(1, PAGES + 1)}
    (failed,) = (record for record in records if record.error)
    assert failed.file == "deadly.png" and "ended twice" in failed.error
    assert len(list((tmp_path / "out").glob("*.txt"))) == PAGES
    begins = log.read_text(encoding="utf-8").split()
    print(f"{len(begins) - len(set(begins)) - 1} of {PAGES} pages were begun twice")
    assert len(begins) - len(set(begins)) <= 1 + 1 + 2  # the deadly one, the kill's, and two more
    again = list(read_files([tmp_path / "in"], tmp_path / "out", ray="local", **options))
    assert sum(record.before for record in again) == PAGES
