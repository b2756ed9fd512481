"""Dataset: saved answers to look through, to export and to import.

The screen is dataset_view.js. It exists only where answers are saved, which is on one's own
machine; everyone who reaches the app sees and changes the same data set.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
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
from dessurt.page.marks import Marks
from dessurt.page.upright import Upright
from dessurt.tasks import split_query
from dessurt_app import strings
from dessurt_app.ask.answer_view import Answer, ready
from dessurt_app.ask.ask_tab import AskTab
from dessurt_app.ask.asking import Asking
from dessurt_app.canvas.canvas_value import canvas_value
from dessurt_app.canvas.files import served_file
from dessurt_app.canvas.open_pages import open_page
from dessurt_app.canvas.pictures import content_file, crop_file
from dessurt_app.dataset.imports import Imports
from dessurt_app.dataset.saving import ANONYMOUS, NOT_STORED, now
from dessurt_app.gradio_fixes import QUICK, warn
from dessurt_app.static_files import filled_in, handler, on_load, static

ROWS_AT_ONCE = 50


class DatasetView(gr.HTML):
    """Shows the rows of a store; its event `open` asks for a row's page on the canvas."""

    EVENTS = ["open"]  # not those of gr.HTML, of which `undo` would be in the way of ours

    def __init__(self, store: Store, **kwargs: Any) -> None:
        """Show a store.

        Args:
            store: The saved answers.
            kwargs: As for gr.HTML.
        """
        self._store, self._imports = store, Imports(store)
        super().__init__(
            value=None,
            html_template=filled_in("dataset/dataset_view.html", strings.DATASET),
            css_template=static("dataset/dataset_view.css"),
            js_on_load=on_load("dataset/dataset_view.js", "start", strings.DATASET),
            apply_default_css=False,
            **kwargs,
        )

    @server
    def list_rows(self, sent: object) -> dict[str, Any]:
        """Rows from [a state or "", the highest confidence, the first one's number]."""
        return _answer(lambda: self._rows(*_parse(sent, str, float, int)))

    @server
    def crops(self, ids: object) -> dict[str, Any]:
        """Small pictures of the marked places of rows, by their ids."""
        return _answer(lambda: self._crops(_parse_list(ids)))

    @server
    def review(self, sent: object) -> dict[str, Any]:
        """Do to [a row by its id, the version seen] "accept", "skip" or "correct" [with answers].

        If the row has changed since, nothing is done, and the `row` comes as it is now.
        """
        return _answer(lambda: self._review(*_parse(sent, str, str, str, list)))

    @server
    def undo(self, number: object) -> dict[str, Any]:
        """Undo the change with this number."""
        return _answer(lambda: {"done": self._store.undo(*_parse([number], int))})

    @server
    def import_uploads(self, uploads: object) -> dict[str, Any]:
        """Begin to add uploaded files: pairs of a name, with its folders, and a path here.

        The answer is the `key` for the other functions.
        """
        return _answer(
            lambda: self._import([_parse(pair, str, str) for pair in _parse_list(uploads)])
        )

    @server
    def import_progress(self, key: object) -> dict[str, Any]:
        """How far an import is: its `stage`, `done` `of` how many; or what `came` of it."""
        return _answer(lambda: self._imports.progress(*_parse([key], str)))

    @server
    def stop_import(self, key: object) -> dict[str, Any]:
        """Stop an import, unless it is in the store already; as `import_progress`."""
        return _answer(lambda: self._imports.stop(*_parse([key], str)))

    @server
    def export_zip(self, sent: object) -> dict[str, Any]:
        """Write a zip file from [the seed of the split, whether only checked answers are in it]."""
        return _answer(lambda: self._export(*_parse(sent, int, bool)))

    # ---- what they do -------------------------------------------------------------------------

    def _rows(self, state: str, confidence: float, first: int) -> dict[str, Any]:
        rows = self._store.rows
        counts = Counter(_state(row) for row in rows)
        matching = [
            row
            for row in rows
            if state in ("", _state(row)) and _at_most(row.annotation.confidence, confidence)
        ]
        first = max(0, min(first, len(matching) - 1) // ROWS_AT_ONCE * ROWS_AT_ONCE)
        return {
            "rows": [_row_json(row) for row in matching[first : first + ROWS_AT_ONCE]],
            "first": first,
            "found": len(matching),
            "counts": {"": len(rows), **{name: counts[name] for name in STATES}},
            "pages": len(self._store.pages),
        }

    def _crops(self, ids: list[Any]) -> dict[str, Any]:
        pictures = {row_id: self._crop(row_id) for row_id in map(str, ids[:ROWS_AT_ONCE])}
        self.temp_files.update(path for path in pictures.values() if path)
        return {"pictures": pictures}

    def _crop(self, row_id: str) -> str | None:
        try:
            row = self._store.row(row_id)
            file = self._store.folder / row.image
            annotation = row.annotation
            place = _is_place(annotation) and annotation.output
            marks = place or annotation.marks
            return str(_crop(file, file.stat().st_mtime_ns, annotation.upright, marks))
        except NOT_STORED:
            return None  # the row is shown without it

    def _review(
        self, row_id: str, seen: str, action: str, answers: list[Any]
    ) -> dict[str, Any]:
        actions: dict[str, Callable[..., Change]] = {
            "accept": self._store.accept,
            "skip": self._store.skip,
            "correct": partial(self._store.correct, answers=tuple(map(str, answers))),
        }
        if action not in actions:
            raise DataError(f"there is no action {action[:40]!r}.")
        try:
            number = actions[action](row_id, by=ANONYMOUS, at=now(), seen=seen).number
        except ChangedError:
            number = 0
        return {"row": _row_json(self._store.row(row_id)), "change": number}

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
        store: The saved answers.
        asking: Numbers the answer that is shown when a row is opened.
        ask: The tab in which the page of a row is opened.
        events: The events that this stops.
    """
    view = DatasetView(store, elem_id="dataset")
    row_id = gr.Textbox(visible=False)  # filled in by the script

    def open_row(row_id: str) -> tuple[Any, Any, Any, Answer]:
        try:
            row = store.row(row_id)
            image, annotation = store.folder / row.image, row.annotation
            task, text = split_query(annotation.question)
            # A copy lies where the canvas may open it.
            page = content_file(image.read_bytes(), image.suffix.removeprefix("."))
            canvas = canvas_value(page, annotation.marks, upright=annotation.upright)
        except NOT_STORED as error:
            warn(error)
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        answer = asking.newest(ready(strings.ROW_LOADED.format(store=store.name), canvas))
        return canvas, task.token, text, answer

    view.open(
        open_row,
        row_id,
        [ask.canvas, ask.task, ask.text, ask.answer],
        js=handler("dataset/dataset_view.js", "rowToOpen"),
        cancels=events,
        **QUICK,
    )


@lru_cache(maxsize=4096)
def _crop(file: Path, changed: int, upright: Upright, marks: Marks) -> Path:
    """The crop of a file that was last changed at that time."""
    size = open_page(file).size
    return crop_file(open_page(file, upright=upright), upright.marks(marks, size))


def _row_json(row: Row) -> dict[str, Any]:
    """What the screen shows of a row."""
    annotation = row.annotation
    task, text = split_query(annotation.question)
    return {
        "id": row.id,
        "version": row.version,
        "page": Path(row.image).name,
        "task": task.token,
        "name": task.name,
        "text": text,
        "answers": list(annotation.answers),
        "place": _is_place(annotation),
        "model": annotation.model_answer,
        "confidence": annotation.confidence,
        "state": _state(row),
    }


def _is_place(annotation: Annotation) -> bool:
    """Whether the answer is a place on the page."""
    task, _ = split_query(annotation.question)
    return annotation.output is not None and "text" not in task.returns


def _state(row: Row) -> str:
    """The state of a row; imported answers have none and count as accepted."""
    return row.annotation.state or "accepted"


def _at_most(confidence: float | None, limit: float) -> bool:
    return limit >= 1 or (confidence is not None and confidence <= limit)


def _answer(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the work gives, or an `error`."""
    try:
        return work()
    except NOT_STORED as error:
        return {"error": str(error)}


def _parse_list(sent: object) -> list[Any]:
    """A list from the browser."""
    if not isinstance(sent, list):
        raise DataError(strings.BAD_CALL)
    return sent


def _parse(sent: object, *kinds: type) -> list[Any]:
    """A list from the browser, if it holds values of these kinds."""
    values = _parse_list(sent)
    right = len(values) == len(kinds) and all(
        isinstance(value, (int, float) if kind is float else kind)
        and isinstance(value, bool) == (kind is bool)
        for value, kind in zip(values, kinds, strict=True)
    )
    if not right:
        raise DataError(strings.BAD_CALL)
    return values
