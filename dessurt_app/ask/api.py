"""What programs can call besides /answer and /preview, which the screen calls too."""

from __future__ import annotations

from typing import Any

import gradio as gr

from dessurt import tasks
from dessurt_app.models import Weights


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
        learned = weights.of(checkpoint).card.tasks
        return [
            {
                "task": task.token,
                "name": task.name,
                "group": task.group,
                "needs": sorted(task.needs),
                "returns": " and ".join(sorted(task.returns, reverse=True)),
                "example": list(task.example),
                "learned": task.token in learned if learned else None,
            }
            for task in tasks.TASKS
            if not task.hidden
        ]

    gr.api(list_tasks, api_name="tasks", queue=False)
