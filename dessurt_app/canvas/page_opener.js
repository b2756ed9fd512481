// Gets pages from the server: opened files, other pages of the same file, crops.

import { fileUrl, fillIn, find } from "../screen/component.js";
import { announce } from "../screen/events.js";
import { isPage } from "./page_files.js";
import { pageKey, placeOf } from "./page_history.js";
import { boundsOf, meets, movedShape } from "./page_shapes.js";
import { loadImage } from "./region_map.js";

/** @import { Server, Upload } from "../screen/component.js" */
/** @import { Board } from "./page_board.js" */
/** @import { Brought } from "./page_files.js" */
/** @import { State, Upright } from "./page_history.js" */
/** @import { Point, Shape } from "./page_shapes.js" */

/**
 * A page as the server gives it (`canvas_value` in page_canvas.py), or why there is none.
 * @typedef {object} Opened
 * @property {string} [error]
 * @property {string} [locked]  The path of a file that needs a password.
 * @property {string} [notice]
 * @property {string} page  The path of the file.
 * @property {number} [number]
 * @property {number} [pages]
 * @property {Upright} [upright]
 * @property {number} width
 * @property {number} height
 * @property {string} picture
 * @property {any} marks
 */

const KEPT_PICTURES = 3; // so that undo shows a page at once

/** A function that loads images and keeps the last few. */
export function makePictures() {
  /** @type {Map<string, Promise<HTMLImageElement>>} */
  const images = new Map(); // by their addresses, the youngest last

  /** @param {string} path */
  return function load(path) {
    const url = fileUrl(path);
    const image = images.get(url) ?? loadImage(url);
    images.delete(url);
    images.set(url, image);
    image.catch(() => images.delete(url));
    for (const old of [...images.keys()].slice(0, -KEPT_PICTURES)) images.delete(old);
    return image;
  };
}

/**
 * The password that a person types in; null if there comes none.
 * @param {HTMLDialogElement} dialog
 * @param {string} sentence
 * @returns {Promise<string | null>}
 */
function askPassword(dialog, sentence) {
  const input = find(dialog, "input", HTMLInputElement);
  find(dialog, "p", HTMLElement).textContent = sentence;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const onClose = () => {
      resolve(dialog.returnValue ? input.value : null);
      input.value = "";
    };
    dialog.addEventListener("close", onClose, { once: true });
  });
}

/**
 * @param {Board} board
 * @param {Server} server
 * @param {Upload} upload
 * @param {ReturnType<typeof makePictures>} loadPicture
 * @param {(on: boolean) => void} showBusy  Shows that the server is at work.
 * @param {HTMLDialogElement} dialog  Asks for a password.
 */
