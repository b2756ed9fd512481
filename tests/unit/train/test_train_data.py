"""Training on data sets: their questions, damaged records, checkpoints to start with."""

import itertools
import json
import random
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from dessurt.checkpoint import Checkpoint, load, save
from dessurt.data.example import Example
from dessurt.data.records import DataError, Record
from dessurt.model import Dessurt, DessurtConfig, Tokenizer
from dessurt.model.tokenizer import END, PAD, START
from dessurt.page import Page
from dessurt.page.frame import Frame
from dessurt.page.marks import Marks
from dessurt.protocol import Request
from dessurt.train.config import Config, FrameConfig, Part
from dessurt.train.config_file import read
from dessurt.train.learner.start import small_vocabulary
from dessurt.train.learner.student import Student
from dessurt.train.loop import Run
from dessurt.train.main import main
from dessurt.train.samples import batch as batches
from dessurt.train.samples.batch import NOWHERE
from dessurt.train.samples.pages import Records, Source
from dessurt.train.samples.preprocessor import Preprocessor, placing
from dessurt.train.samples.sampler import Sampler
from dessurt.truth import Line, Paragraph, Truth
from tests.unit.vocabulary import byte_tokenizer

TINY = {
    "image_size": [64, 256], "conv_channels": [4, 8, 8, 16, 16, 16, 16], "im_embed_dim": 16,
    "blocks_per_level": [2], "window_size": 8, "swin_nheads": [2], "use_swin": [True, True],
    "swin_cross_attention": [True, True], "use_auto": [True, True], "decode_dim": 16,
    "dim_ff": 32, "decode_num_heads": 4, "max_q_tokens": 20, "max_a_tokens": 40,
    "position_rows": 64,
}  # fmt: skip
HERE = "tests.unit.train.test_train_data"


