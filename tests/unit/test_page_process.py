"""Page files: a stranger's file is opened in a process with limits."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pypdf
import pytest
from PIL import Image
from test_page_files import pdf

from dessurt import page_files
from dessurt.page import Page, PageError
from dessurt.page_files import limits


@pytest.fixture
def slow(monkeypatch):
    """The first process that opens a file never answers."""
    code = "import time; print('ready', flush=True); input(); time.sleep(60)"
    commands = iter([[sys.executable, "-c", code]])
    monkeypatch.setattr(page_files.subprocess, "Popen", lambda command, **options: subprocess_(
        next(commands, command), **options))  # fmt: skip
    monkeypatch.setattr(page_files, "_pool", page_files._Pool())
    yield
    page_files._pool.end()


def test_a_file_that_takes_too_long(tmp_path, monkeypatch, slow):
    monkeypatch.setattr(page_files, "SECONDS", 0.2)
    Image.new("L", (9, 9)).save(tmp_path / "slow.png")
    with pytest.raises(PageError, match="slow.png takes longer than 0.2 seconds to open"):
        Page.open(tmp_path / "slow.png")
    Image.new("L", (9, 9)).save(tmp_path / "good.png")
    monkeypatch.setattr(page_files, "SECONDS", limits.SECONDS)
    assert Page.open(tmp_path / "good.png").size == (9, 9)


def test_one_slow_file_leaves_the_others_alone(tmp_path, monkeypatch, slow):
    Image.new("L", (9, 9)).save(tmp_path / "good.png")
    monkeypatch.setattr(page_files, "SECONDS", 3)
    told = []

    def open_slow() -> None:
        with pytest.raises(PageError) as error:
            Page.open(tmp_path / "slow.png")
        told.append(str(error.value))

    waiting = threading.Thread(target=open_slow)
    waiting.start()
    time.sleep(0.1)
    assert Page.open(tmp_path / "good.png").size == (9, 9)
    assert not told, "the good page came while the slow one was still being opened"
    waiting.join()
    assert "takes longer" in told[0]


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "page.png")  # nobody ever writes to it
    with pytest.raises(PageError, match="page.png is a pipe or device"):
        Page.open(tmp_path / "page.png")
    with pytest.raises(PageError, match="Is a directory"):
        Page.open(tmp_path)
    with pytest.raises(PageError, match="There is no file b.png"):
        Page.open(tmp_path / "b.png")


def test_what_a_file_leaves_in_memory_is_no_fault_of_the_next(tmp_path):
    """A large drawing is drawn after a large photograph, too, in the same process."""
    Image.new("RGB", (7900, 7900)).save(tmp_path / "photo.png", compress_level=1)
    box = pypdf.generic.ArrayObject(map(pypdf.generic.FloatObject, (0, 0, 9000, 9000)))
    pdf(MediaBox=box).write(tmp_path / "poster.pdf")
    assert Page.open(tmp_path / "photo.png").size == (7900, 7900)
    assert Page.open(tmp_path / "poster.pdf").width > 7900


def test_a_process_that_says_so_is_replaced(tmp_path, monkeypatch):
    """Files have left much in its memory."""
    head = '{"bytes": 0, "count": 7, "worn": true}'
    worn = f"print('ready', flush=True); input(); print({head!r}, flush=True); input()"
    monkeypatch.setattr(page_files.subprocess, "Popen", lambda command, **options: subprocess_(
        [sys.executable, "-c", worn], **options))  # fmt: skip
    monkeypatch.setattr(page_files, "_pool", page_files._Pool())
    seen = set()
    for _ in range(3):
        assert Page.count(tmp_path / "a.png") == 7
        (ready,) = page_files._pool.idle  # the next file does not wait for it
        seen.add(ready)
    assert len(seen) == 3
    page_files._pool.end()


def test_too_many_who_wait_are_sent_away(tmp_path, monkeypatch):
    monkeypatch.setattr(page_files, "MOST_WAITING", 0)
    pool = page_files._Pool()
    busy = pytest.raises(PageError, match="try again in a moment")
    with pool.lend(), pool.lend(), pool.lend(), busy:
        pool.lend().__enter__()
    pool.end()


def test_a_reader_that_dies_is_replaced(tmp_path):
    Image.new("L", (9, 9)).save(tmp_path / "good.png")
    Page.open(tmp_path / "good.png")
    for reader in page_files._pool.idle:
        reader.end()
    assert Page.open(tmp_path / "good.png").size == (9, 9)


@pytest.mark.parametrize(
    "head",
    ["", "[]", '{"bytes": -1}', '{"bytes": 3, "error": "x"}', '{"bytes": 0}extra',
     '{"bytes": 99, "shape": [3, 3], "notice": ""}', '{"bytes": 9, "shape": [3, 3]}',
     '{"bytes": 9000000000, "shape": [3000000000, 3], "notice": ""}', "{" * 99_999],
)  # fmt: skip
def test_a_reader_that_lies_is_not_believed(head, tmp_path, monkeypatch):
    """A file may have broken into it."""
    liar = f"print('ready', flush=True); input(); print({head!r}, flush=True); input()"
    monkeypatch.setattr(page_files.subprocess, "Popen", lambda command, **options: subprocess_(
        [sys.executable, "-c", liar], **options))  # fmt: skip
    monkeypatch.setattr(page_files, "_pool", page_files._Pool())
    with pytest.raises(PageError, match="a.png takes too much memory, or is damaged"):
        Page.open(tmp_path / "a.png")


subprocess_ = subprocess.Popen


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_has_readers_of_its_own(tmp_path):
    Image.new("L", (9, 9), 5).save(tmp_path / "good.png")
    Page.open(tmp_path / "good.png")
    here = {reader._process.pid for reader in page_files._pool.idle}
    code = f"""
import os
from dessurt import page_files
from dessurt.page import Page
Page.open({str(tmp_path / "good.png")!r})
here = {{reader._process.pid for reader in page_files._pool.idle}}
if os.fork() == 0:
    Page.open({str(tmp_path / "good.png")!r})
    there = {{reader._process.pid for reader in page_files._pool.idle}}
    os._exit(bool(here & there) or not there)
_, status = os.wait()
raise SystemExit(os.waitstatus_to_exitcode(status))
"""
    assert here
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_readers_end_with_the_program(tmp_path):
    """Even if it is killed."""
    Image.new("L", (9, 9)).save(tmp_path / "good.png")
    code = f"""
import os, signal
from dessurt import page_files
from dessurt.page import Page
Page.open({str(tmp_path / "good.png")!r})
print(page_files._pool.idle[0]._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120)
    reader = int(done.stdout)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and Path(f"/proc/{reader}/cmdline").exists():
        if b"dessurt" not in Path(f"/proc/{reader}/cmdline").read_bytes():
            break
        time.sleep(0.1)
    else:
        assert time.monotonic() < deadline, "the reader is still there"
