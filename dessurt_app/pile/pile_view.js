// PileView: many files at once. The bar under the page says how many pages there are and how many
// are read; the canvas shows them in a strip (canvas/page_strip.js).
//
// The value is how far the reading is (`Progress` in reading.py); it comes from Python only.

import { buttonFinder, clickedData, fillIn, find, partFinder } from "../screen/component.js";
import { recall, remember } from "../screen/component.js";
import { announce, listen, shown } from "../screen/events.js";
import { makeExport } from "./pile_export.js";
import { excess, howFar, makePile, refusal, send } from "./pile_pages.js";

/** @import { Component, Text } from "../screen/component.js" */
/** @import { Brought } from "../canvas/page_files.js" */
/** @import { PilePage, Problem } from "./pile_pages.js" */

/**
 * @typedef {object} Progress
 * @property {string} pile
 * @property {"reading" | "done" | "stopped" | "error" | "kept"} state  kept: nothing but changes
 * @property {number} done
 * @property {number} pages
 * @property {number | null} seconds
 * @property {[file: number, page: number] | null} place
 * @property {string} text
 * @property {string} message
 * @property {number} changes
 */

const READ_ALL = "read_block>"; // the task
const KEPT = [READ_ALL, "json>"]; // tasks whose answers are worth keeping with the page
const [PILE, READING] = ["pile", "pile-reading"]; // what a reload brings back

const MOST_LISTED = 300; // problems

let id = ""; // of the pile; "" while there is none
/** @type {[file: number, page: number]} */
let place = [0, 0];
let showing = false; // what was read before, so that nothing is asked

/**
 * What Python is to read: the pile, with a checkpoint.
 * @param {string} _
 * @param {string} checkpoint
 */
export const pileToRead = (_, checkpoint) => [id, checkpoint];

/** Of which page Python is to keep the answer. */
export const placeToKeep = () => [id, ...place];

/**
 * Of which page Python is to show what was read.
 * @param {any} _
 * @param {any} canvas
 * @param {string} checkpoint
 */
export function placeToShow(_, canvas, checkpoint) {
  showing = true;
  announce("asked", [canvas, READ_ALL, "", false, null, checkpoint]);
  showing = false;
  return [[id, ...place], canvas, checkpoint];
}

/**
 * The server has: begin, add, look, stop, retry, correct, export, end.
 * @param {Component<Progress | null>} component
 * @param {Text} text
 * @param {{files: number, upload: number}} limits  Of a pile.
 */
