"""Sets by name, one's own sets, and mixtures."""

import collections
import importlib
import random
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dessurt.data.example import Example
from dessurt.data.records import DataError, Record, readable
from dessurt.data.sets import SETS, open_set
from dessurt.page import Page
from dessurt.protocol import Request

PAGE = Page.from_array(np.full((10, 10), 255, np.uint8))


class Numbers:
    """Record N answers `NAME N`."""

    def __init__(self, folder: Path, split: str = "train", *, count: int = 3) -> None:
        self.name, self.split, self.count = folder.name, split, count

    def __len__(self) -> int:
        return self.count

    def record(self, index: int, rng: random.Random) -> Record:
        if not 0 <= index < self.count:
            raise IndexError(index)
        answer = f"{self.name} {self.split} {index} {rng.random():.1f}"
        return Record(PAGE, (Example(PAGE, Request("natural_q~", "?"), (answer,)),))


def yielded(folder: Path, split: str, pages: int = 2):
    """Two questions about each page."""
    for number in range(pages):
        page = Page.from_array(np.full((10, 10), number, np.uint8))
        for question in "ab":
            yield Example(page, Request("natural_q~", question), (f"{split} {number}",), source="s")
    if not folder.is_dir():
        raise OSError("no folder")


def answers(record: Record) -> list[str]:
    return [example.answers[0] for example in record.examples]


def test_every_named_set_is_there_and_they_are_sorted():
    assert list(SETS) == sorted(SETS)
    for place in SETS.values():
        module, attribute = place.split(":")
        if module in ("squad", "synthetic"):
            pytest.importorskip("typst")
        made = getattr(importlib.import_module(f"dessurt.data.sets.{module}"), attribute)
        assert made.__doc__


def test_the_split_is_the_entrys_unless_another_is_asked_for():
    entry = {"set": f"{__name__}:Numbers", "folder": "some/where", "split": "valid", "count": 5}
    own = open_set(entry)
    assert (len(own), own.name, own.split) == (5, "where", "valid")
    assert open_set(entry, "test").split == "test"
    assert open_set({**entry, "split": "train"}).split == "train"
    assert entry["split"] == "valid"  # what is given is left as it is


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"set": "docvqa2"}, "there is no data set 'docvqa2': take one of annotations, bentham"),
        ({}, "there is no data set ''"),
        ({"set": "no_such_module:Thing"}, "there is no module 'no_such_module'"),
        ({"set": f"{__name__}:Letters"}, "cannot be imported"),
        ({"set": f"{__name__}:Numbers", "cuont": 1}, "options of .*Numbers are wrong: .*'cuont'"),
        ({"set": "mixture"}, "options of mixture are wrong: .*'sets'"),
        ({"set": f"{__name__}:yielded", "folder": "none"}, "stopped before its end .*no folder"),
    ],
)
def test_what_cannot_be_opened_is_refused(given, told):
    with pytest.raises(DataError, match=told):
        open_set(given)


def test_a_set_that_lacks_a_library_says_which(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "needs_more.py").write_text("import no_such_library\n")
    with pytest.raises(DataError, match="needs 'no_such_library': install it"):
        open_set({"set": "needs_more:Thing"})


def test_a_generator_of_examples_is_a_data_set_by_pages(tmp_path):
    own = open_set({"set": f"{__name__}:yielded", "folder": tmp_path, "pages": 3}, "valid")
    assert len(own) == 3
    record = own.record(2, random.Random(0))
    assert answers(record) == ["valid 2", "valid 2"]
    assert [example.request.text for example in record.examples] == ["a", "b"]
    assert record.page.gray[0, 0] == 2 and record.source == "s"


