// The pages of a file that has several: back and forth, and a strip of small pictures.

import { buttonFinder, fillIn, partFinder } from "../screen/component.js";

/** @import { Text } from "../screen/component.js" */
/** @import { CanvasPage } from "./page_history.js" */

const BATCH = 24; // small pictures that the server makes at once

/**
 * @param {HTMLElement} element  The canvas component.
 * @param {Text} text
 * @param {(number: number) => void} goTo  Shows a page.
 * @param {(path: string, first: number) => Promise<string[]>} fetchPictures  Gets the addresses of
 *   small pictures of a file, BATCH of them from page number `first` on.
 */
export function makeStrip(element, text, goTo, fetchPictures) {
  const [part, button] = [partFinder(element), buttonFinder(element)];
  const list = part("thumbnails");
  const sight = new IntersectionObserver(onSight, { root: list });
  let path = ""; // of the file whose pages are in the list
  /** @type {Set<number>} */
  let requested = new Set(); // first pages of batches

  /** @param {CanvasPage | null} page */
  function show(page) {
    part("pages").hidden = !page || page.pages < 2;
    if (!page || page.pages < 2) return;
    if (page.path !== path) fill(page);
    const place = { n: page.number + 1, of: page.pages };
    part("page_number").textContent = fillIn(text.page_number, place);
    button("page_back").disabled = page.number === 0;
    button("page_on").disabled = page.number === page.pages - 1;
    const current = /** @type {HTMLElement} */ (list.children[page.number]);
    if (current.hasAttribute("aria-current")) return;
    list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    current.setAttribute("aria-current", "page");
    // Not scrollIntoView, which would scroll the screen as well.
    list.scrollLeft = current.offsetLeft - (list.clientWidth - current.offsetWidth) / 2;
  }

  /** @param {CanvasPage} page */
  function fill(page) {
    path = page.path;
    requested = new Set();
    sight.disconnect();
    list.replaceChildren(...Array.from({ length: page.pages }, (_, number) => makeItem(number)));
    for (const item of list.children) sight.observe(item);
  }

  /**
   * Small pictures are made only of pages that come into sight.
   * @param {IntersectionObserverEntry[]} entries
   */
  function onSight(entries) {
    for (const { isIntersecting, target } of entries) {
      const number = Number(/** @type {HTMLElement} */ (target).dataset.number);
      if (isIntersecting) fetchBatch(Math.floor(number / BATCH) * BATCH);
    }
  }

  /** @param {number} first */
  async function fetchBatch(first) {
    if (requested.has(first)) return;
    const ofThisFile = requested.add(first);
    /** @type {string[]} */
    const urls = await fetchPictures(path, first).catch(() => []); // then there are the numbers
    if (ofThisFile !== requested) return; // another file has come
    urls.forEach((src, index) => {
      list.children[first + index].prepend(Object.assign(new Image(), { alt: "", src }));
    });
  }

  /** @param {number} number */
  function makeItem(number) {
    const item = document.createElement("button");
    item.type = "button";
    item.dataset.number = String(number);
    item.title = fillIn(text.page_title, { n: number + 1 });
    item.tabIndex = -1; // the keyboard has PgUp, PgDn and the buttons beside
    const label = document.createElement("span");
    label.textContent = String(number + 1);
    item.append(label);
    item.addEventListener("click", () => goTo(number));
    return item;
  }

  return { show };
}
