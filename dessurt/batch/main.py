"""The command line: piles of pages, read into a folder that can be gone on with.

    dessurt batch FOLDER --out READ --format txt,alto
    dessurt batch LIST.csv --out READ --tasks tasks.json --workers 2

The same command again goes on where it was stopped, whatever stopped it, and reads what was changed
since or could not be read. A list has the columns file and, as needed, page, task, text and
highlight (x0,y0,x1,y1, several parted by ;). In tasks.json is a list of objects with task, text,
highlight and name.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import NoReturn

from dessurt.batch import FORMATS, BatchError, Question, Record, Totals, read_files
from dessurt.batch.export import LINES
from dessurt.batch.listing import READ_ALL, questions_of
from dessurt.shipped import SHIPPED
from dessurt.tasks import TaskError, split

FAILED, WRONG, STOPPED = 1, 2, 130
ON_A_TERMINAL, ELSEWHERE = 0.5, 30.0  # seconds between two lines of progress


def main(argv: Sequence[str] | None = None) -> int:
    """Read files.

    Returns:
        the exit code: 0 all was read, 1 some pages could not be read, 2 it cannot be done, 130
        stopped by Ctrl+C or SIGTERM.
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    progress, before = _Progress(), signal.signal(signal.SIGTERM, _stop)
    try:
        _read(arguments, progress)
    except (BatchError, TaskError) as error:
        progress.end()
        print(f"dessurt batch: {error}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        progress.end()
        print("Stopped: the same command goes on from here.", file=sys.stderr)
        return STOPPED
    finally:
        signal.signal(signal.SIGTERM, before)
    totals = progress.totals
    progress.end()
    print(summary(totals, arguments.out))
    return FAILED if totals and totals.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dessurt batch", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("paths", nargs="+", metavar="PATH", help="folders, images, PDF files, lists (.csv)")
    add("--out", required=True, type=Path, metavar="FOLDER", help="where results go")
    task = parser.add_mutually_exclusive_group()
    task.add_argument("--task", default=READ_ALL, help="asked of every page, e.g. 'json>'; text "
        "may follow it; default: %(default)s")  # fmt: skip
    task.add_argument("--tasks", type=Path, metavar="JSON", help="several questions a page")
    add("--format", type=_names, default=["txt"], metavar="NAMES", help="what to write, with "
        f"commas between: {', '.join((*FORMATS, LINES))}; default: txt")  # fmt: skip
    add("--workers", type=_positive, default=1, metavar="N", help="processes that read")
    add("--ray", nargs="?", const="local", metavar="ADDRESS", help="have the workers on a Ray "
        "cluster; without an address, on one that is started here")  # fmt: skip
    add("--checkpoint", default=SHIPPED, help="official .pth, our folder, or a hub repository")
    add("--tokenizer", metavar="FOLDER", help="vocabulary of an official .pth; default: a folder "
        "tokenizer beside it, or the hub")  # fmt: skip
    add("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
    return parser


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _stop(signal_number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _read(arguments: argparse.Namespace, progress: _Progress) -> None:
    if arguments.tasks:
        questions = questions_of(arguments.tasks)
    else:
        questions = (Question(*split(arguments.task)),)
    records = read_files(
        arguments.paths,
        arguments.out,
        questions=questions,
        formats=arguments.format,
        workers=arguments.workers,
        checkpoint=arguments.checkpoint,
        device=arguments.device,
        tokenizer=arguments.tokenizer,
        ray=arguments.ray,
        progress=progress.show,
    )
    with closing(records):
        for record in records:
            if record.error:
                progress.say(f"{_place(record)}: {record.error}")


def _place(record: Record) -> str:
    return f"{record.file}, page {record.page}" if record.page else record.file


class _Progress:
    """How far a run is, in a line on stderr."""

    def __init__(self) -> None:
        self.totals: Totals | None = None
        self._terminal = sys.stderr.isatty()
        self._shown = 0.0 if self._terminal else time.monotonic()

    def show(self, totals: Totals) -> None:
        """Print a line now and then."""
        self.totals = totals
        wait = ON_A_TERMINAL if self._terminal else ELSEWHERE
        if time.monotonic() - self._shown >= wait:
            self._shown = time.monotonic()
            start, end = ("\r\x1b[K", "") if self._terminal else ("", "\n")
            print(f"{start}{line(totals)}", end=end, file=sys.stderr, flush=True)

    def say(self, sentence: str) -> None:
        """Print a sentence that stays."""
        self.end()
        print(sentence, file=sys.stderr)

    def end(self) -> None:
        """Take the line away."""
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr)


def line(totals: Totals) -> str:
    """How far a run is."""
    done = totals.read + totals.before
    parts = [f"{done} of about {totals.pages} pages"]
    if totals.failed:
        parts.append(f"{totals.failed} failed")
    if (left := totals.seconds_left) is not None:
        parts += [f"{totals.pages_a_minute:.1f} pages a minute", f"{_duration(left)} left"]
    return ", ".join(parts)


def summary(totals: Totals | None, out: Path) -> str:
    """What a run has done."""
    if totals is None:
        return "There are no pages in these files."
    parts = [f"Read {totals.read} pages in {_duration(totals.seconds)}"]
    if totals.read:
        parts[0] += f" ({totals.pages_a_minute:.1f} a minute)"
    if totals.before:
        parts.append(f"{totals.before} were read before")
    if totals.skipped:
        parts.append(f"passed over {_counts(totals.skipped)}")
    if totals.failed:
        parts.append(f"{totals.failed} failed, see {out / 'failed.csv'}")
    return "; ".join(parts) + "."


def _counts(skipped: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in skipped.items())


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
