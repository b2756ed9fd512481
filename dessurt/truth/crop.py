"""A part of a page with what is known of it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from dessurt.page import Page
from dessurt.page.pixels import MIN_SIDE
from dessurt.page.plane import Box, union
from dessurt.truth.form_text import table_entities
from dessurt.truth.truth import Paragraph, Table, Truth, mapped_truth


def box_of_text(truth: Truth, margin: float) -> Box:
    """The box round all lines of a page, of which there must be one, with a margin in pixels."""
    x0, y0, x1, y1 = union(line.box for line in truth.lines)
    return x0 - margin, y0 - margin, x1 + margin, y1 + margin


def cropped(page: Page, truth: Truth, box: Box) -> tuple[Page, Truth]:
    """The part of a page in a box, as far as it is on the page, and what is known of it.

    A line that is cut is not known any more, nor an entity with such a line, nor a table with such
    an entity.
    """
    x0, y0, x1, y1 = (round(number) for number in box)
    x0, y0 = min(max(x0, 0), page.width - MIN_SIDE), min(max(y0, 0), page.height - MIN_SIDE)
    part = page.pixels[y0 : max(y1, y0 + MIN_SIDE), x0 : max(x1, x0 + MIN_SIDE)]
    size = part.shape[0], part.shape[1]
    x1, y1 = x0 + size[1], y0 + size[0]
    # What reaches over the edge of the page is not cut there.
    left, top = (-math.inf if start == 0 else start for start in (x0, y0))
    right, bottom = (
        math.inf if stop == most else stop for stop, most in ((x1, page.width), (y1, page.height))
    )
    kept = _inside(truth, (left, top, right, bottom))
    shift = np.array([[1, 0, -x0], [0, 1, -y0]], float)
    return Page.from_array(part), mapped_truth(kept, shift, size)


def _inside(truth: Truth, box: Box) -> Truth:
    """What lies whole in a box."""
    lines = {id(line) for line in truth.lines if _holds(box, line.box)}
    paragraphs = (
        Paragraph(tuple(line for line in each.lines if id(line) in lines))
        for each in truth.paragraphs
    )
    kept = [
        number
        for number, entity in enumerate(truth.entities)
        if all(id(line) in lines for line in entity.lines)
    ]
    new = {number: i for i, number in enumerate(kept)}
    return replace(
        truth,
        paragraphs=tuple(each for each in paragraphs if each.lines),
        entities=tuple(truth.entities[number] for number in kept),
        links=tuple((new[a], new[b]) for a, b in truth.links if a in new and b in new),
        tables=tuple(
            _renumbered(table, new)
            for table in truth.tables
            if all(number in new for number in table_entities(table))
        ),
        figures=tuple(figure for figure in truth.figures if _holds(box, figure)),
    )


def _holds(box: Box, part: Box) -> bool:
    """Whether all of a box is in another, but for less than a pixel."""
    starts = part[0] > box[0] - 1 and part[1] > box[1] - 1
    return starts and part[2] < box[2] + 1 and part[3] < box[3] + 1


def _renumbered(table: Table, new: dict[int, int]) -> Table:
    def numbers(old: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return tuple(None if number is None else new[number] for number in old)

    return replace(
        table,
        row_headers=numbers(table.row_headers),
        column_headers=numbers(table.column_headers),
        cells=tuple(map(numbers, table.cells)),
    )
