"""Make synthetic pages: `dessurt synth --out DIR --count N --seed S`.

    DIR/page-00000.png, DIR/page-00000.json, ...   pages and what is known of them
    DIR/contact_sheet.png                          the first of them, small, side by side

`dessurt.synth.files` documents the JSON and reads it back.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from dessurt.page.contact_sheet import sheet
from dessurt.synth.fields import Group, groups
from dessurt.synth.files import save
from dessurt.synth.fonts import NoFontsError
from dessurt.synth.page import KINDS, SynthPage, page
from dessurt.whole_files import replacing

SHOWN, COLUMNS = 64, 8  # pages on the contact sheet, and in a row of it
THUMB = 272  # pixels, the longer side of such a page


def main(argv: Sequence[str] | None = None) -> int:
    """Make synthetic pages: pictures, what is known of them as JSON, and a contact sheet."""
    parser = argparse.ArgumentParser(prog="dessurt synth", description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--count", type=int, default=64, help="pages")
    parser.add_argument("--seed", type=int, default=0, help="same seed and fonts: same bytes")
    parser.add_argument("--kinds", type=_kinds, help=f"some of {','.join(KINDS)}")
    parser.add_argument("--scans", type=float, default=0.4, help="share that looks scanned")
    parser.add_argument("--held-out", action="store_true", help="fonts kept for validation")
    parser.add_argument("--vocabulary", type=Path, metavar="FILE", help="labels and values of "
                        "forms, as `dessurt data pairs` writes them")  # fmt: skip
    parser.add_argument("--fonts", type=Path, help="take only this folder's fonts")
    args = parser.parse_args(argv)
    if args.count < 1:
        parser.error("--count must be at least 1")
    if not 0 <= args.scans <= 1:
        parser.error("--scans must be from 0 to 1")
    if args.fonts is not None:
        if not args.fonts.is_dir():
            parser.error(f"there is no folder {args.fonts}")
        os.environ["DESSURT_FONTS"] = str(args.fonts)
    try:
        fields = groups(args.vocabulary) if args.vocabulary else ()
        args.out.mkdir(parents=True, exist_ok=True)
        pages = _pages(args.seed, args.held_out, args.kinds, args.scans, fields)
        _write(pages, args.count, args.out)
    except (NoFontsError, OSError, ValueError) as error:
        print(f"dessurt synth: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("dessurt synth: stopped; the pages written so far are complete.", file=sys.stderr)
        return 130
    return 0


def _kinds(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in KINDS]:
        raise argparse.ArgumentTypeError(
            f"there is no kind {unknown[0]!r}: choose from {', '.join(KINDS)}"
        )
    return names


def _pages(
    seed: int, held_out: bool, kinds: list[str] | None, scans: float, fields: Sequence[Group]
) -> Iterator[SynthPage]:
    """Pages without end."""
    rng = random.Random(seed)
    while True:
        yield from page(rng.getrandbits(48), held_out, kinds, scans, fields)


def _write(pages: Iterator[SynthPage], count: int, folder: Path) -> None:
    thumbs = []
    for i in tqdm(range(count), unit="page"):
        each = next(pages)
        save(each, folder / f"page-{i:05d}.json")
        if i < SHOWN:
            thumb = Image.fromarray(each.pixels)
            thumb.thumbnail((THUMB, THUMB))
            thumbs.append(thumb)
    with replacing(folder / "contact_sheet.png") as partial:
        sheet(thumbs, COLUMNS).save(partial, "PNG")
