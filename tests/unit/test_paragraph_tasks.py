"""Tasks about paragraphs on a small drawn page: questions, answers, marks and regions."""

import json
import math
import random
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from dessurt import tasks
from dessurt.data.example import Example
from dessurt.data.questions.guessing import masked_runs
from dessurt.data.questions.makers import PARAGRAPH_TASKS
from dessurt.page import Page
from dessurt.page.marks import Shape
from dessurt.truth import Line, Paragraph, Truth, mapped_truth

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "para_tasks.json").read_text("utf-8"))
SIZE = (160, 260)
PAGE = Page.from_array(np.full(SIZE, 255, np.uint8))


def line(words: list) -> Line:
    """A line from words with their boxes; all characters of a word are equally wide."""
    ends: list[list[tuple[float, float]]] = []
    for text, (x0, y0, x1, y1) in words:
        y = (y0 + y1) / 2
        if ends:
            ends.append([ends[-1][1], (x0, y)])  # the space
        edges = np.linspace(x0, x1, len(text) + 1)
        ends += [[(a, y), (b, y)] for a, b in zip(edges[:-1], edges[1:], strict=True)]
    half = (words[0][1][3] - words[0][1][1]) / 2
    text = " ".join(text for text, _ in words)
    return Line(text, np.array(ends, np.float32), half, half)


def page_of(*blocks: list) -> Truth:
    return Truth(SIZE, paragraphs=tuple(Paragraph(tuple(map(line, each))) for each in blocks))


# Two blocks of the original's samples:
#   The quick brown fox jumps       Second paragraph starts here
#   over the lazy dog near          and ends on this line
#   the old river bank today
TRUTH = page_of(*GOLDEN["blocks"])


@cache
def examples(token: str, truth: Truth = TRUTH, count: int = 300, **limits: int) -> list[Example]:
    make = PARAGRAPH_TASKS[token]
    found = [make(PAGE, truth, random.Random(seed), **limits) for seed in range(count)]
    return [each for each in found if each is not None]


def boxes(shapes: tuple[Shape, ...]) -> list[list[float]]:
    assert all(shape.kind == "box" for shape in shapes)
    return sorted([*shape.points[0], *shape.points[1]] for shape in shapes)


def named(found: list[Example], text: str) -> Example:
    """The first example with this text."""
    return next(each for each in found if each.request.text == text)


def region(each: Example) -> list[list[float]]:
    assert each.region is not None
    return boxes(each.region.shapes)


def marked(each: Example, channel: str = "highlight") -> list[float]:
    """The bounds of the marks."""
    bounds = each.request.marks.bounds(channel)
    assert bounds is not None
    return list(bounds)


# Where the words of the second line and of the last line stand.
OVER, THE, LAZY, DOG, NEAR = ([x0, 38, x1, 50] for x0, x1 in
                              ((20, 52), (58, 82), (88, 120), (126, 150), (156, 188)))  # fmt: skip
AND, ENDS, ON, THIS, LINE = ([x0, 128, x1, 140] for x0, x1 in
                             ((22, 46), (52, 84), (90, 106), (112, 144), (150, 182)))  # fmt: skip


# Of all tasks


def test_there_is_every_paragraph_task_that_is_in_use():
    legacy = {"bk~", "b0~"}
    groups = {"Read", "Find", "Around", "Fill"}
    wanted = {task.token for task in tasks.TASKS if task.group in groups} - legacy
    assert PARAGRAPH_TASKS.keys() == wanted


@pytest.mark.parametrize("token", PARAGRAPH_TASKS)
def test_every_example_is_a_question_that_can_be_asked(token: str):
    truth = page_of(GOLDEN["blocks"][0]) if token == "read_block>" else TRUTH
    found = examples(token, truth, 50)
    assert len(found) >= 45
    for each in found:
        request = each.request
        assert request.task == token and each.page is PAGE
        highlight, mask = (request.marks.has(channel) for channel in ("highlight", "mask"))
        needs = tasks.check(token, request.text, highlight, mask).needs
        assert ("text" in needs) == bool(request.text) and len(request.text) <= 64
        assert "highlight" in needs or not highlight or token == "mk>"
        assert ("mask" in needs) == mask
        assert each.region is not None
        request.marks.checked(SIZE), each.region.checked(SIZE)


