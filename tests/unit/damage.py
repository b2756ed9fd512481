"""Damage to files, the same for the same seed: by a bad disk, a bad line or a bad person."""

from __future__ import annotations

import random
import struct

# What a size, a number of entries or a place in the file is made to say.
_HUGE = [
    struct.pack(order + kind, value)
    for order in "<>"
    for kind, value in (
        ("H", 2**16 - 1), ("H", 2**15), ("I", 2**32 - 1), ("I", 2**31 - 1), ("I", 10**5),
        ("I", 2**30), ("Q", 2**63 - 1), ("Q", 2**64 - 1), ("Q", 2**40),
    )
]  # fmt: skip


def damaged(good: bytes, dice: random.Random) -> bytes:
    """A file with one to three damages."""
    content = bytearray(good)
    for _ in range(dice.choice((1, 1, 2, 3))):
        dice.choice(_DAMAGES)(content, dice)
    return bytes(content)


def _place(content: bytearray, dice: random.Random) -> int:
    """Somewhere; half of them in the first part, where the sizes stand."""
    return dice.randrange(min(len(content), dice.choice((64, 512, 2**60, 2**60))) or 1)


def _cut(content: bytearray, dice: random.Random) -> None:
    del content[_place(content, dice) :]


def _flip(content: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 3, 30)) if content else 0):
        content[_place(content, dice)] ^= 1 << dice.randrange(8)


def _swap(content: bytearray, dice: random.Random) -> None:
    length = dice.choice((4, 16, 64, 512))
    first, second = sorted((_place(content, dice), _place(content, dice)))
    if first + length <= second:
        one, other = content[first : first + length], content[second : second + length]
        content[first : first + length], content[second : second + length] = other, one


def _huge(content: bytearray, dice: random.Random) -> None:
    value, place = dice.choice(_HUGE), _place(content, dice)
    content[place : place + len(value)] = value


def _zero(content: bytearray, dice: random.Random) -> None:
    place, length = _place(content, dice), dice.choice((2, 8, 64, 1000))
    content[place : place + length] = bytes(len(content[place : place + length]))


def _repeat(content: bytearray, dice: random.Random) -> None:
    place, length = _place(content, dice), dice.choice((4, 32, 400))
    content[place:place] = content[place : place + length] * dice.choice((1, 5, 200))


def _digit(content: bytearray, dice: random.Random) -> None:
    """Numbers in text, as in PDF and JSON, become others."""
    places = [place for place, byte in enumerate(content) if byte in b"0123456789"]
    if places:
        place = dice.choice(places)
        content[place : place + 1] = dice.choice((b"-1", b"0", b"9999999", b"9" * 20, b"1e400"))


_DAMAGES = (_cut, _flip, _swap, _huge, _huge, _zero, _repeat, _digit)
