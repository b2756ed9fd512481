// The words of an answer, put together from the model's tokens. Words of which the model is unsure
// are underlined; a word opens to its tokens and to what the model might have written instead.

import { fillIn } from "../screen/component.js";

/** @import { Text } from "../screen/component.js" */

/** @typedef {{id: number, text: string, probability: number}} Choice */
/** @typedef {Choice & {alternatives?: Choice[]}} Token */
/** @typedef {{node: HTMLElement, tokens: number[]}} Word  With the numbers of its tokens. */

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
 */
export function makeWords(box, details, text, say) {
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
        box.append(piece);
      } else if (piece) {
        open ??= newWord();
        open.tokens.push(...waiting, index);
        open.node.append(piece);
        waiting = [];
        mark(open);
      }
    }
  }

  function newWord() {
    const node = document.createElement("span");
    node.className = "word";
    node.role = "button";
    node.tabIndex = words.length ? -1 : 0;
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
    if (isOpen()) openDetails();
  }

  const isOpen = () => details.matches(":popover-open");

  function openDetails() {
    const word = words[current];
    const end = current === words.length - 1 ? waiting : [];
    const columns = document.createElement("div");
    const warning = document.createElement("p");
    columns.append(...[...word.tokens, ...end].map(tokenDetails));
    warning.textContent = text.not_accuracy;
    details.replaceChildren(columns, warning);
    details.showPopover();
    placeDetails(word.node.getBoundingClientRect());
    say([...word.tokens, ...end].map(spokenDetails).join(" "));
  }

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

  /** @param {number} index */
  function tokenDetails(index) {
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
      row.append(name, share);
      list.append(row);
    }
    const section = document.createElement("section");
    const heading = document.createElement("h3");
    heading.textContent = tokenName(index);
    section.append(heading, list);
    return section;
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
    if (!(node instanceof HTMLElement) || !getSelection()?.isCollapsed) return;
    choose(Number(node.dataset.word));
    openDetails();
  });

  box.addEventListener("keydown", (event) => {
    if (!words.length || event.ctrlKey || event.metaKey || event.altKey) return;
    const goal = {
      ArrowRight: current + 1,
      ArrowLeft: current - 1,
      Home: 0,
      End: words.length,
    }[event.key];
    if (goal !== undefined) choose(goal);
    else if (event.key === "Enter" || event.key === " ") openDetails();
    else return;
    event.preventDefault();
  });

  return {
    show,
    text: () => box.textContent ?? "",
    clear,
    setThreshold,
    isOpen,
    close() {
      if (isOpen()) details.hidePopover();
    },
    unsure: () => words.filter(({ node }) => node.classList.contains("low")).length,
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
