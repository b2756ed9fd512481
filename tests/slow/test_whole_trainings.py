"""Whole trainings: of the shipped configs at toy size, with a budget, stopped, and to the end."""

import json
import random
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, pre_tokenizers, trainers

from dessurt.checkpoint import load
from dessurt.data.records import readable
from dessurt.data.sets import open_set
from dessurt.opening import open_model
from dessurt.train.checks import answered
from dessurt.train.config import Config, Stage
from dessurt.train.config_file import read
from dessurt.train.loop import Run
from dessurt.train.main import main
from tests.unit.train.test_train import LINE, small_config

ROOT = Path(__file__).resolve().parents[2]
SMALL = sorted((ROOT / "configs").glob("dessurt_*.json"))
# Sizes alone: everything else is as the original's configs have it.
TOY = {
    "image_size": [48, 48], "conv_patch_emb": False, "im_embed_dim": 64, "blocks_per_level": [1],
    "window_size": 6, "swin_nheads": [2], "use_swin": [True], "swin_cross_attention": [True],
    "use_auto": [True], "decode_dim": 96, "dim_ff": 128, "decode_num_heads": 4,
    "do_mask_output": False, "no_dropout": True, "init_from_pretrained": False,
}  # fmt: skip


def test_a_stopped_run_goes_on_as_if_it_had_not_been(held_out_fonts, tmp_path: Path) -> None:
    config = Config.of(small_config())
    whole, parted = Run(config, tmp_path / "a", "cpu"), Run(config, tmp_path / "b", "cpu")
    whole.train(workers=0)
    assert whole.step == 6
    step_of = parted._learn

    def interrupted(*args: object) -> dict[str, float]:
        if parted.step == 2:
            signal.raise_signal(signal.SIGINT)  # as Ctrl-C
        return step_of(*args)

    parted._learn = interrupted
    parted.train(workers=0)
    assert parted.step == 3
    taken_up = Run(config, tmp_path / "b", "cpu")
    taken_up.train(workers=1)
    assert taken_up.step == 6
    for one, two in zip(whole.plain.parameters(), taken_up.plain.parameters(), strict=True):
        assert torch.equal(one, two)
    for one, two in zip(whole.mean.parameters(), taken_up.mean.parameters(), strict=True):
        assert torch.equal(one, two)


def test_a_budget_ends_with_a_measured_checkpoint(held_out_fonts, tmp_path: Path) -> None:
    config = small_config(stages=[{"steps": 10**6, "lr": 1e-3, "parts": {"line": LINE}}])
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(config))
    arguments = [str(path), "--runs", str(tmp_path), "--device", "cpu", "--workers", "0"]
    assert main([*arguments, "--budget", "0.1"]) == 0
    run = Run(Config.of(config), tmp_path / "tiny", "cpu")
    assert run.step > 0 and run.seconds > 0
    log = [json.loads(each) for each in (tmp_path / "tiny" / "log.jsonl").open()]
    assert log[-1]["kind"] == "check" and log[-1]["step"] == run.step
    assert log[-1]["w0> CER"] > 0 and 0 <= log[-1]["0w~ IoU"] <= 1
    loaded = load(tmp_path / "tiny" / "checkpoint")
    mean = run.mean.module.model
    assert torch.allclose(loaded.model.text_embedding.weight, mean.text_embedding.weight, atol=1e-3)
    assert loaded.config["card"]["tasks"] == ["w0>", "0w~"]
    config["start"] = str(tmp_path / "tiny" / "checkpoint")
    started = Run(Config.of(config), tmp_path / "on", "cpu")
    weight = started.plain.model.absolute_2dpos_embed
    assert torch.allclose(weight, loaded.model.absolute_2dpos_embed, atol=1e-3)


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_a_shipped_config_trains_at_toy_size(tmp_path: Path, path: Path) -> None:
    toy = {"im_embed_dim": 12, "conv_channels": [4] * 7, "decode_dim": 16, "dim_ff": 16}
    config = read(path)
    sizes = {**config.model, **toy, "decode_num_heads": 4, "swin_nheads": [2]}
    config = replace(config, start=None, model=sizes)
    for number, stage in enumerate(config.stages):
        for name, part in stage.parts.items():
            one = Stage(steps=1, lr=1e-3, parts={name: replace(part, batch=1)})
            run = Run(replace(config, stages=(one,)), tmp_path / f"{number}{name}", "cpu")
            _, text, batch, _ = next(iter(run.batches(one)))
            assert batch.image.shape[2:] == part.window
            figures = run._learn(batch, text)
            assert all(np.isfinite(value) for value in figures.values()), figures


def vocabulary(texts: list[str], folder: Path) -> Path:
    """A small one in BART's manner, in which each word of the texts is a piece."""
    backend = Backend(models.BPE(unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=800, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    ))  # fmt: skip
    folder.mkdir()
    backend.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Sums of toy size take longer on two cores than on one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", ["cats_qa", "cats_each"])
def test_the_cats_of_the_original_are_learned(
    shared: Path, tmp_path: Path, one_thread: None, name: str
) -> None:
    original = shared / "data" / "original"
    data = original / "example_data" / name
    pages = readable(open_set({"set": "my_dataset", "folder": str(data)}), random.Random(0))
    found = [example for record in pages for example in record.examples]
    texts = [found[0].request.text, *(example.answers[0] for example in found)]
    pieces = vocabulary(texts, tmp_path / "vocabulary")
    sizes = {"optimizer.lr": 1.5e-3, **{f"model.{key}": value for key, value in TOY.items()}}
    settings = [f"--set={key}={json.dumps(value)}" for key, value in sizes.items()]
    config = original / "configs" / f"cf_test_{name}_finetune.json"
    assert main([
        str(config), "--data", str(data), "--runs", str(tmp_path), "--device", "cpu",
        "--tokenizer", str(pieces), *settings,
    ]) == 0  # fmt: skip
    model = open_model(tmp_path / f"test_{name}_finetune" / "checkpoint")
    answers = [answered(model, example) for example in found]
    assert len(answers) == 10
    assert sum(written == right for written, right in answers) >= 9, answers
