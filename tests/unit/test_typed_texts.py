"""How long the texts are that are typed with a task: as many tokens as the model sees, no more."""

import random
from functools import cache
from statistics import median

import numpy as np
import pytest
import tokenizers
from tokenizers import models, pre_tokenizers, trainers

from dessurt import Page, tasks
from dessurt.data.questions.forms import FORM_TASKS
from dessurt.data.questions.makers import PARAGRAPH_TASKS, TASKS
from dessurt.data.questions.passage import Ask
from dessurt.evaluate import long_answers
from dessurt.model.tokenizer import SPECIAL_TOKENS, Tokenizer
from dessurt.train.config import Part
from dessurt.train.samples.pages import Source
from dessurt.train.samples.preprocessor import Preprocessor
from dessurt.train.samples.sampler import Sampler
from dessurt.truth import Entity, Paragraph, Printed, Table, Truth
from dessurt.truth.boxes import line_of

MOST_Q = 20  # max_q_tokens of the original's checkpoints: 18 tokens of a text are seen
PAGE = Page.from_array(np.full((1200, 900), 255, np.uint8))
TYPED = sorted(token for token in TASKS if "text" in tasks.task(token).needs)
WORDS = (
    "application department registration number telephone requirements estimated approximately "
    "manufacturing the of and for to in was been quarterly – naïve ‡ signature"
).split()


@pytest.fixture(scope="module")
def small() -> Tokenizer:
    """A vocabulary with pieces of words, trained here."""
    backend = tokenizers.Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=list(SPECIAL_TOKENS), initial_alphabet=alphabet,
        show_progress=False,
    )  # fmt: skip
    text = " ".join(WORDS)
    learned = [text, f'[{{"{text}": "question", "answers": ["{text}"]}}]']
    backend.train_from_iterator(learned, trainer)
    return Tokenizer(backend)


@pytest.fixture(scope="module", params=["small", "bart"])
def pieces(request: pytest.FixtureRequest) -> Tokenizer:
    if request.param == "small":
        return request.getfixturevalue("small")
    return Tokenizer.open(request.getfixturevalue("shared") / "data" / "bart_tokenizer")


@cache
def form() -> Truth:
    """Fields and a table of long texts."""
    rng = random.Random(0)
    entities = []
    for row in range(12):
        for column in range(2):
            words, x = [], 20 + 450 * column
            for _ in range(rng.randint(3, 9)):
                text = rng.choice(WORDS) + rng.choice(("", "", f"{rng.randint(0, 99)}:"))
                words.append((text, (x, 40 * row, x + 40, 40 * row + 20)))
                x += 45
            entities.append(Entity(("question", "answer")[column], (line_of(words),)))
    return Truth(
        PAGE.size, "form", tuple(Paragraph(each.lines) for each in entities), tuple(entities),
        tuple((i, i + 1) for i in range(0, 12, 2)),
        (Table((12, 14, 16), (13, 15, 17), ((18, 19, 20), (21, None, 22), (23, None, None)),
               (0, 0, 900, 900)),),
    )  # fmt: skip


def typed(token: str, pieces: Tokenizer) -> list[str]:
    """Texts that are typed with a task."""
    sampler = Sampler(Preprocessor(pieces, (64, 64), None, MOST_Q, 800))
    part = Part(1, most_answer=4000)
    made = [sampler.example(part, token, Source(PAGE, form()), random.Random(k)) for k in range(25)]
    return [each.request.text for each in made if each is not None]


def lengths(texts: list[str], pieces: Tokenizer) -> list[int]:
    return [len(pieces.encode(text)) for text in texts]


@pytest.mark.parametrize("token", TYPED)
def test_a_typed_text_is_seen_whole(token: str, pieces: Tokenizer) -> None:
    texts = typed(token, pieces)
    assert len(texts) >= 5 and max(lengths(texts, pieces)) <= MOST_Q - 2
    if token not in ("mm~", "0t~", "list_row_headers~", "list_column_headers~"):  # a word, a number
        assert max(map(len, texts)) > MOST_Q - 2  # characters


def test_a_prompt_of_json_has_all_the_tokens_that_the_model_sees(pieces: Tokenizer) -> None:
    found = lengths(typed("json~", pieces), pieces)
    assert median(found) == max(found) == MOST_Q - 2


def test_json_goes_on_right_behind_the_prompt(pieces: Tokenizer) -> None:
    for seed in range(5):
        limits = {"most_answer": 10**6, "pieces": pieces.pieces}
        whole, part = (
            FORM_TASKS[token](PAGE, form(), random.Random(seed), most_text=18, **limits)
            for token in ("json>", "json~")
        )
        seen, cut = pieces.encode_query(part.request.text, MOST_Q)
        assert cut == ""
        assert whole.answers[0].endswith(pieces.decode(seen) + part.answers[0])


def test_long_answers_are_continued_as_training_continues_them(pieces: Tokenizer) -> None:
    """What the model sees of the prompt has the same length, and ends where a token ends."""
    example = FORM_TASKS["json>"](PAGE, form(), random.Random(0), most_answer=10**6)
    ids = pieces.encode(example.answers[0])[:800]
    written = [pieces.decode([each]) for each in ids]
    prompt = "".join(written[long_answers.PROMPT])
    seen, _ = pieces.encode_query(prompt, MOST_Q)
    used = [each for each in seen if each not in pieces.special_ids]
    assert len(used) == median(lengths(typed("json~", pieces), pieces)) == 18


def test_a_form_longer_than_the_model_writes_is_learned_as_far_as_it_writes(
    pieces: Tokenizer,
) -> None:
    drawn = Sampler(Preprocessor(pieces, (192, 192), None, MOST_Q, 50))
    sample = drawn.sample(
        Part(1, most_answer=10**6), "json>", Source(PAGE, form()), random.Random(0)
    )
    assert sample is not None
    answer = FORM_TASKS["json>"](PAGE, form(), random.Random(0), most_answer=10**6).answers[0]
    assert [step[1] for step in sample.words.steps] == pieces.encode(answer)[:50]


def test_a_text_that_is_cut_is_counted_anew(small: Tokenizer) -> None:
    """Signs of several bytes are kept whole, and a part may have more tokens than in the whole."""
    text = Printed.sign("xx–‡–‡ approximately ‡‡ naïve")
    for most in range(len(small.encode(text.text)) + 1):
        ask = Ask("re~", PAGE, Truth((9, 9)), random.Random(0), most, 100, small.pieces)
        start, end = ask.start(text).text, ask.end(text).text
        assert text.text.startswith(start) and text.text.endswith(end)
        for part in (start, end):
            assert most - 4 <= len(small.encode(part)) <= most
    assert (start, end) == (text.text, text.text)


def test_without_a_vocabulary_texts_are_counted_in_characters() -> None:
    for token in ("re~", "up~", "kb~"):
        made = [PARAGRAPH_TASKS[token](PAGE, form(), random.Random(k), most_text=40)
                for k in range(25)]  # fmt: skip
        assert 20 < max(len(each.request.text) for each in made if each) <= 40
