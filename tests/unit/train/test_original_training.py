"""Training from the original's configs as they are, and from its files."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from dessurt.checkpoint import OFFICIAL_TOKENIZER, load
from dessurt.checkpoint.runs import read_state, write_state
from dessurt.run_log import read_log
from dessurt.train.config import Config
from dessurt.train.config_file import read
from dessurt.train.learner.optimiser import average
from dessurt.train.loop import Run
from dessurt.train.main import main
from dessurt.train.section import ConfigError
from tests.unit.test_checkpoint import official_file
from tests.unit.train.test_configs import docvqa
from tests.unit.train.test_train_data import config_of, part, write
from tests.unit.vocabulary import byte_tokenizer

# What is exported


def test_a_config_of_the_original_exports_the_weights_themselves(tmp_path: Path) -> None:
    config = Config.of(config_of(part(), mean=0))
    run = Run(config, tmp_path, "cpu")
    assert run.mean is None
    run.train(workers=0)
    state = read_state(tmp_path)
    assert state is not None and "mean" not in state
    exported = load(tmp_path / "checkpoint").model.state_dict()
    trained = run.plain.model.state_dict()
    for name, tensor in exported.items():
        if "absolute_2dpos" not in name:  # made of rows and columns while it is trained
            assert torch.equal(tensor, trained[name].half().float()), name
    # a state of before, which had one
    write_state(tmp_path, {**state, "mean": {"module.x": torch.zeros(1)}, "step": 2})
    again = Run(config, tmp_path, "cpu")
    again.train(workers=0)
    assert again.step == 4 and "mean" not in (read_state(tmp_path) or {})


def test_a_mean_may_begin_with_a_run_that_had_none(tmp_path: Path) -> None:
    Run(Config.of(config_of(part(), mean=0)), tmp_path, "cpu").train(workers=0)
    run = Run(Config.of(config_of(part(), mean=0.9)), tmp_path, "cpu")
    assert run.mean is not None
    for mean, weights in zip(run.mean.module.parameters(), run.plain.parameters(), strict=True):
        assert torch.equal(mean, weights)


@pytest.mark.parametrize(("steps", "most"), [(20, 3e-3), (85, 5e-5), (500, 2e-7)])
def test_of_the_first_weights_nothing_remains_in_a_short_run(steps: int, most: float) -> None:
    mean, later = [torch.ones(1, dtype=torch.float64)], [torch.zeros(1, dtype=torch.float64)]
    for step in range(steps):
        average(0.998, mean, later, torch.tensor(step + 1))
    assert 0 < float(mean[0]) < most < 0.998**steps


def test_in_a_long_run_each_step_keeps_its_share_of_the_mean() -> None:
    for keep, enough in ((0.998, 1500), (0.98, 150), (0.9, 30)):
        mean = [torch.ones(1, dtype=torch.float64)]
        average(keep, mean, [torch.zeros(1, dtype=torch.float64)], torch.tensor(enough))
        assert float(mean[0]) == pytest.approx(keep, abs=1e-12)
        average(keep, mean := [torch.ones(1)], [torch.zeros(1)], torch.tensor(enough // 3))
        assert float(mean[0]) < keep


def test_averages_after_a_restart_are_of_the_whole_interval(tmp_path: Path) -> None:
    stage = {"steps": 5, "lr": 1e-3, "parts": {"only": part()}}
    config = Config.of(config_of(part(), stages=[stage]))
    logged = []
    for stops in ((), (2, 3)):
        folder = tmp_path / f"stops {len(stops)}"
        for stop in (*stops, 5):
            run = Run(config, folder, "cpu")
            run.report_every = 5
            learn, at = run._learn, stop

            def counted(*args: Any, run: Run = run, learn: Any = learn, at: int = at) -> Any:
                run.stopped = run.step == at - 1 and at < 5
                return learn(*args)

            run._learn = counted  # type: ignore[method-assign]
            run.train(workers=0)
            assert run.step == stop
        logged.append([each["only/text"] for each in read_log(folder / "log.jsonl")
                       if each["kind"] == "train"])  # fmt: skip
    assert len(logged[0]) == 1 and logged[0] == logged[1]


# Settings


def test_settings_of_both_kinds_change_a_config_of_the_original(tmp_path: Path) -> None:
    path = write(tmp_path / "c.json", docvqa())
    plain = read(path)
    assert (plain.precision, plain.mean, plain.tokenizer) == ("no", 0, OFFICIAL_TOKENIZER)
    assert plain.validate is None
    given = {
        "mean": 0.5, "precision": "bf16", "tokenizer": "a/folder", "seed": 7,
        "validate": {"set": "docvqa", "folder": "x"}, "stages.0.accumulate": 3,
        "trainer.iterations": 640, "name": "other", "model.dim_ff": 48,
    }  # fmt: skip
    changed = read(path, list(given.items()))
    for key in ("mean", "precision", "tokenizer", "seed", "validate", "name"):
        assert getattr(changed, key) == given[key], key
    (stage,) = changed.stages
    assert (stage.steps, stage.accumulate) == (10, 3)
    assert changed.model["dim_ff"] == 48


@pytest.mark.parametrize("mean", [1, -0.1, True, "0.9"])
def test_a_mean_that_keeps_everything_is_refused(tmp_path: Path, mean: Any) -> None:
    with pytest.raises(ConfigError, match="its mean is .*: give a number from 0"):
        read(write(tmp_path / "c.json", config_of(part(), mean=mean)))


def test_a_schedule_is_that_of_the_original(tmp_path: Path) -> None:
    given = docvqa()
    given["trainer"] |= {"use_learning_schedule": False}
    assert read(write(tmp_path / "c.json", given)).schedule == {
        "kind": "multi_rise", "warmup_steps": []}  # fmt: skip
    given["trainer"] = {**given["trainer"], "use_learning_schedule": True}
    del given["trainer"]["warmup_steps"]  # 1000 then
    assert read(write(tmp_path / "c.json", given)).schedule["kind"] == "spike"


# What a model begins with


def bart(folder: Path, rows: int, name: str) -> dict[str, torch.Tensor]:
    """Weights named as BART's, beside a vocabulary of bytes."""
    folder.mkdir()
    byte_tokenizer().save(folder)
    torch.manual_seed(3)
    weights = {"shared.weight": torch.randn(rows, 768), "encoder.x": torch.zeros(2),
               "decoder.embed_positions.weight": torch.randn(1026, 768)}  # fmt: skip
    if name.endswith("bin"):
        torch.save({f"model.{key}": value for key, value in weights.items()}, folder / name)
    else:
        save_file(weights, folder / name)
    return weights


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_the_text_embedding_begins_as_barts(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture
) -> None:
    weights = bart(tmp_path / "bart", 261, name)
    config = read(write(tmp_path / "c.json", docvqa()), [("tokenizer", str(tmp_path / "bart"))])
    model = Run(config, tmp_path / "run", "cpu").plain.model
    width = model.config.decode_dim
    assert width < 768
    assert torch.equal(model.text_embedding.weight, weights["shared.weight"][:, :width])
    assert torch.equal(model.pos_1d_enc.weight, weights["decoder.embed_positions.weight"])
    assert tuple(model.pos_enc_adapter.weight.shape) == (width, 768)
    assert "begins at random" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (None, "has neither model.safetensors nor pytorch_model.bin"),
        (b"nothing", "model.safetensors is damaged"),
        ({"encoder.x": torch.zeros(2)}, "is not of BART: it lacks 'shared.weight'"),
        (300, r"BART's embedding of \[300, 768\] .* is not of a model of \[261, 32\]"),
    ],
)
def test_an_embedding_that_begins_at_random_is_told(
    tmp_path: Path, damage: Any, told: str, capsys: pytest.CaptureFixture
) -> None:
    folder = tmp_path / "bart"
    bart(folder, damage if isinstance(damage, int) else 261, "model.safetensors")
    file = folder / "model.safetensors"
    if damage is None:
        file.unlink()
    elif isinstance(damage, bytes):
        file.write_bytes(damage)
    elif isinstance(damage, dict):
        save_file(damage, file)
    path = write(tmp_path / "c.json", docvqa())
    config = read(path, [("tokenizer", str(folder)), ("model.decode_dim", 32)])
    Run(config, tmp_path / "run", "cpu")
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert "the text embedding begins at random, not as BART's" in line
    assert re.search(told, line), line
    wanted = read(path, [("tokenizer", str(folder)), ("model.init_from_pretrained", False)])
    Run(wanted, tmp_path / "other", "cpu")
    assert "begins at random" not in capsys.readouterr().err


