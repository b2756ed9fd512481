// The lines of a page that was read line by line: a list in step with the page. Pointing at a line
// outlines it on the page, and the other way round; a click opens it to be corrected in its place.

import { fillIn } from "../screen/component.js";
import { announce, listen } from "../screen/events.js";
import { cornersOf } from "./answer_saving.js";

/** @import { Text } from "../screen/component.js" */
/** @import { Point } from "../canvas/page_shapes.js" */
/** @import { Correction } from "./answer_memory.js" */
/** @import { makeWords, Word } from "./answer_words.js" */

const ROOM = 0.12; // of a line's height

/**
 * A line as Python sends it: `end` is the number of tokens that were written by its end, `quad` has
 * its corners in page pixels, `words` where each word is on it, from 0 to 1.
 * @typedef {{end: number, quad: number[], words: [from: number, to: number][]}} Line
 */
/** @typedef {{row: HTMLElement, reading: HTMLElement, nodes: Node[], said: Word[], read: string}} Row */

/**
 * What the rest of the answer does for the lines.
 * @typedef {object} Hooks
 * @property {(line: number, text: string) => void} correct  A person stands for this text.
 * @property {() => boolean} isHere  Whether the page is on the screen.
 * @property {() => boolean} isLocked  Whether nothing can be corrected now.
 */

/**
 * @param {HTMLElement} box  Where `words` shows them.
 * @param {ReturnType<typeof makeWords>} words
 * @param {Text} text
 * @param {Hooks} hooks
 */
