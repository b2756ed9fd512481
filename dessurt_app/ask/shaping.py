"""The answers of some tasks have a shape: a form is JSON, a table's row is a list.

What a model writes as JSON may be cut off or slightly wrong. It is repaired, and every repair is
recorded, so that the screen can show what the model wrote and what was added or left out.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from dataclasses import dataclass
from itertools import groupby

from json_repair import repair_json

from dessurt.tasks import BLANK, END_SIGN, NEW_LINE, NO_SUCH, SEPARATOR, Task

DEEPEST = 60  # nested brackets; more is a model that is stuck


@dataclass(frozen=True)
class Tree:
    """JSON in pieces: ("same", text), ("added", text) or ("removed", text).

    The pieces that are not removed are valid JSON; those that are not added are what was written.
    """

    pieces: tuple[tuple[str, str], ...]
    kind: str = "tree"


@dataclass(frozen=True)
class Rows:
    """A list, whose rows have one cell each, or a table. Blank cells are empty."""

    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    kind: str = "list"


Shape = Tree | Rows


def shape(task: Task, text: str, answer: str) -> Shape | None:
    """The shape of an answer, if it has one.

    Args:
        task: the task.
        text: the text that was typed; JSON that needs some goes on from there.
        answer: what the model wrote.
    """
    written = answer.split(END_SIGN)[0]
    if task.shape == "json":
        return _tree(text + written if "text" in task.needs else written)
    if not written or written == NO_SUCH:
        return None
    if task.shape == "records":
        return Rows(tuple(_cells(line) for line in written.split(NEW_LINE)))
    if task.shape == "list":  # those about links begin with a class in brackets
        match = re.fullmatch(r"(?:\[(\w+)\])?(.*)", written, re.DOTALL)
        assert match is not None  # the pattern fits any text
        title, items = match.groups("")
        return Rows(tuple((cell,) for cell in _cells(items)), title)
    return None


def _cells(row: str) -> tuple[str, ...]:
    return tuple("" if cell == BLANK else cell for cell in row.split(SEPARATOR))


def _tree(written: str) -> Tree | None:
    if not re.match(r"\s*[\[{]", written) or _depth(written) > DEEPEST:
        return None
    try:
        json.loads(written, parse_constant=_refuse)
        return Tree((("same", written),))
    except ValueError:
        repaired = repair_json(written, return_objects=True)
    try:
        fixed = json.dumps(repaired, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return None
    return Tree(_difference(written, fixed))


def _refuse(constant: str) -> None:
    """NaN and the infinities, which Python reads, are not JSON."""
    raise ValueError(constant)


def _depth(written: str) -> int:
    """The most brackets that are open at once; those in strings count too, which does no harm."""
    depth = deepest = 0
    for sign in written:
        depth += (sign in "[{") - (sign in "]}")
        deepest = max(deepest, depth)
    return deepest


def _difference(old: str, new: str) -> tuple[tuple[str, str], ...]:
    """What is the same in two texts, added and removed, as whole words and signs."""
    before, after = (re.findall(r"\w+|\s+|.", text) for text in (old, new))
    # Most often only the end is missing, and comparing long texts takes long.
    start = len(os.path.commonprefix([before, after]))
    pieces = [("same", "".join(before[:start]))]
    before, after = before[start:], after[start:]
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for operation, i, j, k, m in matcher.get_opcodes():
        if operation == "equal":
            pieces.append(("same", "".join(before[i:j])))
        else:
            pieces += [("removed", "".join(before[i:j])), ("added", "".join(after[k:m]))]
    joined = groupby((piece for piece in pieces if piece[1]), key=lambda piece: piece[0])
    return tuple((kind, "".join(text for _, text in group)) for kind, group in joined)
