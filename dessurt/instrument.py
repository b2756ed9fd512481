"""Dessurt behind the "ask a page" protocol."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dessurt import tasks
from dessurt.checkpoint import Checkpoint, CheckpointError, load, open_tokenizer
from dessurt.decode import LOOP_UNIT, Step, beam_steps, greedy_steps, repeats
from dessurt.model.latent import Answer, Decoder
from dessurt.model.pointing import places
from dessurt.model.tokenizer import END, START
from dessurt.page import Page
from dessurt.page.frame import Frame
from dessurt.page.line_height import levelled, marked_angle, marked_line_height
from dessurt.page.lines import highlighted_lines, page_lines
from dessurt.page.marks import Marks, MarksError
from dessurt.protocol import (
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
    card_of,
)
from dessurt.reader.reader import NOTHING_WRITTEN, OF_FORMS, READ, PageReader, doubt

LINE_TOKENS = 200  # that a line read for another question may have
REMEMBERED_PAGES = 4  # how many pages' image tokens are kept for a further question


def open_checkpoint(
    path: Path, device: torch.device, tokenizer: str | Path | None
) -> DessurtInstrument:
    """Open an official `.pth` or a folder of ours; as of `dessurt.open_model`."""
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
        self.reader = PageReader(self)
        self._seen: OrderedDict[tuple[str, Frame, Marks], Tensor] = OrderedDict()

    def frame(self, page: Page, marks: Marks) -> Frame:
        """How `page` would be laid into the model image for a question with these marks.

        A checkpoint trained on windows round the marks has `"frame": {"mode": "focus",
        "text_height": pixels, "least": [height, width], "step": pixels}` in its config (see
        `Frame`); official ones see the whole page.
        """
        wanted, largest = self.checkpoint.config.get("frame", {}), self.config.image_size
        tall = marked_line_height(page, marks)
        if wanted.get("mode") != "focus":
            return replace(Frame.fit(page.size, largest), line_height=tall)
        if tall is not None:
            return Frame.focus(
                page.size,
                largest,
                marks,
                wanted["text_height"],
                wanted.get("least"),
                tall,
                marked_angle(page, marks),
            )
        return Frame.whole(page.size, largest, wanted.get("step", 64))

    def parts(self, page: Page, request: Request) -> list[Request]:
        """What is asked one after another: the request, or each line of text by itself.

        Each part is seen through `frame(page, part.marks)`. A small checkpoint loses its place in
        long paragraphs and on whole pages. The tasks that its config lists (`"frame": {"by_line":
        [task, ...]}`), and `w0>` with several lines marked, are answered by reading the highlighted
        lines, or without a highlight all lines found on the page, as long recordings are
        transcribed a window at a time (arXiv 2212.04356, 3.8); see `dessurt.reader`.
        """
        if not self._is_by_line(page, request):
            return [replace(request, marks=self._as_seen(page, request.marks))]
        split = highlighted_lines if request.marks.has("highlight") else page_lines
        task = "ner_line>" if request.task in OF_FORMS else READ
        line = Request(task, max_tokens=LINE_TOKENS, beams=request.beams)
        return [
            replace(line, marks=self._as_seen(page, marks)) for marks in split(page, request.marks)
        ]

    def _as_seen(self, page: Page, marks: Marks) -> Marks:
        """The marks as a model that looks at a window round them gets them."""
        looks_close = self.checkpoint.config.get("frame", {}).get("mode") == "focus"
        return levelled(page, marks) if looks_close else marks

    def _is_by_line(self, page: Page, request: Request) -> bool:
        by_line = self.checkpoint.config.get("frame", {}).get("by_line", ())
        # Whoever marks several lines for the task that reads one wants them all.
        several = bool(by_line) and request.task == READ and request.marks.has("highlight")
        return request.task in by_line or (
            several and len(highlighted_lines(page, request.marks)) > 1
        )

    def ask(self, page: Page, request: Request) -> Events:
        """Answer `request` about `page`; see `dessurt.protocol.Instrument`.

        The request is checked at once, before the first event is asked for. Text is streamed with
        one beam; with several the best beam is given out at the end.

        Raises:
            RequestError: the task is unknown or lacks something, or a number is out of range.
        """
        try:
            marks = request.marks.checked(page.size)
            highlight, mask = marks.has("highlight"), marks.has("mask")
            task = tasks.check(request.task, request.text, highlight, mask)
        except (tasks.TaskError, MarksError) as error:
            raise RequestError(str(error)) from error
        if request.max_tokens < 1 or request.beams < 1:
            raise RequestError("max_tokens and beams must be at least 1.")
        if any(not 0 <= id_ < self.config.vocab_size for id_ in request.written):
            raise RequestError("written must be token ids of this checkpoint.")
        if request.written and request.beams > 1:
            raise RequestError("Only an answer of one beam can be continued: ask with beams=1.")
        request = replace(request, marks=marks)
        if self._is_by_line(page, request):
            return self.reader.answer(page, request, self.parts(page, request))
        (request,) = self.parts(page, request)
        if request.want_region and not self.config.do_mask_output:
            raise RequestError("This checkpoint has no mask head: ask without the region.")
        query_ids, cut = self._encoded(request.text)
        most = self._most_tokens(len(query_ids) + 1)
        if len(request.written) >= most:
            raise RequestError(
                f"The answer has the {most} tokens that this model can write: mark a smaller part."
            )
        return self._answer(page, request, task.row, query_ids, self._notices(task, cut))

    def places(self, page: Page, request: Request, ids: Sequence[int]) -> np.ndarray:
        """Where on the page the model looked for each token of an answer: `pointing.places`.

        Args:
            page: that was asked about.
            request: that was asked; one part of it.
            ids: of the answer.

        Returns:
            float32 [len(ids), 2], x and y in page pixels.
        """
        frame = self.frame(page, request.marks)
        query, _ = self._encoded(request.text)
        found = places(
            self.checkpoint.model,
            self._image(page, frame, request.marks),
            torch.tensor([tasks.task(request.task).row], device=self.device),
            torch.tensor([query], device=self.device),
            torch.tensor([[START, *ids[:-1]]], device=self.device),
        )
        return frame.to_page(found.cpu().numpy())

    def token_ids(self, text: str) -> list[int]:
        """The tokens in which an answer of this text would be written."""
        return self.tokenizer.encode(text)

    def _encoded(self, text: str) -> tuple[list[int], str]:
        """The ids of a query's text, and what of the text the model cannot take."""
        room = self.config.max_q_tokens if self.config.use_set_length else None
        return self.tokenizer.encode_query(text, room)

    def _notices(self, task: tasks.Task, cut: str) -> list[Notice]:
        """What to tell before the answer; `cut` is the text that the model cannot take."""
        told = []
        if cut:
            told.append(
                f"The model reads only the first {self.config.max_q_tokens - 2} tokens of the "
                f"text; it did not see “{_shortened(cut)}”."
            )
        if self.card.tasks and task.token not in self.card.tasks:
            told.append(
                f"This checkpoint has not learned {task.token}: expect nonsense. It has learned "
                f"{' '.join(self.card.tasks)}."
            )
        return [Notice(sentence) for sentence in told]

    def _answer(
        self, page: Page, request: Request, row: int, query_ids: list[int], notices: list[Notice]
    ) -> Events:
        """The events of a question that is in order; `row` is the task's."""
        started = time.perf_counter()
        yield from notices
        frame = self.frame(page, request.marks)
        most = len(request.written) + request.max_tokens
        most = min(most, self._most_tokens(len(query_ids) + 1))
        answer = Answer(
            self.decoder,
            self._see(page, frame, request.marks),
            torch.tensor([row], device=self.device),
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
            steps = yield from _search(beam_steps(answer, left, request.beams, suppressed))
        first, tokens, stopped_by = yield from self._write(steps, request, most, started)
        if request.want_region:
            region = answer.region()
            assert region is not None  # checked when asked
            yield Region(frame.region_to_page(region.float().cpu().numpy()), frame)
        yield Done(first, time.perf_counter() - started, tokens, stopped_by)

    def _write(
        self, steps: Iterable[Step], request: Request, most: int, started: float
    ) -> Generator[Event, None, tuple[float, int, str]]:
        """The text, a token a step.

        Returns:
            Seconds to the first token, tokens written, and why it ended, as in `Done`.
        """
        task, texts = tasks.task(request.task), list[Text]()
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
            texts.append(self._text(step, delta))
            yield texts[-1]
            if stopped_by == "loop":
                yield Notice("The model only repeated itself and was stopped.")
                break
        whole = stopped_by == "end" and not request.written
        if whole and "text" in task.returns and (doubted := doubt(texts)):
            # Who is asked something else may be unsure of the answer, and not of the text.
            if doubted == NOTHING_WRITTEN or task.group == "Read":
                yield doubted
        return first, len(ids) - len(request.written), stopped_by

    def _is_stuck(self, ids: list[int]) -> bool:
        """Whether the answer goes round in circles; rows of dots and rules are long, too."""
        return repeats(ids) and any(c.isalnum() for c in self.tokenizer.decode(ids[-LOOP_UNIT:]))

    def _text(self, step: Step, delta: str) -> Text:
        return Text(
            delta,
            step.token_id,
            step.probability,
            tuple(
                Alternative(self.tokenizer.decode([id_]), id_, probability)
                for id_, probability in step.alternatives
            ),
        )

    def _most_tokens(self, queries: int) -> int:
        """The longest answer that the position table allows."""
        return min(self.config.max_a_tokens, self.config.position_rows - 2 - queries)

    def _image(self, page: Page, frame: Frame, marks: Marks) -> Tensor:
        """The model image: float32 [1, 2, H, W]."""
        return torch.from_numpy(frame.channels(page, marks))[None].to(self.device)

    def _see(self, page: Page, frame: Frame, marks: Marks) -> Tensor:
        """The image tokens, remembered: they do not depend on the question."""
        key = (page.digest, frame, marks)
        if key not in self._seen:
            self._seen[key] = self.decoder.see(self._image(page, frame, marks))
            while len(self._seen) > REMEMBERED_PAGES:
                self._seen.popitem(last=False)
        self._seen.move_to_end(key)
        return self._seen[key]


def _search(
    search: Generator[None, None, list[Step]],
) -> Generator[Progress, None, Iterable[Step]]:
    """Pass a beam search on as events, so that it can be stopped after any token."""
    tokens = 0
    while True:
        try:
            next(search)
        except StopIteration as stop:
            return stop.value
        tokens += 1
        yield Progress(tokens)


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
