"""The quality table: what is asked, what counts as an error, and what is printed and written."""

import json
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from dessurt import Alternative, Card, Done, Event, Marks, Page, Region, Request, Text
from dessurt.data.example import Example
from dessurt.evaluate import asking, main, page_tasks, pages, report
from dessurt.evaluate.pages import Answer, KnownPage, folded
from dessurt.evaluate.table import (
    MEASURES,
    OTHERWISE_MARKED,
    TESSERACT_BLOCK,
    TESSERACT_LINE,
    Question,
    Result,
)
from dessurt.page.frame import Frame
from dessurt.truth import Entity, Line, Paragraph, Truth

SIZE = 200, 400  # of the page, height and width
LINES = (  # text, block, whether it counts; monospaced, 10 x 20 pixels a letter, 30 to a line
    ("one two three four five six", 0, True),
    ("seven eight nine", 0, True),
    ("ten eleven", 0, True),
    ("alone here", 1, True),
    ("not this", 2, False),
    ("nor this", 2, True),
)
ANSWERS = {"w0>": "one two", "read_block0>": "one two three", "re~": "seven eight nine‡", "0w~": ""}


def line(number: int, text: str, block: int, counts: bool) -> dict:
    top, left, words = 10 + 30 * number, 10, []
    for part in text.split(" "):
        box = [left, top, left + 10 * len(part), top + 20]
        words.append({"text": part, "box": box})
        left += 10 * (len(part) + 1)
    box = [10, top, 10 + 10 * len(text), top + 20]
    return {"text": text, "box": box, "block": block, "eval": counts, "words": words}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set of one page, clean and degraded, and a manifest."""
    truth = {"image": "p.png", "lines": [line(i, *given) for i, given in enumerate(LINES)]}
    place = tmp_path / "set"
    for under in (place, place / "degraded"):
        under.mkdir()
        cv2.imwrite(str(under / "p.png"), np.full(SIZE, 255, np.uint8))
        (under / "p.json").write_text(json.dumps(truth))
    (place / "manifest.json").write_text("{}")
    return place


@pytest.fixture
def known(folder: Path) -> KnownPage:
    (only,) = pages.real_pages(folder)
    return only


class FakeInstrument:
    """Answers with given texts and a region of two words of the first line."""

    def __init__(self, tasks: tuple[str, ...] = ("w0>", "read_block0>", "0w~", "re~")) -> None:
        self.card = Card("fake", tasks=tasks)
        self.asked: list[Request] = []
        self.interrupted_at = -1

    def frame(self, page: Page, marks: Marks) -> Frame:
        return Frame.fit(page.size, (64, 64))

    def ask(self, page: Page, request: Request) -> Iterator[Event]:
        if len(self.asked) == self.interrupted_at:
            raise KeyboardInterrupt
        self.asked.append(request)
        for letter in ANSWERS[request.task]:
            yield Text(letter, 5, 1.0)
        if request.want_region:
            region = np.full(page.size, 0.49, np.float32)
            region[10:30, 10:80] = 0.5  # "one two", and the gap
            yield Region(region, self.frame(page, request.marks))
        yield Done(0.0, 0.0, 1, "end")


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> FakeInstrument:
    fake = FakeInstrument()
    monkeypatch.setattr(main, "open_model", lambda checkpoint, **_: fake)
    return fake


def asked(questions: Callable, known: KnownPage) -> list[Example]:
    return list(questions(known, random.Random(0)))


def test_texts_are_compared_after_nfkc_with_white_space_folded():
    assert folded(" ﬁve \n words") == "five words"


def test_lines_that_count_are_read_under_their_box_on_scans_too(folder):
    (clean,), (scan,) = pages.real_pages(folder), pages.real_pages(folder, degraded=True)
    questions = asked(page_tasks.lines, clean)
    assert [question.answers[0] for question in questions] == [
        "one two three four five six", "seven eight nine", "ten eleven", "alone here", "nor this",
    ]  # fmt: skip
    for each in (questions, asked(page_tasks.lines, scan)):
        assert each[1].request.marks == Marks.from_boxes(highlight=[(10, 40, 170, 60)])


def test_paragraphs_are_whole_blocks_highlighted_line_by_line(known):
    (question,) = asked(page_tasks.paragraphs, known)  # block 1 is one line, block 2 does not count
    assert question.answers == ("one two three four five six\\seven eight nine\\ten eleven",)
    boxes = [(10, 10, 280, 30), (10, 40, 170, 60), (10, 70, 110, 90)]
    assert question.request.marks == Marks.from_boxes(highlight=boxes)


def test_reading_on_begins_at_the_last_words_of_a_line(known):
    first, second = asked(page_tasks.reading_on, known)
    assert first.request.text == "one two three four five six"
    assert first.answers == ("seven eight nine\\ten eleven‡",)
    assert second.request.text, second.answers == ("seven eight nine", ("ten eleven‡",))


def test_a_query_is_cut_to_64_characters_from_the_left_at_a_word():
    words = " ".join(f"abcdef{i}" for i in range(9))  # 71 characters
    page = Page.from_array(np.full((60, 800), 255, np.uint8))
    lines = [pages._real_line(line(i, text, 0, True), False) for i, text in enumerate([words, "z"])]
    (question,) = asked(page_tasks.reading_on, KnownPage("p", page, (tuple(lines),)))
    assert question.request.text == words.removeprefix("abcdef0 ")


@pytest.mark.parametrize("again", ["one two three four five six", "twenty-one two three four five"])
def test_a_text_that_is_printed_twice_is_not_asked_for(known, again):
    also = pages._real_line(line(0, again, 3, False), False)
    twice = KnownPage("p", known.page, (*known.blocks, (also,)))
    assert known.has_once("three four") and not twice.has_once("three four")
    texts = {question.request.text for question in asked(page_tasks.words_to_find, twice)}
    assert texts <= {"two three four five six"}  # the rest of the first line is there twice
    assert not twice.has_once("one two three four five")


def test_words_to_find_are_five_or_more_of_a_line_with_their_boxes(known):
    found = set()
    for seed in range(20):
        (question,) = page_tasks.words_to_find(known, random.Random(seed))
        found.add(question.request.text)
        if question.request.text == "two three four five six":
            boxes = [(50, 10, 80, 30), (90, 10, 140, 30), (150, 10, 190, 30), (200, 10, 240, 30),
                     (250, 10, 280, 30)]  # fmt: skip
            assert question.region == Marks.from_boxes(highlight=boxes)
            assert question.request.want_region
    assert found == {
        "one two three four five", "two three four five six", "one two three four five six",
    }  # fmt: skip


class Guesser(FakeInstrument):
    """Thinks a hundred tokens the likeliest, 0 first; a word's token is its length."""

    def token_ids(self, text: str) -> list[int]:
        return [len(text) * 10]

    def ask(self, page: Page, request: Request) -> Iterator[Event]:
        likely = tuple(Alternative("", i, 0.0) for i in range(request.alternatives))
        assert len(likely) == 100 and request.marks.has("mask")
        yield Text("three", 0, 1.0, likely)
        yield Text("", 2, 1.0, likely)
        yield Done(0.0, 0.0, 2, "end")


