"""Answers as files: as the competitions want them, and of any other set as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dessurt.data.example import Example
from dessurt.evaluate.forms.fields import receipt_facts
from dessurt.evaluate.pages import Answer, SetError
from dessurt.evaluate.table import Question


class Answers:
    """Writes the answers, also when the run is stopped before its end.

    Of SROIE `path` becomes a folder with `NAME.txt` for each receipt, which holds its facts as
    JSON; of DocVQA a JSON file `[{"questionId", "answer"}, ...]`; both as https://rrc.cvc.uab.es
    takes them. Of any other set it becomes a JSON file with source, task, question, the answer, the
    right ones and, where there are several ways, how people marked what was asked about.
    """

    def __init__(self, path: Path, name: str) -> None:
        """`name`: of the data set.

        Raises:
            SetError: nothing can be written there.
        """
        self.path, self.name = path, name
        self.listed: list[dict[str, Any]] = []
        try:
            if name == "sroie":
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.write_text("[]\n", encoding="utf-8")
        except OSError as error:
            raise SetError(f"cannot write {path} ({error}): name another place.") from error

    def add(self, question: Question, answer: Answer) -> None:
        """Keep an answer; a receipt's is written at once."""
        example = question.example
        if self.name == "sroie":
            facts = json.dumps(receipt_facts(answer.text), ensure_ascii=False, indent=1)
            (self.path / f"{receipt(example)}.txt").write_text(facts + "\n", encoding="utf-8")
        elif self.name == "docvqa":
            self.listed.append({"questionId": question_id(example), "answer": answer.text})
        else:
            self.listed.append({
                "source": example.source, "task": example.request.task,
                "question": example.request.text, "answer": answer.text,
                "right": list(example.answers),
                **({"marked": marked} if (marked := question.measure.marked) else {}),
            })  # fmt: skip

    def close(self) -> None:
        """Write what was kept."""
        if self.name != "sroie":
            text = json.dumps(self.listed, ensure_ascii=False, indent=1)
            self.path.write_text(text + "\n", encoding="utf-8")


def question_id(example: Example) -> int | str:
    """Under which an answer to DocVQA is handed in."""
    number = example.source.rpartition("questionId ")[2]
    return int(number) if number.isdecimal() else number


def receipt(example: Example) -> str:
    """The name under which the facts of a receipt are handed in."""
    return Path(example.source).name