export function makeLines(box, words, text, hooks) {
  const field = document.createElement("textarea");
  field.className = "line-editor";
  field.rows = 1;
  field.title = text.line_keys;
  /** @type {Row[]} */
  let rows = [];
  /** @type {Line[]} */
  let lines = [];
  /** @type {Record<number, Correction>} */
  let corrections = {};
  let at = 0; // the row that Tab reaches
  let editing = -1; // the row that is open

  /**
   * @param {Line[]} all
   * @param {Record<number, Correction>} corrected
   */
  function show(all, corrected) {
    if (rows.length && !(rows[0].row.isConnected && rows.length <= all.length)) forget();
    const first = corrected === corrections ? rows.length : 0; // the others are as they were
    [lines, corrections] = [all, corrected];
    for (let index = rows.length; index < all.length; index++) addRow(index);
    for (let index = first; index < rows.length; index++) if (index !== editing) refresh(index);
  }

  function forget() {
    rows = [];
    [at, editing] = [0, -1];
  }

  /** @param {number} index */
  function addRow(index) {
    const row = words.endLine(lines[index].end);
    const reading = document.createElement("div");
    const nodes = [...row.childNodes];
    reading.append(...nodes);
    reading.role = "button";
    reading.tabIndex = index === at ? 0 : -1;
    row.className = "line";
    row.role = "listitem";
    row.dataset.line = String(index);
    row.append(reading);
    const read = (reading.textContent ?? "").trim();
    rows.push({ row, reading, nodes, said: words.within(row), read });
  }

  /**
   * Shows a line as it was read, or as it was corrected.
   * @param {number} index
   */
  function refresh(index) {
    const { row, reading, nodes, read } = rows[index];
    const correction = corrections[index];
    const state = correction && (correction.text === read ? "accepted" : "corrected");
    if (row.dataset.state !== (state ?? "") || state === "corrected") {
      row.dataset.state = state ?? "";
      if (state === "corrected") reading.replaceChildren(correction.text);
      else reading.replaceChildren(...nodes);
    }
    const name = fillIn(text.line_name, { n: index + 1, text: textOf(index) || text.line_empty });
    reading.ariaLabel = state ? `${name}, ${text[`line_${state}`]}` : name;
    if (textOf(index)) delete reading.dataset.empty;
    else reading.dataset.empty = text.line_empty;
  }

  /** @param {number} index */
  const textOf = (index) => corrections[index]?.text ?? rows[index].read;

  // ---- correcting -----------------------------------------------------------------------------

  /**
   * Opens a line with a part of its text selected: all behind `from` without one.
   * @param {number} index
   * @param {number} from
   * @param {number} to
   */
  function edit(index, from = textOf(index).length, to = from) {
    if (hooks.isLocked()) return;
    leave();
    [at, editing] = [index, index];
    const { row, reading } = rows[index];
    field.value = textOf(index);
    field.ariaLabel = fillIn(text.line_editor, { n: index + 1, of: lines.length });
    reading.hidden = true;
    row.append(field);
    fit();
    field.focus({ preventScroll: true });
    field.setSelectionRange(from, to);
    row.scrollIntoView({ block: "nearest" });
    outline(index);
  }

  /** Closes the line that is open; what was typed into it counts. */
  function leave() {
    if (editing < 0) return;
    const typed = typedText();
    if (typed !== textOf(editing)) hooks.correct(editing, typed);
    close();
  }

  function close() {
    const index = editing;
    if (index < 0) return;
    editing = -1;
    words.close();
    rows[index].reading.hidden = false;
    field.remove();
    refresh(index);
  }

  const typedText = () => field.value.replace(/\s+/g, " ").trim();

  /** As high as its text. */
  function fit() {
    field.style.height = "0";
    field.style.height = `${field.scrollHeight}px`;
  }

  /** Takes the line for right as it stands, and opens the next one. */
  function accept() {
    const index = editing;
    hooks.correct(index, typedText());
    close();
    if (index + 1 < rows.length) edit(index + 1, 0);
    else focus(index);
  }

  /**
   * Opens the next unsure word, or the one before; whether there is one.
   * @param {1 | -1} way
   */
  function goToUnsure(way) {
    const caret = way > 0 ? field.selectionEnd : field.selectionStart;
    for (let index = editing; rows[index]; index += way) {
      if (corrections[index] || (index === editing && typedText() !== textOf(index))) continue;
      const places = unsure(index).filter(
        ({ start, end }) => index !== editing || (way > 0 ? start > caret : end < caret),
      );
      const place = places.at(way > 0 ? 0 : -1);
      if (!place) continue;
      openWord(index, place);
      return true;
    }
    return false;
  }

  /**
   * Where the unsure words of a line are in its text.
   * @param {number} index
   */
  function unsure(index) {
    let start = 0;
    return rows[index].said.flatMap((word) => {
      const [from, end] = [start, start + (word.node.textContent ?? "").length];
      start = end + 1;
      return word.node.classList.contains("low") ? [{ word, start: from, end }] : [];
    });
  }

  /**
   * Selects an unsure word and shows what else it may be.
   * @param {number} index
   * @param {{word: Word, start: number, end: number}} place
   */
  function openWord(index, { word, start, end }) {
    if (editing === index) field.setSelectionRange(start, end);
    else edit(index, start, end);
    outline(index, rows[index].said.indexOf(word));
    const take = (/** @type {string} */ instead) => {
      field.setRangeText(instead, start, end, "end");
      field.focus();
      fit();
    };
    words.openDetails(word, take, field);
  }

  field.addEventListener("input", () => {
    fit();
    words.close();
  });

  field.addEventListener("keydown", (event) => {
    const { key, shiftKey } = event;
    event.stopPropagation(); // letters are for the line
    if (event.ctrlKey || event.metaKey || event.isComposing) return;
    if (key === "Enter") accept();
    else if (key === "Tab" && goToUnsure(shiftKey ? -1 : 1)) event.preventDefault();
    else if (key === "Escape") stepBack();
    else if (key === "ArrowDown" && words.isOpen()) words.focusChoice();
    else return;
    event.preventDefault();
  });

  /** Closes what lies over the line, then the line itself, as it was. */
  function stepBack() {
    if (words.isOpen()) return words.close();
    const index = editing;
    close();
    focus(index);
  }

  field.addEventListener("blur", ({ relatedTarget }) => {
    const goesOn = relatedTarget instanceof Element && relatedTarget.closest("[popover]");
    if (!goesOn && editing >= 0 && document.hasFocus()) leave();
  });

  // ---- pointing -------------------------------------------------------------------------------

  /**
   * Outlines a line, or a word on it, on the page.
   * @param {number} index
   * @param {number} word
   */
  function outline(index, word = -1) {
    if (!hooks.isHere()) return;
    const { quad, words: stretches } = lines[index];
    const part = grown(stretches[word] ? partOf(quad, ...stretches[word]) : quad);
    const points = /** @type {Point[]} */ (cornersOf(part));
    announce("outlined", { kind: "line", points });
  }

  /** @param {number} index */
  function focus(index) {
    rows[at].reading.tabIndex = -1;
    at = Math.max(0, Math.min(index, rows.length - 1));
    rows[at].reading.tabIndex = 0;
    rows[at].reading.focus();
  }

  /** @param {Event} event */
  function rowAt({ target }) {
    const row = target instanceof Element ? target.closest(".line") : null;
    return row instanceof HTMLElement ? Number(row.dataset.line) : -1;
  }

  box.addEventListener("pointerover", (event) => {
    if (rowAt(event) >= 0) outline(rowAt(event));
  });
  box.addEventListener("pointerleave", () => announce("outlined", null));
  box.addEventListener("focusin", (event) => {
    if (rowAt(event) >= 0 && event.target !== field) outline(rowAt(event));
  });
  box.addEventListener("focusout", () => announce("outlined", null));

  listen("pointed", (point) => {
    const index = point && hooks.isHere() ? lines.findIndex(({ quad }) => holds(quad, point)) : -1;
    rows.forEach(({ row }, number) => {
      row.classList.toggle("pointed", number === index);
    });
    if (editing < 0) rows[index]?.row.scrollIntoView({ block: "nearest" });
  });

  box.addEventListener("click", (event) => {
    const index = rowAt(event);
    if (index < 0 || event.target === field || !getSelection()?.isCollapsed) return;
    const place = unsure(index).find(({ word }) => word.node === event.target);
    if (place && !hooks.isLocked()) openWord(index, place);
    else edit(index, offsetIn(rows[index].reading, event));
  });

  box.addEventListener("keydown", (event) => {
    const index = rowAt(event);
    if (index < 0 || event.target !== rows[index].reading) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const goal = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: rows.length }[event.key];
    if (goal !== undefined) focus(goal);
    else if (["Enter", " ", "e", "E"].includes(event.key)) edit(index);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  return {
    show,
    edit: () => edit(at),
    leave,
    get count() {
      return rows.length;
    },
    get editing() {
      return editing >= 0;
    },

    /**
     * Outlines on the page what a node of the list is about.
     * @param {Node} node
     */
    outlineAt(node) {
      const index = rows.findIndex(({ row }) => row.contains(node));
      if (index < 0) return;
      const word = rows[index].said.findIndex((said) => said.node.contains(node));
      outline(index, word);
    },

    /**
     * What is saved of a line.
     * @param {number} index
     */
    lineOf(index) {
      const { said, read } = rows[index];
      return { quad: lines[index].quad, read, sure: words.sureness(said) };
    },

    /** The whole answer, with what was corrected. */
    text: () => rows.map((_, index) => textOf(index)).join("\n"),
  };
}

/**
 * A stretch of a line, from 0 at its left to 1.
 * @param {number[]} quad
 * @param {number} from
 * @param {number} to
 */
export function partOf([ax, ay, bx, by, cx, cy, dx, dy], from, to) {
  /** @type {(a: number, b: number, share: number) => number} */
  const between = (a, b, share) => a + (b - a) * share;
  return [
    ...[between(ax, bx, from), between(ay, by, from), between(ax, bx, to), between(ay, by, to)],
    ...[between(dx, cx, to), between(dy, cy, to), between(dx, cx, from), between(dy, cy, from)],
  ];
}

/**
 * A line with a little room round it, so that its outline lies beside the letters.
 * @param {number[]} quad
 */
function grown([ax, ay, bx, by, cx, cy, dx, dy]) {
  const [downX, downY] = [(dx - ax) * ROOM, (dy - ay) * ROOM];
  const [rightX, rightY] = [downY, -downX];
  return [
    ...[ax - rightX - downX, ay - rightY - downY, bx + rightX - downX, by + rightY - downY],
    ...[cx + rightX + downX, cy + rightY + downY, dx - rightX + downX, dy - rightY + downY],
  ];
}

/**
 * Whether a point is within a line, whose corners go round clockwise.
 * @param {number[]} quad
 * @param {Point} point
 */
export function holds(quad, [x, y]) {
  return [0, 2, 4, 6].every((i) => {
    const [ax, ay, bx, by] = [quad[i], quad[i + 1], quad[(i + 2) % 8], quad[(i + 3) % 8]];
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0;
  });
}

/**
 * How many letters of a node are in front of the place of a click.
 * @param {HTMLElement} node
 * @param {MouseEvent} event
 */
function offsetIn(node, { clientX, clientY }) {
  const caret = document.caretRangeFromPoint(clientX, clientY);
  if (!caret || !node.contains(caret.startContainer)) return undefined;
  const before = document.createRange();
  before.setStart(node, 0);
  before.setEnd(caret.startContainer, caret.startOffset);
  return before.toString().length;
}