@pytest.mark.parametrize("token", PARAGRAPH_TASKS)
def test_printed_characters_know_their_place(token: str):
    """Every character of question and answer that stands at a place has that place's letter."""
    letters = {
        tuple(spot): letter
        for each in TRUTH.lines
        for letter, spot in zip(each.text, each.ends.mean(1), strict=True)
    }
    places = 0
    for each in examples(token, count=50):
        pairs = ((each.printed_answer, each.answers[0]), (each.printed_text, each.request.text))
        for printed, text in pairs:
            assert printed is not None and printed.text == text
            assert printed.spots.shape == (len(text), 2)
            for letter, spot in zip(text, printed.spots, strict=True):
                if not np.isnan(spot).any():
                    assert letters[tuple(spot)] == letter
                    places += 1
                else:  # a sign, or a part that was put in; a space at a line break
                    assert letter in "\\‡№ø <mask>" or token in ("su~", "s0~") or "proper" in token
    assert places > 50 or token == "read_block>"


@pytest.mark.parametrize("token", PARAGRAPH_TASKS)
def test_the_same_seed_gives_the_same_example(token: str):
    one, two = (PARAGRAPH_TASKS[token](PAGE, TRUTH, random.Random(7)) for _ in range(2))
    if one is None or two is None:
        assert token == "read_block>"
    else:
        assert (one.request, one.answers, one.region) == (two.request, two.answers, two.region)


@pytest.mark.parametrize("token", PARAGRAPH_TASKS)
def test_an_empty_page_allows_nothing(token: str):
    assert examples(token, Truth(SIZE), 5) == []


@pytest.mark.parametrize("token", ["w0>", "00~", "r0~", "u0~", "k0~", "rm>", "mk>", "mlm>"])
def test_what_lies_outside_the_page_is_never_marked(token: str):
    outside = [[f"word{x}", [x, 20, x + 30, 32]] for x in (300, 340, 380, 420)]
    assert examples(token, page_of([outside]), 20) == []


# The original's samples

# Their choice of words cannot be met: the swapped words come from a list that is not here, one
# text was cut in a word's middle, one begins with a space, and one page has two blocks.
NOT_DRAWN = {"su~", "s0~", "proper_su~", "proper_s0~", "r0~", "infillread0~", "read_block>"}
# Their marks and regions depend on more random choices than the text.
OTHER_PLACES = {"mm~", "read_block0>"}


@pytest.mark.parametrize("token", sorted(PARAGRAPH_TASKS.keys() - NOT_DRAWN))
def test_the_original_answers_the_same(token: str):
    sample = GOLDEN["samples"][token]
    text = sample["question"][len(token) :]
    found = [
        each
        for each in examples(token, count=1000, most_text=80)
        if each.request.text == text and each.answers[0] == sample["answer"]
    ]
    assert found
    if token not in OTHER_PLACES:
        assert all(region(each) == sorted(sample["output_mask_boxes"]) for each in found)
    if sample.get("highlight_boxes") and token != "mk>":
        x0, y0, x1, y1 = np.transpose(sample["highlight_boxes"])
        wanted = [x0.min(), y0.min(), x1.max(), y1.max()]
        if token != "mlm>":  # its highlighted block may have masked paper beside it
            assert all(np.abs(np.subtract(marked(each), wanted)).max() < 6 for each in found)


@pytest.mark.parametrize("token", ["su~", "s0~", "proper_su~", "proper_s0~"])
def test_one_word_is_swapped_for_one_of_like_length_as_in_the_original(token: str):
    sample = GOLDEN["samples"][token]
    question = sample["question"][len(token) :]
    triples = [(question, sample["answer"], sample["output_mask_boxes"])]
    triples += [(each.request.text, each.answers[0], region(each)) for each in examples(token)]
    page = "\n".join(block.text for block in TRUTH.paragraphs)
    words = {tuple(word.box): word.text for each in TRUTH.lines for word in each.words}
    assert len(triples) > 250
    for text, answer, places in triples:
        (place,) = places
        true = words[tuple(place)]
        tokens = text.replace("\\", " ").split()
        # Exactly one word makes the text that of the page again when it is swapped back.
        odd = [
            (swapped, back)
            for k, swapped in enumerate(tokens)
            if (back := _with(text, k, true)) != text and back in page
        ]
        ((swapped, back),) = set(odd)
        assert answer == (back if token.startswith("proper") else true)
        assert abs(len(swapped) - len(true)) <= 1 and swapped[0].isupper() == true[0].isupper()


def _with(text: str, k: int, word: str) -> str:
    """A text with its word number `k` replaced."""
    pieces = re.split(r"([ \\])", text)
    pieces[2 * k] = word
    return "".join(pieces)


