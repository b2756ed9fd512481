"""What can be asked: the list of tasks for people and for programs, and what each task needs."""

from __future__ import annotations

from typing import Any

import gradio as gr

from dessurt.protocol import Card
from dessurt.tasks import Task
from dessurt_app import strings
from dessurt_app.models import Weights

QUESTION = "natural_q~"  # the task that answers questions in words


def task_choices(card: Card) -> list[tuple[str, str]]:
    """Labels and tokens of a checkpoint's tasks by groups, those that it has not learned last.

    The style sheet dims labels that end as `strings.NOT_LEARNED` does.
    """
    choices = []
    offered = [task for task in card.table if not task.hidden]
    groups = [*strings.GROUPS, *(task.group for task in offered)]  # some kinds have their own
    for task in sorted(offered, key=lambda task: groups.index(task.group)):
        choice = strings.TASK_CHOICE.format(group=task.group, name=task.name, token=task.token)
        if card.lacks(task.token):
            choice = strings.NOT_LEARNED.format(choice=choice)
        choices.append((choice, task.token))
    return sorted(choices, key=lambda choice: card.lacks(choice[1]))


def needs_line(task: Task, met: dict[str, bool]) -> str:
    """The line that says what a task needs, as HTML; `met` says which needs are met."""
    needs = [need for need in strings.MISSING if need in task.needs]
    if not needs:
        return f"<p>{strings.NEEDS_NOTHING}</p>"
    signs = {True: strings.NEED_GIVEN, False: strings.NEED_MISSING}
    items = (f"<span>{signs[met.get(need, False)]} {need}</span>" for need in needs)
    return f"<p>{' '.join((strings.NEEDS, *items))}</p>"


def hint_of(task: Task, card: Card) -> str:
    """That a task was not learned; else, where nothing can be typed, a way to ask in words."""
    if card.lacks(task.token):
        return f"<em>{strings.TASK_NOT_LEARNED}</em>"
    if "text" in task.needs or card.lacks(QUESTION):
        return ""
    return f'<button type="button">{strings.ASK_IN_WORDS}</button>'


def build_api(weights: Weights) -> None:
    """Add the endpoint /tasks to the app that is being built."""

    def list_tasks(checkpoint: str = "") -> list[dict[str, Any]]:
        """List the tasks that can be asked, with what each needs and gives back.

        Args:
            checkpoint: the name of a checkpoint, or nothing for the usual one.

        Returns:
            For every task its token, name, group, what it needs ("text", "highlight", "mask"),
            what it returns, an example of text and answer, and whether the checkpoint has learned
            it (null: not known).
        """
        card = weights.of(checkpoint).card
        return [
            {
                "task": task.token,
                "name": task.name,
                "group": task.group,
                "needs": sorted(task.needs),
                "returns": " and ".join(sorted(task.returns, reverse=True)),
                "example": list(task.example),
                "learned": not card.lacks(task.token) if card.tasks else None,
            }
            for task in card.table
            if not task.hidden
        ]

    gr.api(list_tasks, api_name="tasks", queue=False)
