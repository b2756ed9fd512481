"""The command line of training: one processor, one GPU, or several by `torchrun`.

    dessurt train configs/dessurt_small.json --budget 30
    torchrun --nproc-per-node 2 -m dessurt.train configs/dessurt_small.json
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dessurt.checkpoint import CheckpointError
from dessurt.checkpoint.official import training_state
from dessurt.data.records import DataError
from dessurt.data.sets import option
from dessurt.run_log import Kind
from dessurt.synth import NoFontsError
from dessurt.synth.fonts import families
from dessurt.train.config import SECTIONS, Config
from dessurt.train.config_file import read
from dessurt.train.learner.teacher import TeacherError
from dessurt.train.loop import Run
from dessurt.train.section import ConfigError, help_text


def main(argv: Sequence[str] | None = None) -> int:
    """Train as a config says; what is there in `runs/NAME` is continued."""
    parser = _parser()
    args = parser.parse_args(argv)
    if args.device and ":" in args.device and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        parser.error("of several processes each takes a GPU of its own: leave --device out.")
    if args.workers is not None and args.workers < 0:
        parser.error("--workers must be 0 or more.")
    if args.budget is not None and not args.budget > 0:
        parser.error("--budget must be more than 0.")
    try:
        run = _started(args)
        on_processor = run.accelerator.device.type == "cpu"
        workers = int(not on_processor) if args.workers is None else args.workers
        run.train(args.budget, workers)
    except (
        CheckpointError, ConfigError, DataError, FloatingPointError, NoFontsError, OSError,
        TeacherError,
    ) as error:  # fmt: skip
        parser.exit(2, f"dessurt train: {error}\n")
    if run.stopped and run.accelerator.is_main_process:
        run.log(Kind.STOPPED)
        print(f"Stopped and saved at step {run.step}: the same command goes on from there.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dessurt train", description=main.__doc__, epilog=_keys(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("config", type=Path, help="a file like configs/dessurt_small.json")
    parser.add_argument(
        "--budget", type=float, metavar="MINUTES",
        help="end so many minutes after the first step with a saved and measured checkpoint",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], type=option, dest="settings", metavar="KEY=VALUE",
        help="another value for a key of the config, e.g. stages.0.lr=1e-5; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--data", metavar="FOLDER", help="where the config's data sets are, validation pages too"
    )
    parser.add_argument(
        "--tokenizer", metavar="FOLDER",
        help="the vocabulary, as the config's `tokenizer`; default: facebook/bart-base of the hub",
    )  # fmt: skip
    parser.add_argument(
        "--resume", type=Path, metavar="OFFICIAL.pth",
        help="go on where a run of the original stood, optimiser and schedule included",
    )  # fmt: skip
    parser.add_argument(
        "--as-original", action="store_true",
        help="cut and paste tensors of another shape as the original does, mixing up places",
    )  # fmt: skip
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where runs are kept")
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ...; default: a GPU if there is one")
    parser.add_argument("--workers", type=int, help="processes that draw pages; default: 1 beside "
                        "a GPU, else 0, as learning itself takes all cores")  # fmt: skip
    return parser


def _keys() -> str:
    """The keys of a config, with their defaults in brackets."""
    tables = (f"keys of {name}:\n{help_text(section)}" for name, section in SECTIONS.items())
    return "\n\n".join(tables)


def _started(args: argparse.Namespace) -> Run:
    """The run that the command line asks for."""
    settings = list(args.settings)
    if args.resume:
        settings.append(("start", str(args.resume)))
    if args.tokenizer:
        settings.append(("tokenizer", args.tokenizer))
    config = read(args.config, settings, args.data)
    if config.draws_pages:
        config = _with_fonts(config)
    resumed = training_state(args.resume) if args.resume else None
    return Run(config, args.runs / config.name, args.device, args.as_original, resumed)


def _with_fonts(config: Config) -> Config:
    """The config, if there are fonts for it; said now if there are none.

    Synthetic pages that are only rehearsed beside validated data of one's own are left out then.

    Raises:
        NoFontsError: There are none to learn from or, held out, to measure on.
    """
    validated = config.validate is not None
    try:
        for held_out in (False,) if validated else (False, True):
            families(held_out=held_out)
    except NoFontsError as error:
        stages = tuple(
            replace(stage, parts={name: part for name, part in stage.parts.items() if part.data})
            for stage in config.stages
        )
        if not validated or not all(stage.parts for stage in stages):
            raise
        print(f"{error} Until then nothing is rehearsed: other pages may be read worse afterwards.",
              file=sys.stderr)  # fmt: skip
        return replace(config, stages=stages)
    return config
