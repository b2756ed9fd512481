"""The task table: what can be asked of Dessurt, in the words that it was trained with.

A question is a task token and the text that follows it. The row of a token is its place in the
model's table of task embeddings, so the order of the rows never changes: those of our own come
after the original's 136. Three tokens occur twice; the original looks up the later row, which
leaves the earlier one without use.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

# Signs in answers, and in what is typed.
END_SIGN = "‡"  # the end was reached
NO_SUCH = "№"  # there is no such thing
BLANK = "ø"  # left blank
NEW_LINE = "\\"
SEPARATOR = "|"  # between the parts of a list

_NEEDS = {"t": "text", "h": "highlight", "m": "mask"}
_RETURNS = {"T": "text", "J": "text", "L": "text", "C": "text", "R": "region"}
_SHAPES = {"J": "json", "L": "list", "C": "records"}


class TaskError(ValueError):
    """A question that cannot be asked; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Task:
    """One row of the table."""

    row: int
    token: str
    name: str  # for people
    group: str
    needs: frozenset[str]  # of "text", "highlight" and "mask"
    returns: frozenset[str]  # of "text" and "region"
    shape: str  # of the text: "text", "json", "list" (parts with | between them) or "records"
    example: tuple[str, str]  # text typed, answer
    hidden: bool  # not offered to people: unused or given up in the original


# Needs: t text, h highlight, m mask. Returns: T text, J JSON, L list, C records, R region.
# The group Legacy is what the original gave up or never used. Of the rows called "Old ..." only the
# token is known for sure: their needs follow the rule of the others (0, *, @, & = highlighted), and
# their examples are made up.
_READ, _FIND, _AROUND, _FILL = "Read", "Find", "Around", "Fill"
_FORMS, _TABLES, _QUESTIONS = "Forms", "Tables", "Questions"
_ENTITIES, _CLASSIFY, _LEGACY = "Entities", "Classify", "Legacy"

