"""The small checkpoint measured on a real form of FUNSD."""

import json

import pytest

from dessurt.evaluate import main


def test_funsd_end_to_end_with_the_small_checkpoint(shared, root, tmp_path, capsys):
    folder = root / "checkpoints" / "dessurt-small"
    if not (shared / "data" / "funsd").is_dir() or not (folder / "config.json").is_file():
        pytest.skip("FUNSD or the small checkpoint is not here")
    file = tmp_path / "figures.json"
    words = ["--data", str(shared / "data" / "funsd"), "--limit", "1", "--json", str(file)]
    assert main.main(["--set", "funsd", "--checkpoint", str(folder), *words]) == 0
    task = json.loads(file.read_text("utf-8"))["tasks"]["json>"]
    assert task["questions"] == 1 and task["more"][1]["of"] == 1
    assert "dessurt-small on funsd train" in capsys.readouterr().out
