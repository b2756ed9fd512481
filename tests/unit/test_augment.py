"""Rotation, crop and brightness against arrays made by the original; distortion by itself."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from dessurt.data.augment import crop, distort, draw_shifts, rotate, shift_brightness

GOLDEN = Path(__file__).parent.parent / "golden" / "preprocess"


@pytest.fixture(scope="module")
def golden():
    arrays = load_file(GOLDEN / "arrays.safetensors")
    return arrays, json.loads((GOLDEN / "manifest.json").read_text("utf-8"))


@pytest.mark.parametrize("name", ["crop_fixed", "rot3_crop_fixed"])
def test_rotation_and_crop(golden, name):
    arrays, manifest = golden
    gray, boxes = arrays[f"{name}_in"], arrays[f"{name}_bbs_in"]
    if manifest[name]["angle_degrees"]:
        gray, boxes = rotate(gray, boxes, manifest[name]["angle_degrees"])
    gray, boxes, kept = crop(gray, boxes, manifest[name]["crop_point_xy"], (96, 96))
    assert kept.tolist() == manifest[name]["kept_ids"]
    np.testing.assert_allclose(gray, arrays[f"{name}_img"], atol=1e-4)
    np.testing.assert_allclose(boxes, arrays[f"{name}_bbs_out"], atol=1e-4)


def test_a_box_and_its_pixels_turn_together():
    gray = np.zeros((80, 100), np.uint8)
    gray[20:24, 70:74] = 255
    box = np.array([[70, 20, 74, 20, 74, 24, 70, 24, 70, 22, 74, 22, 72, 20, 72, 24]], float)
    turned, boxes = rotate(gray, box, 30)
    y, x = np.average(np.mgrid[:80, :100].reshape(2, -1), axis=1, weights=turned.ravel())
    middle = boxes[0, :8].reshape(4, 2).mean(axis=0)
    np.testing.assert_allclose(middle, (x, y), atol=0.8)  # a box counts half a pixel more
    assert middle[1] < 20  # counterclockwise: what was on the right comes up


@pytest.mark.parametrize("ink, paper", [(15, -10), (-30, 20)])
def test_brightness(golden, ink, paper):
    arrays, _ = golden
    shifted = shift_brightness(arrays["tensmeyer_in"][..., 0], ink, paper)
    np.testing.assert_array_equal(shifted, arrays[f"tensmeyer_fg{ink}_bg{paper}"][..., 0])


def picture() -> np.ndarray:
    """Grey of no regularity on white paper."""
    gray = np.full((48, 120), 250, np.uint8)
    gray[10:40, 10:110] = np.random.default_rng(0).integers(0, 200, (30, 100))
    return gray


def test_a_grid_that_does_not_move_changes_nothing_and_one_that_moves_takes_all_along():
    gray = picture()
    np.testing.assert_array_equal(distort(gray, np.zeros((5, 11, 2))), gray)
    moved = distort(gray, np.full((5, 11, 2), (3.0, -2.0)))
    np.testing.assert_array_equal(moved[:-2, 3:], gray[2:, :-3])
    assert (moved[-2:] == 250).all() and (moved[:, :3] == 250).all()  # grey as the edges


def test_a_point_of_the_grid_takes_its_surroundings_along():
    gray = picture()
    shifts = np.zeros((5, 11, 2))
    shifts[2, 5] = (4.0, 0.0)  # the point at x 60, y 24
    moved = distort(gray, shifts)
    assert (moved != gray)[13:36, 49:72].mean() > 0.8
    assert moved[24, 60] == gray[24, 56]
    moved[12:37, 48:73] = gray[12:37, 48:73]
    np.testing.assert_array_equal(moved, gray)


@pytest.mark.parametrize(
    "size, points", [((48, 120), (5, 11)), ((40, 17), (4, 2)), ((3, 4), (2, 2))]
)
def test_the_grid_is_the_originals(size, points):
    """Points every 12 pixels or nearly; shifts are normal with the deviation asked for."""
    assert draw_shifts(size, 1.5, random.Random(0)).shape == (*points, 2)
    shifts = draw_shifts((1200, 1200), 2.5, random.Random(1))
    assert shifts.std() == pytest.approx(2.5, rel=0.03) and abs(shifts.mean()) < 0.05
    again = draw_shifts((1200, 1200), 2.5, random.Random(1))
    np.testing.assert_array_equal(shifts, again)
