"""Page layouts as Typst source: paragraphs, headings, lists, fields, tables, code, contents."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

import typst

from dessurt.synth.fonts import families
from dessurt.synth.text import Writer

MONO = ("Liberation Mono", "Nimbus Mono PS", "DejaVu Sans Mono", "Latin Modern Mono",
        "TeX Gyre Cursor", "FreeMono", "Inconsolata", "Courier Prime")  # fmt: skip


def compiled(source: str) -> bytes:
    """The PDF of a Typst source."""
    pdf = _compiler().compile(input=source.encode(), format="pdf", timestamp=0, pdf_tags=False)
    assert isinstance(pdf, bytes)  # one document in, one out
    return pdf


def document(write: Writer, rng: random.Random, held_out: bool = False) -> str:
    """The Typst source of a document of about one page."""
    width, height = rng.choice(((595, 842), (612, 792), (842, 595), (420, 595)))
    columns = rng.choice((1, 1, 1, 2, 2, 3)) if width > 500 else 1
    base = Style(rng, held_out)
    used, blocks = 0.0, []
    area = (width - 80) * (height - 70)
    while used < area:
        style = base if rng.random() < 0.6 else Style(rng, held_out)
        source, share = _block(write, rng, style, width / columns - 60)
        blocks.append(source)
        used += share
    margin = f"(x: {rng.randint(24, 60)}pt, y: {rng.randint(20, 50)}pt)"
    return (
        f"#set page(width: {width}pt, height: {height}pt, margin: {margin}, columns: {columns})\n"
        f"#set block(spacing: {rng.uniform(0.8, 1.6):.2f}em)\n" + "\n".join(blocks)
    )


class Style:
    """Font, size, weight and colour of a block."""

    def __init__(self, rng: random.Random, held_out: bool) -> None:
        """Choose them."""
        self.rng = rng
        there = families(held_out)
        self.font = rng.choices(list(there), list(there.values()))[0]
        self.mono = [name for name in MONO if name in there] or [self.font]
        self.size = min(max(rng.gauss(9.5, 1.6), 6.5), 18)
        self.weight = 700 if rng.random() < 0.17 else 400
        self.slant = "italic" if rng.random() < 0.12 else "normal"
        self.tracking = rng.gauss(0, 0.015) + (0.1 if rng.random() < 0.04 else 0)
        self.ink = rng.choice((0, 0, 0, 0, 0, 10, 20, 35, 45))
        self.leading = rng.uniform(0.35, 0.9)

    def text(self, words: str, scale: float = 1.0, **changes: object) -> str:
        """Typst code that sets `words`."""
        chosen = {
            "font": json.dumps(changes.get("font", self.font)),
            "size": f"{self.size * scale:.2f}pt",
            "weight": changes.get("weight", self.weight),
            "style": json.dumps(changes.get("style", self.slant)),
            "tracking": f"{self.tracking:.4f}em",
            "fill": f"luma({changes.get('ink', self.ink)}%)",
        }
        named = ", ".join(f"{key}: {value}" for key, value in chosen.items())
        return f"text({named}, {_quoted(words)})"

    @property
    def paragraph(self) -> str:
        """Leading and justification, as arguments of Typst's `par`."""
        justified = str(self.rng.random() < 0.5).lower()
        return f"leading: {self.leading:.2f}em, justify: {justified}"


def _block(write: Writer, rng: random.Random, style: Style, width: float) -> tuple[str, float]:
    """One block's source and about how many square points it takes."""
    kinds = {_paragraph: 10, _heading: 2, _items: 3, _fields: 3, _table: 4, _code: 3, _contents: 1,
             _inverse: 1, _mixed: 2, _scrambled: 2}  # fmt: skip
    kind = rng.choices(list(kinds), list(kinds.values()))[0]
    source, letters, lines = kind(write, rng, style)
    size = style.size
    share = max(letters * 0.5 * size * (1 + style.leading) * size, lines * 1.7 * size * width)
    return source, share + size * width


Block = tuple[str, int, int]  # source, letters, lines at least


def _paragraph(write: Writer, rng: random.Random, style: Style) -> Block:
    words = write.prose(rng.randint(8, 90))
    return f"#par({style.paragraph})[#{style.text(words)}]", len(words), 1


def _heading(write: Writer, rng: random.Random, style: Style) -> Block:
    words, scale = write.heading(), rng.choice((1, 1, 1.2, 1.5, 2))
    align = rng.choice(("left", "left", "center", "right"))
    text = style.text(words, scale, weight=rng.choice((400, 700, 700)))
    rule = "#line(length: 100%, stroke: 0.5pt)" if rng.random() < 0.2 else ""
    text = f"underline({text})" if rng.random() < 0.1 else text
    return f"#align({align}, {text})\n{rule}", int(len(words) * scale * scale), 1


