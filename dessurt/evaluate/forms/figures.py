"""What FUNSD and NAF are measured by: entity F, relation F and GAnTED of `json>`.

With `as_original` the figures are the original's: see `entities` and `ganted` for what it does
differently.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from pathlib import Path

from dessurt.data.example import Example
from dessurt.data.sets.funsd import entities_with_text, original_lines
from dessurt.evaluate.forms import alignment
from dessurt.evaluate.forms.alignment import CLOSE, Likeness
from dessurt.evaluate.forms.entities import (
    SEEN,
    Piece,
    Pieces,
    Rules,
    of_answer,
    of_entities,
    of_truth,
)
from dessurt.evaluate.forms.fields import Counts
from dessurt.evaluate.forms.ganted import ganted, shuffled
from dessurt.evaluate.pages import Answer, KnownPage
from dessurt.page.plane import union
from dessurt.tasks import NEW_LINE
from dessurt.truth import Annotated
from dessurt.truth.form_reading import parsed


@dataclass(frozen=True)
class Scoring:
    """How a form that was read is compared with the true one; the defaults are the paper's.

    Attributes:
        entity: an entity is right whose text differs by less (in NAF only with `first_lines`).
        link: entities may be aligned whose texts differ by less.
        first_lines: align by first lines only, as for models that label the first words.
        close: texts that differ by as much or more differ wholly in GAnTED.
        twice: align the trees of GAnTED a second time.
        shuffled: a seed, to measure GAnTED of what was read in another order.
    """

    entity: float = CLOSE
    link: float = CLOSE
    first_lines: bool = False
    close: float = 1.0
    twice: bool = False
    shuffled: int | None = None

    def likeness(self, rules: Rules) -> Likeness:
        """How entities are aligned and compared."""
        same = self.entity if self.first_lines or not rules.naf else math.inf
        return Likeness(self.link, same, self.first_lines, rules.as_original)


def entities(
    known: KnownPage, example: Example, answer: Answer, rules: Rules, scoring: Scoring
) -> tuple[float, float]:
    """F of the entities, of the counts of all forms."""
    return _f(_scores(known, answer, rules, scoring)[0])


def relations(
    known: KnownPage, example: Example, answer: Answer, rules: Rules, scoring: Scoring
) -> tuple[float, float]:
    """F of the links between entities, of the counts of all forms."""
    return _f(_scores(known, answer, rules, scoring)[1])


def tree_distance(
    known: KnownPage, example: Example, answer: Answer, rules: Rules, scoring: Scoring
) -> tuple[float, float]:
    """GAnTED, to be averaged over forms."""
    content: object = parsed(answer.text)
    true = parsed(example.answers[0])
    if scoring.shuffled is not None:
        content = shuffled(content, random.Random(f"{scoring.shuffled} {Path(known.name).name}"))
    return ganted(content, true, rules.as_original, scoring.close, scoring.twice), 1.0


def _scores(
    known: KnownPage, answer: Answer, rules: Rules, scoring: Scoring
) -> tuple[Counts, Counts]:
    read = of_answer(parsed(answer.text), rules)
    return alignment.scores(read, _true(known, rules), scoring.likeness(rules))


def _true(known: KnownPage, rules: Rules) -> Pieces:
    """What is annotated: in FUNSD that is more than the truth, whose links are made sound."""
    truth = known.truth
    assert truth is not None  # or there is no question
    if truth.annotated is None:
        return of_truth(truth, rules)
    if rules.as_original:
        return _as_original(truth.annotated, truth.size)
    entities, links = entities_with_text(truth.annotated, truth.size, Path(known.name))
    return of_entities(entities, links, truth.size, rules)


def _as_original(annotated: Annotated, size: tuple[int, int]) -> Pieces:
    """The truth of the original: with entities without text, each in the middle of its first line.

    Places are those on the white page that is shown (see `set_table.on_white`).
    """
    height, width = size
    is_smaller = height < SEEN[0] or width < SEEN[1]
    left, top = ((SEEN[1] - width) // 2, (SEEN[0] - height) // 2) if is_smaller else (0, 0)
    pieces = []
    for block in annotated.blocks:
        lines = original_lines(block)
        x0, y0, x1, y1 = union(box for _, box in lines[0]) if lines else (0.0, 0.0, 0.0, 0.0)
        text = NEW_LINE.join(" ".join(word for word, _ in line) for line in lines)
        pieces.append(Piece(text, block.kind, ((x0 + x1) / 2 + left, (y0 + y1) / 2 + top)))
    return Pieces(tuple(pieces), frozenset((min(link), max(link)) for link in annotated.links))


def _f(counts: Counts) -> tuple[float, float]:
    return 2.0 * counts.right, float(counts.predicted + counts.true)
