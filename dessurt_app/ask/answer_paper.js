// The paper with the answer: which of its faces is seen, what its buttons may do, and its status.

import { fillIn, partFinder } from "../screen/component.js";
import { makeFind } from "./answer_find.js";
import { whose } from "./answer_memory.js";
import { lastLine } from "./answer_saving.js";

/** @import { Text } from "../screen/component.js" */
/** @import { makeLines } from "./answer_lines.js" */
/** @import { Entry } from "./answer_memory.js" */
/** @import { makeShape } from "./answer_shape.js" */
/** @import { makeWords } from "./answer_words.js" */
/** @import { QuestionParts } from "./ask_tab.js" */

/**
 * The state of the view.
 * @typedef {object} Now
 * @property {Entry} entry  What is shown.
 * @property {QuestionParts | null} parts  Of the question that the answer is to.
 * @property {QuestionParts | null} present  Of the question that the screen asks now.
 * @property {boolean} busy  From the click on Run until Gradio is ready for the next one.
 * @property {boolean} editing  The whole answer is being corrected.
 * @property {string} said  Of what was done to the answer, in place of its status.
 * @property {{status: string, page: string}} notice  What is said beside a page about which nothing
 *   was asked.
 * @property {number} resumable  The serial of the answer that Python can go on with.
 */

const END_SIGN = "‡"; // that an answer has come to its end
const FACES = ["written", "shaped", "edited", "editor"];

/**
 * @param {HTMLElement} element  The answer's component.
 * @param {Text} text
 * @param {object} view
 * @param {boolean | undefined} view.saves  Whether answers can be saved.
 * @param {Now} view.now
 * @param {ReturnType<typeof makeWords>} view.words
 * @param {ReturnType<typeof makeLines>} view.lines
 * @param {ReturnType<typeof makeShape>} view.shape
 */
export function makePaper(element, text, { saves, now, words, lines, shape }) {
  const part = partFinder(element);
  /** @param {string} name */
  const button = (name) => part(name, HTMLButtonElement);
  const root = /** @type {HTMLElement} */ (element.firstElementChild);
  /** @type {Record<string, string | undefined>} */
  const preferred = { form: "shape", tree: "text", list: "shape" }; // as what each is shown

  const hasAnswer = () => Boolean(now.entry.answer.text || now.entry.answer.region);
  const isLocked = () => now.busy || now.entry.answer.state === "running" || !now.entry.question;

  /** Brings the buttons and the face of the answer up to date with the state. */
  function refresh() {
    const { answer, edited, change } = now.entry;
    const other =
      hasAnswer() && now.parts && now.present ? whose(now.parts, now.present, text) : "";
    part("status").textContent = statusHere(Boolean(other));
    root.dataset.state = answer.state;
    root.toggleAttribute("data-elsewhere", Boolean(other));
    part("elsewhere").textContent = other;
    part("elsewhere").hidden = !other;
    part("run").hidden = now.busy;
    part("stop").hidden = !now.busy;
    const goesOn = answer.more && answer.serial === now.resumable && edited === null;
    part("resume").hidden = isLocked() || now.editing || !goesOn || Boolean(other);
    button("edit").disabled = isLocked() || !(answer.text || lines.count);
    part("edit").textContent = now.editing ? text.done : text.edit;
    part("save").hidden = !saves || now.editing;
    button("save").disabled = isLocked() || !hasAnswer() || Boolean(change);
    part("save").textContent = change ? text.saved : text.save;
    part("undo").hidden = !(change || lastLine(now.entry) !== undefined) || now.busy;
    button("copy").disabled = !answer.text || now.editing;
    part("restore").hidden = edited === null;
    part("badge").hidden = edited === null;
    part("edited").textContent = edited ?? "";
    refreshChoice();
    for (const name of FACES) part(name).hidden = name !== face();
    const counted = answer.text && edited === null; // a correction has nothing to check
    part("unsure").textContent = counted ? fillIn(text.unsure, { n: words.unsure() }) : "";
  }

  /** As text, or as what it is a text of. */
  function refreshChoice() {
    const { kind } = shape;
    part("choice").hidden = !kind || now.editing || now.entry.edited !== null;
    for (const choice of part("choice").querySelectorAll("button")) {
      const { face } = choice.dataset;
      choice.setAttribute("aria-pressed", String(face === preferred[kind]));
      if (face === "shape") choice.textContent = text[`as_${kind}`] ?? "";
      else choice.textContent = shape.json() ? text.as_json : text.as_text;
    }
  }

  /**
   * The status of the answer, or what is said of a page that has none.
   * @param {boolean} isOther  Whether the answer is not to what is on the screen.
   */
  function statusHere(isOther) {
    if (now.said) return now.said;
    const isHere = !now.present || now.present.page === now.notice.page;
    if (now.entry.answer.state === "ready" || (isOther && isHere))
      return isHere ? now.notice.status : "";
    return now.entry.answer.status;
  }

  function face() {
    if (now.editing) return "editor";
    if (now.entry.edited !== null) return "edited";
    return preferred[shape.kind] === "shape" ? "shaped" : "written";
  }

  async function copy() {
    const contents = {
      written: lines.count ? lines.text() : shape.json() || words.text(),
      shaped: shape.copy(),
      edited: now.entry.edited ?? "",
      editor: "",
    };
    try {
      await navigator.clipboard.writeText(contents[face()].replaceAll(END_SIGN, ""));
      part("copy").textContent = text.copied;
    } catch {
      getSelection()?.selectAllChildren(part(face())); // not allowed: Ctrl+C does the rest
    }
  }

  /** Half the screen beside the page, then the whole, then as it was. */
  function enlarge() {
    const isPhone = matchMedia("(max-width: 700px)").matches;
    const next =
      { half: "whole", whole: "" }[root.dataset.size ?? ""] ?? (isPhone ? "whole" : "half");
    if (next) root.dataset.size = next;
    else delete root.dataset.size;
    const name = next === "whole" ? text.shrink : text.enlarge;
    Object.assign(part("enlarge"), { title: name, ariaLabel: name });
  }

  makeFind(element, text, () => part(face()), lines.outlineAt);
  part("enlarge").addEventListener("click", enlarge);
  part("copy").addEventListener("click", copy);
  for (const name of ["written", "edited"]) {
    part(name).addEventListener("keydown", (event) => {
      const isUndo = event.key === "z" && (event.ctrlKey || event.metaKey);
      if (!isUndo || event.target instanceof HTMLTextAreaElement) return; // that has its own undo
      event.preventDefault();
      if (!part("undo").hidden) part("undo").click();
    });
  }
  part("choice").addEventListener("click", ({ target }) => {
    const { face } = target instanceof HTMLElement ? target.dataset : {};
    if (face) preferred[shape.kind] = face;
    refresh();
  });

  return { refresh, isLocked, hasAnswer };
}
