// The events by which the parts of the screen tell each other what happens: on the document, each
// is a CustomEvent "dessurt:" + its name. The page and the region stay known, as Gradio builds a tab
// only when it is first opened, and its script has missed what happened before.

/** @import { LineCorrection } from "../ask/answer_memory.js" */
/** @import { Outline, Point, Shape } from "../canvas/page_shapes.js" */
/** @import { CanvasPage } from "../canvas/page_history.js" */
/** @import { Brought } from "../canvas/page_files.js" */
/** @import { PilePage } from "../pile/pile_pages.js" */

/**
 * A question, or what could be asked now: the value of PageCanvas, the task and what else the fields
 * of the screen hold.
 * @typedef {[canvas: any, task: string, text: string | null, ...rest: any[]]} QuestionValues
 */

/**
 * The detail of each event.
 * @typedef {object} Events
 * @property {CanvasPage | null} page  The canvas shows this page now.
 * @property {undefined} drawn  The marks, the task or the model have changed.
 * @property {{shapes: Shape[]}} add-marks  The canvas adds marks.
 * @property {undefined} crop  The canvas goes on with what is highlighted alone.
 * @property {{url: string} | null} region  The model has marked what is white here; null: nothing.
 * @property {{value: number}} threshold  From this value on, 0 to 1, a place belongs to the region.
 * @property {QuestionValues} asked  The model is being asked this.
 * @property {QuestionValues} present  This could be asked now.
 * @property {{files: Brought[]}} files  A person has brought files; the canvas shows the first.
 * @property {{pages: PilePage[]}} pile  These are the pages of all files, in a pile; or what became
 *   of some has changed.
 * @property {{index: number}} turn  The canvas shows this page of the pile, or the next
 *   one that can be opened.
 * @property {undefined} read-over  Gradio is through with the reading of a pile.
 * @property {undefined} over  Gradio is through with a question, in whichever way.
 * @property {undefined} failed  A question has failed, or the connection has.
 * @property {{number: number, message: string, change: number}[] | null} saved  What came of saving
 *   answers, by their numbers.
 * @property {undefined} unsaved  The server did not answer when something was to be saved.
 * @property {{message: string, change: number} | null} undone  What came of taking an answer back.
 * @property {Outline | null} outlined  The answer points at this place of the page.
 * @property {Point | null} pointed  A person points at this place of the page.
 * @property {LineCorrection} line-corrected  A person has corrected a line, or takes it for right.
 */

/**
 * @template {keyof Events} Name
 * @param {Name} name
 * @param {Events[Name]} [detail]
 */
export function announce(name, detail) {
  document.dispatchEvent(new CustomEvent(`dessurt:${name}`, { detail }));
}

/**
 * @template {keyof Events} Name
 * @param {Name} name
 * @param {(detail: Events[Name]) => void} onEvent
 */
export function listen(name, onEvent) {
  document.addEventListener(`dessurt:${name}`, (event) => {
    onEvent(/** @type {CustomEvent<Events[Name]>} */ (event).detail);
  });
}

/**
 * The page on the canvas and the region on it.
 * @type {{page: Events["page"], region: Events["region"]}}
 */
export const shown = { page: null, region: null };

if (globalThis.document) {
  listen("region", (region) => (shown.region = region));
  listen("page", (page) => {
    shown.page = page;
    announce("region", null); // of another page none is known
  });
}
