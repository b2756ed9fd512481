"""Teachers for distillation: a text-to-text model that knows what the page hides, or oneself.

As in the original, the teacher gets a text of which some words are left out, and the learner a
page on which they are masked; where they are, the learner is to be as sure, and as unsure, as the
teacher. Nothing has to be aligned: both write the same tokens.
"""

from __future__ import annotations

import copy

import torch

from dessurt.model.tokenizer import END, PAD, START
from dessurt.train.learner.student import SoftTargets, Student
from dessurt.train.samples.batch import Batch


class TeacherError(ValueError):
    """A teacher that cannot teach; the message says in one sentence what to do."""


class Teacher:
    """A pretrained sequence-to-sequence transformer such as facebook/bart-large."""

    def __init__(self, name: str, vocab_size: int, mask: int, device: torch.device) -> None:
        """Open the teacher.

        Args:
            name: A folder, or a repository of the Hugging Face hub.
            vocab_size: The size of the learner's vocabulary.
            mask: The id of `<mask>`.
            device: Where the teacher runs.

        Raises:
            TeacherError: The package transformers is not installed, the model cannot be opened, or
                it has another vocabulary.
        """
        try:
            from transformers import AutoModelForSeq2SeqLM
        except ImportError as error:
            raise TeacherError(
                "distillation needs the package transformers: pip install -e '.[distill]'."
            ) from error
        try:
            self.model = AutoModelForSeq2SeqLM.from_pretrained(name).to(device).eval()
        except (OSError, ValueError) as error:
            first = str(error).splitlines()[0]
            raise TeacherError(f"the teacher {name} cannot be opened ({first}).") from error
        known = self.model.config.vocab_size
        if known != vocab_size:
            raise TeacherError(
                f"the teacher {name} knows {known} pieces and the learner {vocab_size}: both need "
                "the same vocabulary."
            )
        self.mask = mask

    @torch.no_grad()
    def __call__(self, batch: Batch) -> SoftTargets | None:
        """The teacher's logits of the answers; None where nothing is hidden."""
        if not batch.hidden.any():
            return None
        texts = [
            self.left_out(wanted, hidden)
            for wanted, hidden in zip(batch.wanted.tolist(), batch.hidden.tolist(), strict=True)
        ]
        longest = max(map(len, texts))
        ids = torch.tensor([text + [PAD] * (longest - len(text)) for text in texts])
        ids = ids.to(batch.wanted.device)
        # BART's decoder starts with a token of its own, before <s>.
        begin = torch.full_like(batch.written[:, :1], self.model.config.decoder_start_token_id)
        written = torch.cat([begin, batch.written], 1)
        seen = (ids != PAD).long()
        output = self.model(input_ids=ids, attention_mask=seen, decoder_input_ids=written)
        return SoftTargets(output.logits[:, 1:])

    def left_out(self, wanted: list[int], hidden: list[bool]) -> list[int]:
        """A text with one `<mask>` in place of each stretch of hidden tokens."""
        text = [START]
        for i, (token, gone) in enumerate(zip(wanted, hidden, strict=True)):
            if gone:
                text += [] if i and hidden[i - 1] else [self.mask]
            elif token not in (PAD, END):
                text.append(token)
        return [*text, END]


def teacher_of(name: str, student: Student, device: torch.device) -> Teacher:
    """The teacher of a learner; see `Teacher`.

    Raises:
        TeacherError: It cannot be opened, or the learner's vocabulary has no `<mask>`.
    """
    mask = student.tokenizer.backend.token_to_id("<mask>")
    if mask is None:
        raise TeacherError("the learner's vocabulary has no <mask>: take the teacher's.")
    return Teacher(name, student.model.config.vocab_size, mask, device)


class FirstWeights:
    """The model as it was when the run began: a frozen copy that the learner stays near.

    On pages that are drawn, and not those that it is to get better on, the learner stays as sure,
    and as unsure, of every token as it was ("learning without forgetting", arXiv 1606.09282). Some
    dozens of tokens say little about a page: its convolutions are to see it as they did, too
    (arXiv 1412.6550).
    """

    def __init__(self, student: Student) -> None:
        """Copy the learner, which has learned nothing yet."""
        self.student = copy.deepcopy(student).eval().requires_grad_(False)

    @torch.no_grad()
    def __call__(self, batch: Batch) -> tuple[Batch, SoftTargets]:
        """The batch with all its tokens to be distilled, and what the first weights answer."""
        return batch._replace(hidden=batch.wanted != PAD), self.student.targets(batch)
