"""Rates of learning as the original's schedules give them: a factor for each of its iterations.

An iteration is a micro-batch. The kinds and their keys are those of the original's `trainer`
section; `multi_rise ... then ...` is what its configs use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

LOWEST = 0.01  # where a rise begins
SWA = 0.001  # the rate while weights are averaged, unless said otherwise
WARM_UP = 1000  # iterations, of the kinds that need not name them
KINDS = (
    *("multi_rise", "multi_rise then ramp_to_lower", "multi_rise then swa"),
    *("multi_rise then ramp_to_swa", "multi_rise with cyclic_full then swa", "detector", "step"),
    *("spike", "spike then swa", "cyclic", "cyclic-full", "cyclic-decay", "1cycle", "LR_test"),
)


def multiplier(schedule: Mapping[str, Any], iteration: int) -> float:
    """The factor on the rate of learning.

    Args:
        schedule: The `kind`, one of `KINDS`, and the keys of that kind.
        iteration: The number of the iteration, from 1 on in training.

    Raises:
        KeyError: The schedule lacks a key that its kind needs.
    """
    kind = schedule["kind"]
    if kind in _OTHERS:
        return _OTHERS[kind](schedule, iteration)
    return _rise_and_fall(schedule, kind, iteration)


def _rise_and_fall(schedule: Mapping[str, Any], kind: str, k: int) -> float:
    """Rises, each to the full rate at its own iteration, and a ramp down that ends at one."""
    if kind.endswith("ramp_to_lower"):
        down, length = schedule["lr_down_start"], schedule["ramp_down_steps"]
        low = schedule.get("lr_mul", 0.1)
    elif kind.endswith("swa"):
        down, length = schedule["swa_start"], 0
        low = schedule.get("swa_lr_mul", SWA)
        if kind.endswith("ramp_to_swa"):
            length = schedule["ramp_down_steps"]
    else:
        return _rise(schedule["warmup_steps"], k)
    if k < down - length:
        return _rise(schedule["warmup_steps"], k)
    return low if k >= down else 1 - (1 - low) * (k - (down - length)) / length


def _rise(ends: list[int], k: int) -> float:
    begin = 0
    for end in ends:
        if k < end:
            return LOWEST + (1 - LOWEST) * (k - begin) / (end - begin)
        begin = end
    return 1.0


def _detector(schedule: Mapping[str, Any], k: int) -> float:
    return min((k + 1) ** -0.3, (k + 1) * schedule.get("warmup_steps", WARM_UP) ** -1.3)


def _step(schedule: Mapping[str, Any], k: int) -> float:
    return 0.1 ** sum(k >= end for end in schedule["lr_steps"])


def _spike(schedule: Mapping[str, Any], k: int) -> float:
    warm = schedule.get("warmup_steps", WARM_UP)
    return min((max(1e-6, k - (warm - 3)) / 100) ** -0.1, LOWEST + k * 1.485 / warm)


def _spike_then_swa(schedule: Mapping[str, Any], k: int) -> float:
    return _spike(schedule, k) if k < schedule["swa_start"] else schedule.get("swa_lr_mul", 0.1)


def _cyclic(schedule: Mapping[str, Any], k: int) -> float:
    length, low = schedule.get("cycle_size", 500), schedule.get("min_lr_mul", 0.001)
    return 1 - (1 - low) * ((k - 1) % length) / (length - 1)


def _cyclic_full(schedule: Mapping[str, Any], k: int, decay: float = 1.0) -> float:
    """Up and down in turn; what lies above the lowest rate shrinks by `decay` each iteration."""
    length, low = schedule.get("cycle_size", 500), schedule.get("min_lr_mul", 0.25)
    turn, place = divmod(k, length)
    up = place / (length - 1)
    return low + (1 - low) * decay**k * (up if turn % 2 == 0 else 1 - up)


def _cyclic_decay(schedule: Mapping[str, Any], k: int) -> float:
    return _cyclic_full(schedule, k, schedule.get("decay_rate", 0.99994))


def _rise_and_cycles(schedule: Mapping[str, Any], k: int) -> float:
    """Rises to a rate of their own, cycles from then on, and the rate for averaging at the end."""
    if k >= schedule["swa_start"]:
        return schedule.get("swa_lr_mul", SWA)
    if k < max(schedule["warmup_steps"], default=0):
        return schedule["warmup_cap"] * _rise(schedule["warmup_steps"], k)
    return _cyclic_full(schedule, k)


def _one_cycle(schedule: Mapping[str, Any], k: int) -> float:
    length, low = schedule.get("cycle_size", 1000), schedule.get("low_lr_mul", 0.25)
    if k < 2 * length:
        return _cyclic_full({"cycle_size": length, "min_lr_mul": low}, k)
    least = schedule.get("min_lr_mul", 0.0001)
    return low - (low - least) * (k - 2 * length) / (schedule["iterations"] - 2 * length)


def _test(schedule: Mapping[str, Any], k: int) -> float:
    return 1e-6 + k * (1 - 1e-6) / schedule["iterations"]


_OTHERS: dict[str, Callable[[Mapping[str, Any], int], float]] = {
    "multi_rise with cyclic_full then swa": _rise_and_cycles,
    "detector": _detector,
    "step": _step,
    "spike": _spike,
    "spike then swa": _spike_then_swa,
    "cyclic": _cyclic,
    "cyclic-full": _cyclic_full,
    "cyclic-decay": _cyclic_decay,
    "1cycle": _one_cycle,
    "LR_test": _test,
}
