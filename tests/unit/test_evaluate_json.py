"""Damaged JSON of forms: the original's samples, those mended better one by one, and nonsense."""

import json
import random
from pathlib import Path

import pytest

from dessurt.evaluate.text import text_distance
from dessurt.truth.form_reading import parsed, without_repeats

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "json_repair.json").read_text("utf-8"))
NAME = {"Name": "question", "answers": ["Bob"]}
# The original's samples that are mended otherwise, and why that is right.
BETTER = {
    # The text is as good as where its closing mark or colon is missing, which make it "other".
    '[{"Name": "question", "answers": ["Bob"]}, {"Date":': [NAME, {"Date": "other"}],
    # Nothing was written behind the comma, so there is no empty text.
    '[{"Name": "question", "answers": ["Bob"]},': [NAME],
    # Nor in front of a bracket too many.
    '[{"x": "other"}]]': [{"x": "other"}],
    # The original cuts the text at the first mark inside it.
    '[{"a "quoted" word": "other"}]': [{'a "quoted" word': "other"}],
    # The original raises an IndexError.
    "": [],
}


@pytest.mark.parametrize("case", GOLDEN["fixLoadJSON"], ids=lambda case: case["input"][-30:])
def test_the_original_mends_the_same(case):
    if case["input"] in BETTER:
        assert parsed(case["input"]) == BETTER[case["input"]] != case.get("result")
    else:
        assert parsed(case["input"]) == case["result"]


@pytest.mark.parametrize("case", GOLDEN["derepeat"], ids=lambda case: case["input"][:20])
def test_the_original_takes_out_the_same(case):
    assert without_repeats(case["input"]) == case["result"]


@pytest.mark.parametrize("case", GOLDEN["norm_ed"], ids=lambda case: case["a"])
def test_the_original_takes_texts_for_as_different(case):
    assert text_distance(case["a"], case["b"]) == pytest.approx(case["d"])


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ('[{"word "quoted"": "other"}]', [{'word "quoted"': "other"}]),
        ('[{"5" pipe": "other"}, {"": "other"}]', [{'5" pipe': "other"}, {"": "other"}]),
        ('[{"Q": "question", "answers": ["x" "y", ""]}]',
         [{"Q": "question", "answers": ["x", "y", ""]}]),
        ('[{"H": "header", "content": [{"a": "other"]}, {"b": "other"}]',
         [{"H": "header", "content": [{"a": "other"}, {"b": "other"}]}]),
        ('[{"a": "other", {"b": "other"}]', [{"a": "other"}, {"b": "other"}]),
        ('[{"a": "other", "answ', [{"a": "other"}]),
        ('[{"a": "question", "answers": ', [{"a": "question"}]),
        ('{"total": "9.00"}‡ and more', [{"total": "9.00"}]),
        ('[{"row headers": [null, "r"], "column headers": null}]',
         [{"row headers": [None, "r"], "column headers": None}]),
        ('[{"a\\\\b \\"c\\" \\d": "other"}]', [{'a\\b "c" \\d': "other"}]),
    ],
)  # fmt: skip
def test_damage(text, content):
    assert parsed(text) == content


def test_what_is_right_is_read_as_json_does():
    text = 'a "b" \\ c, [d]: {e}'
    content = [{text: "question", "answers": ["", "ü‰"]}, {"x": [["y", None], []]}]
    assert parsed(json.dumps(content, ensure_ascii=False)) == content


def test_any_nonsense_is_read_to_its_end():
    rng = random.Random(0)
    for _ in range(2000):
        text = "".join(rng.choice('[]{}",:\\ab ') for _ in range(rng.randint(0, 60)))
        assert json.dumps(parsed(text))
    for deep in ("[" * 5000, "{" * 5000, '[{"a":' * 3000):
        assert isinstance(parsed(deep), list)
