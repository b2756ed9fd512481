"""PileView: the bar under the page that says how far a pile is, with what can be done with it.

The screen is pile_view.js. The functions that the browser calls get whatever was sent; the first
item is the id of a pile, which only those know who have begun it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

import gradio as gr
from gradio.components.base import server

from dessurt import tasks
from dessurt_app import strings
from dessurt_app.ask.answer_view import Question
from dessurt_app.ask.ask_tab import AskTab
from dessurt_app.ask.asking import EXPECTED, Asking
from dessurt_app.ask.header import Header
from dessurt_app.ask.listeners import listeners
from dessurt_app.canvas.canvas_value import REFUSED, parse_list, parse_number
from dessurt_app.gradio_fixes import QUICK
from dessurt_app.pile.exporting import export
from dessurt_app.pile.piles import Pile, PileError, PileFile, Piles, Place
from dessurt_app.pile.reading import READ_ALL, Reading, keep_answer
from dessurt_app.pile.record import Record
from dessurt_app.static_files import announce, filled_in, handler, on_load, static

READERS = 8  # piles that are read at the same time, a page of each in turn
MOST_AT_ONCE = 100  # files that are added or told of with one call
MOST_CHANGES = 2000  # likewise
LONGEST_LINE = 4000  # characters of a correction
LONGEST_PATH = 2000  # characters of a name with its folders
_TASK = tasks.task(READ_ALL)


class PileView(gr.HTML):
    """Shows a pile; its events ask to `read` it, to show what was read, and to `keep` an answer."""

    EVENTS = ["read", "turn", "keep"]

    def __init__(self, piles: Piles, **kwargs: Any) -> None:
        """Show what is in `piles`.

        Args:
            piles: all piles of the app.
            kwargs: as for gr.HTML.
        """
        self._piles = piles
        super().__init__(
            value=None,
            html_template=filled_in("pile/pile_view.html", strings.PILE, formats=_formats()),
            css_template=static("pile/pile_view.css"),
            js_on_load=on_load(
                "pile/pile_view.js", "start", strings.PILE, asdict(piles.limits)
            ),
            apply_default_css=False,
            **kwargs,
        )

    @server
    def begin(self, _: object) -> dict[str, Any]:
        """Begin a pile: its `pile`, an id."""
        return {"pile": self._piles.begin().id}

    @server
    def add(self, sent: object) -> dict[str, Any]:
        """Add [the id, [a name, an uploaded file] of each, whether more follow]: as `look`."""
        name, files, more = parse_list(sent, 3)

        def added() -> dict[str, Any]:
            pile = self._piles.of(name)
            pile.expects = bool(more)
            known = len(pile.files)
            for file in files[:MOST_AT_ONCE] if isinstance(files, list) else ():
                pile.add(*_pair(file))
            return _seen(pile, known, len(pile.changes))

        return _answer(added)

    @server
    def look(self, sent: object) -> dict[str, Any]:
        """What is new of a pile, from [the id, how many files are known, how many changes]."""
        name, files, changes = parse_list(sent, 3)
        return _answer(lambda: _seen(self._piles.of(name), _count(files), _count(changes)))

    @server
    def stop(self, sent: object) -> dict[str, Any]:
        """Stop reading a pile, named by [the id]: what was read stays."""
        (name,) = parse_list(sent, 1)

        def stopped() -> dict[str, Any]:
            if reader := self._piles.of(name).reader:
                reader.set()
            return {}

        return _answer(stopped)

    @server
    def retry(self, sent: object) -> dict[str, Any]:
        """Have the pages of a pile that could not be read tried again, from [the id]."""
        (name,) = parse_list(sent, 1)

        def forgotten() -> dict[str, Any]:
            self._piles.of(name).retry()
            return {}

        return _answer(forgotten)

    @server
    def correct(self, sent: object) -> dict[str, Any]:
        """Correct [the id, a file, a page of it, {number of a line: its right text}]: as `look`."""
        name, file, page, lines = parse_list(sent, 4)

        def corrected() -> dict[str, Any]:
            pile, place = self._piles.of(name), _place(file, page)
            entries = pile.record(place)
            if entries is None:
                raise PileError(strings.PILE_NOT_READ)
            record = Record.from_json(entries).corrected(_corrections(lines))
            state = "corrected" if record.corrections else "read"
            pile.keep(place, record.to_json(), state)
            return {}

        return _answer(corrected)

    @server
    def export(self, sent: object) -> dict[str, Any]:
        """Export from [the id, [a file, a page], "page", "file" or "all", a format].

        The answer has the `path` of a file, and its `name`.
        """
        name, place, scope, kind = parse_list(sent, 4)

        def exported() -> dict[str, Any]:
            pile = self._piles.of(name)
            path = export(pile, _places(pile, scope, place), str(kind))
            return {"path": str(path), "name": path.name}

        return _answer(exported)

    @server
    def end(self, sent: object) -> dict[str, Any]:
        """Delete a pile, named by [the id]."""
        self._piles.end(*parse_list(sent, 1))
        return {}


def _formats() -> str:
    """The choices of the list of formats."""
    names = strings.EXPORT_FORMATS.items()
    return "".join(f'<option value="{name}">{title}</option>' for name, title in names)


def _seen(pile: Pile, files: int, changes: int) -> dict[str, Any]:
    """What a browser does not know yet that knows so many files and changes."""
    new = pile.changes[changes : changes + MOST_CHANGES]
    return {
        "files": [_file_json(file) for file in pile.files[files : files + MOST_AT_ONCE]],
        "changes": [[*change.place, change.state, change.error] for change in new],
        "expects": pile.expects,
        "exported": pile.exported,
        "more": len(pile.files) > files + MOST_AT_ONCE or len(pile.changes) > changes + len(new),
    }


def _file_json(file: PileFile) -> list[Any]:
    return [file.name, str(file.path), file.pages, file.error]


def _answer(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What work on a pile gives, or an `error`."""
    try:
        return work()
    except REFUSED as error:
        return {"error": str(error)}
    except OSError:
        return {"error": strings.PILE_NO_ROOM}


