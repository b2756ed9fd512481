"""The documents: what they name exists, their examples work, and their commands can be given."""

import argparse
import json
import re
import runpy
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from dessurt import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "configs" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ALL_PAGES = [
    *PAGES, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md",
    ROOT / "checkpoints" / "dessurt-small" / "CARD.md",
]  # fmt: skip
README = (ROOT / "README.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
PROGRAM = r"(?:(?:\.venv/bin/)?(?:dessurt|pip|python3?)|make|torchrun|scripts/\w+\.sh)"
# The commands of the original beside which ours stand; `test_from_the_original.py` runs ours.
TABLE_OF_BOTH = "from_the_original.md"


def commands() -> list[str]:
    """Every command in the documents: the lines of shell blocks, and those set as code in text."""
    every = []
    for page in ALL_PAGES:
        text = page.read_text("utf-8")
        blocks = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S))
        every += [shlex.join(shlex.split(line, comments=True)) for line in blocks.splitlines()]
        if page.name != TABLE_OF_BOTH:
            prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
            every += [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose)
                      if re.match(rf"{PROGRAM}\s", code)]  # fmt: skip
    return list(dict.fromkeys(every))


COMMANDS = commands()


class Parsed(BaseException):
    """The words of a command are understood; it does not go on."""


@pytest.fixture
def only_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every program ends as soon as it has understood its words."""
    parse_args = argparse.ArgumentParser.parse_args

    def parse(self: argparse.ArgumentParser, *words: Any) -> None:
        parse_args(self, *words)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse)
    monkeypatch.setattr("sys.argv", sys.argv)
    monkeypatch.chdir(ROOT)


def understood(words: list[str]) -> None:
    """Fail unless the program that the words begin with takes the others."""
    program, *rest = words
    if program == "make":
        _make(*rest)
    elif program.endswith("pip"):
        _pip(rest)
    elif program.endswith(".sh"):
        assert Path(program).is_file()
    elif program.endswith("dessurt"):
        # Only named, such as `dessurt data show`: at least it has a help.
        named = all(re.fullmatch("[a-z-]+", word) for word in rest)
        cli.main([*rest, "--help"] if named else rest)
    elif "-m" in rest:
        _module(rest[rest.index("-m") + 1 :])
    else:
        _script(rest)


def _make(target: str, setting: str = "ARGS=") -> None:
    """A target of the Makefile, and what is passed on to its program."""
    recipe = re.search(rf"^{target}:.*\n\t@(.*)$", MAKEFILE, re.M)
    assert recipe, f"make has no target {target}"
    name, words = setting.split("=", 1)
    assert name == "ARGS"
    if words:
        assert "$(ARGS)" in recipe[1]
        understood(shlex.split(recipe[1].replace("$(BIN)", ".venv/bin").replace("$(ARGS)", words)))


def _pip(words: list[str]) -> None:
    extras = re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text("utf-8"), re.M)
    assert words[0] == "install"
    for option, value in zip(words, words[1:], strict=False):
        if option in ("-r", "--requirement"):
            assert Path(value).is_file()
        elif option in ("-e", "--editable"):
            assert value.partition("[")[2].strip("[]") in ("", *extras)


def _module(words: list[str]) -> None:
    module, *rest = words
    if module == "pytest":
        assert all(Path(word).exists() for word in rest if "/" in word)
    elif module == "pydoc":
        assert Path(*rest[0].split(".")).with_suffix(".py").is_file()
    elif module != "venv":
        sys.argv = [module, *rest]
        runpy.run_module(module, run_name="__main__")


def _script(words: list[str]) -> None:
    file, *rest = words
    assert Path(file).is_file()
    if "argparse" in Path(file).read_text("utf-8") or file == "app.py":
        sys.argv = [file, *rest]
        runpy.run_path(file, run_name="__main__")


@pytest.mark.usefixtures("only_parsed")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_docs_is_understood(command: str) -> None:
    try:
        understood(shlex.split(command))
    except Parsed:
        pass
    except SystemExit as end:
        assert not end.code
    except ModuleNotFoundError as error:
        pytest.skip(f"needs {error.name}, which `make test` installs")


def test_there_are_commands_of_every_kind() -> None:
    assert len(COMMANDS) > 90
    verbs = {command.split()[1] for command in COMMANDS if command.startswith("dessurt ")}
    assert verbs >= {"ask", "synth", "train", "evaluate", "data", "checkpoint", "plot"}


def test_the_make_commands_of_the_docs_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    named = set()
    for page in ALL_PAGES:
        named |= set(re.findall(r"[\n`]make ([a-z]+)", page.read_text("utf-8")))
    assert {"app", "test"} <= named
    assert named <= targets


def test_every_file_and_folder_of_the_docs_exists() -> None:
    for page in ALL_PAGES:
        text = page.read_text("utf-8")
        named = re.findall(r"\]\(([^)#:]+)[^):]*\)|^\| `([^`]+/)` \|", text, re.M)
        missing = [path for pair in named if not (page.parent / (path := "".join(pair))).exists()]
        assert not missing, page.name


def test_every_heading_that_a_link_leads_to_exists() -> None:
    for page in ALL_PAGES:
        for path, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text("utf-8")):
            there = page.parent / path if path else page
            headings = re.findall(r"^#+ (.+)$", there.read_text("utf-8"), re.M)
            anchors = [re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings]
            assert anchor in anchors, f"{page.name}: {path}#{anchor}"


def test_what_the_map_of_rooms_names_is_there() -> None:
    text = (ROOT / "docs" / "rooms.md").read_text("utf-8")
    named = re.findall(r"`(dessurt(?:_app)?/[^`]*)`(?: \(((?:`\w+`(?:, )?)+)\))?", text)
    assert len(named) > 40
    for path, names in named:
        assert (ROOT / path).exists(), path
        for name in re.findall(r"\w+", names) if path.endswith(".py") else ():
            code = (ROOT / path).read_text("utf-8")
            assert re.search(rf"^ *(?:def|class) {name}\b", code, re.M), f"{path} has no {name}"


def test_the_page_about_data_names_every_set() -> None:
    from dessurt.data.sets import SETS

    rows = re.findall(r"^\| (`.+`) \|", (ROOT / "docs" / "data.md").read_text("utf-8"), re.M)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == {*SETS}


def test_the_readme_leads_to_every_page_and_is_short() -> None:
    assert all(f"]({page.relative_to(ROOT).as_posix()})" in README for page in PAGES[1:])
    assert len(README.splitlines()) <= 200


@pytest.fixture
def in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the README's examples are meant to run."""
    if not (ROOT / "checkpoints" / "dessurt-small" / "config.json").is_file():
        pytest.skip("the small checkpoint is not here")
    monkeypatch.chdir(ROOT)


