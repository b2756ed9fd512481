"""`dessurt data show`: samples as training sees them, as a picture and as JSON."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dessurt.cli import main
from dessurt.page.contact_sheet import LEADING, MARGIN, joined, sheet, written
from dessurt.train import showing
from tests.unit.train.test_train_data import HERE, config_of, official, part, write
from tests.unit.vocabulary import byte_tokenizer

PAGES = f"{HERE}:Pages"
BLACK = (0, 0, 0)


def shown(capsys: pytest.CaptureFixture, *words: object) -> tuple[list[dict], list[str]]:
    """The samples, and the lines on stderr."""
    assert main(["data", "show", *map(str, words), "--json"]) == 0
    out, err = capsys.readouterr()
    return [json.loads(line) for line in out.splitlines()], err.splitlines()


def test_a_set_alone_on_its_own_questions(capsys) -> None:
    samples, told = shown(capsys, PAGES, "--data", "toy", "--count", 4)
    assert told == []
    for each in samples:
        number = int(each["answer"].split()[1])
        assert each == {
            "part": PAGES, "source": f"toy/train.json, line {number + 1}", "question": "w0>",
            "answer": f"line {number}", "right": [f"line {number}"], "page": [100, 300],
            "image": [1152, 768], "region": None,
            "marks": {"shapes": [{"channel": "highlight", "kind": "box",
                                  "points": [[18.0, 35.0], [140.0, 65.0]]}]},
        }  # fmt: skip
    assert samples == shown(capsys, PAGES, "--data", "toy", "--count", 4)[0]
    assert samples != shown(capsys, PAGES, "--data", "toy", "--count", 4, "--seed", 1)[0]


def test_what_is_known_of_pages_is_asked_where_they_have_no_questions(capsys) -> None:
    known = (PAGES, "--data", "toy", "--option", "truth=true")
    samples, _ = shown(capsys, *known, "--count", 6)
    assert len({each["question"].split("~")[0].split(">")[0] for each in samples}) > 2
    samples, _ = shown(capsys, *known, "--tasks", "read_block>", "--count", 2)
    assert [each["question"] for each in samples] == ["read_block>"] * 2
    assert all(each["answer"].startswith("line ") for each in samples)


def test_a_damaged_record_is_told_with_file_and_line_and_skipped(capsys) -> None:
    damaged = json.dumps([0, 1, 2, 3, 5, 6, 7, 8])
    samples, told = shown(
        capsys, PAGES, "--data", "toy", "--split", "valid", "--count", 5,
        "--option", f"damaged={damaged}",
    )  # fmt: skip
    assert {each["answer"] for each in samples} == {"line 4", "line 9"}
    assert "Skipped: toy/valid.json, line 6: the answer is missing: write one." in told
    assert len(told) == len(set(told)) <= 8  # each once


def test_parts_of_a_config_are_shown_in_their_windows(tmp_path, capsys) -> None:
    config = config_of(part(), {**part(truth=True), "tasks": {"0w~": 1}, "window": [64, 128]})
    path = write(tmp_path / "config.json", config)
    both, _ = shown(capsys, path, "--count", 12)
    assert {(each["part"], tuple(each["image"])) for each in both} == {
        ("0", (64, 256)), ("1", (64, 128)),
    }  # fmt: skip
    one, _ = shown(capsys, path, "--part", "1", "--count", 3)
    assert all(each["question"].startswith("0w~") and each["region"]["shapes"] for each in one)
    assert main(["data", "show", str(path), "--part", "2"]) == 2
    assert "has no part '2': choose from 0, 1." in capsys.readouterr().err


def test_a_checkpoint_says_how_pages_are_laid_into_the_image(tmp_path, capsys) -> None:
    start = official(tmp_path / "weights")
    samples, _ = shown(
        capsys, PAGES, "--data", "toy", "--count", 2, "--checkpoint", start, "--tasks", "re~",
        "--option", "truth=true",
    )  # fmt: skip
    assert all(each["image"] == [64, 256] for each in samples)
    byte_tokenizer().save(tmp_path)
    assert main(["data", "show", PAGES, "--tokenizer", str(tmp_path / "none")]) == 2
    assert "has no tokenizer that can be read" in capsys.readouterr().err
    samples, _ = shown(capsys, PAGES, "--data", "toy", "--count", 1, "--tokenizer", tmp_path)
    assert samples[0]["image"] == [1152, 768]


def test_a_config_of_the_original_is_shown_as_it_stands(shared: Path, capsys) -> None:
    original = shared / "data" / "original"
    samples, _ = shown(
        capsys, original / "configs" / "cf_test_cats_qa_finetune.json", "--part", "MyDataset",
        "--data", original / "example_data" / "cats_qa", "--count", 3,
        "--tokenizer", shared / "data" / "bart_tokenizer",
    )  # fmt: skip
    truth = (original / "example_data" / "cats_qa" / "train" / "qa.json").read_text()
    for each in samples:
        assert each["part"] == "MyDataset" and each["image"] == [768, 768]
        assert json.dumps(each["answer"])[1:-1] in truth


def test_the_sheet_shows_marks_region_question_and_answer(tmp_path, capsys) -> None:
    out = tmp_path / "sheet.png"
    config = config_of({**part(truth=True), "tasks": {"up~": 0, "w0>": 1}})
    path = write(tmp_path / "config.json", config)
    assert main(["data", "show", str(path), "--count", "3", "--out", str(out)]) == 0
    assert capsys.readouterr().out == ""
    pixels = np.asarray(Image.open(out).convert("RGB")).astype(int)
    yellow, blue = showing.SIGNS["highlighted"][0], showing.SIGNS["region of the answer"][0]
    for colour in (blue, showing.GREEN, showing.GREY):
        assert (np.abs(pixels - colour).max(-1) == 0).sum() > 20
    assert (np.abs(pixels - yellow).max(-1) < 3).sum() > 500  # highlighted paper
    assert pixels.shape[1] > 2 * (showing.WIDE + showing.TEXT)  # two in a row, text below


def test_a_mask_is_drawn_over_what_it_hides() -> None:
    sampler, parts = showing.chosen(PAGES, Path("toy"), options={"truth": True}, tasks=["mk>"])
    ((_, sample),) = showing.samples(sampler, parts, 1, 0, print)
    picture, signs = showing._picture(sample)
    assert signs[0] == "highlighted" or signs == ["masked"]
    mask = np.array(showing.SIGNS["masked"][0])
    assert (np.abs(np.asarray(picture).astype(int) - mask).max(-1) == 0).sum() > 50


def inked(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("L")) < 128


def test_long_texts_are_wrapped_and_what_is_left_out_is_told() -> None:
    text = "{" + "all of it " * 200 + "}"
    whole, cut = written([(text, BLACK)], 300), written([(text, BLACK)], 300, 100)
    assert whole.width == cut.width == 300 and whole.height > 800 and cut.height <= 100
    assert not inked(whole)[:, -MARGIN:].any()  # nothing runs out of the picture
    told, last = written([("... and", BLACK)], 300), cut.height - MARGIN - LEADING
    ends = np.nonzero(inked(told).any(0))[0][-1] + 2
    assert np.array_equal(inked(cut)[last:, :ends], inked(told)[MARGIN:, :ends])
    endless = written([("x" * 500, BLACK)], 300)
    assert endless.height > 5 * LEADING and not inked(endless)[:, -MARGIN:].any()


def test_letters_of_any_script_are_told_apart() -> None:
    drawn = [inked(written([(text, BLACK)], 300)) for text in
             ("Ω", "Ж", "№", "‡", "中", "国", "\ue123", "\x07")]  # fmt: skip
    for number, one in enumerate(drawn):
        assert one.any()
        assert not any(np.array_equal(one, other) for other in drawn[:number])
    by_number = inked(written([("a[U+E123]b", BLACK)], 300))
    assert np.array_equal(inked(written([("a\ue123b", BLACK)], 300)), by_number)


def test_tiles_lie_in_rows() -> None:
    tiles = [Image.new("RGB", (30, tall), colour) for tall, colour in
             ((10, "red"), (40, "blue"), (20, "green"))]  # fmt: skip
    whole = sheet(tiles, 2)
    assert whole.size == (2 * 42 + 12, 52 + 32 + 12)
    assert whole.getpixel((12, 12)) == (255, 0, 0) and whole.getpixel((54, 51)) == (0, 0, 255)
    assert whole.getpixel((12, 64)) == (0, 128, 0) and whole.getpixel((54, 64)) == (160,) * 3
    assert joined(tiles[0], tiles[1], below=True).size == (30, 50)
    assert joined(tiles[0], tiles[1], below=False).size == (60, 40)
