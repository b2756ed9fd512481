// Mouse, pen and fingers: one draws, two pan and zoom; the wheel pans, with Ctrl it zooms.

/** @import { Board } from "./page_board.js" */
/** @import { Point } from "./page_shapes.js" */
/** @import { Gesture } from "./page_tools.js" */

const ZOOM_SPEED = 400; // pixels of the wheel for a factor of e

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Board} board
 * @param {(point: Point, event: PointerEvent) => Gesture | null} begin
 * @param {(point: Point | null) => void} hover  The mouse is over a point of the page.
 */
export function listenToPointers(canvas, board, begin, hover) {
  const { view } = board;
  /** @type {Map<number, Point>} */
  const down = new Map(); // pointerId -> last place on the canvas
  /** @type {number | null} */
  let pen = null; // the pointerId of a pen that is down: meanwhile a palm may rest on the screen
  /** @type {Set<number>} */
  const touches = new Set(); // pointerIds, anywhere on the screen
  /** @type {Set<number>} */
  let palms = new Set(); // those of them that were down while the pen was
  let panning = false;

  // A palm presses no button either, wherever it lies.
  const early = { capture: true };
  /** @param {PointerEvent} event */
  const onRaise = ({ pointerId }) => touches.delete(pointerId);
  document.addEventListener(
    "pointerdown",
    ({ pointerType, pointerId }) => {
      if (pointerType !== "touch") return;
      touches.add(pointerId);
      if (pen !== null) palms.add(pointerId);
    },
    early,
  );
  document.addEventListener("pointerup", onRaise, early);
  document.addEventListener("pointercancel", onRaise, early);
  document.addEventListener(
    "click",
    (event) => {
      if (!palms.has(/** @type {PointerEvent} */ (event).pointerId)) return;
      event.stopPropagation();
      event.preventDefault();
    },
    early,
  );

  canvas.addEventListener("pointerdown", (event) => {
    if (!board.page || (pen !== null && event.pointerType === "touch")) return;
    if (event.pointerType === "pen") {
      pen = event.pointerId;
      palms = new Set(touches); // a palm that was there first
      down.clear();
    }
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, view.onCanvas(event));
    board.gesture = null; // also a second finger: this is a pinch, not a mark
    if (down.size === 1) {
      panning = event.button === 1 || board.panning;
      if (panning) canvas.classList.add("grabbing");
      else if (event.button === 0) board.gesture = begin(view.onPage(event), event);
    }
    hover(null);
    board.redraw();
    event.preventDefault();
  });

  canvas.addEventListener("pointermove", (event) => {
    if (!board.page) return;
    const before = down.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") hover(view.onPage(event));
      return;
    }
    const now = view.onCanvas(event);
    if (down.size === 2) view.pinch(down, event.pointerId, now);
    else if (panning) view.panBy(now[0] - before[0], now[1] - before[1]);
    else follow(event);
    down.set(event.pointerId, now);
  });

  canvas.addEventListener("pointerup", (event) => {
    if (!lift(event) || !board.gesture) return;
    follow(event);
    const { gesture } = board;
    board.gesture = null;
    gesture.end();
    board.redraw();
  });

  canvas.addEventListener("pointercancel", (event) => {
    if (lift(event)) board.cancel();
  });
  canvas.addEventListener("pointerleave", () => hover(null));

  /** @param {PointerEvent} event */
  function lift(event) {
    if (!down.delete(event.pointerId)) return false;
    if (event.pointerId === pen) pen = null;
    panning = false;
    canvas.classList.remove("grabbing");
    return true;
  }

  /** @param {PointerEvent} event */
  function follow(event) {
    if (!board.gesture?.move) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    board.gesture.move((moves.length ? moves : [event]).map(view.onPage));
    board.redraw();
  }

  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!board.page) return;
      event.preventDefault();
      const { deltaX, deltaY } = event;
      if (event.ctrlKey)
        view.zoomTo(view.scale * Math.exp(-deltaY / ZOOM_SPEED), view.onCanvas(event));
      else if (event.shiftKey && !deltaX) view.panBy(-deltaY, 0);
      else view.panBy(-deltaX, -deltaY);
    },
    { passive: false },
  );
}
