"""The command line: `dessurt ask`, `dessurt app`, `dessurt checkpoint convert` and so on.

Whatever a person can set right ends in one line on stderr and exit code 2.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import re
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn, assert_never

import numpy as np
from PIL import Image

from dessurt import (
    CheckpointError,
    Done,
    Event,
    Marks,
    MarksError,
    Notice,
    Outcome,
    Page,
    PageError,
    Progress,
    Region,
    Request,
    RequestError,
    Text,
    TextLine,
    checkpoint,
    open_model,
)
from dessurt.checkpoint.verbs import add_verbs
from dessurt.shipped import SHIPPED
from dessurt.tasks import TaskError, split
from dessurt.train.data_verbs import add_data_verbs

# Verbs that are packages of their own: `dessurt train ...` is `python -m dessurt.train ...`.
PACKAGES = {
    "batch": "read piles of pages into a folder",
    "train": "train a model from a config",
    "evaluate": "measure a checkpoint",
    "synth": "make synthetic pages",
}
TOKENIZER: dict[str, Any] = {
    "metavar": "FOLDER",
    "help": "vocabulary of an official .pth; default: a folder tokenizer beside it, or the hub",
}
EXPECTED = (CheckpointError, MarksError, PageError, RequestError, TaskError)


class CommandError(ValueError):
    """A command line that cannot be followed; the message says in one sentence what to do."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the words after `dessurt`; by default those of the process.

    Returns:
        the exit code: 0 done, 2 a mistake that the message explains, 130 interrupted, 141 nobody
        reads the output any more.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    # argparse takes a box that begins left of the page for an option, unless a space comes first.
    words = [f" {word}" if re.fullmatch(r"-[\d.]+(,-?[\d.]+){3}", word) else word for word in words]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may not know the sign
    if words and words[0] in (*PACKAGES, "app"):  # these parse their own flags
        run = _app if words[0] == "app" else _package
        arguments = argparse.Namespace(run=run, words=words)
    else:
        arguments = _parser().parse_args(words)
    warnings.filterwarnings("ignore", module="PIL")  # about damaged files; the error says enough
    try:
        code: int = arguments.run(arguments)
        return code
    except (*EXPECTED, CommandError) as error:
        print(f"dessurt: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(
            f"dessurt: {words[0]} needs the package {error.name}: pip install -e '.[train]'.",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print("dessurt: stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read the output has had enough, e.g. `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is not yet sent
        return 141


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without repeating the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="dessurt", description="Ask a page.")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")

    ask = verbs.add_parser("ask", help="ask one question about one page")
    ask.add_argument("page", metavar="PAGE", help="image or PDF file")
    ask.add_argument("--task", required=True, help="task token, e.g. 'w0>'; text may follow it")
    ask.add_argument("--text", help="the text that the task takes")
    for flag, purpose in (("--highlight", "boxes to point at"), ("--mask", "boxes to hide")):
        ask.add_argument(
            flag,
            type=_box,
            nargs="+",
            action="extend",
            default=[],
            metavar="x0,y0,x1,y1",
            help=f"{purpose}, in page pixels",
        )
    ask.add_argument("--checkpoint", help="official .pth, our folder, or a hub repository")
    ask.add_argument("--tokenizer", **TOKENIZER)
    ask.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
    ask.add_argument("--page", dest="number", type=int, default=1, help="page of the file, from 1")
    ask.add_argument("--password", help="of a PDF that is protected by one")
    ask.add_argument("--beams", type=int, default=1, help="above 1: beam search, not streamed")
    ask.add_argument("--max-tokens", type=int, help="the longest answer; default: no limit")
    ask.add_argument("--region", metavar="PNG", help="write the model's own highlight there")
    ask.add_argument("--json", action="store_true", help="print one object at the end")
    ask.set_defaults(run=_ask)

    files = verbs.add_parser("checkpoint", help="work on checkpoint files")
    actions = files.add_subparsers(required=True, metavar="ACTION")
    convert = actions.add_parser("convert", help="write an official .pth as our folder")
    convert.add_argument("source", metavar="OFFICIAL.pth")
    convert.add_argument("folder", metavar="FOLDER")
    convert.add_argument("--tokenizer", **TOKENIZER)
    convert.set_defaults(run=_convert)
    add_verbs(verbs, actions)
    add_data_verbs(verbs)

    # Only for the help: these parse their own flags.
    for verb, purpose in {"app": "open the browser app", **PACKAGES}.items():
        verbs.add_parser(verb, help=purpose)
    return parser


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        x0, y0, x1, y1 = (float(number) for number in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a box: give four numbers, for example 120,300,900,340"
        ) from None
    return x0, y0, x1, y1


def _ask(arguments: argparse.Namespace) -> int:
    task, text = split(arguments.task)  # whether there is such a task, the model's card says
    if text and arguments.text is not None:
        raise CommandError("Give the text once: after the task or with --text.")
    if arguments.region is not None:
        _check_region(Path(arguments.region))
    request = Request(
        task=task,
        text=text if arguments.text is None else arguments.text,
        marks=Marks.from_boxes(arguments.highlight, arguments.mask),
        max_tokens=arguments.max_tokens,
        beams=arguments.beams,
        want_region=arguments.region is not None,
    )
    page = Page.open(arguments.page, arguments.number - 1, password=arguments.password)
    if page.notice:
        print(page.notice, file=sys.stderr)
    instrument = open_model(
        _checkpoint(arguments.checkpoint), arguments.device, arguments.tokenizer
    )
    answer = _Answer(arguments)
    try:
        for event in instrument.ask(page, request):
            answer.take(event)
    except KeyboardInterrupt:
        answer.stopped_by_user()
    answer.finish()
    return 0


class _Answer:
    """An answer, printed as it comes."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.started = time.perf_counter()
        self.first: float | None = None
        self.late: list[str] = []  # notices that came while the answer was on its line
        self.outcome = Outcome()

    def take(self, event: Event) -> None:
        """Show one event."""
        begun = bool(self.outcome.tokens)
        self.outcome = self.outcome.after(event)
        match event:
            case Text():
                self.first = self.first or time.perf_counter() - self.started
                if not self.arguments.json:
                    print(event.delta, end="", flush=True)
            case Notice():
                if begun and not self.arguments.json:
                    self.late.append(event.message)
                else:
                    print(event.message, file=sys.stderr)
            case Progress():
                if event.total is not None and sys.stderr.isatty():
                    print(f"\rLine {event.done} of {event.total} ", end="", file=sys.stderr)
            case Region():
                _write_region(event.map, self.arguments.region)
                print(f"Wrote {self.arguments.region}.", file=sys.stderr)
            case TextLine() | Done():
                pass  # `finish` prints them
            case _:
                assert_never(event)

    def stopped_by_user(self) -> None:
        """End the answer here."""
        seconds = time.perf_counter() - self.started
        tokens = len(self.outcome.tokens)
        self.take(Done(self.first or seconds, seconds, tokens, "user"))

    def finish(self) -> None:
        """Print the end, or with --json the whole."""
        done = self.outcome.done
        assert done is not None  # every answer ends with Done
        if self.arguments.json:
            print(json.dumps(self._fields(done), ensure_ascii=False))
        else:
            self._end(done)

    def _fields(self, done: Done) -> dict[str, Any]:
        """The answer for programs."""
        return {
            "answer": self.outcome.text,
            "tokens": [
                {"text": token.delta, "id": token.token_id, "probability": token.probability}
                for token in self.outcome.tokens
            ],
            "lines": [
                {"text": line.text, "quad": line.quad, "words": list(map(asdict, line.words))}
                for line in self.outcome.lines
            ],
            "seconds_to_first_token": done.seconds_to_first_token,
            "seconds": done.seconds,
            "stopped_by": done.stopped_by,
        }

    def _end(self, done: Done) -> None:
        """End the line, and print what could not be said before."""
        print(flush=True)
        for message in self.late:
            print(message, file=sys.stderr)
        if done.stopped_by != "end":
            reasons = {
                "user": "as you asked",
                "length": "at the longest length allowed",
                "loop": "since it only repeated itself",
            }
            print(
                f"Stopped after {done.tokens} tokens, {reasons[done.stopped_by]}.",
                file=sys.stderr,
            )


def _checkpoint(name: str | None) -> str | Path:
    if name is not None:
        return name
    if not SHIPPED.exists():
        raise CommandError(
            "The small checkpoint is not installed here: pass --checkpoint with a folder or .pth."
        )
    return SHIPPED


def _check_region(path: Path) -> None:
    """Refuse, before the model is asked, a path to which its region cannot be written."""
    if path.suffix.lower() != ".png" or not path.parent.is_dir():
        raise CommandError(
            f"Cannot write the region to {path}: name a .png in a folder that exists."
        )


def _write_region(region: np.ndarray, path: str) -> None:
    """Write a map of 0 to 1 as a grey picture of the page's size."""
    try:
        Image.fromarray(np.rint(region * 255).astype(np.uint8)).save(path)
    except OSError as error:
        raise CommandError(f"Could not write {path} ({error}).") from error


def _app(arguments: argparse.Namespace) -> int:
    try:
        # By name: the core does not depend on the app, and runs without Gradio.
        launch = importlib.import_module("dessurt_app.launch")
    except ModuleNotFoundError as error:
        raise CommandError(f"The app needs the package {error.name}: install it.") from error
    launch.main(arguments.words[1:], "dessurt app")
    return 0


def _package(arguments: argparse.Namespace) -> int:
    verb, *rest = arguments.words
    # By name: what these need takes a while to import, and may not be installed.
    code: int = importlib.import_module(f"dessurt.{verb}.main").main(rest)
    return code


def _convert(arguments: argparse.Namespace) -> int:
    try:
        folder = arguments.tokenizer
        tokenizer = checkpoint.open_tokenizer(folder) if folder else None
        checkpoint.convert(arguments.source, arguments.folder, tokenizer)
    except OSError as error:
        raise CommandError(f"Could not convert {arguments.source} ({error}).") from error
    print(f"Wrote {arguments.folder}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