def _items(write: Writer, rng: random.Random, style: Style) -> Block:
    items = [write.item() for _ in range(rng.randint(2, 6))]
    pad, hang = rng.choice((0, 0, 10, 25)), rng.choice((0, 1, 1.4))
    body = "\n\n".join(
        f"#pad(left: {pad}pt, par(hanging-indent: {hang}em, {style.paragraph}, {style.text(item)}))"
        for item in items
    )
    return body, sum(map(len, items)), len(items)


def _fields(write: Writer, rng: random.Random, style: Style) -> Block:
    fields = [write.field() for _ in range(rng.randint(2, 7))]
    lines = []
    for field in fields:
        label, _, value = field.partition(": ")
        bold = style.text(label + ":", weight=rng.choice((400, 700)))
        gap = rng.choice(('" "', "h(1fr)", "h(2em)"))
        shown = style.text(value)
        if rng.random() < 0.2:
            shown = f"underline({shown})"
        lines.append(f"#{bold}#{gap}#{shown}")
    return " \\\n".join(lines) + "\n", sum(map(len, fields)), len(fields)


def _table(write: Writer, rng: random.Random, style: Style) -> Block:
    columns, rows = rng.randint(2, 5), rng.randint(2, 8)
    cells = [write.value()[: 70 // columns].strip() or "-" for _ in range(columns * rows)]
    body = ", ".join(style.text(c, weight=700 if i < columns else 400) for i, c in enumerate(cells))
    stroke = rng.choice(("none", "0.5pt", "0.7pt + luma(60%)", "(bottom: 0.5pt)"))
    shade = rng.choice(("none", "none", "(x, y) => if calc.odd(y) { luma(88%) }"))
    align = rng.choice(("left", "right", "center"))
    inset = rng.uniform(2, 6)
    wide = rng.choice(("auto", "1fr"))
    return (
        f"#table(columns: ({wide},) * {columns}, stroke: {stroke}, fill: {shade}, align: {align}, "
        f"inset: {inset:.1f}pt, {body})",
        sum(map(len, cells)),
        rows,
    )


def _code(write: Writer, rng: random.Random, style: Style) -> Block:
    font = rng.choice(style.mono)
    lines = [write.code() for _ in range(rng.randint(3, 12))]
    lines = ["\u00a0" * rng.choice((0, 0, 2, 4, 8)) + line for line in lines]
    body = " + linebreak() + ".join(style.text(line, 0.9, font=font) for line in lines)
    shade = rng.choice(("none", "none", "luma(92%)"))
    return (
        f"#block(fill: {shade}, inset: 3pt, par(leading: {style.leading:.2f}em, {body}))",
        sum(map(len, lines)),
        len(lines),
    )


def _contents(write: Writer, rng: random.Random, style: Style) -> Block:
    titles = [write.heading() for _ in range(rng.randint(2, 7))]
    lines = [
        f"#{style.text(title)} #box(width: 1fr, repeat({style.text('.')})) "
        f"#{style.text(str(rng.randint(1, 300)))}"
        for title in titles
    ]
    return " \\\n".join(lines) + "\n", 70 * len(titles), len(titles)


def _inverse(write: Writer, rng: random.Random, style: Style) -> Block:
    words = write.prose(rng.randint(2, 25))
    paper = rng.randint(0, 45)
    text = style.text(words, ink=rng.randint(85, 100))
    return f"#block(fill: luma({paper}%), inset: 5pt, {text})", len(words), 1


def _mixed(write: Writer, rng: random.Random, style: Style) -> Block:
    """A paragraph with bold, italic and typewriter words and values in it."""
    parts, letters = [], 0
    for _ in range(rng.randint(3, 9)):
        words = write.prose(rng.randint(1, 9)) if rng.random() < 0.6 else write.value()
        letters += len(words)
        change: dict[str, Any] = rng.choice(
            ({}, {}, {"weight": 700}, {"style": "italic"}, {"font": rng.choice(style.mono)})
        )
        parts.append(style.text(words, **change))
    return f"#par({style.paragraph})[#" + " #".join(parts) + "]", letters, 1


def _scrambled(write: Writer, rng: random.Random, style: Style) -> Block:
    words = " ".join(write.scramble() for _ in range(rng.randint(2, 20)))
    return f"#par({style.paragraph})[#{style.text(words)}]", len(words), 1


def _quoted(words: str) -> str:
    """A Typst string literal."""
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler()
