"""Dataset: the saved answers, to look through, to export and to import.

The screen is dataset_view.js. It exists only where answers are saved, which is on one's own
machine; whoever reaches the app sees and changes the same data set.
"""

from __future__ import annotations

import html
import shutil
from collections import Counter
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from string import Template
from typing import Any
from uuid import uuid4

import gradio as gr
from gradio.components.base import server
from gradio.events import Dependency
from gradio.utils import get_upload_folder

from dessurt.data.annotations import STATES, Annotation
from dessurt.data.annotations.exchange import export
from dessurt.data.annotations.store import Change, ChangedError, Row, Store
from dessurt.data.records import DataError
from dessurt.page import PageError
from dessurt.page.marks import Marks, MarksError
from dessurt.page.upright import Upright
from dessurt.tasks import split_query
from dessurt_app import strings
from dessurt_app.ask.answer_view import Answer
from dessurt_app.ask.ask_tab import AskTab
from dessurt_app.ask.asking import Asking
from dessurt_app.canvas.crops import crop_file
from dessurt_app.canvas.open_pages import open_page
from dessurt_app.canvas.page_canvas import CanvasError, canvas_value, served_file
from dessurt_app.dataset.imports import Imports
from dessurt_app.dataset.saving import SOMEBODY, now
from dessurt_app.static_files import static

ROWS_AT_ONCE = 50
_SCRIPTS = (
    "canvas/file_url.js",
    "canvas/page_view.js",
    "dataset/dataset_rows.js",
    "dataset/dataset_import.js",
    "dataset/dataset_view.js",
)
_REFUSED = (CanvasError, PageError, MarksError, DataError, OSError)


