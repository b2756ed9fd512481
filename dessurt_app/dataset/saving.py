"""Saving: the last answer of a session goes to the store with its page, and back by Undo."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

import gradio as gr

from dessurt import tasks
from dessurt.data.annotations import Annotation
from dessurt.data.annotations.store import Store
from dessurt.data.records import DataError
from dessurt.page import PageError
from dessurt.page.marks import MarksError
from dessurt_app import strings
from dessurt_app.ask.answer_view import Answer
from dessurt_app.ask.ask_tab import AskTab
from dessurt_app.ask.asking import Asking
from dessurt_app.canvas.page_canvas import CanvasError, read_value
from dessurt_app.canvas.region_picture import region_marks
from dessurt_app.train.training import Training

LONGEST_TOLD = 60  # characters of what was there before
SOMEBODY = "user"  # where nobody has to give a name
_TELL = "(saved) => document.dispatchEvent(new CustomEvent('dessurt:saved', {detail: saved}))"
_REFUSED = (CanvasError, PageError, MarksError, DataError, OSError)


@dataclass(frozen=True)
class Saved:
    """What came of saving, or of taking it back."""

    message: str
    change: int = 0  # the number by which it can be undone; 0: it cannot


def wire_saving(
    store: Store, asking: Asking, ask: AskTab, training: Training | None = None
) -> None:
    """Give the answer's Save and Undo something to do, inside the app that is being built.

    Args:
        store: where answers go to.
        asking: knows each session's last answer.
        ask: the tab with the buttons.
        training: what learns from the answers; told is how many corrections it has not seen.
    """
    correction = gr.Textbox(visible=False)  # both filled in by the script
    serial = gr.Number(0, visible=False, precision=0)
    saved = gr.JSON(visible=False)

    def save(correction: str | None, serial: int, request: gr.Request) -> dict[str, Any]:
        """Keep the last answer of this session with its page and marks.

        Args:
            correction: the right answer, if the model's is not; null keeps the model's.
            serial: of the answer that is meant, which is not saved if there is a later one; 0: the
                last, whichever that is.

        Returns:
            a message, and the number of the change.
        """
        answer = asking.last(request)
        if serial and answer and answer.serial != serial:
            return asdict(Saved(strings.NOT_THE_LAST))
        question = answer.question if answer else None
        loading = asking.weights.of(question.checkpoint if question else None)
        saved = save_answer(store, answer, correction, loading.name, person(request))
        unseen = training.unseen() if training and saved.change else 0
        if unseen:
            told = strings.TRAIN_UNSEEN.format(n=unseen)
            saved = replace(saved, message=f"{saved.message} · {told}")
        return asdict(saved)

    def undo(saved: dict[str, Any] | None) -> dict[str, Any]:
        return asdict(undo_change(store, (saved or {}).get("change")))

    quick: dict[str, Any] = dict(queue=False, show_progress="hidden")
    filled = "() => window.dessurt.correction"
    for event in (
        ask.answer.save(save, [correction, serial], saved, js=filled, api_name="save", **quick),
        ask.answer.undo(undo, saved, saved, api_visibility="private", **quick),
    ):
        event.then(None, saved, js=_TELL, show_progress="hidden", api_visibility="private")


def save_answer(
    store: Store, answer: Answer | None, correction: str | None, checkpoint: str, by: str
) -> Saved:
    """Put an answer into the store, as it is or corrected.

    Args:
        store: where to.
        answer: as it was shown, with the question.
        correction: what a person made of it.
        checkpoint: name of the model that answered.
        by: name of the person.
    """
    if answer is None or answer.question is None or not (answer.written or answer.region):
        return Saved(strings.NOTHING_TO_SAVE)
    question = answer.question
    try:
        drawn, task = read_value(question.canvas), tasks.task(question.task)
        found = None
        if answer.region and "text" not in task.returns:  # else its text is the answer
            found = region_marks(answer.region, drawn.page.size)
        probabilities = [token.probability for token in answer.written]
        given = Annotation(
            question.task + (question.text if "text" in task.needs else ""),
            (answer.text if correction is None else correction,),
            drawn.on_file(drawn.marks),
            found and drawn.on_file(found),
            upright=drawn.upright,
            model_answer=answer.text,
            confidence=round(fmean(probabilities), 4) if probabilities else None,
            checkpoint=checkpoint,
            by=by,
            at=now(),
            state="new" if correction in (None, answer.text) else "corrected",
        )
        change = store.save(drawn.file, drawn.number, given)
    except _REFUSED as error:
        return Saved(strings.NOT_SAVED.format(reason=error))
    told = strings.KEPT if change.kept else strings.SAVED
    if change.replaced is not None:
        told = strings.SAVED_INSTEAD
    before = (change.replaced or "")[:LONGEST_TOLD]
    # Of an answer that was kept there is nothing that a person would take back.
    undoable = 0 if change.kept else change.number
    return Saved(told.format(store=store.name, before=before), undoable)


def undo_change(store: Store, number: object) -> Saved:
    """Take a change back, if that can still be done."""
    try:
        done = isinstance(number, int) and store.undo(number)
    except _REFUSED as error:
        return Saved(strings.NOT_SAVED.format(reason=error))
    return Saved(strings.UNDONE if done else strings.NOT_UNDONE)


def person(request: gr.Request) -> str:
    """Who asks, if people have to give their names."""
    return getattr(request, "username", None) or SOMEBODY


def now() -> str:
    """The time, as it is written into a data set."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
