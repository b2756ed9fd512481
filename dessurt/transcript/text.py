"""Transcripts as text: plain, Markdown, JSON for people's own programs, and form fields as CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from dessurt.transcript.blocks import heading_levels
from dessurt.transcript.markup import clean
from dessurt.transcript.transcript import TextBlock, Transcript

_PAGE_END = "\f"  # as other programs part the pages of a text
_MARKDOWN_PAGE_END = "\n---\n\n"
_SIGNS = re.compile(r"[\\`*_\[\]<>&~|]")  # that mean something anywhere in Markdown
_FIRST_SIGNS = re.compile(r"^(#+|[-+=]|\d+(?=[.)]))")  # the same, at the beginning of a paragraph
_SOFT_HYPHEN = "\xad"
_HYPHENS = ("-", "\u2010", _SOFT_HYPHEN)
# What a spreadsheet may run as a formula, in East Asian settings also if it is written wide.
_FORMULA = re.compile(r"[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"-?[\d.,]+")


def plain_text(transcripts: Sequence[Transcript]) -> str:
    """Lines as they stand, a blank line between paragraphs, a form feed between pages."""
    return _PAGE_END.join(clean(page.text) + "\n" * bool(page.text) for page in transcripts)


def markdown(transcripts: Sequence[Transcript]) -> str:
    """Paragraphs without their line breaks, headings where text is clearly larger.

    A hyphen at the end of a line is taken out if the word stands elsewhere without one; otherwise
    it stays, as it may belong to the word.
    """
    words = Counter(re.findall(r"\w+", "\n".join(page.text for page in transcripts).lower()))
    pages = []
    for page in transcripts:
        levels = heading_levels([block.lines for block in page.blocks])
        paragraphs = []
        for block, level in zip(page.blocks, levels, strict=True):
            if text := _escaped(clean(_joined(block, words))):
                paragraphs.append(f"{'#' * level} {text}\n" if level else f"{text}\n")
        pages.append("\n".join(paragraphs))
    return _MARKDOWN_PAGE_END.join(pages)


def _joined(block: TextBlock, words: Counter[str]) -> str:
    """A paragraph on one line."""
    whole = ""
    for line in (line.text for line in block.lines if line.text):
        head, hyphen = whole[:-1], whole[-1:]
        left, right = re.search(r"\w+$", head), re.match(r"\w+", line)
        if hyphen not in _HYPHENS or not (left and right):
            whole += " " * bool(whole) + line
        elif hyphen == _SOFT_HYPHEN or words[(left[0] + right[0]).lower()]:
            whole = head + line
        else:
            whole += line
    return whole


def _escaped(text: str) -> str:
    """A paragraph in which no sign means anything in Markdown."""
    text = _SIGNS.sub(r"\\\g<0>", text)
    return _FIRST_SIGNS.sub(lambda m: f"{m[0]}\\" if m[0].isdigit() else f"\\{m[0]}", text)


def readable_json(transcripts: Sequence[Transcript]) -> str:
    """All that is known of the pages, with the text of each page, paragraph and line.

    A word of a corrected line that a person wrote has no confidence (null).
    """
    return json.dumps({"pages": [_entries(page) for page in transcripts]}, indent=1,
                      ensure_ascii=True) + "\n"  # fmt: skip


def _entries(page: Transcript) -> dict[str, Any]:
    entries = asdict(page)
    for block, known in zip(entries["blocks"], page.blocks, strict=True):
        for line, known_line in zip(block["lines"], known.lines, strict=True):
            line["text"] = known_line.text
        block["text"] = known.text
    source = entries.pop("source")
    source["page"] = source.pop("number") + 1
    height, width = entries.pop("size")
    return {**source, "width": width, "height": height, "text": page.text, **entries}


def fields_table(transcripts: Sequence[Transcript]) -> bytes:
    """The labels and values of forms as CSV, one a row, as spreadsheets open it by a double click.

    What a spreadsheet would run as a formula gets an apostrophe before it; negative numbers stay.
    """
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(("file", "page", "label", "value"))
    for page in transcripts:
        for field in page.fields:
            row = (page.source.file, str(page.source.number + 1), field.label, field.value)
            writer.writerow([_harmless(clean(cell)) for cell in row])
    return sheet.getvalue().encode("utf-8-sig")


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell
