"""The screen for everybody: measured by axe, used by keys alone, used by touch, standing still."""

from __future__ import annotations

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import pages_file
from screen import Screen

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
# Gradio's own parts, whose markup is not ours.
THEIRS = ("footer", "#task", "#text", ".toast-wrap")
FOCUSED = """() => {
    const on = document.activeElement;
    const name = on.ariaLabel || on.title || on.textContent || on.tagName;
    const box = on.getBoundingClientRect();
    return [on.id || on.dataset.do || on.dataset.part || on.tagName.toLowerCase(),
        name.trim(), box.width > 0 && box.height > 0];
}"""


def serious_faults(screen) -> list[str]:
    """What axe calls serious or critical, outside of Gradio's own markup."""
    context = json.dumps({"exclude": [[part] for part in THEIRS]})
    screen.tab.evaluate(Axe().axe_script)
    found = screen.tab.evaluate(f"axe.run({context}, {{resultTypes: ['violations']}})")
    return [
        f"{fault['id']}: {node['target'][0]}"
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["1280", "390"])
def test_axe_finds_nothing_serious(app, fake, open_screen, device, scheme):
    fake.reset()
    fake.seconds, fake.notices = 0.01, ["The model reads only the first 18 tokens."]
    screen = open_screen(app, color_scheme=scheme, **device)
    assert serious_faults(screen) == [], "first launch"
    screen.run_to_end()
    assert serious_faults(screen) == [], "after an answer"
    screen.tab.click("#answer .word >> nth=0")
    assert serious_faults(screen) == [], "with a word's alternatives"
    screen.tab.keyboard.press("Escape")
    screen.press("brush")
    if device is PHONE:
        screen.press("more")
    screen.press("clear")
    screen.run_to_end()
    assert screen.status.startswith("This task needs a highlight")
    assert serious_faults(screen) == [], "after an error"
    screen.tab.get_by_role("tab", name="Inspect").click()
    screen.wait_for(lambda: screen.tab.query_selector("#inspect dt") is not None)
    assert serious_faults(screen) == [], "Inspect"


def tab_to(screen, name: str, most: int = 60) -> None:
    """Press Tab until the element with this id or data attribute has the focus."""
    for _ in range(most):
        if screen.tab.evaluate(FOCUSED)[0] == name:
            return
        screen.tab.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached with Tab")


def test_every_stop_of_the_tab_key_is_seen_and_has_a_name(screen):
    stops = []
    while not stops or stops[-1] != stops[0] or len(stops) == 1:
        screen.tab.keyboard.press("Tab")
        stops.append(screen.tab.evaluate(FOCUSED))
        assert len(stops) < 80, "a trap: Tab does not come round"
    parts = [part for part, _, _ in stops]
    for part in ("open", "canvas", "run", "written"):
        assert parts.count(part) == (2 if part == parts[0] else 1), part
    for part, name, seen in stops:
        assert part == "body" or (name and seen), (part, name)


def test_canvas_is_left_backwards_too(screen):
    tab_to(screen, "canvas")
    screen.tab.keyboard.press("Shift+Tab")
    assert screen.tab.evaluate(FOCUSED)[0] != "canvas"


def test_a_line_is_marked_read_and_copied_by_keys_alone(app, fake, open_screen):
    fake.reset()
    fake.seconds = 0.01
    screen = open_screen(app, permissions=["clipboard-read", "clipboard-write"])
    tab_to(screen, "canvas")
    screen.wait_for(lambda: screen.tab.is_enabled('[data-tool="line"]'))
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        screen.tab.keyboard.press(key)
    screen.tab.keyboard.press("Control+Enter")
    screen.wait_for(lambda: screen.status.startswith("6 tokens"))
    marks = fake.asked[-1][1].marks
    assert [shape.kind for shape in marks.shapes[1:]] == ["line"]
    tab_to(screen, "copy")
    screen.tab.keyboard.press("Enter")
    screen.wait_for(lambda: screen.tab.text_content('[data-part="copy"]').strip() == "Copied")
    assert screen.tab.evaluate("navigator.clipboard.readText()") == "one two three four five six"


def test_letters_typed_into_the_text_are_no_shortcuts(screen):
    screen.choose_task("natural_q~")
    screen.wait_for(lambda: screen.tab.is_visible("#text"))
    screen.tab.locator("#text textarea, #text input").first.type("mb0")
    assert screen.tab.get_attribute('[data-channel="highlight"]', "aria-pressed") == "true"
    assert screen.tab.get_attribute('[data-tool="brush"]', "aria-pressed") == "false"


class Fingers:
    """Fingers on the canvas; places are in CSS pixels from its corner."""

    def __init__(self, screen) -> None:
        self.session = screen.tab.context.new_cdp_session(screen.tab)
        self.box = screen.tab.locator("#page canvas").first.bounding_box()

    def _send(self, kind: str, *places: tuple[float, float]) -> None:
        points = [
            {"x": self.box["x"] + x, "y": self.box["y"] + y, "id": number}
            for number, (x, y) in enumerate(places)
        ]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def swipe(self, *paths: list[tuple[float, float]]) -> None:
        """Each path is that of one finger; they come down one after another."""
        starts = [path[0] for path in paths]
        for count in range(len(paths)):
            self._send("touchStart", *starts[: count + 1])
        for places in list(zip(*paths, strict=True))[1:]:
            self._send("touchMove", *places)
        self._send("touchEnd")


