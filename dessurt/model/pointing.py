"""Where a model looks on its image while it writes.

Training with dense supervision (see `dessurt.train.learner.student`) tells some attention heads of
the text layers where the next character stands, so their shares of attention say where each one was
read.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dessurt.model import Dessurt

POINTERS = 2  # attention heads of each text layer but the first that are told where to look


@torch.inference_mode()
def places(model: Dessurt, image: Tensor, task_index: Tensor, query: Tensor, ids: Tensor) -> Tensor:
    """The place of each written token: the middle of the columns and rows looked at most.

    Args:
        model: trained with pointing heads.
        image: [1, 2, H, W].
        task_index: [1].
        query: [1, Q-1].
        ids: [1, A], the answer, beginning with `<s>`; the last token need not be in it.

    Returns:
        float32 [A, 2], x and y in image pixels of what is written after each of `ids`.
    """
    tokens = model.embed_image(image)
    watched: list[tuple[Tensor, Tensor]] = []
    model.read(tokens, task_index, query, ids, watched)
    rows, columns = tokens.shape[1:3]
    first = query.shape[1] + 1  # the answer's tokens come after the query's
    shares = torch.stack([shares[0, :POINTERS, first:] for _, shares in watched[1:]]).mean((0, 1))
    seen = shares[:, : rows * columns].float().unflatten(1, (rows, columns))
    height, width = image.shape[2:]
    x, y = _peak(seen.sum(1)) * width / columns, _peak(seen.sum(2)) * height / rows
    return torch.stack([x, y], 1)


def _peak(shares: Tensor) -> Tensor:
    """[A, n] -> [A]: the weighted middle of the largest share and those beside it, in cells."""
    cells = torch.arange(shares.shape[1], device=shares.device)
    near = (cells - shares.argmax(1, keepdim=True)).abs() <= 1
    shares = shares * near
    return (shares * (cells + 0.5)).sum(1) / shares.sum(1)
