"""Questions about forms and tables, made from what is known of a page.

`FORM_TASKS` has them by token; each is a function `(page, truth, rng)` that gives an `Example`, or
None where the page does not allow it. Now and then a task that asks by a text alone asks for
something that is not there.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from dessurt.data.questions import passage, tables
from dessurt.data.questions.draft import (
    BLANK,
    Draft,
    choice,
    form_task,
    halved,
    lines_of,
    listed,
    names,
    numbered,
    shortened,
)
from dessurt.data.questions.passage import END, Ask, Task
from dessurt.data.questions.words import question
from dessurt.tasks import NO_SUCH
from dessurt.truth import Printed, Truth
from dessurt.truth.form_text import with_places

NONE = Printed.sign(NO_SUCH)  # there is no such thing
_ABSENT = 0.05  # of the questions by text are about what is not there
_TRIES = 8  # a piece of text may stand on the page twice

Drafter = Callable[[Ask], Draft | None]


def _json(ask: Ask) -> Draft | None:
    """json>: the whole form."""
    return Draft(with_places(ask.truth) + END) if ask.truth.entities else None


def _json_rest(ask: Ask) -> Draft | None:
    """json~: what comes after a piece of the form's text."""
    if not ask.truth.entities:
        return None
    form = with_places(ask.truth) + END
    cuts = (0, *ask.pieces(form.text))
    size = min(ask.most_text, (len(cuts) - 1) // 2)
    for _ in range(_TRIES):
        stop = ask.rng.randrange(size, len(cuts) - 1)
        # The model sees all of it, and the answer begins right behind.
        text = ask.end(form[cuts[stop - size] : cuts[stop]])
        if form.text.count(text.text) == 1:
            return Draft(form[cuts[stop] :], text)
    return None


def _kind(ask: Ask) -> Draft | None:
    """classify>: the kind of document."""
    return Draft(Printed.sign(f"C:{ask.truth.kind}")) if ask.truth.kind else None


def _links(ask: Ask, *, down: bool, up: bool) -> Draft | None:
    """link*: `[kind]` of an entity and the texts linked to it, or `[kind]ø`.

    Both ways, a table's header is linked to its cells too and a cell to its headers; as in the
    original these are neither up nor down.
    """
    linked = _linked(ask.truth, down, up)
    if not any(linked):
        return None
    texts = names(ask)
    chosen = choice([i for i in texts if linked[i]], [i for i in texts if not linked[i]], ask.rng)
    if chosen is None:
        return None
    entity, found = ask.truth.entities[chosen], numbered(ask.truth, sorted(linked[chosen]))
    answer = Printed.sign(f"[{entity.kind}]") + (listed(found) if found else BLANK)
    return Draft(answer, texts[chosen], (lines_of([entity]),), lines_of(found))


def _linked(truth: Truth, down: bool, up: bool) -> list[set[int]]:
    """For each entity the numbers of those linked to it."""
    linked: list[set[int]] = [set() for _ in truth.entities]
    pairs = list(truth.links)
    for table in truth.tables if down and up else ():
        for *headers, cell in table.filled():
            pairs += [(head, cell) for head in headers if head is not None]
    for head, tail in pairs:
        if down:
            linked[head].add(tail)
        if up:
            linked[tail].add(head)
    return linked


def _rest(ask: Ask) -> Draft | None:
    """fi~, f0~: how an entity goes on after some of its words."""
    texts = [[word for line in e.lines for word in line.words] for e in ask.truth.entities]
    texts = [words for words in texts if len(words) > 1]
    for _ in range(_TRIES if texts else 0):
        words = ask.rng.choice(texts)
        stop = ask.rng.randint(1, len(words) - 1)
        first = ask.rng.choice((0, 0, ask.rng.randrange(stop)))
        while first < stop - 1 and ask.size(words[first:stop]) > ask.most_text:
            first += 1
        known, rest = words[first:stop], words[stop:]
        text = passage.printed(known)
        if ask.names_its_place(text.text):
            answer = passage.printed(rest) + END
            return Draft(answer, text, (passage.stretched(known),), passage.stretched(rest))
    return None


# What is not there

# Labels and values as they occur on forms; some are on few pages, none is on all.
_PHRASES = (
    "Date of birth", "Account number", "Place of issue", "Signature", "Total amount", "Remarks",
    "Telephone", "Middle name", "Approved by", "Reference", "Postal code", "Occupation", "Balance",
    "Quantity", "Nationality", "Department", "Expiry date", "Registration no.", "Net weight",
    "Invoice to", "Delivery address", "Purpose of visit", "Next of kin", "Serial number", "Model",
    "Unit price", "Discount", "Method of payment", "Contact person", "Policy holder", "Height",
    "Start date", "For office use only", "Blue", "Not applicable", "17 March", "four", "B-204",
    "12.50", "Grand Hotel", "Yes", "to be confirmed", "North", "Mary", "Monday",
)  # fmt: skip


def _or_absent(ask: Ask, drafter: Drafter) -> Draft | None:
    """A question as drafted, or the same about something that is not there: №, empty region."""
    draft = drafter(ask)
    if draft is None or ask.rng.random() > _ABSENT:
        return draft
    if ask.token.startswith("list_"):
        return Draft(NONE, Printed.sign(str(len(ask.truth.tables))), region=())
    text = Printed.sign(_absent_text(ask.truth, ask.rng))
    if ask.token == "t~":  # one of the two headers is there
        known = draft.text[: draft.text.text.index("~~")]
        parts = [known, shortened(halved(ask), text)]
        text = Printed.join("~~", ask.rng.sample(parts, 2))
    return Draft(NONE, shortened(ask, text), region=())


def _absent_text(truth: Truth, rng: random.Random) -> str:
    """A phrase of other forms, or the beginning of one entity with the end of another."""
    page = "\n".join(paragraph.text for paragraph in truth.paragraphs).casefold()
    while True:
        text = rng.choice(_PHRASES)
        if rng.random() < 0.5:
            start, end = (rng.choice(truth.entities).text.split() for _ in range(2))
            text = " ".join([*start[: rng.randint(1, 2)], end[-1]])
        if text.casefold() not in page:
            return text


def _tasks() -> dict[str, Task]:
    shown = ("text", "box", "both")  # an entity is named, highlighted, or both
    drafters: dict[str, Drafter] = {
        "json>": _json,
        "json~": _json_rest,
        "classify>": _kind,
        "natural_q~": question,
        **{f"link-{how}~": partial(_links, down=True, up=True) for how in shown},
        **{f"linkdown-{how}~": partial(_links, down=True, up=False) for how in shown},
        **{f"linkup-{how}~": partial(_links, down=False, up=True) for how in shown},
        **dict.fromkeys(("fi~", "f0~"), _rest),
        **dict.fromkeys(("t~", "t0~"), tables.cell),
        **dict.fromkeys(("ri~", "r*~"), partial(tables.header, row=True)),
        **dict.fromkeys(("ci~", "c*~"), partial(tables.header, row=False)),
        **dict.fromkeys(("full_row~", "full_row0~"), partial(tables.full, row=True)),
        **dict.fromkeys(("full_col~", "full_col0~"), partial(tables.full, row=False)),
        "list_row_headers~": partial(tables.headers, row=True),
        "list_column_headers~": partial(tables.headers, row=False),
        "t#>": tables.count,
        "0t~": tables.find,
    }
    by_text = (
        "link-text~ linkdown-text~ linkup-text~ fi~ t~ ri~ ci~ full_row~ full_col~ "
        "list_row_headers~ list_column_headers~"
    )
    for token in by_text.split():
        drafters[token] = partial(_or_absent, drafter=drafters[token])
    return {token: form_task(token, drafter) for token, drafter in drafters.items()}


FORM_TASKS = _tasks()
