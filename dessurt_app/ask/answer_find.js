// Find in the answer: how many places there are, the next and the one before. Each is scrolled to,
// and outlined on the page if it is in one of its lines.

import { fillIn, partFinder } from "../screen/component.js";

/** @import { Text } from "../screen/component.js" */

const BLOCKS = ".line, li, td, th"; // no place reaches from one of them into the next
const [ALL, CURRENT] = ["answer-places", "answer-place"]; // as the style sheet calls them

/**
 * @param {HTMLElement} element  The answer's component.
 * @param {Text} text
 * @param {() => HTMLElement} face  The part of it that is seen.
 * @param {(node: Node) => void} onPlace  Shows on the page where this part of the answer is.
 */
export function makeFind(element, text, face, onPlace) {
  const part = partFinder(element);
  const wanted = part("wanted", HTMLInputElement);
  let current = 0;

  const isOpen = () => !part("finder").hidden;

  function open() {
    part("finder").hidden = false;
    part("find").setAttribute("aria-expanded", "true");
    wanted.select();
    wanted.focus();
    go(0);
  }

  function close() {
    part("finder").hidden = true;
    part("find").setAttribute("aria-expanded", "false");
    for (const name of [ALL, CURRENT]) CSS.highlights?.delete(name);
    part("find").focus();
  }

  /**
   * Goes so many places on, round the end, in the answer as it is now.
   * @param {number} by
   */
  function go(by) {
    const places = placesOf(face(), wanted.value);
    const { length } = places;
    current = length ? (current + by + length) % length : 0;
    part("places").textContent = !wanted.value ? "" : sentence(length);
    const place = places[current];
    if (globalThis.Highlight) {
      CSS.highlights.set(ALL, new Highlight(...places));
      CSS.highlights.set(CURRENT, new Highlight(...(place ? [place] : [])));
    }
    if (!place) return;
    place.startContainer.parentElement?.scrollIntoView({ block: "nearest" });
    onPlace(place.startContainer);
  }

  /** @param {number} n */
  function sentence(n) {
    if (n < 2) return n ? text.one_place : text.no_place;
    return fillIn(text.places, { n, at: current + 1 });
  }

  part("find").addEventListener("click", () => (isOpen() ? close() : open()));
  part("next").addEventListener("click", () => go(1));
  part("previous").addEventListener("click", () => go(-1));
  part("close_find").addEventListener("click", close);
  wanted.addEventListener("input", () => {
    current = 0;
    go(0);
  });

  part("finder").addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && event.target === wanted) go(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
    event.stopPropagation(); // or else Escape would also stop the model
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "F3" || event.ctrlKey || event.altKey || !element.offsetWidth) return;
    event.preventDefault();
    if (isOpen()) go(event.shiftKey ? -1 : 1);
    else open();
  });
}

/**
 * Where a text is within a node, whatever the case of its letters.
 * @param {HTMLElement} node
 * @param {string} wanted
 * @returns {Range[]}
 */
function placesOf(node, wanted) {
  /** @type {[node: Node, start: number][]} */
  const pieces = [];
  let whole = "";
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  for (let before = null; walker.nextNode(); ) {
    const { currentNode } = walker;
    const block = currentNode.parentElement?.closest(BLOCKS) ?? null;
    if (block !== before) whole += "\n";
    before = block;
    pieces.push([currentNode, whole.length]);
    whole += currentNode.textContent;
  }
  return startsOf(whole, wanted).map((start) => {
    const range = document.createRange();
    range.setStart(...placeIn(pieces, start));
    range.setEnd(...placeIn(pieces, start + wanted.length - 1, 1));
    return range;
  });
}

/**
 * Where a letter of all pieces is: in which of them, and at which of its letters.
 * @param {[node: Node, start: number][]} pieces
 * @param {number} letter
 * @param {number} behind
 * @returns {[node: Node, offset: number]}
 */
function placeIn(pieces, letter, behind = 0) {
  const [node, start] = pieces.findLast(([, start]) => start <= letter) ?? pieces[0];
  return [node, letter - start + behind];
}

/**
 * Where a text begins in another, whatever the case of its letters; places do not overlap.
 * @param {string} whole
 * @param {string} wanted
 */
export function startsOf(whole, wanted) {
  if (!wanted.trim()) return [];
  const pattern = wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return [...whole.matchAll(new RegExp(pattern, "giu"))].map(({ index }) => index);
}
