"""A pile of pages is read while its processes are killed: none is lost, hardly any is read twice.

    python -m benchmarks.batch_kills                          # 1,000 pages, a fast instrument
    python -m benchmarks.batch_kills --pages 40 --shipped     # the shipped checkpoint
    python -m benchmarks.batch_kills --workers 2 --victim all # as if the power failed

At random moments a victim is killed with SIGKILL: the program, one of its workers, or all of them
at once. A program that was killed is started again with the same command. Every instrument notes
which pages it begins to read; each should be noted once, and after a kill one more a worker.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from PIL import Image, ImageDraw, ImageFont

from dessurt import Instrument, Page, Request, open_model
from dessurt.batch import read_files
from dessurt.protocol import Events
from dessurt.shipped import SHIPPED
from tests.unit.batch_fake import OPENER, draw

LOG = "BATCH_FAKE_LOG"
OPENER_OF_SHIPPED = "benchmarks.batch_kills:opened_shipped"
DEADLINE = 3000.0  # seconds


@dataclass
class Figures:
    """What came of a pile."""

    pages: int
    workers: int
    victim: str
    kills: int = 0
    lost: int = 0
    read_twice: int = 0
    most_of_one_page: int = 0
    half_written: int = 0
    seconds: float = 0.0


class Noted:
    """An instrument that notes which pages it begins to read."""

    def __init__(self, inner: Instrument) -> None:
        self.inner, self.card = inner, inner.card

    def ask(self, page: Page, request: Request) -> Events:
        """Note the page, and ask the instrument inside."""
        with Path(os.environ[LOG]).open("a", encoding="utf-8") as log:
            log.write(f"{page.digest}\n")
        return self.inner.ask(page, request)


def opened_shipped(checkpoint: str, device: str, tokenizer: str | None) -> Noted:
    """As `dessurt.open_model`."""
    return Noted(open_model(checkpoint, device, tokenizer))


def measure(
    folder: Path, pages: int, kills: int, workers: int, victim: str, shipped: bool, seed: int,
    pause: tuple[float, float],
) -> Figures:  # fmt: skip
    """Read a pile, and kill somebody now and then.

    Args:
        folder: where pages, results and notes go.
        pages: how many there are.
        kills: how often somebody is killed, if there is time.
        workers: how many processes read.
        victim: "program", "worker", "all", or "any" of these.
        shipped: whether the shipped checkpoint reads, instead of an instrument that takes 0.03 s.
        seed: of the moments and victims.
        pause: seconds between two kills, from and to.
    """
    figures, rng = Figures(pages, workers, victim), random.Random(seed)
    scans, out, log = folder / "scans", folder / "out", folder / "log"
    for number in range(1, pages + 1):
        (draw_text if shipped else draw)(scans / f"{number % 7}" / f"{number}.png", number)
    log.touch()
    begun, process = time.monotonic(), started(scans, out, log, workers, shipped)
    while process.poll() is None and time.monotonic() - begun < DEADLINE:
        if figures.kills < kills:
            time.sleep(rng.uniform(*pause))
            figures.kills += killed(process, rng, victim)
        else:
            process.wait()
        if process.poll() not in (None, 0):
            process = started(scans, out, log, workers, shipped)
    figures.seconds = round(time.monotonic() - begun, 1)
    begins = Counter(log.read_text(encoding="utf-8").split())
    records = list((out / "records").rglob("*.json"))
    figures.lost = pages - len(records)
    figures.read_twice = sum(begins.values()) - len(begins)
    figures.most_of_one_page = max(begins.values())
    figures.half_written = sum(not json.loads(path.read_bytes())["answers"] for path in records)
    return figures


def started(
    scans: Path, out: Path, log: Path, workers: int, shipped: bool
) -> subprocess.Popen[bytes]:
    """A program that reads the pile."""
    words = [str(scans), str(out), str(workers), OPENER_OF_SHIPPED if shipped else OPENER]
    return subprocess.Popen(
        [sys.executable, "-c", "from benchmarks import batch_kills; batch_kills.run()", *words],
        env=os.environ | {LOG: str(log), "BATCH_FAKE_SECONDS": "0.03"},
    )


def run() -> None:
    """Read a pile; the words of the process say which."""
    scans, out, workers, opener = sys.argv[1:]
    for _ in read_files(
        [scans], out, formats=["txt"], workers=int(workers), checkpoint=SHIPPED, opener=opener
    ):
        pass


def killed(process: subprocess.Popen[bytes], rng: random.Random, victim: str) -> bool:
    """Kill somebody, if there is anybody of this kind."""
    try:
        program = psutil.Process(process.pid)
        workers = [each for each in program.children() if "dessurt.batch.worker" in each.cmdline()]
    except psutil.Error:
        return False
    kind = rng.choice(["program", "worker", "all"]) if victim == "any" else victim
    chosen = {"program": [program], "worker": rng.sample(workers, min(len(workers), 1))}
    victims = chosen.get(kind, [program, *workers])
    for each in victims:
        os.kill(each.pid, signal.SIGKILL)
    if program in victims:
        process.wait()
    return bool(victims)


def draw_text(path: Path, number: int) -> None:
    """A small page of two lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page = Image.new("L", (420, 120), 255)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=24)
    pen.text((20, 20), f"This is page {number}.", 0, font)
    pen.text((20, 65), "It is one of a pile.", 0, font)
    page.save(path)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--pages", type=int, default=1000)
    add("--kills", type=int, default=10)
    add("--workers", type=int, default=1)
    add("--victim", choices=("program", "worker", "all", "any"), default="any")
    add("--shipped", action="store_true", help="read with the shipped checkpoint")
    add("--seed", type=int, default=1)
    add("--pause", type=float, nargs=2, default=(1.0, 6.0), help="seconds between two kills")
    given = vars(parser.parse_args())
    with TemporaryDirectory() as folder:
        for name, value in asdict(measure(Path(folder), **given)).items():
            print(f"{name.replace('_', ' ')}: {value}")


if __name__ == "__main__":
    main()
