"""Blocks of running text as Typst source: paragraphs, headings, lists, code, pictures and so on."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from dessurt.synth.sheet import Look, Sheet, colour, quoted

PAPERS = ((595, 842), (595, 842), (612, 792), (612, 792), (842, 595), (420, 595))


@dataclass(frozen=True)
class Theme:
    """How a document looks: its text, its headings, its code, and what stands before items."""

    body: Look
    head: Look
    code: Look
    mark: str
    numbered: bool

    @classmethod
    def of(cls, sheet: Sheet, style: str = "print") -> Theme:
        """One by chance."""
        rng = sheet.rng
        body = sheet.look(style)
        other = rng.random() < 0.3
        head = replace(
            body,
            font=sheet.font(style) if other else body.font,
            size=body.size * rng.choice((1, 1.1, 1.25, 1.45)),
            bold=rng.random() < 0.8,
            italic=rng.random() < 0.1,
            justified=False,
        )
        code = replace(
            body, font=sheet.font("mono"), size=max(body.size * 0.9, 6), bold=False, italic=False,
            tracking=0.0, justified=False,
        )  # fmt: skip
        mark = rng.choice(("•", "•", "•", "•", "–", "-", "*", "·", "—", "»", ""))
        return cls(body, head, code, mark, rng.random() < 0.4)


Block = Callable[[Sheet, Theme], str]
Blocks = dict[Block, int]  # and how often each is chosen


def fill(sheet: Sheet, theme: Theme, room: float, blocks: Blocks) -> str:
    """Blocks until about so many square points of paper are used.

    Args:
        sheet: the sheet to write on.
        theme: the look.
        room: square points.
        blocks: what to choose from, and how often.
    """
    size = theme.body.size
    pitch = (0.72 + theme.body.leading) * size
    spent, done = 0.0, []
    while spent < room:
        letters = sheet.letters
        block = sheet.rng.choices(list(blocks), list(blocks.values()))[0]
        done.append(block(sheet, theme))
        spent += (sheet.letters - letters) * 0.48 * size * pitch + 150 * pitch
    return "\n\n".join(done)


def paragraph(sheet: Sheet, theme: Theme) -> str:
    """Running text."""
    return f"#{sheet.put(sheet.write.prose(sheet.rng.randint(12, 110)), ink=theme.body.ink)}"


def short(sheet: Sheet, theme: Theme) -> str:
    """A sentence or two."""
    return f"#{sheet.put(sheet.write.prose(sheet.rng.randint(3, 25)), ink=theme.body.ink)}"


def mixed(sheet: Sheet, theme: Theme) -> str:
    """A paragraph with bold, italic and typewriter words and values in it."""
    rng, parts = sheet.rng, []
    code = f'font: "{theme.code.font}", size: 0.95em'
    changes = ("", "", "weight: 700", 'style: "italic"', code)
    for _ in range(rng.randint(3, 12)):
        words = (
            sheet.write.prose(rng.randint(1, 9)) if rng.random() < 0.65 else sheet.write.value()
        )
        parts.append((words, rng.choice(changes)))
    return f"#{sheet.mixed(parts, theme.body.ink)}"


def heading(sheet: Sheet, theme: Theme) -> str:
    """A title above what follows, perhaps ruled, underlined or centred."""
    rng = sheet.rng
    piece = sheet.put(sheet.write.heading(), ink=theme.body.ink)
    code = f"underline({piece})" if rng.random() < 0.05 else piece.code
    align = rng.choices(("left", "center", "right"), (12, 3, 1))[0]
    rule = "#line(length: 100%, stroke: 0.5pt)" if rng.random() < 0.1 else ""
    return f"#block(above: 1.6em, below: 0.9em)[{theme.head.rules}#align({align}, {code})]{rule}"


def items(sheet: Sheet, theme: Theme) -> str:
    """A list of items with marks or numbers, hanging or not."""
    rng = sheet.rng
    pad, hang = rng.choice((0, 8, 16, 24)), rng.choice((0, 0.8, 1.2, 1.6))
    gap = max(theme.body.leading, rng.choice((0.5, 0.7, 1)))
    first, longest = rng.randint(1, 9), rng.choice((5, 12, 30))
    tab = "\u00a0" * rng.choice((0, 1, 2, 4, 7)) + " "
    lines = []
    for i in range(rng.randint(2, 7)):
        mark = f"{first + i}{rng.choice('.)')}" if theme.numbered else theme.mark
        # Between mark and text there is often a tab: spaces that do not stretch.
        text = f"{mark}{tab}{sheet.write.prose(rng.randint(2, longest))}".strip()
        lines.append(f"#par(hanging-indent: {hang}em, {sheet.put(text, ink=theme.body.ink)})")
    return f"#pad(left: {pad}pt)[#set par(spacing: {gap:.2f}em)\n" + "\n\n".join(lines) + "]"


def terms(sheet: Sheet, theme: Theme) -> str:
    """Options, names or labels, each with what it means beside or below it."""
    rng = sheet.rng
    first = rng.choice((sheet.write.command, sheet.write.value, sheet.write.heading))
    beside = rng.random() < 0.6
    look = rng.choice(("weight: 700", 'style: "italic"', f'font: "{theme.code.font}"'))
    cells = []
    for _ in range(rng.randint(2, 6)):
        term = sheet.mixed([(first()[:40].strip(), look)], theme.body.ink)
        cells += [term, sheet.put(sheet.write.prose(rng.randint(3, 30)), ink=theme.body.ink)]
    if not beside:
        pairs = zip(cells[::2], cells[1::2], strict=True)
        return "\n\n".join(f"#{a}\n\n#pad(left: 20pt, {b})" for a, b in pairs)
    body = ", ".join(map(str, cells))
    columns = rng.choice(("(auto, 1fr)", "(30%, 1fr)", "(20%, 1fr)"))
    return f"#grid(columns: {columns}, column-gutter: 12pt, row-gutter: 7pt, {body})"


def code(sheet: Sheet, theme: Theme) -> str:
    """Lines of a program or a terminal."""
    rng = sheet.rng
    indent = 0
    lines = []
    for _ in range(rng.randint(2, 14)):
        indent = max(indent + rng.choice((-4, 0, 0, 0, 4)), 0)
        lines.append("\u00a0" * indent + sheet.write.code()[: 70 - indent])
    number = sheet.number()
    sheet.letters += 60 * len(lines)
    body = " + linebreak() + ".join(map(quoted, lines))
    shade = rng.choice(("none", "none", "luma(92%)"))
    stroke = rng.choice(("none", "none", "0.5pt"))
    return (
        f"#block(fill: {shade}, stroke: {stroke}, inset: 4pt, width: 100%)[{theme.code.rules}"
        f"#text(fill: {colour(number, theme.body.ink)}, {body})]"
    )


def quote(sheet: Sheet, theme: Theme) -> str:
    """Text that is set in, often in italics, or small print."""
    rng = sheet.rng
    face = rng.choice(('style: "italic"', "size: 0.85em", ""))
    piece = sheet.put(sheet.write.prose(rng.randint(8, 50)), ink=theme.body.ink, face=face)
    return f"#pad(x: {rng.randint(10, 40)}pt, {piece})"


def inverse(sheet: Sheet, theme: Theme) -> str:
    """White on black, or on a shade."""
    rng = sheet.rng
    piece = sheet.put(sheet.write.prose(rng.randint(2, 20)), ink=rng.choice((13, 15)))
    return f"#block(fill: luma({rng.randint(0, 60)}%), inset: 5pt, {piece})"


def columns(sheet: Sheet, theme: Theme) -> str:
    """A plain table of values, as papers and manuals have it."""
    rng = sheet.rng
    wide, high = rng.randint(2, 5), rng.randint(2, 8)
    bold = rng.random() < 0.7
    cells = [
        sheet.put(
            sheet.write.value()[: 80 // wide].strip() or "-",
            ink=theme.body.ink,
            face="weight: 700" if bold and i < wide else "",
        )
        for i in range(wide * high)
    ]
    return ruled(rng, wide, list(map(str, cells)))


def ruled(rng: random.Random, wide: int, cells: list[str]) -> str:
    """A table of Typst code, with or without rules and shades."""
    stroke = rng.choice(("none", "0.5pt", "0.7pt + luma(60%)", "(bottom: 0.5pt)", "(x: 0.5pt)"))
    shade = rng.choice(("none", "none", "(x, y) => if calc.odd(y) { luma(88%) }"))
    align, width = rng.choice(("left", "left", "right", "center")), rng.choice(("auto", "1fr"))
    return (
        f"#table(columns: ({width},) * {wide}, stroke: {stroke}, fill: {shade}, align: {align}, "
        f"inset: {rng.uniform(2, 6):.1f}pt, {', '.join(cells)})"
    )


def entries(sheet: Sheet, theme: Theme) -> str:
    """Lines of a table of contents: title, leader and page."""
    rng, lines = sheet.rng, []
    leader = rng.choice((".", ".", ". ", ""))
    page = rng.randint(1, 40)
    for _ in range(rng.randint(3, 9)):
        number, page = sheet.number(), page + rng.randint(0, 9)
        title = sheet.write.heading()[:60].strip()
        sheet.letters += 70
        dots = f"repeat({quoted(leader)})" if leader else "h(1fr)"
        pad = rng.choice((0, 0, 1, 2))
        lines.append(
            f"#text(fill: {colour(number, theme.body.ink)})[#h({pad}em) #{quoted(title)} "
            f"#box(width: 1fr, {dots}) #{quoted(str(page))}]"
        )
    return "\\\n".join(lines)


def scrambled(sheet: Sheet, theme: Theme) -> str:
    """Characters in no order."""
    words = " ".join(sheet.write.scramble() for _ in range(sheet.rng.randint(2, 20)))
    return f"#{sheet.put(words, ink=theme.body.ink)}"


def figure(sheet: Sheet, theme: Theme) -> str:
    """A picture with its caption."""
    rng = sheet.rng
    number = sheet.number()
    sheet.figures.add(number)
    width, height = rng.randint(35, 95), rng.randint(70, 180)
    sheet.letters += height * 8
    caption = f"{rng.choice(('Figure', 'Fig.', 'Abb.'))} {rng.randint(1, 30)}: "
    words = sheet.put(caption + sheet.write.prose(rng.randint(3, 15)), ink=theme.body.ink)
    return (
        f"#align(center)[#box(fill: {colour(number, 15)}, width: {width}%, height: {height}pt, "
        f"clip: true, image(bytes({quoted(_drawing(rng, 3 * width, height))}), format: \"svg\", "
        f"width: 100%, height: 100%, fit: \"stretch\"))\n\n#{words}]"
    )


def _drawing(rng: random.Random, width: int, height: int) -> str:
    """A chart, boxes with arrows or a picture-like pattern, as SVG."""
    kind, grey = rng.choice(("bars", "curve", "boxes", "shapes")), lambda: rng.randint(0, 225)
    shapes = []
    if kind == "bars":
        n = rng.randint(3, 12)
        step = width / n
        for i in range(n):
            tall = rng.uniform(0.1, 0.95) * height
            shapes.append(_rect(i * step + 2, height - tall, step * 0.7, tall, grey(), "none"))
    elif kind == "curve":
        for _ in range(rng.randint(1, 3)):
            points = " ".join(f"{x},{rng.uniform(0.1, 0.9) * height:.0f}"
                              for x in range(0, width + 1, 15))  # fmt: skip
            shapes.append(f"<polyline points='{points}' fill='none' stroke='rgb({grey()},0,0)'/>")
        shapes.append(_rect(0.5, 0.5, width - 1, height - 1, None, "black"))
    elif kind == "boxes":
        for i in range(rng.randint(2, 4)):
            x, y = i * width / 4 + 2, rng.uniform(0.1, 0.6) * height
            shapes.append(_rect(x, y, width / 5, height / 4, 235, "black"))
            shapes.append(f"<path d='M{x + width / 5} {y + 8} h{width / 20}' stroke='black'/>")
    else:
        for _ in range(rng.randint(8, 40)):
            x, y, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(3, height / 2)
            tone = grey()
            shapes.append(f"<circle cx='{x:.0f}' cy='{y:.0f}' r='{r:.0f}' "
                          f"fill='rgb({tone},{tone},{tone})' opacity='0.6'/>")  # fmt: skip
    size = f"width='{width}' height='{height}'"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{''.join(shapes)}</svg>"


def _rect(x: float, y: float, width: float, height: float, tone: int | None, line: str) -> str:
    inside = "none" if tone is None else f"rgb({tone},{tone},{tone})"
    return (
        f"<rect x='{x:.1f}' y='{y:.1f}' width='{width:.1f}' height='{height:.1f}' "
        f"fill='{inside}' stroke='{line}'/>"
    )
