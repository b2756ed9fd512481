// PageCanvas: one page, the marks on it, and the region a model answered with.
//
// Gradio runs this file as the body of a function with these arguments:
//   element  the component's root            props    what Python sent, and the value it gets
//   upload   sends a File to the server      watch    tells of a value set by Python
//   trigger  sends an event to Python        server   Python functions we may call: open_page,
//                                                     find_lines, thumbnails, crop, turn,
//                                                     straightening, straighten, unlock
// What is said to people stands in `text`, in front of all (static_files.py).
//
// The value is {page, number, upright, width, height, marks}, or null without a page. Its marks are
// the JSON text of {shapes}: Svelte would wrap every number of an object, seconds of work for many
// marks. The points of a mark are in pixels of the page as it is laid out (`upright`, see
// dessurt/page/upright.py: only the server knows how); only the view (page_view.js) and the painter
// (page_painter.js) know where they are on the screen. Every change goes through the history
// (page_history.js).

const part = (name) => element.querySelector(`[data-part="${name}"]`);
const button = (name) => element.querySelector(`[data-do="${name}"]`);
const stage = element.querySelector(".stage");
const canvas = element.querySelector("canvas");
const sizeInput = part("size");
const messageText = part("message").querySelector("span");
const lineButton = element.querySelector("[data-tool=line]");
const paint = makePainter(canvas);
const history = makeHistory({ page: null, marks: {}, upright: {} });
const memory = makeMemory();
const regionMap = makeRegionMap();

let picture = null; // the page as an image, once it is loaded
let region = null; // what the model marked, {picture} stretched over the page; new when it changes
let shownPage = null; // the page that picture, region and lines belong to
let chosenTool = ""; // by the person; before that it depends on the page
let spaceHeld = false;
let offered = null; // what the button in the message does
let frame = 0; // the animation frame in which to paint, 0 = none asked for
let telling = 0; // the animation frame after which to tell of a change, likewise

/** What tools, keys and pointers work with. */
const board = {
  view: makeView(canvas, onMove),
  text,
  channel: "highlight",
  radius: 12, // of the brush, page pixels
  gesture: null, // the tool's work between press and lift, see page_tools.js
  selected: null, // a mark
  get state() {
    return history.now;
  },
  get page() {
    return history.now.page; // {path, number, upright, pages, width, height, picture}, or null
  },
  get shapes() {
    return (board.page && history.now.marks[pageKey(board.page)]) || [];
  },
  get tool() {
    const tool = chosenTool || "line";
    return tool === "line" && lines.off ? "box" : tool;
  },
  get panning() {
    return spaceHeld || board.tool === "hand";
  },
  /** A step that can be undone. */
  setState(next) {
    history.set(next);
    show();
  },
  /** A start, before which there is nothing. */
  begin(next) {
    history.begin(next);
    show();
  },
  add(shapes) {
    if (!shapes.length) return;
    setShapes([...board.shapes, ...shapes]);
    const { channel, kind } = shapes[shapes.length - 1];
    const sentence = shapes.length > 1 ? text.added_several : text.added;
    board.say(sentence, { channel: text[channel], kind: text[kind], added: shapes.length });
  },
  remove(shape) {
    setShapes(board.shapes.filter((other) => other !== shape));
    board.say(text.removed, { channel: text[shape.channel], kind: text[shape.kind] });
  },
  replace(shape, next) {
    board.selected = next;
    setShapes(board.shapes.map((other) => (other === shape ? next : other)));
    board.say(text.moved);
  },
  select(shape) {
    board.selected = shape;
    if (!shape) return refresh();
    const at = { at: board.shapes.indexOf(shape) + 1 };
    board.say(text.selected, { channel: text[shape.channel], kind: text[shape.kind], ...at });
    refresh();
  },
  cancel() {
    board.gesture = null;
    redraw();
  },
  setChannel(name) {
    board.channel = name;
    board.cancel();
    refresh();
  },
  setTool(name) {
    straightener.stop();
    chosenTool = name;
    board.selected = null;
    board.cancel();
    if (name === "line" && lines.off) board.complain(lines.off);
    refresh();
  },
  setRadius(value) {
    board.radius = round(clamp(value, 1, largestRadius()));
    sizeInput.value = (100 * Math.log(board.radius)) / Math.log(largestRadius());
  },
  redraw,
  refresh,
  complain(sentence) {
    offered = null;
    messageText.textContent = sentence;
    part("message").hidden = !sentence;
    part("message").classList.remove("offer");
    button("accept").hidden = true;
  },
  /** Says something that a button at its end does something about. */
  offer(sentence, label, action) {
    if (!part("message").hidden) return; // what is said already matters more
    board.complain(sentence);
    offered = action;
    part("message").classList.add("offer");
    button("accept").hidden = false;
    button("accept").textContent = label;
  },
  /** For those who do not see the screen; every sentence may tell how many marks there are. */
  say(sentence, values = {}) {
    part("said").textContent = fillIn(sentence, { n: board.shapes.length, ...values });
  },
};
const { view } = board;
const lines = makeLines(board);
const tools = makeTools(board, lines);
const loadPicture = makePictures();
const showBusy = (on) => (part("busy").hidden = !on);
const opener = makeOpener(board, server, upload, loadPicture, showBusy, part("unlock"));
const straightener = makeStraightener(
  board,
  part("straightener"),
  () => server.straightening(placeOf(board.page)).catch(() => ({ error: text.server_lost })),
  opener.straighten,
);

