"""The keys of the original's configs: which there are, and which make no difference here.

A key is honoured (`original` translates it), changes nothing here (files, processes, screens), or
is told as not taken over, unless its value is one of those with which it changes nothing. Any
other key is refused. The original ignores keys that it does not know, and its author puts a key
out of use by an `x` before it: such a key is ignored.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import torch

Harmless = Callable[[Any], bool]


class OriginalError(ValueError):
    """A config of the original that has no counterpart; the message says what is missing."""


def _only(*values: Any) -> Harmless:
    return lambda value: value in values


def _never(value: Any) -> bool:
    return False


def _longer_than_queries(value: Any) -> bool:
    """Whether so many characters are more than the tokens that the model sees of a query."""
    return value is None or value >= 200


# Of each section: what is honoured, and what changes nothing here.
HONOURED = {
    "": "name data_loader validation optimizer_type optimizer loss loss_weights loss_params "
        "trainer model",
    "data_loader": "data_set_name data_dir batch_size rescale_range rescale_to_crop_size_first "
        "rescale_to_crop_width_first rescale_to_crop_height_first crop_params augment_shade cased "
        "datasets mode easy use_json max_qa_len max_qa_len_out full class_first short_class task "
        "data_split eval_full eval_class_before use_noise half",
    "crop_params": "crop_size pad rot_degree_std_dev rot_freq random",
    "datasets": "freq config",
    "trainer": "iterations accum_grad_steps use_learning_schedule warmup_steps lr_down_start "
        "ramp_down_steps lr_mul swa_start swa_lr_mul lr_steps cycle_size min_lr_mul low_lr_mul "
        "warmup_cap decay_rate freeze_param_names slow_param_names slower_param_names "
        "not_as_slow_param_names AMP val_step log_step monitor monitor_mode",
    "model": "image_size max_q_tokens max_a_tokens use_set_length blocks_per_level use_swin "
        "swin_cross_attention use_auto window_size swin_nheads im_embed_dim decode_dim dim_ff "
        "decode_num_heads conv_patch_emb lighter_conv_patch_emb conv_channels do_mask_output "
        "no_dropout init_from_pretrained distillation_dim position_rows position_width",
    "loss": "answer mask",
    "loss_weights": "answer mask distillation",
    "loss_params": "answer",
    "loss_params.answer": "smoothing",
}  # fmt: skip
IDLE = {
    "": "cuda gpu gpus save_mode override lr_scheduler_type super_computer multiprocess "
        "distributed",
    "data_loader": "num_workers prefetch_factor persistent_workers num_batches super_computer "
        "font_dir crop_to_q DEBUG gt_ocr use_recognition words do_words split_to_lines",
    "trainer": "class save_dir save_step save_step_minor print_pred_every verbosity retry_count "
        "do_ocr word_bbs DEBUG seperate_log_at",
}  # fmt: skip
# What is told, unless it has a value with which it makes no difference.
LEFT: dict[str, dict[str, Harmless]] = {
    "": {
        "arch": _only("Dessurt", "MmSwin"), "metrics": _only([], {}), "split": _only("train"),
        "dont_load_optimizer": _only(False),
    },
    "data_loader": {
        "color": _only(False), "rotation": _only(False),
        "max_qa_len_in": _longer_than_queries, "additional_aug_params": _only({}),
        "augmentation_params": _only(None), "augmentation": _only(None),
        "cache_resized_images": _only(False), "overfit": _only(False), "image_size": _never,
        "min_text_height": _never, "max_text_height": _never, "min_para_width": _never,
        "max_q_tokens": _only(20), "max_a_tokens": _only(800), "shorten_json": _only(False),
        "use_highlight": _only(True), "text_corruption": _only(0), "sub_vocab_file": _never,
        "simple_vocab": _only(None, False), "warp_lines": _only(0.999), "only": _only(False),
        "balance": _only(False), "tables": _only(0.2), "questions": _only(1),
        "reuse_factor": _only(1), "no_distill": _only(False), "loss_mask": _only(True),
        "max_auto_tokens": _never, "rotate_std_dev": _only(1), "scale_std_dev": _only(0.05),
        "aug_params": _only({}), "clear_fonts": _never, "pretrain": _never,
    },
    "crop_params": {
        "left": _only(False), "prob_label": _only(None), "flip_horz": _only(False),
        "flip_vert": _only(False),
    },
    "trainer": {
        "swa": _only(False), "swa_avg_every": _never, "swa_c_iters": _never,
        "weight_averaging": _only(False), "weight_averaging_start": _never,
        "weight_averaging_c_iters": _never, "only_params": _only(None),
        "distillation_temperature": _only(2), "reset_resume_iteration": _only(False),
    },
    "model": {
        "form_tokens": _only(False), "NER_tokens": _only(False), "rvl_cdip_tokens": _only(False),
        "use_bart_layer_init": _only(False), "pre_trained": _never, "patch_emb": _never,
    },
    "loss": {
        "answer": _only("label_smoothing"), "mask": _only("focalLoss"), "unlikelihood": _never,
    },
    "loss_weights": {"cosine": _only(0), "unlikelihood": _never},
    "loss_params": {"mask": _only({}), "unlikelihood": _never},
    "loss_params.answer": {"padding_idx": _only(1)},
}  # fmt: skip

# The same keys; the order of pages makes a difference for training only.
HONOURED["validation"] = HONOURED["data_loader"]
IDLE["validation"] = IDLE["data_loader"] + " shuffle"
LEFT["validation"] = dict(LEFT["data_loader"])
LEFT["data_loader"]["shuffle"] = _only(True)
SIZED = ("IAMMixed", "SynthHWQA")  # sets whose `image_size` is honoured

Section = tuple[str, str, Mapping[str, Any]]  # its full name, its kind, its keys


def sections(original: Mapping[str, Any]) -> Iterator[Section]:
    """All sections of a config, those inside of others too.

    Raises:
        OriginalError: One is not an object.
    """
    yield "", "", original
    for name in ("data_loader", "validation"):
        yield from _loader(name, name, original.get(name, {}))
    for name in ("trainer", "model", "optimizer", "loss", "loss_weights", "loss_params"):
        yield name, name, _object(name, original.get(name, {}))
    answer = original.get("loss_params", {}).get("answer", {})
    yield "loss_params.answer", "loss_params.answer", _object("loss_params.answer", answer)


def _loader(name: str, kind: str, original: Any) -> Iterator[Section]:
    yield name, kind, _object(name, original)
    crop = original.get("crop_params") or {}
    yield f"{name}.crop_params", "crop_params", _object(f"{name}.crop_params", crop)
    for number, each in enumerate(original.get("datasets", ())):
        inner = f"{name}.datasets.{number}"
        yield inner, "datasets", _object(inner, each)
        yield from _loader(f"{inner}.config", kind, each.get("config", {}))


def _object(name: str, original: Any) -> Mapping[str, Any]:
    if not isinstance(original, Mapping):
        raise OriginalError(f"{name} of the original's config is no object with keys.")
    return original


def refuse_unknown(original: Mapping[str, Any]) -> None:
    """Refuse keys that the original has not.

    Raises:
        OriginalError: There is one; the message names the nearest that there is.
    """
    for name, kind, section in sections(original):
        known = _known(kind, original)
        for key in section:
            if key not in known and key.removeprefix("x") not in known:
                where = name or "the original's config"
                meant = did_you_mean(key, known) or f"take one of {', '.join(sorted(known))}."
                raise OriginalError(f"there is no key {key!r} in {where}: {meant}")


def _known(kind: str, original: Mapping[str, Any]) -> set[str]:
    if kind == "optimizer":
        return optimiser_arguments(original.get("optimizer_type", "AdamW"))
    return {*HONOURED[kind].split(), *IDLE.get(kind, "").split(), *LEFT.get(kind, ())}


def left_out(original: Mapping[str, Any]) -> list[str]:
    """The full names of the keys that are not taken over and may make a difference."""
    return [
        f"{name}.{key}".lstrip(".")
        for name, kind, section in sections(original)
        for key, value in section.items()
        if key in LEFT.get(kind, {}) and not LEFT[kind][key](value)
        and not (key == "image_size" and section.get("data_set_name") in SIZED)
    ]  # fmt: skip


def optimiser_arguments(name: str) -> set[str]:
    """The arguments of a class of `torch.optim`.

    Raises:
        OriginalError: There is no such class.
    """
    kinds = {
        key: kind
        for key, kind in vars(torch.optim).items()
        if isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer)
        and kind is not torch.optim.Optimizer
    }  # fmt: skip
    if name not in kinds:
        meant = did_you_mean(str(name), kinds) or f"take one of {', '.join(sorted(kinds))}."
        raise OriginalError(f"torch.optim has no optimizer {name!r}: {meant}")
    return set(inspect.signature(kinds[name]).parameters) - {"params"}


def did_you_mean(name: str, known: Collection[str]) -> str:
    """A question that names the known name nearest to another, if one is near; case is ignored."""
    folded = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), folded, 1)
    return f"did you mean {folded[near[0]]!r}?" if near else ""
