"""What a person does and sees on Inspect, in words."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from screen import Screen

from dessurt_app.canvas.files import load_examples

PARAGRAPH = load_examples()[3]  # 1240 x 1080; three lines


class Inspect:
    """The Inspect tab of a screen."""

    def __init__(self, screen: Screen) -> None:
        self.screen, self.tab = screen, screen.tab
        # Every picture is made from the array that was fetched last.
        self.arrays: list = []
        self.tab.on("response", self._on_response)

    def _on_response(self, response) -> None:
        if response.url.endswith(".npy"):
            self.arrays.append(response)

    def open(self) -> Inspect:
        self.tab.get_by_role("tab", name="Inspect").click()
        self.screen.wait_for(lambda: self.facts and not self.message)
        return self

    def back(self) -> None:
        self.tab.get_by_role("tab", name="Ask").click()
        self.screen.wait_for(lambda: self.tab.is_visible("#answer"))

    def text(self, name: str) -> str:
        return self.tab.text_content(f'#inspect [data-part="{name}"]').strip()

    @property
    def message(self) -> str:
        return self.text("message")

    @property
    def line(self) -> str:
        """Which line is looked at; nothing, if there is no choice."""
        shown = self.tab.is_visible('#inspect [data-part="lines"]')
        return self.text("lines") if shown else ""

    def choose_line(self, name: str) -> None:
        self.tab.locator('#inspect [data-part="lines"]').get_by_role("button", name=name).click()

    @property
    def facts(self) -> dict[str, str]:
        return dict(
            self.tab.evaluate(
                """[...document.querySelectorAll('#inspect dt')]
                   .map(dt => [dt.textContent, dt.nextElementSibling.textContent])"""
            )
        )

    def show(self, name: str) -> None:
        self.tab.locator("#inspect").get_by_role("button", name=name, exact=True).click()

    def cut(self, threshold: float) -> None:
        self.tab.locator('#inspect [data-part="threshold"]').fill(str(threshold))

    def pixels(self) -> np.ndarray:
        """The picture as it looks: uint8 [height, width, 3]."""
        self.screen.next_frame()
        picture = self.tab.locator("#inspect canvas").screenshot()
        return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))

    def call(self, function: str, *arguments: object) -> object:
        """What a function, written in JavaScript, makes of the scripts and of arguments."""
        return self.tab.evaluate(
            """async ([function_, arguments_]) => {
                const { href } = document.querySelector('link[href^="scripts/"]');
                return eval(function_)(await import(href), ...arguments_);
            }""",
            [function, arguments],
        )

    def listen(self, event: str) -> None:
        self.tab.evaluate(
            """name => { window.heard = [];
                document.addEventListener(name, event => window.heard.push(event.detail)); }""",
            event,
        )

    def heard(self) -> list:
        return self.tab.evaluate("window.heard")

    def array(self) -> np.ndarray:
        return np.load(io.BytesIO(self.arrays[-1].body()))


def open_paragraph(inspect: Inspect) -> None:
    inspect.tab.click(f'#examples button:has-text("{PARAGRAPH.title}")')
    inspect.open()
    inspect.screen.wait_for(lambda: inspect.line == "Line 1 of 3")
