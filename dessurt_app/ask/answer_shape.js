// An answer that has a shape: a list, a table, or JSON with its repairs, as a table of labels and
// values if it is a form, else as a tree (shaping.py).

/** @import { Text } from "../screen/component.js" */

/** @typedef {[kind: "same" | "added" | "removed", text: string]} Piece */
/** @typedef {{kind: "tree", pieces: Piece[]}} Tree */
/** @typedef {{kind: "list", title: string, rows: string[][]}} Rows */
/** @typedef {Tree | Rows} AnswerShape */
/** @typedef {[label: string, value: string | null]} FormRow  One of text alone has no value. */

const REPAIR_TAGS = { same: "span", added: "ins", removed: "del" };

const PARTS = ["answers", "content", "row headers", "column headers", "cells"]; // of a form
const BREAK = "\\"; // in the text of a form

/**
 * Shows shapes in `box`; `copy()` is the one shown, as text, and `json()` valid JSON as it was
 * written.
 * @param {HTMLElement} box
 * @param {Text} text
 */
export function makeShape(box, text) {
  let [copied, json, kind] = ["", "", ""];

  /** @param {AnswerShape | null} shape */
  function show(shape) {
    [json, kind] = ["", shape?.kind ?? ""];
    if (shape?.kind === "tree") showTree(shape.pieces);
    else if (shape) showRows(shape);
    else box.replaceChildren();
  }

  /** @param {Piece[]} pieces */
  function showTree(pieces) {
    const value = repairedValue(pieces);
    copied = JSON.stringify(value, null, 2);
    json = validJson(pieces);
    const isRepaired = pieces.some(([kind]) => kind !== "same");
    const rows = formRows(value);
    if (rows) kind = "form";
    const whole = rows ? formTable(rows) : branches(value);
    box.replaceChildren(...(isRepaired ? [repairs(pieces)] : []), whole);
  }

  /** @param {FormRow[]} rows */
  function formTable(rows) {
    const table = make("table", "form");
    for (const [label, value] of rows) {
      const row = make("tr");
      const name = Object.assign(make("th", "", label), { scope: "row" });
      row.append(name);
      if (value === null) Object.assign(name, { colSpan: 2, scope: "" });
      else row.append(cellNode("td", value));
      table.append(row);
    }
    return table;
  }

  /**
   * What was added and left out, in words and, when opened, in its place.
   * @param {Piece[]} pieces
   */
  function repairs(pieces) {
    const words = pieces
      .filter(([kind]) => kind !== "same")
      .map(([kind, piece]) => text[`repair_${kind}`].replace("{text}", () => piece));
    const whole = make("pre");
    whole.append(...pieces.map(([kind, piece]) => make(REPAIR_TAGS[kind], "", piece)));
    const details = make("details", "repairs");
    details.append(make("summary", "", `${text.repairs} ${words.join(", ")}`), whole);
    return details;
  }

  /** @param {object} value */
  function branches(value) {
    const list = make("ul", "tree");
    const isNamed = !Array.isArray(value);
    for (const [key, child] of Object.entries(value))
      list.append(branch(isNamed ? key : "", child));
    return list;
  }

  /**
   * @param {string} key
   * @param {any} child
   */
  function branch(key, child) {
    const item = make("li");
    const name = key ? [make("span", "key", key), " "] : [];
    if (child === null || typeof child !== "object") {
      const leaf = typeof child === "string" ? child : JSON.stringify(child);
      item.append(...name, make("span", typeof child === "string" ? "" : "literal", leaf));
      return item;
    }
    const count = Object.keys(child).length;
    const summary = make("summary");
    const size = count === 1 ? text.one_entry : text.entries.replace("{n}", count);
    summary.append(...name, make("span", "size", size));
    const details = document.createElement("details");
    details.open = true;
    details.append(summary, branches(child));
    item.append(details);
    return item;
  }

  /** @param {Rows} rows */
  function showRows({ title, rows }) {
    copied = rows.map((row) => row.join("\t")).join("\n");
    const isFlat = rows.every((row) => row.length === 1);
    const whole = isFlat ? document.createElement("ol") : document.createElement("table");
    for (const row of rows) {
      const line = whole instanceof HTMLTableElement ? whole.insertRow() : whole;
      line.append(...row.map((cell) => cellNode(isFlat ? "li" : "td", cell)));
    }
    box.replaceChildren(...(title ? [make("p", "title", title)] : []), whole);
  }

  /**
   * @param {string} tag
   * @param {string} cell
   */
  function cellNode(tag, cell) {
    return cell ? make(tag, "", cell) : make(tag, "blank", text.blank);
  }

  return {
    show,
    copy: () => copied,
    json: () => json,
    /** "form", "tree", "list", or "" if there is none. */
    get kind() {
      return kind;
    },
  };
}

/**
 * The value of JSON after its repairs.
 * @param {Piece[]} pieces
 */
export function repairedValue(pieces) {
  return JSON.parse(validJson(pieces));
}

/** @param {Piece[]} pieces */
function validJson(pieces) {
  const valid = pieces.filter(([kind]) => kind !== "removed");
  return valid.map(([, piece]) => piece).join("");
}

/**
 * The labels of a form with their values, or null if it is none (see dessurt/truth/form_text.py).
 * @param {any} value
 * @returns {FormRow[] | null}
 */
export function formRows(value) {
  if (!Array.isArray(value) || !value.length) return null;
  const parts = value.map(partRows);
  return parts.includes(null) ? null : /** @type {FormRow[]} */ (parts.flat());
}

/**
 * @param {any} part
 * @returns {FormRow[] | null}
 */
function partRows(part) {
  if (part === null || typeof part !== "object" || Array.isArray(part)) return null;
  if (part["row headers"] || part["column headers"]) return tableRows(part);
  const label = Object.keys(part).find((key) => !PARTS.includes(key));
  if (label === undefined || typeof part[label] !== "string") return null;
  const { answers, content } = part;
  if ("answers" in part)
    return areTexts(answers) ? [[seen(label), seen(answers.join(BREAK))]] : null;
  const inside = content ? formRows(content) : [];
  /** @type {FormRow} */
  const own = part[label] === "question" ? [seen(label), ""] : [seen(label), null];
  return inside && [own, ...inside];
}

/**
 * A table in a form: a row for each of its own.
 * @param {any} table
 * @returns {FormRow[]}
 */
function tableRows({ "row headers": rows = [], "column headers": columns = [], cells = [] }) {
  const count = Math.max(rows.length, cells.length);
  const values = Array.from({ length: count }, (_, i) => (cells[i] ?? []).map(seen).join(" · "));
  /** @type {FormRow[]} */
  const head = columns.length ? [["", columns.map(seen).join(" · ")]] : [];
  return [...head, ...values.map((line, i) => /** @type {FormRow} */ ([seen(rows[i]), line]))];
}

/** @param {any} list */
const areTexts = (list) => Array.isArray(list) && list.every((item) => typeof item === "string");

/** @param {any} written */
const seen = (written) => String(written ?? "").replaceAll(BREAK, "\n");

/**
 * @param {string} tag
 * @param {string} className
 * @param {string} content
 */
function make(tag, className = "", content = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = content;
  return node;
}
