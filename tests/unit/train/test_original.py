"""Configs of the original: which keys there are, and what becomes of each."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from dessurt import open_model
from dessurt.checkpoint.upkeep import series
from dessurt.run_log import read_log
from dessurt.train.config import Config, Optimizer, Part
from dessurt.train.config_file import read
from dessurt.train.learner.optimiser import optimiser_of
from dessurt.train.learner.start import student_of
from dessurt.train.loop import Run
from dessurt.train.main import main
from dessurt.train.original.configs import left_out, translated
from dessurt.train.original.keys import OriginalError
from dessurt.train.section import ConfigError
from tests.unit.train.test_train_data import config_of, official, part, write


def given(**sections: dict[str, Any]) -> dict[str, Any]:
    """A config with the original's sections and what they must have, and more keys of some."""
    loader = {"data_set_name": "DocVQA", "data_dir": "data", "batch_size": 2, "shuffle": True,
              "rescale_range": [0.9, 1.1], "crop_params": {"crop_size": [64, 256]}}  # fmt: skip
    config: dict[str, Any] = {
        "name": "toy", "data_loader": loader, "validation": {"shuffle": False},
        "optimizer_type": "AdamW", "optimizer": {"lr": 1e-4},
        "loss": {"answer": "label_smoothing", "mask": "focalLoss"},
        "loss_weights": {"answer": 1, "mask": 1}, "loss_params": {"answer": {"smoothing": 0.1}},
        "trainer": {"class": "QATrainer", "iterations": 100}, "arch": "Dessurt",
        "model": {"image_size": [64, 256]},
    }  # fmt: skip
    for name, keys in sections.items():
        config[name] = {**config[name], **keys}
    return config


def only_part(**loader: Any) -> dict[str, Any]:
    """The one part of the first stage, with these keys in `data_loader`."""
    (found,) = translated(given(data_loader=loader))["stages"][0]["parts"].values()
    return found


def mixture(*configs: dict[str, Any], **loader: Any) -> dict[str, Any]:
    entries = [{"freq": 1, "config": each} for each in configs]
    return {"data_set_name": "MultipleDataset", "batch_size": 3, "datasets": entries, **loader}


# All keys


def test_the_configs_of_the_original_are_read_as_they_are(
    shared: Path, capsys: pytest.CaptureFixture
) -> None:
    paths = sorted((shared / "data" / "original" / "configs").glob("*.json"))
    told = {}
    for path in paths:
        config = read(path)
        assert config.optimizer == Optimizer("AdamW", "all", "value", {"weight_decay": 0.01})
        file = json.loads(path.read_text())
        assert config.log_every == file["trainer"]["log_step"]
        if "pretraining" in path.stem:
            assert config.monitor is None  # it would be validated after its end
        else:
            monitor = config.monitor
            assert monitor.figure == file["trainer"]["monitor"]
            assert monitor.best == file["trainer"]["monitor_mode"]
            assert monitor.every == file["trainer"]["val_step"]
            (seen,) = monitor.parts.values()
            assert seen.batch == file["validation"].get("batch_size", 1)
            assert seen.rescale == tuple(file["validation"]["rescale_range"])
            assert (seen.centred, seen.rotate) == (True, 0)
            assert seen.data["split"] == "valid"
        told[path.stem] = capsys.readouterr().err
    assert len(paths) == 13
    # What is drawn is drawn by our own generator.
    assert {name for name, text in told.items() if text} == {
        "cf_dessurt_first_small_pretraining", "cf_dessurt_second_reading_pretraining",
        "cf_dessurt_third_full_pretraining"}  # fmt: skip
    assert told["cf_dessurt_first_small_pretraining"] == (
        "Not taken over from the original's config: data_loader.image_size\n"
    )
    third = told["cf_dessurt_third_full_pretraining"]
    assert "data_loader.datasets.0.config.clear_fonts, " in third and third.count("\n") == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data_loader": {"batchsize": 1}},
         "there is no key 'batchsize' in data_loader: did you mean 'batch_size'?"),
        ({"validation": {"rescale_rang": [1, 1]}},
         "there is no key 'rescale_rang' in validation: did you mean 'rescale_range'?"),
        ({"data_loader": {"crop_params": {"randm": False}}},
         "there is no key 'randm' in data_loader.crop_params: did you mean 'random'?"),
        ({"data_loader": mixture({"data_set_name": "DocVQA"}, {"data_set_name": "S", "foo": 1})},
         "there is no key 'foo' in data_loader.datasets.1.config: take one of "),
        ({"trainer": {"monitor_mod": "max"}},
         "there is no key 'monitor_mod' in trainer: did you mean 'monitor_mode'?"),
        ({"model": {"Max_A_Tokens": 8}},
         "there is no key 'Max_A_Tokens' in model: did you mean 'max_a_tokens'?"),
        ({"optimizer": {"weight_decy": 0}},
         "there is no key 'weight_decy' in optimizer: did you mean 'weight_decay'?"),
        ({"loss_params": {"answer": {"smooth": 0.1}}},
         "there is no key 'smooth' in loss_params.answer: did you mean 'smoothing'?"),
        ({"trainer": {"only_params": ["x"], "iteration": 1}}, "did you mean 'iterations'?"),
    ],
)  # fmt: skip
def test_a_key_that_there_is_not_is_refused_with_the_nearest(
    tmp_path: Path, changes: dict[str, Any], message: str, capsys: pytest.CaptureFixture
) -> None:
    path = write(tmp_path / "cf.json", given(**changes))
    with pytest.raises(SystemExit) as stop:
        main([str(path), "--runs", str(tmp_path / "runs")])
    shown = capsys.readouterr().err
    assert stop.value.code == 2 and message in shown and shown.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_a_misspelt_section_is_refused_too(tmp_path: Path) -> None:
    config = given()
    config["data_lodaer"] = config.pop("data_loader")
    message = "no key 'data_lodaer' in the original's config: did you mean 'data_loader'?"
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        read(write(tmp_path / "cf.json", config))


