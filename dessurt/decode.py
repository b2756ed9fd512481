"""Writing an answer token by token: greedy and beam search over the latent cache."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import torch
from torch import Tensor

from dessurt.model.latent import Answer, Decoder
from dessurt.model.model import Dessurt
from dessurt.model.tokenizer import END

LOOP = 40  # tokens; an answer counts as stuck when so many at its end only repeat a few
LOOP_UNIT = 8  # tokens; the longest stretch whose repetition counts


@dataclass(frozen=True)
class Step:
    """One written token."""

    token_id: int
    probability: float
    alternatives: tuple[tuple[int, float], ...] = ()  # (id, probability), best first
    # Where the model looked when it wrote it: x and y in image pixels, see `Answer.places`.
    place: Sequence[float] = (math.nan, math.nan)


@dataclass(frozen=True)
class Beam:
    """One of the answers that a beam search follows."""

    ids: Sequence[int] = ()
    probabilities: Sequence[float] = ()
    places: Sequence[Sequence[float]] = ()

    @property
    def steps(self) -> list[Step]:
        """Its tokens up to and including its first `</s>`."""
        length = self.ids.index(END) + 1 if END in self.ids else len(self.ids)
        tokens = list(zip(self.ids, self.probabilities, self.places, strict=True))[:length]
        return [Step(id_, probability, place=place) for id_, probability, place in tokens]


def greedy_steps(
    answer: Answer, max_tokens: int, suppressed: Sequence[int] = (), alternatives: int = 5
) -> Iterator[Step]:
    """Write the most probable token, again and again, until `</s>` or `max_tokens`.

    Each step is computed only when it is taken, so that closing the iterator stops the work.

    Args:
        answer: the answer at its beginning.
        max_tokens: the most tokens to write, `</s>` included.
        suppressed: ids whose probability counts as zero (without renormalising, as the original).
        alternatives: how many of the best ids to report.
    """
    for written in range(max_tokens):
        (step,) = _greedy(answer, suppressed, alternatives)
        yield step
        if step.token_id == END:
            return
        if written + 1 < max_tokens:
            answer.append(torch.tensor([step.token_id], device=answer.probabilities.device))


def greedy_rows(
    answer: Answer,
    max_tokens: int,
    suppressed: Sequence[int] = (),
    alternatives: int = 5,
    is_over: Callable[[list[int]], bool] = lambda ids: False,
) -> Iterator[tuple[int, list[Step]]]:
    """Write answers about several images side by side; a row that ends is not computed further.

    Args:
        answer: the answers at their beginning.
        max_tokens: the most tokens to write in a row, `</s>` included.
        suppressed: as of `greedy_steps`.
        alternatives: as of `greedy_steps`.
        is_over: whether to end a row that has these ids.

    Yields:
        The number of a row and all its tokens, when it ends.
    """
    rows: dict[int, list[Step]] = {row: [] for row in range(len(answer.probabilities))}
    for written in range(1, max_tokens + 1):
        left = []  # places in the batch of the rows that go on
        for place, (row, step) in enumerate(
            zip(list(rows), _greedy(answer, suppressed, alternatives), strict=True)
        ):
            rows[row].append(step)
            ids = [step.token_id for step in rows[row]]
            if step.token_id == END or written == max_tokens or is_over(ids):
                yield row, rows.pop(row)
            else:
                left.append(place)
        if not rows:
            return
        tokens = torch.tensor([steps[-1].token_id for steps in rows.values()])
        some_ended = len(left) < len(answer.probabilities)
        parents = torch.tensor(left).to(answer.probabilities.device) if some_ended else None
        answer.append(tokens.to(answer.probabilities.device), parents)


def _greedy(answer: Answer, suppressed: Sequence[int], alternatives: int) -> list[Step]:
    """The most probable token of each row."""
    probabilities = _suppress(answer.probabilities, suppressed)
    best = probabilities.topk(min(alternatives, probabilities.shape[1]))
    # argmax and topk may order ties differently; the original takes the argmax.
    ids = probabilities.argmax(1)
    return [
        Step(id_, probability, tuple(zip(ranked_ids, ranked, strict=True)), place)
        for id_, probability, ranked_ids, ranked, place in zip(
            ids.tolist(),
            probabilities.gather(1, ids[:, None])[:, 0].tolist(),
            best.indices.tolist(),
            best.values.tolist(),
            answer.places().tolist(),
            strict=True,
        )
    ]


def repeats(ids: Sequence[int]) -> bool:
    """Whether the last 40 ids repeat the same 8 or fewer, as those of a model that is stuck do."""
    tail = list(ids[-LOOP:])
    return len(tail) == LOOP and any(
        tail[unit:] == tail[:-unit] for unit in range(1, LOOP_UNIT + 1)
    )


def beam_search(
    answer: Answer,
    max_tokens: int,
    beams: int,
    suppressed: Sequence[int] = (),
    score: str = "log_prob",
) -> Iterator[Beam]:
    """Follow several answers at once; yields the best one so far after each token.

    Args:
        answer: the answer at its beginning.
        max_tokens: the most tokens to write, `</s>` included.
        beams: how many answers are followed.
        suppressed: ids whose probability counts as zero.
        score: "log_prob": mean log-probability, ended beams are set aside; "sum_prob": the
            original's sum of probabilities, where an ended beam goes on being extended and the
            search looks for an end at every 15th token only.

    Raises:
        ValueError: unknown score.
    """
    if score == "log_prob":
        return _search_by_log_probability(answer, max_tokens, beams, suppressed)
    if score == "sum_prob":
        return _search_by_sum(answer, max_tokens, beams, suppressed)
    raise ValueError(f'score must be "log_prob" or "sum_prob", not {score!r}')


def greedy(
    model: Dessurt,
    image: Tensor,
    task_index: int | Tensor,
    query_ids: Tensor | Sequence[int],
    max_tokens: int,
    suppressed: Sequence[int] = (),
) -> list[int]:
    """The greedily written ids, `</s>` included if it was reached.

    Args:
        model: the model, in eval mode.
        image: the model image, [1, 2, H, W] or [2, H, W].
        task_index: the row of the task table.
        query_ids: the ids of the question, [1, Q-1] or [Q-1].
        max_tokens: the most ids to write.
        suppressed: ids that are never written.
    """
    answer = _begin(model, image, task_index, query_ids, max_tokens)
    return [step.token_id for step in greedy_steps(answer, max_tokens, suppressed, 1)]


def beam(
    model: Dessurt,
    image: Tensor,
    task_index: int | Tensor,
    query_ids: Tensor | Sequence[int],
    max_tokens: int,
    beams: int,
    score: str = "log_prob",
    suppressed: Sequence[int] = (),
) -> list[int]:
    """The best beam's ids up to and including its first `</s>`; arguments as of `greedy`."""
    answer = _begin(model, image, task_index, query_ids, max_tokens)
    *_, best = beam_search(answer, max_tokens, beams, suppressed, score)
    return [step.token_id for step in best.steps]


