"""How a run begins: weights of another shape, runs of the original, what learns and how fast."""

import json
import random
import sys
import types
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from dessurt.checkpoint import CheckpointError, load, read_official
from dessurt.checkpoint.official import reset, training_state
from dessurt.data.example import Example
from dessurt.data.sets import option
from dessurt.model import Dessurt, DessurtConfig
from dessurt.page import Page
from dessurt.page.marks import Marks
from dessurt.protocol import Request
from dessurt.train.config import Config, Part
from dessurt.train.config_file import read
from dessurt.train.learner.start import fastest_precision, fitted
from dessurt.train.learner.teacher import Teacher, TeacherError
from dessurt.train.loop import Run
from dessurt.train.main import main
from dessurt.train.original.schedules import multiplier
from dessurt.train.samples.batch import stacked
from dessurt.train.samples.pages import Source
from dessurt.train.samples.preprocessor import Preprocessor
from dessurt.train.samples.sampler import Sampler
from dessurt.train.section import ConfigError
from dessurt.truth import Line, Printed
from tests.unit.train.test_train_data import TINY, config_of, official, part, write
from tests.unit.vocabulary import byte_tokenizer

BUFFERS = ("relative_position_index", "attn_mask")


@pytest.fixture(scope="module")
def golden(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The original's own checkpoint, with the vocabulary that it was made with."""
    folder = tmp_path_factory.mktemp("golden")
    (folder / "tokenizer").mkdir()
    byte_tokenizer().save(folder / "tokenizer")
    path = folder / "checkpoint-golden.pth"
    path.symlink_to((shared / "golden" / "dessurt" / path.name).resolve())
    return path


def expected(shared: Path, name: str) -> dict:
    file = shared / "golden" / "dessurt" / "checkpoint_expect" / name
    return json.loads(file.read_text("utf-8"))


# Tensors of another shape


def test_cut_and_paste_as_the_original(golden: Path, shared: Path) -> None:
    known = expected(shared, "resume.json")
    changes = dict(known["new_model_overrides"])
    vocabulary = changes.pop("vocab")
    file = read_official(golden)
    old = load(golden).model
    model = Dessurt(DessurtConfig.from_dict(
        {**file["config"]["model"], "position_rows": 1026, **changes}, vocabulary))  # fmt: skip
    new = {name: torch.full_like(tensor, 1000 + zlib.crc32(name.encode()) % 100)
           for name, tensor in model.state_dict().items()}  # fmt: skip
    result, changed = fitted(old.state_dict(), new, (12, 12), (24, 12), as_original=True)
    asked = {name: what for name, what in known["per_key"].items()
             if not name.endswith((*BUFFERS, "answer_decode.weight"))}  # fmt: skip
    assert asked.keys() == result.keys()
    for name, what in asked.items():
        if what["status"] == "same shape":
            assert what["equal"] and torch.equal(result[name], old.state_dict()[name]), name
        elif what["status"] == "resized":
            before = old.state_dict()[name]
            block = tuple(slice(side) for side in before.shape)
            assert list(before.shape) == what["old"] and list(result[name].shape) == what["new"]
            assert torch.equal(result[name][block], before), name
            kept = torch.ones_like(result[name], dtype=torch.bool)
            kept[block] = False
            assert torch.equal(result[name][kept], new[name][kept]) and kept.any(), name
        else:
            assert what["status"] == "new" and torch.equal(result[name], new[name]), name
    said = [
        line.removeprefix("BRAIN SURGERY PERFORMED ")
        for line in known["log"]
        if "SURGERY" in line and not any(name in line for name in (*BUFFERS, "answer_decode"))
    ]
    assert sorted(changed) == sorted(
        line.replace("on ", "changed ", 1).replace("torch.Size(", "").replace("])", "]")
        for line in said
    )


def test_places_stay_where_they_are_in_a_model_of_another_size(golden: Path, shared: Path) -> None:
    changes = expected(shared, "resume.json")["new_model_overrides"]
    config = {**read_official(golden)["config"]["model"], "position_rows": 1026}
    old = Dessurt(DessurtConfig.from_dict(config, 264)).state_dict()
    new = Dessurt(DessurtConfig.from_dict({**config, **changes}, 270)).state_dict()
    rows, columns = torch.meshgrid(torch.arange(12.0), torch.arange(12.0), indexing="ij")
    places = torch.stack([rows, columns] * 8, -1)
    old["absolute_2dpos_embed"] = places.flatten(0, 1)[None]
    result, _ = fitted(old, new, (12, 12), (24, 12))
    table = result["absolute_2dpos_embed"][0].unflatten(0, (24, 12))
    # Twice as many rows: the middles of the new ones lie at -1/4, 1/4, 3/4, ... of the old.
    inner = slice(4, 20)
    middles = (torch.arange(24.0) / 2 - 0.25)[inner, None].expand(-1, 12)
    assert torch.allclose(table[inner, :, 0], middles)
    assert torch.allclose(table[:, :, 1], columns[:1].expand(24, -1), atol=1e-4)


def test_the_middle_of_a_window_stays_its_middle() -> None:
    sizes = {3: DessurtConfig.from_dict({**TINY, "image_size": [96, 192], "window_size": 3}, 261),
             6: DessurtConfig.from_dict({**TINY, "image_size": [96, 192], "window_size": 6}, 261)}
    old, new = (Dessurt(sizes[side]).state_dict() for side in (3, 6))
    name = "swin_layers.0.0.attn.relative_position_bias_table"
    peak = torch.zeros(5, 5)
    peak[2, 2] = 1  # a token looks at itself
    old[name] = peak.flatten()[:, None].expand(-1, 2)
    result, changed = fitted(old, new, (12, 24), (12, 24))
    found = result[name][:, 0].view(11, 11)
    assert found.argmax() == 60 and torch.allclose(found, found.flip(0), atol=1e-6)
    assert f"changed {name}: [25, 2] -> [121, 2]" in changed
    torch.testing.assert_close(result["text_embedding.weight"], old["text_embedding.weight"])


# A run of the original goes on


def test_a_run_of_the_original_goes_on(golden: Path, shared: Path, tmp_path: Path) -> None:
    known = expected(shared, "manifest.json")
    state = training_state(golden)
    assert state.iteration == known["iteration"] == 8
    assert len(state.moments) == known["n_optimizer_state"]
    trainer = known["config"]["trainer"]
    config = read(write(tmp_path / "c.json", {
        "name": "on", "seed": 1, "start": str(golden), "precision": "no",
        "freeze": trainer["freeze_param_names"],
        "schedule": {**trainer, "kind": trainer["use_learning_schedule"]},
        "stages": [{"steps": 4, "lr": 1e-4, "accumulate": 4, "parts": {
            "only": {**part(), "batch": 1}}}],
    }))  # fmt: skip
    run = Run(config, tmp_path / "run", "cpu", resumed=state)
    assert run.step == 2
    file = read_official(golden)
    for name in ("absolute_2dpos_embed", "swin_layers.1.2.linear1.weight"):
        theirs = state.moments[name]
        ours = run.optimiser.state[dict(run.plain.model.named_parameters())[name]]
        assert theirs["exp_avg"].any() and float(ours["step"]) == float(theirs["step"]) == 2
        assert torch.equal(ours["exp_avg"], theirs["exp_avg"])
        assert torch.equal(ours["exp_avg_sq"], theirs["exp_avg_sq"])
    assert file["optimizer"]["state"][0]["exp_avg"].equal(state.moments["absolute_2dpos_embed"]
                                                          ["exp_avg"])  # fmt: skip
    rate = multiplier(config.schedule, known["lr_schedule"]["last_epoch"])
    assert 1e-4 * rate == pytest.approx(known["lr_schedule"]["_last_lr"][0])
    run.train(workers=0)
    assert run.step == 4
    rates = [group["lr"] for group in run.optimiser.param_groups]
    assert rates == pytest.approx([1e-4 * multiplier(config.schedule, 16)] * len(rates))
    weights, before = run.plain.model.state_dict(), load(golden).model.state_dict()
    moved = {name for name in before if not torch.equal(weights[name], before[name])}
    assert not any("patch_embed.cnn" in name or "pos_1d" in name for name in moved)
    assert "text_embedding.weight" in moved


def test_a_reset_file_begins_its_schedule_anew(
    golden: Path, shared: Path, tmp_path: Path
) -> None:
    after = expected(shared, "resume.json")["after_reset_script"]
    path = tmp_path / "reset.pth"
    torch.save(reset(read_official(golden)), path)
    file = read_official(path)
    # The original leaves the file's lr_schedule in it, and goes on with that at iteration 8.
    assert sorted(file) == after["keys"]
    assert after["scheduler_last_epoch_after_resume"] == 8
    assert file["lr_schedule"]["last_epoch"] == 0
    assert file["iteration"] == after["iteration"] == 0 and file["logger"] is None
    state = training_state(path)
    assert state.iteration == 0 and not state.moments
    weights = load(path, byte_tokenizer()).model.state_dict()
    for name, tensor in load(golden).model.state_dict().items():
        assert torch.equal(weights[name], tensor), name


def test_an_optimiser_that_does_not_fit_is_left(golden: Path, tmp_path: Path) -> None:
    file = read_official(golden)
    file["optimizer"]["state"][3]["exp_avg"] = torch.zeros(3)
    torch.save({**file, "logger": None}, tmp_path / "odd.pth")
    state = training_state(tmp_path / "odd.pth")
    assert state.iteration == 8 and not state.moments
    torch.save({"state_dict": {}}, tmp_path / "none.pth")
    with pytest.raises(CheckpointError, match="carries no config"):
        training_state(tmp_path / "none.pth")


# What learns, and how fast


def test_frozen_weights_stay_and_slow_ones_learn_slowly(tmp_path: Path) -> None:
    given = config_of(part(), freeze=["patch_embed"], slow={"text_embedding": 0.25})
    run = Run(Config.of(given), tmp_path, "cpu")
    before = {name: p.clone() for name, p in run.plain.model.named_parameters()}
    run.train(workers=0)
    moved = {name for name, p in run.plain.model.named_parameters()
             if not torch.equal(p, before[name])}  # fmt: skip
    assert "text_embedding.weight" in moved and "swin_layers.0.2.linear1.weight" in moved
    assert not any(name.startswith("patch_embed") for name in moved)
    rates = {len(group["params"]): group["lr"] for group in run.optimiser.param_groups}
    assert rates[1] == pytest.approx(0.25 * max(rates.values()))


def test_a_name_that_no_parameter_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no parameter has 'patch_embd' in its name"):
        Run(Config.of(config_of(part(), freeze=["patch_embd"])), tmp_path, "cpu")


def test_settings_change_keys_of_the_config(tmp_path: Path) -> None:
    path = write(tmp_path / "c.json", config_of(part()))
    changed = read(path, [("stages.0.lr", 0.5), ("model.dim_ff", 48), ("name", "other")])
    assert changed.stages[0].lr == 0.5 and changed.name == "other"
    assert changed.model["dim_ff"] == 48 and changed.model["decode_dim"] == 16
    for key in ("stages.7.lr", "name.first", "stages.x"):
        with pytest.raises(ConfigError, match=f"there is no {key}"):
            read(path, [(key, 1)])


def test_a_setting_is_json_or_else_text(capsys: pytest.CaptureFixture) -> None:
    assert option("stages.0.lr=1e-3") == ("stages.0.lr", 0.001)
    assert option("model.use_auto=[true, false]") == ("model.use_auto", [True, False])
    assert option("start=a=b.pth") == ("start", "a=b.pth")
    with pytest.raises(SystemExit):
        main(["c.json", "--set", "lr"])
    assert "'lr' is not KEY=VALUE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schedule": {"kind": "linear"}}, "its schedule needs a `kind`, one of: multi_rise"),
        ({"schedule": {"kind": "step"}}, "the schedule 'step' lacks a key .* ('lr_steps')"),
        ({"losses": {"smooth": 1}}, "keys of its losses: there is no 'smooth'"),
        ({"losses": {"smoothing": 1}},
         "smoothing of its losses is 1: give a number from 0 to below 1."),
        ({"losses": {"per": "page"}}, "per of its losses: there is no 'page'"),
        ({"teacher": "x"}, "a teacher teaches models of whole pages only"),
        ({"remember": True}, "to remember, it needs a checkpoint to `start` with"),
        ({"frame": {"mode": "whole", "text_height": 1}}, "there is no 'whole', choose from focus"),
        ({"frame": {"mode": "fit", "step": 1}}, "keys of its frame: there is no 'step'"),
    ],
)
def test_a_config_that_cannot_be_followed_says_why(
    tmp_path: Path, change: dict, message: str
) -> None:
    with pytest.raises(ConfigError) as found:
        read(write(tmp_path / "c.json", config_of(part(), **change)))
    for piece in message.split(" .* "):
        assert piece in str(found.value)


