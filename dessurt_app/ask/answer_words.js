// The words of an answer, put together from the model's tokens. Words of which the model is unsure
// are underlined; a word opens to its tokens and to what the model might have written instead. Lines
// of a page that were read to their ends become rows of a list (answer_lines.js).

import { fillIn } from "../screen/component.js";
import { mean } from "./answer_saving.js";

/** @import { Text } from "../screen/component.js" */

/** @typedef {{id: number, text: string, probability: number}} Choice */
/** @typedef {Choice & {alternatives?: Choice[]}} Token */
/** @typedef {{node: HTMLElement, tokens: number[]}} Word  With the numbers of its tokens. */
/** @typedef {(instead: string) => void} Take  Puts this in the place of a word. */

export const NEW_LINE = "\\"; // as the model writes it
const AT_END = 24; // who has scrolled to so many pixels from the end sees what is new
const GAP = 6; // between a word and what is opened of it, pixels
const EDGE = 8; // that stays free round it

/**
 * Shows tokens as words in `box`, and one word's tokens in the popover `details`.
 * @param {HTMLElement} box
 * @param {HTMLElement} details
 * @param {Text} text
 * @param {(sentence: string) => void} say
 * @param {(word: number, instead: string) => void} onTake  Someone takes something else for a word.
 */
