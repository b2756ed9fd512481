// Draws a page, its marks and the model's region on a canvas. Knows nothing of events.

import { areMany, fillShape, newContext, outlineOf, traceShape } from "./page_shapes.js";
import { drawSheet } from "./page_straightener.js";

/** @import { CanvasPage } from "./page_history.js" */
/** @import { Bounds, Channel, Outline, Shape } from "./page_shapes.js" */
/** @import { Sheet } from "./page_straightener.js" */
/** @import { View } from "./page_view.js" */

/** @typedef {CanvasRenderingContext2D} Context */
/** @typedef {[scale: number, x: number, y: number]} Place  Of the page, in pixels of the screen. */

/**
 * What there is to see; without a page, nothing.
 * @typedef {object} Scene
 * @property {CanvasPage} page
 * @property {HTMLImageElement | null} picture  The page as an image.
 * @property {{picture: HTMLCanvasElement} | null} region  What the model marked.
 * @property {Shape[]} shapes
 * @property {Shape | null} draft  The mark that is being drawn.
 * @property {View} view
 * @property {Outline | null} pointed  The line under the mouse.
 * @property {Bounds | null} selected  A box round the mark that is selected.
 * @property {Sheet | null} sheet  What is being straightened.
 */

const HIGHLIGHT = "#ffd400";
const LINE = "#1d4ea8"; // round what is pointed at or selected

