"""The verbs of `dessurt checkpoint`, and curves."""

import csv
import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from dessurt.checkpoint import load, read_official, upkeep
from dessurt.checkpoint.runs import read_state, write_state
from dessurt.cli import main
from dessurt.model import Dessurt, DessurtConfig
from dessurt.run_log import append_log
from tests.unit.test_checkpoint import official_file
from tests.unit.test_model import SMALL
from tests.unit.vocabulary import byte_tokenizer


@pytest.fixture
def official(tmp_path: Path) -> Path:
    """An official file with figures, optimiser and schedule, its vocabulary beside it."""
    (tmp_path / "tokenizer").mkdir()
    byte_tokenizer().save(tmp_path / "tokenizer")
    logger = upkeep.InertLogger()
    logger.state = {"entries": {
        1: {"iteration": 2, "loss": np.float64(3.5), "val_E_ANLS": 0.25},
        2: {"iteration": 4, "loss": np.float64(2.5)}}}  # fmt: skip
    file = official_file(
        logger=logger, optimizer={"state": {}}, lr_schedule={"last_epoch": 7}, monitor_best=0.25
    )
    file["config"]["trainer"] = {"iterations": 90}
    upkeep.write_official(file, tmp_path / "official.pth")
    return tmp_path / "official.pth"


def run(*words: object) -> int:
    return main([str(word) for word in words])


def test_an_official_file_is_written_as_one(official: Path) -> None:
    raw = official.read_bytes()
    assert b"logger.logger" in raw and b"InertLogger" not in raw
    assert upkeep.InertLogger.__module__ == "dessurt.checkpoint.files"
    assert load(official).history == {1: {"iteration": 2, "loss": 3.5, "val_E_ANLS": 0.25},
                                      2: {"iteration": 4, "loss": 2.5}}  # fmt: skip


def test_show(official: Path, capsys: pytest.CaptureFixture) -> None:
    assert run("checkpoint", "show", official, "--weights") == 0
    shown = capsys.readouterr().out
    for told in ("7 of 90", "2 entries", "optimizer, lr_schedule", "261 pieces",
                 "text_embedding.weight  [261, 32]"):  # fmt: skip
        assert told in shown
    assert run("checkpoint", "show", official.parent / "none.pth") == 2
    assert "There is no checkpoint" in capsys.readouterr().err


def test_reset_of_an_official_file(official: Path) -> None:
    assert run("checkpoint", "reset", official, official.parent / "new") == 0
    file = read_official(official.parent / "new" / "checkpoint-latest.pth")
    assert "optimizer" not in file and file["iteration"] == 0
    assert file["logger"] is None and file["monitor_best"] == -math.inf
    before = read_official(official)["state_dict"]
    assert all(torch.equal(file["state_dict"][name], before[name]) for name in before)


def test_the_original_resumes_a_file_that_was_reset(official: Path) -> None:
    run("checkpoint", "reset", official, official.parent / "new.pth")
    file = read_official(official.parent / "new.pth")
    assert {"config", "iteration", "monitor_best", "state_dict", "logger"} <= file.keys()
    fast, slow = torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.zeros(1))
    # as the original makes them, of a config with another rate than that in the file
    groups = [{"params": [fast]}, {"params": [slow], "lr": 3e-6}, {"params": [], "lr": 1e-6}]
    optimiser = torch.optim.AdamW(groups, lr=3e-5)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda k: 0.01 * (k + 1))
    schedule.load_state_dict(file["lr_schedule"])
    for iteration in (1, 2, 3):
        optimiser.step()
        schedule.step()
        factor = 0.01 * (iteration + 1)
        assert schedule.last_epoch == iteration
        rates = [group["lr"] for group in optimiser.param_groups]
        assert rates == pytest.approx([3e-5 * factor, 3e-6 * factor, 1e-6 * factor])


def test_reset_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    state = {"weights": {"a": torch.ones(2)}, "optimiser": {"state": {}}, "step": 9,
             "warm_from": 3, "seconds": 5.0, "mean": {}, "since": {}}  # fmt: skip
    (tmp_path / "run").mkdir()
    write_state(tmp_path / "run", state)
    append_log(tmp_path / "run", {"kind": "train", "step": 9})
    assert run("checkpoint", "reset", tmp_path / "run", tmp_path / "other") == 0
    new = read_state(tmp_path / "other")
    assert new is not None and new["weights"]["a"].tolist() == [1, 1]
    assert (new["step"], new["warm_from"], new["optimiser"]) == (0, 0, None)
    assert {"mean", "since"}.isdisjoint(new)  # of the weights before
    assert read_state(tmp_path / "run")["step"] == 9
    assert run("checkpoint", "reset", tmp_path, tmp_path / "x") == 2
    assert "is no run" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_set_config_and_rename_keys(
    official: Path, kind: str, capsys: pytest.CaptureFixture
) -> None:
    source = official
    if kind == "folder":
        source = official.parent / "ours"
        assert run("checkpoint", "convert", official, source) == 0
    weights = load(source).model.state_dict()
    config = official.parent / "config.json"
    config.write_text(json.dumps({"name": "other", "model": dict(SMALL)}))
    assert run("checkpoint", "set-config", source, config, source) == 0  # in its place
    assert load(source).config["name"] == "other"
    config.write_text(json.dumps({"model": {**SMALL, "dim_ff": 40}}))
    assert run("checkpoint", "set-config", source, config, source) == 2
    assert "do not fit the config" in capsys.readouterr().err
    odd = official.parent / ("odd.pth" if kind == "file" else "odd")
    assert run("checkpoint", "rename-keys", source, "swin_layers", "layers", odd) == 0
    assert "names changed" in capsys.readouterr().out
    assert run("checkpoint", "show", odd) == 2
    back = official.parent / ("back.pth" if kind == "file" else "back")
    if kind == "file":  # a folder that cannot be opened is not touched
        assert run("checkpoint", "rename-keys", odd, "layers", "swin_layers", back) == 0
        again = load(back).model.state_dict()
        assert all(torch.equal(again[name], weights[name]) for name in weights)
    assert run("checkpoint", "rename-keys", source, "nothing", "x", back) == 2
    assert "no tensor" in capsys.readouterr().err


