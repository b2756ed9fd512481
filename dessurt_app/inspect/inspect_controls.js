// What a person does in Inspect besides pressing its buttons: goes from line to line, and drags and
// zooms the picture.

import { fillIn } from "../screen/component.js";
import { listen } from "../screen/events.js";

/** @import { Point } from "../canvas/page_shapes.js" */
/** @import { View } from "../canvas/page_view.js" */

const ZOOM_SPEED = 400; // pixels of the wheel for a factor of e

let line = 1; // which line is looked at
listen("page", () => {
  line = 1;
});

/** The number of the line that is looked at, from 1. */
export const chosenLine = () => line;

/**
 * Which line to look at, of a question whose lines the model sees one by one.
 * @param {HTMLElement} group  A button for the line before, a sentence and one for the next line.
 * @param {string} sentence
 * @param {() => void} onChoose
 */
export function makeLineChooser(group, sentence, onChoose) {
  const [back, on] = group.querySelectorAll("button");
  const label = /** @type {HTMLElement} */ (group.querySelector("span"));
  let lines = 0;

  /** @param {number} number */
  function choose(number) {
    if (number < 1 || number > lines) return;
    line = number;
    refresh();
    onChoose();
  }

  function refresh() {
    const focused = document.activeElement;
    group.hidden = lines < 2;
    [back.disabled, on.disabled] = [line <= 1, line >= lines];
    if (focused === back && back.disabled) on.focus(); // or else the keys would be lost
    if (focused === on && on.disabled) back.focus();
    label.textContent = fillIn(sentence, { n: line, of: lines });
  }

  back.addEventListener("click", () => choose(line - 1));
  on.addEventListener("click", () => choose(line + 1));
  group.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    choose(line + by);
  });

  /**
   * Takes the number of lines; whether the chosen one is still among them. If not, the last one is
   * chosen.
   * @param {number} count  0: not known.
   */
  return function show(count) {
    lines = count;
    const isThere = !lines || line <= lines;
    if (isThere) refresh();
    else choose(lines);
    return isThere;
  };
}

/**
 * Mouse and fingers over a picture: one drags it, two zoom it; so does the wheel with Ctrl.
 * @param {HTMLCanvasElement} canvas
 * @param {View} view
 * @param {() => unknown} picture  Null when there is none.
 * @param {(pixel: Point) => void} pointAt  Gets the pixel under the pointer.
 */
export function listenToPicture(canvas, view, picture, pointAt) {
  /** @type {Map<number, Point>} */
  const down = new Map(); // pointerId -> last place on the canvas

  /** @param {Point} place */
  function point([x, y]) {
    pointAt([Math.floor((x - view.x) / view.scale), Math.floor((y - view.y) / view.scale)]);
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, view.onCanvas(event));
    if (picture() && down.size === 1) point(view.onCanvas(event));
  });

  canvas.addEventListener("pointermove", (event) => {
    if (!picture()) return;
    const now = view.onCanvas(event);
    const before = down.get(event.pointerId);
    if (down.size === 2 && before) view.pinch(down, event.pointerId, now);
    else if (before) view.panBy(now[0] - before[0], now[1] - before[1]);
    if (before) down.set(event.pointerId, now);
    if (down.size < 2) point(now);
  });

  /** @param {PointerEvent} event */
  const onRaise = (event) => down.delete(event.pointerId);
  canvas.addEventListener("pointerup", onRaise);
  canvas.addEventListener("pointercancel", onRaise);
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") pointAt([-1, -1]); // a finger leaves with each touch
  });

  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!picture() || !event.ctrlKey) return; // the plain wheel scrolls the screen
      event.preventDefault();
      view.zoomTo(view.scale * Math.exp(-event.deltaY / ZOOM_SPEED), view.onCanvas(event));
    },
    { passive: false },
  );
}