# Reading


def test_w0_reads_a_line_or_some_of_its_words():
    found = examples("w0>", count=600)
    lines = {each.text for each in TRUTH.lines}
    whole = sum(each.answers[0] in lines for each in found)
    assert 0.78 < whole / 600 < 0.92  # four in five, and some that were drawn as words
    each = next(each for each in found if each.answers[0] == "lazy dog")
    assert region(each) == [LAZY, DOG]
    assert any(marked(e) == [88, 38, 150, 50] for e in found if e.answers[0] == "lazy dog")
    assert each.printed_answer.spots[4].tolist() == [123, 44]  # the space stands somewhere too


def test_w0_takes_a_part_of_a_very_long_line():
    words = [[f"word{k:02}", [4 * k, 20, 4 * k + 3, 32]] for k in range(40)]
    texts = [each.answers[0] for each in examples("w0>", page_of([words]), 50)]
    assert max(map(len, texts)) == 104  # words of six letters: 15 do not fill a line, 16 are 111
    assert all(
        text.startswith("word00") or text.endswith("word39") or text.count(" ") < 6
        for text in texts
    )


def test_the_end_is_told_where_it_fits():
    assert {each.answers[0] for each in examples(";0>")} == {e.text + "‡" for e in TRUTH.lines}
    assert {each.answers[0] for each in examples(";0>", most_answer=25)} == {
        "The quick brown fox jumps",  # 25 characters: no room for the sign
        "over the lazy dog near‡",
        "the old river bank today‡",  # 24 and the sign
        "Second paragraph starts h",
        "and ends on this line‡",
    }


def test_reading_on_goes_to_the_end_of_the_block():
    found = examples("re~", count=1000)
    answers = {each.request.text: (each.answers[0], region(each)) for each in found}
    assert answers["lazy dog"] == (
        "near\\the old river bank today‡",
        [[20, 56, 44, 68], [50, 56, 74, 68], [80, 56, 120, 68], [126, 56, 158, 68],
         NEAR, [164, 56, 204, 68]],
    )  # fmt: skip
    assert answers["paragraph starts here"] == (
        "and ends on this line‡",
        [AND, ENDS, ON, THIS, LINE],
    )
    assert answers["here\\and ends on"][0] == "this line‡"
    assert answers["on this line"] == ("‡", [])
    assert not {"the", "on"} & answers.keys()  # on the page three times; fewer than five letters
    short = examples("re~", most_text=8)
    assert named(short, "today").answers == ("‡",)
    assert named(short, "brown").answers[0].startswith("fox jumps\\over the lazy")


def test_a_long_answer_ends_without_the_sign():
    for each in examples("re~", most_answer=20):
        text, answer = each.request.text, each.answers[0]
        (rest,) = {b.text.split(text, 1)[1][1:] for b in TRUTH.paragraphs if text in b.text}
        assert len(answer.strip("‡")) <= 20
        assert answer == rest + "‡" if len(rest) <= 20 else rest.startswith(answer)


def test_of_a_text_that_is_too_long_the_end_is_kept():
    """Reading goes on from there."""
    words = [["Supercalifragilistic", [20, 20, 180, 32]], ["day", [186, 20, 210, 32]]]
    found = examples("r0~", page_of([words]), most_text=9)
    assert {(each.request.text, each.answers[0]) for each in found} == {
        ("agilistic", "day‡"),
        ("day", "‡"),
    }


def test_reading_on_from_a_highlight_may_begin_with_any_word():
    found = examples("r0~", count=1000)
    each = named(found, "the")  # on the page three times
    assert "\\" not in each.request.text and each.request.marks.has("highlight")
    texts = {each.request.text for each in found}
    assert {"the", "on"} <= texts and max(map(len, texts)) > 40


@pytest.mark.parametrize(
    ("tokens", "text", "answer", "places"),
    [
        ("up~ u0~ ^^~ ^0~", "the old river bank today", "over the lazy dog near‡",
         [OVER, THE, LAZY, DOG, NEAR]),
        ("dn~ d0~ vv~ v0~", "The quick brown fox jumps", "over the lazy dog near‡",
         [OVER, THE, LAZY, DOG, NEAR]),
        ("up~ u0~", "Second paragraph starts here", "the old river bank today‡", None),
        ("^^~ ^0~", "Second paragraph starts here", "№‡", []),
        ("dn~ d0~", "the old river bank today", "Second paragraph starts here‡", None),
        ("vv~ v0~", "the old river bank today", "№‡", []),
        ("up~ u0~ ^^~ ^0~", "The quick brown fox jumps", "№‡", []),
        ("dn~ d0~ vv~ v0~", "and ends on this line", "№‡", []),
    ],
)  # fmt: skip
def test_the_line_above_or_below(tokens, text, answer, places):
    for token in tokens.split():
        found = [each for each in examples(token) if each.request.text == text]
        assert found and {each.answers[0] for each in found} == {answer}
        assert places is None or all(region(each) == places for each in found)
        if "0" in token:
            line = next(each for each in TRUTH.lines if each.text == text)
            assert np.abs(np.subtract(marked(found[0]), line.box)).max() < 6


