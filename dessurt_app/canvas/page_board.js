// What tools, keys and pointers work with: the marks of the page, the choices that a person has
// made, and the sentences that people see and hear.

import { fillIn, partFinder, buttonFinder } from "../screen/component.js";
import { pageKey } from "./page_history.js";
import { clamp, round } from "./page_shapes.js";

/** @import { Text } from "../screen/component.js" */
/** @import { CanvasPage, History, State } from "./page_history.js" */
/** @import { Channel, Shape } from "./page_shapes.js" */
/** @import { Gesture } from "./page_tools.js" */
/** @import { View } from "./page_view.js" */
/** @typedef {ReturnType<typeof makeBoard>} Board */

/**
 * What the board makes the screen do.
 * @typedef {object} Screen
 * @property {() => void} show  Brings all that is seen, and the value, up to date with the state.
 * @property {() => void} refresh  Brings buttons and picture up to date.
 * @property {() => void} redraw  Paints the picture soon.
 * @property {() => void} leaveSheet  Ends straightening.
 */

const THINNEST = 1; // radius of the brush, page pixels

/**
 * @param {HTMLElement} element  The canvas component.
 * @param {Text} text
 * @param {View} view
 * @param {History} history
 * @param {Screen} screen
 */
export function makeBoard(element, text, view, history, screen) {
  const [part, button] = [partFinder(element), buttonFinder(element)];
  const message = part("message");
  const sentence = /** @type {HTMLElement} */ (message.querySelector("span"));
  const size = part("size", HTMLInputElement);
  let chosenTool = ""; // by the person; before that it depends on the page

  const board = {
    text,
    view,
    /** @type {Channel} */
    channel: "highlight",
    radius: 12, // of the brush, page pixels
    /**
     * The tool's work between press and lift.
     * @type {Gesture | null}
     */
    gesture: null,
    /** @type {Shape | null} */
    selected: null,
    /**
     * Why no lines can be marked; "" if they can.
     * @type {string}
     */
    noLines: text.empty,
    spaceHeld: false,
    offered: () => {}, // what the button in the message does

    /** @returns {State} */
    get state() {
      return history.now;
    },
    /** @returns {CanvasPage | null} */
    get page() {
      return history.now.page;
    },
    /** @returns {[width: number, height: number]} */
    get size() {
      return board.page ? [board.page.width, board.page.height] : [0, 0];
    },
    /** @returns {Shape[]} */
    get shapes() {
      return (board.page && history.now.marks[pageKey(board.page)]) || [];
    },
    /** @returns {string} */
    get tool() {
      const tool = chosenTool || "line";
      return tool === "line" && board.noLines ? "box" : tool;
    },
    /** @returns {boolean} */
    get panning() {
      return board.spaceHeld || board.tool === "hand";
    },
    /** @returns {number} */
    get largestRadius() {
      return board.page ? Math.min(...board.size) / 8 : 100;
    },

    /**
     * A step that can be undone.
     * @param {State} state
     */
    setState(state) {
      history.set(state);
      screen.show();
    },

    /**
     * A start, before which there is nothing.
     * @param {State} state
     */
    begin(state) {
      history.begin(state);
      screen.show();
    },

    /** @param {Shape[]} shapes */
    setShapes(shapes) {
      const { page, marks } = history.now;
      if (!page) return;
      board.setState({ ...history.now, marks: { ...marks, [pageKey(page)]: shapes } });
    },

    /** @param {Shape[]} shapes */
    add(shapes) {
      if (!shapes.length) return;
      board.setShapes([...board.shapes, ...shapes]);
      const words = shapes.length > 1 ? text.added_several : text.added;
      board.say(words, { ...named(shapes[shapes.length - 1]), added: shapes.length });
    },

    /** @param {Shape} shape */
    remove(shape) {
      board.setShapes(board.shapes.filter((other) => other !== shape));
      board.say(text.removed, named(shape));
    },

    /**
     * @param {Shape} shape
     * @param {Shape} next
     */
    replace(shape, next) {
      board.selected = next;
      board.setShapes(board.shapes.map((other) => (other === shape ? next : other)));
      board.say(text.moved);
    },

    /** @param {Shape | null} shape */
    select(shape) {
      board.selected = shape;
      if (shape) board.say(text.selected, { ...named(shape), at: board.shapes.indexOf(shape) + 1 });
      screen.refresh();
    },

    cancel() {
      board.gesture = null;
      screen.redraw();
    },

    /** @param {Channel} channel */
    setChannel(channel) {
      board.channel = channel;
      board.cancel();
      screen.refresh();
    },

    /** @param {string} tool */
    setTool(tool) {
      screen.leaveSheet();
      chosenTool = tool;
      board.selected = null;
      board.cancel();
      if (tool === "line" && board.noLines) board.complain(board.noLines);
      screen.refresh();
    },

    /** @param {number} radius */
    setRadius(radius) {
      board.radius = round(clamp(radius, THINNEST, board.largestRadius));
      size.value = String((100 * Math.log(board.radius)) / Math.log(board.largestRadius));
    },

    /** @param {boolean} held */
    holdSpace(held) {
      if (board.spaceHeld === held) return;
      board.spaceHeld = held;
      screen.refresh();
    },

    redraw: screen.redraw,
    refresh: screen.refresh,

    // ---- what is said -------------------------------------------------------------------------

    /** @returns {string} */
    get complaint() {
      return sentence.textContent ?? "";
    },

    /** @param {string} words  An empty sentence takes the last one away. */
    complain(words) {
      sentence.textContent = words;
      message.hidden = !words;
      message.classList.remove("offer");
      button("accept").hidden = true;
    },

    /**
     * Says something that a button at its end does something about.
     * @param {string} words
     * @param {string} label
     * @param {() => void} action
     */
    offer(words, label, action) {
      if (!message.hidden) return; // what is said already matters more
      board.complain(words);
      board.offered = action;
      message.classList.add("offer");
      button("accept").hidden = false;
      button("accept").textContent = label;
    },

    /**
     * For those who do not see the screen; every sentence may say how many marks there are.
     * @param {string} words
     * @param {Record<string, any>} values
     */
    say(words, values = {}) {
      part("said").textContent = fillIn(words, { n: board.shapes.length, ...values });
    },
  };

  /** @param {Shape} shape */
  const named = ({ channel, kind }) => ({ channel: text[channel], kind: text[kind] });

  size.addEventListener("input", () => {
    board.setRadius(board.largestRadius ** (size.valueAsNumber / 100));
  });
  return board;
}
