"""Checkpoint files: ours, official ones, damaged ones, malicious ones."""

import json
import pickle
import random
import resource
import zipfile
from pathlib import Path
from typing import Any

import pytest
import tokenizers
import torch

from dessurt.checkpoint import (
    Checkpoint,
    CheckpointError,
    convert,
    load,
    model_from_state_dict,
    open_tokenizer,
    save,
)
from dessurt.model import Dessurt, DessurtConfig, Tokenizer
from dessurt.model.config import TASK_ROWS
from dessurt.opening import device_of, open_model
from tests.unit.test_model import SMALL
from tests.unit.vocabulary import byte_tokenizer

VOCABULARY = byte_tokenizer().vocab_size


def official_file(**changes: Any) -> dict[str, Any]:
    """What an official `.pth` holds, with a tiny model."""
    torch.manual_seed(1)
    model = Dessurt(DessurtConfig.from_dict(SMALL, VOCABULARY))
    state = model.state_dict()
    state["answer_decode.weight"] = state["text_embedding.weight"]
    return {
        "arch": "Dessurt",
        "iteration": 7,
        "config": {"arch": "Dessurt", "model": dict(SMALL), "trainer": {}},
        "state_dict": state,
        **changes,
    }


def test_folder_round_trip(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Dessurt(DessurtConfig.from_dict(SMALL, VOCABULARY)).eval()
    config = {"name": "tiny", "card": {"tasks": ["w0>"]}}
    written = Checkpoint(model, byte_tokenizer(), config, {1: {"loss": 2.5}})
    save(written, tmp_path / "tiny")
    read = load(tmp_path / "tiny")
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, read.model.state_dict()[name]), name
    assert read.history == {1: {"loss": 2.5}}
    assert read.config["name"] == "tiny"
    assert read.tokenizer.encode("aß") == byte_tokenizer().encode("aß")
    assert not list((tmp_path / "tiny").glob("*.partial"))


def test_official_file_and_conversion(tmp_path: Path) -> None:
    torch.save(official_file(), tmp_path / "official.pth")
    converted = convert(tmp_path / "official.pth", tmp_path / "ours", byte_tokenizer())
    again = load(tmp_path / "ours")
    assert converted.config["iteration"] == again.config["iteration"] == 7
    weights = again.model.state_dict()
    for name, tensor in converted.model.state_dict().items():
        assert torch.equal(tensor, weights[name]), name


def test_where_the_tied_copies_differ_the_output_layer_wins(tmp_path: Path) -> None:
    file = official_file()
    file["state_dict"]["answer_decode.weight"] = torch.full((VOCABULARY, 32), 0.5)
    torch.save(file, tmp_path / "official.pth")
    model = load(tmp_path / "official.pth", byte_tokenizer()).model
    assert (model.text_embedding.weight == 0.5).all()


def test_averaged_weights_are_used_once_averaging_began(tmp_path: Path) -> None:
    file = official_file()
    averaged = {f"module.{k}": v * 2 for k, v in file["state_dict"].items()}
    file["swa_state_dict"] = {**averaged, "n_averaged": torch.tensor(3)}
    for start, factor in ((5, 2), (7, 1)):
        file["config"]["trainer"]["swa_start"] = start
        torch.save(file, tmp_path / "swa.pth")
        model = load(tmp_path / "swa.pth", byte_tokenizer()).model
        expected = file["state_dict"]["absolute_2dpos_embed"] * factor
        assert torch.equal(model.absolute_2dpos_embed, expected)


def test_older_files_know_fewer_tasks(tmp_path: Path) -> None:
    file = official_file()
    name = "query_special_token_embedder.emb.weight"
    file["state_dict"][name] = file["state_dict"][name][:120]
    torch.save(file, tmp_path / "old.pth")
    table = load(tmp_path / "old.pth", byte_tokenizer()).model.state_dict()[name]
    assert torch.equal(table[:120], file["state_dict"][name])
    assert table.shape == (TASK_ROWS, 32)


