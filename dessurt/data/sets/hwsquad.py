"""HW-SQuAD: questions of SQuAD about pages in synthetic handwriting (Mathew et al., 2021)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dessurt.data.example import Example
from dessurt.data.records import DataError, Record
from dessurt.data.sets.files import (
    damaged,
    open_page,
    questions_in,
    read_json,
    sound_examples,
    there,
)
from dessurt.page import Page
from dessurt.page.plane import Box
from dessurt.protocol import Request
from dessurt.truth import Line, Paragraph, Printed, Truth
from dessurt.truth.boxes import line_of


def hw_squad(
    folder: Path, split: str = "train", size: tuple[int, int] = (1152, 768)
) -> AskedPages:
    """HW-SQuAD as a data set.

    Get it from https://www.docvqa.org (under Datasets) and lay it out so:

        HW-SQuAD_SPLIT_1.0.json    SPLIT being train, val and test; see `AskedPages`
        the pictures               where "document_image" says, relative to the folder

    The split "valid" is val. As in the original, a tall page is cut at half its height and the
    halves are laid side by side, if that shows it larger in the model's image.

    Args:
        folder: the folder of the data.
        split: "train", "val" or "test".
        size: height and width of the model's image.

    Raises:
        DataError: the file of the split is not there, or is not as `AskedPages` says.
    """
    name = f"HW-SQuAD_{'val' if split == 'valid' else split}_1.0.json"
    return AskedPages(folder, there(folder / name, "HW-SQuAD_train_1.0.json and so on"), size)


class AskedPages:
    """One record a page, with all its questions (`natural_q~`) and all right answers to each.

    The file is {"data": [page, ...]}; a page has "qas" (without it nothing is asked about the
    page, and it is left out) and "document_image":

        qas               [{"question", "question_id", "answers": [{"answer_start_word_no",
                          "answer_end_word_no"} or {"text"}, ...]}, ...]; the last word counts
        document_image    {"document_image": path, "gold_standard_transcription": [{"wordno",
                          "text", "xmin", "ymin", "xmax", "ymax"}, ...]}; words from 0 in order

    An answer is the words of its range, or where it has none its text. Where all words have boxes
    the truth and the places of the answers are known.
    """

    def __init__(self, folder: Path, file: Path, size: tuple[int, int] | None = None) -> None:
        """The pages of `file` that are asked about; pictures lie in `folder`.

        Args:
            folder: the folder of the pictures.
            file: the file that is described above.
            size: height and width of an image in which tall pages are laid side by side; None: all
                pages stay as they are.

        Raises:
            DataError: the file is not as described.
        """
        self.folder, self.file, self.size = folder, file, size
        with damaged(file, "data"):
            self.entries: list[Any] = list(read_json(file)["data"])
        self.numbers = [i for i, page in enumerate(self.entries) if _asked(page)]
        self.question_counts = [questions_in(self.entries[i]) for i in self.numbers]

    def __len__(self) -> int:
        """Pages that are asked about."""
        return len(self.numbers)

    def record(self, index: int, rng: random.Random) -> Record:
        """A page, its questions, and what is written on it."""
        number = self.numbers[index]
        with damaged(self.file, f"data[{number}]"):
            entry = self.entries[number]
            image = entry["document_image"]
            words = image.get("gold_standard_transcription", [])
            if [word["wordno"] for word in words] != list(range(len(words))):
                raise ValueError("its words are not numbered from 0")
            page = open_page(self.folder / image["document_image"])
            truth = _truth(page, words)
            if self.size and _is_too_tall(page, self.size):
                page, truth = side_by_side(page, truth)
            if truth is None:
                written = [Printed.sign(str(word["text"])) for word in words]
            else:  # in order, so the words of its lines are those of the file
                written = [Printed.of(word.line, word.first, word.last)
                           for line in truth.lines for word in line.words]  # fmt: skip
            examples, errors = sound_examples(
                self.file,
                (
                    (f"data[{number}].qas[{n}]", partial(_example, page, qa, written, self.file))
                    for n, qa in enumerate(entry["qas"])
                ),
            )
            return Record(page, examples, truth, str(image["document_image"]), errors)


def _asked(page: Any) -> bool:
    """Whether to keep a page: what is no page at all is kept, so that it is reported."""
    return not isinstance(page, dict) or bool(page.get("qas"))


def _example(page: Page, qa: dict[str, Any], written: Sequence[Printed], file: Path) -> Example:
    name, texts = str(qa["question_id"]), []
    for answer in qa["answers"]:
        if "answer_start_word_no" in answer:
            first, last = answer["answer_start_word_no"], answer["answer_end_word_no"]
            if not 0 <= first <= last < len(written):
                raise DataError(f"there are no words {first} to {last}: mend it.", file, name)
            texts.append(Printed.join(" ", written[first : last + 1]))
        else:
            texts.append(Printed.sign(str(answer["text"])))
    if not texts:
        raise DataError("it has no answers: mend it.", file, name)
    return Example(
        page,
        Request("natural_q~", str(qa["question"])),
        tuple(dict.fromkeys(each.text for each in texts)),
        source=f"{file.name} {name}",
        printed_answer=texts[0] if len(texts[0].places) else None,
    )


def _truth(page: Page, words: Sequence[dict[str, Any]]) -> Truth | None:
    """One paragraph; a word that starts left of the last one begins a new line.

    None if some words have no boxes, or a text is no single word.
    """
    sides = ("xmin", "ymin", "xmax", "ymax")
    if not words or not all(side in word for word in words for side in sides):
        return None
    if any(len(str(word["text"]).split()) != 1 for word in words):
        return None
    lines: list[list[tuple[str, Box]]] = []
    for word in words:
        x0, y0, x1, y1 = (float(word[side]) for side in sides)
        if not lines or x0 < lines[-1][-1][1][0]:
            lines.append([])
        lines[-1].append((str(word["text"]).strip(), (x0, y0, x1, y1)))
    return Truth(page.size, paragraphs=(Paragraph(tuple(line_of(line) for line in lines)),))


def _is_too_tall(page: Page, size: tuple[int, int]) -> bool:
    """Whether a page is larger in an image if its halves lie side by side."""

    def scale(height: int, width: int) -> float:
        return min(size[0] / height, size[1] / width)

    return scale(page.height // 2, 2 * page.width) > scale(page.height, page.width)


def side_by_side(page: Page, truth: Truth | None) -> tuple[Page, Truth | None]:
    """A page's upper half and right of it the lower, and what is known of it.

    A line that is cut belongs to the half that has its middle, and ends where that ends.
    """
    cut, width = page.height // 2, page.width
    upper, lower = page.pixels[:cut], page.pixels[cut:]
    lacking = [(0, len(lower) - cut), *[(0, 0)] * (upper.ndim - 1)]
    upper = np.pad(upper, lacking, constant_values=255)
    laid = Page.from_array(np.concatenate((upper, lower), axis=1))
    if truth is None:
        return laid, None

    def laid_line(line: Line) -> Line:
        y = line.ends[..., 1]
        if y.mean() < cut:
            return replace(line, below=min(line.below, max(float(cut - y.max()), 0.5)))
        ends = line.ends + np.array((width, -cut), np.float32)
        return replace(line, ends=ends, above=min(line.above, max(float(y.min() - cut), 0.5)))

    paragraphs = (Paragraph(tuple(map(laid_line, each.lines))) for each in truth.paragraphs)
    return laid, replace(truth, size=laid.size, paragraphs=tuple(paragraphs))
