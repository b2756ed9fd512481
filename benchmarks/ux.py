"""How fast the screen is: the times and frame rates that the app promises, beside their bounds.

    python -m benchmarks.ux [--only A5,A12]

Needs a Chromium (`make test` finds or installs one). The instrument is a fake that answers at
once, except in A19 and A26, which start the app as people do, with the shipped checkpoint. Times
mean something only while the machine has nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from benchmarks.ux_fake import WRITTEN_BOXES, WRITTEN_STROKES, TimedFake, crowded_examples, paper
from dessurt_app import strings
from scripts.find_chromium import find
from tests.app.serving import serve
from tests.browser.screen import Screen

PROBE = (Path(__file__).parent / "ux_probe.js").read_text("utf-8")
ROOT = Path(__file__).parent.parent
REPEATS = 5
ANSWER_THERE = """document.querySelector('[data-part="written"]').textContent.length > 0"""
RUN_IS_BACK = """!document.querySelector('[data-part="run"]').hidden"""
SAID = """document.querySelector('#page [data-part="said"]').textContent"""


@dataclass(frozen=True)
class Row:
    """A criterion: a row of the table."""

    what: str
    bound: str
    measured: str
    holds: bool


@dataclass(frozen=True)
class Desk:
    """The browser, the fake and the app that measurements work with."""

    browser: Browser
    fake: TimedFake
    address: str

    def screen(self, address: str = "") -> Screen:
        """A fresh tab at 1280 x 800, with the fake as at first."""
        self.fake.reset()
        page = self.browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.add_init_script(PROBE)
        return Screen(page, address or self.address)


def measured(
    screen: Screen, event: str | None, condition: str, act: Callable[[], None], painted: bool = True
) -> float:
    """Milliseconds from an event that `act` causes to a condition on the screen."""
    screen.tab.evaluate("what => probe.measure(...what)", [event, condition, painted])
    act()
    return screen.tab.evaluate("() => probe.result")


def frames_while(screen: Screen, act: Callable[[], None]) -> list[list[float]]:
    """For each frame while `act` runs: [time in ms since 1970, letters of the answer]."""
    screen.tab.evaluate("probe.startFrames()")
    act()
    return screen.tab.evaluate("probe.stopFrames()")


def limit(what: str, bound: float, value: float, unit: str = "ms") -> Row:
    """A row whose value must not exceed its bound."""
    places = 0 if unit == "ms" else 4 if unit == "CLS" else 1
    shown = f"{value:.{places}f} {unit}"
    return Row(what, f"<= {bound:g} {unit}", shown, value <= bound)


# ---- the criteria, by their numbers in the design ----------------------------------------------


def a3(desk: Desk) -> Iterator[Row]:
    """Time from the end of a drag to the new value."""
    screen, times = desk.screen(), []
    for step in range(REPEATS):
        before = json.dumps(screen.tab.evaluate(SAID))
        drag = partial(screen.drag, (220, 100 + 40 * step), (400, 130 + 40 * step))
        times.append(measured(screen, "pointerup", f"{SAID} !== {before}", drag, painted=False))
    yield limit("pointer up -> value committed", 16, statistics.median(times))


def a4_a5(desk: Desk) -> Iterator[Row]:
    """Time from *Run* to the request, and to the first token."""
    screen = desk.screen()
    desk.fake.words, desk.fake.seconds = ["one"], 0
    sent, shown = [], []
    for _ in range(REPEATS):
        shown.append(measured(screen, "click", ANSWER_THERE, screen.run))
        screen.wait_for(lambda: not screen.running)
        sent.append(screen.tab.evaluate("probe.sentAfter(probe.clicked)"))
    yield limit("Run -> request leaves the browser", 50, statistics.median(sent))
    yield limit("Run -> first token painted", 250, statistics.median(shown))


def a6_a7(desk: Desk) -> Iterator[Row]:
    """Bytes that go over the wire."""
    screen = desk.screen()
    with tempfile.TemporaryDirectory() as folder:
        paper((1700, 2200)).save(Path(folder) / "page.png")
        screen.open_file(Path(folder) / "page.png")
        for number in range(20):
            x, y = 220 + 60 * (number % 5), 40 + 50 * (number // 5)
            screen.drag((x, y), (x + 40, y + 30))
        screen.wait_for(lambda: screen.needs.startswith("Needs: ✓"))
        before = len(screen.requests)
        screen.run_to_end()
        posts = [sent for sent in screen.requests[before:] if sent.method == "POST"]
        asked = [sent for sent in posts if "/join" in sent.url]
        kilobytes = max(len(sent.post_data_buffer or b"") for sent in asked) / 1000
        screen.run_to_end()
        uploads = [sent for sent in screen.requests if "/upload" in sent.url]
        marks = len(desk.fake.asked[-1][1].marks.shapes)
    told = f"{kilobytes:.1f} kB, {len(asked)} request"
    right = kilobytes <= 20 and len(asked) == 1 and marks == 20
    yield Row("a Run with 20 marks", "<= 20 kB, 1 request", told, right)
    uploads = [sent for sent in uploads if sent.method == "POST"]
    yield Row("uploads of a page over two Runs", "1", str(len(uploads)), len(uploads) == 1)


def a8(desk: Desk) -> Iterator[Row]:
    """Frames a second while painting on a page with many marks."""
    for title in (WRITTEN_BOXES, WRITTEN_STROKES):
        screen = desk.screen()
        screen.tab.click(f'#examples button:has-text("{title}")')
        screen.wait_for(lambda s=screen: s.caption.startswith("1700 × 2200"), seconds=120)
        screen.press("brush")
        yield from _painting(screen, f"painting, {title} there", 50)


def _painting(screen: Screen, what: str, longest: float | None = None) -> Iterator[Row]:
    path = [(120 + 4 * i, 120 + 90 * (i % 2)) for i in range(30)]

    def paint() -> None:  # with what the screen does of it afterwards
        for _ in range(2):
            screen.drag(*path)
            screen.tab.wait_for_timeout(500)

    times = [frame[0] for frame in frames_while(screen, paint)]
    gaps = np.diff(times)
    rate = 1000 / gaps.mean()
    told, bound = f"{rate:.0f} fps, longest {gaps.max():.0f} ms", ">= 30 fps"
    if longest:
        bound += f", {longest:.0f} ms"
    yield Row(what, bound, told, rate >= 30 and gaps.max() <= (longest or np.inf))


def a10(desk: Desk) -> Iterator[Row]:
    """Opening a page of 35 megapixels."""
    screen = desk.screen()
    with tempfile.TemporaryDirectory() as folder:
        paper((5000, 7000)).save(Path(folder) / "large.png")
        sentence = strings.CANVAS["opened"].format(page=1, of=1, n=0)
        opened = f"{SAID} === {json.dumps(sentence)}"
        large = Path(folder) / "large.png"
        took = measured(screen, "change", opened, lambda: screen.open_file(large))
        yield limit("a 5000 x 7000 page opens", 2000, took)
        screen.press("brush")
        yield from _painting(screen, "painting on it, no WebGL")


def a11(desk: Desk) -> Iterator[Row]:
    """Delay of tokens on the screen behind those of the model."""
    screen = desk.screen()
    desk.fake.words, desk.fake.seconds = ["word"] * 80, 0.05
    frames = frames_while(screen, screen.run_to_end)
    seen = [now for before, now in pairwise(frames) if now[1] > before[1]]
    rate = 1000 * (len(seen) - 1) / (seen[-1][0] - seen[0][0])
    yield Row("paints while tokens come", ">= 5 a second", f"{rate:.1f} a second", rate >= 5)
    behind, letters = [], -1  # no space before the first word
    for made in desk.fake.times:
        letters += len(" word")
        behind.append(next(frame[0] for frame in seen if frame[1] >= letters) - 1000 * made)
    yield limit("tokens on the screen after the model", 200, max(behind))


def a12(desk: Desk) -> Iterator[Row]:
    """Time from *Stop* to the end of the answer."""
    screen = desk.screen()
    desk.fake.words, desk.fake.seconds = ["word"] * 1000, 0.05
    screen.run()
    screen.wait_for(lambda: screen.answer.count("word") >= 5)
    took = measured(screen, "click", RUN_IS_BACK, screen.stop)
    screen.wait_for(lambda: desk.fake.closed)
    kept = screen.answer.count("word") >= 5
    row = limit("Stop -> button back, text kept", 300, took)
    yield Row(row.what, row.bound, row.measured, row.holds and kept)


def a13(desk: Desk) -> Iterator[Row]:
    """What the app adds to the time of a model that takes none."""
    screen = desk.screen()
    desk.fake.words, desk.fake.seconds = ["word"] * 500, 0
    took = measured(screen, "click", RUN_IS_BACK, screen.run)
    screen.wait_for(lambda: screen.answer.count("word") == 500)
    yield limit("500 tokens streamed, a token", 3, took / 500, "ms a token")


def a14(desk: Desk) -> Iterator[Row]:
    """How much of the screen moves by itself (layout shift)."""
    screen = desk.screen()
    screen.tab.wait_for_timeout(1000)
    at_load = screen.tab.evaluate("probe.shifts")
    desk.fake.seconds = 0.05
    screen.run_to_end()
    screen.tab.wait_for_timeout(300)
    yield limit("layout shift at load", 0.1, at_load, "CLS")
    yield limit("layout shift in a Run", 0.01, screen.tab.evaluate("probe.shifts") - at_load, "CLS")


@contextmanager
def _started(*flags: str) -> Iterator[tuple[str, float]]:
    """Yield the address of an app started by `python app.py`, and when it was started."""
    command = [sys.executable, "-u", "app.py", "--no-browser", *flags]
    began = time.time()
    app = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert app.stdout
        address = re.compile(r"Dessurt: (http://\S+)")  # Gradio's own lines have others
        yield next(m[1] for m in map(address.search, app.stdout) if m), began
    finally:
        app.terminate()
        app.wait()


def a19_a26(desk: Desk) -> Iterator[Row]:
    """Start of the real app, and its first sign that it reads."""
    with tempfile.TemporaryDirectory() as empty:
        with _started("--checkpoint", empty) as (address, began):
            took, _ = _first_screen(desk, address)
            yield limit("app start -> screen, no weights", 4000, 1000 * (took - began))
    with _started() as (address, began):
        took, label = _first_screen(desk, address)
        early = strings.MODEL_LOADING.split("{")[0] in label  # behind Gradio's own, unseen, timer
        told = f"{1000 * (took - began):.0f} ms, {label!r}"
        yield Row("app start -> screen, with weights", "before the weights", told, early)
        yield from _reading(desk, address)


def a20(desk: Desk) -> Iterator[Row]:
    """Time from the end of a drag to the model's new input in Inspect."""
    screen = desk.screen()
    screen.tab.get_by_role("tab", name=strings.INSPECT_TAB).click()
    facts = """document.querySelector('#inspect [data-part="facts"]').firstChild"""
    screen.wait_for(lambda: screen.tab.evaluate(f"{facts} !== null"))
    for what, keys in (("whole page", "Shift"), ("window round a mark", "")):
        screen.press("clear")
        screen.tab.wait_for_timeout(500)
        times = []
        for step in range(REPEATS):
            screen.tab.evaluate(f"window.before = {facts}")
            y = 100 + 60 * step
            drag = partial(screen.drag, (220, y), (400, y + 30), keys=keys)
            times.append(measured(screen, "pointerup", f"{facts} !== window.before", drag))
        yield limit(f"pointer up -> preview, {what}", 250, statistics.median(times))


