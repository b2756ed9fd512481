"""Take pictures of the screen in all its states, large and small, light and dark.

    python -m scripts.screenshots FOLDER [--only done,tree]

Writes FOLDER/STATE_WIDTH_SCHEME.png. The shipped model answers. Needs a Chromium (`make test` finds
or installs one).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from dessurt.data.annotations.store import Store
from dessurt.page import Page
from dessurt.protocol import Event, Request, Text
from dessurt_app.ask.asking import Ask
from dessurt_app.canvas.files import load_examples
from dessurt_app.train.training import Training
from scripts.find_chromium import find
from tests.app.fake_instrument import FakeInstrument
from tests.app.serving import serve
from tests.browser.screen import Screen

SIZES = {
    "1280": {"viewport": {"width": 1280, "height": 800}},
    "390": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}
SCHEMES = ("light", "dark")
LETTER, FORM, *_ = load_examples()
PARAGRAPH = (102, 370, 880, 520)  # of the letter, page pixels
LINE = (102, 640, 850, 680)
LINES = [(102, y, 869, y + 38) for y in (372, 426, 481, 588)]
FAX_SCALE, FAX_NOISE = 0.42, 20  # so bad that the model is unsure of some words
TOKENS_BEFORE_PAUSE = 60
PAGE_SHARE = 0.6  # of the large screen, that the page takes up
LARGEST = 190_000  # bytes of a picture for the README


@dataclass
class Pause:
    """Put round the function that asks: holds each answer in its middle until it may go on."""

    go_on: threading.Event

    def __call__(self, ask: Ask) -> Ask:
        """The same function, held."""

        def held(checkpoint: str, page: Page, request: Request) -> Iterator[Event]:
            left = TOKENS_BEFORE_PAUSE
            for event in ask(checkpoint, page, request):
                left -= isinstance(event, Text)
                if left == 0:
                    time.sleep(0.2)  # else the screen would get this token with the next one
                yield event
                if left == 0:
                    self.go_on.wait()

        return held


@dataclass(frozen=True)
class Stage:
    """Where pictures of one size and one scheme are taken."""

    browser: Browser
    folder: Path
    size: str
    scheme: str
    address: str  # of the app with the shipped model
    pause: Pause  # of that model
    files: Path  # to be opened

    @contextmanager
    def screen(self, address: str = "") -> Iterator[Screen]:
        """A fresh screen."""
        context = self.browser.new_context(color_scheme=self.scheme, **SIZES[self.size])
        screen = Screen(context.new_page(), address or self.address)
        if not address:
            screen.wait_for(lambda: "model sees" in screen.caption, seconds=120)
        yield screen
        context.close()

    def take(self, screen: Screen, state: str, few_colours: bool = True) -> None:
        """A picture; of 64 colours if it would be a large file, unless that would spoil it."""
        screen.tab.mouse.move(0, 0)
        screen.tab.wait_for_timeout(500)
        file = self.folder / f"{state}_{self.size}_{self.scheme}.png"
        screen.tab.screenshot(path=file)
        if few_colours and file.stat().st_size > LARGEST:
            picture, keep_rare_ones = Image.open(file).convert("RGB"), Image.Quantize.MAXCOVERAGE
            picture.quantize(64, keep_rare_ones, dither=Image.Dither.NONE).save(file)
        print(file, flush=True)


    def pair(self, before: str, after: str) -> None:
        """Two pictures that were taken, the one's left half beside the other's whole."""
        left, right = (
            Image.open(self.folder / f"{state}_{self.size}_{self.scheme}.png").convert("RGB")
            for state in (before, after)
        )
        width = round(PAGE_SHARE * left.width)
        both = Image.new("RGB", (width + right.width, left.height))
        both.paste(left.crop((0, 0, width, left.height)), (0, 0))
        both.paste(right, (width, 0))
        both = both.resize((both.width * 2 // 3, both.height * 2 // 3), Image.Resampling.LANCZOS)
        file = self.folder / f"{before}_{after}_{self.size}_{self.scheme}.jpg"
        both.save(file, quality=85)  # it shows a photograph
        print(file, flush=True)


def saving_in(folder: Path) -> dict[str, Any]:
    """Arguments of an app that saves answers in a folder and trains on them."""
    return {"data": folder, "training": Training(Store(folder), folder / "runs")}


def clear(screen: Screen) -> None:
    """Take all marks away; on a phone the button for it is in the second row, out of sight."""
    screen.tab.dispatch_event('#page [data-do="clear"]', "click")


def mark(screen: Screen, box: tuple[float, ...]) -> None:
    """Highlight a box, page pixels, in place of all marks."""
    clear(screen)
    corners = [list(box[:2]), list(box[2:])]
    shape = {"channel": "highlight", "kind": "box", "points": corners}
    screen.announce("add-marks", {"shapes": [shape]})


# ---- the states, by the names of the files ------------------------------------------------------


def first(stage: Stage) -> None:
    """First launch."""
    with stage.screen() as screen:
        stage.take(screen, "first")


def answered(stage: Stage) -> None:
    """The first answer."""
    with stage.screen() as screen:
        screen.run_to_end()
        stage.take(screen, "answered")


def streaming(stage: Stage) -> None:
    """In the middle of an answer."""
    with stage.screen() as screen:
        mark(screen, PARAGRAPH)
        screen.choose_task("read_block0>")
        stage.pause.go_on.clear()
        screen.run()
        screen.wait_for(lambda: screen.status.startswith(f"{TOKENS_BEFORE_PAUSE} tokens"))
        stage.take(screen, "streaming")
        stage.pause.go_on.set()
        screen.wait_for(lambda: not screen.running)


def done(stage: Stage) -> None:
    """A bad copy of the letter was read: some words are underlined, and one of them is opened."""
    with stage.screen() as screen:
        screen.open_file(stage.files / "fax.png")
        mark(screen, tuple(round(FAX_SCALE * side) for side in LINE))
        screen.run_to_end()
        stage.take(screen, "done")
        screen.tab.click(".word.low >> nth=0")
        stage.take(screen, "word")


def found(stage: Stage) -> None:
    """Words were found on the page."""
    with stage.screen() as screen:
        clear(screen)
        screen.choose_task("0w~")
        screen.tab.fill("#text textarea, #text input", "the two oldest in our reading room")
        screen.run_to_end()
        stage.take(screen, "found")


def photo(stage: Stage) -> None:
    """A photograph is noticed, cut to the corners of its sheet, and read; before beside after."""
    with stage.screen() as screen:
        screen.open_file(stage.files / "photo.jpg")
        screen.wait_for(lambda: bool(screen.message))
        stage.take(screen, "photo", few_colours=False)
        screen.tab.click('[data-do="accept"]')
        screen.wait_for(lambda: screen.tab.is_visible('[data-part="straightener"]'))
        stage.take(screen, "corners", few_colours=False)
        screen.tab.click('[data-do="apply"]')
        screen.wait_for(lambda: "corners" in screen.state()["page"]["upright"])
        screen.wait_for(lambda: screen.tab.is_enabled('[data-tool="line"]'))
        screen.key(*["ArrowDown"] * 8, "Enter")
        screen.run_to_end()
        stage.take(screen, "straightened", few_colours=False)
    stage.pair("corners", "straightened")


def bad_file(stage: Stage) -> None:
    """A file that is no page."""
    with stage.screen() as screen:
        screen.open_file(stage.files / "notes.txt")
        stage.take(screen, "bad_file")


def too_large(stage: Stage) -> None:
    """A page of more pixels than are allowed."""
    with stage.screen() as screen:
        screen.open_file(stage.files / "poster.png")
        stage.take(screen, "too_large")


def no_highlight(stage: Stage) -> None:
    """Run without what the task needs."""
    with stage.screen() as screen:
        clear(screen)
        screen.run_to_end()
        stage.take(screen, "no_highlight")


def server_gone(stage: Stage) -> None:
    """Run after the app was closed."""
    with ExitStack() as screens:
        with serve(model=FakeInstrument()) as address:
            screen = screens.enter_context(stage.screen(address))
        screen.run()
        screen.tab.locator(".toast-body").wait_for()
        stage.take(screen, "server_gone")


def no_weights(stage: Stage) -> None:
    """A checkpoint that cannot be loaded."""
    with serve(checkpoint=stage.files / "broken.pth") as address, stage.screen(address) as screen:
        screen.wait_for(lambda: "could not be loaded" in screen.status)
        stage.take(screen, "no_weights")


def tree(stage: Stage) -> None:
    """A form as JSON."""
    with stage.screen() as screen:
        screen.tab.click(f'#examples button:has-text("{FORM.title}")')
        screen.choose_task("json>")
        screen.wait_for(lambda: "highlight" not in screen.needs)
        clear(screen)
        screen.run_to_end()
        screen.tab.click('[data-face="shape"]')
        stage.take(screen, "tree")


def inspect(stage: Stage) -> None:
    """What the model gets."""
    with stage.screen() as screen:
        screen.tab.get_by_role("tab", name="Inspect").click()
        screen.tab.locator("#inspect").get_by_role("button", name="Overlay").click()
        screen.tab.wait_for_timeout(1000)
        stage.take(screen, "inspect")


def dataset(stage: Stage) -> None:
    """Answers were saved; what there is to train on."""
    folder = stage.files / f"{stage.size}_{stage.scheme}"
    with serve(**saving_in(folder)) as address, stage.screen(address) as screen:
        for line in LINES:
            mark(screen, line)
            screen.run_to_end()
            screen.wait_for(lambda: screen.tab.is_enabled('#answer [data-part="save"]'))
            screen.tab.click('#answer [data-part="save"]')
            screen.wait_for(lambda: screen.status.startswith("Saved"))
        for tab in ("Dataset", "Train"):
            screen.tab.get_by_role("tab", name=tab).click()
            screen.tab.wait_for_timeout(1000)
            stage.take(screen, tab.lower())


# Those with an app of their own come last: at its end, Gradio deletes the pictures of all apps.
STATES = (
    first, answered, streaming, done, found, tree, photo, bad_file, too_large, no_highlight,
    inspect, server_gone, no_weights, dataset,
)  # fmt: skip


def write_files(folder: Path) -> None:
    """The files that the states open."""
    (folder / "notes.txt").write_text("No page at all.")
    (folder / "broken.pth").write_bytes(b"No checkpoint at all.")
    Image.new("1", (9000, 9000), 1).save(folder / "poster.png")
    letter = Image.open(LETTER.page).convert("L")
    small = letter.resize((round(FAX_SCALE * letter.width), round(FAX_SCALE * letter.height)))
    noise = np.random.default_rng(1).normal(0, FAX_NOISE, (small.height, small.width))
    fax = (np.asarray(small) + noise).clip(0, 255).astype(np.uint8)
    Image.fromarray(fax).save(folder / "fax.png")
    photograph(letter).save(folder / "photo.jpg", quality=85)


def photograph(letter: Image.Image) -> Image.Image:
    """The letter on a table, as a phone sees it a little from the side, under one lamp."""
    width, height = letter.size
    square = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    corners = np.array([(290, 190), (1290, 120), (1440, 1080), (130, 1180)], np.float32)
    size = 1600, 1300
    matrix = cv2.getPerspectiveTransform(square, corners)
    how: dict[str, Any] = {"flags": cv2.INTER_AREA}
    sheet = cv2.warpPerspective(np.asarray(letter, np.float32), matrix, size, **how)
    lies = cv2.warpPerspective(np.ones((height, width), np.float32), matrix, size)
    rows, columns = np.mgrid[: size[1], : size[0]]
    grain = 12 * np.sin(columns / 150 + np.sin(rows / 23)) + 6 * np.sin(rows / 9)
    table = np.stack([92 + grain, 62 + 0.8 * grain, 44 + 0.6 * grain], -1)
    light = 0.65 + 0.35 * np.exp(-((columns - 1200) ** 2 + (rows - 200) ** 2) / 900_000)
    seen = sheet[..., None] * (1, 0.97, 0.9) + (1 - lies[..., None]) * table
    return Image.fromarray((seen * light[..., None]).clip(0, 255).astype(np.uint8))


def main() -> None:
    """Take the pictures that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--only", help="such as done,tree; default: all states")
    options = parser.parse_args()
    if (chromium := find()) is None:
        sys.exit("No Chromium starts here: run `make test` once, which installs one where it can.")
    options.folder.mkdir(parents=True, exist_ok=True)
    pause = Pause(threading.Event())
    pause.go_on.set()
    with (
        tempfile.TemporaryDirectory() as files,
        sync_playwright() as playwright,
        serve(lend=pause, **saving_in(Path(files) / "mine")) as address,
    ):
        write_files(Path(files))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        wanted = options.only.split(",") if options.only else [state.__name__ for state in STATES]
        for state in (state for state in STATES if state.__name__ in wanted):
            for size, scheme in product(SIZES, SCHEMES):
                state(Stage(browser, options.folder, size, scheme, address, pause, Path(files)))
        browser.close()


if __name__ == "__main__":
    main()
