"""What training learns from: cells, windows, answers; that losses fall and runs are resumable."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from dessurt.data.example import Example
from dessurt.model import Tokenizer
from dessurt.model.tokenizer import PAD
from dessurt.page import Page
from dessurt.page.frame import Frame
from dessurt.page.marks import Marks
from dessurt.protocol import Request
from dessurt.synth.text import ALPHABET
from dessurt.train.config import Config, Part
from dessurt.train.learner.heads import RowsAndColumns
from dessurt.train.learner.start import small_vocabulary
from dessurt.train.loop import Run
from dessurt.train.main import main
from dessurt.train.samples.batch import NOWHERE, with_slips
from dessurt.train.samples.cells import Glyphs
from dessurt.train.samples.pages import Source
from dessurt.train.samples.preprocessor import Preprocessor
from dessurt.train.samples.sampler import Sampler
from dessurt.train.section import ConfigError
from dessurt.truth import Line, Paragraph, Printed, Truth

CLASS = {letter: i + 1 for i, letter in enumerate(ALPHABET)}
TINY = {
    "image_size": [128, 256], "conv_channels": [4, 8, 8, 16, 16, 16, 16], "im_embed_dim": 32,
    "blocks_per_level": [2], "window_size": 8, "swin_nheads": [2], "use_swin": [True, True],
    "swin_cross_attention": [True, True], "use_auto": [True, True], "decode_dim": 32,
    "dim_ff": 64, "decode_num_heads": 4, "max_q_tokens": 40, "max_a_tokens": 60,
    "position_rows": 128,
}  # fmt: skip
LINE = {"tasks": {"w0>": 3, ";0>": 1}, "window": [64, 256], "batch": 2, "most_answer": 60}
PAGE = {"tasks": {"0w~": 1}, "window": [128, 256], "batch": 1}


def line(text: str, x: float, y: float, step: float = 10.0) -> Line:
    """Letters `step` apart; the line is 20 high."""
    ends = [[(x + i * step, y), (x + (i + 1) * step, y)] for i in range(len(text))]
    return Line(text, np.array(ends, np.float32), 10.0, 10.0)


def truth_of(*lines: Line, size: tuple[int, int] = (200, 600)) -> Truth:
    return Truth(size, paragraphs=(Paragraph(lines),))


def small_config(**changes: object) -> dict:
    """A tiny model's training config."""
    return {
        "name": "tiny", "seed": 1, "model": TINY, "precision": "no",
        "card": {"tasks": ["w0>", "0w~"]},
        "frame": {"mode": "focus", "text_height": 22, "least": [64, 256]},
        "stages": [{"steps": 6, "lr": 1e-3, "parts": {"line": LINE, "page": PAGE}}],
        **changes,
    }  # fmt: skip


def sampler() -> Sampler:
    return Sampler(Preprocessor(Tokenizer(small_vocabulary()), (128, 512), 22.0, 40, 100))


@pytest.fixture
def without_slips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dessurt.train.samples.preprocessor.SLIPPED", 0.0)


def test_cells_hold_their_letters_in_order_and_what_comes_before() -> None:
    glyphs = Glyphs.of(truth_of(line("ab il", 0, 12, 4.0)))
    cells, context = glyphs.cells((1, 1), (0, 0), (2, 4))
    # Middles at 2, 6, (10), 14, 18; y 12 is the second row.
    assert cells[1, 0].tolist() == [CLASS["a"], CLASS["b"], 0]
    assert cells[1, 1].tolist() == [CLASS["i"], 0, 0]
    assert cells[1, 2].tolist() == [CLASS["l"], 0, 0]
    assert cells[0].sum() == 0 and cells[1, 3].sum() == 0
    assert context[1, 0].tolist() == [0, 0, 0, 0]  # the line begins
    assert context[1, 1].tolist() == [0, CLASS["b"], CLASS["a"], 0]  # a space, then ba
    assert context[1, 2].tolist() == [CLASS["i"], 0, CLASS["b"], CLASS["a"]]


def test_cells_follow_scale_and_offset() -> None:
    cells, _ = Glyphs.of(truth_of(line("x", 10, 20))).cells((2, 0.5), (-6, 10), (4, 4))
    # (15, 20) -> (24, 20)
    assert np.argwhere(cells[..., 0]).tolist() == [[2, 3]]


