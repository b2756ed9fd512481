"""Configs of the original repository, as they are, in our keys.

`translated` says what becomes of each key that is honoured; the others are in `keys`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dessurt.train.original import keys
from dessurt.train.original.keys import OriginalError, did_you_mean, refuse_unknown

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
# Where ink and paper change their brightness, and where pages are made to fit, unless a config says
# otherwise. The original draws its forms as large as the image; ours are larger.
SHADED = ("DistilBartDataset", "IAMMixed", "IAMQA", "SROIE", "SynthFormDataset", "SynthHWQA")
FITTED = ("DistilBartDataset", "SROIE", "SynthFormDataset")
CASED = ("NAFQA", "NAFRead", "RVLCDIPClass")  # whatever a config says
# What have pages to validate on; the others are drawn, or for training only.
VALIDATED = (
    *("census", "docvqa", "funsd", "hw_squad", "iam", "iam_mixed", "iam_ner", "my_dataset", "naf"),
    *("naf_lines", "rvl_cdip", "squad", "sroie"),
)

# What the original takes where its config says nothing.
MODEL = {
    "max_q_tokens": 20, "max_a_tokens": 800, "no_dropout": False, "do_mask_output": True,
    "init_from_pretrained": True,
}  # fmt: skip

PARAGRAPHS = ("SynthParaQA", "CDIPCloudQA", "IAMQA")  # sets whose `mode` says what is asked
FORMS = ("SynthFormDataset", "FUNSDQA", "NAFQA")  # sets whose `use_json` says it

# What a mode of the original asks about paragraphs: how often each kind of question.
_EASY = {name: 1.0 for name in (
    "read_blanked", "proper_read_replaced", "long_mlm", "read_line", "highlight_text",
    "read_highlighted", "masked_lm", "put_in_place", "read_on", "highlight_block")}  # fmt: skip
MODES = {
    "simple": {"read_blanked": 1.0, "read_on": 1.0},
    "easy": {
        **dict.fromkeys((
            "read_blanked", "read_replaced", "read_with_masked", "read_line", "highlight_text",
            "read_highlighted", "masked_lm", "put_in_place", "highlight_block"), 1.0),
        "read_on": 0.5, "read_backwards": 0.5},
    "hard": {
        "read_blanked": 0.5, "read_replaced": 0.5, "read_with_masked": 1.0, "read_line": 0.5,
        "highlight_text": 1.0, "read_highlighted": 0.5, "masked_lm": 4.0, "put_in_place": 1.0,
        "read_on": 0.4, "read_backwards": 0.5, "highlight_block": 1.0},
    "pretrain_word": {name: 1.0 for name in (
        "read_blanked", "proper_read_replaced", "highlight_text", "read_highlighted", "read_on")},
    "easy_word": _EASY,
    "hard_word": {
        **_EASY, "read_blanked": 0.5, "proper_read_replaced": 0.5, "read_line": 0.1,
        "highlight_text": 0.1, "read_highlighted": 0.1, "masked_lm": 4.0, "long_mlm": 16.0,
        "read_on": 0.9},
    "streamlined": {
        "masked_lm": 0.08, "long_mlm": 0.82, "put_in_place": 0.08, "read_on no_highlight": 0.02},
    "IAM": dict.fromkeys((  # what is asked of pages whose blocks are not to be trusted
        "read_blanked", "proper_read_replaced", "read_with_masked", "read_line", "highlight_text",
        "read_highlighted", "masked_lm", "put_in_place", "read_block", "read_block0"), 1.0),
    "IAM_valid": {"read_block0": 1.0},
    "IAM_para": {},  # the set's own question
    "mk_only": {"masked_lm": 1.0},
}  # fmt: skip
TOKENS = {  # of each kind of question; they are asked equally often
    "read_blanked": "kb~ k0~", "read_replaced": "su~ s0~",
    "proper_read_replaced": "proper_su~ proper_s0~", "read_with_masked": "rm>",
    "read_line": "up~ dn~ u0~ d0~ ^^~ vv~ ^0~ v0~", "highlight_text": "0;~ 0w~",
    "read_highlighted": ";0> w0>", "masked_lm": "mk>", "put_in_place": "mm~",
    "read_on": "re~ r0~", "read_on no_highlight": "re~", "highlight_block": "0p~ 00~",
    "long_mlm": "mlm>", "read_block": "read_block>", "read_block0": "read_block0>",
    "json": "json> json~", "links": "link-both~ link-box~ link-text~",
    "links down": "linkdown-both~ linkdown-box~ linkdown-text~",
    "links up": "linkup-both~ linkup-box~ linkup-text~", "read": "fi~ f0~", "line": "w0>",
    "cell": "t~ t0~", "row header": "ri~ r*~", "column header": "ci~ c*~",
    "row": "full_row~ full_row0~", "column": "full_col~ full_col0~",
    "headers": "list_row_headers~ list_column_headers~", "tables": "t#>", "table": "0t~",
}  # fmt: skip
CENSUS = {"record~": 2.0, "all-name~": 0.5, "all-given name~": 0.5, "all-age~": 1.0}
# What a mode asks about forms. (About what is not on the form our tasks ask by themselves.)
_LINKS = {"links": 0.05, "links down": 0.05, "links up": 0.05}
_CELLS = {
    "cell": 0.05, "row header": 0.025, "column header": 0.025, "row": 0.025, "column": 0.025,
}  # fmt: skip
_TABLES = {
    "cell": 1.1, "row header": 1.1, "column header": 1.1, "row": 1.1, "column": 1.1,
    "headers": 2.2, "tables": 0.9, "table": 1.1,
}  # fmt: skip
_ALL_LINKS = dict.fromkeys(_LINKS, 1.0)
FORM_MODES: dict[Any, dict[str, float]] = {
    "streamlined": {"json": 0.68, **_LINKS, "read": 0.01, **_CELLS},
    "readtoo": {"json": 0.68, **_LINKS, "read": 0.025, "line": 0.025, **_CELLS},
    "readmore": {"json": 0.68, **_LINKS, "read": 0.1, "line": 0.1, **_CELLS},
    "readevenmore": {"json": 0.68, **_LINKS, "read": 0.4, "line": 0.4, **_CELLS},
    "fine-tune": {"json": 3.0, **_ALL_LINKS, "read": 0.1, **_TABLES},
    "only": {"json": 1.0},
    "test": {"read": 1.0},
    True: {"json": 12.0, **_ALL_LINKS, "read": 0.1, **_TABLES},
    # The original asks by tokens that its paper gave up (gs~, l~, ar~, ...); these are today's.
    False: {"all of a class": 1.0, "links": 1.3, "class": 0.7, "links down": 1.0, "links up": 1.0,
            "read": 1.0, **_TABLES},
}  # fmt: skip
NOT_OF_NAF = ("cell", "row header", "column header", "row", "column")  # cells have no texts there

# Keys of `trainer` that a schedule may have, and factors on the rate of learning.
SCHEDULE = (
    "warmup_steps lr_down_start ramp_down_steps lr_mul swa_start swa_lr_mul lr_steps cycle_size "
    "min_lr_mul low_lr_mul warmup_cap decay_rate iterations"
)
SLOW = {  # the first that names a weight counts
    "not_as_slow_param_names": 0.5, "slower_param_names": 0.01, "slow_param_names": 0.1,
}  # fmt: skip


def is_original(config: Any) -> bool:
    """Whether a config has one of the original's own sections."""
    return isinstance(config, dict) and bool({"data_loader", "trainer"} & config.keys())