@pytest.mark.usefixtures("in_the_repository")
def test_the_examples_of_the_readme_work(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import cv2

    examples = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (code,) = (each for each in examples if "open_model" in each)
    exec(compile(code, "README.md", "exec"), {})
    from_python = capsys.readouterr().out

    commands = re.findall(r"^dessurt ask .*", README, re.MULTILINE)
    streamed, as_json, find, read_on = (shlex.split(line)[1:] for line in commands[:4])
    assert cli.main(streamed) == 0
    assert capsys.readouterr().out.strip() == from_python.strip() != ""
    assert cli.main(as_json) == 0
    assert json.loads(capsys.readouterr().out)["answer"] == from_python
    assert cli.main([*find[:-1], str(tmp_path / find[-1])]) == 0
    assert cv2.imread(str(tmp_path / find[-1])).any()
    capsys.readouterr()
    assert cli.main(read_on) == 0
    assert capsys.readouterr().out.startswith("all of them and\\would like to show the two oldest")


def test_the_task_table_of_the_readme_says_what_the_tasks_need() -> None:
    from dessurt.tasks import TASKS, Task

    def returned(task: Task) -> str:
        return " and ".join(sorted(task.returns, reverse=True))

    known = {task.token: (", ".join(sorted(task.needs)), returned(task)) for task in TASKS}
    rows = re.findall(
        r"^\| `([^`/]+)` \| [^|]+ \| ?([^|]*?) ?\| ([^|]+) \|$",
        README,
        re.M,
    )
    assert len(rows) >= 5
    assert {token: (needs, returns) for token, needs, returns in rows} == {
        token: known[token] for token, *_ in rows
    }