def test_masked_words_are_guessed(known):
    measure = MEASURES["mk>"]
    found = asked(measure.questions, known)
    texts = [set(text.split(" ")) for text, _, counts in LINES if counts]
    assert all(each.answers[0] in line for each, line in zip(found, texts, strict=True))
    x0, y0, x1, y1 = found[3].request.marks.bounds("mask")  # 2 pixels more than the word
    assert (x1 - x0, y0, y1) == (10 * len(found[3].answers[0]) + 4, 98, 122)
    result = Result(measure)
    for word in ("three", "a", "bb", "x" * 9, "x" * 20):  # tokens 50, 10, 20, 90 and 200
        example = replace(found[0], answers=(word,))
        answer = measure.ask(Guesser(), example)
        result.add(Question(measure, known, example), answer, 0.1)
    assert {score.figure.name: score.value for score in result.scores} == {
        "accuracy": 1 / 5, "mk_firsttoken_top10": 0, "mk_firsttoken_top50": 2 / 5,
        "mk_firsttoken_top100": 4 / 5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("token", "right", "given", "errors", "letters"),
    [
        ("w0>", "abcd", "abxd", 1, 4),
        ("w0>", "a\\b", "a b", 1, 3),  # in a line it is a letter
        ("read_block0>", "ab\\cd", "ab cd", 0, 5),
        ("read_block0>", "ab\\cd", "abcd", 1, 5),
        ("read_block>", "ab cd\\e", "ab\\cd e", 0, 3),  # in words
        ("read_block>", "ab cd\\e", "ab\\cx f e", 2, 3),
        ("re~", "ab‡", "ab‡", 0, 2),
        ("re~", "ab‡", "abcde", 3, 2),
        ("re~", "x" * 50, "x" * 39 + "yz", 1, 40),
        ("re~", "x" * 39 + "\\" + "y" * 9, "x" * 39, 0, 39),  # no space at the end of the 40
    ],
)
def test_errors_and_letters(known, token, right, given, errors, letters):
    example = Example(known.page, Request(token), (right,))
    assert MEASURES[token].figures[0].judge(known, example, Answer(given)) == (errors, letters)