// ---- the state and the value ------------------------------------------------------------------

function setShapes(shapes) {
  const { page, marks } = history.now;
  board.setState({ ...history.now, marks: { ...marks, [pageKey(page)]: shapes } });
}

/** Brings all that is seen, and the value, up to date with the state. */
function show() {
  const { page } = board;
  board.gesture = null;
  if (page !== shownPage) changePage(page);
  props.value = page && {
    page: page.path,
    number: page.number,
    upright: page.upright,
    width: page.width,
    height: page.height,
    marks: `{"shapes":[${board.shapes.map(jsonOf)}]}`,
  };
  memory.keep(history.now);
  refresh();
  telling ||= requestAnimationFrame(() => setTimeout(tell));
}

/** Tells the rest of the screen of a change, when the change is on the screen: to collect the value
 *  and send it takes Gradio as long as a frame may take. */
function tell() {
  telling = 0;
  trigger("drawn");
  document.dispatchEvent(new CustomEvent("dessurt:drawn"));
}

function changePage(page) {
  shownPage = page;
  picture = region = null;
  lines.set([], page ? text.lines_looking : text.empty);
  straightener.stop();
  document.dispatchEvent(new CustomEvent("dessurt:page", { detail: page }));
  if (!page) return;
  view.setPage(page);
  board.setRadius(Math.min(page.width, page.height) / 80);
  const isStill = () => shownPage === page;
  loadPicture(page.picture).then((image) => {
    if (isStill()) picture = image;
    redraw();
  }, console.warn);
  server
    .find_lines(placeOf(page))
    .then((found) => {
      if (!isStill()) return;
      setLines(found.lines, found.error ?? text.lines_none);
      offerToLayOut(found);
    })
    .catch((error) => {
      console.warn(error);
      if (isStill()) setLines([], text.lines_failed);
    });
}

/** Who chose to mark lines while they were looked for is told what came of it. */
function setLines(found, off) {
  const waited = messageText.textContent === lines.off;
  lines.set(found, off);
  if (waited) board.complain(lines.off);
  refresh();
}

/** Offers to do something about a page that lies on its side or its head, or is a photograph. */
function offerToLayOut({ quarters, photo }) {
  const label = [null, text.offer_right, text.offer_half, text.offer_left][quarters];
  if (label) board.offer(text.not_upright, label, () => opener.turn(quarters));
  else if (photo) board.offer(text.is_photo, text.straighten, actions.straighten);
}

// ---- what is seen -----------------------------------------------------------------------------

function onMove() {
  button("zoom_full").textContent = Math.round(view.scale * 100) + "%";
  canvas.classList.toggle("fitted", view.fitted);
  redraw();
}

