// Inspect without a browser: arrays, numbers, colours, and places on the page and in the model.

import assert from "node:assert/strict";
import { test } from "node:test";

import { exactly, pixelColours, readArray } from "../../dessurt_app/inspect/input_pictures.js";

globalThis.document = new EventTarget();
const { highlightOf, toModel, toPage, withChosenLine } = await import(
  "../../dessurt_app/inspect/inspect_view.js"
);

/** A .npy file. */
function npy(header, values) {
  const padded = `${header}\n`.padEnd(118, " ");
  const head = new Uint8Array([0x93, ...Buffer.from("NUMPY"), 1, 0, padded.length, 0]);
  return Buffer.concat([head, Buffer.from(padded), Buffer.from(values.buffer)]);
}

const bytesOf = (buffer) =>
  buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);

test("an array is read with its shape", () => {
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 3), }";
  const file = npy(header, Float32Array.of(1, 2, 3, -1, 0.5, -0.25));
  const { shape, values } = readArray(bytesOf(file));
  assert.deepEqual(shape, [2, 1, 3]);
  assert.deepEqual([...values], [1, 2, 3, -1, 0.5, -0.25]);
});

test("other arrays are refused", () => {
  for (const header of [
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': False}",
  ]) {
    assert.throws(() => readArray(bytesOf(npy(header, Float32Array.of(1)))), /unknown array/);
  }
});

test("a float32 is written as short as it can be", () => {
  assert.equal(exactly(Math.fround(0.1)), "0.1");
  assert.equal(exactly(-0.9921875), "-0.9921875");
  assert.equal(exactly(Math.fround(1 / 3)), "0.33333334");
  assert.deepEqual([0, 1, -1].map(exactly), ["0", "1", "-1"]);
});

test("ink is black on white, marks are yellow and red", () => {
  assert.deepEqual(pixelColours.ink(1), [0, 0, 0]);
  assert.deepEqual(pixelColours.ink(-1), [256, 256, 256]); // clamped when it is painted
  assert.deepEqual(pixelColours.marks(0, 1), [255, 212, 0]);
  assert.deepEqual(pixelColours.marks(0, -1), [224, 27, 36]);
  assert.deepEqual(pixelColours.both(0, 0), [128, 128, 128]);
  const [red, , blue] = pixelColours.both(-1, 1);
  assert.ok(red > 2 * blue);
});

test("a place on the page and the same in the model's image", () => {
  const preview = { scale: [2, 0.5], offset: [10, -20], angle: 0 };
  assert.deepEqual(toModel(preview, [100, 60]), [210, 10]);
  assert.deepEqual(toPage(preview, [210, 10]), [100, 60]);
});

test("text that runs down to the right is level to the model", () => {
  const preview = { scale: [1, 1], offset: [0, 0], angle: 30 };
  const [x, y] = toModel(preview, [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)]);
  assert.ok(Math.abs(x - 1) < 1e-12 && Math.abs(y) < 1e-12);
  const back = toPage(preview, toModel(preview, [3, 4]));
  assert.ok(Math.abs(back[0] - 3) < 1e-12 && Math.abs(back[1] - 4) < 1e-12);
});

test("a part of the region becomes a highlight", () => {
  assert.deepEqual(highlightOf([0.1, 0.25, 1, 0.3333], { width: 1000, height: 300 }), {
    channel: "highlight",
    kind: "box",
    points: [
      [100, 75],
      [1000, 99.99],
    ],
  });
});

test("a preview is asked for of the first line, before one is chosen", () => {
  assert.deepEqual(withChosenLine({}, "small", "w0>", 7), [{}, "small", "w0>", 1]);
});