# An optimiser that does not fit


@pytest.mark.parametrize(
    ("optimizer", "told"),
    [
        (None, "the file has none"),
        ({"state": {0: {"exp_avg": 1}}, "param_groups": []}, "is of 0 parameters, and"),
        ({"state": {0: {"momentum_buffer": None}}, "param_groups": "all"}, "cannot be read"),
        ([1, 2], "cannot be read"),
        ("shape", "is of another shape"),
    ],
)
def test_an_optimiser_of_another_shape_begins_anew(
    tmp_path: Path, optimizer: Any, told: str, capsys: pytest.CaptureFixture
) -> None:
    file = official_file(logger=None)
    if optimizer == "shape":
        names = [name for name in file["state_dict"] if name != "answer_decode.weight"]
        state = {number: dict.fromkeys(("exp_avg", "exp_avg_sq", "step"), torch.zeros(3))
                 for number in range(len(names))}  # fmt: skip
        optimizer = {"state": state, "param_groups": [{"params": list(state)}]}
    if optimizer is not None:
        file["optimizer"] = optimizer
    torch.save(file, tmp_path / "official.pth")
    (tmp_path / "tokenizer").mkdir()
    byte_tokenizer().save(tmp_path / "tokenizer")
    config = config_of(part() | {"batch": 1}, frame={"mode": "fit"})
    del config["model"]
    path = write(tmp_path / "c.json", config | {"stages": [
        {"steps": 9, "lr": 1e-4, "parts": {"only": part() | {"batch": 1}}}]})  # fmt: skip
    words = [str(path), "--resume", str(tmp_path / "official.pth"), "--runs", str(tmp_path),
             "--device", "cpu"]  # fmt: skip
    assert main(words) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "optimiser" in line]
    assert len(lines) == 1 and lines[0].startswith("The optimiser begins anew: ")
    assert told in lines[0]
    state = read_state(tmp_path / "tiny")
    assert state is not None and state["step"] == 9  # from the file's 7 on
