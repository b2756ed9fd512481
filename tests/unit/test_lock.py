"""What `make` installs: exact versions, each with its hashes, and all that the project asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
HASHES = r"(?: \\\n    --hash=sha256:[0-9a-f]{64})+"
ENTRY = re.compile(rf"^([a-z0-9-]+)==([\w.]+)(?: ; ([^\\\n]+))?{HASHES}\n", re.M)
SYSTEMS = (("linux", "Linux"), ("darwin", "Darwin"), ("win32", "Windows"))


def locked(*kinds: str) -> dict[str, tuple[str, Marker | None]]:
    """Version and marker of each package of some lists."""
    text = "".join((ROOT / "lock" / f"{kind}.txt").read_text("utf-8") for kind in kinds)
    return {
        name: (version, Marker(marker) if marker else None)
        for name, version, marker in ENTRY.findall(text)
    }


def asked(*extras: str) -> list[Requirement]:
    """What the project asks for, with these extras."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lines += project["build-system"]["requires"]
    for extra in extras:
        lines += project["project"]["optional-dependencies"][extra]
    return [Requirement(line) for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("kind", ["app", "torch", "dev"])
def test_every_line_of_a_list_is_an_exact_version_with_hashes(kind: str) -> None:
    text = (ROOT / "lock" / f"{kind}.txt").read_text("utf-8")
    rest = [line for line in ENTRY.sub("", text).splitlines() if not line.lstrip().startswith("#")]
    assert rest == (["-r app.txt"] if kind == "dev" else [])


def test_no_package_is_locked_twice() -> None:
    kinds = [locked(kind) for kind in ("app", "torch", "dev")]
    assert sum(map(len, kinds)) == len(locked("app", "torch", "dev")) > 100


@pytest.mark.parametrize(
    "kinds, extras", [(("app", "torch"), ()), (("app", "torch", "dev"), ("train", "dev"))]
)
def test_all_that_is_asked_for_is_locked(kinds: tuple[str, ...], extras: tuple[str, ...]) -> None:
    lists = locked(*kinds)
    for requirement in asked(*extras):
        version, marker = lists[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement
        assert marker is None, f"{requirement} is not installed everywhere"


@pytest.mark.parametrize("system, name", SYSTEMS)
def test_gpu_libraries_are_for_linux_alone(system: str, name: str) -> None:
    of = {"sys_platform": system, "platform_system": name, "platform_machine": "x86_64"}
    lists = locked("torch")
    wanted = {package for package in lists if not (m := lists[package][1]) or m.evaluate(of)}
    assert wanted == (lists.keys() if system == "linux" else {"torch"})
    assert not [package for package in locked("app", "dev") if package.startswith("nvidia-")]


def test_set_up_checks_the_hashes_and_reads_nothing_else() -> None:
    script = (ROOT / "scripts" / "setup.sh").read_text("utf-8")
    installs = re.findall(r"pip_install (--[^|\n]*)", script)
    free = [line for line in installs if "--require-hashes" not in line]
    # A PyTorch of one's own, never from a network; the project itself, which needs nothing more.
    assert len(installs) == 3 and len(free) == 2
    assert all("--no-deps" in line for line in free)
    assert "--no-index" in free[0] and "--no-build-isolation" in free[1]
    assert "$(wildcard lock/*.txt)" in (ROOT / "Makefile").read_text("utf-8")
