// PageCanvas: one page, the marks on it, and the region a model answered with.
//
// Gradio runs this file as the body of a function with these arguments:
//   element  the component's root            props   what Python sent, and the value it gets
//   upload   sends a File to the server      server  Python functions we may call: open_page
//   watch    tells of a value set by Python
//
// The value is {page, width, height, marks: {shapes}}. The points of a mark are in page pixels;
// only the view (page_view.js) and the painter (page_painter.js) know where they are on the screen.

const text = props.text;
const part = (name) => element.querySelector(`[data-part="${name}"]`);
const button = (name) => element.querySelector(`[data-do="${name}"]`);
const stage = element.querySelector(".stage");
const canvas = element.querySelector("canvas");
const sizeInput = part("size");
const paint = makePainter(canvas);
const view = makeView(canvas, onMove);

let page = null; // {path, width, height}
let picture = null; // the page as an image
let region = null; // the model's region as an image, stretched over the page
let shapes = []; // finished marks; never changed in place, so that undo can keep old lists
let past = [];
let future = [];
let draft = null; // the mark under the pointer
let channel = "highlight";
let tool = "box";
let radius = 12; // of the brush, page pixels
let spaceHeld = false;
let frame = 0; // the animation frame in which to paint, 0 = none asked for
let opening = 0; // counts attempts to open a page; only the last one counts
const pointers = new Map(); // pointerId -> last place on the canvas
let panning = false;

// ---- the page and the value -------------------------------------------------------------------

function fileUrl(path) {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return new URL("gradio_api/file=" + encoded, document.baseURI).href;
}

async function loadImage(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

function commit() {
  props.value = { page: page.path, width: page.width, height: page.height, marks: { shapes } };
}

/** Puts a page with its marks on the canvas, unless another comes first; tells whether it did. */
async function showPage(value) {
  const attempt = ++opening;
  const image = await loadImage(fileUrl(value.picture));
  if (attempt !== opening) return false;
  page = { path: value.page, width: value.width, height: value.height };
  picture = image;
  region = null;
  shapes = value.marks?.shapes ?? [];
  past = [];
  future = [];
  draft = null;
  setRadius(Math.min(page.width, page.height) / 80);
  view.setPage(page);
  refresh();
  complain(value.notice ?? "");
  return true;
}

async function openFile(file) {
  const attempt = ++opening;
  part("busy").hidden = false;
  try {
    const { path } = await upload(file);
    const opened = await server.open_page(path);
    if (attempt !== opening) return;
    if (opened.error) return complain(opened.error);
    if (await showPage(opened)) commit();
    say(text.opened);
  } catch (error) {
    console.warn(error);
    complain(text.upload_failed.replace("{name}", file.name));
  } finally {
    part("busy").hidden = true;
  }
}

function complain(sentence) {
  part("message").querySelector("span").textContent = sentence;
  part("message").hidden = !sentence;
}

function say(sentence) {
  part("said").textContent = sentence;
}

// ---- marks and their history ------------------------------------------------------------------

function setShapes(next) {
  past.push(shapes);
  future = [];
  shapes = next;
  commit();
  refresh();
}

function step(from, to) {
  if (!from.length) return;
  to.push(shapes);
  shapes = from.pop();
  commit();
  refresh();
  say(text.count.replace("{n}", shapes.length));
}

function clear() {
  if (shapes.length) setShapes([]);
  say(text.cleared);
}

// ---- the view ---------------------------------------------------------------------------------

function onMove() {
  button("zoom_full").textContent = Math.round(view.scale * 100) + "%";
  redraw();
}

function redraw() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    const shownRegion = pressed(button("region")) ? region : null;
    if (page) paint({ page, picture, region: shownRegion, shapes, draft, view });
  });
}

// ---- pointer ----------------------------------------------------------------------------------

canvas.addEventListener("pointerdown", (event) => {
  if (!page) return;
  canvas.focus({ preventScroll: true });
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, view.onCanvas(event));
  if (pointers.size > 1) {
    draft = null; // a second finger: this is a pinch, not a mark
    redraw();
    return;
  }
  panning = event.button === 1 || spaceHeld || tool === "hand";
  if (panning) canvas.classList.add("grabbing");
  else if (event.button === 0) startDraft(event);
  event.preventDefault();
});

