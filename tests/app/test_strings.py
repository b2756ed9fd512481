"""A sentence has one place."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from dessurt_app import strings


def test_no_name_stands_in_two_files():
    """The later one would hide the other."""
    names = Counter(
        name.id
        for file in Path(strings.__file__).parent.glob("*.py")
        for line in ast.parse(file.read_text("utf-8")).body
        if isinstance(line, ast.Assign)
        for name in ast.walk(line.targets[0])
        if isinstance(name, ast.Name)
    )
    assert names.keys() == {name for name in vars(strings) if name.isupper()}
    assert [name for name, count in names.items() if count > 1] == []