def _begin(
    model: Dessurt,
    image: Tensor,
    task_index: int | Tensor,
    query_ids: Tensor | Sequence[int],
    max_tokens: int,
) -> Answer:
    device = model.absolute_2dpos_embed.device
    image = image.to(device)
    decoder = Decoder(model)
    return Answer(
        decoder,
        decoder.see(image if image.ndim == 4 else image[None]),
        torch.as_tensor(task_index, device=device).reshape(1),
        torch.as_tensor(query_ids, device=device).reshape(1, -1),
        max_tokens,
    )


def _search_by_sum(
    answer: Answer, max_tokens: int, beams: int, suppressed: Sequence[int]
) -> Iterator[Beam]:
    probabilities = _suppress(answer.probabilities, suppressed)
    scores, tokens = probabilities[0].sort(descending=True)
    scores, tokens = scores[:beams], tokens[:beams]
    parents = torch.zeros_like(tokens)
    ids, chances = tokens[:, None], scores[:, None]
    places = answer.places()[parents, None]
    for index in range(max_tokens):
        yield Beam(ids[0].tolist(), chances[0].tolist(), places[0].tolist())
        # The original tests for an end only now and then, and only in its best five beams.
        if index % 15 == 14 and (ids[:5] == END).any():
            return
        if index + 1 == max_tokens:
            return
        answer.append(tokens, parents)
        probabilities = _suppress(answer.probabilities, suppressed)
        ranked, order = (scores[:, None] + probabilities).flatten().sort(descending=True)
        scores, order = ranked[:beams], order[:beams]
        parents = order // probabilities.shape[1]
        tokens = order % probabilities.shape[1]
        ids = torch.cat([ids[parents], tokens[:, None]], 1)
        chances = torch.cat([chances[parents], probabilities[parents, tokens][:, None]], 1)
        places = torch.cat([places[parents], answer.places()[parents, None]], 1)


def _search_by_log_probability(
    answer: Answer, max_tokens: int, beams: int, suppressed: Sequence[int]
) -> Iterator[Beam]:
    device = answer.probabilities.device
    ids = torch.zeros(1, 0, dtype=torch.long, device=device)
    chances = torch.zeros(1, 0, device=device)
    places = torch.zeros(1, 0, 2, device=device)
    scores = torch.zeros(1, device=device)  # sums of log-probabilities
    ended: list[tuple[float, Beam]] = []  # with means of log-probabilities
    for index in range(max_tokens):
        probabilities = _suppress(answer.probabilities, suppressed)
        # Twice as many candidates as beams: at most one of each beam's is an end.
        wanted = min(2 * beams, probabilities.numel())
        ranked, order = (scores[:, None] + probabilities.log()).flatten().topk(wanted)
        parents, tokens = order // probabilities.shape[1], order % probabilities.shape[1]
        ids = torch.cat([ids[parents], tokens[:, None]], 1)
        chances = torch.cat([chances[parents], probabilities[parents, tokens][:, None]], 1)
        places = torch.cat([places[parents], answer.places()[parents, None]], 1)
        for row in (tokens[:beams] == END).nonzero().flatten().tolist():
            whole = Beam(ids[row].tolist(), chances[row].tolist(), places[row].tolist())
            ended.append((float(ranked[row]) / (index + 1), whole))
        going = (tokens != END).nonzero().flatten()[:beams]
        ids, chances, places, scores = ids[going], chances[going], places[going], ranked[going]
        leading = [
            (
                float(score) / (index + 1),
                Beam(ids[0].tolist(), chances[0].tolist(), places[0].tolist()),
            )
            for score in scores[:1]
        ]
        best = max(ended + leading, key=itemgetter(0))
        yield best[1]
        if len(ended) >= beams and max(ended, key=itemgetter(0))[0] >= best[0]:
            return
        if not len(going) or index + 1 == max_tokens:
            return
        answer.append(tokens[going], parents[going])


def _suppress(probabilities: Tensor, suppressed: Sequence[int]) -> Tensor:
    if not suppressed:
        return probabilities
    probabilities = probabilities.clone()
    probabilities[:, list(suppressed)] = 0
    return probabilities
