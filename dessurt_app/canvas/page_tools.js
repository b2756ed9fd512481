// The tools: what it does to press, drag and lift on the page.

import { boundsOf, clamp, movedShape, round, shapeAt } from "./page_shapes.js";

/** @import { Board } from "./page_board.js" */
/** @import { Lines } from "./page_lines.js" */
/** @import { Channel, Kind, Point, Shape } from "./page_shapes.js" */

/**
 * What happens between press and lift.
 * @typedef {object} Gesture
 * @property {Shape | null} [draft]  The mark to be, if it is seen already.
 * @property {Shape | null} [hides]  A mark that is not shown meanwhile.
 * @property {boolean} [byKeys]  Whether arrow keys make it.
 * @property {(points: Point[]) => void} [move]  The pointer has come along there.
 * @property {() => void} end  It is lifted.
 */

/** @typedef {(start: Point, event: {shiftKey: boolean}) => Gesture | null} Tool */

const CLICK = 4; // who moves less, in pixels of the screen, has clicked
const KEY_STEP = 8; // pixels of the screen
/** @type {Record<Channel, Channel>} */
const OTHER = { highlight: "mask", mask: "highlight" };

/**
 * The tool that each key chooses.
 * @type {Record<string, string | undefined>}
 */
export const TOOL_KEYS = { c: "line", r: "box", b: "brush", l: "lasso", e: "select" };

/** @type {(points: Point[]) => Point} */
const lastOf = (points) => points[points.length - 1];

/**
 * @param {Board} board
 * @param {Lines} lines
 */
export function makeTools(board, lines) {
  const { view } = board;

  /** @type {(points: Point[]) => boolean} */
  const isClick = ([a, b]) => Math.hypot(b[0] - a[0], b[1] - a[1]) * view.scale < CLICK;

  /**
   * @param {Kind} kind
   * @param {Point} start
   * @param {{shiftKey: boolean}} event
   * @returns {Shape}
   */
  function begin(kind, start, event) {
    const channel = event.shiftKey ? OTHER[board.channel] : board.channel;
    return { channel, kind, points: [start] };
  }

  /**
   * From corner to corner.
   * @param {Point} start
   * @param {{shiftKey: boolean}} event
   */
  function box(start, event) {
    const draft = begin("box", start, event);
    draft.points.push(start);
    return {
      draft,
      /** @param {Point[]} points */
      move(points) {
        draft.points[1] = lastOf(points);
      },
      end: () => addUnlessThin(draft),
    };
  }

  /**
   * A click marks the line that is there; a drag draws a box.
   * @type {Tool}
   */
  function line(start, event) {
    const gesture = box(start, event);
    const end = () =>
      isClick(gesture.draft.points) ? lines.click(lines.at(start), event.shiftKey) : gesture.end();
    return { ...gesture, end };
  }

  /** @type {Tool} */
  function brush(start, event) {
    const draft = { ...begin("brush", start, event), radius: board.radius };
    return {
      draft,
      move: (points) => void draft.points.push(...points),
      end: () => board.add([clean(draft)]),
    };
  }

  /**
   * Round what is to be marked.
   * @type {Tool}
   */
  function lasso(start, event) {
    const draft = begin("lasso", start, event);
    return {
      draft,
      move: (points) => void draft.points.push(...points),
      end: () => void (draft.points.length > 2 && addUnlessThin(clean(draft))),
    };
  }

  /**
   * Selects the mark that is there; a drag moves it.
   * @type {Tool}
   */
  function select(start) {
    const shape = shapeAt(board.shapes, start);
    board.select(shape);
    if (!shape) return null;
    /** @type {Gesture} */
    const gesture = {
      move(points) {
        const [x, y] = lastOf(points);
        if (!gesture.draft && isClick([start, [x, y]])) return;
        gesture.hides = shape;
        gesture.draft = movedInside(shape, x - start[0], y - start[1]);
      },
      end() {
        if (gesture.draft) board.replace(shape, gesture.draft);
      },
    };
    return gesture;
  }

  /**
   * Without points that show nothing; those of a thick brush may lie further apart.
   * @param {Shape} draft
   */
  function clean(draft) {
    let [x, y] = draft.points[0];
    const points = draft.points.filter((point, index) => {
      const apart = index < draft.points.length - 1 ? (draft.radius ?? 0) / 8 : 0;
      if (index && Math.hypot(point[0] - x, point[1] - y) <= apart) return false;
      [x, y] = point;
      return true;
    });
    return { ...draft, points };
  }

  /** @param {Shape} shape */
  function addUnlessThin(shape) {
    const [x0, y0, x1, y1] = boundsOf([shape]);
    if (x1 - x0 >= 1 && y1 - y0 >= 1 && shape.points.length > 1) board.add([shape]);
  }

  /**
   * The mark moved, but not over the page's edge.
   * @param {Shape} shape
   * @param {number} dx
   * @param {number} dy
   */
  function movedInside(shape, dx, dy) {
    const [x0, y0, x1, y1] = boundsOf([shape]);
    const [width, height] = board.size;
    /** @type {(by: number, low: number, high: number, size: number) => number} */
    const limited = (by, low, high, size) => clamp(by, Math.min(-low, 0), Math.max(size - high, 0));
    return movedShape(shape, limited(dx, x0, x1, width), limited(dy, y0, y1, height));
  }

  /**
   * A box by the arrow keys: the first one puts it there, then they move or size it.
   * @param {number} dx
   * @param {number} dy
   * @param {boolean} sizing
   */
  function nudgeBox(dx, dy, sizing) {
    const draft = board.gesture?.byKeys && board.gesture.draft;
    if (!draft) board.gesture = newKeyBox();
    else {
      const step = KEY_STEP / view.scale;
      const [a, b] = draft.points.map(([x, y]) => inside([x + dx * step, y + dy * step]));
      draft.points = sizing ? [draft.points[0], b] : [a, b];
    }
    board.redraw();
    board.say(board.text.key_box);
  }

  /** @returns {Gesture} */
  function newKeyBox() {
    const [x, y] = view.centre();
    const [wide, tall] = [80 / view.scale, 16 / view.scale];
    const draft = begin("box", inside([x - wide, y - tall]), { shiftKey: false });
    draft.points.push(inside([x + wide, y + tall]));
    return { draft, byKeys: true, end: () => addUnlessThin(draft) };
  }

  /**
   * The nearest place on the page.
   * @param {Point} point
   * @returns {Point}
   */
  function inside([x, y]) {
    const [width, height] = board.size;
    return [round(clamp(x, 0, width)), round(clamp(y, 0, height))];
  }

  /** @type {Record<string, Tool>} */
  const byName = { line, box, brush, lasso, select };
  return { byName, nudgeBox };
}
