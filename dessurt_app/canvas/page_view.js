// Where the page lies on the canvas:  canvas = page * scale + (x, y), in CSS pixels.

import { clamp, round } from "./page_shapes.js";

/** @import { Bounds, Point } from "./page_shapes.js" */
/** @typedef {ReturnType<typeof makeView>} View */

const KEPT_IN_SIGHT = 60; // so many pixels of the page cannot be pushed out of the canvas
const LARGEST = 8;
const MARGIN = 0.97; // of the canvas is filled by a page that fits
const REST = 120; // milliseconds without a change

/**
 * `onMove` is called after every change, and when the view has come to rest. Before `setPage`
 * nothing else may be called.
 * @param {HTMLCanvasElement} canvas
 * @param {() => void} onMove
 */
export function makeView(canvas, onMove) {
  /** @type {{width: number, height: number}} */
  let page = { width: 1, height: 1 };
  /** @type {number | undefined} */
  let resting; // a timer

  const size = () => canvas.getBoundingClientRect();
  const fitScale = () => Math.min(size().width / page.width, size().height / page.height) * MARGIN;

  const view = {
    scale: 1,
    x: 0,
    y: 0,
    fitted: true,
    moving: false,

    /** @param {{width: number, height: number}} next */
    setPage(next) {
      page = next;
      view.fit();
    },

    fit() {
      view.fitted = true;
      if (!size().width) return; // not on the screen; `resized` comes when it is
      view.scale = fitScale();
      view.x = (size().width - page.width * view.scale) / 2;
      view.y = (size().height - page.height * view.scale) / 2;
      onChange(true);
    },

    /**
     * Zooms so that what is under `at` stays there.
     * @param {number} scale
     * @param {Point} at
     */
    zoomTo(scale, at = [size().width / 2, size().height / 2]) {
      const next = clamp(scale, Math.min(fitScale(), 1) / 2, LARGEST);
      view.x = at[0] - ((at[0] - view.x) / view.scale) * next;
      view.y = at[1] - ((at[1] - view.y) / view.scale) * next;
      view.scale = next;
      onChange(false);
    },

    /**
     * @param {number} dx
     * @param {number} dy
     */
    panBy(dx, dy) {
      view.x += dx;
      view.y += dy;
      onChange(false);
    },

    /**
     * Two fingers: pans as their middle moves and zooms as they part.
     * @param {Map<number, Point>} down  Where each was on the canvas, by its pointerId.
     * @param {number} id  Of the finger that has moved.
     * @param {Point} now  Where that is.
     */
    pinch(down, id, now) {
      const [a, b] = [...down.values()];
      const [c, d] = [...down].map(([other, at]) => (other === id ? now : at));
      /** @type {(p: Point, q: Point) => number} */
      const spread = (p, q) => Math.hypot(p[0] - q[0], p[1] - q[1]);
      /** @type {Point} */
      const middle = [(c[0] + d[0]) / 2, (c[1] + d[1]) / 2];
      view.panBy(middle[0] - (a[0] + b[0]) / 2, middle[1] - (a[1] + b[1]) / 2);
      view.zoomTo((view.scale * spread(c, d)) / Math.max(spread(a, b), 1), middle);
    },

    /**
     * Moves as little as needed to bring a box of the page into sight.
     * @param {Bounds} box
     */
    reveal([x0, y0, x1, y1]) {
      /** @type {(low: number, high: number, length: number) => number} */
      const into = (low, high, length) =>
        low < 0 || high - low > length ? -low : Math.min(length - high, 0);
      const [left, top] = [x0 * view.scale + view.x, y0 * view.scale + view.y];
      const [right, bottom] = [x1 * view.scale + view.x, y1 * view.scale + view.y];
      const [dx, dy] = [into(left, right, size().width), into(top, bottom, size().height)];
      if (dx || dy) view.panBy(dx, dy);
    },

    /** After the canvas has got another size. */
    resized() {
      if (!size().width) return;
      if (view.fitted) view.fit();
      else onChange(false);
    },

    /**
     * The middle of what is seen, in page pixels; it may be outside the page.
     * @returns {Point}
     */
    centre: () => [
      (size().width / 2 - view.x) / view.scale,
      (size().height / 2 - view.y) / view.scale,
    ],

    /**
     * Where an event is on the canvas.
     * @param {MouseEvent} event
     * @returns {Point}
     */
    onCanvas: (event) => [event.clientX - size().left, event.clientY - size().top],

    /**
     * Where an event is on the page, in page pixels; the nearest place on it, if outside.
     * @param {MouseEvent} event
     * @returns {Point}
     */
    onPage(event) {
      const [x, y] = view.onCanvas(event);
      return [
        round(clamp((x - view.x) / view.scale, 0, page.width)),
        round(clamp((y - view.y) / view.scale, 0, page.height)),
      ];
    },
  };

  /** @param {boolean} fitted */
  function onChange(fitted) {
    const { width, height } = size();
    view.fitted = fitted;
    view.x = clamp(view.x, KEPT_IN_SIGHT - page.width * view.scale, width - KEPT_IN_SIGHT);
    view.y = clamp(view.y, KEPT_IN_SIGHT - page.height * view.scale, height - KEPT_IN_SIGHT);
    view.moving = true;
    clearTimeout(resting);
    resting = setTimeout(rest, REST);
    onMove();
  }

  function rest() {
    view.moving = false;
    onMove();
  }

  return view;
}
