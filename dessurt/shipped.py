"""What lies in the repository beside the code. An installed wheel has none of it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # with assets/, configs/, data/ and runs/
CHECKPOINTS = ROOT / "checkpoints"
SHIPPED = CHECKPOINTS / "dessurt-small"  # the checkpoint that is used unless another is chosen
