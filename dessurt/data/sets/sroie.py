"""SROIE: the key facts of scanned receipts (Huang et al., ICDAR 2019, task 3)."""

from __future__ import annotations

import json
import random
from pathlib import Path

from dessurt.data.example import Example
from dessurt.data.records import DataError, Record
from dessurt.data.sets.files import damaged, open_page, read_json, there
from dessurt.protocol import Request
from dessurt.tasks import END_SIGN


class SROIE:
    """One record a receipt: `sroie>`, answered by its facts as JSON and ‡.

    Get task 3 from https://rrc.cvc.uab.es/?ch=13 and lay it out so:

        splits.json    {"train": [NAME, ...], "valid": [...], "test": [...]}; make it yourself, the
                       competition only has train and test
        NAME.jpg       the receipt
        NAME.json      {"company", "date", "address", "total"}, each a text: the published key
                       file NAME.txt under another name

    An example's `source` is NAME, under which its result is handed in.
    """

    def __init__(self, folder: Path, split: str = "train") -> None:
        """The receipts of a split.

        Raises:
            DataError: there is no splits.json, or the split is not in it.
        """
        self.folder = folder
        file = there(folder / "splits.json", "splits.json, and NAME.jpg and NAME.json")
        with damaged(file, split):
            self.names = [str(name) for name in read_json(file)[split]]

    def __len__(self) -> int:
        """Receipts."""
        return len(self.names)

    def record(self, index: int, rng: random.Random) -> Record:
        """A receipt and its facts, in the order in which the file has them."""
        name = self.names[index]
        file = self.folder / f"{name}.json"
        facts = read_json(file)
        if not isinstance(facts, dict) or not all(isinstance(v, str) for v in facts.values()):
            raise DataError("this is not an object of texts: mend it.", file)
        page = open_page(self.folder / f"{name}.jpg")
        answer = json.dumps(facts) + END_SIGN  # as in the original, which writes é as \u00e9
        return Record(page, (Example(page, Request("sroie>"), (answer,), source=name),),
                      source=name)  # fmt: skip
