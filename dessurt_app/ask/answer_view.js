// AnswerView: the Run and Stop button, the answer as it is written, and how it went.
//
// The value is made in Python (answer_view.py); `props.saves` says whether answers can be saved.

import { fillIn, partFinder } from "../screen/component.js";
import { announce, listen } from "../screen/events.js";
import { makeShape } from "./answer_shape.js";
import { makeWords, NEW_LINE } from "./answer_words.js";
import { questionParts, watchServer } from "./ask_tab.js";

/** @import { Component, Text } from "../screen/component.js" */
/** @import { AnswerShape } from "./answer_shape.js" */
/** @import { Token } from "./answer_words.js" */
/** @import { QuestionParts } from "./ask_tab.js" */

/**
 * @typedef {object} Answer
 * @property {"ready" | "running" | "done" | "stopped" | "error"} state
 * @property {string} text
 * @property {number} tokens
 * @property {Token[]} written
 * @property {string} status
 * @property {[path: string, number: number] | null} status_page  The page that it is about, if one.
 * @property {string[]} notices
 * @property {{url: string} | null} region
 * @property {AnswerShape | null} shape
 * @property {boolean} more  Whether the model can go on.
 * @property {"" | "highlight" | "mask" | "text"} lacks
 * @property {number} serial
 */

const FACES = ["written", "shaped", "edited", "editor"];

/** @type {[edited: string | null, serial: number]} */
let correction = [null, 0];

/** What Python is to save: what a person made of the answer, if anything, and which one it is. */
export const correctionToSave = () => correction;

/**
 * @param {Component<Answer & {edited?: string | null}>} component
 * @param {Text} text
 */
