"""Splits: which pages are for training, which to validate on, which to test on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

SPLITS = ("train", "valid", "test")
SHARES = (0.8, 0.1, 0.1)


def split_pages(names: Iterable[str], seed: int = 0) -> dict[str, list[str]]:
    """Share pages out: about 80 % train, 10 % valid, 10 % test.

    Where a page goes depends on its name and the seed alone, so pages that are added later do not
    move the others; only of a handful one may move, so that no split of three pages stays empty.

    Args:
        names: of the pages; all questions about a page go where it goes.
        seed: another one gives another split.

    Returns:
        the sorted names of each split. Two pages are train and valid, one is train.
    """
    place = {name: _share(name, seed) for name in names}
    order = sorted(place, key=lambda name: (place[name], name))
    train = sum(share < SHARES[0] for share in place.values())
    valid = sum(share < SHARES[0] + SHARES[1] for share in place.values())
    if len(order) >= 3:
        train = min(max(train, 1), len(order) - 2)
        valid = min(max(valid, train + 1), len(order) - 1)
    else:
        train, valid = min(1, len(order)), len(order)
    parts = order[:train], order[train:valid], order[valid:]
    return {split: sorted(part) for split, part in zip(SPLITS, parts, strict=True)}


def _share(name: str, seed: int) -> float:
    """A number from 0 to 1, as if drawn by lot."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:7]) / 2**56
