"""`dessurt evaluate --set NAME`: what is asked, damage, files to hand in, answers gone on with."""

import json
import random
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dessurt import Card, Done, Event, Marks, Page, Request, Text
from dessurt.data.example import Example
from dessurt.data.records import DataError, Record
from dessurt.data.sets import SETS, open_set
from dessurt.evaluate import long_answers, main, set_table, sources
from dessurt.evaluate.table import MEASURES
from dessurt.truth import Entity, Paragraph, Truth
from tests.unit.test_form_json import entity

MOST = 48
NAME = f"{__name__}:Made"
PAGE = Page.from_array(np.full((300, 300), 255, np.uint8))
QUESTION = Example(
    PAGE, Request("natural_q~", "Who?"), ("Bob", "Bob Smith"), source="f.json questionId 7"
)


class Writer:
    """Answers from a table by task and text, letter by letter, 48 at most."""

    def __init__(self, answers: dict[tuple[str, str], str], tasks: tuple[str, ...] = ()) -> None:
        self.card, self.answers = Card("writer", tasks=tasks), answers
        self.asked: list[Request] = []
        self.interrupted_at = -1

    def ask(self, page: Page, request: Request) -> Iterator[Event]:
        if len(self.asked) == self.interrupted_at:
            raise KeyboardInterrupt
        self.asked.append(request)
        text = self.answers[request.task, request.text]
        for letter in text[:MOST]:
            yield Text(letter, 5, 1.0)
        yield Done(0.0, 0.0, len(text), "end" if len(text) <= MOST else "length")


class Made:
    """Records as a test puts them; an error stands for a damaged one."""

    records: tuple[Record | DataError, ...] = ()

    def __init__(self, folder: Path, split: str = "train", *, first: int = 0) -> None:
        if split == "test":
            raise DataError("there is no test split.", folder)
        self.given = self.records[first:]

    def __len__(self) -> int:
        return len(self.given)

    def record(self, index: int, rng: random.Random) -> Record:
        found = self.given[index]
        if isinstance(found, DataError):
            raise found
        return found


def form() -> Truth:
    entities = (
        entity("question", "Name", 0, 0), entity("answer", "Bob", 100, 0),
        entity("question", "Age", 0, 50), entity("answer", "41", 100, 50),
    )  # fmt: skip
    paragraphs = tuple(Paragraph(each.lines) for each in entities)
    return Truth((300, 300), "form", paragraphs, entities, ((0, 1), (2, 3)))


def measured(monkeypatch, tmp_path, model, records, *words, name=NAME):
    """The exit code, and the figures that were written."""
    monkeypatch.setattr(Made, "records", tuple(records))
    monkeypatch.setattr(main, "open_model", lambda checkpoint, **_: model)
    monkeypatch.setattr(
        sources, "open_set", lambda given, split: open_set({**given, "set": NAME}, split)
    )
    file = tmp_path / "figures.json"
    code = main.main(["--set", name, "--data", str(tmp_path), "--json", str(file), *words])
    return code, json.loads(file.read_text("utf-8"))


def test_every_set_is_in_the_table_or_measured_by_what_it_asks():
    by_what_they_ask = {"annotations", "distill", "mixture", "my_dataset", "pages", "synthetic"}
    without = {name for name in SETS if not set_table.measures_of(name)}
    assert without <= by_what_they_ask
    figures = {
        name: [figure.name for each in set_table.measures_of(name) for figure in each.figures]
        for name in ("docvqa", "iam", "funsd", "naf", "rvl_cdip", "sroie")
    }
    assert figures == {
        "docvqa": ["ANLS"], "iam": ["CER", "WER"], "rvl_cdip": ["accuracy"],
        "funsd": ["entity F", "relation F", "GAnTED"], "naf": ["entity F", "relation F", "GAnTED"],
        "sroie": ["field F"],
    }  # fmt: skip
    for token in ("natural_q~", "w0>", "mlm>", "ner_line>", "read_block>"):
        assert set_table.measure_of(token).token == token
    assert set_table.measure_of("mlm>").figures[0].name == "ED"