def _first_screen(desk: Desk, address: str) -> tuple[float, str]:
    """When the screen appears (seconds since 1970), and what it then says about the model."""
    there = """document.querySelector("#page canvas") && document.querySelector("#model")"""
    page = desk.browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.add_init_script(f"{PROBE}; probe.measure(null, {json.dumps(there)}, true);")
    page.goto(address, wait_until="commit")
    took = page.evaluate("() => probe.result") + page.evaluate("performance.timeOrigin")
    return took / 1000, (page.text_content("#model") or "").strip()


def _reading(desk: Desk, address: str) -> Iterator[Row]:
    screen = desk.screen(address)
    screen.wait_for(lambda: "CPU" in screen.tab.text_content("#model"), seconds=120)
    reading = f"""document.querySelector('[data-part="status"]').textContent
        === {json.dumps(strings.READING_PAGE)}"""
    took = measured(screen, "click", reading, screen.run)
    yield limit(f"Run -> {strings.READING_PAGE!r}, real weights", 300, took)
    screen.wait_for(lambda: not screen.running, seconds=120)


MEASUREMENTS = {
    "A3": a3, "A4, A5": a4_a5, "A6, A7": a6_a7, "A8": a8, "A10": a10, "A11": a11, "A12": a12,
    "A13": a13, "A14": a14, "A19, A26": a19_a26, "A20": a20,
}  # fmt: skip


