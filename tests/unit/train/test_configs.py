"""The shipped configs and those of the original: all of them train, at toy size."""

import inspect
import json
import random
import re
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from dessurt.data import sets
from dessurt.data.example import Example
from dessurt.data.questions.makers import TASKS
from dessurt.data.records import Record
from dessurt.page import Page
from dessurt.page.marks import Marks
from dessurt.protocol import Request
from dessurt.synth import page as synthetic
from dessurt.train import config_file
from dessurt.train.config import SECTIONS, Config, Optimizer, Part
from dessurt.train.config_file import read
from dessurt.train.learner.student import SoftTargets
from dessurt.train.loop import Run
from dessurt.train.main import main
from dessurt.train.original.configs import MODES, SETS, TOKENS, OriginalError, left_out, translated
from dessurt.train.section import ConfigError, markdown
from dessurt.truth import Printed, Truth, mapped_truth
from tests.unit.train.test_train_data import official

ROOT = Path(__file__).resolve().parents[3]
OURS = [path for path in sorted((ROOT / "configs").glob("*.json"))
        if not path.stem.startswith(("dessurt_", "my_pages"))]  # those see windows
TOY = {"im_embed_dim": 8, "conv_channels": [4] * 7, "decode_dim": 16, "dim_ff": 16,
       "decode_num_heads": 4, "swin_nheads": [2, 2]}  # fmt: skip


class Forms:
    """A data set in place of a real one: forms drawn for the test, and a question of each kind."""

    def __init__(self, folder: Path, split: str, own: str) -> None:
        self.own = own

    def __len__(self) -> int:
        return 2

    def record(self, index: int, rng: random.Random) -> Record:
        page, truth = form(index)
        line = truth.lines[0]
        marks = Marks.from_boxes(highlight=[line.box], mask=[line.words[0].box])
        request = Request(self.own, marks=marks if self.own == "mlm>" else Marks())
        own = Example(page, request, (line.text,), printed_answer=Printed.of(line))
        return Record(page, (own,), truth)


