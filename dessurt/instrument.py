"""Dessurt behind the "ask a page" protocol."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from dessurt.checkpoint import Checkpoint, CheckpointError, load, open_tokenizer
from dessurt.decode import LOOP_UNIT, Beam, Step, beam_search, greedy_rows, greedy_steps, repeats
from dessurt.model.latent import Answer, Decoder
from dessurt.model.tokenizer import END
from dessurt.page import Page
from dessurt.page.frame import Frame
from dessurt.page.framing import Framing
from dessurt.page.marks import Marks
from dessurt.protocol import (
    NOTHING_WRITTEN,
    Alternative,
    Done,
    Event,
    Events,
    Notice,
    Progress,
    Region,
    Request,
    RequestError,
    Text,
    View,
    card_of,
    doubt,
)
from dessurt.tasks import Task

REMEMBERED_VIEWS = 4  # how many views' image tokens are kept for a further question
ROWS = 16  # answers that are written together; more gain little, and need more memory


def open_checkpoint(
    path: Path, device: torch.device, tokenizer: str | Path | None
) -> DessurtInstrument:
    """Open an official `.pth` or a folder of ours; arguments as of `dessurt.open_model`."""
    checkpoint = load(path, open_tokenizer(tokenizer) if tokenizer else None)
    try:
        checkpoint.model.to(device)
    except (RuntimeError, AssertionError) as error:
        first = str(error).splitlines()[0]
        raise CheckpointError(f"The device {device} cannot be used ({first}): use cpu.") from error
    return DessurtInstrument(checkpoint)


class DessurtInstrument:
    """A checkpoint that answers questions about pages."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Get the checkpoint's model ready for writing."""
        self.checkpoint = checkpoint
        path = checkpoint.path
        self.card = card_of(checkpoint.config, path.stem if path else "dessurt")
        self.tokenizer = checkpoint.tokenizer
        self.config = checkpoint.model.config
        self.device = checkpoint.model.absolute_2dpos_embed.device
        self.decoder = Decoder(checkpoint.model)
        self.framing = Framing.of(checkpoint.config.get("frame", {}), self.config.image_size)
        self._image_tokens: OrderedDict[tuple[str, Frame, Marks], Tensor] = OrderedDict()

    def views(self, page: Page, request: Request) -> tuple[View]:
        """The one view that the model has of the page; see `dessurt.protocol.Instrument`."""
        marks = self.framing.marks(page, request.marks.checked(page.size))
        return (View(replace(request, marks=marks), self.framing.frame(page, marks)),)

    def ask(self, page: Page, request: Request) -> Events:
        """Answer a request about a page; see `dessurt.protocol.Instrument`.

        With one beam text is streamed; with several the best beam comes at the end.

        Raises:
            RequestError: the task is unknown or lacks something, or a number is out of range.
        """
        request = request.checked(page, self.card.table)
        if any(not 0 <= id_ < self.config.vocab_size for id_ in request.written):
            raise RequestError("written must be token ids of this checkpoint.")
        if request.want_region and not self.config.do_mask_output:
            raise RequestError("This checkpoint has no mask head: ask without the region.")
        query_ids, cut = self._encoded(request.text)
        most = self._most_tokens(len(query_ids) + 1)
        if len(request.written) >= most:
            raise RequestError(
                f"The answer has the {most} tokens that this model can write: mark a smaller part."
            )
        task = self.card.task(request.task)
        return self._answer(page, request, task, query_ids, self._notices(task, cut))

    def write_together(
        self, views: Sequence[tuple[Page, View]]
    ) -> Iterator[tuple[int, list[Text]]]:
        """Answer several questions at once, which takes less time than one after another.

        Args:
            views: pages and what is seen of them. The requests are of one beam, with no text and
                nothing written, and have the same limit of tokens.

        Yields:
            The number of a question and the text of its answer, as each one ends.
        """
        alike = defaultdict(list)  # images of one size, with the same question
        for number, (_, view) in enumerate(views):
            alike[view.frame.image_size, view.request.task].append(number)
        for numbers in alike.values():
            for first in range(0, len(numbers), ROWS):
                some = numbers[first : first + ROWS]
                for row, texts in self._write_rows([views[number] for number in some]):
                    yield some[row], texts

    def _write_rows(self, views: Sequence[tuple[Page, View]]) -> Iterator[tuple[int, list[Text]]]:
        """As `write_together`, for images of one size and one task."""
        request = views[0][1].request
        task, (query_ids, _) = self.card.task(request.task), self._encoded("")
        most = self._most(request, query_ids)
        answer = Answer(
            self.decoder,
            self.decoder.see(torch.cat([self._image(page, view) for page, view in views])),
            torch.tensor([task.row] * len(views), device=self.device),
            torch.tensor([query_ids] * len(views), device=self.device),
            most,
        )
        rows = greedy_rows(
            answer, most, self.checkpoint.suppressed, request.alternatives, self._is_stuck
        )
        for row, steps in rows:
            frame = views[row][1].frame
            events = self._write(steps, request, task, frame, most, time.perf_counter())
            yield row, [event for event in events if isinstance(event, Text)]

    def token_ids(self, text: str) -> list[int]:
        """The tokens in which an answer of this text would be written."""
        return self.tokenizer.encode(text)

    def _encoded(self, text: str) -> tuple[list[int], str]:
        """The ids of a query's text, and what of the text the model cannot take."""
        room = self.config.max_q_tokens if self.config.use_set_length else None
        return self.tokenizer.encode_query(text, room)

    def _notices(self, task: Task, cut: str) -> list[Notice]:
        """What to say before the answer; `cut` is the text that the model cannot take."""
        notices = []
        if cut:
            notices.append(
                f"The model reads only the first {self.config.max_q_tokens - 2} tokens of the "
                f"text; it did not see “{_shortened(cut)}”."
            )
        if self.card.lacks(task.token):
            notices.append(
                f"This checkpoint has not learned {task.token}: expect nonsense. It has learned "
                f"{' '.join(self.card.tasks)}."
            )
        return [Notice(sentence) for sentence in notices]

    def _answer(
        self, page: Page, request: Request, task: Task, query_ids: list[int], notices: list[Notice]
    ) -> Events:
        """The events of a question that is in order."""
        started = time.perf_counter()
        yield from notices
        (view,) = self.views(page, request)
        most = self._most(request, query_ids)
        answer = Answer(
            self.decoder,
            self._see(page, view),
            torch.tensor([task.row], device=self.device),
            torch.tensor([query_ids], device=self.device),
            most,
        )
        for id_ in request.written:
            answer.append(torch.tensor([id_], device=self.device))
        left, suppressed = most - len(request.written), self.checkpoint.suppressed
        steps: Iterable[Step]
        if request.beams == 1:
            steps = greedy_steps(answer, left, suppressed, request.alternatives)
        else:
            best = Beam()
            search = beam_search(answer, left, request.beams, suppressed)
            for length, beam in enumerate(search, 1):
                best = beam
                yield Progress(length)
            steps = best.steps
        first, tokens, stopped_by = yield from self._write(
            steps, request, task, view.frame, most, started
        )
        if request.want_region:
            region = answer.region()
            assert region is not None  # checked when asked
            yield Region(view.frame.region_to_page(region.float().cpu().numpy()), view.frame)
        yield Done(first, time.perf_counter() - started, tokens, stopped_by)

    def _write(
        self,
        steps: Iterable[Step],
        request: Request,
        task: Task,
        frame: Frame,
        most: int,
        started: float,
    ) -> Generator[Event, None, tuple[float, int, str]]:
        """The text, a token a step.

        Returns:
            Seconds to the first token, tokens written, and why it ended, as in `Done`.
        """
        texts = list[Text]()
        ids, stream = list(request.written), self.tokenizer.stream()
        for id_ in ids:
            stream.push(id_)  # the text may go on inside a character
        first, stopped_by = 0.0, "length"
        for step in steps:
            ids.append(step.token_id)
            first = first or time.perf_counter() - started
            if step.token_id == END:
                stopped_by = "end"
            elif request.beams == 1 and self._is_stuck(ids):
                stopped_by = "loop"
            delta = stream.push(step.token_id)
            if stopped_by != "length" or len(ids) == most:
                delta += stream.flush()  # a character that was cut in the middle
            texts.append(self._text(step, delta, frame))
            yield texts[-1]
            if stopped_by == "loop":
                yield Notice("The model only repeated itself and was stopped.")
                break
        whole = stopped_by == "end" and not request.written
        if whole and "text" in task.returns and (warning := doubt(texts)):
            # A model may read the page well and still be unsure of the answer to a question.
            if warning == NOTHING_WRITTEN or task.group == "Read":
                yield warning
        return first, len(ids) - len(request.written), stopped_by

    def _is_stuck(self, ids: list[int]) -> bool:
        """Whether the answer goes round in circles; rows of dots and rules are long, too."""
        return repeats(ids) and any(c.isalnum() for c in self.tokenizer.decode(ids[-LOOP_UNIT:]))

    def _text(self, step: Step, delta: str, frame: Frame) -> Text:
        x, y = frame.to_page(step.place).tolist()
        return Text(
            delta,
            step.token_id,
            step.probability,
            tuple(
                Alternative(self.tokenizer.decode([id_]), id_, probability)
                for id_, probability in step.alternatives
            ),
            None if math.isnan(x) else (x, y),
        )

    def _most_tokens(self, queries: int) -> int:
        """The longest answer that the position table allows."""
        return min(self.config.max_a_tokens, self.config.position_rows - 2 - queries)

    def _most(self, request: Request, query_ids: Sequence[int]) -> int:
        """The longest answer to a request, what is written already included."""
        most = self._most_tokens(len(query_ids) + 1)
        if request.max_tokens is None:
            return most
        return min(most, len(request.written) + request.max_tokens)

    def _image(self, page: Page, view: View) -> Tensor:
        """The model image: float32 [1, 2, H, W]."""
        return torch.from_numpy(view.channels(page))[None].to(self.device)

    def _see(self, page: Page, view: View) -> Tensor:
        """The image tokens, remembered: they do not depend on the question."""
        key = (page.digest, view.frame, view.request.marks)
        if key not in self._image_tokens:
            self._image_tokens[key] = self.decoder.see(self._image(page, view))
            while len(self._image_tokens) > REMEMBERED_VIEWS:
                self._image_tokens.popitem(last=False)
        self._image_tokens.move_to_end(key)
        return self._image_tokens[key]


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
