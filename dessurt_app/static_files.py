"""The HTML, CSS and scripts of static/, put together for Gradio's components."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

STATIC = Path(__file__).parent / "static"


def filled_in(name: str, text: Mapping[str, Any], **others: str) -> str:
    """A file of static/ with `text` and `others` in its places, and the buttons that zoom."""
    buttons = Template((STATIC / "zoom_buttons.html").read_text("utf-8")).safe_substitute(text)
    template = Template((STATIC / name).read_text("utf-8"))
    return template.substitute(text, zoom_buttons=buttons, **others)


def script(names: Sequence[str], text: Mapping[str, Any]) -> str:
    """Files of static/ as one script, which finds what it says to people in `text`.

    A property of the component would do, too; but Gradio copies every string of every property
    several times for each change of the value, and that takes longer than to draw a mark.
    """
    files = ((STATIC / name).read_text("utf-8") for name in names)
    return "".join((f"const text = {json.dumps(text)};\n", *files))