# Distillation


class Echo(torch.nn.Module):
    """A teacher that is sure of the token before the one to be written."""

    def __init__(self, vocab: int) -> None:
        super().__init__()
        self.config = types.SimpleNamespace(vocab_size=vocab, decoder_start_token_id=2)
        self.asked: list[list[int]] = []

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor,
                decoder_input_ids: torch.Tensor) -> types.SimpleNamespace:  # fmt: skip
        self.asked = input_ids.tolist()
        logits = 9.0 * torch.nn.functional.one_hot(decoder_input_ids, self.config.vocab_size)
        return types.SimpleNamespace(logits=logits)


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Echo:
    model = Echo(byte_tokenizer().vocab_size)
    opened = types.SimpleNamespace(from_pretrained=lambda name: model)
    module = types.SimpleNamespace(AutoModelForSeq2SeqLM=opened)
    monkeypatch.setitem(sys.modules, "transformers", module)
    return model


def masked_line() -> Source:
    """A line of which the word in the middle is masked, as an example that came with a page."""
    text = "one two six"
    ends = np.array([[(20 + 10 * i, 50), (30 + 10 * i, 50)] for i in range(11)], np.float32)
    page = Page.from_array(np.full((100, 200), 255, np.uint8))
    marks = Marks.from_boxes(highlight=[(20, 40, 130, 60)], mask=[(60, 40, 90, 60)])
    answer = Printed.of(Line(text, ends, 10, 10))
    example = Example(page, Request("mlm>", marks=marks), (text,), printed_answer=answer)
    return Source(page, None, None, (example,))