def test_overlap_is_intersection_over_union_in_page_pixels(known):
    boxes = Marks.from_boxes(highlight=[(10, 10, 40, 30), (50, 10, 80, 30)])  # 600 + 600 pixels
    example = Example(known.page, Request("0w~", "one two"), ("",), boxes)
    region = np.zeros(SIZE, bool)
    region[10:40, 10:80] = True  # 2,100 pixels
    assert page_tasks.overlap(known, example, Answer("", region)) == (1200 / 2100, 1.0)
    assert page_tasks.overlap(known, example, Answer("", region & False)) == (0.0, 1.0)


def test_a_rate_is_the_sum_of_distances_over_the_sum_of_lengths_and_the_worst_are_kept(known):
    result = Result(MEASURES["w0>"], keep=2)
    for right, given in (("abcd", "abxd"), ("ab", "ab"), ("abcdef", "xxxdef"), ("abc", "a")):
        example = Example(known.page, Request("w0>"), (right,), source="p")
        result.add(Question(result.measure, known, example), Answer(given), 0.5)
    assert result.first_score.value == 6 / 15 and result.questions == 4 and result.seconds == 2.0
    assert [mistake.badness for mistake in result.worst] == [3, 2]
    assert report.described(result.worst[0]) == "w0>  3 wrong  p\n    abcdef\n    xxxdef"


def test_the_table_and_the_file_hold_the_figures(folder, model, tmp_path, capsys):
    figures = tmp_path / "figures.json"
    words = ["--data", str(folder), "--no-tesseract", "--json", str(figures), "--worst", "1"]
    assert main.main(words) == 0
    read = json.loads(figures.read_text("utf-8"))
    assert read["checkpoint"] == "fake" and read["set"] == "realpages" and read["complete"]
    tasks = read["tasks"]
    truths = [text for text, _, counts in LINES if counts]
    assert tasks["w0>"]["of"] == sum(map(len, truths)) == 71
    assert tasks["w0>"]["questions"] == 5 and tasks["w0>"]["tesseract"] is None
    assert tasks["w0>"]["value"] == (20 + 13 + 8 + 6 + 6) / 71
    assert tasks["read_block0>"]["value"] == (55 - 13) / 55
    assert tasks["re~"]["questions"] == 2
    assert tasks["re~"]["of"] == 27 + 10
    # One query of the first line; the region has 1,400 pixels, 1,200 of them in the words' boxes.
    sizes = {"one two three four five six": 4400, "one two three four five": 3800}
    query = next(request.text for request in model.asked if request.task == "0w~")
    first = 1200 if query.startswith("one") else 600
    size = sizes.get(query, 3800)
    assert tasks["0w~"]["value"] == pytest.approx(first / (size + 1400 - first))
    shown = capsys.readouterr().out
    assert "fake on realpages\n" in shown and "w0>  20 wrong  p" in shown
    assert "read_block0>          CER      76.36 %" in shown
    assert tasks["w0>"]["figure"] == "CER" and tasks["0w~"]["figure"] == "IoU"


