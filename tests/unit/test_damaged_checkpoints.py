"""Damaged checkpoints: each becomes a model, or a sentence says why it cannot; nothing is run."""

from __future__ import annotations

import io
import json
import pickle
import random
import re
import resource
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from damage import damaged

from dessurt.checkpoint import Checkpoint, CheckpointError, save
from dessurt.model import Dessurt, DessurtConfig
from dessurt.opening import open_model
from tests.unit.test_checkpoint import VOCABULARY, official_file
from tests.unit.test_model import SMALL
from tests.unit.vocabulary import byte_tokenizer

MOST_SECONDS = 12.0
MOST_MEMORY = 600_000  # kB more than before
NOT_SAID = re.compile(r"Traceback|0x[0-9a-f]{4}|\n")
# What stands in JSON and in pickles in place of what belongs there.
FOREIGN: list[Any] = [
    None, [], {}, "", "x" * 10_000, True, -1, 0, 1, 3, 10**9, 10**30, -(10**30), 0.5, 1e308,
    float("nan"), float("inf"), [[]], [1], ["a"], {"a": 1}, [None] * 10, "\ud800", [10**9] * 7,
]  # fmt: skip


def altered(value: Any, dice: random.Random) -> Any:
    """JSON with something foreign in one place, or without it, or with one place more."""
    if not (isinstance(value, dict | list) and value) or dice.random() < 0.05:
        return dice.choice(FOREIGN)
    if isinstance(value, dict):
        key = dice.choice([*value])
        changed = dict(value)
        if dice.random() < 0.15:
            del changed[key]
        else:
            changed[key] = altered(value[key], dice)
        return changed
    place = dice.randrange(len(value))
    return [*value[:place], altered(value[place], dice), *value[place + dice.randrange(2) :]]


def nested(dice: random.Random) -> str:
    """JSON that is nested deeply."""
    depth = dice.choice((100, 2000, 100_000))
    return '{"model":' + dice.choice(('{"a":', "[")) * depth


def damage_json(content: bytes, dice: random.Random) -> bytes:
    kind = dice.randrange(8)
    if kind == 0:
        return nested(dice).encode()
    if kind < 3:
        return damaged(content, dice)
    return json.dumps(altered(json.loads(content), dice)).encode()


def damage_safetensors(content: bytes, dice: random.Random) -> bytes:
    """The header says something else than the file holds, or the bytes are damaged."""
    if dice.random() < 0.4:
        return damaged(content, dice)
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    entry = header[dice.choice([*header])]
    match dice.randrange(5):
        case 0:
            entry["dtype"] = dice.choice(("F16", "I64", "BOOL", "F8_E4M3", "C64", "F64", "x"))
        case 1:
            entry["shape"] = dice.choice(([], [0], [2**40, 2**40], [-1], [1] * 100, [2**63]))
        case 2:
            entry["data_offsets"] = dice.choice(([0, 4], [4, 0], [0, 2**60], [-1, 4], [0], []))
        case 3:
            header = altered(header, dice)
        case 4:
            entry["dtype"], entry["shape"] = "F16", [2 * each for each in entry["shape"][:1]]
    told = json.dumps(header).encode()
    length = dice.choice((len(told), len(told), len(told), 2**62, 0, len(told) + 9))
    return struct.pack("<Q", length) + told + content[8 + length :]


class Runs:
    """Unpickled, it would make a file."""

    target = Path()

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.target,))


class Named:
    """Unpickled, it would call something foreign."""

    def __init__(self, called: Callable, arguments: tuple) -> None:
        self.called, self.arguments = called, arguments

    def __reduce__(self) -> tuple:
        return (self.called, self.arguments)


def foreign_tensor(tensor: torch.Tensor, dice: random.Random) -> Any:
    """A tensor of another shape, kind or layout, or none at all."""
    return dice.choice(
        (
            lambda: tensor[:-1] if tensor.ndim else tensor[None],
            lambda: tensor.double(), lambda: tensor.bool(), lambda: tensor.to(torch.complex64),
            lambda: tensor.to(torch.float8_e4m3fn), lambda: tensor.long(),
            lambda: torch.full_like(tensor, float("nan")),
            lambda: torch.zeros(1).expand(tensor.shape),
            lambda: torch.zeros(1).expand(2**20, 2**20),
            lambda: torch.as_strided(torch.zeros(4), (2**20, 2**16), (0, 0)),
            lambda: torch.empty(tensor.shape, device="meta"),
            lambda: torch.empty(2**20, 2**20, device="meta"),
            lambda: tensor.to_sparse(), lambda: torch.zeros(()), lambda: tensor[None],
            lambda: torch.quantize_per_tensor(tensor.float(), 0.1, 0, torch.qint8),
            lambda: torch.nn.Parameter(tensor.float()), lambda: tensor.t() if tensor.ndim == 2
            else tensor.flatten(), lambda: None, lambda: 5, lambda: "x", lambda: [1.0],
            lambda: {"a": tensor}, lambda: torch.zeros(0),
        )
    )()  # fmt: skip