class Pages:
    """A data set for the tests: ten pages with a line each and a question about it."""

    def __init__(
        self, folder: Path, split: str, damaged: tuple[int, ...] = (), truth: bool = False,
        broken: tuple[int, ...] = (), odd: tuple[int, ...] = (),
    ) -> None:
        self.damaged, self.truth, self.name = damaged, truth, folder / f"{split}.json"
        self.broken, self.odd = broken, odd

    def __len__(self) -> int:
        return 10

    def record(self, index: int, rng: random.Random) -> Record:
        if index in self.damaged:
            raise DataError("the answer is missing: write one.", self.name, index + 1)
        if index in self.broken:
            raise KeyError("answer")  # as careless code does
        text, pixels = f"line {index}", np.full((100, 300), 255, np.uint8)
        cv2.putText(pixels, text, (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 0, 2)
        page, marks = Page.from_array(pixels), Marks.from_boxes(highlight=[(18, 35, 140, 65)])
        if self.truth:
            ends = [[(20 + 18 * i, 50), (38 + 18 * i, 50)] for i in range(len(text))]
            shown = Line(text, np.array(ends, np.float32), 15.0, 15.0)
            return Record(page, truth=Truth(page.size, paragraphs=(Paragraph((shown,)),)))
        task = "w9>" if index in self.odd else "w0>"
        example = Example(page, Request(task, marks=marks), (text,))
        return Record(page, (example,), source=f"{self.name}, line {index + 1}")


@pytest.fixture(autouse=True)
def without_slips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dessurt.train.samples.preprocessor.SLIPPED", 0.0)


def part(**data: object) -> dict:
    return {"data": {"set": f"{HERE}:Pages", "folder": "toy", **data}, "batch": 5}


def config_of(*parts: dict, **changes: object) -> dict:
    """A training config of a tiny model."""
    return {
        "name": "tiny", "seed": 1, "model": TINY, "precision": "no", "card": {"tasks": ["w0>"]},
        "frame": {"mode": "focus", "text_height": 22, "least": [64, 256]},
        "stages": [{"steps": 4, "lr": 1e-3, "parts": dict(enumerate(parts))}], **changes,
    }  # fmt: skip


def write(path: Path, config: dict) -> Path:
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def official(folder: Path) -> Path:
    """A checkpoint like the original's: another vocabulary, and no frame."""
    torch.manual_seed(5)
    pieces = byte_tokenizer()
    model = Dessurt(DessurtConfig.from_dict(TINY, pieces.vocab_size))
    save(Checkpoint(model, pieces, {"suppressed_token_ids": [7]}), folder)
    return folder


def sampler(text_height: float | None = 22.0) -> Sampler:
    return Sampler(
        Preprocessor(Tokenizer(small_vocabulary()), (64, 256), text_height, most_q=20, most_a=40)
    )


def answers(batch: object, pieces: Tokenizer) -> list[str]:
    """What is wanted; an answer that is not written to its end keeps a sign."""
    return [
        pieces.decode(ids) + ("" if 2 in ids else "…")
        for ids in batch.wanted.tolist()
    ]  # fmt: skip


def test_varied_questions_are_asked_of_new_lines_too() -> None:
    given = {**part(), "vary": True}
    pieces = Tokenizer(small_vocabulary())
    learned = [answers(b.batch, pieces) for b in itertools.islice(
        sampler().batches({"only": Part.of(given)}, seed=1), 6)]  # fmt: skip
    asked = [each for batch in learned for each in batch]
    known = {f"line {index}" for index in range(20)}
    new = [each for each in asked if each not in known]
    assert len(asked) / 4 < len(new) < len(asked)
    words = {word for each in new for word in each.split()}
    assert words <= {"line", *map(str, range(20))}  # nothing is made up
    # A batch follows from its number alone, whatever was drawn before.
    later = sampler().batches({"only": Part.of(given)}, seed=1, first=4)
    assert answers(next(later).batch, pieces) == learned[4]


def test_no_new_lines_where_lines_are_not_asked_for() -> None:
    given = Part.of({**part(), "vary": True, "tasks": {"read_block>": 1}})
    records = sampler().opened(given, "1 0")
    records.recombined = lambda rng: pytest.fail("asked for")
    sources = sampler()
    sources.sets.update({json.dumps(given.data, sort_keys=True): records})
    with pytest.raises(DataError):
        next(sources.batches({"only": given}, seed=1))


def test_each_time_through_asks_every_record_once() -> None:
    drawn = sampler().batches({"only": Part.of(part())}, seed=1)
    asked = [answers(next(drawn).batch, Tokenizer(small_vocabulary())) for _ in range(4)]
    lines = sorted(f"line {i}" for i in range(10))
    assert sorted(asked[0] + asked[1]) == sorted(asked[2] + asked[3]) == lines
    assert asked[0] + asked[1] != asked[2] + asked[3]


def test_the_batch_of_a_number_is_always_the_same() -> None:
    parts = {"own": Part.of(part()), "made": Part.of(part(truth=True) | {"tasks": {"w0>": 1}})}
    from_start = sampler().batches(parts, seed=3)
    fourth = [next(from_start) for _ in range(4)][3]
    straight = next(sampler().batches(parts, seed=3, first=3))
    assert all(torch.equal(a, b) for a, b in zip(fourth.batch, straight.batch, strict=True))


def test_only_of_a_truth_are_places_known() -> None:
    parts = {"made": Part.of(part(truth=True) | {"tasks": {"w0>": 1}})}
    made = next(sampler().batches(parts, seed=1)).batch
    own = next(sampler().batches({"own": Part.of(part())}, seed=1)).batch
    assert made.known.all() and (made.cells.sum((1, 2)) > 0).all() and (made.spots > 0).any()
    assert not own.known.any() and own.cells.sum() == 0 and (own.spots < 0).all()
    assert all("line".startswith(text[:4].rstrip("…")) or text[0] in "line 0123456789"
               for text in answers(made, Tokenizer(small_vocabulary())))  # fmt: skip


def test_what_is_not_known_is_not_learnt() -> None:
    torch.manual_seed(0)
    pieces = Tokenizer(small_vocabulary())
    student = Student(Config.of(config_of(part())), pieces, pieces.vocab_size)
    made = Part.of(part(truth=True) | {"tasks": {"w0>": 1}})
    known = next(sampler().batches({"made": made}, seed=1)).batch
    other = next(sampler().batches({"own": Part.of(part())}, seed=1)).batch
    torch.manual_seed(1)
    _, alone = student(known)
    hidden = known._replace(known=torch.tensor([True, False, True, True, True]))
    hidden.cells[1] = 3  # nonsense that must not be looked at
    torch.manual_seed(1)
    _, without = student(hidden)
    hidden.cells[1] = 9
    torch.manual_seed(1)
    assert student(hidden)[1]["before"] == without["before"] != alone["before"]
    loss, figures = student(other)
    loss.backward()
    assert {"right", "before", "point"}.isdisjoint(figures) and torch.isfinite(loss)
    assert student.after_swin.weight.grad is None
    assert student.model.patch_embed.proj.weight.grad.any()


def test_a_damaged_record_is_told_once_and_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    config = write(tmp_path / "c.json", config_of(part(damaged=[3, 6])))
    assert main([str(config), "--runs", str(tmp_path), "--device", "cpu", "--workers", "0"]) == 0
    shown = capsys.readouterr().err
    log = [json.loads(line) for line in (tmp_path / "tiny" / "log.jsonl").open()]
    told = [each["record"] for each in log if each["kind"] == "skipped"]
    assert sorted(told) == [
        f"toy/train.json, line {n}: the answer is missing: write one." for n in (4, 7)
    ]
    assert all(shown.count(each) == 1 for each in told)
    assert (tmp_path / "tiny" / "checkpoint" / "model.safetensors").exists()


def test_whatever_a_set_raises_the_run_goes_on(tmp_path: Path) -> None:
    run = Run(Config.of(config_of(part(broken=[1], odd=[2]))), tmp_path, "cpu")
    run.train(workers=0)
    assert run.step == 4 and len(run.skipped) == 2
    broken, odd = sorted(run.skipped)
    assert broken.startswith("record 1 of ") and broken.endswith("KeyError('answer')")
    assert odd.startswith("toy/train.json, line 3: ") and "w9>" in odd


def test_a_set_without_a_readable_record_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    config = write(tmp_path / "c.json", config_of(part(damaged=list(range(10)))))
    with pytest.raises(SystemExit):
        main([str(config), "--runs", str(tmp_path), "--device", "cpu", "--workers", "0"])
    shown = capsys.readouterr().err
    assert "none of the 10 records of the data set" in shown and "toy/train.json, line 1" in shown


def test_questions_that_no_record_has_are_an_error() -> None:
    records = Records(part()["data"], "")
    with pytest.raises(DataError, match="hardly any record of the data set .*check its questions"):
        sampler().batch_of(Part.of(part() | {"tasks": {"json>": 1}}), records, 0, random.Random(0))


def test_a_stopped_run_on_data_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    config = Config.of(
        config_of(part(damaged=[2]), part(truth=True) | {"tasks": {"w0>": 1}})
    )
    whole, parted = Run(config, tmp_path / "a", "cpu"), Run(config, tmp_path / "b", "cpu")
    whole.train(workers=0)
    parted.ends = [2]
    parted.train(workers=0)
    taken_up = Run(config, tmp_path / "b", "cpu")
    taken_up.train(workers=0)
    assert taken_up.step == whole.step == 4
    for one, two in zip(whole.plain.parameters(), taken_up.plain.parameters(), strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("frame", [None, {"mode": "focus", "text_height": 20}])
def test_a_checkpoint_to_start_with_brings_model_vocabulary_and_frame(
    tmp_path: Path, frame: dict | None
) -> None:
    start = official(tmp_path / "start")
    given = config_of(part(), start=str(start), mean=0.5)
    del given["model"], given["frame"]
    config = read(write(tmp_path / "c.json", {**given, **({"frame": frame} if frame else {})}))
    assert config.frame == FrameConfig.of(frame or {"mode": "fit"})
    run = Run(config, tmp_path / "run", "cpu")
    begun, before = run.plain.checkpoint().model.state_dict(), load(start).model.state_dict()
    for name in before:  # window models keep the sum of a row's and a column's place only
        if frame is None or name != "absolute_2dpos_embed":
            assert torch.equal(begun[name], before[name]), name
    _, _, batch, _ = next(iter(run.batches(config.stages[0])))
    assert {text[:5] for text in answers(batch, byte_tokenizer())} == {"line "}
    run.train(workers=0)
    trained = load(tmp_path / "run" / "checkpoint")
    assert trained.tokenizer.encode("aé") == byte_tokenizer().encode("aé")
    assert trained.config["frame"] == (frame or {"mode": "fit"}) and trained.suppressed == (7,)


@pytest.mark.parametrize("text_height", [None, 22.0])  # whole pages, and windows
def test_what_is_written_wrong_on_purpose_is_seen_but_not_learnt(text_height, monkeypatch) -> None:
    """The original's `noise_token_mask`: the loss of tokens that are not the right answer's."""
    monkeypatch.setattr("dessurt.train.samples.preprocessor.SLIPPED", 1.0)
    monkeypatch.setattr(batches, "SLIPS", 1.0)
    example = page_with_a_block()
    example = replace(example, answers=("Bob[P] ran[O]",), miswritten="Job[P] rained[O]")
    letters = byte_tokenizer()
    sampler = Sampler(Preprocessor(letters, (64, 256), text_height, 20, 40))
    source = Source(example.page, None, None, (example,))
    sample = sampler.question(Part(1), source, random.Random(0))
    written, wanted, _ = zip(*sample.words.steps, strict=True)
    assert written[0] == START and letters.decode(written[1:]) == "Job[P] rained[O]"
    shown = "".join("." if token == PAD else letters.decode([token]) for token in wanted[:-1])
    assert shown == ".ob[P] ra.n..[O]" and wanted[-1] == END


def test_tokens_of_a_mistaken_word_that_becomes_longer_or_shorter_are_left_out() -> None:
    steps = [(0, 10, NOWHERE), (10, 7, NOWHERE), (7, 8, (3.0, 4.0)), (8, 9, NOWHERE),
             (9, 20, (1.0, 2.0))]  # fmt: skip
    asked = batches.without_mistakes(steps, [10, 5, 6, 20])
    assert asked == [(0, 10, NOWHERE), (10, PAD, NOWHERE), (7, PAD, NOWHERE), (8, PAD, NOWHERE),
                     (9, 20, (1.0, 2.0))]  # fmt: skip
    assert batches.without_mistakes(steps, [10, 7, 8, 9, 20]) == steps
    gone = batches.without_mistakes(steps[:2] + steps[4:], [10, 5, 6, 4, 20])
    assert [token for _, token, _ in gone] == [10, PAD, 20]


# Pages as the original changes them


def page_with_a_block() -> Example:
    pixels = np.full((60, 250), 255, np.uint8)
    pixels[20:30, 100:140] = 0
    page, box = Page.from_array(pixels), (98, 18, 142, 32)
    marks, region = Marks.from_boxes(highlight=[box]), Marks.from_boxes(highlight=[box])
    return Example(page, Request("w0>", marks=marks), ("block",), region)


def test_a_page_is_shifted_by_whole_pixels_only() -> None:
    example = page_with_a_block()
    still = Part(1, rescale=(1.0, 1.0), fit=False, rotate=0.0)
    whole = Frame.fit((60, 250), (64, 256), 1.0).channels(example.page, example.request.marks)
    margin = ((9, 9), (9, 9))  # black, nothing marked
    wide = np.stack([np.pad(whole[0], margin, constant_values=1), np.pad(whole[1], margin)])
    places = set()
    for seed in range(40):
        seen, region = placing.shifted(example, (64, 256), still, random.Random(seed))
        down, right = (
            int(np.flatnonzero(seen[1].any(axis))[0] - np.flatnonzero(whole[1].any(axis))[0])
            for axis in (1, 0)
        )
        places.add((down, right))
        moved = wide[:, 9 - down : 73 - down, 9 - right : 265 - right]
        assert np.array_equal(seen, moved) and np.array_equal(region, seen[1] > 0)
    assert {down for down, _ in places} == set(range(-3, 4)) and len(places) > 15


def test_marks_and_region_go_with_the_page() -> None:
    example = page_with_a_block()
    sizes = []
    for seed in range(30):
        wild = Part(1, rescale=(0.7, 0.9), rotate=4.0)
        seen, region = placing.shifted(example, (64, 256), wild, random.Random(seed))
        ink, inside = seen[0], region
        ys, xs = np.nonzero(inside)
        core = inside & (cv2.erode(inside.astype(np.uint8), np.ones((7, 7))) > 0)
        assert ink[core].min() > 0.5  # the block's black, and no paper
        ring = cv2.dilate(inside.astype(np.uint8), np.ones((5, 5))) - inside
        assert np.median(ink[ring > 0]) < -0.9
        sizes.append(np.ptp(xs))
    assert 44 * 0.7 - 3 < min(sizes) < 36 < max(sizes) < 44 * 0.92 * 1.05


def test_ink_and_paper_change_as_much_as_the_originals() -> None:
    """Both by a normal number of grey levels with the deviation 20; never, always, or by lot."""
    pixels = np.full((60, 250), 128, np.uint8)
    pixels[20:30, 100:140] = 100
    example = replace(page_with_a_block(), page=Page.from_array(pixels))

    def shown(often: float) -> np.ndarray:
        """Grey of ink and paper where nothing else changes, of 400 pages."""
        plain = Part(1, rescale=(1.0, 1.0), fit=False, rotate=0.0, shade=often)
        drawn = [placing.shifted(example, (64, 256), plain, random.Random(i)) for i in range(400)]
        pages = [(seen[0], region) for seen, region in drawn]
        return np.array([[128 * (1 - np.median(ink[region])), 128 * (1 - np.median(ink))]
                         for ink, region in pages])  # fmt: skip

    never, always, half = shown(0.0), shown(1.0), shown(0.5)
    assert (never == (100, 128)).all()
    assert always.std(0) == pytest.approx((20, 20), rel=0.15)
    assert always.mean(0) == pytest.approx((100, 128), abs=4)
    assert 0.4 < (half == (100, 128)).all(1).mean() < 0.6


def test_the_image_holds_what_is_marked_if_it_can() -> None:
    def shown(scale: float) -> list[float]:
        """Pixels of the region that were seen of a page too large for the image."""
        large = Part(1, rescale=(scale, scale), rotate=0.0, fit=False)
        drawn = [placing.shifted(page_with_a_block(), (64, 256), large, random.Random(i))
                 for i in range(20)]  # fmt: skip
        return [float(each[1].sum()) if each else 0.0 for each in drawn]

    whole = shown(4.0)
    assert min(whole) == max(whole) == (44 * 4 + 1) * (14 * 4 + 1)  # edges are pixels here
    parts = shown(10.0)  # a mark of 440 x 140 pixels
    assert 0.0 in parts  # no longer in the image: not asked
    assert max(parts) > 0.3 * 64 * 256
