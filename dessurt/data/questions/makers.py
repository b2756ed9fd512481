"""The functions that make questions of each task from what is known of a page."""

from __future__ import annotations

from dessurt.data.questions.entities import ENTITY_TASKS
from dessurt.data.questions.forms import FORM_TASKS
from dessurt.data.questions.guessing import GUESSING_TASKS
from dessurt.data.questions.passage import Task
from dessurt.data.questions.reading import READING_TASKS

PARAGRAPH_TASKS: dict[str, Task] = {**READING_TASKS, **GUESSING_TASKS}

# token: the function that makes questions of a page
TASKS: dict[str, Task] = {**PARAGRAPH_TASKS, **FORM_TASKS, **ENTITY_TASKS}