def test_damaged_and_unanswered_records_are_told_and_left_out(monkeypatch, tmp_path, capsys):
    unanswered = replace(QUESTION, answers=(), request=Request("natural_q~", "When?"))
    records = [
        Record(PAGE, (QUESTION, unanswered), source="a"),
        DataError("mend it.", tmp_path / "f.json", 12),
        Record(PAGE, (QUESTION,), source="b"),
    ]
    model = Writer({("natural_q~", "Who?"): "bob smit", ("natural_q~", "When?"): "now"})
    code, figures = measured(monkeypatch, tmp_path, model, records)
    shown = capsys.readouterr()
    assert code == 0
    assert f"left out: {tmp_path / 'f.json'}, line 12: mend it." in shown.err
    assert "1 of 3 pages are damaged and were left out" in shown.out
    assert "1 of 3 questions have no known answer" in shown.out
    assert figures["damaged"] == [f"{tmp_path / 'f.json'}, line 12: mend it."]
    task = figures["tasks"]["natural_q~"]
    assert figures["set"] == f"{NAME} valid"  # there is no test split
    assert (task["figure"], task["value"], task["of"], task["questions"]) == (
        "ANLS", pytest.approx(8 / 9), 2, 3,
    )  # fmt: skip


def test_limit_split_options_tasks_and_beams(monkeypatch, tmp_path):
    records = [
        Record(PAGE, (replace(QUESTION, request=Request("natural_q~", str(n))),
                      replace(QUESTION, request=Request("mlm>", str(n)))), source=str(n))
        for n in range(7)
    ]  # fmt: skip
    model = Writer({(task, str(n)): "Bob" for n in range(7) for task in ("natural_q~", "mlm>")})
    words = ["--limit", "3", "--split", "train", "--option", "first=1"]
    _, figures = measured(
        monkeypatch, tmp_path, model, records, *words, "--tasks", "mlm>", "--beams", "4"
    )
    assert figures["set"] == f"{NAME} train"
    assert [request.text for request in model.asked] == ["1", "3", "5"]
    assert {(request.task, request.beams) for request in model.asked} == {("mlm>", 4)}
    assert list(figures["tasks"]) == ["mlm>"]


def test_ctrl_c_prints_and_writes_what_was_measured_so_far(monkeypatch, tmp_path, capsys):
    model = Writer({("natural_q~", "Who?"): "Bob"})
    model.interrupted_at = 2
    records = [Record(PAGE, (QUESTION,), source=str(n)) for n in range(3)]
    answers = tmp_path / "answers.json"
    code, figures = measured(
        monkeypatch, tmp_path, model, records, "--answers", str(answers), name="docvqa"
    )
    assert code == 130 and not figures["complete"]
    assert figures["tasks"]["natural_q~"]["questions"] == 2
    assert "docvqa valid, stopped before the end" in capsys.readouterr().out
    assert json.loads(answers.read_text("utf-8")) == [{"questionId": 7, "answer": "Bob"}] * 2


def test_receipts_become_files(monkeypatch, tmp_path):
    receipt = Example(PAGE, Request("sroie>"), ('{"total": "9.00", "date": "x"}‡',), source="r1")
    model = Writer({("sroie>", ""): '{"total": "9.00", "da'})
    folder = tmp_path / "results"
    _, figures = measured(
        monkeypatch, tmp_path, model, [Record(PAGE, (receipt,), source="r1")],
        "--answers", str(folder), name="sroie",
    )  # fmt: skip
    assert figures["tasks"]["sroie>"]["value"] == 2 / 3
    assert json.loads((folder / "r1.txt").read_text("utf-8")) == {"total": "9.00"}


def test_answers_of_any_set_become_json(monkeypatch, tmp_path):
    model, answers = Writer({("natural_q~", "Who?"): "Al"}), tmp_path / "answers.json"
    record = Record(PAGE, (QUESTION,), source="a")
    measured(monkeypatch, tmp_path, model, [record], "--answers", str(answers))
    assert json.loads(answers.read_text("utf-8")) == [{
        "source": "f.json questionId 7", "task": "natural_q~", "question": "Who?", "answer": "Al",
        "right": ["Bob", "Bob Smith"],
    }]  # fmt: skip


