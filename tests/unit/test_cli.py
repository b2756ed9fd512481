"""The command line, with a tiny untrained model that never stops by itself."""

import io
import json
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from dessurt import Done, Marks, Notice, Page, Request, Text, cli, open_model
from dessurt.checkpoint import Checkpoint, save
from dessurt.model import Dessurt, DessurtConfig
from dessurt.model.tokenizer import END
from tests.unit.test_checkpoint import official_file
from tests.unit.vocabulary import byte_tokenizer

HIGHLIGHT = "10,20,60,30"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A checkpoint folder."""
    folder = tmp_path_factory.mktemp("weights")
    model = {
        "image_size": [48, 48],
        "max_q_tokens": 20,
        "max_a_tokens": 900,
        "blocks_per_level": [1, 1],
        "use_swin": [True, False],
        "swin_cross_attention": [True, False],
        "use_auto": [True, True],
        "window_size": 3,
        "swin_nheads": [2, 4],
        "im_embed_dim": 16,
        "decode_dim": 32,
        "dim_ff": 64,
        "decode_num_heads": 4,
        "conv_channels": [8, 16, 16, 16, 16, 16, 16],
    }
    tokenizer = byte_tokenizer()
    torch.manual_seed(0)
    network = Dessurt(DessurtConfig.from_dict(model, tokenizer.vocab_size)).eval()
    config = {"model": model, "suppressed_token_ids": [END], "name": "tiny"}
    save(Checkpoint(network, tokenizer, config), folder)
    return folder


@pytest.fixture(scope="module")
def letter(tmp_path_factory):
    """A page file, 80 wide and 120 high."""
    path = tmp_path_factory.mktemp("page") / "letter.png"
    pixels = np.random.default_rng(0).integers(0, 256, (120, 80), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def run(capsys, *words):
    code = cli.main([str(word) for word in words])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_json_is_what_the_library_answers(capsys, weights, letter):
    words = ["ask", letter, "--task", "r0~", "--text", "It was", "--highlight", HIGHLIGHT]
    words += ["--mask", "1,2,9,9", "30,50,40,60", "--max-tokens", 12, "--checkpoint", weights]
    code, out, _ = run(capsys, *words, "--json")
    assert code == 0 and out.count("\n") == 1
    answer = json.loads(out)
    marks = Marks.from_boxes([(10, 20, 60, 30)], [(1, 2, 9, 9), (30, 50, 40, 60)])
    request = Request("r0~", "It was", marks, max_tokens=12)
    events = list(open_model(weights, "cpu").ask(Page.open(letter), request))
    texts = [event for event in events if isinstance(event, Text)]
    assert len(texts) >= 12
    assert [token["id"] for token in answer["tokens"]] == [event.token_id for event in texts]
    assert answer["answer"] == "".join(event.delta for event in texts)
    assert answer["answer"] == "".join(token["text"] for token in answer["tokens"])
    np.testing.assert_allclose(
        [token["probability"] for token in answer["tokens"]],
        [event.probability for event in texts],
        rtol=1e-4,
    )
    assert answer["stopped_by"] == "length"
    assert 0 < answer["seconds_to_first_token"] <= answer["seconds"]


def test_text_goes_to_stdout_and_the_rest_to_stderr(capsys, weights, letter):
    words = ["ask", letter, "--task", "w0>", "--highlight", HIGHLIGHT, "--checkpoint", weights]
    code, out, err = run(capsys, *words, "--max-tokens", 5)
    assert code == 0 and err == "Stopped after 5 tokens, at the longest length allowed.\n"
    _, printed, _ = run(capsys, *words, "--max-tokens", 5, "--json")
    assert out == json.loads(printed)["answer"] + "\n"


def test_text_may_follow_the_task(capsys, weights, letter):
    common = ["--checkpoint", weights, "--max-tokens", 3, "--json"]
    _, apart, _ = run(capsys, "ask", letter, "--task", "re~", "--text", "so > it", *common)
    _, joined, _ = run(capsys, "ask", letter, "--task", "re~so > it", *common)
    assert json.loads(apart)["tokens"] == json.loads(joined)["tokens"]


def test_what_the_model_cannot_read_is_said(capsys, weights, letter):
    words = ["ask", letter, "--task", "natural_q~", "--text", "0123456789abcdefgh" + "END"]
    code, _, err = run(capsys, *words, "--max-tokens", 1, "--checkpoint", weights)
    assert code == 0
    assert "first 18 tokens" in err and "“END”" in err


def test_the_region_is_written_at_the_pages_size(capsys, weights, letter, tmp_path):
    path = tmp_path / "region.png"
    words = ["ask", letter, "--task", "0w~", "--text", "It was", "--checkpoint", weights]
    code, _, _ = run(capsys, *words, "--max-tokens", 2, "--region", path)
    assert code == 0
    region = np.asarray(Image.open(path))
    assert region.shape == (120, 80) and region.dtype == np.uint8
    assert 0 < region.max() <= 255


def test_beams(capsys, weights, letter):
    words = ["ask", letter, "--task", "json>", "--checkpoint", weights, "--max-tokens", 4]
    code, out, _ = run(capsys, *words, "--beams", 3, "--json")
    assert code == 0 and json.loads(out)["stopped_by"] == "length"


def test_a_page_of_several(capsys, weights, letter, tmp_path):
    page = Image.open(letter)
    page.save(tmp_path / "a.tiff", save_all=True, append_images=[page.rotate(180)])
    page.rotate(180).save(tmp_path / "second.png")
    common = ["--task", "json>", "--checkpoint", weights, "--max-tokens", 2, "--json"]
    _, second, _ = run(capsys, "ask", tmp_path / "a.tiff", "--page", 2, *common)
    _, same, _ = run(capsys, "ask", tmp_path / "second.png", *common)
    _, first, _ = run(capsys, "ask", letter, *common)
    probabilities = [
        [token["probability"] for token in json.loads(out)["tokens"]]
        for out in (second, same, first)
    ]
    assert probabilities[0] == pytest.approx(probabilities[1], rel=1e-6)
    assert probabilities[0] != pytest.approx(probabilities[2], rel=1e-6)


BAD = {
    "unknown task": (["--task", "wo>"], "There is no task 'wo>': did you mean w0>"),
    "no task": (["--task", "hello"], "'hello' has no task: begin with one"),
    "no highlight": (["--task", "w0>"], "w0> needs a highlight: mark a line or a box."),
    "no mask": (["--task", "mk>"], "mk> needs a mask"),
    "no text": (["--task", "natural_q~"], "natural_q~ needs text"),
    "text twice": (["--task", "re~a", "--text", "b"], "Give the text once"),
    "outside": (
        ["--task", "w0>", "--highlight", "500,0,600,9"],
        "Mark 1 (highlight box) lies outside the page: the page is 80 x 120 pixels",
    ),
    "not a number": (["--task", "w0>", "--highlight", "nan,0,6,9"], "A box has a point that"),
    "no such page": (["--task", "json>", "--page", "2"], "letter.png has 1 page"),
    "no tokens": (["--task", "json>", "--max-tokens", "0"], "max_tokens"),
    "no checkpoint": (["--task", "json>", "--checkpoint", "./none"], "none"),
    "no folder for the region": (
        ["--task", "json>", "--region", "/nonexistent/a.png"],
        "Cannot write the region to /nonexistent/a.png: name a .png in a folder that exists.",
    ),
    "region that is no PNG": (["--task", "json>", "--region", "a.doc"], "name a .png"),
}


@pytest.mark.parametrize("case", BAD)
def test_mistakes_end_in_one_line_and_code_2(case, capsys, weights, letter):
    words, sentence = BAD[case]
    code, out, err = run(capsys, "ask", letter, "--checkpoint", weights, *words)
    assert code == 2
    assert err.startswith("dessurt: ") and sentence in err
    assert len(err.splitlines()) == 1 and not out


def test_a_bad_page_is_a_mistake_too(capsys, tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    code, _, err = run(capsys, "ask", tmp_path / "a.png", "--task", "json>")
    assert (code, err) == (2, "dessurt: a.png is empty (0 bytes): save or download it again.\n")


@pytest.mark.parametrize(
    "words",
    [
        ["ask"],
        ["fly"],
        [],
        ["ask", "a.png", "--task", "w0>", "--highlight", "1,2,3"],
        ["ask", "a.png", "--task", "w0>", "--beams", "many"],
        ["checkpoint"],
    ],
)
def test_a_wrong_command_line_is_one_line_and_code_2(words, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(words)
    err = capsys.readouterr().err
    assert left.value.code == 2
    assert err.startswith("dessurt") and err.count("\n") == 1


def test_without_the_small_checkpoint(capsys, letter, monkeypatch, tmp_path):
    monkeypatch.setattr(cli, "SHIPPED", tmp_path / "none")
    code, _, err = run(capsys, "ask", letter, "--task", "json>")
    assert code == 2 and "pass --checkpoint" in err


def test_interrupting_keeps_the_answer_so_far(capsys, letter, monkeypatch):
    class Interrupted:
        def ask(self, page, request):
            yield Notice("Listen.")
            yield Text("Dear", 7, 0.5)
            yield Text(" Sir", 8, 0.25)
            raise KeyboardInterrupt

    monkeypatch.setattr(cli, "open_model", lambda *_: Interrupted())
    code, out, err = run(capsys, "ask", letter, "--task", "json>", "--checkpoint", "x", "--json")
    answer = json.loads(out)
    assert (code, answer["answer"], answer["stopped_by"]) == (0, "Dear Sir", "user")
    assert [token["id"] for token in answer["tokens"]] == [7, 8]
    assert err == "Listen.\n"


def test_what_is_told_after_the_answer_stands_on_a_line_of_its_own(capsys, letter, monkeypatch):
    class Unsure:
        def ask(self, page, request):
            yield Notice("Listen.")
            assert capsys.readouterr().err == "Listen.\n", "it comes before the answer"
            yield Text("Dear", 7, 0.5)
            yield Notice("That may be wrong.")
            assert capsys.readouterr() == ("Dear", "")
            yield Done(0.1, 0.2, 1, "end")

    monkeypatch.setattr(cli, "open_model", lambda *_: Unsure())
    code, out, err = run(capsys, "ask", letter, "--task", "json>", "--checkpoint", "x")
    assert (code, out, err) == (0, "\n", "That may be wrong.\n")


def test_control_c_while_it_streams(weights, letter):
    command = [sys.executable, "-m", "dessurt.cli", "ask", str(letter), "--task", "json>"]
    process = subprocess.Popen(
        [*command, "--checkpoint", str(weights)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # A shell that runs the tests in the background has made them deaf to Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    first = process.stdout.read(1)  # comes while the answer is being written
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert first and process.returncode == 0
    assert err.decode().splitlines()[-1].endswith("tokens, as you asked.")
    assert b"Traceback" not in err


def test_converting(capsys, weights, tmp_path):
    code, _, err = run(capsys, "checkpoint", "convert", tmp_path / "none.pth", tmp_path / "out")
    assert code == 2 and "none.pth" in err and not (tmp_path / "out").exists()


def test_the_vocabulary_of_an_official_file_is_named_by_its_folder(capsys, letter, tmp_path):
    torch.save(official_file(), tmp_path / "official.pth")
    (tmp_path / "pieces").mkdir()
    byte_tokenizer().save(tmp_path / "pieces")
    asked = ("ask", letter, "--task", "json>", "--max-tokens", 2)
    words = ("--checkpoint", tmp_path / "official.pth", "--tokenizer")
    code, out, _ = run(capsys, *asked, *words, tmp_path / "pieces", "--json", "--device", "cpu")
    assert code == 0 and len(json.loads(out)["tokens"]) == 2
    code, _, err = run(capsys, *asked, *words, tmp_path / "none")
    assert code == 2 and "none cannot be read" in err and len(err.splitlines()) == 1
    converting = ("checkpoint", "convert", tmp_path / "official.pth", tmp_path / "ours")
    assert run(capsys, *converting, "--tokenizer", tmp_path / "none")[0] == 2
    assert run(capsys, *converting, "--tokenizer", tmp_path / "pieces")[0] == 0
    assert (tmp_path / "ours" / "tokenizer.json").is_file()


def test_a_missing_package_is_named_with_what_installs_it(capsys, monkeypatch):
    def import_module(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'rapidfuzz'", name="rapidfuzz")

    monkeypatch.setattr(cli.importlib, "import_module", import_module)
    code, _, err = run(capsys, "evaluate", "--set", "synthetic")
    assert code == 2
    assert err == "dessurt: evaluate needs the package rapidfuzz: pip install -e '.[train]'.\n"


def test_packages_are_commands_too(monkeypatch, capsys):
    """`dessurt train --help` is what `python -m dessurt.train --help` prints."""
    assert cli.PACKAGES, "no package of the core has a __main__.py"
    monkeypatch.setenv("COLUMNS", "80")  # for both, whatever the terminal
    for verb in cli.PACKAGES:
        command = [sys.executable, "-m", f"dessurt.{verb}", "--help"]
        module = subprocess.run(command, capture_output=True, text=True)
        monkeypatch.setattr("sys.argv", ["dessurt"])
        with pytest.raises(SystemExit) as end:
            cli.main([verb, "--help"])
        assert (end.value.code, module.returncode) == (0, 0), module.stderr
        assert capsys.readouterr().out.splitlines()[1:] == module.stdout.splitlines()[1:]


# Terminals and pipes


def small_answer(root) -> list[str]:
    page = root / "assets" / "1_letter.png"
    return [sys.executable, "-m", "dessurt.cli", "ask", str(page), "--task", ";0>", "--max-tokens",
            "60", "--highlight", "102,481,869,520"]  # fmt: skip


def test_a_terminal_may_lack_a_sign(tmp_path, monkeypatch):
    """Such as the double dagger that ends an answer to `;0>`, on the code page of DOS."""
    shown = io.TextIOWrapper(io.BytesIO(), "cp437")
    monkeypatch.setattr(sys, "stdout", shown)
    assert cli.main(["ask", str(tmp_path / "none.png"), "--task", "w0>"]) == 2
    print("end\N{DOUBLE DAGGER}", flush=True)
    assert shown.buffer.getvalue() == b"end?\n"


def test_a_closed_pipe_ends_the_command_quietly(root):
    with subprocess.Popen(
        small_answer(root), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        running.stdout.close()
        told = running.stderr.read()
    assert running.returncode == 141 and told == b""


def test_a_box_that_begins_left_of_the_page(weights, tmp_path, capsys):
    Image.new("L", (60, 40), 255).save(tmp_path / "page.png")
    words = ["ask", str(tmp_path / "page.png"), "--task", "w0>", "--highlight", "-5,10,20,30"]
    words += ["--checkpoint", str(weights), "--max-tokens", "3"]
    assert cli.main(words) == 0
    assert "highlight" not in capsys.readouterr().err
