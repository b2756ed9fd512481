"""Reading the files of a data set: whatever is wrong with one is a `DataError` that names it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dessurt.data.example import Example
from dessurt.data.records import DataError
from dessurt.page import Page, PageError


def there(path: Path, layout: str) -> Path:
    """`path`, if it is there.

    Args:
        path: a file or folder that a set cannot do without.
        layout: what the set's folder must look like, in a few words.

    Raises:
        DataError: it is not there.
    """
    if not path.exists():
        raise DataError(f"it is not there: the folder must have {layout}.", path)
    return path


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        DataError: it cannot be read, or is not JSON; with the line where that shows.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise DataError(f"this is not JSON ({error.msg}): mend it.", path, error.lineno) from error
    except (OSError, ValueError) as error:
        raise DataError(f"it cannot be read ({error}).", path) from error


def read_lines(path: Path) -> list[str]:
    """The lines of a text file without their ends; line 1 is the first.

    Raises:
        DataError: it cannot be read as UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise DataError(f"it cannot be read ({error}).", path) from error


def questions_in(given: Any) -> int:
    """How many questions a page of a file has under "qas"; 1 if it is damaged, so that it is told.
    """
    asked = given.get("qas") if isinstance(given, dict) else None
    return len(asked) if isinstance(asked, list) else 1


def open_page(path: Path) -> Page:
    """The page of an image file.

    Raises:
        DataError: there is no such file, or it is no page.
    """
    if not path.is_file():
        raise DataError("the picture is not there.", path)
    try:
        return Page.open(path)
    except (PageError, OSError) as error:
        raise DataError(str(error), path) from error


def sound_examples(
    file: Path, made: Iterable[tuple[str, Callable[[], Example | None]]]
) -> tuple[tuple[Example, ...], tuple[DataError, ...]]:
    """The examples that can be made, and what is wrong with the others.

    Args:
        file: they are from.
        made: where each is in the file, and how it is made; None: it is not asked.

    Raises:
        DataError: none can be made.
    """
    sound: list[Example] = []
    errors: list[DataError] = []
    for where, make in made:
        try:
            with damaged(file, where):
                example = make()
        except DataError as error:
            errors.append(error)
        else:
            if example is not None:
                sound.append(example)
    if errors and not sound:
        raise errors[0]
    return tuple(sound), tuple(errors)


@contextmanager
def damaged(path: Path, where: str | int = "") -> Iterator[None]:
    """Whatever goes wrong inside is the fault of the record at `where`.

    Raises:
        DataError: it stands for the error; a `DataError` itself goes through as it is.
    """
    try:
        yield
    except DataError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError) as error:
        raise DataError(f"this record is damaged ({error!r}): mend it.", path, where) from error
