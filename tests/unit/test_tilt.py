"""The tilt of what is marked: on pages with two angles, of snippets, and where nothing is clear."""

import time

import cv2
import numpy as np
import pytest

from dessurt.page import Page
from dessurt.page.frame import Frame
from dessurt.page.level import level_in, level_of
from dessurt.page.line_height import levelled, marked_angle, marked_line_height
from dessurt.page.lines import highlighted_lines, lines_of
from dessurt.page.marks import Marks, Shape
from tests.unit.test_level import PROSE, page_of_text, turned_page
from tests.unit.test_lines import TEXT, drawn


def outline_box(points: np.ndarray) -> Marks:
    return Marks.from_boxes(highlight=[(*points.min(0), *points.max(0))])


def with_a_slip(angle: float, on: float = 0.0) -> tuple[Page, np.ndarray]:
    """A page turned by `on`, a slip turned by `angle` pasted below its text; the slip's corners."""
    page, _ = turned_page(page_of_text(), on)
    gray = np.vstack([page.gray, np.full((400, page.gray.shape[1]), 255, np.uint8)])
    slip = drawn(TEXT, 22, 34)
    height, width = slip.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 1.0)
    matrix[:, 2] += (60, gray.shape[0] - 330)
    pasted = cv2.warpAffine(slip, matrix, gray.shape[::-1], borderValue=255)
    sides = np.array([(0, 0), (width, 0), (width, height), (0, height)])
    gray = np.minimum(gray, pasted)
    return Page.from_array(gray), sides @ matrix[:, :2].T + matrix[:, 2]


def line_on(corners: np.ndarray, number: int) -> np.ndarray:
    """The corners of one of the slip's lines."""
    height, width = 60 + 34 * len(TEXT), 700
    right, down = (corners[1] - corners[0]) / width, (corners[3] - corners[0]) / height
    top = 30 + 34 * number
    places = ((20, top), (460, top), (460, top + 28), (20, top + 28))
    return np.array([corners[0] + x * right + y * down for x, y in places])


@pytest.mark.parametrize("angle", [-9.0, -2.0, 4.0, 12.0])
@pytest.mark.parametrize("on", [0.0, 2.0])
def test_a_slip_lies_as_it_was_pasted_and_the_page_as_it_is(angle: float, on: float) -> None:
    page, corners = with_a_slip(angle, on)
    assert level_of(page).angle == pytest.approx(on, abs=0.1)
    assert marked_angle(page, outline_box(corners)) == pytest.approx(angle, abs=0.15)
    for number in range(3):
        line = line_on(corners, number)
        marks = outline_box(line)
        assert marked_angle(page, marks) == pytest.approx(angle, abs=0.4)
        (shape,) = levelled(page, marks).shapes
        np.testing.assert_allclose(np.mean(shape.outline(), 0), line.mean(0), atol=3)
        ends = (line[:2] + line[:1:-1]) / 2
        brush = Shape("highlight", "brush", tuple(map(tuple, ends)), 14)
        lasso = Shape("highlight", "lasso", tuple(map(tuple, line)))
        for drawn_round in (brush, lasso):
            found = marked_angle(page, Marks((drawn_round,)))
            assert found == pytest.approx(angle, abs=0.4)
    for line in lines_of(page)[3:6]:
        box = outline_box(np.array(line.outline()))
        assert level_in(page, box.shapes[0]) == level_of(page)


@pytest.mark.parametrize("angle", [-9.0, 4.0])
def test_a_marked_slip_is_cut_into_its_own_lines(angle: float) -> None:
    page, corners = with_a_slip(angle)
    mark = Shape("highlight", "lasso", tuple(map(tuple, corners)))
    found = [marks.of("highlight")[0] for marks in highlighted_lines(page, Marks((mark,)))]
    assert len(found) == len(TEXT)
    for number in range(3):
        middle, line = np.mean(found[number].outline(), 0), line_on(corners, number)
        np.testing.assert_allclose(middle[1], np.interp(middle[0], *line[:2].T) + 14, atol=4)


def test_lines_of_a_slip_are_as_tilted_as_it_is() -> None:
    page, corners = with_a_slip(2.0)
    for number in range(3):
        middle = line_on(corners, number).mean(0)
        line = min(lines_of(page), key=lambda s: np.hypot(*(np.mean(s.outline(), 0) - middle)))
        assert marked_angle(page, Marks((line,))) == pytest.approx(2.0, abs=0.3)


