"""Validation with the original's names, and the best weights kept."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState

from dessurt import Request, open_model
from dessurt.checkpoint.runs import read_state
from dessurt.data.example import Example
from dessurt.data.records import DataError, Record
from dessurt.evaluate.trainer_log import logged, summed_up
from dessurt.page import Page
from dessurt.page.marks import Marks
from dessurt.run_log import read_log
from dessurt.train.config import Losses, MonitorConfig, Part
from dessurt.train.config_file import read
from dessurt.train.learner.student import Student
from dessurt.train.loop import Run
from dessurt.train.monitoring import Monitor, Question, QuestionBatch, Questions, _measured
from dessurt.train.samples.batch import stacked
from dessurt.train.samples.pages import Source
from dessurt.train.samples.placing import shifted
from dessurt.train.samples.preprocessor import Preprocessor, _lowered
from dessurt.train.samples.sampler import Sampler
from dessurt.train.section import ConfigError
from dessurt.truth import Entity, Line, Printed, Truth
from dessurt.truth.form_text import to_json
from tests.unit.train.test_train_data import TINY, official, write
from tests.unit.vocabulary import byte_tokenizer

HERE = "tests.unit.train.test_monitoring"
METRICS = json.loads(
    (Path(__file__).parents[2] / "golden" / "trainer_metrics.json").read_text(encoding="utf-8")
)


class Answered:
    """A data set for the tests: five pages with two questions each, the second one damaged."""

    def __init__(self, folder: Path, split: str, damaged: bool = False) -> None:
        self.split, self.damaged = split, damaged

    def __len__(self) -> int:
        return 5

    def record(self, index: int, rng: random.Random) -> Record:
        if self.damaged and index == 1:
            raise DataError("the answer is missing: write one.", self.split, index)
        page = page_of(f"{self.split} {index}")
        asked = (
            Example(page, Request("natural_q~", "What?"), (f"No {index}", f"Nr {index}")),
            Example(page, Request("classify>"), ("C:memo",)),
        )
        return Record(page, asked, source=f"{self.split} {index}")


def page_of(text: str) -> Page:
    pixels = np.full((60, 200), 255, np.uint8)
    cv2.putText(pixels, text, (10, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 0, 2)
    return Page.from_array(pixels)


def sampler(most_a: int = 40) -> Sampler:
    return Sampler(Preprocessor(byte_tokenizer(), (64, 256), None, 20, most_a))


def questions(part: dict[str, Any], rank: int = 0, ranks: int = 1) -> Questions:
    return Questions(sampler(), {"only": Part.of({"batch": 3, **part})}, 1, rank, ranks)


def monitored(start: Path, **changes: Any) -> dict[str, Any]:
    """A run that is validated twice in its four steps."""
    data = {"set": f"{HERE}:Answered"}
    monitor = {"every": 4, "figure": "val_E_ANLS", "best": "max", "parts": {
        "only": {"batch": 3, "rescale": [1, 1], "centred": True, "rotate": 0,
                 "data": {**data, "split": "valid"}}}}  # fmt: skip
    return {
        "name": "toy", "seed": 1, "start": str(start), "model": TINY, "precision": "no", "card": {},
        "frame": {"mode": "fit"}, "monitor": {**monitor, **changes.pop("monitor", {})},
        "log_every": 2, "stages": [
            {"steps": 4, "lr": 1e-3, "accumulate": 2, "parts": {"only": {"batch": 1, "data": data}}}
        ], **changes,
    }  # fmt: skip


# What is logged


SAMPLES = [case for case in METRICS["examples"] if isinstance(case["log"], dict) and case["answer"]]


@pytest.mark.parametrize("case", SAMPLES, ids=lambda case: case["question"])
def test_figures_of_the_original(case: dict[str, Any]) -> None:
    several = (case["all_answers"] or [[case["answer"]]])[0]
    if isinstance(several, str):
        # Of MyDataset the original takes each letter for an answer, so that all are wrong.
        assert case["log"]["E_ANLS"] == [0]
        assert logged("natural_q~", (several,), case["pred"])["E_ANLS"] == [1]
        return
    found = logged(case["question"].removesuffix("x"), several, case["pred"], case["answer"])
    assert found.keys() == case["log"].keys()
    for name, value in case["log"].items():
        # Of several words the order is not a fact: right ones first.
        right = sorted(value, reverse=True) if isinstance(value, list) else [value]
        assert found[name] == pytest.approx(right), name


def test_case_is_ignored_and_words_end_at_blanks_only() -> None:
    assert logged("classify>", ("C:memo",), "c:MEMO")["E_class_acc"] == [1]
    found = logged("w0>", ("It's one, TWO",), "its one, two")
    assert found["E_line_based_CER"] == [1 / 13] and found["E_line_based_WER"] == [1 / 3]
    assert "E_line_based_CER" not in logged("w0>", ("3¿4",), "34")
    assert logged("json~", ("abcd‡",), "")["E_json_CE"] == [1]


def test_f_of_classes_and_their_mean() -> None:
    """A class that was never true, or never given, has a recall or precision of 1."""
    found = summed_up({
        "F_recall_per": [1, 1, 0, 0], "F_prec_per": [1, 0], "F_recall_loc": [0], "F_prec_org": [0],
        "E_true_CER": [0.1, 0.3],
    })  # fmt: skip
    assert found["F_Measure_per"] == pytest.approx(0.5) and found["E_true_CER"] == 0.2
    assert found["F_Measure_loc"] == found["F_Measure_org"] == 0
    assert found["F_Measure_MACRO"] == pytest.approx(1 / 6)


class Parrot(Student):
    """A learner that is sure of the tokens that it is told."""

    def __init__(self, told: list[str]) -> None:
        torch.nn.Module.__init__(self)
        self.tokenizer, self.told = byte_tokenizer(), told
        self.factors = Losses(answer=3.0)
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def targets(self, batch: Any) -> Any:
        logits = torch.zeros(*batch.wanted.shape, self.tokenizer.vocab_size)
        for row, text in enumerate(self.told):
            ids = [*self.tokenizer.encode(text), 2][: batch.wanted.shape[1]]
            logits[row, range(len(ids)), ids] = 100.0
        return type("SoftTargets", (), {"logits": logits})


def test_answers_are_read_up_to_their_end_and_means_are_of_batches() -> None:
    learner = Parrot(["Nr 7", "C:memo and more"])
    asked = [
        (Example(page_of("7"), Request("natural_q~", "What?"), ("No 7",)), ("Nr 7", "No 7")),
        (Example(page_of("7"), Request("classify>"), ("C:memo",)), ("C:memo",)),
    ]
    part, rng = Part(1, rotate=0), random.Random(1)
    rows = [
        sampler().question(part, Source(each.page, None, None, (each,)), rng) for each, _ in asked
    ]
    batch = stacked([row for row in rows if row], (0, 0))
    drawn = QuestionBatch(batch, tuple(
        Question(each.request.task, several, each.answers[0]) for each, several in asked))
    found = _measured(learner, drawn)
    assert found["E_ANLS"] == [1]  # "Nr 7" is right, too
    # What is written behind the place of the right answer's end is not looked at.
    assert found["E_class_acc"] == [0] and found["classify>_ED"] == [pytest.approx(1 / 6.5)]
    assert found["natural_q~_ED"] == [0.25] and len(found["score_ed"]) == 1
    assert found["score_ed"] == pytest.approx(
        [(found["natural_q~_ED"][0] + found["classify>_ED"][0]) / 2])
    # The loss is that of the answers, without its weight: one of 12 tokens is wrong for sure.
    assert found["answerLoss"][0] == pytest.approx(2 * 100 / 12, rel=0.01)


# Which questions


def test_every_question_of_every_page_is_asked_once_and_always_alike() -> None:
    part = {"data": {"set": f"{HERE}:Answered", "split": "valid"}, "rotate": 0}
    drawn = list(questions(part))
    assert [len(each.questions) for each in drawn] == [3, 3, 3, 1]
    tokens = [asked.task for each in drawn for asked in each.questions]
    assert tokens == ["natural_q~", "classify>"] * 5
    assert drawn[0].questions[0].answers == ("No 0", "Nr 0")
    again = list(questions(part))
    assert all(torch.equal(a.batch.image, b.batch.image) for a, b in zip(drawn, again, strict=True))
    shares = [
        [asked for each in questions(part, rank, 2) for asked in each.questions] for rank in (0, 1)
    ]
    assert [len(share) for share in shares] == [6, 4]
    assert sorted(shares[0] + shares[1]) == sorted(a for each in drawn for a in each.questions)


def test_a_damaged_record_is_told_and_left_out() -> None:
    given = {"set": f"{HERE}:Answered", "split": "valid", "damaged": True}
    drawn = list(questions({"data": given}))
    assert sum(len(each.questions) for each in drawn) == 8
    (told,) = [each.problem for each in drawn if each.batch is None]
    assert "valid, line 1: the answer is missing" in told


def test_small_letters_are_compared_with_small_letters() -> None:
    part = {"data": {"set": f"{HERE}:Answered", "split": "valid"}, "cased": False}
    drawn = next(iter(questions(part)))
    assert drawn.questions[0].answers == ("no 0", "nr 0")
    pieces = byte_tokenizer()
    written = pieces.decode(drawn.batch.wanted[0].tolist())
    assert written == drawn.questions[0].right and drawn.questions[1].right == "c:memo"
    assert pieces.decode(drawn.batch.query[0].tolist()) == "what?"


def form(count: int) -> Record:
    lines = [
        Line(f"Field {i}", np.array([[(10 + 5 * k, 10 + i), (15 + 5 * k, 10 + i)]
                                     for k in range(len(f"Field {i}"))], np.float32), 4.0, 4.0)
        for i in range(count)
    ]  # fmt: skip
    page = page_of("form")
    return Record(page, (), Truth(page.size, "form", entities=tuple(
        Entity("other", (line,)) for line in lines)))  # fmt: skip


@pytest.mark.parametrize("count", [1, 5])
def test_a_form_that_is_too_long_is_asked_for_its_end(count: int) -> None:
    """As the original does it, which counts the signs of beginning and end with the tokens."""
    record, most = form(count), 60
    whole = to_json(record.truth) + "‡"
    asked = Questions(sampler(most), {}, 1)
    (example,) = asked._examples(record, Part(1, {"json>": 1.0}), random.Random(1))
    if count == 1:
        assert (example.request.task, example.answers) == ("json>", (whole,))
        return
    length = len(whole.encode())  # one token a byte
    first = length + 2 - 20 - most
    assert example.request.task == "json~"
    assert example.request.text == whole.encode()[first - 1 : first + 19].decode()
    assert example.answers == (whole.encode()[first + 19 :].decode(),)
    assert whole.endswith(example.request.text + example.answers[0])


def test_what_is_drawn_by_lot_is_one_question_a_page() -> None:
    part = {"data": {"set": f"{HERE}:Answered", "split": "valid"}, "tasks": {"classify>": 1}}
    asked = [each for drawn in questions(part) for each in drawn.questions]
    assert [each.task for each in asked] == ["classify>"] * 5


# How pages are shown


def middle(image: np.ndarray) -> tuple[float, float]:
    """Of the ink (x, y), in shares of the image; beside the page it is black."""
    rows, columns = np.nonzero(image[0] < 0.9)
    return columns.mean() / image.shape[2], rows.mean() / image.shape[1]


@pytest.mark.parametrize(
    ("fit", "size"), [(True, (64, 213)), ("width", (77, 256)), ("height", (64, 213))]
)
def test_a_centred_page_stands_where_it_did(fit: bool | str, size: tuple[int, int]) -> None:
    example = Example(page_of("here"), Request("classify>"), ("C:memo",))
    part = Part(1, rescale=(1, 1), fit=fit, rotate=0, centred=True, pad=40)
    shown = [shifted(example, (64, 256), part, random.Random(seed)) for seed in range(5)]
    assert all(np.array_equal(each[0], shown[0][0]) for each in shown)  # enough room: no lot
    paper = shown[0][0][0] < 0.9
    assert paper.any(0).sum() == pytest.approx(min(size[1], 256), abs=2)
    assert abs(middle(shown[0][0])[0] - 0.5) < 0.02
    elsewhere = [shifted(example, (64, 256), Part(1, rescale=(1, 1), fit=fit, rotate=0, pad=40),
                         random.Random(seed)) for seed in range(5)]  # fmt: skip
    assert not all(np.array_equal(each[0], shown[0][0]) for each in elsewhere)


def test_pages_are_turned_as_often_as_said() -> None:
    example = Example(page_of("here"), Request("classify>"), ("C:memo",))
    still = shifted(example, (64, 256), Part(1, rescale=(1, 1), rotate=0, centred=True, pad=40),
                    random.Random(0))[0]  # fmt: skip
    for turned, expected in ((0.0, 20), (1.0, 0)):
        part = Part(1, rescale=(1, 1), rotate=5, turned=turned, centred=True, pad=40)
        shown = [shifted(example, (64, 256), part, random.Random(seed))[0] for seed in range(20)]
        assert sum(np.array_equal(each, still) for each in shown) == expected


def test_small_letters_keep_their_places() -> None:
    text = "Ab Çd"
    ends = [[(10 * i, 5), (10 * i + 10, 5)] for i in range(5)]
    line = Line(text, np.array(ends, np.float32), 5.0, 5.0)
    example = Example(page_of("x"), Request("w0>", "ÀB", marks=Marks()), (text,),
                      printed_answer=Printed.of(line), printed_text=Printed.sign("İ"))  # fmt: skip
    small = _lowered(example)
    assert (small.request.text, small.answers) == ("àb", ("ab çd",))
    assert small.printed_answer.text == "ab çd" and small.printed_text is None
    assert np.array_equal(small.printed_answer.spots, example.printed_answer.spots)


# The run


def test_a_run_is_validated_and_its_best_weights_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = official(tmp_path / "start")
    config = read(write(tmp_path / "c.json", monitored(start)))
    run = Run(config, tmp_path / "run", "cpu")
    measured = iter([0.5, 0.25])
    real = Monitor.validate

    def validate(*asked: Any) -> Any:
        assert asked[1] is run.exported
        figures, told = real(*asked)
        assert figures["val_E_class_acc"] >= 0 and "val_answerLoss" in figures
        assert {"val_score_ed", "val_natural_q~_ED", "val_classify>_ED"} <= figures.keys()
        return {**figures, "val_E_ANLS": next(measured)}, told

    monkeypatch.setattr(Monitor, "validate", validate)
    run.train(workers=0)
    log = read_log(tmp_path / "run" / "log.jsonl")
    # Micro-batches count: every 4 of them, two a step; training is reported every 2.
    assert [(each["step"], each["val_E_ANLS"], each["best"]) for each in log
            if each["kind"] == "validation"] == [(2, 0.5, True), (4, 0.25, False)]
    assert [each["step"] for each in log if each["kind"] == "train"] == [1, 2, 3, 4]
    state = read_state(tmp_path / "run")
    assert state["best"] == 0.5
    best, last = (open_model(tmp_path / "run" / name).checkpoint.model.state_dict()
                  for name in ("best", "checkpoint"))  # fmt: skip
    assert any(not torch.equal(best[name], last[name]) for name in best)
    # The run that is taken up knows what was best: a figure that is no better changes nothing.
    AcceleratorState._reset_state(reset_partial_state=True)
    config = replace(config, stages=(replace(config.stages[0], steps=6),))
    before = (tmp_path / "run" / "best" / "model.safetensors").read_bytes()
    measured = iter([0.4])
    run = Run(config, tmp_path / "run", "cpu")
    run.train(workers=0)
    assert (tmp_path / "run" / "best" / "model.safetensors").read_bytes() == before


def test_a_validation_can_be_stopped(tmp_path: Path) -> None:
    run = Run(read(write(tmp_path / "c.json", monitored(official(tmp_path / "start")))),
              tmp_path / "run", "cpu")  # fmt: skip
    asked = []
    run.validate(lambda: bool(asked.append(1)) or len(asked) > 2, 0)
    assert len(asked) == 3 and not (tmp_path / "run" / "best").exists()
    assert not (tmp_path / "run" / "log.jsonl").exists()


def test_a_figure_that_there_is_not_is_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    config = monitored(official(tmp_path / "start"), monitor={"figure": "val_F_Measure_MACRO"})
    run = Run(read(write(tmp_path / "c.json", config)), tmp_path / "run", "cpu")
    run.validate(lambda: False, 0)
    run.validate(lambda: False, 0)
    told = "the validation has no figure 'val_F_Measure_MACRO'"
    assert capsys.readouterr().err.count(told) == 1
    assert not (tmp_path / "run" / "best").exists()


@pytest.mark.parametrize(("mode", "kept"), [("max", [1, 3]), ("min", [1, 2]), ("none", [])])
def test_what_is_better(tmp_path: Path, mode: str, kept: list[int]) -> None:
    given = monitored(tmp_path, monitor={"best": mode})["monitor"]
    monitor = Monitor(MonitorConfig.of(given), sampler(), 1, 0, 1)
    found = [monitor.is_best({"val_E_ANLS": value}) for value in (0.5, 0.25, 0.75)]
    assert [number for number, best in enumerate(found, 1) if best] == kept
    assert not monitor.is_best({})


@pytest.mark.parametrize(
    ("monitor", "message"),
    [
        ({"best": "most"}, "best of its monitor: there is no 'most'"),
        ({"every": 0}, "every of its monitor is 0: give a number above 0"),
        ({"parts": {"a": {"batch": 1, "tasks": {"w0>": 1}}}}, "'a' of its monitor has no `data`"),
        ({"split": "valid"}, "keys of its monitor: there is no 'split'"),
    ],
)
def test_a_monitor_that_cannot_be_followed_is_refused(
    tmp_path: Path, monitor: dict[str, Any], message: str
) -> None:
    config = monitored(official(tmp_path / "start"), monitor=monitor)
    with pytest.raises(ConfigError, match=message):
        read(write(tmp_path / "c.json", config))


def test_the_folder_of_all_data_is_that_of_the_validation_too(tmp_path: Path) -> None:
    config = read(write(tmp_path / "c.json", monitored(official(tmp_path / "start"))), data="mine")
    assert config.monitor.parts["only"].data["folder"] == "mine"
