"""From a canvas value to a stream of answers, without a browser or a server."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from fake_instrument import FakeInstrument
from PIL import Image

from dessurt.protocol import Progress, RequestError
from dessurt_app import strings
from dessurt_app.ask import asking as asking_module
from dessurt_app.ask.answer_view import AnswerView
from dessurt_app.ask.asking import Asking
from dessurt_app.ask.shaping import Tree
from dessurt_app.canvas.canvas_value import canvas_value
from dessurt_app.canvas.files import load_examples
from dessurt_app.models import Weights

LETTER = load_examples()[0]
ME, OTHER = SimpleNamespace(session_hash="me"), SimpleNamespace(session_hash="other")


def asking(fake: FakeInstrument) -> Asking:
    return Asking(Weights(fake))


def ask(desk: Asking, task="w0>", text="", show_region=False, canvas=None, who=ME, max_tokens=None):
    canvas = canvas or canvas_value(LETTER.page, LETTER.marks)
    return desk.answer_stream(canvas, task, text, show_region, max_tokens, None, who)


def test_answers_grow_and_end_complete():
    answers = list(ask(asking(FakeInstrument("a b c", 0.06))))
    assert [answer.text for answer in answers] == ["", "a", "a b", "a b c", "a b c"]
    assert [answer.state for answer in answers] == ["running"] * 4 + ["done"]
    assert answers[0].status == strings.READING_PAGE
    assert answers[-1].tokens == 3


def test_at_most_twenty_updates_a_second():
    fake = FakeInstrument(" ".join("w" * 200), 0.002)
    start = time.perf_counter()
    answers = list(ask(asking(fake)))
    assert answers[-1].text.split() == ["w"] * 200
    assert len(answers) <= 20 * (time.perf_counter() - start) + 4


def test_end_tells_speed_time_and_mean_confidence():
    fake = FakeInstrument("sure unsure", 0)
    fake.probabilities = {"sure": 0.98, "unsure": 0.5}
    *_, last = ask(asking(fake))
    assert last.status.endswith(" · confidence 0.74")
    assert [(token.delta, token.probability) for token in last.written] == [
        ("sure", 0.98),
        (" unsure", 0.5),
    ]
    assert not last.more


def test_view_gets_alternatives_when_the_answer_is_over():
    fake = FakeInstrument("a b", 0.06)
    fake.probabilities = {"b": 0.3}
    view = AnswerView()
    shown = [view.postprocess(answer) for answer in ask(asking(fake))]
    plain = {"text": " b", "id": 1, "probability": 0.3}
    assert shown[2]["written"][1] == plain
    others = [
        {"text": " B", "id": 1001, "probability": 0.7},
        {"text": " b", "id": 1, "probability": 0.3},
    ]
    assert shown[-1]["written"][1] == {**plain, "alternatives": others}
    assert shown[-1]["text"] == "a b"
    json.dumps(shown)  # no dataclass is left in it, and no question


def test_limit_ends_the_answer_and_continue_goes_on_from_there():
    fake = FakeInstrument("a b c d e", 0)
    desk = asking(fake)
    *_, last = ask(desk, max_tokens=2)
    assert (last.text, last.state, last.more) == ("a b", "done", True)
    assert last.status == "Stopped at the limit of 2 tokens · confidence 0.90"
    *_, last = desk.resume_stream(ME)
    assert (last.text, last.more) == ("a b c d", True)
    *_, last = desk.resume_stream(ME)
    assert (last.text, last.state, last.more) == ("a b c d e", "done", False)
    assert [request.written for _, request in fake.asked] == [(), (0, 1), (0, 1, 2, 3)]
    assert {request.max_tokens for _, request in fake.asked} == {2}
    assert len({request.marks for _, request in fake.asked}) == 1


def test_continue_goes_on_after_stop():
    fake = FakeInstrument(" ".join("w" * 1000), 0.01)
    desk = asking(fake)
    stream = ask(desk)
    while not next(stream).tokens:
        pass
    stopped = desk.stop(ME)
    stream.close()
    fake.words = fake.words[: stopped.tokens + 2]
    *_, last = desk.resume_stream(ME)
    assert (last.state, last.tokens) == ("done", stopped.tokens + 2)
    assert fake.computed == 2


def test_nothing_to_continue_is_said():
    desk = asking(FakeInstrument("a", 0))
    *_, whole = ask(desk)
    assert whole.state == "done"
    for who in (ME, OTHER):  # who has a whole answer, and who has none
        (answer,) = desk.resume_stream(who)
        assert (answer.state, answer.status) == ("error", strings.NOTHING_TO_CONTINUE)


def test_last_answers_of_long_ago_are_forgotten(monkeypatch):
    monkeypatch.setattr("dessurt_app.ask.asking.MOST_REMEMBERED", 2)
    desk = asking(FakeInstrument("a b", 0))
    visitors = [SimpleNamespace(session_hash=name) for name in "xyz"]
    for who in (*visitors, visitors[1]):
        list(ask(desk, max_tokens=1, who=who))
    ends = [list(desk.resume_stream(who))[-1] for who in visitors]
    assert [answer.text for answer in ends] == ["", "a b", "a b"]


def test_calls_without_a_session_share_no_answer():
    desk, nobody = asking(FakeInstrument("a b c", 0)), SimpleNamespace(session_hash=None)
    list(ask(desk, who=nobody, max_tokens=1))
    (last,) = desk.resume_stream(nobody)
    assert (last.state, last.status) == ("error", strings.NOTHING_TO_CONTINUE)


def test_loop_is_not_continued():
    class Stuck(FakeInstrument):
        def _answer(self, page, request):
            *events, done = super()._answer(page, request)
            yield from events
            yield replace(done, stopped_by="loop")

    *_, last = ask(asking(Stuck("a a", 0)))
    assert (last.state, last.more) == ("stopped", False)
    assert last.status.startswith("Stopped after 2 tokens")


@pytest.mark.parametrize(
    ("given", "asked"),
    [(7, 7), (None, None), (0, None), (-3, None), ("9", None), (float("inf"), None)],
)
def test_limit_from_outside(given, asked):
    fake = FakeInstrument("a", 0)
    list(ask(asking(fake), max_tokens=given))
    assert fake.asked[0][1].max_tokens == asked


def test_questions_wait_for_each_other_and_know_how_many_are_ahead():
    fake = FakeInstrument("a b", 0)
    desk = asking(fake)
    first = ask(desk, who=ME)
    assert next(first).status == strings.READING_PAGE
    second, third = (ask(desk, who=SimpleNamespace(session_hash=name)) for name in "xy")
    assert next(second).status == "1 ahead of you"
    assert next(third).status == "2 ahead of you"
    second.close()
    assert next(third).status == "1 ahead of you"
    list(first)
    assert next(third).status in ("1 ahead of you", strings.READING_PAGE)
    *_, last = third
    assert last.text == "a b"
    assert len(fake.asked) == 2


class LineByLine(FakeInstrument):
    """Tells after each word of a block that a line is read; `order`: whose words came when."""

    def reset(self) -> None:
        super().reset()
        self.order: list[str] = []

    def _answer(self, page, request):
        words = iter(super()._answer(page, request))
        for number, event in enumerate(words):
            self.order.append(request.task)
            yield event
            if request.task.startswith("read_block"):
                yield Progress(number + 1, len(self.words))


def test_a_long_question_lets_the_others_in_between_its_lines():
    fake = LineByLine("a b c d e f g h", 0.05)
    desk = asking(fake)
    long = ask(desk, "read_block>", who=SimpleNamespace(session_hash="long"))
    next(long)
    texts = {}

    def read(name: str, stream) -> None:
        *_, last = stream
        texts[name] = last.text, last.state

    others = [("read_block0>", "second"), ("w0>", "short")]
    streams = [ask(desk, task, who=SimpleNamespace(session_hash=name)) for task, name in others]
    for stream in streams:
        assert "ahead of you" in next(stream).status
    threads = [
        threading.Thread(target=read, args=each)
        for each in zip(("long", "second", "short"), (long, *streams), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert texts == dict.fromkeys(("long", "second", "short"), ("a b c d e f g h", "done"))
    # The short one waits for a line of each; then the long ones go on in turn.
    short_ends = len(fake.order) - fake.order[::-1].index("w0>")
    before = fake.order[:short_ends]
    assert before.count("read_block>") <= 2 and before.count("read_block0>") <= 2
    after = fake.order[short_ends:]
    assert all(one != other for one, other in zip(after[:-2], after[1:-1], strict=True))


def test_a_question_that_has_let_others_in_can_be_stopped():
    desk = asking(LineByLine("a b c", 0))
    long, short = ask(desk, "read_block>"), ask(desk, who=OTHER)
    next(long)
    next(short)
    while next(long).status != "1 ahead of you":
        pass
    desk.stop(ME)
    *_, last = long
    assert (last.state, last.text) == ("stopped", "a")
    *_, last = short
    assert last.text == "a b c"


def test_waiting_question_can_be_stopped():
    desk = asking(FakeInstrument("a b", 0))
    first = ask(desk, who=OTHER)
    next(first)
    stream = ask(desk)
    assert next(stream).status == "1 ahead of you"
    assert desk.stop(ME).status == "Stopped after 0 tokens"
    *_, last = stream
    assert (last.state, last.more) == ("stopped", False)


def test_json_answer_has_its_tree_at_the_end():
    *running, last = ask(asking(FakeInstrument('[{"Name:": "question"', 0.06)), "json>")
    assert all(answer.shape is None for answer in running)
    pieces = (("same", '[{"Name:": "question"'), ("added", "}]"))
    assert last.shape == Tree(pieces)


@pytest.mark.parametrize("seconds", [0.0, 0.02])
def test_stop_ends_within_one_token(seconds):
    fake = FakeInstrument(" ".join("w" * 100_000), seconds)
    desk = asking(fake)
    stream = ask(desk, max_tokens=100_000)
    while not next(stream).tokens:
        pass
    at_stop = []
    timer = threading.Timer(0.1, lambda: (desk.stop(ME), at_stop.append(fake.computed)))
    timer.start()
    *_, last = stream
    assert last.state == "stopped"
    assert fake.computed - at_stop[0] <= 1
    assert last.status == f"Stopped after {last.tokens} tokens · confidence 0.90"
    assert len(last.text.split()) == last.tokens == fake.computed
    assert fake.closed


def test_closing_the_stream_stops_the_model():
    fake = FakeInstrument(" ".join("w" * 1000), 0.01)
    stream = ask(asking(fake))
    while not next(stream).tokens:
        pass
    stream.close()
    assert fake.closed
    assert fake.computed < 10


def test_stop_of_another_session_does_nothing():
    fake = FakeInstrument("a b c", 0.01)
    desk = asking(fake)
    stream = ask(desk)
    next(stream)
    assert desk.stop(OTHER) is None
    *_, last = stream
    assert (last.state, last.text) == ("done", "a b c")


@pytest.mark.parametrize(
    ("task", "text", "told", "lacks"),
    [
        ("mk>", "", strings.MISSING["mask"], "mask"),
        ("natural_q~", "  ", "This task needs text.", "text"),
        ("natural_q~", None, "This task needs text.", "text"),
        ("w0", "", "There is no task 'w0'", ""),
    ],
)
def test_what_is_missing_is_said_at_once_without_asking_the_model(task, text, told, lacks):
    fake = FakeInstrument()
    desk = asking(fake)
    busy = ask(desk, who=OTHER)
    next(busy)  # the model is taken; nobody needs to wait for it to hear what is missing
    (answer,) = ask(desk, task, text)
    assert (answer.state, answer.lacks) == ("error", lacks)
    assert answer.status.startswith(told)
    assert len(fake.asked) == 0


def test_text_of_a_task_that_takes_none_is_not_sent():
    fake = FakeInstrument("a", 0)
    list(ask(asking(fake), text="typed for another task"))
    assert fake.asked[0][1].text == ""


def test_region_is_asked_for_by_the_box_or_the_task():
    fake = FakeInstrument("a", 0)
    desk = asking(fake)
    *_, plain = ask(desk)
    *_, boxed = ask(desk, show_region=True)
    *_, task = ask(desk, "0w~", "find me")
    assert [request.want_region for _, request in fake.asked] == [False, True, True]
    assert plain.region is None
    for answer in (boxed, task):
        grey = np.asarray(Image.open(answer.region))
        half = grey.shape[0] // 2
        # The fake is sure by 0.9 of the upper half, and 0.9 times 255 is 229.5.
        assert np.isin(grey[: half - 1], (229, 230)).all() and (grey[half + 1 :] == 0).all()
        assert answer.notices == ("The model marked 50.0 % of the page.",)


def test_lines_read_are_counted():
    class Reader(FakeInstrument):
        def _answer(self, page, request):
            yield from [Progress(1, 2)] * 50 + [Progress(2, 2)] * 50
            yield from super()._answer(page, request)

    answers = list(ask(asking(Reader("a", 0))))
    told = [strings.READING_PAGE, "Reading line 1 of 2…", "Reading line 2 of 2…"]
    assert [answer.status for answer in answers[:3]] == told
    assert answers[-1].text == "a" and len(answers) <= 5


def test_failures_become_one_sentence_and_keep_the_text():
    class Failing(FakeInstrument):
        def _answer(self, page, request):
            yield from list(super()._answer(page, request))[:2]
            raise self.error

    fake = Failing("a b c", 0)
    errors = {strings.FAILED: RuntimeError("CUDA"), "Do this.": RequestError("Do this.")}
    for told, error in errors.items():
        fake.error = error
        *_, last = ask(asking(fake))
        assert (last.state, last.status) == ("error", told)
        assert last.text == "a b"


def test_question_waits_for_the_weights_and_says_so(monkeypatch, tmp_path):
    there = threading.Event()
    fake = FakeInstrument("a b", 0)
    monkeypatch.setattr("dessurt_app.models.open_model", lambda path, **_: there.wait() and fake)
    weights = Weights(path=tmp_path)
    stream = ask(Asking(weights))
    assert next(stream).status == strings.LOADING_WEIGHTS
    there.set()
    *_, last = stream
    assert last.text == "a b"


def test_wait_for_the_weights_can_be_stopped(monkeypatch, tmp_path):
    there = threading.Event()
    monkeypatch.setattr("dessurt_app.models.open_model", lambda path, **_: there.wait())
    desk = Asking(Weights(path=tmp_path))
    stream = ask(desk)
    next(stream)
    desk.stop(ME)
    *_, last = stream
    assert (last.state, last.tokens) == ("stopped", 0)
    there.set()


def test_what_is_remembered_of_junk_is_bounded(monkeypatch):
    monkeypatch.setattr(asking_module, "MOST_REMEMBERED_BYTES", 3_000_000)
    desk = asking(FakeInstrument("a", 0))
    list(ask(desk, who=SimpleNamespace(session_hash="first")))
    for number in range(15):
        junk = {"page": "x" * 300_000, "more": ["y" * 50_000]}
        list(ask(desk, canvas=junk, who=SimpleNamespace(session_hash=f"junk {number}")))
    assert len(desk._last) == len(desk._sizes) == 8
    assert desk.last(SimpleNamespace(session_hash="first")) is None
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    for junk in ({"page": "x" * 1_000_000}, {"page": deep}):
        *_, last = ask(desk, canvas=junk, who=SimpleNamespace(session_hash="worse"))
        assert last.state == "error"
    assert desk.last(SimpleNamespace(session_hash="worse")) is None and len(desk._last) == 8


def test_one_session_has_few_questions_at_once():
    desk = asking(FakeInstrument("a", 0))
    streams = [ask(desk) for _ in range(5)]
    told = [next(stream) for stream in streams]
    assert [answer.state for answer in told] == ["running"] * 4 + ["error"]
    assert told[-1].status == strings.TOO_MANY_QUESTIONS
    for stream in streams[:4]:
        list(stream)
    *_, last = ask(desk)
    assert last.state == "done" and not desk._unfinished


def test_lines_come_with_where_they_end_and_once_when_it_goes_on():
    fake = FakeInstrument("one two \\ three four \\ five", 0)
    fake.quads = [((0, y), (100, y), (100, y + 20), (0, y + 20)) for y in (0, 30, 60)]
    desk = asking(fake)
    *_, half = ask(desk, "read_block>", max_tokens=5)
    assert [line.end for line in half.lines] == [2, 5]
    inner = fake._answer

    def again(page, request):
        """As the reader does: lines that were written before are told of again."""
        for number in range(len(request.written)):
            if line := fake._line_up_to(number):
                yield line
        yield from inner(page, request)

    fake._answer = again
    *_, more = desk.resume_stream(ME)
    read = [(each.line.text, each.end) for each in more.lines]
    assert read == [("one two", 2), ("three four", 5), ("five", 7)]
    assert more.text == "one two\\three four\\five"