canvas.addEventListener("pointermove", (event) => {
  if (!pointers.has(event.pointerId)) return;
  const [now, before] = [view.onCanvas(event), pointers.get(event.pointerId)];
  if (pointers.size === 2) pinch(event.pointerId, now);
  else if (panning) view.panBy(now[0] - before[0], now[1] - before[1]);
  else if (draft) extendDraft(event);
  pointers.set(event.pointerId, now);
});

for (const name of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(name, (event) => {
    if (!pointers.delete(event.pointerId)) return;
    panning = false;
    canvas.classList.remove("grabbing");
    if (!draft) return;
    if (name === "pointerup") {
      extendDraft(event);
      finishDraft();
    } else cancelDraft();
  });
}

function startDraft(event) {
  const other = { highlight: "mask", mask: "highlight" }[channel];
  const point = view.onPage(event);
  draft = { channel: event.shiftKey ? other : channel, kind: tool, points: [point, point] };
  if (tool === "brush") draft.radius = radius;
  redraw();
}

function extendDraft(event) {
  const coalesced = event.getCoalescedEvents?.() ?? [];
  for (const move of coalesced.length ? coalesced : [event]) {
    const point = view.onPage(move);
    if (draft.kind === "box") draft.points[1] = point;
    else draft.points.push(point);
  }
  redraw();
}

function finishDraft() {
  const shape = { ...draft, points: draft.points.filter(isNewPoint) };
  draft = null;
  redraw();
  const [first, last] = [shape.points[0], shape.points[shape.points.length - 1]];
  const thin = Math.min(Math.abs(first[0] - last[0]), Math.abs(first[1] - last[1])) < 1;
  if (shape.kind === "box" && thin) return; // a click, not a box
  setShapes([...shapes, shape]);
  const added = text.added.replace("{channel}", text[shape.channel]);
  say(added.replace("{kind}", text[shape.kind]).replace("{n}", shapes.length));
}

function isNewPoint(point, index, points) {
  return !index || point[0] !== points[index - 1][0] || point[1] !== points[index - 1][1];
}

function cancelDraft() {
  draft = null;
  redraw();
}

function pinch(movedId, now) {
  const [a, b] = [...pointers.values()];
  const [c, d] = [...pointers].map(([id, at]) => (id === movedId ? now : at));
  const spread = (p, q) => Math.hypot(p[0] - q[0], p[1] - q[1]);
  const middle = [(c[0] + d[0]) / 2, (c[1] + d[1]) / 2];
  view.panBy(middle[0] - (a[0] + b[0]) / 2, middle[1] - (a[1] + b[1]) / 2);
  view.zoomTo((view.scale * spread(c, d)) / Math.max(spread(a, b), 1), middle);
}

canvas.addEventListener(
  "wheel",
  (event) => {
    if (!page) return;
    event.preventDefault();
    if (event.ctrlKey) view.zoomTo(view.scale * Math.exp(-event.deltaY / 400), view.onCanvas(event));
    else if (event.shiftKey && !event.deltaX) view.panBy(-event.deltaY, 0);
    else view.panBy(-event.deltaX, -event.deltaY);
  },
  { passive: false },
);

// ---- toolbar and keyboard ---------------------------------------------------------------------

const pressed = (node) => node.getAttribute("aria-pressed") === "true";
const press = (node, on) => node.setAttribute("aria-pressed", String(on));
const ZOOM_STEP = 1.25;

const actions = {
  open: () => part("file").click(),
  undo: () => step(past, future),
  redo: () => step(future, past),
  clear,
  fit: () => view.fit(),
  zoom_in: () => view.zoomTo(view.scale * ZOOM_STEP),
  zoom_out: () => view.zoomTo(view.scale / ZOOM_STEP),
  zoom_full: () => view.zoomTo(1),
  dismiss: () => complain(""),
  region: () => {
    press(button("region"), !pressed(button("region")));
    redraw();
  },
};

