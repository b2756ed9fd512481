"""GAnTED: the original's samples, what the corrected measure differs in, moves and orders."""

import json
import random
from pathlib import Path

import pytest

from dessurt.evaluate.forms.ganted import ganted, shuffled, tree
from dessurt.evaluate.forms.tree_distance import Distance, Node, edit_distance

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "ganted.json").read_text("utf-8"))
PAIRS = GOLDEN["pairs"]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["name"])
def test_the_original_measures_the_same(pair):
    assert ganted(pair["pred"], pair["gt"], as_original=True) == pytest.approx(pair["GAnTED"])


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["name"])
def test_corrected_it_is_twice_the_original_s(pair):
    assert ganted(pair["pred"], pair["gt"]) == pytest.approx(2 * pair["GAnTED"])


def test_signs_for_what_nobody_could_read_count_in_the_truth_only():
    signs, letters = (
        next(pair[side] for pair in PAIRS if pair["name"] == "wildcards_in_gt")
        for side in ("gt", "pred")
    )
    assert ganted(letters, signs) == 0
    assert ganted(signs, letters) > 0


@pytest.mark.parametrize("pair", GOLDEN["string_distances"], ids=lambda p: f"{p['a']}-{p['b']}")
def test_distances_of_texts(pair):
    apart = edit_distance(pair["a"], pair["b"])
    assert apart == pair["customEditDistance"]
    # A tree of one text, to one of another: the cost of a change, 1 at most.
    trees = [Node("", (Node(pair[side]),)) for side in "ab"]
    assert Distance(trees[1])(trees[0])[0] == pytest.approx(pair["matchNED_thresh1"])


def test_the_distance_of_trees_written_out():
    ours = Node("", (Node("a", (Node("b"), Node("c"))), Node("d")))
    theirs = Node("", (Node("a", (Node("c"),)), Node("dx")))
    # "b" is taken out (1); "d" becomes "dx": 1 letter over the mean length 1.5
    assert Distance(theirs)(ours) == pytest.approx([1 + 1 / 1.5])
    assert Distance(ours)(theirs) == pytest.approx([1 + 1 / 1.5])
    assert Distance(Node("", (Node("b"),)))(Node("", (Node("a", (Node("b"),)),))) == [1]
    assert Distance(ours)(Node("")) == [4]


def forest_distance(ours: tuple[Node, ...], theirs: tuple[Node, ...]) -> float:
    """The distance by its definition: slow, but there is little to be wrong."""
    if not ours or not theirs:
        return sum(bool(n.text) for forest in (ours, theirs) for t in forest for n in t.postorder)
    *rest, last = ours
    *others, other = theirs
    apart = edit_distance(last.text, other.text) / max((len(last.text) + len(other.text)) / 2, 0.5)
    return min(
        forest_distance((*rest, *last.children), theirs) + bool(last.text),
        forest_distance(ours, (*others, *other.children)) + bool(other.text),
        forest_distance(tuple(rest), tuple(others))
        + forest_distance(last.children, other.children)
        + min(apart, 1.0),
    )


def test_distances_of_random_trees_one_by_one_and_together():
    rng = random.Random(3)

    def drawn(size: int) -> Node:
        children = []
        while size > 1:
            part = rng.randint(1, size - 1)
            children.append(drawn(part))
            size -= part
        return Node(rng.choice(["", "a", "b", "ab", "abc"]), tuple(children))

    for _ in range(30):
        ours, theirs = (Node("", drawn(rng.randint(2, 7)).children) for _ in range(2))
        expected = forest_distance(ours.children, theirs.children)
        assert Distance(theirs)(ours) == pytest.approx([expected])
    parts = [drawn(size) for size in (1, 3, 2)]
    orders = [Node("", tuple(rng.sample(parts, 3))) for _ in range(4)]
    measure = Distance(theirs)
    expected = [forest_distance(order.children, theirs.children) for order in orders]
    assert measure(*orders) == pytest.approx(expected)


def test_the_tree_of_a_table():
    table = {"row headers": ["r", None], "column headers": ["<<S>> c"], "cells": [["1"], ["2"]]}

    def drawn(node):
        return (node.text, *map(drawn, node.children))

    rows, columns = (drawn(tree([table], (way,))) for way in (True, False))
    assert rows == ("", ("", ("r", ("1",)), ("", ("2",)), ("S", ("c",))))
    assert columns == ("", ("", ("r",), ("",), ("S", ("c", ("1",), ("2",)))))
    assert drawn(tree([{"Q": "question", "answers": "x"}], ())) == ("", ("Q", ("x",)))


def test_with_many_tables_all_are_taken_by_rows():
    question = {"c": "question", "answers": ["1", "2"]}
    table = {"row headers": [None] * 2, "column headers": ["c"], "cells": [["1"], ["2"]]}
    # By its columns the table has the tree of the question.
    assert ganted([question] * 4, [table] * 4) == 0
    assert ganted([question] * 5, [table] * 5) > 0
    assert ganted([question] * 5, [table] * 5, as_original=True) == 0


@pytest.mark.parametrize("true", [[], [{"a": "other"}]])
def test_nothing_predicted(true):
    assert ganted([], true) == ganted("", true) == (1 if true else 0)
    assert ganted("", true, as_original=True) == (0.5 if true else 0)
    assert ganted([{"a": "other"}], true) == (0 if true else 1)


def unaligned(predicted, true):
    """GAnTED without its alignment, of forms whose tables are taken by rows."""
    true = tree(true, ())
    texts = sum(bool(node.text) for node in true.postorder)
    return float(Distance(true)(tree(predicted, ()))[0]) / texts


def test_forms_in_another_order_are_aligned_again():
    form = [{"A": "question", "answers": ["1", "2", "3"]}, {"B": "other"}, {"C": "other"}]
    table = {"row headers": ["r1", "r2"], "column headers": [None], "cells": [["x"], ["y"]]}
    orders = [shuffled([*form, table], random.Random(seed)) for seed in range(20)]
    assert orders == [shuffled([*form, table], random.Random(seed)) for seed in range(20)]
    assert len({json.dumps(order) for order in orders}) > 10
    assert all(table in order for order in orders)
    aligned, not_aligned, twice = (
        [measure(order, [*form, table], **more) for order in orders]
        for measure, more in ((ganted, {}), (unaligned, {}), (ganted, {"twice": True}))
    )
    assert sum(aligned) < sum(not_aligned) / 10 and min(not_aligned) > 0
    # A second time round brings one more home, and none farther away.
    assert sum(twice) < sum(aligned)
    assert all(second <= first for first, second in zip(aligned, twice, strict=True))


def test_texts_that_differ_much_can_be_taken_to_differ_wholly():
    pair = [{"abcd": "other"}], [{"abxd": "other"}]
    assert ganted(*pair) == ganted(*pair, close=0.3) == 0.25
    assert ganted(*pair, close=0.25) == 1
    assert ganted(*pair, as_original=True, close=0.25) == 0.5
