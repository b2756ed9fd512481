"""Losses and rates of learning, against what the original gave."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("accelerate")

from dessurt.train.losses import distilled, focal, moved, smoothed  # noqa: E402
from dessurt.train.schedules import KINDS, multiplier  # noqa: E402

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
LOSSES = json.loads((GOLDEN / "losses.json").read_text("utf-8"))
SCHEDULES = json.loads((GOLDEN / "lr_schedules.json").read_text("utf-8"))


@pytest.mark.parametrize("case", LOSSES["label_smoothing"], ids=str)
def test_smoothed_labels(case: dict[str, Any]) -> None:
    log_probs, target = torch.tensor(LOSSES["log_probs"]), torch.tensor(LOSSES["target"])
    loss = smoothed(log_probs, target, case["smoothing"], case["padding_idx"]) / len(target)
    assert float(loss) == pytest.approx(case["value"], rel=1e-6)


@pytest.mark.parametrize("case", LOSSES["focalLoss"], ids=str)
def test_focal_loss(case: dict[str, Any]) -> None:
    region, truth = torch.tensor(LOSSES["mask_pred"]), torch.tensor(LOSSES["mask_gt"]) > 0
    # alpha has no influence in the original either
    assert float(focal(region, truth, case["gamma"])) == pytest.approx(case["value"], rel=1e-5)


def test_nothing_drawn_where_nothing_is() -> None:
    nothing = torch.zeros(1, 4, 4)
    assert float(focal(nothing, nothing > 0)) == LOSSES["focalLoss_all_zero_pred_and_gt"]


def test_image_tokens_move_by_a_share_of_their_variance() -> None:
    was = torch.tensor([0.0, 4.0, 0.0, 4.0]).view(1, 1, 2, 2)
    assert float(moved(was.clone(), was)) == 0
    # each is 1 off, and the variance (of a sample) is 16 / 3
    assert float(moved(was + torch.tensor([1.0, -1.0]), was)) == pytest.approx(3 / 16)


def test_a_learner_that_says_what_the_teacher_says_has_nothing_to_learn() -> None:
    torch.manual_seed(0)
    taught, hidden = torch.randn(2, 3, 5), torch.tensor([[True, False, True], [False, True, True]])
    learner = taught + 7  # the same probabilities
    learner[~hidden] = 100 * torch.randn(2, 5)  # what was not hidden does not count
    assert float(distilled(learner, taught, hidden)) == pytest.approx(0, abs=1e-5)
    # two choices, teacher 1 : e, learner 1 : 1, both at temperature 2
    one = torch.tensor([[True]])
    loss = distilled(torch.zeros(1, 1, 2), torch.tensor([[[0.0, 2.0]]]), one)
    p = 1 / (1 + math.e)
    expected = 4 * (p * math.log(2 * p) + (1 - p) * math.log(2 - 2 * p))
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def schedule_of(trainer: dict[str, Any]) -> dict[str, Any]:
    kind = trainer["use_learning_schedule"]
    return {**trainer, "kind": "spike" if kind is True else kind}


@pytest.mark.parametrize("case", SCHEDULES, ids=[case["name"] for case in SCHEDULES])
def test_rates_of_learning(case: dict[str, Any]) -> None:
    schedule = schedule_of(case["trainer_config"])
    found = {k: multiplier(schedule, int(k)) for k in case["multiplier_at_step"]}
    assert found == pytest.approx(case["multiplier_at_step"], rel=1e-9)
    for k, (rate, slow) in case["lr_used_in_iteration"].items():
        assert 1e-4 * multiplier(schedule, int(k)) == pytest.approx(rate, rel=1e-9)
        assert slow == pytest.approx(rate / 10)


def test_every_kind_of_schedule_is_tested() -> None:
    assert {schedule_of(case["trainer_config"])["kind"] for case in SCHEDULES} == set(KINDS)
