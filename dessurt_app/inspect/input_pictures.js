// The model's input: float32 values from a .npy file, and pictures of them.
// This file is put in front of inspect_view.js.

/** The array of a .npy file (little-endian float32, C order) at a URL: {shape, values}. */
async function loadArray(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(response.status + " " + url);
  const buffer = await response.arrayBuffer();
  // Six bytes of magic, two of version, two of the header's length, the header, the values.
  const length = new DataView(buffer).getUint16(8, true);
  const header = new TextDecoder("latin1").decode(new Uint8Array(buffer, 10, length));
  if (!header.includes("'<f4'") || !header.includes("'fortran_order': False")) {
    throw new Error("unknown array: " + header);
  }
  const shape = header.match(/\(([^)]*)\)/)[1].split(",").filter((side) => side.trim()).map(Number);
  return { shape, values: new Float32Array(buffer, 10 + length) };
}

/** Red, green, blue of one pixel: `ink` is -1 white to +1 black, `mark` +1 highlight, -1 mask. */
const pixelColours = {
  ink: (ink) => {
    const grey = (1 - ink) * 128;
    return [grey, grey, grey];
  },
  marks: (ink, mark) => (mark > 0 ? [255 * mark, 212 * mark, 0] : [-224 * mark, -27 * mark, -36 * mark]),
  both: (ink, mark) => {
    const grey = (1 - ink) * 128;
    if (mark > 0) return [grey, grey * (1 - 0.17 * mark), grey * (1 - 0.7 * mark)];
    return [grey + (224 - grey) * 0.5 * -mark, grey * (1 + 0.4 * mark), grey * (1 + 0.4 * mark)];
  },
};

/** A canvas that shows `array`, [2, height, width], in one of the ways of `pixelColours`. */
function drawInput(array, way) {
  const [, height, width] = array.shape;
  const size = width * height;
  const context = document.createElement("canvas").getContext("2d");
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

/** The shortest decimal that is exactly this float32. */
function exactly(value) {
  for (let digits = 1; digits < 9; digits++) {
    const written = Number(value.toPrecision(digits));
    if (Math.fround(written) === value) return String(written);
  }
  return String(Number(value.toPrecision(9)));
}
