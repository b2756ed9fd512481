// DatasetView: the saved answers, row by row, to accept, correct, skip, import and export.
//
// All that is shown comes from the functions of `server` (dataset_tab.py); the value is not used.

import {
  buttonFinder,
  clickedData,
  fileUrl,
  fillIn,
  find,
  partFinder,
  recallJson,
  remember,
} from "../screen/component.js";
import { makeImporter, outcomeName } from "./dataset_import.js";
import { makeRows, shortened } from "./dataset_rows.js";

/** @import { Component, Text } from "../screen/component.js" */
/** @import { Imported, Progress } from "./dataset_import.js" */
/** @import { Row } from "./dataset_rows.js" */

const CHANGES = "changes"; // under which they are remembered
const MOST_CHANGES = 100;
/** @type {Record<string, string | undefined>} */
const KEYS = { e: "edit", x: "skip", o: "open", u: "undo" };
/** @type {Record<string, number | undefined>} */
const MOVES = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

let openedRow = "";

/** The id of the row whose page Python is to open on the canvas. */
export const rowToOpen = () => openedRow;

/**
 * @param {Component<null>} component
 * @param {Text} text
 */
export function start({ element, trigger, server, upload }, text) {
  const [part, button] = [partFinder(element), buttonFinder(element)];
  /** @param {string} name */
  const input = (name) => part(name, HTMLInputElement);
  /** @param {string} name */
  const dialog = (name) => part(name, HTMLDialogElement);
  const states = part("state", HTMLSelectElement);
  const rows = makeRows(part("rows"), text, fetchCrops, refresh);
  const importer = makeImporter(server, upload, text, {
    progress: showProgress,
    say,
    call,
    imported: showImported,
  });
  let first = 0; // the number of the first row in the list, of those that the filters let through
  /** @type {number[][]} */
  const changes = recallJson(CHANGES) ?? []; // to undo: a list of numbers for each step
  let isOpen = false; // whether the tab is
  let attempts = 0; // to load rows; only the last one counts
  let works = 0; // how many go on

  // ---- the rows -------------------------------------------------------------------------------

  /** @param {string[]} ids */
  async function fetchCrops(ids) {
    const { pictures = {} } = await server.crops(ids);
    /** @type {[id: string, path: string | null][]} */
    const entries = Object.entries(pictures);
    return Object.fromEntries(entries.flatMap(([id, path]) => (path ? [[id, fileUrl(path)]] : [])));
  }

  /**
   * Shows rows.
   * @param {number} from  The number of the first one.
   * @param {number} at  The place in the list of the one that gets current, at most the last.
   */
  async function load(from = first, at = Math.max(rows.at, 0)) {
    const attempt = ++attempts;
    const filters = [states.value, input("confidence").valueAsNumber / 100, from];
    const page = await call(() => server.list_rows(filters));
    if (!page || attempt !== attempts) return;
    first = page.first;
    listStates(page.counts);
    rows.show(page.rows, at);
    const all = page.counts[""];
    const counts = [count(all, text.answer_count), count(page.pages, text.page_count)];
    part("summary").textContent = counts.join(", ");
    const hasKeys = matchMedia("(hover: hover)").matches && all > 0;
    if (hasKeys && !part("status").textContent) say(text.keys);
    part("empty").textContent = all ? text.nothing_found : text.nothing_saved;
    part("empty").hidden = page.rows.length > 0;
    refreshPager(page.rows.length, page.found);
    refresh();
  }

  /**
   * @param {number} length  Of the list.
   * @param {number} of  How many rows there are in all.
   */
  function refreshPager(length, of) {
    const last = first + length;
    part("pager").hidden = of <= length;
    const places = { first: grouped(first + 1), last: grouped(last), of: grouped(of) };
    part("stretch").textContent = fillIn(text.stretch, places);
    button("back").disabled = first === 0;
    button("on").disabled = last >= of;
  }

  /** @param {Record<string, number>} counts */
  function listStates(counts) {
    const chosen = states.value;
    states.replaceChildren(
      ...Object.entries(counts).map(([value, n]) => {
        const label = fillIn(text.state_count, { state: text[value || "all"], n: grouped(n) });
        return new Option(label, value, false, value === chosen);
      }),
    );
  }

  /** Brings the buttons up to date. */
  function refresh() {
    for (const name of ["accept", "skip", "open"]) {
      button(name).disabled = !rows.current || rows.editing;
    }
    button("edit").disabled = !rows.current;
    button("edit").childNodes[0].nodeValue = `${rows.editing ? text.done : text.edit} `;
    find(button("edit"), "kbd", HTMLElement).textContent = rows.editing ? "↵" : "E";
  }

  /**
   * @param {string} sentence
   * @param {boolean} wrong  Whether it is about an error.
   * @param {number[]} done  The changes that it is about.
   */
  function say(sentence, wrong = false, done = []) {
    part("status").textContent = sentence;
    part("status").classList.toggle("wrong", wrong);
    if (done.length) changes.push(done);
    keepChanges();
  }

  /** They are kept for this tab, over a reload; the server forgets the oldest. */
  function keepChanges() {
    button("undo").hidden = !changes.length;
    remember(CHANGES, JSON.stringify(changes.slice(-MOST_CHANGES)));
  }

  /**
   * What a function of the server gives; null if there was an error, which is said.
   * @param {() => Promise<any>} fetch
   */
  async function call(fetch) {
    try {
      const { error, ...outcome } = await fetch();
      if (!error) return outcome;
      say(error, true);
    } catch (error) {
      console.warn(error);
      say(text.server_lost, true);
    }
    return null;
  }

  /**
   * Shows that something goes on, until it has ended.
   * @param {() => Promise<void>} work
   */
  async function working(work) {
    works++;
    part("working").hidden = false;
    try {
      await work();
    } finally {
      part("working").hidden = --works === 0;
    }
  }

  // ---- review ---------------------------------------------------------------------------------

  /**
   * @param {"accept" | "skip" | "correct"} action
   * @param {Row | undefined} row
   * @param {string[]} answers
   */
  async function review(action, row = rows.current, answers = []) {
    if (!row) return;
    const done = await call(() => server.review([row.id, row.version, action, answers]));
    if (done) rows.replace(done.row);
    if (!done?.change) {
      if (action === "correct") rows.edit(correct, row.id, answers); // what was typed is kept
      const now = { answer: shortened(done?.row.answers[0] ?? "") };
      if (done) say(action === "correct" ? fillIn(text.changed, now) : text.changed_row, true);
      return;
    }
    say(text[`did_${action}`], false, [done.change]);
    if (action !== "correct" && rows.current?.id === row.id) go(1);
  }

  function edit() {
    if (rows.editing) rows.endEdit();
    else rows.edit(correct);
  }

  /**
   * @param {Row} row
   * @param {string[]} answers
   */
  const correct = (row, answers) => review("correct", row, answers);

  /**
   * One row on or back, over the end of the list to the next ones.
   * @param {number} by
   */
  function go(by) {
    if (rows.move(by)) return;
    if (by > 0 && !button("on").disabled) turn(1);
    if (by < 0 && !button("back").disabled) turn(-1);
  }

  /** @param {number} way */
  async function turn(way) {
    const from = way > 0 ? first + rows.count : Math.max(0, first - 1);
    await load(from, way > 0 ? 0 : Infinity);
    rows.select(rows.at);
  }

  async function undo() {
    const undone = [];
    for (const change of changes.at(-1) ?? []) undone.push(await call(() => server.undo(change)));
    if (undone.includes(null)) return;
    changes.pop();
    await load();
    rows.select(rows.at);
    say(undone.some(({ done }) => done) ? text.undone : text.not_undone);
  }

  function open() {
    if (!rows.current) return;
    openedRow = rows.current.id;
    trigger("open");
    find(document, "#tabs [role='tab']", HTMLElement).click();
  }

  // ---- import and export ----------------------------------------------------------------------

  /**
   * Runs `work` of the importer, with Stop in place of the buttons that import.
   * @param {() => Promise<void>} work
   */
  async function importing(work) {
    say(text.importing);
    showStop(true);
    await working(work);
    showStop(false);
  }

  /** @param {boolean} during  Whether an import goes on. */
  function showStop(during) {
    const imports = [button("import"), button("folder")];
    const focused = [...imports, button("stop")].some((node) => node === document.activeElement);
    for (const node of imports) node.hidden = during;
    for (const node of [part("progress"), button("stop")]) node.hidden = !during;
    if (focused) button(during ? "stop" : "import").focus();
  }

  /** @param {Progress} progress */
  function showProgress({ stage, done = 0, of = 0 }) {
    const numbers = { done: grouped(done), of: grouped(of) };
    part("progress").textContent = fillIn(text[stage], numbers);
    button("stop").disabled = stage === "writing"; // all at once: it is too late to stop
  }

  /** @param {Imported} outcome */
  async function showImported(outcome) {
    const { added, there, error, changes: done } = outcome;
    const counts = { added: grouped(added), there: grouped(there) };
    const sentence = error ?? fillIn(text[outcomeName(outcome)], counts);
    const focused = part("rows").contains(document.activeElement);
    if (!rows.editing) await load();
    if (focused && !rows.editing) rows.select(rows.at);
    say(sentence, Boolean(error), done);
    if (outcome.errors.length) showErrors(sentence, outcome);
  }

  /**
   * @param {string} sentence
   * @param {Imported} outcome
   */
  function showErrors(sentence, { errors, left_out: more }) {
    part("came").textContent = sentence;
    const lines = more ? [...errors, fillIn(text.more_errors, { n: more })] : errors;
    part("error_list").replaceChildren(
      ...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })),
    );
    dialog("errors").showModal();
  }

  async function write() {
    dialog("export").close();
    const seed = Math.trunc(input("seed").valueAsNumber || 0);
    const file = await call(() => server.export_zip([seed, input("checked").checked]));
    if (!file) return;
    const link = document.createElement("a");
    link.href = fileUrl(file.path);
    link.download = file.path.split("/").pop();
    link.click();
    say(count(file.count, text.exported, { name: link.download }));
  }

  // ---- buttons and keys -----------------------------------------------------------------------

  /** @type {Record<string, () => void>} */
  const actions = {
    accept: () => review("accept"),
    skip: () => review("skip"),
    edit,
    open,
    undo,
    back: () => turn(-1),
    on: () => turn(1),
    stop: importer.stop,
    import: () => part("files").click(),
    folder: () => part("files_of_folder").click(),
    export: () => dialog("export").showModal(),
    write: () => working(write),
    close: () => find(element, "dialog[open]", HTMLDialogElement).close(),
  };

  element.addEventListener("click", (event) => {
    const { do: action } = clickedData(event);
    if (action) actions[action]();
  });

  // Letters work within the tab; Enter, which presses buttons elsewhere, in the list alone.
  element.addEventListener("keydown", (event) => {
    const { altKey, metaKey, ctrlKey } = event;
    const target = /** @type {Element} */ (event.target);
    if (altKey || metaKey || ctrlKey || target.closest("dialog, select, input, textarea")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = key === "Enter" && target.closest("li") ? "accept" : KEYS[key];
    const move = MOVES[key];
    if (move) go(move);
    else if (action && !button(action).disabled && !button(action).hidden) actions[action]();
    else return;
    event.preventDefault();
  });
  part("rows").addEventListener("dblclick", () => {
    if (!rows.editing) edit();
  });

  for (const name of ["files", "files_of_folder"]) {
    input(name).addEventListener("change", async () => {
      const files = [...(input(name).files ?? [])];
      input(name).value = ""; // so that the same can be chosen again
      if (files.length) await importing(() => importer.start(files));
    });
  }

  function setConfidence() {
    part("percent").textContent = fillIn(text.percent, { percent: input("confidence").value });
  }
  part("confidence").addEventListener("input", setConfidence);
  for (const name of ["state", "confidence"]) {
    part(name).addEventListener("change", () => load(0, 0));
  }

  // ---- opening the tab ------------------------------------------------------------------------

  // Something may have been saved since the tab was last open.
  new ResizeObserver(() => {
    const before = isOpen;
    isOpen = element.offsetWidth > 0;
    if (isOpen && !before && !rows.editing) load();
  }).observe(element);

  if (importer.isLeft) importing(importer.goOn);
  listStates({ "": 0 });
  setConfidence();
  keepChanges();
  refresh();
}

const format = new Intl.NumberFormat("en");

/**
 * A number with its thousands apart.
 * @param {number} n
 */
const grouped = (n) => format.format(n);

/**
 * @param {number} n
 * @param {[one: string, many: string]} sentences
 * @param {Record<string, string>} values
 */
const count = (n, [one, many], values = {}) =>
  fillIn(n === 1 ? one : many, { n: grouped(n), ...values });
