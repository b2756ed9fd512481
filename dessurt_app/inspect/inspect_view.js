// InspectView: what the model gets to see, and the region it answered with.
//
// The value, a `Preview`, is made in Python (inspect_tab.py). The view asks for a new one when
// something has changed and it is in sight.

import { clamp, round } from "../canvas/page_shapes.js";
import { makeView } from "../canvas/page_view.js";
import { makeRegionMap } from "../canvas/region_map.js";
import { buttonFinder, clickedData, fillIn, find, partFinder } from "../screen/component.js";
import { announce, listen, shown as onScreen } from "../screen/events.js";
import { drawInput, exactly, loadArray } from "./input_pictures.js";
import { chosenLine, listenToPicture, makeLineChooser } from "./inspect_controls.js";

/** @import { Bounds, Point, Shape } from "../canvas/page_shapes.js" */
/** @import { Component, Text } from "../screen/component.js" */
/** @import { FloatArray, Way } from "./input_pictures.js" */

/**
 * @typedef {object} Preview
 * @property {string} message  Why there is none.
 * @property {{url: string} | null} channels  The model's input, a .npy file.
 * @property {Point} scale
 * @property {Point} offset
 * @property {number} angle
 * @property {[height: number, width: number]} page_size
 * @property {[name: string, value: string][]} facts
 * @property {number} parts  Of the question: lines that the model sees one by one.
 */

const MOST_BOXES = 500; // to be added as marks
const ZOOM_STEP = 1.5;
const REVOKE = 60_000; // milliseconds until a downloaded file may go: the browser reads it later
/** @type {Record<string, string | undefined>} */
const KEYS = { "+": "zoom_in", "=": "zoom_in", "-": "zoom_out", 0: "zoom_full", f: "fit" };
/** @type {Record<string, Point | undefined>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * The values for which Python makes a preview: the number of the chosen line in the place of the
 * last one.
 * @param {any[]} values
 */
export const withChosenLine = (...values) => values.with(-1, chosenLine());

/**
 * @param {Component<Preview>} component
 * @param {Text} text
 */
