"""What FUNSD and NAF are measured by: entity F, relation F and GAnTED of `json>`.

With `as_original` the figures are the original's: see `form_entities` and `ganted` for what it does
differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from dessurt.data.boxed import union
from dessurt.data.example import Example
from dessurt.data.sets.funsd import Block, read_annotation, read_blocks
from dessurt.evaluate import entity_alignment
from dessurt.evaluate.form_entities import (
    SEEN,
    Piece,
    Pieces,
    Rules,
    of_answer,
    of_entities,
    of_truth,
)
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
    likeness = replace(likeness, as_original=rules.as_original)
    read = of_answer(parsed(answer.text), rules)
    return entity_alignment.scores(read, _true(known, rules), likeness)


def _true(known: KnownPage, rules: Rules) -> Pieces:
    """What is annotated: in FUNSD that is more than the truth, whose links are made sound."""
    size = known.page.size
    if rules.naf or not known.name.endswith(".json"):
        assert known.truth is not None  # or there is no question
        return of_truth(known.truth, rules)
    if rules.as_original:
        return _as_original(*read_blocks(Path(known.name)), size)
    return of_entities(*read_annotation(Path(known.name), size), size, rules)


def _as_original(
    blocks: Sequence[Block], links: Iterable[tuple[int, int]], size: tuple[int, int]
) -> Pieces:
    """The truth of the original: with entities without text, each in the middle of its first line.

    Places are those on the white page that is shown (see `set_measures.on_white`).
    """
    height, width = size
    is_smaller = height < SEEN[0] or width < SEEN[1]
    left, top = ((SEEN[1] - width) // 2, (SEEN[0] - height) // 2) if is_smaller else (0, 0)
    pieces = []
    for block in blocks:
        lines = block.original_lines
        x0, y0, x1, y1 = union(box for _, box in lines[0]) if lines else (0.0, 0.0, 0.0, 0.0)
        text = "\\".join(" ".join(word for word, _ in line) for line in lines)
        pieces.append(Piece(text, block.kind, ((x0 + x1) / 2 + left, (y0 + y1) / 2 + top)))
    return Pieces(tuple(pieces), frozenset((min(link), max(link)) for link in links))


def _f(counts: Counts) -> tuple[float, float]:
    return 2.0 * counts.right, float(counts.predicted + counts.true)