def here(judge, *given) -> Future:
    done: Future = Future()
    done.set_result(judge(*given))
    return done


@pytest.mark.parametrize("as_original", [False, True])
def test_forms_have_entity_f_relation_f_and_ganted(monkeypatch, tmp_path, capsys, as_original):
    # One of two questions is read: 2 of 4 entities, 1 of 2 links.
    answer = '[{"Name": "question", "answers": ["Bob"]}]‡'
    model = Writer({("json>", ""): answer}, tasks=("w0>",))
    answers = lambda model, example: long_answers.Answer(answer)  # noqa: E731
    monkeypatch.setattr(long_answers, "answer_once", answers)
    words = ["--as-original"] if as_original else []
    if as_original:  # to start a process takes seconds: once is enough
        monkeypatch.setattr(main, "judges", lambda processes: nullcontext(here))
    records = [Record(PAGE, truth=form(), source="a"), Record(PAGE, truth=Truth((300, 300)))]
    _, figures = measured(monkeypatch, tmp_path, model, records, *words, name="funsd")
    task = figures["tasks"]["json>"]
    assert (task["figure"], task["value"], task["questions"]) == ("entity F", 4 / 6, 1)
    relation, trees = task["more"]
    assert (relation["figure"], relation["value"]) == ("relation F", 2 / 3)
    assert (trees["figure"], trees["value"]) == ("GAnTED", 0.25 if as_original else 0.5)
    shown = capsys.readouterr().out
    assert "relation F  0.667" in shown and "writer has not learned json>" in shown
    assert (", as the original measures" in shown) == as_original


def test_what_cannot_be_judged_is_told_and_the_rest_counts(monkeypatch, tmp_path, capsys):
    answer = long_answers.Answer('[{"Name": "question", "answers": ["Bob"]}]‡')
    monkeypatch.setattr(long_answers, "answer_once", lambda model, example: answer)
    broken: Future = Future()
    broken.set_exception(MemoryError("too large"))
    monkeypatch.setattr(main, "judges", lambda processes: nullcontext(lambda *given: broken))
    record = Record(PAGE, truth=form(), source="a")
    code, figures = measured(monkeypatch, tmp_path, Writer({}), [record], name="funsd")
    assert code == 130 and not figures["complete"]
    assert figures["tasks"]["json>"]["value"] == 4 / 6
    assert [each["value"] for each in figures["tasks"]["json>"]["more"]] == [2 / 3, None]
    assert "could not be judged: MemoryError('too large')" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("height", "enlarged", "box"),
    [
        (300, False, (426, 359, 726, 409)),  # 300 high and 50 wide, in the middle
        (300, True, (0, 288, 1152, 480)),
        (2304, False, (0, 371, 1152, 396)),
    ],
)
def test_the_original_shows_forms_on_white(height, enlarged, box):
    page = Page.from_array(np.zeros((height, 50), np.uint8))
    shown = set_table.on_white(page, (1152, 768), enlarged)
    y, x = np.nonzero(shown.pixels < 128)
    assert shown.size == (1152, 768)
    assert (y.min(), x.min(), y.max() + 1, x.max() + 1) == box


def test_a_split_without_answers_is_only_measured_where_it_is_named(monkeypatch, tmp_path):
    class Two(Made):
        def __init__(self, folder: Path, split: str) -> None:
            answers = () if split == "test" else ("Bob",)
            self.given = [Record(PAGE, (replace(QUESTION, answers=answers),), source="a")]

    model = Writer({("natural_q~", "Who?"): "Bob"})
    monkeypatch.setattr(main, "open_model", lambda checkpoint, **_: model)
    monkeypatch.setattr(sources, "open_set", lambda given, split: Two(tmp_path, split))
    words, file = ["--set", "docvqa", "--data", str(tmp_path)], tmp_path / "f.json"
    named = ["--split", "test"]
    for more, kind, value in (([], "docvqa valid", 1.0), (named, "docvqa test", None)):
        assert main.main([*words, *more, "--json", str(file)]) == 0
        figures = json.loads(file.read_text("utf-8"))
        assert (figures["set"], figures["tasks"]["natural_q~"]["value"]) == (kind, value)