def test_real_pages_are_read_by_clicks_too_and_one_that_finds_no_line_reads_nothing(
    folder, model, tmp_path, capsys
):
    figures, answers = tmp_path / "figures.json", tmp_path / "answers.json"
    words = ["--data", str(folder), "--tasks", "w0>,read_block0>", "--no-tesseract"]
    assert main.main([*words, "--json", str(figures), "--answers", str(answers)]) == 0
    tasks = json.loads(figures.read_text("utf-8"))["tasks"]
    assert {name: figure["value"] for name, figure in tasks.items() if figure} == {
        "w0>": 53 / 71, "w0> clicked": 1.0,  # the page is white
        "read_block0>": 42 / 55, "read_block0> one box": 42 / 55, "read_block0> clicked": 1.0,
    }  # fmt: skip
    assert tasks["w0> clicked"]["questions"] == 5
    assert tasks["w0> clicked"]["more"] == [{"figure": "missed", "value": 1.0, "of": 5.0}]
    assert "100.00 %" in capsys.readouterr().out
    assert len(model.asked) == 5 + 2  # of what was not marked nothing was asked
    assert model.asked[6].marks == Marks.from_boxes(highlight=[(10, 10, 280, 90)])
    written = json.loads(answers.read_text("utf-8"))
    assert [each.get("marked") for each in written] == [
        *[None] * 5, *["clicked"] * 5, None, "one box", "clicked",
    ]  # fmt: skip


def test_where_nothing_is_marked_tesseract_reads_nothing_either(known):
    (clicked,) = OTHERWISE_MARKED["w0>"]
    results: dict[str, Result] = {}
    batches = asking.all_of([known], [clicked], 0, None)
    assert asking.measure_all(FakeInstrument(), batches, 1, results, program="not run")
    assert results["w0> clicked"].tesseract.value == results["w0> clicked"].first_score.value == 1.0


def test_pages_can_be_turned(folder, model, tmp_path):
    def measured(*more: str) -> tuple[dict, list[Request]]:
        figures, before = tmp_path / "figures.json", len(model.asked)
        words = ["--data", str(folder), "--tasks", "w0>", "--no-tesseract", "--json", str(figures)]
        assert main.main([*words, *more]) == 0
        read = json.loads(figures.read_text("utf-8"))
        for figure in filter(None, read["tasks"].values()):
            del figure["seconds"]
        return read, model.asked[before:]

    straight, turned = measured(), measured("--turned", "-30", "--perspective", "5")
    assert measured("--turned", "0", "--perspective", "0") == straight
    assert straight[0]["set"] == "realpages"
    assert turned[0]["set"] == "realpages turned by -30 degrees, in a perspective of 5 %"
    for before, after in zip(straight[1], turned[1], strict=True):
        (_, y0, _, y1), (_, top, _, bottom) = (
            request.marks.bounds("highlight") for request in (before, after)
        )
        assert bottom - top > 2 * (y1 - y0)


def test_tasks_that_were_not_learned_are_left_out_unless_asked_for(folder, monkeypatch, capsys):
    fake = FakeInstrument(tasks=("w0>",))
    monkeypatch.setattr(main, "open_model", lambda checkpoint, **_: fake)
    words = ["--data", str(folder), "--no-tesseract"]
    assert main.main(words) == 0
    assert {request.task for request in fake.asked} == {"w0>"}
    assert "re~  not learned" in capsys.readouterr().out
    assert main.main([*words, "--tasks", "re~", "--degraded"]) == 0
    assert [request.task for request in fake.asked[5:]] == ["re~", "re~"]
    shown = capsys.readouterr().out
    assert "realpages degraded" in shown and "re~  not learned" not in shown


def test_ctrl_c_prints_what_was_measured_so_far(folder, model, tmp_path, capsys):
    model.interrupted_at = 3
    figures = tmp_path / "figures.json"
    words = ["--data", str(folder), "--no-tesseract", "--json", str(figures)]
    assert main.main(words) == 130
    assert "stopped before the end" in capsys.readouterr().out
    read = json.loads(figures.read_text("utf-8"))
    assert not read["complete"] and read["tasks"]["w0>"]["questions"] == 3
    assert read["tasks"]["re~"]["value"] is None


def test_a_limit_is_spread_evenly_and_batches_are_pages(known):
    measures = [MEASURES["w0>"], MEASURES["re~"]]
    other = KnownPage("q", known.page, known.blocks[1:2])
    first, second = asking.all_of([known, other], measures, 0, 3)
    assert [question.example.answers[0] for question in first] == [
        "one two three four five six", "ten eleven", "nor this",  # of six lines the 1st, 3rd, 5th
        "seven eight nine\\ten eleven‡", "ten eleven‡",
    ]  # fmt: skip
    assert second == []