export function start({ element, props, trigger, watch }, text) {
  const [part, button] = [partFinder(element), buttonFinder(element)];
  const canvas = find(element, "canvas", HTMLCanvasElement);
  const slider = part("threshold", HTMLInputElement);
  const view = makeView(canvas, onMove);
  const region = makeRegionMap();
  const showLines = makeLineChooser(part("lines"), text.line_at, lookAgain);

  let stale = true; // the page or its marks have changed since the last preview
  /** @type {FloatArray | null} */
  let input = null; // of the model
  /** @type {Partial<Record<Way, HTMLCanvasElement>>} */
  let pictures = {}; // of the input, made when first wanted
  /** @type {Way | "region"} */
  let way = "ink";
  let shown = props.value; // the preview that `input` came with
  let message = ""; // why there is no input
  /** @type {string | null} */
  let fitted = null; // the size of the picture that the view is set up for
  /** @type {Point | null} */
  let spot = null; // the pixel whose values are shown
  let attempt = 0; // counts previews; only the last one counts
  let frame = 0; // the animation frame in which to paint, 0 = none asked for

  // ---- the model's input ----------------------------------------------------------------------

  const isInSight = () => canvas.getBoundingClientRect().width > 0;

  function look() {
    if (!stale || !isInSight()) return;
    stale = false;
    trigger("look");
  }

  function lookAgain() {
    stale = true;
    look();
  }

  /** @param {Preview} preview */
  async function showPreview(preview) {
    const mine = ++attempt;
    if (!showLines(preview.parts)) return;
    /** @type {FloatArray | null} */
    let array = null;
    let reason = preview.message;
    try {
      if (preview.channels) array = await loadArray(preview.channels.url);
    } catch (error) {
      console.warn(error);
      reason = text.lost;
    }
    if (mine !== attempt) return;
    [input, pictures, message, shown] = [array, {}, reason, preview];
    part("facts").replaceChildren(
      ...preview.facts.flatMap(([name, value]) => [made("dt", name), made("dd", value)]),
    );
    refresh();
  }

  /**
   * @param {string} tag
   * @param {string} content
   */
  function made(tag, content) {
    const node = document.createElement(tag);
    node.textContent = content;
    return node;
  }

  // ---- the picture ----------------------------------------------------------------------------

  function picture() {
    if (way === "region") return region.picture;
    if (input) pictures[way] ??= drawInput(input, way);
    return pictures[way] ?? null;
  }

  /** Brings all but the facts up to date with the state. */
  function refresh() {
    for (const node of element.querySelectorAll("button[data-show]")) {
      const { show } = /** @type {HTMLElement} */ (node).dataset;
      node.setAttribute("aria-pressed", String(show === way));
    }
    const current = picture();
    part("message").textContent = current ? "" : way === "region" ? text.no_region : message;
    part("message").hidden = Boolean(current);
    part("lines").classList.toggle("away", way === "region"); // which is of all lines together
    const size = current && `${current.width} ${current.height}`;
    if (size !== fitted) spot = null;
    if (current && size !== fitted) view.setPage({ width: current.width, height: current.height });
    fitted = size;
    showSpot();
    describeRegion();
    redraw();
  }

  function onMove() {
    button("zoom_full").textContent = `${Math.round(view.scale * 100)}%`;
    redraw();
  }

  function redraw() {
    if (!frame) frame = requestAnimationFrame(paint);
  }

  function paint() {
    frame = 0;
    const current = picture();
    const box = canvas.getBoundingClientRect();
    if (!box.width || !box.height) return;
    const ratio = window.devicePixelRatio;
    canvas.width = Math.round(box.width * ratio);
    canvas.height = Math.round(box.height * ratio);
    const context = canvas.getContext("2d");
    if (!current || !context) return;
    const scale = view.scale * ratio;
    context.setTransform(scale, 0, 0, scale, view.x * ratio, view.y * ratio);
    context.imageSmoothingEnabled = scale < 1; // enlarged pixels stay crisp
    context.imageSmoothingQuality = "high";
    if (way === "region" && region.image) context.drawImage(region.image, 0, 0);
    context.drawImage(current, 0, 0);
    context.lineWidth = 1.5 / view.scale;
    if (way !== "region") framePage(context);
    if (spot) {
      context.strokeStyle = "#2f66c9";
      context.setLineDash([]);
      context.strokeRect(spot[0], spot[1], 1, 1);
    }
  }

  /**
   * The page's edges in the model's image: all outside them is padding.
   * @param {CanvasRenderingContext2D} context
   */
  function framePage(context) {
    const [height, width] = shown.page_size;
    const path = new Path2D();
    /** @type {Point[]} */
    const corners = [
      [0, 0],
      [width, 0],
      [width, height],
      [0, height],
    ];
    for (const corner of corners) path.lineTo(...toModel(shown, corner));
    path.closePath();
    context.strokeStyle = "#2f9fd0";
    context.setLineDash([6 / view.scale, 4 / view.scale]);
    context.stroke(path);
  }

  // ---- values under the cursor ----------------------------------------------------------------

  /**
   * @param {Point} pixel
   * @param {boolean} aloud
   */
  function pointAt(pixel, aloud = false) {
    const current = picture();
    /** @type {(at: number, side: number) => boolean} */
    const within = (at, side) => at >= 0 && at < side;
    const [x, y] = pixel;
    spot = current && within(x, current.width) && within(y, current.height) ? pixel : null;
    part("probe").ariaLive = aloud ? "polite" : "off";
    showSpot();
    redraw();
  }

  function showSpot() {
    part("probe").textContent = spot ? valuesAt(spot) : text.probe_hint;
  }

  /** @param {Point} pixel */
  function valuesAt([x, y]) {
    if (way === "region") {
      return fillIn(text.probe_region, { x, y, value: region.at(x, y).toFixed(2) });
    }
    if (!input) return "";
    const [, height, width] = input.shape;
    const [ink, mark] = [input.values[y * width + x], input.values[(height + y) * width + x]];
    const [px, py] = toPage(shown, [x + 0.5, y + 0.5]).map((at) => at.toFixed(1));
    return fillIn(text.probe, { x, y, px, py, ink: exactly(ink), mark: exactly(mark) });
  }

  listenToPicture(canvas, view, picture, pointAt);

  // ---- the region -----------------------------------------------------------------------------

  function describeRegion() {
    const parts = region.boxes.length;
    const numbers = {
      threshold: region.threshold.toFixed(2),
      most: region.most.toFixed(2),
      parts,
      percent: (100 * region.area).toFixed(1),
    };
    let sentence = text.no_region;
    if (region.picture) {
      sentence = parts === 1 ? text.found_one : parts ? text.found : text.found_none;
    }
    part("found").textContent = fillIn(sentence, numbers);
    part("threshold_value").textContent = numbers.threshold;
    slider.disabled = !region.picture;
    button("highlight").disabled = button("save").disabled = !parts;
  }

  function useAsHighlight() {
    const { page } = onScreen;
    if (!page) return;
    const boxes = region.boxes.slice(0, MOST_BOXES);
    announce("add-marks", { shapes: boxes.map((box) => highlightOf(box, page)) });
  }

  function saveMask() {
    if (!onScreen.page) return;
    const { width, height } = onScreen.page;
    region.mask(width, height).toBlob((blob) => {
      if (!blob) return;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = "region.png";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), REVOKE);
    });
  }

  button("highlight").addEventListener("click", useAsHighlight);
  button("save").addEventListener("click", saveMask);

  slider.addEventListener("input", () => {
    region.cut(slider.valueAsNumber);
    refresh();
    announce("threshold", { value: region.threshold });
  });

  // ---- buttons and keys -----------------------------------------------------------------------

  /** @type {Record<string, (() => void) | undefined>} */
  const actions = {
    zoom_in: () => view.zoomTo(view.scale * ZOOM_STEP),
    zoom_out: () => view.zoomTo(view.scale / ZOOM_STEP),
    zoom_full: () => view.zoomTo(1),
    fit: view.fit,
  };

  element.addEventListener("click", (event) => {
    const { show, do: action = "" } = clickedData(event);
    if (show) {
      way = /** @type {Way | "region"} */ (show);
      refresh();
    } else if (picture()) actions[action]?.();
  });

  canvas.addEventListener("keydown", (event) => {
    const current = picture();
    if (!current || event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (!arrow) return actions[KEYS[event.key.toLowerCase()] ?? ""]?.();
    event.preventDefault();
    const step = event.shiftKey ? 10 : 1;
    const [x, y] = spot ?? [current.width >> 1, current.height >> 1];
    const right = clamp(x + step * arrow[0], 0, current.width - 1);
    const down = clamp(y + step * arrow[1], 0, current.height - 1);
    pointAt([right, down], true);
  });

  // ---- from elsewhere -------------------------------------------------------------------------

  listen("drawn", lookAgain);

  /** @param {{url: string} | null} marked */
  async function showRegion(marked) {
    if (await region.load(marked?.url)) refresh();
  }
  listen("region", showRegion);

  watch("value", () => showPreview(props.value));

  new ResizeObserver(() => {
    look(); // the tab may have been opened
    if (picture()) view.resized();
  }).observe(part("stage"));

  refresh();
  showRegion(onScreen.region);
}

