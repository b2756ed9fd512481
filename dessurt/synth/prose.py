"""Documents of running text: each function writes one on a sheet and gives its Typst source."""

from __future__ import annotations

from dataclasses import replace

from dessurt.synth import blocks
from dessurt.synth.blocks import PAPERS, Blocks, Theme
from dessurt.synth.sheet import Sheet, colour, quoted

RUNNING: Blocks = {blocks.paragraph: 12, blocks.mixed: 3, blocks.heading: 2}
TECHNICAL: Blocks = {
    blocks.paragraph: 7, blocks.short: 3, blocks.mixed: 5, blocks.heading: 4, blocks.items: 4,
    blocks.code: 3, blocks.terms: 2, blocks.columns: 1, blocks.figure: 1, blocks.quote: 1,
}  # fmt: skip
ANYTHING: Blocks = {
    blocks.paragraph: 8, blocks.short: 3, blocks.mixed: 3, blocks.heading: 3, blocks.items: 3,
    blocks.code: 3, blocks.terms: 2, blocks.columns: 4, blocks.entries: 1, blocks.inverse: 2,
    blocks.quote: 1, blocks.scrambled: 3, blocks.figure: 1,
}  # fmt: skip


def article(sheet: Sheet) -> str:
    """A paper or a magazine page in one to three columns."""
    rng, theme = sheet.rng, Theme.of(sheet)
    size, margin = rng.choice(PAPERS[:4]), (rng.uniform(36, 80), rng.uniform(40, 80))
    columns = rng.choice((1, 2, 2, 2, 3))
    head = _running(sheet, theme, at_top=True)
    title = _title(sheet, theme) if rng.random() < 0.5 else ""
    pages = rng.choice((1, 1, 2, 3))
    room = pages * 0.95 * (size[0] - 2 * margin[0]) * (size[1] - 2 * margin[1])
    rules = sheet.page(size, margin, columns, head + _running(sheet, theme, at_top=False))
    indent = f"#set par(first-line-indent: {rng.choice((0, 1, 1.5))}em)\n"
    gap = f"#set par(spacing: {rng.choice((0.65, 0.9, 1.2))}em)\n"
    body = blocks.fill(sheet, theme, room, RUNNING | {blocks.figure: 1, blocks.quote: 1})
    return rules + theme.body.rules + indent + gap + title + body


def manual(sheet: Sheet) -> str:
    """A page of technical writing: sections, lists, code, small tables, pictures."""
    rng, theme = sheet.rng, Theme.of(sheet)
    size, margin = rng.choice(PAPERS), (rng.uniform(40, 90), rng.uniform(45, 80))
    head = _running(sheet, theme, at_top=True)
    room = rng.choice((1, 1, 2)) * 0.9 * (size[0] - 2 * margin[0]) * (size[1] - 2 * margin[1])
    rules = sheet.page(size, margin, 1, head + _running(sheet, theme, at_top=False))
    return rules + theme.body.rules + blocks.fill(sheet, theme, room, TECHNICAL)


def mixed(sheet: Sheet) -> str:
    """All sorts of blocks in all sorts of looks: wide variety rather than a real document."""
    rng = sheet.rng
    size, columns = rng.choice(PAPERS), rng.choice((1, 1, 1, 2))
    margin = (rng.uniform(24, 60), rng.uniform(20, 50))
    room, parts = 0.9 * (size[0] - 2 * margin[0]) * (size[1] - 2 * margin[1]), []
    for _ in range(share := rng.randint(2, 7)):
        theme = Theme.of(sheet)
        theme = replace(theme, body=sheet.look("print", (9.5, 1.8)))
        block = blocks.fill(sheet, theme, room / share, ANYTHING)
        parts.append(f"#block(width: 100%)[{theme.body.rules}{block}]")
    return sheet.page(size, margin, columns) + "\n\n".join(parts)


