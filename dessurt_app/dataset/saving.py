"""Saving: the last answer of a session goes to the store with its page, and back by Undo."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import cv2
import gradio as gr

from dessurt import tasks
from dessurt.data.annotations import Annotation
from dessurt.data.annotations.store import Change, Store
from dessurt.data.records import DataError
from dessurt.protocol import Text, confidence
from dessurt_app import strings
from dessurt_app.ask.answer_view import Answer, Question
from dessurt_app.ask.ask_tab import AskTab
from dessurt_app.ask.asking import Asking
from dessurt_app.canvas.canvas_value import REFUSED, read_value
from dessurt_app.canvas.files import served_file
from dessurt_app.canvas.region_picture import region_marks
from dessurt_app.gradio_fixes import QUICK
from dessurt_app.static_files import announce, handler
from dessurt_app.train.training import Training

LONGEST_QUOTE = 60  # characters of the answer that was there before
ANONYMOUS = "user"  # where nobody has to give a name
# What a store or the page that it is to save may raise: the message is for people.
NOT_STORED = (*REFUSED, DataError, OSError)


@dataclass(frozen=True)
class Saved:
    """What came of saving, or of undoing it."""

    message: str
    change: int = 0  # the number by which it can be undone; 0: it cannot


def wire_saving(
    store: Store, asking: Asking, ask: AskTab, training: Training | None = None
) -> None:
    """Give the answer's Save and Undo something to do, inside the app that is being built.

    The screen sends what it shows, of whichever page, with the question; programs save the last
    answer of their session.

    Args:
        store: Where answers go.
        asking: Knows the last answer of each session.
        ask: The tab with the buttons.
        training: Learns from the answers; the message counts the corrections it has not seen.
    """
    answers = gr.JSON(visible=False)  # these are filled in by the script
    change = gr.Number(0, visible=False, precision=0)
    saved, undone = gr.JSON(visible=False), gr.JSON(visible=False)

    def keep(answer: Answer | None, correction: str | None, request: gr.Request) -> dict[str, Any]:
        question = answer.question if answer else None
        loading = asking.weights.of(question.checkpoint if question else None)
        saved = save_answer(store, answer, correction, loading.name, person(request))
        unseen = training.unseen() if training and saved.change else 0
        if unseen:
            count = strings.TRAIN_UNSEEN.format(n=unseen)
            saved = replace(saved, message=f"{saved.message} · {count}")
        return asdict(saved)

    def keep_shown(answers: Any, request: gr.Request) -> list[dict[str, Any]]:
        came = []
        for sent in answers if isinstance(answers, list) else ():
            try:
                outcome = keep(*shown_answer(sent), request)
            except NOT_STORED as error:
                outcome = asdict(Saved(strings.NOT_SAVED.format(reason=error)))
            number = sent.get("number") if isinstance(sent, dict) else None
            came.append(outcome | {"number": number})
        return came

    def save(
        request: gr.Request, correction: str | None = None, serial: int = 0
    ) -> dict[str, Any]:
        """Keep the last answer of this session with its page and marks.

        Args:
            request: Whose session it is.
            correction: The right answer, if the model's is wrong; null keeps the model's.
            serial: The number of the answer to save, which is not saved if there is a later one; 0
                saves the last answer.

        Returns:
            A message, and the number of the change.
        """
        answer = asking.last(request)
        if serial and answer and answer.serial != serial:
            return asdict(Saved(strings.NOT_THE_LAST))
        return keep(answer, correction, request)

    def undo(change: int) -> dict[str, Any]:
        return asdict(undo_change(store, change))

    gr.api(save, api_name="save", queue=False)
    waiting = handler("ask/answer_saving.js", "answersToSave")
    latest = handler("ask/answer_saving.js", "changeToUndo")
    # What is corrected while some answers are saved goes along with the next ones.
    options = QUICK | {"trigger_mode": "always_last"}
    for event, outcome, name in (
        (ask.answer.save(keep_shown, answers, saved, js=waiting, **options), saved, "saved"),
        (ask.answer.undo(undo, change, undone, js=latest, **QUICK), undone, "undone"),
    ):
        quiet = dict(show_progress="hidden", api_visibility="private")
        event.success(None, outcome, js=announce(name), **quiet)
        event.failure(None, js=announce("unsaved", "undefined"), **quiet)


def shown_answer(sent: object) -> tuple[Answer, str | None]:
    """An answer as the screen has it, with the right one; one piece stands for all its tokens.

    Args:
        sent: From outside: `canvas`, `task`, `text` and `checkpoint` of the question, the `answer`
            that was read, how sure of it the model was (`confidence`), the file of a `region`, and
            a `correction`, all of which but the first three and the answer may be null.

    Raises:
        DataError: it is not of that form.
        CanvasError: the picture of its region is gone.
    """
    kinds: dict[str, Any] = {"canvas": dict, "task": str, "text": str, "answer": str}
    kinds |= {"confidence": float | int | None, "correction": str | None}
    if not isinstance(sent, dict) or not all(
        isinstance(sent.get(key), kind) for key, kind in kinds.items()
    ):
        raise DataError(strings.BAD_CALL)
    question = Question(
        sent["canvas"], sent["task"], sent["text"], False, None, sent.get("checkpoint")
    )
    region = str(served_file(sent["region"])) if sent.get("region") else None
    sure = sent.get("confidence")
    if not is_task(question.task) or (region and not cv2.haveImageReader(region)):
        raise DataError(strings.BAD_CALL)
    written = (Text(sent["answer"], 0, sure),) if sure is not None else ()
    return Answer("done", written, region=region, question=question), sent.get("correction")


def is_task(token: str) -> bool:
    """Whether there is such a task."""
    try:
        tasks.task(token)
    except tasks.TaskError:
        return False
    return True


def save_answer(
    store: Store, answer: Answer | None, correction: str | None, checkpoint: str, by: str
) -> Saved:
    """Put an answer into the store, as it is or corrected.

    Args:
        store: Where the answer goes.
        answer: The answer as it was shown, with its question.
        correction: What a person made of it, if anything; the same text is accepted.
        checkpoint: The name of the model that answered.
        by: The name of the person.
    """
    if answer is None or answer.question is None or not (answer.written or answer.region):
        return Saved(strings.NOTHING_TO_SAVE)
    try:
        change = _store_answer(store, answer, answer.question, correction, checkpoint, by)
    except NOT_STORED as error:
        return Saved(strings.NOT_SAVED.format(reason=error))
    # There is nothing to undo if a person's earlier answer was kept.
    return Saved(_message(store, change), 0 if change.kept else change.number)


def _store_answer(
    store: Store,
    answer: Answer,
    question: Question,
    correction: str | None,
    checkpoint: str,
    by: str,
) -> Change:
    drawn, task = read_value(question.canvas), tasks.task(question.task)
    region = None
    if answer.region and "text" not in task.returns:  # else its text is the answer
        region = region_marks(answer.region, drawn.page.size)
    state = "accepted" if correction == answer.text else "corrected"
    annotation = Annotation(
        question.task + (question.text if "text" in task.needs else ""),
        (answer.text if correction is None else correction,),
        drawn.on_file(drawn.marks),
        region and drawn.on_file(region),
        upright=drawn.ref.upright,
        model_answer=answer.text,
        confidence=round(confidence(answer.written), 4) if answer.written else None,
        checkpoint=checkpoint,
        by=by,
        at=now(),
        state="new" if correction is None else state,
    )
    return store.save(drawn.ref.file, drawn.ref.number, annotation)


def _message(store: Store, change: Change) -> str:
    if change.replaced is not None:
        before = change.replaced[:LONGEST_QUOTE]
        return strings.SAVED_INSTEAD.format(store=store.name, before=before)
    return (strings.KEPT if change.kept else strings.SAVED).format(store=store.name)


def undo_change(store: Store, number: object) -> Saved:
    """Undo a change, if that is still possible."""
    try:
        done = isinstance(number, int) and store.undo(number)
    except NOT_STORED as error:
        return Saved(strings.NOT_SAVED.format(reason=error))
    return Saved(strings.UNDONE if done else strings.NOT_UNDONE)


def person(request: gr.Request) -> str:
    """The name of the person who asks, if people have to log in."""
    return getattr(request, "username", None) or ANONYMOUS


def now() -> str:
    """The time in UTC, as data sets have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
