// AnswerView: the Run and Stop button, the answer as it is written, and how it went.
//
// The value is made in Python (answer_view.py); `props.saves` says whether answers can be saved. An
// answer stays with its page: when that is shown again, so is the answer (answer_memory.js).

import { fillIn, partFinder } from "../screen/component.js";
import { announce, listen } from "../screen/events.js";
import { makeLines } from "./answer_lines.js";
import { entryOf, keepAnswer, recallAnswer } from "./answer_memory.js";
import { makePaper } from "./answer_paper.js";
import { makeSaving } from "./answer_saving.js";
import { makeShape } from "./answer_shape.js";
import { makeWords, NEW_LINE } from "./answer_words.js";
import { listenToMissing, pointAtMissing, questionParts, watchServer } from "./ask_tab.js";

/** @import { Component, Text } from "../screen/component.js" */
/** @import { QuestionValues } from "../screen/events.js" */
/** @import { Now } from "./answer_paper.js" */
/** @import { Answer, Entry } from "./answer_memory.js" */
/** @import { QuestionParts } from "./ask_tab.js" */

/**
 * @param {Component<Answer>} component
 * @param {Text} text
 */
export function start({ element, props, trigger, watch }, text) {
  const part = partFinder(element);
  const editor = part("editor", HTMLTextAreaElement);
  const saving = makeSaving(trigger, text, tell);
  const words = makeWords(part("written"), part("details"), text, say, (word, instead) => {
    if (!lines.count && !isLocked()) correct(words.textWith(word, instead));
  });
  const lines = makeLines(part("written"), words, text, {
    correct: correctLine,
    isHere: () => now.parts?.page === now.present?.page && now.parts?.turn === now.present?.turn,
    isLocked: () => isLocked() || now.editing,
  });
  const shape = makeShape(part("shaped"), text);
  /** @type {Now} */
  const now = {
    entry: entryOf(props.value),
    parts: null,
    present: null,
    busy: false,
    editing: false,
    said: "",
    notice: ready(props.value),
    resumable: 0,
  };
  const paper = makePaper(element, text, { saves: props.saves, now, words, lines, shape });
  const { refresh, isLocked, hasAnswer } = paper;
  let stopping = false;
  let spoken = 0; // characters of the answer that were read aloud
  let latest = 0; // the highest serial that came; what is older is late

  // ---- the answer -----------------------------------------------------------------------------

  /** @param {Answer} answer */
  function show(answer) {
    if (answer.state === "running") Object.assign(now.entry, { edited: null, change: 0 });
    now.entry.answer = answer;
    now.editing = false;
    now.said = "";
    words.show(answer.written);
    lines.show(answer.lines, now.entry.lines);
    shape.show(answer.shape);
    const notices = answer.notices.map(() => document.createElement("li"));
    for (const [i, item] of notices.entries()) item.textContent = answer.notices[i];
    part("notices").replaceChildren(...notices);
    // Read aloud when something happens, but not each count of tokens.
    const counting = answer.state === "running" && answer.tokens > 0;
    part("status").setAttribute("aria-live", counting ? "off" : "polite");
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

  // ---- the answer of each page ----------------------------------------------------------------

  function keep() {
    if (now.parts && hasAnswer()) keepAnswer(now.parts.page, now.entry);
  }

  /**
   * Goes over to another answer.
   * @param {Entry} next
   */
  function goTo(next) {
    if (now.editing) leaveEditor(editor.value); // what was typed is kept, but not saved
    lines.leave();
    words.close();
    now.entry = next;
    now.parts = next.question && partsOf(next.question);
    spoken = next.answer.text.length; // it was read aloud before
    show(next.answer);
    part("written").scrollTop = 0;
    announce("region", next.answer.region);
  }

  /** Shows the answer of the page that is on the screen, if it has one. */
  function follow() {
    const isOther = now.parts?.page !== now.present?.page;
    const own = !now.busy && now.present && isOther && recallAnswer(now.present.page);
    if (own) goTo(own);
    else refresh();
  }

  /** @param {QuestionValues} values */
  function asked([canvas, task, words, _region, _limit, checkpoint]) {
    const question = { canvas, task, text: words ?? "", checkpoint: checkpoint ?? null };
    if (!now.busy) now.entry = entryOf(emptied(now.entry.answer)); // another part of the screen asks
    now.entry.question = JSON.parse(JSON.stringify(question));
    now.parts = now.present = partsOf(question);
    refresh();
  }

  /**
   * What was read before and comes again has the corrections that it had.
   * @param {Answer} answer
   */
  function takeOver(answer) {
    const before =
      !now.busy && answer.state === "done" && now.parts && recallAnswer(now.parts.page);
    if (!before || before.answer.text !== answer.text) return;
    const { edited, change, lines } = before;
    Object.assign(now.entry, { edited, change, lines });
  }

  // ---- asking ---------------------------------------------------------------------------------

  function run() {
    if (now.busy) return;
    if (now.editing) leaveEditor(editor.value);
    lines.leave();
    const { question } = now.entry; // until "asked" tells of the next one
    now.entry = { ...entryOf(now.entry.answer), question };
    announce("region", null);
    begin(emptied(now.entry.answer), "submit");
  }

  function resume() {
    if (!part("resume").hidden) begin(now.entry.answer, "resume");
  }

  /**
   * @param {Answer} answer
   * @param {"submit" | "resume"} event
   */
  function begin(answer, event) {
    now.busy = true;
    stopping = false;
    words.close();
    pointAtMissing("");
    const none = { ...answer, status_page: null, shape: null, more: false };
    show({ ...none, state: "running", status: text.asking, lacks: "" });
    trigger(event);
    part("status").scrollIntoView({ block: "nearest" }); // on a small screen it may be far down
  }

  function stop() {
    if (!now.busy || stopping) return;
    stopping = true;
    trigger("stop");
  }

  function end() {
    now.busy = false;
    keep();
    follow();
  }

  /**
   * Ends a question with an answer of another state.
   * @param {boolean} applies
   * @param {"stopped" | "error"} state
   * @param {string} status
   */
  function endAs(applies, state, status) {
    if (applies) show({ ...now.entry.answer, state, status });
    end();
  }

  // ---- correcting -----------------------------------------------------------------------------

  function edit() {
    if (part("edit", HTMLButtonElement).disabled || now.editing) return;
    if (lines.count && now.entry.edited === null) return lines.edit();
    words.close();
    now.editing = true;
    editor.value = now.entry.edited ?? words.text();
    refresh();
    editor.focus();
  }

  /** @param {string} content */
  function leaveEditor(content) {
    now.editing = false;
    now.entry.edited = content === words.text() ? null : content;
    changed();
    part("edit").focus();
  }

  /** Something was done to the answer, which makes it another one than what was saved. */
  function changed() {
    now.entry.change = 0;
    now.said = "";
    part("copy").textContent = text.copy;
    keep();
    refresh();
  }

  /**
   * What was just corrected is worth keeping, and so is what was found to be right.
   * @param {string} content
   */
  function correct(content) {
    leaveEditor(content);
    save(now.entry.edited ?? now.entry.answer.text);
  }

  /** @param {string | null} correction */
  function save(correction) {
    if (props.saves && !isLocked()) saving.save(now.entry, correction);
  }

  /**
   * A person stands for the text of a line.
   * @param {number} index
   * @param {string} content
   */
  function correctLine(index, content) {
    const { lines: before, question } = now.entry;
    const line = lines.lineOf(index);
    const correction = { text: content, change: 0, before: before[index] };
    now.entry.lines = { ...before, [index]: correction };
    lines.show(now.entry.answer.lines, now.entry.lines);
    changed();
    if (props.saves) saving.saveLine(now.entry, line, correction);
    const { page, number } = question?.canvas ?? {};
    const { quad } = line;
    announce("line-corrected", { page: [page, number], line: index, quad, text: content });
  }

  /**
   * @param {Entry} about
   * @param {string} message  What came of saving, or of taking it back.
   */
  function tell(about, message) {
    if (about.question) keepAnswer(partsOf(about.question).page, about);
    if (about !== now.entry) return;
    part("status").setAttribute("aria-live", "polite");
    now.said = message;
    lines.show(now.entry.answer.lines, now.entry.lines);
    refresh();
  }

  editor.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.isComposing) {
      event.preventDefault();
      correct(editor.value);
    } else if (event.key === "Escape") leaveEditor(now.entry.edited ?? words.text());
  });

  for (const name of ["written", "edited"]) {
    part(name).addEventListener("dblclick", () => lines.editing || edit());
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
  part("save").addEventListener("click", () => {
    const isChanged = Object.keys(now.entry.lines).length > 0;
    save(now.entry.edited ?? (isChanged ? lines.text() : null));
  });
  part("undo").addEventListener("click", () => saving.undo(now.entry));
  part("restore").addEventListener("click", () => leaveEditor(words.text()));
  part("edit").addEventListener("click", () => {
    if (now.editing) correct(editor.value);
    else edit();
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

  const isRunning = () => now.entry.answer.state === "running";
  // Stopped while it waited: the server knows of nothing that it could have stopped.
  listen("over", () => endAs(stopping && isRunning(), "stopped", text.stopped_early));
  listen("failed", () => endAs(!stopping && isRunning(), "error", text.lost));
  watchServer(
    () => now.busy,
    () => endAs(true, "error", text.server_gone),
  );
  listenToMissing();

  listen("asked", asked);
  listen("present", (question) => {
    now.present = questionParts(question);
    follow();
  });
  addEventListener("pagehide", () => {
    if (isRunning())
      now.entry.answer = { ...now.entry.answer, state: "stopped", status: text.cut_off };
    keep();
  });

  watch("value", () => {
    const answer = props.value;
    if (answer.serial < latest) return; // late, from a question that was stopped
    latest = answer.serial;
    if (answer.state === "ready") return beReady(answer);
    now.resumable = answer.serial;
    takeOver(answer);
    show(answer);
    if (!now.busy) keep();
    pointAtMissing(answer.lacks);
    if (answer.region) announce("region", answer.region);
  });

  /**
   * Another page is there. What was written or typed about the last one stays until it has one.
   * @param {Answer} answer
   */
  function beReady(answer) {
    now.notice = ready(answer);
    now.said = "";
    if (now.present) now.present = { ...now.present, page: now.notice.page }; // soon it will be
    if (!isRunning() && hasAnswer()) return refresh();
    now.entry.answer = { ...now.entry.answer, state: "stopped", status: text.cut_off };
    keep();
    goTo(entryOf(answer));
  }

  setThreshold();
  show(props.value);
}

/**
 * An answer of which nothing is written yet.
 * @param {Answer} answer
 * @returns {Answer}
 */
const emptied = (answer) => ({
  ...answer,
  ...{ text: "", tokens: 0, written: [], lines: [], notices: [], region: null, shape: null },
});

/** @param {{canvas: any, task: string, text: string}} question */
const partsOf = ({ canvas, task, text }) => questionParts([canvas, task, text]);

/** @param {Answer} answer */
const ready = ({ status, status_page }) => ({ status, page: JSON.stringify(status_page) });
