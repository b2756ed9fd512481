// The answers of this tab, one of each page, so that they are there again when the page is shown
// again, after a reload too. They are in the browser alone, and the oldest are forgotten.

import { fillIn, recallJson, remember } from "../screen/component.js";

/** @import { Text } from "../screen/component.js" */
/** @import { QuestionParts } from "./ask_tab.js" */
/** @import { Line } from "./answer_lines.js" */
/** @import { AnswerShape } from "./answer_shape.js" */
/** @import { Token } from "./answer_words.js" */

/**
 * @typedef {object} Answer
 * @property {"ready" | "running" | "done" | "stopped" | "error"} state
 * @property {string} text
 * @property {number} tokens
 * @property {Token[]} written
 * @property {Line[]} lines  Of the page, if it is read line by line.
 * @property {string} status
 * @property {[path: string, number: number] | null} status_page  The page that it is about, if one.
 * @property {string[]} notices
 * @property {{url: string, path: string} | null} region
 * @property {AnswerShape | null} shape
 * @property {boolean} more  Whether the model can go on.
 * @property {"" | "highlight" | "mask" | "text"} lacks
 * @property {number} serial
 */

/** @typedef {{canvas: any, task: string, text: string, checkpoint: string | null}} Question */
/**
 * What a person made of a line, and the number by which saving that can be undone, or 0.
 * @typedef {{text: string, change: number, before?: Correction}} Correction
 */

/**
 * What the rest of the screen hears of a line that a person has corrected or accepted.
 * @typedef {object} LineCorrection
 * @property {[path: string, number: number]} page
 * @property {number} line  Its number in the answer, from 0.
 * @property {number[]} quad  Its corners in page pixels: x and y in turn.
 * @property {string} text
 */

/**
 * An answer with its question, and what a person has made of it.
 * @typedef {object} Entry
 * @property {Answer} answer
 * @property {Question | null} question  null: nothing was asked yet.
 * @property {string | null} edited  The person's correction of the whole.
 * @property {number} change  The number by which saving it can be undone, or 0.
 * @property {Record<number, Correction>} lines  Lines that a person has corrected or accepted.
 */

const INDEX = "answers";
const MOST = 2_000_000; // characters of all; browsers keep some five millions for a tab
const LARGEST = MOST / 4; // of one: more would drive the others out

/**
 * @param {Answer} answer
 * @returns {Entry}
 */
export const entryOf = (answer) => ({ answer, question: null, edited: null, change: 0, lines: {} });

/**
 * Keeps an answer for its page, in place of the one before.
 * @param {string} page  As in `questionParts`.
 * @param {Entry} entry
 */
export function keepAnswer(page, entry) {
  const json = JSON.stringify({ ...entry, answer: packed(entry.answer) });
  /** @type {[page: string, length: number][]} */
  const before = recallJson(INDEX) ?? [];
  let index = before.filter(([other]) => other !== page);
  if (json.length <= LARGEST) index.push([page, json.length]);
  let length = index.reduce((sum, [, each]) => sum + each, 0);
  while (length > MOST) {
    const [[oldest, size], ...rest] = index;
    remember(`${INDEX}:${oldest}`, null);
    [index, length] = [rest, length - size];
  }
  remember(`${INDEX}:${page}`, json.length <= LARGEST ? json : null);
  remember(INDEX, JSON.stringify(index));
}

/**
 * The answer of a page, or null.
 * @param {string} page
 * @returns {Entry | null}
 */
export function recallAnswer(page) {
  const entry = recallJson(`${INDEX}:${page}`);
  return entry && { ...entry, answer: unpacked(entry.answer) };
}

/**
 * An answer without the many alternatives that come to 0 %, which nobody sees.
 * @param {Answer} answer
 */
function packed(answer) {
  const written = answer.written.map(({ text, id, probability, alternatives = [] }) => {
    const others = alternatives.filter((each) => each.id === id || each.probability >= 0.005);
    const list = others.map((each) => [each.text, each.id, each.probability]);
    return [text, id, probability, ...(list.length > 1 ? [list] : [])];
  });
  return { ...answer, written };
}

/**
 * @param {any} answer
 * @returns {Answer}
 */
function unpacked(answer) {
  /** @type {(choice: any[]) => Token} */
  const token = ([text, id, probability, others]) =>
    others ? { text, id, probability, alternatives: others.map(token) } : { text, id, probability };
  return { ...answer, written: answer.written.map(token) };
}

/**
 * In words, if an answer is not to what is on the screen: whose it is.
 * @param {QuestionParts} answered
 * @param {QuestionParts} present
 * @param {Text} text
 */
export function whose(answered, present, text) {
  if (answered.page !== present.page) {
    const [[path, number], [here]] = [answered.page, present.page].map((page) => JSON.parse(page));
    const page = { page: number + 1, file: String(path).split("/").at(-1) };
    if (path === here) return fillIn(text.about_page, page);
    return fillIn(number ? text.about_page_of : text.about_file, page);
  }
  for (const kind of /** @type {const} */ (["turn", "marks", "question"])) {
    if (answered[kind] !== present[kind]) return text[`other_${kind}`];
  }
  return "";
}