class DatasetView(gr.HTML):
    """Shows the rows of a store; its event `open` asks for a row's page on the canvas."""

    def __init__(self, store: Store, **kwargs: Any) -> None:
        """Args: store: what to show."""
        self._store, self._imports = store, Imports(store)
        template = Template(static("dataset/dataset_view.html"))
        super().__init__(
            value=None,
            html_template=template.substitute(strings.DATASET),
            css_template=static("dataset/dataset_view.css"),
            js_on_load="".join(map(static, _SCRIPTS)),
            apply_default_css=False,
            text=strings.DATASET,
            **kwargs,
        )

    @server
    def list_rows(self, wanted: object) -> dict[str, Any]:
        """Rows from [a state or "", the highest confidence, the first one's number]."""
        return _told(lambda: self._rows(*_given(wanted, str, float, int)))

    @server
    def crops(self, wanted: object) -> dict[str, Any]:
        """Small pictures of the marked places of rows, by their ids."""
        return _told(lambda: self._crops(_list(wanted)))

    @server
    def review(self, wanted: object) -> dict[str, Any]:
        """Do to [a row by its id, the version seen] "accept", "skip" or "correct" [with answers].

        If it was changed since, nothing is done, and the `row` comes as it is now.
        """
        return _told(lambda: self._review(*_given(wanted, str, str, str, list)))

    @server
    def undo(self, wanted: object) -> dict[str, Any]:
        """Take the change with this number back."""
        return _told(lambda: {"done": self._store.undo(*_given([wanted], int))})

    @server
    def import_uploads(self, wanted: object) -> dict[str, Any]:
        """Begin to add uploaded files: pairs of a name, with its folders, and a path here.

        The others are asked with the `key` that this gives.
        """
        return _told(lambda: self._import([_given(pair, str, str) for pair in _list(wanted)]))

    @server
    def import_progress(self, key: object) -> dict[str, Any]:
        """How far an import is: its `stage`, `done` `of` how many; or what `came` of it."""
        return _told(lambda: self._imports.progress(*_given([key], str)))

    @server
    def stop_import(self, key: object) -> dict[str, Any]:
        """End an import, if it is not in the store already; `import_progress` tells."""
        return _told(lambda: self._imports.stop(*_given([key], str)))

    @server
    def export_zip(self, wanted: object) -> dict[str, Any]:
        """Write a zip file from [the seed of the split, whether only checked answers are in it]."""
        return _told(lambda: self._export(*_given(wanted, int, bool)))

    # ---- what they do -------------------------------------------------------------------------

    def _rows(self, state: str, confidence: float, first: int) -> dict[str, Any]:
        rows = self._store.rows
        counts = Counter(_state(row) for row in rows)
        found = [
            row
            for row in rows
            if state in ("", _state(row)) and _at_most(row.annotation.confidence, confidence)
        ]
        first = max(0, min(first, len(found) - 1) // ROWS_AT_ONCE * ROWS_AT_ONCE)
        return {
            "rows": [_shown(row) for row in found[first : first + ROWS_AT_ONCE]],
            "first": first,
            "found": len(found),
            "counts": {"": len(rows), **{each: counts[each] for each in STATES}},
            "pages": len(self._store.pages),
        }

    def _crops(self, wanted: list[Any]) -> dict[str, Any]:
        pictures = {each: self._crop(each) for each in map(str, wanted[:ROWS_AT_ONCE])}
        self.temp_files.update(path for path in pictures.values() if path)
        return {"pictures": pictures}

    def _crop(self, wanted: str) -> str | None:
        try:
            row = self._store.row(wanted)
            file = self._store.folder / row.image
            given = row.annotation
            found = _is_place(given) and given.output
            marks = found or given.marks
            return str(_crop(file, file.stat().st_mtime_ns, given.upright, marks))
        except _REFUSED:
            return None  # the row is told without it

    def _review(
        self, wanted: str, seen: str, action: str, answers: list[Any]
    ) -> dict[str, Any]:
        actions: dict[str, Callable[..., Change]] = {
            "accept": self._store.accept,
            "skip": self._store.skip,
            "correct": partial(self._store.correct, answers=tuple(map(str, answers))),
        }
        if action not in actions:
            raise DataError(f"there is no action {action[:40]!r}.")
        try:
            change = actions[action](wanted, by=SOMEBODY, at=now(), seen=seen)
        except ChangedError:
            return {"row": _shown(self._store.row(wanted)), "change": 0}
        return {"row": _shown(self._store.row(wanted)), "change": change.number}

    def _import(self, uploads: list[list[str]]) -> dict[str, Any]:
        files = {name: served_file(path) for name, path in uploads}
        return {"key": self._imports.start(files)}

    def _export(self, seed: int, trusted_only: bool) -> dict[str, Any]:
        folder = Path(get_upload_folder()) / "exports"
        shutil.rmtree(folder, ignore_errors=True)  # the last one is downloaded, or of no use
        target = folder / uuid4().hex / f"{self._store.name}-seed-{seed}.zip"
        target.parent.mkdir(parents=True)
        count = export(self._store, target, seed, trusted_only)
        self.temp_files.add(str(target))
        return {"path": str(target), "count": count}

    def api_info(self) -> dict[str, Any]:
        """It has no value."""
        return {"type": "null"}

    def example_payload(self) -> Any:
        """For Gradio's API page."""
        return None

    example_value = example_payload


def build_dataset_tab(
    store: Store, asking: Asking, ask: AskTab, events: list[Dependency]
) -> None:
    """Fill the tab that is being built.

    Args:
        store: what it shows.
        asking: for the answer to begin anew.
        ask: where a row's page is opened.
        events: what is stopped when it is.
    """
    view = DatasetView(store, elem_id="dataset")
    wanted = gr.Textbox(visible=False)  # filled in by the script

    def open_row(wanted: str) -> tuple[Any, Any, Any, Answer]:
        try:
            row = store.row(wanted)
            task, text = split_query(row.annotation.question)
            given = row.annotation
            canvas = canvas_value(
                _lent(store.folder / row.image), given.marks, upright=given.upright
            )
        except _REFUSED as error:
            gr.Warning(html.escape(str(error), quote=False), duration=None)
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        answer = Answer(status=strings.ROW_LOADED.format(store=store.name))
        return canvas, task.token, text, asking.newest(answer)

    view.open(
        open_row,
        wanted,
        [ask.canvas, ask.task, ask.text, ask.answer],
        js="() => [window.dessurt.row]",
        cancels=events,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )


@lru_cache(maxsize=4096)
def _crop(file: Path, changed: int, upright: Upright, marks: Marks) -> Path:
    size = open_page(file).size
    return crop_file(open_page(file, upright=upright), upright.marks(marks, size))


def _lent(image: Path) -> Path:
    """A copy of a page's image where the canvas may open it."""
    copy = Path(get_upload_folder()) / "pages" / image.name  # its name tells its content
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image, copy)
    return copy


def _shown(row: Row) -> dict[str, Any]:
    given = row.annotation
    task, text = split_query(given.question)
    return {
        "id": row.id,
        "version": row.version,
        "page": Path(row.image).name,
        "task": task.token,
        "name": task.name,
        "text": text,
        "answers": list(given.answers),
        "place": _is_place(given),
        "model": given.model_answer,
        "confidence": given.confidence,
        "state": _state(row),
    }


def _is_place(given: Annotation) -> bool:
    """Whether the answer is a place on the page."""
    return given.output is not None and "text" not in split_query(given.question)[0].returns


def _state(row: Row) -> str:
    """Answers from elsewhere have no state: they count as accepted."""
    return row.annotation.state or "accepted"


def _at_most(confidence: float | None, most: float) -> bool:
    return most >= 1 or (confidence is not None and confidence <= most)


def _told(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the work gives, or an `error`."""
    try:
        return work()
    except _REFUSED as error:
        return {"error": str(error)}


def _list(wanted: object) -> list[Any]:
    if not isinstance(wanted, list):
        raise DataError(strings.BAD_CALL)
    return wanted


def _given(wanted: object, *kinds: type) -> list[Any]:
    """A list from outside, if it holds values of these kinds."""
    found = _list(wanted)
    right = len(found) == len(kinds) and all(
        isinstance(each, (int, float) if kind is float else kind)
        and isinstance(each, bool) == (kind is bool)
        for each, kind in zip(found, kinds, strict=True)
    )
    if not right:
        raise DataError(strings.BAD_CALL)
    return found
