"""Sets of questions in plain language: DocVQA, HW-SQuAD, BenthamQA, SQuAD as pages."""

import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dessurt.data.example import Example
from dessurt.data.records import DataError, Record, by_question, readable
from dessurt.data.sets import open_set
from dessurt.page import Page
from dessurt.protocol import Request
from dessurt.train.samples.pages import Records


def picture(path: Path, grey: int = 255) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (200, 100), grey).save(path)


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def records(name: str, folder: Path, split: str = "train", **options: object) -> list:
    opened = open_set({"set": name, "folder": str(folder), "split": split, **options})
    return list(readable(opened, random.Random(0)))


def questions(record) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.request.task, each.request.text, each.answers) for each in record.examples]


# DocVQA


def docvqa(folder: Path, split: str, name: str = "") -> None:
    asked = [
        {"questionId": 7, "question": "Who?", "image": "a_1.png", "answers": ["Bob", "B."]},
        {"questionId": 8, "question": "When?", "image": "b_1.png", "answers": ["1999"]},
        {"questionId": 9, "question": "Where?", "image": "a_1.png", "answers": ["here"]},
    ]
    for each in asked:
        each["image"] = f"documents/{each['image']}"
    if split == "test":
        for each in asked:
            del each["answers"]
    write(folder / split / (name or f"{split}_v1.0.json"), {"data": asked})
    picture(folder / split / "documents/a_1.png", 10)
    picture(folder / split / "documents/b_1.png", 20)


def test_docvqa_keeps_all_answers_and_asks_all_questions_of_a_page_together(tmp_path):
    docvqa(tmp_path, "train")
    first, second = records("docvqa", tmp_path)
    assert questions(first) == [
        ("natural_q~", "Who?", ("Bob", "B.")),
        ("natural_q~", "Where?", ("here",)),
    ]
    assert questions(second) == [("natural_q~", "When?", ("1999",))]
    assert (first.page.gray[0, 0], second.page.gray[0, 0]) == (10, 20)
    assert all(example.page is first.page for example in first.examples)
    assert first.examples[1].source.split()[-1] == "9"
    assert first.examples[0].region is None  # it is not known where the answer stands


def test_docvqa_takes_every_second_question_the_newer_file_name_and_tests_without_answers(tmp_path):
    docvqa(tmp_path, "val", "val_v1.0_withQT.json")
    (page,) = records("docvqa", tmp_path, "valid", half=True)
    assert [text for _, text, _ in questions(page)] == ["Who?", "Where?"]
    docvqa(tmp_path, "test")
    assert [each.answers for each in records("docvqa", tmp_path, "test")[0].examples] == [(), ()]


def test_docvqa_names_what_is_damaged_and_reads_the_rest(tmp_path):
    docvqa(tmp_path, "train")
    file = tmp_path / "train/train_v1.0.json"
    asked = json.loads(file.read_text("utf-8"))["data"]
    write(file, {"data": [*asked, {"question": "No page?"}, {**asked[1], "answers": []}, 5]})
    (tmp_path / "train/documents/a_1.png").write_bytes(b"no picture")
    whole, rest, second, no_page, number = records("docvqa", tmp_path)
    assert len(rest.examples) == 1
    assert isinstance(whole, DataError) and whole.path == tmp_path / "train/documents/a_1.png"
    assert isinstance(second, DataError) and (second.path, second.where) == (file, "data[4]")
    assert isinstance(no_page, DataError) and no_page.where == "data[3]"
    assert isinstance(number, DataError) and number.where == "data[5]"