def test_of_a_synthetic_page_one_question_a_task_is_drawn(known):
    questions = asking.one_each(known, MEASURES.values(), 7)
    tokens = [question.measure.token for question in questions]
    assert tokens == ["w0>", "read_block0>", "read_block>", "0w~", "re~", "mk>"]
    again = asking.one_each(known, MEASURES.values(), 7)
    assert [q.example.answers for q in again] == [q.example.answers for q in questions]
    several = (asking.one_each(known, MEASURES.values(), seed)[0] for seed in range(30))
    drawn = {question.example.answers for question in several}
    assert len(drawn) == 5  # each of the lines at some time


def test_the_worst_answers_are_drawn(folder, model, tmp_path):
    sheet = tmp_path / "worst.png"
    words = ["--data", str(folder), "--no-tesseract", "--worst-sheet", str(sheet)]
    assert main.main(words) == 0
    with Image.open(sheet) as image:
        assert image.width == 2 * 720 + 3 * 12
        assert image.getpixel((12, 12)) == (255, 255, 255)  # a tile, with the page's white
        colours = {colour for _, colour in image.getcolors(1 << 16)}
    assert {(0, 120, 0), (190, 0, 0), (254, 127, 127)} <= colours  # right, given, tinted region


def test_synthetic_pages_are_held_out_and_turned_lines_are_marked_word_by_word(monkeypatch):
    def printed(text: str, top: float, rise: float) -> Line:
        left = np.arange(len(text)) * 10.0
        ends = np.stack([np.stack([x, top - rise * x], -1) for x in (left, left + 10)], 1)
        return Line(text, ends.astype(np.float32), 12.0, 8.0)

    lines = printed("ab cd", 20, 0.0), printed("ab cd", 60, 0.2)
    truth = Truth((100, 80), paragraphs=(Paragraph(lines[:1]), Paragraph(lines)))
    seeds = []

    def draw(seed: int, held_out: bool) -> list[SimpleNamespace]:
        assert held_out
        seeds.append(seed)
        pixels = np.full((100, 80), 255, np.uint8)
        return [SimpleNamespace(pixels=pixels, truth=truth)] * 2

    monkeypatch.setattr("dessurt.synth.page", draw)
    first, second, third = pages.synthetic_pages(3, seed=5)
    assert len(set(seeds)) == 2  # two pages of one document and one of the next
    assert len({known.name for known in (first, second, third)}) == 3
    assert [len(block) for block in first.blocks] == [1, 2] and first.truth is truth
    level, turned = first.blocks[1]
    assert level.highlight == ((0, 8, 50, 28),)
    assert level.words == ((0, 8, 20, 28), (30, 8, 50, 28))
    assert turned.highlight == turned.words != level.words
    list(pages.synthetic_pages(3, seed=5))
    assert seeds[2:] == seeds[:2]