class Malicious:
    """Unpickling it would make a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.target,))


def test_a_file_that_runs_code_is_refused(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    torch.save(official_file(logger=Malicious(marker)), tmp_path / "evil.pth")
    with pytest.raises(CheckpointError, match="refused.*could run code"):
        load(tmp_path / "evil.pth", byte_tokenizer())
    (tmp_path / "bare.pth").write_bytes(pickle.dumps(Malicious(marker), protocol=2))
    with pytest.raises(CheckpointError):
        load(tmp_path / "bare.pth", byte_tokenizer())
    assert not marker.exists()


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("not a checkpoint", encoding="utf-8")


def _noise(path: Path) -> None:
    path.write_bytes(random.Random(0).randbytes(5000))


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")


@pytest.mark.parametrize("damage", [_truncated, _empty, _text, _noise, _zip])
def test_damaged_official_files(tmp_path: Path, damage: Any) -> None:
    path = tmp_path / "official.pth"
    torch.save(official_file(), path)
    damage(path)
    with pytest.raises(CheckpointError, match=r"official\.pth") as error:
        load(path, byte_tokenizer())
    assert "damaged" in str(error.value)  # and not that it could run code
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"config": {"arch": "PairingGroupingGraph", "model": {}}}, "PairingGroupingGraph"),
        ({"config": None}, "no config"),
        ({"state_dict": {"layer.weight": torch.zeros(2)}}, "not a Dessurt checkpoint"),
    ],
)
def test_other_files_are_told_apart(tmp_path: Path, changes: dict, said: str) -> None:
    torch.save(official_file(**changes), tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=said):
        load(tmp_path / "other.pth", byte_tokenizer())


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    file = official_file()
    del file["state_dict"]["patch_embed.norm.weight"]
    torch.save(file, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=r"patch_embed\.norm\.weight is missing"):
        load(tmp_path / "other.pth", byte_tokenizer())


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("damage", [_truncated, _empty, Path.unlink])
def test_damaged_folders(tmp_path: Path, name: str, damage: Any) -> None:
    model = Dessurt(DessurtConfig.from_dict(SMALL, VOCABULARY))
    save(Checkpoint(model, byte_tokenizer(), {}), tmp_path / "tiny")
    damage(tmp_path / "tiny" / name)
    with pytest.raises(CheckpointError, match="tiny"):
        load(tmp_path / "tiny")


def test_missing_checkpoint_and_missing_device(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        load(tmp_path / "nothing")
    with pytest.raises(CheckpointError, match="nobody/nothing.*check the name, or go online"):
        open_model("nobody/nothing")
    model = Dessurt(DessurtConfig.from_dict(SMALL, VOCABULARY))
    save(Checkpoint(model, byte_tokenizer(), {}), tmp_path / "tiny")
    if not torch.cuda.is_available():
        with pytest.raises(CheckpointError, match="cuda"):
            open_model(tmp_path / "tiny", device="cuda")


def test_a_folder_says_of_which_kind_it_is(tmp_path: Path) -> None:
    model = Dessurt(DessurtConfig.from_dict(SMALL, VOCABULARY))
    save(Checkpoint(model, byte_tokenizer(), {}), tmp_path / "tiny")
    config = tmp_path / "tiny" / "config.json"
    told = json.loads(config.read_text())
    assert told.pop("kind") == "dessurt"
    config.write_text(json.dumps(told))  # as older ones are
    assert open_model(tmp_path / "tiny").card.name == "tiny"
    for kind in ("fish", ["dessurt"], None, 7):
        config.write_text(json.dumps({**told, "kind": kind}))
        with pytest.raises(CheckpointError, match="kind .* not known here: known is dessurt"):
            open_model(tmp_path / "tiny")


def test_a_device_is_named_by_its_kind_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device_of("auto") == torch.device("cuda") and device_of("cpu") == torch.device("cpu")
    assert device_of("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(CheckpointError, match="no GPU cuda:2 here: the last one is cuda:1"):
        device_of("cuda:2")
    with pytest.raises(CheckpointError, match="no device 'gpu1': take auto, cpu, cuda or cuda:NU"):
        device_of("gpu1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert device_of("auto") == torch.device("cpu")
    with pytest.raises(CheckpointError, match="finds no GPU here for the device cuda:1: take cpu"):
        device_of("cuda:1")


def test_an_official_file_loads_without_its_tokenizer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights are there; only asking needs the tokenizer, and says where to put it."""
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    def offline(*arguments: Any, **options: Any) -> None:
        raise LocalEntryNotFoundError("offline")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    torch.save(official_file(), tmp_path / "official.pth")
    checkpoint = load(tmp_path / "official.pth")
    assert checkpoint.model.config.decode_dim == 32
    with pytest.raises(CheckpointError, match="go online once"):
        _ = checkpoint.tokenizer
    (tmp_path / "tokenizer").mkdir()
    byte_tokenizer().save(tmp_path / "tokenizer")
    assert load(tmp_path / "official.pth").tokenizer.vocab_size == VOCABULARY