def test_a_file_that_is_not_there_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path / "nowhere.json")])
    assert "nowhere.json cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("validated", [False, True])
def test_a_folder_that_is_not_there_is_said_before_anything_is_learned(
    tmp_path: Path, validated: bool, capsys: pytest.CaptureFixture
) -> None:
    start = official(tmp_path / "start")
    config = given(
        data_loader={"data_dir": str(tmp_path / "nowhere")},
        trainer={"val_step": 10 if validated else 1000},
        model=json.loads((start / "config.json").read_text())["model"],
    )
    with pytest.raises(SystemExit) as stop:
        main([str(write(tmp_path / "cf.json", config)), "--runs", str(tmp_path / "runs"),
              "--device", "cpu", "--set", f"start={start}"])  # fmt: skip
    shown = capsys.readouterr().err.splitlines()[-1]
    assert stop.value.code == 2 and "nowhere" in shown and "it is not there" in shown


def test_a_gpu_that_there_is_not_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    words = [str(write(tmp_path / "c.json", config_of(part()))), "--runs", str(tmp_path / "runs")]
    with pytest.raises(SystemExit) as stop:
        main([*words, "--device", "cuda:1"])
    shown = capsys.readouterr().err
    assert stop.value.code == 2 and "There is no GPU cuda:1 here: the last one is cuda:0" in shown
    assert shown.count("\n") == 1 and not (tmp_path / "runs").exists()
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(SystemExit):
        main([*words, "--device", "cuda:1"])
    assert "of several processes each takes a GPU of its own" in capsys.readouterr().err


def test_what_is_not_honoured_is_told_by_its_full_name() -> None:
    forms = {"data_set_name": "SynthFormDataset", "use_json": "only", "tables": 0.5,
             "image_size": [64, 256]}  # fmt: skip
    written = {"data_set_name": "SynthHWQA", "data_dir": "lines", "image_size": [64, 256]}
    config = given(
        data_loader=mixture(forms, written),
        trainer={"swa": True, "only_params": ["patch"], "retry_count": 5, "val_step": 7},
        model={"use_bart_layer_init": True, "NER_tokens": True}, loss={"answer": "CE"},
    )  # fmt: skip
    assert left_out(config) == [
        "data_loader.datasets.0.config.tables", "data_loader.datasets.0.config.image_size",
        "trainer.swa", "trainer.only_params", "model.use_bart_layer_init", "model.NER_tokens",
        "loss.answer", "validation (on SynthFormDataset, SynthHWQA)",
    ]  # fmt: skip
    # With these values they change nothing.
    config = given(
        data_loader={"color": False, "questions": 1, "max_qa_len_in": 640, "max_q_tokens": 20,
                     "num_workers": 8, "xuse_noise": 1},
        trainer={"swa": False, "distillation_temperature": 2.0}, model={"NER_tokens": False},
    )  # fmt: skip
    assert left_out(config) == []
    config = given(
        data_loader={"color": True, "shuffle": False, "max_qa_len_in": 20,
                     "crop_params": {"crop_size": [128, 256], "flip_horz": True, "left": False}},
        validation={"shuffle": True},
    )  # fmt: skip
    assert sorted(left_out(config)) == [
        "data_loader.color", "data_loader.crop_params.crop_size",
        "data_loader.crop_params.flip_horz", "data_loader.max_qa_len_in", "data_loader.shuffle",
    ]  # fmt: skip