def test_several_marks_lie_as_their_median() -> None:
    page, corners = with_a_slip(4.0)
    straight = [line.bounds() for line in lines_of(page)[:2]]
    slip = outline_box(line_on(corners, 0)).bounds("highlight")
    marks = Marks.from_boxes(highlight=[*straight, slip])
    assert marked_angle(page, marks) == 0
    upper, lower, tilted = levelled(page, marks).shapes
    assert upper.is_upright and lower.is_upright and not tilted.is_upright


@pytest.mark.parametrize(
    ("text", "angle"),
    [(TEXT[0], -8.0), (TEXT[0], -1.0), (TEXT[0], 3.0), ("since the spring", 3.0)],
)
def test_a_page_of_a_single_line(text: str, angle: float) -> None:
    page, _ = turned_page(np.pad(drawn((text,), 22, 34), 60, constant_values=255), angle)
    (line,) = lines_of(page)
    height, width = page.size
    whole = Marks.from_boxes(highlight=[(0, 0, width, height)])
    for marks in (Marks((line,)), outline_box(np.array(line.outline())), whole):
        assert marked_angle(page, marks) == pytest.approx(angle, abs=0.5)


def test_a_word_of_few_letters_lies_as_the_page() -> None:
    gray = np.full((200, 300), 255, np.uint8)
    gray[20:180, 20:280] = np.pad(drawn(("spring",), 22, 34)[20:70, :150], 55,
                                  constant_values=255)[:160, :260]  # fmt: skip
    page, _ = turned_page(gray, 6.0)
    assert marked_angle(page, Marks.from_boxes(highlight=[(0, 0, 300, 200)])) == 0
    large, matrix = turned_page(page_of_text(), 3.0)
    word = np.array([(110, 112), (150, 112), (150, 140), (110, 140)]) @ matrix[:, :2].T
    assert level_in(large, outline_box(word + matrix[:, 2]).shapes[0]) == level_of(large)


def test_a_straight_page_keeps_its_frames_to_the_bit() -> None:
    page = Page.from_array(page_of_text())
    for line in lines_of(page):
        marks = Marks.from_boxes(highlight=[line.bounds()])
        assert marked_angle(page, marks) == 0 and levelled(page, marks) == marks
        height = marked_line_height(page, marks)
        frame = Frame.focus(page.size, (384, 1024), marks, 22, (64, 512), height)
        told = Frame.focus(
            page.size, (384, 1024), marks, 22, (64, 512), height, marked_angle(page, marks)
        )
        assert frame == told


def test_lines_of_synthetic_pages_turned_by_up_to_five_degrees() -> None:
    pytest.importorskip("typst")
    from benchmarks.lines import Figures, synthetic

    figures = Figures()
    for gray, quads in synthetic(16):
        figures.add(gray, quads)
    assert len(figures.found) > 600
    assert np.mean(figures.found) > 0.9  # most that are missed are cells, joined to a row
    assert np.mean(figures.in_rows) > 0.96
    assert np.percentile(figures.off, 95) < 0.2
    assert np.percentile(figures.marked, 95) < 0.2
    assert np.mean(figures.seconds) < 1.0  # a busy machine is slow; benchmarks/lines.py is exact


def hershey(gray: np.ndarray, text: str, at: tuple[int, int], face: int, size: float) -> None:
    cv2.putText(gray, text, at, face, size, 0, 2, cv2.LINE_AA)


