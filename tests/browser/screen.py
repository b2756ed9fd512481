"""What a person does and sees on the screen, in words."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
from PIL import Image

# Kept before a test stops the clock; what is drawn in one frame is seen in the next.
NEXT_FRAME = """{
    const frame = requestAnimationFrame.bind(window);
    window.nextFrame = () => new Promise((done) => frame(() => frame(done)));
}"""


class Screen:
    """The app in a browser tab."""

    def __init__(self, tab, address: str) -> None:
        self.tab = tab
        self.complaints: list[str] = []
        self.foreign_requests: list[str] = []
        self.requests: list = []
        tab.on("console", self._on_console)
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("request", self._on_request)
        self.address = address
        tab.add_init_script(NEXT_FRAME)
        tab.goto(address)
        self.wait_for(lambda: "px" in self.caption)

    def _on_console(self, message) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _on_request(self, request) -> None:
        self.requests.append(request)
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.foreign_requests.append(request.url)

    def wait_for(self, condition, seconds: float = 240) -> None:
        """Wait until `condition()` holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not within {seconds} s; status: {self.status!r}"
            self.tab.wait_for_timeout(20)

    # What is shown

    def _text(self, selector: str) -> str:
        found = self.tab.query_selector(selector)
        return found.text_content().strip() if found else ""

    @property
    def caption(self) -> str:
        return self.tab.inner_text("#caption").strip()

    @property
    def model(self) -> str:
        """What the header tells of the model."""
        return self.tab.inner_text("#model").strip()

    @property
    def needs(self) -> str:
        return " ".join(self._text("#needs p").split())

    @property
    def answer(self) -> str:
        return self._text('[data-part="written"]')

    @property
    def status(self) -> str:
        return self._text('[data-part="status"]')

    @property
    def message(self) -> str:
        shown = self.tab.is_visible('[data-part="message"]')
        return self._text('[data-part="message"] span') if shown else ""

    def texts_of_one_run(self) -> list[str]:
        """Run, and collect each different text that the answer shows until the end."""
        self.tab.evaluate(
            """() => {
                const box = document.querySelector('[data-part="written"]');
                window.textsSeen = [];
                new MutationObserver(() => window.textsSeen.push(box.textContent))
                    .observe(box, {childList: true});
            }"""
        )
        self.run_to_end()
        return [text for text in self.tab.evaluate("window.textsSeen") if text]

    @property
    def running(self) -> bool:
        return self.tab.is_visible('[data-part="stop"]')

    @property
    def said(self) -> str:
        """What the canvas told those who do not see the screen."""
        return self._text('#page [data-part="said"]')

    def state(self) -> dict:
        """The page and the marks of all pages, as the browser keeps them for a reload."""
        return self.tab.evaluate(
            """() => {
                dispatchEvent(new Event("pagehide"));  // written down at once
                return JSON.parse(sessionStorage.getItem("dessurt:canvas"));
            }"""
        )

    def marks(self) -> list[dict]:
        """The marks of the page that is shown."""
        page, marks = self.state()["page"], self.state()["marks"]
        return marks.get(f"{page['path']}#{page['number']}", [])

    def canvas_pixels(self) -> np.ndarray:
        """The canvas as it looks: uint8 [height, width, 3], CSS pixels."""
        self.next_frame()
        picture = self.tab.locator("#page canvas").screenshot()
        pixels = np.array(Image.open(io.BytesIO(picture)).convert("RGB"))
        # Its rounded corners now and then differ by a shade.
        pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:] = 255, 255, 255, 255
        return pixels

    def next_frame(self) -> None:
        """Wait until what was last done is drawn."""
        self.tab.evaluate("nextFrame()")

    # What a person does

    def press(self, name: str) -> None:
        """Click a button of the toolbar by the value of its data attribute."""
        for kind in ("do", "tool", "channel"):
            if button := self.tab.query_selector(f'#page [data-{kind}="{name}"]'):
                button.click()
                return
        raise AssertionError(f"no button {name}")

    def run(self) -> None:
        self.tab.click('[data-part="run"]')

    def stop(self) -> None:
        self.tab.click('[data-part="stop"]')

    def run_by_key(self) -> None:
        """Ask from wherever one is, and wait for the end."""
        self.tab.keyboard.press("Control+Enter")
        hidden = "document.querySelector('[data-part=\"stop\"]').hidden"
        self.wait_for(lambda: self.tab.evaluate(hidden))

    def run_to_end(self) -> None:
        self.run()
        self.wait_for(lambda: not self.running)

    def open_file(self, path: Path) -> None:
        self.tab.set_input_files('#page [data-part="file"]', path)
        self.wait_for(lambda: self.tab.is_hidden('[data-part="busy"]'))

    def choose_task(self, token: str) -> None:
        field = self.tab.locator("#task input")
        field.click()
        field.fill(token)
        self.tab.locator('#task [role="option"]', has_text=token).first.click()

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the page lies on the canvas while the whole page is seen."""
        box, page = self.tab.locator("#page canvas").bounding_box(), self.state()["page"]
        width, height = page["width"], page["height"]
        scale = min(box["width"] / width, box["height"] / height) * 0.97
        left, top = (box["width"] - width * scale) / 2, (box["height"] - height * scale) / 2
        return left + x * scale, top + y * scale

    def click_at(self, x: float, y: float, keys: str = "") -> None:
        """Click a point of the page while the whole page is seen."""
        self.drag(self.place(x, y), keys=keys)

    def key(self, *keys: str) -> None:
        """Press keys with the page focused."""
        self.tab.focus("#page canvas")
        for key in keys:
            self.tab.keyboard.press(key)

    def announce(self, event: str, detail: object) -> None:
        """Send an event to the document, as other parts of the app do."""
        self.tab.evaluate(
            """([name, detail]) =>
                document.dispatchEvent(new CustomEvent(`dessurt:${name}`, {detail}))""",
            [event, detail],
        )

    def drag(self, *points: tuple[float, float], keys: str = "", button: str = "left") -> None:
        """Move the mouse along points of the canvas, in CSS pixels, with the button held."""
        box = self.tab.locator("#page canvas").bounding_box()
        (x, y), *rest = [(box["x"] + px, box["y"] + py) for px, py in points]
        if keys:
            self.tab.keyboard.down(keys)
        self.tab.mouse.move(x, y)
        self.tab.mouse.down(button=button)
        for x, y in rest:
            self.tab.mouse.move(x, y, steps=4)
        self.tab.mouse.up(button=button)
        if keys:
            self.tab.keyboard.up(keys)


class Fingers:
    """Touches on a picture, in its CSS pixels."""

    def __init__(self, screen: Screen, picture: str = "#page canvas") -> None:
        self.picture = screen.tab.locator(picture)
        self.session = screen.tab.context.new_cdp_session(screen.tab)

    def move(self, kind: str, *points: tuple[float, float]) -> None:
        """Touch the picture at these points; "touchStart", "touchMove" or "touchEnd"."""
        box = self.picture.bounding_box()
        touches = [
            {"x": box["x"] + x, "y": box["y"] + y, "id": number}
            for number, (x, y) in enumerate(points)
        ]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