def test_an_empty_set_is_told(monkeypatch, tmp_path, capsys):
    with pytest.raises(SystemExit):
        measured(monkeypatch, tmp_path, Writer({}), [])
    assert "there is nothing in it" in capsys.readouterr().err


def test_a_set_is_not_asked_what_it_is_not_measured_by(monkeypatch, tmp_path, capsys):
    with pytest.raises(SystemExit):
        record = Record(PAGE, truth=form(), source="a")
        measured(monkeypatch, tmp_path, Writer({}), [record], "--tasks", "w0>", name="funsd")
    assert "funsd is not measured by w0>" in capsys.readouterr().err


def test_pages_that_only_have_a_truth_are_measured_as_pages(monkeypatch, tmp_path):
    two = Entity("other", entity("other", "one two three four five\\six seven", 0, 0).lines)
    truth = Truth((300, 300), paragraphs=(Paragraph(two.lines),))
    model = Writer({("w0>", ""): "one two three four five"})
    _, figures = measured(
        monkeypatch, tmp_path, model, [Record(PAGE, truth=truth, source="a")], "--tasks", "w0>"
    )
    assert figures["tasks"]["w0>"]["questions"] == 2
    assert set(MEASURES) >= set(figures["tasks"])


WHOLE = (
    '[{"Name": "question", "answers": ["Bob"]}, {"Age": "question", "answers": ["41"]}, '
    '{"Place of birth": "question", "answers": ["Rome"]}]‡'
)


def asked(model: Writer, task: str, answer=long_answers.whole_json) -> str:
    request = Request(task, marks=Marks.from_boxes(highlight=[(0, 0, 9, 9)]), max_tokens=99)
    return answer(model, Example(PAGE, request, ("",))).text


@pytest.mark.parametrize("further", [0, 2, -4])
def test_a_long_form_is_gone_on_with(further):
    """Answers may begin a little before or behind the end of what they are given."""
    answers, at = {("json>", ""): WHOLE}, MOST
    while at < len(WHOLE):
        prompt, begin = WHOLE[at - 24 : at - 6], at - 6 + further
        answers["json~", prompt] = WHOLE[begin:]
        at = begin + MOST
    model = Writer(answers)
    assert asked(model, "json>") == WHOLE
    assert len(model.asked) == len(answers) > 2
    assert all(request.marks.has("highlight") for request in model.asked)


def test_what_is_not_learned_or_goes_round_is_not_gone_on_with():
    model = Writer({("json>", ""): WHOLE}, tasks=("json>",))
    assert asked(model, "json>") == WHOLE[:MOST] and len(model.asked) == 1
    prompt = WHOLE[MOST - 24 : MOST - 6]
    stuck = Writer({("json>", ""): WHOLE, ("json~", prompt): "abcdefg" * 6 + "x"})
    assert asked(stuck, "json>") == WHOLE[:MOST] + "x" and len(stuck.asked) == 2


def test_an_answer_that_says_there_is_no_form_begins_again():
    model = Writer({("json>", ""): "[question]ø", ("json~", '[{"'): 'A": "other"}]‡'})
    assert asked(model, "json>") == '[{"A": "other"}]‡'


def test_texts_are_joined_where_the_second_says_the_first_again():
    assert long_answers.joined("one two", " two", "two three") == "one two three"
    assert long_answers.joined("one twofold", "twofold", "twafold three") == "one twofold three"
    assert long_answers.joined("one", "one", "xyz") == "onexyz"


def test_a_reading_that_went_round_in_circles_goes_on_behind_them():
    answers = {
        ("read_block>", ""): "x one two" + "abcdefg" * 6,
        ("re~", "one two"): " three‡",
    }
    model = Writer(answers)
    model.ask = lambda page, request: iter([Text(answers[request.task, request.text], 5, 1.0)])
    assert asked(model, "read_block>", long_answers.whole_reading) == "x one two three"
