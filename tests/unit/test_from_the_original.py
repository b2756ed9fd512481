"""The table of the original's commands: each command in it is one that there is."""

import re
import shlex
from pathlib import Path

import pytest

pytest.importorskip("accelerate")
pytest.importorskip("matplotlib")

from dessurt import cli  # noqa: E402
from dessurt.evaluate.main import main as evaluate  # noqa: E402
from dessurt.synth.main import main as synth  # noqa: E402
from dessurt.train.main import main as train  # noqa: E402

TABLE = Path(__file__).resolve().parents[2] / "docs" / "from_the_original.md"
_, *SECTIONS = TABLE.read_text(encoding="utf-8").split("\n## ")
ROWS = [row for section in SECTIONS for row in re.findall(r"^\| (.+) \| (.+) \|$", section, re.M)]
# What is marked TODO does not exist yet.
COMMANDS = [
    command
    for _, here in ROWS
    for todo, command in re.findall(r"(TODO )?`(dessurt [^`]+)`", here)
    if not todo
]


def options(command: str, capsys: pytest.CaptureFixture) -> str:
    """What `--help` says of a command's verb."""
    words = shlex.split(command)[1:]
    packages = {"train": train, "evaluate": evaluate, "synth": synth}
    run, verb = packages.get(words[0]), []
    if run is None:
        run, verb = cli.main, words[: 2 if words[0] in ("checkpoint", "data") else 1]
    with pytest.raises(SystemExit) as left:
        run([*verb, "--help"])
    assert left.value.code == 0, verb
    return capsys.readouterr().out


def test_every_option_of_the_table_is_one_of_its_command(capsys: pytest.CaptureFixture) -> None:
    assert len(ROWS) > 90 and len(COMMANDS) > 60
    for command in COMMANDS:
        known = options(command, capsys)
        for flag in re.findall(r"(?<= )--[a-z-]+", command):
            assert re.search(rf"(?<![\w-]){flag}(?![\w-])", known), f"{flag} of {command}"


def test_every_row_says_what_to_do_or_why_not() -> None:
    plain = ("here", "the default", "printed by the same command")
    for original, here in ROWS:
        assert re.search("`|not needed, because|TODO", here) or here in plain, original