def _pair(sent: object) -> tuple[str, object]:
    name, path = parse_list(sent, 2)
    return str(name)[:LONGEST_PATH], path


def _count(sent: object) -> int:
    return max(0, parse_number(sent, whole=True))


def _place(file: object, page: object) -> Place:
    return parse_number(file, whole=True), parse_number(page, whole=True)


def _places(pile: Pile, scope: object, sent: object) -> list[Place]:
    """The pages that are meant: all, or one, or those of its file."""
    if scope == "all":
        return list(pile.places())
    place = _place(*parse_list(sent, 2))
    pile.file_of(place)
    return [each for each in pile.places() if each[0] == place[0]] if scope == "file" else [place]


def _corrections(sent: object) -> dict[int, str]:
    """Right texts by the numbers of their lines, from a JSON object."""
    pairs = sent.items() if isinstance(sent, dict) else ()
    return {int(n): str(text)[:LONGEST_LINE] for n, text in pairs if str(n).isdecimal()}


# ---- with the rest of the screen ----------------------------------------------------------------


def build_pile(asking: Asking, piles: Piles, ask: AskTab, header: Header) -> None:
    """Lay the bar out under the page and wire it up, inside the app that is being built.

    Args:
        asking: asks the models.
        piles: all piles of the app.
        ask: the Ask screen.
        header: the header, in which a checkpoint is chosen.
    """
    reading = Reading(asking, piles, listeners)
    with ask.left:
        view = PileView(piles, elem_id="pile")
    name, place = gr.Textbox(visible=False), gr.JSON(visible=False)  # filled in by the script

    def read(name: str, checkpoint: str, request: gr.Request) -> Iterator[dict[str, Any]]:
        for progress in reading.read_all(name, checkpoint, request):
            yield asdict(progress)

    def show(place: object, canvas: object, checkpoint: str, request: gr.Request) -> Any:
        pile, *numbers = parse_list(place, 3)
        try:
            entries = piles.of(pile).record(_place(*numbers))
        except REFUSED:
            return gr.skip()
        if entries is None:
            return gr.skip()
        question = Question(canvas, READ_ALL, "", False, None, checkpoint)
        answer = replace(Record.from_json(entries).answer(), question=question, task=_TASK)
        return asking.show(answer, request)

    def keep(place: object, request: gr.Request) -> Any:
        name, *numbers = parse_list(place, 3)
        try:
            pile, answer = piles.of(name), asking.last(request)
            if answer and answer.question:
                checkpoint = asking.weights.of(answer.question.checkpoint).name
                keep_answer(pile, _place(*numbers), answer, checkpoint)
        except (*EXPECTED, OSError):
            return gr.skip()  # the answer is on the screen all the same
        return {"pile": pile.id, "state": "kept", "changes": len(pile.changes)}

    # First, as Gradio begins with what comes later only when that which came before has ended.
    view.read(lambda: READ_ALL, None, ask.task, **QUICK)
    event = view.read(
        read,
        [name, header.checkpoint],
        view,
        js=handler("pile/pile_view.js", "pileToRead"),
        concurrency_id="reading",
        concurrency_limit=READERS,
        show_progress="hidden",
        api_visibility="private",
    )
    for ended in (event.then, event.failure):
        ended(None, js=announce("read-over"), show_progress="hidden")
    shown = handler("pile/pile_view.js", "placeToShow")
    view.keep(keep, place, view, js=handler("pile/pile_view.js", "placeToKeep"), **QUICK)
    view.turn(show, [place, ask.canvas, header.checkpoint], ask.answer, js=shown, **QUICK)
