// A region: how sure a model is of each place of the page, from a grey picture in the page's
// proportions (value / 255 = 0 to 1), cut at a threshold. Knows nothing of the screen.

import { areaOf, newContext } from "./page_shapes.js";

/** @import { Bounds } from "./page_shapes.js" */
/** @typedef {[red: number, green: number, blue: number, opacity: number]} Colour */

const INSIDE = [18, 144, 142]; // red, green, blue
const BORDER = "#0a5453";
const OPACITY = 120; // of 255

export function makeRegionMap() {
  const canvas = document.createElement("canvas");
  const context = /** @type {CanvasRenderingContext2D} */ (
    canvas.getContext("2d", { willReadFrequently: true })
  );
  let values = new Uint8Array(0); // row by row
  let loading = 0; // counts attempts to load; only the last one counts

  const map = {
    /**
     * The grey picture; null without a region.
     * @type {HTMLImageElement | null}
     */
    image: null,
    /**
     * What lies above the threshold, with boxes round its parts; null without a region.
     * @type {HTMLCanvasElement | null}
     */
    picture: null,
    threshold: 0.5,
    most: 0, // the largest value
    area: 0, // fraction of the page
    /**
     * Round the parts, in fractions of the page, the largest first.
     * @type {Bounds[]}
     */
    boxes: [],

    /**
     * Reads a picture; whether no other came in between.
     * @param {string | undefined} url  Empty: there is none.
     */
    async load(url) {
      const attempt = ++loading;
      const image = url ? await loadImage(url) : null;
      if (attempt !== loading) return false;
      map.image = image;
      map.picture = image && canvas;
      values = image ? greys(image) : new Uint8Array(0);
      map.most = values.reduce((most, value) => Math.max(most, value), 0) / 255;
      map.cut(map.threshold);
      return true;
    },

    /**
     * Takes what is above another threshold.
     * @param {number} threshold  0 to 1.
     */
    cut(threshold) {
      map.threshold = threshold;
      const { width, height } = canvas;
      const inside = values.map((value) => Number(value > threshold * 255));
      map.area = inside.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
      const boxes = values.length ? connectedParts(inside, width, height) : [];
      boxes.sort((a, b) => areaOf(b) - areaOf(a));
      map.boxes = boxes.map(([x0, y0, x1, y1]) => [
        x0 / width,
        y0 / height,
        x1 / width,
        y1 / height,
      ]);
      if (map.picture) draw(boxes);
    },

    /**
     * The value, 0 to 1, of a pixel of the picture.
     * @param {number} x
     * @param {number} y
     */
    at: (x, y) => values[y * canvas.width + x] / 255,

    /**
     * A picture of a size: black, and white above the threshold.
     * @param {number} width
     * @param {number} height
     */
    mask(width, height) {
      const small = newContext();
      Object.assign(small.canvas, { width: canvas.width, height: canvas.height });
      fill(small, (value) => (value > map.threshold * 255 ? [255, 255, 255, 255] : [0, 0, 0, 255]));
      const large = newContext();
      Object.assign(large.canvas, { width, height });
      large.imageSmoothingEnabled = false;
      large.drawImage(small.canvas, 0, 0, width, height);
      return large.canvas;
    },
  };

  /** @param {HTMLImageElement} image */
  function greys(image) {
    const { naturalWidth: width, naturalHeight: height } = image;
    Object.assign(canvas, { width, height });
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, width, height).data;
    const red = new Uint8Array(width * height);
    for (let at = 0; at < red.length; at++) red[at] = pixels[4 * at];
    return red;
  }

  /**
   * Paints each pixel in the colour of its value.
   * @param {CanvasRenderingContext2D} target
   * @param {(value: number) => Colour} colour
   */
  function fill(target, colour) {
    const table = new Uint8ClampedArray(4 * 256);
    for (let value = 0; value < 256; value++) table.set(colour(value), 4 * value);
    const colours = new Uint32Array(table.buffer);
    const image = target.createImageData(target.canvas.width, target.canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let at = 0; at < values.length; at++) pixels[at] = colours[values[at]];
    target.putImageData(image, 0, 0);
  }

  /** @param {Bounds[]} boxes */
  function draw(boxes) {
    const [red, green, blue] = INSIDE;
    fill(context, (value) => [red, green, blue, value > map.threshold * 255 ? OPACITY : 0]);
    context.strokeStyle = BORDER;
    context.lineWidth = Math.max(1, canvas.width / 600);
    for (const [x0, y0, x1, y1] of boxes) context.strokeRect(x0, y0, x1 - x0, y1 - y0);
  }

  return map;
}

/**
 * @param {string} url
 * @returns {Promise<HTMLImageElement>}
 */
export async function loadImage(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

/**
 * The boxes of the connected parts of a map of 0 and 1; parts that touch at a corner are one.
 * @param {Uint8Array} inside  Row by row.
 * @param {number} width
 * @param {number} height
 * @returns {Bounds[]}
 */
export function connectedParts(inside, width, height) {
  /** @type {Bounds[]} */
  const boxes = []; // of each part
  /** @type {number[]} */
  const mergedInto = []; // which part it was merged into, or itself
  /** @type {(part: number) => number} */
  const root = (part) => {
    let at = part;
    while (mergedInto[at] !== at) at = mergedInto[at];
    return at;
  };

  /**
   * @param {number} a
   * @param {number} b
   */
  function join(a, b) {
    if (a === b) return a;
    const [[p0, q0, p1, q1], [r0, s0, r1, s1]] = [boxes[a], boxes[b]];
    boxes[a] = [Math.min(p0, r0), Math.min(q0, s0), Math.max(p1, r1), Math.max(q1, s1)];
    mergedInto[b] = a;
    return a;
  }

  /** @type {[first: number, end: number, part: number][]} */
  let above = []; // the runs of the row above
  for (let y = 0; y < height; y++) {
    /** @type {typeof above} */
    const row = [];
    let next = 0; // the first run above that can still touch one of this row
    for (const [first, end] of runsOf(inside, y * width, width)) {
      let part = boxes.push([first, y, end, y + 1]) - 1;
      mergedInto.push(part);
      while (next < above.length && above[next][1] < first) next++;
      for (let i = next; i < above.length && above[i][0] <= end; i++) {
        part = join(root(above[i][2]), part);
      }
      row.push([first, end, part]);
    }
    above = row;
  }
  return boxes.filter((_, part) => mergedInto[part] === part);
}

/**
 * The runs of ones in a row of a map: the first and one past the last.
 * @param {Uint8Array} inside
 * @param {number} start  Of the row.
 * @param {number} width
 * @returns {Generator<[first: number, end: number]>}
 */
export function* runsOf(inside, start, width) {
  for (let x = 0; x < width; x++) {
    if (!inside[start + x]) continue;
    const first = x;
    while (x < width && inside[start + x]) x++;
    yield [first, x];
  }
}
