"""Configs of the original repository, as they are, in our keys.

`translated` says what becomes of each key. Validation is not part of a config here: measure with
`dessurt evaluate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

VOCABULARY = "facebook/bart-base"
TEACHER = "facebook/bart-large"

# Sets of the original under our names. Those not here are made from synthetic pages.
SETS = {
    "BenthamQA": "bentham", "CDIPCloudQA": "cdip", "CensusQA": "census", "DistilBartDataset":
    "distill", "DocVQA": "docvqa", "FUNSDQA": "funsd", "HWSQuAD": "hw_squad", "IAMMixed":
    "iam_mixed", "IAMNER": "iam_ner", "IAMQA": "iam", "MyDataset": "my_dataset", "NAFQA": "naf",
    "NAFRead": "naf_lines", "RVLCDIPClass": "rvl_cdip", "RecordQA": "census", "SQuAD": "squad",
    "SROIE": "sroie", "SynthHWQA": "synth_handwriting",
}  # fmt: skip
SYNTHETIC = {"SynthParaQA": (), "SynthFormDataset": ("form", "invoice", "receipt", "table")}
PAIRS = "gpt2_form_generation.json"  # labels and values of forms; without it they are made up
NO_FOLDER = ("DistilBartDataset",)  # drawn, by us from the computer's fonts

# What the original takes where its config says nothing.
MODEL = {"max_q_tokens": 20, "max_a_tokens": 800, "no_dropout": False, "do_mask_output": True}

# What a mode of the original asks about paragraphs: how often each kind of question.
_EASY = {name: 1.0 for name in (
    "read_blanked", "proper_read_replaced", "long_mlm", "read_line", "highlight_text",
    "read_highlighted", "masked_lm", "put_in_place", "read_on", "highlight_block")}  # fmt: skip
MODES = {
    "pretrain_word": {name: 1.0 for name in (
        "read_blanked", "proper_read_replaced", "highlight_text", "read_highlighted", "read_on")},
    "easy_word": _EASY,
    "hard_word": {
        **_EASY, "read_blanked": 0.5, "proper_read_replaced": 0.5, "read_line": 0.1,
        "highlight_text": 0.1, "read_highlighted": 0.1, "masked_lm": 4.0, "long_mlm": 16.0,
        "read_on": 0.9},
    "streamlined": {
        "masked_lm": 0.08, "long_mlm": 0.82, "put_in_place": 0.08, "read_on no_highlight": 0.02},
    "IAM_para": {},  # the set's own question
}  # fmt: skip
TOKENS = {  # of each kind of question; they are asked equally often
    "read_blanked": "kb~ k0~", "read_replaced": "su~ s0~",
    "proper_read_replaced": "proper_su~ proper_s0~", "read_with_masked": "rm>",
    "read_line": "up~ dn~ u0~ d0~ ^^~ vv~ ^0~ v0~", "highlight_text": "0;~ 0w~",
    "read_highlighted": ";0> w0>", "masked_lm": "mk>", "put_in_place": "mm~",
    "read_on": "re~ r0~", "read_on no_highlight": "re~", "highlight_block": "0p~ 00~",
    "long_mlm": "mlm>",
    "json": "json> json~", "links": "link-both~ link-box~ link-text~",
    "links down": "linkdown-both~ linkdown-box~ linkdown-text~",
    "links up": "linkup-both~ linkup-box~ linkup-text~", "read": "fi~ f0~", "line": "w0>",
    "cell": "t~ t0~", "row header": "ri~ r*~", "column header": "ci~ c*~",
    "row": "full_row~ full_row0~", "column": "full_col~ full_col0~",
    "headers": "list_row_headers~ list_column_headers~",
}  # fmt: skip
# What a mode asks about forms. (About what is not on the form our tasks ask by themselves.)
_LINKS = {"links": 0.05, "links down": 0.05, "links up": 0.05}
FORM_MODES = {
    "streamlined": {
        "json": 0.68, **_LINKS, "read": 0.01, "cell": 0.05, "row header": 0.0125,
        "column header": 0.0125, "headers": 0.025, "row": 0.025, "column": 0.025},
    "readevenmore": {"json": 0.68, **_LINKS, "read": 0.4, "line": 0.4},
    "only": {"json": 1.0},
}  # fmt: skip
IGNORED = {  # that change nothing here: files, processes, logging
    "": "cuda gpu save_mode override validation lr_scheduler_type optimizer_type metrics arch "
        "super_computer",
    "data_loader": "shuffle prefetch_factor persistent_workers num_workers questions cased "
        "image_size max_qa_len max_qa_len_in",
    "trainer": "class save_dir val_step save_step save_step_minor log_step print_pred_every "
        "verbosity monitor monitor_mode retry_count do_ocr",
}  # fmt: skip
TAKEN = {
    "": "name data_loader optimizer loss loss_weights loss_params trainer model",
    "data_loader": "data_set_name data_dir batch_size rescale_range rescale_to_crop_size_first "
        "crop_params augment_shade datasets mode use_json max_qa_len_out full class_first "
        "short_class task data_split freq half",
    "trainer": "iterations accum_grad_steps use_learning_schedule warmup_steps lr_down_start "
        "ramp_down_steps lr_mul swa_start swa_lr_mul lr_steps freeze_param_names "
        "slow_param_names AMP cycle_size min_lr_mul low_lr_mul",
}  # fmt: skip


class OriginalError(ValueError):
    """A config of the original that has no counterpart; the message says what is missing."""


def is_original(config: Any) -> bool:
    """Whether a config has the original's sections."""
    return isinstance(config, dict) and {"data_loader", "trainer", "model"} <= config.keys()


