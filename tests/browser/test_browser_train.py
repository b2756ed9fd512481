"""Train in a real browser: check the data, train, reload meanwhile, compare, keep."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from screen import Screen
from serving import serve

from dessurt.data.annotations import Annotation
from dessurt.data.annotations.store import Store
from dessurt.page.marks import Marks
from dessurt_app.models import SHIPPED
from dessurt_app.train.training import Training

FAKE = (sys.executable, str(Path(__file__).parents[1] / "app" / "fake_train.py"))


@pytest.fixture
def training(tmp_path: Path) -> Training:
    store = Store(tmp_path / "mine")
    for page in range(3):
        picture = tmp_path / f"{page}.png"
        Image.fromarray(np.full((200, 300), 200 + page, np.uint8)).save(picture)
        marks = Marks.from_boxes(highlight=[(10, 20, 200, 40)])
        store.save(picture, 0, Annotation("w0>", ("text",), marks, state="corrected"))
    return Training(store, tmp_path / "runs", tmp_path / "checkpoints", FAKE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_stop_and_progress_have_one_colour_everywhere(
    training: Training, open_screen: Callable[..., Screen], scheme: str
) -> None:
    training.checkpoints.mkdir()
    training.program = (*FAKE, "--wait", "training")
    colour = "(node, [name, part]) => getComputedStyle(node, part)[name]"
    with serve(checkpoint=SHIPPED, data=training.store.folder, training=training) as address:
        page = open_screen(address, color_scheme=scheme).tab
        page.get_by_role("tab", name="Dataset").click()
        page.locator("#dataset li").first.wait_for()
        page.get_by_role("tab", name="Train").click()
        page.get_by_role("button", name="Train", exact=True).click()
        page.locator("#train .left").get_by_text("Step 0").wait_for()
        stops = {
            page.locator(selector).evaluate(colour, ["color", None])
            for selector in (
                '#answer [data-part="stop"]', '#dataset [data-do="stop"]', "#train-buttons .stop"
            )
        }
        assert stops == {"light": {"rgb(163, 32, 13)"}, "dark": {"rgb(255, 157, 138)"}}[scheme]
        moving = {
            page.locator(selector).evaluate(colour, ["backgroundColor", "::after"])
            for selector in ('#page [data-part="busy"]', '#dataset [data-part="working"]')
        }
        assert moving == {"light": {"rgb(29, 78, 168)"}, "dark": {"rgb(122, 167, 240)"}}[scheme]
        page.locator("#train progress").evaluate("node => { node.value = 1 }")
        picture = Image.open(io.BytesIO(page.locator("#train progress").screenshot()))
        middle = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))
        assert {f"rgb{middle}"} == moving
        training.stop()


def test_training_is_watched_over_a_reload_and_kept(
    training: Training, open_screen: Callable[..., Screen]
) -> None:
    training.checkpoints.mkdir()
    with serve(checkpoint=SHIPPED, data=training.store.folder, training=training) as address:
        page = open_screen(address).tab
        page.get_by_role("tab", name="Train").click()
        page.get_by_text("Answers: 3, pages: 3 (3 corrected)").wait_for()
        page.get_by_text("Quick, 2 min").click()
        page.get_by_role("button", name="Train", exact=True).click()
        page.get_by_text("What it answers now").wait_for()
        page.reload()
        page.get_by_role("tab", name="Train").click()
        page.get_by_text("Done", exact=True).wait_for()
        row = page.locator("#train tbody tr").first
        expect(row).to_have_text(re.compile(r"^your validation pages, w0>\s*50\.0 %\s*20\.0 %$"))
        page.get_by_text("The same on the command line").click()
        expect(page.locator("#train-command code")).to_contain_text("--budget 2")
        page.get_by_role("button", name="Keep").click()
        page.get_by_text("Kept as my-pages-1").wait_for()
        assert (training.checkpoints / "my-pages-1" / "model.safetensors").is_file()
        page.locator("#checkpoint input").click()
        page.get_by_role("option", name="my-pages-1").wait_for()