def altered_file(file: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """What an official file holds, with something foreign in it."""
    state = dict(file["state_dict"])
    file = {**file, "state_dict": state}
    name = dice.choice([*state])
    match dice.randrange(7):
        case 0 | 1:
            state[name] = foreign_tensor(state[name], dice)
        case 2:
            file["config"] = altered(file["config"], dice)
        case 3:
            file[dice.choice([*file, "logger", "swa_state_dict"])] = dice.choice(FOREIGN)
        case 4:
            called = dice.choice((Runs(), Named(print, ("x",)), Named(eval, ("1",)), Path("a")))
            file[dice.choice(["logger", "config", "iteration"])] = called
        case 5:
            tensor = state.pop(name) if dice.random() < 0.5 else dice.choice(FOREIGN)
            state[dice.choice([5, "", b"a", None, "x" * 10_000])] = tensor
        case 6:
            file["logger"] = {"entries": dice.choice(FOREIGN)}
            file["swa_state_dict"] = dice.choice((state, {name: 5}, {"module." + name: 5}, [1]))
    return file


def damage_pth(file: dict[str, Any], dice: random.Random) -> bytes:
    """A file whose content, archive or pickle is damaged."""
    content = io.BytesIO()
    old = dice.random() < 0.2  # a bare pickle, as torch wrote it before 2020
    kind = dice.randrange(4)
    if kind < 2:
        try:
            torch.save(altered_file(file, dice), content, _use_new_zipfile_serialization=not old)
            return content.getvalue()
        except (RuntimeError, NotImplementedError, UnicodeEncodeError):  # it cannot be written
            content = io.BytesIO()
    torch.save(file, content, _use_new_zipfile_serialization=not old)
    if old or kind == 2:
        return damaged(content.getvalue(), dice)
    changed = io.BytesIO()
    with zipfile.ZipFile(content) as source, zipfile.ZipFile(changed, "w") as archive:
        names = source.namelist()
        wrong = dice.choice(["archive/data.pkl", "archive/data.pkl", *names])
        for name in names:
            each = source.read(name)
            if name == wrong:
                if dice.random() < 0.1:
                    continue
                each = damage_pickle(each, dice)
            archive.writestr(name, each)
    return changed.getvalue()


def damage_pickle(content: bytes, dice: random.Random) -> bytes:
    """Numbers of it become others, such as sizes, strides and places of a tensor."""
    if dice.random() < 0.3:
        return damaged(content, dice)
    if dice.random() < 0.2:
        return pickle.dumps(dice.choice(([], {}, 5, Runs(), {"config": {}})), protocol=2)
    numbers = [match.start() for match in re.finditer(rb"K.", content, re.DOTALL)]
    changed = bytearray(content)
    for place in sorted(dice.sample(numbers, min(3, len(numbers))), reverse=True):
        value = dice.choice((0, 1, 255, -1, 10**6, 2**31 - 1))
        changed[place : place + 2] = b"J" + struct.pack("<i", value)
    return bytes(changed)


class Maker:
    """Writes damaged checkpoints into a folder, the same for the same seed."""

    def __init__(self, folder: Path) -> None:
        torch.manual_seed(0)
        model = Dessurt(DessurtConfig.from_dict(SMALL, VOCABULARY))
        config = {"name": "tiny", "card": {"tasks": ["w0>"], "quality": "none"},
                  "frame": {"mode": "focus", "text_height": 22, "least": [64, 96], "step": 32,
                            "by_line": ["re~"]}, "suppressed_token_ids": [5]}  # fmt: skip
        self.folder = folder / "tiny"
        save(Checkpoint(model, byte_tokenizer(), config, {1: {"loss": 2.5}}), self.folder)
        self.good = {file.name: file.read_bytes() for file in self.folder.iterdir()}
        self.official = official_file()
        (folder / "tokenizer").mkdir()
        byte_tokenizer().save(folder / "tokenizer")
        self.marker = Runs.target = folder / "ran"

    def make(self, kind: str, seed: object) -> Path:
        """A checkpoint; `kind` is the file of a folder that is damaged, or "official.pth"."""
        dice = random.Random(f"{kind} {seed}")
        if kind == "official.pth":
            path = self.folder.parent / kind
            path.write_bytes(damage_pth(self.official, dice))
            return path
        damage = damage_safetensors if kind.endswith(".safetensors") else damage_json
        for name, content in self.good.items():
            (self.folder / name).write_bytes(damage(content, dice) if name == kind else content)
        return self.folder


KINDS = ("config.json", "tokenizer.json", "model.safetensors", "official.pth")


def told(maker: Maker, path: Path) -> str:
    """What opening it comes to: "" for a model, or the sentence; fails if it is none."""
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    sentence = ""
    try:
        open_model(path, "cpu")
    except CheckpointError as error:
        sentence = str(error)
        assert 20 < len(sentence) < 500 and sentence.endswith("."), sentence
        assert not NOT_SAID.search(sentence), sentence
    assert time.monotonic() - started < MOST_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_MEMORY
    assert not maker.marker.exists(), "code was run"
    return sentence


@pytest.mark.filterwarnings("ignore")  # of torch, for tensors of unusual kinds
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_checkpoint_opens_or_a_sentence_says_why_not(kind: str, tmp_path: Path) -> None:
    maker = Maker(tmp_path)
    for seed in range(40):
        told(maker, maker.make(kind, seed))
