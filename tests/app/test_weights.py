"""Which checkpoints there are, how they are read, and how many stay in memory."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from fake_instrument import FakeInstrument

from dessurt.protocol import Card
from dessurt_app import strings
from dessurt_app.ask.asking import Asking
from dessurt_app.ask.header import card_html
from dessurt_app.canvas.canvas_value import canvas_value
from dessurt_app.canvas.files import load_examples
from dessurt_app.models import SHIPPED, Weights, WeightsError


def checkpoint(path: Path, **config) -> None:
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps({"model": {}, **config}))
    (path / "model.safetensors").write_bytes(b"")


@pytest.fixture
def several(tmp_path) -> Path:
    """A folder with three checkpoints and other things."""
    for name in ("c", SHIPPED.name):
        checkpoint(tmp_path / name, name=f"Model {name}", card={"tasks": ["w0>"]})
    (tmp_path / "official.pth").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("no checkpoint")
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder.pth").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{")
    (tmp_path / "listed").mkdir()
    (tmp_path / "listed" / "config.json").write_text("[]")
    (tmp_path / "listed" / "model.safetensors").write_bytes(b"")
    return tmp_path


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """The names of the checkpoints that were read, in order."""
    names: list[str] = []

    def read(path, device="auto", **_):
        names.append(Path(path).name)
        return FakeInstrument(f"written by {Path(path).name}", 0)

    monkeypatch.setattr("dessurt_app.models.open_model", read)
    return names


def test_all_that_are_valid_are_offered_the_shipped_one_first(several, read):
    weights = Weights(folder=several)
    assert weights.names == ["dessurt-small", "c", "official.pth"]
    assert weights.of(None).name == "dessurt-small"
    weights.of(None).model(timeout=10)
    assert read == ["dessurt-small"]
    assert weights.of("c").card == Card("Model c", tasks=("w0>",))
    assert weights.of("official.pth").card == Card("official.pth")


def test_one_that_is_given_comes_first_and_may_be_anywhere(several, read, tmp_path_factory):
    given = tmp_path_factory.mktemp("elsewhere") / "mine.pth"
    weights = Weights(path=given, folder=several)
    assert weights.names == ["mine.pth", "dessurt-small", "c", "official.pth"]
    weights.of(None).model(timeout=10)
    assert read == ["mine.pth"]


@pytest.mark.parametrize("name", [None, "", "/etc/passwd", "../c", "c/", 3, ["c"], {}])
def test_no_other_name_opens_anything(several, read, name):
    weights = Weights(folder=several)
    assert weights.of(name) is weights.of("dessurt-small")


def test_two_models_stay_in_memory(several, read):
    weights = Weights(folder=several)
    for name in ("dessurt-small", "c", "dessurt-small", "official.pth"):
        weights.of(name).model(timeout=10)
    there = [name for name in weights.names if weights.of(name).outcome is not None]
    assert there == ["dessurt-small", "official.pth"]
    weights.of("c").model(timeout=10)
    assert read == ["dessurt-small", "c", "official.pth", "c"]
    assert weights.of("dessurt-small").outcome is None


def test_one_that_is_being_read_is_not_forgotten(several, read, monkeypatch):
    there = threading.Event()
    opened = SimpleNamespace(card=Card("slow"))
    monkeypatch.setattr(
        "dessurt_app.models.open_model",
        lambda path, **_: there.wait(10) and opened if Path(path).name == "c" else FakeInstrument(),
    )
    weights = Weights(folder=several)
    with pytest.raises(TimeoutError):
        weights.of("c").model(timeout=0)
    reading = weights.of("c").read()
    for name in ("dessurt-small", "official.pth"):
        weights.of(name).model(timeout=10)
    there.set()
    assert reading.result(10) is opened
    assert weights.of("c").read() is reading


def test_no_checkpoint_is_said(tmp_path, caplog):
    weights = Weights(folder=tmp_path)
    weights.read_soon()
    assert caplog.messages == [strings.NO_CHECKPOINT], "in the terminal"
    loading = weights.of(None)
    assert loading.label() == card_html(loading) == strings.MODEL_MISSING
    with pytest.raises(WeightsError) as told:
        loading.model(timeout=10)
    assert str(told.value) == strings.NO_CHECKPOINT


def test_bad_checkpoint_is_said_in_one_sentence_and_read_again_when_put_right(
    tmp_path, request, caplog
):
    (tmp_path / "bad.pth").write_bytes(b"not a checkpoint")
    loading = Weights(path=tmp_path / "bad.pth", folder=tmp_path).of(None)
    with pytest.raises(WeightsError) as told:
        loading.model(timeout=60)
    assert str(told.value).startswith("The checkpoint could not be loaded: bad.pth")
    assert "\n" not in str(told.value)
    assert caplog.messages == [str(told.value)], "in the terminal, too"
    loading.forget()
    request.getfixturevalue("read")
    assert loading.model(timeout=10).card.name == "fake"


def test_card_is_shown_when_the_model_is_there(several, monkeypatch):
    model = FakeInstrument()
    model.card = Card("<b>", "Reads & writes", ("w0>",), licence="MIT")
    assert card_html(Weights(model).of(None)) == (
        "<details><summary>&lt;b&gt; · CPU</summary><div><p>Reads &amp; writes</p>"
        "<p>Has learned: w0&gt;</p><p>Licence: MIT</p></div></details>"
    )


# Asking by name


ME = SimpleNamespace(session_hash="me")


def ask(desk: Asking, name: str | None):
    letter = load_examples()[0]
    canvas = canvas_value(letter.page, letter.marks)
    return list(desk.answer_stream(canvas, "w0>", "", False, None, name, ME))


def test_a_question_goes_to_the_checkpoint_that_was_chosen(several, read):
    desk = Asking(Weights(folder=several))
    assert ask(desk, "c")[-1].text == "written by c"
    assert ask(desk, None)[-1].text == "written by dessurt-small"


class TooLarge(FakeInstrument):
    """Writes two words, then there is no memory left."""

    device = "cpu"

    def _answer(self, page, request):
        yield from list(super()._answer(page, request))[:2]
        raise self.error


@pytest.fixture
def small_gpu(several, monkeypatch):
    """Weights whose model has too small a GPU, and the same model outside it."""
    on_gpu, on_cpu = TooLarge("a b c d", 0), FakeInstrument("a b c d", 0)
    on_gpu.device, on_gpu.error = "cuda:0", torch.OutOfMemoryError("CUDA out of memory")
    models = {"auto": on_gpu, "cpu": on_cpu}
    monkeypatch.setattr(
        "dessurt_app.models.open_model", lambda _, device="auto", **__: models[device]
    )
    return Weights(folder=several), on_gpu, on_cpu


def test_out_of_memory_goes_on_without_the_gpu(small_gpu):
    weights, on_gpu, on_cpu = small_gpu
    answers = ask(Asking(weights), None)
    assert strings.RETRY_ON_CPU in [answer.status for answer in answers]
    assert (answers[-1].state, answers[-1].text) == ("done", "a b c d")
    assert on_cpu.asked[0][1].written == (0, 1)
    assert weights.of(None).outcome is on_gpu  # the next question may be smaller


def test_out_of_memory_everywhere_is_said_and_keeps_the_text(small_gpu, monkeypatch):
    weights, _, _ = small_gpu
    worse = TooLarge("a b c d", 0)
    worse.error = RuntimeError("DefaultCPUAllocator: can't allocate memory")
    monkeypatch.setattr(weights.of(None), "on_cpu", lambda: worse)
    last = ask(Asking(weights), None)[-1]
    assert (last.state, last.status) == ("error", strings.OUT_OF_MEMORY)
    assert last.text.startswith("a b")
    last = ask(Asking(Weights(worse)), None)[-1]
    assert (last.state, last.status, last.text) == ("error", strings.OUT_OF_MEMORY, "a b")


def test_one_that_cannot_be_read_is_named(several):
    (several / "official.pth").write_bytes(b"no weights")
    weights = Weights(folder=several)
    with pytest.raises(WeightsError, match="damaged"):
        weights.of("official.pth").model(timeout=60)
    assert weights.of("official.pth").label() == "official.pth · not loaded"


def test_official_files_have_the_vocabulary_that_was_named(several, monkeypatch):
    given = []
    monkeypatch.setattr(
        "dessurt_app.models.open_model",
        lambda *_, tokenizer: given.append(tokenizer) or FakeInstrument(),
    )
    Weights(path=several / "c.pth", folder=several, tokenizer="pieces").of(None).model()
    Weights(folder=several, tokenizer="pieces").of("official.pth").model()
    assert given == ["pieces", "pieces"]


def test_a_folder_of_another_kind_is_listed_and_one_of_ours_only_with_its_weights(tmp_path):
    configs = {"hello": {"kind": "hello"}, "empty": {"kind": "dessurt", "model": {}}}
    for name, config in configs.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(config))
    assert Weights(folder=tmp_path).names == ["hello"]