def left_out(original: Mapping[str, Any]) -> list[str]:
    """What of the original's config is not taken over and may make a difference, by full names."""
    ignored = keys.left_out(original)
    size = original["model"].get("image_size", [768, 768])
    for name, kind, section in keys.sections(original):
        if kind == "crop_params" and _pair(section.get("crop_size", size)) != _pair(size):
            ignored.append(f"{name}.crop_size")
        if kind == "data_loader" and section.get("data_set_name") in (*PARAGRAPHS, *FORMS):
            kinds = _kinds(section["data_set_name"], section)
            key = "mode" if section["data_set_name"] in PARAGRAPHS else "use_json"
            unasked = ", ".join(each for each in kinds if each not in TOKENS)
            ignored += [f"{name}.{key} (the questions {unasked})"] if unasked else []
    loader = original["data_loader"]
    names = [each["config"]["data_set_name"] for each in loader.get("datasets", ())]
    unseen = [name for name in names or [loader["data_set_name"]]
              if SETS.get(name) not in VALIDATED]  # fmt: skip
    if unseen and _validates(original):
        ignored.append(f"validation (on {', '.join(unseen)})")
    return ignored


def _validates(original: Mapping[str, Any]) -> bool:
    trainer = original["trainer"]
    return "validation" in original and trainer.get("val_step", math.inf) <= trainer["iterations"]


