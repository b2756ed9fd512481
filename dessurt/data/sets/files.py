"""Files of data sets: what cannot be read is said with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dessurt.data.records import DataError
from dessurt.page import Page, PageError


def text_of(path: Path) -> str:
    """A text file in UTF-8.

    Raises:
        DataError: it is not there, or is not text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError("there is no such file: check the folder.", path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"it cannot be read ({error}): save it again as UTF-8.", path) from error


def json_of(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        DataError: it is not there, or is not JSON; the line is named.
    """
    try:
        return json.loads(text_of(path))
    except json.JSONDecodeError as error:
        raise DataError(f"it is not JSON ({error.msg}): mend it.", path, error.lineno) from error


def page_of(path: Path) -> Page:
    """An image as a page.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return Page.open(path)
    except PageError as error:
        raise DataError(str(error), path) from error