def test_a_vocabulary_is_opened_by_its_folder(tmp_path: Path) -> None:
    torch.save(official_file(), tmp_path / "official.pth")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    byte_tokenizer().save(folder)
    opened = open_model(tmp_path / "official.pth", "cpu", folder)
    assert opened.tokenizer.vocab_size == VOCABULARY
    for name, told in (("none", r"none cannot be read .*--tokenizer"), ("odd", "odd is damaged")):
        if name == "odd":
            (tmp_path / name).mkdir()
            (tmp_path / name / "vocab.json").write_text('{"<s>": 0}')
            (tmp_path / name / "merges.txt").write_text("a b")
        with pytest.raises(CheckpointError, match=told):
            open_tokenizer(tmp_path / name)


def test_a_tokenizer_that_is_too_large_is_told(tmp_path: Path) -> None:
    file = official_file()
    for name in ("text_embedding.weight", "answer_decode.weight"):
        file["state_dict"][name] = file["state_dict"][name][:100]
    torch.save(file, tmp_path / "official.pth")
    with pytest.raises(CheckpointError, match="261 pieces but the model knows 100"):
        _ = load(tmp_path / "official.pth", byte_tokenizer()).tokenizer


def test_the_mean_of_several_models_as_torch_keeps_it() -> None:
    file = official_file()
    weights = {f"module.{name}": each for name, each in file["state_dict"].items()}
    model = model_from_state_dict(
        {"n_averaged": torch.tensor(3), **weights}, file["config"]["model"]
    )
    expected = file["state_dict"]["absolute_2dpos_embed"]
    assert torch.equal(model.absolute_2dpos_embed, expected)


@pytest.mark.parametrize("wrapping", ["_orig_mod.", "module.module.", "model.", "module.model."])
def test_weights_as_trainers_wrap_them(tmp_path: Path, wrapping: str) -> None:
    file = official_file()
    file["state_dict"] = {wrapping + name: each for name, each in file["state_dict"].items()}
    torch.save(file, tmp_path / "wrapped.pth")
    model = load(tmp_path / "wrapped.pth", byte_tokenizer()).model
    expected = official_file()["state_dict"]["absolute_2dpos_embed"]
    assert torch.equal(model.absolute_2dpos_embed, expected)


@pytest.mark.parametrize(
    "claimed",
    [
        {"dim_ff": 10**10}, {"image_size": [48 * 10**5, 48 * 10**5]}, {"im_embed_dim": 16 * 10**6},
        {"blocks_per_level": [10**6, 1], "use_swin": [True] * (10**6 + 1),
         "use_auto": [True] * (10**6 + 1), "swin_cross_attention": [True] * (10**6 + 1)},
        {"decode_dim": 32 * 10**8},
    ],
)  # fmt: skip
def test_a_config_that_claims_too_much_takes_no_memory(tmp_path: Path, claimed: dict) -> None:
    file = official_file()
    file["config"]["model"] |= claimed
    torch.save(file, tmp_path / "huge.pth")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError):
        load(tmp_path / "huge.pth", byte_tokenizer())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB


def _nested(depth: int) -> dict[str, Any]:
    normalizer: dict[str, Any] = {"type": "Lowercase"}
    for _ in range(depth):
        normalizer = {"type": "Sequence", "normalizers": [normalizer]}
    return normalizer


PADDING = {"strategy": {"Fixed": 10**12}, "direction": "Right", "pad_to_multiple_of": None,
           "pad_id": 1, "pad_type_id": 0, "pad_token": "<pad>"}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"padding": PADDING}, "it has a padding"),
        ({"normalizer": _nested(200)}, "it has a normalizer"),
        ({"truncation": {"max_length": 0}}, "it has a truncation"),
        ({"model": {"type": "WordPiece"}}, "it is of WordPiece and ByteLevel, not BPE of bytes"),
        ({"pre_tokenizer": None}, "it is of BPE and None"),
        ({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}, "must have <s> as id 0"),
        ({"added_tokens": [{"content": 5}]}, "cannot be used"),
        ({"model": []}, "cannot be used"),
    ],
)
def test_a_tokenizer_file_holds_a_vocabulary_and_nothing_else(
    tmp_path: Path, changes: dict, told: str
) -> None:
    byte_tokenizer().save(tmp_path)
    found = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    (tmp_path / "tokenizer.json").write_text(json.dumps(found | changes), encoding="utf-8")
    with pytest.raises(ValueError, match=told):
        Tokenizer.open(tmp_path)


def test_the_shipped_tokenizer_is_read_as_the_library_reads_it() -> None:
    folder = Path(__file__).parents[2] / "checkpoints" / "dessurt-small"
    ours = Tokenizer.open(folder)
    theirs = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    rng = random.Random(0)
    letters = [*map(chr, range(32, 127)), "\u00e9", "\u2021", "\u4e2d", "\n", "<mask>", "</s>"]
    for _ in range(300):
        text = "".join(rng.choices(letters, k=40))
        assert ours.encode(text) == theirs.encode(text, add_special_tokens=False).ids