@lru_cache
def form(seed: int) -> tuple[Page, Truth]:
    """A synthetic form in a small picture: quickly drawn, quickly resized."""
    drawn = synthetic(seed, kinds=["form"])[0]
    small = cv2.resize(drawn.pixels, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    scale = np.array([[0.3, 0, 0], [0, 0.3, 0]])
    return Page.from_array(small), mapped_truth(drawn.truth, scale, small.shape[:2])


OWN = {"docvqa": "natural_q~", "hw_squad": "natural_q~", "rvl_cdip": "classify>", "iam":
       "read_block>", "iam_ner": "ner_full_c1>", "distill": "mlm>", "my_dataset": "natural_q~",
       "synth_handwriting": "read_block>"}  # fmt: skip


class Silent:
    """A teacher that has nothing to say; the real one is too large for a test."""

    def __init__(self, *_: object) -> None:
        pass

    def __call__(self, batch: Any) -> SoftTargets | None:
        return SoftTargets(torch.zeros(*batch.wanted.shape, 261)) if batch.hidden.any() else None


def toy(config: Config) -> Config:
    """The same config with the test's forms in place of data sets; two steps, one part a step."""

    def small(part: Part) -> Part:
        if part.data is None:
            return replace(part, batch=1, documents=1)
        own = OWN.get(part.data["set"], "json>")
        data = {"set": "tests.unit.train.test_configs:Forms", "own": own}
        return replace(part, batch=1, data=data)

    return replace(config, stages=tuple(
        replace(stage, steps=2, accumulate=len(stage.parts),
                parts={name: small(part) for name, part in stage.parts.items()})
        for stage in config.stages
    ))  # fmt: skip


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_a_config_trains_two_steps(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dessurt.train.learner.teacher.Teacher", Silent)
    settings: list[tuple[str, Any]] = [(f"model.{key}", value) for key, value in TOY.items()]
    if "start" in json.loads(path.read_text("utf-8")):
        settings = [("start", str(official(tmp_path / "start"))), *(
            (f"model.{key}", value) for key, value in TOY.items() if key == "max_a_tokens")]
        if path.stem.startswith("pretrain"):  # the size that this stage changes
            settings.append(("model.image_size", [128, 256]))
    else:
        settings.append(("tokenizer", str(official(tmp_path / "vocabulary"))))
    config = toy(read(path, settings))
    run = Run(config, tmp_path / "run", "cpu")
    stage = config.stages[0]
    asked = iter(run.batches(stage))
    for _ in range(len(stage.parts) * 2):
        drawn = next(asked)
        figures = run._learn(drawn.batch, drawn.text)
        assert figures["text"] > 0 and all(np.isfinite(list(figures.values()))), figures


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_the_sets_of_a_config_take_its_options(path: Path) -> None:
    for stage in json.loads(path.read_text("utf-8"))["stages"]:
        for part in stage["parts"].values():
            given = dict(part.get("data", {}))
            if given.get("set") not in sets.SETS:
                continue
            module, _, name = sets.SETS[given.pop("set")].partition(":")
            maker = getattr(__import__(f"dessurt.data.sets.{module}", fromlist=[name]), name)
            folder = given.pop("folder", "")
            inspect.signature(maker).bind(folder, given.pop("split", "train"), **given)


def test_the_shipped_configs_are_described() -> None:
    told = (ROOT / "configs" / "README.md").read_text("utf-8")
    missing = [path.name for path in (ROOT / "configs").glob("*.json") if path.name not in told]
    assert not missing


def test_every_key_is_described_where_it_is_defined_and_in_the_readme(
    capsys: pytest.CaptureFixture,
) -> None:
    readme = (ROOT / "configs" / "README.md").read_text("utf-8")
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for name, section in SECTIONS.items():
        described = {key.name for key in section.keys()}
        undescribed = {each.name for each in fields(section)} - described
        assert undescribed == ({"arguments"} if section is Optimizer else set()), name
        table = markdown(section)
        assert table in readme, f"The table of {name} in configs/README.md must be:\n\n{table}"
        for key in section.keys():
            assert f"{key.name} {key.meaning}" in shown, key.name


def test_a_value_of_another_type_is_refused_with_what_is_allowed() -> None:
    part = {"batch": 1, "window": [64, 256]}
    config = {"name": "tiny", "seed": 1, "model": {}, "card": {}, "frame": {"mode": "fit"}}

    def of(changes: dict[str, Any], **of_part: Any) -> Config:
        stage = {"steps": 1, "lr": 1, "parts": {"a": {**part, **of_part}}}
        return Config.of({**config, "stages": [stage], **changes})

    assert of({"seed": 1e3}).seed == 1000 and of({}, window=None).stages[0].parts["a"].text
    label = "part 'a' of stage 1"
    for changes, of_part, message in (
        ({"seed": "one"}, {}, "its seed is 'one': give a number."),
        ({"warm_up": 0}, {}, "its warm_up is 0: give a number above 0."),
        ({"warm_up": float("inf")}, {}, "its warm_up is inf: give a whole number."),
        ({"name": 7}, {}, "its name is 7: give text."),
        ({"remember": 1}, {}, "its remember is 1: give true or false."),
        ({"freeze": "norm"}, {}, "its freeze is 'norm': give a list."),
        ({"slow": {"norm": "x"}}, {}, "slow 'norm' is 'x': give a number."),
        ({"start": 1}, {}, "its start is 1: give text."),
        ({"optimizer": {"clip": "norm"}}, {}, "its optimizer lacks the key 'type': see"),
        ({"monitor": {"every": 1}}, {}, "its monitor lacks the key 'figure'"),
        ({}, {"batch": 1.5}, f"batch of {label} is 1.5: give a whole number."),
        ({}, {"window": [64]}, f"window of {label} is [64]: give a list of 2."),
        ({}, {"window": [64, 0]}, f"window 2 of {label} is 0: give a number above 0."),
        ({}, {"tasks": {"w0>": None}}, f"task 'w0>' of {label} is None: give a number."),
        ({}, {"fit": "page"}, f"fit of {label}: there is no 'page', choose from true, false, wid"),
        ({}, {"data": "naf"}, f"data of {label} is 'naf': give an object."),
    ):
        with pytest.raises(ConfigError, match=re.escape(message)):
            of(changes, **of_part)


# Configs of the original


def docvqa() -> dict[str, Any]:
    """The keys of the original's config for DocVQA, at toy size."""
    return {
        "name": "dessurt_docvqa_finetune", "cuda": True, "gpu": 0, "save_mode": "state_dict",
        "data_loader": {
            "data_set_name": "DocVQA", "data_dir": "data/DocVQA", "shuffle": True,
            "prefetch_factor": 5, "batch_size": 2, "num_workers": 4,
            "rescale_range": [0.9, 1.1], "rescale_to_crop_size_first": True,
            "crop_params": {"crop_size": [64, 256], "pad": 0, "rot_degree_std_dev": 1},
            "questions": 1, "cased": True},
        "validation": {"batch_size": 3},
        "optimizer_type": "AdamW", "optimizer": {"lr": 1e-4, "weight_decay": 0.01},
        "loss": {"answer": "label_smoothing", "mask": "focalLoss"},
        "loss_weights": {"answer": 1, "mask": 1, "cosine": 0, "distillation": 2.5},
        "loss_params": {"answer": {"smoothing": 0.1, "padding_idx": 1}},
        "metrics": [],
        "trainer": {
            "class": "QATrainer", "iterations": 128, "accum_grad_steps": 64, "save_dir": "saved/",
            "monitor": "val_E_ANLS", "monitor_mode": "max", "do_ocr": "no",
            "use_learning_schedule": "multi_rise then ramp_to_lower", "warmup_steps": [1000],
            "lr_down_start": 350000, "ramp_down_steps": 10000, "lr_mul": 0.1,
            "freeze_param_names": ["patch_embed.cnn"], "slow_param_names": ["text_embedding"]},
        "arch": "Dessurt",
        "model": {
            "image_size": [64, 256], "window_size": [8, 4], "decode_dim": 16, "dim_ff": 32,
            "decode_num_heads": 4, "blocks_per_level": [1, 1], "use_swin": [True, True],
            "swin_cross_attention": [True, True], "swin_nheads": [2, 4], "im_embed_dim": 8},
    }  # fmt: skip


def test_a_config_of_the_original_means_the_same() -> None:
    config = translated(docvqa())
    (stage,) = config["stages"]
    assert (stage["steps"], stage["accumulate"], stage["lr"]) == (2, 64, 1e-4)
    assert stage["parts"] == {"DocVQA": {
        "batch": 2, "data": {"set": "docvqa", "folder": "data/DocVQA"}, "rescale": [0.9, 1.1],
        "fit": True, "rotate": 1, "pad": 0, "shade": 0.0, "most_answer": 4000}}  # fmt: skip
    assert config["losses"] == {"per": "answer", "smoothing": 0.1, "answer": 1, "mask": 1,
                                "distillation": 2.5}  # fmt: skip
    assert config["optimizer"] == {
        "type": "AdamW", "decay": "all", "clip": "value", "weight_decay": 0.01}
    assert config["freeze"] == ["patch_embed.cnn"] and config["slow"] == {"text_embedding": 0.1}
    assert config["schedule"]["kind"] == "multi_rise then ramp_to_lower"
    assert config["schedule"]["lr_down_start"] == 350000
    assert config["model"]["max_q_tokens"] == 20 and config["model"]["dim_ff"] == 32
    assert left_out(docvqa()) == []


def test_a_config_of_the_original_trains_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(config_file, "VOCABULARY", str(official(tmp_path / "vocabulary")))
    given = docvqa()
    given["data_loader"]["min_text_height"] = 18
    given["trainer"]["accum_grad_steps"] = 2
    path = tmp_path / "cf_docvqa.json"
    path.write_text(json.dumps(given))
    config = read(path, [("trainer.iterations", 4)])
    assert "Not taken over from the original's config: data_loader.min_text_height\n" in (
        capsys.readouterr().err)  # fmt: skip
    run = Run(toy(config), tmp_path / "run", "cpu")
    run.train(workers=0)
    assert run.step == 2
    rates = sorted({group["lr"] for group in run.optimiser.param_groups})
    # the second of two steps of one micro-batch each: iteration 2 of a rise over 1000
    assert rates == pytest.approx([1e-5 * 0.01198, 1e-4 * 0.01198])


def test_a_mixture_of_the_original_is_parts_with_weights() -> None:
    given, loader = docvqa(), docvqa()["data_loader"]
    given["data_loader"] = {"data_set_name": "MultipleDataset", "batch_size": 1, "datasets": [
        {"freq": 0.02, "config": {"data_set_name": "DistilBartDataset", "data_dir": "fonts"}},
        {"freq": 0.06, "config": {"data_set_name": "SynthFormDataset", "data_dir": "forms",
                                  "use_json": "streamlined"}},
        {"freq": 0.3, "config": {"data_set_name": "SynthParaQA", "mode": "streamlined"}},
        {"freq": 0.45, "config": {"data_set_name": "CDIPCloudQA", "data_dir": "cdip",
                                  "mode": "streamlined"}},
        {"freq": 0.5, "config": {**loader, "data_set_name": "IAMNER", "full": True, "task": 18,
                                 "class_first": True, "short_class": True,
                                 "use_noise": 0.09}}]}  # fmt: skip
    config = translated(given)
    parts = config["stages"][0]["parts"]
    assert [part["weight"] for part in parts.values()] == [0.02, 0.06, 0.3, 0.45, 0.5]
    assert parts["DistilBartDataset"]["data"] == {"set": "distill"} and "teacher" in config
    streamlined = {"mk>": 0.08, "mlm>": 0.82, "mm~": 0.08, "re~": 0.02}
    assert parts["SynthParaQA"]["tasks"] == parts["CDIPCloudQA"]["tasks"] == streamlined
    assert parts["SynthFormDataset"]["tasks"]["json>"] == 0.34
    assert sum(parts["SynthFormDataset"]["tasks"].values()) == pytest.approx(0.99, abs=1e-4)
    assert parts["IAMNER"]["data"] == {
        "set": "iam_ner", "folder": "data/DocVQA", "classes": 18, "split_by": "rwth",
        "short": True, "noise": 0.09}  # fmt: skip
    # Each has its own scale, but a batch is as large as that of the mixture.
    assert [part["batch"] for part in parts.values()] == [1, 1, 1, 1, 1]
    assert parts["IAMNER"]["rescale"] == [0.9, 1.1] and parts["CDIPCloudQA"]["rescale"] == [1, 1]


@pytest.mark.parametrize(
    ("name", "shade", "fit"),
    [
        ("IAMQA", 1, False), ("IAMMixed", 1, False), ("SynthHWQA", 1, False), ("SROIE", 1, True),
        ("SynthFormDataset", 1, True), ("DistilBartDataset", 1, True), ("IAMNER", 0, False),
        ("SynthParaQA", 0, False), ("FUNSDQA", 0, False), ("NAFQA", 0, False),
        ("DocVQA", 0, False), ("CDIPCloudQA", 0, False), ("MyDataset", 0, False),
    ],
)  # fmt: skip
def test_pages_change_as_the_original_has_it_where_its_config_says_nothing(
    name: str, shade: float, fit: bool
) -> None:
    """Defaults of its data sets' `augment_shade` and `rescale_to_crop_size_first`."""

    def part(**more: Any) -> dict[str, Any]:
        given = docvqa()
        given["data_loader"] = {"data_set_name": name, "data_dir": "", **more}
        return translated(given)["stages"][0]["parts"][name]

    assert (part()["shade"], part()["fit"]) == (shade, fit)
    assert [part(augment_shade=each)["shade"] for each in (True, False, 0.3)] == [1, 0, 0.3]
    assert part(rescale_to_crop_size_first=not fit)["fit"] is not fit


def test_what_is_asked_as_often_as_the_original_asks_it() -> None:
    def part(name: str, **more: Any) -> dict[str, Any]:
        given = docvqa()
        given["data_loader"] = {"data_set_name": name, "data_dir": "", **more}
        return translated(given)["stages"][0]["parts"][name]

    for name in ("CensusQA", "RecordQA"):  # of its three kinds of questions one is of two columns
        assert part(name)["tasks"] == {
            "record~": 2, "all-name~": 0.5, "all-given name~": 0.5, "all-age~": 1}  # fmt: skip
    assert "tasks" not in part("IAMQA", mode="IAM_para")  # read_block>, the set's own
    assert part("IAMQA", mode="IAM_valid")["tasks"] == {"read_block0>": 1}
    asked = part("IAMQA", mode="IAM")["tasks"]
    assert sum(asked.values()) == pytest.approx(10)
    assert asked["rm>"] == asked["read_block>"] == asked["read_block0>"] == 2 * asked["kb~"] == 1
    for name in ("SynthHWQA", "IAMMixed"):
        assert part(name, image_size=[1148, 760])["data"]["size"] == [1148, 760]


def test_named_entities_are_asked_as_the_original_asks_them() -> None:
    def data(**more: Any) -> dict[str, Any]:
        given = docvqa()
        given["data_loader"] = {"data_set_name": "IAMNER", "data_dir": "data/IAM", **more}
        return translated(given)["stages"][0]["parts"]["IAMNER"]["data"]

    same = {"set": "iam_ner", "folder": "data/IAM", "classes": 6, "split_by": "rwth"}
    assert data() == {**same, "tasks": ["ner_full>", "ner_line>"], "short": False, "noise": 0.0}
    # as in cf_dessurt_IAMNER_finetune.json: all four tasks, since none are named
    assert data(full=True, class_first=True, short_class=True, use_noise=0.09) == {
        **same, "short": True, "noise": 0.09}  # fmt: skip
    with pytest.raises(OriginalError, match="IAMNER asks about words one by one where `full` is"):
        data(full=False)


STREAMLINED = {
    "json": 0.68, "link-": 0.05, "linkdown-": 0.05, "linkup-": 0.05, "f": 0.01, "t": 0.05,
    "r": 0.025, "c": 0.025, "full_row": 0.025, "full_col": 0.025,
}  # fmt: skip


def by_kind(tasks: dict[str, float]) -> dict[str, float]:
    """How often each kind of question is asked, whatever names what it is about."""
    sums: dict[str, float] = {}
    for token, often in tasks.items():
        kind = re.sub(r"(both|box|text|[i*0]?)[~>]$", "", token)
        sums[kind] = sums.get(kind, 0.0) + often
    return sums


def part_of(name: str, **loader: Any) -> dict[str, Any]:
    """What becomes of a data set of the original's config."""
    given = docvqa()
    given["data_loader"] = {"data_set_name": name, "data_dir": "x", "batch_size": 1, **loader}
    (part,) = translated(given)["stages"][0]["parts"].values()
    return part


def test_forms_are_asked_as_often_as_the_original_asks() -> None:
    """`streamlined` of FUNSD and of synthetic forms; of NAF's tables no cells are known."""
    for name in ("FUNSDQA", "SynthFormDataset"):
        part = part_of(name, use_json="streamlined")
        assert by_kind(part["tasks"]) == pytest.approx(STREAMLINED, abs=2e-4)
    naf = part_of("NAFQA", use_json="readevenmore")
    links = {kind: 0.05 for kind in ("link-", "linkdown-", "linkup-")}
    read = {"json": 0.68, **links, "f": 0.4, "w": 0.4}
    assert by_kind(naf["tasks"]) == pytest.approx(read, abs=2e-4)
    funsd = part_of("FUNSDQA", use_json="readevenmore")
    assert by_kind(funsd["tasks"]) == pytest.approx({**STREAMLINED, **read}, abs=2e-4)
    ours = {path.stem: json.loads(path.read_text())["stages"][0]["parts"] for path in OURS}
    for tasks in (ours["funsd"]["pages"]["tasks"], ours["pretrain_3_full"]["forms"]["tasks"]):
        assert by_kind(tasks) == pytest.approx(STREAMLINED, abs=2e-4)
    assert by_kind(ours["naf"]["pages"]["tasks"]) == pytest.approx(read, abs=2e-4)


def test_lengths_of_the_original_bound_answers() -> None:
    both = part_of("IAMQA", mode="IAM_para", max_qa_len=220000)
    each = part_of("IAMQA", mode="IAM_para", max_qa_len_in=640, max_qa_len_out=99999999999)
    assert (both["most_answer"], each["most_answer"]) == (220000, 99999999999)


def test_hw_squad_is_laid_into_the_image_of_its_config() -> None:
    part = part_of("HWSQuAD", crop_params={"crop_size": [768, 640]})
    assert part["data"] == {"set": "hw_squad", "folder": "x", "size": [768, 640]}


def test_forms_take_the_originals_labels_and_values_where_they_are_there(tmp_path: Path) -> None:
    loader = {"data_set_name": "SynthFormDataset", "data_dir": str(tmp_path)}
    given = {**docvqa(), "data_loader": loader}
    made_up = translated(given)["stages"][0]["parts"]["SynthFormDataset"]
    assert "data" not in made_up and "form" in made_up["kinds"]
    pairs = [["Cleopatra", [["Favourite moon", "Phobos"]]]]
    (tmp_path / "gpt2_form_generation.json").write_text(json.dumps(pairs))
    part = translated(given)["stages"][0]["parts"]["SynthFormDataset"]
    assert part["tasks"] == made_up["tasks"] and "kinds" not in part
    found = sets.open_set(part["data"])
    assert [each.title for each in found.groups] == ["Cleopatra"]
    assert found.kinds == tuple(made_up["kinds"])


def test_every_task_of_the_original_modes_can_be_made(root: Path) -> None:
    assert {token for tokens in TOKENS.values() for token in tokens.split()} <= TASKS.keys()
    golden = json.loads((root / "tests" / "golden" / "para_tasks.json").read_text("utf-8"))
    for mode in ("pretrain_word", "easy_word", "hard_word", "streamlined"):
        if mode in golden.get("mode_weights", {}):
            assert MODES[mode] == golden["mode_weights"][mode]["with_blocks"], mode
    assert set(SETS.values()) >= sets.SETS.keys() - {"annotations", "mixture", "pages", "synthetic"}


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        ("data_loader", {"data_set_name": "MNIST"}, "'MNIST' has no counterpart here"),
        ("data_loader", {"data_set_name": "docvqa"}, "did you mean 'DocVQA'?"),
        ("data_loader", {"data_set_name": "SynthParaQA", "mode": "echo"}, "has the mode 'echo'"),
        ("trainer", {"iterations": None}, "the original's config lacks something"),
        ("trainer", {"use_learning_schedule": "cosine"}, "its schedule needs a `kind`"),
    ],
)
def test_a_config_of_the_original_without_counterpart_says_why(
    tmp_path: Path, section: str, change: dict[str, Any], message: str
) -> None:
    given = docvqa()
    given[section] |= change
    path = tmp_path / "cf.json"
    path.write_text(json.dumps(given))
    with pytest.raises(ConfigError, match=message):
        read(path)
