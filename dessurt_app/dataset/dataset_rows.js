// The list of saved answers: shows rows, one of which is current, and edits its answer in place.

import { fillIn } from "../screen/component.js";

/** @import { Text } from "../screen/component.js" */

/**
 * A saved answer (dataset_tab.py).
 * @typedef {object} Row
 * @property {string} id
 * @property {string} version
 * @property {string} page
 * @property {string} task
 * @property {string} name
 * @property {string} text
 * @property {string[]} answers
 * @property {boolean} place  Whether the answer is a place on the page.
 * @property {string | null} model  What the model wrote.
 * @property {number | null} confidence
 * @property {string} state
 */

/** @typedef {(row: Row, answers: string[]) => void} OnEdited */

/**
 * The field in the place of a row's answer.
 * @typedef {{row: Row, node: HTMLTextAreaElement, answer: HTMLElement, onEdited: OnEdited}} Editor
 */

const CROP_DELAY = 60; // milliseconds in which rows come into sight whose pictures come together
const LETTERS_IN_LINE = 42; // of the editor
const MOST_LINES = 8;
const LONGEST_ANSWER = 60; // letters, in a sentence

/**
 * @param {HTMLElement} list
 * @param {Text} text
 * @param {(ids: string[]) => Promise<Record<string, string>>} fetchCrops  Gets the address of a
 *   small picture for each id.
 * @param {() => void} onSelect  Hears of every move.
 */
