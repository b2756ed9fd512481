// Straightening: the four corners of a photographed sheet are dragged where they belong, or the
// page is turned by an angle. While it lasts, it has the page's pointers and keys.

import { find } from "../screen/component.js";
import { ARROWS } from "./page_keys.js";
import { clamp, round } from "./page_shapes.js";

/** @import { Board } from "./page_board.js" */
/** @import { CanvasPage } from "./page_history.js" */
/** @import { Point } from "./page_shapes.js" */
/** @import { Gesture } from "./page_tools.js" */

/**
 * @typedef {object} Sheet
 * @property {Point[]} corners  Four.
 * @property {number} angle  In degrees, by which lines run down to the right.
 * @property {boolean} cut  Whether the corners count, or the angle does.
 * @property {number} chosen  The number of the corner that keys move.
 */

/** @typedef {ReturnType<typeof makeStraightener>} Straightener */

const GRASP = 28; // pixels of the screen, in which a corner is taken hold of
const STEEPEST = 45; // degrees

/**
 * @param {Board} board
 * @param {HTMLElement} panel  With the buttons and the angle.
 * @param {() => Promise<{error?: string, corners: Point[], seen: boolean, angle: number}>} measure
 *   Asks the server how the page could be straightened.
 * @param {(corners: Point[] | null, angle: number) => Promise<void>} straighten  Does it.
 */
export function makeStraightener(board, panel, measure, straighten) {
  const angleInput = find(panel, "input", HTMLInputElement);

  const straightener = {
    /**
     * While it lasts.
     * @type {Sheet | null}
     */
    sheet: null,

    async start() {
      const { page } = board;
      const { error, corners, seen, angle } = await measure();
      if (page !== board.page) return; // meanwhile another one was opened
      if (error) return board.complain(error);
      board.complain("");
      board.select(null);
      straightener.sheet = { corners, angle, cut: seen, chosen: 0 };
      board.say(seen ? board.text.sheet_seen : board.text.sheet_unseen, { angle });
      refresh();
    },

    stop() {
      if (!straightener.sheet) return;
      straightener.sheet = null;
      refresh();
    },

    apply() {
      if (!straightener.sheet) return;
      const { corners, angle, cut } = straightener.sheet;
      straightener.stop();
      straighten(cut ? corners : null, cut ? 0 : angle);
    },

    /**
     * Takes hold of the corner at a point, if there is one.
     * @param {Sheet} sheet
     * @param {Point} point
     * @returns {Gesture | null}
     */
    press({ corners }, point) {
      const distances = corners.map(([x, y]) => Math.hypot(point[0] - x, point[1] - y));
      const nearest = distances.indexOf(Math.min(...distances));
      if (distances[nearest] * board.view.scale > GRASP) return null;
      change({ chosen: nearest });
      sayChosen();
      return { move: (points) => moveCorner(points[points.length - 1]), end: () => {} };
    },

    /**
     * Whether it has used a key.
     * @param {Sheet} sheet
     * @param {KeyboardEvent} event
     */
    useKey({ corners, chosen }, event) {
      const arrow = ARROWS[event.key];
      if (arrow) {
        const step = (event.shiftKey ? 10 : 1) / board.view.scale;
        const [x, y] = corners[chosen];
        moveCorner([x + arrow[0] * step, y + arrow[1] * step]);
      } else if (/^[1-4]$/.test(event.key)) {
        change({ chosen: Number(event.key) - 1 });
        sayChosen();
      } else if (event.key === "Enter") straightener.apply();
      else if (event.key === "Escape") straightener.stop();
      else return false;
      return true;
    },
  };

  function sayChosen() {
    if (straightener.sheet)
      board.say(board.text.corner_chosen, { at: straightener.sheet.chosen + 1 });
  }

  /** @param {Partial<Sheet>} part */
  function change(part) {
    if (straightener.sheet) straightener.sheet = { ...straightener.sheet, ...part };
    refresh();
  }

  /** @param {Point} point */
  function moveCorner([x, y]) {
    if (!board.page || !straightener.sheet) return;
    const { width, height } = board.page;
    const { chosen } = straightener.sheet;
    /** @type {Point} */
    const corner = [round(clamp(x, 0, width)), round(clamp(y, 0, height))];
    change({ corners: straightener.sheet.corners.with(chosen, corner), cut: true });
  }

  function refresh() {
    const { sheet } = straightener;
    if (sheet) {
      const angle = sheet.cut ? 0 : sheet.angle;
      if (document.activeElement !== angleInput) angleInput.value = String(angle);
      angleInput.disabled = sheet.cut; // a rectangle is level
    }
    board.refresh();
  }

  angleInput.addEventListener("input", () => {
    change({ angle: clamp(Number(angleInput.value) || 0, -STEEPEST, STEEPEST) });
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === angleInput) straightener.apply();
    else if (event.key === "Escape") straightener.stop();
    else return;
    event.preventDefault();
    event.stopPropagation(); // or else it would also stop the model
  });

  return straightener;
}

/**
 * Draws what is being straightened: the sheet's outline or lines along the text, and corners.
 * @param {CanvasRenderingContext2D} context
 * @param {CanvasPage} page
 * @param {Sheet} sheet
 * @param {number} unit  A pixel of the screen, in those of the page.
 */
export function drawSheet(context, page, { corners, angle, cut, chosen }, unit) {
  context.lineWidth = 2 * unit;
  context.strokeStyle = "#1d4ea8";
  context.beginPath();
  if (cut) {
    for (const corner of corners) context.lineTo(...corner);
    context.closePath();
  } else {
    const climb = (Math.tan((angle * Math.PI) / 180) * page.width) / 2;
    for (let y = page.height / 12; y < page.height; y += page.height / 12) {
      context.moveTo(0, y - climb);
      context.lineTo(page.width, y + climb);
    }
  }
  context.save();
  context.globalAlpha = cut ? 1 : 0.5;
  context.stroke();
  context.restore();
  corners.forEach((corner, index) => {
    context.beginPath();
    context.arc(...corner, 9 * unit, 0, 2 * Math.PI);
    context.fillStyle = index === chosen ? "#1d4ea8" : "#fff";
    context.fill();
    context.stroke();
  });
}