def letter(sheet: Sheet) -> str:
    """A letter: letterhead, addresses, date, subject, text, signature, small print."""
    rng, theme, fake = sheet.rng, Theme.of(sheet), sheet.write.faker
    margin = (rng.uniform(55, 85), rng.uniform(40, 70))
    size = rng.choice(PAPERS[:4])
    ink = theme.body.ink
    company, name = fake.company(), fake.name()
    sender = [company, *fake.address().split("\n"), fake.phone_number(), fake.email()]
    align = rng.choice(("left", "center", "right"))
    top = sheet.lines(sender[: rng.randint(2, 5)], "", ink, f"size: {rng.uniform(0.8, 1.1):.2f}em")
    to = sheet.lines([name, *fake.address().split("\n")], ink=ink)
    date = sheet.put(sheet.write.date(), ink=ink)
    side = rng.choice(("left", "right"))
    parts = [f"#align({align}, {top})", "#v(1em)", f"#{to}", f"#align({side}, {date})"]
    if rng.random() < 0.7:
        label = rng.choice(("Re: ", "Subject: ", "Your reference: ", "RE: ", ""))
        subject = sheet.put(label + sheet.write.heading(), ink=ink, face="weight: 700")
        parts.append(f"#{subject}")
    dear = rng.choice((f"Dear {name},", "Dear Sir or Madam,", "To whom it may concern:",
                       f"Dear {name.split()[-1]}:", f"Hello {name.split()[0]},"))  # fmt: skip
    parts.append(f"#{sheet.put(dear, ink=ink)}")
    room = rng.uniform(0.25, 0.6) * (size[0] - 2 * margin[0]) * (size[1] - 2 * margin[1])
    parts.append(blocks.fill(sheet, theme, room, {blocks.paragraph: 6, blocks.short: 4,
                                                  blocks.items: 1}))  # fmt: skip
    close = rng.choice(("Yours sincerely,", "Best regards,", "Kind regards", "Yours faithfully,",
                        "Sincerely,", "With many thanks,"))  # fmt: skip
    parts += [f"#{sheet.put(close, ink=ink)}", "#v(1em)"]
    if rng.random() < 0.6:
        hand = f'font: "{sheet.font("hand")}", size: 1.7em'
        signed = sheet.put(fake.name(), ink=2, face=hand)
        parts.append(f"#{signed}")
    parts.append(f"#{sheet.lines([fake.name(), fake.job()], ink=ink)}")
    if rng.random() < 0.5:
        small = sheet.put(sheet.write.prose(rng.randint(15, 50)), ink=ink, face="size: 7pt")
        parts.append(f"#place(bottom, block[#line(length: 100%, stroke: 0.4pt)\n#{small}])")
    return sheet.page(size, margin) + theme.body.rules + "\n\n".join(parts)


def memo(sheet: Sheet) -> str:
    """A memo: a big word, To, From, Date and Subject, a rule, and text."""
    rng, theme = sheet.rng, Theme.of(sheet)
    return _memo(sheet, theme, rng.choice(("MEMO", "Memorandum", "MEMORANDUM", "Internal note",
                                           "Minutes", "PRESS RELEASE")))  # fmt: skip


def fax(sheet: Sheet) -> str:
    """A cover sheet of a fax."""
    rng = sheet.rng
    theme = Theme.of(sheet, rng.choice(("print", "mono")))
    return _memo(sheet, theme, rng.choice(("FAX", "Fax", "FACSIMILE", "TELEFAX", "Fax message")))


def _memo(sheet: Sheet, theme: Theme, word: str) -> str:
    rng, fake, ink = sheet.rng, sheet.write.faker, theme.body.ink
    big = sheet.put(word, "", ink, f"size: {rng.randint(16, 36)}pt, weight: 700")
    names = ["To", "From", "Date", "Subject", "cc", "Pages", "Fax", "Phone", "Ref."]
    made = [fake.name, fake.name, sheet.write.date, sheet.write.heading, fake.name,
            lambda: str(rng.randint(1, 20)), fake.phone_number, fake.phone_number,
            sheet.write.value]  # fmt: skip
    upper, sign = rng.random() < 0.4, rng.choice((":", ":", ""))
    chosen = sorted({0, 1, 2, 3} | set(rng.sample(range(9), 3)))
    fields = []
    for i in chosen:
        label = (names[i].upper() if upper else names[i]) + sign
        words = sheet.mixed([(label, "weight: 700"), (made[i]()[:60], "")], ink)
        fields.append(f"#{words}")
    size, margin = rng.choice(PAPERS[:4]), (rng.uniform(50, 90), rng.uniform(40, 80))
    room = rng.uniform(0.3, 0.65) * (size[0] - 2 * margin[0]) * (size[1] - 2 * margin[1])
    body = blocks.fill(sheet, theme, room, {blocks.paragraph: 6, blocks.short: 3, blocks.items: 2})
    rule = "#line(length: 100%, stroke: 1pt)"
    return (
        sheet.page(size, margin) + theme.body.rules
        + f"#align({rng.choice(('left', 'center'))}, {big})\n\n"
        + "\n\n".join(fields) + f"\n\n{rule}\n\n{body}"
    )  # fmt: skip


