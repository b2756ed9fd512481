"""A folder with everything that the commands of the docs name, at toy size."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState
from PIL import Image, ImageDraw

from dessurt import cli
from dessurt.checkpoint import InertLogger
from dessurt.checkpoint.upkeep import write_official
from dessurt.evaluate import main as evaluation
from dessurt.model import Dessurt, DessurtConfig
from tests.unit import test_sets_funsd as funsd
from tests.unit import test_sets_iam as iam
from tests.unit import test_sets_naf as naf
from tests.unit import test_sets_pages as pages
from tests.unit import test_sets_questions as questions
from tests.unit.test_evaluate_sets import here
from tests.unit.vocabulary import byte_tokenizer

MODEL = {
    "image_size": [64, 64], "window_size": 4, "decode_dim": 16, "dim_ff": 16,
    "decode_num_heads": 4, "blocks_per_level": [1, 1], "use_swin": [True, True],
    "swin_cross_attention": [True, True], "swin_nheads": [2, 4], "im_embed_dim": 8,
    "conv_channels": [4] * 7, "max_q_tokens": 20, "max_a_tokens": 40,
}  # fmt: skip
TRAINER = {
    "class": "QATrainer", "iterations": 2, "accum_grad_steps": 1, "log_step": 1, "val_step": 2,
    "monitor": "val_E_ANLS", "monitor_mode": "max", "use_learning_schedule": "multi_rise",
    "warmup_steps": [1],
}  # fmt: skip


def original(loader: dict[str, Any], name: str = "NAME", **trainer: Any) -> dict[str, Any]:
    """A config like the original's."""
    crop = {"crop_size": MODEL["image_size"], "pad": 0, "rot_degree_std_dev": 1}
    shown = {"rescale_range": [1, 1], "rescale_to_crop_size_first": True}
    return {
        "name": name, "arch": "Dessurt", "model": MODEL,
        "data_loader": {"batch_size": 2, "shuffle": True, **shown, "crop_params": crop, **loader},
        "validation": {"shuffle": False, **shown, "crop_params": {**crop, "random": False}},
        "optimizer_type": "AdamW", "optimizer": {"lr": 1e-4, "weight_decay": 0.01},
        "loss": {"answer": "label_smoothing", "mask": "focalLoss"},
        "loss_weights": {"answer": 1, "mask": 1},
        "loss_params": {"answer": {"smoothing": 0.1}}, "trainer": TRAINER | trainer,
    }  # fmt: skip


def official(folder: Path, config: dict[str, Any]) -> None:
    """`official.pth`, which has learned nothing, its vocabulary of bytes beside it."""
    (folder / "tokenizer").mkdir()
    byte_tokenizer().save(folder / "tokenizer")
    torch.manual_seed(1)
    model = Dessurt(DessurtConfig.from_dict(MODEL, byte_tokenizer().vocab_size))
    logger = InertLogger()
    logger.state = {"entries": {1: {"iteration": 1, "avg_loss": 2.0, "val_E_ANLS": 0.5}}}
    file = {"arch": "Dessurt", "iteration": 1, "config": config, "logger": logger,
            "state_dict": model.state_dict()}  # fmt: skip
    write_official(file, folder / "official.pth")


FORM = [
    funsd.entity(0, "header", "Form", 20, 20, [(0, 1)]),
    funsd.entity(1, "question", "Name:", 20, 60, [(0, 1), (1, 2)]),
    funsd.entity(2, "answer", "Bob", 100, 60, [(1, 2)]),
    funsd.entity(3, "other", "a note", 20, 120),
]
READ = [{"Name:": "question", "answers": ["Bob"]}]  # one of the two links
PAGES = ("page0", "page1")


def data_sets(folder: Path) -> None:
    """The sets' folders, each with pages for training, validation and test."""
    funsd.save(folder / "FUNSD" / "training_data", **dict.fromkeys(PAGES, FORM))
    funsd.save(folder / "FUNSD" / "testing_data", page0=FORM)
    boxes = [naf.box("t0", "text", 50, 20), naf.box("f0", "field", 170, 20)]
    given = naf.annotation(boxes, ["t0 f0"], t0="Name:", f0="Bob")
    naf.save(folder / "NAF", given, given, size=(400, 300))
    listed = {
        split: {"1": [f"{PAGES[split == 'train']}.jpg"]} for split in ("train", "valid", "test")
    }
    questions.write(folder / "NAF" / "train_valid_test_split.json", listed)
    for split in ("train", "val", "test"):
        questions.docvqa(folder / "DocVQA", split)
        asked = {"data": [questions.hw_squad()]}
        questions.write(folder / "HWSQuAD" / f"HW-SQuAD_{split}_1.0.json", asked)
        (folder / "RVL").mkdir(exist_ok=True)
        pages.rvl_cdip(folder / "RVL", split, ["a/0.tif 0", "a/1.tif 5"])
    questions.picture(folder / "HWSQuAD" / "pages" / "1.png")
    for split in ("train", "dev"):
        questions.squad(folder / "SQuAD", split)
    receipt = {"company": "X", "date": "1/2/2018", "address": "1, Road", "total": "9.00"}
    names = dict.fromkeys(("train", "valid", "test"), ["X1"])
    questions.write(folder / "SROIE" / "splits.json", names)
    questions.write(folder / "SROIE" / "X1.json", receipt)
    questions.picture(folder / "SROIE" / "X1.jpg")
    for split in ("train", "valid", "test"):
        asked = {"cat.png": [{"question": "natural_q~Who?", "answer": "a cat"}]}
        questions.write(folder / "cats_qa" / split / "qa.json", asked)
        questions.picture(folder / "cats_qa" / split / "cat.png")
    _iam(folder / "IAM")


def _iam(folder: Path) -> None:
    forms = {"train": "a01-000u", "valid": "a01-003x", "test": "b02-000"}
    lists = {"trainset": "train", "validationset1": "valid", "testset": "test"}
    iam.save(folder, *forms.values(), **{name: forms[split] for name, split in lists.items()})
    for name in ("standard", "Coquenet"):
        listed = {split: [form] for split, form in forms.items()}
        questions.write(folder / f"iam_{name}_splits.json", listed)
    for split_by in ("rwth", "custom"):
        place = folder / "ne_annotations" / "iam" / split_by
        place.mkdir(parents=True)
        for split, form in forms.items():
            words = f"{form}-00-00 NE:PER\n{form}-00-01 O\n{form}-01-00 NE:PER\n"
            for classes in (6, 18):
                (place / f"iam_{split}_{split_by}_{classes}_all.txt").write_text(words)


def page(path: Path) -> None:
    """A page with a line of print."""
    picture = Image.new("L", (240, 100), 255)
    ImageDraw.Draw(picture).text((30, 30), "in total 9.00", fill=0)
    picture.save(path)


def enter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work there, with figures judged in this process and plots on paper."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setattr(evaluation, "judges", lambda processes: nullcontext(here))
    monkeypatch.setattr("sys.argv", ["dessurt"])  # the verbs that are packages change it


def run(words: list[str]) -> int:
    """The exit code of a command."""
    AcceleratorState._reset_state(reset_partial_state=True)  # one for the whole process
    try:
        return cli.main(words)
    except SystemExit as end:  # of what is a package of its own
        return int(end.code or 0)
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)
