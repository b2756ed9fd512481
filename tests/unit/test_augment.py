"""Rotation, crop and brightness against arrays made by the original."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from dessurt.data.augment import crop, rotate, shift_brightness

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