def test_one_finger_draws_and_two_move_the_page(app, fake, open_screen):
    fake.reset()
    fake.seconds = 0.01
    screen = open_screen(app, **PHONE)
    screen.tab.tap('#page [data-tool="box"]')
    fingers = Fingers(screen)
    fingers.swipe([(120 + 20 * step, 250 + 5 * step) for step in range(6)])
    screen.run_to_end()
    drawn = fake.asked[-1][1].marks
    assert [shape.kind for shape in drawn.shapes[1:]] == ["box"]

    unpinched = screen.canvas_pixels()
    apart = [(180 - 10 * step, 200 - 10 * step) for step in range(6)]
    fingers.swipe(apart, [(400 - x, 440 - y) for x, y in apart])
    assert (screen.canvas_pixels() != unpinched).mean() > 0.05, "zoomed"
    screen.run_to_end()
    assert fake.asked[-1][1].marks == drawn, "two fingers leave no mark"


SMALL = """[...document.querySelectorAll("button, input, textarea, summary, [role=tab]")]
    .filter((node) => !node.closest(".toast-wrap") && node.checkVisibility())
    .map((node) => [node, (node.closest("label") ?? node).getBoundingClientRect()])
    .filter(([, box]) => box.height > 1 && (box.width < 44 || box.height < 44))
    .map(([node, box]) => [node.textContent || node.ariaLabel || node.id, box.width, box.height])"""


def test_everything_to_touch_is_large_enough_and_in_reach(app, fake, open_screen):
    """Words of the answer are text, and as tall as their lines."""
    fake.reset()
    screen = open_screen(app, **PHONE)

    def check(when: str) -> None:
        assert screen.tab.evaluate(SMALL) == [], when
        assert screen.tab.evaluate("document.documentElement.scrollWidth") <= 390, when

    check("first launch")
    run = screen.tab.locator('[data-part="run"]').bounding_box()
    assert run["y"] + run["height"] <= 844
    screen.press("brush")
    screen.press("more")
    check("more tools, and the size of the brush")
    screen.press("more")
    screen.tab.fill("#limit input", "2")
    screen.run_to_end()
    screen.wait_for(lambda: screen.tab.is_visible('[data-part="resume"]'))
    check("after an answer that can be continued")
    screen.choose_task("natural_q~")
    screen.wait_for(lambda: screen.tab.is_visible("#text"))
    check("with a text to type")
    screen.tab.get_by_role("tab", name="Inspect").tap()
    screen.wait_for(lambda: screen.tab.is_visible("#inspect canvas"))
    check("Inspect")


def test_on_a_phone_a_third_of_the_screen_is_the_page_s(app, open_screen, tmp_path):
    screen = open_screen(app, **PHONE)
    stage = screen.tab.locator("#page .stage")

    def check() -> None:
        screen.tab.wait_for_timeout(300)
        assert stage.bounding_box()["height"] >= 844 / 3
        assert stage.bounding_box()["y"] + stage.bounding_box()["height"] <= 844

    check()
    screen.tab.get_by_role("tab", name="Inspect").tap()
    check()
    screen.open_file(pages_file(tmp_path / "three.pdf", 3))
    screen.wait_for(lambda: screen.tab.is_visible('#page [data-part="pages"]'))
    check()
    screen.tab.get_by_role("tab", name="Ask").tap()
    check()


def test_the_checkbox_is_large_enough_to_touch_on_a_tablet_too(app, open_screen):
    tablet = {"viewport": {"width": 1024, "height": 768}, "has_touch": True, "is_mobile": True}
    screen = open_screen(app, **tablet)
    box = screen.tab.locator("#region label").bounding_box()
    assert box["height"] >= 44 and box["width"] >= 44


SHIFTS = """
    window.shifts = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shifts += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
"""


def test_clocks_of_gradio_are_neither_seen_nor_read_aloud(screen):
    """Of events that hide their progress it is there all the same, over the caption for one."""
    clocks = screen.tab.locator('[data-testid="status-tracker"]')
    assert clocks.count() > 5
    assert not clocks.evaluate_all("(them) => them.some((each) => each.checkVisibility())")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_notice_moves_nothing(app, fake, open_screen, size):
    fake.reset()
    screen = open_screen(app, **size)
    edges = """["#answer footer", "#answer .progress", "#options", "#examples"].map(
        (each) => document.querySelector(each).getBoundingClientRect().top + scrollY)"""
    before = screen.tab.evaluate(edges)
    fake.notices = ["This has not been learned, so the answer may be wrong."] * 2
    screen.run_to_end()
    assert screen.tab.locator('[data-part="notices"] li').count() == 2
    assert screen.tab.evaluate(edges) == before
    screen.choose_task("natural_q~")  # now it is the answer to another question
    screen.wait_for(lambda: screen.tab.is_visible('[data-part="elsewhere"]'))
    paper = screen.tab.locator("#answer .paper").bounding_box()["height"]
    screen.choose_task("w0>")
    screen.wait_for(lambda: screen.tab.is_hidden('[data-part="elsewhere"]'))
    assert screen.tab.evaluate(edges) == before
    # A large screen has less room for the answer where a question is typed.
    assert size == DESKTOP or paper == screen.tab.locator("#answer .paper").bounding_box()["height"]


def test_nothing_moves_by_itself(app, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(SHIFTS)
    screen = Screen(context.new_page(), app)
    screen.wait_for(lambda: "model sees" in screen.caption)
    at_load = screen.tab.evaluate("shifts")
    assert at_load <= 0.1
    screen.run_to_end()
    screen.tab.wait_for_timeout(200)
    assert screen.tab.evaluate("shifts") - at_load <= 0.01
    context.close()
