"""What the annotations of NAF forms say, as a truth; `naf.py` says where they lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dessurt.data.sets.files import damaged, read_json
from dessurt.data.sets.linked_forms import Link, sound_links
from dessurt.page.plane import Box, union
from dessurt.truth import Entity, Paragraph, Table, Truth
from dessurt.truth.boxes import turned_line
from dessurt.truth.form_text import reading_order

_COLUMN, _ROW = "fieldCol", "fieldRow"
_NO_TEXT = (_COLUMN, _ROW, "graphic", "fieldRegion")
_ASIDE = ("textMinor", "textInst")  # parts that do not say what the group is which they are in
_BLANK = (3, "blank")  # of `isBlank`; a circle is never blank, as in the original
_TOUCH = 5.0  # pixels between two columns or rows of a table at most


@dataclass(frozen=True, eq=False)
class Part:
    """A box of the annotation.

    Attributes:
        kind: its type, such as "text", "textMinor", "field" or "fieldCol".
        quad: corners upper left, upper right, lower right, lower left: float [4, 2].
        text: "" where nothing is printed or nobody wrote it down.
        blank: somebody said that nothing is printed.
    """

    kind: str
    quad: np.ndarray
    text: str
    blank: bool = False

    @property
    def box(self) -> Box:
        """The smallest upright box round it."""
        (x0, y0), (x1, y1) = self.quad.min(0).tolist(), self.quad.max(0).tolist()
        return x0, y0, x1, y1

    @property
    def is_label(self) -> bool:
        """Whether it is text of the form itself."""
        return self.kind.startswith("text")


def read_form(path: Path, size: tuple[int, int]) -> Truth:
    """The truth of a form from its annotation.

    A text with fields is a question, and one over all the fields of several other texts a header;
    what is written in a field is an answer. In a sentence with blanks it is the answer first of the
    text before it and then of the text after it; of a label, and then of a minor label. Of tables
    only the headers are known.

    Args:
        path: the JSON file.
        size: (height, width) of the page; boxes are cut to it.

    Raises:
        DataError: the annotation is damaged.
    """
    given = read_json(path)
    parts = read_parts(given, path, size)
    with damaged(path, "samePairs"):
        groups = _groups(parts, [(a, b) for a, b in given["samePairs"]])
    with damaged(path, "pairs"):
        pairs = _numbered(parts, groups, [(a, b) for a, b in given["pairs"]])
    return _truth(groups, _labels(groups, pairs), size)


def read_parts(given: Any, path: Path, size: tuple[int, int]) -> dict[str, Part]:
    """The boxes of an annotation by their id.

    Raises:
        DataError: it is damaged; the box is named.
    """
    parts: dict[str, Part] = {}
    with damaged(path):
        listed = {name: list(given[name]) for name in ("textBBs", "fieldBBs")}
        texts = given["transcriptions"]
    for name, boxes in listed.items():
        for number, each in enumerate(boxes):
            with damaged(path, f"{name}[{number}]"):
                quad = np.array(each["poly_points"], float)
                if quad.shape != (4, 2) or not np.isfinite(quad).all():
                    raise ValueError("poly_points must be four points")
                if not isinstance(each["type"], str):
                    raise TypeError("type must be text")
                text = " ".join((texts.get(each["id"]) or "").split())
                quad = np.clip(quad, 0, (size[1], size[0]))
                blank = each["type"] != "fieldCircle" and each.get("isBlank") in _BLANK
                parts[each["id"]] = Part(each["type"], quad, text, blank)
    return parts


class _Group(tuple[Part, ...]):
    """Parts that continue each other, in reading order."""

    @property
    def kind(self) -> str:
        """That of the part that says what the group is."""
        return min(self, key=lambda part: part.kind in _ASIDE).kind

    @property
    def is_label(self) -> bool:
        return self[0].is_label


def _groups(parts: dict[str, Part], same: Sequence[tuple[str, str]]) -> list[_Group]:
    """Parts put together by pairs of the same sort, in reading order."""
    member = {name: {name} for name in parts}
    for a, b in same:
        both = a in parts and b in parts and not {parts[a].kind, parts[b].kind} & {*_NO_TEXT}
        if both and parts[a].is_label == parts[b].is_label:
            joined = member[a] | member[b]
            member.update(dict.fromkeys(joined, joined))
    groups = []
    for names in {id(names): names for names in member.values()}.values():
        found = [part for name, part in parts.items() if name in names]
        groups.append(_Group(found[i] for i in reading_order([part.box for part in found])))
    return [groups[i] for i in reading_order([group[0].box for group in groups])]


def _numbered(
    parts: dict[str, Part], groups: Sequence[_Group], pairs: Iterable[tuple[str, str]]
) -> list[Link]:
    """Pairs of boxes as pairs of the numbers of their groups."""
    of = {id(part): number for number, group in enumerate(groups) for part in group}
    return [(of[id(parts[a])], of[id(parts[b])]) for a, b in pairs if a in parts and b in parts]


@dataclass(frozen=True)
class _Labels:
    """Which label is for which field, by numbers of groups.

    Attributes:
        fields: the fields of each label; a header's fields are also its labels'.
        below: the labels that each label is a header of.
        also: minor labels, and texts after a blank, and their fields.
    """

    fields: dict[int, set[int]]
    below: dict[int, set[int]]
    also: set[Link]


def _labels(groups: Sequence[_Group], pairs: Sequence[Link]) -> _Labels:
    of_field: dict[int, set[int]] = {}
    below: dict[int, set[int]] = {}
    for pair in pairs:
        a, b = sorted(pair, key=lambda number: (not groups[number].is_label, number))
        if groups[a].is_label and groups[b].is_label and a != b:
            below.setdefault(a, set()).add(b)
        elif groups[a].is_label:
            of_field.setdefault(b, set()).add(a)
    fields: dict[int, set[int]] = {}
    also: set[Link] = set()
    for field, labels in of_field.items():
        main = {i for i in labels if groups[i].kind != "textMinor"} or labels
        if groups[field].kind == "fieldP":  # a blank of a sentence
            before = [label for label in main if label < field]
            main = {max(before) if before else min(main)}
        for label in main:
            fields.setdefault(label, set()).add(field)
        also |= {(label, field) for label in labels - main}
    for label in fields:
        below.setdefault(label, set()).update(_nearest_below(label, fields))
    return _Labels(fields, {label: labels for label, labels in below.items() if labels}, also)


def _nearest_below(label: int, fields: dict[int, set[int]]) -> set[int]:
    """The labels that share out all fields of one, without those that hang from others of them."""
    inside = {i for i, others in fields.items() if others < fields[label]}
    if set().union(*(fields[i] for i in inside)) != fields[label]:
        return set()
    return {i for i in inside if not any(fields[i] < fields[j] for j in inside)}


def _truth(groups: Sequence[_Group], labels: _Labels, size: tuple[int, int]) -> Truth:
    entities: list[Entity] = []
    number: dict[int, int] = {}  # of a group: that of its entity
    for i, group in enumerate(groups):
        lines = tuple(turned_line(part.text, part.quad) for part in group if part.text)
        if lines and group.kind not in _NO_TEXT:
            number[i] = len(entities)
            entities.append(Entity(_kind(i, group, labels), lines))
    links = [(head, tail) for head, below in labels.below.items() for tail in below]
    for label, fields in labels.fields.items():
        links += [(label, field) for field in fields if label not in labels.below]
    links = sorted(links) + sorted(labels.also)
    found = [(number[a], number[b]) for a, b in links if a in number and b in number]
    return Truth(
        size,
        "form",
        tuple(Paragraph(entity.lines) for entity in entities),
        tuple(entities),
        tuple(sound_links(entities, found)),
        tuple(_tables(groups, labels, number)),
        tuple(group[0].box for group in groups if group.kind == "graphic"),
    )


def _kind(i: int, group: _Group, labels: _Labels) -> str:
    if not group.is_label:
        return "answer" if group.kind.startswith("field") else "other"
    if i in labels.below:
        return "header"
    asked = i in labels.fields or any(label == i for label, _ in labels.also)
    return "question" if asked else "other"


def _tables(
    groups: Sequence[_Group], labels: _Labels, number: dict[int, int]
) -> Iterable[Table]:
    """Columns and rows that touch each other are a table, if any of them has a header."""
    tables: list[list[int]] = []
    for i, group in enumerate(groups):
        if group.kind in (_COLUMN, _ROW):
            near = [t for t in tables if any(_touch(groups[j][0].box, group[0].box) for j in t)]
            tables = [table for table in tables if table not in near]
            tables.append([i, *(j for table in near for j in table)])
    used: set[int] = set()
    for table in tables:
        sides = []
        for kind, axis in ((_ROW, 1), (_COLUMN, 0)):
            side = [i for i in table if groups[i].kind == kind]
            side.sort(key=lambda i: groups[i][0].box[axis])
            headers = [_header(i, labels, number, used) for i in side]
            sides.append(tuple(headers) if any(h is not None for h in headers) else ())
        if sides[0] or sides[1]:
            box = union(groups[i][0].box for i in table)
            yield Table(sides[0], sides[1], (), box)


def _header(i: int, labels: _Labels, number: dict[int, int], used: set[int]) -> int | None:
    """The entity that is the header of a row or column, each once: the one with fewest others."""
    over = [label for label, fields in labels.fields.items() if i in fields and label in number]
    over = [label for label in over if label not in used and label not in labels.below]
    if not over:
        return None
    header = min(over, key=lambda label: (len(labels.fields[label]), label))
    used.add(header)
    return number[header]


def _touch(a: Box, b: Box) -> bool:
    """Whether two boxes overlap, or nearly."""
    return all(max(a[k], b[k]) - min(a[k + 2], b[k + 2]) <= _TOUCH for k in (0, 1))
