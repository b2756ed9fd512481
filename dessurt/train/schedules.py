"""Rates of learning as the original's schedules give them: a factor for each of its iterations.

An iteration is a micro-batch. The kinds and their keys are those of the original's `trainer`
section; `multi_rise ... then ...` is what its configs use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

LOWEST = 0.01  # where a rise begins
SWA = 0.001  # the rate while weights are averaged, unless said otherwise
KINDS = (
    *("multi_rise", "multi_rise then ramp_to_lower", "multi_rise then swa"),
    *("multi_rise then ramp_to_swa", "detector", "step", "spike", "cyclic", "cyclic-full"),
    *("1cycle", "LR_test"),
)


def multiplier(schedule: Mapping[str, Any], iteration: int) -> float:
    """The factor on the rate of learning.

    Args:
        schedule: `kind`, one of `KINDS`, and that kind's keys.
        iteration: from 1 on in training.

    Raises:
        KeyError: the schedule lacks a key that its kind needs.
    """
    kind = schedule["kind"]
    if kind.startswith("multi_rise"):
        return _rise_and_fall(schedule, kind, iteration)
    return _OTHERS[kind](schedule, iteration)


def _rise_and_fall(given: Mapping[str, Any], kind: str, k: int) -> float:
    """Rises, each to the full rate at its own iteration, and a ramp down that ends at one."""
    if kind.endswith("ramp_to_lower"):
        down, length = given["lr_down_start"], given["ramp_down_steps"]
        low = given.get("lr_mul", 0.1)
    elif kind.endswith("swa"):
        down, length = given["swa_start"], 0
        low = given.get("swa_lr_mul", SWA)
        if kind.endswith("ramp_to_swa"):
            length = given["ramp_down_steps"]
    else:
        return _rise(given["warmup_steps"], k)
    if k < down - length:
        return _rise(given["warmup_steps"], k)
    return low if k >= down else 1 - (1 - low) * (k - (down - length)) / length


def _rise(ends: list[int], k: int) -> float:
    begin = 0
    for end in ends:
        if k < end:
            return LOWEST + (1 - LOWEST) * (k - begin) / (end - begin)
        begin = end
    return 1.0


def _detector(given: Mapping[str, Any], k: int) -> float:
    return min((k + 1) ** -0.3, (k + 1) * given["warmup_steps"] ** -1.3)


def _step(given: Mapping[str, Any], k: int) -> float:
    return 0.1 ** sum(k >= end for end in given["lr_steps"])


def _spike(given: Mapping[str, Any], k: int) -> float:
    warm = given["warmup_steps"]
    return min((max(1e-6, k - (warm - 3)) / 100) ** -0.1, LOWEST + k * 1.485 / warm)


def _cyclic(given: Mapping[str, Any], k: int) -> float:
    length, low = given.get("cycle_size", 500), given.get("min_lr_mul", 0.001)
    return 1 - (1 - low) * ((k - 1) % length) / (length - 1)


def _cyclic_full(given: Mapping[str, Any], k: int) -> float:
    length, low = given.get("cycle_size", 500), given.get("min_lr_mul", 0.25)
    turn, place = divmod(k, length)
    up = place / (length - 1)
    return low + (1 - low) * (up if turn % 2 == 0 else 1 - up)


def _one_cycle(given: Mapping[str, Any], k: int) -> float:
    length, low = given.get("cycle_size", 1000), given.get("low_lr_mul", 0.25)
    if k < 2 * length:
        return _cyclic_full({"cycle_size": length, "min_lr_mul": low}, k)
    least = given.get("min_lr_mul", 0.0001)
    return low - (low - least) * (k - 2 * length) / (given["iterations"] - 2 * length)


def _test(given: Mapping[str, Any], k: int) -> float:
    return 1e-6 + k * (1 - 1e-6) / 1000


_OTHERS: dict[str, Callable[[Mapping[str, Any], int], float]] = {
    "detector": _detector,
    "step": _step,
    "spike": _spike,
    "cyclic": _cyclic,
    "cyclic-full": _cyclic_full,
    "1cycle": _one_cycle,
    "LR_test": _test,
}
