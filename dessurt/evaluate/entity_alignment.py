"""Entity and relation F of forms: which of the read entities stands for which of the true ones.

An answer to `json>` has no places. The entities read are taken in the order of the answer. Each
chooses a true one among those whose text differs by less than 0.6 (edit distance without regard to
case over the length of the longer text): the one for which that distance, plus the way from the
entity that was chosen before, is least. The way is counted in units of 600 pixels, to the side
0.15 times, downwards once and upwards 1.2 times; a text that is read again begins once more where
its likeness began. Of several that chose the same true entity the best keeps it, a partner by a
link that is aligned rightly counting in favour; the others choose from what is left to them.

An entity is right if its kind is, and in FUNSD its text differs by less than 0.6. A relation is
right if both its ends are aligned, their kinds are right, and the true ones are linked, in either
direction. Precision, recall and F come from the counts of all documents (micro average).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dessurt.evaluate.form_entities import Piece, Pieces, Point
from dessurt.evaluate.forms import Counts
from dessurt.evaluate.text_answers import apart

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
    """

    close: float = CLOSE
    same: float = CLOSE
    first_lines: bool = False

    def distance(self, read: Piece, true: Piece) -> float:
        """Of two texts, from 0 to 1."""
        a, b = read.text, true.text
        if self.first_lines:
            a, b = a.split("\\")[0], b.split("\\")[0]
        return apart(a, b)


FUNSD, NAF = Likeness(), Likeness(same=math.inf)  # in NAF only the kind must be right


def scores(read: Pieces, true: Pieces, likeness: Likeness) -> tuple[Counts, Counts]:
    """Counts of entities and of relations of one form."""
    chosen = aligned(read, true, likeness)
    right = sum(
        read.found[i].kind == true.found[k].kind
        and likeness.distance(read.found[i], true.found[k]) < likeness.same
        for k, i in chosen.items()
    )
    related = 0
    for a, b in true.links:
        if a in chosen and b in chosen and frozenset((chosen[a], chosen[b])) in read.pairs:
            related += all(read.found[chosen[k]].kind == true.found[k].kind for k in (a, b))
    return (
        Counts(right, len(read.found), len(true.found)),
        Counts(related, len(read.links), len(true.links)),
    )


def aligned(read: Pieces, true: Pieces, likeness: Likeness) -> dict[int, int]:
    """The number of the entity read for each true one that has one."""
    costs = _costs(read, true, likeness)
    claims: dict[int, list[int]] = {}
    for i, found in enumerate(costs):
        if found:
            claims.setdefault(min(found, key=found.__getitem__), []).append(i)
    chosen = {k: claim[0] for k, claim in claims.items() if len(claim) == 1}
    losers: list[int] = []
    for k, claim in claims.items():
        if len(claim) > 1:
            helped = _helped(k, chosen, read, true)
            # Rounded, so that the first of equals has it.
            cost = {i: round(costs[i][k] - PARTNER * (i in helped), 9) for i in claim}
            chosen[k] = min(claim, key=cost.__getitem__)
            losers += [i for i in claim if i != chosen[k]]
    _settle(chosen, losers, costs)
    return chosen


def _helped(k: int, chosen: dict[int, int], read: Pieces, true: Pieces) -> set[int]:
    """What was read as linked to an entity that is aligned, and truly linked to `k`."""
    partners = {chosen[end] for pair in true.pairs if k in pair for end in pair if end in chosen}
    links = {*read.links, *((tail, head) for head, tail in read.links)}
    return {head for head, tail in links if tail in partners}


def _settle(chosen: dict[int, int], losers: list[int], costs: list[dict[int, float]]) -> None:
    """Have the losers choose from what they have not tried, and take what they suit better."""
    left = [sorted(found, key=found.__getitem__)[1:] for found in costs]
    for _ in range(ROUNDS):
        again: list[int] = []
        for i in losers:
            while left[i]:
                k = left[i].pop(0)
                holder = chosen.get(k)
                if holder is None or (holder != i and costs[i][k] < costs[holder][k]):
                    chosen[k] = i
                    again += [] if holder is None else [holder]
                    break
        losers = again


def _costs(read: Pieces, true: Pieces, likeness: Likeness) -> list[dict[int, float]]:
    """Of every entity read what each true one costs that its text may stand for."""
    linked = {i for link in read.links for i in link}
    here = before = (0.0, 0.0)  # where the last entity is; from where it was looked for
    costs: list[dict[int, float]] = []
    for i, piece in enumerate(read.found):
        again = i > 0 and read.found[i - 1].text == piece.text
        start = before if again else here
        found = {}
        for k, other in enumerate(true.found):
            distance = likeness.distance(piece, other)
            if distance < likeness.close:
                found[k] = distance + _way(start, other.place) / UNIT - LINKED * (i in linked)
        costs.append(found)
        before = start
        if found:
            here = true.found[min(found, key=found.__getitem__)].place
    return costs


def _way(start: Point, end: Point) -> float:
    across, down = end[0] - start[0], end[1] - start[1]
    return SIDEWAYS * abs(across) + (down if down > 0 else -UPWARDS * down)
