"""The screen while the weights load, without any, and with the ones that are shipped."""

from __future__ import annotations

import threading

import pytest
from fake_instrument import FakeInstrument
from serving import serve

from dessurt.checkpoint import CheckpointError
from dessurt.protocol import Card
from dessurt_app import strings
from dessurt_app.canvas.files import load_examples
from dessurt_app.models import SHIPPED


def test_without_a_checkpoint_the_page_can_be_marked_and_says_what_to_do(
    open_screen, monkeypatch, tmp_path
):
    monkeypatch.setattr("dessurt_app.models.CHECKPOINTS", tmp_path)
    with serve() as address:
        screen = open_screen(address)
        screen.wait_for(lambda: screen.status == strings.NO_CHECKPOINT)
        screen.wait_for(lambda: screen.model == "no checkpoint")
        screen.press("clear")
        screen.wait_for(lambda: screen.needs == "Needs: ○ highlight")
        screen.drag((150, 120), (300, 200))
        screen.wait_for(lambda: screen.needs == "Needs: ✓ highlight")
        screen.run_to_end()
        assert screen.status == strings.NO_CHECKPOINT


def test_run_waits_for_the_weights(open_screen, monkeypatch, tmp_path):
    fake, there = FakeInstrument("a b c", 0.02), threading.Event()
    monkeypatch.setattr("dessurt_app.models.open_model", lambda path, **_: there.wait() and fake)
    with serve(checkpoint=tmp_path / "slow-model") as address:
        screen = open_screen(address)
        screen.wait_for(lambda: screen.model == "Loading slow-model…")
        screen.run()
        screen.wait_for(lambda: screen.status == strings.LOADING_WEIGHTS)
        there.set()
        screen.wait_for(lambda: screen.answer == "a b c")
        screen.wait_for(lambda: screen.tab.text_content("#model summary") == "fake · CPU")
        screen.wait_for(lambda: "model sees 1024 × 64" in screen.caption)


@pytest.fixture
def three_checkpoints(monkeypatch, tmp_path):
    """Two that can be read, and one that cannot."""
    reads = FakeInstrument("read by a", 0), FakeInstrument("read by b", 0)
    reads[1].card = Card("Model b", "Finds <things>", ("0w~",), licence="MIT")

    def open_model(path, **_):
        if path.name == "c.pth":
            raise CheckpointError("c.pth is damaged: download it again.")
        return reads[path.name == "b.pth"]

    for name in "abc":
        (tmp_path / f"{name}.pth").write_bytes(b"")
    monkeypatch.setattr("dessurt_app.models.CHECKPOINTS", tmp_path)
    monkeypatch.setattr("dessurt_app.models.open_model", open_model)


def choose(screen, name):
    """Another checkpoint, when the first is there."""
    screen.wait_for(lambda: "Loading" not in screen.model != "")
    screen.tab.click("#checkpoint input")
    screen.tab.click(f'[role="option"]:has-text("{name}")')


def label(screen):
    return screen.tab.text_content("#model summary")


def test_each_visitor_chooses_a_checkpoint(open_screen, three_checkpoints):
    with serve() as address:
        mine, other = open_screen(address), open_screen(address)
        mine.wait_for(lambda: label(mine) == "fake · CPU")
        choose(mine, "b.pth")
        mine.wait_for(lambda: label(mine) == "Model b · CPU")
        mine.run_to_end()
        assert mine.answer == "read by b"
        other.run_to_end()
        assert other.answer == "read by a"
        mine.tab.click("#model summary")
        assert mine.tab.inner_text("#model details div").split("\n\n") == [
            "Finds <things>",
            "Has learned: 0w~",
            "Licence: MIT",
        ]


def reload(screen):
    assert screen.complaints == []
    screen.tab.reload()
    screen.complaints.clear()  # Gradio's own, on what was cut off
    screen.wait_for(lambda: "px" in screen.caption)


def test_the_choice_survives_a_reload_of_this_tab_only(open_screen, three_checkpoints):
    with serve() as address:
        screen = open_screen(address)
        choose(screen, "b.pth")
        screen.wait_for(lambda: label(screen) == "Model b · CPU")
        reload(screen)
        screen.wait_for(lambda: label(screen) == "Model b · CPU")
        screen.wait_for(lambda: screen.tab.input_value("#checkpoint input") == "b.pth")
        screen.run_to_end()
        assert screen.answer == "read by b"
        choose(screen, "c.pth")  # which cannot be read
        screen.tab.locator(".toast-body").wait_for()
        screen.wait_for(lambda: screen.tab.input_value("#checkpoint input") == "b.pth")
        other = open_screen(address)
        other.wait_for(lambda: label(other) == "fake · CPU")
        reload(other)
        other.run_to_end()
        assert other.answer == "read by a"


@pytest.mark.parametrize("gone", ["removed before a start of the app", "broken meanwhile"])
def test_a_choice_that_has_gone_falls_back_to_the_first(open_screen, three_checkpoints, gone):
    with serve() as address:
        screen = open_screen(address)
        screen.wait_for(lambda: label(screen) == "fake · CPU")
        name = "c.pth" if gone == "broken meanwhile" else "no-more.pth"
        screen.tab.evaluate("name => sessionStorage.setItem('dessurt:checkpoint', name)", name)
        reload(screen)
        screen.wait_for(lambda: screen.tab.input_value("#checkpoint input") == "a.pth")
        screen.wait_for(lambda: label(screen) == "fake · CPU")
        assert screen.status == strings.EXAMPLE_LOADED
        assert not screen.tab.query_selector(".toast-body")
        screen.run_to_end()
        assert screen.answer == "read by a"


def test_tasks_that_are_not_learned_come_last_and_are_dimmed(open_screen, three_checkpoints):
    with serve() as address:
        screen = open_screen(address)
        choose(screen, "b.pth")
        screen.wait_for(lambda: label(screen) == "Model b · CPU")
        screen.tab.click("#task input")
        options = screen.tab.locator('#task [role="option"], [role="option"]')
        screen.wait_for(lambda: "0w~" in options.first.inner_text())
        screen.wait_for(lambda: options.nth(1).inner_text().endswith("(not learned)"))
        styles = [options.nth(i).evaluate("o => getComputedStyle(o).fontStyle") for i in (0, 1)]
        assert styles == ["normal", "italic"]


def test_a_checkpoint_that_cannot_be_read_says_why_and_the_old_one_stays(
    open_screen, three_checkpoints
):
    with serve() as address:
        screen = open_screen(address)
        screen.wait_for(lambda: label(screen) == "fake · CPU")
        choose(screen, "c.pth")
        told = screen.tab.locator(".toast-body")
        told.wait_for()
        assert "c.pth is damaged: download it again." in told.inner_text()
        screen.wait_for(lambda: screen.tab.input_value("#checkpoint input") == "a.pth")
        screen.wait_for(lambda: label(screen) == "fake · CPU")
        screen.run_to_end()
        assert screen.answer == "read by a"


@pytest.mark.slow
@pytest.mark.skipif(not (SHIPPED / "model.safetensors").exists(), reason="no shipped checkpoint")
def test_shipped_checkpoint_reads_the_first_example_after_one_click(open_screen):
    with serve() as address:
        screen = open_screen(address)
        seen = screen.texts_of_one_run()
        assert screen.answer == load_examples()[0].expected
        assert len(seen) >= 3
