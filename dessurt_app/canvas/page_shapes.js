// What can be told of a mark by itself, in page pixels.
// This file is put in front of page_canvas.js.

/** `tell`, worked out once for each finished mark, as such a mark never changes. */
function oncePerMark(tell) {
  const told = new WeakMap();
  return (shape) => {
    if (!told.has(shape)) told.set(shape, tell(shape));
    return told.get(shape);
  };
}

/** A finished mark's outline; of a brush stroke the line that the brush followed. */
const outlineOf = oncePerMark(traceShape);
const jsonOf = oncePerMark((shape) => JSON.stringify(shape));

function traceShape(shape) {
  const path = new Path2D();
  const points = cornersOf(shape);
  path.moveTo(...points[0]);
  for (const [x, y] of points) path.lineTo(x, y); // also to the first: a click is a dot
  if (shape.kind !== "brush") path.closePath();
  return path;
}

/** All four corners of a box or a line, of which two are kept if it is upright; else the points. */
function cornersOf({ kind, points }) {
  if (points.length !== 2 || !["box", "line"].includes(kind)) return points;
  const [[x0, y0], [x1, y1]] = points;
  return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
}

/** Fills a mark, or a path on its way to become one, as Python will: see dessurt/page/raster.py. */
function fillShape(context, shape, path) {
  if (shape.kind !== "brush") return context.fill(path, "evenodd");
  context.lineWidth = shape.radius * 2;
  context.lineCap = context.lineJoin = "round";
  context.stroke(path);
}

const probe = document.createElement("canvas").getContext("2d");

function covers(shape, [x, y]) {
  const path = outlineOf(shape);
  if (shape.kind !== "brush") return probe.isPointInPath(path, x, y, "evenodd");
  probe.lineWidth = shape.radius * 2;
  probe.lineCap = probe.lineJoin = "round";
  return probe.isPointInStroke(path, x, y);
}

/** The uppermost mark at a point, or null. */
function shapeAt(shapes, point) {
  for (let index = shapes.length - 1; index >= 0; index--) {
    if (covers(shapes[index], point)) return shapes[index];
  }
  return null;
}

/** Whether drawing marks takes longer than a frame may. */
function areMany(shapes) {
  return shapes.reduce((points, shape) => points + shape.points.length, 0) > 2000;
}

/** The smallest box round marks, brushes' thickness included: [x0, y0, x1, y1]. */
function boundsOf(shapes) {
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

/** A mark in axes of which the first runs along [dx, dy]. */
function alongAxis(shape, [dx, dy]) {
  const length = Math.hypot(dx, dy) || 1;
  const points = cornersOf(shape).map(([x, y]) => [
    (x * dx + y * dy) / length,
    (y * dx - x * dy) / length,
  ]);
  return { ...shape, points };
}

function movedShape(shape, dx, dy) {
  return { ...shape, points: shape.points.map(([x, y]) => [round(x + dx), round(y + dy)]) };
}

/** Intersection over union of two boxes. */
function overlap(a, b) {
  const area = ([x0, y0, x1, y1]) => Math.max(x1 - x0, 0) * Math.max(y1 - y0, 0);
  const low = [Math.max(a[0], b[0]), Math.max(a[1], b[1])];
  const both = area([...low, Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  return both && both / (area(a) + area(b) - both);
}

function meets(shape, { width, height }) {
  return overlap(boundsOf([shape]), [0, 0, width, height]) > 0;
}