/**
 * A point of the page in the model's image, as `Frame` has it.
 * @param {Pick<Preview, "scale" | "offset" | "angle">} preview
 * @param {Point} point
 * @returns {Point}
 */
export function toModel({ scale, offset, angle }, point) {
  const [x, y] = turned(point, angle);
  return [x * scale[0] + offset[0], y * scale[1] + offset[1]];
}

/**
 * A point of the model's image on the page.
 * @param {Pick<Preview, "scale" | "offset" | "angle">} preview
 * @param {Point} point
 */
export function toPage({ scale, offset, angle }, [x, y]) {
  return turned([(x - offset[0]) / scale[0], (y - offset[1]) / scale[1]], -angle);
}

/**
 * @param {Point} point
 * @param {number} degrees
 * @returns {Point}
 */
function turned([x, y], degrees) {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [x * cos + y * sin, y * cos - x * sin];
}

/**
 * A highlight from a box in fractions of the page.
 * @param {Bounds} box
 * @param {{width: number, height: number}} page
 * @returns {Shape}
 */
export function highlightOf([x0, y0, x1, y1], { width, height }) {
  return {
    channel: "highlight",
    kind: "box",
    points: [
      [round(x0 * width), round(y0 * height)],
      [round(x1 * width), round(y1 * height)],
    ],
  };
}
