"""A Chromium, the app with a fake instrument behind it, and a screen that must stay clean."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "app"))

from fake_instrument import FakeInstrument
from screen import Screen
from serving import serve

from dessurt.data.annotations.store import Store

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run "
    "--disable-component-update --disable-sync"
).split()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # Once more, as neither Chromium nor Gradio's server is ours; the summary tells of it.
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator:
    """A running Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def fake() -> FakeInstrument:
    """The instrument behind the module's app."""
    return FakeInstrument()


@pytest.fixture(scope="module")
def app(fake: FakeInstrument) -> Iterator[str]:
    """The address of an app with the fake instrument."""
    with serve(model=fake) as address:
        yield address


@pytest.fixture
def open_screen(browser) -> Iterator[Callable[..., Screen]]:
    """Opens the app at an address; afterwards no screen may have complained or called out."""
    contexts, screens = [], []

    def open_(address: str, **options) -> Screen:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(60_000)  # however slow this computer is
        contexts.append(context)
        screens.append(Screen(context.new_page(), address))
        return screens[-1]

    yield open_
    for context in contexts:
        context.close()
    for screen in screens:
        assert screen.complaints == []
        assert screen.foreign_requests == []


@pytest.fixture
def screen(app: str, fake: FakeInstrument, open_screen: Callable[..., Screen]) -> Screen:
    """The first screen at 1280 x 800, with a fresh fake behind it."""
    fake.reset()
    return open_screen(app)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A data set of one's own, empty."""
    return Store(tmp_path / "mine")