def _print_rows(desk: Desk, name: str, measure: Callable[[Desk], Iterator[Row]]) -> None:
    try:
        for row in measure(desk):
            told = "holds" if row.holds else "DOES NOT HOLD"
            print(f"{name:9}{row.what:40} {row.bound:20} {row.measured:28} {told}", flush=True)
    except Exception as error:  # the others can still be measured
        print(f"{name:9}not measured: {str(error).splitlines()[0][:90]}", flush=True)
    for context in desk.browser.contexts:
        context.close()


def main() -> None:
    """Measure and print; a criterion that cannot be measured says why."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", help="such as A5,A12; default: all")
    only = parser.parse_args().only
    chromium = find()
    if chromium is None:
        sys.exit("No Chromium starts here: run `make test` once, which installs one where it can.")
    fake = TimedFake()
    print(f"{'':9}{'criterion':40} {'bound':20} {'measured':28}")
    with (
        sync_playwright() as playwright,
        patch("dessurt_app.ask.ask_tab.load_examples", crowded_examples),
        serve(model=fake) as address,
    ):
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for name, measure in MEASUREMENTS.items():
            if only is None or set(name.split(", ")) & set(only.split(",")):
                _print_rows(Desk(browser, fake, address), name, measure)
        browser.close()


if __name__ == "__main__":
    main()
