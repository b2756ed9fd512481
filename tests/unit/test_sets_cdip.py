"""IIT-CDIP from local shards, and lines from words with boxes."""

import io
import json
import random
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dessurt.data.questions.makers import PARAGRAPH_TASKS
from dessurt.data.records import DataError, readable
from dessurt.data.sets import open_set
from dessurt.data.sets.cdip import trust
from dessurt.truth.boxes import line_of

# Lines


def test_characters_share_the_box_of_their_word_and_a_space_fills_the_gap():
    line = line_of([("ab", (10, 0, 30, 20)), ("c", (40, 2, 50, 18))])
    assert line.text == "ab c"
    np.testing.assert_allclose(
        line.ends[:, :, 0], [(10, 20), (20, 30), (30, 40), (40, 50)], rtol=1e-6
    )
    np.testing.assert_allclose(line.ends[:, :, 1], 10)
    assert (line.above, line.below) == (10, 10)
    assert line.words[1].box == pytest.approx((40, 0, 50, 20))


def test_a_line_follows_its_words_down_a_turned_page():
    words = [(f"w{i}", (100 * i, 5 * i, 100 * i + 80, 5 * i + 20)) for i in range(8)]
    line = line_of(words)
    for i, word in enumerate(line.words):
        assert word.box == pytest.approx((100 * i, 5 * i, 100 * i + 80, 5 * i + 20), abs=5)
    assert line.height < 25  # a level line would be 55 high


@pytest.mark.parametrize(
    "words", [[], [("a b", (0, 0, 1, 1))], [("", (0, 0, 1, 1))], [("a", (5, 0, 1, 1))]]
)
def test_what_is_no_line_of_words_is_refused(words):
    with pytest.raises(ValueError, match="a word"):
        line_of(words)


# Pages


def block(left: int, top: int, lines: list[list[str]], wide: int = 60, tall: int = 20) -> dict:
    """Words side by side, each `wide`, lines 30 apart."""
    made = []
    for j, words in enumerate(lines):
        starts = [left + (wide + 10) * i for i in range(len(words))]
        boxes = [(x, top + 30 * j, x + wide, top + 30 * j + tall) for x in starts]
        made.append({
            "box": [boxes[0][0], boxes[0][1], boxes[-1][2], boxes[-1][3]],
            "text": " ".join(words),
            "words": [{"box": list(b), "text": t} for b, t in zip(boxes, words, strict=True)],
        })  # fmt: skip
    right, bottom = max(line["box"][2] for line in made), made[-1]["box"][3]
    box = [left, top, right, bottom]
    return {"box": box, "paragraphs": [{"box": box, "lines": made}]}


TEXT = [["one", "two", "three"], ["four", "five", "six"], ["seven", "eight", "nine"]]


def test_trust_is_what_words_cover_and_height_over_width_by_lines():
    # 3 lines, 200 x 80: words cover 9 * 60 * 20 of it; 80 / 200 is 0.4 just so
    full = block(0, 0, TEXT)
    assert trust([full]) == pytest.approx(9 * 60 * 20 / (200 * 80) + 0.4)
    alone = block(0, 200, [["only", "one", "line"]])  # 200 x 20
    assert trust([alone]) == pytest.approx(0.1)  # the original gives 0.4: width over height
    assert trust([full, alone]) == pytest.approx((3 * trust([full]) + 0.1) / 4)
    flat = {**alone, "box": [0, 0, 100, 0]}
    assert trust([full, flat]) == trust([full])
    assert trust([]) == 0


def layout(*blocks: dict, width: int = 400, height: int = 300) -> bytes:
    return json.dumps({"height": height, "width": width, "blocks": blocks}).encode()


def png(grey: int = 255, size: tuple[int, int] = (400, 300)) -> bytes:
    file = io.BytesIO()
    Image.new("L", size, grey).save(file, "png")
    return file.getvalue()


