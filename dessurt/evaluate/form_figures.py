"""What FUNSD and NAF are measured by: entity F, relation F and GAnTED of `json>`.

With `as_original` the figures are the original's: see `form_entities` and `ganted` for what it does
differently.
"""

from __future__ import annotations

from pathlib import Path

from dessurt.data.example import Example
from dessurt.data.sets.funsd import read_annotation
from dessurt.evaluate import entity_alignment
from dessurt.evaluate.form_entities import Pieces, Rules, of_answer, of_entities, of_truth
from dessurt.evaluate.forms import Counts
from dessurt.evaluate.ganted import ganted
from dessurt.evaluate.json_text import parsed
from dessurt.evaluate.known import Answer, KnownPage


def entities(
    known: KnownPage, example: Example, answer: Answer, rules: Rules
) -> tuple[float, float]:
    """F of the entities, of the counts of all forms."""
    return _f(_scores(known, answer, rules)[0])


def relations(
    known: KnownPage, example: Example, answer: Answer, rules: Rules
) -> tuple[float, float]:
    """F of the links between entities, of the counts of all forms."""
    return _f(_scores(known, answer, rules)[1])


def tree_distance(
    known: KnownPage, example: Example, answer: Answer, rules: Rules
) -> tuple[float, float]:
    """GAnTED, to be averaged over forms."""
    content, true = parsed(answer.text), parsed(example.answers[0])
    return ganted(content, true, rules.as_original), 1.0


def _scores(known: KnownPage, answer: Answer, rules: Rules) -> tuple[Counts, Counts]:
    likeness = entity_alignment.NAF if rules.naf else entity_alignment.FUNSD
    read = of_answer(parsed(answer.text), rules)
    return entity_alignment.scores(read, _true(known, rules), likeness)


def _true(known: KnownPage, rules: Rules) -> Pieces:
    """What is annotated: in FUNSD that is more than the truth, whose links are made sound."""
    size = known.page.size
    if rules.naf or not known.name.endswith(".json"):
        assert known.truth is not None  # or there is no question
        return of_truth(known.truth, rules)
    return of_entities(*read_annotation(Path(known.name), size), size, rules)


def _f(counts: Counts) -> tuple[float, float]:
    return 2.0 * counts.right, float(counts.predicted + counts.true)
