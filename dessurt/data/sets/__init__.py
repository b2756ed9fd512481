"""Data sets by name, one file each.

Each is a class (or function) called with the folder of the data and the split, and options of its
own, that gives a `DataSet`; the layout on the disk, and where to get it, stand in its docstring.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dessurt.data.records import DataError, DataSet

# name in a config: where it lives in this package
SETS: dict[str, str] = {
    "annotations": "annotations:annotated_pages",
    "my_dataset": "my_dataset:my_dataset",
}


def open_set(given: Mapping[str, Any], split: str | None = None) -> DataSet:
    """The data set that a config's entry describes.

    Args:
        given: `set` (a name of `SETS`, or `module:attribute` for one's own), `folder`, `split`
            ("train"), and the set's own options.
        split: another split of it.

    Raises:
        DataError: there is no such set, or its folder does not have the layout it must have.
    """
    options = dict(given)
    name, folder = str(options.pop("set", "")), Path(options.pop("folder", ""))
    split = split or options.pop("split", "train")
    options.pop("split", None)
    if ":" not in name and name not in SETS:
        raise DataError(
            f"there is no data set {name!r}: take one of {', '.join(sorted(SETS))}, or name your "
            "own as module:attribute."
        )
    module, _, attribute = (name if ":" in name else f"{__name__}.{SETS[name]}").partition(":")
    try:
        maker = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise DataError(f"{name} cannot be imported ({error}): write module:attribute.") from error
    try:
        return maker(folder, split, **options)
    except TypeError as error:
        raise DataError(f"the options of {name} are wrong: {error}.") from error
