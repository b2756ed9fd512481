"""GAnTED: how far a form read as JSON is from the truth, as an edit distance of trees.

The tree of a form has a node for every text: the answers hang from their question, the content
from its header; of a table the cells hang either from their row headers or from their column
headers, whichever gives the smaller distance. The distance of two ordered trees is the cheapest
series of changes: to put in or take out a text costs 1, to change one into another the edit
distance over the mean length of both (1 at most), a blank costs nothing. It is divided by the
number of the true texts: 0 is best, an answer without any text has 1, one with more wrong texts
than there are true ones more than 1. Greedily aligned: where moving a part of the predicted tree
among its siblings lowers the distance, it is moved, since reading order is a matter of taste.
In a true text `¿` stands for any letter and `§` for any letters, which nobody could read.

The original differs, and with `as_original` so does this. It divides by twice the number of texts,
so that an answer without any has 0.5: its figures, the published ones too, are half of these. It
aligns every way to hang the cells of up to 9 tables, not only the best one before aligning, which
takes several times as long and seldom lowers the distance.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from itertools import groupby, product

from dessurt.evaluate.forms.entities import PARTS
from dessurt.evaluate.forms.tree_distance import Distance, Node

REACH = 10  # siblings that a part is moved by, at most
MOST_TABLES, ORIGINAL_TABLES = 4, 9  # of both forms; with more, all are taken by rows


def ganted(
    predicted: object,
    true: object,
    as_original: bool = False,
    close: float = 1.0,
    twice: bool = False,
) -> float:
    """GAnTED of two forms as parsed JSON: 0 equal, 1 nothing predicted (0.5 as the original).

    Args:
        predicted: a form.
        true: the form that it should be.
        as_original: measure as the original does; see above.
        close: texts that differ by as much or more differ wholly.
        twice: align a second time what was aligned.
    """
    ways = _ways(predicted, true, ORIGINAL_TABLES if as_original else MOST_TABLES)
    pairs = [(Distance(right, close), read) for read, right in ways]
    if not as_original:
        pairs = [min(pairs, key=lambda pair: float(pair[0](pair[1])[0]))]
    best = min(_aligned(measure, read, 2 if twice else 1) for measure, read in pairs)
    texts = sum(bool(node.text) for node in tree(true, ()).postorder)
    return best / ((2.0 if as_original else 1.0) * texts) if texts else float(best > 0)


def shuffled(content: object, rng: random.Random) -> object:
    """The same form in another order: of its parts, and of what hangs from each, but of tables."""
    if isinstance(content, list):
        return rng.sample([shuffled(part, rng) for part in content], len(content))
    if isinstance(content, dict) and not _is_table(content):
        return {key: shuffled(value, rng) for key, value in content.items()}
    return content


def _ways(predicted: object, true: object, most: int) -> list[tuple[Node, Node]]:
    """Both trees with the cells of their tables hanging in every way."""
    tables = _tables(predicted), _tables(true)
    if sum(tables) > most:
        return [(tree(predicted, ()), tree(true, ()))]
    read, right = (
        [tree(content, way) for way in product((True, False), repeat=number)]
        for content, number in zip((predicted, true), tables, strict=True)
    )
    return list(product(read, right))


def _aligned(measure: Distance, read: Node, times: int) -> float:
    """The distance after moving parts among their siblings, level by level from the root."""
    best = float(measure(read)[0])
    # To the nodes whose children are moved next.
    paths: list[tuple[int, ...]] = [()]
    while paths and best > 0:
        path = paths.pop(0)
        for child in _at(read, path).children:
            children = _at(read, path).children
            i = children.index(child)
            rest = children[:i] + children[i + 1 :]
            places = range(max(i - REACH, 0), min(i + REACH, len(children)))
            moved = [_with(read, path, (*rest[:k], child, *rest[k:])) for k in places if k != i]
            if not moved:
                continue
            distances = measure(*moved)
            if distances.min() < best - 1e-9:
                best, read = float(distances.min()), moved[int(distances.argmin())]
        paths += [(*path, k) for k, node in enumerate(_at(read, path).children) if node.children]
        if not paths and times > 1:
            paths, times = [()], times - 1
    return best


def _at(node: Node, path: tuple[int, ...]) -> Node:
    for k in path:
        node = node.children[k]
    return node


def _with(node: Node, path: tuple[int, ...], children: tuple[Node, ...]) -> Node:
    """The same tree with other children at the end of a path."""
    if not path:
        return Node(node.text, children)
    k = path[0]
    part = _with(node.children[k], path[1:], children)
    return Node(node.text, (*node.children[:k], part, *node.children[k + 1 :]))


def tree(content: object, by_rows: tuple[bool, ...]) -> Node:
    """The tree of parsed JSON; by_rows: of each table, else by columns; () all by rows."""
    return Node("", tuple(_nodes(content, iter(by_rows))))


def _is_table(content: object) -> bool:
    return isinstance(content, dict) and bool({"row headers", "column headers"} & content.keys())


def _tables(content: object) -> int:
    """How many tables with cells there are."""
    if isinstance(content, dict) and _is_table(content):
        return int(bool(content.get("cells")))
    parts = list(content.values()) if isinstance(content, dict) else content
    return sum(map(_tables, parts)) if isinstance(parts, list) else 0


def _nodes(content: object, by_rows: Iterator[bool]) -> Iterator[Node]:
    if isinstance(content, str):
        yield Node(content)
    elif isinstance(content, list):
        for part in content:
            yield from _nodes(part, by_rows)
    elif isinstance(content, dict) and _is_table(content):
        yield _table(content, next(by_rows, True) if content.get("cells") else True)
    elif isinstance(content, dict):
        # Of several texts in an object only the last has something below it.
        texts = {key for key, value in content.items() if isinstance(value, str)} - set(PARTS)
        *others, text = [key for key in content if key in texts] or [""]
        lists = [value for key, value in content.items() if key not in texts]
        yield from map(Node, others)
        yield Node(text, tuple(_nodes(lists, by_rows)))


def _table(table: dict[str, object], by_rows: bool) -> Node:
    """A node without a text; below it the row headers, then the column headers."""
    rows, columns = _texts(table.get("row headers")), _texts(table.get("column headers"))
    cells = table.get("cells")
    across = [_texts(row) for row in cells] if isinstance(cells, list) else []
    if by_rows:
        return Node("", (*_headers(rows, across), *_headers(columns, [])))
    down = list(zip(*across, strict=False))
    return Node("", (*_headers(rows, []), *_headers(columns, down)))


def _headers(texts: list[str], cells: Sequence[Sequence[str]]) -> Iterator[Node]:
    """Headers with their cells; those with the same `<<HEADER>>` before them below it."""
    split = [re.fullmatch(r"(?:<<(.*?)>> ?)?(.*)", text, re.DOTALL) for text in texts]
    nodes = [
        (found[1], Node(found[2], tuple(map(Node, cells[k])) if k < len(cells) else ()))
        for k, found in enumerate(split)
        if found
    ]
    for above, group in groupby(nodes, key=lambda pair: pair[0]):
        below = tuple(node for _, node in group)
        yield from below if above is None else (Node(above, below),)


def _texts(values: object) -> list[str]:
    return ["" if v is None else str(v) for v in values] if isinstance(values, list) else []
