"""Scores of a form read as JSON: F of its entities and F of its fields; receipts (SROIE, task 3).

Both the answer and the truth are taken apart by the same rules. An *entity* is a text with its
kind; headers and cells of a table are entities of the kinds "row header", "column header" and
"cell". A *field* is a label and its value: a question and one of its answers, or a row or column
header of a table and one of its cells.

An entity is found if its kind is right and its text differs little: the edit distance, without
regard to case, over the length of the longer text is at most 0.2. A field is found if that holds
for both its texts. Each counts once: the closest pairs are matched first. Precision, recall and F
come from the counts; counts of several documents are added up (micro average).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from dessurt import Request
from dessurt.data.example import Example
from dessurt.evaluate.page_tasks import MOST_TOKENS
from dessurt.evaluate.pages import Answer, KnownPage
from dessurt.tasks import END_SIGN
from dessurt.truth import Truth
from dessurt.truth.form_reading import entities_of, parsed
from dessurt.truth.form_text import to_json

CLOSE = 0.2  # normalised edit distance of texts taken for the same

Texts = tuple[str, str]  # of an entity: its kind and text; of a field: label and value


@dataclass(frozen=True)
class Counts:
    """How many of the predicted things are right, how many there are, how many there should be."""

    right: int = 0
    predicted: int = 0
    true: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.right + other.right, self.predicted + other.predicted, self.true + other.true
        )

    @property
    def precision(self) -> float:
        """Right of predicted; 1 where nothing is predicted."""
        return self.right / self.predicted if self.predicted else 1.0

    @property
    def recall(self) -> float:
        """Right of true; 1 where there is nothing to find."""
        return self.right / self.true if self.true else 1.0

    @property
    def f(self) -> float:
        """Harmonic mean of precision and recall; 1 where there is nothing and nothing is found."""
        both = self.predicted + self.true
        return 2 * self.right / both if both else 1.0


@dataclass(frozen=True)
class FormScore:
    """Counts of entities and of fields; scores of several documents can be added."""

    entities: Counts = Counts()
    fields: Counts = Counts()

    def __add__(self, other: FormScore) -> FormScore:
        return FormScore(self.entities + other.entities, self.fields + other.fields)


def score(predicted: str, truth: Truth) -> FormScore:
    """Score the answer to `json>`, cut off or damaged as it may be."""
    entities, fields = _parts(parsed(predicted))
    true_entities, true_fields = _parts(parsed(to_json(truth)))
    kinds = {kind for kind, _ in true_entities}
    found = (
        matches([e for e in entities if e[0] == kind], [e for e in true_entities if e[0] == kind])
        for kind in kinds
    )
    return FormScore(
        Counts(sum(found), len(entities), len(true_entities)),
        Counts(matches(fields, true_fields), len(fields), len(true_fields)),
    )


def matches(predicted: Sequence[Texts], true: Sequence[Texts]) -> int:
    """How many of two lists are the same, the closest taken first."""
    pairs = []
    for i, ours in enumerate(predicted):
        for k, theirs in enumerate(true):
            apart = [_distance(a, b) for a, b in zip(ours, theirs, strict=True)]
            if max(apart) <= CLOSE:
                pairs.append((sum(apart), i, k))
    left, right = set(), set()
    for _, i, k in sorted(pairs):
        if i not in left and k not in right:
            left.add(i)
            right.add(k)
    return len(left)


def _distance(a: str, b: str) -> float:
    return Levenshtein.normalized_distance(a.lower(), b.lower(), score_cutoff=CLOSE)


def _parts(content: object) -> tuple[list[Texts], list[Texts]]:
    """The entities and the fields of a form."""
    entities: list[Texts] = []
    fields: list[Texts] = []
    for kind, text, labels in entities_of(content):
        entities.append((kind, text))
        fields += [(label, text) for label in labels]
    return entities, fields


def questions(known: KnownPage, rng: random.Random) -> Iterator[Example]:
    """`json>`: of a page with fields or a table, if its truth is known."""
    truth = known.truth
    if truth and (truth.links or truth.tables):
        request = Request("json>", max_tokens=MOST_TOKENS)
        yield Example(known.page, request, (to_json(truth) + END_SIGN,), source=known.name)


def field_f(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """Twice the right fields, and the predicted and the true ones: F of the counts of all forms."""
    assert known.truth is not None  # or there is no question
    counts = score(answer.text, known.truth).fields
    return 2.0 * counts.right, float(counts.predicted + counts.true)


def receipt_f(known: KnownPage, example: Example, answer: Answer) -> tuple[float, float]:
    """F of the pairs of key and text, of the counts of all receipts, as the competition counts."""
    given, true = receipt_facts(answer.text), receipt_facts(example.answers[0])
    return 2.0 * len(given.items() & true.items()), float(len(given) + len(true))


def receipt_facts(text: str) -> dict[str, str]:
    """The keys and texts of an answer to `sroie>`, mended where it is damaged."""
    objects = [part for part in parsed(text) if isinstance(part, dict)]
    pairs = objects[0] if objects else {}
    return {
        key: _unescaped(value) for key, value in pairs.items() if isinstance(value, str) and value
    }


def _unescaped(text: str) -> str:
    r"""A text with letters in place of escapes like `\u00e9`, as which they are learnt."""
    letters = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    # Two escapes may be one letter; half of one is none.
    return letters.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
