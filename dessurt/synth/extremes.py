"""Print at the edge of the usual: headings in all faces and on dark ground; small print."""

from __future__ import annotations

from dataclasses import replace

from dessurt.synth import blocks
from dessurt.synth.blocks import PAPERS, Theme
from dessurt.synth.sheet import Look, Sheet

SMALL = (4.3, 6.2)  # points: lines of 9 to 12 pixels
NARROW, WIDE = 0.65, 1.35  # how far letters are squeezed and stretched
DARKEST, PALEST = 0, 62  # luminance of the ground under white print, per cent


def headings(sheet: Sheet) -> str:
    """Headings, captions and buttons: bold, slanted, condensed, wide, script, white on grey."""
    rng = sheet.rng
    size, margin = rng.choice(PAPERS), (rng.uniform(24, 60), rng.uniform(20, 50))
    room, parts = 0.85 * (size[1] - 2 * margin[1]), []
    while room > 0:
        look = _look(sheet)
        parts.append(_heading(sheet, look, size[0] - 2 * margin[0]))
        room -= 2.2 * look.size + 16
    return sheet.page(size, margin) + "\n\n".join(parts)


def small(sheet: Sheet) -> str:
    """Small print: terms, footnotes, tables and captions."""
    rng, theme = sheet.rng, Theme.of(sheet)
    body = replace(theme.body, size=rng.uniform(*SMALL))
    theme = replace(theme, body=body, head=replace(theme.head, size=body.size * 1.15),
                    code=replace(theme.code, size=body.size))  # fmt: skip
    size, margin = rng.choice(PAPERS[-1:] * 2 + PAPERS[:2]), (rng.uniform(36, 90), 40)
    columns = rng.choice((1, 2, 2, 3))
    room = 0.5 * (size[0] - 2 * margin[0]) * (size[1] - 2 * margin[1])
    often: blocks.Blocks = {blocks.paragraph: 6, blocks.short: 4, blocks.mixed: 3, blocks.items: 2,
                            blocks.columns: 2, blocks.heading: 1, blocks.scrambled: 1}  # fmt: skip
    rules = sheet.page(size, margin, columns) + body.rules
    return rules + blocks.fill(sheet, theme, room, often)


def _look(sheet: Sheet) -> Look:
    rng = sheet.rng
    look = sheet.look(rng.choice(("print", "print", "hand", "hand", "mono")), (15, 5))
    tracking = rng.choice((look.tracking, rng.uniform(-0.03, 0.2)))
    return replace(look, bold=rng.random() < 0.5, italic=rng.random() < 0.3, tracking=tracking,
                   size=max(look.size, 8), justified=False)  # fmt: skip


def _heading(sheet: Sheet, look: Look, wide: float) -> str:
    """A heading in a line of `wide` points, perhaps squeezed or stretched, perhaps white."""
    rng, inverse = sheet.rng, sheet.rng.random() < 0.45
    stretch = rng.uniform(NARROW, WIDE) if rng.random() < 0.4 else 1.0
    most = max(int((wide - 16) / (0.75 * look.size * max(stretch, 1))), 3)
    ink = rng.choice((12, 14, 15, 15)) if inverse else look.ink
    piece = sheet.put(_words(sheet)[:most].strip(), ink=ink)
    fill = f"luma({rng.randint(DARKEST, PALEST)}%)" if inverse else "none"
    width, align = rng.choice(("100%", "auto")), rng.choice(("left", "left", "center", "right"))
    return (
        f"#align({align}, block(width: {width}, fill: {fill}, inset: {rng.randint(2, 8)}pt)"
        f"[{look.rules}#scale(x: {100 * stretch:.0f}%, reflow: true, box({piece}))])"
    )


def _words(sheet: Sheet) -> str:
    rng, write = sheet.rng, sheet.write
    return rng.choice((write.heading, write.heading, write.value, write.faker.catch_phrase,
                       lambda: write.prose(rng.randint(1, 6))))()  # fmt: skip
