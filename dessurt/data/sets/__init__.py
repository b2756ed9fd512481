"""Data sets by name, one file each.

Each is a class (or function) called with the folder of the data and the split, and options of its
own, that gives a `DataSet`; the layout on the disk, and where to get it, stand in its docstring.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import os
import random
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dessurt.data.example import Example
from dessurt.data.records import DataError, DataSet, Record

# name in a config: where it lives in this package
SETS: dict[str, str] = {
    "annotations": "annotations:annotated_pages",
    "bentham": "bentham:bentham_qa",
    "cdip": "cdip:CDIP",
    "census": "census:Census",
    "distill": "distill:Distill",
    "docvqa": "docvqa:DocVQA",
    "funsd": "funsd:Funsd",
    "hw_squad": "hwsquad:hw_squad",
    "iam": "iam:Iam",
    "iam_mixed": "iam_mixed:IamMixed",
    "iam_ner": "iam_ner:IamNer",
    "mixture": "mixture:Mixture",
    "my_dataset": "my_dataset:my_dataset",
    "naf": "naf:Naf",
    "naf_lines": "naf_lines:NafLines",
    "pages": "pages:Pages",
    "rvl_cdip": "rvl_cdip:RVLCDIP",
    "squad": "squad:SQuAD",
    "sroie": "sroie:SROIE",
    "synth_handwriting": "handwriting:SynthHandwriting",
    "synthetic": "synthetic:Synthetic",
}


class Listed:
    """Examples that were listed once and are all held in memory, pages included.

    Examples in a row that share their page are one record.
    """

    def __init__(self, examples: Iterable[Example]) -> None:
        """Takes all examples, so there must be an end to them."""
        self.records: list[list[Example]] = []
        for example in examples:
            if self.records and self.records[-1][0].page is example.page:
                self.records[-1].append(example)
            else:
                self.records.append([example])

    def __len__(self) -> int:
        """Pages."""
        return len(self.records)

    def record(self, index: int, rng: random.Random) -> Record:
        """A page and its examples."""
        examples = tuple(self.records[index])
        return Record(examples[0].page, examples, source=examples[0].source)


def open_set(entry: Mapping[str, Any], split: str | None = None) -> DataSet:
    """The data set that a config's entry describes.

    One's own is a class like those here, or a generator function of the same arguments (folder,
    split, options) that yields an `Example` after the other; its module is looked for in the
    working directory too. What a generator yields is held in memory (see `Listed`): for more than
    some hundred pages write a class, which opens each page when it is asked for.

    Args:
        entry: `set` (a name of `SETS`, or `module:attribute` for one's own), `folder`, `split`
            ("train"), and the set's own options.
        split: another split of it.

    Raises:
        DataError: there is no such set, or its folder does not have the layout it must have.
    """
    options = dict(entry)
    name, folder = str(options.pop("set", "")), Path(options.pop("folder", ""))
    split = split or options.pop("split", "train")
    options.pop("split", None)
    maker = _maker(name)
    try:
        inspect.signature(maker).bind(folder, split, **options)
    except TypeError as error:
        raise DataError(f"the options of {name} are wrong: {error}.") from error
    made = maker(folder, split, **options)
    if not isinstance(made, Iterator):
        return made
    try:
        return Listed(made)
    except DataError:
        raise
    except Exception as error:  # whatever a stranger's code raises, and no record can be asked for
        raise DataError(f"{name} stopped before its end ({error!r}).", folder) from error


def option(text: str) -> tuple[str, Any]:
    """KEY=VALUE, as on a command line; the value is JSON, or else text.

    Raises:
        argparse.ArgumentTypeError: it is not.
    """
    key, sign, value = text.partition("=")
    if not key or not sign:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def _maker(name: str) -> Any:
    """The class or function of that name."""
    if ":" not in name and name not in SETS:
        raise DataError(
            f"there is no data set {name!r}: take one of {', '.join(sorted(SETS))}, or name your "
            "own as module:attribute."
        )
    module, _, attribute = (name if ":" in name else f"{__name__}.{SETS[name]}").partition(":")
    if ":" in name and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name == module:
            raise DataError(f"there is no module {module!r}: write module:attribute.") from error
        raise DataError(f"{name} needs {error.name!r}: install it.") from error
    except (ImportError, AttributeError) as error:
        raise DataError(f"{name} cannot be imported ({error}): write module:attribute.") from error
