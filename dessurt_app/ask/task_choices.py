"""The list of tasks, in which those that a checkpoint has not learned come last and are dimmed."""

from __future__ import annotations

from dessurt import tasks
from dessurt_app import strings


def task_choices(learned: tuple[str, ...]) -> list[tuple[str, str]]:
    """Labels and tokens of all tasks by groups, before all others those in `learned`.

    An empty `learned` means that nothing is known about it. The style sheet dims labels that end
    as `strings.NOT_LEARNED` does.
    """
    offered = [task for task in tasks.TASKS if not task.hidden]
    offered.sort(key=lambda task: (task.token not in learned, strings.GROUPS.index(task.group)))
    choices = []
    for task in offered:
        choice = strings.TASK_CHOICE.format(group=task.group, name=task.name, token=task.token)
        if learned and task.token not in learned:
            choice = strings.NOT_LEARNED.format(choice=choice)
        choices.append((choice, task.token))
    return choices
