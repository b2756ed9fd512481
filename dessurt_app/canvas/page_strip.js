// The pages that one can turn to: those of the file, or those of all files of a pile, with a strip
// of small pictures.

import { buttonFinder, fillIn, partFinder } from "../screen/component.js";

/** @import { Text } from "../screen/component.js" */
/** @import { PilePage } from "../pile/pile_pages.js" */
/** @import { CanvasPage } from "./page_history.js" */

/** @typedef {Pick<PilePage, "path" | "number"> & Partial<PilePage>} StripPage */

const MOST_TRIES = 20;
const BATCH = 24; // small pictures that the server makes at once

/**
 * @param {HTMLElement} element  The canvas component.
 * @param {Text} text
 * @param {(path: string, number: number) => Promise<boolean>} open  Shows a page.
 * @param {(pages: [path: string, number: number][]) => Promise<string[]>} fetchPictures  Gets the
 *   addresses of small pictures, BATCH of them at most.
 */
export function makeStrip(element, text, open, fetchPictures) {
  const [part, button] = [partFinder(element), buttonFinder(element)];
  const list = part("thumbnails");
  const sight = new IntersectionObserver(onSight, { root: list });
  /** @type {StripPage[]} */
  let pile = [];
  /** @type {StripPage[]} */
  let own = []; // the pages of the file, if there is no pile
  /** @type {StripPage[]} */
  let pages = []; // those in the list
  let seeking = false; // whether a page that can be opened is looked for
  /** @type {CanvasPage | null} */
  let last = null; // the page that was shown
  let stale = false; // what became of pages is not shown yet
  let at = -1; // the number of the page on the canvas; a file may be in a pile twice
  /** @type {number | null} */
  let goal = null; // of the page that is being turned to, or of one that could not be shown

  /** @param {StripPage[]} all  The pages of all files; none if there is no pile. */
  function setPile(all) {
    pile = all;
    stale = true;
  }

  /** @param {CanvasPage | null} page */
  function show(page) {
    if (page && (page.path !== own[0]?.path || page.pages !== own.length)) own = ownPages(page);
    const now = pile.length ? pile : page ? own : [];
    if (stale || now !== pages || page !== last) at = page ? indexOf(now, page) : -1;
    if (page !== last) goal = null;
    if (stale || now !== pages) setPages(now);
    last = page;
    part("pages").hidden = pages.length < 2;
    if (pages.length < 2) return;
    const place = { n: at < 0 ? "–" : at + 1, of: pages.length };
    part("page_number").textContent = fillIn(text.page_number, place);
    part("page_name").textContent = pages[at]?.name ?? "";
    button("page_back").disabled = at === 0;
    button("page_on").disabled = at === pages.length - 1;
    showCurrent(/** @type {HTMLElement | undefined} */ (list.children[at]));
  }

  /** @param {HTMLElement | undefined} current */
  function showCurrent(current) {
    if (current?.hasAttribute("aria-current")) return;
    list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    current?.setAttribute("aria-current", "page");
    // Not scrollIntoView, which would scroll the screen as well.
    if (current)
      list.scrollLeft = current.offsetLeft - (list.clientWidth - current.offsetWidth) / 2;
  }

  /**
   * @param {StripPage[]} all
   * @param {CanvasPage} page
   */
  function indexOf(all, page) {
    const likely = [goal ?? at, at].find((index) => isSame(all[index], page));
    return likely ?? all.findIndex((each) => isSame(each, page));
  }

  /**
   * Brings the list up to date; what is in it already stays, with its picture.
   * @param {StripPage[]} now
   */
  function setPages(now) {
    let same = 0;
    while (same < Math.min(pages.length, now.length) && isSame(now[same], pages[same])) same += 1;
    for (const item of [...list.children].slice(same)) item.remove();
    const items = now.slice(same).map((_, index) => makeItem(same + index));
    list.append(...items);
    for (const item of items) sight.observe(item);
    [pages, stale] = [now, false];
    for (const [index, item] of [...list.children].entries()) label(item, pages[index], index);
  }

  /**
   * @param {Element} item
   * @param {StripPage} page
   * @param {number} index
   */
  function label(item, { name, state = "", error = "" }, index) {
    const title = name ?? fillIn(text.page_title, { n: index + 1 });
    const words = [title, text[`page_${state}`], error].filter(Boolean).join(" · ");
    if (item.getAttribute("title") === words) return;
    item.setAttribute("title", words);
    item.setAttribute("data-state", state);
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
    const batch = /** @type {HTMLElement[]} */ ([...list.children].slice(first, first + BATCH));
    const items = batch.filter((item) => item.dataset.requested === undefined);
    if (!items.length) return;
    const places = items.map((item) => {
      item.dataset.requested = "";
      const { path, number } = pages[Number(item.dataset.number)];
      return /** @type {[string, number]} */ ([path, number]);
    });
    const urls = await fetchPictures(places).catch(() => []); // then there are the numbers
    urls.forEach((src, index) => {
      items[index].prepend(Object.assign(new Image(), { alt: "", src }));
    });
  }

  /** @param {number} number */
  function makeItem(number) {
    const item = document.createElement("button");
    item.type = "button";
    item.dataset.number = String(number);
    item.tabIndex = -1; // the keyboard has PgUp, PgDn and the buttons beside
    const label = document.createElement("span");
    label.textContent = String(number + 1);
    item.append(label);
    item.addEventListener("click", () => void choose(number));
    return item;
  }

  /**
   * Whether the page is shown. From one that cannot be opened one still turns to the next.
   * @param {number} index
   */
  async function turnTo(index) {
    const page = pages[index];
    if (!page || index === (goal ?? at)) return false;
    goal = index;
    const isOpen = await open(page.path, page.number);
    // A page of the same file is tried again; of another file one turns to what comes after it.
    if (!isOpen && goal === index && page.path === pages[at]?.path) goal = null;
    return isOpen;
  }

  /**
   * Shows the first page from one on that can be opened, unless another is chosen meanwhile. Pages
   * that come while it is looked for are looked at as well.
   * @param {number} index
   */
  async function openFrom(index) {
    if (seeking) return;
    seeking = true;
    for (let each = index; seeking && each < Math.min(index + MOST_TRIES, pages.length); each++) {
      if (await turnTo(each)) break;
    }
    seeking = false;
  }

  /** @param {number} index */
  function choose(index) {
    seeking = false;
    return turnTo(index);
  }

  return {
    setPile,
    show,
    openFrom,

    /** @param {number} by */
    step: (by) => choose((goal ?? at) + by),

    /** Whatever is on its way is not wanted any more. */
    forget() {
      seeking = false;
      goal = null;
    },
  };
}

/**
 * @param {StripPage | undefined} page
 * @param {StripPage} other
 */
const isSame = (page, other) => page?.path === other.path && page.number === other.number;

/**
 * The pages of the file itself.
 * @param {CanvasPage} page
 * @returns {StripPage[]}
 */
const ownPages = ({ path, pages }) =>
  Array.from({ length: pages }, (_, number) => ({ path, number }));
