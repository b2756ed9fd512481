"""The quality table of a checkpoint, Tesseract's figures beside it.

    dessurt evaluate --set realpages --data DIR [--degraded]
    dessurt evaluate --set synthetic [--count 500]

On real pages everything that can be asked is asked (or about `--limit` questions a task), on
synthetic ones one question a page and task. Ctrl-C prints the table of what was measured so far.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from dessurt import CheckpointError, Instrument, PageError, RequestError, open_model
from dessurt.evaluate import contact_sheet, realpages, report, tesseract
from dessurt.evaluate.known import Answer, KnownPage, SetError
from dessurt.evaluate.measures import MEASURES, Measure, Question, Result

CHECKPOINT = Path(__file__).resolve().parents[2] / "checkpoints" / "dessurt-small"
INTERRUPTED = 130
BAR = "{l_bar}{bar}| {n:.1f}/{total} pages [{elapsed}<{remaining}]{postfix}"

T = TypeVar("T")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure a checkpoint: reading, finding and forms.

    Returns:
        the exit code: 0 measured, 130 interrupted; a mistake on the command line exits with 2.
    """
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        return _evaluate(args)
    except (
        CheckpointError, PageError, RequestError, SetError, tesseract.TesseractError, OSError,
    ) as error:  # fmt: skip
        parser.exit(2, f"dessurt evaluate: {error}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dessurt evaluate", description="Measure a checkpoint: reading, finding and forms."
    )
    add = parser.add_argument
    add("--set", choices=["realpages", "synthetic"], default="realpages", dest="which")
    add("--data", type=Path, help="folder of real pages and their truths")
    add("--degraded", action="store_true", help="its scanned versions instead")
    add("--limit", type=_positive, help="real pages: about so many questions a task, spread evenly")
    add("--count", type=_positive, default=500, help="so many synthetic pages")
    add("--tasks", type=_measures, help=f"of {','.join(MEASURES)}; default: those learned")
    add("--checkpoint", default=str(CHECKPOINT), help="file, folder or hub repository")
    add("--seed", type=int, default=0, help="of synthetic pages and of what is drawn by lot")
    add("--worst", type=_positive, metavar="N", help="show the N worst answers of each task")
    add("--worst-sheet", type=Path, metavar="PNG", help="draw these (or 50) there")
    add("--no-tesseract", action="store_true", help="do not have Tesseract read the same crops")
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    return parser


def _measures(text: str) -> list[Measure]:
    unknown = [token for token in text.split(",") if token not in MEASURES]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"{unknown[0]!r} is not measured: choose of {','.join(MEASURES)}"
        )
    return [MEASURES[token] for token in text.split(",")]


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _evaluate(args: argparse.Namespace) -> int:
    for path in (args.json, args.worst_sheet):
        if path and not path.parent.is_dir():  # said now, not after an hour
            raise SetError(f"cannot write {path}: name a file in a folder there is.")
    if args.which == "synthetic" and (args.data or args.degraded or args.limit):
        raise SetError("--data, --degraded and --limit are for --set realpages.")
    if args.which == "realpages" and args.data is None:
        raise SetError("say with --data where the real pages are.")
    keep = args.worst or (50 if args.worst_sheet else 0)
    model = open_model(args.checkpoint)
    learned = model.card.tasks or tuple(MEASURES)
    measures = args.tasks or [MEASURES[token] for token in MEASURES if token in learned]
    missing = {
        token: "not learned"
        for token in MEASURES
        if token not in learned and MEASURES[token] not in measures
    }
    results = {measure.token: Result(measure, keep) for measure in measures}

    batches: Iterable[list[Question]]
    if args.which == "synthetic":
        from dessurt.evaluate import synthetic  # only here are Typst and fonts needed

        drawn, total = synthetic.pages(args.count, args.seed), args.count
        batches = (one_each(known, measures, args.seed) for known in drawn)
    else:
        found = realpages.pages(args.data, args.degraded)
        batches, total = all_of(found, measures, args.seed, args.limit), len(found)
    program = None if args.no_tesseract else shutil.which("tesseract")
    whole = measure_all(model, batches, total, results, program)

    kind = args.which + (" degraded" if args.degraded else "")
    worst = [mistake for result in results.values() for mistake in result.worst]
    for mistake in worst if args.worst else ():
        print(report.described(mistake))
    print(f"{model.card.name} on {kind}{'' if whole else ', stopped before the end'}")
    print(report.table(results.values(), missing))
    if program is None and not args.no_tesseract:
        print("Tesseract is not installed.")
    if args.json:
        figures = {
            "checkpoint": model.card.name, "set": kind, "seed": args.seed, "complete": whole,
            "tasks": report.as_json(results.values(), missing),
        }  # fmt: skip
        args.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if args.worst_sheet:
        contact_sheet.write(worst, args.worst_sheet)
    return 0 if whole else INTERRUPTED


