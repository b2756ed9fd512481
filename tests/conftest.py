"""What every test shares: quiet surroundings, the material beside the repository, a browser."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

# Read when torch, gradio and the hub client are first imported, so set before any test is.
os.environ.setdefault("OMP_NUM_THREADS", "1" if "PYTEST_XDIST_WORKER" in os.environ else "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")  # the same with a GPU as without
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Tests of training and of synthetic pages; what these import, the extra `train` brings.
WITH_TRAIN = [ROOT / "tests" / folder for folder in ("slow", "unit/train", "unit/synth")]


def pytest_pycollect_makemodule(module_path: Path) -> None:
    """Skip the tests in those folders, with a reason, where the extra is not installed."""
    if module_path.parent in WITH_TRAIN:
        for library in ("accelerate", "matplotlib", "tqdm", "typst"):
            pytest.importorskip(library, reason=f"needs {library}: pip install -e '.[train]'")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in the folder of slow tests, so that `-m 'not slow'` leaves it out."""
    for item in items:
        if item.path.parent == ROOT / "tests" / "slow":
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference arrays and measuring pages that lies beside the repository."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("reference material is not beside this checkout (../shared)")
    return folder


@pytest.fixture(scope="session", autouse=True)
def same_pages_everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Synthetic pages in the fonts that Typst brings, with texts that Python brings."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DESSURT_FONTS", "DESSURT_TEXTS"):  # workers see them, too
            patch.setenv(name, str(tmp_path_factory.mktemp("none")))
        yield


@pytest.fixture(autouse=True)
def one_run_at_a_time() -> Iterator[None]:
    """Accelerate keeps one state for the whole process: after each test it is forgotten."""
    yield
    if "accelerate.state" in sys.modules:
        sys.modules["accelerate.state"].AcceleratorState._reset_state(reset_partial_state=True)


def link_fonts(folder: Path, families: tuple[str, ...]) -> Path:
    """The folder, with links to the system's fonts of families that begin so; none: skipped."""
    typst = pytest.importorskip("typst")
    fonts = typst.Fonts(include_embedded_fonts=False).fonts()
    files = {Path(font.path) for font in fonts if font.family.startswith(families)}
    if not files:
        pytest.skip(f"no fonts here of {', '.join(families)}: `make test` installs them on Debian")
    for file in files:
        (folder / file.name).symlink_to(file)
    return folder


@pytest.fixture(scope="session")
def held_out_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return link_fonts(tmp_path_factory.mktemp("held-out"), ("TeX Gyre Schola",))


@pytest.fixture
def held_out_fonts(held_out_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A font that validation pages are set in; without it the test is skipped."""
    monkeypatch.setenv("DESSURT_FONTS", str(held_out_folder))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that starts; without one the test is skipped, but in CI it fails."""
    from scripts.find_chromium import find

    path = find()
    if path is None:
        told = "no Chromium starts here: `make test` installs one where it can"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)
    return path
