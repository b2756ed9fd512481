// Undo and redo. A step is a whole state: the page that is shown and, of all pages, the marks and
// how they are laid out. States share what they have in common and are never changed in place.

import { recallJson, remember } from "../screen/component.js";

/** @import { Shape } from "./page_shapes.js" */
/** @typedef {Record<string, any>} Upright  How a page is laid out: only the server knows how. */

/**
 * A page on the canvas: a file on the server and the number of the page in it.
 * @typedef {object} CanvasPage
 * @property {string} path
 * @property {number} number
 * @property {Upright} upright
 * @property {number} pages  How many the file has.
 * @property {number} width
 * @property {number} height
 * @property {string} picture  The path of a picture of it.
 */

/**
 * @typedef {object} State
 * @property {CanvasPage | null} page
 * @property {Record<string, Shape[]>} marks  By `pageKey`.
 * @property {Record<string, Upright>} upright  Likewise.
 */

/** @typedef {ReturnType<typeof makeHistory>} History */

const MOST_STEPS = 1000;

/** @param {State} first */
export function makeHistory(first) {
  /** @type {State[]} */
  let past = [];
  /** @type {State[]} */
  let future = [];

  /**
   * @param {State[]} from
   * @param {State[]} to
   */
  function step(from, to) {
    const state = from.pop();
    if (!state) return false;
    to.push(history.now);
    history.now = state;
    return true;
  }

  const history = {
    now: first,

    /** @param {State} state */
    set(state) {
      past = [...past.slice(1 - MOST_STEPS), history.now];
      future = [];
      history.now = state;
    },

    /**
     * A start of its own: there is nothing before it to go back to.
     * @param {State} state
     */
    begin(state) {
      past = [];
      future = [];
      history.now = state;
    },

    undo: () => step(past, future),
    redo: () => step(future, past),
    canUndo: () => past.length > 0,
    canRedo: () => future.length > 0,
  };
  return history;
}

/** @param {{path: string, number: number}} page */
export const pageKey = (page) => `${page.path}#${page.number}`;

/**
 * What the server calls a page.
 * @param {CanvasPage} page
 */
export const placeOf = ({ path, number, upright }) => [path, number, upright];

const MEMORY = "canvas";
const MEMORY_LIMIT = 1_000_000; // characters, some 10,000 boxes; browsers keep a few millions
const MEMORY_DELAY = 300; // milliseconds

/** Writes a state down soon, and at the latest when the tab goes away. */
export function makeMemory() {
  /** @type {State | null} */
  let waiting = null;
  /** @type {number | undefined} */
  let timer;

  function write() {
    if (!waiting) return;
    clearTimeout(timer);
    const json = JSON.stringify(waiting);
    waiting = null;
    remember(MEMORY, json.length <= MEMORY_LIMIT ? json : null); // none is better than an old one
  }

  addEventListener("pagehide", write);
  return {
    /** @param {State} state */
    keep(state) {
      clearTimeout(timer);
      waiting = state;
      timer = setTimeout(write, MEMORY_DELAY);
    },

    /** @returns {State | null} */
    recall: () => recallJson(MEMORY),
  };
}
