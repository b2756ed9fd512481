"""Losses and rates of learning, against what the original gave."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from dessurt.train.learner.losses import distillation, feature_distance, focal, label_smoothing
from dessurt.train.original.schedules import KINDS, multiplier

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
LOSSES = json.loads((GOLDEN / "losses.json").read_text("utf-8"))
SCHEDULES = json.loads((GOLDEN / "lr_schedules.json").read_text("utf-8"))


@pytest.mark.parametrize("case", LOSSES["label_smoothing"], ids=str)
def test_smoothed_labels(case: dict[str, Any]) -> None:
    log_probs, target = torch.tensor(LOSSES["log_probs"]), torch.tensor(LOSSES["target"])
    loss = label_smoothing(log_probs, target, case["smoothing"], case["padding_idx"]) / len(target)
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
    assert float(feature_distance(was.clone(), was)) == 0
    # each is 1 off, and the variance (of a sample) is 16 / 3
    assert float(feature_distance(was + torch.tensor([1.0, -1.0]), was)) == pytest.approx(3 / 16)


def test_a_learner_that_says_what_the_teacher_says_has_nothing_to_learn() -> None:
    torch.manual_seed(0)
    taught, hidden = torch.randn(2, 3, 5), torch.tensor([[True, False, True], [False, True, True]])
    learner = taught + 7  # the same probabilities
    learner[~hidden] = 100 * torch.randn(2, 5)  # what was not hidden does not count
    assert float(distillation(learner, taught, hidden)) == pytest.approx(0, abs=1e-5)
    # two choices, teacher 1 : e, learner 1 : 1, both at temperature 2
    one = torch.tensor([[True]])
    loss = distillation(torch.zeros(1, 1, 2), torch.tensor([[[0.0, 2.0]]]), one)
    p = 1 / (1 + math.e)
    expected = 4 * (p * math.log(2 * p) + (1 - p) * math.log(2 - 2 * p))
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def schedule_of(trainer: dict[str, Any]) -> dict[str, Any]:
    kind = trainer["use_learning_schedule"]
    # the original's config had 1000 iterations where the case names none
    return {"iterations": 1000, **trainer, "kind": "spike" if kind is True else kind}


@pytest.mark.parametrize("case", SCHEDULES, ids=[case["name"] for case in SCHEDULES])
def test_rates_of_learning(case: dict[str, Any]) -> None:
    schedule = schedule_of(case["trainer_config"])
    found = {k: multiplier(schedule, int(k)) for k in case["multiplier_at_step"]}
    assert found == pytest.approx(case["multiplier_at_step"], rel=1e-9)
    for k, (rate, slow) in case["lr_used_in_iteration"].items():
        assert 1e-4 * multiplier(schedule, int(k)) == pytest.approx(rate, rel=1e-9)
        assert slow == pytest.approx(rate / 10)


# Worked out by hand from the formulas of the original's `base_trainer.py`.
OTHERS: list[tuple[dict[str, Any], dict[int, float]]] = [
    ({"kind": "LR_test", "iterations": 4}, {0: 1e-6, 1: 0.25000075, 4: 1.0}),
    (
        {"kind": "cyclic-decay", "cycle_size": 5, "min_lr_mul": 0.2, "decay_rate": 0.5},
        # rises 0, 1/4, ... 1 of 0.8 * 0.5 ** k, then falls in the same way
        {0: 0.2, 1: 0.3, 4: 0.25, 5: 0.225, 7: 0.203125, 9: 0.2, 10: 0.2},
    ),
    (
        {"kind": "cyclic-decay"},
        {499: 0.25 + 0.75 * 0.99994**499, 500: 0.25 + 0.75 * 0.99994**500, 999: 0.25},
    ),
    (
        {"kind": "spike then swa", "warmup_steps": 1000, "swa_start": 2000},
        {1: 0.011485, 999: 1.4787576366283137, 1500: 0.8508307971733355, 2000: 0.1, 9000: 0.1},
    ),
    ({"kind": "spike then swa", "swa_start": 10, "swa_lr_mul": 0.3}, {9: 0.023365, 10: 0.3}),
    (
        {
            "kind": "multi_rise with cyclic_full then swa", "warmup_steps": [4, 10],
            "warmup_cap": 0.5, "cycle_size": 5, "swa_start": 20,
        },
        # after the rises the cycles of all iterations, not those since then
        {
            0: 0.005, 2: 0.2525, 4: 0.005, 7: 0.2525, 9: 0.005 + 0.495 * 5 / 6,
            10: 0.25, 12: 0.625, 14: 1.0, 15: 1.0, 16: 0.8125, 19: 0.25, 20: 0.001, 99: 0.001,
        },
    ),
    (
        {
            "kind": "multi_rise with cyclic_full then swa", "warmup_steps": [], "warmup_cap": 0.5,
            "cycle_size": 3, "min_lr_mul": 0.0, "swa_start": 6, "swa_lr_mul": 0.02,
        },
        {0: 0.0, 1: 0.5, 2: 1.0, 3: 1.0, 4: 0.5, 5: 0.0, 6: 0.02},
    ),
    ({"kind": "detector"}, {0: 1000**-1.3, 999: 0.1258925411794167}),
]  # fmt: skip


@pytest.mark.parametrize(("schedule", "expected"), OTHERS, ids=[case["kind"] for case, _ in OTHERS])
def test_rates_of_learning_by_hand(schedule: dict[str, Any], expected: dict[int, float]) -> None:
    assert {k: multiplier(schedule, k) for k in expected} == pytest.approx(expected, rel=1e-9)


def test_every_kind_of_schedule_is_tested() -> None:
    golden = {schedule_of(case["trainer_config"])["kind"] for case in SCHEDULES}
    assert golden | {schedule["kind"] for schedule, _ in OTHERS} == set(KINDS)
