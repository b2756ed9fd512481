"""The table of the original's commands: each command in it runs, at toy size."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dessurt import cli
from tests.slow import toy
from tests.unit.vocabulary import byte_tokenizer

TABLE = Path(__file__).resolve().parents[2] / "docs" / "from_the_original.md"
_, *SECTIONS = TABLE.read_text(encoding="utf-8").split("\n## ")
ROWS = [row for section in SECTIONS for row in re.findall(r"^\| (.+) \| (.+) \|$", section, re.M)]
COMMANDS = list(
    dict.fromkeys(
        command for _, new in ROWS for command in re.findall(r"`((?:dessurt|torchrun) [^`]*)`", new)
    )
)
# What cannot be run here, by how it begins, and why.
ELSEWHERE = {
    "dessurt app": "serves until it is stopped; tests/app starts it",
    "dessurt data pairs": "needs transformers and a language model; test_pairs.py feigns one",
    "torchrun": "starts processes of its own; test_docs.py has its words parsed",
}
GPUS = [command for command in COMMANDS if "--device cuda" in command]
HERE = [
    command for command in COMMANDS if command not in GPUS and not command.startswith((*ELSEWHERE,))
]
# Where a file is written, after an option or as the last word.
WRITTEN = ("--out", "--answers", "--region", "--worst-sheet", ">")
FIGURES = "ANLS|accuracy|CER|macro F1|entity F|field F|right"
LAST = ("convert", "reset", "set-config", "rename-keys", "export-history")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that the table's names stand for."""
    folder = tmp_path_factory.mktemp("table")
    config = toy.original({"data_set_name": "MyDataset", "data_dir": "cats_qa"})
    toy.official(folder, config)
    toy.data_sets(folder)
    toy.page(folder / "page.png")
    for name in ("cf_NAME.json", "new.json"):
        toy.questions.write(folder / name, config)
    (folder / "bart").mkdir()
    byte_tokenizer().backend.model.save(str(folder / "bart"))
    (folder / "saved" / "NAME").mkdir(parents=True)
    shutil.copy(folder / "official.pth", folder / "saved" / "NAME" / "checkpoint-latest.pth")
    shutil.copytree(folder / "tokenizer", folder / "saved" / "NAME" / "tokenizer")
    toy.questions.write(folder / "predictions.json", {"page0": toy.READ})
    toy.questions.write(folder / "pairs.json", [[None, [["Name", "Bob"], ["City", "Bonn"]]]])
    (folder / "figures.csv").write_text("iteration,avg_loss\n1,2.0\n2,1.0\n")
    return folder


@pytest.fixture
def at_toy_size(world: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """In the folder of what is named; what a command does to the checkpoint is undone."""
    toy.enter(world, monkeypatch)
    shutil.copy(world / "official.pth", world / "kept")
    yield world
    shutil.move(world / "kept", world / "official.pth")


def small(command: str) -> list[str]:
    """The words of a command after `dessurt`; what takes long or a network is made less."""
    command = re.sub(r"--count \d+", "--count 2", command)
    words = shlex.split(command.replace("OLD", "text_embedding").replace("NEW", "other"))[1:]
    if words[0] == "train" and "--tokenizer" not in words and "start=" not in command:
        words += ["--tokenizer", "bart"]  # which would be taken from the hub
    if words[:2] == ["data", "show"] and "--count" not in words or words[0] == "evaluate" and (
        "synthetic" in words
    ):  # fmt: skip
        words += ["--count", "2"]
    if words[0] == "evaluate":
        words += ["--no-tesseract"]
    return words


def outputs(words: list[str]) -> list[Path]:
    """What a command writes."""
    named = [words[i + 1] for i, word in enumerate(words) if word in WRITTEN]
    if words[0] == "checkpoint" and words[1] in LAST:
        named.append(words[-1])
    if words[0] == "train":
        named += ["runs/NAME/checkpoint/model.safetensors", "runs/NAME/best/model.safetensors"]
    return [Path(name) for name in named]


def without(path: Path) -> None:
    """Nothing lies there any more."""
    if path.is_dir():
        shutil.rmtree(path)
    elif path.name != "official.pth":
        path.unlink(missing_ok=True)


@pytest.mark.parametrize("command", HERE)
def test_a_command_of_the_table_runs(
    at_toy_size: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture, command: str
) -> None:
    words = small(command)
    if "synthetic" in words:
        request.getfixturevalue("held_out_fonts")
    if "runs/NAME" in words and not Path("runs/NAME").is_dir():
        assert toy.run(["train", "cf_NAME.json", "--tokenizer", "bart"]) == 0
    if words[0] == "train":
        without(Path("runs/NAME"))
    for path in outputs(words):
        without(path)
    told = ">" in words
    words, into = (words[: words.index(">")], words[-1]) if told else (words, "")
    code = toy.run(words)
    shown, complaints = capsys.readouterr()
    assert code == 0, complaints
    if into:
        Path(into).write_text(shown, encoding="utf-8")
    for path in outputs(small(command)):
        assert path.exists() and (path.is_dir() or path.stat().st_size), path
    if words[0] == "evaluate":
        assert re.search(FIGURES, shown)
    assert shown.strip() or words[0] in ("ask", "train") or outputs(small(command)), "nothing came"


@pytest.mark.parametrize("command", GPUS)
def test_a_gpu_that_is_not_there_is_refused(
    at_toy_size: Path, capsys: pytest.CaptureFixture, command: str
) -> None:
    assert toy.run(small(command)) == 2
    assert "GPU" in capsys.readouterr().err


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.startswith((*ELSEWHERE,))])
def test_what_cannot_run_here_has_options_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("official.pth").touch()  # whether it can be opened is seen later
    if command.startswith("dessurt app"):
        launch = pytest.importorskip("dessurt_app.launch")
        assert launch.parse_arguments(shlex.split(command)[2:])
    elif command.startswith("dessurt"):
        assert cli._parser().parse_args(shlex.split(command)[1:]).run


def test_every_row_says_what_to_do_or_why_not() -> None:
    assert len(ROWS) > 90 and len(HERE) > 60 and len(GPUS) >= 4
    assert all(any(each.startswith(start) for each in COMMANDS) for start in ELSEWHERE)
    plain = ("here", "the default", "printed by the same command")
    for original, new in ROWS:
        assert re.search("`|not needed, because", new) or new in plain, original
