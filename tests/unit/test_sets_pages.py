"""Sets that ask one thing of a whole page: RVL-CDIP, SROIE, census records."""

import json
import random
from pathlib import Path

import pytest
from PIL import Image

from dessurt.data.records import DataError, readable
from dessurt.data.sets import open_set


def picture(path: Path, grey: int = 255) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (40, 60), grey).save(path)


def records(name: str, folder: Path, split: str = "train", **options: object) -> list:
    opened = open_set({"set": name, "folder": str(folder), "split": split, **options})
    return list(readable(opened, random.Random(0)))


def asked(record) -> dict[str, tuple[str, ...]]:
    assert all(not e.request.text and e.page is record.page for e in record.examples)
    return {example.request.task: example.answers for example in record.examples}


# RVL-CDIP


def rvl_cdip(folder: Path, split: str, lines: list[str]) -> None:
    (folder / "labels").mkdir(exist_ok=True)
    (folder / f"labels/{split}.txt").write_text("\n".join(lines) + "\n")
    for i in range(6):
        picture(folder / f"images/a/{i}.tif", 10 * i)


def test_rvl_cdip_names_the_kind_of_each_page(tmp_path):
    rvl_cdip(tmp_path, "train", ["a/0.tif 0", "a/1.tif 5", "", "a/2.tif 15"])
    found = records("rvl_cdip", tmp_path)
    assert [asked(each) for each in found] == [
        {"classify>": ("C:letter",)},
        {"classify>": ("C:scientific_report",)},
        {"classify>": ("C:memo",)},
    ]
    assert [each.page.gray[0, 0] for each in found] == [0, 10, 20]


def test_rvl_cdip_validates_on_each_fifth_page_unless_told_otherwise(tmp_path):
    rvl_cdip(tmp_path, "val", [f"a/{i}.tif {i}" for i in range(6)])
    answers = [asked(each)["classify>"] for each in records("rvl_cdip", tmp_path, "valid")]
    assert answers == [("C:letter",), ("C:scientific_report",)]
    answers = [asked(each)["classify>"] for each in records("rvl_cdip", tmp_path, "val", every=4)]
    assert answers == [("C:letter",), ("C:advertisement",)]


def test_rvl_cdip_names_the_line_of_what_is_damaged(tmp_path):
    rvl_cdip(tmp_path, "test", ["a/0.tif 16", "a/1.tif", "a/9.tif 1", "a/2.tif 2"])
    (tmp_path / "images/a/1.tif").write_bytes(b"")
    kind, number, missing, good = records("rvl_cdip", tmp_path, "test")
    labels = tmp_path / "labels/test.txt"
    assert (kind.path, kind.where) == (labels, "line 1") and "there is no kind 16" in str(kind)
    assert number.where == "line 2"
    assert missing.path == tmp_path / "images/a/9.tif"
    assert asked(good) == {"classify>": ("C:email",)}
    with pytest.raises(DataError, match=r"labels.train\.txt: it is not there"):
        records("rvl_cdip", tmp_path)


# SROIE


def test_sroie_gives_the_facts_as_json_with_escapes_as_the_original(tmp_path):
    facts = {"company": "Café \"X\"", "date": "01/02/2018", "address": "1, Road", "total": "9.00"}
    splits = {"train": ["X1", "X2", "X3"], "test": []}
    (tmp_path / "splits.json").write_text(json.dumps(splits))
    (tmp_path / "X1.json").write_text(json.dumps(facts))
    (tmp_path / "X2.json").write_text('{"total": 9}')
    (tmp_path / "X3.json").write_text('{"total":\n "9}')
    for name in splits["train"]:
        picture(tmp_path / f"{name}.jpg")
    good, wrong, broken = records("sroie", tmp_path)
    assert asked(good) == {
        "sroie>": (
            '{"company": "Caf\\u00e9 \\"X\\"", "date": "01/02/2018", "address": "1, Road", '
            '"total": "9.00"}‡',
        )
    }
    assert good.examples[0].source == "X1"
    assert wrong.path == tmp_path / "X2.json"
    assert (broken.path, broken.where) == (tmp_path / "X3.json", "line 2")
    assert records("sroie", tmp_path, "test") == []
    with pytest.raises(DataError, match=r"splits\.json, valid: this record is damaged"):
        records("sroie", tmp_path, "valid")


def test_sroie_says_what_its_folder_must_have(tmp_path):
    with pytest.raises(DataError, match=r"splits\.json: it is not there"):
        records("sroie", tmp_path)


# Census


def census(folder: Path, lines: object) -> None:
    pages = [["p/1.png", "p/1.json"], ["p/2.png"], ["p/3.png", "p/3.json"]]
    (folder / "train_valid_test_split.json").write_text(json.dumps({"train": pages}))
    picture(folder / "p/1.png")
    (folder / "p/1.json").write_text(json.dumps(lines))


LINES = [
    {"LINE_NBR": "1", "HOUSEHOLD_ID": "12", "PR_NAME": "Smith, Bob", "PR_NAME_GN": "Bob",
     "PR_RELATIONSHIP_TO_HEAD": "Head", "PR_SEX_CODE": "M", "PR_RACE_OR_COLOR": "W",
     "PR_AGE": 41, "PR_BIRTH_PLACE": "Utah"},
    {"LINE_NBR": "2", "PR_NAME": "Smith, Ann", "PR_AGE": None, "PR_SEX_CODE": "F"},
]  # fmt: skip


def test_census_asks_for_the_whole_record_and_for_each_column(tmp_path):
    census(tmp_path, {"indexed": LINES, "recognition": []})
    page, short, missing = records("census", tmp_path)
    assert asked(page) == {
        "record~": ("1|12|Smith, Bob|Head|M|W|41|Utah\\2|ø|Smith, Ann|ø|F|ø|ø|ø‡",),
        "all-name~": ("Smith, Bob\\Smith, Ann‡",),
        "all-given name~": ("Bob\\ø‡",),
        "all-age~": ("41\\ø‡",),
    }
    assert short.where == "train[1]"
    assert missing.path == tmp_path / "p/3.json"


def test_census_asks_for_40_lines_at_most_and_a_page_without_lines_is_blank(tmp_path):
    census(tmp_path, [{"PR_AGE": i} for i in range(50)])
    ages = asked(records("census", tmp_path)[0])["all-age~"][0]
    assert ages == "\\".join(map(str, range(40))) + "‡"
    census(tmp_path, [])
    assert asked(records("census", tmp_path)[0])["record~"] == ("ø",)


def test_census_refuses_what_is_not_there_or_not_as_it_must_be(tmp_path):
    with pytest.raises(DataError, match=r"train_valid_test_split\.json: it is not there"):
        records("census", tmp_path)
    census(tmp_path, {"index": LINES})
    with pytest.raises(DataError, match="valid: this record is damaged"):
        records("census", tmp_path, "valid")
    damaged = records("census", tmp_path)[0]
    assert (damaged.path, damaged.where) == (tmp_path / "p/1.json", "indexed")
