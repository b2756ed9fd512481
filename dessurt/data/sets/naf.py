"""The National Archives Forms dataset (Davis et al. 2019, arXiv 1909.02576)."""

from __future__ import annotations

import random
from pathlib import Path

from dessurt.data.records import DataError, Record
from dessurt.data.sets.files import damaged, open_page, read_json, there
from dessurt.data.sets.naf_forms import read_form
from dessurt.page.plane import Box
from dessurt.truth import Truth
from dessurt.truth.crop import box_of_text, cropped

LEFT_OUT = "174"  # a group that the original does not read either
MARGIN = 40  # pixels of a page round what is annotated
_WIDE, _FLAT = 2900, 0.9  # pages wider than this, and than this times their height, are cut
_CUT = 0.9  # of these pages, in training
_ROOM = 0.1  # of the width: a page is cut so near to its middle


class Naf:
    """Forms of archives with a truth: entities, links, and tables without cells.

    Get the annotations from https://github.com/herobd/NAF_dataset (they need `transcriptions`,
    which the releases from v3 on have) and the images from its releases; `move_images.sh` there
    puts them in their places. The folder:

        train_valid_test_split.json     {"train": {GROUP: ["IMAGE.jpg", ...]}, "valid": ..., ...}
        groups/GROUP/IMAGE.jpg, .json   textBBs, fieldBBs, pairs, samePairs, transcriptions

    In texts `¿` is a character that nobody could read and `§` any number of these. Pages are cut
    to what is annotated; in training most pages that lie across are cut in two, and one half is
    chosen at random. Unlike the original, no page is taken twice for being long.
    """

    def __init__(self, folder: Path, split: str = "train", *, halves: bool = True) -> None:
        """Lists the images.

        Args:
            folder: see above.
            split: one of the file, "train", "valid" or "test".
            halves: cut pages that lie across, in training.
        """
        self.images, self.cut = images(folder, split), halves and split == "train"

    def __len__(self) -> int:
        return len(self.images)

    def record(self, index: int, rng: random.Random) -> Record:
        """A form.

        Raises:
            DataError: its image or annotation is damaged.
        """
        path = self.images[index]
        page = open_page(path)
        truth = read_form(path.with_suffix(".json"), page.size)
        lies_across = page.width > max(_WIDE, _FLAT * page.height)
        if truth.lines:
            page, truth = cropped(page, truth, box_of_text(truth, MARGIN))
        if self.cut and lies_across and rng.random() < _CUT:
            page, truth = cropped(page, truth, rng.choice(halves(truth)))
        return Record(page, truth=truth, source=str(path))


def images(folder: Path, split: str) -> list[Path]:
    """The images of a split, in the order of the split file.

    Raises:
        DataError: there is no such file, or nothing in it for this split.
    """
    listed = there(folder / "train_valid_test_split.json", "that file and groups/GROUP/IMAGE.jpg")
    groups = read_json(listed)
    with damaged(listed, split):
        found = [
            folder / "groups" / group / name
            for group, names in groups[split].items()
            for name in names
            if group != LEFT_OUT
        ]
    if not found:
        raise DataError("there are no images in this split: take another file.", listed, split)
    return found


def halves(truth: Truth) -> tuple[Box, Box]:
    """The left and the right half of a page, cut near the middle where the fewest lines are cut."""
    height, width = truth.size
    middle, most = width // 2, int(width * _ROOM)
    boxes = [line.box for line in truth.lines]

    def cost(x: int) -> tuple[int, int]:
        return sum(box[0] < x < box[2] for box in boxes), abs(x - middle)

    at = min(range(middle - most, middle + most + 1, 4), key=cost)
    return (0, 0, at, height), (at, 0, width, height)