def test_the_teacher_reads_what_the_page_shows(echo: Echo) -> None:
    pieces = byte_tokenizer()
    draw = Sampler(Preprocessor(pieces, (64, 128), None, most_q=8, most_a=30))
    question = draw.question(Part(1, rotate=0.0), masked_line(), random.Random(0))
    assert question is not None
    pairs = zip(question.words.steps, question.words.hidden, strict=True)
    assert pieces.decode([step[1] for step, gone in pairs if gone]) == "two"
    batch = stacked([question], (0, 0))
    taught = Teacher("echo", pieces.vocab_size, 260, torch.device("cpu"))(batch)
    assert taught is not None and taught.logits.shape[:2] == batch.wanted.shape
    assert echo.asked == [[0, *pieces.encode("one "), 260, *pieces.encode(" six"), 2]]
    # in step with what is written
    assert taught.logits.argmax(-1).tolist() == batch.written.tolist()
    assert Teacher("echo", pieces.vocab_size, 260, torch.device("cpu"))(
        batch._replace(hidden=torch.zeros_like(batch.hidden))) is None  # fmt: skip


def test_distillation_is_part_of_the_loss(echo: Echo, tmp_path: Path) -> None:
    start = official(tmp_path / "start")
    config = {**config_of(part()), "start": str(start), "frame": {"mode": "fit"}, "teacher": "echo"}
    run = Run(Config.of(config), tmp_path / "run", "cpu")
    sampler = Sampler(
        Preprocessor(run.plain.tokenizer, (64, 256), None, most_q=20, most_a=40)
    )
    question = sampler.question(Part(1), masked_line(), random.Random(0))
    batch = stacked([question], (0, 0))
    torch.manual_seed(0)
    run.plain.eval()
    with torch.no_grad():
        alone, _ = run.plain(batch)
        both, figures = run.plain(batch, True, run.teacher(batch))
    assert float(both - alone) == pytest.approx(2.5 * float(figures["distilled"]), rel=1e-4)
    assert float(figures["distilled"]) > 1


def test_a_teacher_of_another_vocabulary_is_refused(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TeacherError, match="knows 261 pieces and the learner 300"):
        Teacher("echo", 300, 260, torch.device("cpu"))
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(TeacherError, match=r"pip install -e '.\[distill\]'"):
        Teacher("echo", 261, 260, torch.device("cpu"))


@pytest.mark.parametrize(("known", "expected"), [
    ({"avx2": True, "avx512_bf16": False}, "no"), ({"avx512_bf16": True}, "bf16"),
    ({"amx_bf16": True, "avx512_bf16": False}, "bf16"), ({}, "no"),
])  # fmt: skip
def test_a_processor_learns_in_the_precision_that_it_computes_in(
    monkeypatch: pytest.MonkeyPatch, known: dict[str, bool], expected: str
) -> None:
    # On one with AVX2 alone the convolutions of a batch took 25 s in bf16, and 3 s without.
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known, raising=False)
    assert fastest_precision(None) == fastest_precision(torch.device("cpu")) == expected
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert fastest_precision(None) == "bf16"
    assert fastest_precision(torch.device("cpu")) == expected
