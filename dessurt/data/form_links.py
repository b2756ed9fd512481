"""Links between the entities of annotated forms, put in order."""

from __future__ import annotations

from collections.abc import Sequence

from dessurt.data.truth import Entity

Link = tuple[int, int]  # head, tail

_RANK = {"header": 0, "question": 1, "answer": 2, "other": 2}


def sound_links(entities: Sequence[Entity], links: Sequence[Link]) -> list[Link]:
    """Links in their order without doubles, each from the higher kind down, none in a circle.

    Those between two answers, or from a header to an answer, have no meaning and are left out.
    """
    tails: dict[int, list[int]] = {i: [] for i in range(len(entities))}
    sound: list[Link] = []

    def reaches(start: int, goal: int) -> bool:
        return start == goal or any(reaches(tail, goal) for tail in tails[start])

    for head, tail in links:
        if _RANK[entities[head].kind] > _RANK[entities[tail].kind]:
            head, tail = tail, head
        kinds = entities[head].kind, entities[tail].kind
        meant = _RANK[kinds[0]] < 2 and kinds != ("header", "answer")
        if meant and tail not in tails[head] and not reaches(tail, head):
            tails[head].append(tail)
            sound.append((head, tail))
    return sound
