"""How the text of a page lies, and the line finder on pages that are turned, tilted or bent."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dessurt.page import Page
from dessurt.page.level import Level, level_of, measure_level
from dessurt.page.line_height import levelled, marked_angle
from dessurt.page.lines import find_lines, highlighted_lines, lines_of
from dessurt.page.marks import Marks, Shape
from tests.unit.test_lines import TEXT, drawn

LEVELS = (
    Level(),
    Level(3.0),
    Level(-12.0, (400.0, 300.0), (2e-5, -3e-5)),
)
PROSE = TEXT * 5


def page_of_text() -> np.ndarray:
    return np.pad(drawn(PROSE, 22, 34), 80, constant_values=255)  # nothing is cut off when turned


def turned_page(gray: np.ndarray, angle: float) -> tuple[Page, np.ndarray]:
    """A page turned clockwise round its middle, with white round it, and the matrix [2, 3]."""
    height, width = gray.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 1.0)
    turned = cv2.warpAffine(gray, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=255)
    return Page.from_array(turned), matrix


@given(st.sampled_from(LEVELS), st.floats(0, 3000), st.floats(0, 4000))
def test_there_and_back_is_the_same_place(level: Level, x: float, y: float) -> None:
    np.testing.assert_allclose(level.to_page(level.to_level((x, y))), (x, y), atol=1e-6)


@pytest.mark.parametrize("angle", [0.0, 0.5, -1.0, 2.0, -5.0, 10.0, 14.0])
def test_the_angle_of_a_turned_page(angle: float) -> None:
    page, _ = turned_page(page_of_text(), angle)
    assert measure_level(page.gray).angle == pytest.approx(angle, abs=0.1)


def test_a_straight_page_is_straight_to_the_bit() -> None:
    gray = page_of_text()
    assert measure_level(gray).is_straight
    assert all(line.is_upright for line in find_lines(gray))


@pytest.mark.parametrize("angle", [0.7, -3.0, 9.0])
def test_lines_of_a_turned_page_are_turned(angle: float) -> None:
    gray = page_of_text()
    page, matrix = turned_page(gray, angle)
    straight, turned = find_lines(gray), lines_of(page)
    assert len(straight) == len(turned) == len(PROSE)
    for line, found in zip(straight, turned, strict=True):
        corners = np.array(line.outline()) @ matrix[:, :2].T + matrix[:, 2]
        np.testing.assert_allclose(found.outline(), corners, atol=4)


def test_lines_in_perspective_and_near_a_books_spine() -> None:
    gray = page_of_text()
    height, width = gray.shape
    sides = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    seen = np.float32(
        [[0.05 * width, 0.03 * height], [width, 0], [width, height], [0, 0.96 * height]]
    )
    away = cv2.getPerspectiveTransform(sides, seen)
    photo = cv2.warpPerspective(gray, away, (width, height), borderValue=255)
    level = measure_level(photo)
    lines = find_lines(photo)
    assert len(lines) == len(PROSE)
    for line, found in zip(find_lines(gray), lines, strict=True):
        corners = np.float32([line.outline()])
        (middle,) = cv2.perspectiveTransform(corners, away).mean(1)
        np.testing.assert_allclose(np.mean(found.outline(), 0), middle, atol=6)
    (x0, y0), (x1, y1) = cv2.perspectiveTransform(np.float32([[(100, 50), (300, 50)]]), away)[0]
    tilt = math.degrees(math.atan2(y1 - y0, x1 - x0))
    assert level.angle_at(((x0 + x1) / 2, (y0 + y1) / 2)) == pytest.approx(tilt, abs=0.4)


def test_a_box_round_a_tilted_line_means_the_line() -> None:
    gray = page_of_text()
    page, matrix = turned_page(gray, 2.0)
    for line in find_lines(gray)[4:8]:
        corners = np.array(line.outline()) @ matrix[:, :2].T + matrix[:, 2]
        box = Marks.from_boxes(highlight=[(*corners.min(0), *corners.max(0))])
        (shape,) = levelled(page, box).shapes
        np.testing.assert_allclose(shape.outline(), corners, atol=5)
        assert marked_angle(page, box) == pytest.approx(2.0, abs=0.1)
        (found,) = highlighted_lines(page, box)
        assert found == box


def test_other_marks_stay_as_they_were_drawn() -> None:
    page, _ = turned_page(page_of_text(), 2.0)
    brush = Shape("highlight", "brush", ((100, 100), (300, 105)), radius=10)
    mask = Shape("mask", "box", ((0, 0), (50, 50)))
    assert levelled(page, Marks((brush, mask))).shapes == (brush, mask)


@pytest.mark.parametrize("kind", ["blank", "noise", "one letter", "a rule", "rules across"])
def test_nothing_clear_is_straight(kind: str) -> None:
    gray = np.full((800, 600), 255, np.uint8)
    if kind == "noise":
        gray = np.random.default_rng(0).integers(0, 256, gray.shape, dtype=np.uint8)
    elif kind == "one letter":
        gray[300:320, 200:215] = 0
    elif kind == "a rule":
        cv2.line(gray, (20, 100), (580, 130), 0, 2)
    elif kind == "rules across":
        for y in range(40, 800, 20):
            cv2.line(gray, (0, y), (599, y + 60), 0, 1)
    assert level_of(Page.from_array(gray)).is_straight