def test_a_highlighted_line_gives_its_text_and_places(without_slips: None) -> None:
    shown = line("read me now", 100, 100)
    truth = truth_of(line("above", 100, 75), shown, line("below", 100, 125))
    page = Page.from_array(np.full((200, 600), 255, np.uint8))
    source, draw = Source(page, truth, Glyphs.of(truth)), sampler()
    read = set()
    for seed in range(40):
        part = Part.of({**LINE, "window": [64, 512]})
        found = draw.sample(part, "w0>", source, random.Random(seed))
        written, wanted, spots = zip(*found.words.steps, strict=True)
        assert list(written) == [0, *wanted[:-1]] and wanted[-1] == 2
        text = draw.preprocessor.tokenizer.decode(wanted)
        read.add(text)
        assert spots[-1] == NOWHERE
        lit = found.image[1].reshape(8, 8, 64, 8).max((1, 3)) > 0
        cells = found.cells.reshape(8, 64, -1)
        for letter, (x, y) in zip(text, spots, strict=False):
            if letter != " ":  # the spot is in the cell of that very letter, and highlighted
                assert CLASS[letter] in cells[int(y // 8), int(x // 8)]
                assert lit[int(y // 8), int(x // 8)]
    assert {"above", "read me now", "below"} <= read


def test_a_part_may_ask_for_several_lines_only(without_slips: None) -> None:
    alone = Paragraph((line("all alone", 100, 20),))
    two = Paragraph((line("the first of", 100, 100), line("two lines", 100, 125)))
    truth = Truth((200, 600), paragraphs=(alone, two))
    page, draw = Page.from_array(np.full((200, 600), 255, np.uint8)), sampler()
    source = Source(page, truth, Glyphs.of(truth))
    read: dict[int, set] = {}
    for lines in (1, 2):
        part = Part.of({"tasks": {"read_block0>": 1}, "window": [128, 512], "batch": 1,
                        "lines": lines})  # fmt: skip
        drawn = [draw.sample(part, "read_block0>", source, random.Random(i)) for i in range(20)]
        texts = [draw.preprocessor.tokenizer.decode([step[1] for step in each.words.steps])
                 for each in drawn if each]  # fmt: skip
        read[lines] = set(texts)
    assert read[1] == {"all alone", "the first of\\two lines"}
    assert read[2] == {"the first of\\two lines"}


def test_an_answer_ends_where_the_window_ends(without_slips: None) -> None:
    shown = line("abcdefgh", 0, 20)
    truth, page = truth_of(shown), Page.from_array(np.full((200, 600), 255, np.uint8))
    example = Example(page, Request("re~", "ab"), ("cdefgh‡",), Marks(),
                      printed_answer=Printed.of(shown, 2) + Printed.sign("‡"),
                      printed_text=Printed.of(shown, 0, 1))  # fmt: skip
    frame = Frame.window_round("whole", page.size, (64, 64), (32.0, 32.0), 1.0)
    draw = sampler()
    found = draw.preprocessor.windowed(example, Glyphs.of(truth), frame, random.Random(0))
    wanted = [step[1] for step in found.words.steps]
    # The window shows x 0 to 64: the middles of a to f, not of g at 65.
    assert draw.preprocessor.tokenizer.decode(wanted) == "cdef" and 2 not in wanted
    assert found.words.query_spots[2:4] == [(5.0, 20.0), (15.0, 20.0)]
    assert found.words.steps[0][2] == (25.0, 20.0)
    assert found.supervised and not found.region.any()


@pytest.mark.parametrize(
    ("task", "sign", "ends"), [("re~", "‡", True), ("re~", "", False), ("w0>", "", True)]
)
def test_only_a_whole_answer_ends(
    task: str, sign: str, ends: bool, without_slips: None
) -> None:
    shown = line("abcdef", 0, 20)
    truth, page = truth_of(shown), Page.from_array(np.full((200, 600), 255, np.uint8))
    answer = Printed.of(shown, 2) + Printed.sign(sign)
    example = Example(page, Request(task), (answer.text,), printed_answer=answer)
    frame = Frame.window_round("whole", page.size, (64, 128), (64.0, 32.0), 1.0)
    found = sampler().preprocessor.windowed(example, Glyphs.of(truth), frame, random.Random(0))
    assert (found.words.steps[-1][1] == 2) == ends
    assert not found.supervised


def test_after_every_slip_the_answer_goes_on_rightly() -> None:
    pieces = Tokenizer(small_vocabulary())
    tokens = [*pieces.encode("the quick brown fox jumps over it" * 3), 2]
    spots = [(float(i), 0.0) for i in range(len(tokens))]
    steps = list(zip([0, *tokens[:-1]], tokens, spots, strict=True))
    slips = 0
    for seed in range(20):
        slipped = with_slips(steps, 200, random.Random(seed))
        slips += slipped != steps
        for _, wanted, spot in slipped:  # every target is the right character of its place
            assert (wanted == 1 and spot == NOWHERE) or tokens[int(spot[0])] == wanted
        places = [spot[0] for _, _, spot in slipped if spot != NOWHERE]
        assert places == sorted(places) and places[-1] == len(tokens) - 1
    assert slips >= 15


def test_a_batch_follows_from_the_seed_and_its_number() -> None:
    parts = {"line": Part.of(LINE), "page": Part.of(PAGE)}
    from_start = sampler().batches(parts, seed=3)
    third = [next(from_start) for _ in range(3)][2]
    straight = next(sampler().batches(parts, seed=3, first=2))
    assert third[:2] == straight[:2]
    assert all(torch.equal(a, b) for a, b in zip(third[2], straight[2], strict=True))
    other = next(sampler().batches(parts, seed=4, first=2))
    assert not torch.equal(third[2].image, other[2].image)


def test_every_printed_character_is_one_token_and_any_text_survives() -> None:
    pieces = Tokenizer(small_vocabulary())
    assert {len(pieces.encode(letter)) for letter in ALPHABET + "‡ "} == {1}
    assert pieces.decode(pieces.encode("a’b – 漢字 ✓")) == "a’b – 漢字 ✓"


def test_a_position_table_of_rows_and_columns() -> None:
    torch.manual_seed(0)
    down, along = torch.rand(3, 1, 5), torch.rand(4, 5)
    table = (down + along).flatten(0, 1)[None]
    tied = RowsAndColumns(3, 4)
    assert torch.allclose(tied(tied.right_inverse(table)), table, atol=1e-6)


@pytest.mark.parametrize("part", [LINE, PAGE, {**LINE, "text": False}])
def test_one_batch_is_learnt(tmp_path: Path, part: dict) -> None:
    stage = {"steps": 1000, "lr": 3e-3, "parts": {"only": part}}
    run = Run(Config.of(small_config(stages=[stage])), tmp_path, "cpu")
    _, text, batch, _ = next(iter(run.batches(run.config.stages[0])))
    name = "dense" if not text else "region" if part is PAGE else "text"
    for group in run.optimiser.param_groups:
        group["lr"] = 3e-3
    losses = [run._learn(batch, text)[name] for _ in range(40)]
    assert losses[-1] < 0.8 * losses[0]


def test_a_run_that_remembers_is_held_to_what_it_wrote_at_first(tmp_path: Path) -> None:
    stage = {"steps": 6, "lr": 1e-3, "parts": {"line": LINE}}
    run = Run(Config.of(small_config(stages=[stage], remember=True)), tmp_path, "cpu")
    _, _, batch, _ = next(iter(run.batches(run.config.stages[0])))
    assert run.first_weights is not None
    run.plain.eval()
    held, first = run.first_weights(batch)
    assert torch.equal(held.hidden, batch.wanted != PAD)
    assert float(run.plain(held, True, first)[1]["distilled"]) == pytest.approx(0, abs=1e-6)
    with torch.no_grad():
        run.plain.model.text_embedding.weight.mul_(1.5)
    assert torch.equal(run.first_weights(batch)[1].logits, first.logits)
    now = run.plain.targets(batch).logits
    right = torch.nn.functional.kl_div(
        (now / 2).log_softmax(-1)[held.hidden], (first.logits / 2).softmax(-1)[held.hidden],
        reduction="sum",
    )  # fmt: skip
    figures = run.plain(held, True, first)[1]
    told = float(figures["distilled"])
    # Without gradients the convolutions are computed in another order: equal but for rounding.
    assert float(figures["moved"]) == pytest.approx(0, abs=1e-9)
    with torch.no_grad():
        run.plain.model.patch_embed.norm.bias.add_(0.1)
        off = run.plain.model.patch_embed(batch.image) - first.image_tokens
    share = float(off.square().mean() / first.image_tokens.var())
    loss, figures = run.plain(held, True, first)
    assert float(figures["moved"]) == pytest.approx(share, rel=1e-4)
    # That is all: right answers, places and regions of these pages are not learned.
    assert loss.item() == pytest.approx(2.5 * float(figures["distilled"]) + 40 * share, rel=1e-4)
    assert told == pytest.approx(4 * right.item() / int(held.hidden.sum()), rel=1e-4) and told > 0


def test_micro_batches_add_up_to_a_step(held_out_fonts, tmp_path: Path) -> None:
    stage = {"steps": 2, "lr": 1e-3, "accumulate": 3, "parts": {"line": LINE}}
    run = Run(Config.of(small_config(stages=[stage], card={"tasks": []})), tmp_path, "cpu")
    weights: list[torch.Tensor] = []
    learn = run._learn

    def watched(*args: object) -> dict[str, float]:
        figures = learn(*args)
        weights.append(run.plain.after_cnn.weight.detach().clone())
        return figures

    run._learn = watched
    run.train(workers=0)
    assert run.step == 2 and len(weights) == 6
    moved = [not torch.equal(a, b) for a, b in zip(weights, weights[1:], strict=False)]
    assert moved == [False, True, False, False, True]


def test_an_unreadable_config_is_refused_with_advice(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        main(["missing.json"])
    assert "give a training config" in capsys.readouterr().err


@pytest.mark.parametrize("budget", ["0", "-1", "nan"])
def test_a_budget_without_time_is_refused(budget: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        main(["missing.json", f"--budget={budget}"])
    assert "--budget must be more than 0." in capsys.readouterr().err


PART = {"tasks": {"w0>": 1}, "window": [64, 256], "batch": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": None}, "the config lacks the key 'name'"),
        ({"sead": 1}, "keys of the config: there is no 'sead', choose from name, seed"),
        ({"precision": "fp64"}, "its precision: there is no 'fp64', choose from bf16, no."),
        ({"frame": {"mode": "focus"}}, "its frame lacks the key 'text_height'"),
        ({"model": {**TINY, "decode_dim": 33}}, "model cannot be built (decode_dim 33 must be"),
        ({"stages": []}, "the config has no stages"),
        ({"stages": ["one"]}, "stage 1 is not an object"),
        ({"parts": {}}, "stage 1 has no parts"),
        ({"part": {"batch": None}}, "part 'line' of stage 1 lacks the key 'batch'"),
        ({"part": {"batches": 2}}, "keys of part 'line' of stage 1: there is no 'batches'"),
        ({"part": {"tasks": {"w9>": 1}}}, "tasks of part 'line' of stage 1: there is no 'w9>'"),
        ({"part": {"kinds": ["poem"]}}, "kinds of part 'line' of stage 1: there is no 'poem'"),
        ({"part": {"window": [64, 100]}}, "does not take the window [64, 100] of part 'line'"),
        ({"part": {"window": [64, 512]}}, "at most [128, 256]"),
        ({"part": {"batch": "4"}}, "batch of part 'line' of stage 1 is '4': give a number above 0"),
        ({"part": {"weight": -1}}, "weight of part 'line' of stage 1 is -1: give a number above 0"),
    ],
)  # fmt: skip
def test_a_config_that_cannot_be_followed_says_why(
    tmp_path: Path, change: dict, message: str, capsys: pytest.CaptureFixture
) -> None:
    change = dict(change)
    part = {key: value for key, value in {**PART, **change.pop("part", {})}.items() if value}
    stage = {"steps": 1, "lr": 1e-3, "parts": change.pop("parts", {"line": part})}
    config = {**small_config(stages=[stage]), **change}
    path = tmp_path / "config.json"
    path.write_text(json.dumps({k: v for k, v in config.items() if v is not None}))
    with pytest.raises(SystemExit) as stop:
        main([str(path), "--runs", str(tmp_path)])
    shown = capsys.readouterr().err
    assert stop.value.code == 2 and message in shown and shown.count("\n") == 1


def test_what_is_of_another_model_is_refused(tmp_path: Path) -> None:
    run = Run(Config.of(small_config()), tmp_path, "cpu")
    run.save()
    wider = small_config(model={**TINY, "dim_ff": 96})
    with pytest.raises(ConfigError, match="give the run another `name`"):
        Run(Config.of(wider), tmp_path, "cpu")


def test_the_rate_of_learning_rises_stays_and_falls(tmp_path: Path) -> None:
    run = Run(Config.of(small_config(cool_down=0.5)), tmp_path, "cpu")
    rates = []
    for step, progress in ((0, 0.0), (99, 0.1), (500, 0.5), (500, 0.75), (500, 1.0)):
        run.step = step
        rates.append(run._rate(progress))
    assert rates == pytest.approx([0.005, 0.5, 1.0, 0.5, 0.02])