def translated(original: Mapping[str, Any]) -> dict[str, Any]:
    """A config of the original in our keys.

    Raises:
        OriginalError: It has a key, a data set or a mode that there is not.
    """
    refuse_unknown(original)
    trainer, weights = original["trainer"], original.get("loss_weights", {})
    accumulate = trainer.get("accum_grad_steps", 1)
    parts = _parts(original["data_loader"])
    smoothing = original.get("loss_params", {}).get("answer", {}).get("smoothing", 0.1)
    config = {
        "name": original.get("name", "original"),
        "seed": 1234,
        "precision": "bf16" if trainer.get("AMP") else "no",
        "mean": 0,  # the original keeps the weights themselves
        "model": {**MODEL, **original["model"]},
        "frame": {"mode": "fit"},
        "card": {"description": f"Trained as {original.get('name')} of the original"},
        "losses": {
            "per": "answer",
            "smoothing": smoothing if _smooth(original) else 0.0,
            **{key: weights[key] for key in ("answer", "mask", "distillation") if key in weights},
            **({} if "mask" in original.get("loss", {}) else {"mask": 0.0}),
        },
        "optimizer": _optimizer(original),
        "schedule": _schedule(trainer),
        "freeze": trainer.get("freeze_param_names", []),
        "slow": {
            name: factor for key, factor in SLOW.items() for name in trainer.get(key, [])
        },
        "stages": [{
            "steps": max(trainer["iterations"] // accumulate, 1),
            "accumulate": accumulate,
            "lr": original["optimizer"]["lr"],
            "parts": parts,
        }],
    }  # fmt: skip
    if "log_step" in trainer:
        config["log_every"] = trainer["log_step"]
    if monitor := _monitor(original):
        config["monitor"] = monitor
    if any(part.get("data", {}).get("set") == "distill" for part in parts.values()):
        config["teacher"] = TEACHER
    return config


def _schedule(trainer: Mapping[str, Any]) -> dict[str, Any]:
    """The schedule of the rate of learning; without one the rate stays as it is."""
    kind = trainer.get("use_learning_schedule", False)
    if not kind:
        return {"kind": "multi_rise", "warmup_steps": []}
    known = {key: trainer[key] for key in SCHEDULE.split() if key in trainer}
    return {**known, "kind": "spike" if kind is True else kind}


def _smooth(original: Mapping[str, Any]) -> bool:
    return original.get("loss", {}).get("answer") == "label_smoothing"


def _optimizer(original: Mapping[str, Any]) -> dict[str, Any]:
    """All weights decay, and each gradient is clipped; the rest is as PyTorch has it."""
    arguments = {key: value for key, value in original["optimizer"].items() if key != "lr"}
    kind = original.get("optimizer_type", "AdamW")
    return {"type": kind, "decay": "all", "clip": "value", **arguments}


def _monitor(original: Mapping[str, Any]) -> dict[str, Any] | None:
    """When, on what and by which figure the run is validated; None: never."""
    loader, trainer = original["data_loader"], original["trainer"]
    if not _validates(original):
        return None
    # What the section leaves open it has from data_loader; the data are always those of it.
    fixed = {key: loader[key] for key in ("data_set_name", "data_dir") if key in loader}
    parts = _parts({**loader, **original["validation"], **fixed}, "valid")
    known = {
        name: part for name, part in parts.items()
        if part.get("data", {}).get("set") in VALIDATED
    }  # fmt: skip
    best = {
        "figure": trainer.get("monitor", "loss"), "best": trainer.get("monitor_mode", "none"),
    }  # fmt: skip
    return {"every": trainer["val_step"], **best, "parts": known} if known else None


def _parts(loader: Mapping[str, Any], split: str = "train") -> dict[str, dict[str, Any]]:
    """The parts of a mixture: one for each data set."""
    if loader["data_set_name"] != "MultipleDataset":
        return {loader["data_set_name"]: _part(loader, split)}
    parts: dict[str, dict[str, Any]] = {}
    for each in loader["datasets"]:
        # Nothing is inherited, but a batch is as large as that of the mixture.
        section = {**each["config"], "batch_size": loader.get("batch_size", 1)}
        name = section["data_set_name"]
        name = name if name not in parts else f"{name} {len(parts)}"
        parts[name] = {**_part(section, split), "weight": each.get("freq", 1.0)}
    return parts


def _part(loader: Mapping[str, Any], split: str) -> dict[str, Any]:
    name = loader["data_set_name"]
    if name not in SETS and name not in SYNTHETIC:
        meant = did_you_mean(str(name), (*SETS, *SYNTHETIC, "MultipleDataset"))
        raise OriginalError(
            f"the original's data set {name!r} has no counterpart here: "
            + (meant or "write a config in our keys with a data set of your own.")
        )
    part = {
        "batch": loader.get("batch_size", 1),
        **_changes(name, loader),
        "most_answer": loader.get("max_qa_len_out", loader.get("max_qa_len", 4000)),
    }
    if not loader.get("cased", True) and name not in CASED:
        part["cased"] = False
    if tasks := _validated_tasks(name, loader) if split == "valid" else _tasks(name, loader):
        part["tasks"] = tasks
    return {**part, **_source(name, loader, split)}


def _changes(name: str, loader: Mapping[str, Any]) -> dict[str, Any]:
    """How pages are changed."""
    crop = loader.get("crop_params") or {}
    fitting = (
        ("rescale_to_crop_size_first", True), ("rescale_to_crop_width_first", "width"),
        ("rescale_to_crop_height_first", "height"),
    )  # fmt: skip
    scale = loader.get("rescale_range", [1.0, 1.0])
    changes: dict[str, Any] = {
        "rescale": [scale, scale] if isinstance(scale, int | float) else scale,
        "fit": next((how for key, how in fitting if loader.get(key)), False),
        "rotate": crop.get("rot_degree_std_dev", 0.0),
        "pad": crop.get("pad", min(_pair(crop.get("crop_size", 0))) // 2),
        "shade": float(loader.get("augment_shade", name in SHADED) or 0.0),
    }
    if name in FITTED and "rescale_to_crop_size_first" not in loader:
        changes["fit"] = True
    if "rot_freq" in crop:
        changes["turned"] = crop["rot_freq"]
    if not crop.get("random", True):
        changes["centred"] = True
    return changes


def _source(name: str, loader: Mapping[str, Any], split: str) -> dict[str, Any]:
    """The data set, or the kinds of synthetic pages."""
    folder = loader.get("data_dir", "")
    if name in SYNTHETIC:
        kinds = list(SYNTHETIC[name])
        if name != "SynthFormDataset" or not (Path(folder) / PAIRS).is_file():
            return {"kinds": kinds}
        return {"data": {"set": "synthetic", "folder": folder, "vocabulary": PAIRS, "kinds": kinds}}
    data = {"set": SETS[name]}
    if name not in NO_FOLDER:
        data["folder"] = folder
    if split != "train":
        data["split"] = split
    return {"data": {**data, **_options(name, loader, split)}}


def _pair(size: Any) -> list[int]:
    """Height and width; one number is both."""
    return [size, size] if isinstance(size, int) else list(size)


def _kinds(name: str, loader: Mapping[str, Any]) -> dict[str, float]:
    """Kinds of questions and how often each is asked; none where a set has questions of its own."""
    modes: dict[Any, dict[str, float]]
    if name in PARAGRAPHS:
        modes, key = MODES, "mode"
        mode = loader.get("mode", "easy" if loader.get("easy") else "hard")
    elif name in FORMS:
        modes, key = FORM_MODES, "use_json"
        mode = loader.get("use_json", False)
    else:
        return {}
    if mode not in modes:
        choice = ", ".join(map(str, modes))
        raise OriginalError(f"{name} has the {key} {mode!r}: take one of {choice}.")
    missing = NOT_OF_NAF if name == "NAFQA" else ()
    return {kind: often for kind, often in modes[mode].items() if kind not in missing}


def _tasks(name: str, loader: Mapping[str, Any]) -> dict[str, float]:
    """Tokens and how often each is asked; none where a set has questions of its own."""
    if SETS.get(name) == "census":
        return dict(CENSUS)
    tasks: dict[str, float] = {}
    for kind, often in _kinds(name, loader).items():
        tokens = TOKENS.get(kind, "").split()
        tasks |= {token: round(often / len(tokens), 6) for token in tokens}
    return tasks


def _validated_tasks(name: str, loader: Mapping[str, Any]) -> dict[str, float]:
    """The same, of pages to validate on: of forms and records each is asked about as a whole."""
    if name in FORMS:
        return {"json>": 1.0} if loader.get("use_json") else {"link-both~": 1.0, "f0~": 1.0}
    if SETS.get(name) == "census":
        return {"record~": 1.0}
    return _tasks(name, loader)


def _options(name: str, loader: Mapping[str, Any], split: str) -> dict[str, Any]:
    """A set's own options."""
    if name == "IAMNER":
        if not loader.get("full", True):
            raise OriginalError(
                "IAMNER asks about words one by one where `full` is false, which the original gave "
                "up: take true."
            )
        tasks = {} if loader.get("class_first") else {"tasks": ["ner_full>", "ner_line>"]}
        if split == "valid":
            asked = "full" if loader.get("eval_full", True) else "line"
            tasks = {"tasks": [f"ner_{asked}{'_c1' * bool(loader.get('eval_class_before'))}>"]}
        return {**tasks, **_entities(loader)}
    if name == "IAMQA":
        return {"splits": loader.get("data_split", "rwth")}
    if name in ("IAMMixed", "SynthHWQA"):
        size = {"size": loader["image_size"]} if "image_size" in loader else {}
        return {"splits": "rwth", **size} if name == "IAMMixed" else size
    if name == "HWSQuAD" and "crop_size" in loader.get("crop_params", {}):
        return {"size": _pair(loader["crop_params"]["crop_size"])}
    return {"half": True} if name == "DocVQA" and loader.get("half") else {}


def _entities(loader: Mapping[str, Any]) -> dict[str, Any]:
    """The options of named entities."""
    return {
        "classes": loader.get("task", 6),
        "split_by": loader.get("data_split", "rwth"),
        "short": bool(loader.get("short_class", False)),
        "noise": float(loader.get("use_noise") or 0.0),
    }
