"""Writing answers: stopping, suppression, beams, text from bytes, features used again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dessurt import (
    Done,
    Instrument,
    Marks,
    Notice,
    Outcome,
    Page,
    Progress,
    Region,
    Request,
    RequestError,
    Text,
    open_model,
)
from dessurt.checkpoint import Checkpoint
from dessurt.decode import Step, beam, beam_search, greedy, greedy_steps
from dessurt.instrument import DessurtInstrument
from dessurt.model.latent import Answer, Decoder
from dessurt.model.tokenizer import END
from dessurt.opening import with_reader
from dessurt.protocol import NOTHING_WRITTEN, VERY_UNSURE
from dessurt.shipped import ROOT, SHIPPED
from tests.unit.test_model import SMALL, make
from tests.unit.vocabulary import byte_tokenizer

IMAGE = torch.rand(1, 2, 64, 96, generator=torch.Generator().manual_seed(5)) * 2 - 1
QUERY = [0, 7, 9, 2, 1, 1, 1]


def begin(tokens: int = 10) -> Answer:
    decoder = Decoder(make())
    return Answer(decoder, decoder.see(IMAGE), torch.tensor([14]), torch.tensor([QUERY]), tokens)


def test_greedy_takes_the_most_probable_token() -> None:
    model = make()
    ids = greedy(model, IMAGE, 14, QUERY, 6)
    fed = torch.tensor([[0, *ids[:-1]]])
    with torch.no_grad():
        logits, _ = model(IMAGE, torch.tensor([14]), torch.tensor([QUERY]), fed)
    assert logits[0].argmax(-1).tolist() == ids


def test_suppressed_tokens_are_never_written() -> None:
    model = make()
    free = greedy(model, IMAGE, 14, QUERY, 6)
    bound = greedy(model, IMAGE, 14, QUERY, 6, suppressed=(free[0],))
    assert free[0] not in bound
    # Set to zero, not renormalised: the probabilities of the others stay.
    step = next(greedy_steps(begin(), 6, (free[0],)))
    assert step.probability == pytest.approx(
        float(begin().probabilities[0].topk(2).values[1]), rel=1e-5
    )


def test_a_step_is_computed_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    append = Answer.append
    monkeypatch.setattr(
        Answer, "append", lambda self, *a, **k: (calls.append(1), append(self, *a, **k))
    )
    steps = greedy_steps(begin(), 10)
    next(steps)
    next(steps)
    steps.close()
    assert len(calls) == 1


def test_one_log_probability_beam_is_greedy() -> None:
    model = make()
    assert beam(model, IMAGE, 14, QUERY, 6, beams=1) == greedy(model, IMAGE, 14, QUERY, 6)


def test_beam_search_finds_the_best_of_all_answers() -> None:
    """With as many beams as there are tokens, two steps are searched exhaustively."""
    *_, best = beam_search(begin(2), 2, 50)
    steps = best.steps
    first = begin(2).probabilities[0]
    best = -np.inf
    for token in range(50):
        answer = begin(2)
        if token == 2:
            best = max(best, float(first[2].log()))
            continue
        answer.append(torch.tensor([token]))
        pair = first[token].log() + answer.probabilities[0].log().max()
        best = max(best, float(pair) / 2)
    found = np.mean([np.log(step.probability) for step in steps])
    assert found == pytest.approx(best, rel=1e-4)


def test_unknown_score() -> None:
    with pytest.raises(ValueError, match="log_prob"):
        beam_search(begin(), 5, 2, score="luck")


def test_text_stream_waits_for_whole_characters() -> None:
    tokenizer = byte_tokenizer()
    stream = tokenizer.stream()
    deltas = [stream.push(id_) for id_ in tokenizer.encode("a€b")]
    assert deltas == ["a", "", "", "€", "b"]
    assert stream.push(tokenizer.encode("€")[0]) == ""
    assert stream.flush() == "\ufffd"


def test_query_conventions() -> None:
    tokenizer = byte_tokenizer()
    a, b, c = tokenizer.encode("abc")
    assert tokenizer.encode_query("ab", 6) == ([0, a, b, 2, 1], "")
    # A query that fills its room loses its </s>, as in the original; nothing was cut.
    assert tokenizer.encode_query("abca", 6) == ([0, a, b, c, a], "")
    assert tokenizer.encode_query("abcab", 6) == ([0, a, b, c, a], "b")
    assert tokenizer.encode_query("abc", None) == ([0, a, b, c, 2], "")


@pytest.fixture
def instrument() -> Iterator[DessurtInstrument]:
    torch.manual_seed(3)
    from dessurt.model import Dessurt, DessurtConfig

    tokenizer = byte_tokenizer()
    model = Dessurt(DessurtConfig.from_dict(SMALL, tokenizer.vocab_size)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    config = {"card": {"tasks": ["w0>", "natural_q~"]}}
    yield DessurtInstrument(Checkpoint(model, tokenizer, config))


PAGE = Page.from_array(np.random.default_rng(0).integers(0, 255, (120, 90), dtype=np.uint8))
LINE = Marks.from_boxes(highlight=[(10, 20, 70, 40)])


def test_events_of_an_answer(instrument: DessurtInstrument) -> None:
    events = list(instrument.ask(PAGE, Request("w0>", marks=LINE, want_region=True)))
    text = [event for event in events if isinstance(event, Text)]
    assert len(text) >= 1
    region, done = events[-2:]
    assert isinstance(region, Region) and region.map.shape == (120, 90)
    assert 0 < region.map.max() <= 1
    assert isinstance(done, Done) and done.tokens == len(text)
    assert 0 < done.seconds_to_first_token <= done.seconds
    assert (done.stopped_by == "end") == (text[-1].token_id == 2)
    assert text[0].alternatives[0].token_id == text[0].token_id
    assert text[0].alternatives[0].probability == text[0].probability
    assert len(text[0].alternatives) == 5


def test_as_many_alternatives_as_wanted_are_told_and_a_text_has_tokens(
    instrument: DessurtInstrument,
) -> None:
    request = Request("w0>", marks=LINE, max_tokens=1, alternatives=100)
    (told,) = (event for event in instrument.ask(PAGE, request) if isinstance(event, Text))
    probabilities = [each.probability for each in told.alternatives]
    assert len({each.token_id for each in told.alternatives}) == 100
    assert probabilities == sorted(probabilities, reverse=True)
    ids = instrument.token_ids("two words")
    assert instrument.tokenizer.decode(ids) == "two words"


def test_length_limit(instrument: DessurtInstrument) -> None:
    *_, done = instrument.ask(PAGE, Request("w0>", marks=LINE, max_tokens=1))
    assert (done.tokens, done.stopped_by) == (1, "length")


def test_a_stopped_answer_goes_on_as_if_it_had_not_been(instrument: DessurtInstrument) -> None:
    whole = Request("w0>", marks=LINE, max_tokens=12)
    ids = [event.token_id for event in instrument.ask(PAGE, whole) if isinstance(event, Text)]
    assert len(ids) == 12
    rest = replace(whole, written=tuple(ids[:5]), max_tokens=7)
    *text, done = instrument.ask(PAGE, rest)
    assert [event.token_id for event in text] == ids[5:]
    assert (done.tokens, done.stopped_by) == (7, "length")


def test_an_answer_that_only_repeats_itself_is_stopped(
    instrument: DessurtInstrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = (instrument.tokenizer.encode("So it is: ") + instrument.tokenizer.encode("on") * 60)[:90]
    steps = [Step(id_, 0.5) for id_ in said]
    monkeypatch.setattr("dessurt.instrument.greedy_steps", lambda *_: iter(steps))
    *text, notice, done = instrument.ask(PAGE, Request("w0>", marks=LINE))
    assert "".join(event.delta for event in text) == "So it is: " + "on" * 20
    assert "repeated itself" in notice.message
    assert (done.tokens, done.stopped_by) == (50, "loop")


def test_rows_of_dots_may_be_long(
    instrument: DessurtInstrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [Step(id_, 0.5) for id_ in instrument.tokenizer.encode("." * 60 + "7")]
    monkeypatch.setattr("dessurt.instrument.greedy_steps", lambda *_: iter(steps))
    *text, done = instrument.ask(PAGE, Request("w0>", marks=LINE))
    assert "".join(event.delta for event in text) == "." * 60 + "7"


@pytest.mark.parametrize(
    ("task", "text", "sure", "told"),
    [
        ("w0>", "", 0.9, [NOTHING_WRITTEN]),
        ("w0>", "  ", 0.2, [NOTHING_WRITTEN]),
        ("w0>", "a m", 0.2, [VERY_UNSURE]),
        ("w0>", "a m", 0.6, []),
        ("natural_q~", "", 0.2, [NOTHING_WRITTEN]),
        ("natural_q~", "a m", 0.2, []),  # the page may be read well, and still say nothing of it
        ("0w~", "", 0.2, []),  # is answered by a region
    ],
)
def test_it_is_told_where_there_may_be_nothing_to_read(
    instrument: DessurtInstrument,
    monkeypatch: pytest.MonkeyPatch,
    task: str,
    text: str,
    sure: float,
    told: list[Notice],
) -> None:
    def steps(*_: object) -> Iterator[Step]:
        return (Step(id_, sure) for id_ in [*instrument.tokenizer.encode(text), END])

    monkeypatch.setattr("dessurt.instrument.greedy_steps", steps)
    monkeypatch.setattr(instrument, "card", replace(instrument.card, tasks=()))
    request = Request(task, "what" if task != "w0>" else "", LINE, want_region=task == "0w~")
    events = list(instrument.ask(PAGE, request))
    assert [event for event in events if isinstance(event, Notice)] == told
    stopped = replace(request, written=tuple(instrument.tokenizer.encode("It was")))
    assert not any(isinstance(event, Notice) for event in instrument.ask(PAGE, stopped))


def test_views_are_of_lines_where_the_checkpoint_says_so(instrument: DessurtInstrument) -> None:
    def seen(model: Instrument, page: Page, request: Request) -> list[Request]:
        return [view.request for view in model.views(page, request)]

    lines = Marks.from_boxes(highlight=[(10, 60, 70, 80), (10, 20, 70, 40)])
    request = Request("read_block0>", marks=lines, max_tokens=9)
    assert seen(instrument, PAGE, request) == [request]
    for config in (
        {"reader": {"tasks": ["read_block0>", "read_block>"]}},
        {"frame": {"by_line": ["read_block0>", "read_block>"]}},
    ):
        by_line = with_reader(instrument, config)
        boxes = [[(10, 20, 70, 40)], [(10, 60, 70, 80)]]
        assert seen(by_line, PAGE, request) == [
            Request("w0>", marks=Marks.from_boxes(highlight=box), max_tokens=200) for box in boxes
        ]
    gray = np.full((100, 300), 255, np.uint8)
    for top in (20, 60):  # two lines of rings
        for left in range(20, 200, 12):
            gray[top : top + 10, left : left + 8] = 0
            gray[top + 2 : top + 8, left + 2 : left + 6] = 255
    masked = Request("read_block>", marks=Marks.from_boxes(mask=[(0, 0, 9, 9)]))
    parts = seen(by_line, Page.from_array(gray), masked)
    middles = [sum(part.marks.bounds("highlight")[1::2]) / 2 for part in parts]
    assert middles == pytest.approx([25, 65], abs=2)  # a line reaches further up than down
    assert all(part.marks.of("mask") == masked.marks.shapes for part in parts)


def test_a_checkpoint_that_can_do_without_has_no_reader(instrument: DessurtInstrument) -> None:
    for config in ({}, {"frame": {"mode": "fit"}}, {"reader": {"tasks": []}}):
        assert with_reader(instrument, config) is instrument


def test_long_text_is_told(instrument: DessurtInstrument) -> None:
    first = next(iter(instrument.ask(PAGE, Request("natural_q~", "abcdefghij"))))
    assert isinstance(first, Notice)
    assert "first 6 tokens" in first.message and "“ghij”" in first.message


def test_a_task_that_was_not_learned_is_told(instrument: DessurtInstrument) -> None:
    events = list(instrument.ask(PAGE, Request("json>", max_tokens=1)))
    assert "has not learned json>" in events[0].message
    assert isinstance(events[-1], Done)


def test_features_are_used_again(
    instrument: DessurtInstrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    see = Decoder.see
    monkeypatch.setattr(Decoder, "see", lambda self, image: (seen.append(1), see(self, image))[1])
    list(instrument.ask(PAGE, Request("w0>", marks=LINE, max_tokens=1)))
    list(instrument.ask(PAGE, Request("natural_q~", "what?", marks=LINE, max_tokens=1)))
    assert len(seen) == 1
    other = Marks.from_boxes(highlight=[(10, 20, 71, 40)])
    list(instrument.ask(PAGE, Request("w0>", marks=other, max_tokens=1)))
    assert len(seen) == 2


def test_beams_tell_that_they_go_on_and_can_be_stopped(instrument: DessurtInstrument) -> None:
    events = instrument.ask(PAGE, Request("w0>", marks=LINE, beams=3, max_tokens=4))
    assert next(events) == Progress(1)
    events.close()
    *_, done = instrument.ask(PAGE, Request("w0>", marks=LINE, beams=3, max_tokens=4))
    assert done.tokens >= 1


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (Request("w9>"), "w9>"),
        (Request("w0>"), "w0> needs a highlight"),
        (Request("mk>"), "mk> needs a mask"),
        (Request("natural_q~"), "natural_q~ needs"),
        (Request("w0>", marks=Marks.from_boxes(highlight=[(500, 500, 600, 600)])), "outside"),
        (Request("w0>", marks=LINE, max_tokens=0), "at least 1"),
        (Request("w0>", marks=LINE, beams=0), "at least 1"),
        (Request("w0>", marks=LINE, written=(-1,)), "token ids"),
        (Request("w0>", marks=LINE, written=(5,), beams=2), "beams=1"),
        (Request("w0>", marks=LINE, written=(5,) * 2000), "mark a smaller part"),
    ],
)
def test_bad_requests_say_what_to_do(
    instrument: DessurtInstrument, request_: Request, said: str
) -> None:
    with pytest.raises(RequestError) as error:
        instrument.ask(PAGE, request_)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_conversion_through_the_golden_checkpoint(shared: Path, tmp_path: Path) -> None:
    """An official file, converted, answers the same as before."""
    from dessurt.checkpoint import convert, load

    path = shared / "golden" / "dessurt" / "checkpoint-golden.pth"
    convert(path, tmp_path / "ours", byte_tokenizer())
    request = Request("natural_q~", "what?", max_tokens=8)
    answers = []
    for checkpoint in (load(path, byte_tokenizer()), load(tmp_path / "ours")):
        events = DessurtInstrument(checkpoint).ask(PAGE, request)
        answers.append([event.token_id for event in events if isinstance(event, Text)])
    assert answers[0] == answers[1]


@pytest.fixture(scope="module")
def reader():
    return open_model(SHIPPED, "cpu")


def test_lines_that_are_read_together_are_read_as_they_are_one_by_one(reader):
    questions = [
        (Page.open(ROOT / "assets/1_letter.png"), Request("read_block>")),
        (Page.open(ROOT / "assets/3_receipt.png"), Request("read_block>")),
    ]
    together = open_model(SHIPPED, "cpu")
    pauses = len(list(together.read_ahead(questions)))
    asked = []
    together.inner.ask = lambda *question: asked.append(question)  # all was read before
    for page, request in questions:
        one, other = (Outcome.of(model.ask(page, request)) for model in (reader, together))
        assert other.text == one.text
        assert [t.token_id for t in other.tokens] == [t.token_id for t in one.tokens]
        for a, b in zip(one.tokens, other.tokens, strict=True):
            assert b.probability == pytest.approx(a.probability, abs=1e-4)
            assert (a.place is None) == (b.place is None)
            assert a.place is None or b.place == pytest.approx(a.place, abs=0.1)
        pauses -= len(one.lines)
    assert not pauses and not asked


def test_what_is_read_ahead_can_be_stopped_and_is_not_read_again(reader):
    question = Page.open(ROOT / "assets/1_letter.png"), Request("read_block>")
    model = open_model(SHIPPED, "cpu")
    some = model.read_ahead([question])
    for _ in range(3):
        next(some)
    some.close()
    lines = len(Outcome.of(reader.ask(*question)).lines)
    twice = [question, (question[0], Request("0w~", "oldest"))]  # of the same lines
    assert len(list(model.read_ahead(twice))) == lines - 3
    assert not list(model.read_ahead([question]))
