"""IAM with named entities: the class of every word of handwriting (Tueselmann et al. 2021)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from dessurt.data.example import Example
from dessurt.data.questions.passage import Ask, whole_line
from dessurt.data.records import DataError, Record
from dessurt.data.sets.files import damaged, read_lines
from dessurt.data.sets.iam import LONGEST
from dessurt.data.sets.iam_forms import (
    WrittenLine,
    entities_file,
    form_of,
    form_path,
    open_block,
    read_form,
)
from dessurt.truth import Line, Printed

TASKS = ("ner_full>", "ner_line>", "ner_full_c1>", "ner_line_c1>")
# What is asked of each split unless told otherwise, as in the original.
ASKED = {"train": TASKS, "valid": ("ner_full>",), "test": ("ner_line>",)}
LEFT_OUT = 0.5  # of the lines without an entity, for training
UNCHANGED = (",", ".", ";", "?", "!", '"', ":", "(", ")")  # are never mistaken
_NOTHING = "O"  # the class of a word that nobody gave one


class IamNer:
    """The words of a page (`ner_full>`) or of each of its lines (`ner_line>`) with their classes.

    The folder is that of `Iam`, without its lists but with the annotations of
    https://patrec.cs.tu-dortmund.de/cms/en/home/Resources/ (Named Entity Recognition, IAM):

        ne_annotations/iam/rwth/iam_train_rwth_6_all.txt        WORD_ID CLASS, one word a line
        ne_annotations/iam/custom/iam_valid_custom_18_all.txt   and so on

    An answer is `word[CLASS] word[CLASS] ...`, in the tasks with `_c1` `{CLASS}word {CLASS}word
    ...`. Words are IAM's: a full stop is one of its own. Every record is a page, asked by one task.

    For training, half of the lines without an entity are left out, as in the original, so that
    entities are seen more often; and with `noise`, while a word's class is learnt the words written
    before it may be mistaken, as at use (see `Example.miswritten`).
    """

    def __init__(
        self,
        folder: Path,
        split: str = "train",
        *,
        tasks: Sequence[str] | str = (),
        classes: int = 6,
        split_by: str = "rwth",
        short: bool = True,
        noise: float = 0.0,
    ) -> None:
        """What is asked.

        Args:
            folder: see above.
            split: "train", "valid" or "test".
            tasks: some of `TASKS` (or one text, with blanks between), each asked of about as many
                pages as the others; none: all for training, `ner_full>` of the split "valid" and
                `ner_line>` of "test".
            classes: 6 or 18.
            split_by: "rwth" or "custom".
            short: leave out the "NE:" before a class.
            noise: how often a word is mistaken for training, from 0 to 1. It becomes another word
                of the split's pages, one of those nearest to it in spelling.

        Raises:
            DataError: there is no such task or file.
        """
        given = tasks.split() if isinstance(tasks, str) else tasks
        self.tasks = tuple(given) or ASKED.get(split, TASKS)
        for task in self.tasks:
            if task not in TASKS:
                raise DataError(f"there is no task {task!r} of named entities: {', '.join(TASKS)}.")
        self.file = entities_file(folder, split, split_by, classes)
        self.folder, self.train, self.short, self.noise = folder, split == "train", short, noise
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
        classes, errors = self._classes(name)
        page, truth, lines, path = open_block(self.folder, name)
        token = rng.choice(self.tasks)
        ask = Ask(token, page, truth, rng, most_text=0, most_answer=LONGEST)
        groups, shown = [lines], [truth.lines]
        if "line" in token:
            both = [
                (line, on_page)
                for line, on_page in zip(lines, truth.lines, strict=True)
                if not self.train or _has_entity(line, classes) or rng.random() >= LEFT_OUT
            ]
            groups, shown = [(line,) for line, _ in both], [(on_page,) for _, on_page in both]
        examples = [
            self._example(ask, group, on_page, classes)
            for group, on_page in zip(groups, shown, strict=True)
        ]
        found = tuple(replace(each, source=str(path)) for each in examples if each)
        return Record(page, found, truth, str(path), errors)

    def _classes(self, name: str) -> tuple[dict[str, str], tuple[DataError, ...]]:
        """The class of each word of a form, and what is wrong with lines that tell none."""
        classes: dict[str, str] = {}
        errors = []
        for number, line in self.forms[name]:
            try:
                with damaged(self.file, number):
                    word, kind = line.split()
                    classes[word] = kind.removeprefix("NE:") if self.short else kind
            except DataError as error:
                errors.append(error)
        if errors and not classes:
            raise errors[0]
        return classes, tuple(errors)

    def _example(
        self,
        ask: Ask,
        lines: Sequence[WrittenLine],
        on_page: Sequence[Line],
        classes: dict[str, str],
    ) -> Example | None:
        words = [
            (word.text, classes.get(word.name, _NOTHING)) for line in lines for word in line.words
        ]
        marks = ask.highlight_block([whole_line(line) for line in on_page])
        example = ask.example(Printed.sign(_answer(ask.token, words)), marks=marks)
        if example is None:
            return None
        miswritten = None
        if self.train and self.noise:
            wrong = [(self._mistaken(text, ask.rng), kind) for text, kind in words]
            miswritten = _answer(ask.token, wrong)
        # Where each character of the answer stands is not told, nor where to look for it.
        return replace(
            example, region=None, printed_answer=None, printed_text=None, miswritten=miswritten
        )

    def _mistaken(self, word: str, rng: random.Random) -> str:
        """A word, or now and then one that is spelled nearly so, in letters of the same case."""
        if word in UNCHANGED or rng.random() >= self.noise or not self._vocabulary:
            return word
        far = cdist([word.lower()], self._vocabulary, scorer=Levenshtein.distance)[0]
        others = np.flatnonzero(far)  # not the word itself
        if not len(others):
            return word
        nearest = others[far[others] == far[others].min()]
        other = self._vocabulary[rng.choice(nearest.tolist())]
        if word.isupper() and len(word) > 1:
            return other.upper()
        return other if word.islower() else other[0].upper() + other[1:]

    @cached_property
    def _vocabulary(self) -> list[str]:
        """The words of all the split's pages, in small letters."""
        words: set[str] = set()
        for name in self.names:
            with suppress(DataError):  # it is reported where its page is asked for
                lines = read_form(form_path(self.folder, name))
                words |= {word.text.lower() for line in lines for word in line.words}
        return sorted(word for word in words if word.isalpha())


def _has_entity(line: WrittenLine, classes: dict[str, str]) -> bool:
    kinds = {classes.get(word.name, _NOTHING).removeprefix("NE:") for word in line.words}
    return kinds != {_NOTHING}


def _answer(token: str, words: Sequence[tuple[str, str]]) -> str:
    """Words with their classes as the task has them written."""
    if token.endswith("_c1>"):
        return " ".join(f"{{{kind}}}{text}" for text, kind in words)
    return " ".join(f"{text}[{kind}]" for text, kind in words)