@pytest.mark.parametrize("degrees", [0, 2, -2])
def test_beyond_its_block_a_line_has_the_nearest_straight_above_or_below(degrees: float):
    """Two columns under a title, and a field with its value beside it."""
    blocks = [
        [[["Title", [20, 10, 230, 22]]]],
        [[["left", [20, 40, 100, 52]]], [["column", [20, 58, 100, 70]]]],
        [[["right", [140, 40, 220, 52]]]],
        [[["Name:", [20, 100, 60, 112]]]],
        [[["Bob", [140, 100, 180, 112]]]],
    ]
    a = math.radians(degrees)
    turn = np.array([[math.cos(a), -math.sin(a), 5], [math.sin(a), math.cos(a), 10]])
    truth = mapped_truth(page_of(*blocks), turn)

    def answers(token: str) -> dict[str, str]:
        return {e.request.text: e.answers[0][:-1] for e in examples(token, truth)}

    assert answers("dn~") == {
        **{"Title": "left", "left": "column", "column": "Name:", "right": "Bob"},
        **{"Name:": "№", "Bob": "№"},
    }
    assert answers("up~") == {
        **{"Title": "№", "left": "Title", "column": "left", "right": "Title"},
        **{"Name:": "column", "Bob": "right"},
    }


def test_a_line_too_long_to_be_typed_is_named_by_its_start_or_end():
    texts = {each.request.text for each in examples("dn~", most_text=12)}
    assert {"The quick", "fox jumps", "over the", "dog near"} <= texts
    assert max(map(len, texts)) <= 12


def test_a_block_is_read_with_its_line_breaks():
    one, two = (block.text for block in TRUTH.paragraphs)
    assert one == "The quick brown fox jumps\\over the lazy dog near\\the old river bank today"
    found = examples("read_block0>")
    assert {each.answers[0] for each in found} == {one, two} and region(found[0]) == []
    alone = page_of(GOLDEN["blocks"][0])
    assert {each.answers[0] for each in examples("read_block>", alone, 5)} == {one}
    assert not examples("read_block>", alone, 5, most_answer=70)


def test_of_a_block_that_is_too_long_some_lines_are_read():
    found = examples("read_block0>", most_answer=50)
    assert {each.answers[0] for each in found} == {
        "The quick brown fox jumps\\over the lazy dog near",
        "over the lazy dog near\\the old river bank today",
        "the old river bank today",
        "Second paragraph starts here\\and ends on this line",
    }
    each = next(e for e in found if e.answers[0].startswith("over"))
    assert np.abs(np.subtract(marked(each), [20, 38, 204, 68])).max() < 6


# Finding


def test_words_are_found_by_themselves_and_with_their_line():
    assert region(named(examples("0w~"), "lazy dog near")) == [LAZY, DOG, NEAR]
    assert region(named(examples("0;~"), "lazy dog near")) == [[20, 38, 188, 50]]
    texts = [each.request.text for each in examples("0w~", count=500)]
    assert 0.6 < sum(text.count(" ") >= 3 for text in texts) / 500 < 0.9
    assert "the" not in texts  # three times on the page


def test_blocks_are_found_by_a_part_of_a_line():
    for token in ("0p~", "00~"):
        found = examples(token)
        assert region(named(found, "lazy dog")) == [[20, 20, 212, 68]]
        assert region(named(found, "this line")) == [[22, 110, 240, 140]]
    each = named(found, "this line")
    assert np.abs(np.subtract(marked(each), [112, 128, 182, 140])).max() < 6


# Filling and guessing


def test_a_blank_stands_for_one_word():
    each = named(examples("kb~", most_text=28), "Second ø starts here")
    assert each.answers == ("paragraph",) and region(each) == [[76, 110, 148, 122]]
    each = named(examples("k0~", most_text=20), "here\\ø ends on")
    assert each.answers == ("and",) and region(each) == [AND]
    assert np.abs(np.subtract(marked(each), [22, 110, 240, 140])).max() < 6


