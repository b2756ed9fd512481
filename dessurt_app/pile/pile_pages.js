// A pile as the browser knows it: its files, one page after another, and what became of each.

import { isPage } from "../canvas/page_files.js";
import { fillIn } from "../screen/component.js";

/** @import { Text } from "../screen/component.js" */
/** @import { Brought } from "../canvas/page_files.js" */

/**
 * A page of a pile.
 * @typedef {object} PilePage
 * @property {number} file  The number of its file in the pile, from 0.
 * @property {string} path  Of the file on the server.
 * @property {number} number  Of the page in the file, from 0.
 * @property {string} name  Of the file, and which page of several it is.
 * @property {string} state  "", "read", "corrected" or "failed".
 * @property {string} error  Why it could not be read.
 */

/** @typedef {[name: string, path: string, pages: number, error: string]} SentFile */
/** @typedef {[file: number, page: number, state: string, error: string]} Change */
/** @typedef {{name: string, error: string, page?: PilePage}} Problem */

/** @param {Text} text */
export function makePile(text) {
  /** @type {Map<string, PilePage>} */
  const byPlace = new Map();
  /** @type {Problem[]} */
  const refused = []; // files that are no pages, and such as could not be opened

  const pile = {
    /** @type {PilePage[]} */
    pages: [],
    files: 0,
    changes: 0,
    refused,

    /** @param {SentFile[]} files */
    addFiles(files) {
      const pages = files.flatMap((file) => pagesOf(file, pile.files++));
      for (const page of pages) byPlace.set(`${page.file}-${page.number}`, page);
      pile.pages = [...pile.pages, ...pages];
    },

    /**
     * What became of pages.
     * @param {Change[]} changes
     * @returns {PilePage[]}  Those pages.
     */
    apply(changes) {
      pile.changes += changes.length;
      return changes.flatMap(([file, number, state, error]) => {
        const page = byPlace.get(`${file}-${number}`);
        return page ? [Object.assign(page, { state, error })] : [];
      });
    },

    /**
     * How many pages are in these states.
     * @param {...string} states
     */
    count: (...states) => pile.pages.filter(({ state }) => states.includes(state)).length,

    /** @returns {Problem[]} */
    problems() {
      const failed = pile.pages.filter(({ state }) => state === "failed");
      return [...refused, ...failed.map((page) => ({ name: page.name, error: page.error, page }))];
    },
  };

  /**
   * @param {SentFile} file
   * @param {number} at
   */
  function pagesOf([name, path, count, error], at) {
    if (error) refused.push({ name, error });
    return Array.from({ length: count }, (_, number) => {
      const full = count > 1 ? fillIn(text.page_of, { name, n: number + 1 }) : name;
      return { file: at, path, number, name: full, state: "", error: "" };
    });
  }
  return pile;
}

// ---- what can be taken in ---------------------------------------------------------------------

const LARGEST = 64 * 1e6; // bytes, of a file: the server takes no more

/**
 * Why a file is not even sent; "" if it is.
 * @param {Brought} brought
 * @param {Text} text
 * @returns {string}
 */
export function refusal({ file, path }, text) {
  if (path || !file) return ""; // it was sent before
  if (!isPage(file)) return text.not_a_page;
  if (!file.size) return text.empty_file;
  return file.size > LARGEST ? text.too_large : "";
}

/**
 * Why so many files are too many, or too large together; "" if they are not.
 * @param {Brought[]} files
 * @param {number} before  How many the pile has already.
 * @param {{files: number, upload: number}} limits
 * @param {Text} text
 * @returns {string}
 */
export function excess(files, before, limits, text) {
  const n = before + files.length;
  if (n > limits.files) return fillIn(text.too_many, { most: limits.files, n });
  const bytes = files.reduce((sum, { file }) => sum + (file?.size ?? 0), 0);
  const [most, all] = [limits.upload, bytes].map((size) => Math.ceil(size / 2 ** 20));
  return bytes > limits.upload ? fillIn(text.too_much, { most, n: all }) : "";
}

// ---- how long it takes ------------------------------------------------------------------------

/**
 * About so many seconds, in words.
 * @param {number} seconds
 * @param {Text} text
 * @returns {string}
 */
export function about(seconds, text) {
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return text.seconds;
  if (minutes < 2) return text.minute;
  if (minutes < 100) return fillIn(text.minutes, { n: minutes });
  return fillIn(text.hours, { n: Math.round(minutes / 60) });
}

/**
 * How far a pile is, in words.
 * @param {{pages: number, unread: number, failed: number, sent: number, sending: number}} counts
 * @param {boolean} reading  Whether it is being read.
 * @param {{state: string, seconds: number | null} | null} progress  What was last heard of that.
 * @param {Text} text
 * @returns {string}
 */
export function howFar({ pages, unread, failed, sent, sending }, reading, progress, text) {
  const [done, read] = [pages - unread, pages - unread - failed];
  const values = { n: done, of: pages, pages, read };
  if (reading && progress?.seconds) {
    return fillIn(text.left, { ...values, time: about(progress.seconds, text) });
  }
  if (reading) return fillIn(text.reading, values);
  if (sending) return fillIn(text.sending, { n: sent, of: sending });
  if (progress?.state === "reading") return text.lost;
  if (!unread) return fillIn(failed ? text.all_but : text.all_read, { ...values, n: read });
  return fillIn(progress?.state === "stopped" ? text.stopped : text.idle, values);
}

// ---- sending ----------------------------------------------------------------------------------

const AT_ONCE = 3; // more make no faster, and the page that is opened waits for them
const TOGETHER = 50; // files that are added with one call

/**
 * Sends files a few at a time and has them added in their order; one that cannot be sent does not
 * stop the others.
 * @param {Brought[]} files
 * @param {(file: File) => Promise<{path: string}>} upload
 * @param {(sent: [name: string, path: string][], more: boolean) => Promise<void>} add
 * @param {(file: Brought) => void} onFailed
 * @param {() => boolean} isWanted  Whether to go on.
 */
export async function send(files, upload, add, onFailed, isWanted) {
  /** @type {(string | null)[]} */
  const paths = []; // null: it could not be sent
  let [next, added] = [0, 0];
  /** @type {Promise<void> | null} */
  let adding = null;

  async function addReady() {
    while (isWanted()) {
      const until = paths.findIndex((path, at) => at >= added && path === undefined);
      const end = Math.min(until < 0 ? paths.length : until, added + TOGETHER);
      if (end === added) break;
      const ready = files.slice(added, end).map(({ name }, at) => [name, paths[added + at]]);
      added = end;
      const sent = /** @type {[string, string][]} */ (ready.filter(([, path]) => path));
      await add(sent, added < files.length);
    }
    adding = null;
  }

  async function sendNext() {
    while (next < files.length && isWanted()) {
      const at = next++;
      const brought = files[at];
      try {
        paths[at] = brought.path ?? (await upload(/** @type {File} */ (brought.file))).path;
      } catch (error) {
        console.warn(error);
        paths[at] = null;
        onFailed(brought);
      }
      adding ??= addReady();
    }
  }

  await Promise.all(Array.from({ length: AT_ONCE }, sendNext));
  await adding;
  if (isWanted() && added < files.length) await addReady();
}