export function start({ element, props, trigger, server, upload, watch }, text, limits) {
  const [part, button] = [partFinder(element), buttonFinder(element)];
  const readButton = button("read");
  let pile = makePile(text);
  /** @type {Progress | null} */
  let progress = null; // of the reading, while there is one, and how it ended
  let reading = false; // from the click until Gradio is ready for the next one
  let sending = [0, 0]; // files that were sent, and how many are to be; both 0: none is
  let message = ""; // a sentence about the files as a whole
  let asking = false; // whether a question is being answered
  let looking = false;
  let wasShown = false; // whether the canvas has shown any of its pages
  let listedProblems = 0;
  /** @type {{page: string, number: number, task: string} | null} */
  let question = null; // that was asked last
  /** @type {any[] | null} */
  let present = null; // what could be asked now

  // ---- its files ------------------------------------------------------------------------------

  /** @param {Brought[]} files */
  async function take(files) {
    if (id && pile.pages.length < 2 && !sending[1]) await putAway(); // a page is no pile
    message = excess(files, id ? pile.files : 0, limits, text);
    if (message) return refresh();
    if (!id && !(await begin())) return;
    const mine = id;
    const sendable = files.filter((brought) => {
      const error = refusal(brought, text);
      if (error) pile.refused.push({ name: brought.name, error });
      return !error;
    });
    sending = [sending[0], sending[1] + sendable.length];
    refresh();
    await send(
      sendable,
      upload,
      (sent, more) => add(mine, sent, more),
      ({ name }) => {
        pile.refused.push({ name, error: text.not_sent });
        sending[0] += 1;
      },
      () => id === mine,
    );
    if (id !== mine) return;
    if (sending[0] >= sending[1]) sending = [0, 0];
    if (!sendable.length && !pile.pages.length) message = text.folder_empty;
    refresh();
  }

  async function begin() {
    const begun = await server.begin(null).catch(console.warn);
    if (!begun) return false;
    id = begun.pile;
    remember(PILE, id);
    return true;
  }

  /**
   * @param {string} mine
   * @param {[name: string, path: string][]} sent
   * @param {boolean} more
   */
  async function add(mine, sent, more) {
    const seen = await server.add([mine, sent, more]).catch((error) => ({ error: String(error) }));
    if (id !== mine) return;
    sending[0] += sent.length;
    const known = pile.pages.length;
    learn(seen);
    // The file that the canvas was to open may be none that can be opened.
    if (!wasShown && !pageShown() && pile.pages.length > known) announce("turn", { index: known });
  }

  /**
   * Takes in what the server knows of the pile.
   * @param {any} seen
   */
  function learn({ error, files = [], changes = [] }) {
    if (error) message = error;
    pile.addFiles(files);
    const changed = pile.apply(changes);
    announce("pile", { pages: pile.pages });
    if (changed.some((page) => page.state === "read" && isShown(page))) showRead();
    refresh();
  }

  async function look() {
    if (looking || !id) return;
    looking = true;
    const mine = id;
    try {
      for (let more = true; more && id === mine; ) {
        const seen = await server.look([mine, pile.files, pile.changes]);
        if (id === mine) learn(seen);
        ({ more } = seen);
      }
    } catch (error) {
      console.warn(error); // the next look may do better
    } finally {
      looking = false;
    }
  }

  /** Takes up where a reload has cut off. */
  async function takeUp() {
    id = recall(PILE) ?? "";
    if (!id) return;
    const seen = await server.look([id, 0, 0]).catch((error) => ({ error: String(error) }));
    if (seen.error) return forget();
    learn(seen);
    if (seen.more) await look();
    if (seen.expects) {
      message = text.cut_off;
      await server.add([id, [], false]);
    }
    refresh();
    if (recall(READING)) read();
  }

  function forget() {
    id = "";
    remember(PILE, null);
    remember(READING, null);
    pile = makePile(text);
    wasShown = false;
    progress = null;
    sending = [0, 0];
    announce("pile", { pages: [] });
    refresh();
  }

  async function putAway() {
    const old = id;
    forget();
    await server.end([old]).catch(console.warn);
  }

  // ---- reading --------------------------------------------------------------------------------

  async function read() {
    if (reading || !id) return;
    reading = true;
    progress = null;
    remember(READING, "1");
    refresh();
    if (!pile.count("")) await server.retry([id]).then(look, console.warn);
    trigger("read");
  }

  function stop() {
    remember(READING, null);
    server.stop([id]).catch(console.warn);
  }

  watch("value", () => {
    if (props.value?.pile !== id) return; // late
    if (props.value.state !== "kept") progress = props.value;
    if (progress?.message) message = progress.message;
    if (props.value.changes > pile.changes) look();
    refresh();
  });

  listen("read-over", () => {
    reading = false;
    if (progress?.state !== "reading") remember(READING, null);
    look();
    refresh();
  });

  // ---- what was read --------------------------------------------------------------------------

  /** @param {PilePage} page */
  const isShown = ({ path, number }) => path === shown.page?.path && number === shown.page.number;

  const pageShown = () => pile.pages.find(isShown);
  listen("page", () => {
    wasShown ||= Boolean(pageShown());
  });

  /** @param {PilePage} page */
  const isRead = ({ state }) => state === "read" || state === "corrected";

  /** Shows what was read of the page that is on the canvas, if that is what is asked about it. */
  function showRead() {
    const page = pile.pages.find((each) => isShown(each) && isRead(each));
    const [canvas, task] = present ?? [];
    if (!page || asking || task !== READ_ALL) return;
    if (canvas?.page !== page.path || canvas.number !== page.number) return; // on its way
    place = [page.file, page.number];
    trigger("turn");
  }

  /** What was asked about a whole page is kept with it. */
  function keepAnswer() {
    const { page: path, number, task = "" } = question ?? {};
    question = null;
    const page = pile.pages.find((each) => each.path === path && each.number === number);
    if (!page || !KEPT.includes(task)) return;
    place = [page.file, page.number];
    trigger("keep");
  }

  listen("present", (question) => {
    const before = present;
    present = question;
    const [was, is] = [before, question].map((q) => q && [q[0]?.page, q[0]?.number, q[1]].join());
    if (was !== is) showRead();
  });
  listen("asked", ([canvas, task]) => {
    if (showing) return;
    asking = true;
    question = { page: canvas?.page, number: canvas?.number, task };
  });
  listen("line-corrected", async ({ page: [path, number], line, text: right }) => {
    const page = pile.pages.find((each) => each.path === path && each.number === number);
    if (!page || !isRead(page)) return;
    await server.correct([id, page.file, number, { [line]: right }]).catch(console.warn);
    look();
  });
  for (const name of /** @type {const} */ (["over", "failed"])) {
    listen(name, () => {
      asking = false;
      keepAnswer();
    });
  }

  // ---- what is seen ---------------------------------------------------------------------------

  function refresh() {
    const [pages, unread, failed] = [pile.pages.length, pile.count(""), pile.count("failed")];
    const problems = pile.problems();
    const isThere = pages > 1 || sending[1] > 1 || problems.length > 0 || Boolean(message);
    part("bar").hidden = !isThere;
    readButton.hidden = reading;
    readButton.disabled = !unread && !failed && !sending[1];
    const begun = unread < pages ? text.go_on : text.read_all;
    readButton.textContent = unread || !failed ? begun : text.try_again;
    button("stop").hidden = !reading;
    button("export").hidden = unread + failed === pages;
    const counts = { pages, unread, failed, sent: sending[0], sending: sending[1] };
    part("progress").textContent = message || howFar(counts, reading, progress, text);
    part("now").textContent = reading && progress?.text ? nowReading(progress) : "";
    const bar = part("part", HTMLProgressElement);
    bar.value = sending[1] && !reading ? sending[0] / sending[1] : (pages - unread) / (pages || 1);
    refreshProblems(problems);
  }

  /** @param {Progress} now */
  function nowReading({ place, text: line }) {
    const page = pile.pages.find((each) => each.file === place?.[0] && each.number === place[1]);
    return fillIn(text.now, { name: page?.name ?? "", text: line });
  }

  /** @param {Problem[]} problems */
  function refreshProblems(problems) {
    const toggle = button("problems");
    toggle.hidden = !problems.length;
    toggle.textContent = fillIn(text.problems, { n: problems.length });
    if (listedProblems === problems.length) return;
    listedProblems = problems.length;
    const items = problems.slice(0, MOST_LISTED).map(({ name, error }) => makeItem(name, error));
    const more = problems.length - items.length;
    if (more) items.push(makeItem("", fillIn(text.more_problems, { n: more })));
    find(part("problems"), "ul", HTMLUListElement).replaceChildren(...items);
  }

  const sure = part("sure", HTMLDialogElement);

  /** What was read is deleted only if a person says so. */
  function close() {
    if (!pile.count("read", "corrected")) return putAway();
    const words = fillIn(text.close_sure, { n: pile.pages.length });
    find(sure, "p", HTMLElement).textContent = words;
    sure.returnValue = "";
    sure.showModal();
  }
  sure.addEventListener("close", () => {
    if (sure.returnValue) putAway();
  });

  const exporter = makeExport(element, server, text, () => id, pageShown);

  /** @type {Record<string, () => void>} */
  const actions = {
    read,
    stop,
    close,
    export: () => exporter.show(pile.count("read", "corrected")),
    export_close: exporter.close,
    problems: () => part("problems", HTMLDialogElement).showModal(),
    problems_close: () => part("problems", HTMLDialogElement).close(),
  };
  element.addEventListener("click", (event) => {
    const action = actions[clickedData(event).do ?? ""];
    if (!action) return;
    message = "";
    action();
    refresh();
  });
  // The page behind must not take these keys: Escape would also stop the model.
  for (const dialog of element.querySelectorAll("dialog")) {
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
  }

  listen("files", ({ files }) => void take(files));
  refresh();
  takeUp();
}

/**
 * A file or page and what is wrong with it.
 * @param {string} name
 * @param {string} error
 */
function makeItem(name, error) {
  const item = document.createElement("li");
  item.append(Object.assign(document.createElement("b"), { textContent: name }), ` ${error}`);
  return item;
}