def title(sheet: Sheet) -> str:
    """The first page of a book or a report."""
    rng, theme, fake = sheet.rng, Theme.of(sheet), sheet.write.faker
    ink, align = theme.body.ink, rng.choice(("left", "center", "center", "right"))
    bits = [_title(sheet, theme)]
    for _ in range(rng.randint(3, 8)):
        words = rng.choice((sheet.write.heading, fake.company, fake.name, sheet.write.date,
                            lambda: sheet.write.prose(rng.randint(5, 40)), sheet.write.value))()
        piece = sheet.put(words, ink=ink, face=f"size: {rng.uniform(8, 20):.1f}pt")
        bits += [f"#v({rng.choice(('1fr', '1fr', '10pt', '40pt'))})", f"#{piece}"]
    rules = sheet.page(rng.choice(PAPERS[:4]), (rng.uniform(60, 120), rng.uniform(60, 140)))
    return rules + theme.body.rules + f"#set align({align})\n" + "\n\n".join(bits)


def slides(sheet: Sheet) -> str:
    """Slides: big titles, items in large letters, a footer."""
    rng, theme = sheet.rng, Theme.of(sheet)
    dark = rng.random() < 0.2
    ink = 15 if dark else theme.body.ink
    big = replace(theme.body, size=rng.uniform(15, 26), ink=ink, justified=False)
    theme = replace(theme, body=big, head=replace(theme.head, size=rng.uniform(26, 40)))
    fill = f", fill: luma({rng.randint(0, 30)}%)" if dark else ""
    foot = sheet.mixed([(sheet.write.heading(), "size: 9pt")], ink)
    rules = sheet.page(rng.choice(((720, 405), (720, 540), (842, 595))),
                       (rng.uniform(30, 70), 36), 1, f"{fill}, footer: {foot}")  # fmt: skip
    parts = []
    for _ in range(rng.randint(1, 3)):
        body = [blocks.heading(sheet, theme)]
        for _ in range(rng.randint(1, 2)):
            kind = rng.choice((blocks.items, blocks.items, blocks.short, blocks.figure))
            body.append(kind(sheet, theme))
        parts.append("\n\n".join(body))
    return rules + theme.body.rules + "\n#pagebreak()\n".join(parts)


def lists(sheet: Sheet) -> str:
    """A page of lists: parts, names, steps, questions."""
    rng, theme = sheet.rng, Theme.of(sheet)
    size, margin = rng.choice(PAPERS), (rng.uniform(30, 80), rng.uniform(30, 80))
    room = 0.85 * (size[0] - 2 * margin[0]) * (size[1] - 2 * margin[1])
    often: Blocks = {blocks.items: 8, blocks.heading: 3, blocks.short: 2, blocks.terms: 3}
    rules = sheet.page(size, margin, rng.choice((1, 1, 2)))
    return rules + theme.body.rules + blocks.fill(sheet, theme, room, often)


def contents(sheet: Sheet) -> str:
    """A table of contents or an index."""
    rng, theme = sheet.rng, Theme.of(sheet)
    size, margin = rng.choice(PAPERS), (rng.uniform(50, 90), rng.uniform(40, 80))
    room = 0.7 * (size[0] - 2 * margin[0]) * (size[1] - 2 * margin[1])
    word = rng.choice(("Contents", "Table of Contents", "CONTENTS", "Index", "List of Figures"))
    head = sheet.put(word, ink=theme.body.ink, face="size: 1.5em, weight: 700")
    rules = sheet.page(size, margin) + theme.body.rules
    often: Blocks = {blocks.entries: 9, blocks.heading: 1}
    return rules + f"#{head}\n\n" + blocks.fill(sheet, theme, room, often)


def typewriter(sheet: Sheet) -> str:
    """Typed pages: one size, one weight, ragged, wide leading."""
    rng, theme = sheet.rng, Theme.of(sheet, "mono")
    look = replace(theme.body, size=rng.uniform(9, 12), justified=False, italic=False,
                   leading=rng.choice((0.5, 0.6, 0.9, 1.3)), tracking=0)  # fmt: skip
    theme = replace(theme, body=look, head=replace(look, bold=False), code=look, mark="-")
    size, margin = rng.choice(PAPERS[:4]), (rng.uniform(50, 85), rng.uniform(45, 80))
    room = 0.6 * (size[0] - 2 * margin[0]) * (size[1] - 2 * margin[1])
    often: Blocks = {blocks.paragraph: 6, blocks.short: 3, blocks.heading: 1, blocks.items: 2,
             blocks.columns: 1}  # fmt: skip
    return sheet.page(size, margin) + look.rules + blocks.fill(sheet, theme, room, often)


