"""The quality table of a checkpoint, Tesseract's figures beside it.

    dessurt evaluate --set realpages --data DIR [--degraded | --turned DEGREES]
    dessurt evaluate --set synthetic [--count 500]
    dessurt evaluate --set hard [--count 200] [--data FUNSD]
    dessurt evaluate --set NAME --data DIR [--split S]
    dessurt evaluate --set NAME --data DIR --predictions FILE

On real pages everything that can be asked is asked (or about `--limit` questions a task), of text
that is marked as people mark it, with boxes and by clicks; on synthetic ones one question a page
and task; of lines that are hard to read each sort in a row (see `hard`). A data set has the
measures of the paper (see `set_table`), its own or those of the original where they differ; answers
to one may also come from a file (see `predictions`). Ctrl-C prints the table of what was measured
so far.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from dessurt import Card, CheckpointError, Instrument, PageError, RequestError, open_model
from dessurt.data.records import DataError
from dessurt.data.sets import SETS, option
from dessurt.evaluate import report, sources
from dessurt.evaluate.asking import TesseractError, judges, measure_all, settle, with_beams
from dessurt.evaluate.forms.figures import Scoring
from dessurt.evaluate.pages import SetError
from dessurt.evaluate.predictions import Predictions
from dessurt.evaluate.set_table import PAPER
from dessurt.evaluate.skew import Skew
from dessurt.evaluate.sources import Source
from dessurt.evaluate.submission import Answers
from dessurt.evaluate.table import MEASURES, Result
from dessurt.shipped import SHIPPED
from dessurt.tasks import TASKS

DRAWN = ("synthetic", "hard")
PAGES = ("realpages", *DRAWN)
FORMS = ("funsd", "naf")
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Measure a checkpoint: reading, finding and forms, or by a data set.

    Returns:
        the exit code: 0 measured, 130 not all of it, as after Ctrl-C; a mistake on the command
        line exits with 2.
    """
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        _check(args)
        return _evaluate(args)
    except (
        CheckpointError, DataError, PageError, RequestError, SetError, TesseractError,
        OSError,
    ) as error:  # fmt: skip
        parser.exit(2, f"dessurt evaluate: {error}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dessurt evaluate",
        description="Measure a checkpoint: reading, finding and forms, or by a data set.",
    )
    add = parser.add_argument
    names = ", ".join(sorted({*PAGES, *SETS}))
    add("--set", default="realpages", dest="which", help=f"{names}, or your own module:attribute")
    add("--data", type=Path, help="folder of the set; see its docstring in dessurt/data/sets")
    add("--split", help="of a data set; default: test, valid or train, the first with answers")
    add("--option", type=option, action="append", default=[], metavar="KEY=VALUE",
        help="of a data set, as in a config; several times for several")  # fmt: skip
    add("--as-original", action="store_true", help="the original's measures where they differ")
    add("--degraded", action="store_true", help="real pages: their scanned versions instead")
    add("--turned", type=_number(-45, 45), default=0.0, metavar="DEGREES",
        help="real pages: turned, so that text runs down to the right")  # fmt: skip
    add("--perspective", type=_number(0, 25), default=0.0, metavar="PERCENT",
        help="real pages: their right-hand corners moved in, as on a photograph from the left"
    )  # fmt: skip
    add("--limit", type=_positive, help="about so many questions a task, of data sets so many "
        "pages, spread evenly")  # fmt: skip
    add("--count", type=_positive, help="so many synthetic pages (500), or hard lines of "
        "each sort (200)")  # fmt: skip
    add("--tasks", type=_tokens, default=[], help="such as w0>,json>; default: on pages those "
        "learned, of a data set all that it is measured by")  # fmt: skip
    add("--beams", type=_positive, default=1, help="of a search; 1: the most probable token each")
    add("--checkpoint", help="file, folder or hub repository; default: the small one")
    add("--tokenizer", metavar="FOLDER", help="vocabulary of an official .pth; default: a folder "
        "tokenizer beside it, or the hub")  # fmt: skip
    add("--predictions", type=Path, metavar="PATH", help="instead of a checkpoint: score what "
        "--answers wrote, or the JSON of forms that the original writes with -w")  # fmt: skip
    add("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
    add("--seed", type=int, default=0, help="of synthetic pages and of what is chosen at random")
    add("--worst", type=_positive, metavar="N", help="show the N worst answers of each task")
    add("--worst-sheet", type=Path, metavar="PNG", help="draw these (or 50) there")
    add("--no-tesseract", action="store_true", help="do not have Tesseract read the same crops")
    add("--answers", type=Path, metavar="PATH", help="write the answers there: of sroie a folder, "
        "of docvqa the file to hand in, else JSON")  # fmt: skip
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    _add_of_forms(parser.add_argument_group("of forms (funsd, naf)").add_argument)
    return parser


def _add_of_forms(add: Callable[..., Any]) -> None:
    """How forms are compared; see `Scoring`."""
    add("--entity-threshold", type=float, metavar="X", default=PAPER.entity,
        help="an entity is right whose text differs by less; default: %(default)s")  # fmt: skip
    add("--link-threshold", type=float, metavar="X", default=PAPER.link,
        help="entities are aligned whose texts differ by less; default: %(default)s")  # fmt: skip
    add("--first-lines", action="store_true", help="align entities by their first lines only")
    add("--match-threshold", type=float, metavar="X", default=PAPER.close,
        help="in GAnTED texts that differ by as much differ wholly; default: %(default)s"
    )  # fmt: skip
    add("--twice", action="store_true", help="align the trees of GAnTED a second time")
    add("--shuffled", action="store_true", help="GAnTED of what was read in another order, which "
        "is random")  # fmt: skip
    add("--processes", type=_positive, metavar="N", help="that measure GAnTED; default: one a core")


def _scoring(args: argparse.Namespace) -> Scoring:
    return Scoring(
        args.entity_threshold, args.link_threshold, args.first_lines, args.match_threshold,
        args.twice, args.seed if args.shuffled else None,
    )  # fmt: skip


def _skew(args: argparse.Namespace) -> Skew:
    return Skew(args.turned, args.perspective)


def _tokens(text: str) -> list[str]:
    known = {task.token for task in TASKS}
    unknown = [token for token in text.split(",") if token not in known]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"{unknown[0]!r} is no task: choose such as {','.join(MEASURES)}"
        )
    return text.split(",")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _number(least: int, most: int) -> Callable[[str], float]:
    """What reads a number between two."""

    def number(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not least <= found <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least} to {most}")
        return found

    return number


