"""Answers that a file holds, to be scored without a checkpoint.

What can be scored:

| file | which answers |
| --- | --- |
| `{"PAGE": [...], ...}` | forms as JSON by the name of the image, without its ending: what the original's `-w` writes |
| `[{"source", "task", "question", "answer", ...}, ...]` | what `--answers` writes |
| `[{"questionId", "answer"}, ...]` | DocVQA's, as it is handed in |
| a folder of `NAME.txt` | SROIE's, as it is handed in |
"""  # noqa: E501

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from dessurt import Card
from dessurt.data.example import Example
from dessurt.evaluate.pages import Answer, SetError
from dessurt.evaluate.submission import question_id, receipt
from dessurt.tasks import END_SIGN

Key = tuple[str, ...]
SHOWN = 5  # names that a sentence lists


class Predictions:
    """Answers by what they answer; told at the end is what was missing and what nothing asked for.

    Attributes:
        card: a card with the name of the file.
        missing: the questions that have no answer; it grows.
    """

    def __init__(self, path: Path) -> None:
        """Read the answers of a file or folder.

        Raises:
            SetError: it cannot be read, is none of the above, or answers a question twice.
        """
        self.card, self.path = Card(path.name), path
        self.key, found = _read(path)
        self._left: dict[Key, list[str]] = {}
        for key, text in found:
            self._left.setdefault(key, []).append(text)
        twice = [key for key, texts in self._left.items() if len(texts) > 1]
        if twice and self.key is not _asked:  # several lines of a page may be asked in one way
            raise SetError(f"{path} answers {_listed(map(_named, twice))} twice: leave one.")
        self._all = set(self._left)
        self._asked: Counter[Key] = Counter()
        self.missing: list[Key] = []

    def answer(self, example: Example) -> Answer | None:
        """The answer to a question; of the same question several times, the next one."""
        key = self.key(example)
        texts = self._left.get(key, [])
        if not texts:
            self.missing.append(key)
            return None
        self._asked[key] += 1
        return Answer(texts.pop(0))

    @property
    def unasked(self) -> list[str]:
        """What nothing has asked for."""
        return [_named(key) for key, texts in self._left.items() if texts]

    def complaints(self, kind: str, every: bool) -> Iterator[str]:
        """Sentences about what did not fit.

        Args:
            kind: what the pages are.
            every: whether all pages of the set were asked about.

        Raises:
            SetError: nothing fitted.
        """
        missing = list(dict.fromkeys(map(_named, self.missing)))
        if missing and not self._asked:
            # Pages of the same name in other folders are told apart by their whole paths.
            alike = not set(missing).isdisjoint(map(_named, self._all))
            known, asked = (
                _listed(key[0] if alike else _named(key) for key in keys)
                for keys in (self._all, self.missing)
            )
            raise SetError(
                f"{self.path} answers nothing about {kind}: it is about {known}, and the set asks "
                f"about {asked}; name another file, --split or --data."
            )
        if missing:
            yield f"{self.path.name} lacks {_listed(missing)}: left out."
        if every and self.unasked:
            yield f"{self.path.name} answers what is not asked: {_listed(self.unasked)}."


def _read(path: Path) -> tuple[Callable[[Example], Key], list[tuple[Key, str]]]:
    """What of an example tells which answer is its own, and the answers."""
    if path.is_dir():
        files = sorted(path.glob("*.txt"))
        if not files:
            raise SetError(f"there is no NAME.txt in {path}: name a folder of receipts' facts.")
        return _receipt, [((each.stem,), _text(each)) for each in files]
    content, twice = _json(path)
    if twice:
        raise SetError(f"{path} answers {_listed(twice)} twice: leave one.")
    if isinstance(content, dict) and all(isinstance(form, list) for form in content.values()):
        forms = ((name, json.dumps(form, ensure_ascii=False)) for name, form in content.items())
        return _image, [((name,), text + END_SIGN) for name, text in forms]
    if isinstance(content, list) and all(isinstance(each, dict) for each in content):
        for names, key in ((("source", "task", "question"), _asked), (("questionId",), _question)):
            if all({*names, "answer"} <= each.keys() for each in content):
                return key, [
                    (tuple(str(each[name]) for name in names), str(each["answer"]))
                    for each in content
                ]
    raise SetError(
        f"{path} holds no predictions: give what --answers wrote, or {{PAGE: JSON}} of forms."
    )


def _json(path: Path) -> tuple[Any, list[str]]:
    """The content of a file, and the names that its outermost object has twice."""
    twice: list[str] = []

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        # The outermost object is made last.
        twice[:] = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
        return dict(pairs)

    try:
        content = json.loads(_text(path), object_pairs_hook=object_of)
    except (ValueError, RecursionError) as error:
        raise SetError(
            f"{path} is no JSON ({error}): it was cut off, or is another file; write it again."
        ) from error
    return content, twice if isinstance(content, dict) else []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SetError(f"{path} is no text: name a file of predictions.") from error
    except OSError as error:
        raise SetError(f"cannot read {path} ({error.strerror}): name another file.") from error


def _image(example: Example) -> Key:
    return (Path(example.source).stem,)


def _asked(example: Example) -> Key:
    return example.source, example.request.task, example.request.text


def _question(example: Example) -> Key:
    return (str(question_id(example)),)


def _receipt(example: Example) -> Key:
    return (receipt(example),)


def _named(key: Key) -> str:
    return Path(key[0]).name


def _listed(names: Iterable[str]) -> str:
    """Some of the names, and how many more there are."""
    found = list(dict.fromkeys(names))
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more
