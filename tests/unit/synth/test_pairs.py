"""`dessurt data pairs`: forms made up by a language model, and what the generator makes of them."""

import json
import random
import sys
from itertools import islice
from pathlib import Path

import pytest

from dessurt.cli import main
from dessurt.synth import pairs
from dessurt.synth.fields import groups
from dessurt.synth.files import load
from dessurt.synth.main import main as synth
from dessurt.synth.pairs import as_list, forms, parsed, write_forms

HEAD = "This form is to be filled out.\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Date: 1/2/1950\nName: Ann Lee\n\n\nCity:  Bonn \nthe end",
         [("Date", "1/2/1950"), ("Name", "Ann Lee"), ("City", "Bonn")]),
        ("Name: Ann<|endoftext|>\nCity: Bonn", [("Name", "Ann")]),
        ("Time: 10:30\nhttp://a.b: c\n: nothing\nName: Ann", [("Name", "Ann")]),
        ("Address:\n12 High Street\nCity: Bonn", [("Address", "12 High Street"), ("City", "Bonn")]),
        ("Address:\nCity: Bonn\nLast:", [("City", "Bonn")]),
        # A pair again, or one label after another as before: the model turns in a circle.
        ("Name: Ann\nAge: 3\nName: Ann\nCity: Bonn", [("Name", "Ann"), ("Age", "3")]),
        ("A: 1\nB: 2\nA: 3\nB: 4\nC: 5", [("A", "1"), ("B", "2"), ("A", "3")]),
        ("", []),
    ],
)  # fmt: skip
def test_the_pairs_of_a_text(text: str, found: list) -> None:
    assert parsed(HEAD + text) == found


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("red, green, blue, black", ["red", "green", "blue", "black"]),
        ("red, green, blue", "red, green, blue"),  # too few
        ("a, b, c, a much longer part", "a, b, c, a much longer part"),
        ("no, no, no, no", "no"),
        (", ".join(["x" * 60] * 4), ", ".join(["x" * 60] * 4)),
    ],
)
def test_values_that_are_lists(value: str, wanted: object) -> None:
    assert as_list(value) == wanted


class Stub:
    """Stands for a language model: what it says next, and what it was asked."""

    def __init__(self, *said: str) -> None:
        self.said, self.prompts, self.seeds = said, [], []

    def __call__(self, prompt: str, seed: int) -> list[str]:
        self.prompts.append(prompt)
        self.seeds.append(seed)
        return list(self.said)


def test_prompts_are_a_head_a_known_pair_and_a_known_label(monkeypatch) -> None:
    monkeypatch.setattr(pairs, "DATES", 6)
    stub = Stub(" Ann\nShoe size: 1\nDrinks: tea, milk, wine, beer")
    made = []
    for title, fields in islice(forms(stub, random.Random(1), ["Cleopatra"]), 60):
        _, pair, _ = stub.prompts[-1].split("\n")
        # A form about something leaves the prompt's own pair out.
        label, value = fields[0]
        value = value if isinstance(value, str) else ", ".join(value)
        assert (f"{label}: {value}" == pair) == (title is None)
        made.append((title, fields))
    heads, firsts, labels = zip(*(prompt.split("\n") for prompt in stub.prompts), strict=True)
    assert {head[:4] for head in heads} == {"This", "Form"}
    assert firsts[0].startswith("Date: ") and labels[0][:-1] in pairs.LABELS
    assert "Shoe size: 1" in firsts and {"Shoe size:", "Drinks:"} <= {*labels}
    assert {title for title, _ in made} == {None, "Cleopatra"}
    assert ("Drinks", ["tea", "milk", "wine", "beer"]) in made[0][1]
    assert len(set(stub.seeds)) == len(stub.seeds)


