"""Telling the pieces of a form apart in a line of print: labels, values, headings, other text."""

from __future__ import annotations

from dataclasses import replace

from dessurt.data.example import Example
from dessurt.data.questions.passage import Ask, Task
from dessurt.page.lines import lines_of
from dessurt.page.marks import Shape
from dessurt.page.plane import Box
from dessurt.truth import Line, Printed, Truth
from dessurt.truth.form_text import table_entities

TRIES = 8
CUT = 0.2  # of a piece's width may lie outside of the line that was found
SLOPPY = 0.12  # of a line's height: how far people's boxes stray


def tagged_line(ask: Ask) -> Example | None:
    """`ner_line>`: the pieces of a line, each followed by the first letter of its kind.

    The line is one that would be found at use, so that a label and its value, or the cells of a
    row, may stand in it together. Headers of rows and columns count as questions.
    """
    found = [line.bounds() for line in lines_of(ask.page)]
    if not found:
        return None
    (box,) = ask.rng.choices(found, [x1 - x0 for x0, _, x1, _ in found])  # long ones have pieces
    pieces = _pieces(ask.truth, box)
    if not pieces:
        return None
    kinds = _kinds(ask.truth)
    answer = Printed.join(
        " ", (Printed.of(line) + Printed.sign(f"[{kinds.get(id(line), 'other')[0]}]")
              for line in pieces)
    )  # fmt: skip
    if len(answer) > ask.most_answer:
        return None
    tall = box[3] - box[1]
    stray = [ask.rng.choice((0, 1)) * ask.rng.uniform(-SLOPPY, SLOPPY) * tall for _ in box]
    x0, y0, x1, y1 = (side + by for side, by in zip(box, stray, strict=True))
    height, width = ask.page.size
    inside = (max(x0, 0), max(y0, 0)), (min(x1, width), min(y1, height))
    example = ask.example(answer, marks=[Shape("highlight", "box", inside)])
    return replace(example, region=None) if example else None


def _pieces(truth: Truth, box: Box) -> list[Line]:
    """The printed lines in a box, from left to right; none if the box cuts one of them."""
    pieces = []
    for line in truth.lines:
        x0, y0, x1, y1 = line.box
        beside = box[1] < (y0 + y1) / 2 < box[3]
        inside = min(x1, box[2]) - max(x0, box[0])
        if not beside or inside <= CUT * (x1 - x0):
            continue
        if inside < (1 - CUT) * (x1 - x0):
            return []
        pieces.append(line)
    pieces.sort(key=lambda line: line.box[0])
    for one, other in zip(pieces, pieces[1:], strict=False):
        shared = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
        if shared < min(one.height, other.height) / 2:
            return []  # one above the other
    return pieces


def _kinds(truth: Truth) -> dict[int, str]:
    """What each printed line is, by its identity."""
    kinds = {id(line): entity.kind for entity in truth.entities for line in entity.lines}
    for table in truth.tables:
        cells = {i for row in table.cells for i in row}
        for i in table_entities(table):
            if i not in cells:
                kinds.update((id(line), "question") for line in truth.entities[i].lines)
    return kinds


ENTITY_TASKS: dict[str, Task] = {"ner_line>": Task("ner_line>", tagged_line, TRIES)}