# What each means


def test_a_page_is_changed_as_the_section_says() -> None:
    crop = {"crop_size": [64, 256], "pad": 3, "rot_degree_std_dev": 2, "rot_freq": 0.5}
    found = only_part(crop_params=crop, rescale_range=0.8, augment_shade=0.25)
    assert (found["pad"], found["rotate"], found["turned"]) == (3, 2, 0.5)
    assert (found["rescale"], found["fit"], found["shade"]) == ([0.8, 0.8], False, 0.25)
    assert "centred" not in found and Part.of(found).turned == 0.5
    found = only_part(crop_params={"crop_size": 96, "random": False})
    assert (found["pad"], found["rotate"], found["centred"]) == (48, 0, True)
    assert only_part(crop_params=None)["pad"] == 0
    assert only_part(rescale_to_crop_size_first=True)["fit"] is True
    assert only_part(rescale_to_crop_width_first=True)["fit"] == "width"
    assert only_part(rescale_to_crop_height_first=True)["fit"] == "height"


def test_letters_are_made_small_where_the_original_does_it() -> None:
    assert only_part(cased=False)["cased"] is False
    assert "cased" not in only_part() and "cased" not in only_part(cased=True)
    for name in ("NAFRead", "RVLCDIPClass"):
        assert "cased" not in only_part(data_set_name=name, cased=False)


def test_answers_are_as_long_as_the_section_says() -> None:
    assert only_part()["most_answer"] == 4000
    assert only_part(max_qa_len=300)["most_answer"] == 300
    assert only_part(max_qa_len=300, max_qa_len_out=99999)["most_answer"] == 99999


@pytest.mark.parametrize(
    ("loader", "options"),
    [
        ({"data_set_name": "IAMQA", "mode": "IAM_para", "data_split": "Coquenet"},
         {"set": "iam", "splits": "Coquenet"}),
        ({"data_set_name": "IAMQA", "mode": "IAM_para"}, {"set": "iam", "splits": "rwth"}),
        ({"data_set_name": "IAMMixed", "image_size": [60, 200], "data_split": "standard"},
         {"set": "iam_mixed", "splits": "rwth", "size": [60, 200]}),
        ({"data_set_name": "IAMNER", "data_split": "custom", "task": 18, "use_noise": 0.09},
         {"set": "iam_ner", "split_by": "custom", "classes": 18, "short": False, "noise": 0.09,
          "tasks": ["ner_full>", "ner_line>"]}),
        ({"data_set_name": "SynthHWQA", "image_size": [60, 200]},
         {"set": "synth_handwriting", "size": [60, 200]}),
        ({"data_set_name": "DocVQA", "half": True}, {"set": "docvqa", "half": True}),
    ],
    ids=lambda each: each.get("data_split") if "data_set_name" in each else "",
)  # fmt: skip
def test_options_of_a_set(loader: dict[str, Any], options: dict[str, Any]) -> None:
    assert only_part(**loader)["data"] == {"folder": "data", **options}


def test_what_is_asked_where_nothing_is_said() -> None:
    """Of paragraphs the original's hard questions, of forms those that its paper gave up."""
    hard = only_part(data_set_name="SynthParaQA")["tasks"]
    assert (hard["mk>"], hard["rm>"], hard["su~"], hard["re~"]) == (4, 1, 0.25, 0.2)
    assert only_part(data_set_name="SynthParaQA", easy=True)["tasks"]["mk>"] == 1
    assert left_out(given(data_loader={"data_set_name": "SynthParaQA"})) == [
        "data_loader.mode (the questions read_backwards)"
    ]
    old = only_part(data_set_name="FUNSDQA")["tasks"]
    assert "json>" not in old
    # Linked texts in 1.3 of 15 (three tokens), in 1.0 each way; tables 0.9, one of them 1.1.
    assert (old["link-box~"], old["linkup-text~"]) == pytest.approx((1.3 / 3, 1 / 3), abs=1e-6)
    assert (old["fi~"], old["t~"], old["t#>"], old["0t~"]) == (0.5, 0.55, 0.9, 1.1)
    assert left_out(given(data_loader={"data_set_name": "FUNSDQA"})) == [
        "data_loader.use_json (the questions all of a class, class)"
    ]
    assert "t~" not in only_part(data_set_name="NAFQA")["tasks"]  # its cells have no texts
    assert only_part(data_set_name="FUNSDQA", use_json=True)["tasks"]["json>"] == 6


