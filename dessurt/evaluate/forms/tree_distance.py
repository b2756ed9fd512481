"""Edit distances of ordered trees of texts (Zhang and Shasha, SIAM J. Comput. 18(6), 1989)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from rapidfuzz.distance import Levenshtein

ONE, RUN = "¿", "§"  # stand for a letter and for letters that nobody could read
FAR = 1e4  # more than any distance of two forms


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
    """Distances to one tree.

    To put in or take out a text, or to change it into another, costs the edit distance of the
    texts over their mean length, at most 1. In true texts `¿` stands for any letter and `§` for any
    letters.

    The distance of two forests is found for all forests of the true tree at once: a row for each
    node of the other. A row has the columns of all "key roots" of the true tree side by side, and
    for trees that differ only in the order of some nodes, rows are computed together. What was
    computed is kept for every node: of a tree in which parts were moved, only what is above them
    is computed again.

    Args:
        true: the tree to which the distances are; its root has no text.
        close: a change that costs as much or more costs 1.
    """

    def __init__(self, true: Node, close: float = 1.0) -> None:
        self.close = close
        nodes = true.postorder
        self.texts = [node.text for node in nodes]
        first = [j + 1 - len(node.postorder) for j, node in enumerate(nodes)]
        # Of the nodes that begin with the same leaf the uppermost: their trees hold all others.
        roots = sorted({first[j]: j for j in range(len(nodes))}.values())
        node: list[int] = []  # of every column, as are these
        before: list[int] = []
        single: list[bool] = []
        part: list[int] = []
        for number, root in enumerate(roots):
            zero = len(node)  # the column of the empty forest; those of the nodes follow
            node += [-1, *range(first[root], root + 1)]
            before += [zero, *(zero + first[j] - first[root] for j in node[zero + 1 :])]
            single += [False, *(first[j] == first[root] for j in node[zero + 1 :])]
            part += [number] * (len(node) - zero)
        self.before = np.array(before)  # the column of the forest without its last tree
        self.single = np.flatnonzero(single)  # where the forest is one tree
        self.true = np.array(node)[self.single]  # and of which node
        own = np.full(len(nodes) + 1, -1)  # the column where each node's tree stands alone
        own[self.true] = self.single
        self.alone = own[node]
        self.empty = np.flatnonzero(np.array(node) < 0)
        self.last = int(self.empty[-1])  # where the columns of the whole tree begin
        added = np.concatenate([self._changed(""), [0.0]])[node]
        self.added = np.concatenate([np.cumsum(p) for p in np.split(added, self.empty[1:])])
        # Each key root is much lower than the one before, so that no minimum is carried over.
        self.slope = self.added + FAR * np.array(part)
        self.apart: dict[Node, np.ndarray] = {}  # of a node's tree and that of each column

    def __call__(self, *trees: Node) -> np.ndarray:
        """The distances of trees, which differ in the order of some nodes at most: float [n]."""
        parts = [tree.postorder[:-1] for tree in trees]
        for nodes in zip(*parts, strict=True):
            new = [node for node in dict.fromkeys(nodes) if node not in self.apart]
            if new:
                self._keep(new)
        # The roots have no text and match for nothing.
        return self._forests(parts, self.last)[:, -1, -2]

    def _changed(self, text: str) -> np.ndarray:
        """What it costs to change a text into each of the true ones; "" is none at all."""
        lengths = [max((len(text) + len(true)) / 2, 0.5) for true in self.texts]
        costs = np.array([edit_distance(text, true) for true in self.texts]) / lengths
        costs[costs >= self.close] = 1.0
        return np.minimum(costs, 1.0)

    def _taken(self, nodes: Sequence[Node]) -> np.ndarray:
        """What it costs to take out a text: [n, 1]."""
        return np.array([[float(bool(node.text))] for node in nodes])

    def _keep(self, nodes: Sequence[Node]) -> None:
        """Find the distances of the trees under nodes of one size to those under all true nodes."""
        rows = self._forests([node.postorder[:-1] for node in nodes], 0)
        changed = np.stack([self._changed(node.text) for node in nodes])
        both = rows[:, -1, self.single - 1] + changed[:, self.true]
        without = rows[:, -1] + self._taken(nodes)
        found, before = np.full(without.shape, FAR), None
        # The trees of one column are parts of the forests of another: as often as it changes.
        while before is None or not np.array_equal(found, before):
            before = found
            row = rows[:, 0, self.before] + found
            row[:, self.single] = both
            found = self._filled(np.minimum(row, without), 0)[:, self.alone]
            found[:, self.empty] = FAR
        self.apart.update(zip(nodes, found, strict=True))

    def _forests(self, parts: Sequence[Sequence[Node]], first: int) -> np.ndarray:
        """Distances [n, i, column] of the first i of the nodes in each of n lists."""
        before, each = self.before[first:] - first, np.arange(len(parts))
        rows = np.empty((len(parts), len(parts[0]) + 1, len(before)))
        rows[:, 0] = self.added[first:]
        same = True
        for i, nodes in enumerate(zip(*parts, strict=True)):
            same = same and all(node is nodes[0] for node in nodes)
            nodes = nodes[:1] if same else nodes  # so far all lists are one
            starts = [i + 1 - len(node.postorder) for node in nodes]
            apart = np.stack([self.apart[node][first:] for node in nodes])
            both = rows[each[: len(nodes)], starts][:, before] + apart
            without = rows[: len(nodes), i] + self._taken(nodes)
            rows[:, i + 1] = self._filled(np.minimum(both, without), first)
        return rows

    def _filled(self, row: np.ndarray, first: int) -> np.ndarray:
        """A row where true texts may be put in too."""
        slope = self.slope[first:]
        return np.minimum.accumulate(row - slope, axis=-1) + slope


def edit_distance(text: str, pattern: str) -> int:
    """Letters to change; in the pattern `¿` stands for any letter and `§` for any letters."""
    if ONE not in pattern and RUN not in pattern:
        return Levenshtein.distance(text, pattern)
    row = list(range(len(text) + 1))
    for sign in pattern:
        above, row = row, [row[0] + (sign != RUN)]
        for i, letter in enumerate(text):
            if sign == RUN:
                row.append(min(above[i + 1], row[i]))
            else:
                same = sign in (ONE, letter)
                row.append(min(above[i] + (not same), above[i + 1] + 1, row[i] + 1))
    return row[-1]