function redraw() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    const { page, gesture, selected } = board;
    const hides = gesture?.hides;
    const shapes = hides ? board.shapes.filter((shape) => shape !== hides) : board.shapes;
    const chosen = hides ? gesture.draft : selected;
    paint({
      page,
      picture,
      region: pressed(button("region")) ? region : null,
      shapes,
      draft: gesture?.draft,
      view,
      pointed: board.tool === "line" && !gesture ? lines.shapes[lines.current] : null,
      selected: chosen && boundsOf([chosen]),
      sheet: straightener.sheet,
    });
  });
}

/** Brings the buttons and the picture up to date with the state. */
function refresh() {
  const { page, shapes, tool } = board;
  if (!shapes.includes(board.selected)) board.selected = null;
  for (const node of element.querySelectorAll("[data-channel]")) {
    press(node, node.dataset.channel === board.channel);
  }
  for (const node of element.querySelectorAll("[data-tool]")) {
    press(node, node.dataset.tool === tool);
  }
  // Not disabled, but said to be: it can still be pointed at and focused, and then tells why.
  lineButton.setAttribute("aria-disabled", String(Boolean(lines.off)));
  lineButton.title = lines.off || text.line_hint;
  sizeInput.parentElement.hidden = tool !== "brush";
  button("undo").disabled = !history.canUndo();
  button("redo").disabled = !history.canRedo();
  button("clear").disabled = !shapes.length;
  button("crop").disabled = !shapes.some((shape) => shape.channel === "highlight");
  button("close").disabled = !page;
  button("delete").hidden = !board.selected;
  button("region").hidden = !region;
  part("empty").hidden = Boolean(page);
  part("straightener").hidden = !straightener.sheet;
  part("zoom").hidden = !page || Boolean(straightener.sheet); // it would lie over a corner
  canvas.classList.toggle("hand", board.panning);
  canvas.classList.toggle("select", tool === "select" && !spaceHeld);
  strip.show(page);
  refreshToolbar();
  redraw();
}

function showRegion() {
  region = regionMap.picture && { picture: regionMap.picture };
  refresh();
}

function hover(point) {
  const pointing = point && board.tool === "line" && !straightener.sheet;
  const current = pointing ? lines.at(point) : -1;
  if (current === lines.current) return;
  lines.current = current;
  redraw();
}

// ---- buttons, keys, pointers ------------------------------------------------------------------

const ZOOM_STEP = 1.25;
const largestRadius = () => (board.page ? Math.min(board.page.width, board.page.height) / 8 : 100);

function goAlong(step) {
  opener.forget();
  if (!step()) return;
  board.complain("");
  show();
  board.say(text.count);
}

function close() {
  opener.forget();
  board.complain("");
  board.setState({ ...history.now, page: null });
  board.say(text.closed);
}

const actions = {
  open: () => part("file").click(),
  close,
  undo: () => goAlong(history.undo),
  redo: () => goAlong(history.redo),
  clear() {
    if (board.shapes.length) setShapes([]);
    board.say(text.cleared);
  },
  delete: () => board.selected && board.remove(board.selected),
  turn_left: () => opener.turn(-1),
  turn_right: () => opener.turn(1),
  straighten: () => straightener.start().then(() => canvas.focus({ preventScroll: true })),
  apply: straightener.apply,
  leave: straightener.stop,
  accept: () => offered(),
  crop: opener.crop,
  fit: () => view.fit(),
  zoom_in: () => view.zoomTo(view.scale * ZOOM_STEP),
  zoom_out: () => view.zoomTo(view.scale / ZOOM_STEP),
  zoom_full: () => view.zoomTo(1),
  page_back: () => opener.turnBy(-1),
  page_on: () => opener.turnBy(1),
  help: () => help.show(),
  more() {
    const opened = button("more").getAttribute("aria-expanded") !== "true";
    button("more").setAttribute("aria-expanded", String(opened));
    refreshToolbar();
  },
  dismiss: () => board.complain(""),
  region() {
    press(button("region"), !pressed(button("region")));
    redraw();
  },
};
const WITHOUT_PAGE = ["open", "undo", "redo", "help", "more", "dismiss"];

