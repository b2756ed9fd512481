// The geometry of marks, in page pixels.

/** @typedef {[x: number, y: number]} Point */
/** @typedef {[left: number, top: number, right: number, bottom: number]} Bounds */
/** @typedef {"highlight" | "mask"} Channel */
/** @typedef {"line" | "box" | "brush" | "lasso"} Kind */
/** @typedef {{kind: Kind, points: Point[], radius?: number}} Outline  Where a mark may be. */
/** @typedef {Outline & {channel: Channel}} Shape  A mark. Once it is finished it never changes. */

/**
 * To a hundredth of a pixel.
 * @param {number} value
 */
export const round = (value) => Math.round(value * 100) / 100;

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * A function of a finished mark, computed once for each.
 * @template Value
 * @param {(shape: Outline) => Value} compute
 * @returns {(shape: Outline) => Value}
 */
function oncePerMark(compute) {
  /** @type {WeakMap<Outline, Value>} */
  const values = new WeakMap();
  return (shape) => {
    const value = values.get(shape) ?? compute(shape);
    values.set(shape, value);
    return value;
  };
}

/** A finished mark's outline; of a brush stroke the line that the brush followed. */
export const outlineOf = oncePerMark(traceShape);
export const jsonOf = oncePerMark((shape) => JSON.stringify(shape));

/** @param {Outline} shape */
export function traceShape(shape) {
  const path = new Path2D();
  const points = cornersOf(shape);
  path.moveTo(...points[0]);
  for (const [x, y] of points) path.lineTo(x, y); // also to the first: a click is a dot
  if (shape.kind !== "brush") path.closePath();
  return path;
}

/**
 * All four corners of a box or a line, of which two are kept if it is upright; else the points.
 * @param {Outline} shape
 * @returns {Point[]}
 */
export function cornersOf({ kind, points }) {
  if (points.length !== 2 || !["box", "line"].includes(kind)) return points;
  const [[x0, y0], [x1, y1]] = points;
  return [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ];
}

/**
 * Sets a context up to stroke as a brush does.
 * @param {CanvasRenderingContext2D} context
 * @param {Outline} shape
 */
function takeBrush(context, { radius = 0 }) {
  context.lineWidth = radius * 2;
  context.lineCap = context.lineJoin = "round";
}

/**
 * Fills a mark, or a path on its way to become one, as Python will: see dessurt/page/raster.py.
 * @param {CanvasRenderingContext2D} context
 * @param {Outline} shape
 * @param {Path2D} path
 */
export function fillShape(context, shape, path) {
  if (shape.kind !== "brush") return context.fill(path, "evenodd");
  takeBrush(context, shape);
  context.stroke(path);
}

/** A context that is never seen. */
export function newContext() {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) throw new Error("this browser draws no pictures");
  return context;
}

/** @type {CanvasRenderingContext2D | undefined} */
let probe;

/**
 * @param {Outline} shape
 * @param {Point} point
 */
function covers(shape, [x, y]) {
  probe ??= newContext();
  const path = outlineOf(shape);
  if (shape.kind !== "brush") return probe.isPointInPath(path, x, y, "evenodd");
  takeBrush(probe, shape);
  return probe.isPointInStroke(path, x, y);
}

/**
 * The uppermost mark at a point, or null.
 * @param {Shape[]} shapes
 * @param {Point} point
 */
export function shapeAt(shapes, point) {
  return shapes.findLast((shape) => covers(shape, point)) ?? null;
}

/**
 * Whether drawing marks takes longer than a frame may.
 * @param {Shape[]} shapes
 */
export function areMany(shapes) {
  return shapes.reduce((points, shape) => points + shape.points.length, 0) > 2000;
}

/**
 * The smallest box round marks, brushes' thickness included.
 * @param {Outline[]} shapes
 * @returns {Bounds}
 */
export function boundsOf(shapes) {
  /** @type {Bounds} */
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { points, radius = 0 } of shapes) {
    for (const [x, y] of points) {
      box[0] = Math.min(box[0], x - radius);
      box[1] = Math.min(box[1], y - radius);
      box[2] = Math.max(box[2], x + radius);
      box[3] = Math.max(box[3], y + radius);
    }
  }
  return box;
}

/**
 * A mark in axes of which the first runs along a direction.
 * @param {Outline} shape
 * @param {Point} direction
 * @returns {Outline}
 */
export function alongAxis(shape, [dx, dy]) {
  const length = Math.hypot(dx, dy) || 1;
  /** @type {(point: Point) => Point} */
  const turned = ([x, y]) => [(x * dx + y * dy) / length, (y * dx - x * dy) / length];
  return { ...shape, points: cornersOf(shape).map(turned) };
}

/**
 * @template {Outline} T
 * @param {T} shape
 * @param {number} dx
 * @param {number} dy
 * @returns {T}
 */
export function movedShape(shape, dx, dy) {
  return { ...shape, points: shape.points.map(([x, y]) => [round(x + dx), round(y + dy)]) };
}

/** @param {number[]} box */
export const areaOf = ([x0, y0, x1, y1]) => Math.max(x1 - x0, 0) * Math.max(y1 - y0, 0);

/**
 * Intersection over union of two boxes.
 * @param {Bounds} a
 * @param {Bounds} b
 */
export function overlap(a, b) {
  const low = [Math.max(a[0], b[0]), Math.max(a[1], b[1])];
  const both = areaOf([...low, Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  return both && both / (areaOf(a) + areaOf(b) - both);
}

/**
 * Whether some of a mark lies on a page.
 * @param {Outline} shape
 * @param {{width: number, height: number}} page
 */
export function meets(shape, { width, height }) {
  return overlap(boundsOf([shape]), [0, 0, width, height]) > 0;
}
