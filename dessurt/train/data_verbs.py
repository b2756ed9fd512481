"""`dessurt data show, lines, from-pdf, pairs`: look at data, cut lines out, have more made."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dessurt.checkpoint import CheckpointError
from dessurt.data.sets import SETS, open_set, option
from dessurt.data.sets.files import read_lines
from dessurt.whole_files import replacing

WHOLE = {"naf": {"halves": False}}  # options of sets that otherwise show parts of their pages


def add_data_verbs(verbs: Any) -> None:
    """Add them to the subparsers of `dessurt`."""
    data = verbs.add_parser("data", help="look at data sets, and make data of them")
    actions = data.add_subparsers(required=True, metavar="ACTION")
    names = f"one of {', '.join(sorted(SETS))}, or your own module:attribute"

    show = actions.add_parser("show", help="draw samples as training sees them")
    show.add_argument("what", metavar="SET", help=f"a config (CONFIG.json), or {names}")
    _add_set(show)
    show.add_argument("--part", metavar="NAME", help="of the config's last stage, only this part")
    show.add_argument("--tasks", default="", help="such as w0>,json>; default: the config's, the "
                      "set's own questions, or all that its pages allow")  # fmt: skip
    show.add_argument("--checkpoint", help="to start with; says how pages are laid into the image")
    show.add_argument("--tokenizer", type=Path, metavar="FOLDER", help="the vocabulary")
    show.add_argument("--count", type=_positive, default=16, help="samples")
    show.add_argument("--seed", type=int, default=0, help="another one draws others")
    show.add_argument("--out", type=Path, metavar="PNG", help="default: sheet.png")
    show.add_argument("--json", action="store_true", help="print an object a line for each sample; "
                      "a picture only with --out")  # fmt: skip
    show.set_defaults(run=lambda args: _run(_show, args))

    lines = actions.add_parser("lines", help="cut out every text line, with its transcription")
    lines.add_argument("what", metavar="SET", help=names)
    _add_set(lines)
    lines.add_argument("--out", type=Path, required=True, metavar="FOLDER",
                       help="for the images, and lines.jsonl with the texts")  # fmt: skip
    lines.set_defaults(run=lambda args: _run(_lines, args))

    documents = actions.add_parser(
        "from-pdf", help="make pages of PDF documents that have a text layer"
    )
    documents.add_argument("folder", type=Path, metavar="FOLDER", help="of PDFs, at any depth")
    documents.add_argument("--out", type=Path, required=True, metavar="FOLDER",
                           help="for NAME.png and NAME.json; goes on where it stopped")  # fmt: skip
    documents.add_argument("--most", type=_positive, default=40, help="pages of a document")
    documents.add_argument("--without", type=Path, metavar="FOLDER", help="of pages to measure on, "
                           "with their lines: pages that share some are left out")  # fmt: skip
    documents.set_defaults(run=lambda args: _run(_from_pdf, args))

    pairs = actions.add_parser(
        "pairs", help="have a language model make up labels and values of forms"
    )
    pairs.add_argument("--model", default="gpt2", help="a folder, or a repository of the hub")
    pairs.add_argument("--count", type=_positive, default=1000, help="forms in the file at the end")
    pairs.add_argument("--titles", type=Path, metavar="FILE", help="what forms may be about, one a "
                       "line; default: headings, made up")  # fmt: skip
    pairs.add_argument("--seed", type=int, default=0, help="everything random follows from it")
    pairs.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
    pairs.add_argument("--out", type=Path, required=True, metavar="JSON",
                       help="is gone on with where it is there")  # fmt: skip
    pairs.set_defaults(run=lambda args: _run(_pairs, args))


def _add_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="of the set")
    parser.add_argument("--split", help="default: train")
    parser.add_argument("--option", type=option, action="append", default=[], metavar="KEY=VALUE",
                        help="of the set, as in a config; may be repeated")  # fmt: skip


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _run(verb: Callable[[argparse.Namespace], None], args: argparse.Namespace) -> int:
    """Run a verb; what a person can set right ends in one line."""
    from dessurt.synth.fonts import NoFontsError  # these verbs take what the others do without

    try:
        verb(args)
    except (CheckpointError, NoFontsError, OSError, ValueError) as error:
        print(f"dessurt data: {error}", file=sys.stderr)
        return 2
    return 0


def _options(args: argparse.Namespace) -> dict[str, Any]:
    return {**dict(args.option), **({"split": args.split} if args.split else {})}


def _report(message: str) -> None:
    from tqdm import tqdm

    tqdm.write(f"Skipped: {message}", file=sys.stderr)  # above the bar, if there is one


def _show(args: argparse.Namespace) -> None:
    from dessurt.train import showing  # what only this verb needs takes a while

    sampler, parts = showing.chosen(
        args.what, args.data, part=args.part, options=_options(args),
        tasks=args.tasks.split(",") if args.tasks else (),
        start=args.checkpoint, vocabulary=args.tokenizer, seed=args.seed,
    )  # fmt: skip
    pieces, shown = sampler.preprocessor.tokenizer, []
    for sample in showing.samples(sampler, parts, args.count, args.seed, _report):
        if args.json:
            facts = showing.described(sample, pieces)
            print(json.dumps(facts, ensure_ascii=False), flush=True)
        shown.append(sample)
    if args.out or not args.json:
        out = args.out or Path("sheet.png")
        with replacing(out) as partial:
            showing.contact_sheet(shown, pieces).save(partial, "PNG")
        print(f"Wrote {out}.", file=sys.stderr)


def _lines(args: argparse.Namespace) -> None:
    from dessurt.data.line_images import write_lines

    options = {**WHOLE.get(args.what, {}), **_options(args)}
    records = open_set({"set": args.what, "folder": str(args.data or ""), **options})
    written = write_lines(records, args.out, _report)
    print(f"Wrote {written} lines to {args.out}.")


def _from_pdf(args: argparse.Namespace) -> None:
    from dessurt.data import pdf_pages

    known = pdf_pages.measured_lines(args.without) if args.without else frozenset()
    count = pdf_pages.write_pages(args.folder, args.out, args.most, known, _report)
    print(f"There are {count} pages in {args.out}.")


def _pairs(args: argparse.Namespace) -> None:
    from dessurt.synth import pairs

    titles = [each for each in read_lines(args.titles) if each] if args.titles else ()
    generate = pairs.language_model(args.model, args.device)
    pairs.write_forms(generate, args.out, args.count, args.seed, titles)
    print(f"Wrote {args.out}.")