def test_the_history_as_a_table(official: Path) -> None:
    assert run("checkpoint", "export-history", official, official.parent / "h.csv") == 0
    rows = list(csv.reader((official.parent / "h.csv").open()))
    assert rows == [["figure", "step", "value"], ["loss", "2", "3.5"], ["loss", "4", "2.5"],
                    ["val_E_ANLS", "2", "0.25"]]  # fmt: skip


def test_curves_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    pytest.importorskip("matplotlib")
    for step in (50, 100):
        append_log(tmp_path, {"step": step, "kind": "train", "minutes": 1.0, "a/text": 100 / step})
    append_log(tmp_path, {"step": 100, "kind": "skipped", "record": "x"})
    append_log(tmp_path, {"step": 100, "kind": "check", "w0> CER": 0.5})
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"step": 150, "kind": "tr')  # cut off
    assert upkeep.series(tmp_path) == {"train/a/text": [(50, 2.0), (100, 1.0)],
                                       "check/w0> CER": [(100, 0.5)]}  # fmt: skip
    assert run("plot", tmp_path, "--out", tmp_path / "all.png") == 0
    assert "train/a/text: 2 values, the last 1" in capsys.readouterr().out
    assert run("plot", tmp_path / "log.jsonl", "--out", tmp_path / "one.png", "--figures", "text"
               ) == 0  # fmt: skip
    both, one = (cv2.imread(str(tmp_path / f"{name}.png")) for name in ("all", "one"))
    assert both.min() < 100 and both.shape[1] == 1350
    assert (one < 250).any(2).mean() < 0.8 * (both < 250).any(2).mean()  # half as much is drawn
    assert run("plot", tmp_path, "--figures", "loss") == 2
    assert "no figure has 'loss' in its name: train/a/text, check/w0> CER" in (
        capsys.readouterr().err)  # fmt: skip


def test_figures_are_chosen_by_expressions_and_told_in_short(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    pytest.importorskip("matplotlib")
    for step in range(1, 5):
        figures = {f"loss{i}": float(step) for i in range(20)}
        append_log(tmp_path, {"step": step, "kind": "train", "w0> CER": 1 / step, **figures})
    chosen = ("plot", tmp_path, "--out", tmp_path / "a.png", "--figures")
    assert run(*chosen, r"loss1\d$", "CER") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[:-1]] == [
        "train/w0> CER", *(f"train/loss1{i}" for i in range(10)),
    ]  # fmt: skip
    assert lines[1] == "train/loss10: 4 values, the last 4, min 1, max 4, mean 2.5"
    assert run(*chosen, "^loss") == 2
    assert "no figure has '^loss' in its name" in capsys.readouterr().err
    assert run(*chosen, "(") == 2
    assert "'(' is no regular expression" in capsys.readouterr().err
    assert run(*chosen[:-1]) == 0
    assert "The first 15 of 21 are drawn" in capsys.readouterr().out
    assert run("plot", tmp_path, "--values", "--figures", "CER") == 0
    assert capsys.readouterr().out.splitlines()[1] == "train/w0> CER\t2\t0.5"


def test_an_exported_table_is_drawn_too(official: Path, capsys: pytest.CaptureFixture) -> None:
    table = official.parent / "h.csv"
    assert run("checkpoint", "export-history", official, table) == 0
    assert upkeep.series(table) == upkeep.series(official)
    table.write_text("figure,step\nloss,2\n")
    assert run("plot", table, "--values") == 2
    assert "is no table of figure, step and value" in capsys.readouterr().err


def test_the_config_is_printed_as_set_config_takes_it(
    official: Path, capsys: pytest.CaptureFixture
) -> None:
    assert run("checkpoint", "show", official, "--config") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == read_official(official)["config"] and printed["trainer"]["iterations"] == 90
    assert run("checkpoint", "convert", official, official.parent / "ours") == 0
    capsys.readouterr()
    assert run("checkpoint", "show", official.parent / "ours", "--config") == 0
    assert json.loads(capsys.readouterr().out)["model"]["dim_ff"] == printed["model"]["dim_ff"]


def test_curves_of_an_official_checkpoint(official: Path, capsys: pytest.CaptureFixture) -> None:
    pytest.importorskip("matplotlib")
    assert run("plot", official, "--out", official.parent / "p.png") == 0
    assert capsys.readouterr().out.startswith("val_E_ANLS: 1 values")  # validation first
    torch.save({**read_official(official), "logger": None}, official.parent / "none.pth")
    assert run("plot", official.parent / "none.pth") == 2
    assert "has no logged figures" in capsys.readouterr().err


def test_names_may_not_collide(official: Path) -> None:
    file = dict(read_official(official))
    model = Dessurt(DessurtConfig.from_dict(SMALL, 261))
    assert "swin_layers.0.0.norm1.bias" in model.state_dict()
    upkeep.write_official(file, official)
    assert run("checkpoint", "rename-keys", official, "norm1", "norm2", official) == 2
    assert "norm1" in "".join(read_official(official)["state_dict"])  # untouched