export function start({ element, props, trigger, watch }, text) {
  const part = partFinder(element);
  /** @param {string} name */
  const button = (name) => part(name, HTMLButtonElement);
  const root = /** @type {HTMLElement} */ (element.firstElementChild);
  const editor = part("editor", HTMLTextAreaElement);
  const words = makeWords(part("written"), part("details"), text, say);
  const shape = makeShape(part("shaped"), text);
  /** @type {Record<string, string | undefined>} */
  const preferred = { tree: "text", list: "shape" }; // how each kind of answer is shown
  let busy = false; // from the click on Run until Gradio is ready for the next one
  let stopping = false;
  /** @type {Answer} */
  let shown = props.value;
  /** @type {string | null} */
  let edited = null; // the person's correction
  let editing = false;
  let spoken = 0; // characters of the answer that were read aloud
  /** @type {{message: string, change: number} | null} */
  let saved = null; // what came of saving it
  let latest = 0; // the highest serial that came; what is older is late
  /** @type {QuestionParts | null} */
  let answered = null; // the question that the answer is to
  /** @type {QuestionParts | null} */
  let present = null; // the question that the screen asks now

  // ---- the answer -----------------------------------------------------------------------------

  /** @param {Answer} answer */
  function show(answer) {
    if (answer.serial !== shown.serial || answer.state === "running") edited = null;
    shown = answer;
    editing = false;
    saved = null;
    words.show(answer.written);
    shape.show(answer.shape);
    const notices = answer.notices.map(() => document.createElement("li"));
    for (const [i, item] of notices.entries()) item.textContent = answer.notices[i];
    part("notices").replaceChildren(...notices);
    // Read aloud when something happens, but not each count of tokens.
    const counting = answer.state === "running" && answer.tokens > 0;
    part("status").setAttribute("aria-live", counting ? "off" : "polite");
    part("status").textContent = answer.status;
    part("copy").textContent = text.copy;
    readAloud(answer);
    refresh();
  }

  /**
   * Reads the answer aloud, one whole sentence after another.
   * @param {Answer} answer
   */
  function readAloud(answer) {
    if (answer.text.length < spoken) spoken = 0;
    const rest = answer.text.slice(spoken);
    const end = answer.state === "running" ? rest.search(/[.!?…](?=\s)|[\\\n]/) + 1 : rest.length;
    if (!end) return;
    say(rest.slice(0, end).replaceAll(NEW_LINE, " "));
    spoken += end;
  }

  /** @param {string} sentence */
  function say(sentence) {
    part("said").textContent = sentence;
  }

  /** Brings the buttons and the face of the answer up to date with the state. */
  function refresh() {
    const over = !busy && shown.state !== "running";
    const other = otherQuestion();
    if (shown.status_page && !saved) part("status").textContent = statusHere();
    root.dataset.state = shown.state;
    root.toggleAttribute("data-elsewhere", Boolean(other));
    part("elsewhere").textContent = other;
    part("elsewhere").hidden = !other;
    part("run").hidden = busy;
    part("stop").hidden = !busy;
    part("resume").hidden = !(over && shown.more && edited === null && !editing && !other);
    button("edit").disabled = !over || !shown.text || (Boolean(other) && !editing);
    part("edit").textContent = editing ? text.done : text.edit;
    part("save").hidden = !props.saves || editing;
    const nothing = !(shown.text || shown.region);
    button("save").disabled = !over || nothing || Boolean(other || saved?.change);
    part("save").textContent = saved?.change ? text.saved : text.save;
    part("undo").hidden = !saved?.change;
    button("copy").disabled = !shown.text || editing;
    part("restore").hidden = edited === null || Boolean(other);
    part("badge").hidden = edited === null;
    part("edited").textContent = edited ?? "";
    refreshChoice();
    for (const name of FACES) part(name).hidden = name !== face();
    const counted = shown.text && edited === null; // a correction has nothing to check
    part("unsure").textContent = counted ? fillIn(text.unsure, { n: words.unsure() }) : "";
  }

  /** As text, or as what it is a text of. */
  function refreshChoice() {
    const kind = shown.shape?.kind ?? "";
    part("choice").hidden = !kind || editing || edited !== null;
    for (const choice of part("choice").querySelectorAll("button")) {
      const { face } = choice.dataset;
      choice.setAttribute("aria-pressed", String(face === preferred[kind]));
      if (face === "shape") choice.textContent = text[`as_${kind}`] ?? "";
    }
  }

  /**
   * In words, if the answer is not to what is on the screen.
   * @returns {string}
   */
  function otherQuestion() {
    if (!answered || !present || !(shown.text || shown.region)) return "";
    for (const kind of /** @type {const} */ (["page", "turn", "marks", "question"])) {
      if (answered[kind] !== present[kind]) return text[`other_${kind}`];
    }
    return "";
  }

  /** The status, unless the page that it is about is not on the screen. */
  function statusHere() {
    const isHere = !present || present.page === JSON.stringify(shown.status_page);
    return isHere ? shown.status : "";
  }

  function face() {
    if (editing) return "editor";
    if (edited !== null) return "edited";
    return preferred[shown.shape?.kind ?? ""] === "shape" ? "shaped" : "written";
  }

  async function copy() {
    const contents = {
      written: words.text(),
      shaped: shape.copy(),
      edited: edited ?? "",
      editor: "",
    };
    try {
      await navigator.clipboard.writeText(contents[face()]);
      part("copy").textContent = text.copied;
    } catch {
      getSelection()?.selectAllChildren(part(face())); // not allowed: Ctrl+C does the rest
    }
  }

  // ---- asking ---------------------------------------------------------------------------------

  function run() {
    if (busy) return;
    announce("region", null);
    begin({ ...shown, text: "", tokens: 0, written: [], notices: [] }, "submit");
  }

  function resume() {
    if (!part("resume").hidden) begin(shown, "resume");
  }

  /**
   * @param {Answer} answer
   * @param {"submit" | "resume"} event
   */
  function begin(answer, event) {
    busy = true;
    stopping = false;
    words.close();
    pointAtMissing("");
    const none = { ...answer, status_page: null, shape: null, more: false };
    show({ ...none, state: "running", status: text.asking, lacks: "" });
    trigger(event);
    part("status").scrollIntoView({ block: "nearest" }); // on a small screen it may be far down
  }

  function stop() {
    if (!busy || stopping) return;
    stopping = true;
    trigger("stop");
  }

  function end() {
    busy = false;
    refresh();
  }

  /**
   * Ends a question with an answer of another state.
   * @param {boolean} applies
   * @param {"stopped" | "error"} state
   * @param {string} status
   */
  function endAs(applies, state, status) {
    if (applies) show({ ...shown, state, status });
    end();
  }

  /**
   * Points at the place where something is missing.
   * @param {Answer["lacks"]} need
   */
  function pointAtMissing(need) {
    const place = { highlight: "page", mask: "page", text: "text", "": "" }[need];
    for (const id of ["page", "text"]) {
      document.getElementById(id)?.toggleAttribute("data-lacking", id === place);
    }
    if (need !== "text") return;
    const field = document.querySelector("#text :is(textarea, input)");
    if (field instanceof HTMLElement) field.focus();
  }

  for (const name of ["pointerdown", "keydown"]) {
    document.addEventListener(name, ({ target }) => {
      if (target instanceof Element && target.closest("[data-lacking]")) pointAtMissing("");
    });
  }

  // ---- correcting -----------------------------------------------------------------------------

  function edit() {
    if (button("edit").disabled || editing) return;
    words.close();
    editing = true;
    editor.value = edited ?? words.text();
    refresh();
    editor.focus();
  }

  /** @param {string} content */
  function leaveEditor(content) {
    editing = false;
    edited = content === words.text() ? null : content;
    props.value = { ...props.value, edited };
    part("copy").textContent = text.copy;
    saved = null;
    refresh();
    part("edit").focus();
  }

  /** What was just corrected is worth keeping. */
  function correct() {
    leaveEditor(editor.value);
    if (edited !== null) save();
  }

  function save() {
    if (!props.saves || busy) return;
    if (otherQuestion()) {
      part("status").textContent = otherQuestion(); // what was typed stays until one is back there
      return;
    }
    correction = [edited, shown.serial];
    trigger("save");
  }

  listen("saved", (outcome) => {
    if (busy || !outcome) return; // the answer it was about is gone
    saved = outcome;
    part("status").setAttribute("aria-live", "polite");
    part("status").textContent = saved.message;
    refresh();
  });

  editor.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.isComposing) {
      event.preventDefault();
      correct();
    } else if (event.key === "Escape") leaveEditor(edited ?? words.text());
  });

  for (const name of ["written", "edited"]) {
    part(name).addEventListener("dblclick", edit);
    part(name).addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "e" || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault(); // or else the editor would get the letter
      edit();
    });
  }

  // ---- buttons and keys -----------------------------------------------------------------------

  part("run").addEventListener("click", run);
  part("stop").addEventListener("click", stop);
  part("resume").addEventListener("click", resume);
  part("copy").addEventListener("click", copy);
  part("save").addEventListener("click", save);
  part("undo").addEventListener("click", () => trigger("undo"));
  part("restore").addEventListener("click", () => leaveEditor(words.text()));
  part("edit").addEventListener("click", () => {
    if (editing) correct();
    else edit();
  });

  part("choice").addEventListener("click", ({ target }) => {
    const { face } = target instanceof HTMLElement ? target.dataset : {};
    if (face && shown.shape) preferred[shown.shape.kind] = face;
    refresh();
  });

  const threshold = part("threshold", HTMLInputElement);
  function setThreshold() {
    part("percent").textContent = fillIn(text.percent, { percent: threshold.value });
    words.setThreshold(threshold.valueAsNumber / 100);
    refresh();
  }
  threshold.addEventListener("input", setThreshold);

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      event.stopPropagation();
      run();
    },
    { capture: true },
  );

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !words.isOpen()) stop();
  });

  // ---- from elsewhere -------------------------------------------------------------------------

  // Stopped while it waited: the server knows of nothing that it could have stopped.
  listen("over", () => endAs(stopping && shown.state === "running", "stopped", text.stopped_early));
  listen("failed", () => endAs(!stopping && shown.state === "running", "error", text.lost));
  watchServer(
    () => busy,
    () => endAs(true, "error", text.server_gone),
  );

  listen("asked", (question) => {
    answered = present = questionParts(question);
    refresh();
  });
  listen("present", (question) => {
    present = questionParts(question);
    refresh();
  });

  watch("value", () => {
    const { serial, state, status, status_page } = props.value;
    if (serial < latest) return; // late, from a question that was stopped
    latest = serial;
    // Another page is there. What was written or typed about the last one stays until Run.
    if (state === "ready" && shown.state !== "running" && (shown.text || shown.region)) {
      part("status").textContent = status;
      shown = { ...shown, status, status_page };
      refresh();
      return;
    }
    show(props.value);
    pointAtMissing(props.value.lacks);
    if (props.value.region) announce("region", props.value.region);
  });

  setThreshold();
  show(props.value);
}
