"""What training learns from: cells, highlights, answers; and that the losses fall."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("typst")

from dessurt.model import Tokenizer  # noqa: E402
from dessurt.synth import Line, SynthPage  # noqa: E402
from dessurt.synth.text import ALPHABET  # noqa: E402
from dessurt.train import dense, reading  # noqa: E402
from dessurt.train.cells import Glyphs  # noqa: E402
from dessurt.train.loop import Run, main  # noqa: E402
from dessurt.train.vocabulary import tokenizer  # noqa: E402

CLASS = {letter: i + 1 for i, letter in enumerate(ALPHABET)}


def line(text: str, x: float, y: float, step: float = 10.0) -> Line:
    """Letters `step` apart; the line is 20 high."""
    ends = [[(x + i * step, y), (x + (i + 1) * step, y)] for i in range(len(text))]
    return Line(text, np.array(ends, np.float32), (x, y - 10, x + len(text) * step, y + 10))


def small_config(folder: Path, stages: list[dict]) -> Path:
    """A tiny model's training config, as a file."""
    model = {
        "image_size": [64, 256], "conv_channels": [4, 8, 8, 16, 16, 16, 16], "im_embed_dim": 32,
        "blocks_per_level": [2], "window_size": 8, "swin_nheads": [2], "use_swin": [True, False],
        "swin_cross_attention": [True, False], "use_auto": [True, True], "decode_dim": 32,
        "dim_ff": 64, "decode_num_heads": 4, "max_q_tokens": 6, "max_a_tokens": 40,
        "position_rows": 64,
    }  # fmt: skip
    config = {
        "name": "tiny", "seed": 1, "model": model, "card": {},
        "frame": {"mode": "focus", "text_height": 22}, "stages": stages,
    }  # fmt: skip
    path = folder / "tiny.json"
    path.write_text(json.dumps(config))
    return path


def test_cells_hold_their_letters_in_order_and_what_comes_before():
    drawn = SynthPage(np.zeros((64, 64), np.uint8), (line("ab il", 0, 12, 4.0),))
    cells, context = Glyphs.of(drawn).cells((1, 1), (0, 0), (2, 4))
    # Middles at 2, 6, (10), 14, 18; y 12 is the second row.
    assert cells[1, 0].tolist() == [CLASS["a"], CLASS["b"], 0]
    assert cells[1, 1].tolist() == [CLASS["i"], 0, 0]
    assert cells[1, 2].tolist() == [CLASS["l"], 0, 0]
    assert cells[0].sum() == 0 and cells[1, 3].sum() == 0
    assert context[1, 0].tolist() == [0, 0]  # the line begins
    assert context[1, 1].tolist() == [0, CLASS["b"]]  # a space, then b
    assert context[1, 2].tolist() == [CLASS["i"], 0]


def test_cells_follow_scale_and_offset():
    drawn = SynthPage(np.zeros((64, 64), np.uint8), (line("x", 10, 20),))
    cells, _ = Glyphs.of(drawn).cells((2, 0.5), (-6, 10), (4, 4))
    # (15, 20) -> (24, 20)
    assert np.argwhere(cells[..., 0]).tolist() == [[2, 3]]


def test_a_highlighted_line_gives_its_text_and_places():
    pixels = np.full((200, 600), 255, np.uint8)
    shown = line("read me now", 100, 100)
    drawn = SynthPage(pixels, (line("above", 100, 75), shown, line("below", 100, 125)))
    pieces = Tokenizer(tokenizer())
    whole = 0
    for seed in range(30):
        found = reading.look(
            pixels, Glyphs.of(drawn), shown, (64, 512), 22, pieces, random.Random(seed)
        )
        image, cells, _, row, steps = found
        written, ids, places = (list(each) for each in zip(*steps, strict=True))
        assert written == [0, *ids[:-1]] and ids[-1] == 2
        text = pieces.decode(ids).removesuffix("‡")
        assert text in shown.text and text
        assert (row == reading.READ_TO_END) == pieces.decode(ids).endswith("‡")
        assert places[-1] == -1
        whole += text == shown.text
        lit = image[1].reshape(8, 8, 64, 8).max((1, 3)).reshape(-1) > 0
        for letter, place in zip(text, places, strict=False):
            if letter != " ":  # the place is the cell of that very letter, and highlighted
                assert CLASS[letter] in cells[place].tolist()
                assert lit[place]
    assert whole >= 15


def test_after_every_slip_the_answer_goes_on_rightly():
    pieces = Tokenizer(tokenizer())
    tokens = [*pieces.encode("the quick brown fox jumps over it" * 3), 2]
    steps = list(zip([0, *tokens[:-1]], tokens, range(len(tokens)), strict=True))
    slips = 0
    for seed in range(20):
        slipped = reading._with_slips(steps, pieces, random.Random(seed))
        slips += slipped != steps
        for _, wanted, place in slipped:  # every target is the right character of its place
            assert (wanted == 1 and place == -1) or tokens[place] == wanted
        wanted_places = [place for _, _, place in slipped if place >= 0]
        assert wanted_places == sorted(wanted_places) and wanted_places[-1] == len(tokens) - 1
    assert slips >= 15


def test_batches_repeat_for_a_seed():
    one, two = (next(dense.batches(3, 4, (64, 256))) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    pieces = Tokenizer(tokenizer())
    one, two = (next(reading.batches(3, 2, (64, 512), 22, pieces, 100)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def test_every_printed_character_is_one_token_and_any_text_survives():
    pieces = Tokenizer(tokenizer())
    assert {len(pieces.encode(letter)) for letter in ALPHABET + "‡ "} == {1}
    assert pieces.decode(pieces.encode("a’b – 漢字 ✓")) == "a’b – 漢字 ✓"


@pytest.mark.parametrize("kind", ["dense", "read"])
def test_one_batch_is_learnt(tmp_path, kind):
    stage = {"kind": kind, "minutes": 1, "window": [64, 256], "batch": 2, "lr": 3e-3, "final": 1}
    config = json.loads(small_config(tmp_path, [stage]).read_text())
    run = Run(config, tmp_path / "run", "cpu")
    run.student.prepare(stage)
    batch = next(run.student.batches(stage, 1))
    name = "loss" if kind == "dense" else "text"
    losses = []
    for _ in range(40):
        for group in run.optimiser.param_groups:
            group["lr"] = 3e-3
        losses.append(float(run._learn(stage, batch, 0.0)[name]))
    assert losses[-1] < 0.6 * losses[0]


def test_a_run_is_taken_up_where_it_was_left_and_exported(tmp_path):
    stage = {"kind": "dense", "minutes": 0.02, "window": [64, 64], "batch": 1, "lr": 1e-3}
    stage["final"] = 1
    path = small_config(tmp_path, [stage, {**stage, "minutes": 5}])
    arguments = [str(path), "--runs", str(tmp_path), "--device", "cpu", "--workers", "0"]
    assert main([*arguments, "--minutes", "0.05"]) == 0
    config = json.loads(path.read_text())
    left = Run(config, tmp_path / "tiny", "cpu")
    assert left.step > 0 and left.stage == 1
    assert main([*arguments, "--minutes", "0.01"]) == 0
    again = Run(config, tmp_path / "tiny", "cpu")
    assert again.step > left.step and again.seconds > left.seconds
    assert main([*arguments, "--export", str(tmp_path / "out")]) == 0

    from dessurt.checkpoint import load

    loaded = load(tmp_path / "out")
    weight = loaded.model.text_embedding.weight
    assert torch.allclose(weight, again.ema["model.text_embedding.weight"], atol=1e-3)
