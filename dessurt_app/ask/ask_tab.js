// The Ask screen beside the page and the answer: what Gradio's own fields do in the browser
// (ask_tab.py, header.py, caption.py), and whether the server is still there.

import { clickedData, recall, recallJson, remember } from "../screen/component.js";
import { announce, listen } from "../screen/events.js";

/** @import { Component } from "../screen/component.js" */
/** @import { QuestionValues } from "../screen/events.js" */

const QUESTION = "question"; // under which it is remembered
const LOOK_FOR_FIELD = 50; // milliseconds between two looks
const MOST_LOOKS = 100;
const LOOK_FOR_SERVER = 2000; // milliseconds between two looks
const MISSES = 2; // so many in a row: a network may fail once

// ---- the question -----------------------------------------------------------------------------

/** @typedef {ReturnType<typeof questionParts>} QuestionParts */

/**
 * The parts of a question that can be compared with those of another: JSON texts.
 * @param {QuestionValues} values
 */
export function questionParts([canvas, task, text]) {
  const { page, number, upright, marks } = canvas ?? {};
  return {
    page: JSON.stringify([page, number]),
    turn: JSON.stringify(upright ?? null),
    marks: JSON.stringify(marks),
    question: JSON.stringify([task, text ?? ""]),
  };
}

/**
 * The task and the text to begin with: those of before a reload, if any.
 * @param {string} task
 * @param {string | null} text
 */
export function recallQuestion(task, text) {
  listen("present", ([, task, text]) => remember(QUESTION, JSON.stringify([task, text])));
  return recallJson(QUESTION) ?? [task, text];
}

/** The field is shown only for tasks that take text, so a moment after the task was chosen. */
export function focusText(looks = MOST_LOOKS) {
  const field = document.querySelector("#text :is(textarea, input)");
  if (field instanceof HTMLElement && field.offsetParent) field.focus();
  else if (looks) setTimeout(focusText, LOOK_FOR_FIELD, looks - 1);
}

/**
 * The line of needs has a button with which to ask in words.
 * @param {Component<string>} component
 * @param {string} event  What Python hears of it.
 */
export function startNeeds({ element, trigger }, event) {
  element.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("button")) trigger(event);
  });
}

/**
 * The line under the page has a button that crops it.
 * @param {Component<string>} component
 */
export function startCaption({ element }) {
  element.addEventListener("click", (event) => {
    if (clickedData(event).do === "crop") announce("crop");
  });
}

// ---- what is missing --------------------------------------------------------------------------

/**
 * Points at the place where something is missing; "" at none.
 * @param {"highlight" | "mask" | "text" | ""} need
 */
export function pointAtMissing(need) {
  const place = { highlight: "page", mask: "page", text: "text", "": "" }[need];
  for (const id of ["page", "text"]) {
    document.getElementById(id)?.toggleAttribute("data-lacking", id === place);
  }
  if (need !== "text") return;
  const field = document.querySelector("#text :is(textarea, input)");
  if (field instanceof HTMLElement) field.focus();
}

/** It is outlined until it is touched. */
export function listenToMissing() {
  for (const name of ["pointerdown", "keydown"]) {
    document.addEventListener(name, ({ target }) => {
      if (target instanceof Element && target.closest("[data-lacking]")) pointAtMissing("");
    });
  }
}

// ---- the checkpoint: the choice survives a reload, as the page and its marks do ----------------

/** @param {string} name */
export function keepCheckpoint(name) {
  remember("checkpoint", name);
}

/**
 * The name of the checkpoint to begin with: that of last time, if it is still there.
 * @param {string[]} names  All checkpoints.
 * @param {string} name  The default.
 */
export function recallCheckpoint(names, name) {
  const last = recall("checkpoint") ?? "";
  return names.includes(last) ? last : name;
}

// ---- the server -------------------------------------------------------------------------------

/**
 * Calls `onLost` when the server does not answer while `isBusy()`. When it is gone, Gradio itself
 * shows a message in the corner and waits for it, perhaps for ever.
 * @param {() => boolean} isBusy
 * @param {() => void} onLost
 */
export function watchServer(isBusy, onLost) {
  let missed = 0;
  setInterval(async () => {
    if (!isBusy()) missed = 0;
    else if (await isThere()) missed = 0;
    else if (isBusy() && ++missed === MISSES) onLost();
  }, LOOK_FOR_SERVER);
}

async function isThere() {
  try {
    await fetch(new URL("gradio_api/app_id", document.baseURI), { cache: "no-store" });
    return true; // whatever it says
  } catch {
    return false;
  }
}
