// What keys do while the page has the focus.

import { find } from "../screen/component.js";
import { boundsOf } from "./page_shapes.js";
import { TOOL_KEYS } from "./page_tools.js";

/** @import { Board } from "./page_board.js" */
/** @import { Lines } from "./page_lines.js" */
/** @import { Point } from "./page_shapes.js" */
/** @import { makeTools } from "./page_tools.js" */

const PAN = 60; // pixels of the screen
const THICKER = 1.25;

/**
 * The direction of each arrow key.
 * @type {Record<string, Point>}
 */
export const ARROWS = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

/**
 * A function that tells whether it has used a keydown event on the canvas.
 * @param {Board} board
 * @param {Record<string, () => void>} actions  What buttons do, by their names.
 * @param {ReturnType<typeof makeTools>} tools
 * @param {Lines} lines
 */
export function makeKeys(board, actions, tools, lines) {
  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const keys = {
    h: () => board.setChannel("highlight"),
    m: () => board.setChannel("mask"),
    f: actions.fit,
    0: actions.zoom_full,
    "+": actions.zoom_in,
    "=": actions.zoom_in,
    "-": actions.zoom_out,
    "[": () => board.setRadius(board.radius / THICKER),
    "]": () => board.setRadius(board.radius * THICKER),
    "?": actions.help,
    pageup: actions.page_back,
    pagedown: actions.page_on,
    delete: actions.delete,
    backspace: actions.delete,
    enter,
  };

  /**
   * Finishes the box that the arrow keys have made, or marks the line that they have gone to.
   * @param {KeyboardEvent} event
   */
  function enter(event) {
    if (board.gesture?.byKeys) {
      const { gesture } = board;
      board.gesture = null;
      gesture.end();
      board.redraw();
    } else if (board.tool === "line") lines.click(lines.current, event.shiftKey);
  }

  /**
   * @param {Point} direction
   * @param {KeyboardEvent} event
   */
  function arrow([dx, dy], event) {
    if (board.tool === "line" && dy) lines.step(dy);
    else if (board.tool === "box") tools.nudgeBox(dx, dy, event.shiftKey);
    else if (board.tool === "select" && dy) selectNext(dy);
    else board.view.panBy(-dx * PAN, -dy * PAN);
  }

  /** @param {number} by */
  function selectNext(by) {
    const { shapes } = board;
    if (!shapes.length) return;
    const at = shapes.findIndex((shape) => shape === board.selected);
    const next = at < 0 ? 0 : (at + by + shapes.length) % shapes.length;
    board.select(shapes[next]);
    board.view.reveal(boundsOf([shapes[next]]));
  }

  /** Escape goes one step back: the mark being drawn, then the selection; then it is not ours. */
  function stepBack() {
    if (board.gesture) board.cancel();
    else if (board.selected) board.select(null);
    else return false;
    return true;
  }

  /** @param {KeyboardEvent} event */
  return function use(event) {
    if (event.key === "Escape") return stepBack();
    const action = keys[event.key.toLowerCase()];
    const tool = TOOL_KEYS[event.key.toLowerCase()];
    if (ARROWS[event.key]) arrow(ARROWS[event.key], event);
    else if (tool) board.setTool(tool);
    else if (action) action(event);
    else return false;
    return true;
  };
}

/**
 * I on the page opens Inspect, and takes one back.
 * @param {HTMLCanvasElement} canvas
 */
export function openInspectByKey(canvas) {
  canvas.addEventListener("keydown", (event) => {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
    if (event.key.toLowerCase() !== "i" || !plain) return;
    find(document, "#tabs [role='tab'][aria-selected='false']", HTMLElement).click();
  });
}
