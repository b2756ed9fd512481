// InspectView: what the model gets to see, and the region it answered with.
//
// Gradio runs this file as the body of a function; see page_canvas.js for its arguments, and
// `trigger`, which sends an event to Python. The value is made in Python (inspect_tab.py):
// {message, channels: a file, scale, offset, page_size, facts, parts}. Several scripts are put in
// front of this file, see there; before_inspect.js runs long before.

const part = (name) => element.querySelector(`[data-part="${name}"]`);
const button = (name) => element.querySelector(`[data-do="${name}"]`);
const canvas = element.querySelector("canvas");
const slider = part("threshold");
const view = makeView(canvas, onMove);
const region = makeRegionMap();
const showLines = makeLineChooser(part("lines"), text.line_at, lookAgain);
const MOST_BOXES = 500; // to be added as marks

let stale = true; // the page or its marks have changed since the last preview
let input = null; // {shape, values} of the model's input
let pictures = {}; // of the input, by the way to show it, made when first wanted
let way = "ink"; // "ink", "marks", "both" or "region"
let shown = props.value; // the preview that `input` came with
let message = ""; // why there is no input
let fitted = null; // the size of the picture that the view is set up for
let spot = null; // the pixel whose values are told: [x, y]
let attempt = 0; // counts previews; only the last one counts
let frame = 0; // the animation frame in which to paint, 0 = none asked for

// ---- the model's input ------------------------------------------------------------------------

const inSight = () => canvas.getBoundingClientRect().width > 0;

function look() {
  if (!stale || !inSight()) return;
  stale = false;
  trigger("look");
}

function lookAgain() {
  stale = true;
  look();
}

async function showPreview(preview) {
  const mine = ++attempt;
  if (!showLines(preview.parts)) return;
  let [array, told] = [null, preview.message];
  try {
    if (preview.channels) array = await loadArray(preview.channels.url);
  } catch (error) {
    console.warn(error);
    told = text.lost;
  }
  if (mine !== attempt) return;
  [input, pictures, message, shown] = [array, {}, told, preview];
  part("facts").replaceChildren(
    ...preview.facts.flatMap(([name, value]) => [made("dt", name), made("dd", value)]),
  );
  refresh();
}

function made(tag, content) {
  const node = document.createElement(tag);
  node.textContent = content;
  return node;
}

// ---- the picture ------------------------------------------------------------------------------

function picture() {
  if (way === "region") return region.picture;
  if (input) pictures[way] ??= drawInput(input, way);
  return pictures[way] ?? null;
}

/** Brings all but the facts up to date with the state. */
function refresh() {
  for (const node of element.querySelectorAll("[data-show]")) {
    node.setAttribute("aria-pressed", String(node.dataset.show === way));
  }
  const current = picture();
  part("message").textContent = current ? "" : way === "region" ? text.no_region : message;
  part("message").hidden = Boolean(current);
  part("lines").classList.toggle("away", way === "region"); // which is of all lines together
  const size = current && [current.width, current.height].join(" ");
  if (size !== fitted) spot = null;
  if (size && size !== fitted) view.setPage({ width: current.width, height: current.height });
  fitted = size;
  tellSpot();
  tellRegion();
  redraw();
}

function onMove() {
  button("zoom_full").textContent = Math.round(view.scale * 100) + "%";
  redraw();
}

function redraw() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    paint(picture());
  });
}

function paint(current) {
  const box = canvas.getBoundingClientRect();
  if (!box.width || !box.height) return;
  const ratio = window.devicePixelRatio;
  Object.assign(canvas, { width: Math.round(box.width * ratio), height: Math.round(box.height * ratio) });
  if (!current) return;
  const context = canvas.getContext("2d");
  const scale = view.scale * ratio;
  context.setTransform(scale, 0, 0, scale, view.x * ratio, view.y * ratio);
  context.imageSmoothingEnabled = scale < 1; // enlarged pixels stay crisp
  context.imageSmoothingQuality = "high";
  if (way === "region") context.drawImage(region.image, 0, 0);
  context.drawImage(current, 0, 0);
  context.lineWidth = 1.5 / view.scale;
  if (way !== "region") framePage(context);
  if (spot) outline(context, [spot[0], spot[1], 1, 1], "#2f66c9", []);
}

/** The page's edges in the model's image: all outside them is padding. */
function framePage(context) {
  const [height, width] = shown.page_size;
  const path = new Path2D();
  for (const corner of [[0, 0], [width, 0], [width, height], [0, height]]) {
    path.lineTo(...toModel(corner));
  }
  path.closePath();
  context.strokeStyle = "#2f9fd0";
  context.setLineDash([6 / view.scale, 4 / view.scale]);
  context.stroke(path);
}

/** Points of the page in the model's image and back, as `Frame` does it. */
function toModel(point) {
  return turned(point, shown.angle).map((at, axis) => at * shown.scale[axis] + shown.offset[axis]);
}

