// PageCanvas: one page, the marks on it, and the region a model answered with.
//
// The value is {page, number, upright, width, height, marks}, or null without a page. Its marks are
// the JSON text of {shapes}: Svelte would wrap every number of an object, seconds of work for many
// marks. The points of a mark are in pixels of the page as it is laid out (`upright`, see
// dessurt/page/upright.py: only the server knows how); only the view (page_view.js) and the painter
// (page_painter.js) know where they are on the screen. Every change goes through the history
// (page_history.js).

import { buttonFinder, clickedData, fileUrl, find, partFinder } from "../screen/component.js";
import { announce, listen } from "../screen/events.js";
import { makeBoard } from "./page_board.js";
import { makeHistory, makeMemory, placeOf } from "./page_history.js";
import { makeKeys, openInspectByKey } from "./page_keys.js";
import { makeLines } from "./page_lines.js";
import { listenToFiles } from "./page_files.js";
import { makeOpener, makePictures } from "./page_opener.js";
import { makePainter } from "./page_painter.js";
import { listenToPointers } from "./page_pointer.js";
import { boundsOf, jsonOf } from "./page_shapes.js";
import { makeStraightener } from "./page_straightener.js";
import { makeStrip } from "./page_strip.js";
import { isPressed, makeHelp, makeToolbar, press } from "./page_toolbar.js";
import { makeTools } from "./page_tools.js";
import { makeView } from "./page_view.js";
import { makeRegionMap } from "./region_map.js";

/** @import { Component, Text } from "../screen/component.js" */
/** @import { CanvasPage } from "./page_history.js" */
/** @import { Channel, Outline, Point } from "./page_shapes.js" */
/** @import { Tool } from "./page_tools.js" */

const ZOOM_STEP = 1.25;
const WITHOUT_PAGE = /^(open|open_folder|page_back|page_on|undo|redo|help|more|dismiss)$/;

/**
 * The server has: open_page, unlock, find_lines, thumbnails, crop, turn, straightening, straighten.
 * @param {Component<any>} component
 * @param {Text} text
 */
