"""`dessurt checkpoint show, reset, set-config, rename-keys, export-history`, and `dessurt plot`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dessurt.checkpoint import plot, upkeep
from dessurt.checkpoint.files import CheckpointError

Run = Callable[[argparse.Namespace], str]


def add_verbs(verbs: Any, actions: Any) -> None:
    """Add them to the command line.

    Args:
        verbs: the subparsers of `dessurt`.
        actions: those of `dessurt checkpoint`.
    """
    show = _add(actions, "show", "say what a checkpoint is", _show, "checkpoint")
    show.add_argument("--weights", action="store_true", help="list its tensors, too")
    show.add_argument("--config", action="store_true", help="print its config as JSON instead")
    _add(
        actions, "reset", "forget training: optimiser, steps, schedule, figures", _reset,
        "checkpoint", "out",
    )  # fmt: skip
    _add(
        actions, "set-config", "replace the config by a JSON file", _set_config,
        "checkpoint", "config", "out",
    )  # fmt: skip
    rename = _add(
        actions, "rename-keys", "replace a text in the names of all tensors", _rename, "checkpoint"
    )
    for name in ("old", "new"):
        rename.add_argument(name, help=f"the {name} text")
    rename.add_argument("out", type=Path, help=HELP["out"])
    _add(
        actions, "export-history", "write the logged figures as CSV", _export, "checkpoint", "out"
    )
    draw = _add(verbs, "plot", "draw logged figures", _plot, "checkpoint")
    draw.add_argument("--out", type=Path, default=Path("plot.png"), help="PNG, PDF or SVG")
    draw.add_argument("--window", action="store_true", help="open a window instead")
    draw.add_argument(
        "--figures", nargs="+", default=[], metavar="REGEX",
        help="only those in whose name such an expression is found, e.g. '^val_'",
    )  # fmt: skip
    draw.add_argument("--values", action="store_true", help="print all values instead of drawing")


HELP = {
    "checkpoint": "an official .pth, our folder, or the folder of a run",
    "config": "a JSON file",
    "out": "where to write; it may be the same",
}


def _add(group: Any, name: str, what: str, run: Run, *arguments: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = group.add_parser(name, help=what)
    for argument in arguments:
        parser.add_argument(argument, type=Path, help=HELP[argument])
    parser.set_defaults(run=lambda args: _print_result(run, args))
    return parser


def _print_result(run: Run, args: argparse.Namespace) -> int:
    try:
        print(run(args))
    except OSError as error:
        raise CheckpointError(f"{error.strerror or error}: {error.filename or ''}.") from error
    return 0


def _show(args: argparse.Namespace) -> str:
    if args.config:
        return json.dumps(upkeep.config_of(args.checkpoint), indent=1, ensure_ascii=False)
    return upkeep.described(args.checkpoint, args.weights)


def _reset(args: argparse.Namespace) -> str:
    return f"Wrote {upkeep.reset_training(args.checkpoint, args.out)}."


def _set_config(args: argparse.Namespace) -> str:
    upkeep.set_config(args.checkpoint, args.config, args.out)
    return f"Wrote {args.out}."


def _rename(args: argparse.Namespace) -> str:
    changed = upkeep.rename_keys(args.checkpoint, args.old, args.new, args.out)
    return f"Wrote {args.out}: {changed} names changed."


def _export(args: argparse.Namespace) -> str:
    return f"Wrote {args.out}: {upkeep.export_history(args.checkpoint, args.out)} figures."


def _plot(args: argparse.Namespace) -> str:
    if args.values:
        return "\n".join(plot.values(args.checkpoint, args.figures))
    out = None if args.window else args.out
    lines = plot.plot(args.checkpoint, out, args.figures)
    return "\n".join([*lines, *([f"Wrote {out}."] if out else [])])
