// A region: how sure a model is of each place of the page, from a grey picture in the page's
// proportions (value / 255 = 0 to 1), cut at a threshold. Knows nothing of the screen.
// This file is put in front of page_canvas.js and inspect_view.js.

function makeRegionMap() {
  const COLOUR = [18, 144, 142];
  const BORDER = "#0a5453";
  const OPACITY = 120; // of 255
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  let values = new Uint8Array(0); // row by row
  let loading = 0; // counts attempts to load; only the last one counts

  // `image` is the grey picture and `picture` what lies above the threshold, with boxes round its
  // parts; both are null without a region. `area` is its share of the page; `boxes` are
  // [x0, y0, x1, y1] in shares of the page, the largest first; `most` is the largest value.
  const map = { picture: null, image: null, threshold: 0.5, most: 0, area: 0, boxes: [] };

  /** Reads the picture at `url`; none, if that is empty. Tells whether no other came in between. */
  map.load = async (url) => {
    const attempt = ++loading;
    const image = url ? await decoded(url) : null;
    if (attempt !== loading) return false;
    map.image = image;
    map.picture = image && context.canvas;
    values = image ? greys(image) : new Uint8Array(0);
    map.most = values.reduce((most, value) => Math.max(most, value), 0) / 255;
    map.cut(map.threshold);
    return true;
  };

  /** Takes what is above another threshold, 0 to 1. */
  map.cut = (threshold) => {
    map.threshold = threshold;
    const { width, height } = context.canvas;
    const inside = values.map((value) => value > threshold * 255);
    map.area = inside.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
    const boxes = values.length ? partsOf(inside, width, height) : [];
    boxes.sort((a, b) => areaOf(b) - areaOf(a));
    map.boxes = boxes.map(([x0, y0, x1, y1]) => [x0 / width, y0 / height, x1 / width, y1 / height]);
    if (map.picture) draw(boxes);
  };

  /** The value, 0 to 1, of a pixel of the picture. */
  map.at = (x, y) => values[y * context.canvas.width + x] / 255;

  /** Black, and white above the threshold: a canvas of the given size. */
  map.mask = (width, height) => {
    const small = document.createElement("canvas").getContext("2d");
    Object.assign(small.canvas, { width: context.canvas.width, height: context.canvas.height });
    fill(small, (value) => (value > map.threshold * 255 ? [255, 255, 255, 255] : [0, 0, 0, 255]));
    const large = document.createElement("canvas").getContext("2d");
    Object.assign(large.canvas, { width, height });
    large.imageSmoothingEnabled = false;
    large.drawImage(small.canvas, 0, 0, width, height);
    return large.canvas;
  };

  async function decoded(url) {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image;
  }

  function greys(image) {
    const { naturalWidth: width, naturalHeight: height } = image;
    Object.assign(context.canvas, { width, height });
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, width, height).data;
    const red = new Uint8Array(width * height);
    for (let at = 0; at < red.length; at++) red[at] = pixels[4 * at];
    return red;
  }

  /** Paints each pixel with what `colour` says of its value: red, green, blue, opacity. */
  function fill(target, colour) {
    const table = new Uint8ClampedArray(4 * 256);
    for (let value = 0; value < 256; value++) table.set(colour(value), 4 * value);
    const colours = new Uint32Array(table.buffer);
    const image = target.createImageData(target.canvas.width, target.canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let at = 0; at < values.length; at++) pixels[at] = colours[values[at]];
    target.putImageData(image, 0, 0);
  }

  function draw(boxes) {
    fill(context, (value) => [...COLOUR, value > map.threshold * 255 ? OPACITY : 0]);
    context.strokeStyle = BORDER;
    context.lineWidth = Math.max(1, context.canvas.width / 600);
    for (const [x0, y0, x1, y1] of boxes) context.strokeRect(x0, y0, x1 - x0, y1 - y0);
  }

  return map;
}

const areaOf = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);

/** The boxes [x0, y0, x1, y1] of the connected parts, corners included, of a map of 0 and 1. */
function partsOf(inside, width, height) {
  const boxes = []; // of a part; null once it has been merged into another
  const merged = []; // which part it was merged into, or itself
  const root = (part) => {
    while (merged[part] !== part) part = merged[part];
    return part;
  };

  function join(a, b) {
    if (a === b) return a;
    const [[p0, q0, p1, q1], [r0, s0, r1, s1]] = [boxes[a], boxes[b]];
    boxes[a] = [Math.min(p0, r0), Math.min(q0, s0), Math.max(p1, r1), Math.max(q1, s1)];
    boxes[b] = null;
    merged[b] = a;
    return a;
  }

  let above = []; // the runs of the row above: [first, one past the last, part]
  for (let y = 0; y < height; y++) {
    const row = [];
    let next = 0; // the first run above that can still touch one of this row
    for (const [first, end] of runsOf(inside, y * width, width)) {
      let part = boxes.push([first, y, end, y + 1]) - 1;
      merged.push(part);
      while (next < above.length && above[next][1] < first) next++;
      for (let i = next; i < above.length && above[i][0] <= end; i++) {
        part = join(root(above[i][2]), part);
      }
      row.push([first, end, part]);
    }
    above = row;
  }
  return boxes.filter(Boolean);
}

/** The runs of ones in a row of a map: [first, one past the last]. */
function* runsOf(inside, start, width) {
  for (let x = 0; x < width; x++) {
    if (!inside[start + x]) continue;
    const first = x;
    while (x < width && inside[start + x]) x++;
    yield [first, x];
  }
}
