// What goes to the data set: answers with their questions, of whichever page. Several may wait
// until Gradio is through with those before; each hears of its own outcome.

import { listen } from "../screen/events.js";

/** @import { Text } from "../screen/component.js" */
/** @import { Correction, Entry, Question } from "./answer_memory.js" */
/** @typedef {{message: string, change: number}} Saved  With the number by which it is undone. */
/** @typedef {{quad: number[], read: string, sure: number}} ReadLine  With how sure the model was. */
/** @typedef {{sent: object, onSaved: (saved: Saved) => void}} Item */

/** @type {Item[]} */
const waiting = [];
/** @type {Map<number, Item>} */
const underWay = new Map(); // by their numbers
let last = 0;
let change = 0;
/** @type {(saved: Saved) => void} */
let onUndone = () => {};

/** The input of Python's function: all that wait. */
export function answersToSave() {
  const items = waiting.splice(0).map((item) => {
    underWay.set(++last, item);
    return { ...item.sent, number: last };
  });
  return [items];
}

/** Likewise for Undo. */
export const changeToUndo = () => change;

/**
 * Functions that save and take back, by way of the events of a component.
 * @param {(event: string) => void} trigger
 * @param {Text} text
 * @param {(entry: Entry, message: string) => void} onSaved  What came of it.
 */
export function makeSaving(trigger, text, onSaved) {
  listen("saved", (outcomes) => {
    for (const { number, ...saved } of outcomes ?? []) {
      underWay.get(number)?.onSaved(saved);
      underWay.delete(number);
    }
  });
  listen("unsaved", () => {
    for (const item of underWay.values()) item.onSaved({ message: text.not_saved, change: 0 });
    underWay.clear();
  });
  listen("undone", (saved) => saved && onUndone(saved));

  /**
   * @param {Entry} entry
   * @param {object} sent
   * @param {{change: number}} target  What is to know by which number it can be undone.
   */
  function send(entry, sent, target) {
    const onOutcome = (/** @type {Saved} */ { message, change }) => {
      target.change = change;
      onSaved(entry, message);
    };
    waiting.push({ sent, onSaved: onOutcome });
    trigger("save");
  }

  return {
    /**
     * @param {Entry} entry
     * @param {string | null} correction  The right answer; null: nobody has looked at it.
     */
    save: (entry, correction) => send(entry, sentOf(entry, correction), entry),

    /**
     * Saves a line of an answer as it was corrected.
     * @param {Entry} entry
     * @param {ReadLine} line
     * @param {Correction} correction
     */
    saveLine(entry, line, correction) {
      if (entry.question)
        send(entry, sentOfLine(entry.question, line, correction.text), correction);
    },

    /**
     * Takes back what was saved last of an answer.
     * @param {Entry} entry
     */
    undo(entry) {
      const index = entry.change ? undefined : lastLine(entry);
      change = index === undefined ? entry.change : entry.lines[index].change;
      onUndone = ({ message }) => {
        if (index === undefined) entry.change = 0;
        else takeBackLine(entry, index);
        onSaved(entry, message);
      };
      trigger("undo");
    },
  };
}

/**
 * The line of an answer that was saved last and can be taken back.
 * @param {Entry} entry
 */
export function lastLine({ lines }) {
  const saved = Object.entries(lines).filter(([, { change }]) => change);
  const [last] = saved.sort(([, one], [, other]) => other.change - one.change);
  return last && Number(last[0]);
}

/**
 * @param {Entry} entry
 * @param {number} index
 */
function takeBackLine(entry, index) {
  const { [index]: correction, ...rest } = entry.lines;
  entry.lines = correction.before ? { ...rest, [index]: correction.before } : rest;
}

/**
 * An answer as Python saves it.
 * @param {Entry} entry
 * @param {string | null} correction  The right answer; null: nobody has looked at it.
 */
export function sentOf({ answer, question }, correction) {
  const { written, region } = answer;
  return {
    ...question,
    answer: written.map((token) => token.text).join(""),
    confidence: written.length ? mean(written) : null,
    region: region?.path ?? null,
    correction,
  };
}

/**
 * A line of the page as Python saves it: as if it had been highlighted and read by itself.
 * @param {Question} question
 * @param {ReadLine} line
 * @param {string} correction
 */
export function sentOfLine({ canvas, checkpoint }, { quad, read, sure }, correction) {
  const shape = { channel: "highlight", kind: "line", points: cornersOf(quad) };
  return {
    canvas: { ...canvas, marks: { shapes: [shape] } },
    task: "w0>",
    text: "",
    checkpoint,
    answer: read,
    confidence: sure,
    correction,
  };
}

/**
 * The corners of a line: two opposite ones, if it is level, as clicked lines have them.
 * @param {number[]} quad
 */
export function cornersOf([ax, ay, bx, by, cx, cy, dx, dy]) {
  const isLevel = ay === by && cy === dy && ax === dx && bx === cx;
  const all = [
    [ax, ay],
    [bx, by],
    [cx, cy],
    [dx, dy],
  ];
  return isLevel ? [all[0], all[2]] : all;
}

/** @param {{probability: number}[]} tokens */
export const mean = (tokens) =>
  tokens.reduce((sum, token) => sum + token.probability, 0) / Math.max(tokens.length, 1);
