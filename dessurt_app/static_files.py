"""HTML, CSS and scripts of the screens, as browsers get them, and how components call the scripts.

Scripts are ES modules, each in the folder of its screen. Browsers get them linked into one, as so
many would come one after the other: from a route of the app, under an address that changes when any
of them does, so that it is fetched once and kept. That module exports each script by its name.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from graphlib import TopologicalSorter
from hashlib import blake2b
from string import Template
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dessurt.shipped import ROOT

_FOLDER = ROOT / "dessurt_app"
_IMPORT = re.compile(r'^import \{([^}]+)\} from "([^"]+)";$', re.M)
_EXPORT = re.compile(r"^export ((?:async )?function\*?|const) (\w+)", re.M)
_CACHED = {"cache-control": "private, max-age=31536000, immutable"}


def static(name: str) -> str:
    """A file of the app's folders, e.g. `static("canvas/page_canvas.css")`."""
    return (_FOLDER / name).read_text("utf-8")


def filled_in(name: str, text: Mapping[str, Any], **others: str) -> str:
    """A file as of `static` with `text` and `others` in its places, and the buttons that zoom."""
    buttons = Template(static("canvas/zoom_buttons.html")).safe_substitute(text)
    template = Template(static(name))
    return template.substitute(text, zoom_buttons=buttons, **others)


# ---- scripts: linked, served and called ---------------------------------------------------------


def linked(sources: Mapping[str, str]) -> str:
    """One module out of several, none of which import each other in a circle.

    Each becomes a function that is called once and returns what it exports.

    Args:
        sources: what is in each script, by its name, e.g. "canvas/page_canvas.js".

    Raises:
        ValueError: a script imports or exports otherwise than by `import { a, b as c } from "…";`
            and in front of a function or a constant, or imports what is not there.
    """
    imports = {
        name: {_beside(name, path) for _, path in _IMPORT.findall(text)}
        for name, text in sources.items()
    }
    order = TopologicalSorter(imports).static_order()
    functions = [_as_function(name, sources.get(name)) for name in order]
    exports = ", ".join(f"{_variable(name)} as {json.dumps(name)}" for name in sources)
    return "\n".join([*functions, f"export {{ {exports} }};\n"])


def _as_function(name: str, text: str | None) -> str:
    if text is None:
        raise ValueError(f"there is no script {name}")

    def taken(found: re.Match[str]) -> str:
        names = found[1].replace(" as ", ": ")
        return f"const {{{names}}} = {_variable(_beside(name, found[2]))};"

    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub(taken, text))
    if wrong := re.search(r"^(import|export)\b.*", body, re.M):
        raise ValueError(f"{name} cannot be linked: {wrong[0]}")
    exports = ", ".join(exported for _, exported in _EXPORT.findall(text))
    return f"const {_variable(name)} = (() => {{\n{body}return {{ {exports} }};\n}})();"


def _beside(name: str, path: str) -> str:
    """The name of a script that another one imports."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _variable(name: str) -> str:
    return re.sub(r"\W", "_", name.removesuffix(".js"))


_SOURCES = {
    file.relative_to(_FOLDER).as_posix(): file.read_text("utf-8")
    for file in sorted(_FOLDER.glob("*/*.js"))
}
_LINKED = linked(_SOURCES).encode()
_VERSION = blake2b(_LINKED, digest_size=8).hexdigest()
ADDRESS = f"scripts/{_VERSION}.js"  # from that of the app on
PRELOAD = f'<link rel="modulepreload" href="{ADDRESS}">'  # browsers fetch it before it is called


async def _serve(request: Request) -> Response:
    if request.path_params["version"] != _VERSION:
        return PlainTextResponse("There are no such scripts.", 404)
    return Response(_LINKED, media_type="text/javascript", headers=_CACHED)


ROUTE = Route("/scripts/{version}.js", _serve)


def on_load(script: str, function: str, *arguments: object) -> str:
    """What starts a component: JavaScript that calls a function of a script.

    The function gets what Gradio gives to components (see screen/component.js), then `arguments`.
    What it says to people is among these. A property of the component would do, too; but Gradio
    copies every string of every property several times for each change of the value, and that takes
    longer than to draw a mark.
    """
    component = "{ element, props, trigger, server, upload, watch }"
    values = ", ".join([component, *map(json.dumps, arguments)])
    return f"import({_URL}).then((scripts) => scripts{_member(script, function)}({values}));"


def handler(script: str, function: str, *arguments: object) -> str:
    """What an event does in the browser: it calls a function of a script.

    The function gets `arguments`, then the values of the event's inputs; what it returns goes on to
    Python, or to the outputs.
    """
    values = ", ".join([*map(json.dumps, arguments), "...values"])
    return f"async (...values) => (await import({_URL})){_member(script, function)}({values})"


def announce(event: str, detail: str = "values[0]", result: str = "[]") -> str:
    """What an event does in the browser: it announces one of those in screen/events.js.

    This is done at once, where a `handler` takes some milliseconds. The `detail` and the `result`,
    which goes on to Python, are JavaScript; `values` are those of the event's inputs.
    """
    announced = f'new CustomEvent("dessurt:{event}", {{ detail: {detail} }})'
    return f"(...values) => {{ document.dispatchEvent({announced}); return {result}; }}"


_URL = f"new URL({json.dumps(ADDRESS)}, document.baseURI)"


def _member(script: str, function: str) -> str:
    if function not in {name for _, name in _EXPORT.findall(_SOURCES.get(script, ""))}:
        raise ValueError(f"{script} exports no {function}")
    return f"[{json.dumps(script)}].{function}"
