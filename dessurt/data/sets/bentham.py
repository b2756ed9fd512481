"""BenthamQA: questions about Jeremy Bentham's manuscripts (Mathew et al., 2021)."""

from __future__ import annotations

from pathlib import Path

from dessurt.data.records import DataError
from dessurt.data.sets.hwsquad import AskedPages


def bentham_qa(folder: Path, split: str = "test") -> AskedPages:
    """BenthamQA as a data set; it is so small that there is only one split, to test on.

    Get it from https://www.docvqa.org (under Datasets) and lay it out so:

        BenthamQA*1.0.json    one file, whatever stands between; as `hwsquad.AskedPages` says
        the pictures          where "document_image" says, relative to the folder

    What the published file is called exactly is not known here; the original looks for
    BenthamQA__1.0.json.

    Raises:
        DataError: there is no such file, or more than one, or another split is asked for.
    """
    if split != "test":
        raise DataError(f"BenthamQA has no split {split!r}, only test: train on HW-SQuAD.", folder)
    found = sorted(folder.glob("BenthamQA*1.0.json"))
    if len(found) != 1:
        raise DataError(
            f"there are {len(found)} files BenthamQA*1.0.json: the folder must have one.", folder
        )
    return AskedPages(folder, found[0])