export function makeRows(list, text, fetchCrops, onSelect) {
  const sight = new IntersectionObserver(onSight, { root: list, rootMargin: "200px" });
  /** @type {Row[]} */
  let rows = [];
  let current = -1; // index of a row
  /** @type {string[]} */
  let waiting = []; // ids of rows that came into sight without a picture
  /** @type {Editor | null} */
  let editor = null;

  /** @param {number} index */
  const itemAt = (index) => /** @type {HTMLElement | undefined} */ (list.children[index]);

  /**
   * @param {Row[]} next
   * @param {number} at  Which one gets current.
   */
  function show(next, at = 0) {
    endEdit();
    sight.disconnect();
    waiting = [];
    rows = next;
    list.replaceChildren(...rows.map(makeItem));
    for (const item of list.children) sight.observe(item);
    current = -1;
    select(Math.min(at, rows.length - 1), false);
  }

  /**
   * Puts another row in the place of the one with its id.
   * @param {Row} row
   */
  function replace(row) {
    const index = rows.findIndex((other) => other.id === row.id);
    const old = itemAt(index);
    if (!old) return;
    const item = makeItem(row);
    rows[index] = row;
    item.querySelector(".crop")?.replaceWith(old.querySelector(".crop") ?? "");
    const focused = old === document.activeElement;
    old.replaceWith(item);
    if (index === current) mark(focused);
  }

  /** @param {Row} row */
  function makeItem(row) {
    const item = document.createElement("li");
    item.dataset.id = row.id;
    item.tabIndex = -1;
    const about = make("div", "about");
    const name = fillIn(row.text ? text.task_with_text : text.task, row);
    about.append(make("span", "task", name), make("span", `state ${row.state}`, text[row.state]));
    if (row.confidence !== null) {
      const percent = Math.round(100 * row.confidence);
      about.append(make("span", "", fillIn(text.percent, { percent })));
    }
    const nothing = row.place ? text.place : text.blank;
    const answer = make("p", "answer", row.answers.join("\n") || nothing);
    answer.classList.toggle("blank", !row.answers.join(""));
    item.append(make("div", "crop"), answer);
    const { model, answers } = row;
    if (model !== null && model !== answers[0]) item.append(makeModel(model, answers[0]));
    item.append(about);
    item.title = row.page;
    return item;
  }

  /**
   * What the model wrote, with the part marked that differs from the answer.
   * @param {string} model
   * @param {string} answer
   */
  function makeModel(model, answer) {
    const [start, end] = differingPart(model, answer);
    const line = make("p", "model", `${text.model} ${model.slice(0, start)}`);
    line.append(make("del", "", model.slice(start, end)), model.slice(end));
    return line;
  }

  /**
   * @param {string} tag
   * @param {string} className
   * @param {string} textContent
   */
  function make(tag, className, textContent = "") {
    return Object.assign(document.createElement(tag), { className, textContent });
  }

  // ---- pictures, only of what is in sight -----------------------------------------------------

  /** @param {IntersectionObserverEntry[]} entries */
  function onSight(entries) {
    const isFirst = !waiting.length;
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      sight.unobserve(target);
      waiting.push(idOf(target));
    }
    if (waiting.length && isFirst) setTimeout(fetchWaiting, CROP_DELAY);
  }

  async function fetchWaiting() {
    const ids = waiting;
    waiting = [];
    /** @type {Record<string, string>} */
    const pictures = await fetchCrops(ids).catch(() => ({})); // then there are only the words
    for (const item of list.children) {
      const src = pictures[idOf(item)];
      const place = item.querySelector(".crop");
      if (src && place && !place.firstChild)
        place.append(Object.assign(new Image(), { alt: "", src }));
    }
  }

  /**
   * The id of the row that an item shows.
   * @param {Element} item
   */
  const idOf = (item) => /** @type {HTMLElement} */ (item).dataset.id ?? "";

  // ---- the current row ------------------------------------------------------------------------

  /**
   * Makes a row the current one; whether there is one at this place.
   * @param {number} index
   * @param {boolean} focus
   */
  function select(index, focus = true) {
    if (index < 0 || index >= rows.length) return false;
    if (index !== current) endEdit();
    const old = itemAt(current);
    old?.removeAttribute("aria-current");
    if (old) old.tabIndex = -1;
    current = index;
    mark(focus);
    return true;
  }

  /** @param {boolean} focus */
  function mark(focus) {
    const item = itemAt(current);
    if (!item) return;
    item.setAttribute("aria-current", "true");
    item.tabIndex = 0; // the one that Tab reaches
    if (focus) item.focus({ preventScroll: true });
    // Not scrollIntoView, which would scroll the screen as well.
    const top = item.offsetTop - list.offsetTop;
    const bottom = top + item.offsetHeight;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (bottom > list.scrollTop + list.clientHeight)
      list.scrollTop = bottom - list.clientHeight;
    onSelect();
  }

  list.addEventListener("click", ({ target }) => {
    const item = target instanceof Element ? target.closest("li") : null;
    if (item && target !== editor?.node) select([...list.children].indexOf(item));
  });

  // ---- editing --------------------------------------------------------------------------------

  /**
   * Lets the current answer, or that of the row with an id, be changed.
   * @param {OnEdited} onEdited  Gets the row and its new answers.
   * @param {string} id
   * @param {string[] | null} answers  To begin with, if not those of the row.
   */
  function edit(onEdited, id = "", answers = null) {
    if (id) select(rows.findIndex((row) => row.id === id));
    const answer = itemAt(current)?.querySelector(".answer");
    if (editor || !(answer instanceof HTMLElement)) return;
    const row = rows[current];
    const node = document.createElement("textarea");
    node.value = (answers ?? row.answers).join("\n");
    const lines = Math.max(1, Math.ceil(node.value.length / LETTERS_IN_LINE), row.answers.length);
    node.rows = Math.min(lines, MOST_LINES);
    node.setAttribute("aria-label", row.answers.length > 1 ? text.editor_several : text.editor);
    answer.hidden = true;
    answer.after(node);
    editor = { row, node, answer, onEdited };
    node.addEventListener("keydown", onEditorKey);
    node.focus();
    node.select();
    onSelect();
  }

  /** @param {KeyboardEvent} event */
  function onEditorKey(event) {
    event.stopPropagation(); // letters are no shortcuts here
    const plain = !event.shiftKey && !event.ctrlKey && !event.isComposing;
    if (event.key === "Escape") endEdit(false);
    else if (event.key === "Enter" && plain) endEdit();
    else return;
    event.preventDefault();
    itemAt(current)?.focus({ preventScroll: true });
  }

  /** What was typed counts, however one goes on; only Esc drops it. */
  function endEdit(keep = true) {
    if (!editor) return;
    const { row, node, answer, onEdited } = editor;
    editor = null;
    node.remove();
    answer.hidden = false;
    const answers = row.answers.length > 1 ? node.value.split("\n") : [node.value];
    if (keep && answers.join("\n") !== row.answers.join("\n")) onEdited(row, answers);
    onSelect();
  }

  return {
    show,
    replace,
    select,
    edit,
    endEdit,
    /** @param {number} by */
    move: (by) => select(current + by),
    /** @returns {Row | undefined} */
    get current() {
      return rows[current];
    },
    get at() {
      return current;
    },
    get count() {
      return rows.length;
    },
    get editing() {
      return editor !== null;
    },
  };
}

/**
 * Where a text differs from another: from the first letter that does to behind the last one.
 * @param {string} text
 * @param {string} other
 * @returns {[start: number, end: number]}
 */
export function differingPart(text, other) {
  const most = Math.min(text.length, other.length);
  let start = 0;
  while (start < most && text[start] === other[start]) start++;
  let same = 0; // letters at the end
  while (same < most - start && text.at(-1 - same) === other.at(-1 - same)) same++;
  return [start, text.length - same];
}

/**
 * An answer, not too long for a sentence.
 * @param {string} answer
 */
export function shortened(answer) {
  return answer.length > LONGEST_ANSWER ? `${answer.slice(0, LONGEST_ANSWER - 1)}…` : answer;
}
