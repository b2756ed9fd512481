"""HTML, CSS and scripts of the screens, put together for Gradio's components."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from string import Template
from typing import Any

from dessurt.shipped import ROOT

_FOLDER = ROOT / "dessurt_app"


def static(name: str) -> str:
    """A file of the app's folders, e.g. `static("canvas/page_canvas.css")`."""
    return (_FOLDER / name).read_text("utf-8")


def filled_in(name: str, text: Mapping[str, Any], **others: str) -> str:
    """A file as of `static` with `text` and `others` in its places, and the buttons that zoom."""
    buttons = Template(static("canvas/zoom_buttons.html")).safe_substitute(text)
    template = Template(static(name))
    return template.substitute(text, zoom_buttons=buttons, **others)


def script(names: Sequence[str], text: Mapping[str, Any]) -> str:
    """Files as of `static` as one script, which finds what it says to people in `text`.

    A property of the component would do, too; but Gradio copies every string of every property
    several times for each change of the value, and that takes longer than to draw a mark.
    """
    return "".join((f"const text = {json.dumps(text)};\n", *map(static, names)))
