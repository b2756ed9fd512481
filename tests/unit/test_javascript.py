"""The app's JavaScript: its own tests, its types, its style, and what these are checked with."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = {  # below node_modules
    "types": ["typescript/bin/tsc"],
    "style": ["@biomejs/biome/bin/biome", "check", "--error-on-warnings", "--colors=off"],
}
OLDEST = 20  # version of Node


@pytest.fixture(scope="module")
def node() -> str:
    """A Node: the system's if it is not too old, else the one that Playwright brings."""
    system = shutil.which("node")
    if system:
        told = subprocess.run([system, "--version"], capture_output=True, text=True).stdout
        if int(told.removeprefix("v").partition(".")[0]) >= OLDEST:
            return system
    driver = pytest.importorskip("playwright._impl._driver", reason="no Node and no Playwright")
    return str(driver.compute_driver_executable()[0])


def check(*words: str | Path) -> None:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_needs_no_browser_does_what_it_should(node: str) -> None:
    files = sorted((ROOT / "tests" / "js").glob("*.test.js"))
    assert len(files) >= 5
    check(node, "--test", *files)


@pytest.mark.parametrize("tool", TOOLS)
def test_every_script_is_well_typed_and_in_style(node: str, tool: str) -> None:
    program, *words = TOOLS[tool]
    path = ROOT / "node_modules" / program
    if not path.is_file():
        pytest.skip(f"there is no {path.relative_to(ROOT)}: npm ci installs it")
    check(node, path, *words)


def test_no_script_makes_a_global() -> None:
    for script in (ROOT / "dessurt_app").rglob("*.js"):
        text = script.read_text("utf-8")
        assert not re.search(r"\b(window|globalThis)\.\w+ = ", text), script.name


def test_what_checks_them_is_locked_to_files_of_the_public_registry() -> None:
    wanted = json.loads((ROOT / "package.json").read_text("utf-8"))
    assert "dependencies" not in wanted, "the app itself needs no package"
    assert all(re.fullmatch(r"[\d.]+", version) for version in wanted["devDependencies"].values())
    packages = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    assert packages.pop("")["devDependencies"] == wanted["devDependencies"]
    for name, package in packages.items():
        assert package["resolved"].startswith("https://registry.npmjs.org/"), name
        assert package["integrity"].startswith("sha512-"), name
