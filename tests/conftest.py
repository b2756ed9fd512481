"""What every test shares: quiet surroundings, the material beside the repository, a browser."""

import os
from pathlib import Path

# Read when torch, gradio and the hub client are first imported, so set before any test is.
os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import pytest

ROOT = Path(__file__).resolve().parent.parent


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


@pytest.fixture(scope="session")
def held_out_fonts() -> None:
    """Fonts that validation pages are set in; without one the test is skipped."""
    pytest.importorskip("typst")
    from dessurt.synth.fonts import NoFontsError, families

    try:
        families(held_out=True)
    except NoFontsError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that starts; without one the test is skipped, but in CI it fails."""
    from scripts.find_chromium import find

    path = find()
    if path is None:
        told = "no Chromium starts here: `make test` installs one where it can"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)
    return path