def listing(sheet: Sheet) -> str:
    """A program, a log or a page of a command's manual."""
    rng, theme = sheet.rng, Theme.of(sheet, sheet.rng.choice(("print", "mono")))
    size, margin = rng.choice(PAPERS), (rng.uniform(36, 70), rng.uniform(36, 70))
    room = 0.85 * (size[0] - 2 * margin[0]) * (size[1] - 2 * margin[1])
    often: Blocks = {blocks.code: 6, blocks.terms: 4, blocks.short: 3, blocks.heading: 2}
    head = _running(sheet, theme, at_top=True)
    rules = sheet.page(size, margin, 1, head) + theme.body.rules
    return rules + blocks.fill(sheet, theme, room, often)


def note(sheet: Sheet) -> str:
    """Handwriting: every word sits a little differently, the lines on ruled paper or none."""
    rng, write = sheet.rng, sheet.write
    look = replace(sheet.look("hand", (15, 2.5)), bold=False, italic=False, justified=False,
                   tracking=0, leading=rng.uniform(0.5, 1.1))  # fmt: skip
    size = rng.choice((*PAPERS, (298, 420), (420, 298)))
    margin = (rng.uniform(25, 60), rng.uniform(25, 60))
    slant, shaky = rng.uniform(-4, 14), rng.uniform(0, 1)
    room = rng.uniform(0.4, 0.8) * (size[0] - 2 * margin[0]) * (size[1] - 2 * margin[1])
    parts = []
    while room > 0:
        words = rng.choice((lambda: write.prose(rng.randint(2, 45)), write.value, write.heading,
                            lambda: f"- {write.prose(3)}", lambda: write.field()))()  # fmt: skip
        number, ink = sheet.number(), rng.choice((0, 1, 2, 4))
        done = " ".join(_scribbled(sheet, word, look.size, slant, shaky) for word in words.split())
        parts.append(f"#text(fill: {colour(number, ink)})[{done}]")
        room -= (len(words) * 0.45 * look.size + 60) * (0.72 + look.leading) * look.size
    return sheet.page(size, margin) + look.rules + "\n\n".join(parts)


def _scribbled(sheet: Sheet, word: str, size: float, slant: float, shaky: float) -> str:
    rng = sheet.rng
    up, scale = rng.gauss(0, 0.05) * shaky, 1 + rng.gauss(0, 0.05) * shaky
    text = f"text(baseline: {up:.3f}em, size: {size * scale:.2f}pt, {quoted(word)})"
    turn = slant + rng.gauss(0, 2) * shaky
    return f"#box(skew(ax: {-turn:.1f}deg, {text}))"


def _title(sheet: Sheet, theme: Theme) -> str:
    """Title and authors over the whole width of the page."""
    rng, ink = sheet.rng, theme.body.ink
    face = f"size: {rng.uniform(1.5, 2.6):.2f}em, weight: {rng.choice((400, 700))}"
    big = sheet.put(sheet.write.heading(), ink=ink, face=face)
    names = ", ".join(sheet.write.faker.name() for _ in range(rng.randint(1, 4)))
    by = sheet.put(names, ink=ink)
    align = rng.choice(("left", "center", "center"))
    return (
        f"#place(top + {align}, scope: \"parent\", float: true)"
        f"[#par(justify: false, leading: 0.5em)[#{big}]\n\n#{by}\n#v(0.8em)]\n\n"
    )


def _running(sheet: Sheet, theme: Theme, at_top: bool) -> str:
    """A header or a footer, as an argument of `page`; often none."""
    rng, ink = sheet.rng, theme.body.ink
    if rng.random() < 0.4:
        return ""
    name = "header" if at_top else "footer"
    number = sheet.number()
    fill = colour(number, ink)
    first = rng.randint(0, 400)
    page = f"#context str(counter(page).get().first() + {first})"
    of = f" / {first + rng.randint(1, 40)}"
    before, after = rng.choice((("", ""), ("", ""), ("Page ", ""), ("- ", " -"), ("", of)))
    folio = f"#{quoted(before)}{page}#{quoted(after)}" if before or after else page
    words = sheet.write.heading()[:50]
    inside = rng.choice((f"#h(1fr){folio}#h(1fr)", f"#{quoted(words)}#h(1fr){folio}",
                         f"{folio}#h(1fr)#{quoted(words)}", f"#{quoted(words)}"))  # fmt: skip
    rule = rng.choice(("", "", "#line(length: 100%, stroke: 0.4pt)"))
    parts = (inside, rule) if at_top else (rule, inside)
    small = f"text(size: {rng.uniform(7.5, 10):.1f}pt, fill: {fill})"
    return f", {name}: {small}[{'#v(-0.5em)'.join(part for part in parts if part)}]"
