// An answer that has a shape: a list, a table, or JSON as a tree with its repairs (shaping.py).

/** @import { Text } from "../screen/component.js" */

/** @typedef {[kind: "same" | "added" | "removed", text: string]} Piece */
/** @typedef {{kind: "tree", pieces: Piece[]}} Tree */
/** @typedef {{kind: "list", title: string, rows: string[][]}} Rows */
/** @typedef {Tree | Rows} AnswerShape */

const REPAIR_TAGS = { same: "span", added: "ins", removed: "del" };

/**
 * Shows shapes in `box`; `copy()` is the one shown, as text.
 * @param {HTMLElement} box
 * @param {Text} text
 */
export function makeShape(box, text) {
  let copied = "";

  /** @param {AnswerShape | null} shape */
  function show(shape) {
    if (shape?.kind === "tree") showTree(shape.pieces);
    else if (shape) showRows(shape);
    else box.replaceChildren();
  }

  /** @param {Piece[]} pieces */
  function showTree(pieces) {
    const value = repairedValue(pieces);
    copied = JSON.stringify(value, null, 2);
    const isRepaired = pieces.some(([kind]) => kind !== "same");
    box.replaceChildren(...(isRepaired ? [repairs(pieces)] : []), branches(value));
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

  return { show, copy: () => copied };
}

/**
 * The value of JSON after its repairs.
 * @param {Piece[]} pieces
 */
export function repairedValue(pieces) {
  const valid = pieces.filter(([kind]) => kind !== "removed");
  return JSON.parse(valid.map(([, piece]) => piece).join(""));
}

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