# fmt: off
_ROWS: tuple[tuple[str, str, str, str, str, str, str], ...] = (
    # token, group, name, needs, returns, example text, example answer
    # 0
    ("kb~", _FILL, "Fill the blank in a text", "t", "TR", "a ø day in May", "sunny"),
    ("k0~", _FILL, "Fill the blank in the highlighted text", "th", "TR", "a ø day in May", "sunny"),
    ("su~", _FILL, "Find the swapped word", "t", "TR", "a funny day in May", "sunny"),
    ("s0~", _FILL, "Find the swapped word, highlighted", "th", "TR", "a funny day in May", "sunny"),
    ("up~", _AROUND, "Line above", "t", "TR", "and ends on this line", "It starts here‡"),
    ("u0~", _AROUND, "Line above the highlight", "th", "TR", "and ends here", "It starts here‡"),
    ("dn~", _AROUND, "Line below", "t", "TR", "It starts here", "and ends on this line‡"),
    ("d0~", _AROUND, "Line below the highlight", "th", "TR", "It starts here", "and ends here‡"),
    ("^^~", _AROUND, "Line above in its block", "t", "TR", "First of the block", "№‡"),
    ("^0~", _AROUND, "Line above the highlight in its block", "th", "TR", "First in block", "№‡"),
    # 10
    ("vv~", _AROUND, "Line below in its block", "t", "TR", "Last of the block", "№‡"),
    ("v0~", _LEGACY, "Unused (row 44 has this token)", "th", "TR", "Last in block", "№‡"),
    ("0;~", _FIND, "Find the whole line", "t", "R", "sunny day in", ""),
    ("0w~", _FIND, "Find words", "t", "R", "sunny day in", ""),
    ("w0>", _READ, "Read the highlighted text", "h", "TR", "", "a sunny day in May"),
    (";0>", _READ, "Read the highlighted line to its end", "h", "TR", "", "a sunny day in May‡"),
    ("rm>", _READ, "Read the highlight, guess the masked word", "hm", "TR", "", "a sunny day"),
    ("mk>", _FILL, "Guess the masked word", "m", "T", "", "sunny"),
    ("mm~", _FILL, "Which masked place fits this word", "tm", "R", "sunny", ""),
    ("re~", _READ, "Read on after a text", "t", "TR", "a sunny", "day in May‡"),
    # 20
    ("r0~", _READ, "Read on after the highlighted text", "th", "TR", "a sunny", "day in May‡"),
    ("b0~", _LEGACY, "Read backwards from the highlight", "th", "TR", "yaM ni", "yad ynnus a‡"),
    ("bk~", _LEGACY, "Read backwards from a text", "t", "TR", "yaM ni", "yad ynnus a‡"),
    ("00~", _FIND, "Find the block round the highlight", "th", "R", "a sunny day", ""),
    ("0p~", _FIND, "Find the block with a text", "t", "R", "a sunny day", ""),
    ("al~", _LEGACY, "Find and count all of a class", "t", "TR", "question", "6"),
    ("z0~", _LEGACY, "Old form task z0~", "th", "TR", "Total", "42‡"),
    ("z0>", _LEGACY, "Old form task z0>", "th", "TR", "Total", "42‡"),
    ("zs~", _LEGACY, "Unused (row 72 has this token)", "t", "TR", "Total", "42‡"),
    ("zs>", _LEGACY, "Old form task zs>", "t", "TR", "Total", "42‡"),
    # 30
    ("zm~", _LEGACY, "Old form task zm~", "t", "TR", "Total", "42‡"),
    ("zm>", _LEGACY, "Old form task zm>", "t", "TR", "Total", "42‡"),
    ("g0~", _LEGACY, "Old form task g0~", "th", "TR", "Total", "42‡"),
    ("g0>", _LEGACY, "Old form task g0>", "th", "TR", "Total", "42‡"),
    ("gs~", _LEGACY, "Unused (row 73 has this token)", "t", "TR", "Total", "42‡"),
    ("gs>", _LEGACY, "Old form task gs>", "t", "TR", "Total", "42‡"),
    ("gm~", _LEGACY, "Old form task gm~", "t", "TR", "Total", "42‡"),
    ("gm>", _LEGACY, "Old form task gm>", "t", "TR", "Total", "42‡"),
    ("c$~", _LEGACY, "Class of the highlighted text", "th", "T", "Full Name:", "[ question ]"),
    ("cs~", _LEGACY, "Class of a text", "t", "T", "Full Name:", "[ question ]"),
    # 40
    ("l0~", _LEGACY, "Count and read what hangs below, highlighted", "th", "TR", "Name:", "1>Bob‡"),
    ("l0>", _LEGACY, "Next of what hangs below, highlighted", "th", "TR", "Bob", "№‡"),
    ("l~", _LEGACY, "Count and read what hangs below", "t", "TR", "Name:", "1>Bob‡"),
    ("l>", _LEGACY, "Next of what hangs below", "t", "TR", "Bob", "№‡"),
    ("v0~", _AROUND, "Line below the highlight in its block", "th", "TR", "Last in block", "№‡"),
    ("v0>", _LEGACY, "Next of what hangs above, highlighted", "th", "TR", "Name:", "№‡"),
    ("v~", _LEGACY, "What hangs above", "t", "TR", "Bob", "Name:‡"),
    ("v>", _LEGACY, "Next of what hangs above", "t", "TR", "Name:", "№‡"),
    ("h0~", _LEGACY, "Count and read below a header, highlighted", "th", "TR", "FORM", "2>Name:|"),
    ("h0>", _LEGACY, "Next below a header, highlighted", "th", "TR", "Name:", "Address:‡"),
    # 50
    ("hd~", _LEGACY, "Count and read below a header", "t", "TR", "FORM", "2>Name:|"),
    ("hd>", _LEGACY, "Next below a header", "t", "TR", "Name:", "Address:‡"),
    ("u1~", _LEGACY, "Old form task u1~", "t", "TR", "Name:", "FORM‡"),
    ("u1>", _LEGACY, "Old form task u1>", "t", "TR", "Name:", "FORM‡"),
    ("uh~", _LEGACY, "Old form task uh~", "t", "TR", "Name:", "FORM‡"),
    ("uh>", _LEGACY, "Old form task uh>", "t", "TR", "Name:", "FORM‡"),
    ("q0~", _LEGACY, "Header of a question, highlighted", "th", "TR", "Name:", "FORM‡"),
    ("q0>", _LEGACY, "Next header of a question, highlighted", "th", "TR", "FORM", "№‡"),
    ("qu~", _LEGACY, "Header of a question", "t", "TR", "Name:", "FORM‡"),
    ("qu>", _LEGACY, "Next header of a question", "t", "TR", "FORM", "№‡"),
    # 60
    ("fi~", _FORMS, "Complete a field", "t", "TR", "12 Elm St\\Provo,", "UT‡"),
    ("t~", _TABLES, "Cell of a row and a column", "t", "TR", "March~~Sales", "1,204"),
    ("ri~", _TABLES, "Row header of a cell", "t", "TR", "1,204", "March‡"),
    ("ci~", _TABLES, "Column header of a cell", "t", "TR", "1,204", "Sales‡"),
    ("$r~", _LEGACY, "Old table task $r~", "t", "TR", "March", "1,204‡"),
    ("$c~", _LEGACY, "Old table task $c~", "t", "TR", "Sales", "1,204‡"),
    ("ar~", _LEGACY, "All of a row", "t", "TR", "March", "1,204‡"),
    ("ac~", _LEGACY, "All of a column", "t", "TR", "Sales", "1,204‡"),
    ("rh~", _LEGACY, "Row headers", "t", "TR", "0", "March‡"),
    ("ch~", _LEGACY, "Column headers", "t", "TR", "0", "Sales‡"),
    # 70
    ("rh>", _LEGACY, "Next row header", "t", "TR", "March", "№‡"),
    ("ch>", _LEGACY, "Next column header", "t", "TR", "Sales", "№‡"),
    ("zs~", _LEGACY, "Old form task zs~", "t", "TR", "Total", "42‡"),
    ("gs~", _LEGACY, "Old form task gs~", "t", "TR", "Total", "42‡"),
    ("f0~", _FORMS, "Complete the highlighted field", "th", "TR", "12 Elm St\\Provo,", "UT‡"),
    ("pr~", _LEGACY, "Old form task pr~", "t", "TR", "UT", "12 Elm St‡"),
    ("p0~", _LEGACY, "Old form task p0~", "th", "TR", "UT", "12 Elm St‡"),
    ("f1~", _LEGACY, "Old form task f1~", "t", "TR", "12 Elm St", "UT‡"),
    ("p1~", _LEGACY, "Old form task p1~", "t", "TR", "UT", "12 Elm St‡"),
    ("t0~", _TABLES, "Cell of the highlighted headers", "th", "TR", "March~~Sales", "1,204"),
    # 80
    ("r*~", _TABLES, "Row header of the highlighted cell", "th", "TR", "1,204", "March‡"),
    ("c*~", _TABLES, "Column header of the highlighted cell", "th", "TR", "1,204", "Sales‡"),
    ("#r~", _LEGACY, "Old table task #r~", "t", "TR", "0", "1‡"),
    ("#c~", _LEGACY, "Old table task #c~", "t", "TR", "0", "1‡"),
    ("%r~", _LEGACY, "Old table task %r~", "t", "TR", "0", "March‡"),
    ("%c~", _LEGACY, "Old table task %c~", "t", "TR", "0", "Sales‡"),
    ("%r>", _LEGACY, "Old table task %r>", "t", "TR", "March", "№‡"),
    ("%c>", _LEGACY, "Old table task %c>", "t", "TR", "Sales", "№‡"),
    ("ar>", _LEGACY, "Next of a row", "t", "TR", "1,204", "№‡"),
    ("ac>", _LEGACY, "Next of a column", "t", "TR", "1,204", "№‡"),
    # 90
    ("r@~", _LEGACY, "Old table task r@~", "th", "TR", "March", "1,204‡"),
    ("c@~", _LEGACY, "Old table task c@~", "th", "TR", "Sales", "1,204‡"),
    ("r&~", _LEGACY, "Old table task r&~", "th", "TR", "March", "1,204‡"),
    ("c&~", _LEGACY, "Old table task c&~", "th", "TR", "Sales", "1,204‡"),
    ("r&>", _LEGACY, "Old table task r&>", "th", "TR", "1,204", "№‡"),
    ("c&>", _LEGACY, "Old table task c&>", "th", "TR", "1,204", "№‡"),
    ("0t~", _TABLES, "Find a table by its number", "t", "R", "0", ""),
    ("t#>", _TABLES, "Count the tables", "", "TR", "", "1"),
    ("infillread~", _FILL, "Fill in a block of text", "t", "T", "a <mask> in May", "a day in May‡"),
    ("infillread0~", _FILL, "Fill in the highlighted block", "th", "T", "a <mask>", "a day‡"),
    # 100
    ("proper_su~", _FILL, "Correct a text", "t", "TR", "a funny day", "a sunny day"),
    ("proper_s0~", _FILL, "Correct the highlighted text", "th", "TR", "a funny day", "a sunny day"),
    ("mlm>", _FILL, "Read the highlighted block, guess the masked parts", "hm", "T", "",
     "It starts here and ends on this line"),
    ("read_block>", _READ, "Read the block of text", "", "T", "", "It starts here\\and ends here"),
    ("read_block0>", _READ, "Read the highlighted block", "h", "T", "", "It starts\\and ends"),
    ("natural_q~", _QUESTIONS, "Ask a question", "t", "T", "Who signed?", "Bob Smith"),
    ("ne>", _LEGACY, "Old entity task ne>", "h", "T", "", "Bob[PERSON]"),
    ("ne~", _LEGACY, "Old entity task ne~", "t", "T", "Bob", "PERSON"),
    ("ner_line>", _ENTITIES, "Names in the highlighted line", "h", "T", "", "Bob[PERSON] slept[O]"),
    ("ner_text~", _LEGACY, "Names in a text", "t", "T", "Bob slept", "Bob[PERSON] slept[O]"),
    # 110
    ("ner_full>", _ENTITIES, "Names in the highlighted lines", "h", "T", "", "Bob[PERSON] left[O]"),
    ("json>", _FORMS, "Read the form as JSON", "", "J", "",
     '[{"Name:": "question", "answers": ["Bob"]}]‡'),
    ("link-both~", _FORMS, "Linked to a highlighted text", "th", "LR", "Name:", "[question]Bob"),
    ("link-box~", _FORMS, "Linked to the highlight", "h", "LR", "", "[question]Bob"),
    ("link-text~", _FORMS, "Linked to a text", "t", "LR", "Name:", "[question]Bob"),
    ("linkdown-both~", _FORMS, "Answers to a highlighted text", "th", "LR", "Age:", "[question]41"),
    ("linkdown-box~", _FORMS, "Answers to the highlight", "h", "LR", "", "[question]Bob"),
    ("linkdown-text~", _FORMS, "Answers to a text", "t", "LR", "Name:", "[question]Bob"),
    ("linkup-both~", _FORMS, "Label of a highlighted text", "th", "LR", "Bob", "[answer]Name:"),
    ("linkup-box~", _FORMS, "Label of the highlight", "h", "LR", "", "[answer]Name:"),
    # 120
    ("linkup-text~", _FORMS, "Label of a text", "t", "LR", "Bob", "[answer]Name:"),
    ("json~", _FORMS, "Go on with a form's JSON", "t", "J", '[{"Name:": "question", "ans',
     'wers": ["Bob"]}]‡'),
    ("list_row_headers~", _TABLES, "Row headers of a table", "t", "LR", "0", "March|April‡"),
    ("list_column_headers~", _TABLES, "Column headers of a table", "t", "LR", "0", "Sales|Cost‡"),
    ("full_row~", _TABLES, "A whole row", "t", "LR", "March", "1,204|ø‡"),
    ("full_col~", _TABLES, "A whole column", "t", "LR", "Sales", "1,204|988‡"),
    ("full_row0~", _TABLES, "The row of the highlighted header", "th", "LR", "March", "1,204|ø‡"),
    ("full_col0~", _TABLES, "The column of the highlighted header", "th", "LR", "Sales", "12|9‡"),
    ("classify>", _CLASSIFY, "Kind of document", "", "T", "", "C:letter"),
    ("all-name~", _ENTITIES, "All names of a census page", "", "C", "", "Smith, Bob\\Smith, Ann‡"),
    # 130
    ("all-given name~", _ENTITIES, "All given names of a census page", "", "C", "", "Bob\\Ann‡"),
    ("all-age~", _ENTITIES, "All ages of a census page", "", "C", "", "41\\39‡"),
    ("record~", _ENTITIES, "All records of a census page", "", "C", "", "Bob|41\\Ann|39‡"),
    ("ner_full_c1>", _ENTITIES, "Names in the lines, class first", "h", "T", "",
     "{PERSON}Bob {O}slept"),
    ("ner_line_c1>", _ENTITIES, "Names in the line, class first", "h", "T", "",
     "{PERSON}Bob {O}slept"),
    ("sroie>", _FORMS, "Read a receipt as JSON", "", "J", "", '{"total": "9.00"}‡'),
)
# fmt: on