def test_forms_are_asked_by_the_mode() -> None:
    found = only_part(data_set_name="FUNSDQA", use_json="streamlined")["tasks"]
    assert found["json>"] == 0.34 and "list_row_headers~" not in found
    assert (found["ri~"], found["c*~"], found["t~"], found["full_row~"]) == (
        0.0125, 0.0125, 0.025, 0.0125)
    found = only_part(data_set_name="NAFQA", use_json="readevenmore")["tasks"]
    assert (found["w0>"], found["fi~"], found["f0~"]) == (0.4, 0.2, 0.2)


@pytest.mark.parametrize(
    ("loader", "asked"),
    [
        ({"data_set_name": "FUNSDQA", "use_json": "streamlined"}, {"json>": 1}),
        ({"data_set_name": "FUNSDQA"}, {"link-both~": 1, "f0~": 1}),
        ({"data_set_name": "CensusQA"}, {"record~": 1}),
        ({"data_set_name": "DocVQA"}, None),
    ],
)
def test_what_is_asked_to_validate(loader: dict[str, Any], asked: dict[str, float] | None) -> None:
    config = given(data_loader={**loader, "cased": False}, trainer={"val_step": 50},
                   validation={"batch_size": 4, "data_dir": "other"})  # fmt: skip
    monitor = translated(config)["monitor"]
    (seen,) = monitor["parts"].values()
    assert (monitor["every"], monitor["figure"], monitor["best"]) == (50, "loss", "none")
    assert seen.get("tasks") == asked and seen["batch"] == 4 and seen["rescale"] == [0.9, 1.1]
    assert (seen["data"]["split"], seen["data"]["folder"]) == ("valid", "data")
    assert seen["cased"] is False


@pytest.mark.parametrize(
    ("options", "token"),
    [({}, "ner_full>"), ({"eval_full": False}, "ner_line>"),
     ({"class_first": True, "eval_class_before": True}, "ner_full_c1>")],
)  # fmt: skip
def test_entities_are_validated_by_one_task(options: dict[str, Any], token: str) -> None:
    config = given(data_loader={"data_set_name": "IAMNER", **options}, trainer={"val_step": 50})
    (seen,) = translated(config)["monitor"]["parts"].values()
    assert seen["data"]["tasks"] == [token]


def test_a_mixture_inherits_nothing_but_the_batch() -> None:
    one = {"data_set_name": "DocVQA", "data_dir": "a", "batch_size": 9, "cased": False,
           "crop_params": {"crop_size": [64, 256], "pad": 0, "random": False}}  # fmt: skip
    two = {"data_set_name": "IAMQA", "data_dir": "b", "mode": "IAM", "data_split": "standard"}
    config = translated(given(data_loader=mixture(one, two, rescale_range=[0.5, 2.0])))
    first, second = config["stages"][0]["parts"].values()
    assert first["batch"] == second["batch"] == 3
    assert first["rescale"] == second["rescale"] == [1, 1]
    assert (first["cased"], first["centred"]) == (False, True)
    assert second["data"] == {"set": "iam", "folder": "b", "splits": "standard"}
    assert second["tasks"]["read_block0>"] == 1 and second["shade"] == 1


def test_a_loss_that_is_not_named_does_not_count() -> None:
    config = given()
    assert translated(config)["losses"]["mask"] == 1
    del config["loss"]["mask"]
    assert translated(config)["losses"]["mask"] == 0


# The optimiser


def test_the_optimiser_of_the_original(tmp_path: Path) -> None:
    """AdamW as PyTorch has it: betas 0.9 and 0.999, and every weight decays by 0.01."""
    start = official(tmp_path / "start")
    config = {**translated(given(trainer={
        "freeze_param_names": ["patch_embed"], "slow_param_names": ["norm"],
        "slower_param_names": ["text_embedding"], "not_as_slow_param_names": ["norm1"]})),
        "start": str(start), "model": json.loads((start / "config.json").read_text())["model"],
    }  # fmt: skip
    student, _ = student_of(Config.of(config))
    optimiser = optimiser_of(student, Config.of(config))
    assert type(optimiser) is torch.optim.AdamW and optimiser.defaults["betas"] == (0.9, 0.999)
    assert {group["weight_decay"] for group in optimiser.param_groups} == {0.01}
    factor = {
        id(parameter): group["factor"]
        for group in optimiser.param_groups for parameter in group["params"]
    }  # fmt: skip
    for name, parameter in student.named_parameters():
        expected = (
            None if "patch_embed" in name else 0.5 if "norm1" in name
            else 0.01 if "text_embedding" in name else 0.1 if "norm" in name else 1.0
        )  # fmt: skip
        assert factor.get(id(parameter)) == expected, name