def odd_pages() -> dict[str, np.ndarray]:
    """What is marked as a whole below, and runs nowhere that a line would."""
    rng = np.random.default_rng(0)
    blank = np.full((700, 800), 255, np.uint8)
    kinds = {
        "empty": blank,
        "tiny": np.zeros((4, 4), np.uint8),
        "noise": rng.integers(0, 256, blank.shape, dtype=np.uint8),
        "one letter": blank.copy(),
        "a rule": cv2.line(blank.copy(), (20, 100), (780, 140), 0, 3),
        "a grid": blank.copy(),
        "italics": blank.copy(),
        "a signature": blank.copy(),
        "lines at 90 degrees": np.rot90(page_of_text()).copy(),
        "vertical text": blank.copy(),
        "no page": np.tile(np.linspace(0, 255, 800).astype(np.uint8), (700, 1)),
        "a picture": cv2.GaussianBlur(rng.integers(0, 256, blank.shape, dtype=np.uint8), (0, 0), 9),
    }
    hershey(kinds["one letter"], "g", (300, 300), cv2.FONT_HERSHEY_DUPLEX, 3)
    for step in range(40, 700, 40):  # a table, turned by two degrees, without text
        cv2.line(kinds["a grid"], (40, step), (760, step + 25), 0, 2)
        cv2.line(kinds["a grid"], (step + 25, 40), (step, 690), 0, 2)
    face = cv2.FONT_HERSHEY_TRIPLEX | cv2.FONT_ITALIC
    hershey(kinds["italics"], "italic letters lean to the right", (40, 200), face, 1.3)
    wave = np.linspace(0, 12 * np.pi, 200)
    path = np.stack([60 + 15 * wave, 400 - 8 * wave + 40 * np.sin(wave)], 1).astype(np.int32)
    cv2.polylines(kinds["a signature"], [path], False, 0, 3, cv2.LINE_AA)
    for number, letter in enumerate("VERTICAL"):
        hershey(kinds["vertical text"], letter, (300, 80 + 75 * number),
                cv2.FONT_HERSHEY_DUPLEX, 1.5)  # fmt: skip
    for _ in range(40):
        x, y = rng.integers(0, 700, 2).tolist()
        cv2.ellipse(kinds["no page"], (x, y), (30, 12), float(rng.uniform(0, 180)), 0, 360, 0, -1)
    return kinds


@pytest.mark.parametrize("kind", odd_pages())
def test_where_nothing_is_clear_nothing_is_turned(kind: str) -> None:
    page = Page.from_array(odd_pages()[kind])
    height, width = page.size
    started = time.process_time()
    assert level_of(page).is_straight
    for box in ((0, 0, width, height), (0, 0, width / 2, height / 3), (0, 0, width, 60)):
        marks = Marks.from_boxes(highlight=[box])
        assert marked_angle(page, marks) == 0
        assert levelled(page, marks) == marks
        assert marked_line_height(page, marks) > 0
    assert all(abs(marked_angle(page, Marks((line,)))) < 15 for line in lines_of(page))
    assert time.process_time() - started < 3


@pytest.mark.parametrize("angle", [45.0, -45.0, 30.0])
def test_text_laid_down_slantwise_is_not_guessed_at(angle: float) -> None:
    page, _ = turned_page(np.pad(drawn(PROSE, 22, 34), 200, constant_values=255), angle)
    height, width = page.size
    assert level_of(page).is_straight
    assert marked_angle(page, Marks.from_boxes(highlight=[(0, 0, width, height)])) == 0
    for line in lines_of(page):
        assert abs(marked_angle(page, Marks((line,)))) < 15


@pytest.mark.parametrize("box", [(-50, -50, -10, -10), (2000, 10, 2100, 40), (5, 5, 5, 5)])
@pytest.mark.parametrize("angle", [0.0, 3.0])
def test_a_mark_without_page_below_it_lies_as_the_page(box: tuple, angle: float) -> None:
    page, _ = turned_page(page_of_text(), angle)
    marks = Marks.from_boxes(highlight=[box])
    assert marked_angle(page, marks) == pytest.approx(angle, abs=0.1)
    assert levelled(page, marks).has("highlight")


def test_a_line_of_odd_corners_turns_nothing() -> None:
    page = Page.from_array(page_of_text())
    on_end = (0, 0), (0, 100), (20, 100), (20, 0)
    backwards = (99, 50), (0, 50), (0, 20), (99, 20)
    for corners in (on_end, backwards):
        assert marked_angle(page, Marks((Shape("highlight", "line", corners),))) == 0


def test_a_mark_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("dessurt.page.level._level_in", lambda *given: asked.append(given) or level)
    page = Page.from_array(page_of_text())
    level, marks = level_of(page), Marks.from_boxes(highlight=[(100, 100, 500, 140)])
    for _ in range(2):
        marked_angle(page, marks)
        levelled(page, marks)
        marked_line_height(page, marks)
    assert len(asked) == 1


def test_very_many_boxes_lie_as_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    page, _ = turned_page(page_of_text(), 3.0)
    level = level_of(page)
    monkeypatch.setattr("dessurt.page.lines.level_in", lambda *given: asked.append(given) or level)
    marks = Marks.from_boxes(highlight=[(10, i / 10, 500, i / 10 + 12) for i in range(9000)])
    assert not any(shape.is_upright for shape in levelled(page, marks).shapes)
    marked_angle(page, marks)
    assert len(asked) <= 32