def test_a_masked_word_is_read_with_the_others():
    found = examples("rm>", most_answer=26)
    each = next(e for e in found if e.answers[0] == "over the lazy dog near\\the")
    assert region(each) == sorted([OVER, THE, LAZY, DOG, NEAR, [20, 56, 44, 68]])
    (mask,) = each.request.marks.of("mask")
    words = [word for line in TRUTH.lines[1:3] for word in line.words]
    assert any(np.abs(np.subtract(mask.bounds(), word.box)).max() < 6 for word in words)


def test_a_masked_word_is_guessed():
    found = [each for each in examples("mk>") if each.answers == ("lazy",)]
    assert found and all(np.abs(np.subtract(marked(e, "mask"), LAZY)).max() < 6 for e in found)
    assert all(region(each) == [] for each in found)
    under = [each for each in found if each.request.marks.has("highlight")]
    assert 0 < len(under) < len(found) and all(marked(each) == LAZY for each in under)
    # The mask hides that highlight whole.
    assert not any((each.request.marks.rasterise(SIZE) > 0).any() for each in under)


def test_the_places_of_a_word_are_found_among_masked_ones():
    found = examples("mm~", count=1000)
    counts = set()
    for each in found:
        text, masks = each.request.text, each.request.marks.of("mask")
        counts.add(len(masks))
        hidden = [
            word
            for line in TRUTH.lines
            for word in line.words
            if any(np.abs(np.subtract(mask.bounds(), word.box)).max() < 6 for mask in masks)
        ]
        assert len(hidden) == len(masks)
        assert all(abs(len(word.text) - len(text)) <= 1 for word in hidden)
        assert region(each) == sorted([*word.box] for word in hidden if word.text == text)
    assert counts == {2, 3, 4, 5, 6, 7, 8}
    assert any(len(region(each)) == 2 for each in found if each.request.text == "the")


def test_a_block_is_filled_in():
    for token in ("infillread~", "infillread0~"):
        found = examples(token, count=1000)
        assert {each.answers[0] for each in found} == {
            "Second paragraph starts here\\and ends on this line‡",  # 50 characters
            "over the lazy dog near\\the old river bank today‡",
            "The quick brown fox jumps\\over the lazy dog near‡",
            "the old river bank today‡",
        }
        each = named(found, "over the lazy <mask> old river bank today")
        assert each.answers == ("over the lazy dog near\\the old river bank today‡",)
        assert region(each) == []
        named(found, "<mask> over the lazy dog near\\the old river bank today")  # nothing left out
        named(found, "<mask> ends on this line")
    assert np.abs(np.subtract(marked(named(found, "<mask> ends on this line")),
                              [22, 110, 240, 140])).max() < 6  # fmt: skip


def test_masked_parts_of_a_block_are_read_in_one_line():
    found = examples("mlm>")
    assert {each.answers[0] for each in found} == {
        "The quick brown fox jumps over the lazy dog near the old river bank today",
        "Second paragraph starts here and ends on this line",
    }
    assert all(region(each) == [] and each.request.marks.has("mask") for each in found)
    # One mask a line: a run from "here" to "and" needs two.
    second = [each for each in found if each.answers[0].startswith("Second")]
    two = [each.request.marks.of("mask") for each in second]
    assert any(
        len(masks) == 2
        and np.abs(np.subtract(masks[0].bounds(), [208, 110, 240, 122])).max() < 6
        and np.abs(np.subtract(masks[1].bounds(), AND)).max() < 6
        for masks in two
    )


def test_masked_runs_are_apart_and_empty_only_at_the_ends():
    rng = random.Random(0)
    counts, sizes = set(), []
    for _ in range(2000):
        runs = masked_runs(40, rng)
        counts.add(len(runs))
        sizes += [stop - first for first, stop in runs]
        assert all(0 <= first <= stop <= 40 for first, stop in runs)
        assert all(first < stop or first in (0, 40) for first, stop in runs)
        assert all(one[1] < two[0] for one, two in zip(runs[:-1], runs[1:], strict=True))
    assert counts == {1, 2, 3, 4}  # 40 words: up to 40 / 8 - 1
    assert 2.4 < np.mean(sizes) < 3.1
    assert {len(masked_runs(4, rng)) for _ in range(100)} == {1}
    assert max(stop - first for first, stop in masked_runs(4, rng)) <= 2