const keys = {
  h: () => setChannel("highlight"),
  m: () => setChannel("mask"),
  r: () => setTool("box"),
  b: () => setTool("brush"),
  f: actions.fit,
  0: actions.zoom_full,
  "+": actions.zoom_in,
  "=": actions.zoom_in,
  "-": actions.zoom_out,
  "[": () => setRadius(radius / ZOOM_STEP),
  "]": () => setRadius(radius * ZOOM_STEP),
};

function setChannel(name) {
  channel = name;
  refresh();
}

function setTool(name) {
  tool = name;
  refresh();
}

function setRadius(value) {
  const most = page ? Math.min(page.width, page.height) / 8 : 100;
  radius = round(clamp(value, 1, most));
  sizeInput.value = (100 * Math.log(radius)) / Math.log(most);
}

/** Brings the toolbar and the picture up to date with the state. */
function refresh() {
  for (const node of element.querySelectorAll("[data-channel]")) {
    press(node, node.dataset.channel === channel);
  }
  for (const node of element.querySelectorAll("[data-tool]")) {
    press(node, node.dataset.tool === tool);
  }
  sizeInput.parentElement.hidden = tool !== "brush";
  button("undo").disabled = !past.length;
  button("redo").disabled = !future.length;
  button("clear").disabled = !shapes.length;
  button("region").hidden = !region;
  canvas.classList.toggle("hand", tool === "hand" || spaceHeld);
  redraw();
}

element.addEventListener("click", (event) => {
  const data = event.target.closest("button")?.dataset ?? {};
  if (data.do && (page || data.do === "open")) actions[data.do]();
  else if (data.channel) setChannel(data.channel);
  else if (data.tool) setTool(data.tool);
});

sizeInput.addEventListener("input", () => {
  const most = page ? Math.min(page.width, page.height) / 8 : 100;
  setRadius(most ** (sizeInput.value / 100));
});

element.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    const action = { z: event.shiftKey ? actions.redo : actions.undo, y: actions.redo }[key];
    if (action) {
      event.preventDefault();
      action();
    }
  } else if (event.target === canvas && !event.altKey) {
    if (key === "escape" && draft) {
      event.stopPropagation(); // or else it would also stop the model
      cancelDraft();
    } else if (key === " ") {
      event.preventDefault();
      spaceHeld = true;
      refresh();
    } else if (page) keys[key]?.();
  }
});

canvas.addEventListener("keyup", (event) => {
  if (event.key !== " ") return;
  spaceHeld = false;
  refresh();
});

canvas.addEventListener("blur", () => {
  spaceHeld = false;
  refresh();
});

// ---- files in: button, drop, paste ------------------------------------------------------------

part("file").addEventListener("change", () => {
  const [file] = part("file").files;
  if (file) openFile(file);
  part("file").value = ""; // so that the same file can be chosen again
});

for (const name of ["dragenter", "dragover"]) {
  stage.addEventListener(name, (event) => {
    event.preventDefault();
    stage.classList.add("dropping");
  });
}
stage.addEventListener("dragleave", () => stage.classList.remove("dropping"));
stage.addEventListener("drop", (event) => {
  event.preventDefault();
  stage.classList.remove("dropping");
  const [file] = event.dataTransfer.files;
  if (file) openFile(file);
});

document.addEventListener("paste", (event) => {
  const [file] = event.clipboardData?.files ?? [];
  if (file) openFile(file);
});

// ---- from Python ------------------------------------------------------------------------------

watch("value", () => {
  if (props.value?.picture) showPage(props.value);
});

// AnswerView announces what the model marked; null takes the old region away.
const regionMap = makeRegionMap();
document.addEventListener("dessurt:region", async (event) => {
  const forPage = page;
  if (!(await regionMap.load(event.detail?.url)) || forPage !== page) return;
  region = regionMap.picture;
  refresh();
});

// InspectView has a slider for what counts as marked.
document.addEventListener("dessurt:threshold", (event) => {
  regionMap.cut(event.detail.value);
  redraw();
});

new ResizeObserver(() => {
  if (page) view.resized();
}).observe(stage);

if (props.value?.picture) showPage(props.value);
refresh();