def test_a_form_is_read_as_json_and_its_fields_are_counted(model, monkeypatch, tmp_path):
    def printed(text: str, left: float, top: float) -> Line:
        x = left + np.arange(len(text)) * 10.0
        ends = np.stack([np.stack([end, top + 0 * x], -1) for end in (x, x + 10)], 1)
        return Line(text, ends.astype(np.float32), 12.0, 8.0)

    texts = [("Name:", 10, 20), ("Bob", 90, 20), ("Age:", 10, 60), ("41", 90, 60)]
    lines = [printed(*each) for each in texts]
    kinds = ("question", "answer") * 2
    form = Truth(
        (100, 200),
        paragraphs=tuple(Paragraph((each,)) for each in lines),
        entities=tuple(Entity(kind, (each,)) for kind, each in zip(kinds, lines, strict=True)),
        links=((0, 1), (2, 3)),
    )
    pixels = np.full((100, 200), 255, np.uint8)
    document = [SimpleNamespace(pixels=pixels, truth=truth) for truth in (form, Truth((100, 200)))]
    monkeypatch.setattr("dessurt.synth.page", lambda seed, held_out: document)
    # One of two fields is right and nothing else is said: F = 2 * 1 / (1 + 2).
    monkeypatch.setitem(ANSWERS, "json>", '[{"Name:": "question", "answers": ["Bob"]}]‡')
    figures = tmp_path / "figures.json"
    words = ["--set", "synthetic", "--count", "2", "--tasks", "json>", "--json", str(figures)]
    assert main.main(words) == 0
    read = json.loads(figures.read_text("utf-8"))
    assert read["set"] == "synthetic"
    figure = read["tasks"]["json>"]
    assert (figure["figure"], figure["value"], figure["questions"]) == ("F", 2 / 3, 1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "{empty}"], "no pages with lines to measure"),
        (["--data", "{broken}"], "does not describe a page"),
        ([], "--data"),
        (["--set", "synthetic", "--degraded"], "are not for --set synthetic"),
        (["--set", "synthetic", "--count", "0"], "'0' is not a number from 1 on"),
        (["--json", "{empty}/no/f.json"], "name a file in a folder there is"),
        (["--tasks", "up~", "--data", "{empty}"], "up~ is not measured: choose of w0>"),
        (["--split", "test", "--data", "{empty}"], "are for data sets"),
        (["--set", "funsd", "--degraded", "--data", "{empty}"], "is for --set realpages"),
        (["--turned", "5", "--degraded", "--data", "{empty}"], "realpages without --degraded"),
        (["--set", "synthetic", "--turned", "5"], "are for --set realpages without"),
        (["--set", "funsd", "--perspective", "5", "--data", "{empty}"], "are for --set realpages"),
        (["--turned", "46", "--data", "{empty}"], "'46' is not a number from -45 to 45"),
        (["--turned", "nan", "--data", "{empty}"], "'nan' is not a number"),
        (["--perspective", "-1", "--data", "{empty}"], "'-1' is not a number from 0 to 25"),
        (["--set", "funsd", "--data", "{empty}"], "there is nothing for 'train'"),
        (["--set", "funsd", "--data", "{empty}", "--option", "half"], "is not KEY=VALUE"),
        (["--set", "no_set", "--data", "{empty}"], "there is no data set 'no_set'"),
        (["--tasks", "xy~", "--data", "{empty}"], "'xy~' is no task: choose such as w0>"),
    ],
)
def test_mistakes_are_explained(words, message, model, tmp_path, capsys):
    for name in ("empty", "broken"):
        (tmp_path / name).mkdir()
    (tmp_path / "broken" / "p.json").write_text('{"lines": [{"text": "no place"}]}')
    paths = {"empty": tmp_path / "empty", "broken": tmp_path / "broken"}
    with pytest.raises(SystemExit) as stop:
        main.main([word.format(**paths) for word in words])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_a_crop_is_cut_at_the_edges():
    page = Page.from_array(np.arange(200, dtype=np.uint8).reshape(10, 20))
    crop = asking._cropped(page, (1.0, 2.0, 5.0, 6.0))
    assert np.array_equal(crop, page.gray[0:11, 0:10])


def test_a_broken_tesseract_is_explained(tmp_path):
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\necho 'Error opening data file' >&2\nexit 1\n")
    program.chmod(0o755)
    page = Page.from_array(np.full((20, 20), 255, np.uint8))
    message = r"tesseract failed \(Error opening data file\): .* --no-tesseract"
    with pytest.raises(asking.TesseractError, match=message):
        asking.tesseract(str(program), page, (0, 0, 10, 10), TESSERACT_LINE)


@pytest.fixture
def english_tesseract() -> str:
    program = shutil.which("tesseract")
    if program is None:
        pytest.skip("tesseract is not installed")
    known = subprocess.run([program, "--list-langs"], capture_output=True, encoding="utf-8")
    if "eng" not in known.stdout.split():
        pytest.skip("tesseract is installed without English")
    return program


def test_tesseract_reads_a_line_and_a_block(english_tesseract):
    pixels = np.full((140, 460), 255, np.uint8)
    for text, bottom in (("A plain line of text", 50), ("and one more", 100)):
        cv2.putText(pixels, text, (20, bottom), cv2.FONT_HERSHEY_DUPLEX, 1, 0, 2)
    page = Page.from_array(pixels)
    one = asking.tesseract(english_tesseract, page, (20, 20, 440, 60), TESSERACT_LINE)
    assert folded(one) == "A plain line of text"
    both = asking.tesseract(english_tesseract, page, (20, 20, 440, 110), TESSERACT_BLOCK)
    assert folded(both) == "A plain line of text and one more"
