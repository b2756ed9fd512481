// The dialog in which a person chooses what to take home, and in which format.

import { fileUrl, fillIn, partFinder } from "../screen/component.js";

/** @import { Server, Text } from "../screen/component.js" */
/** @import { PilePage } from "./pile_pages.js" */

const LOOK = 1000; // milliseconds between two looks at how far it is

/**
 * @param {HTMLElement} element  The component of the pile.
 * @param {Server} server
 * @param {Text} text
 * @param {() => string} pileId
 * @param {() => PilePage | undefined} pageShown  The page of the pile that is on the canvas.
 */
export function makeExport(element, server, text, pileId, pageShown) {
  const part = partFinder(element);
  const dialog = part("export", HTMLDialogElement);
  const scope = part("scope", HTMLSelectElement);
  const format = part("format", HTMLSelectElement);
  const download = part("download", HTMLButtonElement);

  /** @param {string} sentence */
  const say = (sentence) => {
    part("export_status").textContent = sentence;
  };

  async function start() {
    const page = pageShown();
    const place = page ? [page.file, page.number] : [0, 0];
    download.disabled = true;
    say(text.exporting);
    const timer = setInterval(look, LOOK);
    try {
      const made = await server.export([pileId(), place, scope.value, format.value]);
      if (!made.error) save(made);
      say(made.error ?? fillIn(text.exported, { name: made.name }));
    } catch (error) {
      console.warn(error);
      say(text.server_lost);
    } finally {
      clearInterval(timer);
      download.disabled = false;
    }
  }

  async function look() {
    const seen = await server.look([pileId(), 1e6, 1e6]).catch(() => ({})); // nothing but how far
    const [n, of] = seen.exported ?? [0, 1];
    if (of > 1 && download.disabled) say(fillIn(text.exporting_part, { n, of }));
  }

  part("export").addEventListener("submit", (event) => {
    event.preventDefault();
    start();
  });

  return {
    /** @param {number} read  How many pages are read. */
    show(read) {
      const page = pageShown();
      for (const option of scope.options) {
        if (option.value === "all") option.textContent = fillIn(text.scope_all, { n: read });
        else option.disabled = !page;
      }
      if (!page) scope.value = "all";
      say("");
      dialog.showModal();
    },
    close: () => dialog.close(),
  };
}

/**
 * Has the browser save a file of the server.
 * @param {{path: string, name: string}} file
 */
function save({ path, name }) {
  Object.assign(document.createElement("a"), { href: fileUrl(path), download: name }).click();
}
