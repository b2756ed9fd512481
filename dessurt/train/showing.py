"""Samples to look at: pages as the network sees them in training, and what it is asked of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageOps

from dessurt.checkpoint import CheckpointError, load
from dessurt.data.questions.makers import TASKS
from dessurt.data.records import DataError, readable
from dessurt.model import DessurtConfig, Tokenizer
from dessurt.page.contact_sheet import Colour, joined, sheet, written
from dessurt.train.config import Part
from dessurt.train.config_file import read
from dessurt.train.learner.start import first_vocabulary, small_vocabulary
from dessurt.train.samples.batch import Sample
from dessurt.train.samples.pages import Records, Source, synthetic_pages
from dessurt.train.samples.preprocessor import Preprocessor
from dessurt.train.samples.sampler import Sampler
from dessurt.train.section import ConfigError

# Of a set alone: the official image, and about as much text as 20 and 800 pieces of the official
# vocabulary hold, in letters of the small one.
ALONE = {"image_size": [1152, 768], "max_q_tokens": 92, "max_a_tokens": 3200}
DOCUMENTS = 12  # synthetic ones that samples are drawn from, at most

COLUMNS, WIDE, TALL, TEXT = 2, 576, 768, 400  # pixels: the largest picture, and the text beside
ENLARGED, TWICE = 2.0, 2.0  # times at most; a picture so much wider than tall has its text below
BLACK, GREY, GREEN = (0, 0, 0), (110, 110, 110), (0, 110, 60)
# The colour of a sign, and that of its name, which must be dark enough to be read.
SIGNS: dict[str, tuple[Colour, Colour]] = {
    "highlighted": ((255, 210, 40), (160, 110, 0)),
    "masked": ((190, 90, 190), (150, 50, 150)),
    "region of the answer": ((0, 114, 178), (0, 114, 178)),
}

Parts = dict[str, Part]
Shown = tuple[str, Sample]  # with the name of its part


def chosen(
    what: str,
    data: Path | None = None,
    *,
    part: str | None = None,
    options: Mapping[str, Any] | None = None,
    tasks: Sequence[str] = (),
    start: str | None = None,
    vocabulary: Path | None = None,
    seed: int = 0,
) -> tuple[Sampler, Parts]:
    """What samples are drawn from: the parts of a config's last stage, or a data set alone.

    Of a set alone its own questions are asked, or else all that can be made from what it knows;
    its pages are shown whole, unless a checkpoint says otherwise.

    Args:
        what: A config, ours or the original's, or the name of a data set.
        data: The folder of the data; None: those that the config names.
        part: The only part to show; None: all.
        options: Options of the data sets, their split too, in place of the config's.
        tasks: Tasks in place of the config's.
        start: The checkpoint to start with, in place of the config's.
        vocabulary: A folder with the tokenizer, in place of the checkpoint's or the config's.
        seed: As `samples` takes it.

    Raises:
        CheckpointError, ConfigError, DataError: Something cannot be read, or there is no such part.
    """
    pieces = _opened(vocabulary) if vocabulary else None
    alone = not what.endswith(".json")
    if alone:
        sampler, parts = _of_set(what, data, start, pieces)
    else:
        sampler, parts = _of_config(Path(what), data, start, pieces)
    if part is not None and part not in parts:
        raise ConfigError(f"{what} has no part {part!r}: choose from {', '.join(parts)}.")
    shown = {
        name: replace(
            each,
            batch=1,
            data=each.data and {**each.data, **(options or {})},
            tasks=dict.fromkeys(tasks, 1.0) or each.tasks,
        )
        for name, each in parts.items()
        if part in (None, name)
    }
    if alone and not tasks and not _has_questions(sampler.opened(shown[what], str(seed))):
        shown[what] = replace(shown[what], tasks=dict.fromkeys(TASKS, 1.0))
    return sampler, shown


def _of_config(
    path: Path, data: Path | None, start: str | None, pieces: Tokenizer | None
) -> tuple[Sampler, Parts]:
    settings = [("start", start)] if start else []
    config = read(path, settings, None if data is None else str(data))
    if pieces is None:
        pieces = load(config.start).tokenizer if config.start else first_vocabulary(config)
    model = DessurtConfig.from_dict(config.model, pieces.vocab_size)
    sampler = Sampler(Preprocessor.of(pieces, model, config.frame.text_height))
    return sampler, config.stages[-1].parts


def _of_set(
    name: str, data: Path | None, start: str | None, pieces: Tokenizer | None
) -> tuple[Sampler, Parts]:
    parts = {name: Part(1, data={"set": name, "folder": str(data or "")})}
    if start is not None:
        checkpoint = load(start)
        sizes, pieces = checkpoint.config["model"], pieces or checkpoint.tokenizer
        height = checkpoint.config.get("frame", {}).get("text_height")
    else:
        sizes, height = ({"image_size": ALONE["image_size"]} if pieces else ALONE), None
        pieces = pieces or Tokenizer(small_vocabulary())
    model = DessurtConfig.from_dict(sizes, pieces.vocab_size)
    return Sampler(Preprocessor.of(pieces, model, height)), parts


def _opened(folder: Path) -> Tokenizer:
    try:
        return Tokenizer.open(folder)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder} has no tokenizer that can be read ({error}).") from error


def _has_questions(records: Records) -> bool:
    """Whether the first record that can be read has questions of its own."""
    readables = readable(records.records, random.Random(0))
    first = next((each for each in readables if not isinstance(each, DataError)), None)
    return first is None or bool(first.examples) or first.truth is None


def samples(
    sampler: Sampler, parts: Parts, count: int, seed: int, report: Callable[[str], None]
) -> Iterator[Shown]:
    """Samples as training draws them.

    Args:
        sampler, parts: As `chosen` gives them; parts are drawn by their weights.
        count: The number of samples.
        seed: Everything random follows from it.
        report: Takes what is wrong with a record that is skipped.

    Raises:
        DataError: A data set cannot be opened, or hardly any record gives a sample.
        ValueError: Hardly any synthetic page suits.
    """
    pools: dict[str, list[Source]] = {}
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        (name,) = rng.choices(list(parts), [part.weight for part in parts.values()])
        part = parts[name]
        if part.data is None:
            if name not in pools:
                pools[name] = synthetic_pages(rng, min(DOCUMENTS, count), part.kinds)
            (sample,), _ = sampler.samples(part, pools[name], rng)
        else:
            records = sampler.opened(part, str(seed))
            try:
                (sample,), _ = sampler.samples_of(part, records, number, rng)
            finally:
                for problem in records.problems:
                    report(problem)
                records.problems.clear()
        yield name, sample


def described(shown: Shown, pieces: Tokenizer) -> dict[str, Any]:
    """A sample as JSON: what is asked and answered as the network gets it, marks in page pixels."""
    part, sample = shown
    example = sample.example
    return {
        "part": part,
        "source": sample.source,
        "question": example.request.task + pieces.decode(sample.words.query),
        "answer": pieces.decode(sample.words.answer),
        "right": list(example.answers),
        "page": list(example.page.size),
        "image": list(sample.region.shape),
        "marks": example.request.marks.to_json(),
        "region": example.region.to_json() if example.region else None,
    }


def contact_sheet(shown: Sequence[Shown], pieces: Tokenizer) -> Image.Image:
    """Samples side by side: the image with what is marked, and what is asked and answered."""
    return sheet([_tile(each, pieces) for each in shown], COLUMNS)


def _tile(shown: Shown, pieces: Tokenizer) -> Image.Image:
    facts = described(shown, pieces)
    picture, signs = _picture(shown[1])
    texts: list[tuple[str, Colour]] = [
        (f"{facts['part']}   {facts['image'][0]} x {facts['image'][1]}   {facts['source']}", GREY),
        *((sign, SIGNS[sign][1]) for sign in signs),
        ("", BLACK), (facts["question"], BLACK), ("", BLACK),
        (facts["answer"] or "(nothing)", GREEN),
    ]  # fmt: skip
    below = picture.width > TWICE * picture.height
    room = (WIDE + TEXT, TALL) if below else (TEXT, max(picture.height, TALL // 2))
    return joined(picture, written(texts, *room), below)


def _picture(sample: Sample) -> tuple[Image.Image, list[str]]:
    """What the network sees, with marks and region in colour, and the names of those it has."""
    ink, marked = sample.image
    height, width = ink.shape
    widest = WIDE + TEXT if width > TWICE * height else WIDE
    scale = min(widest / width, TALL / height, ENLARGED)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    gray = cv2.resize(np.clip(128 * (1 - ink), 0, 255).astype(np.float32), size, interpolation=how)
    colours, signs = np.repeat(np.clip(gray, 0, 255)[..., None], 3, 2), []
    planes = (marked > 0, marked < 0, sample.region & (sample.example.region is not None))
    for (sign, (colour, _)), plane in zip(SIGNS.items(), planes, strict=True):
        if plane.any():
            signs.append(sign)
            there = cv2.resize(plane.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
            edge = there - cv2.erode(there, np.ones((3, 3), np.uint8))
            if sign == "highlighted":  # as with a pen: the text stays black
                colours[there > 0] *= np.array(colour) / 255
            elif sign == "masked":
                colours[there > 0] = colour
            colours[edge > 0] = colour
    picture = Image.fromarray(colours.astype(np.uint8))
    return ImageOps.expand(picture, 1, GREY), signs  # where a white image ends