const help = makeHelp(part("help"), text.help_rows);
const refreshToolbar = makeToolbar(element.querySelector("[role=toolbar]"));
async function fetchPictures(path, first) {
  return (await server.thumbnails([path, first])).pictures.map(fileUrl);
}
const strip = makeStrip(element, text, opener.turnTo, fetchPictures);
const useKey = makeKeys(board, actions, tools, lines);
const beginGesture = (point, event) =>
  straightener.sheet ? straightener.press(point) : tools[board.tool](point, event);
listenToPointers(canvas, board, beginGesture, hover);

element.addEventListener("click", (event) => {
  const data = event.target.closest("button")?.dataset ?? {};
  if (data.do && (board.page || WITHOUT_PAGE.includes(data.do))) actions[data.do]();
  else if (data.channel) board.setChannel(data.channel);
  else if (data.tool) board.setTool(data.tool);
});

sizeInput.addEventListener("input", () => {
  board.setRadius(largestRadius() ** (sizeInput.value / 100));
});

element.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    const action = { z: event.shiftKey ? actions.redo : actions.undo, y: actions.redo }[key];
    if (!action) return;
    event.preventDefault();
    action();
  } else if (event.target === canvas && !event.altKey) {
    if (key === " ") holdSpace(true);
    else if (!board.page || !(useSheetKey(event) || useKey(event))) return;
    event.preventDefault();
    if (key === "escape") event.stopPropagation(); // or else it would also stop the model
  }
});

const useSheetKey = (event) => straightener.sheet && straightener.useKey(event);

function holdSpace(held) {
  if (spaceHeld === held) return;
  spaceHeld = held;
  refresh();
}
canvas.addEventListener("keyup", (event) => event.key === " " && holdSpace(false));
canvas.addEventListener("blur", () => holdSpace(false));

// ---- files in: button, drop, paste ------------------------------------------------------------

async function openFirst(files) {
  if (!files?.length) return;
  const opened = await opener.openFile(files[0]);
  if (opened && files.length > 1) {
    board.complain(fillIn(text.only_first, { name: files[0].name, n: files.length - 1 }));
  }
}

part("file").addEventListener("change", () => {
  openFirst(part("file").files);
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
  if (event.dataTransfer.files.length) openFirst(event.dataTransfer.files);
  else board.complain(text.no_file);
});

/** Office programs put a picture of what was copied beside its text. */
function isText(event) {
  const { types } = event.clipboardData;
  return types.includes("text/plain") && event.target.matches?.("input, textarea, [contenteditable]");
}
document.addEventListener("paste", (event) => {
  if (!isText(event)) openFirst(event.clipboardData.files);
});

// ---- from elsewhere ---------------------------------------------------------------------------

watch("value", () => {
  if (props.value?.picture) opener.adopt(props.value);
});

document.addEventListener("dessurt:add-marks", (event) => {
  if (board.page) board.add(event.detail.shapes);
});
document.addEventListener("dessurt:crop", () => board.page && opener.crop());

// AnswerView announces what the model marked; null takes the old region away. InspectView has a
// slider for what counts as marked.
document.addEventListener("dessurt:region", async (event) => {
  const { page } = board;
  if (!(await regionMap.load(event.detail?.url)) || page !== board.page) return;
  showRegion();
});
document.addEventListener("dessurt:threshold", (event) => {
  regionMap.cut(event.detail.value);
  if (region) showRegion();
});

new ResizeObserver(() => {
  if (board.page) view.resized();
  refreshToolbar();
}).observe(stage);

/** Takes up where a reload has cut off, else with the page that Python has sent. */
async function start() {
  const saved = memory.recall();
  if (saved) history.begin({ upright: {}, ...saved, page: null });
  const { path, number } = saved?.page ?? {};
  if (path && (await opener.openPage(path, number, board.begin))) return;
  if (props.value?.picture) await opener.adopt(props.value, board.begin);
  if (path) board.complain(text.not_restored);
}

refresh();
start();
