"""The screen while the weights load, without any, and with the ones that are shipped."""

from __future__ import annotations

import threading

import pytest
from fake_instrument import FakeInstrument
from serving import serve

from dessurt_app import strings
from dessurt_app.examples import load_examples
from dessurt_app.weights import SHIPPED


def test_without_a_checkpoint_the_page_can_be_marked_and_says_what_to_do(
    open_screen, monkeypatch, tmp_path
):
    monkeypatch.setattr("dessurt_app.weights.CHECKPOINTS", tmp_path)
    with serve() as address:
        screen = open_screen(address)
        screen.wait_for(lambda: screen.status == strings.NO_CHECKPOINT)
        assert screen.tab.text_content("#model").strip() == "no checkpoint"
        screen.press("clear")
        screen.wait_for(lambda: screen.needs == "Needs: ○ highlight")
        screen.drag((150, 120), (300, 200))
        screen.wait_for(lambda: screen.needs == "Needs: ✓ highlight")
        screen.run_to_end()
        assert screen.status == strings.NO_CHECKPOINT


def test_run_waits_for_the_weights(open_screen, monkeypatch, tmp_path):
    fake, there = FakeInstrument("a b c", 0.02), threading.Event()
    monkeypatch.setattr("dessurt_app.weights.open_model", lambda path: there.wait() and fake)
    with serve(checkpoint=tmp_path / "slow-model") as address:
        screen = open_screen(address)
        screen.wait_for(lambda: screen.tab.text_content("#model").strip() == "Loading slow-model…")
        screen.run()
        screen.wait_for(lambda: screen.status == strings.LOADING_WEIGHTS)
        there.set()
        screen.wait_for(lambda: screen.answer == "a b c")
        screen.wait_for(lambda: screen.tab.text_content("#model summary") == "fake · CPU")
        screen.wait_for(lambda: "model sees 1024 × 64" in screen.caption)


@pytest.mark.slow
@pytest.mark.skipif(not (SHIPPED / "model.safetensors").exists(), reason="no shipped checkpoint")
def test_shipped_checkpoint_reads_the_first_example_after_one_click(open_screen):
    with serve() as address:
        screen = open_screen(address)
        seen = screen.texts_of_one_run()
        assert screen.answer == load_examples()[0].expected
        assert len(seen) >= 3