def test_other_optimisers_and_their_arguments(tmp_path: Path) -> None:
    sgd = given(optimizer={"momentum": 0.9})
    sgd["optimizer_type"] = "SGD"
    student, _ = student_of(Config.of(config_of(part())))
    optimiser = optimiser_of(student, Config.of({**config_of(part()), **translated(sgd)}))
    assert type(optimiser) is torch.optim.SGD and optimiser.defaults["momentum"] == 0.9
    adam = given(optimizer={"betas": [0.8, 0.9], "weight_decay": 0})
    assert translated(adam)["optimizer"]["betas"] == [0.8, 0.9]
    sgd["optimizer_type"] = "adamw"
    with pytest.raises(OriginalError, match="no optimizer 'adamw': did you mean 'AdamW'?"):
        translated(sgd)
    ours = optimiser_of(student, Config.of(config_of(part())))
    assert ours.defaults["betas"] == (0.9, 0.98)
    assert [group["weight_decay"] for group in ours.param_groups] == [0.01, 0]
    assert all(each.ndim > 1 for each in ours.param_groups[0]["params"])


@pytest.mark.parametrize("clip", ["norm", "value"])
def test_gradients_are_clipped_as_the_config_says(
    tmp_path: Path, clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config.of(config_of(part(), optimizer={"type": "SGD", "clip": clip}))
    run = Run(config, tmp_path, "cpu")
    drawn = next(iter(run.batches(config.stages[0])))
    monkeypatch.setattr(run.optimiser, "zero_grad", lambda **_: None)  # so that they can be seen
    forward = run.student.forward

    def loud(*asked: Any) -> Any:
        loss, figures = forward(*asked)
        return 1e6 * loss, figures

    monkeypatch.setattr(run.student, "forward", loud)
    run._learn(drawn.batch, drawn.text)
    gradients = torch.cat([
        each.grad.flatten() for each in run.student.parameters() if each.grad is not None])
    assert float(gradients.abs().max()) <= 1 + 1e-6
    assert (float(gradients.norm()) > 1.01) == (clip == "value")


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        ({"type": "AdamX"}, "torch.optim has no optimizer 'AdamX': did you mean"),
        ({"type": "AdamW", "beta": 1}, "keys of its optimizer: there is no 'beta'"),
        ({"type": "AdamW", "decay": "some"}, "decay of its optimizer: there is no 'some'"),
        ({"betas": [0.9, 0.98]}, "its optimizer lacks the key 'type'"),
    ],
)
def test_an_optimiser_that_there_is_not_is_refused(
    tmp_path: Path, optimizer: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        read(write(tmp_path / "c.json", config_of(part(), optimizer=optimizer)))


# A whole run


def test_a_config_of_the_original_is_validated_and_keeps_its_best_weights(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cats exactly as they are in the original, but for the size of the model and the run."""
    folder = shared / "data" / "original"
    start = official(tmp_path / "start")
    sizes = json.loads((start / "config.json").read_text())["model"]
    monkeypatch.chdir(folder)  # the config names its data from there
    settings = {"trainer.iterations": 8, "trainer.val_step": 8, "trainer.log_step": 4,
                "start": str(start), "model": {**sizes, "max_a_tokens": 12}}  # fmt: skip
    words = [part for key, value in settings.items()
             for part in ("--set", f"{key}={json.dumps(value)}")]  # fmt: skip
    assert main(["configs/cf_test_cats_qa_finetune.json", "--runs", str(tmp_path / "runs"),
                 "--device", "cpu", "--workers", "0", *words]) == 0  # fmt: skip
    run = tmp_path / "runs" / "test_cats_qa_finetune"
    log = read_log(run / "log.jsonl")
    assert [each["step"] for each in log if each["kind"] == "train"] == [1, 2]
    (found,) = [each for each in log if each["kind"] == "validation"]
    assert found["step"] == 2 and found["best"] and 0 <= found["val_E_ANLS"] <= 1
    assert found["val_natural_q~_ED"] == found["val_score_ed"] > 0
    assert "validation/val_E_ANLS" in series(run)
    assert open_model(run / "best", "cpu").card.name == "test_cats_qa_finetune"