def _check(args: argparse.Namespace) -> None:
    """Say now, not after an hour, what cannot be done."""
    for path in (args.json, args.worst_sheet, args.answers):
        if path and not path.parent.is_dir():
            raise SetError(f"cannot write {path}: name a file in a folder there is.")
    if args.which in DRAWN:
        _check_drawn(args)
    if args.which in PAGES and (args.split or args.option or args.as_original):
        raise SetError("--split, --option and --as-original are for data sets.")
    if args.which not in PAGES and args.degraded:
        raise SetError("--degraded is for --set realpages.")
    if _skew(args) and (args.which != "realpages" or args.degraded):
        raise SetError("--turned and --perspective are for --set realpages without --degraded.")
    if args.predictions and (args.checkpoint or args.which in PAGES):
        raise SetError("--predictions are for data sets, and take the place of --checkpoint.")
    if args.which not in FORMS and replace(_scoring(args), shuffled=args.shuffled or None) != PAPER:
        raise SetError("thresholds, --first-lines, --twice and --shuffled are for funsd and naf.")
    if args.which not in DRAWN and args.data is None:
        raise SetError("say with --data where the pages are.")
    unmeasured = [token for token in args.tasks if token not in MEASURES]
    if args.which in PAGES and unmeasured:
        raise SetError(f"on pages {unmeasured[0]} is not measured: choose of {','.join(MEASURES)}.")


def _check_drawn(args: argparse.Namespace) -> None:
    """The same, of pages that are drawn."""
    if args.which == "synthetic" and (args.data or args.degraded or args.limit):
        raise SetError("--data, --degraded and --limit are not for --set synthetic.")
    if args.which == "hard" and (args.degraded or args.limit):
        raise SetError("--degraded and --limit are not for --set hard.")
    if args.which == "hard" and args.tasks not in ([], ["w0>"]):
        raise SetError("hard lines are asked with w0> only: leave --tasks out.")


