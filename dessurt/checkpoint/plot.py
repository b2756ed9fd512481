"""Curves of logged figures, as a picture or in a window."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from dessurt.checkpoint.files import CheckpointError
from dessurt.checkpoint.upkeep import Series, series

MOST = 15  # figures in a picture
COLUMNS = 3


def plot(path: Path, out: Path | None, wanted: Sequence[str] = ()) -> list[str]:
    """Draw the figures of a run's folder, its log, or a checkpoint.

    Args:
        path: what `series` takes.
        out: the picture, PNG, PDF or SVG; None: a window, until it is closed.
        wanted: regular expressions, of which one is found in the name; none: all, validation
            first.

    Returns:
        a line for each figure: its name and its values in short; only the first 15 are drawn.

    Raises:
        CheckpointError: there are no such figures, or Matplotlib is not installed.
    """
    try:
        import matplotlib
        from matplotlib import pyplot
    except ImportError as error:
        raise CheckpointError("drawing needs Matplotlib: pip install -e '.[train]'.") from error
    chosen = _chosen(series(path), wanted)
    if out is not None:
        matplotlib.use("agg")  # no screen is needed
    rows = -(-min(len(chosen), MOST) // COLUMNS)
    size = (4.5 * COLUMNS, 2.8 * rows)
    figure, axes = pyplot.subplots(
        rows, COLUMNS, figsize=size, squeeze=False, layout="constrained"
    )
    for axis in axes.flat:
        axis.set_visible(False)
    for axis, (name, points) in zip(axes.flat, chosen.items(), strict=False):
        _draw(axis, name, points)
    if out is None:
        pyplot.show()
    else:
        figure.savefig(out, dpi=100)
    pyplot.close(figure)
    told = [_summary(name, points) for name, points in chosen.items()]
    if len(chosen) > MOST:
        told.append(f"The first {MOST} of {len(chosen)} are drawn: name others with --figures.")
    return told


def values(path: Path, wanted: Sequence[str] = ()) -> list[str]:
    """A line for each value of the figures: name, step and value; arguments as `plot`.

    Raises:
        CheckpointError: there are no such figures.
    """
    return [
        f"{name}\t{step}\t{value:.6g}"
        for name, points in _chosen(series(path), wanted).items()
        for step, value in points
    ]


def _summary(name: str, points: list[tuple[int, float]]) -> str:
    numbers = [value for _, value in points]
    return (f"{name}: {len(numbers)} values, the last {numbers[-1]:.4g}, min {min(numbers):.4g}, "
            f"max {max(numbers):.4g}, mean {fmean(numbers):.4g}")  # fmt: skip


def _chosen(found: Series, wanted: Sequence[str]) -> Series:
    try:
        patterns = [re.compile(each) for each in wanted]
    except re.error as error:
        raise CheckpointError(
            f"{error.pattern!r} is no regular expression ({error.msg})."
        ) from error
    names = [name for name in found if not wanted or any(each.search(name) for each in patterns)]
    if not names:
        raise CheckpointError(
            f"no figure has {' or '.join(map(repr, wanted))} in its name: {', '.join(found)}."
        )
    first = [name for name in names if name.startswith(("check", "val", "avg"))]
    return {name: found[name] for name in dict.fromkeys([*first, *names])}


def _draw(axis: Any, name: str, points: list[tuple[int, float]]) -> None:
    steps, values = zip(*points, strict=True)
    axis.plot(steps, values, marker="." if len(points) < 30 else "", linewidth=1)
    axis.set_title(name, fontsize=9)
    axis.tick_params(labelsize=8)
    axis.grid(alpha=0.3)
    axis.set_visible(True)
