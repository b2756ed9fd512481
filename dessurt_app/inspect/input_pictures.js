// The model's input: float32 values from a .npy file, and pictures of them.

import { newContext } from "../canvas/page_shapes.js";

/** @typedef {{shape: number[], values: Float32Array}} FloatArray */
/** @typedef {[red: number, green: number, blue: number]} Colour */
/** @typedef {keyof typeof pixelColours} Way  To show the input. */

/**
 * The array of a .npy file (little-endian float32, C order) at a URL.
 * @param {string} url
 * @returns {Promise<FloatArray>}
 */
export async function loadArray(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} ${url}`);
  return readArray(await response.arrayBuffer());
}

/**
 * @param {ArrayBuffer} file
 * @returns {FloatArray}
 */
export function readArray(file) {
  // Six bytes of magic, two of version, two of the header's length, the header, the values.
  const length = new DataView(file).getUint16(8, true);
  const header = new TextDecoder("latin1").decode(new Uint8Array(file, 10, length));
  const sides = header.match(/\(([^)]*)\)/)?.[1];
  if (!sides || !header.includes("'<f4'") || !header.includes("'fortran_order': False")) {
    throw new Error(`unknown array: ${header}`);
  }
  const shape = sides
    .split(",")
    .filter((side) => side.trim())
    .map(Number);
  return { shape, values: new Float32Array(file, 10 + length) };
}

/** Each way to show a pixel: `ink` is -1 white to +1 black, `mark` +1 highlight, -1 mask. */
export const pixelColours = {
  /** @type {(ink: number) => Colour} */
  ink(ink) {
    const grey = (1 - ink) * 128;
    return [grey, grey, grey];
  },

  /** @type {(ink: number, mark: number) => Colour} */
  marks: (_ink, mark) =>
    mark > 0 ? [255 * mark, 212 * mark, 0] : [-224 * mark, -27 * mark, -36 * mark],

  /** @type {(ink: number, mark: number) => Colour} */
  both(ink, mark) {
    const grey = (1 - ink) * 128;
    if (mark > 0) return [grey, grey * (1 - 0.17 * mark), grey * (1 - 0.7 * mark)];
    return [grey + (224 - grey) * 0.5 * -mark, grey * (1 + 0.4 * mark), grey * (1 + 0.4 * mark)];
  },
};

/**
 * @param {FloatArray} array  [2, height, width]: ink and marks.
 * @param {Way} way
 */
export function drawInput(array, way) {
  const [, height, width] = array.shape;
  const size = width * height;
  const context = newContext();
  Object.assign(context.canvas, { width, height });
  const image = context.createImageData(width, height);
  const colours = pixelColours[way];
  for (let at = 0; at < size; at++) {
    const [red, green, blue] = colours(array.values[at], array.values[size + at]);
    image.data[4 * at] = red;
    image.data[4 * at + 1] = green;
    image.data[4 * at + 2] = blue;
    image.data[4 * at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return context.canvas;
}

/**
 * The shortest decimal that is exactly this float32.
 * @param {number} value
 */
export function exactly(value) {
  for (let digits = 1; digits < 9; digits++) {
    const written = Number(value.toPrecision(digits));
    if (Math.fround(written) === value) return String(written);
  }
  return String(Number(value.toPrecision(9)));
}