def _evaluate(args: argparse.Namespace) -> int:
    keep = args.worst or (50 if args.worst_sheet else 0)
    model: Instrument | Predictions
    if args.predictions:
        model = Predictions(args.predictions)
    else:
        model = open_model(_checkpoint(args), device=args.device, tokenizer=args.tokenizer)
    source = _source(args, model.card.tasks)
    results = {measure.name: Result(measure, keep) for measure in source.measures}
    program = None if args.no_tesseract else shutil.which("tesseract")
    batches = (with_beams(batch, args.beams) for batch in source.batches)
    with ExitStack() as stack:
        on_answer = submit = None
        if args.answers:
            answers = Answers(args.answers, args.which)
            stack.callback(answers.close)
            on_answer = answers.add
        if any(figure.is_slow for measure in source.measures for figure in measure.figures):
            submit = stack.enter_context(judges(args.processes))
        whole = measure_all(model, batches, source.total, results, program, submit, on_answer, keep)
        whole = settle(results.values()) and whole
    unfitting = []
    if isinstance(model, Predictions):
        unfitting = list(model.complaints(source.kind, every=whole and not args.limit))
    _tell(args, model.card, source, results, whole, unfitting)
    return 0 if whole and not unfitting else INTERRUPTED


def _checkpoint(args: argparse.Namespace) -> str:
    return args.checkpoint or str(SHIPPED)


def _source(args: argparse.Namespace, learned: Sequence[str]) -> Source:
    """The questions; of pages those of the tasks that a checkpoint has learned."""
    if args.which not in PAGES:
        given = {"set": args.which, "folder": args.data, **dict(args.option)}
        return sources.data_set(
            given, args.split, args.tasks, args.seed, args.limit, args.as_original, _scoring(args)
        )
    if args.which == "hard":
        return sources.hard(args.count or sources.HARD_LINES, args.data, args.seed)
    tokens = args.tasks or [token for token in MEASURES if not learned or token in learned]
    measures = [MEASURES[token] for token in tokens]
    if args.which == "synthetic":
        return sources.synthetic(args.count or sources.SYNTHETIC_PAGES, measures, args.seed)
    return sources.real(args.data, args.degraded, _skew(args), measures, args.seed, args.limit)


def _tell(
    args: argparse.Namespace,
    card: Card,
    source: Source,
    results: dict[str, Result],
    whole: bool,
    unfitting: Sequence[str] = (),
) -> None:
    """Print the table, and write what is to be written."""
    worst = [mistake for result in results.values() for mistake in result.worst]
    for mistake in worst if args.worst else ():
        print(report.described(mistake))
    unlearned = [token for token in MEASURES if token not in (card.tasks or MEASURES)]
    on_pages = args.which in PAGES
    asked_all = on_pages and args.which != "hard"
    missing = {t: "not learned" for t in unlearned if asked_all and t not in results}
    kind = source.kind + (", as the original measures" if args.as_original else "")
    print(f"{card.name} on {kind}{'' if whole else ', stopped before the end'}")
    print(report.table(results.values(), missing))
    for token in dict.fromkeys(result.measure.token for result in results.values()):
        if card.tasks and token not in card.tasks:
            print(f"{card.name} has not learned {token}: its answers mean nothing.")
    unanswered = sum(result.unanswered for result in results.values())
    if unanswered:
        asked = sum(result.questions for result in results.values())
        print(f"{unanswered} of {asked} questions have no known answer and count nothing.")
    for sentence in unfitting:
        print(sentence)
    if source.damaged:
        print(f"{len(source.damaged)} of {source.total} pages are damaged and were left out.")
    if shutil.which("tesseract") is None and not args.no_tesseract and on_pages:
        print("Tesseract is not installed.")
    if args.json:
        figures = {
            "checkpoint": card.name, "set": source.kind, "seed": args.seed, "complete": whole,
            "tasks": report.as_json(results.values(), missing),
        }  # fmt: skip
        if not on_pages:
            figures["as original"] = args.as_original
            figures["damaged"] = [str(error) for error in source.damaged]
        if args.predictions:
            figures["unfitting"] = list(unfitting)
        args.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if args.worst_sheet:
        report.write_sheet(worst, args.worst_sheet)
