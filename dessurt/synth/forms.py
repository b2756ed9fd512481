"""Forms, invoices, receipts, statements and tables: documents whose parts belong together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dessurt.synth import fields
from dessurt.synth.blocks import PAPERS, ruled
from dessurt.synth.cues import Style
from dessurt.synth.fields import Field
from dessurt.synth.sheet import Grid, Look, Piece, Sheet


def form(sheet: Sheet) -> str:
    """A form: a title, groups of fields under headings, check boxes, tables, small print."""
    rng = sheet.rng
    look, style = sheet.look(size=(9, 1)), Style.of(sheet)
    size, margin = rng.choice(PAPERS), (rng.uniform(30, 60), rng.uniform(30, 55))
    parts = []
    if rng.random() < 0.8:
        parts.append(_title(sheet))
    if rng.random() < 0.4:
        parts.append(f"#{sheet.put(sheet.write.prose(rng.randint(8, 40)), 'other')}")
    room = rng.uniform(0.75, 1.1) * (size[1] - 2 * margin[1]) - 60
    while room > 0:
        kind = rng.choices((_group, _checks, _grid, _prose), (10, 2, 2, 1))[0]
        if rng.random() < 0.2:
            style = Style.of(sheet)
        source, lines = kind(sheet, style)
        parts.append(source)
        room -= lines * look.size * 1.6 + 18
    return _page(sheet, size, margin, look, parts)


def invoice(sheet: Sheet) -> str:
    """An invoice or an order: who, when, what for how much, and the sums."""
    rng, write, fake = sheet.rng, sheet.write, sheet.write.faker
    look, style = sheet.look(size=(9.5, 1)), Style.of(sheet)
    size, margin = rng.choice(PAPERS[:4]), (rng.uniform(35, 65), rng.uniform(35, 60))
    word = rng.choice(("INVOICE", "Invoice", "Quotation", "Purchase Order", "Delivery Note",
                       "Credit note", "ORDER CONFIRMATION", "Pro-forma invoice"))  # fmt: skip
    head = sheet.put(word, "header", face=f"size: {rng.uniform(1.4, 2.6):.2f}em, weight: 700")
    seller = sheet.lines([fake.company(), *fake.address().split("\n"), fake.phone_number()],
                         kind="other")  # fmt: skip
    sides = [head.code, f"align(right, {seller})"]
    rng.shuffle(sides)
    labels = [("Invoice no.", fields.code(rng)), ("Date", write.date()), ("Due", write.date()),
              ("Customer no.", fields.code(rng)), ("Terms", f"{rng.choice((10, 14, 30))} days"),
              ("Your order", fields.code(rng)), ("Page", "1 of 1")]  # fmt: skip
    facts = _facts(sheet, style, rng.sample(labels, rng.randint(2, 6)))
    to = Field(rng.choice(("Bill to", "Sold to", "Customer")),
               (fake.name(), *fake.address().split("\n")))  # fmt: skip
    address = replace(style, cue="stack").draw(sheet, to)[0]
    upper = f"#grid(columns: (1fr, 1fr), column-gutter: 20pt, {', '.join(sides)})"
    middle = (f"#grid(columns: (1fr, 1fr), column-gutter: 30pt, {address}, "
              f"stack(spacing: 6pt, {', '.join(facts)}))")  # fmt: skip
    names = rng.choice((("Item", "Qty", "Price", "Amount"), ("Description", "Unit", "Total"),
                        ("Code", "Description", "Quantity", "Unit price", "Amount")))  # fmt: skip
    rows = [[_good(sheet, name) for name in names] for _ in range(rng.randint(2, 16))]
    table = _table(sheet, [""] * len(rows), list(names), rows, "")
    names = ("Subtotal", rng.choice(("Tax", "VAT 19 %", "Sales tax")), "Total")
    sums = _facts(sheet, replace(style, cue="plain", gap="1fr"),
                  [(name, fields.amount(rng)) for name in names])  # fmt: skip
    total = f"#align(right, block(width: 40%, stack(spacing: 6pt, {', '.join(sums)})))"
    thanks = sheet.put(write.prose(rng.randint(6, 40)), "other", face="size: 0.85em")
    return _page(sheet, size, margin, look, [upper, middle, table, total, f"#{thanks}"])


def receipt(sheet: Sheet) -> str:
    """A till receipt: a narrow strip of goods and prices."""
    rng, fake = sheet.rng, sheet.write.faker
    style = rng.choice(("mono", "mono", "print"))
    look = replace(sheet.look(style, (8.5, 0.8)), justified=False, bold=rng.random() < 0.2)
    wide = rng.randint(170, 250)
    top = sheet.lines([fake.company(), *fake.address().split("\n"), fake.phone_number()],
                      kind="other")  # fmt: skip
    parts = [f"#align(center, {top})"]
    rule = rng.choice(("#line(length: 100%, stroke: (dash: \"dashed\"))", "#v(4pt)",
                       "#line(length: 100%)"))  # fmt: skip
    about = [("Date", sheet.write.date()), ("Cashier", fake.first_name()),
             ("No.", fields.code(rng))]  # fmt: skip
    goods = [(_good(sheet, "Item"), f"{rng.uniform(0.2, 99):.2f}")
             for _ in range(rng.randint(2, 18))]  # fmt: skip
    names = ("SUBTOTAL", "TAX", "TOTAL", rng.choice(("CASH", "VISA", "CARD")), "CHANGE")
    sums = [(name, fields.amount(rng)) for name in names]
    for group in (about[: rng.randint(1, 3)], goods, sums[rng.randint(0, 1) :]):
        parts += [rule, f"#stack(spacing: 4pt, {', '.join(_facts(sheet, Style(), group))})"]
    thanks = rng.choice(("THANK YOU", "Thank you for your visit!", "Please come again",
                         "No refund without receipt", "VAT included"))  # fmt: skip
    parts += [rule, f"#align(center, {sheet.put(thanks, 'other')})"]
    tall = 130 + 13 * (len(goods) + 9) * look.size / 8.5
    return _page(sheet, (wide, round(tall)), (12, 14), look, parts)


def statement(sheet: Sheet) -> str:
    """A bank statement or a ledger: facts on top, a long table of entries."""
    rng, fake = sheet.rng, sheet.write.faker
    look, style = sheet.look(size=(9, 1)), replace(Style.of(sheet), cue="plain")
    size, margin = rng.choice(PAPERS[:5]), (rng.uniform(30, 60), rng.uniform(30, 60))
    bank = sheet.lines([fake.company(), *fake.address().split("\n")], kind="other")
    parts = [f"#align({rng.choice(('left', 'right', 'center'))}, {bank})", _title(sheet)]
    labels = [("Account no.", fields.code(rng)), ("Statement date", sheet.write.date()),
              ("Account holder", fake.name()), ("IBAN", fake.iban()), ("Currency", "EUR"),
              ("Opening balance", fields.amount(rng)), ("Page", "1")]  # fmt: skip
    facts = _facts(sheet, style, rng.sample(labels, rng.randint(2, 6)))
    parts.append(f"#grid(columns: (1fr,) * {rng.choice((1, 2, 2))}, column-gutter: 20pt, "
                 f"row-gutter: 7pt, {', '.join(facts)})")  # fmt: skip
    names = rng.choice((("Date", "Description", "Debit", "Credit", "Balance"),
                        ("Date", "Details", "Amount"), ("Posted", "Ref.", "Text", "Amount"),
                        ("Name", "Period", "Hours", "Rate", "Total")))  # fmt: skip
    count = int((size[1] - 2 * margin[1] - 150) / (look.size * 2.1))
    rows = [[_good(sheet, name) for name in names]
            for _ in range(rng.randint(3, max(count, 4)))]  # fmt: skip
    parts.append(_table(sheet, [""] * len(rows), list(names), rows, "", rng.uniform(0, 0.2)))
    parts.append(f"#{_facts(sheet, style, [('Closing balance', fields.amount(rng))])[0]}")
    return _page(sheet, size, margin, look, parts)


def table(sheet: Sheet) -> str:
    """A page of one to three tables with some text."""
    rng = sheet.rng
    look, style = sheet.look(size=(9, 1.2)), Style.of(sheet)
    size, margin = rng.choice(PAPERS), (rng.uniform(30, 70), rng.uniform(30, 60))
    parts, room = [_title(sheet)], size[1] - 2 * margin[1] - 60
    while room > 40:
        source, lines = (_grid if rng.random() < 0.7 else _prose)(sheet, style)
        parts.append(source)
        room -= lines * look.size * 1.8 + 24
    return _page(sheet, size, margin, look, parts)


Part = tuple[str, int]  # Typst source, to follow a `#` or not, and about how many lines it takes


def _page(
    sheet: Sheet, size: tuple[int, int], margin: tuple[float, float], look: Look, parts: list[str]
) -> str:
    gap = f"#set block(spacing: {sheet.rng.uniform(0.9, 1.6):.2f}em)\n"
    look = replace(look, justified=False)
    return sheet.page(size, margin) + look.rules + gap + "\n\n".join(parts)


def _title(sheet: Sheet) -> str:
    rng = sheet.rng
    words = rng.choice((rng.choice(fields.TITLES), rng.choice(fields.TITLES).upper(),
                        sheet.write.heading()))  # fmt: skip
    big = f"size: {rng.uniform(1.1, 2):.2f}em, weight: {rng.choice((400, 700))}"
    return f"#align({rng.choice(('left', 'center'))}, {sheet.put(words, 'header', face=big)})"


def _prose(sheet: Sheet, style: Style) -> Part:
    words = sheet.write.prose(sheet.rng.randint(5, 60))
    return f"#{sheet.put(words, 'other')}", len(words) // 90 + 1


def _group(sheet: Sheet, style: Style) -> Part:
    """Fields in one to three columns, perhaps under a heading and in a frame."""
    rng = sheet.rng
    count, wide = rng.randint(2, 12), rng.choice((1, 1, 2, 2, 3))
    head = _heading(sheet) if rng.random() < 0.6 else None
    made: Iterable[Field] = (fields.field(sheet.write) for _ in range(count))
    if sheet.groups:
        group = rng.choice(sheet.groups)
        head = sheet.put(group.title, "header", face="weight: 700") if group.title else head
        made = group.fields[:count]
    cells, lines = [], 0
    for each in made:
        code, question, tall = style.draw(sheet, each)
        cells.append(code)
        lines += tall
        if head:
            sheet.link(head, question)
    gutter = rng.randint(6, 12)
    body = (f"grid(columns: (1fr,) * {wide}, column-gutter: {rng.randint(8, 24)}pt, "
            f"row-gutter: {gutter}pt, {', '.join(cells)})")  # fmt: skip
    if rng.random() < 0.15:
        body = f"rect(width: 100%, inset: 6pt, stroke: 0.7pt, {body})"
    above = f"#{_framed(sheet, head)}\n\n" if head else ""
    return f"{above}#{body}", lines // wide + 1 + (head is not None)


def _heading(sheet: Sheet) -> Piece:
    rng = sheet.rng
    words = rng.choice((rng.choice(fields.GROUPS), sheet.write.heading()[:60]))
    words = words.upper() if rng.random() < 0.3 else words
    face = f"weight: {rng.choice((700, 700, 400))}, size: {rng.uniform(1, 1.3):.2f}em"
    return sheet.put(words, "header", face=face)


def _framed(sheet: Sheet, head: Piece) -> str:
    return sheet.rng.choice((
        head.code, f"underline({head})", f"align(center, {head})",
        f"block(width: 100%, fill: luma(85%), inset: 3pt, {head})",
        f"block(width: 100%, stroke: (bottom: 0.8pt), inset: (bottom: 3pt), {head})",
    ))  # fmt: skip


def _facts(sheet: Sheet, style: Style, facts: list[tuple[str, str]]) -> list[str]:
    """Labels with values of one line, drawn."""
    return [style.draw(sheet, Field(label, (value,)))[0] for label, value in facts]


def _checks(sheet: Sheet, style: Style) -> Part:
    """Boxes to tick; a tick is the answer to the words beside it."""
    rng, cells = sheet.rng, []
    head = _heading(sheet)
    for _ in range(rng.randint(2, 8)):
        before = rng.random() < 0.7
        words = rng.choice((rng.choice(fields.CHOICES), sheet.write.prose(rng.randint(1, 6))))
        tick = None
        if before and rng.random() < 0.4:
            tick = sheet.put(rng.choice("xX"), "answer", face="weight: 700")
        label = sheet.put(words, "question")
        if tick:
            sheet.link(label, tick)
        inside = f", align(center + horizon, {tick})" if tick else ""
        box = f"box(width: 0.9em, height: 0.9em, stroke: 0.6pt{inside})"
        pair = (box, label.code) if before else (label.code, box)
        cells.append(f"grid(columns: 2, column-gutter: 4pt, {pair[0]}, {pair[1]})")
        sheet.link(head, label)
    wide = rng.randint(1, 4)
    body = f"grid(columns: (1fr,) * {wide}, gutter: 7pt, {', '.join(cells)})"
    return f"#{_framed(sheet, head)}\n\n#{body}", len(cells) // wide + 2


def _grid(sheet: Sheet, style: Style) -> Part:
    """A table of any contents; headers of rows or columns may be missing."""
    rng, write = sheet.rng, sheet.write
    high, wide = rng.randint(1, 12), rng.randint(1, 6)
    which = rng.random()  # has it headers of both, of columns or of rows
    words = lambda: write.words(rng.randint(1, 2)).capitalize()  # noqa: E731
    rows = [words() if which < 0.6 or which > 0.85 else "" for _ in range(high)]
    columns = [words() if which <= 0.85 else "" for _ in range(wide)]
    kinds = [rng.choice(("Amount", "Qty", "Date", "Description", "Code", "Text"))
             for _ in range(wide)]  # fmt: skip
    cells = [[_good(sheet, kind)[: 90 // wide].strip() for kind in kinds] for _ in range(high)]
    title = rng.choice(fields.GROUPS) if rng.random() < 0.33 else ""
    return _table(sheet, rows, columns, cells, title, 0.15), high + 2


def _table(
    sheet: Sheet, rows: list[str], columns: list[str], cells: list[list[str]], title: str,
    blank: float = 0.0,
) -> str:  # fmt: skip
    """Put a table on the sheet; an empty header is none, a share of `blank` cells stays empty."""
    rng = sheet.rng
    head = sheet.put(title, "header", face="weight: 700") if title else None
    bold = "weight: 700" if rng.random() < 0.6 else ""

    def put(words: str, face: str) -> Piece | None:
        return sheet.put(words, "answer", face=face) if words else None

    above = [put(words, bold) for words in columns]
    lines, codes = [], []
    for name, row in zip(rows, cells, strict=True):
        left = put(name, bold)
        line = [put("" if rng.random() < blank else words, "") for words in row]
        lines.append((left, line))
    with_left, with_above = any(rows), any(columns)
    if with_above:
        codes += ([None] if with_left else []) + above
    for left, line in lines:
        codes += ([left] if with_left else []) + line
    number = lambda piece: piece.number if piece else None  # noqa: E731
    sheet.tables.append(Grid(
        tuple(number(left) for left, _ in lines), tuple(map(number, above)),
        tuple(tuple(map(number, line)) for _, line in lines),
    ))  # fmt: skip
    if head:
        heads = [p for p in (above if with_above else [left for left, _ in lines]) if p]
        sheet.link(head, *heads)
    wide = len(columns) + with_left
    body = ruled(rng, wide, [piece.code if piece else "[]" for piece in codes])
    return f"#block(breakable: false)[{f'#{head}' if head else ''}\n\n{body}]"


def _good(sheet: Sheet, column: str) -> str:
    """What stands in a column of that name."""
    rng, write = sheet.rng, sheet.write
    if column in ("Item", "Description", "Details", "Text"):
        good = rng.choice(fields.GOODS)
        return rng.choice((good, f"{good} {write.words(1)}", write.words(rng.randint(1, 4)),
                           good.upper(), f"{good} {rng.randint(1, 500)}"))  # fmt: skip
    if column in ("Qty", "Quantity", "Unit", "Hours"):
        return str(rng.randint(1, 10 ** rng.randint(1, 3)))
    if column in ("Date", "Posted", "Period"):
        return write.date()
    if column in ("Code", "Ref."):
        return fields.code(rng)
    if column == "Name":
        return write.faker.name()
    return f"{rng.choice(('', '', '-', '$'))}{rng.random() * 10 ** rng.randint(1, 5):,.2f}"