export function start({ element, props, trigger, server, upload, watch }, text) {
  const [part, button] = [partFinder(element), buttonFinder(element)];
  const stage = find(element, ".stage", HTMLElement);
  const canvas = find(element, "canvas", HTMLCanvasElement);

  /** @type {HTMLImageElement | null} */
  let picture = null; // the page as an image, once it is loaded
  /** @type {{picture: HTMLCanvasElement} | null} */
  let region = null; // what the model marked, stretched over the page; new when it changes
  /** @type {Outline | null} */
  let outlined = null; // what the answer points at
  /** @type {CanvasPage | null} */
  let shownPage = null; // the page that picture, region and lines belong to
  let frame = 0; // the animation frame in which to paint, 0 = none asked for
  let announcing = 0; // the animation frame after which to announce a change, likewise

  const paint = makePainter(canvas);
  const view = makeView(canvas, onMove);
  const history = makeHistory({ page: null, marks: {}, upright: {} });
  const memory = makeMemory();
  const regionMap = makeRegionMap();
  const leaveSheet = () => straightener.stop();
  const board = makeBoard(element, text, view, history, { show, refresh, redraw, leaveSheet });
  const lines = makeLines(board);
  const tools = makeTools(board, lines);
  const loadPicture = makePictures();
  /** @param {boolean} on */
  const showBusy = (on) => {
    part("busy").hidden = !on;
  };
  const unlock = part("unlock", HTMLDialogElement);
  const opener = makeOpener(board, server, upload, loadPicture, showBusy, unlock);
  const straightener = makeStraightener(
    board,
    part("straightener"),
    () => call(server.straightening).catch(() => ({ error: text.server_lost })),
    opener.straighten,
  );
  const refreshToolbar = makeToolbar(element, board, history);
  const strip = makeStrip(element, text, opener.openPage, fetchPictures);
  const help = makeHelp(part("help", HTMLDialogElement), text);

  /**
   * What a function of the server says of the page.
   * @param {(place: any) => Promise<any>} of
   */
  const call = (of) => of(board.page && placeOf(board.page));

  /** @param {[path: string, number: number][]} pages */
  async function fetchPictures(pages) {
    const { pictures } = await server.thumbnails(pages);
    return pictures.map((/** @type {string} */ picture) => fileUrl(picture));
  }

  // ---- the state and the value ----------------------------------------------------------------

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
    if (!announcing) announcing = requestAnimationFrame(() => setTimeout(announceChange));
  }

  /**
   * Tells the rest of the screen of a change, when the change is on the screen: to collect the
   * value and send it takes Gradio as long as a frame may take.
   */
  function announceChange() {
    announcing = 0;
    trigger("drawn");
    announce("drawn");
  }

  /** @param {CanvasPage | null} page */
  function changePage(page) {
    shownPage = page;
    picture = region = outlined = null;
    lines.set([], page ? text.lines_looking : text.empty);
    straightener.stop();
    announce("page", page);
    if (!page) return;
    view.setPage(page);
    board.setRadius(Math.min(page.width, page.height) / 80);
    const isStill = () => shownPage === page;
    loadPicture(page.picture).then((image) => {
      if (isStill()) picture = image;
      redraw();
    }, console.warn);
    call(server.find_lines)
      .then((layout) => {
        if (!isStill()) return;
        setLines(layout.lines, layout.error ?? text.lines_none);
        offerToLayOut(layout);
      })
      .catch((error) => {
        console.warn(error);
        if (isStill()) setLines([], text.lines_failed);
      });
  }

  /**
   * Someone who chose to mark lines before there were any is told how the search has ended.
   * @param {Point[][]} corners
   * @param {string} reason
   */
  function setLines(corners, reason) {
    const isAwaited = board.complaint === board.noLines;
    lines.set(corners, reason);
    if (isAwaited) board.complain(board.noLines);
    refresh();
  }

  /**
   * Offers to do something about a page that lies on its side or its head, or is a photograph.
   * @param {{quarters?: number, photo?: boolean}} layout
   */
  function offerToLayOut({ quarters = 0, photo }) {
    const label = [null, text.offer_right, text.offer_half, text.offer_left][quarters];
    if (label) board.offer(text.not_upright, label, () => opener.turn(quarters));
    else if (photo) board.offer(text.is_photo, text.straighten, actions.straighten);
  }

  // ---- what is seen ---------------------------------------------------------------------------

  function onMove() {
    button("zoom_full").textContent = `${Math.round(view.scale * 100)}%`;
    canvas.classList.toggle("fitted", view.fitted);
    redraw();
  }

  function redraw() {
    if (!frame) frame = requestAnimationFrame(paintFrame);
  }

  function paintFrame() {
    frame = 0;
    paint(board.page && sceneOf(board.page));
  }

  /** @param {CanvasPage} page */
  function sceneOf(page) {
    const { gesture, selected, shapes } = board;
    const { hides, draft = null } = gesture ?? {};
    const chosen = hides ? draft : selected;
    return {
      page,
      picture,
      region: isPressed(button("region")) ? region : null,
      shapes: hides ? shapes.filter((shape) => shape !== hides) : shapes,
      draft,
      view,
      pointed: outlined ?? (board.tool === "line" && !gesture ? lines.shapes[lines.current] : null),
      selected: chosen && boundsOf([chosen]),
      sheet: straightener.sheet,
    };
  }

  /** Brings the buttons and the picture up to date with the state. */
  function refresh() {
    const { page, shapes, tool } = board;
    if (!shapes.some((shape) => shape === board.selected)) board.selected = null;
    part("size").parentElement?.toggleAttribute("hidden", tool !== "brush");
    button("delete").hidden = !board.selected;
    button("region").hidden = !region;
    part("empty").hidden = Boolean(page);
    part("straightener").hidden = !straightener.sheet;
    part("zoom").hidden = !page || Boolean(straightener.sheet); // it would lie over a corner
    canvas.classList.toggle("hand", board.panning);
    canvas.classList.toggle("select", tool === "select" && !board.spaceHeld);
    strip.show(page);
    refreshToolbar();
    redraw();
  }

  function showRegion() {
    region = regionMap.picture && { picture: regionMap.picture };
    refresh();
  }

  /** @param {Point | null} point */
  function hover(point) {
    announce("pointed", point);
    const pointing = point && board.tool === "line" && !straightener.sheet;
    const current = pointing ? lines.at(point) : -1;
    if (current === lines.current) return;
    lines.current = current;
    redraw();
  }

  /** Points at the line that the arrow keys have gone to. */
  function pointAtLine() {
    const line = board.tool === "line" && lines.shapes[lines.current];
    if (!line) return;
    const [x0, y0, x1, y1] = boundsOf([line]);
    announce("pointed", [(x0 + x1) / 2, (y0 + y1) / 2]);
  }

  // ---- buttons, keys, pointers ----------------------------------------------------------------

  /** Whatever is on its way is not wanted any more. */
  const forgetWay = () => [opener, strip].map((each) => each.forget());

  /** @param {() => boolean} step */
  function goAlong(step) {
    forgetWay();
    if (!step()) return;
    board.complain("");
    show();
    board.say(text.count);
  }

  /** @type {Record<string, () => void>} */
  const actions = {
    open: () => part("file").click(),
    open_folder: () => part("folder").click(),
    close() {
      forgetWay();
      board.complain("");
      board.setState({ ...history.now, page: null });
      board.say(text.closed);
    },
    undo: () => goAlong(history.undo),
    redo: () => goAlong(history.redo),
    clear() {
      if (board.shapes.length) board.setShapes([]);
      board.say(text.cleared);
    },
    delete() {
      if (board.selected) board.remove(board.selected);
    },
    turn_left: () => void opener.turn(-1),
    turn_right: () => void opener.turn(1),
    straighten: () => void straightener.start().then(() => canvas.focus({ preventScroll: true })),
    apply: straightener.apply,
    leave: straightener.stop,
    accept: () => board.offered(),
    crop: () => void opener.crop(),
    fit: view.fit,
    zoom_in: () => view.zoomTo(view.scale * ZOOM_STEP),
    zoom_out: () => view.zoomTo(view.scale / ZOOM_STEP),
    zoom_full: () => view.zoomTo(1),
    page_back: () => void strip.step(-1),
    page_on: () => void strip.step(1),
    help: help.show,
    more() {
      const opens = button("more").getAttribute("aria-expanded") !== "true";
      button("more").setAttribute("aria-expanded", String(opens));
      refreshToolbar();
    },
    dismiss: () => board.complain(""),
    region() {
      press(button("region"), !isPressed(button("region")));
      redraw();
    },
  };

  element.addEventListener("click", (event) => {
    const { do: action, channel, tool } = clickedData(event);
    if (action && (board.page || WITHOUT_PAGE.test(action))) actions[action]();
    else if (channel) board.setChannel(/** @type {Channel} */ (channel));
    else if (tool) board.setTool(tool);
  });

  /** @type {Tool} */
  function begin(point, event) {
    if (straightener.sheet) return straightener.press(straightener.sheet, point);
    return tools.byName[board.tool](point, event);
  }
  listenToPointers(canvas, board, begin, hover);

  const useKey = makeKeys(board, actions, tools, lines);
  openInspectByKey(canvas);

  element.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      const action = { z: event.shiftKey ? actions.redo : actions.undo, y: actions.redo }[key];
      if (!action) return;
      event.preventDefault();
      action();
    } else if (event.target === canvas && !event.altKey) {
      if (key === " ") board.holdSpace(true);
      else if (!board.page || !(useSheetKey(event) || useKey(event))) return;
      else pointAtLine();
      event.preventDefault();
      if (key === "escape") event.stopPropagation(); // or else it would also stop the model
    }
  });

  /** @param {KeyboardEvent} event */
  const useSheetKey = (event) =>
    straightener.sheet && straightener.useKey(straightener.sheet, event);

  canvas.addEventListener("keyup", (event) => event.key === " " && board.holdSpace(false));
  canvas.addEventListener("blur", () => board.holdSpace(false));

  // ---- from elsewhere -------------------------------------------------------------------------

  const inputs = ["file", "folder"].map((name) => part(name, HTMLInputElement));
  listenToFiles(stage, inputs, opener.openFiles, () => board.complain(text.no_file));
  listen("pile", ({ pages }) => {
    strip.setPile(pages);
    strip.show(board.page);
  });
  listen("turn", ({ index }) => void strip.openFrom(index));

  watch("value", () => {
    if (props.value?.picture) opener.adopt(props.value);
  });

  listen("add-marks", ({ shapes }) => board.page && board.add(shapes));
  listen("crop", () => void opener.crop());

  // AnswerView announces what the model marked. InspectView has a slider for what counts as marked.
  listen("region", async (marked) => {
    const { page } = board;
    if (!(await regionMap.load(marked?.url)) || page !== board.page) return;
    showRegion();
  });
  listen("outlined", (outline) => {
    outlined = outline;
    if (outline && board.page) view.reveal(boundsOf([outline]));
    redraw();
  });
  listen("threshold", ({ value }) => {
    regionMap.cut(value);
    if (region) showRegion();
  });

  new ResizeObserver(() => {
    if (board.page) view.resized();
    refreshToolbar();
  }).observe(stage);

  /** Takes up where a reload has cut off, else with the page that Python has sent. */
  async function takeUp() {
    const saved = memory.recall();
    if (saved) history.begin({ ...saved, upright: saved.upright ?? {}, page: null });
    const { path, number = 0 } = saved?.page ?? {};
    if (path && (await opener.openPage(path, number, board.begin))) return;
    if (props.value?.picture) await opener.adopt(props.value, board.begin);
    if (path) board.complain(text.not_restored);
  }

  refresh();
  takeUp();
}
