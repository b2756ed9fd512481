"""GAnTED: the original's samples, and what moves and orders cost."""

import json
from pathlib import Path

import pytest

from dessurt.evaluate.ganted import ganted, nted, tree
from dessurt.evaluate.tree_distance import Distance, Node

PAIRS = json.loads((Path(__file__).parents[1] / "golden" / "ganted.json").read_text())["pairs"]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["name"])
def test_the_original_measures_the_same(pair):
    assert nted(pair["pred"], pair["gt"]) == pytest.approx(pair["nTED"])
    assert ganted(pair["pred"], pair["gt"]) == pytest.approx(pair["GAnTED"])


def test_the_distance_of_trees_written_out():
    ours = Node("", (Node("a", (Node("b"), Node("c"))), Node("d")))
    theirs = Node("", (Node("a", (Node("c"),)), Node("dx")))
    # "b" is taken out (1); "d" becomes "dx": 1 letter over the mean length 1.5
    assert Distance(theirs, 1.0)(ours) == pytest.approx(1 + 1 / 1.5)
    assert Distance(theirs, 2.0)(ours) == pytest.approx(2 + 1 / 1.5)
    assert Distance(ours, 2.0)(theirs) == pytest.approx(2 + 1 / 1.5)
    assert Distance(Node("", (Node("b"),)), 1.0)(Node("", (Node("a", (Node("b"),)),))) == 1
    assert Distance(ours, 1.0)(Node("")) == 4


def test_the_tree_of_a_table():
    table = {"row headers": ["r", None], "column headers": ["<<S>> c"], "cells": [["1"], ["2"]]}

    def drawn(node):
        return (node.text, *map(drawn, node.children))

    rows, columns = (drawn(tree([table], (way,))) for way in (True, False))
    assert rows == ("", ("", ("r", ("1",)), ("", ("2",)), ("S", ("c",))))
    assert columns == ("", ("", ("r",), ("",), ("S", ("c", ("1",), ("2",)))))


@pytest.mark.parametrize("true", [[], [{"a": "other"}]])
def test_nothing_predicted(true):
    assert nted([], true) == (1 if true else 0)
    assert ganted("", true) == (0.5 if true else 0)
    assert ganted([{"a": "other"}], true) == (0 if true else 1)
