"""Entity and relation F of forms: which of the read entities stands for which of the true ones.

An answer to `json>` has no places. The entities read are taken in the order of the answer. Each
chooses a true one among those whose text differs by less than 0.6 (edit distance without regard to
case over the length of the longer text): the one for which that distance, plus the way from the
entity that was chosen before, is least. The way is counted in units of 600 pixels, to the side
0.15 times, downwards once and upwards 1.2 times; a text that is read again begins once more where
its likeness began. Of several that chose the same true entity the best keeps it, a partner by a
link that is aligned rightly counting in favour; the others choose from what is free and from what
they suit better than the one that holds it.

An entity is right if its kind is, and in FUNSD its text differs by less than 0.6. A relation is
right if both its ends are aligned, their kinds are right, and the true ones are linked, in either
direction. Precision, recall and F come from the counts of all documents (micro average).
"""

from __future__ import annotations

from dataclasses import dataclass

from dessurt.evaluate.forms.entities import Piece, Pieces, Point
from dessurt.evaluate.forms.fields import Counts
from dessurt.evaluate.text import text_distance

CLOSE = 0.6  # texts that differ by less may be the same entity
UNIT = 600  # pixels
SIDEWAYS, UPWARDS = 0.15, 1.2
LINKED, PARTNER = 0.03, 0.05  # in favour of what has links, and of what has an aligned partner
ROUNDS = 50


@dataclass(frozen=True)
class Likeness:
    """How an alignment is made.

    Attributes:
        close: texts that differ by less may be aligned.
        same: texts that differ by less are right.
        first_lines: compare first lines only, as where a model labels the first words of entities.
        as_original: entities are given away in the order in which they were first chosen, also
            where there are several to choose from, and any aligned partner counts in favour.
    """

    close: float = CLOSE
    same: float = CLOSE
    first_lines: bool = False
    as_original: bool = False

    def compared(self, piece: Piece) -> str:
        """What of a text is compared to align it."""
        return piece.text.split("\\")[0] if self.first_lines else piece.text


def scores(read: Pieces, true: Pieces, likeness: Likeness) -> tuple[Counts, Counts]:
    """Counts of entities and of relations of one form."""
    chosen = aligned(read, true, likeness)
    right = sum(
        read.entities[i].kind == true.entities[k].kind
        and text_distance(read.entities[i].text, true.entities[k].text) < likeness.same
        for k, i in chosen.items()
    )
    related = 0
    for a, b in true.links:
        if a in chosen and b in chosen and frozenset((chosen[a], chosen[b])) in read.pairs:
            related += all(read.entities[chosen[k]].kind == true.entities[k].kind for k in (a, b))
    return (
        Counts(right, len(read.entities), len(true.entities)),
        Counts(related, len(read.links), len(true.links)),
    )


def aligned(read: Pieces, true: Pieces, likeness: Likeness) -> dict[int, int]:
    """The number of the entity read for each true one that has one."""
    costs = _costs(read, true, likeness)
    claims: dict[int, list[int]] = {}
    for i, found in enumerate(costs):
        if found:
            claims.setdefault(min(found, key=found.__getitem__), []).append(i)
    chosen: dict[int, int] = {}
    paid: dict[int, float] = {}  # what each true entity costs the one that holds it
    losers: list[int] = []
    in_turn = list(claims.items())
    if not likeness.as_original:
        in_turn.sort(key=lambda claim: len(claim[1]) > 1)
    for k, claim in in_turn:
        bids = {i: costs[i][k] for i in claim}
        if len(claim) > 1:
            ends = chosen if likeness.as_original else {end for pair in true.pairs if k in pair
                                                        for end in pair}  # fmt: skip
            helped = _linked(read, {chosen[end] for end in ends if end in chosen})
            bids = {i: _rounded(cost - PARTNER * (i in helped)) for i, cost in bids.items()}
        best, *others = sorted(bids, key=bids.__getitem__)
        chosen[k], paid[k] = best, bids[best]
        losers += others
    _settle(chosen, paid, losers, costs)
    return chosen


def _linked(read: Pieces, ends: set[int]) -> set[int]:
    """What was read as linked to one of these."""
    links = {*read.links, *((tail, head) for head, tail in read.links)}
    return {head for head, tail in links if tail in ends}


def _settle(
    chosen: dict[int, int], paid: dict[int, float], losers: list[int], costs: list[dict[int, float]]
) -> None:
    """Have the losers choose from what is free and what they suit better than who holds it."""
    for _ in range(ROUNDS):
        again: list[int] = []
        for i in losers:
            left = {k: c for k, c in costs[i].items() if k not in chosen or c < paid[k]}
            if left:
                k = min(left, key=left.__getitem__)
                again += [chosen[k]] if k in chosen else []
                chosen[k], paid[k] = i, left[k]
        losers = again


def _costs(read: Pieces, true: Pieces, likeness: Likeness) -> list[dict[int, float]]:
    """Of every entity read what each true one costs that its text may stand for."""
    linked = {i for link in read.links for i in link}
    here = before = (0.0, 0.0)  # where the last entity is; from where it was looked for
    last: str | None = None  # the text of the last that is anywhere
    costs: list[dict[int, float]] = []
    for i, piece in enumerate(read.entities):
        text = likeness.compared(piece)
        start = before if text == last else here
        found = {}
        for k, other in enumerate(true.entities):
            distance = text_distance(text, likeness.compared(other))
            if distance < likeness.close:
                way = _way(start, other.place) / UNIT
                found[k] = _rounded(distance + way - LINKED * (i in linked))
        costs.append(found)
        if found:
            here, before = true.entities[min(found, key=found.__getitem__)].place, start
            last = text
    return costs


def _way(start: Point, end: Point) -> float:
    across, down = end[0] - start[0], end[1] - start[1]
    return SIDEWAYS * abs(across) + (down if down > 0 else -UPWARDS * down)


def _rounded(cost: float) -> float:
    """So that the first of equals has it."""
    return round(cost, 9)