export function makeOpener(board, server, upload, loadPicture, showBusy, dialog) {
  const { text } = board;
  let attempts = 0; // only the last one counts

  /**
   * Shows a page, unless another one is asked for meanwhile; whether it is shown.
   * @param {() => Promise<Opened>} fetch
   * @param {string} failure  What to say when nothing comes back.
   * @param {(opened: Opened) => Shape[] | null} shapesOf  The marks on it; null: those it had.
   * @param {(state: State) => void} put  Takes the new state.
   */
  async function open(fetch, failure, shapesOf = () => null, put = board.setState) {
    const attempt = ++attempts;
    const isLate = () => attempt !== attempts;
    showBusy(true);
    try {
      const opened = await fetch();
      const { error, locked, notice = "" } = opened;
      if (!isLate() && error) board.complain(error);
      if (!isLate() && error && locked) unlock(locked, error);
      if (isLate() || error) return false;
      const { page: path, number = 0, pages = 1, width, height, picture, upright = {} } = opened;
      await loadPicture(picture);
      if (isLate()) return false;
      const page = { path, number, pages, width, height, picture, upright };
      const { marks, upright: ways } = board.state;
      const shapes = shapesOf(opened);
      put({
        page,
        marks: shapes ? { ...marks, [pageKey(page)]: shapes } : marks,
        upright: { ...ways, [pageKey(page)]: upright },
      });
      board.complain(notice);
      board.say(text.opened, { page: number + 1, of: pages });
      return true;
    } catch (error) {
      console.warn(error);
      if (!isLate()) board.complain(failure);
      return false;
    } finally {
      if (!isLate()) showBusy(false);
    }
  }

  /**
   * @param {string} path
   * @param {string} sentence
   */
  async function unlock(path, sentence) {
    const password = await askPassword(dialog, sentence);
    if (password === null) return;
    const isOpen = await open(() => server.unlock([path, password]), text.server_lost);
    if (isOpen) bring([{ name: path.split("/").pop() ?? "", path: board.page?.path }]);
  }

  /**
   * A page, laid out as it was last.
   * @param {string} path
   * @param {number} number
   * @returns {Promise<Opened>}
   */
  const fetchPage = (path, number) =>
    server.open_page([path, number, board.state.upright[pageKey({ path, number })] ?? {}]);

  /**
   * @param {string} path
   * @param {number} number
   * @param {(state: State) => void} [put]
   */
  const openPage = (path, number, put) =>
    open(() => fetchPage(path, number), text.server_lost, undefined, put);

  /**
   * @param {File} file
   * @returns {Promise<{path: string, isOpen: boolean}>}  Where it is on the server; "" if it could
   *   not be sent.
   */
  async function openFile(file) {
    let path = "";
    const fetch = async () => {
      ({ path } = await upload(file));
      return fetchPage(path, 0);
    };
    const isOpen = await open(fetch, fillIn(text.upload_failed, { name: file.name }));
    return { path, isOpen };
  }

  /**
   * Shows the first of the files that a person has brought; all of them become a pile.
   * @param {Brought[]} files
   */
  async function openFiles(files) {
    const first = files.length > 1 ? files.findIndex(({ file }) => file && isPage(file)) : 0;
    const { file } = files[first] ?? {};
    const { path, isOpen } = file ? await openFile(file) : { path: "", isOpen: false };
    if (files.length < 2 && !isOpen) return; // the complaint says why
    bring(files.map((brought, at) => (at === first && path ? { ...brought, path } : brought)));
  }

  /** @param {Brought[]} files */
  const bring = (files) => announce("files", { files });

  /**
   * Shows the page laid out otherwise; its marks move along.
   * @param {(page: any[], shapes: Shape[]) => Promise<Opened>} fetch
   */
  async function layOut(fetch) {
    const { page } = board;
    if (!page) return;
    const fetchThis = () => fetch(placeOf(page), board.shapes);
    const isOpen = await open(fetchThis, text.server_lost, ({ marks }) => marks.shapes);
    if (isOpen) board.say(text.laid_out);
  }

  /** @param {number} quarters  To the right. */
  const turn = (quarters) => layOut((...page) => server.turn([...page, quarters]));

  /**
   * @param {Point[] | null} corners
   * @param {number} angle
   */
  const straighten = (corners, angle) =>
    layOut((...page) => server.straighten([...page, corners, angle]));

  /**
   * Shows a value that Python has set.
   * @param {Opened} value
   * @param {(state: State) => void} [put]
   */
  function adopt(value, put) {
    return open(
      async () => value,
      text.server_lost,
      () => JSON.parse(value.marks).shapes,
      put,
    );
  }

  /** Goes on with what is highlighted alone, a margin round it; marks move along. */
  async function crop() {
    const { page, shapes } = board;
    const highlighted = shapes.filter((shape) => shape.channel === "highlight");
    if (!page) return;
    if (!highlighted.length) return board.complain(text.crop_needs);
    const [x0, y0, x1, y1] = boundsOf(highlighted);
    const margin = 20 + 0.1 * Math.max(x1 - x0, y1 - y0);
    const left = Math.floor(Math.max(x0 - margin, 0));
    const top = Math.floor(Math.max(y0 - margin, 0));
    const right = Math.ceil(Math.min(x1 + margin, page.width));
    const bottom = Math.ceil(Math.min(y1 + margin, page.height));
    const inside = shapes
      .map((shape) => movedShape(shape, -left, -top))
      .filter((shape) => meets(shape, { width: right - left, height: bottom - top }));
    const fetch = () => server.crop([placeOf(page), left, top, right, bottom]);
    await open(fetch, text.server_lost, () => inside);
  }

  /** Whatever is on its way is not wanted any more. */
  function forget() {
    attempts++;
    showBusy(false);
  }

  return { openPage, openFiles, adopt, turn, straighten, crop, forget };
}
