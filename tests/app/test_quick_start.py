"""The screen is there before the model, and Gradio is imported without what nobody needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMPONENT = "import gradio as gr\n\n\nclass Mine(gr.HTML):\n    pass\n"
BUILD = """
import gc, sys
from dessurt_app import models
models.HEAD_START = 3600  # however slow this computer is
from dessurt_app.ui import build
build(checkpoint="nothing/there")
import mine
print("torch" in sys.modules, gc.isenabled(), mine.Mine.__name__)
"""


def test_the_screen_is_built_without_torch_and_without_files_for_editors(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(COMPONENT)
    script = f"import sys; sys.path[:0] = {[str(ROOT), str(tmp_path)]!r}\n{BUILD}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "False True Mine\n", done.stderr
    assert [path.name for path in tmp_path.glob("mine.py*")] == ["mine.py"]
