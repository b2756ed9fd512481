"""IAM with named entities: the class of every word of handwriting (Tueselmann et al. 2021)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dessurt.data.example import Example
from dessurt.data.passage import Ask, whole
from dessurt.data.printed import Printed
from dessurt.data.records import DataError, Record
from dessurt.data.sets.files import damaged, read_lines, there
from dessurt.data.sets.iam import LONGEST
from dessurt.data.sets.iam_forms import WrittenLine, form_of, open_block
from dessurt.data.truth import Line

TASKS = ("ner_full>", "ner_line>", "ner_full_c1>", "ner_line_c1>")
_LAYOUT = "ne_annotations/iam/SPLIT_BY/iam_SPLIT_SPLIT_BY_CLASSES_all.txt"
_NOTHING = "O"  # the class of a word that nobody gave one


class IamNer:
    """The words of a page (`ner_full>`) or of each of its lines (`ner_line>`) with their classes.

    The folder is that of `Iam`, without its lists but with the annotations of
    https://patrec.cs.tu-dortmund.de/cms/en/home/Resources/ (Named Entity Recognition, IAM):

        ne_annotations/iam/rwth/iam_train_rwth_6_all.txt        WORD_ID CLASS, one word a line
        ne_annotations/iam/custom/iam_valid_custom_18_all.txt   and so on

    An answer is `word[CLASS] word[CLASS] ...`, in the tasks with `_c1` `{CLASS}word {CLASS}word
    ...`. Words are IAM's: a full stop is one of its own. Every record is a page.
    """

    def __init__(
        self,
        folder: Path,
        split: str = "train",
        *,
        task: str = "ner_full>",
        classes: int = 6,
        split_by: str = "rwth",
        short: bool = True,
    ) -> None:
        """What is asked.

        Args:
            folder: see above.
            split: "train", "valid" or "test".
            task: one of `TASKS`.
            classes: 6 or 18.
            split_by: "rwth" or "custom".
            short: leave out the "NE:" before a class.

        Raises:
            DataError: there is no such task or file.
        """
        if task not in TASKS:
            raise DataError(f"there is no task {task!r} of named entities: {', '.join(TASKS)}.")
        name = f"iam_{split}_{split_by}_{classes}_all.txt"
        self.file = there(folder / "ne_annotations" / "iam" / split_by / name, _LAYOUT)
        self.folder, self.task, self.short = folder, task, short
        self.forms: dict[str, list[tuple[int, str]]] = {}  # of each its lines of the file
        for number, line in enumerate(read_lines(self.file), 1):
            if line.strip():
                self.forms.setdefault(form_of(line.split()[0]), []).append((number, line))
        if not self.forms:
            raise DataError("it names no word.", self.file)
        self.names = list(self.forms)

    def __len__(self) -> int:
        return len(self.names)

    def record(self, index: int, rng: random.Random) -> Record:
        """A page, and one example or one for each line.

        Raises:
            DataError: its image, XML or annotation is damaged.
        """
        name = self.names[index]
        classes = self._classes(name)
        page, truth, lines, path = open_block(self.folder, name)
        ask = Ask(self.task, page, truth, rng, most_text=0, most_answer=LONGEST)
        groups = [lines] if "full" in self.task else [(line,) for line in lines]
        shown = [truth.lines] if "full" in self.task else [(line,) for line in truth.lines]
        examples = [
            self._example(ask, group, on_page, classes)
            for group, on_page in zip(groups, shown, strict=True)
        ]
        found = tuple(replace(each, source=str(path)) for each in examples if each)
        return Record(page, found, truth, str(path))

    def _classes(self, name: str) -> dict[str, str]:
        """The class of each word of a form."""
        classes = {}
        for number, line in self.forms[name]:
            with damaged(self.file, number):
                word, kind = line.split()
                classes[word] = kind.removeprefix("NE:") if self.short else kind
        return classes

    def _example(
        self,
        ask: Ask,
        lines: Sequence[WrittenLine],
        on_page: Sequence[Line],
        classes: dict[str, str],
    ) -> Example | None:
        parts = []
        for word in (word for line in lines for word in line.words):
            kind = classes.get(word.name, _NOTHING)
            first = self.task.endswith("_c1>")
            parts.append(f"{{{kind}}}{word.text}" if first else f"{word.text}[{kind}]")
        marks = ask.highlight_block([whole(line) for line in on_page])
        example = ask.example(Printed.sign(" ".join(parts)), marks=marks)
        # Where each character of the answer stands is not told, nor where to look for it.
        return example and replace(example, region=None, printed_answer=None, printed_text=None)
