"""Questions answered by reading the page line by line: finding a text, reading on after it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dessurt import (
    Done,
    Event,
    Instrument,
    Marks,
    Notice,
    Page,
    Progress,
    Region,
    Request,
    Text,
    TextLine,
    open_model,
)
from dessurt.model.tokenizer import END
from dessurt.page.frame import Frame
from dessurt.page.lines import lines_of
from dessurt.protocol import NOTHING_WRITTEN, VERY_UNSURE, Card, View
from dessurt.reader.line_memory import ReadLine
from dessurt.reader.reader import NO_LINES, LineByLine
from dessurt.reader.search import Match, Span, find, folded
from dessurt.shipped import SHIPPED

ASSETS = Path(__file__).parents[2] / "assets"
PAGE = Page.from_array(np.full((200, 400), 255, np.uint8))
LINES = ["A sunny day", "in May was", "hot.", "Far below"]
TOPS = [10, 40, 70, 150]  # the last one is no part of the block
PARTS = [
    Request("w0>", marks=Marks.from_boxes(highlight=[(20, top, 20 + 10 * len(text), top + 20)]))
    for top, text in zip(TOPS, LINES, strict=True)
]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("the \u201c\ufb01rst\u201d day \u2014 so", 'the "first" day - so'),
        ("the cafe\u0301 here", "CAF\u00c9"),
        ("the caf\u00e9 here", "cafe\u0301"),
        ("Donau\u00addampf\u00adschiff", "Donaudampfschiff"),
        ("it isn\u2019t so", "isn't"),
        ("take \u00bd cup of it", "1/2"),
        ("take 1\u20442 cup of it", "\u00bd"),
        ("say \u2039hi\u203a now", "'hi'"),
        ("say \u00b4hi` now", "'hi'"),
        ("a word\u200bjoined here", "wordjoined"),
        ("\u0130\u0130\u0130\u0130 sunny days", "sunny days"),  # each is longer in lower case
    ],
)
def test_a_text_is_found_however_it_is_typed(line, wanted):
    found = find([line], wanted)
    assert found.similarity == 100
    ((first, stop),) = [(span.first, span.stop) for span in found.spans]
    told = line[first:stop]
    assert folded(told)[0] == folded(wanted)[0]


@pytest.mark.parametrize(
    ("wanted", "spans"),
    [
        ("sunny", (Span(0, 2, 7),)),
        ("SUNNY  day", (Span(0, 2, 11),)),
        ("a sunny", (Span(0, 0, 7),)),
        ("sumny dav", (Span(0, 2, 11),)),  # as it may be misread, or mistyped
        ("day in May", (Span(0, 8, 11), Span(1, 0, 6))),
        ("hot", (Span(2, 0, 4),)),  # words are found whole
        ("Far below", (Span(3, 0, 9),)),
        ("rainy Monday", ()),
        (" ".join(LINES) + " and more of it", tuple(Span(i, 0, len(LINES[i])) for i in range(4))),
    ],
)
def test_the_most_similar_words_are_found(wanted: str, spans: tuple[Span, ...]) -> None:
    match = find(LINES, wanted)
    assert (match.spans if match else ()) == spans


def test_of_equal_places_the_first_is_found_and_of_others_the_best() -> None:
    assert find(["one two", "two"], "two") == Match(100.0, (Span(0, 4, 7),), ends_line=True)
    match = find(["the end of tine", "the end of time"], "end of time")
    assert match is not None and match.spans == (Span(1, 4, 15),)


def test_nothing_is_found_in_nothing() -> None:
    assert find([], "a") is None
    assert find(["a"], "  ") is None


def some_text(length: int) -> str:
    """Words that hardly recur."""
    random = np.random.default_rng(length)
    letters = random.choice(list("etaoinshr  "), length)
    return " ".join("".join(letters).split())


@pytest.mark.timeout(120)  # it was eight minutes
@pytest.mark.parametrize("slips", [0, 9])
def test_a_long_text_is_found_quickly_in_a_very_long_page(slips: int) -> None:
    page = some_text(600_000)
    words = page.split(" ")
    lines = [" ".join(words[at : at + 10]) for at in range(0, len(words), 10)]
    wanted = list(" ".join(lines[5000:5200]))
    for at in range(4, len(wanted), len(wanted) // slips if slips else len(wanted)):
        wanted[at : at + 1] = "xyz" if slips else wanted[at]  # each is two letters longer
    match = find(lines, "".join(wanted))
    assert match is not None and match.similarity > 99
    assert (match.similarity == 100) == (slips == 0)
    assert match.spans == tuple(Span(n, 0, len(lines[n])) for n in range(5000, 5200))
    assert find(lines, some_text(8_000)) is None
    again = find(["a b " * 20_000] * 5, "a c " * 2_000)
    assert again is not None and round(again.similarity) == 75


def test_a_long_text_that_begins_before_the_page_ends() -> None:
    page = some_text(6_000)
    match = find([page], page[-1500:] + some_text(200))
    assert match is not None and match.spans[-1].stop == len(page) and match.ends_line


def test_a_text_longer_than_the_page_is_the_page() -> None:
    page, more = some_text(2_000), some_text(300_000)
    match = find([page], more[:20_000] + page + more[20_000:])
    assert match is not None and match.similarity == 100
    assert match.spans == (Span(0, 0, len(page)),)


@pytest.mark.parametrize("length", [1001, 1500])
def test_long_texts_are_found_where_shorter_ones_are(length: int, monkeypatch) -> None:
    page = some_text(6_000)
    start = page.index(" ", 2_000) + 1
    wanted = page[start : page.index(" ", start + length)].replace("oi", "o").replace("sh", "zzz")
    quick = find([page], wanted)
    monkeypatch.setattr("dessurt.reader.search.LONG", 10_000)
    exact = find([page], wanted)
    assert exact is not None and quick is not None and quick.spans == exact.spans
    assert quick.similarity == pytest.approx(exact.similarity, abs=2)


class FakeModel:
    """Reads the lines above, each letter 10 pixels wide; it writes ’ as two tokens."""

    def __init__(self) -> None:
        self.card = Card("fake")
        self.asked: list[Request] = []
        self.lines = dict(zip(PARTS, LINES, strict=True))

    def ask(self, page: Page, request: Request) -> Iterator[Event]:
        self.asked.append(request)
        x0, y0, _, y1 = request.marks.bounds("highlight")
        for i, letter in enumerate(self.lines[request]):
            yield Text(letter, ord(letter), 0.8, place=(x0 + 10 * i + 5, (y0 + y1) / 2))
        yield Text("", END, 1.0)
        yield Done(0.0, 0.0, 1, "end")

    def token_ids(self, text: str) -> list[int]:
        return [1000, 1001] if text == "‡" else [ord(text)]

    def views(self, page: Page, request: Request) -> tuple[View]:
        return (View(request, Frame.fit(page.size, (64, 64))),)


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


def answered(model: FakeModel, request: Request, reader: LineByLine | None = None) -> list[Event]:
    events = (reader or LineByLine(model, ())).answer(PAGE, request, PARTS)
    return [event for event in events if not isinstance(event, Progress | TextLine)]


def region_box(region: Region) -> tuple[int, int, int, int]:
    ys, xs = np.nonzero(region.map)
    assert (region.map[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1] > 0).all()
    return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1


def test_found_words_are_shown_as_sure_as_they_were_read(model: FakeModel) -> None:
    request = Request("0w~", "sunny", want_region=True)
    told, region, done = answered(model, request)
    assert isinstance(told, Notice) and "line by line" in told.message
    # Half-way to the letters before and after the spaces.
    assert region_box(region) == (35, 10, 95, 30)
    assert region.map.max() == pytest.approx(0.8)
    assert (done.tokens, done.stopped_by) == (0, "end")
    assert model.asked == PARTS[:1]  # it was found for sure, so the rest was not read


def test_the_whole_line_is_shown(model: FakeModel) -> None:
    _, region, _ = answered(model, Request("0;~", "sunny", want_region=True))
    assert region_box(region) == (20, 10, 130, 30)


def test_all_lines_are_read(model: FakeModel) -> None:
    request = Request("read_block>", want_region=True)
    told, *text, region, done = answered(model, request)
    assert "each of the 4 lines" in told.message
    assert "".join(event.delta for event in text) == "\\".join(LINES)
    assert (done.tokens, done.stopped_by) == (37, "end")
    assert (region.map > 0).sum() == 20 * 10 * sum(map(len, LINES))


def test_a_paragraph_goes_on_in_the_line_where_it_was_stopped(model: FakeModel) -> None:
    _, *text, done = answered(model, Request("read_block0>", max_tokens=14))
    assert "".join(event.delta for event in text) == "A sunny day\\in"
    assert (done.tokens, done.stopped_by) == (14, "length")
    written = tuple(event.token_id for event in text)
    _, *text, done = answered(model, Request("read_block0>", written=written))
    assert "".join(event.delta for event in text) == " May was\\hot.\\Far below"
    assert done.stopped_by == "end"


def test_a_limit_at_the_end_of_a_line_is_no_end(model: FakeModel) -> None:
    _, *text, done = answered(model, Request("read_block0>", max_tokens=12))
    assert "".join(event.delta for event in text) == "A sunny day\\"
    assert (done.tokens, done.stopped_by) == (12, "length")


def test_a_page_without_lines_has_no_text(model: FakeModel) -> None:
    for request in (
        Request("read_block>"),
        Request("0w~", "sunny", want_region=True),
        Request("re~", "sunny"),
        Request("natural_q~", "What is the total?"),
        Request("json>"),
    ):
        told, *rest, done = list(LineByLine(model, ()).answer(PAGE, request, []))
        assert told == NO_LINES and "No lines of text were found" in told.message
        text = "".join(event.delta for event in rest if isinstance(event, Text))
        assert text == ("[]‡" if request.task == "json>" else "")  # which is JSON all the same
        assert done.stopped_by == "end" and not model.asked
        assert [region.map.any() for region in rest if isinstance(region, Region)] == (
            [False] * request.want_region
        )


class UnsureModel(FakeModel):
    """Is as sure of each line as it was told, and says of each that it doubts it."""

    def __init__(self, sure: dict[str, float], lines: list[str] = LINES) -> None:
        super().__init__()
        self.lines, self.sure = dict(zip(PARTS, lines, strict=True)), sure

    def ask(self, page: Page, request: Request) -> Iterator[Event]:
        line = self.lines[request]
        yield from (Text(letter, ord(letter), self.sure.get(line, 0.9)) for letter in line)
        yield Notice("Listen.")
        yield VERY_UNSURE if line else NOTHING_WRITTEN
        yield Done(0.0, 0.0, 1, "end")


def notices(model: FakeModel, request: Request) -> list[str]:
    return [event.message for event in answered(model, request) if isinstance(event, Notice)]


def test_doubts_are_told_of_all_lines_together() -> None:
    request = Request("read_block>")
    one_bad_line = UnsureModel({"Far below": 0.1})
    assert notices(one_bad_line, request)[1:] == ["Listen."] * 4
    all_bad = UnsureModel(dict.fromkeys(LINES, 0.3))
    assert notices(all_bad, request)[1:] == [*["Listen."] * 4, VERY_UNSURE.message]
    empty = UnsureModel({}, [""] * 4)
    assert notices(empty, request)[-1] == NOTHING_WRITTEN.message
    # What was looked for was found, or that it was not is told.
    assert VERY_UNSURE.message not in notices(all_bad, Request("0w~", "sunny"))
    # Not before all was read.
    assert notices(all_bad, replace(request, max_tokens=3))[1:] == []


def test_what_is_not_on_the_page_is_told(model: FakeModel) -> None:
    _, told, region, done = answered(model, Request("0w~", "rainy Monday", want_region=True))
    assert told.message == "It read nothing like that in the 4 lines that it saw."
    assert not region.map.any() and done.tokens == 0
    assert model.asked == PARTS


def test_reading_on_ends_with_the_block(model: FakeModel) -> None:
    _, *text, region, done = answered(model, Request("re~", "a sunny day", want_region=True))
    assert "".join(event.delta for event in text) == "in May was\\hot.‡"
    assert [event.token_id for event in text[-2:]] == [1000, 1001]
    assert (done.tokens, done.stopped_by) == (len(text), "end") == (17, "end")
    shown = region.map > 0
    assert shown[40:60, 20:120].all() and shown[70:90, 20:60].all()
    assert shown.sum() == 20 * 100 + 20 * 40
    assert model.asked == PARTS[:3]


def test_reading_on_from_the_end_of_a_block_goes_to_the_next_line(model: FakeModel) -> None:
    _, *text, _ = answered(model, Request("re~", "hot."))
    assert "".join(event.delta for event in text) == "‡"  # it is too far below
    parts = [*PARTS[:3], replace(PARTS[3], marks=Marks.from_boxes(highlight=[(20, 120, 110, 140)]))]
    model.lines = dict(zip(parts, LINES, strict=True))
    events = LineByLine(model, ()).answer(PAGE, Request("re~", "hot."), parts)
    text = "".join(event.delta for event in events if isinstance(event, Text))
    assert text == "Far below‡"
    events = LineByLine(model, ()).answer(PAGE, Request("re~", "May"), parts)
    text = "".join(event.delta for event in events if isinstance(event, Text))
    assert text == "was\\hot.‡"


def test_reading_on_begins_within_a_line(model: FakeModel) -> None:
    _, *text, _ = answered(model, Request("re~", "in"))
    assert "".join(event.delta for event in text) == "May was\\hot.‡"


def test_reading_on_stops_at_the_limit_and_goes_on(model: FakeModel) -> None:
    _, *text, done = answered(model, Request("re~", "sunny", max_tokens=5))
    assert "".join(event.delta for event in text) == "day\\i"
    assert (done.tokens, done.stopped_by) == (5, "length")
    written = tuple(event.token_id for event in text)
    _, *text, done = answered(model, Request("re~", "sunny", written=written, max_tokens=3))
    assert "".join(event.delta for event in text) == "n M"
    assert (done.tokens, done.stopped_by) == (3, "length")


def test_what_was_read_of_a_page_is_remembered(model: FakeModel) -> None:
    reader = LineByLine(model, ())
    answered(model, Request("0w~", "hot"), reader)
    answered(model, Request("re~", "sunny"), reader)
    assert model.asked == PARTS[:3]
    other = Page.from_array(np.full((200, 400), 254, np.uint8))
    list(reader.answer(other, Request("0w~", "sunny"), PARTS))
    assert model.asked == [*PARTS[:3], PARTS[0]]


def test_reading_can_be_stopped_after_each_letter_and_keeps_whole_lines(model: FakeModel) -> None:
    reader = LineByLine(model, ())
    events = reader.answer(PAGE, Request("0w~", "hot"), PARTS)
    next(events)  # the notice
    assert [next(events) for _ in range(15)][-1] == Progress(2, 4)  # 13 events of the first line
    events.close()
    answered(model, Request("0w~", "hot"), reader)
    assert model.asked == [PARTS[0], PARTS[1], PARTS[1], PARTS[2]]


def test_a_letter_of_several_tokens_is_placed_by_its_last() -> None:
    tokens = (Text("i", 1, 1.0), Text("", 2, 1.0), Text("’", 3, 1.0), Text("ts ", 4, 1.0))
    line = ReadLine(PARTS[0], tokens, (0, 0, 100, 20))
    assert line.text == "i’ts "
    assert line.token_of_letter.tolist() == [0, 2, 3, 3, 3]
    assert line.tokens_from(1) == tokens[2:]
    assert line.tokens_from(4) == ()


@pytest.fixture(scope="module")
def small() -> Instrument:
    return open_model(SHIPPED, device="cpu")


@pytest.mark.parametrize(
    ("text", "truth"),  # boxes as one sees them on the page
    [
        ("old maps that you left", (456, 370, 787, 408)),
        ("the two oldest", (376, 480, 567, 518)),
        ("Friday, 13 November", (450, 588, 727, 626)),
    ],
)
def test_words_are_found_on_a_page(
    small: Instrument, text: str, truth: tuple[int, int, int, int]
) -> None:
    page = Page.open(ASSETS / "1_letter.png")
    *_, region, _ = small.ask(page, Request("0w~", text, want_region=True))
    x0, y0, x1, y1 = truth
    inside = np.zeros(page.size, bool)
    inside[y0:y1, x0:x1] = True
    found = region.map > 0.5
    assert (found & inside).sum() / (found | inside).sum() > 0.7


@pytest.mark.parametrize("task", ["w0>", "read_block0>"])
def test_a_mark_round_no_text_is_doubted_and_one_round_a_line_is_not(
    small: Instrument, task: str
) -> None:
    def told(page: Page, box: tuple[int, int, int, int]) -> list[Event]:
        request = Request(task, marks=Marks.from_boxes(highlight=[box]))
        return [event for event in small.ask(page, request) if isinstance(event, Notice)]

    noise = np.random.default_rng(0).integers(0, 256, (400, 600)).astype(np.uint8)
    for gray in (noise, np.full((400, 600), 255, np.uint8)):
        assert told(Page.from_array(gray), (100, 100, 400, 140)) == [VERY_UNSURE]
    letter = Page.open(ASSETS / "1_letter.png")
    assert told(letter, (102, 481, 869, 520)) == []


def test_several_marked_lines_are_read_one_by_one(small: Instrument) -> None:
    page = Page.open(ASSETS / "1_letter.png")
    events = list(small.ask(page, Request("w0>", marks=Marks(lines_of(page)[3:6]))))
    text = "".join(event.delta for event in events if isinstance(event, Text))
    assert text == (
        "Dear Mrs. Abbott,\\Thank you for the box of old maps that you left at our\\"
        "front desk last week. We have looked at all of them and"
    )
    assert events[0] == Notice("The model saw each of the 3 lines by itself.")


def test_a_page_is_read_on_and_read_whole(small: Instrument) -> None:
    page = Page.open(ASSETS / "1_letter.png")
    events = small.ask(page, Request("re~", "We have looked at"))
    text = "".join(event.delta for event in events if isinstance(event, Text))
    expected = "all of them and\\would like to show the two oldest in our reading room.‡"
    assert text == expected
    events = small.ask(page, Request("read_block>"))
    text = "".join(event.delta for event in events if isinstance(event, Text))
    # Of the town that comes next a letter is misread.
    assert text.startswith("Harbour Street Library\\14 Harbour Street, ")
    assert text.endswith("With kind regards,\\Daniel Moreau\\Head of Collections")