def folder_of(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def tar_of(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def records(folder: Path) -> list:
    return list(readable(open_set({"set": "cdip", "folder": folder}), random.Random(0)))


def paragraphs(record) -> list[str]:
    return [paragraph.text for paragraph in record.truth.paragraphs]


def test_blocks_are_paragraphs_where_they_are_believed_and_lines_are_otherwise(tmp_path):
    believed = layout(block(10, 10, TEXT))
    spread = block(10, 10, TEXT, wide=20, tall=10)  # 80 x 70, mostly white
    folder_of(tmp_path, {
        "a/1.png": png(), "a/1.layout.json": believed,
        "a/2.png": png(), "a/2.layout.json": layout({**spread, "box": [0, 0, 400, 300]}),
        "b/alone.png": png(), "b/other.layout.json": believed,
    })  # fmt: skip
    first, second = records(tmp_path)
    assert paragraphs(first) == ["one two three\\four five six\\seven eight nine"]
    assert paragraphs(second) == ["one two three", "four five six", "seven eight nine"]
    assert first.truth.lines[1].words[2].box == pytest.approx((150, 40, 210, 60))
    example = PARAGRAPH_TASKS["re~"](first.page, first.truth, random.Random(1))
    assert example.answers[0].endswith("nine‡")


def test_tars_are_read_where_they_lie_in_the_order_of_their_names(tmp_path):
    tar_of(tmp_path / "b.a.tar", {
        "x/2.layout.json": layout(block(0, 0, [["in", "tar"]])), "x/2.png": png(20),
        "x/1.tif": png(10), "x/1.layout.json": layout(block(0, 0, [["first"]])),
        "b.a.list": b"x/1\nx/2\n",
    })  # fmt: skip
    folder_of(tmp_path, {"z/3.png": png(30), "z/3.layout.json": layout()})
    before = sorted(tmp_path.rglob("*"))
    found = records(tmp_path)
    assert [each.page.gray[0, 0] for each in found] == [30, 10, 20]
    assert [paragraphs(each) for each in found] == [[], ["first"], ["in tar"]]
    assert found[1].source == "b.a.tar x/1.tif"
    assert sorted(tmp_path.rglob("*")) == before


def test_boxes_follow_when_the_picture_was_made_smaller(tmp_path):
    folder_of(tmp_path, {"1.png": png(size=(200, 150)),
                         "1.layout.json": layout(block(10, 10, TEXT))})  # fmt: skip
    (found,) = records(tmp_path)
    assert found.truth.size == (150, 200)
    assert found.truth.lines[1].words[2].box == pytest.approx((75, 20, 105, 30))


def test_lines_that_do_not_run_to_the_right_and_words_of_blanks_are_left_out(tmp_path):
    upright = block(0, 0, [["up", "wards"]])
    for word in upright["paragraphs"][0]["lines"][0]["words"]:
        word["box"] = [5, 5, 15, 60]
    level = block(0, 90, [["a", " ", "b c"]])
    folder_of(tmp_path, {"1.png": png(), "1.layout.json": layout(upright, level)})
    assert paragraphs(records(tmp_path)[0]) == ["a bc"]


def test_a_damaged_page_is_named_and_the_rest_is_read(tmp_path):
    tar_of(tmp_path / "s.tar", {
        "1.png": b"no picture", "1.layout.json": layout(),
        "2.png": png(), "2.layout.json": b"{",
        "3.png": png(), "3.layout.json": layout(width=0),
        "4.png": png(), "4.layout.json": layout(block(0, 0, [["good"]])),
    })  # fmt: skip
    picture, text, width, good = records(tmp_path)
    assert str(picture).startswith(f"{tmp_path / 's.tar'}, 1.png: 1.png is not a page")
    assert (text.path, text.where) == (tmp_path / "s.tar", "2.layout.json")
    assert width.where == "3.layout.json"
    assert paragraphs(good) == ["good"]


def test_a_tar_that_goes_away_does_not_end_the_run(tmp_path):
    folder_of(tmp_path, {"z.png": png(), "z.layout.json": layout(block(0, 0, [["left"]]))})
    tar_of(tmp_path / "s.tar", {"1.png": png(), "1.layout.json": layout()})
    pages = open_set({"set": "cdip", "folder": tmp_path})
    (tmp_path / "s.tar").unlink()
    found = list(readable(pages, random.Random(0)))
    assert paragraphs(found[0]) == ["left"]
    assert isinstance(found[1], DataError) and found[1].where == "1.png"


def test_what_cannot_be_used_at_all_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"there are no pictures with a STEM\.layout\.json"):
        records(tmp_path)
    with pytest.raises(DataError, match="only has a split train"):
        open_set({"set": "cdip", "folder": tmp_path}, "valid")
    (tmp_path / "s.tar").write_bytes(b"x" * 2000)
    with pytest.raises(DataError, match=r"s\.tar: this tar is damaged"):
        records(tmp_path)
