"""The original's losses of answer, output mask and distillation.

Shapes: B batch, T answer tokens, V vocabulary, H, W image.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

TEMPERATURE = 2.0  # of the distillation, arXiv 1503.02531


def label_smoothing(log_probs: Tensor, target: Tensor, smoothing: float, pad: int) -> Tensor:
    """How far answers are from smoothed labels (arXiv 1512.00567, 7), summed over all tokens.

    A smoothed label gives 1 - smoothing to the right token and the rest evenly to all others but
    `pad`. The sum is of the divergence, which a perfect answer brings to 0. The original divides
    it by B.

    Args:
        log_probs: [B, T, V].
        target: [B, T]; `pad` where nothing is asked.
        smoothing: The share of the other tokens, 0 to 1.
        pad: The id of padding.
    """
    counts = target != pad
    log_probs, target = log_probs[counts], target[counts]  # [n, V], [n]
    others = smoothing / (log_probs.shape[-1] - 2)
    label = torch.full_like(log_probs, others)
    label.scatter_(1, target[:, None], 1.0 - smoothing)
    label[:, pad] = 0
    return F.kl_div(log_probs, label, reduction="sum")


def focal(region: Tensor, truth: Tensor, gamma: float = 2.0) -> Tensor:
    """The focal loss (arXiv 1708.02002) of a drawn region, as the original scales it.

    The original looks at inside and outside as two classes of which a pixel is one, and takes the
    mean over both: half the usual value.

    Args:
        region: [B, ...], 0 to 1.
        truth: Bool [B, ...].
        gamma: How little pixels count that are nearly right.
    """
    right = torch.where(truth, region, 1 - region).clamp_min(1e-6)
    return -((1 - right) ** gamma * right.log()).mean() / 2


def distillation(logits: Tensor, targets: Tensor, hidden: Tensor) -> Tensor:
    """How far answers are from a teacher's, where the text was hidden.

    Args:
        logits: [B, T, V] of the learner.
        targets: [B, T, V] of the teacher.
        hidden: Bool [B, T], the tokens that count.

    Returns:
        The divergence at temperature 2, times 4 so that it keeps its weight beside other losses;
        the mean over the tokens that count.
    """
    learner = F.log_softmax(logits[hidden].float() / TEMPERATURE, -1)
    teacher = F.softmax(targets[hidden].float() / TEMPERATURE, -1)
    return TEMPERATURE**2 * F.kl_div(learner, teacher, reduction="batchmean")


def feature_distance(image_tokens: Tensor, targets: Tensor) -> Tensor:
    """How far image tokens are from what they were: the mean square, as a share of the variance.

    Args:
        image_tokens: [B, r, c, D] of the learner.
        targets: [B, r, c, D] of the teacher.
    """
    return F.mse_loss(image_tokens.float(), targets.float()) / targets.float().var()
