"""Where a model looks on its image while it writes.

Training with dense supervision (see `dessurt.train.learner.student`) tells some attention heads of
the text layers where the next character stands, so their shares of attention say where each one was
read.
"""

from __future__ import annotations

import torch
from torch import Tensor

POINTERS = 2  # attention heads of each text layer but the first that are told where to look


def peaks(shares: Tensor) -> Tensor:
    """The middle of the columns and rows that are looked at most.

    Args:
        shares: [b, r, c], of attention.

    Returns:
        [b, 2], x and y in cells.
    """
    return torch.stack([_peak(shares.sum(1)), _peak(shares.sum(2))], 1)


def _peak(shares: Tensor) -> Tensor:
    """[b, n] -> [b]: the weighted middle of the largest share and those beside it, in cells."""
    cells = torch.arange(shares.shape[1], device=shares.device)
    near = (cells - shares.argmax(1, keepdim=True)).abs() <= 1
    shares = shares * near
    return (shares * (cells + 0.5)).sum(1) / shares.sum(1)