def test_a_damaged_question_leaves_the_others_on_its_page(tmp_path, shared):
    """The case handed over, and two more."""
    docvqa(tmp_path, "train")
    file = tmp_path / "train/train_v1.0.json"
    asked = json.loads(file.read_text("utf-8"))["data"]
    write(file, {"data": [{**asked[0], "answers": []}, *asked, {"image": asked[0]["image"]}]})
    first, unanswered, unasked, second = records("docvqa", tmp_path)
    assert [text for _, text, _ in questions(first)] == ["Who?", "Where?"]
    assert (unanswered.where, unasked.where) == ("data[0]", f"data[{len(asked) + 1}]")
    assert len(second.examples) == 1
    case = shared / "cases" / "one_bad_record" / "docvqa"
    good, bad = readable(open_set({"set": "docvqa", "folder": case}, "val"), random.Random(0))
    assert questions(good) == [("natural_q~", "What is the total?", ("9",))]
    assert (bad.path.name, bad.where) == ("val_v1.0_withQT.json", "data[1]")


@pytest.mark.parametrize("mixed", [False, True])
def test_training_asks_every_question_once_before_any_again(tmp_path, mixed):
    """And not every page: as the original, which lists questions."""
    asked = [{"questionId": i, "question": f"{i}?", "answers": [f"{i}"],
              "image": f"documents/{'ab'[i > 0]}.png"} for i in range(9)]  # fmt: skip
    write(tmp_path / "train/train_v1.0.json", {"data": asked})
    for name, grey in (("a", 10), ("b", 20)):
        picture(tmp_path / f"train/documents/{name}.png", grey)
    given = {"set": "docvqa", "folder": str(tmp_path)}
    given = {"set": "mixture", "sets": [given]} if mixed else given
    times = 1000 if mixed else 9  # a mixture's pass is longer
    drawn = Records(given, "1 0")
    assert len(open_set({"set": "docvqa", "folder": str(tmp_path)})) == 2
    assert len(drawn.records) == times
    sources = [drawn.source(number, random.Random(0)) for number in range(times)]
    counts = Counter(example.answers[0] for source in sources for example in source.examples)
    assert set(counts) == set("012345678")
    assert max(counts.values()) - min(counts.values()) <= 1 and counts.total() == times
    for source in sources[:20]:
        (example,) = source.examples
        assert source.page.gray[0, 0] == (10 if example.answers == ("0",) else 20)
    again = Records(given, "1 0").source(7, random.Random(0))  # a run that goes on
    assert again.examples[0].answers == sources[7].examples[0].answers


def test_sets_count_the_questions_of_their_pages_damaged_ones_as_one(tmp_path):
    docvqa(tmp_path, "train")
    assert open_set({"set": "docvqa", "folder": tmp_path}).question_counts == [2, 1]
    page = {"qas": [1, 2, 3]}
    write(tmp_path / "HW-SQuAD_train_1.0.json", {"data": [page, {"qas": []}, "no page", page]})
    assert open_set({"set": "hw_squad", "folder": tmp_path}).question_counts == [3, 1, 3]
    pytest.importorskip("typst")
    squad(tmp_path, "train")
    assert open_set({"set": "squad", "folder": tmp_path}).question_counts == [5, 0, 0]


def test_a_question_that_a_page_does_not_have_is_another_of_its_questions():
    class Short:
        question_counts = (1, 0, 3)

        def __len__(self) -> int:
            return 3

        def record(self, index: int, rng: random.Random) -> Record:
            page = Page.from_array(np.zeros((9, 9), np.uint8))
            asked = (Example(page, Request("natural_q~", text), (text,)) for text in "xy")
            return Record(page, tuple(asked), source=str(index))

    asked = by_question(Short())
    found = [asked.record(index, random.Random(0)) for index in range(len(asked))]
    assert [record.source for record in found] == ["0", "2", "2", "2"]
    texts = [[example.answers[0] for example in record.examples] for record in found]
    assert texts == [["x"], ["x"], ["y"], ["x", "y"]]


def test_a_disk_that_fails_costs_one_page(tmp_path, monkeypatch):
    docvqa(tmp_path, "train")
    opened = Page.open

    def failing(path: Path) -> Page:
        if path.name == "a_1.png":
            raise OSError("stale file handle")
        return opened(path)

    monkeypatch.setattr(Page, "open", failing)
    failed, good = records("docvqa", tmp_path)
    assert str(failed).endswith("a_1.png: stale file handle")
    assert questions(good) == [("natural_q~", "When?", ("1999",))]