def left_out(given: Mapping[str, Any]) -> list[str]:
    """The keys of the original's config that are not taken over."""
    sections = {"": given, "data_loader": given["data_loader"], "trainer": given["trainer"]}
    return [
        f"{name}.{key}".lstrip(".")
        for name, section in sections.items()
        for key in section
        if key not in (*TAKEN[name].split(), *IGNORED[name].split())
    ]


def translated(given: Mapping[str, Any]) -> dict[str, Any]:
    """A config of the original in our keys.

    Raises:
        OriginalError: it has a data set or a mode that there is not.
    """
    trainer, weights = given["trainer"], given.get("loss_weights", {})
    accumulate = trainer.get("accum_grad_steps", 1)
    parts = _parts(given["data_loader"])
    smoothing = given.get("loss_params", {}).get("answer", {}).get("smoothing", 0.1)
    schedule = trainer.get("use_learning_schedule", False)
    names = {True: "spike", False: "multi_rise"}
    config = {
        "name": given.get("name", "original"),
        "seed": 1234,
        "precision": "bf16" if trainer.get("AMP") else "no",
        "model": {**MODEL, **given["model"]},
        "frame": {"mode": "fit"},
        "card": {"description": f"Trained as {given.get('name')} of the original"},
        "losses": {
            "per": "answer",
            "smoothing": smoothing if _smooth(given) else 0.0,
            **{key: weights[key] for key in ("answer", "mask", "distillation") if key in weights},
        },
        "schedule": {
            "warmup_steps": [],
            **{key: trainer[key] for key in TAKEN["trainer"].split() if key in trainer},
            "kind": names.get(schedule, schedule),
        },
        "freeze": trainer.get("freeze_param_names", []),
        "slow": {name: 0.1 for name in trainer.get("slow_param_names", [])},
        "stages": [{
            "steps": max(trainer["iterations"] // accumulate, 1),
            "accumulate": accumulate,
            "lr": given["optimizer"]["lr"],
            "parts": parts,
        }],
    }  # fmt: skip
    if any(part.get("data", {}).get("set") == "distill" for part in parts.values()):
        config["teacher"] = TEACHER
    return config


def _smooth(given: Mapping[str, Any]) -> bool:
    return given.get("loss", {}).get("answer") == "label_smoothing"


def _parts(loader: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The parts of a mixture: one for each data set."""
    if loader["data_set_name"] != "MultipleDataset":
        return {loader["data_set_name"]: _part(loader)}
    parts: dict[str, dict[str, Any]] = {}
    for each in loader["datasets"]:
        section = {"batch_size": loader.get("batch_size", 1), **each["config"]}
        name = section["data_set_name"]
        name = name if name not in parts else f"{name} {len(parts)}"
        parts[name] = {**_part(section), "weight": each.get("freq", 1.0)}
    return parts


def _part(loader: Mapping[str, Any]) -> dict[str, Any]:
    name, crop = loader["data_set_name"], loader.get("crop_params", {})
    if name not in SETS and name not in SYNTHETIC:
        raise OriginalError(
            f"the original's data set {name!r} has no counterpart here: write a config in our "
            "keys with a data set of your own."
        )
    part: dict[str, Any] = {
        "batch": loader.get("batch_size", 1),
        "rescale": loader.get("rescale_range", [1.0, 1.0]),
        "fit": bool(loader.get("rescale_to_crop_size_first", False)),
        "rotate": crop.get("rot_degree_std_dev", 0.0),
        "pad": crop.get("pad", min(crop.get("crop_size", [0])) // 2),
        "shade": float(loader.get("augment_shade") or 0.0),
        "most_answer": min(loader.get("max_qa_len_out", 4000), 4000),
    }
    if tasks := _tasks(name, loader):
        part["tasks"] = tasks
    if name in SYNTHETIC:
        kinds, folder = list(SYNTHETIC[name]), loader.get("data_dir", "")
        if name != "SynthFormDataset" or not (Path(folder) / PAIRS).is_file():
            return {**part, "kinds": kinds}
        data = {"set": "synthetic", "folder": folder, "vocabulary": PAIRS, "kinds": kinds}
        return {**part, "data": data}
    folder = {} if name in NO_FOLDER else {"folder": loader.get("data_dir", "")}
    return {**part, "data": {"set": SETS[name], **folder, **_options(name, loader)}}


def _tasks(name: str, loader: Mapping[str, Any]) -> dict[str, float]:
    """Tokens and how often each is asked; none where a set has questions of its own."""
    if name in ("SynthParaQA", "CDIPCloudQA", "IAMQA"):
        modes, mode = MODES, loader.get("mode", "IAM_para" if name == "IAMQA" else "easy_word")
    elif name in ("SynthFormDataset", "FUNSDQA", "NAFQA"):
        modes, mode = FORM_MODES, loader.get("use_json", "streamlined")
    else:
        return {}
    if mode not in modes:
        raise OriginalError(f"{name} has the mode {mode!r}: take one of {', '.join(modes)}.")
    found: dict[str, float] = {}
    for kind, often in modes[mode].items():
        tokens = TOKENS[kind].split()
        found |= {token: round(often / len(tokens), 6) for token in tokens}
    return found


def _options(name: str, loader: Mapping[str, Any]) -> dict[str, Any]:
    """A set's own options."""
    if name == "IAMNER":
        asked = "full" if loader.get("full") else "line"
        first = "_c1" if loader.get("class_first") else ""
        return {
            "task": f"ner_{asked}{first}>", "classes": loader.get("task", 6),
            "split_by": loader.get("data_split", "rwth"),
            "short": bool(loader.get("short_class", False)),
        }  # fmt: skip
    return {"half": True} if name == "DocVQA" and loader.get("half") else {}
