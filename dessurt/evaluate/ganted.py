"""GAnTED: how far a form read as JSON is from the truth, as an edit distance of trees.

The tree of a form has a node for every text: the answers hang from their question, the content
from its header; of a table the cells hang either from their row headers or from their column
headers, whichever gives the smaller distance. The distance of two ordered trees is the cheapest
series of changes: to put in or take out a text costs 1, to change one into another the edit
distance over the mean length of both (1 at most), a blank costs nothing. It is divided by twice
the number of the true texts, as in the original: 0 is best, an answer without any text has 0.5.
Greedily aligned: where moving a part of the predicted tree among its siblings lowers the distance,
it is moved, since reading order is a matter of taste.

The original's signs for unreadable writing (of one of its data sets) are not treated specially.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, product

import numpy as np
from rapidfuzz.distance import Levenshtein

REACH = 10  # siblings that a part is moved by, at most
MOST_TABLES = 4  # of both forms; with more, all are taken by rows (the original tries up to 9)


@dataclass(frozen=True, eq=False)
class Node:
    """A text and what hangs from it."""

    text: str
    children: tuple[Node, ...] = ()

    @cached_property
    def postorder(self) -> tuple[Node, ...]:
        """All nodes below this one and at last itself."""
        return (*(node for child in self.children for node in child.postorder), self)


class Distance:
    """Edit distances of ordered trees to one tree (Zhang and Shasha's, a row at a time).

    What was computed is kept for every node: of a tree in which parts were moved, only what is
    above them is computed again.

    Args:
        true: the tree to which the distances are; its root has no text.
        most: the highest cost of putting in or taking out a text, or changing it into another.
    """

    def __init__(self, true: Node, most: float) -> None:
        self.most = most
        nodes = true.postorder
        self.texts = [node.text for node in nodes]
        self.first = np.array([j + 1 - len(node.postorder) for j, node in enumerate(nodes)])
        self.leaves = np.flatnonzero(self.first == np.arange(len(nodes)))
        # Of the nodes that begin with the same leaf the uppermost: their trees hold all others.
        roots = {int(first): j for j, first in enumerate(self.first)}.values()
        self.roots = sorted(set(roots) - set(self.leaves.tolist()))
        self.changes: dict[str, np.ndarray] = {}  # of a text into each of the true ones
        self.trees: dict[Node, np.ndarray] = {}  # distances of a node's tree to those of all nodes

    def __call__(self, tree: Node) -> float:
        """The distance of a tree whose root has no text either: the roots match for nothing."""
        return float(self._forests(tree.postorder[:-1], len(self.texts) - 1)[-1, -2])

    def _changed(self, text: str) -> np.ndarray:
        """What it costs to change a text into each of the true ones; "" is none at all."""
        if text not in self.changes:
            lengths = [max((len(text) + len(true)) / 2, 0.5) for true in self.texts]
            apart = [Levenshtein.distance(text, true) for true in self.texts]
            self.changes[text] = np.minimum(np.array(apart) / lengths, self.most)
        return self.changes[text]

    def _taken(self, node: Node) -> float:
        """What it costs to take out a text."""
        return min(2.0, self.most) if node.text else 0.0

    def _to_all(self, node: Node) -> np.ndarray:
        """The distances of the tree under a node to those under all true nodes."""
        if node not in self.trees:
            self.trees[node] = found = np.full(len(self.texts), np.nan)
            # To a single text: all is taken out but the text that is changed into it, if any.
            taken = [self._taken(part) for part in node.postorder]
            changed = np.array([self._changed(part.text) for part in node.postorder])
            kept = np.minimum(self._changed(""), (changed.T - taken).min(1))
            found[self.leaves] = (kept + sum(taken))[self.leaves]
            for root in self.roots:  # from the leaves up; each finds those with its first leaf
                first = self.first[root]
                same = np.flatnonzero(self.first[: root + 1] == first)
                found[same] = self._forests(node.postorder, root)[-1, same - first + 1]
        return self.trees[node]

    def _forests(self, parts: tuple[Node, ...], root: int) -> np.ndarray:
        """Distances [i, j] of the first i of `parts` to the first j nodes of a true tree."""
        true = slice(int(self.first[root]), root + 1)
        starts = self.first[true] - self.first[root]
        added = np.concatenate([[0.0], np.cumsum(self._changed("")[true])])
        rows = np.empty((len(parts) + 1, len(added)))
        rows[0] = added
        for i, node in enumerate(parts):
            start = i + 1 - len(node.postorder)
            both = rows[start][starts] + self._to_all(node)[true]
            if start == 0:
                trees = rows[i, :-1] + self._changed(node.text)[true]
                both = np.where(starts == 0, trees, both)
            taken = self._taken(node)
            row = np.concatenate([[rows[i, 0] + taken], np.minimum(rows[i, 1:] + taken, both)])
            rows[i + 1] = np.minimum.accumulate(row - added) + added
        return rows


def ganted(predicted: object, true: object) -> float:
    """GAnTED of two forms as parsed JSON: 0 equal, 0.5 nothing predicted; may exceed 0.5."""
    return _lowest(predicted, true, greedy=True)


def nted(predicted: object, true: object) -> float:
    """The distance without alignment; to put in or take out costs 2 here: 1 nothing predicted."""
    return _lowest(predicted, true, greedy=False)


def _lowest(predicted: object, true: object, greedy: bool) -> float:
    """The distance in the way to hang the tables' cells that is the best before aligning."""
    whole = Distance(tree(true, ()), 2.0)(Node(""))
    ours, theirs = (
        [tree(content, way) for way in product((True, False), repeat=_tables(content))]
        for content in (predicted, true)
    )
    if len(ours) * len(theirs) > 2**MOST_TABLES:
        ours, theirs = ours[:1], theirs[:1]
    found = []
    for one in theirs:
        measure = Distance(one, 2.0)
        found += [(measure(other), one, other) for other in ours]
    best, one, other = min(found, key=lambda way: way[0])
    if greedy:  # the original aligns every way, which takes several times as long
        best = _aligned(Distance(one, 1.0), other)
    return best / whole if whole else float(best > 0)


def _aligned(measure: Distance, ours: Node) -> float:
    """The distance after moving parts among their siblings, level by level from the root."""
    best = measure(ours)
    paths: list[tuple[int, ...]] = [()]  # to the nodes whose children are moved next
    while paths and best > 0:
        path = paths.pop(0)
        for child in _at(ours, path).children:
            children = _at(ours, path).children
            i = children.index(child)
            rest = children[:i] + children[i + 1 :]
            for k in range(max(i - REACH, 0), min(i + REACH, len(children))):
                moved = _with(ours, path, (*rest[:k], child, *rest[k:]))
                distance = measure(moved) if k != i else best
                if distance < best - 1e-9:
                    best, ours = distance, moved
        paths += [(*path, k) for k, node in enumerate(_at(ours, path).children) if node.children]
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
    """How many tables there are."""
    if _is_table(content):
        return 1
    parts = list(content.values()) if isinstance(content, dict) else content
    return sum(map(_tables, parts)) if isinstance(parts, list) else 0


def _nodes(content: object, by_rows: Iterator[bool]) -> Iterator[Node]:
    if isinstance(content, str):
        yield Node(content)
    elif isinstance(content, list):
        for part in content:
            yield from _nodes(part, by_rows)
    elif isinstance(content, dict) and _is_table(content):
        yield _table(content, next(by_rows, True))
    elif isinstance(content, dict):
        # Of several texts in an object only the last has something below it.
        *others, text = [key for key, value in content.items() if isinstance(value, str)] or [""]
        lists = [value for value in content.values() if not isinstance(value, str)]
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
