"""Fine-tuning on annotations: what is looked at, what is kept, and that other pages are minded."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from PIL import Image

from dessurt.checkpoint import load
from dessurt.synth import NoFontsError
from dessurt.train import main as command
from dessurt.train.checks import character_errors, validation_questions
from dessurt.train.config import Config
from dessurt.train.config_file import read
from dessurt.train.loop import Run
from dessurt.train.selection import SHARES
from tests.app.fake_instrument import FakeInstrument
from tests.unit.train.test_train import TINY


@pytest.fixture
def annotations(tmp_path: Path) -> Path:
    """Two pages to learn from and one to validate on, two lines each."""
    folder = tmp_path / "mine"
    dice = np.random.default_rng(0)
    for split, count in (("train", 2), ("valid", 1)):
        (folder / split).mkdir(parents=True)
        records = {}
        for number in range(count):
            pixels = np.full((120, 300), 255, np.uint8)
            pixels[20:40, 20:200] = dice.integers(0, 2, (20, 180)) * 255
            pixels[70:90, 20:200] = dice.integers(0, 2, (20, 180)) * 255
            Image.fromarray(pixels).save(folder / split / f"{number}.png")
            records[f"{number}.png"] = [
                {"question": "w0>", "answer": "one two", "highlight": [[20, 20, 200, 40]]},
                {"question": "w0>", "answer": "three", "highlight": [[20, 70, 200, 90]]},
            ]
        (folder / split / "qa.json").write_text(json.dumps(records))
    return folder


def config(folder: Path, rehearsal: bool = False, **changes: object) -> Config:
    data = {"set": "annotations", "folder": str(folder)}
    parts = {"mine": {"data": data, "tasks": {"w0>": 1}, "vary": True, "window": [64, 256],
                      "batch": 2}}  # fmt: skip
    if rehearsal:
        parts["rehearsal"] = {"tasks": {"w0>": 1}, "window": [64, 256], "batch": 2,
                              "documents": 1, "most_answer": 60}  # fmt: skip
    return Config.of({
        "name": "tiny", "seed": 1, "model": TINY, "precision": "no", "auxiliary": False,
        "warm_up": 1, "mean": 0.5, "card": {"tasks": ["w0>"]}, "validate": data,
        "frame": {"mode": "focus", "text_height": 22, "least": [64, 256]},
        "stages": [{"steps": 12, "lr": 3e-3, "parts": parts}],
        **changes,
    })  # fmt: skip


def log_of(run: Run) -> dict[str, list[dict]]:
    log = (run.folder / "log.jsonl").read_text("utf-8")
    lines = [json.loads(line) for line in log.splitlines()]
    return {kind: [each for each in lines if each["kind"] == kind]
            for kind in ("before", "train", "look", "after")}  # fmt: skip


def test_a_run_tells_before_and_after_and_keeps_what_reads_best(
    annotations: Path, tmp_path: Path
) -> None:
    run = Run(config(annotations), tmp_path / "run", "cpu")
    first = run.chooser._loss(run.chooser.first, run.chooser.batches)
    run.train(workers=0)
    log = log_of(run)
    assert log["before"][0]["questions"] == log["after"][0]["questions"] == 2
    assert 0 < log["before"][0]["w0> CER"]
    look = log["look"][-1]
    assert look["kept"] and look["loss"] < first
    assert [each["right"] for each in look["answers"]] == ["one two", "three"]
    assert len(log["train"]) == 2  # every five steps
    kept = load(run.folder / "checkpoint")
    assert run.chooser.best[1] == pytest.approx(look["loss"], rel=1e-3)
    assert kept.config["card"]["tasks"] == ["w0>"]


def test_a_budget_counts_from_the_first_step(annotations: Path, tmp_path: Path) -> None:
    run = Run(config(annotations), tmp_path / "run", "cpu")
    measured, opened = run.chooser.before, run.batches

    def late(work: Callable[..., Any]) -> Callable[..., Any]:
        def working(*given: Any) -> Any:
            time.sleep(1.0)  # as on a busy machine: longer than the budget
            return work(*given)

        return working

    run.chooser.before, run.batches = late(measured), late(opened)
    run.train(budget=0.5 / 60, workers=0)
    assert run.step > 0
    log = [json.loads(line) for line in (run.folder / "log.jsonl").open(encoding="utf-8")]
    phases = [(each["phase"], each["step"]) for each in log if each["kind"] == "phase"]
    assert phases == [("before", 0), ("training", 0), ("after", run.step)]
    assert load(run.folder / "checkpoint")


def test_a_worse_state_does_not_take_the_place_of_a_better_one(
    annotations: Path, tmp_path: Path
) -> None:
    run = Run(config(annotations), tmp_path / "run", "cpu")
    run.train(workers=0)
    kept = (run.folder / "checkpoint" / "model.safetensors").read_bytes()
    with torch.no_grad():
        for weights in run.mean.module.parameters():
            weights.mul_(3)
    assert not run.chooser.look(run.mean.module)["kept"]
    assert (run.folder / "checkpoint" / "model.safetensors").read_bytes() == kept
    # Taken up again, the run still knows how good that was.
    AcceleratorState._reset_state(reset_partial_state=True)
    again = Run(config(annotations), tmp_path / "run", "cpu")
    # It is kept in half precision.
    assert again.chooser.best[1] == pytest.approx(run.chooser.best[1], rel=0.02)
    assert not again.chooser.look(run.mean.module)["kept"]


def test_where_other_pages_would_be_read_worse_less_of_the_way_is_gone(
    annotations: Path, tmp_path: Path
) -> None:
    run = Run(config(annotations, rehearsal=True), tmp_path / "run", "cpu")
    chooser = run.chooser
    assert len(chooser.others) == 12 and len(chooser.other_batches) == 32
    losses = {
        1.0: (1.0, 5.0), 0.9: (1.5, 2.0), 0.8: (2.0, 1.05), 0.7: (2.5, 1.0), 0.6: (3.0, 1.0),
        0.4: (4.0, 1.0), 0.2: (5.0, 1.0),
    }  # fmt: skip
    chooser.bound = 1.1
    chooser._between = lambda last, share: share
    chooser._losses = losses.__getitem__
    chooser.tried.load_state_dict = lambda share: None
    look = chooser.look(run.mean.module, SHARES)
    assert (look["share"], look["loss"], look["other pages"]) == (0.8, 2.0, 1.05)
    # Better on the own pages, but too bad on others: it does not take its place.
    chooser._losses = {1.0: (0.5, 6.0), 0.6: (0.7, 2.0)}.__getitem__
    assert not chooser.look(run.mean.module)["kept"]
    # The least harm, where all is too bad; and in its place whatever does less.
    chooser.best = (9.0, 0.1)
    look = chooser.look(run.mean.module)
    assert look["kept"] and look["share"] == 0.6


def test_without_fonts_only_the_own_pages_are_learned(
    annotations: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def no_fonts(held_out: bool = False) -> dict:
        raise NoFontsError("No known font is installed: install one.")

    monkeypatch.setattr(command, "families", no_fonts)
    given = config(annotations, rehearsal=True)
    assert list(command._with_fonts(given).stages[0].parts) == ["mine"]
    assert "nothing is rehearsed" in capsys.readouterr().err
    with pytest.raises(NoFontsError):
        command._with_fonts(replace(given, validate=None))


def test_errors_are_counted_against_the_nearest_right_answer(annotations: Path) -> None:
    questions = validation_questions({"set": "annotations", "folder": str(annotations)})
    assert [each.answers for each in questions] == [("one two",), ("three",)]
    # It writes "one two" to both: nothing wrong of 7, then 7 for a text of 5.
    errors = character_errors(FakeInstrument("one two", 0), questions)
    assert errors == {"w0> CER": pytest.approx(7 / 12)}
    assert validation_questions({"set": "annotations", "folder": str(annotations)}, ["l~"]) == ()


def test_the_shipped_config_trains(annotations: Path, tmp_path: Path, root: Path) -> None:
    first = Run(config(annotations), tmp_path / "first", "cpu")
    first.plain.export(tmp_path / "start")
    AcceleratorState._reset_state(reset_partial_state=True)
    parts = "stages.0.parts"
    names = ("mine", "mine close", "rehearsal", "rehearsal close")
    settings = [
        ("start", str(tmp_path / "start")), ("stages.0.steps", 4), ("precision", "no"),
        *((f"{parts}.{name}.window", [64, 256]) for name in names),
        *((f"{parts}.{name}.most_answer", 40) for name in names[2:]),
        *((f"{parts}.{name}.smallest", 2) for name in names[2:]),
    ]  # fmt: skip
    given = read(root / "configs" / "my_pages.json", settings, str(annotations))
    run = Run(given, tmp_path / "run", "cpu")
    run.train(workers=0)
    assert "other pages, w0> CER" in log_of(run)["after"][0]
    assert load(run.folder / "checkpoint").config["frame"]["least"] == [64, 256]


def test_the_shipped_config_is_whole(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    found = read(root / "configs" / "my_pages.json")
    assert found.frame.text_height == 22  # from the checkpoint to start with
    elsewhere = read(root / "configs" / "my_pages.json", data="pages")
    assert elsewhere.validate["folder"] == "pages"
    assert elsewhere.stages[0].parts["mine"].data["folder"] == "pages"