export function makeWords(box, details, text, say, onTake) {
  const list = document.createElement("div"); // of rows, one for each line that was read
  list.role = "list";
  /** @type {Token[]} */
  let tokens = [];
  /** @type {Word[]} */
  let words = [];
  /** @type {Word | null} */
  let open = null; // the word that the next token may go on with
  /** @type {number[]} */
  let waiting = []; // tokens without text: the beginning of a character, or the end
  let threshold = 0;
  let current = 0; // the word that Tab reaches

  function clear() {
    box.replaceChildren();
    list.replaceChildren();
    box.tabIndex = 0;
    [tokens, words, waiting] = [[], [], []];
    open = null;
    current = 0;
  }

  /**
   * Appends what is new; the words before stay untouched on the screen.
   * @param {Token[]} all
   */
  function show(all) {
    if (tokens.some((token, i) => token.text !== all[i]?.text)) clear();
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < AT_END;
    const before = tokens.length;
    tokens = all;
    const raw = isJson(all);
    for (let i = before; i < all.length; i++) append(all[i].text, i, raw);
    if (atEnd && all.length > before) box.scrollTop = box.scrollHeight;
  }

  /**
   * @param {string} written
   * @param {number} index
   * @param {boolean} raw
   */
  function append(written, index, raw) {
    if (!written) waiting.push(index);
    const seen = raw ? written : written.replaceAll(NEW_LINE, "\n");
    for (const piece of seen.split(/(\s+)/)) {
      if (/^\s/.test(piece)) {
        open = null;
        if (box.lastChild !== list) box.append(piece); // else it only parts two rows
      } else if (piece) {
        open ??= newWord();
        open.tokens.push(...waiting, index);
        open.node.append(piece);
        waiting = [];
        mark(open);
      }
    }
  }

  /**
   * Makes a row of the words up to a token, and of what parts them from the next line.
   * @param {number} end
   */
  function endLine(end) {
    if (!list.isConnected) box.prepend(list);
    const row = document.createElement("div");
    for (let node = list.nextSibling; node; node = list.nextSibling) {
      const word = words[Number(/** @type {HTMLElement} */ (node).dataset?.word)];
      if (word && word.tokens[0] >= end) break;
      node.remove();
      if (node.textContent?.includes("\n")) break;
      row.append(node);
      if (!word) continue;
      word.node.role = null; // the row is what is reached by keys
      word.node.removeAttribute("tabindex");
    }
    list.append(row);
    if (!words[current]?.node.hasAttribute("tabindex")) chooseFirst();
    return row;
  }

  /** Tab reaches the first word that is in no row. */
  function chooseFirst() {
    current = Math.max(
      0,
      words.findIndex(({ node }) => node.parentNode === box),
    );
    if (words[current]?.node.parentNode === box) words[current].node.tabIndex = 0;
  }

  function newWord() {
    const node = document.createElement("span");
    node.className = "word";
    node.role = "button";
    node.tabIndex = words.some((word) => word.node.parentNode === box) ? -1 : 0;
    if (!node.tabIndex) current = words.length;
    node.dataset.word = String(words.length);
    box.tabIndex = -1; // from now on the words are reached by Tab
    box.append(node);
    /** @type {Word} */
    const word = { node, tokens: [] };
    words.push(word);
    return word;
  }

  /** @param {Word} word */
  const sureness = (word) => Math.min(...word.tokens.map((i) => tokens[i].probability));

  /** @param {Word} word */
  function mark(word) {
    const isLow = sureness(word) < threshold;
    const description = fillIn(text.sure_of, { percent: percent(sureness(word)) });
    word.node.classList.toggle("low", isLow);
    word.node.ariaDescription = isLow ? description : null;
  }

  /** @param {number} value */
  function setThreshold(value) {
    threshold = value;
    words.forEach(mark);
  }

  // ---- one word: arrows go to the next, Enter opens it ------------------------------------------

  /** @param {number} index */
  function choose(index) {
    words[current].node.tabIndex = -1;
    current = Math.max(0, Math.min(index, words.length - 1));
    words[current].node.tabIndex = 0;
    words[current].node.focus();
    if (isOpen()) openCurrent();
  }

  const isOpen = () => details.matches(":popover-open");

  /**
   * Opens a word to its tokens, near to it or to what stands in its place.
   * @param {Word} word
   * @param {Take} take
   * @param {HTMLElement} near
   */
  function openDetails(word, take, near = word.node) {
    const end = word === words.at(-1) ? waiting : [];
    const columns = document.createElement("div");
    const warning = document.createElement("p");
    const all = [...word.tokens, ...end];
    /** @type {(index: number) => (choice: Choice) => void} */
    const taker = (index) => (choice) => {
      details.hidePopover();
      take(seenText(all.map((i) => (i === index ? choice : tokens[i]).text).join("")).trim());
    };
    columns.append(...all.map((index) => tokenDetails(index, taker(index))));
    warning.textContent = text.not_accuracy;
    details.replaceChildren(columns, warning);
    details.showPopover();
    placeDetails(near.getBoundingClientRect());
    say(all.map(spokenDetails).join(" "));
  }

  const openCurrent = () => openDetails(words[current], (instead) => onTake(current, instead));

  /** @param {string} written */
  const seenText = (written) => (isJson(tokens) ? written : written.replaceAll(NEW_LINE, "\n"));

  /**
   * Below a word or, where there is no room, above it.
   * @param {DOMRect} word
   */
  function placeDetails(word) {
    const right = innerWidth - details.offsetWidth - EDGE;
    const bottom = innerHeight - details.offsetHeight - EDGE;
    const above = word.top - details.offsetHeight - GAP;
    const top = word.bottom + GAP <= bottom ? word.bottom + GAP : above;
    details.style.left = `${Math.max(EDGE, Math.min(word.left, right))}px`;
    details.style.top = `${Math.max(EDGE, top)}px`;
  }

  /**
   * @param {number} index
   * @param {(choice: Choice) => void} take
   */
  function tokenDetails(index, take) {
    const token = tokens[index];
    const choices = likelyChoices(token).length ? likelyChoices(token) : [token];
    const list = document.createElement("ol");
    for (const choice of choices) {
      const row = document.createElement("li");
      const name = document.createElement("span");
      const share = document.createElement("span");
      name.textContent = choice === token ? tokenName(index) : visibleText(choice.text, text.end);
      share.textContent = fillIn(text.percent, { percent: percent(choice.probability) });
      row.classList.toggle("chosen", choice.id === token.id);
      row.style.setProperty("--share", `${percent(choice.probability)}%`);
      if (choice.id === token.id) row.append(name, share);
      else row.append(choiceButton([name, share], () => take(choice)));
      list.append(row);
    }
    const section = document.createElement("section");
    const heading = document.createElement("h3");
    heading.textContent = tokenName(index);
    section.append(heading, list);
    return section;
  }

  /**
   * @param {HTMLElement[]} content
   * @param {() => void} onClick
   */
  function choiceButton(content, onClick) {
    const button = document.createElement("button");
    button.type = "button";
    button.title = fillIn(text.instead, { text: content[0].textContent });
    button.append(...content);
    button.addEventListener("click", onClick);
    return button;
  }

  /** @param {number} index */
  function spokenDetails(index) {
    const token = tokens[index];
    const others = likelyChoices(token)
      .filter((choice) => choice.id !== token.id)
      .map((choice) => `${visibleText(choice.text, text.end)} ${percent(choice.probability)} %`);
    return fillIn(text.details, {
      token: tokenName(index),
      percent: percent(token.probability),
      others: others.join(", ") || "-",
    });
  }

  /** @param {number} index */
  function tokenName(index) {
    return visibleText(tokens[index].text, waiting.includes(index) ? text.end : text.part);
  }

  box.addEventListener("click", ({ target }) => {
    const node = target instanceof Element ? target.closest(".word") : null;
    if (node?.parentNode !== box || !getSelection()?.isCollapsed) return;
    choose(Number(/** @type {HTMLElement} */ (node).dataset.word));
    openCurrent();
  });

  box.addEventListener("keydown", (event) => {
    if (words[current]?.node !== event.target) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const goal = {
      ArrowRight: current + 1,
      ArrowLeft: current - 1,
      Home: 0,
      End: words.length,
    }[event.key];
    if (goal !== undefined) choose(goal);
    else if (event.key === "Enter" || event.key === " ") openCurrent();
    else return;
    event.preventDefault();
  });

  return {
    show,
    text: () => seenText(tokens.map((token) => token.text).join("")),
    endLine,
    clear,
    setThreshold,
    isOpen,
    openDetails,
    focusChoice: () => details.querySelector("button")?.focus(),

    /**
     * The words in a row, with what the model thinks of them.
     * @param {HTMLElement} row
     */
    within: (row) => words.filter(({ node }) => row.contains(node)),
    /** @param {Word[]} some */
    sureness: (some) => mean(some.flatMap((word) => word.tokens.map((i) => tokens[i]))),

    /**
     * The answer with something else in the place of a word.
     * @param {number} index
     * @param {string} instead
     */
    textWith: (index, instead) =>
      [...box.childNodes]
        .map((node) => (node === words[index].node ? instead : node.textContent))
        .join(""),
    close() {
      if (isOpen()) details.hidePopover();
    },
    unsure: () => box.querySelectorAll(".word.low").length,
  };
}

/**
 * Whether tokens are those of JSON, in which the sign for a new line is a sign like others.
 * @param {Token[]} tokens
 */
export function isJson(tokens) {
  const first = tokens.find((token) => token.text.trim())?.text.trim() ?? "";
  return /^[[{]/.test(first);
}

/**
 * What might stand in the place of a token, and itself, but for what comes to 0 %.
 * @param {Token} token
 */
export function likelyChoices({ id, alternatives = [] }) {
  return alternatives.filter((choice) => choice.id === id || percent(choice.probability) > 0);
}

/**
 * In whole percents, but 100 only for what is certain.
 * @param {number} probability
 */
export function percent(probability) {
  return Math.min(Math.round(100 * probability), probability < 1 ? 99 : 100);
}

/**
 * A token's text with its spaces to be seen.
 * @param {string} written
 * @param {string} nothing  What to say if there is no text.
 */
export function visibleText(written, nothing) {
  return written.replaceAll(" ", "␣").replaceAll(/[\n\\]/g, "↵") || `(${nothing})`;
}