@pytest.mark.parametrize("name", ["docvqa", "hw_squad", "squad"])
def test_a_folder_without_the_layout_is_refused(name, tmp_path):
    if name == "squad":
        pytest.importorskip("typst")
    with pytest.raises(DataError, match="it is not there: the folder must have .*train"):
        records(name, tmp_path)


def test_a_file_that_is_no_json_is_refused_with_its_line(tmp_path):
    docvqa(tmp_path, "train")
    file = tmp_path / "train/train_v1.0.json"
    file.write_text('{"data": [\n{"question": ]}')
    with pytest.raises(DataError, match=r"train_v1\.0\.json, line 2: this is not JSON"):
        records("docvqa", tmp_path)
    write(file, [1, 2])
    with pytest.raises(DataError, match="data: this record is damaged"):
        records("docvqa", tmp_path)


# HW-SQuAD and BenthamQA

WORDS = ("The", "cat", "sat", "on", "it.")


def hw_squad(boxes: bool = True, **more: object) -> dict:
    words: list[dict] = [{"wordno": i, "text": word} for i, word in enumerate(WORDS)]
    for i, word in enumerate(words if boxes else []):  # three words, then two below
        x, y = 10 + 60 * (i % 3), 10 + 40 * (i // 3)
        word |= {"xmin": x, "ymin": y, "xmax": x + 40, "ymax": y + 20}
    asked = [
        {"question_id": "q1", "question": "Who?", "answers": [
            {"answer_start_word_no": 0, "answer_end_word_no": 1},
            {"answer_start_word_no": 1, "answer_end_word_no": 1},
            {"answer_start_word_no": 0, "answer_end_word_no": 1}]},
        {"question_id": "q2", "question": "How?", "answers": [
            {"answer_start_word_no": 2, "answer_end_word_no": 4}]},
        {"question_id": "q3", "question": "Why?", "answers": [{"text": "for fun"}]},
    ]  # fmt: skip
    image = {"document_image": "pages/1.png", "gold_standard_transcription": words, **more}
    return {"document_id": "1", "document_image": image, "qas": asked}


def test_hw_squad_asks_every_question_and_takes_answers_from_ranges_and_texts(tmp_path):
    unasked = {"document_image": {"document_image": "pages/2.png"}}
    write(tmp_path / "HW-SQuAD_val_1.0.json", {"data": [unasked, hw_squad()]})
    picture(tmp_path / "pages/1.png")
    (record,) = records("hw_squad", tmp_path, "valid")
    assert questions(record) == [
        ("natural_q~", "Who?", ("The cat", "cat")),
        ("natural_q~", "How?", ("sat on it.",)),
        ("natural_q~", "Why?", ("for fun",)),
    ]
    assert [line.text for line in record.truth.lines] == ["The cat sat", "on it."]
    assert record.truth.lines[0].words[1].box == pytest.approx((70, 10, 110, 30))
    places = record.examples[0].printed_answer
    assert places.text == "The cat"
    np.testing.assert_allclose(places.spots[4], (70 + 40 / 6, 20), rtol=1e-5)  # c of cat
    broken = record.examples[1].printed_answer  # over the end of a line
    assert np.isnan(broken.spots[3]).all() and broken.spots[4, 1] == 60
    assert record.examples[2].printed_answer is None


def test_hw_squad_without_boxes_has_no_truth_and_a_damaged_page_does_not_kill_the_rest(tmp_path):
    wrong = hw_squad()
    wrong["qas"][1]["answers"][0]["answer_end_word_no"] = 5
    skipped = hw_squad(gold_standard_transcription=[{"wordno": 1, "text": "cat"}])
    data = [wrong, skipped, "no page", hw_squad(boxes=False)]
    write(tmp_path / "HW-SQuAD_train_1.0.json", {"data": data})
    picture(tmp_path / "pages/1.png")
    rest, range_, numbers, text, good = records("hw_squad", tmp_path)
    assert [example.source[-2:] for example in rest.examples] == ["q1", "q3"]
    assert str(range_).endswith("1.0.json, q2: there are no words 2 to 5: mend it.")
    assert numbers.where == "data[1]" and "not numbered from 0" in str(numbers)
    assert text.where == "data[2]"
    assert good.truth is None and good.examples[0].printed_answer is None
    assert questions(good)[0] == ("natural_q~", "Who?", ("The cat", "cat"))


def tall(folder: Path, height: int = 3000) -> None:
    """A page of 600 pixels' width, grey 100 above its middle and 200 below, with three lines."""
    words = [
        {"wordno": 0, "text": "upper", "xmin": 20, "ymin": 20, "xmax": 70, "ymax": 40},
        {"wordno": 1, "text": "cut", "xmin": 10, "ymin": 1480, "xmax": 50, "ymax": 1540},
        {"wordno": 2, "text": "lower", "xmin": 90, "ymin": 1480, "xmax": 140, "ymax": 1540},
        {"wordno": 3, "text": "last", "xmin": 10, "ymin": 2900, "xmax": 60, "ymax": 2920},
    ]
    answer = {"answer_start_word_no": 2, "answer_end_word_no": 3}
    page = {
        "document_image": {"document_image": "1.png", "gold_standard_transcription": words},
        "qas": [{"question_id": "q", "question": "What?", "answers": [answer]}],
    }
    write(folder / "HW-SQuAD_train_1.0.json", {"data": [page]})
    write(folder / "BenthamQA__1.0.json", {"data": [page]})
    pixels = np.full((height, 600), 100, np.uint8)
    pixels[height // 2 :] = 200
    Image.fromarray(pixels).save(folder / "1.png")


def test_a_tall_page_of_hw_squad_is_laid_side_by_side(tmp_path):
    """As in the original: seen at .64 of its size instead of .384."""
    tall(tmp_path)
    (record,) = records("hw_squad", tmp_path)
    page = record.page
    assert page.size == record.truth.size == (1500, 1200)
    assert min(1152 / page.height, 768 / page.width) == 0.64
    assert (page.gray[:, :600] == 100).all() and (page.gray[:, 600:] == 200).all()
    boxes = {line.text: line.box for line in record.truth.lines}
    assert boxes["upper"] == pytest.approx((20, 20, 70, 40))
    assert boxes["cut lower"] == pytest.approx((610, 0, 740, 40))  # less what is in the other half
    assert boxes["last"] == pytest.approx((610, 1400, 660, 1420))
    answer = record.examples[0].printed_answer
    assert answer.text == "lower last"
    assert answer.spots[0] == pytest.approx((695, 10)) and answer.spots[-1][1] == 1410
    (square,) = records("hw_squad", tmp_path, size=[3000, 600])
    (bentham,) = records("bentham", tmp_path, "test")
    assert square.page.size == bentham.page.size == (3000, 600)


def test_halves_of_unlike_height_have_paper_between(tmp_path):
    tall(tmp_path, 2901)
    (record,) = records("hw_squad", tmp_path)
    assert record.page.size == (1451, 1200)
    assert (record.page.gray[:1450, :600] == 100).all() and (record.page.gray[:, 600:] == 200).all()
    assert (record.page.gray[1450, :600] == 255).all()


@pytest.mark.parametrize(("height", "laid"), [(900, False), (1800, False), (1804, True)])
def test_pages_are_laid_side_by_side_only_where_that_shows_them_larger(tmp_path, height, laid):
    """A page of 600 pixels' width: 768 / 1200 of its size, or 1152 / height."""
    tall(tmp_path, height)
    given = json.loads((tmp_path / "HW-SQuAD_train_1.0.json").read_text())
    del given["data"][0]["document_image"]["gold_standard_transcription"]
    given["data"][0]["qas"][0]["answers"] = [{"text": "x"}]
    write(tmp_path / "HW-SQuAD_train_1.0.json", given)
    (record,) = records("hw_squad", tmp_path)
    assert record.page.width == (1200 if laid else 600) and record.truth is None


def test_bentham_qa_is_read_the_same_way_and_has_only_a_test_split(tmp_path):
    write(tmp_path / "BenthamQA__1.0.json", {"data": [hw_squad()]})
    picture(tmp_path / "pages/1.png")
    (record,) = records("bentham", tmp_path, "test")
    assert questions(record)[1] == ("natural_q~", "How?", ("sat on it.",))
    with pytest.raises(DataError, match="no split 'train'"):
        records("bentham", tmp_path)
    with pytest.raises(DataError, match="there are 0 files BenthamQA"):
        records("bentham", tmp_path / "pages", "test")


# SQuAD


def squad(folder: Path, split: str) -> str:
    """Write it, and give its first context."""
    context = (
        "The Norman dynasty had a major impact on medieval Europe and Café Łódź. They were "
        "descended from Norse raiders of Denmark, Iceland and Norway who swore fealty to Rollo. "
        "Rollo’s heirs were Norman too."
    )
    answers = [
        {"text": "Denmark, Iceland and Norway", "answer_start": context.index("Denmark")},
        {"text": "Norway", "answer_start": context.index("Norway")},
    ]
    asked = [
        {"id": "a", "question": "Where from?", "answers": answers, "is_impossible": False},
        {"id": "b", "question": "How tall?", "answers": [], "is_impossible": True},
        {"id": "c", "question": "Who?", "is_impossible": False, "answers": [
            {"text": "Norman", "answer_start": context.rindex("Norman")}]},
        {"id": "d", "question": "Which town?", "is_impossible": False, "answers": [
            {"text": "Łódź", "answer_start": context.index("Ł")}]},
        {"id": "e", "question": "Which letter?", "is_impossible": False, "answers": [
            {"text": "Ł", "answer_start": context.index("Ł")}]},
    ]  # fmt: skip
    paragraphs = [{"context": context, "qas": asked}, {"context": "", "qas": []}, {"qas": []}]
    write(folder / f"{split}-v2.0.json", {"data": [{"title": "N", "paragraphs": paragraphs}]})
    return context


def test_squad_prints_the_context_and_knows_where_each_answer_stands(tmp_path):
    pytest.importorskip("typst")
    context = squad(tmp_path, "dev")
    record, empty, without = records("squad", tmp_path, "valid")
    printed = " ".join(line.text for line in record.truth.lines)
    assert printed == context.replace("Łódź", "ódz")
    assert questions(record) == [
        ("natural_q~", "Where from?", ("Denmark, Iceland and Norway", "Norway")),
        ("natural_q~", "How tall?", ("№",)),
        ("natural_q~", "Who?", ("Norman",)),
        ("natural_q~", "Which town?", ("ódz",)),
    ]
    for example in record.examples:
        assert example.printed_answer.text == example.answers[0]
    assert not len(record.examples[1].printed_answer.places)
    words = [word for line in record.truth.lines for word in line.words]
    last = [word for word in words if word.text == "Norman"][-1]
    middles = last.line.ends[last.first : last.last + 1].mean(1)
    np.testing.assert_array_equal(record.examples[2].printed_answer.spots, middles)
    x, y = middles[0].round().astype(int)  # there is ink at the N
    assert record.page.gray[y - 8 : y + 8, x - 8 : x + 8].min() < 128
    assert empty.where == "data[0].paragraphs[1]" and "too long for a page, or empty" in str(empty)
    assert without.where == "data[0].paragraphs[2]"


def test_squad_looks_the_same_for_validation_and_different_for_training(tmp_path):
    pytest.importorskip("typst")
    for split in ("train", "dev"):
        squad(tmp_path, split)
    looks = {}
    for split in ("train", "valid"):
        opened = open_set({"set": "squad", "folder": tmp_path}, split)
        looks[split] = {opened.record(0, random.Random(seed)).page.digest for seed in range(3)}
    assert len(looks["train"]) == 3
    assert len(looks["valid"]) == 1
    with pytest.raises(DataError, match="no split 'test'"):
        open_set({"set": "squad", "folder": tmp_path}, "test")