def all_of(
    pages: list[KnownPage], measures: Iterable[Measure], seed: int, limit: int | None
) -> list[list[Question]]:
    """Everything that can be asked, or about `limit` questions a task; a list for each page."""
    batches: dict[str, list[Question]] = {known.name: [] for known in pages}
    for measure in measures:
        found = [question for known in pages for question in _questions(measure, known, seed)]
        for question in _spread(found, limit):
            batches[question.known.name].append(question)
    return list(batches.values())


def one_each(known: KnownPage, measures: Iterable[Measure], seed: int) -> list[Question]:
    """One question of each task, where the page allows it."""
    found = [_questions(measure, known, seed) for measure in measures]
    rng = random.Random(f"{seed} {known.name}")
    return [rng.choice(questions) for questions in found if questions]


def _questions(measure: Measure, known: KnownPage, seed: int) -> list[Question]:
    # A generator of its own: no matter which other tasks and pages are measured.
    rng = random.Random(f"{seed} {known.name} {measure.token}")
    return [Question(measure, known, example) for example in measure.questions(known, rng)]


def _spread(found: list[T], limit: int | None) -> list[T]:
    if limit is None or limit >= len(found):
        return found
    return [found[i * len(found) // limit] for i in range(limit)]


def measure_all(
    model: Instrument,
    batches: Iterable[list[Question]],
    total: int,
    results: dict[str, Result],
    program: str | None = None,
) -> bool:
    """Ask all questions and count the answers.

    Args:
        model: who is asked.
        batches: the questions, page by page, since a page that was seen is remembered.
        total: how many batches, for the progress bar.
        results: of each task; they grow.
        program: Tesseract's, to read the same.

    Returns:
        whether it came to the end; False after Ctrl-C.
    """
    with tqdm(total=total, bar_format=BAR) as bar:
        try:
            for done, batch in enumerate(batches):
                for number, question in enumerate(batch):
                    bar.update(done + number / len(batch) - bar.n)
                    _measure(model, question, results[question.measure.token], program)
                    bar.set_postfix_str(_so_far(results), refresh=False)
                bar.update(done + 1 - bar.n)
        except KeyboardInterrupt:
            return False
    return True


def _measure(model: Instrument, question: Question, result: Result, program: str | None) -> None:
    example, began = question.example, time.perf_counter()
    answer = Answer.of(model.ask(example.page, example.request))
    seconds = time.perf_counter() - began
    mode, box = question.measure.tesseract, example.request.marks.bounds("highlight")
    read = None
    if program and mode and box:
        read = tesseract.read(program, example.page, box, mode)
    # Counted together, so that both figures are of the same questions at any time.
    result.add(question, answer, seconds)
    if read is not None:
        result.add_tesseract(question, read)


def _so_far(results: dict[str, Result]) -> str:
    return " ".join(
        f"{token} {result.ours.value:.3f}"
        for token, result in results.items()
        if result.ours.value is not None
    )
