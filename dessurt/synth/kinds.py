"""The kinds of documents, and how often each is made: about half is running text in usual fonts.

A kind that is made 0 times is made only where somebody names it.
"""

from __future__ import annotations

from collections.abc import Callable

from dessurt.synth import extremes, forms, prose
from dessurt.synth.sheet import Sheet
from dessurt.synth.strings import strings

KINDS: dict[str, Callable[[Sheet], str]] = {
    "article": prose.article,
    "manual": prose.manual,
    "mixed": prose.mixed,
    "letter": prose.letter,
    "memo": prose.memo,
    "fax": prose.fax,
    "title": prose.title,
    "slides": prose.slides,
    "list": prose.lists,
    "contents": prose.contents,
    "typewriter": prose.typewriter,
    "code": prose.listing,
    "note": prose.note,
    "form": forms.form,
    "invoice": forms.invoice,
    "receipt": forms.receipt,
    "statement": forms.statement,
    "table": forms.table,
    "strings": strings,
    "headings": extremes.headings,
    "small": extremes.small,
}
OFTEN = {
    "article": 16, "manual": 18, "mixed": 14, "letter": 7, "memo": 2, "fax": 2, "title": 1,
    "slides": 4, "list": 3, "contents": 2, "typewriter": 3, "code": 4, "note": 3, "form": 12,
    "invoice": 3, "receipt": 2, "statement": 3, "table": 4, "strings": 0,
    "headings": 0, "small": 0,
}  # fmt: skip
