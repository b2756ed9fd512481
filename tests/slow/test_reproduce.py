"""The page *Reproduce the paper*: its commands run from a checkpoint to the figure, at toy size."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from dessurt.run_log import read_log
from tests.slow import toy

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reproduce.md").read_text(encoding="utf-8")
# By the heading's number; FUNSD and NAF are scored again from what was answered before.
COMBINATIONS = re.findall(r"^## (\d)\. (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
COMMANDS = {
    number: [
        shlex.split(line)[1:]
        for block in re.findall(r"```sh\n(.*?)```", text, re.S)
        for line in block.splitlines()
    ]
    for number, _, text in COMBINATIONS
}
GROUPS = [("1",), ("2",), ("3",), ("4", "5"), ("6", "7"), ("8",), ("9",)]
# What stands in for the original's configs where they do not lie beside the checkout.
LOADERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "rvl": ({"data_set_name": "RVLCDIPClass"}, "val_E_class_acc", "max"),
    "docvqa": ({"data_set_name": "DocVQA"}, "val_E_ANLS", "max"),
    "hwsquad": ({"data_set_name": "HWSQuAD"}, "val_E_ANLS", "max"),
    "funsd": ({"data_set_name": "FUNSDQA", "use_json": "streamlined"}, "val_E_json_CE", "min"),
    "naf": ({"data_set_name": "NAFQA", "use_json": "readevenmore"}, "val_E_json_CE", "min"),
    "IAMrecog": (
        {"data_set_name": "IAMQA", "mode": "IAM_para", "data_split": "Coquenet"},
        "val_read_block>_ED", "min",
    ),
    "IAMNER": ({"data_set_name": "IAMNER", "full": True}, "val_F_Measure_MACRO", "max"),
    "IAMNER18": (
        {"data_set_name": "IAMNER", "full": True, "task": 18}, "val_F_Measure_MACRO", "max",
    ),
}  # fmt: skip
FIGURES = {
    "rvl_cdip": ["accuracy"], "docvqa": ["ANLS"], "hw_squad": ["ANLS"], "iam": ["CER", "WER"],
    "naf_lines": ["CER", "WER"], "iam_ner": ["macro F1", "CER"],
    "funsd": ["entity F", "relation F", "GAnTED"], "naf": ["entity F", "relation F", "GAnTED"],
}  # fmt: skip
OURS = {"stages.0.steps": 1, "stages.0.accumulate": 1}
THEIRS = {f"trainer.{key}": toy.TRAINER[key] for key in (
    "iterations", "accum_grad_steps", "val_step", "log_step", "warmup_steps")}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the page's commands are run."""
    folder = tmp_path_factory.mktemp("paper")
    toy.official(folder, toy.original({"data_set_name": "DocVQA"}))
    toy.data_sets(folder)
    (folder / "configs").mkdir()
    lines = "configs/naf_lines.json"
    (folder / lines).write_text((ROOT / lines).read_text(encoding="utf-8"), encoding="utf-8")
    originals = ROOT.parent / "shared" / "data" / "original" / "configs"
    for key, (loader, figure, best) in LOADERS.items():
        name = f"dessurt_{key}_finetune"
        real = originals / f"cf_{name}.json"
        config = toy.original({"data_dir": "x", **loader}, name, monitor=figure, monitor_mode=best)
        if real.is_file():
            config = json.loads(real.read_text(encoding="utf-8"))
            assert config["data_loader"].items() >= loader.items()
            trainer = config["trainer"]
            assert (trainer["monitor"], trainer["monitor_mode"]) == (figure, best)
        toy.questions.write(folder / f"cf_{name}.json", config)
    return folder


@pytest.fixture
def at_toy_size(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In that folder."""
    toy.enter(world, monkeypatch)


def train(words: list[str], shown: pytest.CaptureFixture) -> None:
    """A training that must end with its best weights chosen by the figure of its config."""
    config = json.loads(Path(words[0]).read_text(encoding="utf-8"))
    settings = {f"model.{key}": value for key, value in toy.MODEL.items()}
    settings |= THEIRS if "trainer" in config else OURS
    given = [
        each for key, value in settings.items() for each in ("--set", f"{key}={json.dumps(value)}")
    ]
    assert toy.run(["train", *words, *given]) == 0, shown.readouterr().err
    named = [word.removeprefix("name=") for word in words if word.startswith("name=")]
    folder = Path("runs", *named or [config["name"]])
    assert (folder / "checkpoint" / "model.safetensors").is_file()
    if "trainer" in config:
        assert (folder / "best" / "model.safetensors").is_file()
        figures = [
            each for each in read_log(folder / "log.jsonl") if config["trainer"]["monitor"] in each
        ]
        assert figures


def evaluate(words: list[str], shown: pytest.CaptureFixture) -> None:
    """A measuring that must come to the figures of the paper."""
    assert toy.run(["evaluate", *words, "--json", "figures.json"]) == 0, shown.readouterr().err
    figures = json.loads(Path("figures.json").read_text(encoding="utf-8"))
    assert figures["complete"] and not figures["damaged"]
    name = words[words.index("--set") + 1]
    (task,) = (each for each in figures["tasks"].values() if each.get("questions"))
    if (name, words[words.index("--split") + 1]) == ("docvqa", "test"):
        assert json.loads(Path("docvqa.json").read_text(encoding="utf-8"))
        return
    values = [task, *task.get("more", ())]
    assert [each["figure"] for each in values] == FIGURES[name]
    assert all(isinstance(each["value"], float) for each in values)


@pytest.mark.usefixtures("at_toy_size")
@pytest.mark.parametrize("numbers", GROUPS, ids="+".join)
def test_a_combination_goes_from_the_checkpoint_to_its_figure(
    numbers: tuple[str, ...], capsys: pytest.CaptureFixture
) -> None:
    for verb, *words in (command for number in numbers for command in COMMANDS[number]):
        {"train": train, "evaluate": evaluate}[verb](words, capsys)


def test_the_page_has_the_nine_combinations_each_with_commands_and_figures() -> None:
    assert [number for number, *_ in COMBINATIONS] == list("123456789")
    assert [number for group in GROUPS for number in group] == list("123456789")
    assert all(COMMANDS.values())
    for _, title, text in COMBINATIONS:
        assert re.search(r"^\|.+\| published \|$", text, re.M), title
    trained = {word for words in sum(COMMANDS.values(), []) for word in words if ".json" in word}
    assert {f"cf_dessurt_{key}_finetune.json" for key in LOADERS} <= trained
