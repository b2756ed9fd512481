"""MyDataset: one's own pages with questions and answers, in the original's layout.

    FOLDER/{train,valid,test}/     images, also in folders within, and either
        qa.json                    {"page.png": [{"question": ..., "answer": ...}, ...], ...}
    or beside each image           page.json: [{"question": ..., "answer": ...}, ...]

A question is a task token with what follows it, for example "natural_q~Who signed?"; an answer is
a text, or a list of right ones. Marks and the other keys of `dessurt.data.annotations` may be
added.
"""

from __future__ import annotations

from pathlib import Path

from dessurt.data.sets.annotations import AnnotatedPages, read_split


def my_dataset(folder: Path, split: str) -> AnnotatedPages:
    """The data set `my_dataset`.

    Raises:
        DataError: the folder has no folder of this split, or there is nothing in it.
    """
    return AnnotatedPages(*read_split(folder, split))