TASKS: tuple[Task, ...] = tuple(
    Task(
        row=row,
        token=token,
        name=name,
        group=group,
        needs=frozenset(_NEEDS[letter] for letter in needs),
        returns=frozenset(_RETURNS[letter] for letter in returns),
        shape=next((_SHAPES[letter] for letter in returns if letter in _SHAPES), "text"),
        example=(text, answer),
        hidden=group == _LEGACY,
    )
    for row, (token, group, name, needs, returns, text, answer) in enumerate(_ROWS)
)

_MISSING = {
    "highlight": "needs a highlight: mark a line or a box.",
    "mask": "needs a mask: cover the words in question.",
    "text": "needs text: type it, for example “{example}”.",
}


def task(token: str, table: Sequence[Task] = TASKS) -> Task:
    """The task of a token; of equal tokens the last row stands, as in the original.

    Args:
        token: the task token.
        table: all tasks that there are.

    Raises:
        TaskError: there is no such task; the message names similar ones.
    """
    for entry in reversed(table):
        if entry.token == token:
            return entry
    offered = [entry.token for entry in table if not entry.hidden]
    close = difflib.get_close_matches(token, offered, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "choose one, for example w0>."
    raise TaskError(f"There is no task {token!r}: {hint}")


def split(query: str) -> tuple[str, str]:
    """Split a whole query such as "re~It was" into its task token and its text.

    The token ends at the first `~` or `>`; further ones belong to the text.

    Raises:
        TaskError: neither sign occurs.
    """
    ends = [place for place in (query.find("~"), query.find(">")) if place >= 0]
    if not ends:
        raise TaskError(f"{query!r} has no task: begin with one, for example natural_q~{query}.")
    end = min(ends) + 1
    return query[:end], query[end:]


def split_query(query: str) -> tuple[Task, str]:
    """Split a whole query into its task and its text.

    Raises:
        TaskError: it names no task, or one that there is not.
    """
    token, text = split(query)
    return task(token), text


def check(
    token: str, text: str, highlight: bool, mask: bool, table: Sequence[Task] = TASKS
) -> Task:
    """The task of a token, if what it needs is there.

    Args:
        token: the task token.
        text: what was typed after it.
        highlight: whether anything is highlighted.
        mask: whether anything is masked.
        table: all tasks that there are.

    Raises:
        TaskError: the task is unknown, or it lacks something; the message says what to do.
    """
    entry = task(token, table)
    met = {"highlight": highlight, "mask": mask, "text": bool(text.strip())}
    for need, message in _MISSING.items():
        if need in entry.needs and not met[need]:
            raise TaskError(f"{token} {message.format(example=entry.example[0])}")
    return entry
