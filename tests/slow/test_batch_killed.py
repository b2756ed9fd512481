"""Whatever ends a batch, and whenever: no page is lost, and the same command goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.batch_kills import draw_text, measure
from dessurt.batch.folder import RECORDS


@pytest.mark.parametrize(("workers", "victim"), [(1, "any"), (2, "all"), (2, "worker")])
def test_nothing_is_lost_to_a_kill(workers, victim, tmp_path: Path) -> None:
    figures = measure(
        tmp_path, pages=150, kills=4, workers=workers, victim=victim, shipped=False, seed=2,
        pause=(0.8, 2.5),
    )  # fmt: skip
    assert figures.kills >= 2 and figures.lost == figures.half_written == 0
    assert figures.read_twice <= figures.kills * (workers if victim == "all" else 1)


def started(scans: Path, out: Path) -> subprocess.Popen[str]:
    words = [str(scans), "--out", str(out), "--format", "txt,alto,jsonl"]
    return subprocess.Popen(
        [sys.executable, "-m", "dessurt.cli", "batch", *words],
        stderr=subprocess.PIPE,
        text=True,
        # What a shell runs with `&` ignores Ctrl+C, and so does all that it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_shipped_checkpoint_is_stopped_and_goes_on(ending, tmp_path: Path) -> None:
    scans, out = tmp_path / "scans", tmp_path / "out"
    pages = 40
    for number in range(1, pages + 1):
        draw_text(scans / f"{number}.png", number)
    process, begun = started(scans, out), time.monotonic()
    while len(list(out.glob(f"{RECORDS}/*/1.json"))) < 2:
        assert process.poll() is None and time.monotonic() - begun < 300
        time.sleep(0.02)
    os.kill(process.pid, ending)
    stopped = time.monotonic()
    _, said = process.communicate()
    assert time.monotonic() - stopped < 5
    assert process.returncode == 130
    assert said.endswith("Stopped: the same command goes on from here.\n")
    assert json.loads((out / "report.json").read_text(encoding="utf-8"))["state"] == "stopped"
    before = len(list(out.glob(f"{RECORDS}/*/1.json")))
    assert before < pages and not list(out.rglob("*.partial"))
    again = started(scans, out)
    again.communicate()
    assert again.returncode == 0
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert (report["pages"], report["read_before"]) == (pages, before)
    assert (out / "5.png.txt").read_text(encoding="utf-8").startswith("This is page 5")
