// The lines of text on a page, which are marked by a click, or with the arrow keys and Enter.

import { alongAxis, boundsOf, clamp, cornersOf, overlap, round } from "./page_shapes.js";

/** @import { Board } from "./page_board.js" */
/** @import { Outline, Point, Shape } from "./page_shapes.js" */
/** @typedef {ReturnType<typeof makeLines>} Lines */

const NEAR = 6; // a click may miss a line by so many pixels of the screen
const SAME = 0.5; // a mark that overlaps a line as much is taken for that line's

/** @param {Board} board */
export function makeLines(board) {
  const lines = {
    /**
     * Lines in reading order.
     * @type {Outline[]}
     */
    shapes: [],
    current: -1, // the line under the mouse, or where the arrow keys are
    last: -1, // the line clicked last

    /**
     * @param {Point[][]} corners  Of each line: two opposite ones, or all four of one that is not
     *   level.
     * @param {string} reason  What to say if there are none.
     */
    set(corners, reason) {
      lines.shapes = corners.map((points) => ({ kind: "line", points }));
      lines.current = lines.last = -1;
      board.noLines = corners.length ? "" : reason;
    },

    /**
     * The number of the line at a point of the page, or -1.
     * @param {Point} point
     */
    at(point) {
      let [nearest, distance] = [-1, NEAR / board.view.scale];
      lines.shapes.forEach((line, index) => {
        const away = distanceTo(line, point);
        if (away < distance) [nearest, distance] = [index, away];
      });
      return nearest;
    },

    /**
     * Marks a line or, if it is marked, takes that away; or marks all from the last one to it.
     * @param {number} index
     * @param {boolean} extend
     */
    click(index, extend) {
      if (index < 0) return;
      if (extend && lines.last >= 0) addBetween(index, lines.last);
      else toggle(index);
      lines.last = index;
    },

    /** @param {number} by */
    step(by) {
      const next = lines.current < 0 ? Math.max(lines.last, 0) : lines.current + by;
      lines.current = clamp(next, 0, lines.shapes.length - 1);
      board.view.reveal(boundsOf([lines.shapes[lines.current]]));
      board.redraw();
      const marked = markOf(lines.current) ? board.text.line_marked : "";
      board.say(board.text.line_at, { n: lines.current + 1, of: lines.shapes.length, marked });
    },
  };

  /**
   * @param {Outline} line
   * @returns {Point}
   */
  function direction(line) {
    const [[x0, y0], [x1, y1]] = cornersOf(line);
    return [x1 - x0, y1 - y0];
  }

  /**
   * The bounds of a shape in axes of which the first runs along a line.
   * @param {Outline} shape
   * @param {Outline} line
   */
  const boundsAlong = (shape, line) => boundsOf([alongAxis(shape, direction(line))]);

  /**
   * @param {Outline} line
   * @param {Point} point
   */
  function distanceTo(line, point) {
    const [x0, y0, x1, y1] = boundsAlong(line, line);
    const [x, y] = boundsAlong({ kind: "lasso", points: [point] }, line);
    return Math.hypot(Math.max(x0 - x, 0, x - x1), Math.max(y0 - y, 0, y - y1));
  }

  /** @param {number} index */
  function markOf(index) {
    const line = lines.shapes[index];
    const bounds = boundsAlong(line, line);
    return board.shapes.find(
      (shape) =>
        shape.channel === board.channel &&
        shape.kind !== "brush" && // a tilted line comes back from a data set as a lasso
        overlap(boundsAlong(shape, line), bounds) >= SAME,
    );
  }

  /** @param {number} index */
  function toggle(index) {
    const mark = markOf(index);
    if (mark) board.remove(mark);
    else board.add([shapeFor(index)]);
  }

  /**
   * @param {number} one
   * @param {number} other
   */
  function addBetween(one, other) {
    const added = [];
    for (let index = Math.min(one, other); index <= Math.max(one, other); index++) {
      if (!markOf(index)) added.push(shapeFor(index));
    }
    board.add(added);
  }

  /**
   * @param {number} index
   * @returns {Shape}
   */
  function shapeFor(index) {
    /** @type {(point: Point) => Point} */
    const rounded = ([x, y]) => [round(x), round(y)];
    const points = lines.shapes[index].points.map(rounded);
    return { channel: board.channel, kind: "line", points };
  }

  return lines;
}
