"""Beginning a run: the device, the learner's vocabulary and its first weights.

A checkpoint may be of another image size, window, depth or vocabulary. Tables over the plane (the
positions of image tokens, the relative positions in a window) are then resampled as pictures, of
all others the part is kept that both models have. The original cuts and pastes the rows of every
table as they come, which mixes up places; `as_original` does that too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from tokenizers import AddedToken, decoders, pre_tokenizers, processors
from tokenizers import Tokenizer as Backend
from tokenizers.models import BPE
from torch import Tensor

from dessurt.checkpoint import OFFICIAL_TOKENIZER, CheckpointError, load, open_tokenizer
from dessurt.model import Tokenizer
from dessurt.opening import device_of
from dessurt.synth.text import ALPHABET
from dessurt.tasks import END_SIGN
from dessurt.train.config import Config
from dessurt.train.learner.pretrained import begin_as_bart
from dessurt.train.learner.student import Student

POSITIONS, RELATIVE = "absolute_2dpos_embed", "relative_position_bias_table"

Grid = tuple[int, int]  # rows, columns


def student_of(config: Config, as_original: bool = False) -> tuple[Student, list[str]]:
    """The learner, with random weights or those of the checkpoint to start with.

    Args:
        config: The config of the run.
        as_original: Whether tensors of another shape are cut and pasted as the original does it.

    Returns:
        The learner, and a line for each thing of the checkpoint that did not fit.

    Raises:
        CheckpointError: The checkpoint, or its tokenizer, cannot be read.
    """
    if config.start is None:
        return _from_nothing(config)
    folder = config.tokenizer or OFFICIAL_TOKENIZER
    start = load(config.start, None if folder == OFFICIAL_TOKENIZER else open_tokenizer(folder))
    student = Student(config, start.tokenizer, start.model.config.vocab_size)
    expected = student.checkpoint().model
    grids = start.model.config.grid(0), expected.config.grid(0)
    weights, changed = fitted(
        start.model.state_dict(), expected.state_dict(), *grids, as_original
    )
    student.start(weights)
    return student, changed


def first_vocabulary(config: Config) -> Tokenizer:
    """The vocabulary of a run that starts with random weights: the config's, or the small one.

    Raises:
        CheckpointError: The vocabulary cannot be read.
    """
    return open_tokenizer(config.tokenizer) if config.tokenizer else Tokenizer(small_vocabulary())


def small_vocabulary() -> Backend:
    """The small checkpoint's vocabulary: bytes, and one token for every other printed character.

    With one token for each glyph an answer follows the line letter by letter, which is learned much
    sooner than long pieces; any Unicode text can still be written, byte by byte.

    Returns:
        A byte-level BPE in BART's manner: `<s>` 0, `<pad>` 1, `</s>` 2, `<unk>` 3, `<mask>` last.
    """
    specials = ("<s>", "<pad>", "</s>", "<unk>")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate((*specials, *letters))}
    merges = []
    spell = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    for letter in (*(each for each in ALPHABET if not each.isascii()), END_SIGN):
        [(spelled, _)] = spell.pre_tokenize_str(letter)
        for i in range(1, len(spelled)):
            if (spelled[:i], spelled[i]) not in merges:
                merges.append((spelled[:i], spelled[i]))
            vocabulary.setdefault(spelled[: i + 1], len(vocabulary))
    vocabulary["<mask>"] = len(vocabulary)
    backend = Backend(BPE(vocabulary, merges, unk_token="<unk>"))
    backend.add_special_tokens([AddedToken(t, special=True) for t in (*specials, "<mask>")])
    backend.pre_tokenizer = spell
    backend.decoder = decoders.ByteLevel()
    backend.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=False, add_prefix_space=False
    )
    return backend


def _from_nothing(config: Config) -> tuple[Student, list[str]]:
    """A learner with random weights, and BART's token embedding if the config's model wants it."""
    pieces = first_vocabulary(config)
    student = Student(config, pieces, pieces.vocab_size)
    if config.model.get("init_from_pretrained"):
        try:
            begin_as_bart(student.model, config.tokenizer or OFFICIAL_TOKENIZER)
        except CheckpointError as error:
            return student, [f"the text embedding begins at random, not as BART's: {error}"]
    return student, []


def fitted(
    weights: Mapping[str, Tensor],
    expected: Mapping[str, Tensor],
    before: Grid,
    after: Grid,
    as_original: bool = False,
) -> tuple[dict[str, Tensor], list[str]]:
    """Weights of one model for another.

    Args:
        weights: The weights of the old model.
        expected: Those of the new one; they stay where the old one has nothing.
        before, after: Rows and columns of image tokens of the old and the new model.
        as_original: Whether nothing is resampled.

    Returns:
        The weights, and a line for everything that was changed, left out or added.
    """
    result, changed = {}, [f"left out {name}" for name in weights if name not in expected]
    for name, new in expected.items():
        if name not in weights:
            changed.append(f"added {name}")
            result[name] = new
            continue
        old = weights[name]
        if old.shape != new.shape:
            changed.append(f"changed {name}: {list(old.shape)} -> {list(new.shape)}")
            old = old if as_original else _resampled(name, old, new, before, after)
            old = _pasted(old, new)
        result[name] = old
    return result, changed


def _resampled(name: str, old: Tensor, new: Tensor, before: Grid, after: Grid) -> Tensor:
    """A table over the plane in the new plane's rows and columns; any other tensor as it is."""
    if name == POSITIONS:
        plane = old[0].unflatten(0, before)
        return _picture(plane, after).flatten(0, 1)[None]
    if name.endswith(RELATIVE):
        sides = [math.isqrt(len(table)) for table in (old, new)]
        return _picture(old.unflatten(0, (sides[0], sides[0])), (sides[1],) * 2).flatten(0, 1)
    return old


def _picture(plane: Tensor, size: Grid) -> Tensor:
    """[rows, columns, C] in another size, bicubic."""
    if plane.shape[:2] == size:
        return plane
    channels = plane.float().permute(2, 0, 1)[None]
    # With `antialias` PyTorch's cubic keeps straight lines straight.
    return F.interpolate(channels, size, mode="bicubic", antialias=True)[0].permute(1, 2, 0)


def _pasted(old: Tensor, new: Tensor) -> Tensor:
    """The new tensor with the first rows, columns and so on of the old."""
    if old.ndim != new.ndim:
        return new
    both = tuple(slice(min(a, b)) for a, b in zip(old.shape, new.shape, strict=True))
    result = new.clone()
    result[both] = old[both].to(new)
    return result


def accelerator_of(device: str | None, precision: str | None) -> Accelerator:
    """Accelerate on a device, in a precision; None is the best there is.

    Raises:
        CheckpointError: The device is not there.
    """
    chosen = device_of(device) if device else None
    if chosen and chosen.type == "cuda" and chosen.index is not None:
        torch.cuda.set_device(chosen)  # Accelerate takes the present one
    return Accelerator(
        mixed_precision=precision or fastest_precision(chosen),
        cpu=chosen is not None and chosen.type == "cpu",
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
    )


def fastest_precision(device: torch.device | None) -> str:
    """`bf16`, or `no` on a processor that lacks its instructions: there it takes ten times as long.

    Args:
        device: The device of the run; None: a GPU if there is one.
    """
    if torch.cuda.is_available() and (device is None or device.type != "cpu"):
        return "bf16"
    # avx512_bf16, amx_bf16 and so on; older versions of PyTorch do not tell.
    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return "bf16" if any(has for name, has in known.items() if "bf16" in name) else "no"