def test_the_file_is_gone_on_with_and_the_generator_takes_it(tmp_path, monkeypatch, capsys) -> None:
    stub = Stub(" Zanzibar\nFavourite moon: Phobos, Deimos, Europa, Titania")
    monkeypatch.setattr(pairs, "language_model", lambda *given: stub)
    path = tmp_path / "pairs.json"
    command = ["data", "pairs", "--out", str(path), "--count"]
    assert main([*command, "3"]) == 0
    first = json.loads(path.read_text())
    assert len(first) == 3 and {type(title) for title, _ in first} <= {str, type(None)}
    assert main([*command, "5"]) == 0
    whole = json.loads(path.read_text())
    assert len(whole) == 5 and whole[:3] == first
    asked = len(stub.prompts)
    assert main([*command, "4"]) == 0 and len(stub.prompts) == asked  # there are more already
    assert json.loads(path.read_text()) == whole

    fields = [field for group in groups(path) for field in group.fields]
    assert "Favourite moon" in {field.label for field in fields}
    assert ("Phobos", "Deimos", "Europa", "Titania") in {field.value for field in fields}
    argv = ["--out", str(tmp_path / "out"), "--count", "3", "--kinds", "form", "--scans", "0"]
    assert synth([*argv, "--vocabulary", str(path)]) == 0
    texts = {line.text for i in range(3) for line in load(tmp_path / "out" / f"page-0000{i}.json")
             .truth.lines}  # fmt: skip
    assert any("Favourite" in text for text in texts) and "Phobos" in texts
    path.write_text("[[1, 2")
    assert synth([*argv, "--vocabulary", str(path)]) == 2
    assert f"{path} does not list labels and values" in capsys.readouterr().err
    assert main([*command, "9"]) == 2
    assert path.read_text() == "[[1, 2"  # nothing of another kind is written over


def test_an_interrupted_call_keeps_what_it_has(tmp_path) -> None:
    def stop(prompt: str, seed: int) -> list[str]:
        if len(stub.prompts) == 2:
            raise KeyboardInterrupt
        return stub(prompt, seed)

    stub, path = Stub(" x"), tmp_path / "pairs.json"
    with pytest.raises(KeyboardInterrupt):
        write_forms(stop, path, 100, 0)
    assert 1 <= len(json.loads(path.read_text())) <= 2


def test_without_transformers_or_a_model_it_says_what_to_do(tmp_path, monkeypatch, capsys) -> None:
    command = ["data", "pairs", "--model", str(tmp_path / "none"), "--out", str(tmp_path / "p")]
    assert main(command) == 2
    said = capsys.readouterr().err
    assert said.startswith("dessurt data: ") and said.count("\n") == 1
    assert "pip install -e '.[distill]'" in said or "cannot be opened" in said
    monkeypatch.setitem(sys.modules, "transformers", None)  # as if it were not installed
    assert main(command) == 2
    assert "needs the package transformers: pip install -e '.[distill]'" in capsys.readouterr().err
    assert not (tmp_path / "p").exists()


def test_a_small_gpt_2_writes_forms(tmp_path) -> None:
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {each: number for number, each in enumerate(["<|endoftext|>", *letters])}
    backend = Tokenizer(models.BPE(vocabulary, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    pieces = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="<|endoftext|>", bos_token="<|endoftext|>"
    )
    size = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 512}
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=257, bos_token_id=0, eos_token_id=0, **size))  # fmt: skip
    model.save_pretrained(tmp_path / "gpt2")
    pieces.save_pretrained(tmp_path / "gpt2")
    generate = pairs.language_model(str(tmp_path / "gpt2"), "cpu")
    texts = generate(HEAD + "Date: 1/2/1950\nName:", 3)
    assert len(texts) == 3 and texts == generate(HEAD + "Date: 1/2/1950\nName:", 3)
    assert len(set(texts)) > 1 and not any(HEAD in text for text in texts)
    path: Path = tmp_path / "pairs.json"
    write_forms(generate, path, 2, 0)
    assert len(json.loads(path.read_text(encoding="utf-8"))) == 2