/** @param {HTMLCanvasElement} canvas */
export function makePainter(canvas) {
  // What stays the same while a mark is drawn is kept in layers, as it lies on the screen: the page
  // with the region, and for each channel its finished marks. `scratch` adds the draft to them.
  const backdrop = newContext();
  const finished = { highlight: newContext(), mask: newContext() };
  const scratch = newContext();
  /** @type {unknown[]} */
  let backdropOf = [];
  /** @type {{key: string, place: Place, shapes: Shape[]}} */
  let finishedOf = { key: "", place: [1, 0, 0], shapes: [] };
  /** @type {CanvasPattern | null} */
  let hatch = null;

  /** @param {Scene | null} scene */
  function paint(scene) {
    const box = canvas.getBoundingClientRect();
    const width = Math.round(box.width * window.devicePixelRatio);
    const height = Math.round(box.height * window.devicePixelRatio);
    if (!width || !height) return;
    const ratio = width / box.width;
    for (const layer of [canvas, scratch.canvas]) resize(layer, width, height);
    const context = /** @type {Context} */ (canvas.getContext("2d"));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!scene) return;
    /** @type {Place} */
    const place = [ratio * scene.view.scale, ratio * scene.view.x, ratio * scene.view.y];
    const key = [width, height, ...place].join(" ");

    refreshBackdrop(scene, key, place);
    refreshFinished(scene, key, place);
    context.drawImage(backdrop.canvas, 0, 0);
    blend(context, "highlight", scene, place, "multiply", 0.6);
    blend(context, "mask", scene, place, "source-over", 0.8);
    toPage(context, place);
    if (scene.pointed) follow(context, scene.pointed, LINE, 2 / scene.view.scale);
    if (scene.selected) {
      const unit = 1 / scene.view.scale;
      outline(context, scene.selected, "#fff", [], 3 * unit);
      outline(context, scene.selected, LINE, [6 * unit, 4 * unit], 3 * unit);
    }
    if (scene.sheet) drawSheet(context, scene.page, scene.sheet, 1 / scene.view.scale);
  }

  /**
   * @param {HTMLCanvasElement} target
   * @param {number} width
   * @param {number} height
   */
  function resize(target, width, height) {
    if (target.width === width && target.height === height) return;
    target.width = width;
    target.height = height;
  }

  /**
   * @param {Context} context
   * @param {Place} place
   */
  function restart(context, place) {
    context.canvas.width = canvas.width; // also clears
    context.canvas.height = canvas.height;
    toPage(context, place);
  }

  /**
   * @param {Context} context
   * @param {Place} place
   */
  function toPage(context, [scale, x, y]) {
    context.setTransform(scale, 0, 0, scale, x, y);
  }

  /**
   * @param {Scene} scene
   * @param {string} key  Where the page lies.
   * @param {Place} place
   */
  function refreshBackdrop({ page, picture, region }, key, place) {
    const contents = [key, page, picture, region];
    if (contents.every((item, index) => item === backdropOf[index])) return;
    backdropOf = contents;
    restart(backdrop, place);
    backdrop.imageSmoothingQuality = "high";
    backdrop.fillStyle = "#fff"; // until the picture is there
    backdrop.fillRect(0, 0, page.width, page.height);
    if (picture) backdrop.drawImage(picture, 0, 0, page.width, page.height);
    if (region) backdrop.drawImage(region.picture, 0, 0, page.width, page.height);
  }

  /**
   * @param {Scene} scene
   * @param {string} key  Where the page lies.
   * @param {Place} place
   */
  function refreshFinished({ shapes, view }, key, place) {
    const before = finishedOf.shapes;
    const unchanged = before.every((shape, index) => shape === shapes[index]);
    const inPlace = finishedOf.key === key;
    // Very many are only shifted and stretched, by `blend`, until the view has come to rest.
    const same = unchanged && shapes.length === before.length;
    if (same && (inPlace || (view.moving && areMany(shapes)))) return;
    const onlyAdded = unchanged && inPlace;
    finishedOf = { key, place, shapes };
    for (const [channel, context] of Object.entries(finished)) {
      if (!onlyAdded) restart(context, place);
      context.fillStyle = context.strokeStyle = HIGHLIGHT;
      for (const shape of shapes.slice(onlyAdded ? before.length : 0)) {
        if (shape.channel === channel) fillShape(context, shape, outlineOf(shape));
      }
    }
  }

  /**
   * Lays one channel over the page in one flat colour: overlapping marks do not add up.
   * @param {Context} context
   * @param {Channel} channel
   * @param {Scene} scene
   * @param {Place} place
   * @param {GlobalCompositeOperation} operation
   * @param {number} alpha
   */
  function blend(context, channel, { shapes, draft }, place, operation, alpha) {
    const drawn = draft?.channel === channel ? draft : null;
    if (!drawn && !shapes.some((shape) => shape.channel === channel)) return;
    const { width, height } = scratch.canvas;
    const [scale, x, y] = finishedOf.place;
    const stretch = place[0] / scale;
    toPage(scratch, [stretch, place[1] - stretch * x, place[2] - stretch * y]);
    scratch.globalCompositeOperation = "copy";
    scratch.drawImage(finished[channel].canvas, 0, 0);
    scratch.globalCompositeOperation = "source-over";
    if (drawn) {
      toPage(scratch, place);
      scratch.fillStyle = scratch.strokeStyle = HIGHLIGHT;
      fillShape(scratch, drawn, traceShape(drawn));
    }
    scratch.setTransform(1, 0, 0, 1, 0, 0);
    if (channel === "mask") {
      scratch.globalCompositeOperation = "source-in";
      scratch.fillStyle = hatch ??= makeHatch(scratch);
      scratch.fillRect(0, 0, width, height);
    }
    context.globalCompositeOperation = operation;
    context.globalAlpha = alpha;
    context.drawImage(scratch.canvas, 0, 0);
    context.globalCompositeOperation = "source-over";
    context.globalAlpha = 1;
  }

  /**
   * A line round a box of the page.
   * @param {Context} context
   * @param {Bounds} box
   * @param {string} colour
   * @param {number[]} dashes
   * @param {number} thickness
   */
  function outline(context, [x0, y0, x1, y1], colour, dashes, thickness) {
    context.strokeStyle = colour;
    context.lineWidth = thickness;
    context.setLineDash(dashes);
    const [width, height] = [x1 - x0 + 2 * thickness, y1 - y0 + 2 * thickness];
    context.strokeRect(x0 - thickness, y0 - thickness, width, height);
    context.setLineDash([]);
  }

  /**
   * A line round a shape of the page.
   * @param {Context} context
   * @param {Outline} shape
   * @param {string} colour
   * @param {number} thickness
   */
  function follow(context, shape, colour, thickness) {
    context.strokeStyle = colour;
    context.lineWidth = 2 * thickness;
    context.lineJoin = "miter";
    context.stroke(outlineOf(shape));
  }

  /**
   * Red stripes: a mask must be distinguished from a highlight without seeing colours.
   * @param {Context} context
   */
  function makeHatch(context) {
    const tile = newContext();
    tile.canvas.width = tile.canvas.height = 12;
    tile.fillStyle = "#f3c6c8";
    tile.fillRect(0, 0, 12, 12);
    tile.strokeStyle = "#b3121d";
    tile.lineWidth = 3;
    for (const x of [-12, 0, 12]) {
      tile.moveTo(x - 2, 14);
      tile.lineTo(x + 14, -2);
    }
    tile.stroke();
    return /** @type {CanvasPattern} */ (context.createPattern(tile.canvas, "repeat"));
  }

  return paint;
}