def test_the_own_data_sets_of_the_docs_work(root, tmp_path, monkeypatch):
    page = (root / "docs" / "data.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    (tmp_path / "receipts.py").write_text(code)
    data = tmp_path / "data"
    data.mkdir()
    (data / "train.csv").write_text("a.png,9.00\nb.png,12.50\n")
    for number, name in enumerate(("a.png", "b.png")):
        Image.new("L", (20, 20), 10 * number).save(data / name)
    for attribute in ("receipts", "Receipts"):
        own = open_set({"set": f"receipts:{attribute}", "folder": "data"})
        found = list(readable(own, random.Random(0)))
        assert [answers(each) for each in found] == [["9.00"], ["12.50"]]
        assert [each.examples[0].request.task for each in found] == ["natural_q~"] * 2
        assert [each.page.gray[0, 0] for each in found] == [0, 10]
    (data / "a.png").unlink()
    found = list(readable(own, random.Random(0)))  # the class reads a page when it is asked for
    assert isinstance(found[0], DataError) and answers(found[1]) == ["12.50"]


# Mixtures


def mixture(split: str = "train", counts=(3, 40, 10), shares=(0.02, 0.06, 0.12), **options):
    sets = [
        {"set": f"{__name__}:Numbers", "folder": f"s{i}", "count": count, "frequency": share}
        for i, (count, share) in enumerate(zip(counts, shares, strict=True))
    ]
    return open_set({"set": "mixture", "folder": "", "sets": sets, **options}, split)


def drawn(mixed, numbers) -> list[str]:
    """Set and record of each number."""
    found = (mixed.record(i, random.Random(0)).examples[0].answers[0] for i in numbers)
    return [" ".join(text.split()[::2]) for text in found]


def test_a_mixture_draws_by_frequency_and_spreads_each_set_evenly():
    names = [name.split()[0] for name in drawn(mixture(), range(2000))]
    for part in (names[:1000], names[1000:]):
        assert collections.Counter(part) == {"s0": 100, "s1": 300, "s2": 600}
    for first in range(0, 2000, 20):  # in any twenty in a row there is about as much of each
        seen = collections.Counter(names[first : first + 20])
        assert abs(seen["s1"] - 6) <= 1 and abs(seen["s2"] - 12) <= 1 and abs(seen["s0"] - 2) <= 1


def test_a_set_of_a_mixture_gives_each_record_before_any_comes_again_in_other_order():
    names = [name for name in drawn(mixture(), range(1000)) if name.startswith("s1")]
    first, second = names[:40], names[40:80]
    assert sorted(first) == sorted(second) == sorted(f"s1 {i}" for i in range(40))
    assert first != second and first != [f"s1 {i}" for i in range(40)]


def test_a_mixture_is_fixed_by_its_seed_and_numbers_can_be_asked_in_any_order():
    mixed = mixture()
    expected = drawn(mixed, range(300))
    assert drawn(mixture(), reversed(range(300))) == expected[::-1]
    assert drawn(mixture(seed=1), range(300)) != expected


def test_one_pass_over_a_mixture_has_every_record():
    mixed = mixture(counts=(3, 700, 10))
    assert len(mixed) == 3000  # 300 of each 1000 are of the set of 700
    assert set(drawn(mixed, range(3000))) >= {f"s1 {i}" for i in range(700)}
    rare = mixture(shares=(1e-9, 1, 1), counts=(2, 1, 1))
    assert {"s0 0", "s0 1"} <= set(drawn(rare, range(len(rare))))  # one of 1000 at least


def test_a_mixture_hands_on_the_lot_and_validates_on_all_records_in_order():
    one = mixture().record(0, random.Random(1)).examples[0].answers
    other = mixture().record(0, random.Random(2)).examples[0].answers
    assert one != other
    mixed = mixture("valid")
    assert len(mixed) == 53
    names = [f"s0 {i}" for i in range(3)] + [f"s1 {i}" for i in range(40)]
    assert drawn(mixed, range(53)) == names + [f"s2 {i}" for i in range(10)]


def test_a_mixture_of_nothing_or_by_no_frequency_is_refused():
    with pytest.raises(DataError, match=r"frequencies above 0, not \[\]"):
        open_set({"set": "mixture", "sets": []})
    with pytest.raises(DataError, match=r"above 0, not \[0, 1, 1\]"):
        mixture(shares=(0, 1, 1))
    with pytest.raises(DataError, match="Numbers' of a mixture has no records"):
        mixture(counts=(3, 0, 1))
    with pytest.raises(DataError, match="there is no data set 'cidp'"):
        open_set({"set": "mixture", "sets": [{"set": "cidp"}]})
