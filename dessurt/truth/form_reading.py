r"""Forms as JSON text, cut off or damaged as a model may write it.

What is missing is added and what is in the way left out; nothing that was written is lost for a
bracket. The rules, where JSON does not say:

- The text ends at `‡`. Whatever is open there is closed. A key that was being written is dropped,
  unless it is the first of its object.
- A text without a kind is "other": `{"Date"}` and `{"Date":` alike.
- A backslash stands for itself (it is the sign for a line break) unless a quotation mark or
  another backslash follows.
- A quotation mark ends a text only where one of `, : } ] { [`, another text or the end follows; any
  other belongs to the text.
- A bracket or brace closes what is open of its kind, and all inside; a `]` before a `}` closes
  nothing where no list is open. What follows the end of the list belongs to the list.
- Text outside quotation marks means nothing; before a mark only the opening one is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dessurt.tasks import END_SIGN

_ARTEFACT = re.compile(r'\{"\*": "question"\},|, *\{"\*": "question"\}')
_REPEATED = re.compile(r"(.{7,}?)\1{5,}", re.DOTALL)
_SPACE, _SEPARATORS = " \t\r\n", " \t\r\n,:"
_DEEPEST = 50  # brackets in brackets; what is deeper means nothing
_PARTS = {"answers", "content", "row headers", "column headers", "cells", "subprompt"}  # not texts


def parsed(text: str) -> list[object]:
    """The content of a form's JSON text: a list of objects, lists, strings and None."""
    return _Reader(text.split(END_SIGN)[0]).content()


def without_repeats(text: str) -> str:
    """The text without what a model writes when it goes round in circles.

    All copies of 7 or more characters that stand 6 or more times in a row are taken out, and the
    question `*`, which the original's checkpoints write out of nothing.
    """
    text = _ARTEFACT.sub("", text)
    while (shorter := _REPEATED.sub("", text)) != text:
        text = shorter
    return text


def entities_of(content: object) -> Iterator[tuple[str, str, list[str]]]:
    """Kind and text of each entity of a form, and the labels it is a value of.

    Args:
        content: what `parsed` makes of a form.
    """
    if isinstance(content, str) and content:
        yield "other", content, []  # the answer was cut off before its kind
    elif isinstance(content, list):
        for part in content:
            yield from entities_of(part)
    elif isinstance(content, dict) and {"row headers", "column headers"} & content.keys():
        yield from _walked_table(content)
    elif isinstance(content, dict):
        label = ""
        for key, value in content.items():
            if key == "answers":
                yield from (("answer", text, [label] if label else []) for text in _texts(value))
            elif isinstance(value, str):
                label = str(key)
                yield value, label, []
            elif key in ("content", "cells"):
                yield from entities_of(value)


def _walked_table(table: dict[str, object]) -> Iterator[tuple[str, str, list[str]]]:
    rows, columns = _texts(table.get("row headers")), _texts(table.get("column headers"))
    yield from (("row header", text, []) for text in rows if text)
    yield from (("column header", text, []) for text in columns if text)
    cells = table.get("cells")
    for r, row in enumerate(cells if isinstance(cells, list) else []):
        for c, text in enumerate(_texts(row)):
            if text:
                labels = [*rows[r : r + 1], *columns[c : c + 1]]
                yield "cell", text, [label for label in labels if label]


def _texts(values: object) -> list[str]:
    """A list of texts, empty for null and for what is no text."""
    listed = values if isinstance(values, list) else [values]
    return ["" if isinstance(v, (list, dict)) or v is None else str(v) for v in listed]


class _Reader:
    """Reads one text from left to right; every method leaves `at` behind what it has read."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.lists = 0  # that are open in the innermost object
        self.depth = 0

    def content(self) -> list[object]:
        """All there is; what is not inside of the outermost list belongs to it too."""
        found: list[object] = []
        while self._next(_SEPARATORS + "]}"):
            if self._next() == "[":
                found += self._list()
            else:
                found += self._value()
        return found

    def _next(self, skipped: str = _SPACE) -> str:
        """The next character that is not skipped; "" at the end."""
        while self.at < len(self.text) and self.text[self.at] in skipped:
            self.at += 1
        return self.text[self.at : self.at + 1]

    def _value(self) -> list[object]:
        """A value, or none where there is only text without a meaning."""
        character = self._next()
        if character in ("[", "{"):
            if self.depth == _DEEPEST:
                self.at += 1
                return []
            self.depth += 1
            found = self._list() if character == "[" else self._object()
            self.depth -= 1
            return [found]
        if character == '"':
            self.at += 1
            return [self._string()]
        return self._bare()

    def _bare(self) -> list[object]:
        """What stands outside of quotation marks: null, or a text whose first mark is missing."""
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in '",:[]{}':
            self.at += 1
        word = self.text[start : self.at].strip()
        if self.text[self.at : self.at + 1] == '"' and word:
            self.at = start
            return [self._string()]
        return [None] if word == "null" else []

    def _list(self) -> list[object]:
        self.at += 1
        self.lists += 1
        found: list[object] = []
        while character := self._next(_SEPARATORS):
            if character == "}":
                break  # it closes the object round this list too
            if character == "]":
                self.at += 1
                break
            found += self._value()
        self.lists -= 1
        return found

    def _object(self) -> dict[str, object]:
        self.at += 1
        found: dict[str, object] = {}
        lists, self.lists = self.lists, 0
        while character := self._next(_SEPARATORS):
            if character == "}":
                self.at += 1
                break
            if character == "]" and lists and not self._is_stray():
                break  # it closes the list round this object too
            if character == "{" and found:
                break  # the next object
            if character in "[]{":
                self.at += 1
                continue
            self._pair(found)
        self.lists = lists
        return found

    def _is_stray(self) -> bool:
        """Whether the `]` here stands before a `}`, which needs the object still open."""
        return self.text[self.at + 1 :].lstrip()[:1] == "}"

    def _pair(self, found: dict[str, object]) -> None:
        """Add a key and its value."""
        keys = self._value()
        if not keys:
            return
        key = str(keys[0])
        character = self._next()
        if character == ":":
            self.at += 1
            character = self._next()
        values = self._value() if character and character not in ",}]" else []
        if values:
            found[key] = values[0]
        elif key not in _PARTS and (self._next() or not found):
            found[key] = "other"

    def _string(self) -> str:
        """A text up to the mark that ends it."""
        letters = []
        while self.at < len(self.text):
            letter = self.text[self.at]
            self.at += 1
            if letter == '"' and self._ends():
                break
            if letter == "\\" and self.text[self.at : self.at + 1] in ('"', "\\"):
                letter = self.text[self.at]
                self.at += 1
            letters.append(letter)
        return "".join(letters)

    def _ends(self) -> bool:
        """Whether the quotation mark before `at` ends a text."""
        behind = self.text[self.at :].lstrip()
        if behind[:1] == '"':  # of two marks that end a text the first belongs to it
            return self.text[self.at] != '"' or behind[1:].lstrip()[:1] not in (*",:}]", "")
        return behind[:1] in (*",:}]{[", "")