function toPage(point) {
  const level = point.map((at, axis) => (at - shown.offset[axis]) / shown.scale[axis]);
  return turned(level, -shown.angle);
}

function turned([x, y], degrees) {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [x * cos + y * sin, y * cos - x * sin];
}

function outline(context, rectangle, colour, dash) {
  context.strokeStyle = colour;
  context.setLineDash(dash);
  context.strokeRect(...rectangle);
}

// ---- values under the cursor ------------------------------------------------------------------

function pointAt(next, aloud = false) {
  const current = picture();
  const within = (at, side) => at >= 0 && at < side;
  spot = current && within(next[0], current.width) && within(next[1], current.height) ? next : null;
  part("probe").ariaLive = aloud ? "polite" : "off";
  tellSpot();
  redraw();
}

function tellSpot() {
  part("probe").textContent = spot ? valuesAt(...spot) : text.probe_hint;
}

function valuesAt(x, y) {
  if (way === "region") return fillIn(text.probe_region, { x, y, value: region.at(x, y).toFixed(2) });
  const [, height, width] = input.shape;
  const [ink, mark] = [input.values[y * width + x], input.values[(height + y) * width + x]];
  const [px, py] = toPage([x + 0.5, y + 0.5]).map((at) => at.toFixed(1));
  return fillIn(text.probe, { x, y, px, py, ink: exactly(ink), mark: exactly(mark) });
}

listenToPicture(canvas, view, picture, pointAt);

// ---- the region -------------------------------------------------------------------------------

function tellRegion() {
  const found = region.boxes.length;
  const numbers = {
    threshold: region.threshold.toFixed(2),
    most: region.most.toFixed(2),
    parts: found,
    percent: (100 * region.area).toFixed(1),
  };
  let sentence = text.no_region;
  if (region.picture) sentence = found === 1 ? text.found_one : found ? text.found : text.found_none;
  part("found").textContent = fillIn(sentence, numbers);
  part("threshold_value").textContent = numbers.threshold;
  slider.disabled = !region.picture;
  button("highlight").disabled = button("save").disabled = !found;
}

function useAsHighlight() {
  const { width, height } = window.dessurt.page;
  const shapes = region.boxes.slice(0, MOST_BOXES).map(([x0, y0, x1, y1]) => ({
    channel: "highlight",
    kind: "box",
    points: [
      [round(x0 * width), round(y0 * height)],
      [round(x1 * width), round(y1 * height)],
    ],
  }));
  document.dispatchEvent(new CustomEvent("dessurt:add-marks", { detail: { shapes } }));
}

function saveMask() {
  const { width, height } = window.dessurt.page;
  region.mask(width, height).toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = "region.png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser reads it later
  });
}

button("highlight").addEventListener("click", useAsHighlight);
button("save").addEventListener("click", saveMask);

slider.addEventListener("input", () => {
  region.cut(Number(slider.value));
  refresh();
  document.dispatchEvent(new CustomEvent("dessurt:threshold", { detail: { value: region.threshold } }));
});

// ---- buttons and keys -------------------------------------------------------------------------

const actions = {
  zoom_in: () => view.zoomTo(view.scale * 1.5),
  zoom_out: () => view.zoomTo(view.scale / 1.5),
  zoom_full: () => view.zoomTo(1),
  fit: () => view.fit(),
};
const keys = { "+": "zoom_in", "=": "zoom_in", "-": "zoom_out", 0: "zoom_full", f: "fit" };
const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

element.addEventListener("click", (event) => {
  const data = event.target.closest("button")?.dataset ?? {};
  if (data.show) {
    way = data.show;
    refresh();
  } else if (picture()) actions[data.do]?.();
});

canvas.addEventListener("keydown", (event) => {
  const current = picture();
  if (!current || event.ctrlKey || event.metaKey || event.altKey) return;
  const arrow = arrows[event.key];
  if (arrow) {
    event.preventDefault();
    const step = event.shiftKey ? 10 : 1;
    const [x, y] = spot ?? [current.width >> 1, current.height >> 1];
    const next = [x + step * arrow[0], y + step * arrow[1]];
    const last = [current.width - 1, current.height - 1];
    pointAt(next.map((at, axis) => clamp(at, 0, last[axis])), true);
  } else actions[keys[event.key.toLowerCase()]]?.();
});

// ---- from elsewhere ---------------------------------------------------------------------------

document.addEventListener("dessurt:drawn", lookAgain); // or there is another task or model

// AnswerView announces what the model marked; null takes the old region away.
const showRegion = async (place) => (await region.load(place?.url)) && refresh();
document.addEventListener("dessurt:region", (event) => showRegion(event.detail));

watch("value", () => showPreview(props.value));

new ResizeObserver(() => {
  look(); // the tab may have been opened
  if (picture()) view.resized();
}).observe(part("stage"));

refresh();
showRegion(window.dessurt.region);
